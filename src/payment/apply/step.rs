//! [`Step`]: a callback that is being applied to a payment.

use crate::amount::Amount;
use crate::payment::change::Review;
use crate::payment::state::{Name, PartState, State};
use crate::payment::{Payment, PaymentStatus, total};

/// A callback that is being applied: between its beginning and its end, the ledger is
/// queried.
///
/// [`Endpoint`](crate::Endpoint) drives it; see [`Payment::apply`] for use without a
/// ledger.
#[derive(Debug)]
pub(crate) struct Step<'p> {
    pub(super) payment: &'p mut Payment,
    pub(super) before: Before,
    pub(super) reviews: Vec<Review>,
    pub(super) recorded: Option<Recorded>,
    /// Whether the ledger stores the names of deliveries.
    pub(super) asks: bool,
    /// The second copy of a delivery, if it has to be bound across all payments.
    pub(super) second: Option<Name>,
}

/// The delivery that a step recorded.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) index: usize,
    /// The transfer that the callback is about, and its credited and held amounts
    /// before this step.
    pub(super) subject: Option<String>,
    pub(super) before: (Amount, Amount),
}

/// A payment before a callback or a manual decision.
#[derive(Debug)]
pub(super) struct Before {
    pub(super) state: State,
    pub(super) sums: Sums,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sums {
    pub(super) status: PaymentStatus,
    pub(super) received: Amount,
    pub(super) credited: Amount,
    pub(super) held: Amount,
}

impl Payment {
    /// The credited and held amounts of the parts with an id.
    pub(super) fn of_part(&self, id: Option<&str>) -> (Amount, Amount) {
        let parts = || self.state.parts.iter();
        let own = || parts().filter(|part| Some(part.id.as_str()) == id);
        let held = own().filter(|part| part.outcome.is_settled());
        let held = held.map(PartState::remaining).collect::<Vec<_>>();
        (total(own().map(|part| &part.credited)), total(held.iter()))
    }

    pub(super) fn before(&self) -> Before {
        Before {
            state: self.state.clone(),
            sums: self.sums(),
        }
    }

    pub(super) fn sums(&self) -> Sums {
        let received = self.received();
        Sums {
            status: self.status_with(&received),
            received,
            credited: self.credited(),
            held: self.held(),
        }
    }
}

impl Step<'_> {
    /// Adds a review, once for each reason and part.
    pub(super) fn review(&mut self, review: Review) {
        let is_known = self
            .reviews
            .iter()
            .any(|known| known.reason() == review.reason() && known.part() == review.part());
        if !is_known {
            self.reviews.push(review);
        }
    }
}
