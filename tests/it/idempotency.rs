//! An endpoint with an idempotency store, and its dispositions for replays.

mod keys;
mod memory;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;

use payhook::b2binpay::{Gateway, TrackingIds};
use payhook::citypay::{self, Account};
use payhook::{
    BoxError, Callback, Disposition, Endpoint, Fault, Fetch, Handler,
    endpoint::Idempotent,
    handler_fn,
    idempotency::{
        Claim, ClaimToken, IdempotencyKey, IdempotencyKeys, IdempotencyStore, Lease, MemoryStore,
    },
    ledger::PaymentKey,
};
use serde_json::{Value, json};

use crate::handler::block_on;
use crate::support::{TIME, body, signed, verifier, with_transfer, with_transfer_id};

fn endpoint<H: Handler, S: IdempotencyStore>(
    handler: H,
    store: S,
) -> Endpoint<Gateway, Idempotent<H, S>> {
    let gateway = Gateway::new(verifier(TrackingIds::Prefixed));
    Endpoint::new(gateway, Idempotent::new(handler, store))
}

/// A deposit of 1 under `order-1`, made at `time`, whose transfer has this status.
fn with_status(status: i32, time: &str) -> Value {
    let mut body = with_transfer("deposit", "order-1", "1");
    body["included"][1]["attributes"]["status"] = json!(status);
    body["meta"]["time"] = json!(time);
    signed(body, &format!("{status}1order-1{time}"))
}

/// A confirmed deposit of 1 under `order-1`, made at `time`.
fn deposit(time: &str) -> Value {
    with_status(2, time)
}

/// Counts the callbacks that reach the handler, and fails a given number of times.
#[derive(Default)]
struct Credits {
    credits: Mutex<Vec<String>>,
    failures: Mutex<u32>,
}

impl Handler for Credits {
    async fn handle(&self, callback: Callback) -> Result<(), BoxError> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err("the database is closed".into());
        }
        let event = callback.event();
        let credit = format!("{} {}", event.kind(), event.outcome());
        self.credits.lock().unwrap().push(credit);
        Ok(())
    }

    async fn is_known(&self, key: &PaymentKey) -> Result<bool, BoxError> {
        Ok(key.reference == "tok_4f9c1b7e")
    }
}

/// A shop with a ledger and a store.
struct Shop(Endpoint<Gateway, Idempotent<Credits, MemoryStore>>);

impl Shop {
    fn new() -> Self {
        Self(endpoint(Credits::default(), MemoryStore::new()))
    }

    fn post(&self, body: &Value) -> (u16, String) {
        post(&self.0, body)
    }

    fn handler(&self) -> &Credits {
        self.0.target().handler()
    }

    fn credits(&self) -> Vec<String> {
        self.handler().credits.lock().unwrap().clone()
    }
}

fn post<H: Handler, S: IdempotencyStore>(
    endpoint: &Endpoint<Gateway, Idempotent<H, S>>,
    body: &Value,
) -> (u16, String) {
    let reply = endpoint.receive_blocking(body.to_string().as_bytes(), None);
    (reply.status(), reply.disposition().to_string())
}

fn answer(status: u16, log: &str) -> (u16, String) {
    (status, log.to_owned())
}

#[test]
fn the_same_delivery_is_handled_once() {
    let shop = Shop::new();
    let body = deposit(TIME);
    assert_eq!(shop.post(&body), answer(200, "handled: settled"));
    assert_eq!(shop.post(&body), answer(200, "already handled"));
    assert_eq!(shop.credits(), ["deposit? settled"]);
}

/// The caller may catch it. No lock is poisoned, and the claim is left to its lease.
#[test]
fn a_panic_is_passed_on() {
    let panics =
        handler_fn(async |_: Callback| -> Result<(), io::Error> { panic!("the handler's own") });
    let body = deposit(TIME);
    let bytes = body.to_string();
    for (lease, next) in [
        (60, answer(503, "another delivery is being handled")),
        (0, answer(200, "handled: settled")),
    ] {
        for blocks in [false, true] {
            let store = MemoryStore::new().lease(Duration::from_secs(lease));
            let panicking = endpoint(&panics, store.clone());
            let caught = catch_unwind(AssertUnwindSafe(|| {
                if blocks {
                    panicking.receive_blocking(bytes.as_bytes(), None)
                } else {
                    block_on(panicking.receive(bytes.as_bytes(), None))
                }
            }));
            let own = caught.unwrap_err().downcast_ref::<&str>().copied();
            assert_eq!(own, Some("the handler's own"));
            assert_eq!(post(&endpoint(Credits::default(), store), &body), next);
        }
    }
}

