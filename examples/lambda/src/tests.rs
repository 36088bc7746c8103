//! Events of API Gateway as Lambda delivers them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_http::request::from_str;
use payhook::payment::Expected;
use serde_json::json;

use super::*;

const SECRET: &str = "cbs_7Qm2vX9tR4kL8pN1";
const BODY: &str = include_str!("../../bodies/b2binpay-deposit-confirmed.json");
const SHA256: &str = "2415d5c7346fc384d598c0b007240a563c1ec399f0837f0e3774c5095ea3fa49";

/// An event of an HTTP API, payload format 2.0.
fn event(method: &str, body: &str, is_base64: bool) -> Request {
    let path = "/callbacks/b2binpay";
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/vnd.api+json", "host": "shop.example"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3",
            "domainName": "shop.example",
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7", "userAgent": "gateway",
            },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "02/Mar/2026:09:16:02 +0000",
            "timeEpoch": 1_772_442_962_551_u64,
        },
        "body": body,
        "isBase64Encoded": is_base64,
    });
    from_str(&event.to_string()).unwrap()
}

fn with_order() -> Endpoint {
    let ledger = MemoryLedger::new();
    ledger.expect(Expected::deposit("order-9001", "ETH", "0.412".parse().unwrap()).unwrap());
    endpoint(SECRET, ledger).unwrap()
}

#[tokio::test]
async fn the_exact_bytes_arrive_as_text_and_as_base64() {
    for (body, is_base64) in [(BODY.to_owned(), false), (STANDARD.encode(BODY), true)] {
        let endpoint = with_order();
        let reply = endpoint.receive_http(event("POST", &body, is_base64), None).await;
        let receipt = reply.receipt().unwrap();
        assert_eq!(receipt.body_sha256.as_deref(), Some(SHA256));
        assert!(receipt.newly_paid, "{receipt}");
    }
}

#[tokio::test]
async fn responses() {
    let endpoint = with_order();
    let forged = BODY.replace("order-9001", "order-9002");
    for (method, body, is_base64, expected) in [
        ("POST", BODY, false, 200),
        ("POST", &STANDARD.encode(BODY), true, 200),
        ("POST", &forged, false, 401),
        // Base64 that is not declared is not JSON.
        ("POST", &STANDARD.encode(BODY), false, 400),
        ("POST", "", false, 400),
        ("GET", "", false, 405),
    ] {
        let response = callback(&endpoint, event(method, body, is_base64)).await.unwrap();
        assert_eq!(response.status(), expected);
        assert!(response.body().is_empty());
    }
}
