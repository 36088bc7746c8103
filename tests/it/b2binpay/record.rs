//! Records of the gateway's list of callbacks.

use payhook::b2binpay::{CallbackRecord, CallbackType, DeliveryStatus};
use payhook::verified::DEFAULT_BODY_LIMIT;
use serde_json::{Value, json};

#[test]
fn labels_and_snake_case() {
    for (label, snake, expected) in [
        ("Confirmation", "confirmation", CallbackType::Confirmation),
        ("Fail", "fail", CallbackType::Fail),
        ("No transfer", "no_transfer", CallbackType::NoTransfer),
        (
            "Request rejection",
            "request_rejection",
            CallbackType::RequestRejection,
        ),
        ("Block", "block", CallbackType::Block),
        ("Cancel", "cancel", CallbackType::Cancel),
        (
            "User confirmation",
            "user_confirmation",
            CallbackType::UserConfirmation,
        ),
        ("Manual", "manual", CallbackType::Manual),
    ] {
        assert_eq!(CallbackType::from(label), expected);
        assert_eq!(CallbackType::from(snake), expected);
        assert_eq!(expected.as_str(), snake);
    }
    for (label, snake, expected) in [
        ("New", "new", DeliveryStatus::New),
        ("In progress", "in_progress", DeliveryStatus::InProgress),
        ("Failed", "failed", DeliveryStatus::Failed),
        ("Sent", "sent", DeliveryStatus::Sent),
    ] {
        assert_eq!(DeliveryStatus::from(label), expected);
        assert_eq!(DeliveryStatus::from(snake), expected);
        assert_eq!(expected.as_str(), snake);
    }
    assert_eq!(CallbackType::from("Refund").as_str(), "Refund");
    assert!(!DeliveryStatus::from("Lost").is_known());
}

#[test]
fn only_sent_callbacks_are_delivered() {
    for (status, delivered) in [
        (json!("Sent"), true),
        (json!("Failed"), false),
        (json!("In progress"), false),
        (json!("Lost"), false),
        (json!(null), false),
    ] {
        let json = json!({"id": "90411", "status": status}).to_string();
        let record = CallbackRecord::parse(json.as_bytes()).unwrap();
        assert_eq!(record.is_delivered(), delivered, "{status}");
    }
}

#[test]
fn round_trip() {
    let json = json!({
        "id": "90411", "time_sent": "2026-03-02T09:16:02Z", "type": "No transfer", "url": "https://shop.example/cb",
        "status": "Sent", "attempts": 1, "transfer_id": null,
        "payload": {"data": {"type": "deposit", "id": "1", "attributes": {"target_paid": "0.100"}}},
        "response": "",
    });
    let record = CallbackRecord::parse(json.to_string().as_bytes()).unwrap();
    assert!(record.is_delivered());
    assert_eq!(record.attempts, Some(1));
    assert_eq!(record.transfer_id, None);
    assert_eq!(record.callback().unwrap().unwrap().unverified().id(), "1");
    let written = serde_json::to_string(&record).unwrap();
    assert_eq!(CallbackRecord::parse(written.as_bytes()).unwrap(), record);
    let written: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(written["type"], "no_transfer");
    assert_eq!(
        written["payload"]["data"]["attributes"]["target_paid"],
        "0.100"
    );
}

#[test]
fn a_payload_that_would_change_as_json_stays_text() {
    for payload in [
        " {\"a\":1} ",
        "{\"a\":1}\n",
        "not json",
        "\"text\"",
        "\"\"",
        "null",
        "",
    ] {
        let mut record = CallbackRecord::new("1");
        record.payload = Some(payload.into()).filter(|_| !payload.is_empty());
        let written = serde_json::to_vec(&record).unwrap();
        assert_eq!(
            CallbackRecord::parse(&written).unwrap(),
            record,
            "{payload:?}"
        );
    }
}

#[test]
fn debug_shows_no_payload() {
    let record =
        CallbackRecord::parse(br#"{"id": 1, "payload": {"sign": "MARKED"}, "response": "MARKED"}"#)
            .unwrap();
    let shown = format!("{record:?}");
    assert!(
        shown.starts_with(r#"CallbackRecord { id: "1", "#),
        "{shown}"
    );
    assert!(!shown.contains("MARKED"), "{shown}");
}

#[test]
fn payload_as_text_and_absent() {
    let json = json!({"id": 1, "payload": "{\"data\": 1}"});
    let record = CallbackRecord::parse(json.to_string().as_bytes()).unwrap();
    assert_eq!(record.payload.as_deref(), Some("{\"data\": 1}"));
    assert!(record.callback().unwrap().is_err());
    assert!(CallbackRecord::new("1").callback().is_none());
    let whitespace =
        CallbackRecord::parse(br#"{"id": 1, "time_sent": "", "transfer_id": ""}"#).unwrap();
    assert_eq!((whitespace.time_sent, whitespace.transfer_id), (None, None));
    let error = CallbackRecord::parse(b"{}").unwrap_err();
    assert_eq!(error.to_string(), "`id`: missing required field");
    let error = CallbackRecord::parse(br#"{"id": 1, "id": 2}"#).unwrap_err();
    assert_eq!(error.to_string(), "`id`: duplicate key");
}

/// A callback with a body of the maximum length still fits into its record.
#[test]
fn the_longest_payload_is_parsed() {
    let payload = "x".repeat(DEFAULT_BODY_LIMIT);
    let json = json!({"id": "90411", "payload": payload}).to_string();
    let record = CallbackRecord::parse(json.as_bytes()).unwrap();
    assert_eq!(record.payload.as_deref(), Some(&*payload));
}
