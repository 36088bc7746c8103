//! The builders produce all forms of the gateways' callbacks.

use payhook::b2binpay::{Callback, Key, Operation, TrackingIds, Verifier};
use payhook::citypay::{Account, OrderStatus};
use payhook::testing::b2binpay::{
    CallbackBuilder, CurrencyBuilder, deposit, payout, resign, transfer,
};
use payhook::testing::{BuildError, Json, citypay};
use payhook::{Amount, Unverified, Verified, VerifyError};

use crate::support::{self, SECRET};

fn key() -> Key {
    Key::callback_secret(SECRET).unwrap()
}

fn verify(body: &[u8], ids: TrackingIds) -> Result<Verified<Callback>, VerifyError> {
    Verifier::new(key(), ids).verify(Unverified::parse(body).unwrap())
}

#[test]
fn every_kind_verifies() {
    for status in [-3, -2, -1, 0, 1, 2, 7] {
        for builder in [
            deposit(),
            payout(),
            deposit().without_relationship(),
            payout().v2(),
        ] {
            let body = builder
                .tracking_id("order-1")
                .transfer_status(status)
                .sign(&key());
            let callback = verify(&body, TrackingIds::Prefixed).unwrap();
            let proven = callback.proven();
            assert_eq!(proven.transfer_status().unwrap().code(), status);
            assert_eq!(proven.tracking_id(), Some("order-1"));
        }
    }
    for builder in [deposit(), payout()] {
        let body = builder.clone().no_transfer().sign(&key());
        assert!(
            verify(&body, TrackingIds::Prefixed)
                .unwrap()
                .proven()
                .amount()
                .is_none()
        );
        let body = builder.v2().no_transfer().unsigned();
        let error = verify(&body, TrackingIds::Prefixed).unwrap_err();
        assert!(matches!(error, VerifyError::Unsigned));
    }
    let body = deposit().tracking_id(17).amount("10.5").sign(&key());
    let callback = verify(&body, TrackingIds::Unrestricted).unwrap();
    assert_eq!(
        callback.proven().ambiguous_text(),
        Some("210.50000000000000000017")
    );
}

#[test]
fn amounts_are_written_as_the_gateway_does() {
    let written = |body: CallbackBuilder| {
        let body = body.sign(&key());
        let callback = body.unverified().unwrap().into_unverified();
        callback.transfer().unwrap().amount().to_string()
    };
    assert_eq!(
        written(deposit().amount("0.3").currency("ETH")),
        "0.300000000000000000"
    );
    assert_eq!(written(deposit().amount("7").currency("USDT")), "7.000000");
    assert_eq!(
        written(deposit().amount("7.1234567").currency("USDT")),
        "7.1234567"
    );
    let other = CurrencyBuilder::new("XMR")
        .decimals(12)
        .confirmation_blocks(10);
    assert_eq!(
        written(deposit().amount("7").currency(other.clone())),
        "7.000000000000"
    );
    let body = deposit().currency(other).confirmed().sign(&key());
    let callback = body.unverified().unwrap().into_unverified();
    assert_eq!(callback.transfer().unwrap().confirmations(), Some(10));
    assert_eq!(callback.currency().unwrap().alpha(), Some("XMR"));

    let raw = deposit().set("included[1].attributes.amount", Json::raw("0.4120"));
    assert_eq!(written(raw), "0.4120");
}

#[test]
fn a_deposits_own_status_follows() {
    let status = |body: CallbackBuilder| {
        let body = body.sign(&key());
        let callback = body.unverified().unwrap().into_unverified();
        match callback.operation() {
            Operation::Deposit(deposit) => deposit.status().unwrap().code(),
            _ => panic!("a deposit"),
        }
    };
    assert_eq!(status(deposit()), 3);
    assert_eq!(status(deposit().unconfirmed(1)), 2);
    assert_eq!(status(deposit().requested("0.5")), 2);
    assert_eq!(status(deposit().requested("0.4")), 5);
    assert_eq!(status(deposit().no_transfer()), 4);
    assert_eq!(status(deposit().operation_status(9)), 9);
}

