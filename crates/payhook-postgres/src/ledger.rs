//! [`PgLedger`]: payments under the locks of PostgreSQL.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use payhook::payment::{Change, Expected, Payment};
use payhook::{BoxError, Event, Fact, Ledger, ledger::PaymentKey};
use sqlx::{Error, PgConnection, PgExecutor, PgPool, Postgres, Transaction};

use crate::name::{escape, shortened, unescape};
use crate::numeric::Numeric;
use crate::record::{self, Stored, columns};
use crate::transaction::{begin, migrate};

/// The return type of the closure of [`PgLedger::on_change`]: a boxed `async` block.
pub type ChangeFuture<'a> = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>>;

type OnChange = dyn for<'a> Fn(&'a mut PgConnection, &'a PaymentKey, &'a Payment, &'a Change) -> ChangeFuture<'a>
    + Send
    + Sync;

/// The merchant's payments in PostgreSQL: a [`Ledger`] for an
/// [`Endpoint`](payhook::Endpoint).
///
/// See the [crate](crate) for a whole program. Clones share the pool.
///
/// Each delivery uses one connection while it is applied, and none during a lookup. The
/// pool's `acquire_timeout` limits how long it waits for one.
#[derive(Clone)]
pub struct PgLedger {
    pool: PgPool,
    lock_timeout: Duration,
    on_change: Option<Arc<OnChange>>,
}

impl PgLedger {
    /// The SQL that creates the tables, for the merchant's own migration tool. It is
    /// idempotent.
    pub const SCHEMA: &'static str = include_str!("schema.sql");

    /// Creates a ledger on the tables of this pool. The lock timeout is two seconds.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            lock_timeout: Duration::from_secs(2),
            on_change: None,
        }
    }

    /// Sets the lock timeout: how long a delivery waits for another one of the same
    /// payment before it fails and is answered with 503. In whole milliseconds, at least
    /// one. It also applies to the statements of your closure.
    #[must_use]
    pub fn lock_timeout(self, lock_timeout: Duration) -> Self {
        Self {
            lock_timeout,
            ..self
        }
    }

    /// Runs a closure in the transaction of each change, before it is committed:
    /// credit [`Change::credited`] there, with the connection that it is given.
    ///
    /// It is called if a payment's sums or status changed, or if there is something to
    /// review; not for duplicates. If it returns an error, or leaves the transaction in a
    /// failed state, everything is rolled back, the callback is answered with 503, and
    /// the gateway retries. It must not end the transaction. Side effects elsewhere, such
    /// as an e-mail or a request, are not rolled back: store a task in a table, and
    /// perform it after the commit. Return an error if the statement credits no row: the
    /// money would be applied here and credited nowhere.
    ///
    /// A closure that owns data clones it for each call:
    ///
    /// ```
    /// # fn example(pool: payhook_postgres::sqlx::PgPool, shop: std::sync::Arc<str>) -> payhook_postgres::PgLedger {
    /// use payhook_postgres::{Numeric, PgLedger, sqlx};
    ///
    /// PgLedger::new(pool).on_change(move |connection, key, payment, change| {
    ///     let shop = shop.clone();
    ///     Box::pin(async move {
    ///         if let Some(amount) = change.credited() {
    ///             sqlx::query("INSERT INTO credits (shop, reference, amount) VALUES ($1, $2, $3)")
    ///                 .bind(&*shop)
    ///                 .bind(&key.reference)
    ///                 .bind(Numeric(amount.clone()))
    ///                 .execute(&mut *connection)
    ///                 .await?;
    ///         }
    ///         println!("{} is {}", key.reference, payment.status());
    ///         Ok(())
    ///     })
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn on_change<F>(self, on_change: F) -> Self
    where
        F: for<'a> Fn(
                &'a mut PgConnection,
                &'a PaymentKey,
                &'a Payment,
                &'a Change,
            ) -> ChangeFuture<'a>
            + Send
            + Sync
            + 'static,
    {
        Self {
            on_change: Some(Arc::new(on_change)),
            ..self
        }
    }

    /// Returns the pool.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Creates missing tables. Several replicas may call it concurrently.
    ///
    /// # Errors
    ///
    /// Errors of the database.
    pub async fn migrate(&self) -> Result<(), Error> {
        migrate(&self.pool, Self::SCHEMA).await
    }

    /// Registers an expected payment: call it in the transaction that creates the order,
    /// and commit before the customer can pay. `gateway` is `b2binpay` or `citypay`.
    ///
    /// See the [crate](crate) for an example.
    ///
    /// # Errors
    ///
    /// Errors of the database; a unique violation if a payment with this reference
    /// exists.
    pub async fn expect(
        executor: impl PgExecutor<'_>,
        gateway: &str,
        expected: &Expected,
    ) -> Result<(), Error> {
        record::insert(executor, gateway, expected).await
    }

    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Postgres>, Error> {
        begin(&self.pool, self.lock_timeout).await
    }

    /// Runs the merchant's closure, and then stores the payment: if the closure left the
    /// transaction in a failed state, storing reports it, while a commit would roll back
    /// silently.
    pub(crate) async fn store(
        &self,
        connection: &mut PgConnection,
        key: &PaymentKey,
        payment: &Payment,
        change: &Change,
    ) -> Result<(), BoxError> {
        if let Some(on_change) = &self.on_change
            && (change.is_changed() || change.newly_paid())
        {
            on_change(connection, key, payment, change).await?;
        }
        let updated = sqlx::query(
            "UPDATE payhook_histories SET history = $4, status = $5, received = $6,
                credited = $7, held = $8, has_held = $9, updated_at = now()
             WHERE gateway = $1 AND reference = $2 AND part = $3",
        )
        .bind(&key.gateway)
        .bind(&key.reference)
        .bind(escape(key.history_part(payment.expected())))
        .bind(payment.history().to_string())
        .bind(payment.status().as_str())
        .bind(Numeric(payment.received()))
        .bind(Numeric(payment.credited()))
        .bind(Numeric(payment.held()))
        .bind(!payment.held_parts().is_empty())
        .execute(connection)
        .await?;
        if updated.rows_affected() == 1 {
            Ok(())
        } else {
            // The credited amount would be unknown, and credited again.
            Err("the payment's history was deleted before it was stored".into())
        }
    }
}

