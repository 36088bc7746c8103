//! [`Expected`]: a payment as recorded by the merchant.

use chrono::{DateTime, Utc};

use super::kind::ExpectedKind;
use crate::amount::Amount;
use crate::event::{Money, OtherReading, PaymentKind, ReadingSubject};
use crate::shared_str::SharedStr;

/// An expected payment, from the merchant's own record and never from a callback
/// (PAYMENTS, *Terms*).
///
/// Amounts are in units of the currency, with decimals: `0.412` ETH, `19.99` USD; never
/// in cents, wei or satoshi.
///
/// ```
/// use payhook::payment::Expected;
///
/// // 100 USD, payable in any cryptocurrency; a cent more or less is accepted.
/// let expected = Expected::invoice("inv-12", "USD", "100.00".parse()?)?
///     .tolerance("0.01".parse()?)?;
/// assert_eq!(expected.reference(), "inv-12");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    kind: ExpectedKind,
    reference: SharedStr,
    currency: SharedStr,
    /// `None` only for a top-up.
    amount: Option<Amount>,
    tolerance: Amount,
    decimals: Option<u32>,
    deadline: Option<DateTime<Utc>>,
    trusts_conversion: bool,
    requires_lookup: bool,
}

/// An invalid expected payment: no payment, or any payment, would satisfy it.
///
/// ```
/// use payhook::payment::{Expected, ExpectedError};
///
/// let error = Expected::deposit("order-9001", "ETH", "0".parse()?).unwrap_err();
/// assert_eq!(error, ExpectedError::Amount);
/// # Ok::<(), payhook::amount::AmountError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpectedError {
    /// The amount is zero or negative.
    #[error("expected amount must be greater than zero")]
    Amount,
    /// The currency is empty, or has leading or trailing whitespace.
    #[error("expected currency must be a name without surrounding whitespace")]
    Currency,
    /// The reference is empty.
    #[error("reference must not be empty")]
    Reference,
    /// The tolerance is negative, or as large as the amount itself.
    #[error("tolerance must be at least zero and less than the expected amount")]
    Tolerance,
}

impl Expected {
    /// An amount of one cryptocurrency, received through B2BINPAY. `reference` is the
    /// tracking id; the gateway's deposit id where tracking ids are unused.
    ///
    /// # Errors
    ///
    /// [`ExpectedError`] if the amount, the currency or the reference is invalid.
    pub fn deposit(
        reference: impl Into<String>,
        currency: impl Into<String>,
        amount: Amount,
    ) -> Result<Self, ExpectedError> {
        Self::priced(ExpectedKind::Deposit, reference, currency, amount)
    }

    /// An amount in the *wallet's* currency (`100.00` USD), paid in a cryptocurrency
    /// that the payer chooses (B2BINPAY). `reference` is the tracking id.
    ///
    /// No signature covers the conversion: received money is held until the gateway's
    /// API confirms it, it is accepted manually, or the merchant
    /// [trusts](Self::trust_reported_conversion) the conversion.
    ///
    /// # Errors
    ///
    /// [`ExpectedError`] if the amount, the currency or the reference is invalid.
    pub fn invoice(
        reference: impl Into<String>,
        currency: impl Into<String>,
        amount: Amount,
    ) -> Result<Self, ExpectedError> {
        Self::priced(ExpectedKind::Invoice, reference, currency, amount)
    }

    /// Any amount for one customer: no amount is expected, so it is never *paid*.
    /// `reference` is the tracking id or CityPay.io's deposit token.
    ///
    /// # Errors
    ///
    /// [`ExpectedError`] if the currency or the reference is invalid.
    pub fn top_up(
        reference: impl Into<String>,
        currency: impl Into<String>,
    ) -> Result<Self, ExpectedError> {
        Self::new(ExpectedKind::TopUp, reference, currency, None)
    }

    /// An amount of one cryptocurrency that B2BINPAY sends. `reference` is the tracking id.
    ///
    /// # Errors
    ///
    /// [`ExpectedError`] if the amount, the currency or the reference is invalid.
    pub fn payout(
        reference: impl Into<String>,
        currency: impl Into<String>,
        amount: Amount,
    ) -> Result<Self, ExpectedError> {
        Self::priced(ExpectedKind::Payout, reference, currency, amount)
    }

    /// A CityPay.io order, in its fiat currency or in a cryptocurrency. `reference`
    /// is the order's token.
    ///
    /// # Errors
    ///
    /// [`ExpectedError`] if the amount, the currency or the reference is invalid.
    pub fn order(
        reference: impl Into<String>,
        currency: impl Into<String>,
        amount: Amount,
    ) -> Result<Self, ExpectedError> {
        Self::priced(ExpectedKind::Order, reference, currency, amount)
    }

