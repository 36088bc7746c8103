//! A B2BINPAY endpoint whose metrics Prometheus reads.
//!
//! ```text
//! CALLBACK_SECRET=cbs_7Qm2vX9tR4kL8pN1 cargo run -p metrics-endpoint
//! curl -i localhost:3000/callbacks/b2binpay -d @examples/bodies/b2binpay-deposit-confirmed.json
//! curl localhost:3001/metrics
//! ```
#![allow(clippy::print_stdout, reason = "it is the log of this server")]

use axum::{Router, routing::get};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
use payhook::payment::Expected;
use payhook::{BoxError, Endpoint, MemoryLedger};
use tokio::net::TcpListener;

/// Bounds of the buckets, in seconds: a response takes milliseconds, and a retried
/// callback is hours old.
const DURATIONS: &[f64] = &[0.001, 0.01, 0.1, 1.0, 5.0, 10.0];
const AGES: &[f64] = &[1.0, 10.0, 60.0, 600.0, 3_600.0, 86_400.0];

/// Installs the recorder. Call it before the first callback arrives.
fn recorder() -> Result<PrometheusHandle, BoxError> {
    let duration = Matcher::Full("payhook_callback_duration_seconds".to_owned());
    let age = Matcher::Full("payhook_callback_age_seconds".to_owned());
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(duration, DURATIONS)?
        .set_buckets_for_metric(age, AGES)?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)?;
    Ok(handle)
}

/// For Prometheus, on an address that the internet cannot reach.
fn for_prometheus(handle: PrometheusHandle) -> Router {
    Router::new().route(
        "/metrics",
        get(async move || {
            handle.run_upkeep();
            handle.render()
        }),
    )
}

/// For the gateway.
fn for_gateway(secret: &str, ledger: MemoryLedger) -> Result<Router, BoxError> {
    let verifier = Verifier::new(Key::callback_secret(secret)?, TrackingIds::Prefixed);
    let endpoint = Endpoint::new(Gateway::new(verifier), ledger).with_receipts();
    let service = endpoint.into_service().on_reply(|reply| {
        if let Some(receipt) = reply.receipt() {
            println!("{receipt}");
        }
    });
    Ok(Router::new().route_service("/callbacks/b2binpay", service))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let handle = recorder()?;
    // Payments are in memory here: use your database's ledger.
    let ledger = MemoryLedger::new();
    ledger.expect(Expected::deposit("order-9001", "ETH", "0.412".parse()?)?);
    let public = for_gateway(&std::env::var("CALLBACK_SECRET")?, ledger)?;
    let private = TcpListener::bind("127.0.0.1:3001").await?;
    tokio::spawn(async move { axum::serve(private, for_prometheus(handle)).await });
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, public).await?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use axum::body::{Body, to_bytes};
    use payhook::http::{Request, Service};

    use super::*;

    async fn response(router: &mut Router, request: Request<Body>) -> (u16, String) {
        let response = router.call(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 100_000).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn callbacks_are_counted() {
        let mut prometheus = for_prometheus(recorder().unwrap());
        let mut gateway = for_gateway("cbs_7Qm2vX9tR4kL8pN1", MemoryLedger::new()).unwrap();
        for (body, expected) in [
            (include_str!("../../bodies/b2binpay-deposit-confirmed.json"), 200),
            (include_str!("../../bodies/b2binpay-refused-tampered.json"), 401),
        ] {
            let request = Request::post("/callbacks/b2binpay").body(body.into()).unwrap();
            assert_eq!(response(&mut gateway, request).await.0, expected);
        }
        let request = Request::get("/metrics").body(Body::empty()).unwrap();
        let (status, page) = response(&mut prometheus, request).await;
        assert_eq!(status, 200);
        let b2binpay = r#"gateway="b2binpay",endpoint="""#;
        for line in [
            format!(r#"payhook_callbacks_total{{{b2binpay},disposition="unmatched",error=""}} 1"#),
            format!(
                r#"payhook_callbacks_total{{{b2binpay},disposition="rejected",error="signature_mismatch"}} 1"#
            ),
            format!(r#"payhook_reviews_total{{{b2binpay},reason="unmatched"}} 1"#),
            format!("payhook_callback_age_seconds_count{{{b2binpay}}} 1"),
            format!(
                r#"payhook_callback_duration_seconds_bucket{{{b2binpay},disposition="rejected",le="10"}} 1"#
            ),
            "# HELP payhook_callbacks_total Requests to an endpoint, by result.".to_owned(),
        ] {
            assert!(page.lines().any(|given| given == line), "{line} in {page}");
        }
    }
}
