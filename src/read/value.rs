//! What JSON a value may stand in, and what it is read as.

use std::borrow::Cow;

use super::{RawJson, Reader};
use crate::amount::{Amount, AmountError};
use crate::error::Flaw;
use crate::text::Text;
use crate::timestamp::{Timestamp, TimestampError};
use crate::wire::Raw;

/// The characters of a JSON string, unescaped.
#[inline]
pub(crate) fn unescape(raw: Raw<'_>) -> Result<Cow<'_, str>, Flaw> {
    match quoted(raw) {
        Some(inner) if is_verbatim(inner) => Ok(Cow::Borrowed(inner)),
        // A lone surrogate is well-formed JSON and no text.
        Some(_) => serde_json::from_str(raw.0)
            .map(Cow::Owned)
            .map_err(|_| Flaw::NotText),
        None => Err(Flaw::NotText),
    }
}

/// Whether there is nothing to unescape in it. Nearly always, so that looking
/// at all of it is faster than stopping early.
#[inline]
fn is_verbatim(inner: &str) -> bool {
    let found = inner.bytes().map(|byte| u8::from(byte == b'\\'));
    found.fold(0, |any, one| any | one) == 0
}

/// What stands between the quotes of a JSON string.
#[inline]
fn quoted(raw: Raw<'_>) -> Option<&str> {
    raw.0.strip_prefix('"')?.strip_suffix('"')
}

/// Whether the value is a JSON number: nothing else begins like one.
#[inline]
pub(crate) fn is_number(raw: Raw<'_>) -> bool {
    matches!(raw.0.as_bytes(), [b'-' | b'0'..=b'9', ..])
}

/// A string's characters, or a number's digits as sent.
#[inline]
pub(crate) fn verbatim(raw: Raw<'_>) -> Result<Cow<'_, str>, Flaw> {
    if is_number(raw) {
        Ok(Cow::Borrowed(raw.0))
    } else {
        unescape(raw)
    }
}

/// Refuses U+0000. Only an escape can spell it.
#[inline]
fn without_nul(text: Cow<'_, str>) -> Result<Cow<'_, str>, Flaw> {
    match text {
        Cow::Owned(text) if text.contains('\0') => Err(Flaw::Nul),
        text => Ok(text),
    }
}

/// Text, possibly empty. A merchant stores it, and U+0000 would make a database
/// refuse the whole row: it has none.
pub(crate) fn text(reader: &Reader, raw: Raw<'_>) -> Result<Text, Flaw> {
    let text = without_nul(unescape(raw)?)?;
    Ok(reader.slice(&text))
}

/// Text or a number's digits as sent, possibly empty; as [`text`].
pub(crate) fn text_or_number(reader: &Reader, raw: Raw<'_>) -> Result<Text, Flaw> {
    let text = without_nul(verbatim(raw)?)?;
    Ok(reader.slice(&text))
}

/// Text's characters, or any other JSON as it stands.
#[allow(
    clippy::unnecessary_wraps,
    reason = "has the form of every other conversion"
)]
pub(crate) fn text_or_json(reader: &Reader, raw: Raw<'_>) -> Result<Text, Flaw> {
    let text = unescape(raw).unwrap_or(Cow::Borrowed(raw.0));
    Ok(reader.slice(&text))
}

/// An id: text that is not empty and has no control characters, or a whole
/// number. A stranger's reaches the merchant's database, and some refuse them.
pub(crate) fn id(reader: &Reader, raw: Raw<'_>) -> Result<Text, Flaw> {
    let fraction = is_number(raw) && raw.0.contains(['.', 'e', 'E']);
    match verbatim(raw) {
        Ok(text) if text.contains(char::is_control) => Err(Flaw::ControlCharacter),
        Ok(text) if !text.is_empty() && !fraction => Ok(reader.slice(&text)),
        _ => Err(Flaw::NotAnId),
    }
}

/// A decimal amount, from text or from a number's own digits.
pub(crate) fn amount(reader: &Reader, raw: Raw<'_>) -> Result<Amount, Flaw> {
    // Nearly always there is nothing to unescape in it.
    if let Ok(amount) = Amount::from_text(reader.slice(quoted(raw).unwrap_or(raw.0))) {
        return Ok(amount);
    }
    let text = verbatim(raw).map_err(|_| AmountError::NotADecimal)?;
    Ok(Amount::from_text(reader.slice(&text))?)
}

/// An amount in the one form that is ever signed.
pub(crate) fn plain_amount(reader: &Reader, raw: Raw<'_>) -> Result<Amount, Flaw> {
    let amount = amount(reader, raw)?;
    if amount.is_plain() {
        Ok(amount)
    } else {
        Err(Flaw::NotPlain)
    }
}

/// An amount that was received.
pub(crate) fn received_amount(reader: &Reader, raw: Raw<'_>) -> Result<Amount, Flaw> {
    let amount = amount(reader, raw)?;
    if amount.is_negative() {
        Err(Flaw::Negative)
    } else {
        Ok(amount)
    }
}

/// A moment in any form that has been seen.
pub(crate) fn time(reader: &Reader, raw: Raw<'_>) -> Result<Timestamp, Flaw> {
    let text = verbatim(raw).map_err(|_| TimestampError)?;
    Ok(Timestamp::from_text(reader.slice(&text))?)
}

/// A moment in the one form that is ever signed.
pub(crate) fn signed_time(reader: &Reader, raw: Raw<'_>) -> Result<Timestamp, Flaw> {
    let text = unescape(raw).map_err(|_| Flaw::NotASignedTime)?;
    Timestamp::from_signed(reader.slice(&text)).map_err(|_| Flaw::NotASignedTime)
}

/// A whole number, from a number or its digits as text; in one spelling, so that
/// a code has one text.
pub(crate) fn integer(_: &Reader, raw: Raw<'_>) -> Result<i64, Flaw> {
    let text = verbatim(raw).map_err(|_| Flaw::NotAWholeNumber)?;
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let leading_zero = digits.starts_with('0') && text != "0";
    if digits.is_empty() || leading_zero || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Flaw::NotAWholeNumber);
    }
    text.parse().map_err(|_| Flaw::OutOfRange {
        min: i64::MIN,
        max: i64::MAX,
    })
}

