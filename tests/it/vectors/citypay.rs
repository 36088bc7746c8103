//! The vectors of CityPay.io, checked with the parser and the order endpoint's proof.

use chrono::FixedOffset;
use payhook::citypay::{
    Account, Action, AmountBreakdown, Callback, DepositCallback, OrderCallback, OrderDetails, Token,
};
use payhook::{
    Amount, Fact, Outcome, ParseError, Timestamp, Unverified, VerifyError,
    verified::DEFAULT_BODY_LIMIT,
};
use serde_json::{Map, Value, json};

use crate::support::{Case, Query, cases};

/// The keys of amounts in the vectors, which are compared by value.
const AMOUNTS: [&str; 16] = [
    "received_amount",
    "received_amount_in_coins",
    "received_amount_in_fiat",
    "exchange_rate",
    "amount",
    "amount_fiat",
    "base",
    "base_fiat",
    "received",
    "received_fiat",
    "total",
    "total_fiat",
    "under_paid",
    "under_paid_fiat",
    "over_paid",
    "over_paid_fiat",
];

#[test]
fn every_case() {
    let cases: Vec<_> = cases()
        .into_iter()
        .filter(|case| !case.is_b2binpay())
        .collect();
    assert!(cases.len() > 140, "{} cases", cases.len());
    for case in cases {
        check(&case.name, &case.expect, &found(&case));
    }
}

/// The result of a case, in the vectors' terms.
fn found(case: &Case) -> Value {
    let order = match Callback::parse_within(&case.body, DEFAULT_BODY_LIMIT) {
        Ok(Callback::Order(order)) => order,
        Ok(Callback::Deposit(deposit)) => return deposit_facts(deposit.unverified()),
        Ok(other) => panic!("{}: {other:?}", case.name),
        Err(ParseError::Unsupported { .. }) => {
            return json!({"parsed": false, "error": "unsupported"});
        }
        Err(_) => return json!({"parsed": false, "error": "parse"}),
    };
    let mut facts = order_facts(order.unverified());
    if let Some(query) = &case.query {
        let proof = match prove(order, query) {
            Ok(proof) => proof,
            Err(error) => refusal(&error),
        };
        facts
            .as_object_mut()
            .unwrap()
            .extend(proof.as_object().unwrap().clone());
    }
    facts
}

fn prove(order: Unverified<OrderCallback>, query: &Query) -> Result<Value, VerifyError> {
    let account = Account::new(&query.customer_id).unwrap();
    let order = account.prove_order(order, &query.issued, &query.answer)?;
    let proven = order.proven();
    let mut answer = answer_facts(proven.answer().unwrap());
    let end = proven.expires_at();
    answer["expires_at"] = json!(end.map(|end| written(end.naive_utc(), true)));
    let mut facts = json!({
        "proven": true,
        "behind": proven.is_stale(),
        "order_url": account.order_url(&query.issued),
        "answer": answer,
    });
    let outcome = order.event().outcome();
    facts["review"] = json!(outcome == Fact::Reported(Outcome::ManualReview));
    Ok(facts)
}

fn refusal(error: &VerifyError) -> Value {
    let (word, code) = match error {
        VerifyError::AnswerMismatch { .. } => ("other_order", None),
        VerifyError::AnswerRefused { code } => ("answer_refused", *code),
        VerifyError::AnswerUnreadable(_) => ("answer_unreadable", None),
        VerifyError::MissingToken => ("missing_token", None),
        VerifyError::NotIssued => ("not_issued", None),
        VerifyError::OtherCustomer => ("other_customer", None),
        other => panic!("{other}"),
    };
    json!({"proven": false, "error": word, "code": code})
}

fn order_facts(order: &OrderCallback) -> Value {
    let utc = FixedOffset::east_opt(0).unwrap();
    let is_local = order
        .created_at()
        .as_ref()
        .is_some_and(|it| it.utc().is_none());
    let expiry = order.expires_at(utc);
    json!({
        "parsed": true,
        "kind": "order",
        "status": order.status().as_ref().map(|status| status.as_str().to_lowercase()),
        "action": order.action().as_ref().map(Action::as_str),
        "order_id": order.order_id(),
        "client_order_id": order.client_order_id(),
        "transaction_id": order.transaction_id(),
        "received_amount_in_coins": order.received_amount_in_coins(),
        "received_amount_in_fiat": order.received_amount_in_fiat(),
        "fiat_currency": order.fiat_currency(),
        "crypto_currency": order.crypto_currency(),
        "created_at": order.created_at().as_ref().map(moment),
        "order_token": order.order_token().as_ref().map(Token::as_str),
        "order_expiration": order.order_expiration(),
        // The same form of time as that of the creation.
        "expires_at": expiry.map(|end| written(end.naive_utc(), !is_local)),
        "exchange_rate": order.exchange_rate(),
    })
}

