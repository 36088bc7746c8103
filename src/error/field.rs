//! [`FieldError`]: invalid values of fields.

use crate::amount::AmountError;
use crate::timestamp::TimestampError;
use crate::wire::MAX_ENTRIES;

/// Why a field is invalid.
///
/// See [`ParseError`](super::ParseError) for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// The value is not a decimal amount, or exceeds the bounds.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// An id or token contains a control character (Unicode's `Cc`): no gateway or
    /// merchant issues such an id, and not every database accepts it.
    #[error("expected an id without control characters")]
    ControlCharacter,
    /// The key occurs twice in its object: two parsers could read different values.
    #[error("duplicate key")]
    DuplicateKey,
    /// A required field is missing.
    #[error("missing required field")]
    Missing,
    /// A received amount is negative.
    #[error("expected a non-negative amount")]
    Negative,
    /// The value is not `true` or `false`.
    #[error("expected true or false")]
    NotABool,
    /// The value is not a JSON array.
    #[error("expected an array")]
    NotAList,
    /// The value is not an id: ids and tokens are non-empty strings or integers.
    #[error("expected an id: a string or an integer")]
    NotAnId,
    /// The value is not a JSON object.
    #[error("expected an object")]
    NotAnObject,
    /// The value is not a signed status: a single digit, optionally negative.
    #[error("expected a single digit, optionally negative")]
    NotAStatus,
    /// The value is not an integer.
    #[error("expected an integer")]
    NotAWholeNumber,
    /// The value is not a signed time: ISO 8601 with seconds and an offset, neither
    /// Unix seconds nor a local time.
    #[error("expected a timestamp with seconds and an offset, such as 2026-03-02T09:16:02.551870Z")]
    NotASignedTime,
    /// The value is not a signed amount: digits with at most one decimal point.
    #[error("expected a plain decimal number")]
    NotDecimal,
    /// The value is not a JSON string (nor a number, where numbers are accepted).
    #[error("expected a string")]
    NotText,
    /// The string contains the character U+0000, which PostgreSQL's `text` cannot
    /// store.
    #[error("expected a string without the character U+0000")]
    Nul,
    /// An integer outside the field's range.
    #[error("expected a number between {min} and {max}")]
    OutOfRange {
        /// The minimum.
        min: i64,
        /// The maximum.
        max: i64,
    },
    /// The value is not a timestamp.
    #[error(transparent)]
    Time(#[from] TimestampError),
    /// The array has more than 1,000 entries.
    #[error("expected at most {MAX_ENTRIES} entries")]
    TooManyEntries,
}