/// A code of one of the open enums.
pub(crate) fn code(reader: &Reader, raw: Raw<'_>) -> Result<i32, Flaw> {
    i32::try_from(integer(reader, raw)?).map_err(|_| Flaw::OutOfRange {
        min: i32::MIN.into(),
        max: i32::MAX.into(),
    })
}

/// A count that is not negative.
pub(crate) fn count(reader: &Reader, raw: Raw<'_>) -> Result<u32, Flaw> {
    u32::try_from(integer(reader, raw)?).map_err(|_| Flaw::OutOfRange {
        min: 0,
        max: u32::MAX.into(),
    })
}

/// A risk score, 0 to 100.
pub(crate) fn percentage(reader: &Reader, raw: Raw<'_>) -> Result<u8, Flaw> {
    match u8::try_from(integer(reader, raw)?) {
        Ok(value) if value <= 100 => Ok(value),
        _ => Err(Flaw::OutOfRange { min: 0, max: 100 }),
    }
}

/// `true` or `false`.
pub(crate) fn boolean(_: &Reader, raw: Raw<'_>) -> Result<bool, Flaw> {
    match raw.0 {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Flaw::NotABool),
    }
}

/// Any JSON, as it stands.
#[allow(
    clippy::unnecessary_wraps,
    reason = "has the form of every other conversion"
)]
pub(crate) fn json(reader: &Reader, raw: Raw<'_>) -> Result<RawJson, Flaw> {
    Ok(RawJson(reader.slice(raw.0)))
}
