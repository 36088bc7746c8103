//! [`PgGuard`]: remembers in PostgreSQL, in the merchant's own transaction if
//! the handler wants that.

use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};
use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnection;
use sqlx::{Error, PgPool, Postgres, Transaction, raw_sql};

use super::keys::IdempotencyKeys;
use super::{AsyncGuard, Claim, ClaimToken, Lease, MARGIN};

/// Which effect a delivery is bound to, and whether that is done.
const BIND: &str = concat!(
    include_str!("postgres_bound.sql"),
    "SELECT effect, done_at IS NOT NULL FROM bound LEFT JOIN payhook_effects USING (effect)",
);

/// The same, and a claim of that effect.
const CLAIM: &str = concat!(
    include_str!("postgres_bound.sql"),
    include_str!("postgres_claim.sql"),
);

/// How often the end of a claim is tried.
const ATTEMPTS: u32 = 10;

/// A guard in PostgreSQL. Feature `postgres`, which wants Rust 1.94.
///
/// The safest way is [`claim_in`](Self::claim_in): the handler claims in the
/// transaction that credits. The [`Receiver`](crate::Receiver) is then given
/// [`before_transactions`](Self::before_transactions).
///
/// ```no_run
/// use payhook::sqlx::{self, PgPool};
/// use payhook::{AsyncHandler, Callback, HandlerError, PgClaim, PgGuard, Verified};
///
/// struct Shop {
///     pool: PgPool,
///     guard: PgGuard,
/// }
///
/// impl AsyncHandler for Shop {
///     type Error = HandlerError;
///
///     async fn handle(&self, callback: Verified<Callback>) -> Result<(), HandlerError> {
///         let mut transaction = self.pool.begin().await?;
///         match self.guard.claim_in(&mut transaction, &callback.idempotency_keys("")).await? {
///             PgClaim::Fresh => {
///                 // … credit or note, with the same `&mut *transaction` …
///                 transaction.commit().await?;
///                 Ok(())
///             }
///             PgClaim::Done => Ok(()),
///             // Dropped, the transaction is rolled back; the gateway sends again.
///             other => Err(format!("{other:?}").into()),
///         }
///     }
/// }
/// # use payhook::{B2binpay, PgTransactions, Receiver};
/// # fn receiver(receiver: Receiver<B2binpay>, guard: &PgGuard) -> Receiver<B2binpay, PgTransactions> {
/// receiver.guard(guard.before_transactions())
/// # }
/// ```
///
/// As a [`Receiver`](crate::Receiver)'s guard itself, it claims with a lease: for
/// handlers whose effect is elsewhere.
///
/// A step is one round trip; one that finds the callback known takes another to
/// find out whether it is done. Rows stay for good unless they are
/// [pruned](Self::prune). How long a step waits for a connection is the pool's
/// `acquire_timeout`: half a minute unless set. `complete` and `release` are
/// tried again, up to ten times, where the connection breaks within that time,
/// or the server tells of a conflict, a lock that took too long or its own
/// shutdown; so an unreachable server is waited for twice as long at most.
/// Runtime and TLS are chosen with the features of sqlx 0.9 in the merchant's
/// own build (`runtime-tokio`); without a runtime it panics when it connects.
#[derive(Debug, Clone)]
pub struct PgGuard {
    pool: PgPool,
    lease: Duration,
    horizon: Option<Duration>,
}

/// What stands in front of a handler that calls [`PgGuard::claim_in`]; made by
/// [`PgGuard::before_transactions`].
///
/// See [`PgGuard`] for an example.
#[derive(Debug, Clone)]
pub struct PgTransactions(PgGuard);

/// The answer of [`PgGuard::claim_in`].
///
/// See [`PgGuard`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
#[non_exhaustive]
pub enum PgClaim {
    /// The delivery was first seen as another effect, which is not done: what
    /// is not signed was changed in one of the two. Roll back.
    Altered,
    /// Unknown, and older than the [`horizon`](PgGuard::horizon). Roll back.
    BeyondHorizon,
    /// Credited before: there is nothing left to do.
    Done,
    /// Yours: done as soon as the transaction commits, and as if it had never
    /// been if it does not.
    Fresh,
    /// Somebody holds a lease on it. Roll back and fail. (It is the receiver
    /// itself if that was given the `PgGuard`, and not
    /// [`before_transactions`](PgGuard::before_transactions).)
    InFlight,
}

impl PgGuard {
    /// The tables, as SQL for a migration of the merchant's own.
    pub const SCHEMA: &'static str = include_str!("postgres.sql");

