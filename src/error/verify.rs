//! [`VerifyError`]: callbacks that are not verified.

use std::fmt;
use std::time::Duration;

use super::fault::Fault;
use super::parse::ParseError;
use crate::b2binpay::TrackingIds;

/// The callback was parsed but not verified. Nothing was changed.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = std::fs::read("examples/bodies/b2binpay-refused-unsigned.json")?;
/// use payhook::VerifyError;
///
/// let callback = Unverified::parse(&body)?;
/// // A callback shares its memory with its clones.
/// let refused = verifier.verify(callback.clone()).err();
/// // Legitimate without a transfer: fetch it from the gateway's API.
/// assert_eq!(refused, Some(VerifyError::Unsigned));
/// assert_eq!(callback.unverified().id(), "30417");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Several transfers match the callback, so it is unclear which one is signed.
    #[error("several transfers match this callback")]
    AmbiguousTransfer,
    /// The gateway's response does not match the callback.
    #[error("`{path}` in the gateway's response does not match the callback")]
    AnswerMismatch {
        /// The path of the differing value in the response.
        path: &'static str,
    },
    /// The gateway returned an error for the lookup.
    #[error("gateway returned an error for the lookup{}", Code(*code))]
    AnswerRefused {
        /// The code of the error response, if it has one.
        code: Option<i64>,
    },
    /// The gateway's response cannot be parsed.
    #[error("cannot parse the gateway's response")]
    AnswerUnreadable(#[source] ParseError),
    /// The signature is not 64 lowercase hexadecimal digits.
    #[error("signature is not 64 lowercase hexadecimal digits")]
    MalformedSignature,
    /// The body has a transfer but no signature. Gateways leave only bodies without a
    /// transfer unsigned.
    #[error("body has a transfer but no signature")]
    MissingSignature,
    /// The callback has no token to look up.
    #[error("callback has no token")]
    MissingToken,
    /// The relationship refers to a transfer that is not in the body.
    #[error("`data.relationships.transfer` refers to a transfer that is not in the body")]
    MissingTransfer,
    /// No verification method is configured for this kind of callback.
    #[error("no verification method is configured for this callback")]
    NoEvidence,
    /// The merchant did not issue the token.
    #[error("unknown token")]
    NotIssued,
    /// The order belongs to a different customer id.
    #[error("order belongs to a different customer id")]
    OtherCustomer,
    /// The signed message does not consist of the tracking id and the amount in one of
    /// the merchant's records, or of those in several.
    #[error(
        "signed message does not consist of the expected tracking id and amount, with all the \
         fraction digits that the gateway writes, or several records match"
    )]
    RecordMismatch,
    /// The signature does not match any configured key.
    #[error("signature does not match any configured key ({keys} tried)")]
    SignatureMismatch {
        /// The number of keys that were tried.
        keys: usize,
    },
    /// The source address is not in an allowed range.
    #[error("source address is not in an allowed range")]
    SourceAddress,
    /// The callback's time differs from now by more than the merchant allows.
    #[error("timestamp differs from now by {} s (limit {} s)", distance.as_secs(), limit.as_secs())]
    Stale {
        /// The difference between its time and now, in either direction.
        distance: Duration,
        /// The configured limit.
        limit: Duration,
    },
    /// The signature matches, but the tracking id does not match its declaration, so
    /// that the signed message could be split differently.
    #[error("tracking id does not fit the declared `{declared}`{}", Fitting(*fitting))]
    TrackingId {
        /// The declaration that the id does not match.
        declared: TrackingIds,
        /// A declaration that allows the id.
        fitting: TrackingIds,
    },
    /// Source addresses are used as evidence, but none was provided.
    #[error("source address was not provided")]
    UnknownPeer,
    /// The callback has no transfer and no signature: legitimate, but without proof.
    #[error("callback is not signed")]
    Unsigned,
}

