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
pub(super) trait Flaw: Send + Sync + 'static {
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

pub(super) struct Flawed<F> {
    pub(super) store: MemoryStore,
    pub(super) flaw: F,
}

impl<F: Flaw> IdempotencyStore for Flawed<F> {
    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        self.flaw.claim(&self.store, keys).await
    }

    async fn complete(&self, token: ClaimToken) -> Result<Lease, BoxError> {
        if token.fence() == UNCLAIMED {
            return Ok(Lease::Held);
        }
        self.flaw.complete(&self.store, token).await
    }

    async fn release(&self, token: ClaimToken) -> Result<Lease, BoxError> {
        if token.fence() == UNCLAIMED {
            return Ok(Lease::Held);
        }
        self.flaw.release(&self.store, token).await
    }
}

/// The fence of a claim that a store gives without holding it.
const UNCLAIMED: u64 = 0;

fn one_more(effect: &IdempotencyKey) -> Claim {
    Claim::Acquired(ClaimToken::new(*effect, UNCLAIMED))
}

/// Deliveries are bound to nothing.
pub(super) struct BindsNothing;

impl Flaw for BindsNothing {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        let effect = *keys.effect();
        let unbound = IdempotencyKeys::new(effect, *keys.subject(), effect, keys.time());
        store.claim(&unbound).await
    }
}

/// A released claim stays in progress.
pub(super) struct KeepsTheReleased;

impl Flaw for KeepsTheReleased {
    async fn release(&self, _: &MemoryStore, _: ClaimToken) -> Result<Lease, BoxError> {
        Ok(Lease::Held)
    }
}

/// No claim has a number of its own.
pub(super) struct Unfenced;

impl Flaw for Unfenced {
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
            other.effect() == keys.effect()
                && !(self.locks_deliveries && other.delivery() == keys.delivery())
        })
    }
}

