//! Reading payments without a lock.

use payhook::payment::Payment;
use payhook::{Amount, ledger::PaymentKey};
use sqlx::{Error, PgExecutor};

use crate::ledger::PgLedger;
use crate::name::escape;
use crate::numeric::Numeric;
use crate::record::{Stored, columns};

/// What was received under one reference, in whole units of the expected
/// currency: of a top-up, over all of its transfers.
///
/// See [`PgLedger::sums`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Sums {
    /// Everything that is settled.
    pub received: Amount,
    /// Everything that was to be credited, including what was reversed since.
    pub credited: Amount,
    /// What a person has to decide on.
    pub held: Amount,
}

impl PgLedger {
    /// The payments under a reference: one, or one for each transfer of a
    /// top-up, in the order of their ids. For a top-up with many transfers,
    /// [`sums`](Self::sums) costs less.
    ///
    /// # Errors
    ///
    /// The database's own, and rows that can't be read.
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

    /// What was received, credited and held under a reference.
    ///
    /// # Errors
    ///
    /// The database's own.
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