#[test]
fn a_changed_replay_is_already_handled() {
    let shop = Shop::new();
    let genuine = deposit(TIME);
    shop.post(&genuine);

    let other_transfer = with_transfer_id(genuine.clone(), "55022");
    let mut payout = genuine.clone();
    payout["data"]["type"] = json!("payout");
    payout["included"][1]["attributes"]["op_type"] = json!(2);
    let mut currency = genuine.clone();
    currency["included"][0]["attributes"]["alpha"] = json!("BTC");
    let mut confirmations = genuine.clone();
    confirmations["included"][1]["attributes"]["confirmations"] = json!(9);
    let mut unresolved = genuine.clone();
    unresolved["data"]["attributes"]["status"] = json!(5);
    for replay in [other_transfer, payout, currency, confirmations, unresolved] {
        assert_eq!(
            shop.post(&replay),
            answer(200, "already handled"),
            "{replay}"
        );
    }
    assert_eq!(shop.credits(), ["deposit? settled"]);
}

/// The gateway's own second delivery has its own MAC. Captured and changed, it is still
/// bound to the values that it was first seen with.
#[test]
fn a_changed_resend_is_a_duplicate() {
    let shop = Shop::new();
    shop.post(&deposit(TIME));
    let resent = deposit("2026-03-02T11:00:00.000000Z");
    assert_eq!(shop.post(&resent), answer(200, "already handled"));

    let replay = with_transfer_id(resent, "55022");
    assert_eq!(shop.post(&replay), answer(200, "already handled"));
    assert_eq!(shop.credits().len(), 1);
}

/// A captured body must not use up the claim of a future payment.
#[test]
fn a_replay_does_not_use_up_the_next_payment() {
    let shop = Shop::new();
    let genuine = deposit(TIME);
    shop.post(&genuine);
    shop.post(&with_transfer_id(genuine, "55022"));
    let second = with_transfer_id(deposit("2026-03-02T11:00:00.000000Z"), "55022");
    assert_eq!(shop.post(&second), answer(200, "handled: settled"));
    assert_eq!(shop.credits().len(), 2);
}

#[test]
fn two_transfers_of_the_same_amount_are_two_payments() {
    let shop = Shop::new();
    shop.post(&deposit(TIME));
    shop.post(&with_transfer_id(
        deposit("2026-03-02T11:00:00.000000Z"),
        "55022",
    ));
    assert_eq!(shop.credits().len(), 2);
}

/// A transfer that is confirmed, blocked and released again settles twice: its second
/// settlement is a new event, a replay is not.
#[test]
fn a_second_settlement_after_a_reversal_is_handled() {
    let shop = Shop::new();
    let settled = with_status(2, "2026-03-02T10:00:00.000000Z");
    let blocked = with_status(-2, "2026-03-02T11:00:00.000000Z");
    let restored = with_status(2, "2026-03-02T12:00:00.000000Z");
    for (body, log) in [
        (&settled, "handled: settled"),
        (&blocked, "handled: blocked"),
        (&settled, "already handled"),
        (&restored, "handled: settled"),
        (&blocked, "already handled"),
        (&settled, "already handled"),
        (&restored, "already handled"),
    ] {
        assert_eq!(shop.post(body), answer(200, log), "{body}");
    }
    assert_eq!(
        shop.credits(),
        ["deposit? settled", "deposit? blocked", "deposit? settled"]
    );
}

/// A callback older than another one of the same transfer is accepted, but not handled:
/// the handler must not return to the older state.
#[test]
fn an_older_event_is_superseded() {
    let shop = Shop::new();
    let pending = with_status(1, "2026-03-02T09:00:00.000000Z");
    let settled = with_status(2, "2026-03-02T10:00:00.000000Z");
    let other = with_transfer_id(pending.clone(), "55022");
    assert_eq!(shop.post(&settled), answer(200, "handled: settled"));
    assert_eq!(
        shop.post(&pending),
        answer(200, "superseded by a later event")
    );
    // A changed copy is the same delivery, whatever its unsigned fields are.
    assert_eq!(
        shop.post(&other),
        answer(409, "duplicate delivery with different unsigned fields")
    );
    assert_eq!(shop.credits(), ["deposit? settled"]);
}

#[test]
fn a_failed_delivery_is_handled_when_retried() {
    let shop = Shop::new();
    *shop.handler().failures.lock().unwrap() = 2;
    let body = deposit(TIME);
    for _ in 0..2 {
        assert_eq!(
            shop.post(&body),
            answer(500, "the handler failed: the database is closed")
        );
    }
    assert_eq!(shop.post(&body), answer(200, "handled: settled"));
    assert_eq!(shop.post(&body), answer(200, "already handled"));
    assert_eq!(shop.credits().len(), 1);
}

