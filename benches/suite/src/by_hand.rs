//! Typical hand-written code: `serde_json::Value` and HMAC, with the key already set.

use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

/// B2BINPAY: the body, if its signature is valid.
pub(crate) fn transfer(body: &[u8], mac: &Hmac<Sha256>) -> Option<Value> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let id = body.pointer("/data/relationships/transfer/data/id")?;
    let transfer = body
        .get("included")?
        .as_array()?
        .iter()
        .find(|entry| {
            entry.get("type").is_some_and(|kind| kind == "transfer") && entry.get("id") == Some(id)
        })?
        .get("attributes")?;
    let message = format!(
        "{}{}{}{}",
        transfer.get("status")?.as_i64()?,
        transfer.get("amount")?.as_str()?,
        body.pointer("/data/attributes/tracking_id")?.as_str()?,
        body.pointer("/meta/time")?.as_str()?,
    );
    let mut signature = [0; 32];
    base16ct::lower::decode(body.pointer("/meta/sign")?.as_str()?, &mut signature).ok()?;
    let mac = mac.clone().chain_update(&message);
    mac.verify_slice(&signature).ok()?;
    Some(body)
}

/// CityPay.io: the order and its response, if they match.
pub(crate) fn order(
    body: &[u8],
    answer: &[u8],
    token: &str,
    customer: u32,
) -> Option<(Value, Value)> {
    let order: Value = serde_json::from_slice(body).ok()?;
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let data = answer.get("data")?;
    let own = order.get("order_token")? == token
        && data.get("token")? == token
        && *data.get("customerId")? == customer
        && data.get("id") == order.get("order_id");
    own.then_some((order, answer))
}
