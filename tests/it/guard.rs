//! The receiver with a guard in between, and what a replay comes to.

mod keys;
mod memory;
mod postgres;
#[cfg(feature = "redis")]
mod redis;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;

use payhook::b2binpay::TrackingIds;
use payhook::{
    B2binpay, Callback, Claim, ClaimToken, Disposition, Guard, HandlerError, IdempotencyKey,
    IdempotencyKeys, Lease, MemoryGuard, NoGuard, Receiver, Verified, handler_fn,
};
use serde_json::{Value, json};

use crate::handler::block_on;
use crate::support::{TIME, signed, verifier, with_transfer, with_transfer_id};

fn receiver() -> Receiver<B2binpay> {
    Receiver::b2binpay(verifier(TrackingIds::Prefixed))
}

/// A confirmed deposit of 1 under `order-1`, made at `time`.
fn deposit(time: &str) -> Value {
    let mut body = with_transfer("deposit", "order-1", "1");
    body["meta"]["time"] = json!(time);
    signed(body, &format!("21order-1{time}"))
}

/// Counts what reaches the handler, and fails as long as it is told to.
#[derive(Default)]
struct Ledger {
    credits: Mutex<Vec<String>>,
    failures: Mutex<u32>,
}

impl Ledger {
    fn post<D: Guard>(&self, receiver: &Receiver<B2binpay, D>, body: &Value) -> (u16, String) {
        let handler = handler_fn(|callback: Verified<Callback>| {
            let mut failures = self.failures.lock().unwrap();
            if *failures > 0 {
                *failures -= 1;
                return Err(io::Error::other("the ledger is closed"));
            }
            let event = callback.event();
            let credit = format!("{} {}", event.kind(), event.outcome());
            self.credits.lock().unwrap().push(credit);
            Ok(())
        });
        let reply = receiver.receive(body.to_string().as_bytes(), None, &handler);
        (reply.status(), reply.disposition().to_string())
    }

    fn credits(&self) -> Vec<String> {
        self.credits.lock().unwrap().clone()
    }
}

fn answer(status: u16, log: &str) -> (u16, String) {
    (status, log.to_owned())
}

#[test]
fn the_same_delivery_is_handled_once() {
    let (receiver, ledger) = (receiver(), Ledger::default());
    let body = deposit(TIME);
    assert_eq!(
        ledger.post(&receiver, &body),
        answer(200, "handled: settled")
    );
    assert_eq!(ledger.post(&receiver, &body), answer(200, "handled before"));
    assert_eq!(ledger.credits().len(), 1);
}

/// It is the caller's to catch. Nothing is poisoned by it, and the claim is left
/// to its lease.
#[test]
fn a_panic_passes_through() {
    let panics = handler_fn(|_: Verified<Callback>| -> Result<(), io::Error> { panic!("own") });
    let async_panics =
        handler_fn(async |_: Verified<Callback>| -> Result<(), io::Error> { panic!("own") });
    let body = deposit(TIME);
    let bytes = body.to_string();
    for (lease, next) in [
        (60, answer(503, "being handled by another delivery")),
        (0, answer(200, "handled: settled")),
    ] {
        for is_async in [false, true] {
            let guard = MemoryGuard::new().lease(Duration::from_secs(lease));
            let receiver = receiver().guard(guard);
            let caught = catch_unwind(AssertUnwindSafe(|| {
                if is_async {
                    block_on(receiver.receive_async(bytes.as_bytes(), None, &async_panics))
                } else {
                    receiver.receive(bytes.as_bytes(), None, &panics)
                }
            }));
            assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"own"));
            assert_eq!(Ledger::default().post(&receiver, &body), next);
        }
    }
}

#[test]
fn a_replay_is_handled_before_whatever_is_changed_in_it() {
    let (receiver, ledger) = (receiver(), Ledger::default());
    let genuine = deposit(TIME);
    ledger.post(&receiver, &genuine);

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
            ledger.post(&receiver, &replay),
            answer(200, "handled before"),
            "{replay}"
        );
    }
    assert_eq!(ledger.credits(), ["deposit? settled"]);
}

/// The gateway's own second delivery has its own MAC. Captured and changed, it
/// is still bound to what it was first seen with.
#[test]
fn a_resent_delivery_is_no_second_chance() {
    let (receiver, ledger) = (receiver(), Ledger::default());
    ledger.post(&receiver, &deposit(TIME));
    let resent = deposit("2026-03-02T11:00:00.000000Z");
    assert_eq!(
        ledger.post(&receiver, &resent),
        answer(200, "handled before")
    );

    let replay = with_transfer_id(resent, "55022");
    assert_eq!(
        ledger.post(&receiver, &replay),
        answer(200, "handled before")
    );
    assert_eq!(ledger.credits().len(), 1);
}

