//! [`StoreConformance`]: what every store has to keep to.

mod race;
mod rules;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::fetch::BoxError;
use crate::idempotency::{
    Claim, ClaimToken, IdempotencyKey, IdempotencyKeys, IdempotencyStore, Lease,
};

/// The rules of a store, each of them tried on a real one: which answer is due,
/// that a delivery stays bound to its first effect, that holders may be late or
/// killed, that of many who race one wins, and the [`horizon`](Self::horizon) if
/// there is one. What an outage does to your store's server is yours to try: an
/// error is answered with 503, and nothing may be claimed by it.
///
/// It wants a Tokio runtime with time. The keys are new in every run, so the
/// store may be in use.
///
/// ```
/// use std::time::Duration;
/// use payhook::idempotency::MemoryStore;
/// use payhook::testing::StoreConformance;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let lease = Duration::from_millis(50);
/// let store = MemoryStore::new().lease(lease);
/// // As many connections or replicas as you like: here, clones of one memory.
/// StoreConformance::new([store.clone(), store], lease).race(64, 20).run().await?;
/// # Ok::<(), payhook::testing::BrokenRule>(()) })?;
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

/// A rule that a store breaks.
///
/// See [`StoreConformance`] for where it comes from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrokenRule {
    /// The store answered what it must not.
    #[error("{rule}: {found}")]
    #[non_exhaustive]
    Answer {
        /// The rule.
        rule: &'static str,
        /// What it answered instead.
        found: String,
    },
    /// The store failed.
    #[error("{rule}: the store failed")]
    #[non_exhaustive]
    Failed {
        /// The rule.
        rule: &'static str,
        /// What with.
        source: BoxError,
    },
}

impl<G: IdempotencyStore + 'static> StoreConformance<G> {
    /// Several stores over one memory, one per connection or replica, all with
    /// this lease. The shorter it is, the sooner the suite is through; it has to
    /// be longer than a few steps of the store take.
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

    /// How old a delivery may be that the stores don't know; they take one of
    /// any age unless set. For stores that refuse by age alone, as `RedisStore`
    /// and `PgStore` do: the horizon of a [`MemoryStore`](crate::idempotency::MemoryStore) is
    /// what it has forgotten.
    #[must_use]
    pub fn horizon(self, horizon: Duration) -> Self {
        Self {
            horizon: Some(horizon),
            ..self
        }
    }

    /// How many tasks race for each of how many keys: 64 for 1,000 unless set.
    /// Between deliveries of the same event, and after a lease, they race for a
    /// tenth of the keys; for what is released again and again, for a hundredth.
    #[must_use]
    pub fn race(self, tasks: usize, keys: usize) -> Self {
        Self {
            tasks,
            keys,
            ..self
        }
    }

    /// Tries every rule.
    ///
    /// # Errors
    ///
    /// The first [`BrokenRule`].
    pub async fn run(&self) -> Result<(), BrokenRule> {
        self.one_is_fresh_until_it_ends().await?;
        self.a_delivery_is_bound_to_its_first_effect().await?;
        self.the_same_news_in_another_delivery_is_done().await?;
        self.what_was_reversed_and_settled_again_is_news().await?;
        self.what_has_no_time_is_done_once().await?;
        self.a_dead_holder_loses_its_claim().await?;
        self.a_killed_holder_loses_its_claim().await?;
        self.a_late_holder_changes_nothing().await?;
        self.a_late_holder_without_successor_still_ends_its_claim()
            .await?;
        if let Some(horizon) = self.horizon {
            self.what_is_too_old_is_beyond_the_horizon(horizon).await?;
        }
        self.one_of_many_wins().await?;
        self.one_of_many_deliveries_wins().await?;
        self.one_of_many_succeeds_a_dead_holder().await?;
        self.what_is_released_in_a_race_can_be_claimed().await
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

/// Keys that were never used before.
fn fresh_keys() -> IdempotencyKeys {
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
        key("effect"),
        Some(now.into()),
    )
}

/// One's delivery with another's event.
fn mixed(delivery: &IdempotencyKeys, event: &IdempotencyKeys) -> IdempotencyKeys {
    let (subject, effect) = (*event.subject(), *event.effect());
    IdempotencyKeys::new(*delivery.delivery(), subject, effect, delivery.time())
}

/// The same, from another time.
fn at(keys: &IdempotencyKeys, time: Option<DateTime<Utc>>) -> IdempotencyKeys {
    IdempotencyKeys::new(*keys.delivery(), *keys.subject(), *keys.effect(), time)
}

fn broken(rule: &'static str, found: &impl std::fmt::Debug) -> BrokenRule {
    let found = format!("{found:?}");
    BrokenRule::Answer { rule, found }
}

fn failed(rule: &'static str, error: impl Into<BoxError>) -> BrokenRule {
    let source = error.into();
    BrokenRule::Failed { rule, source }
}

/// The answer, which has to be a fresh claim.
async fn fresh(
    rule: &'static str,
    claim: impl Future<Output = Result<Claim, BoxError>>,
) -> Result<ClaimToken, BrokenRule> {
    match claim.await.map_err(|error| failed(rule, error))? {
        Claim::Acquired(token) => Ok(token),
        found => Err(broken(rule, &found)),
    }
}

/// Whether the answer is the one that has to be.
async fn is(
    expected: &'static str,
    rule: &'static str,
    claim: impl Future<Output = Result<Claim, BoxError>>,
) -> Result<(), BrokenRule> {
    let found = claim.await.map_err(|error| failed(rule, error))?;
    let word = match found {
        Claim::Conflicting => "altered",
        Claim::TooOld => "beyond horizon",
        Claim::AlreadyHandled => "done",
        Claim::Acquired(_) => "fresh",
        Claim::InProgress => "in flight",
        Claim::Superseded => "superseded",
    };
    if word == expected {
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
