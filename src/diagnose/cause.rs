//! [`Cause`]: everything that a diagnosis can say.

use std::fmt;

use crate::b2binpay::TrackingIds;
use crate::error::{ParseError, VerifyError};
use crate::verified::Scheme;

/// Why a body does not verify. It displays as what is wrong; values that are
/// called `signed` are what would have to be in the body for its signature
/// to fit.
///
/// See [`Diagnose`](super::Diagnose) for an example, and for what to do about each.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Several transfers could be the signed one.
    AmbiguousTransfer,
    /// The amount is written in another way.
    Amount {
        /// As it was signed.
        signed: Box<str>,
    },
    /// The API's client id and client secret may have been configured: API v3
    /// signs callbacks with a third secret, the callback secret.
    ApiCredentials,
    /// The body is cut off.
    BodyCutShort,
    /// There is no body.
    BodyEmpty,
    /// The body was encoded once more, or in another way.
    BodyReencoded {
        /// How: `as form data`.
        how: &'static str,
    },
    /// Several signed values are written in another way: the body was parsed and
    /// serialized again. Each of them is a finding of its own.
    BodyReserialized,
    /// The body can't be read as a callback.
    BodyUnreadable(ParseError),
    /// A callback of CityPay.io, which signs nothing.
    CityPay,
    /// What is signed may have been changed on the way, or forged.
    ContentChanged,
    /// SHA-256 of login and password was configured as hexadecimal text; the
    /// key is its 32 bytes.
    DigestAsHex,
    /// Not the gateway's signature, but one that was made with the key in
    /// another way: by a test, say.
    HomeMadeSignature {
        /// How: `with ":" between the parts`.
        how: &'static str,
    },
    /// Login and password with something else between them, or one of the two.
    LoginPasswordJoined {
        /// What fits instead: `the password alone`.
        how: &'static str,
    },
    /// Login and password were configured in each other's place.
    LoginPasswordSwapped,
    /// The transfer that the body names is not in it.
    MissingTransfer,
    /// No key was given to try.
    NoCandidate,
    /// A transfer stands in a body that was signed without one.
    NoTransferSigned,
    /// The status is another one.
    OtherStatus {
        /// As it was signed.
        signed: Box<str>,
    },
    /// Another transfer of the body is the signed one.
    OtherTransfer {
        /// Its id, which is not signed.
        id: Box<str>,
    },
    /// A payout without a transfer whose status is signed as well: read only
    /// where the declared tracking ids make that text unmistakable.
    PayoutStatusSigned,
    /// White space, or a byte order mark, at the edge of what was configured.
    SecretEdge,
    /// What was configured is empty.
    SecretEmpty,
    /// The secret was configured in an encoding of it.
    SecretEncoded {
        /// Which: `hexadecimal`.
        how: &'static str,
    },
    /// The secret was configured together with the quotes around it.
    SecretQuoted,
    /// The signature is there, and not as 64 lower-case hexadecimal digits.
    SignatureForm {
        /// How: `in Base64`.
        how: &'static str,
    },
    /// The signature is none that could be read.
    SignatureMalformed,
    /// A body with a transfer and no signature.
    SignatureMissing,
    /// The signature is cut off.
    SignatureTruncated {
        /// How many of its 64 digits there are.
        digits: usize,
    },
    /// The signature is in upper case.
    SignatureUpperCase,
    /// The time is written in another way.
    Time {
        /// As it was signed.
        signed: Box<str>,
    },
    /// The tracking id is of another type, or written in another way.
    TrackingId {
        /// As it was signed.
        signed: Box<str>,
    },
    /// The signature fits, but the tracking id is not as it was declared.
    TrackingIdDeclaration {
        /// The declaration.
        declared: TrackingIds,
        /// A declaration that allows the id.
        fitting: TrackingIds,
    },
    /// Nothing that was given makes the signature: the key of another wallet or
    /// environment, or one that was replaced.
    UnknownKey,
    /// The gateway does not sign this kind of callback.
    Unsigned,
    /// A key for API v2 was configured for v3, or the other way round.
    WrongScheme {
        /// The one that fits.
        fits: Scheme,
        /// What makes the key there: `the password`.
        part: &'static str,
    },
}

