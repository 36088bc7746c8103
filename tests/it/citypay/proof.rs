//! The evidence that proves a CityPay.io callback, and that which does not.

use payhook::citypay::{Account, DepositCallback, OrderCallback, OrderStatus};
use payhook::{
    Evidence, Fact, Outcome, Unverified, Verified, VerifyError, address::AddressRanges,
    error::ConfigError, event::PaymentKind,
};
use serde_json::{Value, json};

use crate::support::body;

const TOKEN: &str = "tok_4f9c1b7e";

fn account() -> Account {
    Account::new("5120").unwrap()
}

fn order(change: impl Fn(&mut Value)) -> Unverified<OrderCallback> {
    let mut order: Value = serde_json::from_slice(&body("citypay-order-confirmed.json")).unwrap();
    change(&mut order);
    Unverified::parse(order.to_string().as_bytes()).unwrap()
}

fn answer(change: impl Fn(&mut Value)) -> Vec<u8> {
    let mut answer: Value =
        serde_json::from_slice(&body("citypay-order-confirmed.answer.json")).unwrap();
    change(&mut answer["data"]);
    answer.to_string().into_bytes()
}

fn prove(
    order: Unverified<OrderCallback>,
    answer: &[u8],
) -> Result<Verified<OrderCallback>, VerifyError> {
    account().prove_order(order, TOKEN, answer)
}

#[test]
fn the_proven_values_are_the_responses() {
    // All fields in which the sender lies.
    let lies = order(|o| {
        o["received_amount_in_coins"] = json!("999");
        o["crypto_currency"] = json!("ETH");
        o["client_order_id"] = json!("INV-of-another-order");
        o["status"] = json!("CANCELED");
    });
    let proven = prove(lies, &answer(|_| ())).unwrap();
    assert_eq!(*proven.evidence(), Evidence::OrderEndpoint);
    assert_eq!(proven.proven().status(), Some(OrderStatus::Confirmed));
    let event = proven.event();
    assert_eq!(event.outcome(), Fact::Proven(Outcome::Settled));
    assert_eq!(event.kind(), Fact::Proven(PaymentKind::Order));
    assert_eq!(event.reference(), Fact::Proven(TOKEN));
    assert_eq!(
        event.amount().unwrap().proven(),
        Some(&"0.00065270".parse().unwrap())
    );
    assert_eq!(event.currency(), Some(Fact::Proven("Bitcoin")));
    assert!(event.transaction().unwrap().is_proven());
    assert!(event.time().unwrap().is_proven());
}

/// A value that is missing in the response is not taken from the body.
#[test]
fn a_transaction_missing_in_the_response_is_unproven() {
    let reported = order(|o| {
        o["transaction_id"] = json!("deadbeef");
        o["received_amount_in_coins"] = json!(1_000_000);
    });
    let answer = answer(|a| {
        a["coin"] = json!(null);
        a["coinBaseName"] = json!(null);
    });
    let callback = prove(reported, &answer).unwrap();
    let event = callback.event();
    assert_eq!(event.outcome(), Fact::Proven(Outcome::Settled));
    assert_eq!(
        (event.transaction(), event.amount(), event.currency()),
        (None, None, None)
    );
    // The creation time of the order is not the payment time.
    assert_eq!(event.time(), None);
}

#[test]
fn without_an_id_the_only_transaction_is_used() {
    let callback = prove(
        order(|o| o["transaction_id"] = json!(null)),
        &answer(|_| ()),
    )
    .unwrap();
    assert!(callback.event().amount().unwrap().is_proven());
    let two = answer(|a| {
        let transactions = a["transactions"].as_array_mut().unwrap();
        let mut second = transactions[0].clone();
        second["id"] = json!("9002");
        second["hash"] = json!(null);
        transactions.push(second);
    });
    let callback = prove(order(|o| o["transaction_id"] = json!(null)), &two).unwrap();
    assert_eq!(callback.event().amount(), None);
    // If there are several, the unsigned callback must not choose the reported one.
    for named in ["9002", "9001"] {
        let callback = prove(order(|o| o["transaction_id"] = json!(named)), &two).unwrap();
        assert_eq!(callback.event().amount(), None);
    }
    // If it is listed twice, it is still the only one; with two amounts neither is
    // proven.
    for (base, is_known) in [(json!(0.000_652_7), true), (json!(1), false)] {
        let again = answer(|a| {
            let transactions = a["transactions"].as_array_mut().unwrap();
            let mut second = transactions[0].clone();
            second["amount"]["base"] = base.clone();
            transactions.push(second);
        });
        let callback = prove(order(|o| o["transaction_id"] = json!(null)), &again).unwrap();
        let amount = callback.event().amount().unwrap().is_proven();
        assert_eq!(amount, is_known, "{base}");
    }
}