impl VerifyError {
    /// Returns the name of the variant for logs and metrics, such as
    /// `signature_mismatch`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::AmbiguousTransfer => "ambiguous_transfer",
            Self::AnswerMismatch { .. } => "answer_mismatch",
            Self::AnswerRefused { .. } => "answer_refused",
            Self::AnswerUnreadable(_) => "answer_unreadable",
            Self::MalformedSignature => "malformed_signature",
            Self::MissingSignature => "missing_signature",
            Self::MissingToken => "missing_token",
            Self::MissingTransfer => "missing_transfer",
            Self::NoEvidence => "no_evidence",
            Self::NotIssued => "not_issued",
            Self::OtherCustomer => "other_customer",
            Self::RecordMismatch => "record_mismatch",
            Self::SignatureMismatch { .. } => "signature_mismatch",
            Self::SourceAddress => "source_address",
            Self::Stale { .. } => "stale",
            Self::TrackingId { .. } => "tracking_id",
            Self::UnknownPeer => "unknown_peer",
            Self::Unsigned => "unsigned",
        }
    }

    /// Returns who most likely has to act on the error.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::AnswerRefused { .. }
            | Self::AnswerUnreadable(_)
            | Self::NoEvidence
            | Self::OtherCustomer
            | Self::Stale { .. }
            | Self::TrackingId { .. }
            | Self::UnknownPeer => Fault::Merchant,
            Self::AmbiguousTransfer
            | Self::AnswerMismatch { .. }
            | Self::MalformedSignature
            | Self::MissingSignature
            | Self::MissingToken
            | Self::MissingTransfer
            | Self::NotIssued
            | Self::RecordMismatch
            | Self::SignatureMismatch { .. }
            | Self::SourceAddress
            | Self::Unsigned => Fault::Sender,
        }
    }

    /// Returns the HTTP status to respond with: 401, or 503 if a lookup failed and a
    /// retry may succeed.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self {
            Self::AnswerRefused { .. } | Self::AnswerUnreadable(_) => 503,
            _ => 401,
        }
    }

    /// Returns a hint for fixing the error.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::AmbiguousTransfer => {
                "if the gateway's dashboard lists this callback, report its body to payhook"
            }
            Self::AnswerMismatch { .. } => {
                "expected for forged callbacks; otherwise check that the lookup requests the \
                 object named in the callback"
            }
            Self::AnswerRefused { .. } | Self::AnswerUnreadable(_) => {
                "check the lookup's URL, environment and access token; the gateway will retry"
            }
            Self::MalformedSignature | Self::MissingSignature => {
                "look for the callback in the gateway's dashboard; if it is listed, pass its body \
                 unmodified"
            }
            Self::MissingToken => "look up the order in the CityPay.io dashboard by its other ids",
            Self::MissingTransfer => {
                "pass the whole body; if the gateway sent it like this, report it to payhook"
            }
            Self::NoEvidence => "configure a lookup or the gateway's source addresses",
            Self::NotIssued => {
                "expected for forged callbacks; otherwise check that every issued token is recorded"
            }
            Self::OtherCustomer => {
                "compare the configured customer id with the one in the CityPay.io dashboard"
            }
            Self::RecordMismatch => {
                "expected for forged callbacks; otherwise look for another payment of yours that \
                 has this tracking id and amount"
            }
            Self::SignatureMismatch { .. } => {
                "if every callback fails, the configured secret is wrong, or the body is parsed and \
                 serialized again before payhook sees it: API v3 signs with the callback secret \
                 shown in the dashboard (neither client_id nor client_secret), API v2 with login \
                 and password; sandbox and production have different secrets"
            }
            Self::SourceAddress | Self::UnknownPeer => {
                "pass the socket's peer address, or the address forwarded by your own proxy, and \
                 compare the ranges with the gateway's list"
            }
            Self::Stale { .. } => {
                "remove the age limit if the gateway's retries must be accepted: they arrive late"
            }
            Self::TrackingId { .. } => {
                "begin your ids with a letter (`order-17`), or declare their form \
                 (`PAYHOOK_B2BINPAY_TRACKING_IDS`); if none of yours looks like this one, an attacker \
                 may have split the signed message differently"
            }
            Self::Unsigned => {
                "configure the gateway's API (`Gateway::with_api`): nothing else proves an unsigned \
                 callback"
            }
        }
    }
}

/// Displays the declaration that would accept the id, except for the one that makes
/// signatures ambiguous.
struct Fitting(TrackingIds);

impl fmt::Display for Fitting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            TrackingIds::Unrestricted => Ok(()),
            fitting => write!(f, "; `{fitting}` would accept it"),
        }
    }
}

/// Displays as ` (404)`, or as nothing.
struct Code(Option<i64>);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(code) => write!(f, " ({code})"),
            None => Ok(()),
        }
    }
}
