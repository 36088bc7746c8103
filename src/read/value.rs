//! What JSON a value may stand in, and what it is read as.

use super::{Raw, RawJson, Source};
use crate::amount::{Amount, AmountError};
use crate::error::FieldError;
use crate::scan::quoted;
use crate::text::Text;
use crate::timestamp::{Timestamp, TimestampError};

/// The characters of a JSON string.
#[inline]
pub(crate) fn characters(raw: Raw<'_>) -> Result<&str, FieldError> {
    match quoted(raw.text) {
        // An escape that is still there spells no text: a lone surrogate.
        Some(inner) if raw.is_unescaped || !has_escape(inner) => Ok(inner),
        _ => Err(FieldError::NotText),
    }
}

/// Whether there is a backslash in it. Nearly never, so that looking at all of it is
/// faster than stopping early.
#[inline]
fn has_escape(text: &str) -> bool {
    let found = text.bytes().map(|byte| u8::from(byte == b'\\'));
    found.fold(0, |any, one| any | one) != 0
}

/// Whether the value is a JSON number: nothing else begins like one.
#[inline]
pub(crate) fn is_number(raw: Raw<'_>) -> bool {
    matches!(raw.text.as_bytes(), [b'-' | b'0'..=b'9', ..])
}

/// A string's characters, or a number's digits as sent.
#[inline]
pub(crate) fn verbatim(raw: Raw<'_>) -> Result<&str, FieldError> {
    if is_number(raw) {
        Ok(raw.text)
    } else {
        characters(raw)
    }
}

/// Text, possibly empty. A merchant stores it, and U+0000 would make a database
/// refuse the whole row: it has none.
pub(crate) fn text<'a>(_: Source<'a>, raw: Raw<'a>) -> Result<&'a str, FieldError> {
    without_nul(raw, characters(raw)?)
}

/// Text or a number's digits as sent, possibly empty; as [`text`].
pub(crate) fn text_or_number<'a>(_: Source<'a>, raw: Raw<'a>) -> Result<&'a str, FieldError> {
    without_nul(raw, verbatim(raw)?)
}

/// Only an escape can spell U+0000.
#[inline]
fn without_nul<'a>(raw: Raw<'a>, text: &'a str) -> Result<&'a str, FieldError> {
    if raw.is_unescaped && text.contains('\0') {
        Err(FieldError::Nul)
    } else {
        Ok(text)
    }
}

/// [`text`], for what is kept beyond the body.
pub(crate) fn word<'a>(source: Source<'a>, raw: Raw<'a>) -> Result<Text, FieldError> {
    Ok(source.slice(text(source, raw)?))
}

/// Text's characters, or any other JSON as it stands.
#[allow(
    clippy::unnecessary_wraps,
    reason = "has the form of every other conversion"
)]
pub(crate) fn text_or_json<'a>(_: Source<'a>, raw: Raw<'a>) -> Result<&'a str, FieldError> {
    Ok(characters(raw).unwrap_or(raw.text))
}

/// An id: text that is not empty and has no control characters, or a whole
/// number. A stranger's reaches the merchant's database, and some refuse them.
pub(crate) fn id<'a>(_: Source<'a>, raw: Raw<'a>) -> Result<&'a str, FieldError> {
    let fraction = is_number(raw) && raw.text.contains(['.', 'e', 'E']);
    match verbatim(raw) {
        Ok(text) if has_control(text) => Err(FieldError::ControlCharacter),
        Ok(text) if !text.is_empty() && !fraction => Ok(text),
        _ => Err(FieldError::NotAnId),
    }
}

fn has_control(text: &str) -> bool {
    // Looking at all of it is faster than stopping early.
    let bytes = text.bytes();
    let is_plain = bytes.fold(true, |all, byte| all & (0x20..0x7f).contains(&byte));
    !is_plain && text.contains(char::is_control)
}

/// A decimal amount, from text or from a number's own digits.
pub(crate) fn amount<'a>(source: Source<'a>, raw: Raw<'a>) -> Result<Amount, FieldError> {
    let text = verbatim(raw).map_err(|_| AmountError::NotADecimal)?;
    Ok(Amount::from_text(source.slice(text))?)
}

