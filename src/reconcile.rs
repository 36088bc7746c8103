//! [`Expected`]: is this the payment that the merchant is waiting for?

use std::fmt;

use chrono::{DateTime, Utc};

use crate::amount::Amount;
use crate::b2binpay::ExpectedAmount;
use crate::callback::{Callback, Proven};
use crate::event::{Event, Kind};
use crate::text::Text;
use crate::verified::Verified;

mod found;
mod judge;
mod payment;
mod verdict;

pub use found::{Compared, Difference, Reconciliation};
use payment::Payment;
pub use verdict::{Reason, Verdict};

/// The payment that the merchant is waiting for, from its **own record**.
///
/// [`reconcile`](Self::reconcile) compares a verified callback with it, and says
/// which of the compared facts are proven and which the sender only reports.
/// Nothing of what is expected may come from the callback.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../examples/bodies/b2binpay-deposit-confirmed.json");
/// # let callback = verifier.verify(Unverified::parse(body)?)?.into_callback();
/// use payhook::{Compared, Difference, Expected, Fact, Verdict};
///
/// // Under "order-9001" the merchant's database says: a deposit of 0.412 ETH.
/// let expected = Expected::deposit("order-9001", "ETH")
///     .amount("0.412".parse()?)
///     .scale(18);
/// let found = expected.reconcile(&callback);
/// match found.verdict() {
///     Verdict::Exact => { /* credit it, once */ }
///     Verdict::NotFinal(_) => { /* wait */ }
///     Verdict::NotPaid(_) => { /* over; give nothing back on it */ }
///     other => println!("a person has to look: {other}"),
/// }
/// # assert_eq!(*found.verdict(), Verdict::Exact);
/// assert_eq!(found.reference(), Compared::Proven);
/// // No signature covers the currency.
/// assert_eq!(found.currency(), Compared::Reported);
///
/// let expected = Expected::deposit("order-9001", "ETH").amount("0.5".parse()?);
/// let found = expected.reconcile(&callback);
/// assert_eq!(found.verdict().to_string(), "under by 0.088000000000000000");
/// assert_eq!(found.difference(), Some(&Difference::Under("0.088".parse()?)));
/// assert_eq!(found.received(), Some(Fact::Proven(&"0.412".parse()?)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It remembers nothing: the same payment is exact as often as it arrives, and
/// whoever captured a callback can post it again. Credit once. And give no
/// deposit the tracking id of a payout: which of the two a callback is about is
/// not signed.
///
/// # Undivided texts
///
/// Under [`TrackingIds::Unrestricted`](crate::b2binpay::TrackingIds::Unrestricted) the signed text
/// is divided by what is expected here, as
/// [`Verified::resolve`] does, and never by what the body shows: with a
/// [`scale`](Self::scale), by that scale; else by the amount alone, less what was
/// [already received](Self::already_received), written with all the fraction
/// digits that the gateway writes. Only with a scale can another amount than the
/// expected one be told from another reference; it holds under the condition
/// that stands at [`ExpectedAmount::WithScale`].
#[derive(Clone)]
pub struct Expected {
    awaited: Awaited,
    reference: Text,
    currency: Text,
    amount: Option<Amount>,
    scale: Option<u32>,
    tolerance: Option<Amount>,
    already_received: Option<Amount>,
    deadline: Option<DateTime<Utc>>,
}

/// A kind of payment, of one gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Deposit,
    Payout,
    Order,
    CustomerDeposit,
}

impl Awaited {
    fn kind(self) -> Kind {
        match self {
            Self::Deposit | Self::CustomerDeposit => Kind::Deposit,
            Self::Payout => Kind::Payout,
            Self::Order => Kind::Order,
        }
    }
}

impl Expected {
    /// A deposit with B2BINPAY or Coinsbuy under this tracking id, in the
    /// currency with this `alpha` (`ETH`; upper and lower case are the same).
    ///
    /// An empty tracking id names no payment: at best it needs review.
    #[must_use]
    pub fn deposit(tracking_id: impl Into<Text>, currency: impl Into<Text>) -> Self {
        Self::new(Awaited::Deposit, tracking_id.into(), currency.into())
    }

    /// A payout with B2BINPAY or Coinsbuy, as [`deposit`](Self::deposit).
    #[must_use]
    pub fn payout(tracking_id: impl Into<Text>, currency: impl Into<Text>) -> Self {
        Self::new(Awaited::Payout, tracking_id.into(), currency.into())
    }

    /// An order with CityPay.io under the token that the merchant issued.
    ///
    /// The currency is the coin, by its name or ticker (`Bitcoin`, `btc`; upper and
    /// lower case are the same), or the order's fiat currency (`USD`): then the
    /// amounts in fiat are compared. Compare in fiat: the gateway quotes the coins
    /// anew every minute. A name that both have is the fiat currency's.
    #[must_use]
    pub fn order(token: impl Into<Text>, currency: impl Into<Text>) -> Self {
        Self::new(Awaited::Order, token.into(), currency.into())
    }

