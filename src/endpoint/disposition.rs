//! [`Reply`] and [`Disposition`]: what happened to a body, and what to answer.

use std::error::Error;
use std::fmt;

use crate::error::{Fault, ParseError, VerifyError};
use crate::fact::Fact;
use crate::fetch::BoxError;
use crate::gateway::Refusal;
use crate::idempotency::{Claim, ClaimToken, Lease};
use crate::outcome::Outcome;
use crate::payment::{Change, ReviewReason};

/// What to answer the gateway, and what happened.
///
/// The answer is a [status](Self::status) and an empty body: a sender who is
/// refused learns nothing else.
///
/// See [`Endpoint`](super::Endpoint) for an example.
#[derive(Debug)]
#[must_use = "the gateway is answered with its status"]
pub struct Reply {
    disposition: Disposition,
}

impl Reply {
    pub(crate) fn of(result: Result<Disposition, Disposition>) -> Self {
        let (Ok(disposition) | Err(disposition)) = result;
        Self { disposition }
    }

    /// The HTTP status.
    ///
    /// | status | means |
    /// |---|---|
    /// | 200 | applied or handled, now or before; or verified and unmatched; or older than what was handled |
    /// | 400 | unreadable, or broken off |
    /// | 401 | not proven |
    /// | 405 | not a POST |
    /// | 409 | older than the store's memory: nobody can say whether it was handled; or came before with other unsigned fields |
    /// | 413 | too large |
    /// | 422 | readable, but of a kind that is not known |
    /// | 500 | the handler failed; the gateway sends again |
    /// | 503 | the lookup, the ledger or the store failed, the order endpoint is behind the callback, or another delivery of it is being handled; the gateway sends again |
    ///
    /// *In flight* is 503, not 409: the same request will be answered with 200
    /// a moment later, and if the one who handles it dies, this one is needed
    /// again. A 4xx says that repeating it is of no use, which is true of what
    /// is beyond the horizon or was altered.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.disposition.http_status()
    }

    /// What the callback did to its payment, where it was applied to one or
    /// fitted none.
    #[must_use]
    pub fn change(&self) -> Option<&Change> {
        match &self.disposition {
            Disposition::Applied { change } | Disposition::Unmatched { change } => Some(change),
            _ => None,
        }
    }

    /// What happened, for the merchant's log.
    #[must_use]
    pub fn disposition(&self) -> &Disposition {
        &self.disposition
    }

    /// What happened, by value.
    #[must_use]
    pub fn into_disposition(self) -> Disposition {
        self.disposition
    }
}

/// What happened to a body.
///
/// ```
/// # use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
/// # use payhook::{Endpoint, MemoryLedger};
/// # let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
/// # let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
/// # let endpoint = Endpoint::new(gateway, MemoryLedger::new());
/// # let body = include_bytes!("../../examples/bodies/b2binpay-refused-tampered.json");
/// use payhook::{Disposition, Fault};
///
/// let reply = endpoint.receive_blocking(body, None);
/// match reply.disposition() {
///     Disposition::Applied { change, .. } => println!("{change:?}"),
///     other => println!("{other}; {}", other.hint().unwrap_or_default()),
/// }
/// // No alert is needed.
/// assert_eq!(reply.disposition().fault(), Some(Fault::Sender));
/// # Ok::<(), payhook::error::ConfigError>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Disposition {
    /// Verified, but the same delivery came before with other unsigned fields, and
    /// was not handled: one of the two is forged. Nothing was handed over.
    Conflicting,
    /// Proven, but the order endpoint does not know yet what the callback tells
    /// of ([`ProvenOrder::is_stale`](crate::citypay::ProvenOrder::is_stale)).
    /// Nothing was handed over: the gateway will send it again.
    LookupStale,
    /// Verified, and unknown to the store, but older than what the store has
    /// forgotten; nothing was handed over. For a person to look at.
    TooOld,
    /// The body broke off while it was read; nothing was handed over. Only
    /// where the endpoint itself reads it: feature `http`.
    IncompleteBody(BoxError),
    /// Proven, and handled before; nothing was handed over.
    Duplicate,
    /// Verified, but the idempotency store can't be asked; nothing was handed over.
    StoreFailed(BoxError),
    /// Proven, and the handler took it.
    #[non_exhaustive]
    Handled {
        /// What it came to, as the handler was given it: whatever it resolved
        /// afterwards is not in here.
        outcome: Fact<Outcome>,
    },
    /// Proven, and the handler failed.
    HandlerFailed(BoxError),
    /// Proven, and another delivery of it is being handled; nothing was handed
    /// over.
    InProgress,
    /// Applied to its payment.
    #[non_exhaustive]
    Applied {
        /// What it changed; often nothing.
        change: Change,
    },
    /// Verified, and the merchant expects no payment under its reference.
    #[non_exhaustive]
    Unmatched {
        /// The review, for the merchant's log.
        change: Change,
    },
    /// The ledger failed, or the payment is locked by another delivery; nothing
    /// was changed.
    LedgerFailed(BoxError),
    /// The signed text can be divided in several ways, and the merchant expects
    /// no payment under the reference that the body reads in it.
    UnknownReference,
    /// The gateway could not be asked, its answer says nothing, or the handler could
    /// not say whether it knows the reference; nothing was changed or handed over.
    LookupFailed(BoxError),
    /// The request is no POST and can't be a callback. Feature `http`.
    MethodNotAllowed,
    /// Readable and not proven; nothing was handed over. An unsigned
    /// callback is inside its error.
    Rejected(VerifyError),
    /// Not readable; nothing was handed over.
    Malformed(ParseError),
    /// Verified, never handled, and older than a handled event of the same transfer:
    /// nothing was handed over.
    Superseded,
    /// Verified, and the handler took it, but the store could not note that: the
    /// next delivery of it may be handed over as well.
    #[non_exhaustive]
    HandledNotRecorded {
        /// As in [`Handled`](Self::Handled).
        outcome: Fact<Outcome>,
        /// [`LeaseLost`], or what keeps the store from answering.
        error: BoxError,
    },
}

