//! A transfer: rules 2, 4, 5, 8, 11 and 17.

use super::delivery::{Copy, MAX_DELIVERIES, Owners, confirms};
use super::step::Step;
use crate::amount::Amount;
use crate::digest::Digest16;
use crate::event::{Event, OwnStatus, Part, PartOutcome, Reading, Source};
use crate::payment::change::{Reasons, Review, ReviewReason};
use crate::payment::expected::Fit;
use crate::payment::kind::ExpectedKind;
use crate::payment::state::{Instant, Marks, Name, PartState};
use crate::shared_str::SharedStr;

/// Rule 17.
const MAX_PARTS: usize = 64;
/// The number of remembered reports of money that counts in no sum.
const MAX_REPORTED: usize = 128;

impl Step<'_> {
    pub(super) fn transfer(&mut self, event: &Event<'_>, part: &Part<'_>, owner: Owners) {
        let fit = self.payment.expected.fit(&part.amounts);
        let fits = event.kind == self.payment.expected.event_kind() && fit != Fit::Other;
        let is_read = self.is_read(event, part);
        let counts = is_read || event.has_signed_split();
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
        if counts && !conflicts && part.outcome.is_settled() {
            self.hear_own_status(event);
        }
        self.hear_total_paid(event);
    }

    /// Whether reference and amount are unambiguous, by themselves or by the API's
    /// response.
    fn is_read(&self, event: &Event<'_>, part: &Part<'_>) -> bool {
        let listed = event.lookup.as_ref().is_some_and(|lookup| {
            lookup.kind == event.kind
                && lookup.reference == event.reference
                && confirms(lookup, &part.id, part)
        });
        let is_settled = match event.reading {
            Reading::Ambiguous { .. } => {
                let amount = part.amounts.first().and_then(|money| money.amount.as_ref());
                event.is_read_uniquely()
                    && amount.is_some_and(|amount| self.payment.expected.settles_reading(amount))
            }
            Reading::Unique | Reading::ReferenceReported => event.is_read_uniquely(),
        };
        is_settled || listed
    }

    pub(super) fn is_full(&self) -> bool {
        self.payment.state.parts.len() >= MAX_PARTS
    }

    /// Updates a part that is known under this id, with this amount.
    pub(super) fn known(&self, event: &Event<'_>, part: &Part<'_>) -> Option<usize> {
        let amount = identity(event, self.payment.expected.fit(&part.amounts), part);
        self.payment.state.parts.iter().position(|known| {
            *known.id == *part.id && amount.is_some_and(|amount| known.amount == *amount)
        })
    }

    fn knows_id(&self, part: &Part<'_>) -> bool {
        let mut parts = self.payment.state.parts.iter();
        parts.any(|known| *known.id == *part.id)
    }

    pub(super) fn push(
        &mut self,
        event: &Event<'_>,
        part: &Part<'_>,
        is_read: bool,
        amount: Option<&Amount>,
        mark: impl FnOnce(&mut PartState),
    ) -> usize {
        let fit = self.payment.expected.fit(&part.amounts);
        let mut new = PartState {
            // Copies: a slice would keep the whole body.
            id: SharedStr::from(&*part.id),
            alias: part.alias.as_deref().map(SharedStr::from),
            amount: amount.cloned().unwrap_or_default(),
            value: None,
            outcome: PartOutcome::Unknown,
            time: None,
            first: None,
            order: 0,
            credited: Amount::default(),
            rejected: Amount::default(),
            lasting: Reasons::default(),
            reported: Reasons::default(),
            marks: Marks::default(),
            owner: None,
        };
        new.marks.set(Marks::UNVALUED, amount.is_none());
        new.marks.set(Marks::UNREAD, !is_read);
        new.marks
            .set(Marks::UNNAMED, matches!(fit, Fit::Unnamed(_)));
        new.marks.set(
            Marks::TRUSTED,
            matches!(event.source, Source::Snapshot | Source::Trusted),
        );
        mark(&mut new);
        let parts = &mut self.payment.state.parts;
        parts.push(new);
        parts.len() - 1
    }

    /// Rules 2 and 4: the latest signed time takes precedence, and an equal one only
    /// if it is more final.
    pub(super) fn move_part(
        &mut self,
        event: &Event<'_>,
        part: &Part<'_>,
        index: usize,
        is_read: bool,
        conflicts: bool,
    ) {
        let is_invoice = self.payment.expected.kind() == ExpectedKind::Invoice;
        let time = event.time.map(Instant::from);
        let is_named = matches!(self.payment.expected.fit(&part.amounts), Fit::Fits(_));
        let Some(known) = self.payment.state.parts.get_mut(index) else {
            return;
        };
        if is_named {
            known.marks.set(Marks::UNNAMED, false);
        }
        let seen = part.time.map(Instant::from).or(time);
        if known
            .first
            .is_none_or(|first| seen.is_some_and(|seen| seen < first))
        {
            known.first = seen;
        }
        let is_newer = match (known.time, time) {
            (Some(known_time), Some(time)) if time != known_time => time > known_time,
            _ => part.outcome > known.outcome,
        };
        if !is_newer {
            return;
        }
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
            known.reported.add(ReviewReason::ConflictingDelivery);
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
    pub(super) fn is_unreported(&mut self, digest: Digest16) -> bool {
        let (name, reported) = (Name(digest), &mut self.payment.state.reported);
        if reported.contains(&name) {
            return false;
        }
        if reported.len() < MAX_REPORTED {
            reported.push(name);
        }
        true
    }

    /// Rule 11: reported once when it settles, and counted in no sum.
    pub(super) fn report_other_money(&mut self, event: &Event<'_>, part: &Part<'_>) {
        if !part.outcome.is_settled() {
            return;
        }
        if !self.is_unreported(event.copy(Some(part))) {
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
            OwnStatus::Doubtful | OwnStatus::Underpaid => true,
            OwnStatus::Resolved => false,
            OwnStatus::Other | OwnStatus::Pending | OwnStatus::Ended => return,
        };
        let Some(time) = event.time.map(Instant::from) else {
            return;
        };
        let own = &mut self.payment.state.own;
        let is_newer = own.is_none_or(|(known, was_doubt)| {
            time > known || (time == known && is_doubt && !was_doubt)
        });
        if is_newer {
            *own = Some((time, is_doubt));
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
        let is_newer = known.as_ref().is_none_or(|(known, _)| time >= *known);
        if is_newer {
            *known = Some((time, total.clone()));
        }
    }
}

/// The amount in the wallet's currency, if the gateway converted it.
pub(super) fn set_value(part: &mut PartState, converted: Option<&Amount>) {
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
