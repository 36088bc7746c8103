//! The response of the gateway's API: rule 12.

use super::step::Step;
use super::transfer::set_value;
use crate::amount::Amount;
use crate::event::{Event, Lookup};
use crate::payment::change::{Review, ReviewReason};
use crate::payment::expected::Fit;
use crate::payment::kind::ExpectedKind;
use crate::payment::state::{Marks, PartState};

impl Step<'_> {
    pub(super) fn compare(&mut self, event: &Event<'_>, lookup: &Lookup<'_>) {
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
            let fit = expected.fit(&listed.amounts);
            let is_same = agrees
                && amount == Some(&known.amount)
                && listed.fits_kind
                && fit != Fit::Other
                && keeps_value
                && !(listed.outcome.has_ended() && known.outcome.is_settled());
            let all = listed_all(&self.payment.state.parts, &known.amount);
            let Some(known) = self.payment.state.parts.get_mut(index) else {
                continue;
            };
            if !is_same {
                if !known.is_decided() {
                    // While it is pending, this holds it as soon as it settles.
                    known.lasting.add(ReviewReason::Contradicted);
                } else if known.outcome.is_settled()
                    && known.is_credited()
                    && !known.reported.has(ReviewReason::Contradicted)
                {
                    known.reported.add(ReviewReason::Contradicted);
                    contradictions.push(known.id.clone());
                }
                continue;
            }
            if !known.outcome.is_settled() {
                if !known.marks.has(Marks::AMENDED) {
                    known.lasting.remove(ReviewReason::Contradicted);
                }
                continue;
            }
            // A status that merely lags behind the callback releases nothing.
            if !listed.outcome.is_settled() {
                continue;
            }
            // Neither does a response that names no currency either.
            if known.marks.has(Marks::UNNAMED) && !matches!(fit, Fit::Fits(_)) {
                continue;
            }
            if !known.marks.has(Marks::AMENDED) {
                known.lasting.remove(ReviewReason::Contradicted);
                // After a credit, it is only reported, once.
                if !known.is_decided() {
                    known.reported.remove(ReviewReason::Contradicted);
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
