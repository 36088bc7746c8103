//! [`ParseError`], [`VerifyError`] and all other errors: causes, hints, and who has to act.

use std::fmt;
use std::time::Duration;

use crate::amount::AmountError;
use crate::b2binpay::{TrackingIds, TransferCallback};
use crate::timestamp::TimestampError;
use crate::verified::Unverified;
use crate::wire::MAX_ENTRIES;

pub use crate::read::FieldWarning;
pub use crate::recognize::{BodyEncoding, OtherProduct};

/// Whose fault a refusal is.
///
/// See [`Error`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The merchant's: configuration, handler or lookup; or a proven payment was
    /// refused, for the merchant to look up.
    Merchant,
    /// The sender's, or of what changed the body on its way here. If genuine
    /// callbacks are refused so, the hint says where to look.
    Sender,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Merchant => "merchant",
            Self::Sender => "sender",
        })
    }
}

/// A key, or another setting, that can't be used.
///
/// ```
/// use payhook::error::ConfigError;
/// use payhook::b2binpay::Key;
///
/// // Read from a file, with the newline at its end.
/// let error = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1\n").err();
/// assert_eq!(error, Some(ConfigError::SurroundingWhitespace));
/// assert_eq!(
///     ConfigError::SurroundingWhitespace.hint(),
///     "trim the secret where it is read; a file often ends with a newline",
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A callback secret with white space at its edge: a mistake of the clipboard
    /// or of a file's last line.
    #[error("the callback secret begins or ends with white space")]
    SurroundingWhitespace,
    /// An empty CityPay.io customer id would equal a missing one.
    #[error("the customer id is empty")]
    EmptyCustomerId,
    /// An empty login.
    #[error("the login is empty")]
    EmptyLogin,
    /// An empty password.
    #[error("the password is empty")]
    EmptyPassword,
    /// Anybody can sign with an empty secret.
    #[error("the callback secret is empty")]
    EmptySecret,
}

impl ConfigError {
    /// Always the merchant's.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Merchant
    }

    /// The HTTP status to answer with if it comes up that late: 500.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        500
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::SurroundingWhitespace => {
                "trim the secret where it is read; a file often ends with a newline"
            }
            Self::EmptyCustomerId => "set the customer id that the cabinet shows",
            Self::EmptyLogin | Self::EmptyPassword => {
                "set both the API key and the API secret that the v2 integration logs in with"
            }
            Self::EmptySecret => "check that the environment variable or file is set and not empty",
        }
    }
}

