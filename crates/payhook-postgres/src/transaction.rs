//! Transactions whose rules do not depend on the database's defaults.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Error, PgPool, Postgres, Transaction, raw_sql};

/// Begins a transaction that is *read committed* and waits no longer than this for
/// a lock: in whole milliseconds, at least one, at most an hour.
pub(crate) async fn begin(
    pool: &PgPool,
    lock_timeout: Duration,
) -> Result<Transaction<'static, Postgres>, Error> {
    let timeout = lock_timeout.as_millis().clamp(1, 3_600_000);
    let begin = format!("BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = {timeout}");
    pool.begin_with(AssertSqlSafe(begin)).await
}

/// Makes tables where they are missing. Replicas may do it at once.
pub(crate) async fn migrate(pool: &PgPool, schema: &'static str) -> Result<(), Error> {
    let mut transaction = pool.begin().await?;
    // `IF NOT EXISTS` fails if two replicas are at it at once.
    raw_sql("SELECT pg_advisory_xact_lock(hashtext('payhook'))")
        .execute(&mut *transaction)
        .await?;
    raw_sql(schema).execute(&mut *transaction).await?;
    transaction.commit().await
}
