//! [`Verdict`]: what a comparison comes to, and the table that says so.

use std::fmt;

use chrono::TimeDelta;

use crate::amount::Amount;
use crate::outcome::Outcome;

/// What a callback is, measured by what is expected.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../../examples/bodies/b2binpay-deposit-confirmed.json");
/// # let callback = verifier.verify(Unverified::parse(body)?)?.into_callback();
/// use payhook::{Expected, Verdict};
///
/// // 0.412 ETH came under `order-9001`.
/// let expected = Expected::deposit("order-9001", "ETH").amount("0.4".parse()?);
/// let over = Verdict::Over { by: "0.012".parse()? };
/// assert_eq!(expected.reconcile(&callback).verdict(), &over);
///
/// let expected = Expected::payout("order-9001", "ETH").amount("0.412".parse()?);
/// assert_eq!(expected.reconcile(&callback).verdict(), &Verdict::WrongKind);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The first row that applies:
///
/// | what is found | verdict |
/// |---|---|
/// | a callback of the other gateway, or of another sort than the expected one's | wrong kind |
/// | an empty expected reference; no reference in the callback | needs review: reference |
/// | an undivided text, and nothing expected that could divide it | needs review: undivided |
/// | another reference; an undivided text that is not made of what is expected | wrong reference |
/// | the right reference, merely reported | needs review: reference |
/// | a deposit where a payout is expected, or the other way round | wrong kind |
/// | another currency | wrong currency |
/// | outcome pending | not final |
/// | outcome blocked, canceled, expired or failed | not paid |
/// | … of an order that has transactions; of a payout, merely reported | needs review: outcome |
/// | outcome needs review, overpaid or unknown; settled, merely reported | needs review: outcome |
/// | outcome underpaid, where the expected amount is not missed, or there is none | needs review: outcome |
/// | no currency in the callback | needs review: currency |
/// | a signed amount with another number of fraction digits than expected | needs review: scale |
/// | an expected amount, tolerance or amount already received below zero | needs review: expectation |
/// | no amount or zero; a transaction of the order without one | needs review: amount |
/// | a deadline, and no time to compare it with | needs review: time |
/// | made after the deadline | late |
/// | more than expected, beyond the tolerance | over |
/// | less than expected, beyond the tolerance; underpaid | under |
/// | all else | exact |
///
/// A CityPay.io deposit of an account that
/// [settles by the sender's address](crate::citypay::Account::danger_settle_deposits_by_source_address)
/// passes with its reference and outcome merely reported.
///
/// *Late*, *over* and *under* are money that has arrived, and the [`difference`]
/// is there for *late*, too. Of an order that the gateway calls underpaid it is
/// not documented whether with enough confirmations, and *not paid* of a deposit
/// may be merely reported, enough to close an order and no reason to give
/// anything back: the [`outcome`] tells both.
///
/// [`difference`]: super::Reconciliation::difference
/// [`outcome`]: super::Reconciliation::outcome
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The payment that was expected: credit it, once.
    Exact,
    /// It was made after the deadline.
    Late {
        /// How long after.
        by: TimeDelta,
    },
    /// A person has to look.
    NeedsReview(Reason),
    /// Not there yet, and nothing to be done.
    NotFinal(Outcome),
    /// Nothing came or went by it, and nothing will: by this transfer, or this
    /// order. A payout may be tried again by another transfer: before anything is
    /// given back, ask the gateway what became of it.
    NotPaid(Outcome),
    /// More than expected.
    Over {
        /// How much more.
        by: Amount,
    },
    /// Less than expected.
    Under {
        /// How much is missing.
        by: Amount,
    },
    /// Another currency than the expected one.
    WrongCurrency,
    /// A deposit, a payout or an order where another of them is expected.
    WrongKind,
    /// Another payment than the expected one.
    WrongReference,
}

impl Verdict {
    /// `exact`, `needs review` and so on.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Late { .. } => "late",
            Self::NeedsReview(_) => "needs review",
            Self::NotFinal(_) => "not final",
            Self::NotPaid(_) => "not paid",
            Self::Over { .. } => "over",
            Self::Under { .. } => "under",
            Self::WrongCurrency => "wrong currency",
            Self::WrongKind => "wrong kind",
            Self::WrongReference => "wrong reference",
        }
    }
}

impl fmt::Display for Verdict {
    /// With the reason, the outcome or the difference.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.as_str();
        match self {
            Self::Exact | Self::WrongCurrency | Self::WrongKind | Self::WrongReference => {
                f.pad(word)
            }
            Self::Late { by } => f.pad(&format!("{word} by {by}")),
            Self::NeedsReview(reason) => f.pad(&format!("{word}: {reason}")),
            Self::NotFinal(outcome) | Self::NotPaid(outcome) => {
                f.pad(&format!("{word}: {outcome}"))
            }
            Self::Over { by } | Self::Under { by } => f.pad(&format!("{word} by {by}")),
        }
    }
}

/// Why a person has to look.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../../examples/bodies/b2binpay-deposit-confirmed.json");
/// # let callback = verifier.verify(Unverified::parse(body)?)?.into_callback();
/// use payhook::{Expected, Reason, Verdict};
///
/// // In your own record ETH has 8 fraction digits; the signed amount has 18.
/// let expected = Expected::deposit("order-9001", "ETH").amount("0.412".parse()?).scale(8);
/// let found = expected.reconcile(&callback);
/// assert_eq!(found.verdict(), &Verdict::NeedsReview(Reason::Scale));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The amount is zero or not known.
    Amount,
    /// The callback does not name its currency.
    Currency,
    /// An amount of the expectation itself is below zero.
    Expectation,
    /// The outcome, which is proven or not: [`Reconciliation::outcome`](super::Reconciliation::outcome).
    Outcome(Outcome),
    /// The reference is not proven, or there is none.
    Reference,
    /// The signed amount has another number of fraction digits than the
    /// expected currency.
    Scale,
    /// When it was made is not known, or only without a zone.
    Time,
    /// The signed text can't be divided by what is expected: that takes a scale,
    /// or an amount with a fraction.
    Undivided,
}

impl Reason {
    /// `amount`, `outcome` and so on.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Amount => "amount",
            Self::Currency => "currency",
            Self::Expectation => "expectation",
            Self::Outcome(_) => "outcome",
            Self::Reference => "reference",
            Self::Scale => "scale",
            Self::Time => "time",
            Self::Undivided => "undivided",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Amount => "the amount is zero or not known",
            Self::Currency => "the callback names no currency",
            Self::Expectation => "an expected amount is below zero",
            Self::Outcome(outcome) => return f.pad(&format!("the outcome is `{outcome}`")),
            Self::Reference => "the reference is not proven",
            Self::Scale => "the amount has not the expected number of fraction digits",
            Self::Time => "when it was made is not known",
            Self::Undivided => "nothing that is expected divides the signed text",
        })
    }
}
