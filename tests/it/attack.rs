//! Attacks on idempotency that succeeded before they were fixed, and a model of a store
//! that forgets nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use payhook::b2binpay::{self, TrackingIds};
use payhook::chrono::{DateTime, Utc};
use payhook::citypay::{self, Account};
use payhook::{
    BoxError, Callback, Endpoint, Fetch, Handler,
    endpoint::Idempotent,
    handler_fn,
    idempotency::{
        Claim, ClaimToken, IdempotencyKey, IdempotencyKeys, IdempotencyStore, Lease, MemoryStore,
    },
    ledger::PaymentKey,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::handler::block_on;
use crate::sampling::count;
use crate::support::{TIME, body, signed, verifier, verify, with_transfer, with_transfer_id};

fn deposit(time: &str) -> Value {
    let mut body = with_transfer("deposit", "order-1", "1");
    body["meta"]["time"] = json!(time);
    signed(body, &format!("21order-1{time}"))
}

fn b2binpay() -> b2binpay::Gateway {
    b2binpay::Gateway::new(verifier(TrackingIds::Prefixed))
}

fn citypay() -> citypay::Gateway<Api> {
    citypay::Gateway::new(Account::new("5120").unwrap(), Api)
}

struct Api;

impl Fetch for Api {
    async fn get(&self, _: &str) -> Result<Vec<u8>, BoxError> {
        Ok(body("citypay-order-confirmed.answer.json"))
    }
}

/// Accepts every callback, and knows every reference.
fn accepting() -> impl Handler {
    handler_fn(async |_: Callback| Ok::<_, BoxError>(()))
        .known(async |_: PaymentKey| Ok::<_, BoxError>(true))
}

/// A callback stays the same delivery after its signed text is resolved. The event
/// depends on the resolved values, and is bound to the signature.
#[test]
fn a_resolved_callback_is_the_same_delivery() {
    let keys = |amount: &str, id: &str| {
        let body = signed(
            with_transfer("deposit", id, amount),
            &format!("210.5017{TIME}"),
        );
        let callback = verify(&body, TrackingIds::Unrestricted).unwrap();
        let expected = "10.50".parse().unwrap();
        let callback = callback.resolve([("17", &expected)]).unwrap();
        assert_eq!(callback.proven().tracking_id(), Some("17"));
        Callback::from(callback).idempotency_keys("")
    };
    let (genuine, divided) = (keys("10.50", "17"), keys("10.501", "7"));
    assert_eq!(genuine.delivery(), divided.delivery());
    let store = MemoryStore::new();
    let claim = |keys| store.claim_at(keys, Instant::now()).unwrap();
    let Claim::Acquired(token) = claim(&genuine) else {
        panic!("it is not claimed")
    };
    let _ = block_on(store.complete(token)).unwrap();
    assert!(matches!(claim(&divided), Claim::AlreadyHandled));
}

/// A customer knows their own deposit token and can forge bodies with it. These fill
/// the store, but their forged timestamps must not move the horizon to the present:
/// proven orders would then be too old.
#[test]
fn forged_deposits_do_not_put_orders_beyond_the_horizon() {
    let now: DateTime<Utc> = std::time::SystemTime::now().into();
    let store = MemoryStore::new().capacity(100);
    let endpoint = Endpoint::new(citypay(), Idempotent::new(accepting(), store));
    for number in 0..=100 {
        let mut forged: Value =
            serde_json::from_slice(&body("citypay-deposit-confirmed.json")).unwrap();
        forged["transaction_id"] = json!(format!("{number}"));
        forged["crated_at"] = json!(now.to_rfc3339());
        let reply = endpoint.receive_blocking(forged.to_string().as_bytes(), None);
        assert_eq!(reply.status(), 200);
    }
    let reply = endpoint.receive_blocking(&body("citypay-order-confirmed.json"), None);
    assert_eq!(reply.status(), 200, "{}", reply.disposition());
}

/// Forgeries that anyone can send in any number if both gateways share a store: one
/// deposit in many spellings, or many deposits. They are forgotten first.
#[test]
fn forgeries_do_not_evict_credits() {
    type Forge = fn(&mut Value, u32);
    let floods: [Forge; 3] = [
        |body, number| body["note"] = json!(number),
        |body, number| body["transaction_id"] = json!(number.to_string()),
        |body, number| {
            body["transaction_id"] = Value::Null;
            body["note"] = json!(number);
        },
    ];
    for forge in floods {
        let store = MemoryStore::new().capacity(100);
        let signed = Endpoint::new(b2binpay(), Idempotent::new(accepting(), &store));
        let credit = |time: &str| {
            let reply = signed.receive_blocking(deposit(time).to_string().as_bytes(), None);
            reply.disposition().to_string()
        };
        assert_eq!(credit(TIME), "handled: settled");

        let unsigned = Endpoint::new(citypay(), Idempotent::new(accepting(), &store));
        for number in 0..200 {
            let deposit = body("citypay-deposit-confirmed.json");
            let mut deposit: Value = serde_json::from_slice(&deposit).unwrap();
            forge(&mut deposit, number);
            let reply = unsigned.receive_blocking(deposit.to_string().as_bytes(), None);
            assert_eq!(reply.status(), 200, "{}", reply.disposition());
        }
        assert_eq!(credit("2026-03-02T10:00:00.000000Z"), "already handled");
    }
}

/// A handler that passes the event to another system as its idempotency key. A forged
/// copy of a known delivery has another event.
#[test]
fn the_handler_credits_by_the_claimed_event() {
    // The other system: once per idempotency key.
    let (credited, times_out) = (Mutex::new(HashSet::new()), AtomicUsize::new(1));
    let shop = handler_fn(async |callback: Callback| -> Result<(), BoxError> {
        let event = *callback.idempotency_keys("").event();
        credited.lock().unwrap().insert(event);
        if times_out.swap(0, Ordering::Relaxed) == 1 {
            return Err("credited, but the answer was lost".into());
        }
        Ok(())
    });
    let endpoint = Endpoint::new(b2binpay(), Idempotent::new(&shop, MemoryStore::new()));
    let genuine = deposit(TIME);
    let forged = with_transfer_id(genuine.clone(), "55022");
    for (body, status) in [(&genuine, 500), (&forged, 409), (&genuine, 200)] {
        let reply = endpoint.receive_blocking(body.to_string().as_bytes(), None);
        assert_eq!(reply.status(), status);
    }
    assert_eq!(credited.lock().unwrap().len(), 1);
}

/// The event of a delivery was forgotten and is older than the horizon. It must not be
/// acquired again because the store knows another event that was released.
#[test]
fn effects_older_than_the_horizon_stay_too_old() {
    let store = MemoryStore::new().capacity(2);
    let fresh = |d, e| match store.claim_at(&keys(d, e), Instant::now()) {
        Ok(Claim::Acquired(token)) => Some(token),
        _ => None,
    };
    for d in 1..=3 {
        assert_eq!(end(&store, fresh(d, d).unwrap(), true), Lease::Held);
    }
    // 1 is forgotten. A manual resend (9) fails in its handler.
    assert_eq!(end(&store, fresh(9, 1).unwrap(), false), Lease::Held);
    // A captured copy of the first delivery.
    assert!(fresh(1, 1).is_none());
}

// MemoryStore against a model that never forgets.

fn key(kind: u8, number: u8) -> IdempotencyKey {
    IdempotencyKey::from_bytes([kind ^ number; 32])
}

/// Delivery `d` of event `e`. The delivery's number is its time. Every two events
/// have the same subject.
fn keys(d: u8, e: u8) -> IdempotencyKeys {
    let time = DateTime::from_timestamp(i64::from(d), 0);
    IdempotencyKeys::new(key(0x40, d), key(0x20, e / 2), key(0x80, e), time)
}

/// The same, but every fifth delivery has no time.
fn undated(d: u8, e: u8) -> IdempotencyKeys {
    let (keys, time) = (keys(d, e), time(d));
    IdempotencyKeys::new(*keys.delivery(), *keys.subject(), *keys.event(), time)
}

fn time(d: u8) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(i64::from(d), 0).filter(|_| !d.is_multiple_of(5))
}

