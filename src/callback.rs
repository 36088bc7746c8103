//! [`Callback`]: all kinds of verified callbacks in one type.

use crate::b2binpay;
use crate::citypay::{DepositCallback, OrderCallback};
use crate::error::FieldWarning;
use crate::event::Event;
use crate::verified::Verified;

/// A verified callback of either gateway, as passed to a [`Handler`](crate::Handler).
///
/// `Deposit` is CityPay.io's. B2BINPAY's deposits are `Transfer`s, with or without a
/// transfer in them; [`Event::kind`] is `Deposit` for both.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
/// # let callback = verifier.verify(Unverified::parse(&body)?)?.into();
/// use payhook::Callback;
/// use payhook::b2binpay::TransferStatus;
///
/// let status = match &callback {
///     Callback::Transfer(transfer) => transfer.proven().transfer_status(),
///     _ => None, // of the other gateway
/// };
/// assert_eq!(status, Some(TransferStatus::Confirmed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Callback {
    /// A CityPay.io callback about an order.
    Order(Verified<OrderCallback>),
    /// A CityPay.io callback about a deposit.
    Deposit(Verified<DepositCallback>),
    /// A B2BINPAY or Coinsbuy callback about a deposit or a payout.
    Transfer(Verified<b2binpay::Callback>),
}

impl Callback {
    /// Returns the gateway-independent view of the callback.
    #[must_use]
    pub fn event(&self) -> Event<'_> {
        match self {
            Self::Order(order) => order.event(),
            Self::Deposit(deposit) => deposit.event(),
            Self::Transfer(transfer) => transfer.event(),
        }
    }

    /// Returns the exact bytes of the body: store these in a queue, and verify them
    /// again.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        match self {
            Self::Order(order) => order.reported().raw(),
            Self::Deposit(deposit) => deposit.reported().raw(),
            Self::Transfer(transfer) => transfer.reported().raw(),
        }
    }

    /// Returns the incidental fields that are invalid and treated as absent.
    #[must_use]
    pub fn warnings(&self) -> Vec<FieldWarning> {
        match self {
            Self::Order(order) => order.reported().warnings(),
            Self::Deposit(deposit) => deposit.reported().warnings(),
            Self::Transfer(transfer) => transfer.reported().warnings(),
        }
    }
}

impl From<Verified<OrderCallback>> for Callback {
    fn from(order: Verified<OrderCallback>) -> Self {
        Self::Order(order)
    }
}

impl From<Verified<DepositCallback>> for Callback {
    fn from(deposit: Verified<DepositCallback>) -> Self {
        Self::Deposit(deposit)
    }
}

impl From<Verified<b2binpay::Callback>> for Callback {
    fn from(transfer: Verified<b2binpay::Callback>) -> Self {
        Self::Transfer(transfer)
    }
}
