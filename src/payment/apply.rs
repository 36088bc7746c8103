//! Applying a callback to a payment: the rules of PAYMENTS, in their order.

use super::change::{Change, Review, ReviewReason};
use super::expected::{ExpectedKind, Fit};
use super::history::{Closed, Delivery, Instant, Marks, Name, PartState};
use super::{Payment, PaymentStatus};
use crate::amount::Amount;
use crate::digest::Digest16;
use crate::event::{Event, Kind, Lookup, OwnStatus, Part, PartOutcome, Reading, Source};
use crate::text::Text;

/// Rule 17.
const MAX_PARTS: usize = 64;
const MAX_DELIVERIES: usize = 256;
/// The total number of further copies of deliveries that are remembered.
const MAX_COPIES: usize = 64;
/// The number of remembered reports of money that counts in no sum.
const MAX_TOLD: usize = 128;

/// The owner of a delivery's name among the merchant's payments: the ledger's string.
///
/// The digest of a copy, whether it credited or held anything, and its part.
struct DeliveryOwner {
    copy: Name,
    has_effect: bool,
    part: Text,
}

impl DeliveryOwner {
    fn parse(text: &str) -> Option<Self> {
        let (copy, rest) = text.split_once(':')?;
        let (effect, part) = rest.split_once(':')?;
        Some(Self {
            copy: copy.parse().ok()?,
            has_effect: effect == "1",
            part: part.into(),
        })
    }
}

/// The owners of the names of a delivery's first two copies.
#[derive(Default)]
struct Owners {
    first: Option<DeliveryOwner>,
    second: Option<Name>,
}

/// The names that a step binds in the ledger for its delivery, across all payments.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// The owner to bind the delivery's name to.
    pub(crate) first: Option<String>,
    /// The owner to bind the name of its second copy to.
    pub(crate) second: Option<String>,
}

/// A callback that is being applied: between its beginning and its end, the ledger is
/// queried.
///
/// [`Endpoint`](crate::Endpoint) drives it; see [`Payment::apply`] for use without a
/// ledger.
#[derive(Debug)]
pub(crate) struct Step<'p> {
    payment: &'p mut Payment,
    before: Sums,
    reviews: Vec<Review>,
    recorded: Option<Recorded>,
    /// Whether the ledger stores the names of deliveries.
    asks: bool,
    /// The second copy of a delivery, if it has to be bound across all payments.
    second: Option<Name>,
    /// Set with every change of the state, except for credits.
    must_save: bool,
}

/// The delivery that a step recorded.
#[derive(Debug)]
struct Recorded {
    index: usize,
    /// The transfer that the callback is about, and its credited and held amounts
    /// before this step.
    subject: Option<String>,
    before: (Amount, Amount),
}

