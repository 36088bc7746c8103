//! A callback without a transfer, which may close the payment: rule 14.

use super::delivery::{Copy, Owners};
use super::step::Step;
use crate::event::{Event, OwnStatus, PaymentKind, Reading, Source};
use crate::payment::PaymentStatus;
use crate::payment::change::{Review, ReviewReason};
use crate::payment::state::{Closed, Instant};

impl Step<'_> {
    pub(super) fn without_transfer(&mut self, event: &Event<'_>) {
        let is_read = event.is_read_uniquely() || event.lookup.is_some();
        let is_first = match self.deliver(event, None, Owners::default(), is_read) {
            Copy::First | Copy::Ordinary => true,
            // A repeated lookup may return more.
            Copy::Repeated if event.lookup.is_some() => false,
            Copy::Repeated | Copy::Conflicting { .. } => return,
        };
        if event.kind != self.payment.expected.event_kind() {
            return;
        }
        let is_signed = event.source == Source::Signed && event.reading == Reading::Unique;
        let mut is_confirmed = false;
        if let Some(lookup) = &event.lookup {
            if lookup.kind != event.kind || lookup.reference != event.reference {
                if self.is_unreported(event.copy(None)) {
                    self.review(Review::new(ReviewReason::Contradicted));
                }
                return;
            }
            is_confirmed = lookup.status == OwnStatus::Ended;
        }
        match event.status {
            // Each transfer of a top-up is a payment of its own: none is closed here.
            OwnStatus::Ended if self.payment.expected.is_top_up() => {}
            OwnStatus::Ended if is_signed || is_confirmed => {
                let is_new = self.close(event);
                // A payout's signature covers only its id and the time.
                if is_new && event.kind == PaymentKind::Payout && !is_confirmed {
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
    pub(super) fn close(&mut self, event: &Event<'_>) -> bool {
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
            return is_first;
        }
        false
    }
}
