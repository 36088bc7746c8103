//! [`PgGuard`]: remembers in PostgreSQL, in the merchant's own transaction if
//! the handler wants that.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;
use sqlx::{Error, PgPool, raw_sql};

use super::keys::{IdempotencyKey, IdempotencyKeys};
use super::{AsyncGuard, Claim, ClaimToken, Lease};

/// A guard in PostgreSQL. Feature `postgres`, which wants Rust 1.94.
///
/// The short and the safest way is [`claim_in`](Self::claim_in): the handler
/// claims in the transaction that credits, and the
/// [`Receiver`](crate::Receiver) is given [`HandlerClaims`](crate::HandlerClaims).
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
///                 // … credit, with the same `&mut *transaction` …
///                 transaction.commit().await?;
///                 Ok(())
///             }
///             PgClaim::Done => Ok(()),
///             // Dropped, the transaction is rolled back; the gateway sends again.
///             _ => Err("in flight, or too old to tell".into()),
///         }
///     }
/// }
/// ```
///
/// As a [`Receiver`](crate::Receiver)'s guard it claims with a lease, for
/// handlers that work elsewhere.
///
/// A step is one round trip; one that finds the callback known takes another to
/// find out whether it is done. Rows stay for good unless they are
/// [pruned](Self::prune). The pool's own timeouts decide how long an
/// unreachable server is waited for.
#[derive(Debug, Clone)]
pub struct PgGuard {
    pool: PgPool,
    lease: Duration,
    horizon: Option<Duration>,
}

/// The answer of [`PgGuard::claim_in`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
#[non_exhaustive]
pub enum PgClaim {
    /// Unknown, and older than the [`horizon`](PgGuard::horizon). Roll back.
    BeyondHorizon,
    /// Credited before: there is nothing left to do.
    Done,
    /// Yours: done as soon as the transaction commits, and as if it had never
    /// been if it does not.
    Fresh,
    /// Somebody holds a lease on it. Roll back and fail.
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
    /// its claim passes on to the next delivery. [`claim_in`](Self::claim_in)
    /// has no lease.
    #[must_use]
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// How long a delivery is remembered after it was last seen. From then on
    /// [`prune`](Self::prune) deletes it, and an unknown one of that age is
    /// answered with *beyond horizon*.
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
        raw_sql(Self::SCHEMA).execute(&self.pool).await?;
        Ok(())
    }

    /// Claims in the merchant's own transaction: **the claim commits together
    /// with the credit**, or neither does.
    ///
    /// A transaction that claims what another one has claimed and not committed
    /// yet waits for it; `lock_timeout` bounds that. Under isolation stricter
    /// than *read committed* the loser gets a serialization error instead.
    ///
    /// # Errors
    ///
    /// The database's own. Fail with it: the transaction is of no use then.
    pub async fn claim_in(
        &self,
        transaction: &mut PgConnection,
        keys: &IdempotencyKeys,
    ) -> Result<PgClaim, Error> {
        Ok(match self.insert(transaction, keys, None).await? {
            Answer::BeyondHorizon => PgClaim::BeyondHorizon,
            Answer::Done => PgClaim::Done,
            Answer::Fresh(_) => PgClaim::Fresh,
            Answer::InFlight => PgClaim::InFlight,
        })
    }

    /// Deletes what was last seen longer ago than the [`horizon`](Self::horizon);
    /// nothing where there is none. For a daily job. Returns how many deliveries
    /// that were.
    ///
    /// # Errors
    ///
    /// The database's own.
    pub async fn prune(&self) -> Result<u64, Error> {
        let Some(horizon) = self.horizon else {
            return Ok(0);
        };
        let mut transaction = self.pool.begin().await?;
        let deliveries = sqlx::query(
            "DELETE FROM payhook_deliveries old
             WHERE seen_at < clock_timestamp() - $1 * interval '1 millisecond'
             AND NOT EXISTS (
                 SELECT FROM payhook_deliveries new
                 WHERE new.effect = old.effect
                 AND new.seen_at >= clock_timestamp() - $1 * interval '1 millisecond'
             )",
        )
        .bind(milliseconds(horizon))
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "DELETE FROM payhook_effects
             WHERE (done_at IS NOT NULL OR lease_until < clock_timestamp())
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
    ) -> Result<Answer, Error> {
        let delivery = keys.delivery().as_bytes().as_slice();
        let too_old = self.is_beyond_horizon(keys);
        let claimed: Option<(Vec<u8>, i64)> = sqlx::query_as(include_str!("postgres_claim.sql"))
            .bind(delivery)
            .bind(keys.effect().as_bytes().as_slice())
            .bind(too_old)
            .bind(lease.map(milliseconds))
            .fetch_optional(&mut *connection)
            .await?;
        if let Some((effect, fence)) = claimed {
            return token(&effect, fence).map(Answer::Fresh);
        }
        let done: Option<(bool,)> = sqlx::query_as(
            "SELECT done_at IS NOT NULL FROM payhook_deliveries
             JOIN payhook_effects USING (effect) WHERE delivery = $1",
        )
        .bind(delivery)
        .fetch_optional(&mut *connection)
        .await?;
        Ok(match done {
            Some((true,)) => Answer::Done,
            None if too_old => Answer::BeyondHorizon,
            // Or released since.
            Some((false,)) | None => Answer::InFlight,
        })
    }

    fn is_beyond_horizon(&self, keys: &IdempotencyKeys) -> bool {
        let now: DateTime<Utc> = SystemTime::now().into();
        let age = keys.time().and_then(|time| (now - time).to_std().ok());
        matches!((age, self.horizon), (Some(age), Some(horizon)) if age > horizon)
    }
}

enum Answer {
    BeyondHorizon,
    Done,
    Fresh(ClaimToken),
    InFlight,
}

impl AsyncGuard for PgGuard {
    type Error = Error;

    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, Error> {
        let mut connection = self.pool.acquire().await?;
        let answer = self.insert(&mut connection, keys, Some(self.lease)).await?;
        Ok(match answer {
            Answer::BeyondHorizon => Claim::BeyondHorizon,
            Answer::Done => Claim::Done,
            Answer::Fresh(token) => Claim::Fresh(token),
            Answer::InFlight => Claim::InFlight,
        })
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

impl PgGuard {
    /// Tried again if the connection breaks: an end that is not noted would
    /// have the callback handled twice.
    async fn end(&self, statement: &'static str, token: &ClaimToken) -> Result<Lease, Error> {
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
                Err(error) if attempts < 3 && is_transient(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whether the connection is at fault, and not what was said over it.
fn is_transient(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::PoolTimedOut => true,
        // 57P: the server shuts down, crashes or starts up.
        Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}

/// The claimed effect is the one that the delivery is bound to.
fn token(effect: &[u8], fence: i64) -> Result<ClaimToken, Error> {
    let effect = <[u8; 32]>::try_from(effect).map_err(|error| Error::Decode(error.into()))?;
    let fence = u64::try_from(fence).map_err(|error| Error::Decode(error.into()))?;
    Ok(ClaimToken::new(IdempotencyKey::from_bytes(effect), fence))
}

/// A hundred thousand years at most: what an interval holds.
fn milliseconds(duration: Duration) -> i64 {
    const MOST: i64 = 100_000 * 365 * 24 * 60 * 60 * 1000;
    i64::try_from(duration.as_millis()).map_or(MOST, |milliseconds| milliseconds.min(MOST))
}
