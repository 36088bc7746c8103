//! The gateway-neutral view: who says what.

use payhook::b2binpay::{TrackingIds, prove_by_deposit, prove_by_source_address};
use payhook::citypay::{Account, DepositCallback, OrderCallback};
use payhook::{
    AddressRanges, Callback, Evidence, Fact, Gateway, Kind, Outcome, Unverified, Verified,
    VerifiedCallback,
};
use serde_json::json;

use crate::support::{
    TIME, body, parse, signed, verifier, verify, with_transfer, without_transfer,
};

#[test]
fn of_a_signed_transfer() {
    let callback = verifier(TrackingIds::Prefixed)
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
    assert_eq!(event.currency(), Some(Fact::Reported("USDT-TRX")));
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
    let callback = verify(&told, TrackingIds::Unrestricted)
        .unwrap()
        .into_callback();
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
    let callback = verify(&told, TrackingIds::Unused).unwrap().into_callback();
    assert_eq!(callback.event().reference(), None);
    assert_eq!(callback.event().blockchain_transaction(), None);

    let told = signed(
        without_transfer("deposit", "order-1", 4),
        &format!("4order-1{TIME}"),
    );
    let callback = verify(&told, TrackingIds::Prefixed)
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
    let callback = verifier(TrackingIds::Prefixed)
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

/// Which fields are proven, by evidence: kind, reference, amount, currency,
/// transaction, time. `-` stands for none.
#[test]
fn what_is_proven_of_each_field() {
    fn marks(callback: &Verified<Callback>) -> String {
        fn mark<T: Copy>(fact: Option<Fact<T>>) -> &'static str {
            match fact {
                None => "-",
                Some(Fact::Proven(_)) => "proven",
                Some(Fact::Reported(_)) => "reported",
            }
        }
        let event = callback.event();
        [
            mark(Some(event.kind())),
            mark(event.reference()),
            mark(event.amount()),
            mark(event.currency()),
            mark(event.blockchain_transaction()),
            mark(event.time()),
        ]
        .join(" ")
    }

    let ranges = || AddressRanges::parse(["203.0.113.1"]).unwrap();
    let peer = "203.0.113.1".parse().unwrap();
    let lettered = verifier(TrackingIds::Prefixed);

    let transfer = lettered
        .verify(parse(&body("b2binpay-deposit-confirmed.json")))
        .unwrap();
    assert_eq!(
        marks(&transfer.into_callback()),
        "reported proven proven reported reported proven"
    );
    let undivided = verifier(TrackingIds::Unrestricted)
        .verify(parse(&body("b2binpay-deposit-confirmed.json")))
        .unwrap();
    assert_eq!(
        marks(&undivided.into_callback()),
        "reported reported reported reported reported proven"
    );
    let expired = lettered
        .verify(parse(&body("b2binpay-deposit-expired.json")))
        .unwrap();
    assert_eq!(
        marks(&expired.into_callback()),
        "reported proven - reported - proven"
    );

    let mut told = without_transfer("deposit", "order-1", 4);
    told["meta"] = json!({"time": TIME});
    let unsigned = || parse(told.to_string().as_bytes());
    let fetched = prove_by_deposit(unsigned(), told.to_string().as_bytes()).unwrap();
    assert_eq!(
        marks(&fetched.into_callback()),
        "proven proven - reported - reported"
    );
    let by_address = prove_by_source_address(unsigned(), peer, &ranges()).unwrap();
    assert_eq!(
        marks(&by_address.into_callback()),
        "reported reported - reported - reported"
    );

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
        marks(&by_endpoint.into_callback()),
        "proven proven proven proven proven proven"
    );
    let by_record = account
        .prove_order_by_record(order(), "tok_4f9c1b7e")
        .unwrap();
    assert_eq!(
        marks(&by_record.into_callback()),
        "reported proven reported reported reported reported"
    );
    let by_address = account
        .prove_order_by_source_address(order(), peer)
        .unwrap();
    assert_eq!(
        marks(&by_address.into_callback()),
        "reported reported reported reported reported reported"
    );

    let deposit =
        || Unverified::<DepositCallback>::parse(&body("citypay-deposit-confirmed.json")).unwrap();
    let by_record = account
        .prove_deposit_by_record(deposit(), "dep_user_42")
        .unwrap();
    assert_eq!(
        marks(&by_record.into_callback()),
        "reported proven reported reported reported reported"
    );
    let by_address = account
        .prove_deposit_by_source_address(deposit(), peer)
        .unwrap();
    assert_eq!(
        marks(&by_address.into_callback()),
        "reported reported reported reported reported reported"
    );
}

#[test]
fn every_kind_comes_back() {
    let account = Account::new("5120").unwrap();
    let order = Unverified::parse(&body("citypay-order-confirmed.json")).unwrap();
    let order = account
        .prove_order_by_record(order, "tok_4f9c1b7e")
        .unwrap()
        .into_callback();
    let VerifiedCallback::Order(order) = order.into_kind() else {
        panic!("another kind")
    };
    assert!(order.proven().token().unwrap().is("tok_4f9c1b7e"));
    let deposit = Unverified::parse(&body("citypay-deposit-confirmed.json")).unwrap();
    let deposit = account
        .prove_deposit_by_record(deposit, "dep_user_42")
        .unwrap()
        .into_callback();
    let VerifiedCallback::Deposit(deposit) = deposit.into_kind() else {
        panic!("another kind")
    };
    assert!(deposit.proven().token().unwrap().is("dep_user_42"));
}