/// Why a field can't be read.
///
/// See [`ParseError`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// Not a decimal amount, or one beyond the bounds.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// An id or token with a control character (Unicode's `Cc`): no gateway and no
    /// merchant issues one, and not every database takes it.
    #[error("expected an id without control characters")]
    ControlCharacter,
    /// The key is in its object twice: two readers could differ.
    #[error("the key stands there twice")]
    DuplicateKey,
    /// It has to be there.
    #[error("expected a value, found none")]
    Missing,
    /// An amount that was received can't be negative.
    #[error("expected an amount that is not negative")]
    Negative,
    /// Not `true` or `false`.
    #[error("expected true or false")]
    NotABool,
    /// Not a JSON list.
    #[error("expected a list")]
    NotAList,
    /// Ids and tokens are text or whole numbers, and not empty.
    #[error("expected an id: text or a whole number")]
    NotAnId,
    /// Not a JSON object.
    #[error("expected an object")]
    NotAnObject,
    /// A signed status is one digit, with `-` in front or not.
    #[error("expected one digit, with `-` in front or not")]
    NotAStatus,
    /// A number with a point or exponent, or no number at all.
    #[error("expected a whole number")]
    NotAWholeNumber,
    /// A signed time is ISO 8601 with seconds and an offset: no Unix seconds, no
    /// local time.
    #[error("expected a time in the gateway's form, such as 2026-03-02T09:16:02.551870Z")]
    NotASignedTime,
    /// A signed amount has digits and at most a point.
    #[error("expected digits with at most a point among them")]
    NotDecimal,
    /// Not JSON text, or not a number where numbers are taken as well.
    #[error("expected text")]
    NotText,
    /// Text with the character U+0000, which PostgreSQL's `text` can't hold.
    #[error("expected text without the character U+0000")]
    Nul,
    /// A whole number outside the range that its field has.
    #[error("expected a number between {min} and {max}")]
    OutOfRange {
        /// The least.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// Not a moment in time.
    #[error(transparent)]
    Time(#[from] TimestampError),
    /// A list with more than 1,000 entries.
    #[error("expected at most {MAX_ENTRIES} entries")]
    TooManyEntries,
}

/// A body that can't be read as a callback. It never quotes the body.
///
/// ```
/// # let body = include_bytes!("../examples/bodies/b2binpay-refused-amount.json");
/// use payhook::b2binpay::TransferCallback;
/// use payhook::{error::FieldError, ParseError, Unverified};
///
/// match Unverified::<TransferCallback>::parse(body) {
///     Err(ParseError::Field { path, reason }) => {
///         assert_eq!(&*path, "included[1].attributes.amount");
///         assert_eq!(reason, FieldError::NotDecimal);
///     }
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// A field that matters can't be read.
    #[error("`{path}`: {reason}")]
    Field {
        /// Where: `included[1].attributes.amount`.
        path: Box<str>,
        /// Why.
        reason: FieldError,
    },
    /// Not JSON, nothing at all, cut short, or more than one document.
    #[error("the body is not one JSON document: it breaks at line {line}, column {column}")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// In bytes, counted from 1; 0 for an empty body.
        column: usize,
    },
    /// Not UTF-8.
    #[error("the body is not UTF-8 from byte {offset} on")]
    NotUtf8 {
        /// How many bytes are valid.
        offset: usize,
    },
    /// A callback of another product of B2BINPAY, or of its retired API: signed in
    /// another way, and not read here.
    ///
    /// ```
    /// use payhook::{error::OtherProduct, ParseError, Unverified, b2binpay::TransferCallback};
    ///
    /// let body = br#"{"id":"0d6c0b1e-52f4-4c8e-9a77-1b3f6f1d9e10","type":"INVOICE_PAID"}"#;
    /// let error = Unverified::<TransferCallback>::parse(body).unwrap_err();
    /// assert_eq!(error, ParseError::OtherProduct { product: OtherProduct::Defi });
    /// ```
    #[error("the body is a callback of {product}")]
    OtherProduct {
        /// Which one.
        product: OtherProduct,
    },
    /// Longer than the limit, and read no further: nobody knows how long. Only
    /// where the endpoint itself reads the body: feature `http`.
    #[error("the body goes on beyond the limit of {limit} bytes")]
    OverLimit {
        /// The limit in bytes.
        limit: usize,
    },
    /// Not JSON as it was sent, but encoded once more or in another way.
    ///
    /// ```
    /// use payhook::{error::BodyEncoding, ParseError, citypay::Posted};
    ///
    /// let error = Posted::parse(b"type=order+callback&order_id=90417").unwrap_err();
    /// assert_eq!(error, ParseError::Reencoded { encoding: BodyEncoding::FormData });
    /// ```
    #[error("the body was re-encoded: {encoding}")]
    Reencoded {
        /// How.
        encoding: BodyEncoding,
    },
    /// Longer than the limit.
    #[error("the body has {length} bytes, the limit is {limit}")]
    TooLarge {
        /// The body's length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Readable, but not a kind of callback that this version knows.
    #[error("`{path}` names no kind of callback that is known here")]
    Unsupported {
        /// The field that names the kind.
        path: &'static str,
    },
}

