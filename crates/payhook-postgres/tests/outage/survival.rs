//! A gateway, a shop that credits in memory, and an outage during the test, for every
//! idempotency store.

use std::collections::{BTreeMap, HashMap};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
use payhook::chrono::{DateTime, TimeDelta, Utc};
use payhook::{
    BoxError, Callback, Disposition, Endpoint, Handler, endpoint::Idempotent,
    idempotency::IdempotencyStore, ledger::PaymentKey,
};
use tokio::task::JoinSet;

/// Longer than the test, so that no claim expires by itself.
#[allow(
    clippy::duration_suboptimal_units,
    reason = "`from_hours` is newer than what payhook-redis needs"
)]
pub(crate) const LEASE: Duration = Duration::from_secs(24 * 60 * 60);
pub(crate) const PAYMENTS: usize = 150;

/// How long a handler holds its claim: long enough for the kill to interrupt it.
pub(crate) const HOLD: Duration = Duration::from_millis(150);

/// The number of responses *in progress* after which a claim counts as left to its
/// lease, once the server is back and all running handlers have ended.
const PATIENCE: usize = 40;

/// Credits in memory, which survive an outage.
#[derive(Clone, Default)]
pub(crate) struct Shop(Arc<Credits>);

#[derive(Default)]
struct Credits {
    credits: Mutex<HashMap<String, usize>>,
    /// Handlers that have credited, and whose claim has not ended yet.
    holders: AtomicUsize,
}

impl Shop {
    pub(crate) fn credits(&self, reference: &str) -> usize {
        let credits = self.0.credits.lock().unwrap();
        credits.get(reference).copied().unwrap_or_default()
    }
}

impl Handler for Shop {
    async fn handle(&self, callback: Callback) -> Result<(), BoxError> {
        let reference = callback.event().reference().proven().unwrap().to_owned();
        *self.0.credits.lock().unwrap().entry(reference).or_default() += 1;
        self.0.holders.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(HOLD).await;
        self.0.holders.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }

    async fn is_known(&self, _: &PaymentKey) -> Result<bool, BoxError> {
        Ok(true)
    }
}

pub(crate) fn key() -> Key {
    Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1").unwrap()
}

pub(crate) fn endpoint<S: IdempotencyStore>(
    shop: &Shop,
    store: S,
) -> Endpoint<Gateway, Idempotent<Shop, S>> {
    let gateway = Gateway::new(Verifier::new(key(), TrackingIds::Prefixed));
    Endpoint::new(gateway, Idempotent::new(shop.clone(), store))
}

/// A confirmed deposit, as sent by the gateway for the `count`th time.
pub(crate) fn deposit(reference: &str, part: &str, count: usize) -> Vec<u8> {
    static START: std::sync::LazyLock<DateTime<Utc>> =
        std::sync::LazyLock::new(|| SystemTime::now().into());
    let count = i64::try_from(count).unwrap();
    payhook::testing::b2binpay::deposit()
        .tracking_id(reference)
        .transfer_id(part)
        .at(*START + TimeDelta::microseconds(count))
        .sign(&key())
        .as_bytes()
        .to_vec()
}

/// A unique name.
pub(crate) fn unique(name: &str) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!("{name}-{}", since.as_nanos())
}

/// `kill` or `start` of `redis` or `postgres`.
pub(crate) async fn server(verb: &'static str, name: &'static str) {
    let script = std::env::var("PAYHOOK_SERVERS")
        .expect("PAYHOOK_SERVERS: run the tests by `.ci/servers run cargo test …`");
    let done = tokio::task::spawn_blocking(move || {
        Command::new(script).args([verb, name]).status().unwrap()
    });
    assert!(done.await.unwrap().success(), "{verb} {name}");
}

