//! The gateways: their callbacks, and the responses of their endpoints.
//! This code does not use the crate under test.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::DateTime;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::payments::{Coin, Kind, Payment, Report, Transfer, USD};
use crate::random::Random;

pub(crate) const SECRET: &str = "cbs_load_4tZq8Lw2Vn6Rk1Jd";
pub(crate) const CUSTOMER: &str = "5120";

/// The body of a report.
pub(crate) fn body(payment: &Payment, report: usize) -> Vec<u8> {
    let body = match &payment.reports[report] {
        Report::Order(status, transactions) => order(payment, status, transactions.len()),
        _ => operation(payment, report),
    };
    body.to_string().into_bytes()
}

/// The time of signing: in the order of the reports, whenever it is
/// posted, and unique.
fn time(report: usize) -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    static START: LazyLock<u64> = LazyLock::new(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        now.as_secs() - 3_600
    });
    let micros = LAST.fetch_add(1, Ordering::Relaxed) % 1_000_000;
    let seconds = *START + u64::try_from(report).unwrap();
    let micros = i64::try_from(seconds * 1_000_000 + micros).unwrap();
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

fn currency(coin: &Coin) -> Value {
    json!({
        "type": "currency", "id": coin.id.to_string(),
        "attributes": {
            "iso": coin.id, "name": coin.alpha, "alpha": coin.alpha, "alias": null,
            "exp": coin.scale, "confirmation_blocks": 12, "block_delay": 30, "tags": "",
            "minimal_transfer_amount": coin.text(0),
        },
    })
}

fn resource(payment: &Payment, transfer: &Transfer, time: &str) -> Value {
    let Transfer {
        id,
        units,
        status,
        confirmations,
    } = *transfer;
    let amount = payment.paid(units);
    let target = if payment.kind == Kind::Invoice {
        payment.coin.text(units)
    } else {
        amount.clone()
    };
    json!({
        "type": "transfer", "id": id.to_string(),
        "attributes": {
            "op_id": payment.id(), "op_type": if payment.kind == Kind::Payout { 2 } else { 1 },
            "amount": amount, "amount_target": target, "amount_cleared": amount,
            "rate_target": "1", "commission": "0", "commission_target": "0", "fee": "0",
            "txid": format!("0x{id:064x}"), "status": status, "user_message": null,
            "created_at": time, "updated_at": time, "confirmations": confirmations,
            "risk": 0, "risk_status": 1, "risk_personal": null, "risk_personal_status": 4,
        },
        "relationships": {
            "currency": {"data": {"type": "currency", "id": payment.paid_in.id.to_string()}},
            "wallet": {"data": {"type": "wallet", "id": "711"}}, "parent": {"data": null},
        },
    })
}

/// All transfers in their states after a report.
fn transfers(payment: &Payment, report: usize) -> BTreeMap<usize, Transfer> {
    let reported = payment.reports.iter().take(report + 1);
    reported
        .filter_map(|report| match report {
            Report::Transfer(transfer) => Some((transfer.id, *transfer)),
            _ => None,
        })
        .collect()
}

/// The deposit or payout in its state after a report.
fn data(payment: &Payment, report: usize, time: &str) -> Value {
    let is_payout = payment.kind == Kind::Payout;
    let transfers = transfers(payment, report);
    let settled = transfers.values().filter(|transfer| transfer.status == 2);
    let paid: u64 = settled.map(|transfer| transfer.units).sum();
    let has_ended = matches!(payment.reports[report], Report::NoTransfer);
    let status = match (is_payout, has_ended) {
        (true, false) => 2,
        (true, true) => 3,
        (false, true) => 4,
        // Not paid in full yet, paid, unresolved.
        (false, false)
            if paid < payment.units
                || payment.paid_in.id != payment.coin.id && payment.kind != Kind::Invoice =>
        {
            2
        }
        (false, false) if paid == payment.units => 3,
        (false, false) => 5,
    };
    let expected = payment.coin.text(payment.units);
    json!({
        "type": if is_payout { "payout" } else { "deposit" }, "id": payment.id().to_string(),
        "attributes": {
            "tracking_id": payment.reference, "status": status, "created_at": time, "label": "",
            "address": "0x5d1f0e2b7c9a4d3386ef21aa90b7f3c4d5e6f708", "destination": null,
            "target_paid": payment.coin.text(paid), "amount": if is_payout { json!(expected) } else { Value::Null },
            "target_amount_requested": expected, "source_amount_requested": expected,
            "time_limit": null, "inaccuracy": "0", "confirmations_needed": null,
            "callback_url": "https://shop.example/callbacks/b2binpay",
        },
        "relationships": {
            "currency": {"data": {"type": "currency", "id": payment.paid_in.id.to_string()}},
            "wallet": {"data": {"type": "wallet", "id": "711"}},
        },
    })
}

