//! The currency of a payment, by its names.

use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
use payhook::payment::Expected;
use payhook::testing::b2binpay::deposit;
use payhook::{Endpoint, MemoryLedger};

const SECRET: &str = "cbs_7Qm2vX9tR4kL8pN1";

/// The credited amount of 125 in `paid`, if `expected` is expected, and the texts of
/// the reviews.
fn apply(expected: &str, paid: &str) -> (Option<String>, Vec<String>) {
    let key = Key::callback_secret(SECRET).unwrap();
    let ledger = MemoryLedger::new();
    let amount = "125".parse().unwrap();
    ledger.expect(Expected::deposit("order-1", expected, amount).unwrap());
    let gateway = Gateway::new(Verifier::new(key.clone(), TrackingIds::Prefixed));
    let endpoint = Endpoint::new(gateway, ledger);
    let body = deposit()
        .tracking_id("order-1")
        .amount("125")
        .currency(paid);
    let body = body.sign(&key);
    let reply = endpoint.receive_blocking(body.as_ref(), None);
    assert_eq!(reply.status(), 200);
    let change = reply.change().unwrap();
    (
        change.credited().map(ToString::to_string),
        change.reviews().iter().map(ToString::to_string).collect(),
    )
}

/// Their first three letters are the same.
#[test]
fn usdt_is_not_usdc() {
    for (expected, paid) in [
        ("USDT", "USDC-ETH"),
        ("USDC", "USDT-ETH"),
        ("USD", "USDT-ETH"),
        ("USDT-ETH", "USDC-ETH"),
        ("USDT-TRX", "USDT-ETH"),
        ("USDT", "USDC"),
    ] {
        let (credited, reviews) = apply(expected, paid);
        assert_eq!(credited, None, "{paid} for {expected}");
        let [review] = reviews.as_slice() else {
            panic!("{reviews:?}");
        };
        let amounts = format!("(expected {expected}, received {paid}");
        assert!(review.contains(&amounts), "{review}");
    }
}

#[test]
fn tokens_are_matched_by_name_ticker_and_id() {
    for expected in ["USDT-ETH", "USDT", "usdt", "2015"] {
        let (credited, reviews) = apply(expected, "USDT-ETH");
        assert_eq!(credited.as_deref(), Some("125.000000"), "{expected}");
        assert_eq!(reviews, Vec::<String>::new());
    }
}
