//! One balance per payment: how callbacks become *paid, in full, once*.
//!
//! A payment is reported in many callbacks: repeated, late, out of order, in parts,
//! reversed and restored. [`Payment`] applies them to the [expected
//! payment](Expected) and its [`History`]. It is pure: no clock, no I/O, no database.
//! PAYMENTS is its specification. See [`Payment`].

mod apply;
mod change;
mod decision;
mod expected;
mod history;
mod hold;
mod kind;
mod state;

use std::fmt;

use crate::amount::Amount;

pub use change::{Change, Review, ReviewReason};
pub use decision::HeldChanged;
pub use expected::{Expected, ExpectedError};
pub use history::{History, HistoryError};
pub use kind::ExpectedKind;

use state::{Marks, PartState, State};

/// An expected payment with its history.
///
/// An [`Endpoint`](crate::Endpoint) applies callbacks to it under the lock of a
/// [`Ledger`](crate::Ledger). At any time
/// `received = credited and still settled + held + rejected`.
///
/// ```
/// use payhook::payment::{Expected, History, Payment, PaymentStatus};
///
/// let expected = Expected::deposit("order-9001", "ETH", "0.412".parse()?)?;
/// let payment = Payment::new(expected, History::default());
/// assert_eq!(payment.status(), PaymentStatus::Open);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Payment {
    expected: Expected,
    state: State,
}

/// The state of a payment.
///
/// See [`Payment`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PaymentStatus {
    /// Closed without money: canceled, expired or rejected; a payout also by a failed
    /// transfer.
    Closed,
    /// Money was received but is neither credited nor rejected: it needs manual
    /// review.
    Held,
    /// Nothing was received yet.
    Open,
    /// Paid, but more was received than expected.
    Overpaid,
    /// The credits reach the expected amount (minus the tolerance).
    Paid,
    /// Partially credited.
    Partial,
    /// A transfer is pending.
    Pending,
    /// The transfer of a top-up is credited.
    Settled,
}

impl PaymentStatus {
    /// Returns `paid`, `overpaid`, `partial`, `held`, `pending`, `closed`, `open` or
    /// `settled`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Held => "held",
            Self::Open => "open",
            Self::Overpaid => "overpaid",
            Self::Paid => "paid",
            Self::Partial => "partial",
            Self::Pending => "pending",
            Self::Settled => "settled",
        }
    }
}