    /// Creates an expected payment from a [kind](ExpectedKind) that was read from a
    /// database. A top-up has no amount; every other kind has one. Together with the
    /// other methods it restores an expected payment from the stored values of its
    /// accessors.
    ///
    /// ```
    /// use payhook::payment::Expected;
    ///
    /// let expected = Expected::order("tok_4f9c1b7e", "EUR", "25.00".parse()?)?
    ///     .tolerance("0.05".parse()?)?;
    /// let (kind, amount) = (expected.kind(), expected.amount().cloned());
    /// let rebuilt = Expected::of_kind(kind, expected.reference(), expected.currency(), amount)?
    ///     .tolerance(expected.tolerated().clone())?;
    /// assert_eq!(rebuilt, expected);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ExpectedError::Amount`] if a priced payment's amount is missing or not
    /// greater than zero.
    pub fn of_kind(
        kind: ExpectedKind,
        reference: impl Into<String>,
        currency: impl Into<String>,
        amount: Option<Amount>,
    ) -> Result<Self, ExpectedError> {
        match (kind, amount) {
            (ExpectedKind::TopUp, _) => Self::top_up(reference, currency),
            (kind, Some(amount)) => Self::priced(kind, reference, currency, amount),
            (_, None) => Err(ExpectedError::Amount),
        }
    }

    fn priced(
        kind: ExpectedKind,
        reference: impl Into<String>,
        currency: impl Into<String>,
        amount: Amount,
    ) -> Result<Self, ExpectedError> {
        if amount.is_negative() || amount.is_zero() {
            return Err(ExpectedError::Amount);
        }
        Self::new(kind, reference, currency, Some(amount))
    }

    fn new(
        kind: ExpectedKind,
        reference: impl Into<String>,
        currency: impl Into<String>,
        amount: Option<Amount>,
    ) -> Result<Self, ExpectedError> {
        let (reference, currency) = (reference.into(), currency.into());
        if reference.is_empty() {
            return Err(ExpectedError::Reference);
        }
        if currency.is_empty() || currency.trim() != currency {
            return Err(ExpectedError::Currency);
        }
        Ok(Self {
            kind,
            reference: SharedStr::from(reference),
            currency: SharedStr::from(currency),
            amount,
            tolerance: Amount::default(),
            decimals: None,
            deadline: None,
            trusts_conversion: false,
            requires_lookup: false,
        })
    }

    /// Accepts this much less or more, in the expected currency, both ends
    /// included (PAYMENTS, rule 6).
    ///
    /// # Errors
    ///
    /// [`ExpectedError::Tolerance`] if it is negative or not less than the amount.
    pub fn tolerance(mut self, tolerance: Amount) -> Result<Self, ExpectedError> {
        let is_too_large = self
            .amount
            .as_ref()
            .is_some_and(|amount| tolerance >= *amount);
        if tolerance.is_negative() || is_too_large {
            return Err(ExpectedError::Tolerance);
        }
        self.tolerance = tolerance;
        Ok(self)
    }

    /// Sets the number of fraction digits that the gateway writes for this currency.
    /// It separates amount and tracking id if tracking ids are unrestricted
    /// (PAYMENTS, rule 18).
    #[must_use]
    pub fn decimals(mut self, decimals: u32) -> Self {
        self.decimals = Some(decimals);
        self
    }

    /// Holds money that was first seen after this instant (PAYMENTS, rule 7).
    /// Payouts have no deadline.
    #[must_use]
    pub fn deadline(mut self, deadline: DateTime<Utc>) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Credits an invoice by the converted amount that the callback reports. No
    /// signature covers it: an attacker who can alter callbacks in transit can pay
    /// the invoice with one satoshi (PAYMENTS, rule 10).
    #[must_use]
    pub fn trust_reported_conversion(mut self) -> Self {
        self.trusts_conversion = true;
        self
    }

    /// Holds every B2BINPAY transfer until the gateway's API confirms it: for
    /// addresses that accept several currencies, and for top-ups whose reported
    /// transfer id is not sufficient (PAYMENTS, rules 9 and 11).
    #[must_use]
    pub fn require_lookup(mut self) -> Self {
        self.requires_lookup = true;
        self
    }

    /// Returns the kind of payment.
    #[must_use]
    pub fn kind(&self) -> ExpectedKind {
        self.kind
    }