    /// A deposit with CityPay.io under the token that the merchant gave the
    /// customer, in the coin as the gateway names it in its callbacks.
    ///
    /// Nothing proves one: it needs review, unless the account
    /// [settles by the sender's address](crate::citypay::Account::danger_settle_deposits_by_source_address).
    /// Even then all that is compared is only reported.
    #[must_use]
    pub fn customer_deposit(token: impl Into<Text>, coin: impl Into<Text>) -> Self {
        Self::new(Awaited::CustomerDeposit, token.into(), coin.into())
    }

    fn new(awaited: Awaited, reference: Text, currency: Text) -> Self {
        Self {
            awaited,
            reference,
            currency,
            amount: None,
            scale: None,
            tolerance: None,
            already_received: None,
            deadline: None,
        }
    }

    /// The amount in whole coins, of all payments together. Without it any
    /// amount but zero is exact.
    #[must_use]
    pub fn amount(mut self, amount: Amount) -> Self {
        self.amount = Some(amount);
        self
    }

    /// The currency's number of fraction digits, from the merchant's own
    /// configuration. B2BINPAY only.
    ///
    /// A signed amount with another number of them needs review: it is the one
    /// thing about the currency that is proven. That the gateway writes them all
    /// is seen in every example, and not documented.
    ///
    /// An undivided text is divided by it, which holds only if every currency
    /// that is signed with the same key has this scale:
    /// [`ExpectedAmount::WithScale`].
    #[must_use]
    pub fn scale(mut self, scale: u32) -> Self {
        self.scale = Some(scale);
        self
    }

    /// How far from the amount still counts as exact, in either direction.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Amount) -> Self {
        self.tolerance = Some(tolerance);
        self
    }

    /// What came in under this reference before, without this payment, for one
    /// that is made in several transfers. Not added for an order, whose answer
    /// lists all of them.
    #[must_use]
    pub fn already_received(mut self, amount: Amount) -> Self {
        self.already_received = Some(amount);
        self
    }

    /// The last moment at which the payment is in time.
    ///
    /// An order is as late as the last of its transactions. B2BINPAY signs when
    /// the callback was made, which is never before the payment: a callback
    /// within the deadline proves it to be in time, and of a later one the
    /// transfer's reported time of creation decides. Where there is neither, or
    /// only a time without a zone, it needs review.
    #[must_use]
    pub fn deadline(mut self, deadline: DateTime<Utc>) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Compares a callback with what is expected: the table at [`Verdict`].
    #[must_use]
    pub fn reconcile(&self, callback: &Verified<Callback>) -> Reconciliation {
        let event = callback.event();
        match self.payment(callback, &event) {
            Some(payment) => judge::judge(self, &payment),
            None => Reconciliation::of_another_kind(&event),
        }
    }

    /// What is compared; `None` if it is of another sort altogether.
    fn payment(&self, callback: &Verified<Callback>, event: &Event<'_>) -> Option<Payment> {
        match (self.awaited, callback.reported(), callback.proven()) {
            (
                Awaited::Deposit | Awaited::Payout,
                Callback::Transfer(told),
                Proven::Transfer(proven),
            ) => Some(Payment::transfer(self, event, told, proven)),
            (Awaited::Order, Callback::Order(told), Proven::Order(proven)) => {
                Some(Payment::order(self, event, told, proven))
            }
            (Awaited::CustomerDeposit, Callback::Deposit(told), Proven::Deposit(proven)) => {
                Some(Payment::customer_deposit(self, event, told, proven))
            }
            _ => None,
        }
    }

    /// Whether a currency goes by the expected name.
    fn is_in(&self, currency: &str) -> bool {
        self.currency.eq_ignore_ascii_case(currency)
    }

    /// What an undivided text is divided by; `None` if nothing here divides one.
    fn divisor(&self) -> Option<ExpectedAmount> {
        if let Some(scale) = self.scale {
            return (scale > 0).then_some(ExpectedAmount::WithScale(scale));
        }
        let amount = self.amount.as_ref()?;
        let rest = match &self.already_received {
            Some(received) => amount.checked_sub(received)?,
            None => amount.clone(),
        };
        let divides = rest.is_plain() && rest.scale() > 0 && !rest.is_zero();
        divides.then_some(ExpectedAmount::Exactly(rest))
    }

    /// Whether one of the amounts is below zero, which no payment can fit.
    fn is_impossible(&self) -> bool {
        let amounts = [&self.amount, &self.tolerance, &self.already_received];
        amounts.into_iter().flatten().any(Amount::is_negative)
    }
}

impl fmt::Debug for Expected {
    /// Without the reference of CityPay.io, which is a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Expected");
        shown.field("awaited", &self.awaited);
        match self.awaited {
            Awaited::Deposit | Awaited::Payout => shown.field("reference", &self.reference),
            Awaited::Order | Awaited::CustomerDeposit => {
                shown.field("reference", &format_args!("Token(..)"))
            }
        };
        shown
            .field("currency", &self.currency)
            .field("amount", &self.amount)
            .field("scale", &self.scale)
            .field("tolerance", &self.tolerance)
            .field("already_received", &self.already_received)
            .field("deadline", &self.deadline)
            .finish()
    }
}
