//! The gateway-independent view: which values are proven, and which are reported.

use payhook::b2binpay::{TrackingIds, prove_by_api};
use payhook::chrono::{DateTime, Utc};
use payhook::citypay::{Account, DepositCallback, OrderCallback};
use payhook::{
    Event, Evidence, Fact, Outcome, Unverified, address::AddressRanges, event::PaymentKind,
};
use serde_json::json;

use crate::support::{
    TIME, body, parse, signed, verifier, verify, with_transfer, without_transfer,
};

#[test]
fn a_signed_transfer() {
    let callback = verifier(TrackingIds::Prefixed)
        .verify(parse(&body("b2binpay-payout-confirmed.json")))
        .unwrap();
    let event = callback.event();
    assert_eq!(event.gateway(), "b2binpay");
    assert_eq!(event.kind(), Fact::Reported(PaymentKind::Payout));
    assert_eq!(event.reference(), Fact::Proven("wd-77"));
    assert_eq!(event.outcome(), Fact::Proven(Outcome::Settled));
    assert_eq!(
        event.amount().unwrap().proven().unwrap().as_str(),
        "125.000000"
    );
    assert_eq!(event.currency(), Some(Fact::Reported("USDT-TRX")));
    assert!(!event.transaction().unwrap().is_proven());
    let time = event.time().and_then(Fact::proven).unwrap();
    assert_eq!(time, TIME.parse::<DateTime<Utc>>().unwrap());
    assert!(matches!(event.evidence(), Evidence::Signature { .. }));
}

#[test]
fn only_the_time_of_an_ambiguous_text_is_proven() {
    let reported = signed(
        with_transfer("deposit", "17", "10.50"),
        &format!("210.5017{TIME}"),
    );
    let callback = verify(&reported, TrackingIds::Unrestricted).unwrap();
    let event = callback.event();
    assert_eq!(event.reference(), Fact::Reported("17"));
    assert!(!event.amount().unwrap().is_proven());
    assert_eq!(event.outcome(), Fact::Reported(Outcome::ManualReview));
    assert!(event.time().unwrap().is_proven());
}

#[test]
fn empty_values_are_absent() {
    let mut reported = with_transfer("deposit", "", "1");
    reported["included"][1]["attributes"]["txid"] = json!("");
    let reported = signed(reported, &format!("21{TIME}"));
    let callback = verify(&reported, TrackingIds::Unused).unwrap();
    // The gateway's own id, which is not signed.
    assert_eq!(callback.event().reference(), Fact::Reported("30417"));
    assert_eq!(callback.event().transaction(), None);

    let reported = signed(
        without_transfer("deposit", "order-1", 4),
        &format!("4order-1{TIME}"),
    );
    let callback = verify(&reported, TrackingIds::Prefixed).unwrap();
    assert_eq!(callback.event().amount(), None);
    assert_eq!(callback.event().reference(), Fact::Proven("order-1"));
}

#[test]
fn facts() {
    assert_eq!(Fact::Proven(1).proven(), Some(1));
    assert_eq!(Fact::Reported(1).proven(), None);
    assert_eq!(Fact::Reported(1).value(), 1);
    assert_eq!(Fact::Proven(1).map(|n| n + 1), Fact::Proven(2));
    assert_eq!(Fact::Reported(1).map(|n| n + 1), Fact::Reported(2));
    assert_eq!(
        format!("{:>4}|{:<4}|", Fact::Proven("a"), Fact::Reported("b")),
        "   a|b?  |"
    );
}

/// The fields that each kind of evidence proves: kind, reference, amount, currency,
/// transaction, time. `-` means absent.
#[test]
fn proven_and_reported_fields_by_evidence() {
    fn marks(event: &Event<'_>) -> String {
        fn mark<T: Copy>(fact: Option<Fact<T>>) -> &'static str {
            match fact {
                None => "-",
                Some(Fact::Proven(_)) => "proven",
                Some(Fact::Reported(_)) => "reported",
            }
        }
        [
            mark(Some(event.kind())),
            mark(Some(event.reference())),
            mark(event.amount()),
            mark(event.currency()),
            mark(event.transaction()),
            mark(event.time()),
        ]
        .join(" ")
    }

    let ranges = || AddressRanges::parse(["203.0.113.1"]).unwrap();
    let peer = "203.0.113.1".parse().unwrap();
    let prefixed = verifier(TrackingIds::Prefixed);

    let transfer = prefixed
        .verify(parse(&body("b2binpay-deposit-confirmed.json")))
        .unwrap();
    assert_eq!(
        marks(&transfer.event()),
        "reported proven proven reported reported proven"
    );
    let ambiguous = verifier(TrackingIds::Unrestricted)
        .verify(parse(&body("b2binpay-deposit-confirmed.json")))
        .unwrap();
    assert_eq!(
        marks(&ambiguous.event()),
        "reported reported reported reported reported proven"
    );
    let expired = prefixed
        .verify(parse(&body("b2binpay-deposit-expired.json")))
        .unwrap();
    assert_eq!(marks(&expired.event()), "reported proven - - - proven");

    let mut reported = without_transfer("deposit", "order-1", 4);
    reported["meta"] = json!({"time": TIME});
    let unsigned = || parse(reported.to_string().as_bytes());
    let fetched = prove_by_api(unsigned(), reported.to_string().as_bytes()).unwrap();
    assert_eq!(marks(&fetched.event()), "proven proven - - - -");
    let account = Account::new("5120")
        .unwrap()
        .danger_settle_deposits_by_source_address(ranges());
    let order =
        || Unverified::<OrderCallback>::parse(&body("citypay-order-confirmed.json")).unwrap();
    let answer = body("citypay-order-confirmed.answer.json");
    let by_endpoint = account
        .prove_order(order(), "tok_4f9c1b7e", &answer)
        .unwrap();
    assert_eq!(
        marks(&by_endpoint.event()),
        "proven proven proven proven proven proven"
    );
    let by_record = account
        .prove_order_by_record(order(), "tok_4f9c1b7e")
        .unwrap();
    assert_eq!(marks(&by_record.event()), "reported reported - - - -");
    let by_address = account
        .prove_order_by_source_address(order(), peer)
        .unwrap();
    assert_eq!(marks(&by_address.event()), "reported reported - - - -");

    let deposit =
        || Unverified::<DepositCallback>::parse(&body("citypay-deposit-confirmed.json")).unwrap();
    let by_record = account
        .prove_deposit_by_record(deposit(), "dep_user_42")
        .unwrap();
    assert_eq!(
        marks(&by_record.event()),
        "reported reported reported reported reported reported"
    );
    let by_address = account
        .prove_deposit_by_source_address(deposit(), peer)
        .unwrap();
    assert_eq!(
        marks(&by_address.event()),
        "reported reported reported reported reported reported"
    );
}
