//! Diagnoses: each cause is created, and must be named first.

mod causes;
mod properties;
mod prose;
mod secrecy;

use payhook::b2binpay::{Key, TrackingIds};
use payhook::diagnose::Diagnose;
use serde_json::{Value, json};

use crate::support::{SECRET, TIME, base64, hex, mac, sha256, sign, signed, with_transfer};

const AMOUNT: &str = "0.412000000000000000";
const LOGIN: &str = "lgn_Xv3kQz81Bd";
const PASSWORD: &str = "pwd_Yt5mWr92Hc";

fn prefixed() -> Diagnose {
    Diagnose::new(TrackingIds::Prefixed)
}

/// With the correct secret, without a typo.
fn right() -> Diagnose {
    prefixed().key(
        &Key::callback_secret(SECRET)
            .unwrap()
            .with_name("production"),
    )
}

fn secret(text: &str) -> Diagnose {
    prefixed().secret("production", text)
}

fn deposit() -> Value {
    with_transfer("deposit", "order-9001", AMOUNT)
}

/// The signed text of a deposit with these values.
fn message(amount: &str, tracking_id: &str, time: &str) -> String {
    format!("2{amount}{tracking_id}{time}")
}

fn genuine() -> Value {
    signed(deposit(), &message(AMOUNT, "order-9001", TIME))
}

/// A deposit with this id whose signature covers another id.
fn renamed(id: &Value, signed_id: &str) -> Value {
    let mut body = deposit();
    body["data"]["attributes"]["tracking_id"] = id.clone();
    signed(body, &message(AMOUNT, signed_id, TIME))
}

/// The same for an amount, a time.
fn repriced(amount: &Value, signed_amount: &str) -> Value {
    let mut body = deposit();
    body["included"][1]["attributes"]["amount"] = amount.clone();
    signed(body, &message(signed_amount, "order-9001", TIME))
}

fn retimed(time: &str, signed_time: &str) -> Value {
    let mut body = deposit();
    body["meta"]["time"] = json!(time);
    signed(body, &message(AMOUNT, "order-9001", signed_time))
}

/// The genuine body with another text as its signature.
fn resigned(change: impl FnOnce(&str) -> String) -> Value {
    let mut body = genuine();
    let sign = change(body["meta"]["sign"].as_str().unwrap());
    body["meta"]["sign"] = json!(sign);
    body
}

/// The genuine body, signed with this key.
fn keyed(key: &[u8]) -> Value {
    let mut body = deposit();
    body["meta"]["sign"] = json!(hex(&mac(
        key,
        message(AMOUNT, "order-9001", TIME).as_bytes()
    )));
    body
}

#[test]
fn the_genuine_body_verifies() {
    let genuine = genuine().to_string();
    assert_eq!(
        right().body(genuine.as_bytes()).verified_by(),
        Some("production")
    );
}