    /// Holds a claim for a minute and remembers for good.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            lease: Duration::from_secs(60),
            horizon: None,
        }
    }

    /// How long a handler behind a [`Receiver`](crate::Receiver) may take before
    /// its claim passes on to the next delivery: whole milliseconds. At its exact
    /// end a lease has lapsed. [`claim_in`](Self::claim_in) has no lease.
    #[must_use]
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// How old a delivery may be that is not known: an older one is answered with
    /// *beyond horizon*. [`prune`](Self::prune) deletes what was last seen a day
    /// longer ago: clocks differ, and some stamps have no zone.
    #[must_use]
    pub fn horizon(self, horizon: Duration) -> Self {
        Self {
            horizon: Some(horizon),
            ..self
        }
    }

    /// Makes the tables where they are missing.
    ///
    /// # Errors
    ///
    /// The database's own.
    pub async fn create_tables(&self) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        // `IF NOT EXISTS` fails if two replicas are at it at once.
        raw_sql("SELECT pg_advisory_xact_lock(hashtext('payhook'))")
            .execute(&mut *transaction)
            .await?;
        raw_sql(Self::SCHEMA).execute(&mut *transaction).await?;
        transaction.commit().await
    }

    /// The guard for a [`Receiver`](crate::Receiver) whose handler calls
    /// [`claim_in`](Self::claim_in).
    ///
    /// It claims nothing, and what is done does not reach the handler. What it is
    /// there for: it binds each delivery to its effect at once and for good,
    /// whatever becomes of the handler's transaction. Without that, a delivery
    /// whose handler failed could be posted again with another transfer id, and
    /// would be another payment.
    #[must_use]
    pub fn before_transactions(&self) -> PgTransactions {
        PgTransactions(self.clone())
    }

    /// Claims in the merchant's own transaction: **the claim commits together
    /// with the credit**, or neither does.
    ///
    /// A transaction that claims what another one has claimed and not committed
    /// yet waits for it; `lock_timeout` bounds that. Under isolation stricter
    /// than *read committed* the loser gets a serialization error instead.
    ///
    /// The keys are those of the callback as the receiver handed it over, and
    /// under the receiver's own [`endpoint`](crate::Receiver::endpoint).
    ///
    /// # Errors
    ///
    /// The database's own. Fail with it: the transaction is of no use then.
    pub async fn claim_in(
        &self,
        transaction: &mut Transaction<'_, Postgres>,
        keys: &IdempotencyKeys,
    ) -> Result<PgClaim, Error> {
        Ok(match self.insert(transaction, keys, None).await? {
            Claim::Altered => PgClaim::Altered,
            Claim::BeyondHorizon => PgClaim::BeyondHorizon,
            Claim::Done => PgClaim::Done,
            Claim::Fresh(_) => PgClaim::Fresh,
            Claim::InFlight => PgClaim::InFlight,
        })
    }

    /// Deletes what was last seen a day longer ago than the
    /// [`horizon`](Self::horizon); nothing where there is none. Returns how many
    /// deliveries that were. For a daily job: it waits until no transaction has
    /// a claim, and claims wait for it.
    ///
    /// # Errors
    ///
    /// The database's own.
    pub async fn prune(&self) -> Result<u64, Error> {
        let Some(horizon) = self.horizon else {
            return Ok(0);
        };
        let mut transaction = self.pool.begin().await?;
        // A claim in the middle would see one half of it. Each one writes here;
        // with a lock on the effects as well, the two could wait for each other.
        raw_sql("LOCK TABLE payhook_deliveries IN SHARE ROW EXCLUSIVE MODE")
            .execute(&mut *transaction)
            .await?;
        let deliveries = sqlx::query(
            "DELETE FROM payhook_deliveries old
             WHERE seen_at < clock_timestamp() - $1 * interval '1 millisecond'
             AND NOT EXISTS (
                 SELECT FROM payhook_deliveries new
                 WHERE new.effect = old.effect
                 AND new.seen_at >= clock_timestamp() - $1 * interval '1 millisecond'
             )",
        )
        .bind(milliseconds(horizon.saturating_add(MARGIN)))
        .execute(&mut *transaction)
        .await?;
        raw_sql(
            "DELETE FROM payhook_effects
             WHERE (done_at IS NOT NULL OR lease_until <= clock_timestamp())
             AND NOT EXISTS (
                 SELECT FROM payhook_deliveries
                 WHERE payhook_deliveries.effect = payhook_effects.effect
             )",
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(deliveries.rows_affected())
    }

    /// Without a lease it is done at once.
    async fn insert(
        &self,
        connection: &mut PgConnection,
        keys: &IdempotencyKeys,
        lease: Option<Duration>,
    ) -> Result<Claim, Error> {
        let delivery = keys.delivery().as_bytes().as_slice();
        let claimed: Option<(i64,)> = sqlx::query_as(CLAIM)
            .bind(delivery)
            .bind(keys.effect().as_bytes().as_slice())
            .bind(self.is_beyond_horizon(keys))
            .bind(lease.map(milliseconds))
            .fetch_optional(&mut *connection)
            .await?;
        if let Some((fence,)) = claimed {
            let fence = u64::try_from(fence).map_err(|error| Error::Decode(error.into()))?;
            return Ok(Claim::Fresh(ClaimToken::new(*keys.effect(), fence)));
        }
        let known: Option<(bool, bool)> = sqlx::query_as(
            "SELECT done_at IS NOT NULL, effect = $2 FROM payhook_deliveries
             LEFT JOIN payhook_effects USING (effect) WHERE delivery = $1",
        )
        .bind(delivery)
        .bind(keys.effect().as_bytes().as_slice())
        .fetch_optional(&mut *connection)
        .await?;
        Ok(match known {
            // Only what is too old is not bound.
            None => Claim::BeyondHorizon,
            Some((true, _)) => Claim::Done,
            Some((false, false)) => Claim::Altered,
            // Or released since.
            Some((false, true)) => Claim::InFlight,
        })
    }

    fn is_beyond_horizon(&self, keys: &IdempotencyKeys) -> bool {
        let now: DateTime<Utc> = SystemTime::now().into();
        let age = keys.time().and_then(|time| (now - time).to_std().ok());
        matches!((age, self.horizon), (Some(age), Some(horizon)) if age > horizon)
    }
}

