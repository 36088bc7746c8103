//! The order endpoint's response.

use chrono::{DateTime, FixedOffset, Utc};
use payhook::citypay::{OrderDetails, OrderStatus};
use payhook::{ParseError, VerifyError};
use serde_json::{Value, json};

use crate::support::body;

fn recorded() -> Value {
    serde_json::from_slice(&body("citypay-order-underpaid.answer.json")).unwrap()
}

fn parse(answer: &Value) -> OrderDetails {
    OrderDetails::parse(answer.to_string().as_bytes()).unwrap()
}

#[test]
fn both_envelopes_and_all_fields() {
    let answer = OrderDetails::parse(&body("citypay-order-underpaid.answer.json")).unwrap();
    assert_eq!(answer.warnings(), []);
    assert_eq!(answer.status(), OrderStatus::Underpaid);
    assert_eq!((answer.customer_id(), answer.id()), ("5120", Some("441")));
    assert!(answer.token().matches("tok_4f9c1b7e"));
    assert_eq!(answer.coin(), Some("Bitcoin"));
    assert_eq!(answer.coin_base_name(), Some("btc"));
    assert_eq!(answer.company_name(), Some("Shop"));
    assert_eq!(answer.amount_fiat().as_ref().unwrap().as_str(), "60.00");
    assert_eq!(answer.amount().as_ref().unwrap().as_str(), "0.00065270");
    assert_eq!(
        answer.currency().as_ref().unwrap().abbreviation(),
        Some("USD")
    );
    // Without a time zone it is UTC; the text is unchanged.
    let created = answer.created_at().unwrap();
    assert_eq!(created.as_str(), "2026-03-02 09:10");
    assert_eq!(
        created.utc().unwrap().to_rfc3339(),
        "2026-03-02T09:10:00+00:00"
    );
    let transaction = answer.transactions().next().unwrap();
    let under_paid = transaction.amount().under_paid().unwrap();
    assert_eq!(under_paid.as_str(), "0.00051781");
    assert_eq!(answer.transaction("9001"), Some(transaction));
    assert_eq!(
        answer.transaction(transaction.hash().unwrap()),
        Some(transaction)
    );
    assert_eq!(answer.transaction("9002"), None);

    // As text: a `Value` would turn 0.00065270 into another number's text.
    let text = String::from_utf8(body("citypay-order-underpaid.answer.json")).unwrap();
    let text = text.replacen(r#""status":1,"#, r#""success":true,"message":null,"#, 1);
    let other = OrderDetails::parse(text.as_bytes()).unwrap();
    assert_eq!(
        serde_json::to_string(&other).unwrap(),
        serde_json::to_string(&answer).unwrap()
    );
    let again = parse(&serde_json::to_value(&answer).unwrap());
    assert_eq!(
        serde_json::to_string(&again).unwrap(),
        serde_json::to_string(&answer).unwrap()
    );
    assert!(again.transactions().eq(answer.transactions()));
    assert_eq!(again.expires_at(60), answer.expires_at(60));
    assert_eq!(
        (again.status(), again.created_at()),
        (answer.status().clone(), answer.created_at().clone())
    );
}

#[test]
fn the_received_amount_is_the_base_amount() {
    let received = |amount: Value| {
        let mut answer = recorded();
        answer["data"]["transactions"][0]["amount"] = amount;
        let answer = parse(&answer);
        let transaction = answer.transactions().next().unwrap();
        assert_eq!(answer.received(), transaction.received());
        transaction.received().map(|amount| amount.to_string())
    };
    assert_eq!(
        received(json!({"base": "1", "total": "2"})).as_deref(),
        Some("1")
    );
    // The total belongs to the order, not to the transaction.
    assert_eq!(received(json!({"total": "1"})), None);
    // The difference may have either sign: underpaid or overpaid.
    assert_eq!(received(json!({"underPaid": "-1", "overPaid": "-1"})), None);
}

#[test]
fn a_transaction_is_found_if_only_one_matches() {
    let with = |transactions: Value| {
        let mut answer = recorded();
        answer["data"]["transactions"] = transactions;
        parse(&answer)
    };
    let found = |answer: &OrderDetails, id: &str| {
        answer.transaction(id).map(|t| t.id().unwrap().to_string())
    };
    let answer = with(
        json!([{"id": 5, "hash": "7"}, {"id": 7, "hash": "0xAB"}, {"id": 8, "hash": "0xCD"}, {"id": 9, "hash": "0xcd"}]),
    );
    assert_eq!(found(&answer, "7").as_deref(), Some("7"));
    assert_eq!(found(&answer, "0xab").as_deref(), Some("7"));
    // A transaction that is listed twice counts as one.
    assert_eq!(found(&answer, "0xCD").as_deref(), Some("8"));
    assert_eq!(answer.transactions().count(), 3);
    let twice = |base: Value| {
        with(json!([{"id": 5, "amount": {"base": 1}}, {"id": 5, "amount": {"base": base}}]))
    };
    for same in [json!(1), json!("1.0"), json!(null)] {
        assert_eq!(found(&twice(same), "5").as_deref(), Some("5"));
    }
    let other = twice(json!(2));
    assert_eq!(found(&other, "5"), None);
    assert!(!other.totals_agree() && other.totals_agree_fiat());
}

/// A label does not replace a code that cannot be parsed.
#[test]
fn the_status_is_the_code() {
    let status = |status: Value| {
        let mut answer = recorded();
        answer["data"]["status"] = status;
        OrderDetails::parse(answer.to_string().as_bytes()).map(|answer| answer.status())
    };
    for confirmed in [
        json!("CONFIRMED"),
        json!({"code": "CONFIRMED", "label": "whatever"}),
        json!({"code": 6, "label": "Confirmed"}),
        json!({"code": "6", "label": "Confirmed"}),
        json!({"code": "", "label": "Confirmed"}),
        json!({"code": null, "label": "Confirmed"}),
    ] {
        assert_eq!(status(confirmed).unwrap(), OrderStatus::Confirmed);
    }
    for unreadable in [
        json!({"code": ["CANCELED"], "label": "Confirmed"}),
        json!({"code": true, "label": "Confirmed"}),
    ] {
        let error = status(unreadable).unwrap_err();
        assert!(matches!(error, VerifyError::AnswerUnreadable(_)), "{error}");
    }
}

#[test]
fn empty_entries_are_not_transactions() {
    let mut answer = recorded();
    answer["data"]["transactions"]
        .as_array_mut()
        .unwrap()
        .push(json!(null));
    assert_eq!(parse(&answer).transactions().count(), 1);
}

#[test]
fn debug_omits_the_payers_data() {
    let shown = format!(
        "{:?}",
        OrderDetails::parse(&body("citypay-order-underpaid.answer.json")).unwrap()
    );
    assert!(shown.starts_with("OrderDetails {"), "{shown}");
    for hidden in [
        "payer@shop.example",
        "bc1q5d1f",
        "tok_4f9c1b7e",
        "https://shop.example",
    ] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

#[test]
fn responses_are_limited_to_a_mebibyte() {
    let mut longest = body("citypay-order-confirmed.answer.json");
    longest.resize(1024 * 1024, b' ');
    assert!(OrderDetails::parse(&longest).is_ok());
    longest.push(b' ');
    let error = OrderDetails::parse(&longest).unwrap_err();
    assert!(
        matches!(error, VerifyError::AnswerUnreadable(ParseError::TooLarge { limit, .. }) if limit == 1024 * 1024),
        "{error}"
    );
}

#[test]
fn error_forms() {
    for (answer, expected) in [
        (
            json!({"status": "error", "status_code": 404, "message": "Order not found"}),
            Some(404),
        ),
        (
            json!({"success": false, "data": null, "message": "no"}),
            None,
        ),
        (
            json!({"success": false, "data": recorded()["data"], "message": null}),
            None,
        ),
        (json!({"status": 0, "data": recorded()["data"]}), None),
        (json!({"status": "error", "data": recorded()["data"]}), None),
        (json!({"success": "true", "data": recorded()["data"]}), None),
        (json!({"data": recorded()["data"]}), None),
        (
            json!({"success": null, "status": "", "data": recorded()["data"]}),
            None,
        ),
        (
            json!({"success": true, "status": 0, "data": recorded()["data"]}),
            None,
        ),
    ] {
        match OrderDetails::parse(answer.to_string().as_bytes()) {
            Err(VerifyError::AnswerRefused { code }) => assert_eq!(code, expected),
            other => panic!("{answer}: {other:?}"),
        }
    }
}

#[test]
fn decisive_fields_are_strict() {
    type Change = fn(&mut Value);
    let changes: &[(Change, &str)] = &[
        (
            |a| a["data"] = json!(null),
            "`data`: missing required field",
        ),
        (|a| a["data"] = json!(7), "`data`: expected an object"),
        (
            |a| a["data"]["token"] = json!(null),
            "`data.token`: missing required field",
        ),
        (
            |a| a["data"]["customerId"] = json!(""),
            "`data.customerId`: missing required field",
        ),
        (
            |a| a["data"]["status"] = json!(null),
            "`data.status`: missing required field",
        ),
        (
            |a| a["data"]["status"] = json!({}),
            "`data.status`: missing required field",
        ),
        (
            |a| a["data"]["amount"] = json!("much"),
            "`data.amount`: expected a decimal number",
        ),
        (
            |a| a["data"]["transactions"][0] = json!(1),
            "`data.transactions[0]`: expected an object",
        ),
        (
            |a| a["data"]["transactions"][0]["amount"]["total"] = json!(-1),
            "`data.transactions[0].amount.total`: expected a non-negative amount",
        ),
    ];
    for (change, message) in changes {
        let mut answer = recorded();
        change(&mut answer);
        match OrderDetails::parse(answer.to_string().as_bytes()) {
            Err(VerifyError::AnswerUnreadable(error)) => assert_eq!(error.to_string(), *message),
            other => panic!("{message}: {other:?}"),
        }
    }
    let mut odd = recorded();
    odd["data"]["email"] = json!(7);
    odd["data"]["expiresAt"] = json!("soon");
    odd["data"]["currency"] = json!("USD");
    odd["data"]["transactions"][0]["amount"] = json!(0.5);
    odd["data"]["transactions"][0]["amountFiat"] = json!("");
    assert_eq!(parse(&odd).warnings().len(), 4);
    odd["data"]["transactions"] = json!({"0": 1});
    let odd = parse(&odd);
    assert_eq!(odd.transactions().count(), 0);
    let line = "`data.transactions`: expected an array";
    assert!(odd.warnings().into_iter().any(|it| it.to_string() == line));
    let mut long = recorded();
    long["data"]["transactions"] = json!(vec![json!({}); 1001]);
    let error = OrderDetails::parse(long.to_string().as_bytes()).unwrap_err();
    let VerifyError::AnswerUnreadable(error) = error else {
        panic!("{error}");
    };
    let line = "`data.transactions`: expected at most 1000 entries";
    assert_eq!(error.to_string(), line);
    for (twice, path) in [
        (
            r#""currency":{"abbreviation":"EUR","#,
            "data.currency.abbreviation",
        ),
        (
            r#""amount":{"total":1,"#,
            "data.transactions[0].amount.total",
        ),
    ] {
        let key = twice.split_inclusive('{').next().unwrap();
        let text = recorded().to_string().replacen(key, twice, 1);
        let VerifyError::AnswerUnreadable(error) =
            OrderDetails::parse(text.as_bytes()).unwrap_err()
        else {
            panic!("{path}");
        };
        assert_eq!(error.to_string(), format!("`{path}`: duplicate key"));
    }
}

/// The expiry is unambiguous, or unknown.
#[test]
fn expiry() {
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let tbilisi = FixedOffset::east_opt(4 * 3600).unwrap();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut answer = recorded();
        change(&mut answer["data"]);
        answer.to_string()
    };
    let expires = |change: &dyn Fn(&mut Value)| {
        let answer = OrderDetails::parse(changed(change).as_bytes()).unwrap();
        assert_eq!(answer.warnings(), []);
        answer.expires_at(60)
    };
    let end = Some(at("2026-03-02T10:10:00Z"));
    assert_eq!(expires(&|_| ()), end);
    // The remaining time does not change it, in any of its forms.
    for (stated, left) in [
        (json!(null), json!(null)),
        (json!(3_591_482), json!(3_600_000)),
        (json!(1_772_442_600_000_u64), json!(0)),
        (json!(1_772_442_300_000_u64), json!(-300_000)),
        (json!("2026-03-02T11:00:00Z"), json!(60)),
        (json!("2026-03-02 10:10"), json!(60)),
    ] {
        let found = expires(&|data| {
            data["expiresAt"] = stated.clone();
            data["expirationTime"] = left.clone();
        });
        assert_eq!(found, end, "{stated} {left}");
    }
    // If the currency was chosen later, only `expiresAt` has the seconds.
    let chosen = |data: &mut Value| {
        data["createdAt"] = json!("2026-03-02 09:13");
        data["expiresAt"] = json!(1_772_446_431_102_u64);
        data["expirationTime"] = json!(3_600_102);
    };
    let later = Some(at("2026-03-02T10:13:51Z"));
    assert_eq!(expires(&chosen), later);
    assert_eq!(
        expires(&|data| {
            chosen(data);
            data["expiresAt"] = json!(null);
        }),
        None
    );
    for created in ["2026-03-02T09:13:51Z", "2026-03-02 09:13:51"] {
        let stamped = |data: &mut Value| data["createdAt"] = json!(created);
        assert_eq!(expires(&stamped), later, "{created}");
    }
    assert_eq!(expires(&|data| data["createdAt"] = json!(null)), None);

    // In the time zone set by the merchant.
    let text = changed(&|data| data["createdAt"] = json!("2026-03-02 13:13:51"));
    let there = OrderDetails::parse_in_zone(text.as_bytes(), tbilisi).unwrap();
    assert_eq!(there.expires_at(60), later);

    let answer = parse(&recorded());
    assert_eq!(
        answer.expires_at(30 * 24 * 60),
        Some(at("2026-04-01T09:10:00Z"))
    );
    // Milliseconds, or invalid values.
    for minutes in [30 * 24 * 60 + 1, 3_600_000, u32::MAX] {
        assert_eq!(answer.expires_at(minutes), None);
    }
}
