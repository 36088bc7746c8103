//! [`Change`]: the effect of a callback on a payment, and [`Review`]: a report for manual
//! review.

use std::fmt;

use crate::amount::Amount;

/// The effect of one callback or one manual decision on a payment.
///
/// See [`Payment::apply`](super::Payment::apply) for an example.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Change {
    credited: Option<Amount>,
    newly_paid: bool,
    reviews: Vec<Review>,
    is_changed: bool,
    must_save: bool,
}

impl Change {
    pub(super) fn new(
        credited: Option<Amount>,
        newly_paid: bool,
        reviews: Vec<Review>,
        is_changed: bool,
        must_save: bool,
    ) -> Self {
        Self {
            credited,
            newly_paid,
            reviews,
            is_changed,
            must_save,
        }
    }

    pub(crate) fn unmatched(review: Review) -> Self {
        Self {
            reviews: vec![review],
            ..Self::default()
        }
    }

    /// Returns the amount to credit now, in addition to earlier credits; greater than
    /// zero. `None` if there is nothing to credit.
    #[must_use]
    pub fn credited(&self) -> Option<&Amount> {
        self.credited.as_ref()
    }

    /// Returns whether the payment has just become paid. It is true once for
    /// each payment.
    #[must_use]
    pub fn newly_paid(&self) -> bool {
        self.newly_paid
    }

    /// Returns the reports for manual review. Each reason is reported once.
    #[must_use]
    pub fn reviews(&self) -> &[Review] {
        &self.reviews
    }

    /// Returns whether the payment's sums or status changed, or there is something to
    /// review.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Returns whether the payment's history changed and has to be stored: a delivery
    /// that changes nothing else is remembered as well.
    #[must_use]
    pub fn must_save(&self) -> bool {
        self.must_save
    }
}

/// A report for manual review, in words for support staff.
///
/// ```
/// use payhook::payment::ReviewReason;
///
/// // For a support tool: what happened, and what to do in the gateway's dashboard.
/// let reason = ReviewReason::EqualPart;
/// assert_eq!(reason.as_str(), "equal_part");
/// assert!(reason.advice().contains("dashboard"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Review {
    reason: ReviewReason,
    part: Option<String>,
    detail: Option<String>,
}

impl Review {
    pub(crate) fn new(reason: ReviewReason) -> Self {
        Self {
            reason,
            part: None,
            detail: None,
        }
    }

    pub(super) fn about(mut self, part: &str) -> Self {
        self.part = Some(part.to_owned());
        self
    }

    pub(super) fn saying(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Returns the reason.
    #[must_use]
    pub fn reason(&self) -> ReviewReason {
        self.reason
    }

    /// Returns the gateway's id of the transfer or transaction, if the report is
    /// about one.
    #[must_use]
    pub fn part(&self) -> Option<&str> {
        self.part.as_deref()
    }
}

impl fmt::Display for Review {
    /// Shows what happened, to which transfer, and what to do about it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(part) = &self.part {
            write!(f, "transfer {}: ", part.escape_debug())?;
        }
        f.write_str(self.reason.summary())?;
        if let Some(detail) = &self.detail {
            write!(f, " ({})", detail.escape_debug())?;
        }
        write!(f, ". {}", self.reason.advice())
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $Name:ident = $code:literal, $summary:literal, $advice:literal;)+) => {
        /// The reason for a manual review.
        ///
        /// Some reasons hold money until it is accepted or rejected; the others only
        /// report what happened. PAYMENTS lists the rule of each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ReviewReason {
            $($(#[$doc])* $Name,)+
        }

        impl ReviewReason {
            pub(super) const ALL: &'static [Self] = &[$(Self::$Name),+];

            /// Returns the name for logs, metrics and columns, such as `equal_part`.
            #[must_use]
            pub fn as_str(&self) -> &'static str {
                match self { $(Self::$Name => $code,)+ }
            }

            /// Returns what happened, in a few words.
            #[must_use]
            pub fn summary(&self) -> &'static str {
                match self { $(Self::$Name => $summary,)+ }
            }

            /// Returns what to do about it, and where.
            #[must_use]
            pub fn advice(&self) -> &'static str {
                match self { $(Self::$Name => $advice,)+ }
            }
        }
    };
}

