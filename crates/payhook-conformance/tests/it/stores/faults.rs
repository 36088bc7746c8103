//! Stores that get one thing wrong each.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use payhook::chrono::{DateTime, Utc};
use payhook::{
    BoxError,
    idempotency::{
        Claim, ClaimToken, IdempotencyKey, IdempotencyKeys, IdempotencyStore, Lease, MemoryStore,
    },
};

/// A mistake that a store makes.
pub(super) trait Fault: Send + Sync + 'static {
    fn claim(
        &self,
        store: &MemoryStore,
        keys: &IdempotencyKeys,
    ) -> impl Future<Output = Result<Claim, BoxError>> + Send {
        store.claim(keys)
    }

    fn complete(
        &self,
        store: &MemoryStore,
        token: ClaimToken,
    ) -> impl Future<Output = Result<Lease, BoxError>> + Send {
        store.complete(token)
    }

    fn release(
        &self,
        store: &MemoryStore,
        token: ClaimToken,
    ) -> impl Future<Output = Result<Lease, BoxError>> + Send {
        store.release(token)
    }
}

pub(super) struct FaultyStore<F> {
    pub(super) store: MemoryStore,
    pub(super) fault: F,
}

impl<F: Fault> IdempotencyStore for FaultyStore<F> {
    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        self.fault.claim(&self.store, keys).await
    }

    async fn complete(&self, token: ClaimToken) -> Result<Lease, BoxError> {
        if token.fence() == UNCLAIMED {
            return Ok(Lease::Held);
        }
        self.fault.complete(&self.store, token).await
    }

    async fn release(&self, token: ClaimToken) -> Result<Lease, BoxError> {
        if token.fence() == UNCLAIMED {
            return Ok(Lease::Held);
        }
        self.fault.release(&self.store, token).await
    }
}

/// The fence of a claim that a store gives without holding it.
const UNCLAIMED: u64 = 0;

fn one_more(event: &IdempotencyKey) -> Claim {
    Claim::Acquired(ClaimToken::new(*event, UNCLAIMED))
}

/// Deliveries are bound to nothing.
pub(super) struct BindsNothing;

impl Fault for BindsNothing {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        let event = *keys.event();
        let unbound = IdempotencyKeys::new(event, *keys.subject(), event, keys.time());
        store.claim(&unbound).await
    }
}

/// A released claim stays in progress.
pub(super) struct KeepsTheReleased;

impl Fault for KeepsTheReleased {
    async fn release(&self, _: &MemoryStore, _: ClaimToken) -> Result<Lease, BoxError> {
        Ok(Lease::Held)
    }
}

/// No claim has a number of its own.
pub(super) struct Unfenced;

impl Fault for Unfenced {
    async fn complete(&self, store: &MemoryStore, token: ClaimToken) -> Result<Lease, BoxError> {
        let _ = store.complete(token).await?;
        Ok(Lease::Held)
    }

    async fn release(&self, store: &MemoryStore, token: ClaimToken) -> Result<Lease, BoxError> {
        let _ = store.release(token).await?;
        Ok(Lease::Held)
    }
}

/// Looks first and claims a moment later, whatever is in between.
pub(super) struct LooksFirst {
    looking: Mutex<Vec<IdempotencyKeys>>,
    /// Whether those with the same delivery wait for each other.
    locks_deliveries: bool,
}

impl LooksFirst {
    pub(super) fn new(locks_deliveries: bool) -> Self {
        let looking = Mutex::default();
        Self {
            looking,
            locks_deliveries,
        }
    }

    fn is_overtaking(&self, keys: &IdempotencyKeys) -> bool {
        let mut looking = self.looking.lock().unwrap();
        let place = looking.iter().position(|other| other == keys);
        looking.swap_remove(place.unwrap());
        looking.iter().any(|other| {
            other.event() == keys.event()
                && !(self.locks_deliveries && other.delivery() == keys.delivery())
        })
    }
}

impl Fault for LooksFirst {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        self.looking.lock().unwrap().push(*keys);
        tokio::task::yield_now().await;
        if self.is_overtaking(keys) {
            return Ok(one_more(keys.event()));
        }
        store.claim(keys).await
    }
}

/// Which claims are handed on.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Once {
    Lapsed,
    Released,
}

