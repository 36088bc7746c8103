//! Formatting of amounts and times.

use chrono::{DateTime, SecondsFormat, Utc};

/// Whether a number has digits and at most one point, and neither sign nor exponent.
pub(crate) fn is_plain(number: &str) -> bool {
    let mut bytes = number.bytes();
    bytes.all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// A time in B2BINPAY's form.
pub(crate) fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