    /// Returns the merchant's reference.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// Returns the expected currency.
    #[must_use]
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// Returns the expected amount; `None` for a top-up.
    #[must_use]
    pub fn amount(&self) -> Option<&Amount> {
        self.amount.as_ref()
    }

    /// Returns the [tolerance](Self::tolerance), in the expected currency.
    #[must_use]
    pub fn tolerated(&self) -> &Amount {
        &self.tolerance
    }

    /// Returns the fraction digits of the currency, if they were
    /// [set](Self::decimals).
    #[must_use]
    pub fn currency_decimals(&self) -> Option<u32> {
        self.decimals
    }

    /// Returns the [deadline](Self::deadline), if one was set.
    #[must_use]
    pub fn deadline_at(&self) -> Option<DateTime<Utc>> {
        self.deadline
    }

    pub(super) fn ends_at(&self) -> Option<DateTime<Utc>> {
        self.deadline.filter(|_| self.kind != ExpectedKind::Payout)
    }

    /// Returns whether the [reported conversion](Self::trust_reported_conversion) of
    /// an invoice is credited.
    #[must_use]
    pub fn trusts_conversion(&self) -> bool {
        self.trusts_conversion
    }

    /// Returns whether every transfer is held until the gateway's API
    /// [confirms](Self::require_lookup) it.
    #[must_use]
    pub fn requires_lookup(&self) -> bool {
        self.requires_lookup
    }

    pub(crate) fn is_top_up(&self) -> bool {
        self.kind == ExpectedKind::TopUp
    }

    /// The required kind of its callbacks.
    pub(super) fn event_kind(&self) -> PaymentKind {
        match self.kind {
            ExpectedKind::Deposit | ExpectedKind::Invoice | ExpectedKind::TopUp => {
                PaymentKind::Deposit
            }
            ExpectedKind::Payout => PaymentKind::Payout,
            ExpectedKind::Order => PaymentKind::Order,
        }
    }

    /// Whether equal amounts under two ids are suspicious (rule 9).
    pub(super) fn holds_equal_parts(&self) -> bool {
        matches!(
            self.kind,
            ExpectedKind::Deposit | ExpectedKind::Invoice | ExpectedKind::Payout
        )
    }

    /// Whether the record resolves an ambiguous reading with this amount (rule 18).
    /// An invoice can be paid in any cryptocurrency, so its price does not help.
    pub(crate) fn settles_reading(&self, amount: &Amount) -> bool {
        let priced_in_the_coin = self.kind != ExpectedKind::Invoice;
        (priced_in_the_coin && self.amount.as_ref() == Some(amount))
            || self.decimals == Some(amount.decimals())
    }

    /// Whether this reading could be about this record, so that another payment's
    /// reading is not the only one. A record with neither an amount in the
    /// cryptocurrency nor its decimals excludes no transfer, and no record excludes a
    /// callback without one.
    pub(crate) fn allows_reading(&self, reading: &OtherReading<'_>) -> bool {
        let amount = match &reading.about {
            ReadingSubject::Transfer(amount) => amount,
            ReadingSubject::NoTransfer(kind) => return *kind == self.event_kind(),
        };
        let is_silent = self.decimals.is_none()
            && matches!(self.kind, ExpectedKind::TopUp | ExpectedKind::Invoice);
        is_silent || self.settles_reading(amount)
    }

    /// The amount in the expected currency, among those that the gateway gives.
    pub(super) fn fit<'m>(&self, amounts: &'m [Money<'_>]) -> Fit<'m> {
        let first = amounts.first();
        if self.kind == ExpectedKind::Invoice {
            return first.map_or(Fit::Unnamed(None), |money| Fit::Fits(money.amount.as_ref()));
        }
        let fitting = amounts.iter().find(|money| money.is_in(&self.currency));
        match fitting {
            Some(money) => Fit::Fits(money.amount.as_ref()),
            None if amounts.iter().any(|money| self.excludes(money)) => Fit::Other,
            None => Fit::Unnamed(first.and_then(|money| money.amount.as_ref())),
        }
    }

    /// Whether its names tell that it is in another currency. The gateway's id alone
    /// can only be compared with an id.
    fn excludes(&self, money: &Money<'_>) -> bool {
        let expects_id = || self.currency.bytes().all(|byte| byte.is_ascii_digit());
        money.is_named() || (money.name().is_some() && expects_id())
    }
}

/// Whether money is in the expected currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit<'m> {
    /// It is; with the amount, if the gateway gave it.
    Fits(Option<&'m Amount>),
    /// The gateway did not name the currency, or only by an id.
    Unnamed(Option<&'m Amount>),
    /// It is in another one.
    Other,
}
