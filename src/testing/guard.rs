//! [`GuardConformance`]: what every guard has to keep to.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::guard::{AsyncGuard, Claim, ClaimToken, IdempotencyKey, IdempotencyKeys, Lease};
use crate::handler::HandlerError;

/// The rules of a guard, each of them tried on a real one.
///
/// It wants a Tokio runtime with time. The keys are new in every run, so the
/// guard may be in use.
///
/// ```
/// use std::time::Duration;
/// use payhook::MemoryGuard;
/// use payhook::testing::GuardConformance;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let lease = Duration::from_millis(50);
/// let guard = MemoryGuard::new().lease(lease);
/// // As many connections or replicas as you like: here, clones of one memory.
/// GuardConformance::new([guard.clone(), guard], lease).race(64, 20).run().await?;
/// # Ok::<(), payhook::testing::BrokenRule>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct GuardConformance<G> {
    guards: Vec<Arc<G>>,
    lease: Duration,
    tasks: usize,
    keys: usize,
}

/// A rule that a guard breaks.
///
/// See [`GuardConformance`] for where it comes from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrokenRule {
    /// The guard answered what it must not.
    #[error("{rule}: {found}")]
    #[non_exhaustive]
    Answer {
        /// The rule.
        rule: &'static str,
        /// What it answered instead.
        found: String,
    },
    /// The guard failed.
    #[error("{rule}: the guard failed")]
    #[non_exhaustive]
    Failed {
        /// The rule.
        rule: &'static str,
        /// What with.
        source: HandlerError,
    },
}

