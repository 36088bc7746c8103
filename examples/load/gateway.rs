//! The gateways' side: what they post, and the order endpoint that CityPay.io
//! is asked at. Nothing here comes from the crate that is tested.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use hmac::{Hmac, KeyInit, Mac};
use payhook::chrono::DateTime;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::payments::{Kind, News, Payment};
use crate::random::Random;

pub(crate) const SECRET: &str = "cbs_load_4tZq8Lw2Vn6Rk1Jd";
pub(crate) const CUSTOMER: &str = "5120";

pub(crate) fn body(payment: &Payment, news: &News) -> Vec<u8> {
    let body = match news {
        News::Order(status) => order(payment, status),
        _ => operation(payment, news),
    };
    body.to_string().into_bytes()
}

/// The time of a callback: now, and never the same twice.
fn time() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = u64::try_from(now.as_micros()).unwrap();
    let last = LAST
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
            Some(now.max(last + 1))
        })
        .unwrap();
    let micros = i64::try_from(now.max(last + 1)).unwrap();
    let time = DateTime::from_timestamp_micros(micros).unwrap();
    time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

fn sign(message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    let mut hex = String::new();
    for byte in mac.finalize().into_bytes() {
        write!(hex, "{byte:02x}").unwrap();
    }
    hex
}

/// B2BINPAY, as API v3 sends it.
fn operation(payment: &Payment, news: &News) -> Value {
    let (reference, coin, time) = (&payment.reference, payment.paid_in, time());
    let is_deposit = payment.kind == Kind::Deposit;
    let currency = json!({"data": {"type": "currency", "id": coin.id.to_string()}});
    let wallet = json!({"data": {"type": "wallet", "id": "711"}});
    let expected = payment.coin.text(payment.units);
    let mut relationships = json!({"currency": currency, "wallet": wallet});
    let mut included = vec![json!({
        "type": "currency", "id": coin.id.to_string(),
        "attributes": {
            "iso": coin.id, "name": coin.alpha, "alpha": coin.alpha, "alias": null,
            "exp": coin.scale, "confirmation_blocks": 12, "block_delay": 30, "tags": "",
            "minimal_transfer_amount": coin.text(0),
        },
    })];
    let (status, message) = match news {
        News::Transfer {
            id,
            units,
            status,
            confirmations,
        } => {
            let amount = coin.text(*units);
            relationships["transfer"] = json!({"data": {"type": "transfer", "id": id.to_string()}});
            included.push(json!({
                "type": "transfer", "id": id.to_string(),
                "attributes": {
                    "op_id": 30_417, "op_type": if is_deposit { 1 } else { 2 },
                    "amount": amount, "amount_target": amount, "amount_cleared": amount,
                    "rate_target": "1", "commission": "0", "commission_target": "0", "fee": "0",
                    "txid": format!("0x{id:064x}"), "status": status, "user_message": null,
                    "created_at": time, "updated_at": time, "confirmations": confirmations,
                    "risk": 0, "risk_status": 1, "risk_personal": null, "risk_personal_status": 4,
                },
                "relationships": {
                    "currency": currency, "wallet": wallet, "parent": {"data": null},
                },
            }));
            let is_paid = is_deposit && *status == 2 && *units == payment.units;
            let message = format!("{status}{amount}{reference}{time}");
            (if is_paid { 3 } else { 2 }, message)
        }
        _ if is_deposit => (4, format!("4{reference}{time}")),
        _ => (3, format!("{reference}{time}")),
    };
    let kind = payment.kind.as_str();
    json!({
        "data": {
            "type": kind, "id": "30417",
            "attributes": {
                "tracking_id": reference, "status": status, "created_at": time, "label": "",
                "address": "0x5d1f0e2b7c9a4d3386ef21aa90b7f3c4d5e6f708", "destination": null,
                "target_paid": null, "amount": if is_deposit { Value::Null } else { json!(expected) },
                "target_amount_requested": expected, "source_amount_requested": expected,
                "time_limit": null, "inaccuracy": "0", "confirmations_needed": null,
                "callback_url": "https://shop.example/callbacks/b2binpay",
            },
            "relationships": relationships,
        },
        "included": included,
        "meta": {"sign": sign(&message), "time": time},
    })
}

