//! [`Disposition`]: the result of processing a body.

use std::error::Error;
use std::fmt;

use crate::error::{Fault, ParseError, VerifyError};
use crate::fact::Fact;
use crate::fetch::BoxError;
use crate::gateway::Rejection;
use crate::idempotency::{Claim, ClaimToken, Lease};
use crate::outcome::Outcome;
use crate::payment::{Change, ReviewReason};

/// The result of processing a body.
///
/// ```
/// # use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
/// # use payhook::{Endpoint, MemoryLedger};
/// # let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
/// # let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
/// # let endpoint = Endpoint::new(gateway, MemoryLedger::new());
/// # let body = std::fs::read("examples/bodies/b2binpay-refused-tampered.json")?;
/// use payhook::{Disposition, Fault};
///
/// let reply = endpoint.receive_blocking(&body, None);
/// match reply.disposition() {
///     Disposition::Applied { change, .. } => println!("{change:?}"),
///     other => println!("{other}; {}", other.hint().unwrap_or_default()),
/// }
/// // No alert is needed.
/// assert_eq!(reply.disposition().fault(), Some(Fault::Sender));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Disposition {
    /// Verified, but the same delivery was received before with different unsigned
    /// fields and was not handled: one of the two is forged. Nothing was handed over.
    Conflicting,
    /// Proven, but the order endpoint lags behind the callback
    /// ([`ProvenOrder::is_stale`](crate::citypay::ProvenOrder::is_stale)). Nothing
    /// was handled: the gateway will retry.
    LookupStale,
    /// Verified and unknown to the store, but older than callbacks that the store has
    /// already deleted. Nothing was handled; it needs manual review.
    TooOld,
    /// The body was incomplete. Nothing was handled. Occurs only where the endpoint
    /// itself reads the body (feature `http`).
    IncompleteBody(BoxError),
    /// A duplicate: proven, and already handled. Nothing was handled again.
    Duplicate,
    /// Verified, but the idempotency store failed. Nothing was handled.
    StoreFailed(BoxError),
    /// Proven, and the handler succeeded.
    #[non_exhaustive]
    Handled {
        /// The outcome as passed to the handler, without anything that the handler
        /// resolved itself.
        outcome: Fact<Outcome>,
    },
    /// Proven, but the handler failed.
    HandlerFailed(BoxError),
    /// Proven, but another delivery of it is being handled. Nothing was handled.
    InProgress,
    /// The callback was applied to its payment.
    #[non_exhaustive]
    Applied {
        /// The change, which is often empty.
        change: Change,
    },
    /// Verified, but the merchant expects no payment with its reference.
    #[non_exhaustive]
    Unmatched {
        /// The review, for logging.
        change: Change,
    },
    /// The ledger failed, or the payment is locked by another delivery. Nothing was
    /// changed.
    LedgerFailed(BoxError),
    /// The signed message can be split in several ways, and the merchant expects no
    /// payment with the reference that the body reports.
    UnknownReference,
    /// The lookup failed or returned nothing useful, or the handler could not check
    /// the reference. Nothing was changed or handled.
    LookupFailed(BoxError),
    /// The request is not a POST, so it is not a callback. Feature `http`.
    MethodNotAllowed,
    /// Parsed but not verified. Nothing was handled. The error of an unsigned
    /// callback contains the callback.
    Rejected(VerifyError),
    /// The body is malformed. Nothing was handled.
    Malformed(ParseError),
    /// Verified and never handled, but superseded by a later event of the same
    /// transfer. Nothing was handled.
    Superseded,
    /// Verified, and the handler succeeded, but the store could not record that: the
    /// next delivery may be handled as well.
    #[non_exhaustive]
    HandledNotRecorded {
        /// As in [`Handled`](Self::Handled).
        outcome: Fact<Outcome>,
        /// The store's error; or the handler took longer than its lease, so that
        /// another delivery may have been handled as well.
        error: BoxError,
    },
}

/// The handler took longer than its lease.
#[derive(Debug, thiserror::Error)]
#[error("handler took longer than its lease")]
pub(super) struct LeaseLost;

impl Disposition {
    /// The change of the payment, if there is one.
    pub(super) fn change(&self) -> Option<&Change> {
        match self {
            Self::Applied { change } | Self::Unmatched { change } => Some(change),
            _ => None,
        }
    }

    pub(crate) fn fresh(claim: Result<Claim, BoxError>) -> Result<ClaimToken, Self> {
        match claim {
            Ok(Claim::Acquired(token)) => Ok(token),
            Ok(Claim::Conflicting) => Err(Self::Conflicting),
            Ok(Claim::TooOld) => Err(Self::TooOld),
            Ok(Claim::AlreadyHandled) => Err(Self::Duplicate),
            Ok(Claim::InProgress) => Err(Self::InProgress),
            Ok(Claim::Superseded) => Err(Self::Superseded),
            Err(error) => Err(Self::StoreFailed(error)),
        }
    }

    /// Always answered with 200: it *is* handled, and a retry would be handled twice.
    pub(crate) fn recorded(
        outcome: Fact<Outcome>,
        lease: Result<Lease, BoxError>,
    ) -> Result<Self, Self> {
        let error = match lease {
            Ok(Lease::Held) => return Ok(Self::Handled { outcome }),
            Ok(Lease::Lost) => LeaseLost.into(),
            Err(error) => error,
        };
        Err(Self::HandledNotRecorded { outcome, error })
    }