impl ParseError {
    /// Always the sender's, or of what hands the body over.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Sender
    }

    /// The HTTP status to answer with: 400, 413 or 422.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self {
            Self::OverLimit { .. } | Self::TooLarge { .. } => 413,
            Self::OtherProduct { .. } | Self::Unsupported { .. } => 422,
            Self::Field { .. }
            | Self::NotJson { .. }
            | Self::NotUtf8 { .. }
            | Self::Reencoded { .. } => 400,
        }
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Field { path, reason }
                if matches!(&**path, "data" | "type") && *reason == FieldError::Missing =>
            {
                "check that this is not the other gateway's callback: each has an endpoint of its own"
            }
            Self::Field {
                reason: FieldError::NotASignedTime,
                ..
            } => {
                "hand over the body untouched: the gateway signs ISO 8601 with an offset; other \
                 times come from a date type, or from another signer such as a test"
            }
            Self::Field { .. } => {
                "compare the field with the gateway's documentation; if a genuine callback has it, \
                 report it to payhook"
            }
            Self::NotJson { .. } => {
                "hand over the request's body untouched: not form-decoded, not re-encoded, not cut"
            }
            Self::NotUtf8 { .. } => {
                "hand over the request's body untouched: not decompressed or transcoded halfway"
            }
            Self::OtherProduct { product } => match product {
                OtherProduct::Defi => {
                    "give DeFi's callbacks another address: they have a secret of their own, and \
                     payhook does not verify them"
                }
                OtherProduct::V1 => {
                    "move this wallet to API v3: payhook does not verify the signatures of v1"
                }
            },
            Self::Reencoded { encoding } => match encoding {
                BodyEncoding::Gzip | BodyEncoding::Zlib | BodyEncoding::Zstd => {
                    "decompress the body before it is handed over, by its `Content-Encoding`"
                }
                BodyEncoding::FormData | BodyEncoding::Multipart => {
                    "hand over the request's bytes as they came: the gateways post JSON, and no \
                     form"
                }
                _ => {
                    "hand over the request's bytes as they came, before anything encodes them again"
                }
            },
            Self::OverLimit { .. } | Self::TooLarge { .. } => {
                "raise the endpoint's body limit if genuine callbacks are this large"
            }
            Self::Unsupported { .. } => {
                "check that the gateway's address is the one for this endpoint; a new kind of \
                 callback needs a newer payhook"
            }
        }
    }
}

/// ` (404)`, or nothing.
struct Code(Option<i64>);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(code) => write!(f, " ({code})"),
            None => Ok(()),
        }
    }
}

/// A callback that could be read and was not proven. Nothing was changed.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../examples/bodies/b2binpay-refused-unsigned.json");
/// use payhook::VerifyError;
///
/// let refused = verifier.verify(Unverified::parse(body)?).err();
/// // Legitimate where there is no transfer: ask the gateway's API for it.
/// let ask_for = match &refused {
///     Some(VerifyError::Unsigned(callback)) => Some(callback.unverified().id()),
///     _ => None,
/// };
/// assert_eq!(ask_for, Some("30417"));
/// # Ok::<(), payhook::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Several transfers could be the one that is signed.
    #[error("several transfers could be the one this callback is about")]
    AmbiguousTransfer,
    /// The gateway's answer is about something else than the callback.
    #[error("`{path}` of the gateway's answer is not what the callback says")]
    AnswerMismatch {
        /// Where they differ, in the answer.
        path: &'static str,
    },
    /// The gateway answered with an error.
    #[error("the gateway answered the lookup with an error{}", Code(*code))]
    AnswerRefused {
        /// The `status_code` of the error form, if it has one.
        code: Option<i64>,
    },
    /// The gateway's answer can't be read.
    #[error("the gateway's answer can't be read")]
    AnswerUnreadable(#[source] ParseError),
    /// The signature is not 64 lower-case hexadecimal digits.
    #[error("the signature is not 64 lower-case hexadecimal digits")]
    MalformedSignature,
    /// A body with a transfer and no signature. Only bodies without a transfer
    /// are ever unsigned.
    #[error("the body has a transfer and no signature")]
    MissingSignature,
    /// The callback names no token that could be looked up.
    #[error("the callback has no token to look it up by")]
    MissingToken,
    /// The relationship names a transfer that is not there.
    #[error("the transfer that `data.relationships.transfer` names is not in the body")]
    MissingTransfer,
    /// Nothing configured can prove this kind of callback.
    #[error("nothing is configured that could prove this callback")]
    NoEvidence,
    /// The token is none that the merchant issued.
    #[error("the token is none that the merchant issued")]
    NotIssued,
    /// The order belongs to another customer of the gateway.
    #[error("the order belongs to another customer id than the configured one")]
    OtherCustomer,
    /// None of the keys makes the signature.
    #[error("none of {keys} configured key(s) makes this signature")]
    SignatureMismatch {
        /// How many were tried.
        keys: usize,
    },
    /// The sender's address is in none of the configured ranges.
    #[error("the sender's address is in none of the configured ranges")]
    SourceAddress,
    /// The callback is older or newer than the merchant accepts.
    #[error("the callback is {} s away from now, the limit is {} s", distance.as_secs(), limit.as_secs())]
    Stale {
        /// How far its time is from now, in either direction.
        distance: Duration,
        /// What the merchant set.
        limit: Duration,
    },
    /// The signature fits, but the tracking id is not as it was declared, so
    /// that the signed text could be read in another way.
    #[error("tracking id does not fit the declared `{declared}`; `{fitting}` would accept it")]
    TrackingId {
        /// The declaration that the id contradicts.
        declared: TrackingIds,
        /// A declaration that allows the id.
        fitting: TrackingIds,
    },
    /// Addresses are evidence here, and none was handed over.
    #[error("the sender's address was not handed over")]
    UnknownPeer,
    /// No transfer and no signature: legitimate, and no proof at all.
    #[error("the callback is not signed")]
    Unsigned(Box<Unverified<TransferCallback>>),
}

