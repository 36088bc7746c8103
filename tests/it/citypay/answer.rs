//! The order endpoint's answer.

use chrono::{DateTime, FixedOffset, Utc};
use payhook::VerifyError;
use payhook::citypay::{OrderAnswer, OrderStatus};
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
    assert_eq!(again.transactions, answer.transactions);
    assert_eq!(again.status, answer.status);
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
    let changes: [(Change, &str); 10] = [
        (
            |a| a["data"] = json!(null),
            "`data`: expected a value, found none",
        ),
        (|a| a["data"] = json!([]), "`data`: expected an object"),
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
            |a| a["data"]["transactions"] = json!({}),
            "`data.transactions`: expected a list",
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
            Err(VerifyError::AnswerUnreadable(error)) => assert_eq!(error.to_string(), message),
            other => panic!("{message}: {other:?}"),
        }
    }
    let mut odd = recorded();
    odd["data"]["email"] = json!(7);
    odd["data"]["expiresAt"] = json!("soon");
    assert_eq!(parse(&odd).anomalies().len(), 2);
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
    assert_eq!(
        parse(&recorded()).is_expired_at(at("2026-03-02T10:10:00Z"), tbilisi),
        Some(true)
    );
}
