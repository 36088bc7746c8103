//! [`Shop`]: what the torture has to know of the merchant's code, wherever it
//! runs.

use std::future::{Future, ready};
use std::sync::Arc;
use std::time::Duration;

use crate::Gateway;
use payhook::Amount;
use payhook::BoxError;
use payhook::Expected;
use payhook::payment::ExpectedKind;

/// A payment that the shop is told to wait for.
///
/// See the [module](super) for an example.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Payment {
    /// Who will tell of it.
    pub gateway: Gateway,
    /// With B2BINPAY a deposit or a payout, with CityPay.io an order.
    pub kind: ExpectedKind,
    /// B2BINPAY's tracking id, CityPay.io's order token. New in every payment.
    pub reference: String,
    /// What is due, in whole coins.
    pub amount: Amount,
    /// The ticker, `ETH`.
    pub currency: &'static str,
    /// The currency's fraction digits.
    pub scale: u32,
}

impl Payment {
    /// The same as an expectation to reconcile callbacks with.
    #[must_use]
    pub fn expected(&self) -> Expected {
        let reference = self.reference.as_str();
        let expected = match self.kind {
            ExpectedKind::Payout => Expected::payout(reference, self.currency).scale(self.scale),
            ExpectedKind::Order => Expected::order(reference, self.currency),
            _ => Expected::deposit(reference, self.currency).scale(self.scale),
        };
        expected.amount(self.amount.clone())
    }
}

/// What the shop's books say of a payment. The [default](Books::default) is that
/// nothing came.
///
/// ```
/// use payhook::payment::ExpectedKind;
/// use payhook_conformance::torture::Books;
///
/// // One entry of 0.3 ETH, with which the deposit is paid.
/// let books = Books::new("0.3".parse()?, 1, true).currency("ETH").kind(ExpectedKind::Deposit);
/// assert!(books.is_paid && !Books::default().is_paid);
/// # Ok::<(), payhook::AmountError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Books {
    /// All that was credited under the reference (of a payout: debited), in
    /// whole coins.
    pub credited: Amount,
    /// In how many entries.
    pub credits: usize,
    /// Whether the shop takes it for paid: delivers, say. A part is not that.
    pub is_paid: bool,
    /// In which currency it was credited, where the books say so.
    pub currency: Option<String>,
    /// As what it was credited, where the books say so.
    pub kind: Option<ExpectedKind>,
}

impl Books {
    /// So much was credited, in so many entries.
    #[must_use]
    pub fn new(credited: Amount, credits: usize, is_paid: bool) -> Self {
        Self {
            credited,
            credits,
            is_paid,
            ..Self::default()
        }
    }

    /// In this currency.
    #[must_use]
    pub fn currency(self, currency: impl Into<String>) -> Self {
        Self {
            currency: Some(currency.into()),
            ..self
        }
    }

    /// As this kind of payment.
    #[must_use]
    pub fn kind(self, kind: ExpectedKind) -> Self {
        Self {
            kind: Some(kind),
            ..self
        }
    }
}

/// The merchant's own record, as far as the torture opens payments in it and
/// reads what was credited.
///
/// See the [module](super) for an example.
pub trait Ledger {
    /// From now on the shop waits for this payment.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from that: it ends the torture.
    fn open(&self, payment: &Payment) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// What the books say of an opened payment, by its reference. A shop that
    /// answers first and books later waits here until it has booked.
    ///
    /// # Errors
    ///
    /// Whatever keeps them from being read: it ends the torture.
    fn books(&self, reference: &str) -> impl Future<Output = Result<Books, BoxError>> + Send;
}

/// The shop under torture. [`InProcess`](super::InProcess) is one around a
/// handler; another may post over HTTP.
///
/// See the [module](super) for the first of the two.
pub trait Shop: Ledger {
    /// Posts a body to the address that the gateway posts to: the HTTP status
    /// that comes back.
    ///
    /// # Errors
    ///
    /// There was no answer. The gateway sends again.
    fn post(
        &self,
        gateway: Gateway,
        body: &[u8],
    ) -> impl Future<Output = Result<u16, BoxError>> + Send;

    /// Disturbs the shop's handler from now on: whether that can be done. Where
    /// it can't, which it is unless said, what needs it is not tried.
    fn disturb(&self, trouble: Trouble) -> impl Future<Output = bool> + Send {
        let _ = trouble;
        ready(false)
    }
}

/// What happens to a handler before the merchant's code is asked.
///
/// See [`Shop::disturb`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Trouble {
    /// So many of the next calls fail.
    Fails(usize),
    /// Nothing.
    #[default]
    None,
    /// Each call waits so long.
    Slow(Duration),
}

macro_rules! pass_through {
    ($($Pointer:ty),+) => {$(
        impl<L: Ledger> Ledger for $Pointer {
            fn open(
                &self,
                payment: &Payment,
            ) -> impl Future<Output = Result<(), BoxError>> + Send {
                (**self).open(payment)
            }

            fn books(
                &self,
                reference: &str,
            ) -> impl Future<Output = Result<Books, BoxError>> + Send {
                (**self).books(reference)
            }
        }
    )+};
}

pass_through!(&L, Arc<L>);
