//! [`Cause`]: all causes that a diagnosis can find.

use std::fmt;

use crate::error::{ParseError, VerifyError};
use crate::verified::SignatureScheme;

/// Why a body does not verify. It displays as a description; values named `signed`
/// are the values with which the body's signature would match.
///
/// See [`Diagnose`](super::Diagnose) for an example, and for what to do about each.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The amount has another form.
    Amount {
        /// The signed form.
        signed: Box<str>,
    },
    /// The API's client id and client secret may have been configured: API v3
    /// signs callbacks with a third secret, the callback secret.
    ApiCredentials,
    /// The body is truncated.
    BodyCutShort,
    /// The body is empty.
    BodyEmpty,
    /// The body cannot be parsed as a callback.
    BodyMalformed(ParseError),
    /// The body was re-encoded.
    BodyReencoded {
        /// How: `as form data`.
        how: &'static str,
    },
    /// Several signed values have another form: the body was parsed and serialized
    /// again. Each of them is a separate finding.
    BodyReserialized,
    /// The body is a callback of CityPay.io, which does not sign callbacks.
    CityPay,
    /// The signed values may have been changed in transit or forged.
    ContentChanged,
    /// The SHA-256 of login and password was configured as a hexadecimal string; the
    /// key is its 32 bytes.
    DigestAsHex,
    /// Login and password were joined with a separator, or only one of them was used.
    LoginPasswordJoined {
        /// The form that matches: `the password alone`.
        how: &'static str,
    },
    /// Login and password are swapped.
    LoginPasswordSwapped,
    /// No key was given.
    NoCandidate,
    /// The body contains a transfer but was signed without one.
    NoTransferSigned,
    /// The signature was computed with the right key but in a different way, for
    /// example by a test.
    NonstandardMessage {
        /// How: `with ":" between the parts`.
        how: &'static str,
    },
    /// The status differs from the signed one.
    OtherStatus {
        /// The signed form.
        signed: Box<str>,
    },
    /// Another transfer of the body is the signed one.
    OtherTransfer {
        /// Its id, which is not signed.
        id: Box<str>,
    },
    /// The status of a payout without a transfer is signed as well: accepted only if
    /// the declared tracking ids make that message unambiguous.
    PayoutStatusSigned,
    /// It is refused for another reason than the signature's value.
    Refused(VerifyError),
    /// The configured value is empty.
    SecretEmpty,
    /// The configured value is the secret in an encoding.
    SecretEncoded {
        /// The encoding: `hexadecimal`.
        how: &'static str,
    },
    /// The configured value includes quotes around the secret.
    SecretQuoted,
    /// The configured value has leading or trailing whitespace, or a byte order mark.
    SecretWhitespace,
    /// The signature has another form than 64 lowercase hexadecimal digits.
    SignatureForm {
        /// How: `in Base64`.
        how: &'static str,
    },
    /// The signature is truncated.
    SignatureTruncated {
        /// The number of remaining digits, of 64.
        digits: usize,
    },
    /// The signature is in upper case.
    SignatureUpperCase,
    /// The time has another form.
    Time {
        /// The signed form.
        signed: Box<str>,
    },
    /// The tracking id has another type or form.
    TrackingId {
        /// The signed form.
        signed: Box<str>,
    },
    /// No given key matches: it belongs to another wallet or environment, or was
    /// replaced.
    UnknownKey,
    /// A key for API v2 was configured for v3, or the other way round.
    WrongScheme {
        /// The matching type.
        fits: SignatureScheme,
        /// The part that is the key there: `the password`.
        part: &'static str,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Amount { signed } => return signed_as(f, "the amount", signed),
            Self::ApiCredentials => {
                "the configured values are the API's client_id and client_secret: v3 signs with a \
                 third secret, the callback secret"
            }
            Self::BodyCutShort => "the body is truncated: its JSON is incomplete",
            Self::BodyEmpty => "the body is empty",
            Self::BodyReencoded { how } => return write!(f, "body was re-encoded: {how}"),
            Self::BodyReserialized => "the body was parsed and serialized again",
            Self::BodyMalformed(error) => return error.fmt(f),
            Self::CityPay => "this is a callback from CityPay.io, which does not sign callbacks",
            Self::ContentChanged => "the signed fields were changed in transit or forged",
            Self::DigestAsHex => {
                "the SHA-256 of login and password was configured as a hexadecimal string: the \
                 key is its 32 bytes"
            }
            Self::UnknownKey => {
                "the key belongs to a different wallet or environment, or was replaced"
            }
            Self::NonstandardMessage { how } => {
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
            Self::Refused(error) => return error.fmt(f),
            Self::SecretWhitespace => "the configured value has leading or trailing whitespace",
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
            Self::WrongScheme { fits, part } => {
                let version = match fits {
                    SignatureScheme::CallbackSecret => "v3, as the callback secret",
                    SignatureScheme::LoginPassword => "v2, as login and password",
                };
                return write!(
                    f,
                    "the key is for the other API version: {part} fits {version}"
                );
            }
        })
    }
}

/// Escaping prevents line breaks in a log.
fn signed_as(f: &mut fmt::Formatter<'_>, what: &str, signed: &str) -> fmt::Result {
    write!(f, "{what} was signed as `{}`", signed.escape_debug())
}
