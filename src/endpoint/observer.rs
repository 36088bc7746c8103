//! [`Observer`]: records the processing of one body in its span, its metrics and its
//! receipt.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use super::disposition::Disposition;
use super::metrics;
use super::notes::Notes;
use super::receipt::Receipt;
use super::reply::Reply;
use super::trace::Trace;
use crate::amount::Amount;
use crate::event::Event;
use crate::ledger::PaymentKey;

/// Records the processing of one body. Without metrics and without a receipt it costs
/// nothing but the span.
pub(crate) struct Observer<'e> {
    gateway: &'static str,
    endpoint: &'e str,
    trace: Trace,
    notes: Option<Mutex<Notes>>,
}

impl<'e> Observer<'e> {
    pub(super) fn new(gateway: &'static str, endpoint: &'e str, has_receipt: bool) -> Self {
        let notes = || {
            let mut notes = Notes {
                received_at: SystemTime::now(),
                started: Instant::now(),
                time: None,
                holds_more: false,
                receipt: None,
            };
            if has_receipt {
                let receipt = Receipt::new(gateway, endpoint, notes.received_at);
                notes.receipt = Some(Box::new(receipt));
            }
            Mutex::new(notes)
        };
        Self {
            gateway,
            endpoint,
            trace: Trace::new(gateway, endpoint),
            notes: (has_receipt || metrics::ARE_ON).then(notes),
        }
    }

    pub(super) fn around<F: Future>(&self, flow: F) -> impl Future<Output = F::Output> + use<F> {
        self.trace.around(flow)
    }

    /// The body was read.
    pub(super) fn read(&self, body: &[u8]) {
        if let Some(receipt) = self
            .notes()
            .as_mut()
            .and_then(|notes| notes.receipt.as_mut())
        {
            receipt.read(body);
        }
    }

    /// The callback was verified. It may be verified again after a lookup.
    pub(super) fn verified(&self, event: &Event<'_>) {
        self.trace.verified(event);
        if let Some(notes) = &mut self.notes() {
            notes.time = event.time;
            if let Some(receipt) = &mut notes.receipt {
                receipt.verified(event);
            }
        }
    }

    /// Whether the held money is of interest: determining it costs a pass over the
    /// payment's transfers.
    pub(super) fn asks_for_held(&self) -> bool {
        self.notes.is_some()
    }

    /// The money that the payment held before and after the callback.
    pub(super) fn held(&self, before: &Amount, after: Amount) {
        if let Some(notes) = &mut self.notes() {
            notes.holds_more = after > *before;
            if let Some(receipt) = &mut notes.receipt {
                receipt.held = (!after.is_zero()).then_some(after);
            }
        }
    }

    pub(super) fn end(
        self,
        result: Result<Disposition, Disposition>,
        key: Option<PaymentKey>,
    ) -> Reply {
        let (Ok(disposition) | Err(disposition)) = result;
        let mut reply = Reply::new(disposition, key);
        let notes = self.notes.map(Mutex::into_inner);
        if let Some(mut notes) = notes.map(|notes| notes.unwrap_or_else(PoisonError::into_inner)) {
            metrics::record(self.gateway, self.endpoint, &reply, &notes);
            if let Some(mut receipt) = notes.receipt.take() {
                receipt.end(reply.disposition(), notes.started);
                reply.receipt = Some(receipt);
            }
        }
        self.trace.end(&reply);
        reply
    }

    fn notes(&self) -> Option<MutexGuard<'_, Notes>> {
        let notes = self.notes.as_ref()?.lock();
        Some(notes.unwrap_or_else(PoisonError::into_inner))
    }
}
