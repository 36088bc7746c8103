//! What others do with a body of the same size that is signed for them.

use std::hint::black_box;
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use serde_json::Value;

use crate::Group;
use crate::bodies::DEPOSIT;
use crate::floor::{check, scan};

/// 32 bytes.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
/// What Stripe sends is another body: as long as [`DEPOSIT`], and typed as deeply.
const CHARGE: &str = include_str!("../bodies/stripe-charge.json");

pub(crate) fn groups() -> Vec<Group> {
    vec![stripe(), svix(), standard_webhooks()]
}

fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    since.as_secs().try_into().expect("in range")
}

fn headers(signature: &str, time: i64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("webhook-id", "msg_30417"),
        ("webhook-timestamp", &time.to_string()),
        ("webhook-signature", signature),
    ] {
        headers.insert(name, value.parse().expect("ASCII"));
    }
    headers
}

fn stripe() -> Group {
    use stripe_webhook::Webhook;

    assert_eq!(CHARGE.len(), DEPOSIT.len());
    let time = now();
    let header = Webhook::generate_test_header(CHARGE, SECRET, Some(time));
    let check = check();
    Group::new("async-stripe-webhook", CHARGE.len(), 1)
        .with("floor", move || scan(CHARGE.as_bytes()) && check())
        .with("construct_event", move || {
            // As `construct_event`, which would not take the header after five minutes.
            let event =
                Webhook::construct_event_with_timestamp(black_box(CHARGE), &header, SECRET, time);
            black_box(event).is_ok()
        })
}

fn svix() -> Group {
    let webhook = svix::webhooks::Webhook::new(SECRET).expect("a secret");
    let time = now();
    let signature = webhook
        .sign("msg_30417", time, DEPOSIT.as_bytes())
        .expect("signed");
    let headers = headers(&signature, time);
    let check = check();
    Group::new("svix", DEPOSIT.len(), 1)
        .with("floor", move || scan(DEPOSIT.as_bytes()) && check())
        .with("verify and Value", move || {
            let body = black_box(DEPOSIT.as_bytes());
            webhook.verify_ignoring_timestamp(body, &headers).is_ok()
                && black_box(serde_json::from_slice::<Value>(body)).is_ok()
        })
}

fn standard_webhooks() -> Group {
    let webhook = standardwebhooks::Webhook::new(SECRET).expect("a secret");
    let time = now();
    let signature = webhook
        .sign("msg_30417", time, DEPOSIT.as_bytes())
        .expect("signed");
    let headers = headers(&signature, time);
    let check = check();
    Group::new("standardwebhooks", DEPOSIT.len(), 1)
        .with("floor", move || scan(DEPOSIT.as_bytes()) && check())
        .with("verify and Value", move || {
            let body = black_box(DEPOSIT.as_bytes());
            webhook.verify(body, &headers).is_ok()
                && black_box(serde_json::from_slice::<Value>(body)).is_ok()
        })
}
