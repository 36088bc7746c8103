//! [`Gateway`]: the sender of a callback.

use std::fmt;

/// The payment gateway that sends a callback.
///
/// ```
/// use payhook_conformance::Gateway;
///
/// assert_eq!(Gateway::CityPay.as_str(), "citypay");
/// assert_eq!(Gateway::B2binpay.to_string(), "B2BINPAY");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gateway {
    /// B2BINPAY or Coinsbuy.
    B2binpay,
    /// CityPay.io.
    CityPay,
}

impl Gateway {
    /// `b2binpay` or `citypay`, as in a [`PaymentKey`](payhook::ledger::PaymentKey).
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::B2binpay => "b2binpay",
            Self::CityPay => "citypay",
        }
    }
}

impl fmt::Display for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::B2binpay => "B2BINPAY",
            Self::CityPay => "CityPay",
        })
    }
}
