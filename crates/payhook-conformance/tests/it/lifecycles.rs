//! Payment lifecycles, each step compared with its required change.

use payhook::b2binpay::Key;
use payhook::testing::b2binpay::deposit;
use payhook::{BoxError, MemoryLedger};
use payhook_conformance::Gateway;
use payhook_conformance::lifecycles::{RecordedLifecycle, ReplayedStep};
use serde_json::{Value, json};

use crate::{SECRET, block_on};

const LIFECYCLES: &str = include_str!("../../../../tests/vectors/payments.jsonl");
/// Cases that the model test and a review of the rules found.
const OWN: &str = include_str!("../../../../tests/vectors/payments-own.jsonl");

#[test]
fn every_lifecycle_is_as_expected_in_memory() {
    assert_as_expected(LIFECYCLES, 106);
}

#[test]
fn every_own_lifecycle_is_as_expected_in_memory() {
    assert_as_expected(OWN, 20);
}

fn assert_as_expected(lifecycles: &str, least: usize) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in lifecycles.lines() {
        let lifecycle: RecordedLifecycle = serde_json::from_str(line).unwrap();
        count += 1;
        let replayed = block_on(lifecycle.replay(&MemoryLedger::new())).unwrap();
        for (index, step) in replayed.iter().enumerate() {
            for difference in &step.differences {
                wrong.push(format!("{} step {index}: {difference}", lifecycle.name()));
            }
        }
    }
    assert!(count >= least, "{count} lifecycles");
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn replay(lifecycle: &Value) -> Result<Vec<ReplayedStep>, BoxError> {
    let lifecycle: RecordedLifecycle = serde_json::from_value(lifecycle.clone()).unwrap();
    block_on(lifecycle.replay(&MemoryLedger::new()))
}

/// A deposit of 10 ETH, received in full, with the wanted result.
fn lifecycle(want: &Value) -> Value {
    let key = Key::callback_secret(SECRET).unwrap();
    let body = deposit()
        .tracking_id("order-1")
        .amount("10")
        .currency("ETH");
    let body = String::from_utf8(body.sign(&key).as_ref().to_vec()).unwrap();
    json!({
        "gateway": "b2binpay",
        "keys": [{"scheme": "callback_secret", "secret": SECRET}],
        "expected": [
            {"kind": "deposit", "reference": "order-1", "currency": "ETH", "amount": "10.00"},
        ],
        "steps": [{"body": body, "want": want}],
    })
}

#[test]
fn amounts_are_compared_by_value() {
    let want = json!({
        "status": 200,
        "change": {"order-1": {"credited": "10.000", "newly_paid": true}},
        "payments": {"order-1": {"status": "paid", "received": "1e1", "credited": "10", "held": "0.0"}},
    });
    let steps = replay(&lifecycle(&want)).unwrap();
    assert!(steps[0].differences.is_empty(), "{steps:?}");
}

#[test]
fn each_difference_is_named() {
    let want = json!({
        "status": 401,
        "change": {
            "order-1": {"credited": "1", "newly_paid": false, "review": ["overpaid", "late"]},
            "order-2": {"credited": "3"},
        },
        "payments": {
            "order-1": {"status": "open", "received": "ten", "credited": "1", "held": "0"},
            "order-2": {"status": "open", "received": "0", "credited": "0", "held": "0"},
        },
    });
    let steps = replay(&lifecycle(&want)).unwrap();
    let expected = [
        "status: want 401, found 200",
        "order-1 credited: want 1, found 10",
        "order-1 newly_paid: want false, found true",
        r#"order-1 review: want ["late", "overpaid"], found []"#,
        "order-2 credited: want 3, found none",
        "order-1 status: want open, found paid",
        "order-1 received: want ten, found 10",
        "order-1 credited: want 1, found 10",
        "order-2: want a payment, found none",
    ];
    assert_eq!(steps[0].differences, expected);
}

#[test]
fn a_mistake_in_the_file_is_reported_before_the_first_step() {
    let changed = |path: &str, value: Value| {
        let mut lifecycle = lifecycle(&Value::Null);
        *lifecycle.pointer_mut(path).unwrap() = value;
        replay(&lifecycle).unwrap_err().to_string()
    };
    for (path, value, expected) in [
        ("/keys", json!([]), "no `keys` to verify with"),
        (
            "/expected/0/kind",
            json!("gift"),
            "the expected payment `order-1`: unknown payment kind `gift`",
        ),
        (
            "/expected/0/amount",
            json!("ten"),
            "the expected payment `order-1`: expected a decimal number",
        ),
    ] {
        assert_eq!(changed(path, value), expected);
    }
}

#[test]
fn a_lifecycle_without_keys_has_the_default_keys() {
    let mut lifecycle = lifecycle(&Value::Null);
    lifecycle["keys"] = Value::Null;
    let lifecycle: RecordedLifecycle = serde_json::from_value(lifecycle).unwrap();
    assert_eq!(lifecycle.gateway(), Gateway::B2binpay);
    let lifecycle = lifecycle.default_keys([Key::callback_secret(SECRET).unwrap()]);
    let steps = block_on(lifecycle.replay(&MemoryLedger::new())).unwrap();
    assert_eq!(steps[0].outcome.status, 200);
}

#[test]
fn no_secret_is_shown() {
    let mut lifecycle = lifecycle(&Value::Null);
    lifecycle["keys"] = json!([
        {"scheme": "callback_secret", "secret": "a marked secret"},
        {"scheme": "login_password", "login": "a marked login", "password": "a marked password"},
    ]);
    let read: RecordedLifecycle = serde_json::from_value(lifecycle.clone()).unwrap();
    let shown = format!("{read:?} {read:#?}");
    assert!(!shown.contains("marked"), "{shown}");
    for keys in [
        json!("a marked secret"),
        json!(["a marked secret"]),
        json!([{"scheme": "a marked scheme"}]),
        json!([{"scheme": "callback_secret", "secret": ["a marked secret"]}]),
    ] {
        lifecycle["keys"] = keys;
        let error = serde_json::from_value::<RecordedLifecycle>(lifecycle.clone()).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("marked"), "{shown}");
        assert!(shown.contains("`keys` is a list of objects"), "{shown}");
    }
}
