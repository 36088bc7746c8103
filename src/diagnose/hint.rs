//! Hints for each [`Cause`].

use super::cause::Cause;
use crate::error::ConfigError;
use crate::verified::SignatureScheme;

impl Cause {
    /// Returns what to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Amount { .. } => {
                "pass the request body unmodified: no float type, decimal type or database column \
                 may reformat the amount"
            }
            Self::ApiCredentials => {
                "configure the callback secret shown in the dashboard; sandbox and production \
                 have one each"
            }
            Self::BodyCutShort => {
                "look for a length limit in a proxy, a log line or a database column"
            }
            Self::BodyEmpty => "read the body only once: a middleware may have consumed it already",
            Self::BodyReencoded { .. } => {
                "pass the request's bytes as received, before any framework decodes them"
            }
            Self::BodyReserialized => {
                "verify and store the bytes as received: JSON that is parsed and serialized again \
                 is a different string"
            }
            Self::BodyMalformed(error) => error.hint(),
            Self::CityPay => {
                "give it an endpoint and a URL of its own; an order is proven by the order \
                 endpoint's response"
            }
            Self::ContentChanged => {
                "compare status, amount, tracking id and time with the JSON payload in the \
                 dashboard's list of callbacks; a callback that is not listed is forged"
            }
            Self::DigestAsHex => {
                "configure the login and password themselves, not a digest of them"
            }
            Self::UnknownKey => {
                "check whether it verifies other callbacks: then this one was changed; if not, \
                 compare wallet and environment with the dashboard; give the secret itself to \
                 detect a typo in it"
            }
            Self::NonstandardMessage { .. } => {
                "sign as the gateway does: concatenate the parts without a separator, and write \
                 the digest as lowercase hexadecimal digits"
            }
            Self::LoginPasswordSwapped => "swap the configured login and password",
            Self::LoginPasswordJoined { .. } => {
                "configure login and password; the key is the SHA-256 of the two, concatenated \
                 without a separator"
            }
            Self::NoCandidate => "give the configured keys, or the secrets to try",
            Self::NoTransferSigned => {
                "do not credit it: the transfer was inserted after signing, and nothing is paid"
            }
            Self::OtherStatus { .. } => {
                "do not act on the status in the body; find out whether your own code or an \
                 attacker changed it"
            }
            Self::OtherTransfer { .. } => {
                "do not credit the transfer that the body refers to; find out whether your own \
                 code or an attacker reordered or renamed its transfers"
            }
            Self::PayoutStatusSigned => {
                "if your tracking ids allow it, declare them as `Prefixed` or `Unused`"
            }
            Self::Refused(error) => error.hint(),
            Self::SecretWhitespace => ConfigError::SurroundingWhitespace.hint(),
            Self::SecretEmpty => ConfigError::EmptySecret.hint(),
            Self::SecretEncoded { .. } => "configure the secret exactly as the dashboard shows it",
            Self::SecretQuoted => "remove the quotes: some `.env` parsers keep them",
            Self::SignatureForm { .. } | Self::SignatureUpperCase => {
                "pass the body unmodified; the gateway writes 64 lowercase hexadecimal digits"
            }
            Self::SignatureTruncated { .. } => {
                "pass the whole body; a database column or log field that is too short truncates it"
            }
            Self::Time { .. } => {
                "pass the request body unmodified: no date type may reformat the time"
            }
            Self::TrackingId { .. } => {
                "pass the request body unmodified: the tracking id is signed character by character"
            }
            Self::WrongScheme { fits, .. } => match fits {
                SignatureScheme::CallbackSecret => "configure it with `Key::callback_secret`",
                SignatureScheme::LoginPassword => {
                    "configure login and password with `Key::v2_credentials`"
                }
            },
        }
    }
}
