//! Manual review: held money, and the decision on it.

use payhook::chrono::{DateTime, Utc};
use payhook::payment::{Change, HeldChanged, Payment};
use payhook::{Amount, BoxError, ledger::PaymentKey};
use sqlx::postgres::PgRow;
use sqlx::{Error, FromRow, PgExecutor, Row};

use crate::ledger::PgLedger;
use crate::name::{escape, unescape};
use crate::record::{Stored, columns};

/// A payment with held money, or a top-up's transfer.
///
/// See [`PgLedger::held`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Held {
    /// Names it for [`PgLedger::accept_held`] and [`PgLedger::reject_held`]. Its
    /// `part` is a top-up's transfer, else empty.
    pub key: PaymentKey,
    /// [`Payment::held_parts`] are the amounts with their reasons.
    pub payment: Payment,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl FromRow<'_, PgRow> for Held {
    fn from_row(row: &PgRow) -> Result<Self, Error> {
        let Stored(payment) = Stored::from_row(row)?;
        let gateway: String = row.try_get("gateway")?;
        let reference = payment.expected().reference();
        Ok(Self {
            key: PaymentKey::new(gateway, reference, unescape(row.try_get("part")?)),
            updated_at: row.try_get("updated_at")?,
            payment,
        })
    }
}

impl PgLedger {
    /// The payments with held money, the longest unchanged first.
    ///
    /// ```no_run
    /// # async fn example(pool: payhook_postgres::sqlx::PgPool) -> Result<(), payhook::BoxError> {
    /// use payhook_postgres::PgLedger;
    ///
    /// for held in PgLedger::held(&pool, 100).await? {
    ///     for part in held.payment.held_parts() {
    ///         let currency = held.payment.expected().currency();
    ///         println!("{}: {} {currency} of transfer {}", held.key.reference, part.amount, part.id);
    ///         for reason in part.reasons {
    ///             println!("  {}. {}", reason.summary(), reason.advice());
    ///         }
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the database fails or a row cannot be read.
    pub async fn held(executor: impl PgExecutor<'_>, limit: u32) -> Result<Vec<Held>, Error> {
        sqlx::query_as(concat!(
            "SELECT gateway, h.part, h.history, h.updated_at, ",
            columns!(),
            " FROM payhook_histories h JOIN payhook_payments p USING (gateway, reference)
             WHERE h.has_held ORDER BY h.updated_at, gateway, reference, h.part LIMIT $1",
        ))
        .bind(i64::from(limit))
        .fetch_all(executor)
        .await
    }

    /// Accepts all money held under a key after manual review of this amount (rule 16 of
    /// `docs/payments.md`). Of a top-up it accepts one transfer, or all held transfers if
    /// the key's part is empty. Returns the changes.
    ///
    /// One transaction contains all of it. The closure of [`on_change`](Self::on_change)
    /// runs in it for each change.
    ///
    /// # Errors
    ///
    /// [`HeldChanged`] if another amount is held by now; any error of the closure or the
    /// database, also if a lock takes too long. Nothing is changed then.
    pub async fn accept_held(
        &self,
        key: &PaymentKey,
        held: &Amount,
    ) -> Result<Vec<Change>, BoxError> {
        self.decide(key, held, Payment::accept_held).await
    }

    /// Rejects all money held under a key after manual review of this amount; the key is
    /// read as by [`accept_held`](Self::accept_held). The money is not credited, and not
    /// reported for review again.
    ///
    /// # Errors
    ///
    /// [`HeldChanged`] if another amount is held by now; any error of the closure or the
    /// database, also if a lock takes too long. Nothing is changed then.
    pub async fn reject_held(
        &self,
        key: &PaymentKey,
        held: &Amount,
    ) -> Result<Vec<Change>, BoxError> {
        self.decide(key, held, Payment::reject_held).await
    }

    async fn decide(
        &self,
        key: &PaymentKey,
        reviewed: &Amount,
        decide: fn(&mut Payment) -> Change,
    ) -> Result<Vec<Change>, BoxError> {
        let mut transaction = self.begin().await?;
        let rows: Vec<Held> = sqlx::query_as(concat!(
            "SELECT gateway, h.part, h.history, h.updated_at, ",
            columns!(),
            " FROM payhook_histories h JOIN payhook_payments p USING (gateway, reference)
             WHERE gateway = $1 AND reference = $2 AND h.has_held
             AND ($3 = '' OR h.part = $3 OR p.kind <> 'top_up')
             ORDER BY h.part FOR UPDATE OF h",
        ))
        .bind(&key.gateway)
        .bind(&key.reference)
        .bind(escape(&key.part))
        .fetch_all(&mut *transaction)
        .await?;
        if rows.is_empty() && Self::peeked(&mut *transaction, key).await?.is_none() {
            return Err("no payment is expected under this reference".into());
        }
        HeldChanged::check(rows.iter().map(|held| &held.payment), reviewed)?;
        let mut changes = Vec::with_capacity(rows.len());
        for mut held in rows {
            let change = decide(&mut held.payment);
            self.store(&mut transaction, &held.key, &held.payment, &change)
                .await?;
            changes.push(change);
        }
        transaction.commit().await?;
        Ok(changes)
    }
}