/// The minutes are the callback's, all other values are the response's.
#[test]
fn order_expiry() {
    let end = |minutes: Value, created: &str, account: &Account| {
        let reported = order(|o| o["order_expiration"] = minutes.clone());
        let answer = answer(|a| a["createdAt"] = json!(created));
        let proven = account.prove_order(reported, TOKEN, &answer).unwrap();
        proven.proven().expires_at().map(|end| end.to_rfc3339())
    };
    let stamp = "2026-03-02 09:13:51";
    let utc = end(json!(60), stamp, &account());
    assert_eq!(utc.as_deref(), Some("2026-03-02T10:13:51+00:00"));
    let tbilisi = account().time_zone(chrono::FixedOffset::east_opt(4 * 3600).unwrap());
    let there = end(json!(60), stamp, &tbilisi);
    assert_eq!(there.as_deref(), Some("2026-03-02T06:13:51+00:00"));
    for minutes in [json!(null), json!(3_600_000)] {
        assert_eq!(end(minutes, stamp, &account()), None);
    }
    let by_record = account()
        .prove_order_by_record(order(|_| ()), TOKEN)
        .unwrap();
    assert_eq!(by_record.proven().expires_at(), None);
}

#[test]
fn a_deposit_is_proven_by_its_recorded_token() {
    let deposit =
        || Unverified::<DepositCallback>::parse(&body("citypay-deposit-confirmed.json")).unwrap();
    let proven = account()
        .prove_deposit_by_record(deposit(), "dep_user_42")
        .unwrap();
    assert!(proven.proven().token().unwrap().matches("dep_user_42"));
    let error = account()
        .prove_deposit_by_record(deposit(), "dep_user_43")
        .unwrap_err();
    assert!(matches!(error, VerifyError::NotIssued));
    let nameless = Unverified::parse(br#"{"type":"deposit","transaction_id":7}"#).unwrap();
    let error = account()
        .prove_deposit_by_record(nameless, "dep_user_42")
        .unwrap_err();
    assert!(matches!(error, VerifyError::MissingToken));
}

#[test]
fn a_new_order_without_a_token_is_matched_by_id() {
    let without_token = || order(|o| o["order_token"] = json!(""));
    assert!(prove(without_token(), &answer(|_| ())).is_ok());
    let error = prove(without_token(), &answer(|a| a["id"] = json!(null))).unwrap_err();
    assert!(
        matches!(error, VerifyError::AnswerMismatch { path: "data.id" }),
        "{error}"
    );
    let error = prove(without_token(), &answer(|a| a["id"] = json!(442))).unwrap_err();
    assert!(
        matches!(error, VerifyError::AnswerMismatch { path: "data.id" }),
        "{error}"
    );
}

#[test]
fn another_order_or_customer_is_refused() {
    for (order, answer, expected) in [
        (
            order(|o| o["order_token"] = json!("tok_other")),
            answer(|_| ()),
            "unknown token",
        ),
        (
            order(|o| {
                o["order_token"] = json!(null);
                o["order_id"] = json!(null);
            }),
            answer(|_| ()),
            "callback has no token",
        ),
        (
            order(|_| ()),
            answer(|a| a["token"] = json!("tok_other")),
            "`data.token` in the gateway's response does not match the callback",
        ),
        (
            order(|_| ()),
            answer(|a| a["id"] = json!(442)),
            "`data.id` in the gateway's response does not match the callback",
        ),
        (
            order(|_| ()),
            answer(|a| a["customerId"] = json!(777)),
            "order belongs to a different customer id",
        ),
        (
            order(|_| ()),
            br#"{"status":"error","status_code":404,"message":"x"}"#.to_vec(),
            "gateway returned an error for the lookup (404)",
        ),
        (
            order(|_| ()),
            b"<html>".to_vec(),
            "cannot parse the gateway's response",
        ),
    ] {
        assert_eq!(prove(order, &answer).unwrap_err().to_string(), expected);
    }
}

/// A response that is ahead of the callback takes precedence; with one that is behind,
/// the payment is pending.
#[test]
fn responses_ahead_of_the_callback_and_behind_it() {
    let table = [
        ("IN_PROGRESS", "CONFIRMED", false, Outcome::Settled),
        ("PAID_UNCONFIRMED", "CONFIRMED", false, Outcome::Settled),
        ("UNDERPAID", "CONFIRMED", false, Outcome::Settled),
        ("CANCELED", "CONFIRMED", false, Outcome::Settled),
        ("REFUNDED", "CONFIRMED", false, Outcome::Settled),
        ("IN_PROGRESS", "CANCELED", false, Outcome::Canceled),
        ("UNDERPAID", "EXPIRED", false, Outcome::Expired),
        ("PAID_UNCONFIRMED", "OVERPAID", false, Outcome::Overpaid),
        // Confirmed money for an order that is closed.
        ("CONFIRMED", "CANCELED", true, Outcome::Pending),
        ("CONFIRMED", "EXPIRED", true, Outcome::Pending),
        ("OVERPAID", "EXPIRED", true, Outcome::Pending),
        ("CONFIRMED", "PAID_UNCONFIRMED", true, Outcome::Pending),
        ("CONFIRMED", "UNDERPAID", true, Outcome::Pending),
        ("CONFIRMED", "IN_PROGRESS", true, Outcome::Pending),
        ("UNDERPAID", "IN_PROGRESS", true, Outcome::Pending),
        ("PAID_UNCONFIRMED", "UNDERPAID", false, Outcome::Underpaid),
        ("CONFIRMED", "REFUNDED", false, Outcome::Unknown),
    ];
    for (reported, answered, behind, outcome) in table {
        let answer = answer(|a| a["status"] = json!({"code": answered}));
        let order = prove(order(|o| o["status"] = json!(reported)), &answer).unwrap();
        assert_eq!(order.proven().is_stale(), behind, "{reported} {answered}");
        let callback = order;
        assert_eq!(
            callback.event().outcome().value(),
            outcome,
            "{reported} {answered}"
        );
        assert_eq!(
            callback.event().outcome().is_proven(),
            !behind,
            "{reported} {answered}"
        );
    }
}

#[test]
fn a_record_or_an_address_does_not_settle_an_order() {
    let ranges = AddressRanges::parse(["203.0.113.0/28"]).unwrap();
    let peer = "203.0.113.1".parse().unwrap();
    // Not even if deposits may be.
    let account = account().danger_settle_deposits_by_source_address(ranges);
    let by_record = account.prove_order_by_record(order(|_| ()), TOKEN).unwrap();
    assert_eq!(*by_record.evidence(), Evidence::KnownReference);
    assert!(by_record.proven().token().unwrap().matches(TOKEN));
    let by_address = account
        .prove_order_by_source_address(order(|_| ()), peer)
        .unwrap();
    assert_eq!(*by_address.evidence(), Evidence::SourceAddress);
    assert!(by_address.proven().token().is_none());
    for order in [by_record, by_address] {
        assert_eq!(
            (
                order.proven().status().is_none(),
                order.proven().answer().is_none()
            ),
            (true, true)
        );
        let event = order.event();
        assert_eq!(event.outcome(), Fact::Reported(Outcome::ManualReview));
        assert_eq!((event.amount(), event.currency()), (None, None));
    }
    let error = account
        .prove_order_by_record(order(|_| ()), "tok_other")
        .unwrap_err();
    assert!(matches!(error, VerifyError::NotIssued));
    let error = account
        .prove_order_by_source_address(order(|_| ()), "203.0.113.99".parse().unwrap())
        .unwrap_err();
    assert!(matches!(error, VerifyError::SourceAddress));
    let error = self::account()
        .prove_order_by_source_address(order(|_| ()), peer)
        .unwrap_err();
    assert!(matches!(error, VerifyError::NoEvidence));
}

#[test]
fn an_empty_customer_id_is_refused() {
    assert_eq!(
        Account::new("").map(|_| ()),
        Err(ConfigError::EmptyCustomerId)
    );
    assert_eq!(
        Account::new(" ").map(|_| ()),
        Err(ConfigError::EmptyCustomerId)
    );
}

#[test]
fn tokens_are_not_displayed() {
    let shown = format!("{:?}", order(|_| ()));
    assert!(shown.starts_with("Unverified(OrderCallback {"), "{shown}");
    let proven = prove(order(|_| ()), &answer(|_| ())).unwrap();
    let event = format!("{:?}", proven.event());
    assert!(
        event.starts_with(
            "Event { gateway: \"citypay\", kind: Proven(Order), outcome: Proven(Settled)"
        ),
        "{event}"
    );
    for shown in [shown, format!("{proven:?}"), event] {
        assert!(!shown.contains(TOKEN), "{shown}");
    }
}

#[test]
fn order_addresses() {
    for (token, path) in [
        ("tok_4f9c1b7e", Some("tok_4f9c1b7e")),
        ("441", Some("441")),
        ("a b?c#d/e%f&g", Some("a%20b%3Fc%23d%2Fe%25f%26g")),
        ("ü@:~-._", Some("%C3%BC%40%3A~-._")),
        ("../admin", Some("..%2Fadmin")),
        ("...", Some("...")),
        ("", None),
        (".", None),
        ("..", None),
    ] {
        let account = Account::new("5120").unwrap();
        let url = |host| path.map(|path| format!("https://{host}/order/{path}/"));
        let expected = url("v2-order-api.citypay.io");
        assert_eq!(account.order_url(token), expected, "{token}");
        let expected = url("test-v2-order-api.citypay.io");
        assert_eq!(account.sandbox().order_url(token), expected, "{token}");
    }
}
