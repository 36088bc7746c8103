//! How amounts and times are written.

use chrono::{DateTime, SecondsFormat, Utc};

/// A decimal number without the zeros that carry no value.
pub(crate) fn without_zeros(plain: &str) -> &str {
    if plain.contains('.') {
        plain.trim_end_matches('0').trim_end_matches('.')
    } else {
        plain
    }
}

/// Whether a number has digits and at most a point, neither sign nor exponent.
pub(crate) fn is_plain(number: &str) -> bool {
    let mut bytes = number.bytes();
    bytes.all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// A time as B2BINPAY writes it.
pub(crate) fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