#[test]
fn times_follow_the_callbacks() {
    let time = "2027-01-01T00:00:10Z".parse().unwrap();
    let body = deposit().at(time).sign(&key());
    assert!(
        body.as_str()
            .contains(r#""time":"2027-01-01T00:00:10.000000Z""#)
    );
    assert!(
        body.as_str()
            .contains(r#""created_at":"2026-12-31T23:54:07.448131Z""#)
    );
    assert!(verify(&body, TrackingIds::Prefixed).is_ok());
}

#[test]
fn several_transfers_in_any_order() {
    let fee = || transfer().id("1").op_type(9).amount("2").currency("TRX");
    for body in [payout().include(fee()), payout().include_first(fee())] {
        let body = body
            .include(CurrencyBuilder::new("TRX"))
            .without_relationship()
            .sign(&key());
        let callback = verify(&body, TrackingIds::Prefixed).unwrap();
        assert_eq!(
            callback.proven().amount(),
            Some(&"125".parse::<Amount>().unwrap())
        );
        assert_eq!(callback.reported().other_transfers().count(), 1);
    }
    let odd = Json::parse(r#"{"type":"receipt","id":1}"#).unwrap();
    let body = deposit().include(odd).sign(&key());
    let callback = verify(&body, TrackingIds::Prefixed).unwrap();
    assert_eq!(callback.reported().other_resources().count(), 1);
}

#[test]
fn any_text_can_be_signed() {
    let body = deposit()
        .tracking_id("-order")
        .set("included[1].attributes.amount", "0.0105")
        .sign_message(&key(), &format!("20.0105-order{}", support::TIME));
    assert!(verify(&body, TrackingIds::Unrestricted).is_ok());
    let signature = support::sign(SECRET, &format!("20.0105-order{}", support::TIME));
    assert!(body.as_str().contains(&signature));
}

#[test]
fn impossible_bodies_are_errors() {
    let error = deposit().set("data.id.x", 1).try_sign(&key()).unwrap_err();
    assert_eq!(error.to_string(), "no value at `data.id.x`");
    for path in [
        "",
        "data..id",
        "included[7]",
        "included[x]",
        "data[0]",
        "meta.time.x",
    ] {
        let error = deposit().sign(&key()).try_set(path, 1).map(|_| ());
        let expected = if path.is_empty() { Ok(()) } else { Err(path) };
        assert_eq!(
            error.map_err(|error| error.to_string()),
            expected.map_err(|path| format!("no value at `{path}`"))
        );
    }
    for path in ["data.nothing", "included[2]", "included[9]", "data.id[0]"] {
        let error = deposit().remove(path).try_sign(&key()).unwrap_err();
        assert!(matches!(error, BuildError::Path { .. }), "{path}");
    }
    let error = deposit()
        .set("data.type", "refund")
        .try_sign(&key())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot determine the signed fields of this body"
    );
    assert!(matches!(error, BuildError::Parse(_)));
}

#[test]
#[should_panic(
    expected = "cannot determine the signed fields of this body: `data.id`: missing required field"
)]
fn a_wrong_test_panics() {
    let _ = deposit().remove("data.id").sign(&key());
}

#[test]
fn json_is_kept_verbatim() {
    for text in [
        r#"{"b":1e-8,"a":[0.100,-0,"\u00e9",true,null],"a":{}}"#,
        "[]",
        "\"x\"",
        "1.0",
    ] {
        assert_eq!(Json::parse(text).unwrap().to_string(), text);
    }
    assert_eq!(
        Json::parse(" { \"a\" : [ 1 ] } ").unwrap().to_string(),
        r#"{"a":[1]}"#
    );
    for text in ["", "{", "[1,]", "1 2", "{\"a\":1}}"] {
        assert!(Json::parse(text).is_err(), "{text}");
    }
    assert_eq!(Json::from(Some(-3)).to_string(), "-3");
    assert_eq!(Json::from(None::<bool>).to_string(), "null");
    assert_eq!(Json::from("é\"\n".to_owned()).to_string(), "\"é\\\"\\n\"");
}

