//! Labels of a [`Disposition`] for logs and metrics: few, fixed and in snake case.

use super::disposition::Disposition;
use crate::error::VerifyError;

impl Disposition {
    /// Returns the name of the variant for metrics and log columns, such as `applied`
    /// or `handled_not_recorded`. The set is closed: no name depends on the body.
    ///
    /// ```
    /// # use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
    /// # use payhook::{Endpoint, MemoryLedger};
    /// # let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
    /// # let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
    /// # let endpoint = Endpoint::new(gateway, MemoryLedger::new());
    /// let reply = endpoint.receive_blocking(b"{}", None);
    /// assert_eq!(reply.disposition().as_str(), "malformed");
    /// assert_eq!(reply.disposition().error_label(), Some("field"));
    /// # Ok::<(), payhook::error::ConfigError>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::Conflicting => "conflicting",
            Self::Duplicate => "duplicate",
            Self::Handled { .. } => "handled",
            Self::HandledNotRecorded { .. } => "handled_not_recorded",
            Self::HandlerFailed(_) => "handler_failed",
            Self::InProgress => "in_progress",
            Self::IncompleteBody(_) => "incomplete_body",
            Self::LedgerFailed(_) => "ledger_failed",
            Self::LookupFailed(_) => "lookup_failed",
            Self::LookupStale => "lookup_stale",
            Self::Malformed(_) => "malformed",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Rejected(_) => "rejected",
            Self::StoreFailed(_) => "store_failed",
            Self::Superseded => "superseded",
            Self::TooOld => "too_old",
            Self::UnknownReference => "unknown_reference",
            Self::Unmatched { .. } => "unmatched",
        }
    }

    /// Returns [`ParseError::as_str`](crate::ParseError::as_str) or
    /// [`VerifyError::as_str`], if one of them is the cause; `None` for other errors
    /// and for success.
    #[must_use]
    pub fn error_label(&self) -> Option<&'static str> {
        match self {
            Self::Malformed(error) => Some(error.as_str()),
            Self::Rejected(error) => Some(error.as_str()),
            Self::LookupFailed(error) => {
                error.downcast_ref::<VerifyError>().map(VerifyError::as_str)
            }
            _ => None,
        }
    }
}
