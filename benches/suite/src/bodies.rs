//! What is read: bodies of the examples, and others made of them.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

pub const SECRET: &str = "cbs_7Qm2vX9tR4kL8pN1";

macro_rules! example {
    ($name:literal) => {
        include_str!(concat!("../../../examples/bodies/", $name, ".json"))
    };
}
pub(crate) use example;

pub(crate) const DEPOSIT: &str = example!("b2binpay-deposit-confirmed");

fn deposit() -> Value {
    serde_json::from_str(DEPOSIT).expect("JSON")
}

/// `DEPOSIT` without the fields that a callback can do without: 0.7 KB.
pub(crate) fn small() -> String {
    let mut body = deposit();
    let attributes = |body: &mut Value, pointer: &str, kept: &[&str]| {
        let attributes = body.pointer_mut(pointer).and_then(Value::as_object_mut);
        attributes
            .expect("an object")
            .retain(|name, _| kept.contains(&name.as_str()));
    };
    attributes(&mut body, "/data/attributes", &["tracking_id", "status"]);
    attributes(&mut body, "/data/relationships", &["transfer", "currency"]);
    attributes(&mut body, "/included/0/attributes", &["alpha", "exp"]);
    attributes(
        &mut body,
        "/included/1/attributes",
        &["amount", "op_type", "status", "confirmations"],
    );
    attributes(&mut body, "/included/1/relationships", &["currency"]);
    body.to_string()
}

/// `DEPOSIT` without what only some callbacks have: 1.4 KB.
pub(crate) fn typical() -> String {
    let mut body = deposit();
    for (pointer, names) in [
        (
            "/data/attributes",
            &["destination", "time_limit", "inaccuracy"][..],
        ),
        ("/included/0/attributes", &["alias", "tags", "block_delay"]),
        (
            "/included/1/attributes",
            &[
                "user_message",
                "risk_personal",
                "risk_personal_status",
                "amount_target",
                "commission_target",
            ],
        ),
    ] {
        let attributes = body.pointer_mut(pointer).and_then(Value::as_object_mut);
        let attributes = attributes.expect("an object");
        attributes.retain(|name, _| !names.contains(&name.as_str()));
    }
    body.to_string()
}

/// [`small`] with so many more currencies in `included` that it has about `bytes`.
/// No signature covers them.
pub(crate) fn of_size(bytes: usize) -> String {
    let currency = |id: usize| {
        json!({
            "type": "currency", "id": id.to_string(),
            "attributes": {"alpha": "ETH", "name": "Ethereum", "iso": id, "exp": 18},
        })
    };
    let small = small();
    let room = bytes.saturating_sub(small.len());
    let count = room / (currency(10_000).to_string().len() + 1);
    let mut body: Value = serde_json::from_str(&small).expect("JSON");
    let included = body["included"].as_array_mut().expect("an array");
    included.extend((10_000..).take(count).map(currency));
    body.to_string()
}

/// A deposit that nobody has seen before, signed with [`SECRET`].
pub fn deposit_number(number: usize) -> String {
    let tracking_id = format!("order-{number}");
    let text = format!("20.412000000000000000{tracking_id}2026-03-02T09:16:02.551870Z");
    let mac = keyed_mac().chain_update(text).finalize().into_bytes();
    DEPOSIT
        .replace("order-9001", &tracking_id)
        .replace("30417", &number.to_string())
        .replace("55021", &number.to_string())
        .replace(
            "88540b6930c58e38e0b255d5cfd2e05a5220094ada20be84383e7c359c4225c5",
            &base16ct::lower::encode_string(&mac),
        )
}

pub(crate) fn keyed_mac() -> Hmac<Sha256> {
    Hmac::new_from_slice(SECRET.as_bytes()).expect("HMAC takes keys of any length")
}

/// The same bytes in every run.
pub(crate) fn noise(count: usize) -> Vec<u8> {
    let next = |state: &u64| Some(state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1));
    std::iter::successors(Some(1), next)
        .map(|state: u64| state.to_be_bytes()[0])
        .take(count)
        .collect()
}

/// Noise that is text: printable, and without what JSON would have to escape.
pub(crate) fn text_noise(count: usize) -> String {
    let printable = |byte: u8| char::from(b'#' + byte % 56);
    noise(count).into_iter().map(printable).collect()
}