/// A payment's transaction in the blockchain.
fn hash(payment: &Payment) -> String {
    let digest = payment.reference.bytes();
    digest.fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// CityPay.io: unsigned.
fn order(payment: &Payment, status: &str) -> Value {
    let is_paid = !matches!(status, "IN_PROGRESS" | "CANCELED");
    let amount = payment.coin.text(payment.units);
    json!({
        "type": "order callback", "action": if is_paid { "receive_transaction" } else { "order_creation" },
        "status": status, "order_id": 441, "client_order_id": format!("INV-{}", payment.reference),
        "transaction_id": is_paid.then(|| hash(payment)),
        "received_amount_in_coins": is_paid.then_some(amount),
        "received_amount_in_fiat": null, "fiat_currency": "USD", "crypto_currency": "BTC",
        "created_at": "2026-03-02 09:10", "order_token": payment.reference,
        "order_expiration": 60, "exchange_rate": "91925.84",
    })
}

/// The order endpoint, which is slow, broken now and then, and sometimes behind
/// what was posted already.
#[derive(Debug)]
pub(crate) struct Endpoint {
    orders: Vec<Order>,
    payments: Arc<Vec<Payment>>,
    seed: u64,
}

#[derive(Debug)]
struct Order {
    /// How long the endpoint shows what was before.
    lag: Duration,
    state: Mutex<Shown>,
}

#[derive(Debug)]
struct Shown {
    now: usize,
    before: usize,
    since: Instant,
    /// Answers that fail.
    failures: usize,
    asked: u64,
}

impl Endpoint {
    pub(crate) fn new(payments: &Arc<Vec<Payment>>, seed: u64) -> Self {
        let mut random = Random::new(seed, 3);
        let is_order = |payment: &&Payment| payment.kind == Kind::Order;
        let orders = payments.iter().filter(is_order).map(|_| Order {
            lag: match random.below(100) {
                0..30 => random.milliseconds(50, 500),
                _ => Duration::ZERO,
            },
            state: Mutex::new(Shown {
                now: 0,
                before: 0,
                since: Instant::now(),
                failures: usize::from(random.percent(20)),
                asked: 0,
            }),
        });
        Self {
            orders: orders.collect(),
            payments: Arc::clone(payments),
            seed,
        }
    }

    /// The order has come this far: the gateway is about to post it.
    pub(crate) fn advance(&self, number: usize, news: usize) {
        let mut shown = self.orders[number].state.lock().unwrap();
        if news > shown.now {
            shown.before = shown.now;
            shown.now = news;
            shown.since = Instant::now();
        }
    }

    pub(crate) fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/order/{token}", get(answer))
            .with_state(Arc::clone(self))
    }
}

async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    Path(token): Path<String>,
) -> impl IntoResponse {
    // Orders are the first payments.
    let number = endpoint
        .orders
        .iter()
        .zip(endpoint.payments.iter())
        .position(|(_, payment)| payment.reference == token);
    let Some(number) = number else {
        let none = r#"{"status":"error","status_code":404,"message":"no such order"}"#;
        return (StatusCode::NOT_FOUND, none.to_owned()).into_response();
    };
    let order = &endpoint.orders[number];
    let (news, fails, asked) = {
        let mut shown = order.state.lock().unwrap();
        shown.asked += 1;
        let fails = shown.failures > 0;
        shown.failures = shown.failures.saturating_sub(1);
        let is_behind = shown.since.elapsed() < order.lag;
        let news = if is_behind { shown.before } else { shown.now };
        (news, fails, shown.asked)
    };
    let stream = 1_000 * asked + u64::try_from(number).unwrap();
    let latency = Random::new(endpoint.seed, stream).milliseconds(1, 5);
    tokio::time::sleep(latency).await;
    if fails {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, told(&endpoint.payments[number], news)).into_response()
}

/// Its amounts are JSON numbers, which `json!` would turn into floats.
fn told(payment: &Payment, news: usize) -> String {
    let News::Order(status) = payment.news[news] else {
        unreachable!("only orders have an endpoint")
    };
    let (token, hash) = (&payment.reference, hash(payment));
    let amount = payment.coin.text(payment.units);
    let customer = if payment.is_foreign { "777" } else { CUSTOMER };
    let total = match status {
        "UNDERPAID" => payment.coin.text(payment.units / 2),
        "OVERPAID" => payment.coin.text(payment.units * 2),
        _ => amount.clone(),
    };
    let transactions = match status {
        "IN_PROGRESS" | "CANCELED" => String::new(),
        _ => format!(
            r#"{{"id":9001,"hash":"{hash}","amount":{{"base":{total},"total":{total},
            "underPaid":0,"overPaid":0}},"amountFiat":{{"base":"60.00","total":"60.00"}},
            "createdAt":"2026-03-02 09:14","createdAtMiliseconds":1772442840000}}"#
        ),
    };
    format!(
        r#"{{"success":true,"message":null,"data":{{"id":441,"customerId":{customer},
        "token":"{token}","coin":"Bitcoin","coinBaseName":"btc","exchangeRate":91925.84,
        "amountFiat":"60.00","amount":{amount},
        "currency":{{"id":2,"currency":"US Dollar","abbreviation":"USD"}},
        "createdAt":"2026-03-02 09:10","createdAtMiliseconds":1772442600000,"type":"ORDER",
        "expiresAt":1772446200000,"expirationTime":3600000,
        "status":{{"code":"{status}","label":"{status}"}},"transactions":[{transactions}]}}}}"#
    )
}
