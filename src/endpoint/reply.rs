//! [`Reply`]: the result of processing a body, and the HTTP response.

use std::fmt;

use super::disposition::Disposition;
use super::receipt::Receipt;
use crate::ledger::PaymentKey;
use crate::payment::Change;

/// The response for the gateway, and the result of processing.
///
/// The response is a [status](Self::status) and an empty body: a refused sender
/// learns nothing else.
///
/// See [`Endpoint`](super::Endpoint) for an example.
#[must_use = "the gateway is answered with its status"]
pub struct Reply {
    disposition: Disposition,
    /// The payment that the body refers to.
    key: Option<PaymentKey>,
    pub(super) receipt: Option<Box<Receipt>>,
}

impl Reply {
    pub(super) fn new(disposition: Disposition, key: Option<PaymentKey>) -> Self {
        Self {
            disposition,
            key,
            receipt: None,
        }
    }

    /// Returns the HTTP status.
    ///
    /// | status | means |
    /// |---|---|
    /// | 200 | applied or handled, now or before; or verified and unmatched; or superseded by a later event |
    /// | 400 | malformed or incomplete |
    /// | 401 | not proven |
    /// | 405 | not a POST |
    /// | 409 | older than the store's retention, so that it is unknown whether it was handled; or a duplicate delivery with different unsigned fields |
    /// | 413 | too large |
    /// | 422 | valid JSON, but an unsupported callback type |
    /// | 500 | the handler failed; the gateway retries |
    /// | 503 | the lookup, the ledger or the store failed, the order endpoint lags behind the callback, or another delivery of it is being handled; the gateway retries |
    ///
    /// *In flight* is 503, not 409: the same request will be answered with 200 a
    /// moment later, and if the process that handles it dies, the retry is needed. A
    /// 4xx means that a retry is useless, which is true for callbacks that are
    /// altered or beyond the horizon.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.disposition.http_status()
    }

    /// Returns the reference of the payment that the callback was applied to: yours
    /// (B2BINPAY's tracking id), or CityPay.io's order token. `None` if it was applied
    /// to none.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        match self.disposition {
            Disposition::Applied { .. } => self.key.as_ref().map(|key| &*key.reference),
            _ => None,
        }
    }

    /// Returns the change of the payment, if the callback was applied to one or
    /// matched none.
    #[must_use]
    pub fn change(&self) -> Option<&Change> {
        self.disposition.change()
    }

    /// Returns the result of processing, for logging.
    #[must_use]
    pub fn disposition(&self) -> &Disposition {
        &self.disposition
    }

    /// Returns the record of the body as one line for a log; `None` unless the endpoint
    /// [keeps receipts](super::Endpoint::with_receipts).
    #[must_use]
    pub fn receipt(&self) -> Option<&Receipt> {
        self.receipt.as_deref()
    }

    /// Returns the result of processing, by value.
    #[must_use]
    pub fn into_disposition(self) -> Disposition {
        self.disposition
    }
}

impl fmt::Debug for Reply {
    /// Omits the reference, which may be a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("disposition", &self.disposition)
            .field("receipt", &self.receipt)
            .finish_non_exhaustive()
    }
}
