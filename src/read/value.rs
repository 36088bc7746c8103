//! Conversions from JSON values.

use super::{Raw, RawJson, Source};
use crate::amount::{Amount, AmountError};
use crate::error::FieldError;
use crate::scan::quoted;
use crate::shared_str::SharedStr;
use crate::timestamp::{Timestamp, TimestampError};

/// The characters of a JSON string.
#[inline]
pub(crate) fn characters(raw: Raw<'_>) -> Result<&str, FieldError> {
    match quoted(raw.text) {
        // A remaining escape is not text: it is a lone surrogate.
        Some(inner) if raw.is_unescaped || !has_escape(inner) => Ok(inner),
        _ => Err(FieldError::NotText),
    }
}

/// Whether it contains a backslash. It rarely does, so checking all of it is faster
/// than stopping early.
#[inline]
fn has_escape(text: &str) -> bool {
    let found = text.bytes().map(|byte| u8::from(byte == b'\\'));
    found.fold(0, |any, one| any | one) != 0
}

/// Whether the value is a JSON number, by its first character.
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

/// A string, possibly empty. It must not contain U+0000, which would make a database
/// refuse the merchant's row.
pub(crate) fn text<'a>(_: Source<'a>, raw: Raw<'a>) -> Result<&'a str, FieldError> {
    without_nul(raw, characters(raw)?)
}

/// A string or a number's digits as sent, possibly empty; as [`text`].
pub(crate) fn text_or_number<'a>(_: Source<'a>, raw: Raw<'a>) -> Result<&'a str, FieldError> {
    without_nul(raw, verbatim(raw)?)
}

/// U+0000 can only be written as an escape.
#[inline]
fn without_nul<'a>(raw: Raw<'a>, text: &'a str) -> Result<&'a str, FieldError> {
    if raw.is_unescaped && text.contains('\0') {
        Err(FieldError::Nul)
    } else {
        Ok(text)
    }
}

/// [`text`], copied so that it can outlive the body.
pub(crate) fn word<'a>(source: Source<'a>, raw: Raw<'a>) -> Result<SharedStr, FieldError> {
    Ok(source.slice(text(source, raw)?))
}

/// An id: a non-empty string without control characters, or an integer. Untrusted ids
/// reach the merchant's database, and some databases refuse control characters.
pub(crate) fn id<'a>(_: Source<'a>, raw: Raw<'a>) -> Result<&'a str, FieldError> {
    let fraction = is_number(raw) && raw.text.contains(['.', 'e', 'E']);
    match verbatim(raw) {
        Ok(text) if has_control(text) => Err(FieldError::ControlCharacter),
        Ok(text) if !text.is_empty() && !fraction => Ok(text),
        _ => Err(FieldError::NotAnId),
    }
}

fn has_control(text: &str) -> bool {
    // Checking all of it is faster than stopping early.
    let bytes = text.bytes();
    let is_plain = bytes.fold(true, |all, byte| all & (0x20..0x7f).contains(&byte));
    !is_plain && text.contains(char::is_control)
}

/// A decimal amount, from a string or from a number's own digits.
pub(crate) fn amount<'a>(source: Source<'a>, raw: Raw<'a>) -> Result<Amount, FieldError> {
    let text = verbatim(raw).map_err(|_| AmountError::NotADecimal)?;
    Ok(Amount::from_text(source.slice(text))?)
}

/// An amount in the only form that is signed.
pub(crate) fn plain_amount<'a>(source: Source<'a>, raw: Raw<'a>) -> Result<Amount, FieldError> {
    let amount = amount(source, raw)?;
    if amount.is_plain() {
        Ok(amount)
    } else {
        Err(FieldError::NotDecimal)
    }
}

/// A received amount, which cannot be negative.
pub(crate) fn received_amount<'a>(source: Source<'a>, raw: Raw<'a>) -> Result<Amount, FieldError> {
    let amount = amount(source, raw)?;
    if amount.is_negative() {
        Err(FieldError::Negative)
    } else {
        Ok(amount)
    }
}

/// A timestamp in any known form.
pub(crate) fn time<'a>(source: Source<'a>, raw: Raw<'a>) -> Result<Timestamp, FieldError> {
    let text = verbatim(raw).map_err(|_| TimestampError)?;
    Ok(Timestamp::from_text(source.slice(text))?)
}

/// A timestamp in the only form that is signed.
pub(crate) fn signed_time<'a>(source: Source<'a>, raw: Raw<'a>) -> Result<Timestamp, FieldError> {
    let text = characters(raw).map_err(|_| FieldError::NotASignedTime)?;
    Timestamp::from_signed(source.slice(text)).map_err(|_| FieldError::NotASignedTime)
}

/// An integer, from a number or a string of digits, in canonical form only, so that
/// each code has one text.
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

/// A non-negative count.
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

/// Any JSON, unmodified.
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

/// The code of a signed status; `-0` is refused, since it would give one code two
/// texts.
pub(crate) fn one_digit(text: &str) -> Option<i32> {
    let digit = text.strip_prefix('-').unwrap_or(text);
    let sound = digit.len() == 1 && text != "-0";
    if sound { text.parse().ok() } else { None }
}