#[test]
fn unproven_callbacks_claim_nothing() {
    let shop = Shop::new();
    let mut tampered = deposit(TIME);
    tampered["included"][1]["attributes"]["amount"] = json!("1000");
    assert_eq!(shop.post(&tampered).0, 401);
    assert_eq!(shop.post(&deposit(TIME)), answer(200, "handled: settled"));
}

/// The order endpoint's current response; an error if `None`.
struct OrderResponse(Mutex<Option<Value>>);

impl Fetch for &OrderResponse {
    async fn get(&self, _: &str) -> Result<Vec<u8>, BoxError> {
        let answer = self.0.lock().unwrap().clone();
        Ok(answer.ok_or("not reachable")?.to_string().into_bytes())
    }
}

/// The gateway retries a callback that could not be looked up, or not yet.
#[test]
fn an_unsuccessful_lookup_claims_nothing() {
    let response = OrderResponse(Mutex::new(None));
    let gateway = citypay::Gateway::new(Account::new("5120").unwrap(), &response);
    let target = Idempotent::new(Credits::default(), MemoryStore::new());
    let endpoint = Endpoint::new(gateway, target);
    let post = || {
        let reply = endpoint.receive_blocking(&body("citypay-order-confirmed.json"), None);
        (reply.status(), reply.disposition().to_string())
    };
    assert_eq!(post(), answer(503, "the lookup failed: not reachable"));

    let confirmed = body("citypay-order-confirmed.answer.json");
    let confirmed: Value = serde_json::from_slice(&confirmed).unwrap();
    let mut behind = confirmed.clone();
    behind["data"]["status"]["code"] = json!("PAID_UNCONFIRMED");
    *response.0.lock().unwrap() = Some(behind);
    assert_eq!(
        post(),
        answer(503, "the order endpoint lags behind the callback")
    );

    *response.0.lock().unwrap() = Some(confirmed);
    assert_eq!(post(), answer(200, "handled: settled"));
    assert_eq!(post(), answer(200, "already handled"));
    let credits = endpoint.target().handler().credits.lock().unwrap();
    assert_eq!(*credits, ["order settled"]);
}

#[test]
fn namespaces_have_their_own_claims() {
    let (shared, handler) = (MemoryStore::new(), Credits::default());
    let one = endpoint(&handler, &shared);
    // Headers that are set later have no effect.
    let other = endpoint(&handler, &shared);
    let other = other.namespace("other").body_limit(10_000);
    for (endpoint, log) in [
        (&one, "handled: settled"),
        (&one, "already handled"),
        (&other, "handled: settled"),
        (&other, "already handled"),
    ] {
        assert_eq!(post(endpoint, &deposit(TIME)), answer(200, log));
    }
}

type Step = fn() -> Result<Claim, ()>;

/// Returns the configured claim.
struct Scripted {
    claim: Step,
    end: Result<Lease, &'static str>,
    ended: Mutex<Vec<&'static str>>,
}

impl Scripted {
    fn new(claim: Step, end: Result<Lease, &'static str>) -> Self {
        let ended = Mutex::default();
        Self { claim, end, ended }
    }

    fn end(&self, how: &'static str) -> Result<Lease, BoxError> {
        self.ended.lock().unwrap().push(how);
        Ok(self.end?)
    }
}

impl IdempotencyStore for Scripted {
    async fn claim(&self, _: &IdempotencyKeys) -> Result<Claim, BoxError> {
        (self.claim)().map_err(|()| "gone".into())
    }

    async fn complete(&self, _: ClaimToken) -> Result<Lease, BoxError> {
        self.end("completed")
    }

    async fn release(&self, _: ClaimToken) -> Result<Lease, BoxError> {
        self.end("released")
    }
}

const FRESH: Step = || {
    let event = IdempotencyKey::from_bytes([0; 32]);
    Ok(Claim::Acquired(ClaimToken::new(event, 1)))
};

