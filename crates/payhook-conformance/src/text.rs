//! Formatting of amounts and times.

use chrono::{DateTime, SecondsFormat, Utc};

/// A decimal number without insignificant zeros; unchanged with an exponent.
pub(crate) fn without_zeros(decimal: &str) -> &str {
    if decimal.contains('.') && !decimal.contains(['e', 'E']) {
        decimal.trim_end_matches('0').trim_end_matches('.')
    } else {
        decimal
    }
}

/// Whether a number has digits and at most one point, and neither sign nor exponent.
pub(crate) fn is_plain(number: &str) -> bool {
    let mut bytes = number.bytes();
    bytes.all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// A time in B2BINPAY's form.
pub(crate) fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