/// An amount in the one form that is ever signed.
pub(crate) fn plain_amount<'a>(source: Source<'a>, raw: Raw<'a>) -> Result<Amount, FieldError> {
    let amount = amount(source, raw)?;
    if amount.is_plain() {
        Ok(amount)
    } else {
        Err(FieldError::NotDecimal)
    }
}

/// An amount that was received.
pub(crate) fn received_amount<'a>(source: Source<'a>, raw: Raw<'a>) -> Result<Amount, FieldError> {
    let amount = amount(source, raw)?;
    if amount.is_negative() {
        Err(FieldError::Negative)
    } else {
        Ok(amount)
    }
}

/// A moment in any form that has been seen.
pub(crate) fn time<'a>(source: Source<'a>, raw: Raw<'a>) -> Result<Timestamp, FieldError> {
    let text = verbatim(raw).map_err(|_| TimestampError)?;
    Ok(Timestamp::from_text(source.slice(text))?)
}

/// A moment in the one form that is ever signed.
pub(crate) fn signed_time<'a>(source: Source<'a>, raw: Raw<'a>) -> Result<Timestamp, FieldError> {
    let text = characters(raw).map_err(|_| FieldError::NotASignedTime)?;
    Timestamp::from_signed(source.slice(text)).map_err(|_| FieldError::NotASignedTime)
}

/// A whole number, from a number or its digits as text; in one spelling, so that
/// a code has one text.
pub(crate) fn integer<'a>(_: Source<'a>, raw: Raw<'a>) -> Result<i64, FieldError> {
    let text = verbatim(raw).map_err(|_| FieldError::NotAWholeNumber)?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    let leading_zero = digits.starts_with('0') && text != "0";
    if digits.is_empty() || leading_zero || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(FieldError::NotAWholeNumber);
    }
    text.parse().map_err(|_| FieldError::OutOfRange {
        min: i64::MIN,
        max: i64::MAX,
    })
}

/// A code of one of the open enums.
pub(crate) fn code<'a>(source: Source<'a>, raw: Raw<'a>) -> Result<i32, FieldError> {
    i32::try_from(integer(source, raw)?).map_err(|_| FieldError::OutOfRange {
        min: i32::MIN.into(),
        max: i32::MAX.into(),
    })
}

/// A count that is not negative.
pub(crate) fn count<'a>(source: Source<'a>, raw: Raw<'a>) -> Result<u32, FieldError> {
    u32::try_from(integer(source, raw)?).map_err(|_| FieldError::OutOfRange {
        min: 0,
        max: u32::MAX.into(),
    })
}

/// A risk score, 0 to 100.
pub(crate) fn percentage<'a>(source: Source<'a>, raw: Raw<'a>) -> Result<u8, FieldError> {
    match u8::try_from(integer(source, raw)?) {
        Ok(value) if value <= 100 => Ok(value),
        _ => Err(FieldError::OutOfRange { min: 0, max: 100 }),
    }
}

/// `true` or `false`.
pub(crate) fn boolean<'a>(_: Source<'a>, raw: Raw<'a>) -> Result<bool, FieldError> {
    match raw.text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(FieldError::NotABool),
    }
}

/// Any JSON, as it stands.
#[allow(
    clippy::unnecessary_wraps,
    reason = "has the form of every other conversion"
)]
pub(crate) fn json<'a>(source: Source<'a>, raw: Raw<'a>) -> Result<RawJson, FieldError> {
    Ok(RawJson(source.slice(raw.text)))
}

/// `-?[0-9]`, the only form in which a status can be signed and read back.
pub(crate) fn signed_code<'a>(_: Source<'a>, raw: Raw<'a>) -> Result<i32, FieldError> {
    let text = without_nul(raw, verbatim(raw)?)?;
    one_digit(text).ok_or(FieldError::NotAStatus)
}

/// The code that a signed status text stands for; never of `-0`, which would be one
/// code with two texts.
pub(crate) fn one_digit(text: &str) -> Option<i32> {
    let digit = text.strip_prefix('-').unwrap_or(text);
    let sound = digit.len() == 1 && text != "-0";
    if sound { text.parse().ok() } else { None }
}