impl fmt::Display for PaymentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A held transfer, with the reasons. See [`Payment::held_parts`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldPart {
    /// The gateway's id of the transfer or transaction.
    pub id: String,
    /// The held amount, in the expected currency.
    pub amount: Amount,
    /// The reasons for holding it.
    pub reasons: Vec<ReviewReason>,
}

impl Payment {
    /// Creates a payment from the merchant's record and the stored history.
    #[must_use]
    pub fn new(expected: Expected, history: History) -> Self {
        Self {
            expected,
            state: history.0,
        }
    }

    /// Returns the expected payment.
    #[must_use]
    pub fn expected(&self) -> &Expected {
        &self.expected
    }

    /// Returns the history to store.
    #[must_use]
    pub fn history(&self) -> History {
        History(self.state.clone())
    }

    /// Returns the sum of all settled transfers, in the expected currency.
    #[must_use]
    pub fn received(&self) -> Amount {
        total(self.settled().map(PartState::value))
    }

    /// Returns the sum of all credits, including amounts that were reversed later.
    #[must_use]
    pub fn credited(&self) -> Amount {
        total(self.state.parts.iter().map(|part| &part.credited))
    }

    /// Returns the amount that was received but is neither credited nor rejected.
    #[must_use]
    pub fn held(&self) -> Amount {
        let rests = self.settled().map(PartState::remaining);
        let held: Vec<_> = rests.filter(|rest| !rest.is_zero()).collect();
        total(held.iter())
    }

    /// Returns the amount of settled transfers that was rejected manually.
    #[must_use]
    pub fn rejected(&self) -> Amount {
        total(self.settled().map(|part| &part.rejected))
    }

    /// Returns the held transfers, with the reasons for each.
    #[must_use]
    pub fn held_parts(&self) -> Vec<HeldPart> {
        let view = self.view();
        self.state
            .parts
            .iter()
            .filter(|part| part.is_held())
            .map(|part| HeldPart {
                id: part.id.to_string(),
                amount: part.remaining(),
                reasons: self.holding(part, &view).iter().collect(),
            })
            .collect()
    }

    /// Returns the state of the payment: the first that applies (PAYMENTS, *Terms*).
    #[must_use]
    pub fn status(&self) -> PaymentStatus {
        self.status_with(&self.received())
    }

    fn status_with(&self, received: &Amount) -> PaymentStatus {
        let standing = total(self.settled().map(|part| &part.credited));
        let has_credit = !standing.is_zero();
        if let Some(amount) = self.expected.amount() {
            let tolerance = self.expected.tolerated();
            if has_credit && add(&standing, tolerance) >= *amount {
                let limit = add(amount, tolerance);
                let kept = subtract(received, &self.rejected());
                return if kept > limit {
                    PaymentStatus::Overpaid
                } else {
                    PaymentStatus::Paid
                };
            }
        }
        if has_credit {
            if self.expected.is_top_up() {
                PaymentStatus::Settled
            } else {
                PaymentStatus::Partial
            }
        } else if self.has_held() {
            PaymentStatus::Held
        } else if self.has_money_on_its_way() {
            PaymentStatus::Pending
        } else if self.has_ended() {
            PaymentStatus::Closed
        } else {
            PaymentStatus::Open
        }
    }

    pub(crate) fn has_held(&self) -> bool {
        self.state.parts.iter().any(PartState::is_held)
    }

    fn has_money_on_its_way(&self) -> bool {
        self.state.awaits_parts
            || self
                .state
                .parts
                .iter()
                .any(|part| part.outcome.is_pending())
    }

    fn has_ended(&self) -> bool {
        let is_payout = self.expected.kind() == ExpectedKind::Payout;
        let has_failed = || self.state.parts.iter().any(|part| part.outcome.has_ended());
        self.state.closed.is_some() || (is_payout && has_failed())
    }

    fn settled(&self) -> impl Iterator<Item = &PartState> + Clone {
        let parts = self.state.parts.iter();
        parts.filter(|part| part.outcome.is_settled())
    }
}

impl fmt::Debug for Payment {
    /// Omits the reference, which may be a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payment")
            .field("kind", &self.expected.kind())
            .field("status", &self.status())
            .field("received", &self.received())
            .field("credited", &self.credited())
            .field("held", &self.held())
            .finish_non_exhaustive()
    }
}

impl PartState {
    /// The amount in the expected currency.
    fn value(&self) -> &Amount {
        self.value.as_ref().map_or(&self.amount, |value| value)
    }

    /// The amount that is neither credited nor rejected.
    fn remaining(&self) -> Amount {
        let rest = subtract(self.value(), &self.credited);
        subtract(&rest, &self.rejected)
    }

    fn is_credited(&self) -> bool {
        !self.credited.is_zero()
    }

    /// Whether it was decided manually or credited: its amount stays fixed.
    fn is_decided(&self) -> bool {
        self.is_credited() || !self.rejected.is_zero() || self.marks.has(Marks::REFUSED)
    }

    fn is_held(&self) -> bool {
        let is_unvalued = self.marks.has(Marks::UNVALUED);
        self.outcome.is_settled() && (is_unvalued || !self.remaining().is_zero())
    }
}

fn add(left: &Amount, right: &Amount) -> Amount {
    total([left, right].into_iter())
}

/// No sum can be too long: an amount has at most 200 digits before the point, and a sum
/// may have 220.
fn total<'a>(amounts: impl Iterator<Item = &'a Amount> + Clone) -> Amount {
    let filled = amounts.filter(|amount| !amount.is_zero());
    let mut rest = filled.clone();
    // Most sums have one summand.
    match (rest.next(), rest.next()) {
        (None, _) => Amount::default(),
        (Some(only), None) if only.is_plain() => only.clone(),
        _ => Amount::checked_sum(filled.clone())
            .or_else(|| filled.max().cloned())
            .unwrap_or_default(),
    }
}

/// The difference, or zero if it would be negative.
fn subtract(left: &Amount, right: &Amount) -> Amount {
    if left.as_str() == right.as_str() {
        return Amount::default();
    }
    if right.is_zero() && left.is_plain() {
        return left.clone();
    }
    left.checked_sub(right)
        .filter(|rest| !rest.is_negative())
        .unwrap_or_default()
}
