//! [`Callback`]: the three callbacks that there are, as one type.

use crate::b2binpay::{self, TransferCallback};
use crate::citypay::{DepositCallback, OrderCallback, ProvenDeposit, ProvenOrder};
use crate::event::Event;
use crate::read::Anomaly;
use crate::verified::{Evidence, Proof, Provable, Sealed, Unverified, Verified};

/// A callback of either gateway: what a handler matches on.
///
/// `Deposit` is CityPay.io's. B2BINPAY's deposits are `Transfer`s, with or
/// without a transfer in them; [`Event::kind`] calls both deposits.
///
/// ```
/// use payhook::{Callback, Verified};
///
/// fn describe(callback: &Verified<Callback>) -> String {
///     match callback.reported() {
///         Callback::Order(order) => format!("order {:?}", order.status),
///         Callback::Deposit(deposit) => format!("deposit {:?}", deposit.status),
///         Callback::Transfer(transfer) => format!("{} {}", transfer.operation.as_str(), transfer.id),
///         _ => "something newer".to_owned(),
///     }
/// }
/// # let _ = describe;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Callback {
    /// CityPay.io, about an order.
    Order(OrderCallback),
    /// CityPay.io, about a deposit.
    Deposit(DepositCallback),
    /// B2BINPAY or Coinsbuy, about a deposit or a payout.
    Transfer(TransferCallback),
}

impl Callback {
    /// The exact bytes of the body: what a queue stores, to be proven again.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        match self {
            Self::Order(order) => order.raw(),
            Self::Deposit(deposit) => deposit.raw(),
            Self::Transfer(transfer) => transfer.raw(),
        }
    }

    /// Incidental fields that could not be read and stand as absent.
    #[must_use]
    pub fn anomalies(&self) -> &[Anomaly] {
        match self {
            Self::Order(order) => order.anomalies(),
            Self::Deposit(deposit) => deposit.anomalies(),
            Self::Transfer(transfer) => transfer.anomalies(),
        }
    }
}

/// What is proven of a [`Callback`]; the variant is the callback's.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../examples/bodies/b2binpay-deposit-confirmed.json");
/// # let callback = verifier.verify(Unverified::parse(body)?)?.into_callback();
/// use payhook::Proven;
///
/// // Your own name for the payment, as far as it is proven.
/// let reference = match callback.proven() {
///     Proven::Transfer(transfer) => transfer.tracking_id(),
///     Proven::Order(order) => order.token().map(|token| token.as_str()),
///     Proven::Deposit(deposit) => deposit.token().map(|token| token.as_str()),
///     _ => None,
/// };
/// assert_eq!(reference, Some("order-9001"));
/// # Ok::<(), payhook::Error>(())
/// ```
///
/// [`Event::reference`] is the same in one call.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Proven {
    /// CityPay.io, about an order.
    Order(ProvenOrder),
    /// CityPay.io, about a deposit.
    Deposit(ProvenDeposit),
    /// B2BINPAY or Coinsbuy.
    Transfer(b2binpay::ProvenTransfer),
}

impl Sealed for Callback {}

impl Provable for Callback {
    type Proven = Proven;
}

/// A verified callback by its kind, to match on by value.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../examples/bodies/b2binpay-deposit-confirmed.json");
/// # let callback = verifier.verify(Unverified::parse(body)?)?.into_callback();
/// use payhook::VerifiedCallback;
/// use payhook::b2binpay::TransferStatus;
///
/// let status = match callback.into_kind() {
///     VerifiedCallback::Transfer(transfer) => transfer.proven().transfer_status(),
///     _ => None, // of the other gateway
/// };
/// assert_eq!(status, Some(TransferStatus::Confirmed));
/// # Ok::<(), payhook::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum VerifiedCallback {
    /// CityPay.io, about an order.
    Order(Verified<OrderCallback>),
    /// CityPay.io, about a deposit.
    Deposit(Verified<DepositCallback>),
    /// B2BINPAY or Coinsbuy.
    Transfer(Verified<TransferCallback>),
}

impl Verified<Callback> {
    /// The callback with the facts of its own kind.
    #[must_use]
    pub fn into_kind(self) -> VerifiedCallback {
        let (callback, proof) = self.into_parts();
        let evidence = proof.evidence;
        // The variants always agree; if they did not, nothing would be proven.
        match (callback.into_unverified(), proof.proven) {
            (Callback::Order(order), proven) => VerifiedCallback::Order(rejoin(
                order,
                match proven {
                    Proven::Order(proven) => proven,
                    _ => ProvenOrder::nothing(),
                },
                evidence,
            )),
            (Callback::Deposit(deposit), proven) => VerifiedCallback::Deposit(rejoin(
                deposit,
                match proven {
                    Proven::Deposit(proven) => proven,
                    _ => ProvenDeposit::nothing(),
                },
                evidence,
            )),
            (Callback::Transfer(transfer), proven) => VerifiedCallback::Transfer(rejoin(
                transfer,
                match proven {
                    Proven::Transfer(proven) => proven,
                    _ => b2binpay::ProvenTransfer::nothing(),
                },
                evidence,
            )),
        }
    }

    /// The gateway-neutral view.
    #[must_use]
    pub fn event(&self) -> Event<'_> {
        Event::new(self)
    }
}

fn rejoin<C: Provable>(callback: C, proven: C::Proven, evidence: Evidence) -> Verified<C> {
    Verified::new(Unverified::new(callback), Proof { proven, evidence })
}

impl Verified<TransferCallback> {
    /// The same as one of all callbacks, for its [`Event`].
    #[must_use]
    pub fn into_callback(self) -> Verified<Callback> {
        self.widen(Callback::Transfer, Proven::Transfer)
    }
}

impl Verified<OrderCallback> {
    /// The same as one of all callbacks, for its [`Event`].
    #[must_use]
    pub fn into_callback(self) -> Verified<Callback> {
        self.widen(Callback::Order, Proven::Order)
    }
}

impl Verified<DepositCallback> {
    /// The same as one of all callbacks, for its [`Event`].
    #[must_use]
    pub fn into_callback(self) -> Verified<Callback> {
        self.widen(Callback::Deposit, Proven::Deposit)
    }
}
