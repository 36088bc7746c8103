//! A span for each body, and one event for its result. Feature `tracing`; `no_trace`
//! replaces it without the feature.
//!
//! It records no sensitive values: no key, signature, address or body; a reference only
//! if the merchant asks for receipts; and no error of the application's code, since the
//! errors of HTTP clients contain URLs with tokens.

use std::error::Error;

use tracing::field::{Empty, debug, display};
use tracing::instrument::{Instrument, Instrumented};
use tracing::{Level, Span, error_span, event};

use super::disposition::{Chain, Disposition, LeaseLost};
use super::reply::Reply;
use crate::amount::Amount;
use crate::error::{Fault, VerifyError};
use crate::event::Event;
use crate::verified::Evidence;

/// The target, for filters.
const TARGET: &str = "payhook";

/// The span of one body.
pub(crate) struct Trace(Span);

impl Trace {
    /// At the highest level, so that a filter that enables the events enables their
    /// span as well.
    pub(crate) fn new(gateway: &'static str, endpoint: &str) -> Self {
        Self(error_span!(
            target: TARGET,
            "callback",
            gateway,
            endpoint,
            kind = Empty,
            outcome = Empty,
            evidence = Empty,
            key = Empty,
            status = Empty,
        ))
    }

    pub(crate) fn verified(&self, event: &Event<'_>) {
        if self.0.is_disabled() {
            return;
        }
        self.0.record("kind", display(event.kind()));
        let outcome = event.outcome().map(|outcome| outcome.as_str());
        self.0.record("outcome", display(outcome));
        self.0.record("evidence", event.evidence().as_str());
        if let Evidence::Signature { key, .. } = event.evidence() {
            self.0.record("key", &**key);
        }
    }

    pub(crate) fn around<F: Future>(&self, flow: F) -> Instrumented<F> {
        flow.instrument(self.0.clone())
    }

    pub(crate) fn end(&self, reply: &Reply) {
        self.0.record("status", reply.status());
        self.0.in_scope(|| emit(reply));
    }
}

fn emit(reply: &Reply) {
    let disposition = reply.disposition();
    let label = disposition.as_str();
    // Without receipts, these fields are absent.
    let receipt = reply.receipt();
    let body_sha256 = receipt.and_then(|receipt| receipt.body_sha256.as_deref());
    let delivery = receipt.and_then(|receipt| receipt.delivery.as_deref());
    let reference = receipt.and_then(|receipt| receipt.reference.as_deref());
    let credited = receipt.and_then(|receipt| receipt.credited.as_ref());
    let credited = credited.map(Amount::as_str);
    let held = receipt.and_then(|receipt| receipt.held.as_ref());
    let held = held.map(Amount::as_str);
    let newly_paid = receipt.map(|receipt| receipt.newly_paid);
    let reviews = receipt.map(|receipt| debug(&receipt.reviews));
    let duration_us = receipt.map(|receipt| receipt.duration_us);
    let status = disposition.http_status();
    let what = disposition.what();
    let error = known_error(disposition).map(|error| display(Chain(error)));
    let fault = disposition.fault().map(display);
    let hint = disposition.hint();
    // The level of an event must be a constant.
    macro_rules! tell {
        ($level:ident) => {
            event!(
                target: TARGET, Level::$level, disposition = label, status, error, fault, hint,
                body_sha256, delivery, reference, credited, newly_paid, held, reviews,
                duration_us, "{what}"
            )
        };
    }
    match (disposition, disposition.fault()) {
        (_, Some(Fault::Merchant)) => tell!(ERROR),
        (Disposition::LookupStale | Disposition::InProgress | Disposition::Superseded, _)
        | (_, Some(Fault::Sender)) => tell!(WARN),
        (_, None) => tell!(INFO),
    }
}

/// The error, if it is one of this crate's.
fn known_error(disposition: &Disposition) -> Option<&(dyn Error + 'static)> {
    match disposition {
        Disposition::LookupFailed(error) => {
            let ours = error.downcast_ref::<VerifyError>();
            ours.map(|error| -> &dyn Error { error })
        }
        Disposition::Rejected(error) => Some(error),
        Disposition::Malformed(error) => Some(error),
        Disposition::HandledNotRecorded { error, .. } => {
            let ours = error.downcast_ref::<LeaseLost>();
            ours.map(|error| -> &dyn Error { error })
        }
        _ => None,
    }
}