fn end(store: &MemoryStore, token: ClaimToken, completes: bool) -> Lease {
    let end = if completes {
        block_on(store.complete(token))
    } else {
        block_on(store.release(token))
    };
    end.unwrap()
}

#[derive(Debug, Clone)]
enum Step {
    /// Delivery, event.
    Claim(u8, u8),
    Complete(usize),
    Release(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..12_u8, 0..6_u8).prop_map(|(d, e)| Step::Claim(d, e)),
        2 => (0..4_usize).prop_map(Step::Complete),
        1 => (0..4_usize).prop_map(Step::Release),
    ];
    prop::collection::vec(step, 1..60)
}

/// Invariants of every store, whatever it has forgotten: a handled event is not
/// handled again, and only one caller holds it.
fn run(steps: &[Step], capacity: usize, lease: Duration) -> Result<(), String> {
    let store = MemoryStore::new()
        .capacity(capacity)
        .lease(lease)
        .retention(Duration::MAX);
    let mut open: Vec<(ClaimToken, u8)> = Vec::new();
    // The event that each delivery was handled as.
    let mut handled: HashMap<u8, IdempotencyKey> = HashMap::new();
    let mut succeeded = HashSet::new();
    for step in steps {
        match *step {
            Step::Claim(d, e) => {
                if let Ok(Claim::Acquired(token)) = store.claim_at(&keys(d, e), Instant::now()) {
                    if let Some(done) = handled.get(&d) {
                        return Err(format!("delivery {d}, done as {done}, is fresh again"));
                    }
                    for (other, _) in &open {
                        if other.event() == token.event() {
                            if lease == Duration::MAX {
                                return Err("two holders".to_owned());
                            }
                            succeeded.insert(other.fence());
                        }
                    }
                    open.push((token, d));
                }
            }
            Step::Complete(number) | Step::Release(number) if !open.is_empty() => {
                let (token, d) = open.remove(number % open.len());
                let (fence, event) = (token.fence(), *token.event());
                let completes = matches!(step, Step::Complete(_));
                let held = end(&store, token, completes) == Lease::Held;
                if held && succeeded.contains(&fence) {
                    return Err("a late holder ended a claim".to_owned());
                }
                if !held && lease == Duration::MAX {
                    return Err("a holder lost its claim".to_owned());
                }
                if held && completes {
                    handled.insert(d, event);
                    succeeded.insert(fence);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The rules of [`IdempotencyStore`], for a store that forgets nothing and whose leases
/// don't expire.
#[derive(Default)]
struct Rules {
    bound: HashMap<u8, u8>,
    /// The latest time of the deliveries that are bound to each event.
    latest: HashMap<u8, Option<DateTime<Utc>>>,
    done: HashSet<u8>,
    held: HashSet<u8>,
    /// The last completed event of each subject, and its time.
    last: HashMap<u8, (u8, Option<DateTime<Utc>>)>,
}

impl Rules {
    fn claim(&mut self, d: u8, e: u8) -> &'static str {
        let (event, time) = (*self.bound.entry(d).or_insert(e), time(d));
        let latest = self.latest.entry(event).or_default();
        *latest = (*latest).max(time);
        let last = self.last.get_mut(&(event / 2));
        if self.done.contains(&event) {
            let (last, last_time) = last.unwrap();
            if *last == event {
                *last_time = (*last_time).max(time);
                return "done";
            }
            if event != e || !is_later(time, *last_time) {
                return "done";
            }
        } else if event != e {
            return "conflicting";
        } else if last.is_some_and(|(_, last)| is_later(*last, time)) {
            return "superseded";
        }
        if !self.held.insert(event) {
            return "in progress";
        }
        "acquired"
    }

    fn end(&mut self, event: u8, completes: bool) {
        self.held.remove(&event);
        if completes {
            self.done.insert(event);
            let time = self.latest[&event];
            let last = self.last.entry(event / 2).or_insert((event, time));
            if !is_later(last.1, time) {
                *last = (event, time);
            }
        }
    }
}

fn is_later(time: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) -> bool {
    time.zip(other).is_some_and(|(time, other)| time > other)
}

/// Whether a store with free capacity answers according to the rules.
fn compare(steps: &[Step]) -> Result<(), String> {
    let (store, mut rules) = (MemoryStore::new().lease(Duration::MAX), Rules::default());
    let mut open: Vec<(ClaimToken, u8)> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Claim(d, e) => {
                let expected = rules.claim(d, e);
                let found = match store.claim_at(&undated(d, e), Instant::now()) {
                    Ok(Claim::Acquired(token)) => {
                        if token.event() != keys(d, e).event() {
                            return Err(format!("step {number}: another event's token"));
                        }
                        open.push((token, e));
                        "acquired"
                    }
                    Ok(Claim::AlreadyHandled) => "done",
                    Ok(Claim::Conflicting) => "conflicting",
                    Ok(Claim::Superseded) => "superseded",
                    Ok(Claim::InProgress) => "in progress",
                    other => return Err(format!("step {number}: {other:?}")),
                };
                if found != expected {
                    return Err(format!("step {number}: {found}, not {expected}"));
                }
            }
            Step::Complete(place) | Step::Release(place) if !open.is_empty() => {
                let (token, event) = open.remove(place % open.len());
                let completes = matches!(step, Step::Complete(_));
                rules.end(event, completes);
                if end(&store, token, completes) != Lease::Held {
                    return Err(format!("step {number}: a holder lost its claim"));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: count(1_000, 4_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn exhaustive_memory_keeps_to_the_rules(steps in steps()) {
        prop_assert_eq!(compare(&steps), Ok(()));
    }

    #[test]
    fn exhaustive_memory_with_room(steps in steps()) {
        prop_assert_eq!(run(&steps, 1000, Duration::MAX), Ok(()));
    }

    #[test]
    fn exhaustive_memory_without_room(steps in steps(), capacity in 1..5_usize) {
        prop_assert_eq!(run(&steps, capacity, Duration::MAX), Ok(()));
    }

    #[test]
    fn exhaustive_memory_with_expiring_leases(steps in steps(), capacity in 1..5_usize) {
        prop_assert_eq!(run(&steps, capacity, Duration::ZERO), Ok(()));
    }
}
