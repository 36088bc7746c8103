//! [`Target`]: the interface between the suite and the merchant's code.

use std::future::{Future, ready};
use std::sync::Arc;
use std::time::Duration;

use payhook::payment::{Expected, ExpectedError, ExpectedKind};
use payhook::{Amount, BoxError};

use crate::Gateway;

/// A payment that is registered at the server.
///
/// See the [module](super) for an example.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TestPayment {
    /// The gateway that will send its callbacks.
    pub gateway: Gateway,
    /// A deposit, an invoice or a payout of B2BINPAY, or an order of CityPay.io.
    pub kind: ExpectedKind,
    /// B2BINPAY's tracking id, CityPay.io's order token. Unique for each payment.
    pub reference: String,
    /// The amount due, in currency units.
    pub amount: Amount,
    /// The cryptocurrency's ticker, such as `ETH`; for an invoice, `USD`.
    pub currency: &'static str,
    /// The number of decimals of the currency.
    pub decimals: u32,
}

impl TestPayment {
    /// Returns the expected payment, for a [`Ledger`](payhook::Ledger).
    ///
    /// # Errors
    ///
    /// [`ExpectedError`] if the amount was set to zero.
    pub fn expected(&self) -> Result<Expected, ExpectedError> {
        let (reference, amount) = (self.reference.as_str(), Some(self.amount.clone()));
        let expected = Expected::of_kind(self.kind, reference, self.currency, amount)?;
        Ok(match self.kind {
            // The decimals of the cryptocurrency that the payer chooses are unknown.
            ExpectedKind::Invoice => expected,
            _ => expected.decimals(self.decimals),
        })
    }
}

/// The state of a payment in the server's ledger. By [default](LedgerState::default)
/// nothing was received.
///
/// ```
/// use payhook::payment::ExpectedKind;
/// use payhook_conformance::stress::LedgerState;
///
/// // One credit of 0.3 ETH, which pays the deposit.
/// let state = LedgerState::new("0.3".parse()?, 1, true)
///     .currency("ETH")
///     .kind(ExpectedKind::Deposit)
///     .held("0".parse()?);
/// assert!(state.is_paid && !LedgerState::default().is_paid);
/// # Ok::<(), payhook::amount::AmountError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LedgerState {
    /// The amount credited under the reference (debited for a payout), in currency
    /// units.
    pub credited: Amount,
    /// The number of credits.
    pub credits: usize,
    /// Whether the server considers the payment as paid, for example delivers the
    /// goods. A part is not sufficient.
    pub is_paid: bool,
    /// The currency of the credits, if the ledger records it.
    pub currency: Option<String>,
    /// The kind of payment of the credits, if the ledger records it.
    pub kind: Option<ExpectedKind>,
    /// The amount held for manual review, if the ledger records it.
    pub held: Option<Amount>,
    /// How often the payment was fulfilled, if the ledger records it.
    pub fulfilled: Option<usize>,
}

impl LedgerState {
    /// Creates the state with this credited amount and number of credits.
    #[must_use]
    pub fn new(credited: Amount, credits: usize, is_paid: bool) -> Self {
        Self {
            credited,
            credits,
            is_paid,
            ..Self::default()
        }
    }

    /// Sets the currency of the credits.
    #[must_use]
    pub fn currency(self, currency: impl Into<String>) -> Self {
        Self {
            currency: Some(currency.into()),
            ..self
        }
    }

    /// Sets the kind of payment of the credits.
    #[must_use]
    pub fn kind(self, kind: ExpectedKind) -> Self {
        Self {
            kind: Some(kind),
            ..self
        }
    }

    /// Sets the amount held for manual review.
    #[must_use]
    pub fn held(self, held: Amount) -> Self {
        Self {
            held: Some(held),
            ..self
        }
    }

    /// Sets how often the payment was fulfilled: goods sent, an order released.
    #[must_use]
    pub fn fulfilled(self, times: usize) -> Self {
        Self {
            fulfilled: Some(times),
            ..self
        }
    }
}

/// The merchant's own record, in which the suite registers payments and reads
/// credits.
///
/// See the [module](super) for an example.
pub trait LedgerAccess: Send + Sync {
    /// Registers an expected payment.
    ///
    /// # Errors
    ///
    /// Any error, which aborts the suite.
    fn register(&self, payment: &TestPayment) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Returns the ledger's state of a registered payment. A server that responds
    /// before it credits must wait here until it has credited.
    ///
    /// # Errors
    ///
    /// Any error, which aborts the suite.
    fn ledger_state(
        &self,
        reference: &str,
    ) -> impl Future<Output = Result<LedgerState, BoxError>> + Send;
}

/// The server under test. [`InProcessTarget`](super::InProcessTarget) consists of endpoints
/// and a ledger; other implementations may send requests over HTTP.
///
/// See the [module](super) for an example of the former.
pub trait Target: LedgerAccess {
    /// Sends a body to the gateway's callback URL, at one of the
    /// [replicas](Self::replicas), counted from 0. Returns the HTTP status.
    ///
    /// # Errors
    ///
    /// Any error if there was no response. The gateway retries.
    fn post(
        &self,
        gateway: Gateway,
        replica: usize,
        body: &[u8],
    ) -> impl Future<Output = Result<u16, BoxError>> + Send;

    /// Returns the number of processes that serve callbacks with the same ledger; one
    /// by default. They receive callbacks in turn, and a delivery that one of them
    /// has accepted is repeated at the others.
    fn replicas(&self, gateway: Gateway) -> usize {
        let _ = gateway;
        1
    }

    /// Restarts the server's processes, and returns whether that is possible. If it
    /// is not, which is the default, cases that need it are not tested.
    fn restart(&self) -> impl Future<Output = bool> + Send {
        ready(false)
    }

    /// Injects a fault into the server, and returns whether that is possible. If it
    /// is not, which is the default, cases that need it are not tested.
    fn inject(&self, fault: InjectedFault) -> impl Future<Output = bool> + Send {
        let _ = fault;
        ready(false)
    }
}

/// A fault that the suite injects into the server while it credits.
///
/// See [`Target::inject`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum InjectedFault {
    /// This many of the next attempts to credit fail.
    Fails(usize),
    /// Nothing.
    #[default]
    None,
    /// Each attempt to credit takes this long.
    Slow(Duration),
}

macro_rules! pass_through {
    ($($Pointer:ty),+) => {$(
        impl<R: LedgerAccess> LedgerAccess for $Pointer {
            fn register(
                &self,
                payment: &TestPayment,
            ) -> impl Future<Output = Result<(), BoxError>> + Send {
                (**self).register(payment)
            }

            fn ledger_state(
                &self,
                reference: &str,
            ) -> impl Future<Output = Result<LedgerState, BoxError>> + Send {
                (**self).ledger_state(reference)
            }
        }
    )+};
}

pass_through!(&R, Arc<R>);