/// B2BINPAY, as API v3 sends it.
fn operation(payment: &Payment, report: usize) -> Value {
    let (reference, time) = (&payment.reference, time(report));
    let mut data = data(payment, report, &time);
    let mut included = vec![currency(payment.paid_in)];
    let message = match &payment.reports[report] {
        Report::Transfer(transfer) => {
            let id = transfer.id.to_string();
            data["relationships"]["transfer"] = json!({"data": {"type": "transfer", "id": id}});
            included.push(resource(payment, transfer, &time));
            format!(
                "{}{}{reference}{time}",
                transfer.status,
                payment.paid(transfer.units)
            )
        }
        _ if payment.kind == Kind::Payout => format!("{reference}{time}"),
        _ => format!("4{reference}{time}"),
    };
    json!({"data": data, "included": included, "meta": {"sign": sign(&message), "time": time}})
}

/// The response of B2BINPAY's API for the deposit or payout.
fn document(payment: &Payment, report: usize) -> String {
    let time = time(report);
    let mut included = vec![currency(payment.paid_in)];
    let transfers = transfers(payment, report);
    included.extend(
        transfers
            .values()
            .map(|transfer| resource(payment, transfer, &time)),
    );
    json!({"data": data(payment, report, &time), "included": included}).to_string()
}

/// An order's transaction in the blockchain.
fn hash(payment: &Payment, transaction: usize) -> String {
    let digest = payment.reference.bytes();
    let hash = digest.fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    format!("{hash}{transaction:02x}")
}

/// CityPay.io: unsigned.
fn order(payment: &Payment, status: &str, transactions: usize) -> Value {
    let is_paid = transactions > 0;
    json!({
        "type": "order callback", "action": if is_paid { "receive_transaction" } else { "order_creation" },
        "status": status, "order_id": 441, "client_order_id": format!("INV-{}", payment.reference),
        "transaction_id": is_paid.then(|| hash(payment, transactions - 1)),
        "received_amount_in_coins": is_paid.then(|| payment.paid(payment.units)),
        "received_amount_in_fiat": null, "fiat_currency": "USD", "crypto_currency": "BTC",
        "created_at": "2026-03-02 09:10", "order_token": payment.reference,
        "order_expiration": 60, "exchange_rate": "91925.84",
    })
}

/// CityPay.io's order endpoint and B2BINPAY's API. Both are slow, and fail at
/// random; the order endpoint also lags behind the callbacks, and sometimes
/// returns an old state.
#[derive(Debug)]
pub(crate) struct Endpoint {
    shown: Vec<Answers>,
    payments: Arc<Vec<Payment>>,
    seed: u64,
}

#[derive(Debug)]
struct Answers {
    /// How long the endpoint returns the previous state.
    lag: Duration,
    state: Mutex<Shown>,
}

#[derive(Debug)]
struct Shown {
    now: usize,
    before: usize,
    since: Instant,
    /// The number of responses that fail.
    failures: usize,
    requests: u64,
}

impl Endpoint {
    pub(crate) fn new(payments: &Arc<Vec<Payment>>, seed: u64) -> Self {
        let mut random = Random::new(seed, 3);
        let shown = payments.iter().map(|payment| Answers {
            lag: match random.below(100) {
                0..30 if payment.kind == Kind::Order => random.milliseconds(50, 500),
                _ => Duration::ZERO,
            },
            state: Mutex::new(Shown {
                now: 0,
                before: 0,
                since: Instant::now(),
                failures: usize::from(random.percent(20)),
                requests: 0,
            }),
        });
        Self {
            shown: shown.collect(),
            payments: Arc::clone(payments),
            seed,
        }
    }

    /// Advances the payment to a report that the gateway is about to post.
    pub(crate) fn advance(&self, number: usize, report: usize) {
        let mut shown = self.shown[number].state.lock().unwrap();
        if report > shown.now {
            shown.before = shown.now;
            shown.now = report;
            shown.since = Instant::now();
        }
    }