impl AsyncGuard for PgGuard {
    type Error = Error;

    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, Error> {
        let mut connection = self.pool.acquire().await?;
        self.insert(&mut connection, keys, Some(self.lease)).await
    }

    async fn complete(&self, token: ClaimToken) -> Result<Lease, Error> {
        self.end(
            "UPDATE payhook_effects SET done_at = clock_timestamp(), lease_until = NULL
             WHERE effect = $1 AND fence = $2",
            &token,
        )
        .await
    }

    async fn release(&self, token: ClaimToken) -> Result<Lease, Error> {
        self.end(
            "DELETE FROM payhook_effects WHERE effect = $1 AND fence = $2 AND done_at IS NULL",
            &token,
        )
        .await
    }
}

impl AsyncGuard for PgTransactions {
    type Error = Error;

    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, Error> {
        let guard = &self.0;
        let bound: Option<(Vec<u8>, bool)> = sqlx::query_as(BIND)
            .bind(keys.delivery().as_bytes().as_slice())
            .bind(keys.effect().as_bytes().as_slice())
            .bind(guard.is_beyond_horizon(keys))
            .fetch_optional(&guard.pool)
            .await?;
        Ok(match bound {
            None => Claim::BeyondHorizon,
            Some((_, true)) => Claim::Done,
            Some((effect, false)) if effect != keys.effect().as_bytes() => Claim::Altered,
            Some((_, false)) => Claim::Fresh(ClaimToken::new(*keys.effect(), 0)),
        })
    }

    /// The handler's transaction has done it.
    async fn complete(&self, _: ClaimToken) -> Result<Lease, Error> {
        Ok(Lease::Held)
    }

    /// The handler's transaction was rolled back.
    async fn release(&self, _: ClaimToken) -> Result<Lease, Error> {
        Ok(Lease::Held)
    }
}

impl PgGuard {
    /// Tried again if it may help: an end that is not noted would have the
    /// callback handled twice. Not a pool's timeout, in which the pool itself
    /// has tried to connect, nor what breaks after as long.
    async fn end(&self, statement: &'static str, token: &ClaimToken) -> Result<Lease, Error> {
        let start = Instant::now();
        let patience = self.pool.options().get_acquire_timeout();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let changed = sqlx::query(statement)
                .bind(token.effect().as_bytes().as_slice())
                .bind(i64::try_from(token.fence()).unwrap_or(i64::MAX))
                .execute(&self.pool)
                .await;
            match changed.map(|changed| changed.rows_affected()) {
                Ok(0) => return Ok(Lease::Lost),
                Ok(_) => return Ok(Lease::Held),
                Err(Error::Io(_)) if attempts < ATTEMPTS && start.elapsed() < patience => {}
                Err(error) if attempts < ATTEMPTS && is_transient(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whether the server says what may be otherwise a moment later.
fn is_transient(error: &Error) -> bool {
    // 40: a conflict with another transaction. 55P03: a lock that took too
    // long. 57P: the server shuts down, crashes or starts up.
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| {
        ["40", "55P03", "57P"]
            .iter()
            .any(|class| code.starts_with(class))
    })
}

/// Five thousand years at most: from there back, a stamp still holds it.
fn milliseconds(duration: Duration) -> i64 {
    const MOST: i64 = 5_000 * 365 * 24 * 60 * 60 * 1000;
    i64::try_from(duration.as_millis()).map_or(MOST, |milliseconds| milliseconds.min(MOST))
}
