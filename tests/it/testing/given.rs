//! The builders reproduce every body of an independent implementation, byte for byte.

use std::fs;

use payhook::b2binpay::Key;
use payhook::testing::b2binpay::{CallbackBuilder, deposit, payout, transfer};
use payhook::testing::{Json, citypay};
use serde_json::Value;

use crate::support::{SECRET, TIME, vectors};

/// Not JSON, so it cannot be built.
const NO_JSON: [&str; 3] = ["empty_body", "not_json", "truncated"];

#[test]
fn every_given_body() {
    let lines = fs::read_to_string(vectors("given.jsonl")).unwrap();
    let mut made = 0;
    for line in lines.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let (name, body) = (
            case["name"].as_str().unwrap(),
            case["body"].as_str().unwrap(),
        );
        if NO_JSON.contains(&name) {
            assert!(Json::parse(body).is_err(), "{name}");
            continue;
        }
        let built = match case["gateway"].as_str() {
            Some("b2binpay") => signed(name),
            _ => unsigned(name),
        };
        assert_eq!(built, body, "{name}");
        made += 1;
    }
    assert_eq!(made, 38);
}

fn key() -> Key {
    Key::callback_secret(SECRET).unwrap()
}

/// The vectors' deposit stays *created*, like one without an invoice.
fn paid() -> CallbackBuilder {
    deposit().operation_status(2)
}

/// With a signed amount of its own, and another one that is not signed.
fn paid_with(tracking_id: &str, amount: &str, target: &str) -> CallbackBuilder {
    paid()
        .tracking_id(tracking_id)
        .set("included[1].attributes.amount", amount)
        .set("included[1].attributes.amount_target", target)
}

fn signed(name: &str) -> String {
    let v2 = Key::v2_credentials("merchant-api-key", "p@ss:w0rd/ünï").unwrap();
    let genuine = paid().sign(&key());
    let amount = "included[1].attributes.amount";
    let body = match name {
        "deposit_confirmed_v3" | "wrong_secret" => genuine,
        "deposit_confirmed_v2" | "deposit_v2_key_rotation_second_key_matches" => paid().sign(&v2),
        "deposit_user_confirmation" => paid().unconfirmed(1).sign(&key()),
        "deposit_failed" => paid().failed().sign(&key()),
        "deposit_blocked_by_aml" => paid().blocked().sign(&key()),
        "deposit_expired_no_transfer_v3" => deposit().no_transfer().sign(&key()),
        "deposit_empty_tracking_id" | "deposit_empty_tracking_id_under_lettered" => {
            let amount = "1.500000000000000000";
            paid_with("", amount, amount).sign(&key())
        }
        "digit_tracking_id_under_lettered" | "digit_tracking_id_under_any" => {
            paid_with("17", "10.50", "10.50").sign(&key())
        }
        // The same text, divided elsewhere.
        "shifted_into_amount_under_lettered" => paid_with("17", "10.50", "10.50")
            .sign(&key())
            .set("data.attributes.tracking_id", "")
            .set(amount, "10.5017"),
        "shifted_boundary_under_lettered" => {
            let text = format!("20.0105-order{TIME}");
            paid_with("-order", "0.0105", "0.010").sign_message(&key(), &text)
        }
        "payout_confirmed_with_transportation_first" => payout_with_fee().sign(&key()),
        "payout_rejected_no_transfer" => payout().no_transfer().sign(&key()),
        "unsigned_no_transfer" => deposit()
            .v2()
            .no_transfer()
            .set("data.attributes.target_paid", "0.412000000000000000")
            .remove("included[0]")
            .unsigned(),
        "transfer_pasted_into_a_signed_no_transfer_body" => {
            let text = format!("4order-9001{TIME}");
            let pasted = deposit().operation_status(4).without_relationship();
            pasted.sign_message(&key(), &text)
        }
        "relationship_names_a_missing_transfer" => {
            genuine.set("data.relationships.transfer.data.id", "99999")
        }
        "tampered_amount" => genuine.set(amount, "9.412000000000000000"),
        "tampered_tracking_id" => genuine.set("data.attributes.tracking_id", "order-9002"),
        "tampered_status" => genuine.set("included[1].attributes.status", 1),
        "tampered_time" => genuine.set("meta.time", "2026-03-02T09:16:02.551871Z"),
        "short_signature" => {
            let reported: Value = serde_json::from_str(genuine.as_str()).unwrap();
            let cut = reported["meta"]["sign"].as_str().unwrap()[..62].to_owned();
            genuine.set("meta.sign", cut)
        }
        "missing_signature_with_a_transfer" => genuine.remove("meta.sign"),
        "missing_meta_with_a_transfer" => genuine.remove("meta"),
        other => panic!("{other} is not built"),
    };
    body.as_str().to_owned()
}