#[test]
fn responses_belong_to_their_orders() {
    let account = Account::new("5120").unwrap();
    for (order, total) in [
        (citypay::order(), Some("0.0006527")),
        (citypay::order().created(), None),
        (citypay::order().underpaid(), Some("0.00013054")),
        (citypay::order().overpaid(), Some("0.000815875")),
        (
            citypay::order().received("0.0004").received("0.0002527"),
            Some("0.0006527"),
        ),
    ] {
        let token = "tok_4f9c1b7e";
        let callback = order.callback().unverified().unwrap();
        let proven = account
            .prove_order(callback, token, &order.answer("5120"))
            .unwrap();
        let answer = order.answer("5120").answer().unwrap();
        let received = answer.received();
        assert!(answer.totals_agree() && answer.totals_agree_fiat());
        let expected = total.unwrap_or("0").parse().unwrap();
        assert_eq!(received, Some(expected));
        assert!(!proven.proven().is_stale());
    }
    let underpaid = citypay::order().underpaid().answer("5120");
    let underpaid = underpaid.answer().unwrap();
    let transaction = underpaid.transactions().next().unwrap();
    let missing = Some("0.00052216".parse().unwrap());
    assert_eq!(transaction.amount().under_paid(), missing);
    let fiat = &transaction.amount_fiat();
    assert_eq!(fiat.total().as_ref().unwrap().as_str(), "12.00");
    assert_eq!(fiat.base(), fiat.total());
    let euro = citypay::order().fiat_currency("EUR").answer("5120");
    let answer = euro.answer().unwrap();
    let currency = answer.currency().unwrap();
    assert_eq!(currency.currency(), Some("EUR"));

    let paid = citypay::order().callback().unverified().unwrap();
    let foreign = citypay::order().answer("9");
    let error = account
        .prove_order(paid, "tok_4f9c1b7e", &foreign)
        .unwrap_err();
    assert!(matches!(error, VerifyError::OtherCustomer));
    let error = citypay::error_response(404, "Not found")
        .answer()
        .unwrap_err();
    assert!(matches!(
        error,
        VerifyError::AnswerRefused { code: Some(404) }
    ));
    let behind = citypay::order().paid_unconfirmed().answer("5120");
    assert_eq!(
        behind.answer().unwrap().status(),
        OrderStatus::PaidUnconfirmed
    );
}

#[test]
fn a_set_order_is_written() {
    let order = citypay::order()
        .order_id("A-17")
        .action("refund")
        .at("2027-01-01T00:00:00Z".parse().unwrap())
        .received("0.5")
        .exchange_rate("3");
    let reported = order.callback().unverified().unwrap().into_unverified();
    assert_eq!(reported.order_id().unwrap(), "A-17");
    assert_eq!(reported.action().unwrap().as_str(), "refund");
    assert_eq!(reported.created_at().unwrap().as_str(), "2027-01-01 00:00");
    assert_eq!(reported.exchange_rate().unwrap().as_str(), "3");
    assert_eq!(reported.received_amount_in_fiat().unwrap().as_str(), "1.50");

    for (order, label) in [
        (order.clone().created(), "In-progress"),
        (order.clone().paid_unconfirmed(), "Paid/Unconfirmed"),
        (order.confirmed(), "Confirmed"),
    ] {
        let answer: serde_json::Value = serde_json::from_slice(&order.answer("5120")).unwrap();
        assert_eq!(answer["data"]["status"]["label"], label);
    }
}

#[test]
fn a_set_deposit_is_written() {
    let pending = citypay::deposit()
        .transaction_id("tx-9")
        .at("2027-01-01T00:00:00Z".parse().unwrap())
        .pending();
    for (deposit, status, action) in [
        (pending.clone(), "Pending", "receive_transaction"),
        (pending.confirmed(), "Confirmed", "confirmation"),
    ] {
        let reported = deposit.callback().unverified().unwrap().into_unverified();
        assert_eq!(reported.transaction_id().unwrap(), "tx-9");
        assert_eq!(reported.created_at().unwrap().as_str(), "2027-01-01 00:00");
        assert_eq!(reported.status().unwrap().as_str(), status);
        assert_eq!(reported.action().unwrap().as_str(), action);
    }
}

