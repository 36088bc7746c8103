//! [`Payment`]: an expected payment, for a simulation.

use payhook::testing::b2binpay::CurrencyBuilder;

/// A payment that a merchant expects or makes; 0.3 ETH by default.
///
/// ```
/// use payhook_conformance::simulator::Payment;
/// use payhook::testing::b2binpay::CurrencyBuilder;
///
/// let payment = Payment::new("order-1").amount("0.3").currency("ETH");
/// let payment = Payment::new("order-2").currency(CurrencyBuilder::new("XMR").decimals(12));
/// ```
#[derive(Debug, Clone)]
pub struct Payment {
    pub(super) reference: String,
    pub(super) amount: String,
    pub(super) currency: CurrencyBuilder,
}

impl Payment {
    /// Creates a payment with this reference: B2BINPAY's tracking id, CityPay.io's
    /// token.
    #[must_use]
    pub fn new(reference: &str) -> Self {
        Self {
            reference: reference.to_owned(),
            amount: "0.3".to_owned(),
            currency: CurrencyBuilder::new("ETH"),
        }
    }

    /// Sets the amount due, in currency units.
    #[must_use]
    pub fn amount(self, amount: &str) -> Self {
        Self {
            amount: amount.to_owned(),
            ..self
        }
    }

    /// Sets the currency, by its ticker or as a [`CurrencyBuilder`] with other decimals.
    #[must_use]
    pub fn currency(self, currency: impl Into<CurrencyBuilder>) -> Self {
        Self {
            currency: currency.into(),
            ..self
        }
    }
}
