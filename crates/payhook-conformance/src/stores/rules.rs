//! The rules about sequential claims.

use std::time::{Duration, SystemTime};

use chrono::TimeDelta;
use payhook::idempotency::{Claim, IdempotencyKeys, IdempotencyStore, Lease};
use tokio::sync::oneshot;

use super::{BrokenRule, StoreConformance, acquired, at, broken, ended, is, mixed, unused_keys};

impl<G: IdempotencyStore + 'static> StoreConformance<G> {
    pub(super) async fn a_claim_is_exclusive_until_it_ends(&self) -> Result<(), BrokenRule> {
        let (one, two, keys) = (self.store(0), self.store(1), unused_keys());
        let rule = "an unclaimed event is acquired";
        let token = acquired(rule, one.claim(&keys)).await?;
        let rule = "a claimed event is in progress, also for its holder";
        for store in [&one, &two] {
            is(Claim::InProgress, rule, store.claim(&keys)).await?;
        }
        let rule = "the holder releases";
        ended(rule, Lease::Held, one.release(token)).await?;
        let rule = "a released event is acquired by anyone";
        let token = acquired(rule, two.claim(&keys)).await?;
        let rule = "the holder completes";
        ended(rule, Lease::Held, two.complete(token)).await?;
        let rule = "a completed event is already handled";
        for store in [&one, &two] {
            is(Claim::AlreadyHandled, rule, store.claim(&keys)).await?;
        }
        Ok(())
    }

    pub(super) async fn a_delivery_is_bound_to_its_first_event(&self) -> Result<(), BrokenRule> {
        let (store, genuine, other) = (self.store(0), unused_keys(), unused_keys());
        let rule = "an unclaimed event is acquired";
        let token = acquired(rule, store.claim(&genuine)).await?;
        let altered = mixed(&genuine, &other);
        let rule = "a delivery in progress with another event is conflicting";
        is(Claim::Conflicting, rule, store.claim(&altered)).await?;
        let rule = "the holder completes";
        ended(rule, Lease::Held, store.complete(token)).await?;
        let rule = "a handled delivery stays handled with another event";
        is(Claim::AlreadyHandled, rule, store.claim(&altered)).await?;
        let rule = "a replay does not use up another event";
        let token = acquired(rule, store.claim(&other)).await?;
        let rule = "the token names the claimed event";
        if token.event() != other.event() {
            return Err(broken(rule, token.event()));
        }
        ended(rule, Lease::Held, store.release(token)).await?;

        let rule = "a delivery whose claim was released stays bound";
        let (genuine, other) = (unused_keys(), unused_keys());
        let token = acquired(rule, store.claim(&genuine)).await?;
        ended(rule, Lease::Held, store.release(token)).await?;
        is(
            Claim::Conflicting,
            rule,
            store.claim(&mixed(&genuine, &other)),
        )
        .await?;
        let token = acquired(rule, store.claim(&genuine)).await?;
        ended(rule, Lease::Held, store.complete(token)).await?;
        is(Claim::AlreadyHandled, rule, store.claim(&genuine)).await
    }

    pub(super) async fn the_same_event_in_another_delivery_is_handled(
        &self,
    ) -> Result<(), BrokenRule> {
        let (store, first, second) = (self.store(0), unused_keys(), unused_keys());
        let rule = "an unclaimed event is acquired";
        let token = acquired(rule, store.claim(&first)).await?;
        let resent = mixed(&second, &first);
        let rule = "the same event in another delivery is in progress";
        is(Claim::InProgress, rule, store.claim(&resent)).await?;
        let rule = "the holder completes";
        ended(rule, Lease::Held, store.complete(token)).await?;
        let rule = "the same event in another delivery is already handled";
        is(Claim::AlreadyHandled, rule, store.claim(&resent)).await?;
        let rule = "a resent delivery is bound as well";
        is(Claim::AlreadyHandled, rule, store.claim(&second)).await
    }

    pub(super) async fn a_transfer_that_settles_again_is_acquired(&self) -> Result<(), BrokenRule> {
        let (store, settled, other) = (self.store(0), unused_keys(), unused_keys());
        let seconds = |count| settled.time().map(|time| time + TimeDelta::seconds(count));
        let reversed = IdempotencyKeys::new(
            *other.delivery(),
            *settled.subject(),
            *other.event(),
            seconds(20),
        );
        let restored = at(&mixed(&unused_keys(), &settled), seconds(30));
        let rule = "a later event of a subject is acquired";
        for event in [&settled, &reversed] {
            let token = acquired(rule, store.claim(event)).await?;
            ended(rule, Lease::Held, store.complete(token)).await?;
        }
        let rule = "a transfer that settles again after a reversal is acquired";
        let token = acquired(rule, store.claim(&restored)).await?;
        is(Claim::InProgress, rule, store.claim(&restored)).await?;
        ended(rule, Lease::Held, store.release(token)).await?;
        let token = acquired(rule, store.claim(&restored)).await?;
        ended(rule, Lease::Held, store.complete(token)).await?;
        let rule = "each of these deliveries is already handled when it is repeated";
        for event in [&settled, &reversed, &restored] {
            is(Claim::AlreadyHandled, rule, self.store(1).claim(event)).await?;
        }
        let rule = "the same state with a later time is already handled";
        let confirmed = at(&mixed(&unused_keys(), &settled), seconds(60));
        is(Claim::AlreadyHandled, rule, store.claim(&confirmed)).await?;
        let rule = "an event older than the last handled one is superseded";
        let (late, other) = (unused_keys(), unused_keys());
        let late = IdempotencyKeys::new(
            *late.delivery(),
            *settled.subject(),
            *other.event(),
            seconds(50),
        );
        is(Claim::Superseded, rule, store.claim(&late)).await
    }

    pub(super) async fn an_event_without_a_time_is_handled_once(&self) -> Result<(), BrokenRule> {
        let (store, one, other) = (self.store(0), at(&unused_keys(), None), unused_keys());
        let two = IdempotencyKeys::new(*other.delivery(), *one.subject(), *other.event(), None);
        let rule = "an event without a time is acquired once";
        for event in [&one, &two] {
            let token = acquired(rule, store.claim(event)).await?;
            ended(rule, Lease::Held, store.complete(token)).await?;
        }
        is(Claim::AlreadyHandled, rule, store.claim(&one)).await?;
        is(
            Claim::AlreadyHandled,
            rule,
            store.claim(&mixed(&unused_keys(), &one)),
        )
        .await
    }

    pub(super) async fn a_dead_holder_loses_its_claim(&self) -> Result<(), BrokenRule> {
        let (store, keys) = (self.store(0), unused_keys());
        let rule = "an event whose holder died is acquired after the lease";
        drop(acquired(rule, store.claim(&keys)).await?);
        is(Claim::InProgress, rule, store.claim(&keys)).await?;
        self.outlast_the_lease().await;
        let token = acquired(rule, self.store(1).claim(&keys)).await?;
        ended(rule, Lease::Held, self.store(1).complete(token)).await
    }

    pub(super) async fn a_late_holder_changes_nothing(&self) -> Result<(), BrokenRule> {
        for release in [false, true] {
            let (store, keys) = (self.store(0), unused_keys());
            let rule = "a claim passes on after its lease";
            let late = acquired(rule, store.claim(&keys)).await?;
            self.outlast_the_lease().await;
            let successor = acquired(rule, self.store(1).claim(&keys)).await?;
            let rule = "a late holder neither completes nor releases its successor's claim";
            if release {
                ended(rule, Lease::Lost, store.release(late)).await?;
            } else {
                ended(rule, Lease::Lost, store.complete(late)).await?;
            }
            is(Claim::InProgress, rule, store.claim(&keys)).await?;
            let rule = "the successor completes";
            ended(rule, Lease::Held, self.store(1).complete(successor)).await?;
            is(Claim::AlreadyHandled, rule, store.claim(&keys)).await?;
        }
        Ok(())
    }

    pub(super) async fn a_late_holder_without_successor_still_ends_its_claim(
        &self,
    ) -> Result<(), BrokenRule> {
        let (store, keys) = (self.store(0), unused_keys());
        let rule = "a late holder completes its claim if no one else took it";
        let token = acquired(rule, store.claim(&keys)).await?;
        self.outlast_the_lease().await;
        ended(rule, Lease::Held, store.complete(token)).await?;
        is(Claim::AlreadyHandled, rule, store.claim(&keys)).await
    }

    /// Its task is aborted, like a server's task when the sender closes the
    /// connection.
    pub(super) async fn a_killed_holder_loses_its_claim(&self) -> Result<(), BrokenRule> {
        let (store, keys) = (self.store(0), unused_keys());
        let rule = "an event whose holder was killed is acquired after the lease";
        let (holds, held) = oneshot::channel();
        let holder = tokio::spawn(async move {
            let claim = store.claim(&keys).await;
            let _ = holds.send(());
            // A handler that does not finish.
            std::future::pending::<()>().await;
            claim
        });
        let _ = held.await;
        holder.abort();
        is(Claim::InProgress, rule, self.store(1).claim(&keys)).await?;
        self.outlast_the_lease().await;
        let token = acquired(rule, self.store(1).claim(&keys)).await?;
        ended(rule, Lease::Held, self.store(1).complete(token)).await
    }

    pub(super) async fn an_unknown_delivery_is_too_old_beyond_the_horizon(
        &self,
        horizon: Duration,
    ) -> Result<(), BrokenRule> {
        let store = self.store(0);
        let aged = |keys: IdempotencyKeys, age: Duration| {
            let time = SystemTime::now().checked_sub(age).map(Into::into);
            at(&keys, time)
        };
        let rule = "an unknown delivery older than the horizon is too old";
        let (old, known) = (unused_keys(), unused_keys());
        let beyond = horizon + self.lease;
        for _ in 0..2 {
            is(Claim::TooOld, rule, store.claim(&aged(old, beyond))).await?;
        }
        let rule = "a newer delivery is acquired";
        let token = acquired(rule, store.claim(&aged(known, horizon / 2))).await?;
        ended(rule, Lease::Held, store.complete(token)).await?;
        let rule = "a handled event stays handled, however old the delivery is";
        is(
            Claim::AlreadyHandled,
            rule,
            store.claim(&aged(known, beyond)),
        )
        .await?;
        is(
            Claim::AlreadyHandled,
            rule,
            store.claim(&aged(mixed(&old, &known), beyond)),
        )
        .await?;
        let rule = "a delivery that is too old is not bound";
        is(Claim::TooOld, rule, store.claim(&aged(old, beyond))).await
    }
}