/// The vectors' payout has other fees than the example.
fn payout_with_fee() -> CallbackBuilder {
    let fee = transfer().op_type(9).amount("13.4");
    let commission = "0.001648000000000000";
    let mut body = payout().include_first(fee);
    for (index, key, value) in [0, 2].into_iter().flat_map(|index| {
        [
            (index, "commission", commission),
            (index, "commission_target", commission),
            (index, "fee", "0.000000000000000000"),
            (index, "rate_target", "1.000000000000000000"),
        ]
    }) {
        body = body.set(&format!("included[{index}].attributes.{key}"), value);
    }
    body.set(
        "included[0].attributes.amount_cleared",
        "0.410352000000000000",
    )
    .set("included[2].attributes.amount_cleared", "126.200000")
    .set("included[2].attributes.risk", None::<i32>)
    .set("included[2].attributes.risk_status", 4)
}

fn unsigned(name: &str) -> String {
    let order = citypay::order;
    let sent = "0.0006527";
    let fiat = "received_amount_in_fiat";
    let stamp = "2026-03-02 09:10:11";
    let body = match name {
        "order_created" => order().created().callback(),
        "order_paid_unconfirmed" => order().paid_unconfirmed().callback(),
        "order_confirmed" => order().callback(),
        "order_canceled" => order().canceled().received(sent).callback(),
        "order_status_as_the_docs_spell_it" => {
            let paid = order().status("Paid/Unconfirmed");
            paid.action("receive_transaction").callback()
        }
        "order_underpaid" => order()
            .underpaid()
            .received(sent)
            .callback()
            .set(fiat, "12.40"),
        "order_overpaid_numeric_fiat" => {
            let overpaid = order().overpaid().received(sent).callback();
            overpaid.set(fiat, Json::raw("75.25"))
        }
        "order_without_any_identity" => order()
            .paid_unconfirmed()
            .callback()
            .remove("order_id")
            .remove("client_order_id")
            .remove("order_token"),
        "deposit_confirmed_typo_crated_at" => {
            let deposit = citypay::deposit().callback().set("crated_at", stamp);
            return deposit.as_str().to_owned();
        }
        "deposit_pending_created_at" => {
            let pending = citypay::deposit().pending().callback();
            let pending = pending.remove("crated_at").set("created_at", stamp);
            return pending.as_str().to_owned();
        }
        "unknown_callback_type" => keep(order().callback(), &["type", "status"])
            .set("type", "refund callback")
            .set("status", "X"),
        "missing_type" => keep(order().callback(), &["status"]),
        other => panic!("{other} is not built"),
    };
    body.as_str().to_owned()
}

/// All other keys are removed.
fn keep<C>(mut body: payhook::testing::Body<C>, keys: &[&str]) -> payhook::testing::Body<C> {
    let reported: Value = serde_json::from_str(body.as_str()).unwrap();
    for key in reported.as_object().unwrap().keys() {
        if !keys.contains(&key.as_str()) {
            body = body.remove(key);
        }
    }
    body
}