/// A captured body must not spend the claim of a payment that is yet to come.
#[test]
fn a_replay_does_not_swallow_the_next_payment() {
    let (receiver, ledger) = (receiver(), Ledger::default());
    let genuine = deposit(TIME);
    ledger.post(&receiver, &genuine);
    ledger.post(&receiver, &with_transfer_id(genuine, "55022"));
    let second = with_transfer_id(deposit("2026-03-02T11:00:00.000000Z"), "55022");
    assert_eq!(
        ledger.post(&receiver, &second),
        answer(200, "handled: settled")
    );
    assert_eq!(ledger.credits().len(), 2);
}

#[test]
fn two_transfers_of_the_same_amount_are_two_payments() {
    let (receiver, ledger) = (receiver(), Ledger::default());
    ledger.post(&receiver, &deposit(TIME));
    let second = with_transfer_id(deposit("2026-03-02T11:00:00.000000Z"), "55022");
    ledger.post(&receiver, &second);
    assert_eq!(ledger.credits().len(), 2);
}

#[test]
fn what_failed_is_handled_when_it_is_sent_again() {
    let (receiver, ledger) = (receiver(), Ledger::default());
    *ledger.failures.lock().unwrap() = 2;
    let body = deposit(TIME);
    for _ in 0..2 {
        assert_eq!(
            ledger.post(&receiver, &body),
            answer(500, "the handler failed: the ledger is closed")
        );
    }
    assert_eq!(
        ledger.post(&receiver, &body),
        answer(200, "handled: settled")
    );
    assert_eq!(ledger.post(&receiver, &body), answer(200, "handled before"));
    assert_eq!(ledger.credits().len(), 1);
}

#[test]
fn what_is_not_proven_claims_nothing() {
    let (receiver, ledger) = (receiver(), Ledger::default());
    let mut tampered = deposit(TIME);
    tampered["included"][1]["attributes"]["amount"] = json!("1000");
    assert_eq!(ledger.post(&receiver, &tampered).0, 401);
    assert_eq!(
        ledger.post(&receiver, &deposit(TIME)),
        answer(200, "handled: settled")
    );
}

#[test]
fn endpoints_have_their_own_claims() {
    let ledger = Ledger::default();
    let (one, other) = (receiver(), receiver().endpoint("other"));
    let shared = MemoryGuard::new();
    let (one, other) = (one.guard(&shared), other.guard(&shared));
    ledger.post(&one, &deposit(TIME));
    assert_eq!(ledger.post(&one, &deposit(TIME)).1, "handled before");
    assert_eq!(ledger.post(&other, &deposit(TIME)).1, "handled: settled");
}

/// Whatever is configured after it.
#[test]
fn an_endpoint_keeps_its_name() {
    struct NoApi;
    impl payhook::DepositLookup for NoApi {
        type Error = io::Error;

        fn fetch(&self, _: &str) -> io::Result<Vec<u8>> {
            Ok(Vec::new())
        }
    }

    let shared = MemoryGuard::new();
    let named = receiver().endpoint("other").look_up_deposits(NoApi);
    let named = named.guard(&shared).body_limit(10_000);
    let ledger = Ledger::default();
    ledger.post(&receiver().guard(&shared), &deposit(TIME));
    let body = deposit(TIME).to_string();
    let handler = handler_fn(|_: Verified<Callback>| Ok::<_, HandlerError>(()));
    let post = |log: &str| {
        let reply = named.receive(body.as_bytes(), None, &handler);
        assert_eq!(reply.disposition().to_string(), log);
    };
    post("handled: settled");
    post("handled before");
}

#[test]
fn a_handler_that_claims_for_itself_sees_every_delivery() {
    let (receiver, ledger) = (receiver().guard(NoGuard), Ledger::default());
    for _ in 0..2 {
        ledger.post(&receiver, &deposit(TIME));
    }
    assert_eq!(ledger.credits().len(), 2);
}

type Step = fn() -> Result<Claim, ()>;

/// Answers as it is told to.
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

    fn end(&self, how: &'static str) -> Result<Lease, &'static str> {
        self.ended.lock().unwrap().push(how);
        self.end
    }
}

impl Guard for Scripted {
    type Error = &'static str;

    fn claim(&self, _: &IdempotencyKeys) -> Result<Claim, &'static str> {
        (self.claim)().map_err(|()| "gone")
    }

    fn complete(&self, _: ClaimToken) -> Result<Lease, &'static str> {
        self.end("completed")
    }

    fn release(&self, _: ClaimToken) -> Result<Lease, &'static str> {
        self.end("released")
    }
}

