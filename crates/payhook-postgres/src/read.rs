//! Reading payments without a lock.

use payhook::payment::Payment;
use payhook::{Amount, ledger::PaymentKey};
use sqlx::{Error, PgExecutor};

use crate::ledger::PgLedger;
use crate::name::escape;
use crate::numeric::Numeric;
use crate::record::{Stored, columns};

/// The sums of one reference, in whole units of the expected currency; for a top-up,
/// of all its transfers.
///
/// See [`PgLedger::sums`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Sums {
    /// The sum of all settled transfers.
    pub received: Amount,
    /// The sum of all credits, including amounts that were reversed later.
    pub credited: Amount,
    /// The amount that needs manual review.
    pub held: Amount,
}

impl PgLedger {
    /// Returns the payments with a reference: one, or one for each transfer of a top-up,
    /// in the order of their ids. For a top-up with many transfers,
    /// [`sums`](Self::sums) is cheaper.
    ///
    /// # Errors
    ///
    /// Errors of the database, and rows that cannot be parsed.
    pub async fn payments(
        executor: impl PgExecutor<'_>,
        gateway: &str,
        reference: &str,
    ) -> Result<Vec<Payment>, Error> {
        let rows: Vec<Stored> = sqlx::query_as(concat!(
            "SELECT h.history, ",
            columns!(),
            " FROM payhook_payments p LEFT JOIN payhook_histories h USING (gateway, reference)
             WHERE gateway = $1 AND reference = $2 ORDER BY h.part",
        ))
        .bind(gateway)
        .bind(reference)
        .fetch_all(executor)
        .await?;
        Ok(rows.into_iter().map(|Stored(payment)| payment).collect())
    }

    /// Returns the received, credited and held amounts of a reference.
    ///
    /// # Errors
    ///
    /// Errors of the database.
    pub async fn sums(
        executor: impl PgExecutor<'_>,
        gateway: &str,
        reference: &str,
    ) -> Result<Sums, Error> {
        let sums: (Numeric, Numeric, Numeric) = sqlx::query_as(
            "SELECT coalesce(sum(received), 0), coalesce(sum(credited), 0), coalesce(sum(held), 0)
             FROM payhook_histories WHERE gateway = $1 AND reference = $2",
        )
        .bind(gateway)
        .bind(reference)
        .fetch_one(executor)
        .await?;
        let (Numeric(received), Numeric(credited), Numeric(held)) = sums;
        Ok(Sums {
            received,
            credited,
            held,
        })
    }

    pub(crate) async fn peeked(
        executor: impl PgExecutor<'_>,
        key: &PaymentKey,
    ) -> Result<Option<Payment>, Error> {
        let row: Option<Stored> = sqlx::query_as(concat!(
            "SELECT h.history, ",
            columns!(),
            " FROM payhook_payments p LEFT JOIN payhook_histories h
                ON h.gateway = p.gateway AND h.reference = p.reference
                AND h.part = CASE p.kind WHEN 'top_up' THEN $3 ELSE '' END
             WHERE p.gateway = $1 AND p.reference = $2",
        ))
        .bind(&key.gateway)
        .bind(&key.reference)
        .bind(escape(&key.part))
        .fetch_optional(executor)
        .await?;
        Ok(row.map(|Stored(payment)| payment))
    }
}
