//! [`Reply`]: the result of processing a body, and the HTTP response.

use super::disposition::Disposition;
use super::receipt::Receipt;
use crate::payment::Change;

/// The response for the gateway, and the result of processing.
///
/// The response is a [status](Self::status) and an empty body: a refused sender
/// learns nothing else.
///
/// See [`Endpoint`](super::Endpoint) for an example.
#[derive(Debug)]
#[must_use = "the gateway is answered with its status"]
pub struct Reply {
    disposition: Disposition,
    pub(super) receipt: Option<Box<Receipt>>,
}

impl Reply {
    pub(super) fn new(disposition: Disposition) -> Self {
        Self {
            disposition,
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
