//! Other crates, with a body of the same size that is signed for them.

use std::hint::black_box;
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use serde_json::Value;

use crate::Group;
use crate::bodies::DEPOSIT;
use crate::floor;

/// 32 bytes.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
const ID: &str = "msg_30417";
/// Stripe's own format: as long as [`DEPOSIT`], with types of the same depth.
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

/// Signed with the current time: it is refused after five minutes.
fn headers(sign: impl FnOnce(i64) -> String) -> HeaderMap {
    let time = now();
    let signature = sign(time);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("webhook-id", ID),
        ("webhook-timestamp", &time.to_string()),
        ("webhook-signature", &signature),
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
    let body = CHARGE.as_bytes();
    floor::group("async-stripe-webhook", body, true).with("construct_event", move || {
        // Like `construct_event`, which would refuse the header after five minutes.
        let event =
            Webhook::construct_event_with_timestamp(black_box(CHARGE), &header, SECRET, time);
        black_box(event).is_ok()
    })
}

fn svix() -> Group {
    let webhook = svix::webhooks::Webhook::new(SECRET).expect("a secret");
    let sign = |time| webhook.sign(ID, time, DEPOSIT.as_bytes()).expect("signed");
    let headers = headers(sign);
    value("svix", move |body| webhook.verify(body, &headers).is_ok())
}

fn standard_webhooks() -> Group {
    let webhook = standardwebhooks::Webhook::new(SECRET).expect("a secret");
    let sign = |time| webhook.sign(ID, time, DEPOSIT.as_bytes()).expect("signed");
    let headers = headers(sign);
    value("standardwebhooks", move |body| {
        webhook.verify(body, &headers).is_ok()
    })
}

/// Both only verify the body, without parsing it.
fn value(name: &str, verify: impl Fn(&[u8]) -> bool + 'static) -> Group {
    floor::group(name, DEPOSIT.as_bytes(), true).with("verify and Value", move || {
        let body = black_box(DEPOSIT.as_bytes());
        verify(body) && black_box(serde_json::from_slice::<Value>(body)).is_ok()
    })
}
