//! The table at [`Verdict`], in its order.

use chrono::TimeDelta;

use super::found::Facts;
use super::payment::Payment;
use super::{Awaited, Compared, Difference, Expected, Reason, Reconciliation, Verdict};
use crate::amount::Amount;
use crate::event::Kind;
use crate::fact::Fact;
use crate::outcome::Outcome;

pub(super) fn judge(expected: &Expected, payment: &Payment) -> Reconciliation {
    let mut facts = Facts::none(payment.outcome);
    let verdict = identity(expected, payment, &mut facts)
        .or_else(|| {
            // Worth knowing whatever becomes of it.
            measure(expected, payment, &mut facts);
            outcome(expected, payment, &facts)
        })
        .or_else(|| flaw(expected, payment, &facts))
        .or_else(|| lateness(expected, payment, &mut facts))
        .unwrap_or_else(|| amount(expected, payment.outcome.value(), &facts));
    Reconciliation { verdict, facts }
}

/// Whether it is about this payment at all.
fn identity(expected: &Expected, payment: &Payment, facts: &mut Facts) -> Option<Verdict> {
    if expected.reference.is_empty() {
        return Some(Verdict::NeedsReview(Reason::Reference));
    }
    let reference = match payment.reference {
        Ok(reference) => reference,
        Err(reason) => return Some(Verdict::NeedsReview(reason)),
    };
    facts.reference = Compared::with(&reference);
    if !reference.value() {
        return Some(Verdict::WrongReference);
    }
    if !reference.is_proven() && !payment.is_trusted {
        return Some(Verdict::NeedsReview(Reason::Reference));
    }
    facts.kind = Compared::with(&payment.kind);
    if payment.kind.value() != expected.awaited.kind() {
        return Some(Verdict::WrongKind);
    }
    let currency = payment.currency?;
    facts.currency = Compared::with(&currency);
    (!currency.value()).then_some(Verdict::WrongCurrency)
}

fn measure(expected: &Expected, payment: &Payment, facts: &mut Facts) {
    if payment.is_over() && !payment.has_money {
        return;
    }
    facts.received.clone_from(&payment.received);
    let Some(received) = &payment.received else {
        return;
    };
    // An order's answer lists it all.
    let several = expected.awaited != Awaited::Order;
    let total = match expected.already_received.as_ref().filter(|_| several) {
        Some(before) => received.as_ref().value().checked_add(before),
        None => Some(received.as_ref().value().clone()),
    };
    let Some(total) = total else { return };
    if let Some(amount) = &expected.amount {
        facts.amount = Compared::with(received);
        facts.difference = difference(&total, amount);
    }
    facts.total = Some(received.as_ref().map(|_| total));
}

fn difference(total: &Amount, expected: &Amount) -> Option<Difference> {
    let over = total.checked_sub(expected)?;
    Some(if over.is_zero() {
        Difference::Exact
    } else if over.is_negative() {
        Difference::Under(expected.checked_sub(total)?)
    } else {
        Difference::Over(over)
    })
}

/// What has not arrived for good ends here.
fn outcome(expected: &Expected, payment: &Payment, facts: &Facts) -> Option<Verdict> {
    let outcome = payment.outcome.value();
    let goes_on = match outcome {
        Outcome::Pending => return Some(Verdict::NotFinal(outcome)),
        _ if payment.is_over() => {
            // Money that went out may not be given back on a word.
            let is_known = payment.outcome.is_proven() || expected.awaited.kind() != Kind::Payout;
            if is_known && !payment.has_money {
                return Some(Verdict::NotPaid(outcome));
            }
            false
        }
        Outcome::Settled => payment.outcome.is_proven() || payment.is_trusted,
        // The gateway and the merchant have to agree.
        Outcome::Underpaid => {
            payment.outcome.is_proven() && matches!(facts.difference, Some(Difference::Under(_)))
        }
        _ => false,
    };
    (!goes_on).then_some(Verdict::NeedsReview(Reason::Outcome(outcome)))
}

/// What keeps a payment that has arrived from being measured.
fn flaw(expected: &Expected, payment: &Payment, facts: &Facts) -> Option<Verdict> {
    let received = facts.received.as_ref().map(Fact::as_ref).map(Fact::value);
    let reason = if payment.currency.is_none() {
        Reason::Currency
    } else if !payment.has_scale {
        Reason::Scale
    } else if expected.is_impossible() {
        Reason::Expectation
    } else if facts.total.is_none()
        || received.is_none_or(Amount::is_zero)
        || (expected.amount.is_some() && facts.difference.is_none())
    {
        Reason::Amount
    } else {
        return None;
    };
    Some(Verdict::NeedsReview(reason))
}

fn lateness(expected: &Expected, payment: &Payment, facts: &mut Facts) -> Option<Verdict> {
    let deadline = expected.deadline?;
    let Some(lateness) = payment.lateness(deadline) else {
        return Some(Verdict::NeedsReview(Reason::Time));
    };
    facts.time = Compared::with(&lateness);
    let by = lateness.value();
    (by > TimeDelta::zero()).then_some(Verdict::Late { by })
}

fn amount(expected: &Expected, outcome: Outcome, facts: &Facts) -> Verdict {
    let is_tolerated = |by: &Amount| {
        let tolerance = expected.tolerance.as_ref();
        // What the gateway calls underpaid may lack confirmations, too.
        outcome == Outcome::Settled && tolerance.is_some_and(|tolerance| by <= tolerance)
    };
    match &facts.difference {
        Some(Difference::Over(by)) if !is_tolerated(by) => Verdict::Over { by: by.clone() },
        Some(Difference::Under(by)) if !is_tolerated(by) => Verdict::Under { by: by.clone() },
        Some(Difference::Exact | Difference::Over(_) | Difference::Under(_)) | None => {
            Verdict::Exact
        }
    }
}