/// Gives a claim that was held before to all who ask at that moment.
pub(super) struct HandsOnToAll {
    once: Once,
    held_before: Mutex<Vec<IdempotencyKey>>,
    handing: Mutex<Vec<IdempotencyKey>>,
}

impl HandsOnToAll {
    pub(super) fn new(once: Once) -> Self {
        Self {
            once,
            held_before: Mutex::default(),
            handing: Mutex::default(),
        }
    }
}

impl Fault for HandsOnToAll {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        let event = keys.event();
        let claim = store.claim(keys).await?;
        match claim {
            Claim::Acquired(_) if self.held_before.lock().unwrap().contains(event) => {
                self.handing.lock().unwrap().push(*event);
                tokio::task::yield_now().await;
                self.handing.lock().unwrap().clear();
            }
            Claim::Acquired(_) if self.once == Once::Lapsed => {
                self.held_before.lock().unwrap().push(*event);
            }
            Claim::InProgress if self.handing.lock().unwrap().contains(event) => {
                return Ok(one_more(event));
            }
            _ => {}
        }
        Ok(claim)
    }

    async fn release(&self, store: &MemoryStore, token: ClaimToken) -> Result<Lease, BoxError> {
        let event = *token.event();
        let held_before = || self.held_before.lock().unwrap();
        match self.once {
            Once::Lapsed => held_before().retain(|held| *held != event),
            Once::Released => held_before().push(event),
        }
        store.release(token).await
    }
}

/// Takes no end from a holder who is late.
pub(super) struct ForgetsTheLate {
    lease: Duration,
    since: Mutex<HashMap<u64, Instant>>,
}

impl ForgetsTheLate {
    pub(super) fn new(lease: Duration) -> Self {
        let since = Mutex::default();
        Self { lease, since }
    }
}

impl Fault for ForgetsTheLate {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        let claim = store.claim(keys).await?;
        if let Claim::Acquired(token) = &claim {
            let now = Instant::now();
            self.since.lock().unwrap().insert(token.fence(), now);
        }
        Ok(claim)
    }

    async fn complete(&self, store: &MemoryStore, token: ClaimToken) -> Result<Lease, BoxError> {
        let since = self.since.lock().unwrap()[&token.fence()];
        if since.elapsed() > self.lease {
            return Ok(Lease::Lost);
        }
        store.complete(token).await
    }
}

/// Renews the claims of tasks, also of those that are gone.
#[derive(Default)]
pub(super) struct RenewsForTheDead(Mutex<Vec<IdempotencyKey>>);

impl Fault for RenewsForTheDead {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        match store.claim(keys).await? {
            Claim::Acquired(token) if self.0.lock().unwrap().contains(keys.event()) => {
                let _ = store.release(token).await?;
                Ok(Claim::InProgress)
            }
            claim => {
                if tokio::task::try_id().is_some() {
                    self.0.lock().unwrap().push(*keys.event());
                }
                Ok(claim)
            }
        }
    }
}

/// Refuses what is older than its horizon. Right, if it looks first whether it
/// knows it.
pub(super) struct Horizon {
    length: Duration,
    known: Mutex<Vec<IdempotencyKey>>,
    looks_first: bool,
    binds: bool,
}

impl Horizon {
    /// Binds a delivery that is too old to an event that is done.
    pub(super) fn binding(length: Duration) -> Self {
        Self {
            binds: true,
            ..Self::new(length, true)
        }
    }

    pub(super) fn new(length: Duration, looks_first: bool) -> Self {
        let known = Mutex::default();
        Self {
            length,
            known,
            looks_first,
            binds: false,
        }
    }
}

impl Fault for Horizon {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        let time = keys.time().map(SystemTime::from);
        let age = time.and_then(|time| time.elapsed().ok());
        let is_old = age.is_some_and(|age| age > self.length);
        let is_known = self.known.lock().unwrap().contains(keys.event());
        let is_bound = self.known.lock().unwrap().contains(keys.delivery());
        if is_old && !(self.looks_first && is_known) && !(self.binds && is_bound) {
            return Ok(Claim::TooOld);
        }
        if is_old && !self.binds {
            return Ok(Claim::AlreadyHandled);
        }
        let both = [*keys.event(), *keys.delivery()];
        self.known.lock().unwrap().extend(both);
        store.claim(keys).await
    }
}