    pub(super) fn http_status(&self) -> u16 {
        match self {
            Self::Applied { .. }
            | Self::Unmatched { .. }
            | Self::Handled { .. }
            | Self::Duplicate
            | Self::Superseded
            | Self::HandledNotRecorded { .. } => 200,
            Self::IncompleteBody(_) => 400,
            Self::MethodNotAllowed => 405,
            Self::Conflicting | Self::TooOld => 409,
            Self::HandlerFailed(_) => 500,
            Self::LookupStale
            | Self::StoreFailed(_)
            | Self::InProgress
            | Self::LedgerFailed(_)
            | Self::LookupFailed(_)
            | Self::UnknownReference => 503,
            Self::Rejected(error) => error.http_status(),
            Self::Malformed(error) => error.http_status(),
        }
    }

    /// Returns who most likely has to act; `None` if no action is needed.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Applied { .. }
            | Self::LookupStale
            | Self::Handled { .. }
            | Self::Duplicate
            | Self::InProgress
            | Self::Superseded => None,
            Self::IncompleteBody(_) | Self::MethodNotAllowed => Some(Fault::Sender),
            // A proven but refused callback may be money that was missed.
            Self::Conflicting
            | Self::TooOld
            | Self::StoreFailed(_)
            | Self::HandlerFailed(_)
            | Self::LedgerFailed(_)
            | Self::LookupFailed(_)
            | Self::UnknownReference
            | Self::Unmatched { .. }
            | Self::HandledNotRecorded { .. } => Some(Fault::Merchant),
            Self::Rejected(error) => Some(error.fault()),
            Self::Malformed(error) => Some(error.fault()),
        }
    }

    /// Returns a hint for fixing the problem; `None` if there is none.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Applied { .. } | Self::Handled { .. } | Self::Duplicate | Self::Superseded => {
                None
            }
            Self::Unmatched { .. } => Some(ReviewReason::Unmatched.advice()),
            Self::LedgerFailed(_) => Some("see the ledger's error; the gateway will retry"),
            Self::UnknownReference => {
                Some("record the payment before the customer can pay it; the gateway will retry")
            }
            Self::InProgress => Some("no action needed: the gateway will retry"),
            Self::LookupStale => Some(
                "no action needed: the gateway will retry; if this persists, look up the order in \
                 the gateway's dashboard",
            ),
            Self::Conflicting => Some(
                "look up the payment in the gateway's dashboard; the gateway's next delivery of it is handled",
            ),
            Self::TooOld => Some(
                "look up the payment: the store has already deleted callbacks newer than this \
                 one; a longer retention keeps more",
            ),
            Self::IncompleteBody(_) => Some(
                "if this persists, check the limits and timeouts of the proxies in front of this \
                 endpoint",
            ),
            Self::StoreFailed(_) => Some("see the store's error; the gateway will retry"),
            Self::HandlerFailed(_) => Some("see the handler's error; the gateway will retry"),
            Self::LookupFailed(_) => Some("see the lookup's error; the gateway will retry"),
            Self::MethodNotAllowed => Some(
                "gateways send POST requests; if theirs arrive with another method, look for a \
                 redirect in front of this endpoint: it turns a POST into a GET",
            ),
            Self::Rejected(error) => Some(error.hint()),
            Self::Malformed(error) => Some(error.hint()),
            Self::HandledNotRecorded { .. } => Some(
                "compare with your own records: another delivery of this event may be handled as well",
            ),
        }
    }

    /// The result, without details.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::Unmatched { .. } => "no payment has this reference",
            Self::LedgerFailed(_) => "the ledger failed",
            Self::UnknownReference => "no payment has the reference that the body reports",
            Self::Conflicting => "duplicate delivery with different unsigned fields",
            Self::LookupStale => "the order endpoint lags behind the callback",
            Self::TooOld => "older than the store's retention",
            Self::IncompleteBody(_) => "incomplete body",
            Self::Duplicate => "already handled",
            Self::StoreFailed(_) => "the store failed",
            Self::Handled { .. } => "handled",
            Self::HandlerFailed(_) => "the handler failed",
            Self::InProgress => "another delivery is being handled",
            Self::LookupFailed(_) => "the lookup failed",
            Self::MethodNotAllowed => "not a POST",
            Self::Rejected(_) => "not proven",
            Self::Malformed(_) => "malformed",
            Self::Superseded => "superseded by a later event",
            Self::HandledNotRecorded { .. } => "handled, but not recorded",
        }
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.what();
        match self {
            Self::Conflicting
            | Self::Applied { .. }
            | Self::Unmatched { .. }
            | Self::UnknownReference
            | Self::LookupStale
            | Self::TooOld
            | Self::Duplicate
            | Self::InProgress
            | Self::MethodNotAllowed
            | Self::Superseded => f.write_str(what),
            Self::IncompleteBody(error)
            | Self::StoreFailed(error)
            | Self::HandlerFailed(error)
            | Self::LedgerFailed(error)
            | Self::LookupFailed(error) => write!(f, "{what}: {}", Chain(&**error)),
            Self::Handled { outcome } => write!(f, "{what}: {outcome}"),
            Self::Rejected(error) => write!(f, "{what}: {error}"),
            Self::Malformed(error) => write!(f, "{what}: {error}"),
            Self::HandledNotRecorded { outcome, error } => {
                let error = Chain(&**error);
                write!(f, "handled: {outcome}, but not recorded: {error}")
            }
        }
    }
}

impl From<Rejection> for Disposition {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Malformed(error) => Self::Malformed(error),
            Rejection::Rejected(error) => Self::Rejected(error),
            Rejection::LookupFailed(error) => Self::LookupFailed(error.into()),
            Rejection::LookupStale => Self::LookupStale,
        }
    }
}

/// An error with all its sources, which most errors do not repeat in their text.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
