//! The gateway's response about a whole order: rules 3, 8 and 15.

use super::delivery::{Copy, MAX_DELIVERIES, Owners};
use super::step::Step;
use crate::event::{Event, OwnStatus, Part};
use crate::payment::change::{Review, ReviewReason};
use crate::payment::expected::Fit;
use crate::payment::state::{Marks, PartState};

impl Step<'_> {
    pub(super) fn snapshot(&mut self, event: &Event<'_>) {
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
        let is_older = self.is_older(event);
        for part in &event.parts {
            self.transaction(event, part, had_room, is_older);
        }
    }

    /// Whether the snapshot lacks a known settled transaction, or does not have it as
    /// settled: it changes nothing about settled transactions (rule 3).
    fn is_older(&self, event: &Event<'_>) -> bool {
        let mut settled = self.payment.settled();
        settled.any(|known| {
            let mut parts = event.parts.iter();
            !parts.any(|part| is_known_as(known, part) && part.outcome.is_settled())
        })
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
            OwnStatus::Doubtful | OwnStatus::Underpaid => {
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
        }
    }

    fn transaction(&mut self, event: &Event<'_>, part: &Part<'_>, had_room: bool, is_older: bool) {
        let fit = self.payment.expected.fit(&part.amounts);
        let (Fit::Fits(amount) | Fit::Unnamed(amount)) = fit else {
            self.report_other_money(event, part);
            return;
        };
        let currency = self.payment.expected.currency();
        let totals_agree = part
            .amounts
            .iter()
            .filter(|money| money.is_in(currency))
            .all(|money| money.totals_agree);
        let mut parts = self.payment.state.parts.iter().enumerate();
        let known = parts.find(|(_, known)| is_known_as(known, part));
        let index = match known {
            Some((_, known)) if is_older && known.outcome.is_settled() => return,
            Some((index, _)) => index,
            None if self.is_full() => {
                self.review(Review::new(ReviewReason::TooMany).about(&part.id));
                return;
            }
            None => self.push(event, part, true, amount, |new| {
                if !had_room {
                    new.lasting.add(ReviewReason::TooMany);
                }
            }),
        };
        self.payment.state.awaits_parts = false;
        let mut contradiction = None;
        if let Some(known) = self.payment.state.parts.get_mut(index) {
            if known.marks.has(Marks::UNVALUED)
                && let Some(amount) = amount
            {
                known.amount = amount.clone();
                known.marks.set(Marks::UNVALUED, false);
            }
            let agrees = amount.is_none_or(|amount| known.amount == *amount);
            if known.is_decided() {
                // Reported once; credits do not change.
                let is_new = !agrees && !known.reported.has(ReviewReason::Contradicted);
                if is_new {
                    known.reported.add(ReviewReason::Contradicted);
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
        self.move_part(event, part, index, true, false);
        if let Some(known) = self.payment.state.parts.get_mut(index) {
            match event.status {
                OwnStatus::Resolved => known.marks.set(Marks::DOUBTFUL | Marks::UNDERPAID, false),
                OwnStatus::Underpaid if is_new => known.marks.set(Marks::UNDERPAID, true),
                // The rest arrived, and more than that.
                OwnStatus::Doubtful if is_new || known.marks.has(Marks::UNDERPAID) => {
                    known.marks.set(Marks::DOUBTFUL, true);
                    known.marks.set(Marks::UNDERPAID, false);
                }
                OwnStatus::Ended if is_new => known.lasting.add(ReviewReason::Late),
                _ => {}
            }
        }
    }
}

/// Whether it is the same transaction, by its id or its hash.
fn is_known_as(known: &PartState, part: &Part<'_>) -> bool {
    *known.id == *part.id
        || (part.alias.is_some() && known.alias.as_deref() == part.alias.as_deref())
}