impl<G: AsyncGuard + Send + Sync + 'static> GuardConformance<G> {
    /// Several guards over one memory, one per connection or replica, all with
    /// this lease. The shorter it is, the sooner the suite is through; it has to
    /// be longer than a few steps of the guard take.
    #[must_use]
    pub fn new(guards: impl IntoIterator<Item = G>, lease: Duration) -> Self {
        Self {
            guards: guards.into_iter().map(Arc::new).collect(),
            lease,
            tasks: 64,
            keys: 1000,
        }
    }

    /// How many tasks race for each of how many keys: 64 for 1,000 unless set.
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
        self.a_dead_holder_loses_its_claim().await?;
        self.a_late_holder_changes_nothing().await?;
        self.a_late_holder_without_successor_still_ends_its_claim()
            .await?;
        self.one_of_many_wins().await
    }

    async fn one_is_fresh_until_it_ends(&self) -> Result<(), BrokenRule> {
        let (one, two, keys) = (self.guard(0), self.guard(1), fresh_keys());
        let rule = "what nobody claimed is fresh";
        let token = fresh(rule, one.claim(&keys)).await?;
        let rule = "what is claimed is in flight, for its holder too";
        for guard in [&one, &two] {
            is("in flight", rule, guard.claim(&keys)).await?;
        }
        let rule = "the holder releases";
        ended(rule, Lease::Held, one.release(token)).await?;
        let rule = "what was released is fresh, for everybody";
        let token = fresh(rule, two.claim(&keys)).await?;
        let rule = "the holder completes";
        ended(rule, Lease::Held, two.complete(token)).await?;
        let rule = "what was completed is done";
        for guard in [&one, &two] {
            is("done", rule, guard.claim(&keys)).await?;
        }
        Ok(())
    }

    async fn a_delivery_is_bound_to_its_first_effect(&self) -> Result<(), BrokenRule> {
        let (guard, genuine, other) = (self.guard(0), fresh_keys(), fresh_keys());
        let rule = "what nobody claimed is fresh";
        let token = fresh(rule, guard.claim(&genuine)).await?;
        let altered = mixed(&genuine, &other);
        let rule = "a delivery in flight is altered with another effect";
        is("altered", rule, guard.claim(&altered)).await?;
        let rule = "the holder completes";
        ended(rule, Lease::Held, guard.complete(token)).await?;
        let rule = "a delivery that is done is done with another effect, too";
        is("done", rule, guard.claim(&altered)).await?;
        let rule = "a replay spends nobody else's effect";
        let token = fresh(rule, guard.claim(&other)).await?;
        let rule = "the token names the claimed effect";
        if token.effect() != other.effect() {
            return Err(broken(rule, token.effect()));
        }
        ended(rule, Lease::Held, guard.release(token)).await?;

        let rule = "a delivery whose claim was released stays bound";
        let (genuine, other) = (fresh_keys(), fresh_keys());
        let token = fresh(rule, guard.claim(&genuine)).await?;
        ended(rule, Lease::Held, guard.release(token)).await?;
        is("altered", rule, guard.claim(&mixed(&genuine, &other))).await?;
        let token = fresh(rule, guard.claim(&genuine)).await?;
        ended(rule, Lease::Held, guard.complete(token)).await?;
        is("done", rule, guard.claim(&genuine)).await
    }

    async fn the_same_news_in_another_delivery_is_done(&self) -> Result<(), BrokenRule> {
        let (guard, first, second) = (self.guard(0), fresh_keys(), fresh_keys());
        let rule = "what nobody claimed is fresh";
        let token = fresh(rule, guard.claim(&first)).await?;
        let resent = mixed(&second, &first);
        let rule = "the same effect in another delivery is in flight";
        is("in flight", rule, guard.claim(&resent)).await?;
        let rule = "the holder completes";
        ended(rule, Lease::Held, guard.complete(token)).await?;
        let rule = "the same effect in another delivery is done";
        is("done", rule, guard.claim(&resent)).await?;
        let rule = "a resent delivery is bound, too";
        is("done", rule, guard.claim(&second)).await
    }

    async fn a_dead_holder_loses_its_claim(&self) -> Result<(), BrokenRule> {
        let (guard, keys) = (self.guard(0), fresh_keys());
        let rule = "a claim whose holder died is fresh after its lease";
        drop(fresh(rule, guard.claim(&keys)).await?);
        is("in flight", rule, guard.claim(&keys)).await?;
        self.outlast_the_lease().await;
        let token = fresh(rule, self.guard(1).claim(&keys)).await?;
        ended(rule, Lease::Held, self.guard(1).complete(token)).await
    }

    async fn a_late_holder_changes_nothing(&self) -> Result<(), BrokenRule> {
        for release in [false, true] {
            let (guard, keys) = (self.guard(0), fresh_keys());
            let rule = "a claim passes on after its lease";
            let late = fresh(rule, guard.claim(&keys)).await?;
            self.outlast_the_lease().await;
            let successor = fresh(rule, self.guard(1).claim(&keys)).await?;
            let rule = "a late holder neither completes nor releases its successor's claim";
            if release {
                ended(rule, Lease::Lost, guard.release(late)).await?;
            } else {
                ended(rule, Lease::Lost, guard.complete(late)).await?;
            }
            is("in flight", rule, guard.claim(&keys)).await?;
            let rule = "the successor completes";
            ended(rule, Lease::Held, self.guard(1).complete(successor)).await?;
            is("done", rule, guard.claim(&keys)).await?;
        }
        Ok(())
    }

    async fn a_late_holder_without_successor_still_ends_its_claim(&self) -> Result<(), BrokenRule> {
        let (guard, keys) = (self.guard(0), fresh_keys());
        let rule = "a late holder whose claim nobody took completes it";
        let token = fresh(rule, guard.claim(&keys)).await?;
        self.outlast_the_lease().await;
        ended(rule, Lease::Held, guard.complete(token)).await?;
        is("done", rule, guard.claim(&keys)).await
    }

    async fn one_of_many_wins(&self) -> Result<(), BrokenRule> {
        let rule = "of all that race for a claim one wins";
        let keys: Arc<Vec<_>> = Arc::new((0..self.keys).map(|_| fresh_keys()).collect());
        let wins: Arc<Vec<_>> = Arc::new((0..self.keys).map(|_| AtomicU64::new(0)).collect());
        let start = Arc::new(Barrier::new(self.tasks));
        let mut tasks = JoinSet::new();
        for task in 0..self.tasks {
            let (guard, keys) = (self.guard(task), Arc::clone(&keys));
            let (wins, start) = (Arc::clone(&wins), Arc::clone(&start));
            tasks.spawn(async move {
                let mut result = Ok(());
                for (keys, wins) in keys.iter().zip(wins.iter()) {
                    start.wait().await;
                    // Whoever fails goes on to the barriers: the others wait there.
                    match guard.claim(keys).await {
                        Ok(Claim::Fresh(token)) => {
                            wins.fetch_add(1, Ordering::Relaxed);
                            result =
                                result.and(ended(rule, Lease::Held, guard.complete(token)).await);
                        }
                        Ok(Claim::InFlight | Claim::Done) => {}
                        Ok(found @ (Claim::Altered | Claim::BeyondHorizon)) => {
                            result = Err(broken(rule, &found));
                        }
                        Err(error) => result = Err(failed(rule, error)),
                    }
                }
                result
            });
        }
        while let Some(result) = tasks.join_next().await {
            result.map_err(|error| failed(rule, HandlerError::from(error)))??;
        }
        let won = wins.iter().map(|wins| wins.load(Ordering::Relaxed));
        match won.filter(|wins| *wins != 1).max() {
            None => Ok(()),
            Some(wins) => Err(broken(rule, &wins)),
        }
    }

    fn guard(&self, index: usize) -> Arc<G> {
        let mut guards = self.guards.iter().cycle();
        #[allow(
            clippy::expect_used,
            reason = "a suite over nothing is a slip of its author"
        )]
        let guard = guards.nth(index).expect("at least one guard");
        Arc::clone(guard)
    }

    async fn outlast_the_lease(&self) {
        tokio::time::sleep(self.lease + self.lease / 4).await;
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
    IdempotencyKeys::new(key("delivery"), key("effect"), Some(now.into()))
}

