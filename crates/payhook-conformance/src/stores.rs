//! [`StoreConformance`]: a test suite for idempotency stores.

mod race;
mod rules;

use std::future::Future;
use std::mem::discriminant;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use payhook::BoxError;
use payhook::idempotency::{
    Claim, ClaimToken, IdempotencyKey, IdempotencyKeys, IdempotencyStore, Lease,
};
use sha2::{Digest, Sha256};

/// A test suite for the rules of a store: the required results, the binding of a
/// delivery to its first event, late and killed holders, races in which exactly one
/// claim wins, and the [`horizon`](Self::horizon) if there is one. Test outages of
/// your store's server yourself: an error is answered with 503, and must not claim
/// anything.
///
/// It needs a Tokio runtime with time enabled. The keys are new in every run, so the
/// store may be in use.
///
/// ```
/// use std::time::Duration;
/// use payhook::idempotency::MemoryStore;
/// use payhook_conformance::stores::StoreConformance;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let lease = Duration::from_millis(50);
/// let store = MemoryStore::new().lease(lease);
/// // Any number of connections or replicas: here, clones of one memory store.
/// StoreConformance::new([store.clone(), store], lease).race(64, 20).run().await?;
/// # Ok::<(), payhook_conformance::stores::BrokenRule>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StoreConformance<G> {
    stores: Vec<Arc<G>>,
    lease: Duration,
    horizon: Option<Duration>,
    tasks: usize,
    keys: usize,
}

/// A rule that a store violates.
///
/// See [`StoreConformance`], which returns it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrokenRule {
    /// The store returned a wrong result.
    #[error("{rule}: {found}")]
    #[non_exhaustive]
    Answer {
        /// The rule.
        rule: &'static str,
        /// The wrong result.
        found: String,
    },
    /// The store failed.
    #[error("{rule}: the store failed")]
    #[non_exhaustive]
    Failed {
        /// The rule.
        rule: &'static str,
        /// The store's error.
        source: BoxError,
    },
}

impl<G: IdempotencyStore + 'static> StoreConformance<G> {
    /// Creates a suite for several stores with shared data, one per connection or
    /// replica, all with this lease. A shorter lease makes the suite faster; it has
    /// to be longer than a few steps of the store.
    #[must_use]
    pub fn new(stores: impl IntoIterator<Item = G>, lease: Duration) -> Self {
        Self {
            stores: stores.into_iter().map(Arc::new).collect(),
            lease,
            horizon: None,
            tasks: 64,
            keys: 1000,
        }
    }

    /// Sets the maximum age of an unknown delivery; by default any age is accepted.
    /// For stores that refuse by age alone, such as `RedisStore` and `PgStore`: the
    /// horizon of a [`MemoryStore`](payhook::idempotency::MemoryStore) depends on what it has
    /// deleted.
    #[must_use]
    pub fn horizon(self, horizon: Duration) -> Self {
        Self {
            horizon: Some(horizon),
            ..self
        }
    }

    /// Sets the number of tasks that race for each key, and the number of keys: 64
    /// and 1,000 by default. Deliveries of the same event and expired leases use a
    /// tenth of the keys; repeated releases use a hundredth.
    #[must_use]
    pub fn race(self, tasks: usize, keys: usize) -> Self {
        Self {
            tasks,
            keys,
            ..self
        }
    }

    /// Tests every rule.
    ///
    /// # Errors
    ///
    /// The first [`BrokenRule`].
    pub async fn run(&self) -> Result<(), BrokenRule> {
        self.a_claim_is_exclusive_until_it_ends().await?;
        self.a_delivery_is_bound_to_its_first_event().await?;
        self.the_same_event_in_another_delivery_is_handled().await?;
        self.a_transfer_that_settles_again_is_acquired().await?;
        self.an_event_without_a_time_is_handled_once().await?;
        self.a_dead_holder_loses_its_claim().await?;
        self.a_killed_holder_loses_its_claim().await?;
        self.a_late_holder_changes_nothing().await?;
        self.a_late_holder_without_successor_still_ends_its_claim()
            .await?;
        if let Some(horizon) = self.horizon {
            self.an_unknown_delivery_is_too_old_beyond_the_horizon(horizon)
                .await?;
        }
        self.one_of_many_wins().await?;
        self.one_of_many_deliveries_wins().await?;
        self.one_of_many_succeeds_a_dead_holder().await?;
        self.a_claim_released_in_a_race_can_be_acquired().await
    }

    fn store(&self, index: usize) -> Arc<G> {
        let mut stores = self.stores.iter().cycle();
        #[allow(
            clippy::expect_used,
            reason = "an empty suite is a mistake of its author"
        )]
        let store = stores.nth(index).expect("at least one store");
        Arc::clone(store)
    }

    async fn outlast_the_lease(&self) {
        tokio::time::sleep(self.lease.mul_f64(1.25)).await;
    }
}

/// Unused keys.
fn unused_keys() -> IdempotencyKeys {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now();
    let key = |kind: &str| {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{kind} {count} {now:?} {}", std::process::id());
        IdempotencyKey::from_bytes(Sha256::digest(name).into())
    };
    IdempotencyKeys::new(
        key("delivery"),
        key("subject"),
        key("event"),
        Some(now.into()),
    )
}

/// The delivery of one key set with the event of another.
fn mixed(delivery: &IdempotencyKeys, event: &IdempotencyKeys) -> IdempotencyKeys {
    let (subject, event) = (*event.subject(), *event.event());
    IdempotencyKeys::new(*delivery.delivery(), subject, event, delivery.time())
}

/// The same with another time.
fn at(keys: &IdempotencyKeys, time: Option<DateTime<Utc>>) -> IdempotencyKeys {
    IdempotencyKeys::new(*keys.delivery(), *keys.subject(), *keys.event(), time)
}

fn broken(rule: &'static str, found: &impl std::fmt::Debug) -> BrokenRule {
    let found = format!("{found:?}");
    BrokenRule::Answer { rule, found }
}

fn failed(rule: &'static str, error: impl Into<BoxError>) -> BrokenRule {
    let source = error.into();
    BrokenRule::Failed { rule, source }
}

/// The token of a claim, which has to be acquired.
async fn acquired(
    rule: &'static str,
    claim: impl Future<Output = Result<Claim, BoxError>>,
) -> Result<ClaimToken, BrokenRule> {
    match claim.await.map_err(|error| failed(rule, error))? {
        Claim::Acquired(token) => Ok(token),
        found => Err(broken(rule, &found)),
    }
}

/// Checks that the result is the required one.
async fn is(
    expected: Claim,
    rule: &'static str,
    claim: impl Future<Output = Result<Claim, BoxError>>,
) -> Result<(), BrokenRule> {
    let found = claim.await.map_err(|error| failed(rule, error))?;
    if discriminant(&found) == discriminant(&expected) {
        Ok(())
    } else {
        Err(broken(rule, &found))
    }
}

async fn ended(
    rule: &'static str,
    expected: Lease,
    end: impl Future<Output = Result<Lease, BoxError>>,
) -> Result<(), BrokenRule> {
    match end.await.map_err(|error| failed(rule, error))? {
        found if found == expected => Ok(()),
        found => Err(broken(rule, &found)),
    }
}