#[test]
fn a_set_transfer_is_written() {
    let reported = |builder: CallbackBuilder| {
        let body = builder.sign(&key());
        body.unverified().unwrap().into_unverified()
    };
    let confirmations = |builder| reported(builder).transfer().unwrap().confirmations();
    assert_eq!(confirmations(deposit().confirmations(7)), Some(7));
    // The confirmations of the new status.
    assert_eq!(confirmations(deposit().unconfirmed(7).created()), Some(0));
    assert_eq!(confirmations(deposit().transfer_status(1)), Some(1));

    let other = transfer().id("1").amount("2").currency("TRX").txid("tx-1");
    let callback = reported(deposit().include(other.op_type(9)));
    let other = callback.other_transfers().next().unwrap();
    assert_eq!(other.amount().as_str(), "2.000000");
    assert_eq!(other.txid(), Some("tx-1"));

    // Incoming money has a commission.
    let own = callback.transfer().unwrap();
    assert!(!own.commission().as_ref().unwrap().is_zero());
    assert!(other.commission().as_ref().unwrap().is_zero());
    let callback = reported(payout());
    let own = callback.transfer().unwrap();
    assert!(own.commission().as_ref().unwrap().is_zero());
}

#[test]
fn a_recorded_body_is_signed_again() {
    let recorded = deposit().tracking_id("order-7").sign(&key());
    let other = Key::callback_secret("another").unwrap();
    let body = resign(&recorded, &other).unwrap();
    assert_ne!(body.as_str(), recorded.as_str());
    let verifier = Verifier::new(other, TrackingIds::Prefixed);
    let callback = verifier.verify(body.unverified().unwrap()).unwrap();
    assert_eq!(callback.proven().tracking_id(), Some("order-7"));
}

#[test]
fn a_body_is_its_bytes() {
    let body = deposit().sign(&key());
    let bytes: &[u8] = body.as_ref();
    assert_eq!(bytes, body.as_str().as_bytes());
    assert_eq!(&*body, bytes);
}

/// A test body may be signed with a real key.
#[test]
fn debug_shows_no_body() {
    let body = deposit().sign(&key());
    assert_eq!(format!("{body:?}"), "Body { length: 1767, .. }");
}

/// Deeper than any stack: an attacker may post it, and a recorded body may contain it.
#[test]
fn deeply_nested_bodies_are_signed_verbatim() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let body = deposit()
            .set(
                "data.attributes.travel_rule_info",
                Json::raw(nested.as_str()),
            )
            .sign(&key());
        let body = resign(&body, &key()).unwrap();
        assert!(body.as_str().contains(&nested));
        let parsed = Json::parse(&nested).unwrap();
        assert_eq!(parsed.clone().to_string(), nested);
    }
}

#[test]
fn a_path_of_many_steps_finds_nothing() {
    let path = "a.".repeat(100_000) + "a";
    assert!(deposit().unsigned().try_set(&path, 1).is_err());
}

/// A typo in a path must not make a test ineffective.
#[test]
fn only_the_last_step_of_a_path_is_added() {
    let body = deposit().sign(&key());
    for path in [
        "dta.attributes.tracking_id",
        "included[1].atributes.amount",
        "meta.a.b",
    ] {
        let error = body.clone().try_set(path, 1).unwrap_err();
        assert_eq!(error.to_string(), format!("no value at `{path}`"));
        assert!(deposit().set(path, 1).try_sign(&key()).is_err(), "{path}");
    }
    for path in ["data.attributes.is_actibe", "included[2]", "brand_new"] {
        assert!(body.clone().try_set(path, 1).is_ok(), "{path}");
    }
}

/// An id or amount that is not a JSON number becomes a string: `007` would make the
/// body invalid.
#[test]
fn invalid_numbers_become_strings() {
    for id in ["d-1", "007", "1 2", ""] {
        let body = deposit().id(id).unsigned();
        let json: serde_json::Value = serde_json::from_str(body.as_str()).unwrap();
        assert_eq!(json["included"][1]["attributes"]["op_id"], id);
    }
    for amount in ["abc", ".5", "01", "1,5"] {
        let order = citypay::order().amount(amount).exchange_rate(amount);
        let json: serde_json::Value = serde_json::from_str(order.callback().as_str()).unwrap();
        assert_eq!(json["received_amount_in_coins"], amount);
        let answer = order.answer("5120");
        let json: serde_json::Value = serde_json::from_str(answer.as_str()).unwrap();
        assert_eq!(json["data"]["transactions"][0]["amount"]["base"], amount);
        assert_eq!(json["data"]["transactions"][0]["amount"]["total"], amount);
    }
}
