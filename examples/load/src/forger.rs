//! An attacker who captured bodies, and changes signed or unsigned fields.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::payments::{B2BINPAY, CITYPAY, COINS, Kind, Payment};
use crate::random::Random;
use crate::table::Sort;

/// A body that was posted before, or intercepted.
#[derive(Debug, Clone)]
pub(crate) struct Capture {
    pub(crate) body: Arc<Vec<u8>>,
    /// Whether the merchant accepted it.
    pub(crate) is_taken: bool,
}

pub(crate) struct Forgery {
    pub(crate) what: &'static str,
    pub(crate) path: &'static str,
    pub(crate) body: Vec<u8>,
    /// [`Sort::Forged`] must never be answered with 200. Unsigned fields can be
    /// changed; the shop's own record has to refuse them.
    pub(crate) sort: Sort,
}

type Change = fn(&mut Value, &mut Random);

pub(crate) fn forge(payment: &Payment, capture: &Capture, random: &mut Random) -> Forgery {
    let mut body: Value = serde_json::from_slice(&capture.body).unwrap();
    let wrong_url = if payment.path() == B2BINPAY {
        CITYPAY
    } else {
        B2BINPAY
    };
    let signed: &[(&str, Change)] = match payment.kind {
        Kind::Order => &[
            ("another token", |body, _| {
                body["order_token"] = json!("unknown-order");
            }),
            ("no token", |body, _| body["order_token"] = Value::Null),
        ],
        _ if has_transfer(&body) => &[
            ("another amount", |body, _| {
                let attributes = transfer(body);
                let more = format!("9{}", attributes["amount"].as_str().unwrap());
                attributes["amount"] = json!(more);
            }),
            ("another status", |body, _| {
                let attributes = transfer(body);
                let is_confirmed = attributes["status"] == json!(2);
                attributes["status"] = json!(if is_confirmed { -1 } else { 2 });
            }),
            ("another reference", other_reference),
            ("no signature", |body, _| body["meta"]["sign"] = Value::Null),
            ("no meta", |body, _| body["meta"] = Value::Null),
        ],
        _ => &[
            ("a transfer pasted in", |body, _| {
                let amount = body["data"]["attributes"]["target_amount_requested"].clone();
                body["included"].as_array_mut().unwrap().push(json!({
                    "type": "transfer", "id": "1",
                    "attributes": {"amount": amount, "status": 2, "confirmations": 12},
                }));
            }),
            ("another reference", other_reference),
        ],
    };
    let unsigned = unsigned(payment, capture, &body);
    let count = signed.len() + unsigned.len() + 1;
    let chosen = random.below(count);
    let (sort, what, path, change): (_, _, _, Change) = if chosen < signed.len() {
        let (what, change) = signed[chosen];
        (Sort::Forged, what, payment.path(), change)
    } else if let Some((sort, what, change)) = unsigned.get(chosen - signed.len()) {
        (*sort, *what, payment.path(), *change)
    } else {
        let what = "the other gateway's address";
        (Sort::Forged, what, wrong_url, |_, _| {})
    };
    change(&mut body, random);
    Forgery {
        what,
        path,
        body: body.to_string().into_bytes(),
        sort,
    }
}

/// Changes of fields without evidence.
fn unsigned(
    payment: &Payment,
    capture: &Capture,
    body: &Value,
) -> Vec<(Sort, &'static str, Change)> {
    let mut unsigned: Vec<(Sort, &'static str, Change)> = match payment.kind {
        Kind::Order => vec![
            (Sort::Changed, "another status", |body, _| {
                let is_confirmed = body["status"] == json!("CONFIRMED");
                body["status"] = json!(if is_confirmed {
                    "OVERPAID"
                } else {
                    "CONFIRMED"
                });
            }),
            (Sort::Changed, "another amount", |body, _| {
                body["received_amount_in_coins"] = json!("1000");
            }),
            (Sort::Changed, "another client_order_id", |body, random| {
                body["client_order_id"] = json!(format!("INV-order-{:04}", random.below(300)));
            }),
        ],
        _ => vec![
            (Sort::AnotherKind, "another kind", other_kind),
            (Sort::Changed, "another currency", other_currency),
        ],
    };
    if payment.scenario == "paid in another currency" {
        // In the expected currency it is credited unless each is looked up at the API.
        unsigned.retain(|(_, what, _)| *what != "another currency");
    }
    if payment.kind != Kind::Order && !has_transfer(body) {
        // Genuine ones have none; the API only proves its own response.
        unsigned.push((Sort::Changed, "no signature", |body, _| {
            body["meta"]["sign"] = Value::Null;
        }));
    }
    if payment.kind == Kind::Invoice && has_transfer(body) {
        unsigned.push((Sort::Changed, "another conversion", |body, _| {
            transfer(body)["amount_target"] = json!("4500.00");
            body["data"]["attributes"]["target_paid"] = json!("4500.00");
        }));
    }
    // With another id it looks like a second transfer. If it arrives before
    // the genuine one, it is credited instead, which is the same sum
    // if there is only one transfer. An invoice's would be held permanently, and
    // so would the second half of two equal ones.
    let is_first_harmless = payment.kind != Kind::Invoice && payment.scenario != "paid in part";
    let is_harmless = if payment.scenario == "paid in two parts" {
        capture.is_taken && !payment.has_equal_parts()
    } else {
        capture.is_taken || is_first_harmless
    };
    if has_transfer(body) && is_harmless {
        unsigned.push((Sort::RewrittenId, "another transfer id", other_transfer));
    }
    unsigned
}

fn has_transfer(body: &Value) -> bool {
    body["data"]["relationships"]["transfer"].is_object()
}

fn transfer(body: &mut Value) -> &mut Value {
    &mut body["included"][1]["attributes"]
}

fn other_reference(body: &mut Value, random: &mut Random) {
    let kind = body["data"]["type"].as_str().unwrap();
    let reference = format!("{kind}-{:04}", 300 + random.below(300));
    body["data"]["attributes"]["tracking_id"] = json!(reference + "x");
}

fn other_transfer(body: &mut Value, random: &mut Random) {
    let id = random.between(900_000, 999_999).to_string();
    body["included"][1]["id"] = json!(id);
    body["data"]["relationships"]["transfer"]["data"]["id"] = json!(id);
}

/// A payout that is replayed as a deposit, or vice versa.
fn other_kind(body: &mut Value, _: &mut Random) {
    let is_deposit = body["data"]["type"] == json!("deposit");
    body["data"]["type"] = json!(if is_deposit { "payout" } else { "deposit" });
    body["data"]["attributes"]["status"] = json!(2);
    if has_transfer(body) {
        transfer(body)["op_type"] = json!(if is_deposit { 2 } else { 1 });
    }
}

fn other_currency(body: &mut Value, random: &mut Random) {
    let alpha = body["included"][0]["attributes"]["alpha"].clone();
    let others: Vec<_> = COINS.iter().filter(|coin| alpha != coin.alpha).collect();
    let coin = *random.pick(&others);
    let attributes = &mut body["included"][0]["attributes"];
    attributes["alpha"] = json!(coin.alpha);
    attributes["name"] = json!(coin.alpha);
    attributes["exp"] = json!(coin.scale);
}