impl VerifyError {
    /// Whose fault it is, most likely.
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
            | Self::SignatureMismatch { .. }
            | Self::SourceAddress
            | Self::Unsigned(_) => Fault::Sender,
        }
    }

    /// The HTTP status to answer with: 401, or 503 where asking back did not
    /// work out and another delivery may.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self {
            Self::AnswerRefused { .. } | Self::AnswerUnreadable(_) => 503,
            _ => 401,
        }
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::AmbiguousTransfer => {
                "report the body to payhook if the gateway's list of callbacks has it"
            }
            Self::AnswerMismatch { .. } => {
                "expected for forged posts; otherwise check that the lookup asks for what the callback names"
            }
            Self::AnswerRefused { .. } | Self::AnswerUnreadable(_) => {
                "check the lookup's address and environment; the gateway will send again"
            }
            Self::MalformedSignature | Self::MissingSignature => {
                "look the callback up in the gateway's list; if it is there, hand over the body \
                 untouched"
            }
            Self::MissingToken => "look the order up in the cabinet by the ids it has",
            Self::MissingTransfer => {
                "hand over the whole body; if the gateway sent it like this, report it to payhook"
            }
            Self::NoEvidence => "configure a lookup or the gateway's source addresses",
            Self::NotIssued => {
                "expected for forged posts; otherwise check where tokens are recorded"
            }
            Self::OtherCustomer => "compare the configured customer id with the cabinet's",
            Self::SignatureMismatch { .. } => {
                "if every callback fails, the configured secret is wrong: API v3 signs with the \
                 callback secret of the web interface, a third secret beside client_id and \
                 client_secret; v2 with login and password; sandbox and production differ"
            }
            Self::SourceAddress | Self::UnknownPeer => {
                "pass the socket's peer, or the forwarded address of a proxy of your own, and \
                 compare the ranges with the gateway's list"
            }
            Self::Stale { .. } => {
                "drop the freshness limit if the gateway's retries are wanted: they come late"
            }
            Self::TrackingId { .. } => {
                "if your own tracking ids look like this one, change the `tracking_ids` setting; \
                 if none do, an attacker may have split the signed message differently"
            }
            Self::Unsigned(_) => {
                "fetch the deposit from the gateway's API, or accept its source addresses"
            }
        }
    }
}

/// Any error on the way from bytes to proof, for callers that treat them alike.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../examples/bodies/b2binpay-refused-tampered.json");
/// use payhook::{Callback, Error, Fault};
///
/// let prove = |body: &[u8]| -> Result<Callback, Error> {
///     Ok(verifier.verify(Unverified::parse(body)?)?.into())
/// };
/// let error = prove(body).err().ok_or("it was tampered with")?;
/// match error.fault() {
///     Fault::Merchant => println!("wake somebody up: {error}; {}", error.hint()),
///     _ => println!("refused: {error}"),
/// }
/// assert_eq!((error.fault(), error.http_status()), (Fault::Sender, 401));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A key can't be used.
    #[error(transparent)]
    Key(#[from] ConfigError),
    /// A body can't be read.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// A callback is not proven.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl Error {
    /// Whose fault it is, most likely.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Key(error) => error.fault(),
            Self::Parse(error) => error.fault(),
            Self::Verify(error) => error.fault(),
        }
    }

    /// The HTTP status to answer with; 500 where a key can't be used.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self {
            Self::Key(error) => error.http_status(),
            Self::Parse(error) => error.http_status(),
            Self::Verify(error) => error.http_status(),
        }
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Key(error) => error.hint(),
            Self::Parse(error) => error.hint(),
            Self::Verify(error) => error.hint(),
        }
    }
}
