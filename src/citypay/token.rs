//! [`Token`]: the identifier of an order or of a deposit's customer.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, Serializer};

use crate::constant_time::{never_equal, same};
use crate::shared_str::SharedStr;

/// A token of CityPay.io: not empty, and without control characters (Unicode's `Cc`),
/// so that an attacker's control characters never reach your database.
///
/// It is not a secret (the payment URL contains it), but it decides to whom money
/// belongs: it can only be compared in constant time, by [`matches`](Self::matches), and
/// `Debug` does not show it. The measurement is described at
/// [`Verifier`](crate::b2binpay::Verifier#constant-time); the largest |t| here was
/// 2.7.
///
/// ```compile_fail,E0369
/// fn same(a: &payhook::citypay::Token, b: &payhook::citypay::Token) -> bool {
///     a == b
/// }
/// ```
///
/// ```
/// fn same(a: &payhook::citypay::Token, b: &payhook::citypay::Token) -> bool {
///     a.matches(b.as_str())
/// }
/// ```
#[derive(Clone)]
pub struct Token(pub(super) SharedStr);

never_equal!(Token);

impl Token {
    /// Returns the token, to look up an order.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the token equals `other`, in constant time for equal lengths.
    #[must_use]
    pub fn matches(&self, other: &str) -> bool {
        same(&self.0, other)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The URL of an order: see [`Account::order_url`](super::Account::order_url).
pub(super) fn order_url(is_sandbox: bool, token: &str) -> Option<String> {
    /// All characters except RFC 3986's unreserved ones.
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    if matches!(token, "" | "." | "..") {
        return None;
    }
    let host = if is_sandbox {
        "test-v2-order-api.citypay.io"
    } else {
        "v2-order-api.citypay.io"
    };
    let token = utf8_percent_encode(token, RESERVED);
    Some(format!("https://{host}/order/{token}/"))
}
