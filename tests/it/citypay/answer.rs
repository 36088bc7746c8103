//! The order endpoint's answer.

use chrono::{DateTime, FixedOffset, Utc};
use payhook::citypay::{OrderAnswer, OrderStatus};
use payhook::{ParseError, VerifyError};
use serde_json::{Value, json};

use crate::support::body;

fn recorded() -> Value {
    serde_json::from_slice(&body("citypay-order-underpaid.answer.json")).unwrap()
}

fn parse(answer: &Value) -> OrderAnswer {
    OrderAnswer::parse(answer.to_string().as_bytes()).unwrap()
}

#[test]
fn both_envelopes_and_all_fields() {
    let answer = OrderAnswer::parse(&body("citypay-order-underpaid.answer.json")).unwrap();
    assert_eq!(answer.anomalies(), []);
    assert_eq!(answer.status, OrderStatus::Underpaid);
    assert_eq!(
        (&*answer.customer_id, answer.id.as_deref()),
        ("5120", Some("441"))
    );
    assert!(answer.token.is("tok_4f9c1b7e"));
    assert_eq!(answer.coin.as_deref(), Some("BTC"));
    assert_eq!(answer.amount_fiat.as_ref().unwrap().as_str(), "60.00");
    assert_eq!(answer.amount.as_ref().unwrap().as_str(), "0.00065270");
    assert_eq!(
        answer.currency.as_ref().unwrap().abbreviation.as_deref(),
        Some("USD")
    );
    // Milliseconds rather than the stamp without a zone.
    assert_eq!(
        answer
            .created_at
            .as_ref()
            .unwrap()
            .utc()
            .unwrap()
            .to_rfc3339(),
        "2026-03-02T09:10:00+00:00"
    );
    let transaction = &answer.transactions[0];
    let under_paid = transaction.amount.under_paid.as_ref().unwrap();
    assert!(under_paid.is_negative());
    assert_eq!(under_paid.as_str(), "-0.00051781");
    assert_eq!(answer.transaction("9001"), Some(transaction));
    assert_eq!(
        answer.transaction(transaction.hash.as_deref().unwrap()),
        Some(transaction)
    );
    assert_eq!(answer.transaction("9002"), None);

    // As text: a `Value` would turn 0.00065270 into another number's text.
    let text = String::from_utf8(body("citypay-order-underpaid.answer.json")).unwrap();
    let text = text.replacen(r#""status":1,"#, r#""success":true,"message":null,"#, 1);
    let other = OrderAnswer::parse(text.as_bytes()).unwrap();
    assert_eq!(
        serde_json::to_string(&other).unwrap(),
        serde_json::to_string(&answer).unwrap()
    );
    let again = parse(&serde_json::to_value(&answer).unwrap());
    assert_eq!(
        serde_json::to_string(&again).unwrap(),
        serde_json::to_string(&answer).unwrap()
    );
    assert_eq!(again.transactions, answer.transactions);
    let zone = FixedOffset::east_opt(0).unwrap();
    assert_eq!(
        (again.status, again.created_at),
        (answer.status.clone(), answer.created_at.clone())
    );
    assert_eq!(
        OrderAnswer::parse(written_without_minutes(&answer).as_bytes())
            .unwrap()
            .expires_at(zone),
        answer.expires_at(zone)
    );
}

/// As it is written, without `expirationTime`: the stamps have to be enough.
fn written_without_minutes(answer: &OrderAnswer) -> String {
    let mut written = serde_json::to_value(answer).unwrap();
    written["data"]["expirationTime"] = json!(null);
    written.to_string()
}

#[test]
fn what_came_is_the_total_and_nothing_else() {
    let received = |amount: Value| {
        let mut answer = recorded();
        answer["data"]["transactions"][0]["amount"] = amount;
        parse(&answer).transactions[0]
            .received()
            .map(ToString::to_string)
    };
    assert_eq!(
        received(json!({"base": "1", "total": "2"})).as_deref(),
        Some("2")
    );
    // Of an underpaid order, the base is what was due.
    assert_eq!(received(json!({"base": "1"})), None);
    // What is missing or over is a difference, and may have either sign.
    assert_eq!(received(json!({"underPaid": "-1", "overPaid": "-1"})), None);
}

#[test]
fn a_transaction_is_found_if_only_one_fits() {
    let with = |transactions: Value| {
        let mut answer = recorded();
        answer["data"]["transactions"] = transactions;
        parse(&answer)
    };
    let found = |answer: &OrderAnswer, id: &str| {
        answer
            .transaction(id)
            .map(|t| t.id.clone().unwrap().to_string())
    };
    let answer = with(
        json!([{"id": 5, "hash": "7"}, {"id": 7, "hash": "0xAB"}, {"id": 8, "hash": "0xCD"}, {"id": 9, "hash": "0xcd"}]),
    );
    assert_eq!(found(&answer, "7").as_deref(), Some("7"));
    assert_eq!(found(&answer, "0xab").as_deref(), Some("7"));
    assert_eq!(found(&answer, "0xCD"), None);
    assert_eq!(found(&with(json!([{"id": 5}, {"id": 5}])), "5"), None);
}

/// A label never speaks for a code that can't be read.
#[test]
fn the_status_is_the_code() {
    let status = |status: Value| {
        let mut answer = recorded();
        answer["data"]["status"] = status;
        OrderAnswer::parse(answer.to_string().as_bytes()).map(|answer| answer.status)
    };
    for confirmed in [
        json!("CONFIRMED"),
        json!({"code": "CONFIRMED", "label": "whatever"}),
        json!({"code": 6, "label": "Confirmed"}),
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
fn what_is_empty_is_no_transaction() {
    let mut answer = recorded();
    answer["data"]["transactions"]
        .as_array_mut()
        .unwrap()
        .push(json!(null));
    assert_eq!(parse(&answer).transactions.len(), 1);
}

#[test]
fn debug_shows_nothing_of_the_payer() {
    let shown = format!(
        "{:?}",
        OrderAnswer::parse(&body("citypay-order-underpaid.answer.json")).unwrap()
    );
    assert!(shown.starts_with("OrderAnswer {"), "{shown}");
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
fn an_answer_has_a_mebibyte_at_most() {
    let mut longest = body("citypay-order-confirmed.answer.json");
    longest.resize(1024 * 1024, b' ');
    assert!(OrderAnswer::parse(&longest).is_ok());
    longest.push(b' ');
    let error = OrderAnswer::parse(&longest).unwrap_err();
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
        match OrderAnswer::parse(answer.to_string().as_bytes()) {
            Err(VerifyError::AnswerRefused { code }) => assert_eq!(code, expected),
            other => panic!("{answer}: {other:?}"),
        }
    }
}

#[test]
fn what_decides_is_strict() {
    type Change = fn(&mut Value);
    let changes: &[(Change, &str)] = &[
        (
            |a| a["data"] = json!(null),
            "`data`: expected a value, found none",
        ),
        (|a| a["data"] = json!(7), "`data`: expected an object"),
        (
            |a| a["data"]["token"] = json!(null),
            "`data.token`: expected a value, found none",
        ),
        (
            |a| a["data"]["customerId"] = json!(""),
            "`data.customerId`: expected a value, found none",
        ),
        (
            |a| a["data"]["status"] = json!(null),
            "`data.status`: expected a value, found none",
        ),
        (
            |a| a["data"]["status"] = json!({}),
            "`data.status`: expected a value, found none",
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
            "`data.transactions[0].amount.total`: expected an amount that is not negative",
        ),
    ];
    for (change, message) in changes {
        let mut answer = recorded();
        change(&mut answer);
        match OrderAnswer::parse(answer.to_string().as_bytes()) {
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
    assert_eq!(parse(&odd).anomalies().len(), 4);
    odd["data"]["transactions"] = json!({"0": 1});
    let odd = parse(&odd);
    assert_eq!(odd.transactions, []);
    let line = "`data.transactions`: expected a list";
    assert_eq!(odd.anomalies()[0].to_string(), line);
    let mut long = recorded();
    long["data"]["transactions"] = json!(vec![json!({}); 1001]);
    let error = OrderAnswer::parse(long.to_string().as_bytes()).unwrap_err();
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
        let VerifyError::AnswerUnreadable(error) = OrderAnswer::parse(text.as_bytes()).unwrap_err()
        else {
            panic!("{path}");
        };
        assert_eq!(
            error.to_string(),
            format!("`{path}`: the key stands there twice")
        );
    }
}

#[test]
fn expiry() {
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let tbilisi = FixedOffset::east_opt(4 * 3600).unwrap();
    let expires = |change: &dyn Fn(&mut Value)| {
        let mut answer = recorded();
        change(&mut answer["data"]);
        parse(&answer).expires_at(tbilisi)
    };
    // The milliseconds of the creation, before the zoneless `expiresAt`.
    assert_eq!(expires(&|_| ()), Some(at("2026-03-02T10:10:00Z")));
    assert_eq!(
        expires(&|data| data["expiresAt"] = json!("2026-03-02T11:00:00Z")),
        Some(at("2026-03-02T11:00:00Z"))
    );
    assert_eq!(
        expires(&|data| data["expiresAt"] = json!(1_772_442_700_000_u64)),
        Some(at("2026-03-02T09:11:40Z"))
    );
    // The local stamps differ by 50 minutes; their zone does not matter.
    assert_eq!(
        expires(&|data| data["expiresAt"] = json!("2026-03-02 10:00")),
        Some(at("2026-03-02T10:00:00Z"))
    );
    // Only local times left: the merchant's zone.
    let no_milliseconds = |data: &mut Value| data["createdAtMiliseconds"] = json!(null);
    assert_eq!(expires(&no_milliseconds), Some(at("2026-03-02T06:10:00Z")));
    assert_eq!(
        expires(&|data| {
            no_milliseconds(data);
            data["expiresAt"] = json!(null);
        }),
        Some(at("2026-03-02T06:10:00Z"))
    );
    assert_eq!(
        expires(&|data| {
            data["expiresAt"] = json!(null);
            data["expirationTime"] = json!(null);
        }),
        None
    );
    for (now, expired) in [
        ("2026-03-02T10:09:59Z", false),
        ("2026-03-02T10:10:00Z", true),
    ] {
        let found = parse(&recorded()).is_expired_at(at(now), tbilisi);
        assert_eq!(found, Some(expired), "{now}");
    }
}