/// Right, and counts the events that were claimed.
#[derive(Default)]
pub(super) struct Counts(Mutex<HashSet<IdempotencyKey>>);

impl Counts {
    pub(super) fn events(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Fault for Counts {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        self.0.lock().unwrap().insert(*keys.event());
        store.claim(keys).await
    }
}

/// Remembers nothing.
pub(super) struct RemembersNothing;

impl IdempotencyStore for RemembersNothing {
    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        Ok(one_more(keys.event()))
    }

    async fn complete(&self, _: ClaimToken) -> Result<Lease, BoxError> {
        Ok(Lease::Held)
    }

    async fn release(&self, _: ClaimToken) -> Result<Lease, BoxError> {
        Ok(Lease::Held)
    }
}

fn with_time(keys: &IdempotencyKeys, time: Option<DateTime<Utc>>) -> IdempotencyKeys {
    IdempotencyKeys::new(*keys.delivery(), *keys.subject(), *keys.event(), time)
}

/// Does not compare the events of a subject: what is done is done for good, and nothing is too
/// late.
pub(super) struct KnowsNoSubjects;

impl Fault for KnowsNoSubjects {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        let event = *keys.event();
        let alone = IdempotencyKeys::new(*keys.delivery(), event, event, keys.time());
        store.claim(&alone).await
    }
}

/// Takes what comes too late.
pub(super) struct TakesTheLate;

impl Fault for TakesTheLate {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        match store.claim(keys).await? {
            Claim::Superseded => store.claim(&with_time(keys, None)).await,
            claim => Ok(claim),
        }
    }
}

/// The event of each subject that was completed last.
#[derive(Default)]
struct Subjects {
    of_events: Mutex<HashMap<IdempotencyKey, IdempotencyKey>>,
    last: Mutex<HashMap<IdempotencyKey, IdempotencyKey>>,
}

impl Subjects {
    fn see(&self, keys: &IdempotencyKeys) {
        let mut subjects = self.of_events.lock().unwrap();
        subjects.entry(*keys.event()).or_insert(*keys.subject());
    }

    fn complete(&self, token: &ClaimToken) {
        let subject = self.of_events.lock().unwrap()[token.event()];
        self.last.lock().unwrap().insert(subject, *token.event());
    }

    fn last(&self, keys: &IdempotencyKeys) -> Option<IdempotencyKey> {
        self.last.lock().unwrap().get(keys.subject()).copied()
    }
}

/// Reopens what is done whenever something else happened since, however old the
/// delivery is.
#[derive(Default)]
pub(super) struct ReopensForReplays(Subjects);

impl Fault for ReopensForReplays {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        self.0.see(keys);
        let claim = store.claim(keys).await?;
        let last = self.0.last(keys);
        if matches!(claim, Claim::AlreadyHandled) && last.is_some_and(|last| last != *keys.event())
        {
            return Ok(one_more(keys.event()));
        }
        Ok(claim)
    }

    async fn complete(&self, store: &MemoryStore, token: ClaimToken) -> Result<Lease, BoxError> {
        self.0.complete(&token);
        store.complete(token).await
    }
}

/// Takes no notice of the time of one more delivery of the last event.
#[derive(Default)]
pub(super) struct KeepsTheFirstTime(Subjects);

impl Fault for KeepsTheFirstTime {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        self.0.see(keys);
        if self.0.last(keys) == Some(*keys.event()) {
            return store.claim(&with_time(keys, None)).await;
        }
        store.claim(keys).await
    }

    async fn complete(&self, store: &MemoryStore, token: ClaimToken) -> Result<Lease, BoxError> {
        self.0.complete(&token);
        store.complete(token).await
    }
}

/// Takes what has no time for older than everything, as `None` is less than `Some`.
pub(super) struct NoTimeIsTheOldest;

impl Fault for NoTimeIsTheOldest {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        let time = keys.time().or(DateTime::from_timestamp(0, 0));
        store.claim(&with_time(keys, time)).await
    }
}

/// Takes what has no time for newer than everything.
pub(super) struct NoTimeIsTheNewest(pub(super) Mutex<i64>);

impl Fault for NoTimeIsTheNewest {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        let time = keys.time().or_else(|| {
            let mut next = self.0.lock().unwrap();
            *next += 1;
            DateTime::from_timestamp(*next, 0)
        });
        store.claim(&with_time(keys, time)).await
    }
}
