//! [`ExpectedKind`]: the kinds of payment.

/// The five kinds of payment.
///
/// ```
/// use payhook::payment::ExpectedKind;
///
/// let stored = ExpectedKind::TopUp.as_str();
/// assert_eq!(ExpectedKind::from_name(stored), Some(ExpectedKind::TopUp));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExpectedKind {
    /// An amount of one cryptocurrency, received through B2BINPAY.
    Deposit,
    /// An amount in the wallet's currency, paid in any cryptocurrency (B2BINPAY).
    Invoice,
    /// Any amount for a customer: B2BINPAY's static addresses and CityPay.io's
    /// deposits. Each transfer is a payment of its own.
    TopUp,
    /// An amount of one cryptocurrency, sent through B2BINPAY.
    Payout,
    /// A CityPay.io order.
    Order,
}

impl ExpectedKind {
    const ALL: [Self; 5] = [
        Self::Deposit,
        Self::Invoice,
        Self::TopUp,
        Self::Payout,
        Self::Order,
    ];

    /// Returns `deposit`, `invoice`, `top_up`, `payout` or `order`, for a database
    /// column.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Invoice => "invoice",
            Self::TopUp => "top_up",
            Self::Payout => "payout",
            Self::Order => "order",
        }
    }

    /// Returns the kind with this [name](Self::as_str).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}
