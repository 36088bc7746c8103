//! The rules about concurrent tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use payhook::BoxError;
use payhook::idempotency::{Claim, IdempotencyKeys, IdempotencyStore, Lease};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{BrokenRule, StoreConformance, acquired, broken, ended, failed, mixed, unused_keys};

impl<G: IdempotencyStore + 'static> StoreConformance<G> {
    pub(super) async fn one_of_many_wins(&self) -> Result<(), BrokenRule> {
        let rule = "exactly one of several concurrent claims wins";
        let keys: Vec<_> = (0..self.keys).map(|_| unused_keys()).collect();
        self.compete(rule, keys, |keys| *keys).await
    }

    pub(super) async fn one_of_many_deliveries_wins(&self) -> Result<(), BrokenRule> {
        let rule = "exactly one of several concurrent deliveries of the same event wins";
        let events: Vec<_> = (0..self.fewer_keys()).map(|_| unused_keys()).collect();
        self.compete(rule, events, |event| mixed(&unused_keys(), event))
            .await
    }

    pub(super) async fn one_of_many_succeeds_a_dead_holder(&self) -> Result<(), BrokenRule> {
        let rule = "exactly one of several concurrent claims wins after a lease has expired";
        let keys: Vec<_> = (0..self.fewer_keys()).map(|_| unused_keys()).collect();
        let mut late = Vec::new();
        for keys in &keys {
            late.push(acquired(rule, self.store(0).claim(keys)).await?);
        }
        self.outlast_the_lease().await;
        self.compete(rule, keys, |keys| *keys).await?;
        for token in late {
            ended(rule, Lease::Lost, self.store(0).complete(token)).await?;
        }
        Ok(())
    }

    /// Each task retries until it has held the claim once; a lease is longer than
    /// each of them takes.
    pub(super) async fn a_claim_released_in_a_race_can_be_acquired(
        &self,
    ) -> Result<(), BrokenRule> {
        let rule = "a repeatedly released claim is won by exactly one task each time";
        let holders = Arc::new(AtomicUsize::new(0));
        for _ in 0..self.fewer_keys().div_ceil(10) {
            let keys = unused_keys();
            let mut tasks = JoinSet::new();
            for task in 0..self.tasks {
                let (store, holders) = (self.store(task), Arc::clone(&holders));
                tasks.spawn(async move {
                    loop {
                        match store.claim(&keys).await {
                            Ok(Claim::Acquired(token)) => {
                                let others = holders.fetch_add(1, Ordering::Relaxed);
                                tokio::task::yield_now().await;
                                holders.fetch_sub(1, Ordering::Relaxed);
                                if others > 0 {
                                    return Err(broken(rule, &others));
                                }
                                return ended(rule, Lease::Held, store.release(token)).await;
                            }
                            Ok(Claim::InProgress) => tokio::task::yield_now().await,
                            Ok(found) => return Err(broken(rule, &found)),
                            Err(error) => return Err(failed(rule, error)),
                        }
                    }
                });
            }
            let turns = u32::try_from(self.tasks).unwrap_or(u32::MAX);
            let patience = self.lease.saturating_mul(turns.saturating_add(1));
            match timeout(patience, all(rule, tasks)).await {
                Ok(result) => result?,
                Err(_) => return Err(broken(rule, &"no task can claim it any more")),
            }
        }
        Ok(())
    }

    /// All tasks claim the same key concurrently, one key after another, each with
    /// the keys that `shown` returns.
    async fn compete(
        &self,
        rule: &'static str,
        keys: Vec<IdempotencyKeys>,
        shown: fn(&IdempotencyKeys) -> IdempotencyKeys,
    ) -> Result<(), BrokenRule> {
        let wins: Arc<Vec<_>> = Arc::new(keys.iter().map(|_| AtomicUsize::new(0)).collect());
        let (keys, start) = (Arc::new(keys), Arc::new(Barrier::new(self.tasks)));
        let mut tasks = JoinSet::new();
        for task in 0..self.tasks {
            let (store, keys) = (self.store(task), Arc::clone(&keys));
            let (wins, start) = (Arc::clone(&wins), Arc::clone(&start));
            tasks.spawn(async move {
                let mut result = Ok(());
                for (keys, wins) in keys.iter().zip(wins.iter()) {
                    let keys = shown(keys);
                    start.wait().await;
                    // A failed task continues to the barriers, where the others wait.
                    match store.claim(&keys).await {
                        Ok(Claim::Acquired(token)) => {
                            wins.fetch_add(1, Ordering::Relaxed);
                            result =
                                result.and(ended(rule, Lease::Held, store.complete(token)).await);
                        }
                        Ok(Claim::InProgress | Claim::AlreadyHandled) => {}
                        Ok(found) => result = Err(broken(rule, &found)),
                        Err(error) => result = Err(failed(rule, error)),
                    }
                }
                result
            });
        }
        all(rule, tasks).await?;
        let won = wins.iter().map(|wins| wins.load(Ordering::Relaxed));
        match won.filter(|wins| *wins != 1).max() {
            None => Ok(()),
            Some(wins) => Err(broken(rule, &wins)),
        }
    }

    fn fewer_keys(&self) -> usize {
        self.keys.div_ceil(10)
    }
}

/// The first failure of tasks that all end.
async fn all(
    rule: &'static str,
    mut tasks: JoinSet<Result<(), BrokenRule>>,
) -> Result<(), BrokenRule> {
    while let Some(result) = tasks.join_next().await {
        result.map_err(|error| failed(rule, BoxError::from(error)))??;
    }
    Ok(())
}
