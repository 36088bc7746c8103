//! The rules that one claim after another shows.

use std::time::{Duration, SystemTime};

use tokio::sync::oneshot;

use super::{BrokenRule, GuardConformance, broken, ended, fresh, fresh_keys, is, mixed};
use crate::guard::{AsyncGuard, IdempotencyKeys, Lease};

impl<G: AsyncGuard + Send + Sync + 'static> GuardConformance<G> {
    pub(super) async fn one_is_fresh_until_it_ends(&self) -> Result<(), BrokenRule> {
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

    pub(super) async fn a_delivery_is_bound_to_its_first_effect(&self) -> Result<(), BrokenRule> {
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

    pub(super) async fn the_same_news_in_another_delivery_is_done(&self) -> Result<(), BrokenRule> {
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

    pub(super) async fn a_dead_holder_loses_its_claim(&self) -> Result<(), BrokenRule> {
        let (guard, keys) = (self.guard(0), fresh_keys());
        let rule = "a claim whose holder died is fresh after its lease";
        drop(fresh(rule, guard.claim(&keys)).await?);
        is("in flight", rule, guard.claim(&keys)).await?;
        self.outlast_the_lease().await;
        let token = fresh(rule, self.guard(1).claim(&keys)).await?;
        ended(rule, Lease::Held, self.guard(1).complete(token)).await
    }

    pub(super) async fn a_late_holder_changes_nothing(&self) -> Result<(), BrokenRule> {
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

    pub(super) async fn a_late_holder_without_successor_still_ends_its_claim(
        &self,
    ) -> Result<(), BrokenRule> {
        let (guard, keys) = (self.guard(0), fresh_keys());
        let rule = "a late holder whose claim nobody took completes it";
        let token = fresh(rule, guard.claim(&keys)).await?;
        self.outlast_the_lease().await;
        ended(rule, Lease::Held, guard.complete(token)).await?;
        is("done", rule, guard.claim(&keys)).await
    }

    /// Its task is aborted, as a server's is whose sender hangs up.
    pub(super) async fn a_killed_holder_loses_its_claim(&self) -> Result<(), BrokenRule> {
        let (guard, keys) = (self.guard(0), fresh_keys());
        let rule = "a claim whose holder was killed is fresh after its lease";
        let (holds, held) = oneshot::channel();
        let holder = tokio::spawn(async move {
            let claim = guard.claim(&keys).await;
            let _ = holds.send(());
            // A handler that does not come to its end.
            std::future::pending::<()>().await;
            claim
        });
        let _ = held.await;
        holder.abort();
        is("in flight", rule, self.guard(1).claim(&keys)).await?;
        self.outlast_the_lease().await;
        let token = fresh(rule, self.guard(1).claim(&keys)).await?;
        ended(rule, Lease::Held, self.guard(1).complete(token)).await
    }

    pub(super) async fn what_is_too_old_is_beyond_the_horizon(
        &self,
        horizon: Duration,
    ) -> Result<(), BrokenRule> {
        let guard = self.guard(0);
        let aged = |keys: IdempotencyKeys, age: Duration| {
            let time = SystemTime::now().checked_sub(age).map(Into::into);
            IdempotencyKeys::new(*keys.delivery(), *keys.effect(), time)
        };
        let rule = "what is unknown and older than the horizon is beyond it";
        let (old, known) = (fresh_keys(), fresh_keys());
        let beyond = horizon + self.lease;
        for _ in 0..2 {
            is("beyond horizon", rule, guard.claim(&aged(old, beyond))).await?;
        }
        let rule = "what is not that old is fresh";
        let token = fresh(rule, guard.claim(&aged(known, horizon / 2))).await?;
        ended(rule, Lease::Held, guard.complete(token)).await?;
        let rule = "what is done is done, however old it says it is";
        is("done", rule, guard.claim(&aged(known, beyond))).await?;
        is(
            "done",
            rule,
            guard.claim(&aged(mixed(&old, &known), beyond)),
        )
        .await
    }
}
