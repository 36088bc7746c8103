//! The bodies: those of the examples, and others derived from them.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub const SECRET: &str = "cbs_7Qm2vX9tR4kL8pN1";

macro_rules! example {
    ($name:literal) => {
        include_str!(concat!("../../../examples/bodies/", $name, ".json"))
    };
}
pub(crate) use example;

pub(crate) const DEPOSIT: &str = example!("b2binpay-deposit-confirmed");

/// `DEPOSIT` without these texts, in the gateway's own order: a `Value` would sort the
/// keys, and put the attributes before their type.
fn deposit_without(cut: &[&str]) -> String {
    cut.iter().fold(DEPOSIT.to_owned(), |body, cut| {
        assert!(body.contains(cut), "{cut}");
        body.replace(cut, "")
    })
}

/// With the required fields of a callback, and few others.
pub(crate) fn small() -> String {
    deposit_without(&[
        r#""address":"0x5d1f0e2b7c9a4d3386ef21aa90b7f3c4d5e6f708","created_at":"2026-03-02T09:10:00.000001Z","#,
        r#","target_paid":"0.412000000000000000","destination":{"address_type":null,"address":"0x5d1f0e2b7c9a4d3386ef21aa90b7f3c4d5e6f708"}"#,
        r#","source_amount_requested":"0.412000000000000000","target_amount_requested":"0.412000000000000000","time_limit":null,"inaccuracy":"0.000000000000000000""#,
        r#""blockchain_name":"Ethereum","iso":1002,"name":"Ethereum","#,
        r#","alias":null"#,
        r#","confirmation_blocks":3,"minimal_transfer_amount":"0.000000000000000000","block_delay":30,"tags":"""#,
        r#","commission":"0.001648000000000000","fee":"0.000000000000000000","txid":"0xab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12""#,
        r#","user_message":null,"created_at":"2026-03-02T09:14:55.120443Z","updated_at":"2026-03-02T09:16:01.004512Z""#,
        r#","risk":0,"risk_status":1,"amount_cleared":"0.410352000000000000","rate_target":"1.000000000000000000","risk_personal":null,"risk_personal_status":4,"amount_target":"0.412000000000000000","commission_target":"0.001648000000000000""#,
        r#","parent":{"data":null}"#,
    ])
}

/// Without optional fields: 1.4 KB.
pub(crate) fn typical() -> String {
    deposit_without(&[
        r#","destination":{"address_type":null,"address":"0x5d1f0e2b7c9a4d3386ef21aa90b7f3c4d5e6f708"}"#,
        r#","time_limit":null,"inaccuracy":"0.000000000000000000""#,
        r#","alias":null"#,
        r#","block_delay":30,"tags":"""#,
        r#""user_message":null,"#,
        r#","risk_personal":null,"risk_personal_status":4,"amount_target":"0.412000000000000000","commission_target":"0.001648000000000000""#,
    ])
}

/// [`small`] with additional currencies in `included`, to a length of about `bytes`.
/// They are not signed.
pub(crate) fn of_size(bytes: usize) -> String {
    let mut body = small();
    let list = r#""included":["#;
    let at = body.find(list).expect("a list") + list.len();
    for id in 10_000.. {
        let more = format!(
            r#"{{"type":"currency","id":"{id}","attributes":{{"iso":{id},"name":"Ethereum","alpha":"ETH","exp":18}}}},"#
        );
        if body.len() + more.len() > bytes {
            break;
        }
        body.insert_str(at, &more);
    }
    body
}

/// A new deposit, signed with [`SECRET`].
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

/// A confirmed part of `order-9001` with a unique amount, signed with [`SECRET`].
pub(crate) fn part(number: usize, second: usize) -> String {
    let amount = format!("0.{number:018}");
    let time = format!(
        "2026-03-02T09:{:02}:{:02}.551870Z",
        second / 60,
        second % 60
    );
    let text = format!("2{amount}order-9001{time}");
    let mac = keyed_mac().chain_update(text).finalize().into_bytes();
    DEPOSIT
        .replace(
            r#""amount":"0.412000000000000000""#,
            &format!(r#""amount":"{amount}""#),
        )
        .replace("2026-03-02T09:16:02.551870Z", &time)
        .replace("55021", &format!("{}", 60_000 + number))
        .replace(
            "88540b6930c58e38e0b255d5cfd2e05a5220094ada20be84383e7c359c4225c5",
            &base16ct::lower::encode_string(&mac),
        )
}

pub(crate) fn keyed_mac() -> Hmac<Sha256> {
    Hmac::new_from_slice(SECRET.as_bytes()).expect("HMAC takes keys of any length")
}

/// Leaks it for the rest of the run.
pub(crate) fn kept(body: impl Into<Vec<u8>>) -> &'static [u8] {
    body.into().leak()
}

/// The same bytes in every run.
pub(crate) fn noise(count: usize) -> Vec<u8> {
    let next = |state: &u64| Some(state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1));
    std::iter::successors(Some(1), next)
        .map(|state: u64| state.to_be_bytes()[0])
        .take(count)
        .collect()
}

/// Random printable text that needs no escapes in JSON.
pub(crate) fn text_noise(count: usize) -> String {
    let printable = |byte: u8| char::from(b'#' + byte % 56);
    noise(count).into_iter().map(printable).collect()
}
