//! [`PgStore`]: an idempotency store in PostgreSQL.

use std::fmt;
use std::time::{Duration, Instant};

use payhook::chrono::{DateTime, Utc};
use payhook::{
    BoxError,
    idempotency::{Claim, ClaimToken, IdempotencyKey, IdempotencyKeys, IdempotencyStore, Lease},
};
use sqlx::error::DatabaseError;
use sqlx::{Error, PgConnection, PgPool, Postgres, Transaction};

use crate::transaction::{begin, migrate};

/// The number of attempts to end a claim.
const ATTEMPTS: u32 = 10;

/// The number of attempts of a claim whose delivery is bound or pruned concurrently.
const ROUNDS: u32 = 5;

/// The time that callbacks are kept beyond the retention: clocks differ, and some
/// timestamps have no zone.
const MARGIN: Duration = Duration::from_hours(24);

/// The number of subjects that are pruned in one transaction.
const BATCH: i64 = 500;

/// An idempotency store in PostgreSQL that several processes can share, for a
/// [`Handler`](payhook::Handler) that fills a queue or credits in another system. To
/// credit in PostgreSQL itself, use a [`PgLedger`](crate::PgLedger): it commits the
/// credit together with its record.
///
/// ```no_run
/// use std::time::Duration;
///
/// use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
/// use payhook::{handler_fn, BoxError, Callback, Endpoint, endpoint::Idempotent};
/// use payhook_postgres::PgStore;
/// use sqlx::PgPool;
///
/// #[tokio::main]
/// async fn main() -> Result<(), BoxError> {
///     let pool = PgPool::connect(&std::env::var("DATABASE_URL")?).await?;
///     let year = Duration::from_hours(365 * 24);
///     let store = PgStore::new(pool).retention(year);
///     store.migrate().await?;
///
///     // Once a day.
///     let daily = store.clone();
///     tokio::spawn(async move {
///         loop {
///             if let Err(error) = daily.prune().await {
///                 eprintln!("old callbacks are not pruned: {error}");
///             }
///             tokio::time::sleep(Duration::from_hours(24)).await;
///         }
///     });
///
///     let queue = handler_fn(async |callback: Callback| {
///         println!("{}", callback.event().outcome()); // into your queue
///         Ok::<(), BoxError>(())
///     });
///     let key = Key::callback_secret(&std::env::var("CALLBACK_SECRET")?)?;
///     let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
///     let endpoint = Endpoint::new(gateway, Idempotent::new(queue, store));
///
///     // In your web framework, for each POST: the body's bytes, untouched.
///     let body = std::fs::read("callback.json")?;
///     println!("answer with {}", endpoint.receive(&body, None).await.status());
///     Ok(())
/// }
/// ```
///
/// Each step is a short transaction. No lock and no connection is held while the handler
/// runs: a claim is a row with a lease. Duplicates are answered at once, even if the
/// handler is slow.
///
/// The pool's `acquire_timeout`, 30 seconds by default, limits how long a step waits for
/// a connection. `complete` and `release` are retried up to ten times if the connection
/// breaks within that time, or if the server reports a conflict, a lock timeout or its
/// own shutdown; so they wait at most twice that time for an unreachable server.
///
/// # Tables and migrations
///
/// [`SCHEMA`](Self::SCHEMA) is the SQL of the three tables and a sequence, and
/// [`migrate`](Self::migrate) runs it, as for a [`PgLedger`](crate::PgLedger). The two
/// share no table. The rows name no merchant: give each merchant a schema (by the
/// connections' `search_path`), or give each merchant's endpoint its own
/// [`namespace`](payhook::Endpoint::namespace).
///
/// | table | one row for |
/// |---|---|
/// | `payhook_subjects` | each transfer or order with a callback, and the event that was handled last |
/// | `payhook_events` | each of its events that was claimed or handled |
/// | `payhook_deliveries` | each delivery, with the event that it first reported |
#[derive(Clone)]
pub struct PgStore {
    pool: PgPool,
    lease: Duration,
    retention: Option<Duration>,
    lock_timeout: Duration,
}

impl PgStore {
    /// The tables, as SQL for a migration of the merchant's own. Running it again
    /// changes nothing.
    pub const SCHEMA: &'static str = include_str!("store.sql");