/// Waits for a condition, also on a busy machine.
pub(crate) async fn until(what: &str, happens: impl Fn() -> bool) {
    for _ in 0..3000 {
        if happens() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

#[derive(Default)]
struct Outage {
    failed: AtomicUsize,
    is_over: AtomicBool,
    /// Payments whose `complete` failed after the credit, with the error.
    unrecorded: Mutex<BTreeMap<String, String>>,
}

/// The gateway sends each payment twice concurrently until it gets a 200. During this
/// the server is killed and restarted; then `lapse` ends all leases.
///
/// A claim may be left to its lease if its response was lost and it was not handled, or
/// if `complete` failed after it was handled. So no payment is credited twice before
/// its lease ends. After that each is credited, and only those whose `complete` failed
/// may be credited again.
pub(crate) async fn survives<S>(name: &'static str, store: S, lapse: impl AsyncFnOnce())
where
    S: IdempotencyStore + 'static,
{
    let (shop, run, outage) = (
        Shop::default(),
        unique("order"),
        Arc::new(Outage::default()),
    );
    let endpoint = Arc::new(endpoint(&shop, store));
    let mut senders = JoinSet::new();
    for number in 0..PAYMENTS {
        for copy in 0..2 {
            let (endpoint, outage) = (Arc::clone(&endpoint), Arc::clone(&outage));
            let reference = format!("{run}-{number}");
            senders.spawn(async move {
                let spread = u64::try_from(number * 10).unwrap();
                tokio::time::sleep(Duration::from_millis(spread)).await;
                let mut in_flight = 0;
                for attempt in 0..3000 {
                    let body = deposit(&reference, "1", 10_000 * copy + attempt);
                    let reply = endpoint.receive(&body, None).await;
                    match reply.into_disposition() {
                        Disposition::Handled { .. } | Disposition::Duplicate => return,
                        Disposition::HandledNotRecorded { error, .. } => {
                            let mut unrecorded = outage.unrecorded.lock().unwrap();
                            assert!(unrecorded.insert(reference, error.to_string()).is_none());
                            return;
                        }
                        Disposition::StoreFailed(_) => {
                            outage.failed.fetch_add(1, Ordering::Relaxed);
                        }
                        Disposition::InProgress => {
                            in_flight += usize::from(outage.is_over.load(Ordering::Relaxed));
                            if in_flight == PATIENCE {
                                return;
                            }
                        }
                        other => panic!("{other}"),
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                panic!("{reference} is never taken");
            });
        }
    }
    let holders = || shop.0.holders.load(Ordering::Relaxed);
    let credited = || shop.0.credits.lock().unwrap().len();
    until("credits and claims", || {
        credited() > PAYMENTS / 10 && holders() > 0
    })
    .await;
    server("kill", name).await;
    until("a failure", || outage.failed.load(Ordering::Relaxed) > 0).await;
    server("start", name).await;
    outage.is_over.store(true, Ordering::Relaxed);
    while let Some(sender) = senders.join_next().await {
        sender.unwrap();
    }

    let unrecorded = outage.unrecorded.lock().unwrap().clone();
    let all = || (0..PAYMENTS).map(|number| format!("{run}-{number}"));
    let left = all()
        .filter(|reference| shop.credits(reference) == 0)
        .count();
    println!(
        "{} not recorded, {left} claims without an answer",
        unrecorded.len()
    );
    for (reference, error) in &unrecorded {
        println!("{reference}: {error}");
        assert_eq!(shop.credits(reference), 1);
    }
    for reference in all() {
        let credits = shop.credits(&reference);
        assert!(credits <= 1, "{reference} was credited {credits} times");
    }
    lapse().await;
    for reference in all() {
        let reply = endpoint
            .receive(&deposit(&reference, "1", 30_000), None)
            .await;
        let disposition = reply.into_disposition();
        assert!(
            matches!(
                disposition,
                Disposition::Handled { .. } | Disposition::Duplicate
            ),
            "{reference}: {disposition}"
        );
        let (credits, most) = (
            shop.credits(&reference),
            1 + usize::from(unrecorded.contains_key(&reference)),
        );
        assert!(
            (1..=most).contains(&credits),
            "{reference} was credited {credits} times"
        );
    }
}

/// 503, without a call of the handler.
pub(crate) async fn refuses<S: IdempotencyStore>(store: &S) {
    let shop = Shop::default();
    let endpoint = endpoint(&shop, store);
    for attempt in 0..2 {
        let reply = endpoint
            .receive(&deposit("order-1", "1", attempt), None)
            .await;
        assert_eq!(reply.status(), 503);
        assert!(
            matches!(reply.disposition(), Disposition::StoreFailed(_)),
            "{}",
            reply.disposition()
        );
    }
    assert_eq!(shop.credits("order-1"), 0);
}
