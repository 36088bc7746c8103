//! A payment through each gateway.

use std::fs;

use axum::body::{Body, to_bytes};
use payhook::http::{Request, Service};

use super::*;

fn body(name: &str) -> Vec<u8> {
    fs::read(format!(concat!(env!("CARGO_MANIFEST_DIR"), "/../bodies/{}.json"), name)).unwrap()
}

/// CityPay.io's order endpoint.
#[derive(Clone)]
struct Recorded;

impl Fetch for Recorded {
    async fn get(&self, url: &str) -> Result<Vec<u8>, BoxError> {
        assert!(url.ends_with("/order/tok_4f9c1b7e/"), "{url}");
        Ok(body("citypay-order-confirmed.answer"))
    }
}

async fn response(router: &mut Router, request: Request<Body>) -> (u16, Vec<u8>) {
    let response = router.call(request).await.unwrap();
    let status = response.status().as_u16();
    (status, to_bytes(response.into_body(), 10_000).await.unwrap().to_vec())
}

#[tokio::test]
async fn each_order_is_paid_once() {
    let config = Config::from_vars(|name| {
        let value = match name {
            "PAYHOOK_B2BINPAY_CALLBACK_SECRET" => "cbs_7Qm2vX9tR4kL8pN1",
            "PAYHOOK_B2BINPAY_TRACKING_IDS" => "prefixed",
            "PAYHOOK_CITYPAY_CUSTOMER_ID" => "5120",
            _ => return None,
        };
        Some(value.to_owned())
    });
    let ledger = MemoryLedger::new();
    let mut public = callbacks(&config.unwrap(), Recorded, &ledger);
    let mut own = orders(ledger);
    let deposit = ("order-9001", "deposit", "ETH", "0.412");
    let order = ("tok_4f9c1b7e", "order", "USD", "60.00");
    let zero = ("order-9002", "deposit", "ETH", "0");
    for (order, expected) in [(deposit, 201), (order, 201), (order, 409), (zero, 422)] {
        let (reference, kind, currency, amount) = order;
        let order = json!({
            "reference": reference, "kind": kind, "currency": currency, "amount": amount,
        });
        let request = Request::post("/orders").header("content-type", "application/json");
        let request = request.body(order.to_string().into()).unwrap();
        assert_eq!(response(&mut own, request).await.0, expected, "{reference}");
    }
    for (gateway, name, expected) in [
        ("b2binpay", "b2binpay-refused-tampered", 401),
        ("b2binpay", "b2binpay-deposit-confirmed", 200),
        ("b2binpay", "b2binpay-deposit-confirmed", 200),
        ("citypay", "citypay-order-confirmed", 200),
        ("citypay", "citypay-order-confirmed", 200),
        ("citypay", "citypay-refused-not-issued", 401),
    ] {
        let request = Request::post(format!("/callbacks/{gateway}"));
        let request = request.body(body(name).into()).unwrap();
        assert_eq!(response(&mut public, request).await.0, expected, "{name}");
    }
    for (reference, credited) in [("order-9001", "0.412"), ("tok_4f9c1b7e", "60.00")] {
        let request = Request::get(format!("/orders/{reference}")).body(Body::empty()).unwrap();
        let (status, shown) = response(&mut own, request).await;
        let shown: Value = serde_json::from_slice(&shown).unwrap();
        assert_eq!((status, &shown["status"]), (200, &json!("paid")), "{reference}");
        let shown = shown["credited"].as_str().unwrap().parse::<payhook::Amount>();
        assert_eq!(shown, credited.parse(), "{reference}");
    }
}