/// Locks and reads the history of a payment, or of one transfer of a top-up.
///
/// It returns the locked row, even if another transaction has just written it. The
/// expected payment never changes.
async fn locked(connection: &mut PgConnection, key: &PaymentKey) -> Result<Option<Payment>, Error> {
    let row: Option<Stored> = sqlx::query_as(concat!(
        "SELECT h.history, ",
        columns!(),
        " FROM payhook_payments p JOIN payhook_histories h
            ON h.gateway = p.gateway AND h.reference = p.reference
            AND h.part = CASE p.kind WHEN 'top_up' THEN $3 ELSE '' END
         WHERE p.gateway = $1 AND p.reference = $2 FOR UPDATE OF h",
    ))
    .bind(&key.gateway)
    .bind(&key.reference)
    .bind(escape(&key.part))
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|Stored(payment)| payment))
}

/// Creates the history's row if it is missing: for a new transfer of a top-up, and for
/// payments that were stored without one.
async fn make_history(connection: &mut PgConnection, key: &PaymentKey) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO payhook_histories (gateway, reference, part)
         SELECT gateway, reference, CASE kind WHEN 'top_up' THEN $3 ELSE '' END
         FROM payhook_payments WHERE gateway = $1 AND reference = $2
         ON CONFLICT (gateway, reference, part) DO NOTHING",
    )
    .bind(&key.gateway)
    .bind(&key.reference)
    .bind(escape(&key.part))
    .execute(connection)
    .await?;
    Ok(())
}

async fn owner(connection: &mut PgConnection, name: &str) -> Result<Option<String>, Error> {
    let owner = sqlx::query_scalar("SELECT owner FROM payhook_bindings WHERE name = $1")
        .bind(escape(name))
        .fetch_optional(connection)
        .await?;
    Ok(owner.map(unescape))
}

impl Ledger for PgLedger {
    type Transaction = Transaction<'static, Postgres>;

    async fn find(
        &self,
        key: &PaymentKey,
    ) -> Result<Option<(Transaction<'static, Postgres>, Payment)>, BoxError> {
        if key.reference.contains('\0') {
            return Ok(None);
        }
        let mut transaction = self.begin().await?;
        let mut found = locked(&mut transaction, key).await?;
        if found.is_none() {
            make_history(&mut transaction, key).await?;
            found = locked(&mut transaction, key).await?;
        }
        Ok(found.map(|payment| (transaction, payment)))
    }

    async fn peek(&self, key: &PaymentKey) -> Result<Option<Payment>, BoxError> {
        if key.reference.contains('\0') {
            return Ok(None);
        }
        Ok(Self::peeked(&self.pool, key).await?)
    }

    async fn owner(
        &self,
        transaction: &mut Transaction<'static, Postgres>,
        name: &str,
    ) -> Result<Option<String>, BoxError> {
        Ok(owner(transaction, name).await?)
    }

    async fn bind(
        &self,
        transaction: &mut Transaction<'static, Postgres>,
        name: &str,
        new: &str,
    ) -> Result<String, BoxError> {
        // Waits for another transaction that binds the same name.
        let bound = sqlx::query(
            "INSERT INTO payhook_bindings (name, owner) VALUES ($1, $2)
             ON CONFLICT (name) DO NOTHING",
        )
        .bind(escape(name))
        .bind(escape(new))
        .execute(&mut **transaction)
        .await?;
        if bound.rows_affected() == 1 {
            return Ok(new.to_owned());
        }
        let owner = owner(transaction, name).await?;
        Ok(owner.ok_or("a binding was deleted meanwhile")?)
    }

    async fn save(
        &self,
        mut transaction: Transaction<'static, Postgres>,
        key: &PaymentKey,
        payment: &Payment,
        change: &Change,
    ) -> Result<(), BoxError> {
        self.store(&mut transaction, key, payment, change).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn unmatched(&self, event: &Event<'_>) -> Result<(), BoxError> {
        let amount = event.amount().map(|amount| amount.value().to_string());
        let currency = event.currency().map(Fact::value).map(str::to_owned);
        let mut note = event.kind().value().to_string();
        for word in [amount, currency].into_iter().flatten() {
            note.push(' ');
            note.push_str(&word);
        }
        sqlx::query(
            "INSERT INTO payhook_unmatched (gateway, reference, part, note)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (gateway, reference, part, note)
             DO UPDATE SET times = payhook_unmatched.times + 1",
        )
        .bind(event.gateway())
        .bind(shortened(event.reference().value()))
        .bind(shortened(event.part().unwrap_or_default()))
        .bind(shortened(&note))
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl fmt::Debug for PgLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgLedger")
            .field("lock_timeout", &self.lock_timeout)
            .finish_non_exhaustive()
    }
}