impl Cause {
    /// What a refusal says by itself; a signature that does not fit, or that
    /// can't be read, is for a closer look.
    pub(super) fn of_refusal(refusal: &VerifyError) -> Option<Self> {
        match *refusal {
            VerifyError::AmbiguousTransfer => Some(Self::AmbiguousTransfer),
            VerifyError::MissingSignature => Some(Self::SignatureMissing),
            VerifyError::MissingTransfer => Some(Self::MissingTransfer),
            VerifyError::TrackingId { declared, fitting } => {
                Some(Self::TrackingIdDeclaration { declared, fitting })
            }
            VerifyError::Unsigned(_) => Some(Self::Unsigned),
            _ => None,
        }
    }

    /// The refusal that says the same.
    pub(super) fn as_refusal(&self) -> Option<VerifyError> {
        match *self {
            Self::AmbiguousTransfer => Some(VerifyError::AmbiguousTransfer),
            Self::MissingTransfer => Some(VerifyError::MissingTransfer),
            Self::SignatureMalformed => Some(VerifyError::MalformedSignature),
            Self::SignatureMissing => Some(VerifyError::MissingSignature),
            Self::TrackingIdDeclaration { declared, fitting } => {
                Some(VerifyError::TrackingId { declared, fitting })
            }
            _ => None,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AmbiguousTransfer
            | Self::MissingTransfer
            | Self::SignatureMalformed
            | Self::SignatureMissing
            | Self::TrackingIdDeclaration { .. } => {
                return self.as_refusal().map_or(Ok(()), |refusal| refusal.fmt(f));
            }
            Self::Amount { signed } => return signed_as(f, "the amount", signed),
            Self::ApiCredentials => {
                "the configured values are the API's client_id and client_secret: v3 signs with a \
                 third secret, the callback secret"
            }
            Self::BodyCutShort => "the body is truncated: its JSON is incomplete",
            Self::BodyEmpty => "the body is empty",
            Self::BodyReencoded { how } => return write!(f, "body was re-encoded: {how}"),
            Self::BodyReserialized => "the body was parsed and serialized again",
            Self::BodyUnreadable(error) => return error.fmt(f),
            Self::CityPay => "this is a callback from CityPay.io, which does not sign callbacks",
            Self::ContentChanged => "the signed fields were changed in transit or forged",
            Self::DigestAsHex => {
                "the SHA-256 of login and password was configured as a hexadecimal string: the \
                 key is its 32 bytes"
            }
            Self::UnknownKey => {
                "the key belongs to a different wallet or environment, or was replaced"
            }
            Self::HomeMadeSignature { how } => {
                return write!(
                    f,
                    "the signature was not computed as the gateway does: {how}"
                );
            }
            Self::LoginPasswordSwapped => "login and password are swapped",
            Self::LoginPasswordJoined { how } => {
                return write!(
                    f,
                    "the signature was not computed from login and password: {how} fits"
                );
            }
            Self::NoCandidate => "no key was given to try",
            Self::NoTransferSigned => "the body was signed without a transfer",
            Self::OtherStatus { signed } => return signed_as(f, "the status", signed),
            Self::OtherTransfer { id } => {
                return write!(f, "the signed transfer is `{}`", id.escape_debug());
            }
            Self::PayoutStatusSigned => {
                "the payout's status is signed as well, which is ambiguous with the declared \
                 tracking ids"
            }
            Self::SecretEdge => "the configured value has leading or trailing whitespace",
            Self::SecretEmpty => "the configured value is empty",
            Self::SecretEncoded { how } => {
                return write!(
                    f,
                    "the configured value is the secret in an encoding: {how}"
                );
            }
            Self::SecretQuoted => "the configured value has quotes around the secret",
            Self::SignatureForm { how } => {
                return write!(
                    f,
                    "the signature is not plain lowercase hexadecimal: it is {how}"
                );
            }
            Self::SignatureTruncated { digits } => {
                return write!(f, "the signature is truncated to {digits} of 64 digits");
            }
            Self::SignatureUpperCase => "the signature is in upper case",
            Self::Time { signed } => return signed_as(f, "the time", signed),
            Self::TrackingId { signed } => return signed_as(f, "the tracking id", signed),
            Self::Unsigned => "the gateway does not sign a callback without a transfer",
            Self::WrongScheme { fits, part } => {
                let version = match fits {
                    Scheme::CallbackSecret => "v3, as the callback secret",
                    Scheme::LoginPassword => "v2, as login and password",
                };
                return write!(
                    f,
                    "the key is for the other API version: {part} fits {version}"
                );
            }
        })
    }
}

/// What is escaped can't break a log line in two.
fn signed_as(f: &mut fmt::Formatter<'_>, what: &str, signed: &str) -> fmt::Result {
    write!(f, "{what} was signed as `{}`", signed.escape_debug())
}
