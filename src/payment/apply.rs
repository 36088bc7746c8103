//! Applying a callback to a payment, and the manual decisions about what is held.
//!
//! The rules of PAYMENTS about a kind of callback are in the modules beneath.

mod delivery;
mod ended;
mod lookup;
mod snapshot;
mod step;
mod transfer;

use super::change::{Change, Review, ReviewReason};
use super::state::Marks;
use super::{Payment, PaymentStatus};
use crate::amount::Amount;
use crate::event::{Event, Reading, Source};
use crate::shared_str::SharedStr;

use delivery::Owners;
pub(crate) use step::Step;
use step::{Before, Recorded};

/// The names that a step binds in the ledger for its delivery, across all payments.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// The owner to bind the delivery's name to.
    pub(crate) first: Option<String>,
    /// The owner to bind the name of its second copy to.
    pub(crate) second: Option<String>,
}

impl Payment {
    /// Applies one callback with this payment's data only: the checks across payments
    /// (rules 1 and 13) are assumed to pass. An [`Endpoint`](crate::Endpoint)
    /// performs them with its ledger.
    pub fn apply(&mut self, event: &Event<'_>) -> Change {
        self.begin(event, None, None).finish().0
    }

    /// Whether the ledger has to be queried for the owner of the delivery's name,
    /// because this payment's history does not contain it.
    pub(crate) fn asks_for_delivery(&self, event: &Event<'_>) -> bool {
        self.expected.is_top_up() || event.reading != Reading::Unique
    }

    /// Begins to apply a callback. `owner` is the owner of the delivery's name, and
    /// `second` that of its second copy, if the ledger [was
    /// queried](Self::asks_for_delivery).
    pub(crate) fn begin(
        &mut self,
        event: &Event<'_>,
        owner: Option<&str>,
        second: Option<&str>,
    ) -> Step<'_> {
        let before = self.before();
        let asks = self.asks_for_delivery(event);
        let mut step = Step {
            payment: self,
            before,
            asks,
            reviews: Vec::new(),
            recorded: None,
            second: None,
        };
        step.ingest(event, Owners::parse(owner, second));
        step
    }

    /// Accepts everything that is held, after manual review: it is credited now
    /// (PAYMENTS, rule 16). Call it under the payment's lock, after
    /// [`HeldChanged::check`](super::HeldChanged::check).
    pub fn accept_held(&mut self) -> Change {
        let before = self.before();
        let mut credited = Amount::default();
        for part in &mut self.state.parts {
            if part.is_held() && !part.marks.has(Marks::UNVALUED) {
                let rest = part.remaining();
                credited = super::add(&credited, &rest);
                part.credited = super::add(&part.credited, &rest);
            }
        }
        self.conclude(&before, credited, Vec::new())
    }

    /// Rejects everything that is held, after manual review: it is not credited, and
    /// the same money is not reported again (PAYMENTS, rule 16).
    pub fn reject_held(&mut self) -> Change {
        let before = self.before();
        for part in &mut self.state.parts {
            if part.is_held() {
                let rest = part.remaining();
                part.rejected = super::add(&part.rejected, &rest);
                if part.marks.has(Marks::UNVALUED) {
                    part.marks.set(Marks::UNVALUED, false);
                    part.marks.set(Marks::REFUSED, true);
                }
            }
        }
        self.conclude(&before, Amount::default(), Vec::new())
    }

    fn conclude(&mut self, before: &Before, credited: Amount, mut reviews: Vec<Review>) -> Change {
        let must_save = self.state != before.state;
        // Without a change of the state, no sum has changed.
        let sums = must_save.then(|| self.sums());
        let after = sums.as_ref().unwrap_or(&before.sums);
        let is_paid = matches!(after.status, PaymentStatus::Paid | PaymentStatus::Overpaid);
        let newly_paid = is_paid && !self.state.was_paid;
        self.state.was_paid |= is_paid;
        let is_changed = *after != before.sums || !reviews.is_empty();
        reviews.sort_by_key(Review::reason);
        Change::new(
            Some(credited).filter(|amount| !amount.is_zero()),
            newly_paid,
            reviews,
            is_changed,
            must_save || is_changed || newly_paid,
        )
    }
}

impl Step<'_> {
    /// Returns the parts whose ids have to be bound to this payment's reference
    /// before the step is finished (rule 13).
    pub(crate) fn claims(&self) -> Vec<SharedStr> {
        let parts = self.payment.state.parts.iter();
        parts
            .filter(|part| part.outcome.is_settled() && !part.marks.has(Marks::BOUND))
            .filter(|part| {
                let is_open = part.marks.has(Marks::UNREAD) || part.marks.has(Marks::UNNAMED);
                !is_open || part.marks.has(Marks::CONFIRMED)
            })
            .map(|part| part.id.clone())
            .collect()
    }

    /// Sets the owner of a part: this payment's reference, or the one that it was
    /// bound to before.
    pub(crate) fn bound(&mut self, part: &str, owner: &str) {
        let is_own = owner == self.payment.expected.reference();
        for each in &mut self.payment.state.parts {
            if each.id == part && !each.marks.has(Marks::BOUND) {
                each.marks.set(Marks::BOUND, true);
                if !is_own {
                    each.lasting.add(ReviewReason::Elsewhere);
                    each.owner = Some(owner.into());
                }
            }
        }
    }

    /// Holds, credits and reports. The second value is what has to be bound in the
    /// ledger.
    pub(crate) fn finish(mut self) -> (Change, Taken) {
        let credited = self.payment.credit();
        self.report_held();
        let reviews = std::mem::take(&mut self.reviews);
        let change = self.payment.conclude(&self.before, credited, reviews);
        let mut taken = Taken::default();
        if self.asks {
            taken.second = self.second.map(|copy| copy.to_string());
        }
        if let Some(Recorded {
            index,
            subject,
            before,
        }) = self.recorded
        {
            let after = self.payment.of_part(subject.as_deref());
            if let Some(delivery) = self.payment.state.deliveries.get_mut(index) {
                delivery.has_effect = after.0 > before.0 || after.1 > before.1;
                if self.asks {
                    taken.first = Some(delivery::owner(delivery));
                }
            }
        }
        (change, taken)
    }

    /// Each reason is reported once, when it holds a part after the step.
    fn report_held(&mut self) {
        if !self.payment.has_held() {
            return;
        }
        let view = self.payment.view();
        let mut new_reasons = Vec::new();
        for (index, part) in self.payment.state.parts.iter().enumerate() {
            if part.is_held() {
                let reasons = self.payment.holding(part, &view);
                for reason in reasons.iter().filter(|reason| !part.reported.has(*reason)) {
                    new_reasons.push((index, reason));
                }
            }
        }
        for (index, reason) in new_reasons {
            if let Some(part) = self.payment.state.parts.get_mut(index) {
                part.reported.add(reason);
                let mut review = Review::new(reason).about(&part.id);
                if let (ReviewReason::Elsewhere, Some(owner)) = (reason, &part.owner) {
                    review = review.saying(format!("first received under {owner}"));
                }
                self.review(review);
            }
        }
    }

    fn ingest(&mut self, event: &Event<'_>, owner: Owners) {
        match event.source {
            Source::Snapshot => self.snapshot(event),
            Source::Signed | Source::Lookup | Source::Unproven | Source::Trusted => {
                match event.parts.first() {
                    Some(part) => self.transfer(event, part, owner),
                    None => self.without_transfer(event),
                }
            }
        }
        if let Some(lookup) = &event.lookup {
            self.compare(event, lookup);
        }
    }
}
