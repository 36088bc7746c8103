//! What to do about each [`Cause`].

use super::cause::Cause;
use crate::error::ConfigError;
use crate::verified::Scheme;

impl Cause {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::AmbiguousTransfer
            | Self::MissingTransfer
            | Self::SignatureMalformed
            | Self::SignatureMissing
            | Self::TrackingIdDeclaration { .. } => {
                self.as_refusal().map_or("", |refusal| refusal.hint())
            }
            Self::Amount { .. } => {
                "hand over the request's body untouched: no float, decimal type or database \
                 column may write the amount again"
            }
            Self::ApiCredentials => {
                "configure the callback secret that the web interface shows for callbacks; \
                 sandbox and production have one each"
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
            Self::UnknownKey => {
                "compare wallet and environment (sandbox, production) with the cabinet, and look \
                 for a rotation; give the secret as text to find a slip in it"
            }
            Self::HomeMadeSignature { .. } => {
                "sign as the gateway does: the parts with nothing between them, as lower-case \
                 hexadecimal digits"
            }
            Self::LoginPasswordSwapped => "configure them the other way round",
            Self::LoginPasswordJoined { .. } => {
                "configure login and password; the key is SHA-256 of the two with nothing \
                 between them"
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
                "declare what your tracking ids look like, if they allow it: `Prefixed` or \
                 `Unused`"
            }
            Self::SecretEdge => ConfigError::SurroundingWhitespace.hint(),
            Self::SecretEmpty => ConfigError::EmptySecret.hint(),
            Self::SecretEncoded { .. } => "configure the secret as the cabinet shows it",
            Self::SecretQuoted => {
                "remove the quotes: not everything that reads an `.env` file takes them off"
            }
            Self::SignatureForm { .. } | Self::SignatureUpperCase => {
                "hand over the body untouched; the gateway writes 64 lower-case hexadecimal digits"
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
