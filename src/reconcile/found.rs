//! [`Reconciliation`]: what was found, and what it was compared with.

use std::fmt;

use super::Verdict;
use crate::amount::Amount;
use crate::event::Event;
use crate::fact::Fact;
use crate::outcome::Outcome;

/// What the expectation was compared with, of one fact.
///
/// See [`Expected`](super::Expected) for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compared {
    /// With nothing: it was not expected, is not there, or the verdict was out
    /// before.
    No,
    /// With what the evidence covers.
    Proven,
    /// With what the sender says.
    Reported,
}

impl Compared {
    pub(super) fn with<T>(fact: &Fact<T>) -> Self {
        match fact {
            Fact::Proven(_) => Self::Proven,
            Fact::Reported(_) => Self::Reported,
        }
    }

    /// `not compared`, `proven` or `reported`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::No => "not compared",
            Self::Proven => "proven",
            Self::Reported => "reported",
        }
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How far what came is from the expected amount, without any tolerance.
///
/// See [`Expected`](super::Expected) for an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Not at all.
    Exact,
    /// This much more.
    Over(Amount),
    /// This much less.
    Under(Amount),
}

/// What [`Expected::reconcile`](super::Expected::reconcile) found.
///
/// See [`Expected`](super::Expected) for an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    pub(super) verdict: Verdict,
    pub(super) facts: Facts,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) reference: Compared,
    pub(super) kind: Compared,
    pub(super) currency: Compared,
    pub(super) amount: Compared,
    pub(super) time: Compared,
    pub(super) outcome: Fact<Outcome>,
    pub(super) received: Option<Fact<Amount>>,
    pub(super) total: Option<Fact<Amount>>,
    pub(super) difference: Option<Difference>,
}

impl Facts {
    pub(super) fn none(outcome: Fact<Outcome>) -> Self {
        Self {
            reference: Compared::No,
            kind: Compared::No,
            currency: Compared::No,
            amount: Compared::No,
            time: Compared::No,
            outcome,
            received: None,
            total: None,
            difference: None,
        }
    }
}

impl Reconciliation {
    /// Nothing else of it can be compared.
    pub(super) fn of_another_kind(event: &Event<'_>) -> Self {
        Self {
            verdict: Verdict::WrongKind,
            facts: Facts {
                kind: Compared::with(&event.kind()),
                ..Facts::none(event.outcome())
            },
        }
    }

    /// What it comes to.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// What became of the payment: of an undivided text, as the expectation
    /// divides it.
    #[must_use]
    pub fn outcome(&self) -> Fact<Outcome> {
        self.facts.outcome
    }

    /// What this callback's payment amounts to; of an order, all transactions in
    /// the answer together. In the expected currency, as far as that is known.
    /// `None` if reference, kind or currency are wrong, and of what was not paid.
    #[must_use]
    pub fn received(&self) -> Option<Fact<&Amount>> {
        self.facts.received.as_ref().map(Fact::as_ref)
    }

    /// All that came for this payment, the balance to set: of a deposit or payout
    /// [`received`](Self::received) and what was
    /// [already received](super::Expected::already_received), of an order what its
    /// answer says.
    #[must_use]
    pub fn total(&self) -> Option<Fact<&Amount>> {
        self.facts.total.as_ref().map(Fact::as_ref)
    }

    /// From the expected amount to the [`total`](Self::total); `None` without
    /// either. It says how much there is, not whether it is there for good:
    /// that is the verdict.
    #[must_use]
    pub fn difference(&self) -> Option<&Difference> {
        self.facts.difference.as_ref()
    }

    /// What the reference was compared with.
    #[must_use]
    pub fn reference(&self) -> Compared {
        self.facts.reference
    }

    /// What the kind was compared with. No B2BINPAY signature covers it.
    #[must_use]
    pub fn kind(&self) -> Compared {
        self.facts.kind
    }

    /// What the currency was compared with. No B2BINPAY signature covers it.
    #[must_use]
    pub fn currency(&self) -> Compared {
        self.facts.currency
    }

    /// What the amount was compared with.
    #[must_use]
    pub fn amount(&self) -> Compared {
        self.facts.amount
    }

    /// What the deadline was compared with.
    #[must_use]
    pub fn time(&self) -> Compared {
        self.facts.time
    }
}