impl Flaw for LooksFirst {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        self.looking.lock().unwrap().push(*keys);
        tokio::task::yield_now().await;
        if self.is_overtaking(keys) {
            return Ok(one_more(keys.effect()));
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

impl Flaw for HandsOnToAll {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        let effect = keys.effect();
        let claim = store.claim(keys).await?;
        match claim {
            Claim::Acquired(_) if self.held_before.lock().unwrap().contains(effect) => {
                self.handing.lock().unwrap().push(*effect);
                tokio::task::yield_now().await;
                self.handing.lock().unwrap().clear();
            }
            Claim::Acquired(_) if self.once == Once::Lapsed => {
                self.held_before.lock().unwrap().push(*effect);
            }
            Claim::InProgress if self.handing.lock().unwrap().contains(effect) => {
                return Ok(one_more(effect));
            }
            _ => {}
        }
        Ok(claim)
    }

    async fn release(&self, store: &MemoryStore, token: ClaimToken) -> Result<Lease, BoxError> {
        let effect = *token.effect();
        let held_before = || self.held_before.lock().unwrap();
        match self.once {
            Once::Lapsed => held_before().retain(|held| *held != effect),
            Once::Released => held_before().push(effect),
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

impl Flaw for ForgetsTheLate {
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

impl Flaw for RenewsForTheDead {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        match store.claim(keys).await? {
            Claim::Acquired(token) if self.0.lock().unwrap().contains(keys.effect()) => {
                let _ = store.release(token).await?;
                Ok(Claim::InProgress)
            }
            claim => {
                if tokio::task::try_id().is_some() {
                    self.0.lock().unwrap().push(*keys.effect());
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
    /// Binds a delivery that is too old to an effect that is done.
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

impl Flaw for Horizon {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        let time = keys.time().map(SystemTime::from);
        let age = time.and_then(|time| time.elapsed().ok());
        let is_old = age.is_some_and(|age| age > self.length);
        let is_known = self.known.lock().unwrap().contains(keys.effect());
        let is_bound = self.known.lock().unwrap().contains(keys.delivery());
        if is_old && !(self.looks_first && is_known) && !(self.binds && is_bound) {
            return Ok(Claim::TooOld);
        }
        if is_old && !self.binds {
            return Ok(Claim::AlreadyHandled);
        }
        let both = [*keys.effect(), *keys.delivery()];
        self.known.lock().unwrap().extend(both);
        store.claim(keys).await
    }
}

/// Right, and counts the effects that were claimed.
#[derive(Default)]
pub(super) struct Counts(Mutex<HashSet<IdempotencyKey>>);

impl Counts {
    pub(super) fn effects(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Flaw for Counts {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        self.0.lock().unwrap().insert(*keys.effect());
        store.claim(keys).await
    }
}

/// Remembers nothing.
pub(super) struct RemembersNothing;

impl IdempotencyStore for RemembersNothing {
    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        Ok(one_more(keys.effect()))
    }

    async fn complete(&self, _: ClaimToken) -> Result<Lease, BoxError> {
        Ok(Lease::Held)
    }

    async fn release(&self, _: ClaimToken) -> Result<Lease, BoxError> {
        Ok(Lease::Held)
    }
}

fn with_time(keys: &IdempotencyKeys, time: Option<DateTime<Utc>>) -> IdempotencyKeys {
    IdempotencyKeys::new(*keys.delivery(), *keys.subject(), *keys.effect(), time)
}

/// Compares no events of a subject: what is done is done for good, and nothing is too
/// late.
pub(super) struct KnowsNoSubjects;

impl Flaw for KnowsNoSubjects {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        let effect = *keys.effect();
        let alone = IdempotencyKeys::new(*keys.delivery(), effect, effect, keys.time());
        store.claim(&alone).await
    }
}

/// Takes what comes too late.
pub(super) struct TakesTheLate;

impl Flaw for TakesTheLate {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        match store.claim(keys).await? {
            Claim::Superseded => store.claim(&with_time(keys, None)).await,
            claim => Ok(claim),
        }
    }
}

/// What a flaw knows of subjects: the effect of each that was completed last.
#[derive(Default)]
struct Subjects {
    of_effects: Mutex<HashMap<IdempotencyKey, IdempotencyKey>>,
    last: Mutex<HashMap<IdempotencyKey, IdempotencyKey>>,
}

impl Subjects {
    fn see(&self, keys: &IdempotencyKeys) {
        let mut subjects = self.of_effects.lock().unwrap();
        subjects.entry(*keys.effect()).or_insert(*keys.subject());
    }

    fn complete(&self, token: &ClaimToken) {
        let subject = self.of_effects.lock().unwrap()[token.effect()];
        self.last.lock().unwrap().insert(subject, *token.effect());
    }

    fn last(&self, keys: &IdempotencyKeys) -> Option<IdempotencyKey> {
        self.last.lock().unwrap().get(keys.subject()).copied()
    }
}

/// Reopens what is done whenever something else happened since, however old the
/// delivery is.
#[derive(Default)]
pub(super) struct ReopensForReplays(Subjects);

impl Flaw for ReopensForReplays {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        self.0.see(keys);
        let claim = store.claim(keys).await?;
        let last = self.0.last(keys);
        if matches!(claim, Claim::AlreadyHandled) && last.is_some_and(|last| last != *keys.effect())
        {
            return Ok(one_more(keys.effect()));
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

impl Flaw for KeepsTheFirstTime {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        self.0.see(keys);
        if self.0.last(keys) == Some(*keys.effect()) {
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

impl Flaw for NoTimeIsTheOldest {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        let time = keys.time().or(DateTime::from_timestamp(0, 0));
        store.claim(&with_time(keys, time)).await
    }
}

/// Takes what has no time for newer than everything.
pub(super) struct NoTimeIsTheNewest(pub(super) Mutex<i64>);

impl Flaw for NoTimeIsTheNewest {
    async fn claim(&self, store: &MemoryStore, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        let time = keys.time().or_else(|| {
            let mut next = self.0.lock().unwrap();
            *next += 1;
            DateTime::from_timestamp(*next, 0)
        });
        store.claim(&with_time(keys, time)).await
    }
}