fn deposit_facts(deposit: &DepositCallback) -> Value {
    json!({
        "parsed": true,
        "kind": "deposit",
        "status": deposit.status().as_ref().map(|status| status.as_str().to_lowercase()),
        "action": deposit.action().as_ref().map(Action::as_str),
        "transaction_id": deposit.transaction_id(),
        "received_amount": deposit.received_amount(),
        "crypto_currency": deposit.crypto_currency(),
        "exchange_rate": deposit.exchange_rate(),
        "created_at": deposit.created_at().as_ref().map(moment),
        "deposit_token": deposit.deposit_token().as_ref().map(Token::as_str),
    })
}

fn answer_facts(answer: &OrderDetails) -> Value {
    let currency = answer.currency();
    let transactions = answer.transactions().map(|transaction| {
        let mut facts = json!({"id": transaction.id(), "hash": transaction.hash()});
        parts(facts.as_object_mut().unwrap(), "", &transaction.amount());
        parts(
            facts.as_object_mut().unwrap(),
            "_fiat",
            &transaction.amount_fiat(),
        );
        facts
    });
    json!({
        "status": answer.status().as_str().to_lowercase(),
        "id": answer.id(),
        "customer_id": answer.customer_id(),
        "token": answer.token().as_str(),
        "coin": answer.coin(),
        "coin_base_name": answer.coin_base_name(),
        "company_name": answer.company_name(),
        "qr_code": answer.qr_code(),
        "amount": answer.amount(),
        "amount_fiat": answer.amount_fiat(),
        "exchange_rate": answer.exchange_rate(),
        "currency": currency.and_then(|currency| currency.abbreviation()),
        "created_at": answer.created_at().as_ref().map(moment),
        "created_at_milliseconds": answer.created_at_milliseconds().as_ref().map(moment),
        "received": answer.received(),
        "received_fiat": answer.received_fiat(),
        "totals_agree": answer.totals_agree(),
        "totals_agree_fiat": answer.totals_agree_fiat(),
        "transactions": transactions.collect::<Vec<_>>(),
    })
}

fn parts(facts: &mut Map<String, Value>, ending: &str, parts: &AmountBreakdown) {
    for (key, amount) in [
        ("base", &parts.base()),
        ("total", &parts.total()),
        ("under_paid", &parts.under_paid()),
        ("over_paid", &parts.over_paid()),
    ] {
        facts.insert(format!("{key}{ending}"), json!(amount));
    }
}

/// A local time, or an instant with `Z`, without trailing zeros.
fn moment(stamp: &Timestamp) -> String {
    match (stamp.utc(), stamp.local()) {
        (Some(instant), _) => written(instant.naive_utc(), true),
        (None, local) => written(local.unwrap(), false),
    }
}

fn written(time: chrono::NaiveDateTime, is_instant: bool) -> String {
    let text = time.format("%Y-%m-%dT%H:%M:%S%.9f").to_string();
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let zone = if is_instant { "Z" } else { "" };
    format!("{text}{zone}")
}

/// All expected values are found; amounts are compared by value, lists entry by entry.
fn check(name: &str, expected: &Value, found: &Value) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(_)) => {
            for (key, expected) in expected {
                let found = &found[key];
                match (expected.as_str(), found.as_str()) {
                    (Some(expected), Some(found)) if AMOUNTS.contains(&key.as_str()) => {
                        let amount = |text: &str| text.parse::<Amount>().unwrap();
                        assert_eq!(amount(found), amount(expected), "{name}: {key}");
                    }
                    _ => check(&format!("{name}: {key}"), expected, found),
                }
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            assert_eq!(found.len(), expected.len(), "{name}");
            for (expected, found) in expected.iter().zip(found) {
                check(name, expected, found);
            }
        }
        _ => assert_eq!(found, expected, "{name}"),
    }
}
