//! [`Shop`]: what the torture has to know of the merchant's code, wherever it
//! runs.

use std::future::{Future, ready};
use std::sync::Arc;
use std::time::Duration;

use payhook::payment::{Expected, ExpectedError, ExpectedKind};
use payhook::{Amount, BoxError};

use crate::Gateway;

/// A payment that the shop is told to expect.
///
/// See the [module](super) for an example.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Payment {
    /// The gateway that will post about it.
    pub gateway: Gateway,
    /// A deposit, an invoice or a payout of B2BINPAY, or an order of CityPay.io.
    pub kind: ExpectedKind,
    /// B2BINPAY's tracking id, CityPay.io's order token. New in every payment.
    pub reference: String,
    /// The amount due, in whole units of the currency.
    pub amount: Amount,
    /// The coin's ticker, such as `ETH`; of an invoice, `USD`.
    pub currency: &'static str,
    /// The fraction digits of the currency.
    pub decimals: u32,
}

impl Payment {
    /// The same payment as an expectation, for a [`Ledger`](payhook::Ledger).
    ///
    /// # Errors
    ///
    /// [`ExpectedError`] if the amount was set to zero.
    pub fn expected(&self) -> Result<Expected, ExpectedError> {
        let (reference, amount) = (self.reference.as_str(), Some(self.amount.clone()));
        let expected = Expected::of_kind(self.kind, reference, self.currency, amount)?;
        Ok(match self.kind {
            // The digits of the coin that the payer picks are not known.
            ExpectedKind::Invoice => expected,
            _ => expected.decimals(self.decimals),
        })
    }
}

/// What the shop's books say of a payment. By [default](Books::default) nothing
/// has come.
///
/// ```
/// use payhook::payment::ExpectedKind;
/// use payhook_conformance::torture::Books;
///
/// // One entry of 0.3 ETH, with which the deposit is paid.
/// let books = Books::new("0.3".parse()?, 1, true)
///     .currency("ETH")
///     .kind(ExpectedKind::Deposit)
///     .held("0".parse()?);
/// assert!(books.is_paid && !Books::default().is_paid);
/// # Ok::<(), payhook::amount::AmountError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Books {
    /// Everything credited under the reference (of a payout: debited), in whole
    /// units of the currency.
    pub credited: Amount,
    /// The number of entries.
    pub credits: usize,
    /// Whether the shop takes the payment for paid: it delivers, say. A part is
    /// not enough for that.
    pub is_paid: bool,
    /// The currency it was credited in, where the books say so.
    pub currency: Option<String>,
    /// The kind of payment it was credited as, where the books say so.
    pub kind: Option<ExpectedKind>,
    /// What was received and waits for a person, where the books say so.
    pub held: Option<Amount>,
    /// How often the shop acted on the payment as paid, where the books say so.
    pub fulfilled: Option<usize>,
}

impl Books {
    /// This much was credited, in so many entries.
    #[must_use]
    pub fn new(credited: Amount, credits: usize, is_paid: bool) -> Self {
        Self {
            credited,
            credits,
            is_paid,
            ..Self::default()
        }
    }

    /// It was credited in this currency.
    #[must_use]
    pub fn currency(self, currency: impl Into<String>) -> Self {
        Self {
            currency: Some(currency.into()),
            ..self
        }
    }

    /// It was credited as this kind of payment.
    #[must_use]
    pub fn kind(self, kind: ExpectedKind) -> Self {
        Self {
            kind: Some(kind),
            ..self
        }
    }

    /// This much waits for a person, who accepts or refunds it.
    #[must_use]
    pub fn held(self, held: Amount) -> Self {
        Self {
            held: Some(held),
            ..self
        }
    }

    /// The shop acted on it as paid so often: goods sent, an order released.
    #[must_use]
    pub fn fulfilled(self, times: usize) -> Self {
        Self {
            fulfilled: Some(times),
            ..self
        }
    }
}

/// The merchant's own record, as far as the torture opens payments in it and
/// reads what was credited.
///
/// See the [module](super) for an example.
pub trait Record: Send + Sync {
    /// From now on the shop expects this payment.
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

/// The shop under torture. [`InProcess`](super::InProcess) is one of endpoints
/// and a ledger; another may post over HTTP.
///
/// See the [module](super) for an example of the first.
pub trait Shop: Record {
    /// Posts a body to the address that the gateway posts to, at one of the
    /// [replicas](Self::replicas), counted from 0. Returns the HTTP status.
    ///
    /// # Errors
    ///
    /// There was no answer. The gateway sends again.
    fn post(
        &self,
        gateway: Gateway,
        replica: usize,
        body: &[u8],
    ) -> impl Future<Output = Result<u16, BoxError>> + Send;

    /// How many processes serve the gateway's callbacks on the same books: one
    /// unless it says otherwise. They are posted to in turn, and a delivery that
    /// one of them has accepted is repeated at the others.
    fn replicas(&self, gateway: Gateway) -> usize {
        let _ = gateway;
        1
    }

    /// Ends the shop's processes and starts them again: whether that is
    /// possible. If it is not, as by default, cases that need it are not tried.
    fn restart(&self) -> impl Future<Output = bool> + Send {
        ready(false)
    }

    /// Disturbs the shop from now on: whether that is possible. If it is not, as
    /// by default, cases that need it are not tried.
    fn disturb(&self, trouble: Trouble) -> impl Future<Output = bool> + Send {
        let _ = trouble;
        ready(false)
    }
}

/// What happens to the shop while it books.
///
/// See [`Shop::disturb`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Trouble {
    /// So many of the next attempts to book fail.
    Fails(usize),
    /// Nothing.
    #[default]
    None,
    /// Each attempt to book takes so long.
    Slow(Duration),
}

macro_rules! pass_through {
    ($($Pointer:ty),+) => {$(
        impl<R: Record> Record for $Pointer {
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

pass_through!(&R, Arc<R>);
