//! Store the bytes, answer 200, and verify them again in a worker.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use payhook::b2binpay::{self, TrackingIds};
use payhook::chrono::{DateTime, SecondsFormat, Utc};
use payhook::citypay::{self, Account};
use payhook::payment::{Expected, PaymentStatus};
use payhook::{
    BoxError, Callback, Endpoint, Fetch, Gateway, Handler, MemoryLedger, Reply,
    endpoint::{Idempotent, Target},
    handler_fn,
    idempotency::{Claim, ClaimToken, IdempotencyKeys, IdempotencyStore, Lease, MemoryStore},
    ledger::PaymentKey,
};
use serde_json::json;

use crate::support::{TIME, body, signed, verifier, with_transfer};

/// A queue entry: only bytes.
struct Row {
    body: Vec<u8>,
    answer: Option<Vec<u8>>,
}

impl Row {
    fn of(callback: &Callback) -> Self {
        let answer = match callback {
            Callback::Order(order) => order.proven().answer().map(|answer| answer.raw().to_vec()),
            _ => None,
        };
        let body = callback.raw().to_vec();
        Self { body, answer }
    }
}

/// Returns a fixed response.
struct Answer(Vec<u8>);

impl Fetch for Answer {
    async fn get(&self, _: &str) -> Result<Vec<u8>, BoxError> {
        Ok(self.0.clone())
    }
}

fn b2binpay() -> b2binpay::Gateway {
    b2binpay::Gateway::new(verifier(TrackingIds::Prefixed))
}

fn citypay(answer: Vec<u8>) -> citypay::Gateway<Answer> {
    citypay::Gateway::new(Account::new("5120").unwrap(), Answer(answer))
}

/// A handler that stores its callbacks.
fn storing(rows: &Mutex<Vec<Row>>) -> impl Handler {
    handler_fn(async |callback: Callback| {
        rows.lock().unwrap().push(Row::of(&callback));
        Ok::<_, BoxError>(())
    })
    .known(async |_: PaymentKey| Ok::<_, BoxError>(true))
}

fn receive<G: Gateway, T: Target>(gateway: G, target: T, body: &[u8]) -> Reply {
    Endpoint::new(gateway, target).receive_blocking(body, None)
}

fn enqueue(callback: &str, answer: Option<&str>) -> Row {
    let (rows, store) = (Mutex::default(), MemoryStore::new());
    let posted = body(callback);
    for log in ["handled: settled", "already handled"] {
        let receiver = Idempotent::new(storing(&rows), &store);
        let reply = match answer {
            Some(answer) => receive(citypay(body(answer)), receiver, &posted),
            None => receive(b2binpay(), receiver, &posted),
        };
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.disposition().to_string(), log);
    }
    let mut rows = rows.into_inner().unwrap();
    assert_eq!(rows.len(), 1);
    rows.pop().unwrap()
}

fn rows() -> [Row; 2] {
    [
        enqueue("b2binpay-deposit-confirmed.json", None),
        enqueue(
            "citypay-order-confirmed.json",
            Some("citypay-order-confirmed.answer.json"),
        ),
    ]
}

/// The worker's reply for a row.
fn work<T: Target>(row: &Row, target: T) -> Reply {
    match &row.answer {
        Some(answer) => receive(citypay(answer.clone()), target, &row.body),
        None => receive(b2binpay(), target, &row.body),
    }
}

/// The expected payments of both rows.
fn ledger() -> MemoryLedger {
    let ledger = MemoryLedger::new();
    for expected in [
        Expected::deposit("order-9001", "ETH", "0.412".parse().unwrap()),
        Expected::order("tok_4f9c1b7e", "USD", "60.00".parse().unwrap()),
    ] {
        ledger.expect(expected.unwrap());
    }
    ledger
}

/// The worker's status, and the credited amount.
fn credit(row: &Row, ledger: &MemoryLedger) -> (u16, Option<String>) {
    let reply = work(row, ledger);
    let credited = reply.change().and_then(|change| change.credited());
    (reply.status(), credited.map(ToString::to_string))
}

