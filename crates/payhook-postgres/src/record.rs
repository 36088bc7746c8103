//! The row of an expected payment.

use payhook::chrono::{DateTime, Utc};
use payhook::payment::{Expected, ExpectedKind, History, Payment};
use sqlx::postgres::PgRow;
use sqlx::{Error, FromRow, PgExecutor, Row};

use crate::numeric::Numeric;

/// The columns of `payhook_payments p` that make an [`Expected`].
macro_rules! columns {
    () => {
        "p.reference, p.kind, p.currency, p.amount, p.tolerance, p.decimals, p.deadline, \
         p.trusts_conversion, p.requires_lookup"
    };
}
pub(crate) use columns;

/// Reads a payment from those [columns](columns) and `history`, which is null for a
/// payment without a callback.
pub(crate) struct Stored(pub(crate) Payment);

impl FromRow<'_, PgRow> for Stored {
    fn from_row(row: &PgRow) -> Result<Self, Error> {
        let history: Option<&str> = row.try_get("history")?;
        let history: History = history.unwrap_or_default().parse().map_err(decode)?;
        Ok(Self(Payment::new(expected(row)?, history)))
    }
}

fn expected(row: &PgRow) -> Result<Expected, Error> {
    let kind = ExpectedKind::from_name(row.try_get("kind")?);
    let kind = kind.ok_or_else(|| Error::Decode("unknown kind of payment".into()))?;
    let reference: &str = row.try_get("reference")?;
    let currency: &str = row.try_get("currency")?;
    let amount: Option<Numeric> = row.try_get("amount")?;
    let Numeric(tolerance) = row.try_get("tolerance")?;
    let decimals: Option<i32> = row.try_get("decimals")?;
    let deadline: Option<DateTime<Utc>> = row.try_get("deadline")?;

    let mut expected = Expected::of_kind(kind, reference, currency, amount.map(Into::into))
        .and_then(|expected| expected.tolerance(tolerance))
        .map_err(decode)?;
    if let Some(decimals) = decimals {
        expected = expected.decimals(u32::try_from(decimals).map_err(decode)?);
    }
    if let Some(deadline) = deadline {
        expected = expected.deadline(deadline);
    }
    if row.try_get("trusts_conversion")? {
        expected = expected.trust_reported_conversion();
    }
    if row.try_get("requires_lookup")? {
        expected = expected.require_lookup();
    }
    Ok(expected)
}

/// Stores an expected payment.
pub(crate) async fn insert(
    executor: impl PgExecutor<'_>,
    gateway: &str,
    expected: &Expected,
) -> Result<(), Error> {
    let decimals = expected.currency_decimals().map(i32::try_from);
    sqlx::query(
        "WITH expected AS (
            INSERT INTO payhook_payments (gateway, reference, kind, currency, amount, tolerance,
                decimals, deadline, trusts_conversion, requires_lookup)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            RETURNING gateway, reference, kind
         )
         INSERT INTO payhook_histories (gateway, reference, part)
         SELECT gateway, reference, '' FROM expected WHERE kind <> 'top_up'",
    )
    .bind(gateway)
    .bind(expected.reference())
    .bind(expected.kind().as_str())
    .bind(expected.currency())
    .bind(expected.amount().cloned().map(Numeric))
    .bind(Numeric(expected.tolerated().clone()))
    .bind(
        decimals
            .transpose()
            .map_err(|error| Error::Encode(error.into()))?,
    )
    .bind(expected.deadline_at())
    .bind(expected.trusts_conversion())
    .bind(expected.requires_lookup())
    .execute(executor)
    .await?;
    Ok(())
}

fn decode(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Decode(error.into())
}
