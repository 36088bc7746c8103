//! The inferred type of a callback, row by row.

use payhook::b2binpay::CallbackType;
use serde_json::{Value, json};

use crate::support::{parse, with_transfer, without_transfer};

fn inferred(body: &Value) -> Vec<&'static str> {
    let callback = parse(body.to_string().as_bytes());
    let inferred = callback.unverified().callback_types();
    inferred.iter().map(CallbackType::as_str).collect()
}

fn transfer(kind: &str, status: i32, confirmations: Value, needed: Value) -> Value {
    let mut body = with_transfer(kind, "order-1", "1");
    body["included"][1]["attributes"]["status"] = json!(status);
    body["included"][1]["attributes"]["confirmations"] = confirmations;
    body["data"]["attributes"]["confirmations_needed"] = needed;
    body
}

#[test]
fn table() {
    let none = Value::Null;
    for kind in ["deposit", "payout"] {
        let blocked = if kind == "deposit" { "block" } else { "cancel" };
        for (status, expected) in [
            (2, vec!["confirmation"]),
            (1, vec!["user_confirmation"]),
            (0, vec![]),
            (-1, vec!["fail"]),
            (-2, vec![blocked]),
            (-3, vec![blocked, "fail"]),
            (9, vec![]),
        ] {
            assert_eq!(
                inferred(&transfer(kind, status, json!(3), none.clone())),
                expected,
                "{kind} {status}"
            );
        }
        // The currency requires three.
        for (confirmations, needed, expected) in [
            (json!(2), json!(2), vec!["user_confirmation"]),
            (json!(2), none.clone(), vec!["user_confirmation"]),
            (
                json!(3),
                json!(3),
                vec!["confirmation", "user_confirmation"],
            ),
            (json!(3), json!(6), vec!["confirmation"]),
            (
                json!(6),
                json!(6),
                vec!["confirmation", "user_confirmation"],
            ),
            (none.clone(), none.clone(), vec!["confirmation"]),
            (
                none.clone(),
                json!(6),
                vec!["confirmation", "user_confirmation"],
            ),
        ] {
            let body = transfer(kind, 2, confirmations.clone(), needed.clone());
            assert_eq!(inferred(&body), expected, "{confirmations} of {needed}");
        }
    }
    assert_eq!(
        inferred(&without_transfer("deposit", "", 4)),
        ["no_transfer"]
    );
    assert_eq!(
        inferred(&without_transfer("payout", "", 3)),
        ["no_transfer", "request_rejection"]
    );
    // The callback names a transfer that is missing.
    let mut body = without_transfer("deposit", "", 4);
    body["data"]["relationships"]["transfer"] = json!({"data": {"type": "transfer", "id": "1"}});
    assert_eq!(inferred(&body), Vec::<&str>::new());
    // Two transfers, and the callback does not say which one it is about.
    let mut body = transfer("deposit", 2, json!(3), none);
    let second = body["included"][1].clone();
    body["included"].as_array_mut().unwrap().push(second);
    assert_eq!(inferred(&body), Vec::<&str>::new());
}