#[test]
fn the_worker_verifies_it_again_and_credits_once() {
    let ledger = ledger();
    for (row, amount, reference) in rows()
        .iter()
        .zip(["0.412", "60"])
        .zip(["order-9001", "tok_4f9c1b7e"])
        .map(|((row, amount), reference)| (row, amount, reference))
    {
        let (status, credited) = credit(row, &ledger);
        let credited = credited.map(|it| it.parse::<payhook::Amount>().unwrap());
        assert_eq!((status, credited), (200, Some(amount.parse().unwrap())));
        assert_eq!(credit(row, &ledger), (200, None));
        let payment = ledger.payment(reference).unwrap();
        assert_eq!(payment.status(), PaymentStatus::Paid);
    }
}

fn handle(row: &Row, handler: impl Handler, store: impl IdempotencyStore) -> u16 {
    work(row, Idempotent::new(handler, store)).status()
}

/// A worker that credits in another system retries until it succeeds.
#[test]
fn a_worker_retries_until_it_succeeds() {
    for row in rows() {
        let (store, handled) = (MemoryStore::new(), Mutex::new(0));
        let failing = handler_fn(async |_: Callback| Err::<(), _>("the database is closed"))
            .known(async |_: PaymentKey| Ok::<_, BoxError>(true));
        let working = handler_fn(async |_: Callback| {
            *handled.lock().unwrap() += 1;
            Ok::<_, BoxError>(())
        })
        .known(async |_: PaymentKey| Ok::<_, BoxError>(true));
        assert_eq!(handle(&row, failing, &store), 500);
        assert_eq!(handle(&row, working, &store), 200);
        assert_eq!(handle(&row, working, &store), 200);
        assert_eq!(*handled.lock().unwrap(), 1);
    }
}

#[test]
fn the_exact_bytes_are_stored() {
    let [deposit, order] = rows();
    assert_eq!(deposit.body, body("b2binpay-deposit-confirmed.json"));
    assert_eq!(deposit.answer, None);
    assert_eq!(order.body, body("citypay-order-confirmed.json"));
    assert_eq!(
        order.answer,
        Some(body("citypay-order-confirmed.answer.json"))
    );
}

/// The age limit of the receiver does not apply to the worker.
#[test]
fn an_age_limit_applies_to_the_receiver_only() {
    let hour = Duration::from_secs(3600);
    let now = DateTime::<Utc>::from(SystemTime::now()).to_rfc3339_opts(SecondsFormat::Micros, true);
    for (time, status) in [(now.as_str(), 200), (TIME, 401)] {
        let mut body = with_transfer("deposit", "order-1", "1");
        body["meta"]["time"] = json!(time);
        let body = signed(body, &format!("21order-1{time}")).to_string();
        let rows = Mutex::default();
        let receiver = b2binpay::Gateway::new(verifier(TrackingIds::Prefixed).max_age(hour));
        let target = Idempotent::new(storing(&rows), MemoryStore::new());
        let reply = receive(receiver, target, body.as_bytes());
        assert_eq!(reply.status(), status);
        assert_eq!(rows.into_inner().unwrap().len(), usize::from(status == 200));
        let row = Row {
            body: body.into_bytes(),
            answer: None,
        };
        let ledger = MemoryLedger::new();
        ledger.expect(Expected::deposit("order-1", "ETH", "1".parse().unwrap()).unwrap());
        assert_eq!(credit(&row, &ledger), (200, Some("1".to_owned())));
    }
}

/// Passes every delivery on.
struct EveryDelivery;

impl IdempotencyStore for EveryDelivery {
    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        Ok(Claim::Acquired(ClaimToken::new(*keys.event(), 0)))
    }

    async fn complete(&self, _: ClaimToken) -> Result<Lease, BoxError> {
        Ok(Lease::Held)
    }

    async fn release(&self, _: ClaimToken) -> Result<Lease, BoxError> {
        Ok(Lease::Held)
    }
}