    pub(crate) fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/order/{token}/", get(order_answer))
            .route("/deposit/{id}", get(deposit_answer))
            .route("/payout/{id}", get(payout_answer))
            .with_state(Arc::clone(self))
    }

    /// The report that the response is based on, which may be an older one; `None` if
    /// it fails.
    async fn current(&self, payment: &Payment) -> Option<usize> {
        let answers = &self.shown[payment.number];
        let (shown, fails, requests) = {
            let mut shown = answers.state.lock().unwrap();
            shown.requests += 1;
            let fails = shown.failures > 0;
            shown.failures = shown.failures.saturating_sub(1);
            let is_stale = shown.since.elapsed() < answers.lag;
            let report = if is_stale { shown.before } else { shown.now };
            (report, fails, shown.requests)
        };
        let stream = 10_000 * requests + u64::try_from(payment.number).unwrap();
        let mut random = Random::new(self.seed, stream);
        tokio::time::sleep(random.milliseconds(1, 5)).await;
        let is_old = payment.kind == Kind::Order && random.percent(15);
        let report = if is_old {
            random.below(shown + 1)
        } else {
            shown
        };
        (!fails).then_some(report)
    }

    async fn document(&self, id: &str, is_payout: bool) -> Response {
        let number = id
            .parse::<usize>()
            .ok()
            .and_then(|id| id.checked_sub(30_000));
        let payment = number.and_then(|number| self.payments.get(number));
        let payment = payment.filter(|payment| (payment.kind == Kind::Payout) == is_payout);
        let Some(payment) = payment.filter(|payment| payment.kind != Kind::Order) else {
            let none = r#"{"errors":[{"status":"404","title":"Not found"}]}"#;
            return (StatusCode::NOT_FOUND, none).into_response();
        };
        match self.current(payment).await {
            Some(report) => document(payment, report).into_response(),
            None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

async fn deposit_answer(State(endpoint): State<Arc<Endpoint>>, Path(id): Path<String>) -> Response {
    endpoint.document(&id, false).await
}

async fn payout_answer(State(endpoint): State<Arc<Endpoint>>, Path(id): Path<String>) -> Response {
    endpoint.document(&id, true).await
}

async fn order_answer(
    State(endpoint): State<Arc<Endpoint>>,
    Path(token): Path<String>,
) -> Response {
    let mut payments = endpoint.payments.iter();
    let Some(payment) = payments.find(|payment| payment.reference == token) else {
        let none = r#"{"status":"error","status_code":404,"message":"no such order"}"#;
        return (StatusCode::NOT_FOUND, none).into_response();
    };
    let Some(report) = endpoint.current(payment).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, details(payment, report)).into_response()
}

/// Its amounts are JSON numbers, which `json!` would turn into floats.
fn details(payment: &Payment, report: usize) -> String {
    let Report::Order(status, amounts) = &payment.reports[report] else {
        unreachable!("an order has only order reports")
    };
    let (token, amount) = (&payment.reference, payment.paid(payment.units));
    // The value in USD of an order in BTC is insignificant.
    let fiat = |units| {
        if payment.coin.id == USD.id {
            USD.text(units)
        } else {
            "60.00".to_owned()
        }
    };
    let customer = if payment.is_foreign { "777" } else { CUSTOMER };
    let mut total = 0;
    let transactions = amounts.iter().enumerate().map(|(place, units)| {
        total += units;
        format!(
            r#"{{"id":{},"hash":"{}","amount":{{"base":{},"total":{},
            "underPaid":0,"overPaid":0}},"amountFiat":{{"base":"{}","total":"{}"}},
            "createdAt":"2026-03-02 09:14","createdAtMiliseconds":{}}}"#,
            900_000 + 10 * payment.number + place,
            hash(payment, place),
            payment.paid(*units),
            payment.paid(total),
            fiat(*units),
            if payment.coin.id == USD.id {
                USD.text(total)
            } else {
                format!("{}.00", 60 * (place + 1))
            },
            1_772_442_840_000_u64 + 60_000 * u64::try_from(place).unwrap(),
        )
    });
    let transactions = transactions.collect::<Vec<_>>().join(",");
    format!(
        r#"{{"success":true,"message":null,"data":{{"id":441,"customerId":{customer},
        "token":"{token}","coin":"Bitcoin","coinBaseName":"btc","exchangeRate":91925.84,
        "amountFiat":"{}","amount":{amount},
        "currency":{{"id":2,"currency":"US Dollar","abbreviation":"USD"}},
        "createdAt":"2026-03-02 09:10","createdAtMiliseconds":1772442600000,"type":"ORDER",
        "expiresAt":1772446200000,"expirationTime":3600000,
        "status":{{"code":"{status}","label":"{status}"}},"transactions":[{transactions}]}}}}"#,
        fiat(payment.units),
    )
}