fn mixed(delivery: &IdempotencyKeys, effect: &IdempotencyKeys) -> IdempotencyKeys {
    IdempotencyKeys::new(*delivery.delivery(), *effect.effect(), delivery.time())
}

fn broken(rule: &'static str, found: &impl std::fmt::Debug) -> BrokenRule {
    let found = format!("{found:?}");
    BrokenRule::Answer { rule, found }
}

fn failed(rule: &'static str, error: impl Into<HandlerError>) -> BrokenRule {
    let source = error.into();
    BrokenRule::Failed { rule, source }
}

/// The answer, which has to be a fresh claim.
async fn fresh<E: Into<HandlerError>>(
    rule: &'static str,
    claim: impl Future<Output = Result<Claim, E>>,
) -> Result<ClaimToken, BrokenRule> {
    match claim.await.map_err(|error| failed(rule, error))? {
        Claim::Fresh(token) => Ok(token),
        found => Err(broken(rule, &found)),
    }
}

/// Whether the answer is the one that has to be.
async fn is<E: Into<HandlerError>>(
    expected: &'static str,
    rule: &'static str,
    claim: impl Future<Output = Result<Claim, E>>,
) -> Result<(), BrokenRule> {
    let found = claim.await.map_err(|error| failed(rule, error))?;
    let word = match found {
        Claim::Altered => "altered",
        Claim::BeyondHorizon => "beyond horizon",
        Claim::Done => "done",
        Claim::Fresh(_) => "fresh",
        Claim::InFlight => "in flight",
    };
    if word == expected {
        Ok(())
    } else {
        Err(broken(rule, &found))
    }
}

async fn ended<E: Into<HandlerError>>(
    rule: &'static str,
    expected: Lease,
    end: impl Future<Output = Result<Lease, E>>,
) -> Result<(), BrokenRule> {
    match end.await.map_err(|error| failed(rule, error))? {
        found if found == expected => Ok(()),
        found => Err(broken(rule, &found)),
    }
}