impl payhook::AsyncGuard for Scripted {
    type Error = &'static str;

    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, &'static str> {
        Guard::claim(self, keys)
    }

    async fn complete(&self, token: ClaimToken) -> Result<Lease, &'static str> {
        Guard::complete(self, token)
    }

    async fn release(&self, token: ClaimToken) -> Result<Lease, &'static str> {
        Guard::release(self, token)
    }
}

const FRESH: Step = || {
    let effect = IdempotencyKey::from_bytes([0; 32]);
    Ok(Claim::Fresh(ClaimToken::new(effect, 1)))
};

#[test]
fn every_answer_of_a_guard() {
    type Row = (
        Step,
        Result<Lease, &'static str>,
        u16,
        &'static str,
        &'static [&'static str],
    );
    let held = Ok(Lease::Held);
    let table: [Row; 8] = [
        (FRESH, held, 200, "handled: settled", &["completed"]),
        (
            FRESH,
            Ok(Lease::Lost),
            200,
            "handled: settled, but not recorded: the handler took longer than its lease",
            &["completed"],
        ),
        (
            FRESH,
            Err("gone"),
            200,
            "handled: settled, but not recorded: gone",
            &["completed"],
        ),
        (|| Ok(Claim::Done), held, 200, "handled before", &[]),
        (
            || Ok(Claim::InFlight),
            held,
            503,
            "being handled by another delivery",
            &[],
        ),
        (
            || Ok(Claim::Altered),
            held,
            409,
            "came before with something else in what is not signed",
            &[],
        ),
        (
            || Ok(Claim::BeyondHorizon),
            held,
            409,
            "older than the guard's memory",
            &[],
        ),
        (|| Err(()), held, 503, "the guard failed: gone", &[]),
    ];
    let body = deposit(TIME).to_string();
    for (claim, end, status, log, ended) in table {
        for asynchronous in [false, true] {
            let receiver = receiver().guard(Scripted::new(claim, end));
            let calls = Mutex::new(0);
            let reply = if asynchronous {
                let handler = handler_fn(|_: Verified<Callback>| {
                    *calls.lock().unwrap() += 1;
                    std::future::ready(Ok::<_, HandlerError>(()))
                });
                block_on(receiver.receive_async(body.as_bytes(), None, &handler))
            } else {
                let handler = handler_fn(|_: Verified<Callback>| {
                    *calls.lock().unwrap() += 1;
                    Ok::<_, HandlerError>(())
                });
                receiver.receive(body.as_bytes(), None, &handler)
            };
            assert_eq!(reply.status(), status, "{log}");
            assert_eq!(reply.disposition().to_string(), log);
            let well = matches!(
                reply.disposition(),
                Disposition::Handled { .. } | Disposition::Duplicate
            );
            assert_eq!(reply.disposition().hint().is_none(), well, "{log}");
            assert_eq!(*calls.lock().unwrap(), ended.len(), "{log}");
        }
    }
}

/// Whether it can be released or not, the answer is the handler's.
#[test]
fn a_failed_handler_releases_its_claim() {
    for end in [Ok(Lease::Held), Ok(Lease::Lost), Err("gone")] {
        let guard = Scripted::new(FRESH, end);
        let receiver = receiver().guard(&guard);
        let body = deposit(TIME).to_string();
        let failing = handler_fn(|_: Verified<Callback>| Err::<(), _>("closed"));
        assert_eq!(
            receiver.receive(body.as_bytes(), None, &failing).status(),
            500
        );
        let failing =
            handler_fn(|_: Verified<Callback>| std::future::ready(Err::<(), _>("closed")));
        let reply = block_on(receiver.receive_async(body.as_bytes(), None, &failing));
        assert_eq!(reply.status(), 500);
        assert_eq!(*guard.ended.lock().unwrap(), ["released", "released"]);
    }
}

#[test]
fn a_dropped_request_leaves_the_claim_to_its_lease() {
    let receiver = receiver();
    let body = deposit(TIME).to_string();
    let hanging =
        handler_fn(|_: Verified<Callback>| std::future::pending::<Result<(), HandlerError>>());
    {
        let mut request = Box::pin(receiver.receive_async(body.as_bytes(), None, &hanging));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(request.as_mut().poll(&mut context).is_pending());
    }
    let ledger = Ledger::default();
    assert_eq!(
        ledger.post(&receiver, &deposit(TIME)),
        answer(503, "being handled by another delivery")
    );
}

/// What a guard of somebody else's puts in comes out again.
#[test]
fn a_token_says_what_it_claims() {
    let effect = IdempotencyKey::from_bytes([3; 32]);
    let token = ClaimToken::new(effect, 17);
    assert_eq!((*token.effect(), token.fence()), (effect, 17));
}
