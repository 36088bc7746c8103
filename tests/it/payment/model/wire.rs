//! Bodies as signed by B2BINPAY and as returned by CityPay.io's endpoint, built without
//! the crate's own builders.

use std::fmt::Write;

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::world::{CUSTOMER, Record, SECRET, Transfer};

/// Hundredths as a decimal number with this many fraction digits.
pub(super) fn written(hundredths: i64, decimals: usize) -> String {
    let (whole, part) = (hundredths / 100, hundredths % 100);
    let mut text = format!("{whole}.{part:02}");
    text.push_str(&"0".repeat(decimals - 2));
    text
}

/// Seconds as a time in the gateway's format.
pub(super) fn stamp(seconds: i64) -> String {
    let (minute, second) = (seconds / 60, seconds % 60);
    format!(
        "2026-03-02T{:02}:{:02}:{second:02}.551870Z",
        9 + minute / 60,
        minute % 60
    )
}

fn signature(text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let bytes = mac.finalize().into_bytes();
    let mut text = String::with_capacity(64);
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

fn currency(coin: &str) -> Value {
    let id = currency_id(coin);
    json!({"type": "currency", "id": id, "attributes": {
        "iso": 1, "name": coin, "alpha": coin, "alias": null, "exp": 18,
    }})
}

fn currency_id(coin: &str) -> String {
    let sum: u32 = coin.bytes().map(u32::from).sum();
    (1_000 + sum).to_string()
}

/// A callback about a transfer. The signed values are separate, so that all others can
/// be changed.
#[derive(Debug, Clone)]
pub(super) struct Callback {
    /// The signed text without the time.
    pub(super) signed: String,
    pub(super) time: i64,
    pub(super) status: i64,
    pub(super) amount: String,
    pub(super) tracking_id: String,
    pub(super) is_payout: bool,
    pub(super) own_id: String,
    pub(super) own_status: i64,
    pub(super) target_paid: Option<String>,
    pub(super) id: String,
    pub(super) coin: &'static str,
    pub(super) op_type: i64,
    pub(super) amount_target: Option<String>,
}

impl Callback {
    pub(super) fn body(&self) -> String {
        let kind = if self.is_payout { "payout" } else { "deposit" };
        let coin = currency_id(self.coin);
        json!({
            "data": {
                "type": kind,
                "id": self.own_id,
                "attributes": {
                    "tracking_id": self.tracking_id,
                    "status": self.own_status,
                    "target_paid": self.target_paid,
                },
                "relationships": {
                    "currency": {"data": {"type": "currency", "id": coin}},
                    "transfer": {"data": {"type": "transfer", "id": self.id}},
                },
            },
            "included": [currency(self.coin), {
                "type": "transfer",
                "id": self.id,
                "attributes": {
                    "op_type": self.op_type,
                    "amount": self.amount,
                    "status": self.status,
                    "amount_target": self.amount_target,
                },
                "relationships": {"currency": {"data": {"type": "currency", "id": coin}}},
            }],
            "meta": {
                "time": stamp(self.time),
                "sign": signature(&format!("{}{}", self.signed, stamp(self.time))),
            },
        })
        .to_string()
    }
}

/// A callback without a transfer.
pub(super) fn closing(record: &Record, time: i64, own_status: i64, is_signed: bool) -> String {
    let kind = if record.is_payout() {
        "payout"
    } else {
        "deposit"
    };
    let status = if record.is_payout() {
        String::new()
    } else {
        own_status.to_string()
    };
    let mut body = json!({
        "data": {
            "type": kind,
            "id": record.own_id,
            "attributes": {"tracking_id": record.tracking_id, "status": own_status},
        },
        "included": [],
    });
    if is_signed {
        let text = format!("{status}{}{}", record.tracking_id, stamp(time));
        body["meta"] = json!({"time": stamp(time), "sign": signature(&text)});
    }
    body.to_string()
}

/// The API's response about a deposit or payout at a certain time.
pub(super) fn document(
    record: &Record,
    transfers: &[&Transfer],
    time: i64,
    own_status: i64,
    decimals: usize,
) -> String {
    let kind = if record.is_payout() {
        "payout"
    } else {
        "deposit"
    };
    let listed = transfers.iter().filter_map(|transfer| {
        let coin = json!({"data": {"type": "currency", "id": currency_id(transfer.coin)}});
        Some(json!({
            "type": "transfer",
            "id": transfer.id,
            "attributes": {
                "op_type": transfer.op_type,
                "amount": written(transfer.amount, decimals),
                "status": transfer.status_at(time)?,
                "amount_target": written(transfer.value, 2),
            },
            "relationships": {"currency": coin},
        }))
    });
    let mut included: Vec<Value> = listed.collect();
    let mut coins: Vec<&str> = transfers.iter().map(|transfer| transfer.coin).collect();
    coins.sort_unstable();
    coins.dedup();
    included.extend(coins.into_iter().map(currency));
    json!({
        "data": {
            "type": kind,
            "id": record.own_id,
            "attributes": {"tracking_id": record.tracking_id, "status": own_status},
        },
        "included": included,
    })
    .to_string()
}

/// The notification about an order; its fields are not trusted.
pub(super) fn order(token: &str, status: &str) -> String {
    json!({
        "type": "order callback",
        "action": "receive confirmation",
        "status": status,
        "order_id": "90417",
        "fiat_currency": "USD",
        "crypto_currency": "Bitcoin",
        "created_at": "2026-03-02 09:00",
        "order_token": token,
    })
    .to_string()
}

/// The order endpoint's response: transactions by number and base amount.
pub(super) fn answer(
    token: &str,
    status: &str,
    transactions: &[(usize, i64)],
    has_totals: bool,
) -> String {
    let mut sum = 0;
    let listed: Vec<Value> = transactions
        .iter()
        .map(|(number, base)| {
            sum += base;
            let mut fiat = json!({"base": written(*base, 2)});
            if has_totals {
                fiat["total"] = json!(written(sum, 2));
            }
            let at = 1_772_442_060_000_u64 + 60_000 * u64::try_from(*number).unwrap();
            json!({
                "id": 957 + number,
                "hash": format!("{:064x}", 957 + number),
                "amount": {"base": format!("0.0000{}", base)},
                "amountFiat": fiat,
                "createdAt": format!("2026-03-02 09:{:02}", number + 1),
                "createdAtMiliseconds": at,
            })
        })
        .collect();
    let customer: u64 = CUSTOMER.parse().unwrap();
    json!({"status": 1, "data": {
        "id": 90417,
        "customerId": customer,
        "token": token,
        "coin": "Bitcoin",
        "coinBaseName": "btc",
        "currency": {"id": 2, "currency": "US Dollar", "abbreviation": "USD"},
        "type": "Order",
        "status": {"code": status, "label": status},
        "transactions": listed,
    }})
    .to_string()
}
