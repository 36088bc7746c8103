//! The rules that hold a part, and how much of the rest is credited.

use super::change::{Reasons, ReviewReason};
use super::kind::ExpectedKind;
use super::state::{Instant, Marks, PartState};
use super::{Payment, add, subtract, total};
use crate::amount::Amount;

/// The context of all parts that the rules need.
pub(super) struct View {
    /// The gateway's reported discrepancy, if nothing explains it (rule 8).
    is_doubted: bool,
    /// More was received than expected and tolerated, which explains a discrepancy.
    has_surplus: bool,
    /// The conversions of an invoice exceed the paid amount that the deposit reports.
    exceeds_total_paid: bool,
}

impl Payment {
    pub(super) fn view(&self) -> View {
        let received = self.received();
        let limit = self
            .expected
            .amount()
            .map(|amount| add(amount, self.expected.tolerated()));
        let has_surplus = limit.is_some_and(|limit| received > limit);
        let is_invoice = self.expected.kind() == ExpectedKind::Invoice;
        let total_paid = self.state.total_paid.as_ref();
        View {
            is_doubted: self.state.own.is_some_and(|(_, is_doubt)| is_doubt) && !has_surplus,
            has_surplus,
            exceeds_total_paid: is_invoice
                && total_paid.is_some_and(|(_, total)| received > *total),
        }
    }

    /// All reasons that hold a settled part, except for a surplus, which depends on
    /// the others: see [`credit`](Self::credit).
    pub(super) fn holding(&self, part: &PartState, view: &View) -> Reasons {
        let mut reasons = part.lasting;
        let is_confirmed = part.marks.has(Marks::CONFIRMED);
        reasons.set(
            ReviewReason::Unproven,
            !is_confirmed && self.is_unproven(part),
        );
        if !is_confirmed && view.exceeds_total_paid {
            reasons.add(ReviewReason::Contradicted);
        }
        if self.is_equal_part(part) {
            reasons.add(ReviewReason::EqualPart);
        }
        if self.is_late(part) {
            reasons.add(ReviewReason::Late);
        }
        let is_doubted = part.marks.has(Marks::DOUBTFUL) && !view.has_surplus;
        if view.is_doubted || is_doubted || part.marks.has(Marks::UNDERPAID) {
            reasons.add(ReviewReason::Unresolved);
        }
        if reasons.is_empty() && !part.remaining().is_zero() && part.is_decided() {
            // The rest of a part that was credited up to the expected amount.
            reasons.add(ReviewReason::Overpaid);
        }
        reasons
    }

    /// Rule 10.
    fn is_unproven(&self, part: &PartState) -> bool {
        let lacks_conversion = self.expected.kind() == ExpectedKind::Invoice
            && !(self.expected.trusts_conversion()
                && self.state.total_paid.is_some()
                && !part.marks.has(Marks::UNVALUED));
        lacks_conversion
            || part.marks.has(Marks::UNREAD)
            || part.marks.has(Marks::UNVALUED)
            || part.marks.has(Marks::UNNAMED)
            || self.expected.requires_lookup() && !part.marks.has(Marks::TRUSTED)
    }

    /// Rule 9: there is an earlier settled part of the same amount, under another id.
    fn is_equal_part(&self, part: &PartState) -> bool {
        self.expected.holds_equal_parts()
            && !part.marks.has(Marks::EQUALS_LISTED)
            && self.state.parts.iter().any(|other| {
                other.order > 0
                    && other.order < part.order
                    && other.id != part.id
                    && other.amount == part.amount
            })
    }

    /// Rule 7, and for payouts rule 5: first seen after the payment had ended.
    fn is_late(&self, part: &PartState) -> bool {
        let is_after = |end: Instant| part.first.is_none_or(|first| first > end);
        let deadline = self.expected.ends_at().map(Instant::from);
        let is_past = deadline.is_some_and(is_after);
        let closed = self.state.closed;
        let is_closed = closed.is_some_and(|closed| closed.at.is_none_or(is_after));
        let has_failed = self.state.failed.is_some_and(is_after);
        is_past || is_closed || has_failed
    }

    /// Credits the parts that are not held, in the order in which they settled: in
    /// full up to expected + tolerance, beyond that up to the expected amount (rule
    /// 6). Returns the sum to credit now.
    pub(super) fn credit(&mut self) -> Amount {
        let mut order: Vec<(u32, usize)> = self
            .state
            .parts
            .iter()
            .enumerate()
            .filter(|(_, part)| part.outcome.is_settled() && !part.is_decided())
            .filter(|(_, part)| !part.remaining().is_zero())
            .map(|(index, part)| (part.order, index))
            .collect();
        order.sort_unstable();
        if order.is_empty() {
            return Amount::default();
        }
        let view = self.view();

        let mut credited = total(self.state.parts.iter().map(|part| &part.credited));
        let mut now = Amount::default();
        for (_, index) in order {
            let Some(part) = self.state.parts.get(index) else {
                continue;
            };
            if !self.holding(part, &view).is_empty() {
                continue;
            }
            let amount = part.remaining();
            let share = match self.expected.amount() {
                Some(expected) => {
                    let limit = add(expected, self.expected.tolerated());
                    if add(&credited, &amount) <= limit {
                        amount
                    } else {
                        subtract(expected, &credited).min(amount)
                    }
                }
                None => amount,
            };
            let Some(part) = self.state.parts.get_mut(index) else {
                continue;
            };
            if share.is_zero() {
                part.lasting.add(ReviewReason::Overpaid);
            } else {
                credited = add(&credited, &share);
                now = add(&now, &share);
                part.credited = share;
            }
        }
        now
    }
}