// Stored by position: add new ones at the end.
reasons! {
    /// The same signed delivery was received with different unsigned fields (rule 1).
    ConflictingDelivery = "conflicting_delivery",
        "a delivery with the same signature but different unsigned fields was received before",
        "Compare both transfers with the gateway's dashboard; accept held money only if the transfer is listed there.";
    /// Two facts about the same money disagree (rules 2, 10, 12 and 15).
    Contradicted = "contradicted",
        "the gateway's statements about this money disagree",
        "Look the payment up in the gateway's dashboard; accept the money if the dashboard shows it, else reject it.";
    /// The transfer already belongs to another reference (rule 13).
    Elsewhere = "elsewhere",
        "the transfer was received under another reference before",
        "Check in the gateway's dashboard which payment it belongs to; accept it here only if it was never credited there.";
    /// Another transfer of exactly this amount was received before (rule 9).
    EqualPart = "equal_part",
        "another transfer of exactly the same amount was received before",
        "Check that the gateway's dashboard lists both transfers; accept the money if it does, else reject it.";
    /// First seen after the payment was closed or past its deadline (rule 7).
    Late = "late",
        "the money was first seen after the payment was closed or its deadline had passed",
        "Decide whether the order can still be fulfilled: accept the money, or refund the customer and reject it.";
    /// More was received than expected (rule 6).
    Overpaid = "overpaid",
        "more was received than expected",
        "Refund the surplus and reject it, or accept it as the customer's credit.";
    /// Credited money was reversed (rule 5).
    Reversed = "reversed",
        "a transfer that was credited is no longer confirmed",
        "Look the transfer up in the gateway's dashboard; take the credit back manually if the money is gone.";
    /// Reversed money was confirmed again (rule 5).
    Restored = "restored",
        "a transfer that had failed or was reversed is confirmed again",
        "Undo what was done about the reversal; for a payout, check that it was not paid in another way meanwhile.";
    /// The bounds of a payment's history are reached (rule 17).
    TooMany = "too_many",
        "the payment has more transfers or deliveries than its history keeps",
        "Look the payment up in the gateway's dashboard and settle it manually.";
    /// No payment of the merchant has this reference (rule 18).
    Unmatched = "unmatched",
        "no payment is recorded under this reference",
        "Find the order that the customer meant; record the payment and resend the callback from the gateway's dashboard.";
    /// The amount or the reference is not proven (rule 10).
    Unproven = "unproven",
        "no signature or lookup proves this amount",
        "Compare amount and reference with the gateway's dashboard; accept the money if they are shown there.";
    /// The gateway reports a discrepancy (rule 8).
    Unresolved = "unresolved",
        "the gateway reports the payment as unresolved, overpaid or underpaid",
        "Resolve the payment in the gateway's dashboard, or accept or reject what was received.";
    /// The money is in another currency (rule 11).
    WrongCurrency = "wrong_currency",
        "the money is in another currency than expected and counts for nothing here",
        "Look the transfer up in the gateway's dashboard; convert or refund it manually.";
    /// The callback is of another kind, or the operation type does not match (rule
    /// 11).
    WrongKind = "wrong_kind",
        "the callback or its operation type is of another kind than expected",
        "Look the transfer up in the gateway's dashboard; accept held money if it is the customer's (side collecting is).";
}

impl fmt::Display for ReviewReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A set of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Reasons(u16);

impl Reasons {
    pub(super) fn bits(self) -> u16 {
        self.0
    }

    pub(super) fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    fn bit(reason: ReviewReason) -> u16 {
        let place = ReviewReason::ALL.iter().position(|each| *each == reason);
        place
            .and_then(|place| u32::try_from(place).ok())
            .and_then(|place| 1_u16.checked_shl(place))
            .unwrap_or_default()
    }

    pub(super) fn has(self, reason: ReviewReason) -> bool {
        self.0 & Self::bit(reason) != 0
    }

    pub(super) fn add(&mut self, reason: ReviewReason) {
        self.0 |= Self::bit(reason);
    }

    pub(super) fn remove(&mut self, reason: ReviewReason) {
        self.0 &= !Self::bit(reason);
    }

    pub(super) fn set(&mut self, reason: ReviewReason, is_set: bool) {
        if is_set {
            self.add(reason);
        } else {
            self.remove(reason);
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn iter(self) -> impl Iterator<Item = ReviewReason> {
        let all = ReviewReason::ALL.iter().copied();
        all.filter(move |reason| self.has(*reason))
    }
}