#[test]
fn every_answer_of_a_store() {
    type Row = (
        Step,
        Result<Lease, &'static str>,
        u16,
        &'static str,
        &'static [&'static str],
    );
    let held = Ok(Lease::Held);
    let table: [Row; 9] = [
        (FRESH, held, 200, "handled: settled", &["completed"]),
        (
            FRESH,
            Ok(Lease::Lost),
            200,
            "handled: settled, but not recorded: handler took longer than its lease",
            &["completed"],
        ),
        (
            FRESH,
            Err("gone"),
            200,
            "handled: settled, but not recorded: gone",
            &["completed"],
        ),
        (
            || Ok(Claim::AlreadyHandled),
            held,
            200,
            "already handled",
            &[],
        ),
        (
            || Ok(Claim::Superseded),
            held,
            200,
            "superseded by a later event",
            &[],
        ),
        (
            || Ok(Claim::InProgress),
            held,
            503,
            "another delivery is being handled",
            &[],
        ),
        (
            || Ok(Claim::Conflicting),
            held,
            409,
            "duplicate delivery with different unsigned fields",
            &[],
        ),
        (
            || Ok(Claim::TooOld),
            held,
            409,
            "older than the store's retention",
            &[],
        ),
        (|| Err(()), held, 503, "the store failed: gone", &[]),
    ];
    let body = deposit(TIME).to_string();
    for (claim, end, status, log, ended) in table {
        let calls = Mutex::new(0);
        let counts = handler_fn(async |_: Callback| {
            *calls.lock().unwrap() += 1;
            Ok::<_, BoxError>(())
        });
        let endpoint = endpoint(&counts, Scripted::new(claim, end));
        let reply = endpoint.receive_blocking(body.as_bytes(), None);
        assert_eq!(reply.status(), status, "{log}");
        assert_eq!(reply.disposition().to_string(), log);
        assert!(reply.change().is_none(), "{log}");
        let is_well = matches!(
            reply.disposition(),
            Disposition::Handled { .. } | Disposition::Duplicate | Disposition::Superseded
        );
        assert_eq!(reply.disposition().hint().is_none(), is_well, "{log}");
        let needs_no_action = is_well || matches!(reply.disposition(), Disposition::InProgress);
        let fault = (!needs_no_action).then_some(Fault::Merchant);
        assert_eq!(reply.disposition().fault(), fault, "{log}");
        if let Disposition::HandledNotRecorded { error, .. } = reply.disposition() {
            let is_lost = error.to_string() == "handler took longer than its lease";
            assert_eq!(is_lost, end == Ok(Lease::Lost));
        }
        assert_eq!(*calls.lock().unwrap(), ended.len(), "{log}");
        assert_eq!(*endpoint.target().store().ended.lock().unwrap(), ended);
    }
}

/// The response is the handler's, whether the claim can be released or not.
#[test]
fn a_failed_handler_releases_its_claim() {
    for end in [Ok(Lease::Held), Ok(Lease::Lost), Err("gone")] {
        let failing = handler_fn(async |_: Callback| Err::<(), _>("closed"));
        let endpoint = endpoint(&failing, Scripted::new(FRESH, end));
        assert_eq!(
            post(&endpoint, &deposit(TIME)),
            answer(500, "the handler failed: closed")
        );
        let store = endpoint.target().store();
        assert_eq!(*store.ended.lock().unwrap(), ["released"]);
    }
}

#[test]
fn a_dropped_request_leaves_the_claim_to_its_lease() {
    let store = MemoryStore::new();
    let hanging = handler_fn(|_: Callback| std::future::pending::<Result<(), BoxError>>());
    let hangs = endpoint(&hanging, &store);
    let body = deposit(TIME).to_string();
    {
        let mut request = Box::pin(hangs.receive(body.as_bytes(), None));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(request.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(
        post(&endpoint(Credits::default(), &store), &deposit(TIME)),
        answer(503, "another delivery is being handled")
    );
}

/// A token of another store keeps its values.
#[test]
fn a_token_returns_its_event_and_fence() {
    let event = IdempotencyKey::from_bytes([3; 32]);
    let token = ClaimToken::new(event, 17);
    assert_eq!((*token.event(), token.fence()), (event, 17));
}

/// A shop can share one store among its endpoints.
#[test]
fn pointers_to_a_store_are_stores() {
    let store = std::sync::Arc::new(MemoryStore::new());
    let keys = |number| IdempotencyKey::from_bytes([number; 32]);
    let keys = IdempotencyKeys::new(keys(1), keys(2), keys(3), None);
    let token = |claim: Result<Claim, BoxError>| match claim {
        Ok(Claim::Acquired(token)) => token,
        other => panic!("{other:?}"),
    };
    let by_reference = token(block_on(IdempotencyStore::claim(&&store, &keys)));
    let boxed = Box::new(std::sync::Arc::clone(&store));
    let released = block_on(boxed.release(by_reference)).unwrap();
    assert_eq!(released, Lease::Held);
    let by_arc = token(block_on(IdempotencyStore::claim(&store, &keys)));
    assert_eq!(block_on(boxed.complete(by_arc)).unwrap(), Lease::Held);
    assert!(matches!(
        block_on(boxed.claim(&keys)),
        Ok(Claim::AlreadyHandled)
    ));
}
