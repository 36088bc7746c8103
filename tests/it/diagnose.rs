//! Why a body does not verify: each cause is made, and named first.

mod causes;
mod properties;
mod prose;
mod secrecy;

use payhook::Diagnose;
use payhook::b2binpay::{Key, TrackingIds};
use serde_json::{Value, json};

use crate::support::{SECRET, TIME, sign, signed, with_transfer};

const AMOUNT: &str = "0.412000000000000000";
const LOGIN: &str = "lgn_Xv3kQz81Bd";
const PASSWORD: &str = "pwd_Yt5mWr92Hc";

fn lettered() -> Diagnose {
    Diagnose::new(TrackingIds::Lettered)
}

/// With the right secret, and no slip.
fn right() -> Diagnose {
    lettered().key(&Key::callback_secret(SECRET).unwrap().named("production"))
}

fn secret(text: &str) -> Diagnose {
    lettered().secret("production", text)
}

fn deposit() -> Value {
    with_transfer("deposit", "order-9001", AMOUNT)
}

/// What a deposit with these values has signed.
fn message(amount: &str, tracking_id: &str, time: &str) -> String {
    format!("2{amount}{tracking_id}{time}")
}

fn genuine() -> Value {
    signed(deposit(), &message(AMOUNT, "order-9001", TIME))
}

/// A deposit with this id whose signature is over another one.
fn renamed(id: &Value, signed_id: &str) -> Value {
    let mut body = deposit();
    body["data"]["attributes"]["tracking_id"] = id.clone();
    signed(body, &message(AMOUNT, signed_id, TIME))
}

/// Likewise with an amount, a time.
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

/// The genuine body with another text for its signature.
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

pub(crate) fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    use hmac::{Hmac, KeyInit, Mac};

    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

pub(crate) fn sha256(text: &str) -> Vec<u8> {
    use sha2::Digest;

    sha2::Sha256::digest(text).to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut hex = vec![0; 2 * bytes.len()];
    base16ct::lower::encode_str(bytes, &mut hex)
        .unwrap()
        .to_owned()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let held = chunk
            .iter()
            .fold(0, |held, byte| held << 8 | usize::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            text.push(if place <= chunk.len() {
                char::from(DIGITS[held >> (18 - 6 * place) & 63])
            } else {
                '='
            });
        }
    }
    text
}

#[test]
fn helpers() {
    assert_eq!(sign(SECRET, "x"), hex(&mac(SECRET.as_bytes(), b"x")));
    assert_eq!(base64(b"payhook!"), "cGF5aG9vayE=");
    let genuine = genuine().to_string();
    assert_eq!(
        right().body(genuine.as_bytes()).verified_by(),
        Some("production")
    );
}