/// The handler took longer than its lease, and another delivery may have handled
/// the same.
///
/// See [`Disposition::HandledNotRecorded`]: it is the error in there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the handler took longer than its lease")]
#[non_exhaustive]
pub struct LeaseLost;

impl Disposition {
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

    /// Answered with 200 in any case: it *is* handled, and to ask for it again
    /// would have it handled twice.
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

    /// The HTTP status to answer with.
    #[must_use]
    pub fn http_status(&self) -> u16 {
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

    /// Whose fault it is, most likely; `None` if all went well.
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
            // What is proven and refused may be money that nobody has seen.
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

    /// What to try; `None` if all went well.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Applied { .. } | Self::Handled { .. } | Self::Duplicate | Self::Superseded => {
                None
            }
            Self::Unmatched { .. } => Some(ReviewReason::Unmatched.advice()),
            Self::LedgerFailed(_) => Some("see the ledger's error; the gateway will send again"),
            Self::UnknownReference => Some(
                "record the payment before the customer can pay it; the gateway will send again",
            ),
            Self::InProgress => Some("nothing: the gateway will send again"),
            Self::LookupStale => Some(
                "nothing: the gateway will send again; if it goes on, look the order up in the \
                 cabinet",
            ),
            Self::Conflicting => {
                Some("look the payment up at the gateway; its next delivery of it is handled")
            }
            Self::TooOld => Some(
                "look the payment up: the store has forgotten callbacks that are newer than this \
                 one; a longer retention keeps more",
            ),
            Self::IncompleteBody(_) => Some(
                "if it goes on, compare the limits and timeouts of what stands in front of this \
                 endpoint",
            ),
            Self::StoreFailed(_) => Some("see the store's error; the gateway will send again"),
            Self::HandlerFailed(_) => Some("see the handler's error; the gateway will send again"),
            Self::LookupFailed(_) => Some("see the lookup's error; the gateway will send again"),
            Self::MethodNotAllowed => Some(
                "gateways post; if theirs arrive like this, look for a redirect in front of this \
                 endpoint: it turns a POST into a GET",
            ),
            Self::Rejected(error) => Some(error.hint()),
            Self::Malformed(error) => Some(error.hint()),
            Self::HandledNotRecorded { .. } => {
                Some("compare with your own records: another delivery of this may be handled, too")
            }
        }
    }

    /// What happened, without what may be told of it.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::Unmatched { .. } => "no payment has this reference",
            Self::LedgerFailed(_) => "the ledger failed",
            Self::UnknownReference => "no payment has the reference that the body reports",
            Self::Conflicting => "came before with other unsigned fields",
            Self::LookupStale => "the order endpoint is behind the callback",
            Self::TooOld => "older than the store's memory",
            Self::IncompleteBody(_) => "the body broke off",
            Self::Duplicate => "handled before",
            Self::StoreFailed(_) => "the store failed",
            Self::Handled { .. } => "handled",
            Self::HandlerFailed(_) => "the handler failed",
            Self::InProgress => "being handled by another delivery",
            Self::LookupFailed(_) => "the lookup failed",
            Self::MethodNotAllowed => "not a POST",
            Self::Rejected(_) => "not proven",
            Self::Malformed(_) => "unreadable",
            Self::Superseded => "older than what was handled",
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

impl From<Refusal> for Disposition {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Malformed(error) => Self::Malformed(error),
            Refusal::Rejected(error) => Self::Rejected(error),
            Refusal::LookupFailed(error) => Self::LookupFailed(error.into()),
            Refusal::LookupStale => Self::LookupStale,
        }
    }
}

/// An error with all that it came from: few errors repeat their source.
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