/// Two deliveries of one event can differ in what the rules of payments need: at the
/// merchant's own number of confirmations, the gateway has not counted the money yet.
#[test]
fn a_ledger_needs_every_delivery() {
    let posted = |seconds: u8, target_paid: &str, status: u8| {
        let time = format!("2026-03-02T09:16:{seconds:02}Z");
        let mut body = with_transfer("deposit", "order-1", "0.5");
        body["data"]["attributes"]["status"] = json!(status);
        body["data"]["attributes"]["target_paid"] = json!(target_paid);
        body["included"][1]["attributes"]["amount_target"] = json!("100.00");
        body["meta"]["time"] = json!(time);
        signed(body, &format!("20.5order-1{time}")).to_string()
    };
    let bodies = [posted(2, "0", 2), posted(3, "100.00", 3)];
    let paid_behind = |store: &dyn Fn(&str, &Mutex<Vec<Row>>) -> Reply| {
        let rows = Mutex::default();
        for body in &bodies {
            assert_eq!(store(body, &rows).status(), 200);
        }
        let ledger = MemoryLedger::new();
        let invoice = Expected::invoice("order-1", "USD", "100".parse().unwrap()).unwrap();
        ledger.expect(invoice.trust_reported_conversion());
        for row in rows.into_inner().unwrap() {
            assert_eq!(work(&row, &ledger).status(), 200);
        }
        ledger.payment("order-1").unwrap().status()
    };
    let every = paid_behind(&|body, rows| {
        let target = Idempotent::new(storing(rows), EveryDelivery);
        receive(b2binpay(), target, body.as_bytes())
    });
    assert_eq!(every, PaymentStatus::Paid);
    // A store that identifies events passes on the first one only.
    let store = MemoryStore::new();
    let first = paid_behind(&|body, rows| {
        let target = Idempotent::new(storing(rows), &store);
        receive(b2binpay(), target, body.as_bytes())
    });
    assert_eq!(first, PaymentStatus::Held);
}

/// An altered copy of a delivery, in another currency, arrives first: the genuine one is
/// stored as well, and its money is received.
#[test]
fn a_ledger_needs_every_copy() {
    let altered = with_transfer("deposit", "order-1", "1");
    let genuine = signed(altered, &format!("21order-1{TIME}")).to_string();
    let altered = genuine.replace("\"ETH\"", "\"DOGE\"");
    let queue = Mutex::new(BTreeMap::new());
    let storing = || {
        handler_fn(async |callback: Callback| {
            let keys = callback.idempotency_keys("");
            let mut queue = queue.lock().unwrap();
            let keys = [*keys.delivery(), *keys.event()];
            let number = queue.len();
            queue.entry(keys).or_insert((number, Row::of(&callback)));
            Ok::<_, BoxError>(())
        })
    };
    for body in [&altered, &altered, &genuine, &genuine] {
        let target = Idempotent::new(storing(), EveryDelivery);
        assert_eq!(receive(b2binpay(), target, body.as_bytes()).status(), 200);
    }
    let mut rows: Vec<_> = queue.into_inner().unwrap().into_values().collect();
    rows.sort_by_key(|(number, _)| *number);
    assert_eq!(rows.len(), 2);
    let ledger = MemoryLedger::new();
    ledger.expect(Expected::deposit("order-1", "ETH", "1".parse().unwrap()).unwrap());
    for (_, row) in rows {
        assert_eq!(work(&row, &ledger).status(), 200);
    }
    let payment = ledger.payment("order-1").unwrap();
    assert_eq!(payment.held(), "1".parse().unwrap());
}

/// Write access to the queue does not allow a credit.
#[test]
fn a_changed_row_is_not_proven() {
    let changed = |bytes: &[u8], from: &str, to: &str| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text.contains(from));
        text.replace(from, to).into_bytes()
    };
    let [mut deposit, mut order] = rows();
    deposit.body = changed(
        &deposit.body,
        "0.412000000000000000",
        "9.412000000000000000",
    );
    assert_eq!(credit(&deposit, &ledger()), (401, None));
    // Another customer's response.
    order.answer = order.answer.map(|answer| changed(&answer, "5120", "5121"));
    assert_eq!(credit(&order, &ledger()), (401, None));
}