#[derive(Debug, Clone, PartialEq)]
struct Sums {
    status: PaymentStatus,
    received: Amount,
    credited: Amount,
    held: Amount,
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
        let before = self.sums();
        let asks = self.asks_for_delivery(event);
        let mut step = Step {
            payment: self,
            before,
            asks,
            reviews: Vec::new(),
            recorded: None,
            second: None,
            must_save: false,
        };
        let owner = Owners {
            first: owner.and_then(DeliveryOwner::parse),
            second: second.and_then(|copy| copy.parse().ok()),
        };
        step.ingest(event, owner);
        step
    }

    /// The credited and held amounts of the parts with an id.
    fn of_part(&self, id: Option<&str>) -> (Amount, Amount) {
        let parts = || self.state.parts.iter();
        let own = || parts().filter(|part| Some(part.id.as_str()) == id);
        let held = own().filter(|part| part.outcome.is_settled());
        let held = held.map(PartState::remaining).collect::<Vec<_>>();
        (
            super::total(own().map(|part| &part.credited)),
            super::total(held.iter()),
        )
    }

    fn sums(&self) -> Sums {
        let received = self.received();
        Sums {
            status: self.status_with(&received),
            received,
            credited: self.credited(),
            held: self.held(),
        }
    }

    /// Accepts everything that is held, after manual review: it is credited now
    /// (PAYMENTS, rule 16).
    pub fn accept_held(&mut self) -> Change {
        let before = self.sums();
        let mut credited = Amount::default();
        for part in &mut self.state.parts {
            if part.is_held() && !part.marks.has(Marks::UNVALUED) {
                let rest = part.remaining();
                credited = super::add(&credited, &rest);
                part.credited = super::add(&part.credited, &rest);
            }
        }
        let after = self.sums();
        self.conclude(&before, &after, credited, Vec::new(), false)
    }

    /// Rejects everything that is held, after manual review: it is not credited, and
    /// the same money is not reported again (PAYMENTS, rule 16).
    pub fn reject_held(&mut self) -> Change {
        let before = self.sums();
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
        let after = self.sums();
        self.conclude(&before, &after, Amount::default(), Vec::new(), false)
    }

    fn conclude(
        &mut self,
        before: &Sums,
        after: &Sums,
        credited: Amount,
        mut reviews: Vec<Review>,
        must_save: bool,
    ) -> Change {
        let is_paid = matches!(after.status, PaymentStatus::Paid | PaymentStatus::Overpaid);
        let newly_paid = is_paid && !self.state.was_paid;
        self.state.was_paid |= is_paid;
        let is_changed = after != before || !reviews.is_empty();
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

/// Whether the callback is the first copy of its delivery, and how to proceed.
enum Copy {
    /// Not seen before.
    First,
    /// A duplicate: no change, except for the API's response (rule 1).
    Repeated,
    /// A copy with different unsigned fields. It may be received, and is held for
    /// that.
    Conflicting { may_be_received: bool },
    /// A copy with different unsigned fields, but the API lists both transfers.
    Ordinary,
}

impl Step<'_> {
    /// Returns the parts whose ids have to be bound to this payment's reference
    /// before the step is finished (rule 13).
    pub(crate) fn claims(&self) -> Vec<Text> {
        let parts = self.payment.state.parts.iter();
        parts
            .filter(|part| part.outcome.is_settled() && !part.marks.has(Marks::BOUND))
            .filter(|part| !part.marks.has(Marks::UNREAD) || part.marks.has(Marks::CONFIRMED))
            .map(|part| part.id.clone())
            .collect()
    }

    /// Sets the owner of a part: this payment's reference, or the one that it was
    /// bound to before.
    pub(crate) fn bound(&mut self, part: &str, owner: &str) {
        let is_own = owner == self.payment.expected.reference();
        self.must_save = true;
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
        let is_same = !self.must_save && credited.is_zero();
        let after = if is_same {
            self.before.clone()
        } else {
            self.payment.sums()
        };
        let change = self
            .payment
            .conclude(&self.before, &after, credited, reviews, self.must_save);
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
                    taken.first = Some(format!(
                        "{}:{}:{}",
                        delivery.copy,
                        u8::from(delivery.has_effect),
                        delivery.part.as_deref().unwrap_or_default(),
                    ));
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
        let mut news = Vec::new();
        for (index, part) in self.payment.state.parts.iter().enumerate() {
            if part.is_held() {
                let reasons = self.payment.holding(part, &view);
                for reason in reasons.iter().filter(|reason| !part.told.has(*reason)) {
                    news.push((index, reason));
                }
            }
        }
        for (index, reason) in news {
            if let Some(part) = self.payment.state.parts.get_mut(index) {
                part.told.add(reason);
                let mut review = Review::new(reason).about(&part.id);
                if let (ReviewReason::Elsewhere, Some(owner)) = (reason, &part.owner) {
                    review = review.saying(format!("first received under {owner}"));
                }
                self.must_save = true;
                self.review(review);
            }
        }
    }

    /// Adds a review, once for each reason and part.
    fn review(&mut self, review: Review) {
        let is_known = self
            .reviews
            .iter()
            .any(|known| known.reason() == review.reason() && known.part() == review.part());
        if !is_known {
            self.reviews.push(review);
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

    // Deliveries: rule 1.

    /// Classifies this copy of the delivery, and records it.
    fn deliver(
        &mut self,
        event: &Event<'_>,
        part: Option<&Part<'_>>,
        owner: Owners,
        is_read: bool,
    ) -> Copy {
        let (name, copy) = (Name(event.delivery), Name(event.copy(part)));
        let deliveries = &mut self.payment.state.deliveries;
        let known = deliveries.iter().position(|known| known.name == name);
        let second = owner.second.filter(|second| *second != copy);
        let entry = match (known, owner.first) {
            (Some(index), _) => index,
            // It belongs to another payment of the merchant.
            (None, Some(owner)) => {
                if owner.copy == copy {
                    return Copy::Repeated;
                }
                if deliveries.len() >= MAX_DELIVERIES {
                    let has_effect = owner.has_effect || second.is_some();
                    return self.conflict(None, copy, part, has_effect);
                }
                deliveries.push(Delivery {
                    name,
                    copy: owner.copy,
                    part: Some(owner.part),
                    has_effect: owner.has_effect,
                    others: Vec::new(),
                });
                deliveries.len() - 1
            }
            (None, None) => {
                // An ambiguous reading binds no name (rule 18).
                if is_read && deliveries.len() < MAX_DELIVERIES {
                    let index = deliveries.len();
                    deliveries.push(Delivery {
                        name,
                        copy,
                        part: part.map(|part| Text::from(&*part.id)),
                        has_effect: false,
                        others: Vec::new(),
                    });
                    let subject = event.parts.first().map(|part| part.id.to_string());
                    self.recorded = Some(Recorded {
                        index,
                        before: self.payment.of_part(subject.as_deref()),
                        subject,
                    });
                    self.must_save = true;
                }
                return Copy::First;
            }
        };
        let Some(first) = self.payment.state.deliveries.get(entry) else {
            return Copy::First;
        };
        if first.copy == copy {
            return Copy::Repeated;
        }
        let lists_both = match (&event.lookup, part, &first.part) {
            (Some(lookup), Some(part), Some(other)) => {
                *part.id != **other && lists(lookup, &part.id, part) && lists(lookup, other, part)
            }
            _ => false,
        };
        let is_known_copy = first.others.contains(&copy);
        if lists_both {
            // If it was received before, the API releases it like any other part.
            let stands = part.is_some_and(|part| self.known(event, part).is_some());
            if !is_known_copy {
                self.remember_copy(entry, copy);
            }
            return if stands {
                Copy::Repeated
            } else {
                Copy::Ordinary
            };
        }
        if is_known_copy {
            return Copy::Repeated;
        }
        let has_effect = first.has_effect || !first.others.is_empty() || second.is_some();
        self.conflict(Some(entry), copy, part, has_effect)
    }

    fn conflict(
        &mut self,
        entry: Option<usize>,
        copy: Name,
        part: Option<&Part<'_>>,
        has_effect: bool,
    ) -> Copy {
        if let Some(entry) = entry {
            self.remember_copy(entry, copy);
        }
        self.second = Some(copy);
        let mut review = Review::new(ReviewReason::ConflictingDelivery);
        if let Some(part) = part {
            review = review.about(&part.id);
        }
        self.review(review);
        Copy::Conflicting {
            may_be_received: !has_effect,
        }
    }

    /// Copies are bounded like deliveries: an attacker who can create one can create
    /// many.
    fn remember_copy(&mut self, entry: usize, copy: Name) {
        let deliveries = &mut self.payment.state.deliveries;
        let others: usize = deliveries.iter().map(|known| known.others.len()).sum();
        // The second copy of each delivery is always remembered: a third changes
        // nothing.
        if let Some(delivery) = deliveries.get_mut(entry)
            && (others < MAX_COPIES || delivery.others.is_empty())
        {
            delivery.others.push(copy);
            self.must_save = true;
        }
    }

    // Transfers: rules 2, 4, 5, 8, 11 and 17.

    fn transfer(&mut self, event: &Event<'_>, part: &Part<'_>, owner: Owners) {
        let fit = self.payment.expected.fit(&part.amounts);
        let fits = event.kind == self.payment.expected.event_kind() && fit != Fit::Other;
        let is_read = self.is_read(event, part);
        if fits && self.known(event, part).is_none() && self.is_full() {
            self.review(Review::new(ReviewReason::TooMany).about(&part.id));
            return;
        }
        let had_room = self.payment.state.deliveries.len() < MAX_DELIVERIES;
        let conflicts = match self.deliver(event, Some(part), owner, is_read) {
            Copy::First | Copy::Ordinary => false,
            Copy::Repeated => return,
            Copy::Conflicting { may_be_received } => {
                if !(may_be_received && fits && part.outcome.is_settled()) {
                    return;
                }
                true
            }
        };
        if !fits {
            self.report_other_money(event, part);
            return;
        }
        let (Fit::Fits(amount) | Fit::Unnamed(amount)) = fit else {
            return;
        };
        let index = self.known(event, part).unwrap_or_else(|| {
            let is_amended = self.knows_id(part);
            self.push(event, part, is_read, amount, |new| {
                if is_amended {
                    new.marks.set(Marks::AMENDED, true);
                    new.lasting.add(ReviewReason::Contradicted);
                }
                if !had_room {
                    new.lasting.add(ReviewReason::TooMany);
                }
            })
        });
        self.move_part(event, part, index, is_read, conflicts);
        if is_read && !conflicts && part.outcome.is_settled() {
            self.hear_own_status(event);
        }
        self.hear_total_paid(event);
    }

    /// Whether reference and amount are unambiguous, by themselves or by the API's
    /// response.
    fn is_read(&self, event: &Event<'_>, part: &Part<'_>) -> bool {
        let listed = event.lookup.as_ref().is_some_and(|lookup| {
            // A listed status that lags behind the callback's releases nothing.
            let is_stale = part.outcome.is_settled()
                && lookup
                    .part(&part.id)
                    .is_some_and(|listed| !listed.outcome.is_settled());
            lookup.kind == event.kind
                && lookup.reference == event.reference
                && lists(lookup, &part.id, part)
                && !is_stale
        });
        let is_settled = match event.reading {
            Reading::Undivided { .. } => {
                let amount = part.amounts.first().and_then(|money| money.amount.as_ref());
                event.is_read_uniquely()
                    && amount.is_some_and(|amount| self.payment.expected.settles_reading(amount))
            }
            Reading::Unique | Reading::ReferenceReported => event.is_read_uniquely(),
        };
        is_settled || listed
    }

    fn is_full(&self) -> bool {
        self.payment.state.parts.len() >= MAX_PARTS
    }

    /// Updates a part that is known under this id, with this amount.
    fn known(&self, event: &Event<'_>, part: &Part<'_>) -> Option<usize> {
        let amount = identity(event, self.payment.expected.fit(&part.amounts), part);
        self.payment.state.parts.iter().position(|known| {
            *known.id == *part.id && amount.is_some_and(|amount| known.amount == *amount)
        })
    }

    fn knows_id(&self, part: &Part<'_>) -> bool {
        let mut parts = self.payment.state.parts.iter();
        parts.any(|known| *known.id == *part.id)
    }

    fn push(
        &mut self,
        event: &Event<'_>,
        part: &Part<'_>,
        is_read: bool,
        amount: Option<&Amount>,
        mark: impl FnOnce(&mut PartState),
    ) -> usize {
        let mut new = PartState {
            // Copies: a slice would keep the whole body.
            id: Text::from(&*part.id),
            alias: part.alias.map(Text::from),
            amount: amount.cloned().unwrap_or_default(),
            value: None,
            outcome: PartOutcome::Unknown,
            time: None,
            first: None,
            order: 0,
            credited: Amount::default(),
            rejected: Amount::default(),
            lasting: super::change::Reasons::default(),
            told: super::change::Reasons::default(),
            marks: Marks::default(),
            owner: None,
        };
        new.marks.set(Marks::UNVALUED, amount.is_none());
        new.marks.set(Marks::UNREAD, !is_read);
        new.marks.set(
            Marks::TRUSTED,
            matches!(event.source, Source::Snapshot | Source::Trusted),
        );
        mark(&mut new);
        let parts = &mut self.payment.state.parts;
        parts.push(new);
        self.must_save = true;
        parts.len() - 1
    }

    /// Rules 2 and 4: the latest signed time takes precedence, and an equal one only
    /// if it is more final.
    fn move_part(
        &mut self,
        event: &Event<'_>,
        part: &Part<'_>,
        index: usize,
        is_read: bool,
        conflicts: bool,
    ) {
        let is_invoice = self.payment.expected.kind() == ExpectedKind::Invoice;
        let time = event.time.map(Instant::from);
        let Some(known) = self.payment.state.parts.get_mut(index) else {
            return;
        };
        let seen = part.time.map(Instant::from).or(time);
        if known
            .first
            .is_none_or(|first| seen.is_some_and(|seen| seen < first))
        {
            known.first = seen;
            self.must_save = true;
        }
        let is_news = match (known.time, time) {
            (Some(known_time), Some(time)) if time != known_time => time > known_time,
            _ => part.outcome > known.outcome,
        };
        if !is_news {
            return;
        }
        self.must_save = true;
        known.time = time.or(known.time);
        known.lasting.set(ReviewReason::WrongKind, !part.fits_kind);
        if is_read {
            known.marks.set(Marks::UNREAD, false);
        } else if part.outcome.is_settled() && !known.outcome.is_settled() {
            // The reading of an earlier, unsettled state proves nothing about this
            // one.
            known.marks.set(Marks::UNREAD, true);
        }
        if is_invoice && !known.is_decided() && !known.marks.has(Marks::CONFIRMED) {
            set_value(known, part.converted.as_ref());
        }
        if conflicts && !known.outcome.is_settled() && part.outcome.is_settled() {
            known.lasting.add(ReviewReason::ConflictingDelivery);
            // The step reports it itself.
            known.told.add(ReviewReason::ConflictingDelivery);
        }
        self.turn(index, part.outcome);
    }

    /// The transition from one outcome to another (rules 4 and 5).
    fn turn(&mut self, index: usize, outcome: PartOutcome) {
        let is_payout = self.payment.expected.kind() == ExpectedKind::Payout;
        let next = 1 + self
            .payment
            .state
            .parts
            .iter()
            .map(|part| part.order)
            .max()
            .unwrap_or_default();
        let Some(part) = self.payment.state.parts.get_mut(index) else {
            return;
        };
        let was_settled = part.outcome.is_settled();
        let time = part.time;
        part.outcome = outcome;
        let mut edge = None;
        if outcome.is_settled() && !was_settled {
            if part.order == 0 {
                part.order = next;
            }
            if part.is_credited() {
                edge = Some(ReviewReason::Restored);
            } else if is_payout && part.marks.has(Marks::HAD_FAILED) {
                part.lasting.add(ReviewReason::Restored);
            }
        } else if was_settled && !outcome.is_settled() && part.is_credited() {
            edge = Some(ReviewReason::Reversed);
        }
        if outcome.has_ended() {
            part.marks.set(Marks::HAD_FAILED, true);
        }
        let id = part.id.clone();
        if is_payout && outcome.has_ended() {
            let failed = &mut self.payment.state.failed;
            *failed = match (*failed, time) {
                (Some(earlier), Some(time)) => Some(earlier.min(time)),
                (None, time) => time,
                (earlier, None) => earlier,
            };
        }
        if let Some(reason) = edge {
            self.review(Review::new(reason).about(&id));
        }
    }

    /// Returns whether something was not reported yet, and marks it as reported.
    fn is_untold(&mut self, digest: Digest16) -> bool {
        let (name, told) = (Name(digest), &mut self.payment.state.told);
        if told.contains(&name) {
            return false;
        }
        if told.len() < MAX_TOLD {
            told.push(name);
            self.must_save = true;
        }
        true
    }

    /// Rule 11: reported once when it settles, and counted in no sum.
    fn report_other_money(&mut self, event: &Event<'_>, part: &Part<'_>) {
        if !part.outcome.is_settled() {
            return;
        }
        if !self.is_untold(event.copy(Some(part))) {
            return;
        }
        let expected = &self.payment.expected;
        let review = if event.kind == expected.event_kind() {
            let names = part.amounts.iter().flat_map(|money| money.names);
            let names: Vec<&str> = names.flatten().collect();
            let currency = expected.currency();
            Review::new(ReviewReason::WrongCurrency).saying(format!(
                "expected {currency}, received {}",
                names.join(" / ")
            ))
        } else {
            let (kind, expected) = (event.kind, expected.kind().as_str());
            Review::new(ReviewReason::WrongKind)
                .saying(format!("expected a {expected}, received a {kind}"))
        };
        self.review(review.about(&part.id));
    }

    /// Rule 8: the latest by signed time among callbacks about a settled part.
    fn hear_own_status(&mut self, event: &Event<'_>) {
        let is_doubt = match event.status {
            OwnStatus::Doubtful => true,
            OwnStatus::Resolved => false,
            OwnStatus::Other | OwnStatus::Pending | OwnStatus::Ended => return,
        };
        let Some(time) = event.time.map(Instant::from) else {
            return;
        };
        let own = &mut self.payment.state.own;
        let is_news = own.is_none_or(|(known, was_doubt)| {
            time > known || (time == known && is_doubt && !was_doubt)
        });
        if is_news {
            *own = Some((time, is_doubt));
            self.must_save = true;
        }
    }

    /// The latest `target_paid` of an invoice (rule 10).
    fn hear_total_paid(&mut self, event: &Event<'_>) {
        let is_invoice = self.payment.expected.kind() == ExpectedKind::Invoice;
        let (true, Some(time), Some(total)) =
            (is_invoice, event.time.map(Instant::from), &event.total_paid)
        else {
            return;
        };
        let known = &mut self.payment.state.total_paid;
        let is_news = known.as_ref().is_none_or(|(known, _)| time >= *known);
        if is_news {
            *known = Some((time, total.clone()));
            self.must_save = true;
        }
    }

    // Callbacks without a transfer: rule 14.

    fn without_transfer(&mut self, event: &Event<'_>) {
        let is_read = event.is_read_uniquely() || event.lookup.is_some();
        let is_first = match self.deliver(event, None, Owners::default(), is_read) {
            Copy::First | Copy::Ordinary => true,
            // A repeated lookup may return more.
            Copy::Repeated if event.lookup.is_some() => false,
            Copy::Repeated | Copy::Conflicting { .. } => return,
        };
        if event.kind != self.payment.expected.event_kind() || self.payment.expected.is_top_up() {
            return;
        }
        let is_signed = event.source == Source::Signed && event.reading == Reading::Unique;
        let mut is_confirmed = false;
        if let Some(lookup) = &event.lookup {
            if lookup.kind != event.kind || lookup.reference != event.reference {
                if self.is_untold(event.copy(None)) {
                    self.review(Review::new(ReviewReason::Contradicted));
                }
                return;
            }
            is_confirmed = lookup.status == OwnStatus::Ended;
        }
        match event.status {
            OwnStatus::Ended if is_signed || is_confirmed => {
                let is_new = self.close(event);
                // A payout's signature covers only its id and the time.
                if is_new && event.kind == Kind::Payout && !is_confirmed {
                    let review = Review::new(ReviewReason::Unproven);
                    self.review(review.saying("no signature covers that a payout ended"));
                }
            }
            OwnStatus::Doubtful if is_signed && is_first => {
                self.review(Review::new(ReviewReason::Unresolved));
            }
            _ => {}
        }
    }

    /// Closes a payment without pending, held or credited money. Returns whether it
    /// was open before.
    fn close(&mut self, event: &Event<'_>) -> bool {
        let status = self.payment.status();
        if !matches!(status, PaymentStatus::Open | PaymentStatus::Closed) {
            return false;
        }
        let at = event.time.map(Instant::from);
        let closed = &mut self.payment.state.closed;
        let known = closed.and_then(|closed| closed.at);
        // A close without a time adds nothing to one with a time.
        let earlier = Closed {
            at: known.into_iter().chain(at).min(),
        };
        if *closed != Some(earlier) {
            let is_first = closed.is_none();
            *closed = Some(earlier);
            self.must_save = true;
            return is_first;
        }
        false
    }

    // CityPay.io's snapshots: rules 3, 8 and 15.

    fn snapshot(&mut self, event: &Event<'_>) {
        let had_room = self.payment.state.deliveries.len() < MAX_DELIVERIES;
        match self.deliver(event, None, Owners::default(), true) {
            Copy::First => {}
            Copy::Repeated | Copy::Ordinary | Copy::Conflicting { .. } => return,
        }
        if event.kind != self.payment.expected.event_kind() {
            for part in &event.parts {
                self.report_other_money(event, part);
            }
            return;
        }
        if event.parts.is_empty() {
            self.without_transactions(event);
            return;
        }
        for part in &event.parts {
            self.transaction(event, part, had_room);
        }
    }

    fn without_transactions(&mut self, event: &Event<'_>) {
        match event.status {
            OwnStatus::Resolved => {
                self.review(
                    Review::new(ReviewReason::Contradicted)
                        .saying("the order is confirmed and lists no transaction"),
                );
                self.await_parts();
            }
            OwnStatus::Doubtful => {
                self.review(Review::new(ReviewReason::Unresolved));
                self.await_parts();
            }
            OwnStatus::Pending => self.await_parts(),
            OwnStatus::Ended => {
                self.close(event);
            }
            OwnStatus::Other => {}
        }
    }

    fn await_parts(&mut self) {
        if self.payment.state.parts.is_empty() {
            self.payment.state.awaits_parts = true;
            self.must_save = true;
        }
    }

    fn transaction(&mut self, event: &Event<'_>, part: &Part<'_>, had_room: bool) {
        let fit = self.payment.expected.fit(&part.amounts);
        let (Fit::Fits(amount) | Fit::Unnamed(amount)) = fit else {
            self.report_other_money(event, part);
            return;
        };
        let is_named = matches!(fit, Fit::Fits(_));
        let currency = self.payment.expected.currency();
        let totals_agree = part
            .amounts
            .iter()
            .filter(|money| money.is_in(currency))
            .all(|money| money.totals_agree);
        let known = self.payment.state.parts.iter().position(|known| {
            *known.id == *part.id || (part.alias.is_some() && known.alias.as_deref() == part.alias)
        });
        let index = match known {
            Some(index) => index,
            None if self.is_full() => {
                self.review(Review::new(ReviewReason::TooMany).about(&part.id));
                return;
            }
            None => self.push(event, part, is_named, amount, |new| {
                if !had_room {
                    new.lasting.add(ReviewReason::TooMany);
                }
            }),
        };
        self.must_save |= std::mem::take(&mut self.payment.state.awaits_parts);
        let mut contradiction = None;
        if let Some(known) = self.payment.state.parts.get_mut(index) {
            if known.marks.has(Marks::UNVALUED)
                && let Some(amount) = amount
            {
                known.amount = amount.clone();
                known.marks.set(Marks::UNVALUED, false);
                self.must_save = true;
            }
            let agrees = amount.is_none_or(|amount| known.amount == *amount);
            if known.is_decided() {
                // Reported once; credits do not change.
                let is_new = !agrees && !known.told.has(ReviewReason::Contradicted);
                if is_new {
                    known.told.add(ReviewReason::Contradicted);
                    contradiction = Some(known.id.clone());
                }
            } else {
                known
                    .lasting
                    .set(ReviewReason::Contradicted, !(agrees && totals_agree));
            }
        }
        if let Some(id) = contradiction {
            self.review(Review::new(ReviewReason::Contradicted).about(&id));
        }
        let is_new = self
            .payment
            .state
            .parts
            .get(index)
            .is_some_and(|known| !known.outcome.is_settled() && part.outcome.is_settled());
        self.move_part(event, part, index, is_named, false);
        if let Some(known) = self.payment.state.parts.get_mut(index) {
            match event.status {
                OwnStatus::Resolved => known.marks.set(Marks::DOUBTFUL, false),
                OwnStatus::Doubtful if is_new => known.marks.set(Marks::DOUBTFUL, true),
                OwnStatus::Ended if is_new => known.lasting.add(ReviewReason::Late),
                _ => {}
            }
        }
    }

    // The gateway's API: rule 12.

    fn compare(&mut self, event: &Event<'_>, lookup: &Lookup<'_>) {
        if event.kind != self.payment.expected.event_kind() {
            return;
        }
        let is_invoice = self.payment.expected.kind() == ExpectedKind::Invoice;
        let agrees = lookup.kind == event.kind && lookup.reference == event.reference;
        let mut contradictions = Vec::new();
        // Rule 9: whether every part of an amount is listed. A part that the API
        // lists as ended, although it counts as settled here, may be another transfer
        // under a rewritten id.
        let listed_all = |parts: &[PartState], amount: &Amount| {
            let mut same = parts.iter().filter(|part| part.amount == *amount);
            same.all(|part| {
                lookup.part(&part.id).is_some_and(|listed| {
                    let money = listed.amounts.first();
                    money.and_then(|money| money.amount.as_ref()) == Some(amount)
                        && !(listed.outcome.has_ended() && part.outcome.is_settled())
                })
            })
        };
        let expected = self.payment.expected.clone();
        for index in 0..self.payment.state.parts.len() {
            let Some(known) = self.payment.state.parts.get(index) else {
                continue;
            };
            let Some(listed) = lookup.part(&known.id) else {
                continue;
            };
            let amount = listed
                .amounts
                .first()
                .and_then(|money| money.amount.as_ref());
            let has_converted = listed.converted.is_some();
            let keeps_value = !is_invoice
                || !known.is_decided()
                // A conversion is final once the transfer is settled.
                || !listed.outcome.is_settled()
                || listed
                    .converted
                    .as_ref()
                    .is_none_or(|converted| converted == known.value());
            let is_same = agrees
                && amount == Some(&known.amount)
                && listed.fits_kind
                && expected.fit(&listed.amounts) != Fit::Other
                && keeps_value
                && !(listed.outcome.has_ended() && known.outcome.is_settled());
            let all = listed_all(&self.payment.state.parts, &known.amount);
            let Some(known) = self.payment.state.parts.get_mut(index) else {
                continue;
            };
            if !is_same {
                if known.outcome.is_settled() {
                    self.must_save = true;
                    if known.is_decided() {
                        if known.is_credited() && !known.told.has(ReviewReason::Contradicted) {
                            known.told.add(ReviewReason::Contradicted);
                            contradictions.push(known.id.clone());
                        }
                    } else {
                        known.lasting.add(ReviewReason::Contradicted);
                    }
                }
                continue;
            }
            // A status that merely lags behind the callback releases nothing.
            if !listed.outcome.is_settled() || !known.outcome.is_settled() {
                continue;
            }
            self.must_save = true;
            if !known.marks.has(Marks::AMENDED) {
                known.lasting.remove(ReviewReason::Contradicted);
                // After a credit, it is only reported, once.
                if !known.is_decided() {
                    known.told.remove(ReviewReason::Contradicted);
                }
            }
            known.lasting.remove(ReviewReason::ConflictingDelivery);
            known.lasting.remove(ReviewReason::WrongKind);
            if all {
                known.marks.set(Marks::EQUALS_LISTED, true);
            }
            if is_invoice && has_converted && !known.is_decided() {
                set_value(known, listed.converted.as_ref());
            }
            if !is_invoice || has_converted {
                known.marks.set(Marks::CONFIRMED, true);
            }
        }
        for id in contradictions {
            self.review(Review::new(ReviewReason::Contradicted).about(&id));
        }
    }
}

/// The amount in the wallet's currency, if the gateway converted it.
fn set_value(part: &mut PartState, converted: Option<&Amount>) {
    part.marks.set(Marks::UNVALUED, converted.is_none());
    part.value = Some(converted.cloned().unwrap_or_default());
}

/// The amount that identifies a part.
fn identity<'m>(event: &Event<'_>, fit: Fit<'m>, part: &'m Part<'_>) -> Option<&'m Amount> {
    match (event.source, fit) {
        (Source::Snapshot, Fit::Fits(amount) | Fit::Unnamed(amount)) => amount,
        _ => part.amounts.first().and_then(|money| money.amount.as_ref()),
    }
}

/// Whether the API lists a transfer of this part's amount under `id`.
fn lists(lookup: &Lookup<'_>, id: &str, part: &Part<'_>) -> bool {
    let amount = |part: &Part<'_>| part.amounts.first().and_then(|money| money.amount.clone());
    lookup
        .part(id)
        .is_some_and(|listed| amount(listed) == amount(part))
}

impl Payment {
    /// The digest under which a delivery's name is bound in a ledger.
    pub(crate) fn delivery_name(delivery: Digest16) -> String {
        format!("delivery:{}", Name(delivery))
    }
}