    /// A store on the tables of this pool. It holds a claim for a minute, remembers
    /// for good, and waits for locks for two seconds at most.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            lease: Duration::from_mins(1),
            retention: None,
            lock_timeout: Duration::from_secs(2),
        }
    }

    /// Sets the lease: how long a handler may take before another delivery can acquire
    /// its claim. In whole milliseconds. A lease has expired at its exact end.
    #[must_use]
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// Sets the maximum age of an unknown callback; the result for an older one is
    /// [`Claim::TooOld`]. [`prune`](Self::prune) deletes callbacks that were last seen a
    /// day before that: clocks differ, and some timestamps have no zone.
    #[must_use]
    pub fn retention(self, retention: Duration) -> Self {
        Self {
            retention: Some(retention),
            ..self
        }
    }

    /// Sets the lock timeout: how long a step waits for another one of the same transfer
    /// before it fails and the callback is answered with 503. In whole milliseconds, at
    /// least one.
    #[must_use]
    pub fn lock_timeout(self, lock_timeout: Duration) -> Self {
        Self {
            lock_timeout,
            ..self
        }
    }

    /// Creates missing tables. Several replicas may call it concurrently.
    ///
    /// # Errors
    ///
    /// Errors of the database.
    pub async fn migrate(&self) -> Result<(), Error> {
        migrate(&self.pool, Self::SCHEMA).await
    }

    /// Deletes the records of callbacks that were last seen more than a day before the
    /// [`retention`](Self::retention); nothing without a retention. Returns the number of
    /// deleted deliveries. Call it from a daily job: it works in short transactions, and
    /// skips locked rows.
    ///
    /// A transfer is deleted with all its states and deliveries, once none of them was
    /// seen for that time.
    ///
    /// # Errors
    ///
    /// Errors of the database.
    pub async fn prune(&self) -> Result<u64, Error> {
        let Some(retention) = self.retention else {
            return Ok(0);
        };
        let mut pruned = 0_u64;
        loop {
            let mut transaction = self.begin().await?;
            let (subjects, deliveries): (i64, i64) =
                sqlx::query_as(include_str!("store_prune.sql"))
                    .bind(milliseconds(retention.saturating_add(MARGIN)))
                    .bind(BATCH)
                    .fetch_one(&mut *transaction)
                    .await?;
            transaction.commit().await?;
            pruned = pruned.saturating_add(u64::try_from(deliveries).unwrap_or_default());
            if subjects < BATCH {
                return Ok(pruned);
            }
        }
    }

    async fn begin(&self) -> Result<Transaction<'static, Postgres>, Error> {
        begin(&self.pool, self.lock_timeout).await
    }

    /// One step; `None` if the delivery was bound or pruned after it was read and before
    /// its subject was locked.
    async fn try_claim(&self, keys: &IdempotencyKeys) -> Result<Option<Claim>, Error> {
        let mut transaction = self.begin().await?;
        let time = keys.time().map(storable);
        let known: Option<(String, bool, Vec<u8>)> =
            sqlx::query_as(include_str!("store_claim.sql"))
                .bind(keys.delivery().as_bytes().as_slice())
                .bind(keys.subject().as_bytes().as_slice())
                .bind(keys.event().as_bytes().as_slice())
                .bind(time)
                .bind(self.retention.map(milliseconds))
                .fetch_optional(&mut *transaction)
                .await?;
        let Some((answer, is_later, subject)) = known else {
            return Ok(None);
        };
        let claim = match answer.as_str() {
            "conflicting" => Claim::Conflicting,
            // Rolled back: it is not bound.
            "too_old" => return Ok(Some(Claim::TooOld)),
            "done, forgotten" => return Ok(Some(Claim::AlreadyHandled)),
            "done" => Claim::AlreadyHandled,
            "acquired" => self.hold(&mut transaction, keys.event()).await?,
            "in_progress" => Claim::InProgress,
            "superseded" => Claim::Superseded,
            other => return Err(Error::Decode(format!("unknown answer {other}").into())),
        };
        if is_later {
            sqlx::query("UPDATE payhook_subjects SET last_time = $2 WHERE subject = $1")
                .bind(subject)
                .bind(time)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(Some(claim))
    }

    async fn hold(
        &self,
        connection: &mut PgConnection,
        event: &IdempotencyKey,
    ) -> Result<Claim, Error> {
        let fence: i64 = sqlx::query_scalar(
            "UPDATE payhook_events
             SET fence = nextval('payhook_fences'), done_at = NULL,
                 lease_until = clock_timestamp() + $2::bigint * interval '1 millisecond'
             WHERE event = $1
             RETURNING fence",
        )
        .bind(event.as_bytes().as_slice())
        .bind(milliseconds(self.lease))
        .fetch_one(connection)
        .await?;
        let fence = u64::try_from(fence).map_err(|error| Error::Decode(error.into()))?;
        Ok(Claim::Acquired(ClaimToken::new(*event, fence)))
    }

    /// Whether the token still held the claim.
    async fn try_end(&self, statement: &'static str, token: &ClaimToken) -> Result<bool, Error> {
        let mut transaction = self.begin().await?;
        let is_held: Option<bool> = sqlx::query_scalar(statement)
            .bind(token.event().as_bytes().as_slice())
            // No claim has a number beyond those of a sequence.
            .bind(i64::try_from(token.fence()).unwrap_or(-1))
            .fetch_optional(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(is_held == Some(true))
    }

    /// Retries if that may help: if the end of a claim is not recorded, the callback is
    /// handled twice. A pool's timeout is not retried, since the pool itself has tried to
    /// connect, and neither is a failure after that time.
    async fn end(&self, statement: &'static str, token: &ClaimToken) -> Result<Lease, BoxError> {
        let start = Instant::now();
        let patience = self.pool.options().get_acquire_timeout();
        let mut attempts = 0;
        loop {
            attempts += 1;
            match self.try_end(statement, token).await {
                Ok(true) => return Ok(Lease::Held),
                Ok(false) => return Ok(Lease::Lost),
                Err(Error::Io(_)) if attempts < ATTEMPTS && start.elapsed() < patience => {}
                Err(error) if attempts < ATTEMPTS && is_transient(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl IdempotencyStore for PgStore {
    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        for _ in 0..ROUNDS {
            if let Some(claim) = self.try_claim(keys).await? {
                return Ok(claim);
            }
        }
        Err("the delivery keeps being bound by other transactions".into())
    }

    async fn complete(&self, token: ClaimToken) -> Result<Lease, BoxError> {
        self.end(include_str!("store_complete.sql"), &token).await
    }

    async fn release(&self, token: ClaimToken) -> Result<Lease, BoxError> {
        self.end(
            "UPDATE payhook_events SET lease_until = NULL
             WHERE event = $1::bytea AND fence = $2::bigint AND done_at IS NULL
             RETURNING true",
            &token,
        )
        .await
    }
}

impl fmt::Debug for PgStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgStore")
            .field("lease", &self.lease)
            .field("retention", &self.retention)
            .field("lock_timeout", &self.lock_timeout)
            .finish_non_exhaustive()
    }
}

/// Whether the server reports a temporary failure.
fn is_transient(error: &Error) -> bool {
    // 40: a conflict with another transaction. 55P03: a lock that took too long.
    // 57P: the server shuts down, crashes or starts up.
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| {
        ["40", "55P03", "57P"]
            .iter()
            .any(|class| code.starts_with(class))
    })
}

/// The years 1 to 9999, which other tools can read from a `timestamptz`.
fn storable(time: DateTime<Utc>) -> DateTime<Utc> {
    let bound = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or(time);
    time.clamp(bound(-62_135_596_800), bound(253_402_300_799))
}

/// At most five thousand years, so that a timestamp minus this is still valid.
fn milliseconds(duration: Duration) -> i64 {
    const MOST: i64 = 5_000 * 365 * 24 * 60 * 60 * 1000;
    i64::try_from(duration.as_millis()).map_or(MOST, |milliseconds| milliseconds.min(MOST))
}

#[cfg(test)]
mod tests {
    use super::{DateTime, Utc, storable};

    #[test]
    fn any_time_can_be_stored() {
        let bounds = [
            (DateTime::<Utc>::MIN_UTC, "0001-01-01T00:00:00+00:00"),
            (DateTime::UNIX_EPOCH, "1970-01-01T00:00:00+00:00"),
            (DateTime::<Utc>::MAX_UTC, "9999-12-31T23:59:59+00:00"),
        ];
        for (time, expected) in bounds {
            assert_eq!(storable(time).to_rfc3339(), expected);
        }
    }
}
