//! Attacks on the guard that worked once, and a model of one that forgets
//! nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use payhook::b2binpay::{ExpectedAmount, TrackingIds};
use payhook::chrono::{DateTime, Utc};
use payhook::citypay::Account;
use payhook::{
    Callback, Claim, ClaimToken, Guard, HandlerError, IdempotencyKey, IdempotencyKeys, Lease,
    MemoryGuard, OrderLookup, Receiver, TokenUse, Verified, handler_fn,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{TIME, body, signed, verifier, verify, with_transfer, with_transfer_id};

fn deposit(time: &str) -> Value {
    let mut body = with_transfer("deposit", "order-1", "1");
    body["meta"]["time"] = json!(time);
    signed(body, &format!("21order-1{time}"))
}

/// Status, amount and tracking id are what was resolved, not the body's own
/// division.
#[test]
fn resolved_it_is_named_by_what_is_proven() {
    let keys = |amount: &str, id: &str| {
        let body = signed(
            with_transfer("deposit", id, amount),
            &format!("210.5017{TIME}"),
        );
        let callback = verify(&body, TrackingIds::Unrestricted).unwrap();
        let expected = ExpectedAmount::Exactly("10.50".parse().unwrap());
        let callback = callback.resolve("17", &expected).unwrap();
        assert_eq!(callback.proven().tracking_id(), Some("17"));
        callback.into_callback().idempotency_keys("")
    };
    assert_eq!(keys("10.50", "17").effect(), keys("10.501", "7").effect());
}

struct Api;

impl OrderLookup for Api {
    type Error = std::io::Error;

    fn is_issued(&self, _: TokenUse<'_>) -> Result<bool, Self::Error> {
        Ok(true)
    }

    fn fetch(&self, _: &str) -> Result<Vec<u8>, Self::Error> {
        Ok(body("citypay-order-confirmed.answer.json"))
    }
}

/// A customer's own deposit token, and bodies that are made up: they fill the
/// guard, and their made-up stamps move the mark to now. Orders, which are
/// proven, are behind it.
#[test]
fn made_up_deposits_do_not_put_orders_beyond_the_horizon() {
    let now: DateTime<Utc> = std::time::SystemTime::now().into();
    let receiver = Receiver::citypay(Account::new("5120").unwrap(), Api)
        .guard(MemoryGuard::new().capacity(100));
    let shop = handler_fn(|_: Verified<Callback>| Ok::<_, HandlerError>(()));
    for number in 0..=100 {
        let mut made_up: Value =
            serde_json::from_slice(&body("citypay-deposit-confirmed.json")).unwrap();
        made_up["transaction_id"] = json!(format!("{number}"));
        made_up["crated_at"] = json!(now.to_rfc3339());
        let reply = receiver.receive(made_up.to_string().as_bytes(), None, &shop);
        assert_eq!(reply.status(), 200);
    }
    let reply = receiver.receive(&body("citypay-order-confirmed.json"), None, &shop);
    assert_eq!(reply.status(), 200, "{}", reply.disposition());
}

/// What anybody can make up without end, where both gateways share a guard: one
/// deposit in many spellings, or many deposits. It is forgotten first.
#[test]
fn what_is_made_up_pushes_no_credit_out() {
    type MakeUp = fn(&mut Value, u32);
    let floods: [MakeUp; 2] = [
        |told, number| told["note"] = json!(number),
        |told, number| told["transaction_id"] = json!(number.to_string()),
    ];
    for make_up in floods {
        let guard = MemoryGuard::new().capacity(100);
        let shop = handler_fn(|_: Verified<Callback>| Ok::<_, HandlerError>(()));
        let signed = Receiver::b2binpay(verifier(TrackingIds::Prefixed)).guard(&guard);
        let credit = |time: &str| {
            let reply = signed.receive(deposit(time).to_string().as_bytes(), None, &shop);
            reply.disposition().to_string()
        };
        assert_eq!(credit(TIME), "handled: settled");

        let unsigned = Receiver::citypay(Account::new("5120").unwrap(), Api).guard(&guard);
        for number in 0..200 {
            let told = body("citypay-deposit-confirmed.json");
            let mut told: Value = serde_json::from_slice(&told).unwrap();
            make_up(&mut told, number);
            let reply = unsigned.receive(told.to_string().as_bytes(), None, &shop);
            assert_eq!(reply.status(), 200, "{}", reply.disposition());
        }
        assert_eq!(credit("2026-03-02T10:00:00.000000Z"), "handled before");
    }
}

/// A handler that gives the effect to another system as its idempotency key: in
/// a forged copy of a delivery that the guard has seen, it is another one.
#[test]
fn the_handler_credits_under_the_claimed_effect() {
    let receiver = Receiver::b2binpay(verifier(TrackingIds::Prefixed));
    // The other system: once per idempotency key.
    let ledger = Mutex::new(HashSet::new());
    let times_out = AtomicUsize::new(1);
    let shop = handler_fn(|callback: Verified<Callback>| -> Result<(), HandlerError> {
        ledger
            .lock()
            .unwrap()
            .insert(*callback.idempotency_keys("").effect());
        if times_out.swap(0, Ordering::Relaxed) == 1 {
            return Err("credited, but the answer was lost".into());
        }
        Ok(())
    });
    let genuine = deposit(TIME);
    let reply = receiver.receive(genuine.to_string().as_bytes(), None, &shop);
    assert_eq!(reply.status(), 500);
    let forged = with_transfer_id(genuine.clone(), "55022");
    let reply = receiver.receive(forged.to_string().as_bytes(), None, &shop);
    assert_eq!(reply.status(), 409);
    let reply = receiver.receive(genuine.to_string().as_bytes(), None, &shop);
    assert_eq!(reply.status(), 200);
    assert_eq!(ledger.lock().unwrap().len(), 1);
}

/// What a delivery was done as, forgotten and far behind the mark, is fresh
/// again where the guard knows an effect that is merely free.
#[test]
fn what_is_behind_the_mark_stays_there() {
    let guard = MemoryGuard::new().capacity(2);
    let keys = |d: u8, e: u8| {
        let time = DateTime::from_timestamp(i64::from(d), 0);
        IdempotencyKeys::new(key(0x40, d), key(0x80, e), time)
    };
    let fresh = |d, e| match Guard::claim(&guard, &keys(d, e)) {
        Ok(Claim::Fresh(token)) => Some(token),
        _ => None,
    };
    for d in 1..=3 {
        assert_eq!(
            Guard::complete(&guard, fresh(d, d).unwrap()),
            Ok(Lease::Held)
        );
    }
    // 1 is forgotten. Resent by hand (9), its handler fails.
    assert_eq!(
        Guard::release(&guard, fresh(9, 1).unwrap()),
        Ok(Lease::Held)
    );
    // The captured body of the first delivery.
    assert!(fresh(1, 1).is_none());
}

// MemoryGuard against a model that never forgets.

fn key(kind: u8, number: u8) -> IdempotencyKey {
    IdempotencyKey::from_bytes([kind ^ number; 32])
}

#[derive(Debug, Clone)]
enum Step {
    /// Delivery, effect. The delivery's number is its time.
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

fn run(steps: &[Step], capacity: usize, lease: Duration) -> Result<(), String> {
    let guard = MemoryGuard::new()
        .capacity(capacity)
        .lease(lease)
        .retention(Duration::MAX);
    let mut open: Vec<(ClaimToken, u8)> = Vec::new();
    // Which effect a delivery was handled as.
    let mut handled: HashMap<u8, IdempotencyKey> = HashMap::new();
    let mut bound: HashMap<u8, IdempotencyKey> = HashMap::new();
    let mut superseded = HashSet::new();
    for step in steps {
        match *step {
            Step::Claim(d, e) => {
                let time = DateTime::from_timestamp(i64::from(d), 0);
                let keys = IdempotencyKeys::new(key(0x40, d), key(0x80, e), time);
                if let Ok(Claim::Fresh(token)) = Guard::claim(&guard, &keys) {
                    if let Some(done) = handled.get(&d) {
                        return Err(format!("delivery {d}, done as {done}, is fresh again"));
                    }
                    for (other, _) in &open {
                        if other.effect() == token.effect() {
                            if lease == Duration::MAX {
                                return Err("two holders".to_owned());
                            }
                            superseded.insert(other.fence());
                        }
                    }
                    bound.insert(d, *token.effect());
                    open.push((token, d));
                }
            }
            Step::Complete(number) | Step::Release(number) if !open.is_empty() => {
                let (token, d) = open.remove(number % open.len());
                let (fence, effect) = (token.fence(), *token.effect());
                let completes = matches!(step, Step::Complete(_));
                let end = if completes {
                    Guard::complete(&guard, token)
                } else {
                    Guard::release(&guard, token)
                };
                let held = end == Ok(Lease::Held);
                if held && superseded.contains(&fence) {
                    return Err("a stale holder ended a claim".to_owned());
                }
                if !held && lease == Duration::MAX {
                    return Err("a holder lost its claim".to_owned());
                }
                if held && completes {
                    handled.insert(d, effect);
                    superseded.insert(fence);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_with_room(steps in steps()) {
        prop_assert_eq!(run(&steps, 1000, Duration::MAX), Ok(()));
    }

    #[test]
    fn memory_without_room(steps in steps(), capacity in 1..5_usize) {
        prop_assert_eq!(run(&steps, capacity, Duration::MAX), Ok(()));
    }

    #[test]
    fn memory_with_leases_that_run_out(steps in steps(), capacity in 1..5_usize) {
        prop_assert_eq!(run(&steps, capacity, Duration::ZERO), Ok(()));
    }
}
