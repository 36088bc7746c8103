//! [`Numeric`]: an [`Amount`] as PostgreSQL's NUMERIC, exactly.

use std::fmt::Write;

use payhook::Amount;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Encode, Postgres, Type};

const NEGATIVE: u16 = 0x4000;

/// The largest weight and number of fraction digits that are decoded: more than any
/// amount has.
const MAX_WEIGHT: i16 = 255;
const MAX_SCALE: u16 = 1000;

/// An [`Amount`] for a column, a parameter or a result of type `numeric`.
///
/// It is exact for every amount, and keeps the number of fraction digits (`0.4120` stays
/// `0.4120`). An exponent is applied: `1e-8` becomes `0.00000001`. Decoding refuses NaN
/// and infinities.
///
/// ```no_run
/// # async fn example(pool: &payhook_postgres::sqlx::PgPool) -> Result<(), payhook::BoxError> {
/// use payhook::Amount;
/// use payhook_postgres::{Numeric, sqlx};
///
/// let amount: Amount = "99999999999.123456789012345678".parse()?;
/// sqlx::query("UPDATE accounts SET balance = balance + $1 WHERE id = 7")
///     .bind(Numeric(amount))
///     .execute(pool)
///     .await?;
/// let Numeric(balance) = sqlx::query_scalar("SELECT balance FROM accounts WHERE id = 7")
///     .fetch_one(pool)
///     .await?;
/// println!("{balance}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Numeric(pub Amount);

impl From<Amount> for Numeric {
    fn from(amount: Amount) -> Self {
        Self(amount)
    }
}

impl From<Numeric> for Amount {
    fn from(numeric: Numeric) -> Self {
        numeric.0
    }
}

impl Type<Postgres> for Numeric {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1700))
    }
}

impl PgHasArrayType for Numeric {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1231))
    }
}

impl Encode<'_, Postgres> for Numeric {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend(write(&self.0)?);
        Ok(IsNull::No)
    }
}

impl Decode<'_, Postgres> for Numeric {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        let amount = match value.format() {
            PgValueFormat::Binary => read(value.as_bytes()?),
            PgValueFormat::Text => Amount::from_sum(value.as_str()?),
        };
        amount.map(Self).ok_or_else(|| "not an amount".into())
    }
}

/// PostgreSQL's binary format (`numeric_send`): the number of groups of four digits, the
/// power of 10,000 of the first group, the sign, the number of fraction digits; then the
/// groups, without leading and trailing zero groups.
fn write(amount: &Amount) -> Result<Vec<u8>, BoxDynError> {
    // A sum has no exponent.
    let plain = Amount::default().checked_add(amount);
    let plain = plain.ok_or("the amount is too long for a numeric")?;
    let (sign, digits) = match plain.as_str().strip_prefix('-') {
        Some(digits) => (NEGATIVE, digits),
        None => (0, plain.as_str()),
    };
    let (integer, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let left = integer.len().next_multiple_of(4);
    let right = fraction.len().next_multiple_of(4);
    let padded = format!("{integer:0>left$}{fraction:0<right$}");
    let mut groups = Vec::with_capacity(padded.len() / 4);
    for group in padded.as_bytes().chunks(4) {
        groups.push(std::str::from_utf8(group)?.parse::<u16>()?);
    }
    let zeros = groups.iter().take_while(|group| **group == 0).count();
    let groups = groups.get(zeros..).unwrap_or_default();
    let count = groups.iter().rposition(|group| *group != 0);
    let count = count.map_or(0, |last| last + 1);
    let weight = if count == 0 {
        0
    } else {
        i16::try_from(left / 4)? - i16::try_from(zeros)? - 1
    };

    let mut bytes = Vec::with_capacity(8 + 2 * count);
    bytes.extend(u16::try_from(count)?.to_be_bytes());
    bytes.extend(weight.to_be_bytes());
    bytes.extend(sign.to_be_bytes());
    bytes.extend(u16::try_from(fraction.len())?.to_be_bytes());
    bytes.extend(
        groups
            .iter()
            .take(count)
            .flat_map(|group| group.to_be_bytes()),
    );
    Ok(bytes)
}

/// Reads that format. `None` for NaN, infinities, and numbers longer than any amount.
fn read(bytes: &[u8]) -> Option<Amount> {
    let ([_, weight, sign, scale, groups @ ..], []) = bytes.as_chunks::<2>() else {
        return None;
    };
    let weight = i16::from_be_bytes(*weight);
    let scale = u16::from_be_bytes(*scale);
    let sign = match u16::from_be_bytes(*sign) {
        0 => "",
        NEGATIVE => "-",
        _ => return None,
    };
    if weight > MAX_WEIGHT || scale > MAX_SCALE {
        return None;
    }
    let group = |power: i16| {
        let index = weight.checked_sub(power);
        let index = index.and_then(|index| usize::try_from(index).ok());
        let group = index.and_then(|index| groups.get(index));
        group.map_or(0, |group| u16::from_be_bytes(*group))
    };
    let mut integer = String::new();
    for power in (0..=weight).rev() {
        write!(integer, "{:04}", group(power)).ok()?;
    }
    let mut fraction = String::new();
    for place in 1..=i16::try_from(scale.div_ceil(4)).ok()? {
        write!(fraction, "{:04}", group(-place)).ok()?;
    }
    fraction.truncate(usize::from(scale));
    let integer = match integer.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let point = if fraction.is_empty() { "" } else { "." };
    Amount::from_sum(&format!("{sign}{integer}{point}{fraction}"))
}
