//! Bodies as gateways post them and as merchants report them
//! (`tests/vectors/real.jsonl`): what an endpoint answers, and what becomes of
//! the payment that the merchant waits for.

use payhook::MemoryLedger;
use payhook::testing::lives::Life;
use serde_json::{Value, json};

use crate::handler::block_on;

const REAL: &str = include_str!("../vectors/real.jsonl");

fn case(id: &str) -> Value {
    let cases = REAL
        .lines()
        .map(|line| -> Value { serde_json::from_str(line).unwrap() });
    cases.into_iter().find(|case| case["id"] == id).unwrap()
}

/// The case as a life: its deliveries, and the payment that is expected.
fn life(case: &Value) -> Value {
    let keys = case["keys"].as_array().cloned().unwrap_or_default();
    let keys: Vec<Value> = keys
        .into_iter()
        .map(|key| match key["secret"].as_str() {
            Some(secret) => json!({"scheme": "callback_secret", "secret": secret}),
            None => json!({
                "scheme": "login_password",
                "login": key["login"],
                "password": key["password"],
            }),
        })
        .collect();
    let deliveries = case["deliveries"].as_array().unwrap().iter();
    let steps: Vec<Value> = deliveries
        .enumerate()
        .map(|(index, body)| json!({"body": body, "answer": case["answers"][index]}))
        .collect();
    json!({
        "name": case["id"],
        "gateway": case["gateway"],
        "keys": keys,
        "tracking_ids": case.get("tracking_ids").unwrap_or(&json!("lettered")),
        "customer_id": "5120",
        "expected": expected(case),
        "steps": steps,
    })
}

fn expected(case: &Value) -> Vec<Value> {
    let expected = &case["expected"];
    let id = case["id"].as_str().unwrap();
    if id.contains("invoice") {
        // Today's word for it: an amount in the wallet's currency.
        return vec![json!({
            "kind": "invoice", "reference": expected["reference"],
            "currency": "USD", "amount": "100.00",
        })];
    }
    match (expected["kind"].as_str(), expected["amount"].as_str()) {
        (Some("customer"), _) => vec![json!({
            "kind": "top_up", "reference": expected["reference"],
            "currency": expected["currency"],
        })],
        (Some(kind), Some(amount)) => vec![json!({
            "kind": kind, "reference": expected["reference"],
            "currency": expected["currency"], "amount": amount,
        })],
        // Nothing is said of an amount: any token that was issued is expected.
        _ => {
            let tokens = case["issued"].as_array().cloned().unwrap_or_default();
            let order = |token: &Value| {
                let kind = if case["gateway"] == "citypay" {
                    "order"
                } else {
                    "deposit"
                };
                json!({"kind": kind, "reference": token, "currency": "USD", "amount": "2.00"})
            };
            tokens.iter().map(order).collect()
        }
    }
}

/// Each step as `status reference credited reviews`, and the payment's state in
/// the end.
fn story(id: &str) -> String {
    let life: Life = serde_json::from_value(life(&case(id))).unwrap();
    let played = block_on(life.play(&MemoryLedger::new())).unwrap();
    let mut story = Vec::new();
    for step in &played {
        let outcome = serde_json::to_value(&step.outcome).unwrap();
        let mut words = vec![outcome["status"].to_string()];
        for changed in outcome["change"].as_object().unwrap().values() {
            if let Some(amount) = changed["credited"].as_str() {
                words.push(format!("+{amount}"));
            }
            if changed["newly_paid"] == json!(true) {
                words.push("paid!".to_owned());
            }
            let codes = changed["review"].as_array().unwrap().iter();
            words.extend(codes.map(|code| code.as_str().unwrap().to_owned()));
        }
        story.push(words.join(" "));
    }
    let last = serde_json::to_value(&played.last().unwrap().outcome).unwrap();
    for payment in last["payments"].as_object().unwrap().values() {
        let state = payment["status"].as_str().unwrap_or("-");
        story.push(format!(
            "= {state} {}",
            payment["received"].as_str().unwrap()
        ));
    }
    story.join(", ")
}

/// Each case and what is right.
const RIGHT: &[(&str, &str)] = &[];

#[test]
fn every_case_comes_out_right() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for line in REAL.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap();
        let right = RIGHT
            .iter()
            .find(|(own, _)| *own == id)
            .map(|(_, right)| *right);
        let found = story(id);
        seen += 1;
        if right != Some(found.as_str()) {
            wrong.push(format!("    (\"{id}\", \"{found}\"),"));
        }
    }
    assert_eq!(seen, RIGHT.len().max(33), "a case is missing");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
