//! Proof without a signature.

use payhook::b2binpay::{Callback, DepositStatus, PayoutStatus, TrackingIds, prove_by_api};
use payhook::{Evidence, Fact, Outcome, ParseError, Unverified, VerifyError, event::PaymentKind};
use serde_json::{Value, json};

use crate::support::{parse, verify, with_transfer, without_transfer};

fn unsigned(body: &Value) -> Unverified<Callback> {
    let refused = verify(body, TrackingIds::Prefixed).err();
    assert_eq!(refused, Some(VerifyError::Unsigned));
    parse(body.to_string().as_bytes())
}

fn answer(id: &str, tracking_id: &str, status: i32) -> Vec<u8> {
    let attributes = json!({"tracking_id": tracking_id, "status": status, "target_paid": "0"});
    json!({"data": {"type": "deposit", "id": id, "attributes": attributes}})
        .to_string()
        .into_bytes()
}

#[test]
fn a_deposit_is_proven_by_the_response() {
    let reported = without_transfer("deposit", "order-1", 2);
    let callback = prove_by_api(unsigned(&reported), &answer("30417", "order-1", 4)).unwrap();
    let proven = callback.proven();
    assert_eq!(*callback.evidence(), Evidence::GatewayApi);
    assert_eq!(proven.tracking_id(), Some("order-1"));
    assert_eq!(proven.id(), Some("30417"));
    // The response is newer than the callback, and takes precedence.
    assert_eq!(proven.deposit_status(), Some(DepositStatus::Canceled));
    assert_eq!(
        (proven.amount(), proven.transfer_status(), proven.time()),
        (None, None, None)
    );
    assert_eq!(callback.event().outcome(), Fact::Proven(Outcome::Canceled));
    assert_eq!(callback.event().kind(), Fact::Proven(PaymentKind::Deposit));
}

#[test]
fn another_deposit_proves_nothing() {
    let reported = without_transfer("deposit", "order-1", 4);
    for (answer, path) in [
        (answer("30418", "order-1", 4), "data.id"),
        (answer("30417", "order-2", 4), "data.attributes.tracking_id"),
        (
            without_transfer("payout", "order-1", 3)
                .to_string()
                .into_bytes(),
            "data.type",
        ),
    ] {
        match prove_by_api(unsigned(&reported), &answer) {
            Err(VerifyError::AnswerMismatch { path: found }) => assert_eq!(found, path),
            other => panic!("{other:?}"),
        }
    }
    let error = prove_by_api(unsigned(&reported), b"<html>").unwrap_err();
    assert!(matches!(error, VerifyError::AnswerUnreadable(_)));
    assert_eq!(error.http_status(), 503);
}

#[test]
fn an_error_of_the_api_is_named_with_its_code() {
    for (answer, expected) in [
        (
            r#"{"errors": [{"status": "401", "detail": "…"}]}"#,
            Some(401),
        ),
        (
            r#"{"errors": [{"status": 400, "code": "2007"}]}"#,
            Some(2007),
        ),
        (
            r#"{"code": 2007, "message": "Wrong credentials"}"#,
            Some(2007),
        ),
        (r#"{"errors": [{"detail": "…"}]}"#, None),
    ] {
        let reported = unsigned(&without_transfer("deposit", "order-1", 4));
        let error = prove_by_api(reported, answer.as_bytes()).unwrap_err();
        assert_eq!(error, VerifyError::AnswerRefused { code: expected });
        assert_eq!(error.http_status(), 503);
    }
}

#[test]
fn responses_are_limited_to_a_mebibyte() {
    let reported = without_transfer("deposit", "order-1", 4);
    let mut longest = answer("30417", "order-1", 4);
    longest.resize(1024 * 1024, b' ');
    assert!(prove_by_api(unsigned(&reported), &longest).is_ok());
    longest.push(b' ');
    let error = prove_by_api(unsigned(&reported), &longest).unwrap_err();
    let VerifyError::AnswerUnreadable(ParseError::TooLarge { limit, .. }) = error else {
        panic!("{error}");
    };
    assert_eq!(limit, 1024 * 1024);
}

/// Removing the signature, or adding a transfer, does not enable a weaker proof.
#[test]
fn callbacks_with_a_transfer_or_a_signature_are_refused() {
    let mut badly_signed = without_transfer("deposit", "order-1", 4);
    badly_signed["meta"]["sign"] = json!("0".repeat(64));
    let mut numeric_sign = without_transfer("deposit", "order-1", 4);
    numeric_sign["meta"]["sign"] = json!(7);
    let mut names_one = without_transfer("deposit", "order-1", 4);
    names_one["data"]["relationships"]["transfer"] =
        json!({"data": {"type": "transfer", "id": "55021"}});
    for body in [
        with_transfer("deposit", "order-1", "1"),
        badly_signed,
        numeric_sign,
        names_one,
    ] {
        let callback = || parse(body.to_string().as_bytes());
        let error = prove_by_api(callback(), &answer("30417", "order-1", 3)).unwrap_err();
        assert!(matches!(error, VerifyError::MissingSignature), "{error}");
    }
}

#[test]
fn a_payout_is_proven_by_the_response() {
    let reported = without_transfer("payout", "wd-1", 2);
    let answer = without_transfer("payout", "wd-1", 3).to_string();
    let callback = prove_by_api(unsigned(&reported), answer.as_bytes()).unwrap();
    let proven = callback.proven();
    assert_eq!(proven.payout_status(), Some(PayoutStatus::Canceled));
    assert_eq!(proven.deposit_status(), None);
    assert_eq!(callback.event().outcome(), Fact::Proven(Outcome::Canceled));
    assert_eq!(callback.event().kind(), Fact::Proven(PaymentKind::Payout));
}
