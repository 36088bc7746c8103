//! The gateway-neutral view: who says what.

use payhook::b2binpay::TrackingIds;
use payhook::{Callback, Evidence, Fact, Gateway, Kind, Outcome, VerifiedCallback};
use serde_json::json;

use crate::support::{
    TIME, body, parse, signed, verifier, verify, with_transfer, without_transfer,
};

#[test]
fn of_a_signed_transfer() {
    let callback = verifier(TrackingIds::Lettered)
        .verify(parse(&body("b2binpay-payout-confirmed.json")))
        .unwrap()
        .into_callback();
    let event = callback.event();
    assert_eq!(event.gateway(), Gateway::B2binpay);
    assert_eq!(event.kind(), Fact::Reported(Kind::Payout));
    assert_eq!(event.reference(), Some(Fact::Proven("wd-77")));
    assert_eq!(event.outcome(), Fact::Proven(Outcome::Settled));
    assert_eq!(
        event.amount().unwrap().proven().unwrap().as_str(),
        "125.000000"
    );
    assert_eq!(event.currency(), Some(Fact::Reported("USDT")));
    assert!(!event.blockchain_transaction().unwrap().is_proven());
    assert_eq!(event.time().unwrap().proven().unwrap().as_str(), TIME);
    assert!(matches!(event.evidence(), Evidence::Signature { .. }));
    assert!(matches!(event.original().reported(), Callback::Transfer(_)));
}

#[test]
fn of_an_undivided_text_only_the_time_is_proven() {
    let told = signed(
        with_transfer("deposit", "17", "10.50"),
        &format!("210.5017{TIME}"),
    );
    let callback = verify(&told, TrackingIds::Any).unwrap().into_callback();
    let event = callback.event();
    assert_eq!(event.reference(), Some(Fact::Reported("17")));
    assert!(!event.amount().unwrap().is_proven());
    assert_eq!(event.outcome(), Fact::Reported(Outcome::NeedsReview));
    assert!(event.time().unwrap().is_proven());
}

#[test]
fn what_is_empty_is_absent() {
    let mut told = with_transfer("deposit", "", "1");
    told["included"][1]["attributes"]["txid"] = json!("");
    let told = signed(told, &format!("21{TIME}"));
    let callback = verify(&told, TrackingIds::AlwaysEmpty)
        .unwrap()
        .into_callback();
    assert_eq!(callback.event().reference(), None);
    assert_eq!(callback.event().blockchain_transaction(), None);

    let told = signed(
        without_transfer("deposit", "order-1", 4),
        &format!("4order-1{TIME}"),
    );
    let callback = verify(&told, TrackingIds::Lettered)
        .unwrap()
        .into_callback();
    assert_eq!(callback.event().amount(), None);
    assert_eq!(callback.event().reference(), Some(Fact::Proven("order-1")));
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

#[test]
fn back_to_its_kind() {
    let callback = verifier(TrackingIds::Lettered)
        .verify(parse(&body("b2binpay-deposit-confirmed.json")))
        .unwrap();
    let VerifiedCallback::Transfer(again) = callback.clone().into_callback().into_kind() else {
        panic!("another kind");
    };
    assert_eq!(
        again.proven().tracking_id(),
        callback.proven().tracking_id()
    );
    assert_eq!(again.evidence(), callback.evidence());
    assert_eq!(again.reported().raw(), callback.reported().raw());
}
