//! Bodies as gateways post them and as merchants report them
//! (`tests/vectors/real.jsonl`): what an endpoint answers, and what becomes of
//! the payment that the merchant waits for.

use payhook::MemoryLedger;
use payhook_conformance::lifecycles::RecordedLifecycle;
use serde_json::{Value, json};

use crate::block_on;

const REAL: &str = include_str!("../../../../tests/vectors/real.jsonl");

fn case(id: &str) -> Value {
    let cases = REAL
        .lines()
        .map(|line| -> Value { serde_json::from_str(line).unwrap() });
    cases.into_iter().find(|case| case["id"] == id).unwrap()
}

/// The case as a lifecycle: its deliveries, and the payment that is expected.
fn lifecycle(case: &Value) -> Value {
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
    if id.contains("invoice") && expected.is_object() {
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
    let lifecycle: RecordedLifecycle = serde_json::from_value(lifecycle(&case(id))).unwrap();
    let replayed = block_on(lifecycle.replay(&MemoryLedger::new())).unwrap();
    let mut story = Vec::new();
    for step in &replayed {
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
    let last = serde_json::to_value(&replayed.last().unwrap().outcome).unwrap();
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
const RIGHT: &[(&str, &str)] = &[
    (
        "token_awaited_by_its_plain_ticker",
        "200 +125 paid!, = paid 125",
    ),
    (
        "token_awaited_by_its_full_name",
        "200 +125 paid!, = paid 125",
    ),
    ("token_of_another_chain", "200 wrong_currency, = open 0"),
    (
        "invoice_in_the_wallets_currency_awaited_as_usd",
        "200 unproven, = held 100",
    ),
    (
        "one_satoshi_against_an_invoice_in_usd",
        "200 unproven, = held 0.06",
    ),
    (
        "confirmed_at_the_merchants_own_count_then_again",
        "200 +0.5 paid!, 200, = paid 0.5",
    ),
    (
        "too_small_then_collected",
        "200, 200, 200 +0.5 paid!, 200 wrong_kind, = overpaid 0.5004",
    ),
    ("algorand_address_activated_signed", "200 unmatched"),
    ("algorand_activation_transfer_confirmed", "200 unmatched"),
    (
        "unresolved_without_transfer_signed",
        "200 unresolved, = open 0",
    ),
    ("canceled_after_it_was_credited", "200, = closed 0"),
    (
        "overpaid_unresolved_with_confirmed_transfer",
        "200 +0.5 paid! overpaid, = overpaid 0.51",
    ),
    ("time_in_unix_seconds", "400"),
    ("api_secret_for_the_callback_secret", "401"),
    ("id_trimmed_by_a_framework", "401"),
    ("id_of_digits_point_and_hyphen_lettered", "401"),
    (
        "id_changed_after_the_payment",
        "200 unmatched, 200 unmatched",
    ),
    ("created_without_transfer_signed", "200 unmatched"),
    ("defi_invoice_paid", "422"),
    ("v1_bill_as_a_form", "422"),
    (
        "second_part_lists_both_transfers",
        "200 +0.3, = partial 0.3",
    ),
    ("order_created_by_the_page", "200, = open 0"),
    (
        "coin_name_and_ticker_in_the_answer",
        "200 +0.0002174 paid!, = paid 0.0002174",
    ),
    ("order_in_fiat_single_payment", "200 +2 paid!, = paid 2"),
    (
        "order_paid_in_four_parts_as_documented",
        "200 +2 paid! overpaid, = overpaid 2.4",
    ),
    (
        "order_paid_in_two_halves_confirmed",
        "200 +2 paid!, = paid 2",
    ),
    ("expiry_as_documented", "200, = open 0"),
    ("error_answer_as_documented", "503, = open 0"),
    (
        "status_number_beside_order_status",
        "200 +2 paid!, = paid 2",
    ),
    ("deposit_callback_as_documented", "200 unproven, = - 0.0041"),
    ("citypay_as_a_form", "400, = open 0"),
    ("expiry_when_the_coin_was_chosen", "200, = open 0"),
    ("expiry_asked_again_thirteen_minutes_later", "200, = open 0"),
];

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
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!(seen, RIGHT.len(), "a case is missing");
}
