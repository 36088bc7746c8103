//! [`Cause`]: everything that a diagnosis can say, and what to do about it.

use std::fmt;

use crate::b2binpay::TrackingIds;
use crate::error::{ParseError, VerifyError};
use crate::verified::Scheme;

/// Why a body does not verify. It displays as what is wrong; values that are
/// called `signed` are what would have to stand in the body for its signature
/// to fit.
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
    /// The body is cut off.
    BodyCutShort,
    /// There is no body.
    BodyEmpty,
    /// The body was encoded once more, or in another way.
    BodyReencoded {
        /// How: `as form data`.
        how: &'static str,
    },
    /// Several signed values are written in another way: the body was read and
    /// written again. Each of them is a finding of its own.
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
    /// Nothing that was given makes the signature: the key of another wallet or
    /// environment, or one that was replaced.
    ForeignKey,
    /// Not the gateway's signature, but one that was made with the key in
    /// another way: by a test, say.
    HomeMadeSignature {
        /// How: `with ":" between the parts`.
        how: &'static str,
    },
    /// The transfer is of the other kind than the body.
    InconsistentOperation,
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
    },
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
        match refusal {
            VerifyError::AmbiguousTransfer => Some(Self::AmbiguousTransfer),
            VerifyError::InconsistentOperation { .. } => Some(Self::InconsistentOperation),
            VerifyError::MissingSignature => Some(Self::SignatureMissing),
            VerifyError::MissingTransfer => Some(Self::MissingTransfer),
            VerifyError::TrackingId { declared } => Some(Self::TrackingIdDeclaration {
                declared: *declared,
            }),
            VerifyError::Unsigned(_) => Some(Self::Unsigned),
            _ => None,
        }
    }

    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::AmbiguousTransfer => {
                "report the body to payhook if the gateway's list of callbacks has it"
            }
            Self::Amount { .. } => {
                "hand over the request's body untouched: no float, decimal type or database \
                 column may write the amount again"
            }
            Self::BodyCutShort => {
                "look for a length limit on the way: a proxy, a log line, a database column"
            }
            Self::BodyEmpty => {
                "read the body once: a middleware that parsed it may have used it up"
            }
            Self::BodyReencoded { .. } => {
                "hand over the request's bytes as they came, before any framework decodes them"
            }
            Self::BodyReserialized => {
                "verify the bytes that came, and store those: JSON that was read and written \
                 again is another text"
            }
            Self::BodyUnreadable(error) => error.hint(),
            Self::CityPay => {
                "give it a receiver and an address of its own; the order endpoint's answer is \
                 what proves an order"
            }
            Self::ContentChanged => {
                "compare status, amount, tracking id and time with the JSON payload in the \
                 gateway's list of callbacks; if it is not there, it is forged"
            }
            Self::DigestAsHex => "configure login and password themselves, and no digest of them",
            Self::ForeignKey => {
                "compare wallet and environment (sandbox, production) with the cabinet, and look \
                 for a rotation; give the secret as text to find a slip in it"
            }
            Self::HomeMadeSignature { .. } => {
                "sign as the gateway does: the parts with nothing between them, as lower-case \
                 hexadecimal digits"
            }
            Self::InconsistentOperation => {
                "do not credit it: the body was put together from two, or the gateway changed"
            }
            Self::LoginPasswordSwapped => "configure them the other way round",
            Self::LoginPasswordJoined { .. } => {
                "configure login and password; the key is SHA-256 of the two with nothing \
                 between them"
            }
            Self::MissingTransfer => {
                "hand over the whole body; if the gateway sent it like this, report it to payhook"
            }
            Self::NoCandidate => "give the configured keys, or the secrets that could be meant",
            Self::NoTransferSigned => {
                "do not credit it: the transfer was put in afterwards, and nothing is paid"
            }
            Self::OtherStatus { .. } => {
                "do not act on the status in the body; look for what changes it: your own code \
                 or a forger"
            }
            Self::OtherTransfer { .. } => {
                "do not credit what the body points at; look for what reorders or renames its \
                 transfers: your own code or a forger"
            }
            Self::PayoutStatusSigned => {
                "declare what your tracking ids look like, if they allow it: `Lettered` or \
                 `AlwaysEmpty`"
            }
            Self::SecretEdge => {
                "trim the secret where it is read; a file often ends with a newline"
            }
            Self::SecretEmpty => "check that the environment variable or file is set and not empty",
            Self::SecretEncoded { .. } => "configure the secret as the cabinet shows it",
            Self::SecretQuoted => {
                "remove the quotes: not everything that reads an `.env` file takes them off"
            }
            Self::SignatureForm { .. } | Self::SignatureUpperCase => {
                "hand over the body untouched; the gateway writes 64 lower-case hexadecimal digits"
            }
            Self::SignatureMalformed => {
                "look the callback up in the gateway's list; if it is there, hand over the body \
                 untouched"
            }
            Self::SignatureMissing => {
                "look the callback up in the gateway's list; a body with a transfer is always \
                 signed"
            }
            Self::SignatureTruncated { .. } => {
                "hand over the whole body; a column or log field that is too short cuts it"
            }
            Self::Time { .. } => {
                "hand over the request's body untouched: no date type may write the time again"
            }
            Self::TrackingId { .. } => {
                "hand over the request's body untouched: the tracking id is signed character by \
                 character"
            }
            Self::TrackingIdDeclaration { .. } => {
                "if any of your own tracking ids look like this one, declare them so; if none do, \
                 somebody divided a signed text anew"
            }
            Self::Unsigned => {
                "fetch the deposit from the gateway's API, or accept its source addresses"
            }
            Self::WrongScheme { fits, .. } => match fits {
                Scheme::CallbackSecret => "configure it with `Key::callback_secret`",
                Scheme::LoginPassword => "configure login and password with `Key::login_password`",
            },
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AmbiguousTransfer => "several transfers could be the one this callback is about",
            Self::Amount { signed } => return signed_as(f, "the amount", signed),
            Self::BodyCutShort => "the body is cut off: its JSON does not end",
            Self::BodyEmpty => "the body is empty",
            Self::BodyReencoded { how } => return write!(f, "the body was re-encoded: {how}"),
            Self::BodyReserialized => "the body was read and written again",
            Self::BodyUnreadable(error) => return error.fmt(f),
            Self::CityPay => "this is a callback of CityPay.io, which signs nothing",
            Self::ContentChanged => "what is signed was changed on the way, or forged",
            Self::DigestAsHex => {
                "the SHA-256 of login and password stands there as hexadecimal text: its 32 bytes \
                 are the key"
            }
            Self::ForeignKey => {
                "the key is another wallet's or environment's, or one that was replaced"
            }
            Self::HomeMadeSignature { how } => {
                return write!(
                    f,
                    "the signature is not made as the gateway makes it: {how}"
                );
            }
            Self::InconsistentOperation => {
                "the transfer's operation type contradicts the kind of the body"
            }
            Self::LoginPasswordSwapped => "login and password stand in each other's place",
            Self::LoginPasswordJoined { how } => {
                return write!(
                    f,
                    "the signature is not made with login and password: {how} fits"
                );
            }
            Self::MissingTransfer => {
                "the transfer that `data.relationships.transfer` names is not in the body"
            }
            Self::NoCandidate => "no key was given to try",
            Self::NoTransferSigned => "the body was signed without a transfer",
            Self::OtherStatus { signed } => return signed_as(f, "the status", signed),
            Self::OtherTransfer { id } => {
                return write!(
                    f,
                    "this transfer is the signed one: `{}`",
                    id.escape_debug()
                );
            }
            Self::PayoutStatusSigned => {
                "the payout's status is signed too, and the declared tracking ids leave that \
                 undecided"
            }
            Self::SecretEdge => "what was configured begins or ends with white space",
            Self::SecretEmpty => "what was configured is empty",
            Self::SecretEncoded { how } => {
                return write!(f, "what was configured is the secret encoded: {how}");
            }
            Self::SecretQuoted => "what was configured has quotes around the secret",
            Self::SignatureForm { how } => return write!(f, "the signature stands there {how}"),
            Self::SignatureMalformed => "the signature is not 64 lower-case hexadecimal digits",
            Self::SignatureMissing => "the body has a transfer and no signature",
            Self::SignatureTruncated { digits } => {
                return write!(
                    f,
                    "the signature is cut off: {digits} of 64 digits are there"
                );
            }
            Self::SignatureUpperCase => "the signature is in upper case",
            Self::Time { signed } => return signed_as(f, "the time", signed),
            Self::TrackingId { signed } => return signed_as(f, "the tracking id", signed),
            Self::TrackingIdDeclaration { declared } => {
                return write!(
                    f,
                    "the tracking id is not as the merchant declared: {declared}"
                );
            }
            Self::Unsigned => "the gateway does not sign a callback without a transfer",
            Self::WrongScheme { fits, part } => {
                let version = match fits {
                    Scheme::CallbackSecret => "v3, as the callback secret",
                    Scheme::LoginPassword => "v2, as login and password",
                };
                return write!(f, "it is of the other API version: {part} fits {version}");
            }
        })
    }
}

/// What is escaped can't break a log line in two.
fn signed_as(f: &mut fmt::Formatter<'_>, what: &str, signed: &str) -> fmt::Result {
    write!(f, "{what} was signed as `{}`", signed.escape_debug())
}
