//! [`ParseError`], [`VerifyError`] and all other errors: causes, hints, and who has to act.

use std::fmt;
use std::time::Duration;

use crate::amount::AmountError;
use crate::b2binpay::TrackingIds;
use crate::timestamp::TimestampError;
use crate::wire::MAX_ENTRIES;

pub use crate::read::FieldWarning;
pub use crate::recognize::{BodyEncoding, OtherProduct};

/// Whose fault a refusal is.
///
/// See [`Error`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The merchant: the configuration, the handler or a lookup is wrong, or a proven
    /// payment was refused and needs manual review.
    Merchant,
    /// The sender, or a component that changed the body in transit. If genuine
    /// callbacks are refused with such an error, the hint says what to check.
    Sender,
}

impl Fault {
    /// Returns `merchant` or `sender`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Merchant => "merchant",
            Self::Sender => "sender",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An invalid key or other setting.
///
/// ```
/// use payhook::error::ConfigError;
/// use payhook::b2binpay::Key;
///
/// // Read from a file, with its trailing newline.
/// let error = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1\n").err();
/// assert_eq!(error, Some(ConfigError::SurroundingWhitespace));
/// assert_eq!(
///     ConfigError::SurroundingWhitespace.hint(),
///     "trim the secret when reading it: files often end with a newline",
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The callback secret has leading or trailing whitespace: usually a copied space
    /// or a trailing newline.
    #[error("callback secret has leading or trailing whitespace")]
    SurroundingWhitespace,
    /// The CityPay.io customer id is empty; it would equal a missing one.
    #[error("customer id is empty")]
    EmptyCustomerId,
    /// The login is empty.
    #[error("login is empty")]
    EmptyLogin,
    /// The password is empty.
    #[error("password is empty")]
    EmptyPassword,
    /// The callback secret is empty: anyone could sign with it.
    #[error("callback secret is empty")]
    EmptySecret,
    /// The declaration of [`TrackingIds`] is unknown.
    #[error(
        "unknown form of tracking ids: expected prefixed, uuid, length=N, unused or unrestricted"
    )]
    TrackingIds,
}

impl ConfigError {
    /// Returns a hint for fixing the error.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::SurroundingWhitespace => {
                "trim the secret when reading it: files often end with a newline"
            }
            Self::EmptyCustomerId => "set the customer id shown in the CityPay.io dashboard",
            Self::EmptyLogin | Self::EmptyPassword => {
                "set both the API key and the API secret that the v2 integration logs in with"
            }
            Self::EmptySecret => "check that the environment variable or file is set and not empty",
            Self::TrackingIds => "declare the form of your own tracking ids: see `TrackingIds`",
        }
    }
}

/// Why a field is invalid.
///
/// See [`ParseError`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// The value is not a decimal amount, or exceeds the bounds.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// An id or token contains a control character (Unicode's `Cc`): no gateway or
    /// merchant issues such an id, and not every database accepts it.
    #[error("expected an id without control characters")]
    ControlCharacter,
    /// The key occurs twice in its object: two parsers could read different values.
    #[error("duplicate key")]
    DuplicateKey,
    /// A required field is missing.
    #[error("missing required field")]
    Missing,
    /// A received amount is negative.
    #[error("expected a non-negative amount")]
    Negative,
    /// The value is not `true` or `false`.
    #[error("expected true or false")]
    NotABool,
    /// The value is not a JSON array.
    #[error("expected an array")]
    NotAList,
    /// The value is not an id: ids and tokens are non-empty strings or integers.
    #[error("expected an id: a string or an integer")]
    NotAnId,
    /// The value is not a JSON object.
    #[error("expected an object")]
    NotAnObject,
    /// The value is not a signed status: a single digit, optionally negative.
    #[error("expected a single digit, optionally negative")]
    NotAStatus,
    /// The value is not an integer.
    #[error("expected an integer")]
    NotAWholeNumber,
    /// The value is not a signed time: ISO 8601 with seconds and an offset, neither
    /// Unix seconds nor a local time.
    #[error("expected a timestamp with seconds and an offset, such as 2026-03-02T09:16:02.551870Z")]
    NotASignedTime,
    /// The value is not a signed amount: digits with at most one decimal point.
    #[error("expected a plain decimal number")]
    NotDecimal,
    /// The value is not a JSON string (nor a number, where numbers are accepted).
    #[error("expected a string")]
    NotText,
    /// The string contains the character U+0000, which PostgreSQL's `text` cannot
    /// store.
    #[error("expected a string without the character U+0000")]
    Nul,
    /// An integer outside the field's range.
    #[error("expected a number between {min} and {max}")]
    OutOfRange {
        /// The minimum.
        min: i64,
        /// The maximum.
        max: i64,
    },
    /// The value is not a timestamp.
    #[error(transparent)]
    Time(#[from] TimestampError),
    /// The array has more than 1,000 entries.
    #[error("expected at most {MAX_ENTRIES} entries")]
    TooManyEntries,
}

/// The body cannot be parsed as a callback. The error never quotes the body.
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
    /// An essential field is invalid.
    #[error("`{path}`: {reason}")]
    Field {
        /// The path of the field: `included[1].attributes.amount`.
        path: Box<str>,
        /// What is wrong with it.
        reason: FieldError,
    },
    /// The body is not JSON, or is empty, truncated, or more than one document.
    #[error("invalid JSON at line {line}, column {column}")]
    NotJson {
        /// The line, counted from 1.
        line: usize,
        /// The column in bytes, counted from 1; 0 for an empty body.
        column: usize,
    },
    /// The body is not UTF-8.
    #[error("invalid UTF-8 at byte {offset}")]
    NotUtf8 {
        /// The number of valid bytes.
        offset: usize,
    },
    /// The body is a callback of another B2BINPAY product or of its retired API,
    /// which sign differently and are not supported.
    ///
    /// ```
    /// use payhook::{error::OtherProduct, ParseError, Unverified, b2binpay::TransferCallback};
    ///
    /// let body = br#"{"id":"0d6c0b1e-52f4-4c8e-9a77-1b3f6f1d9e10","type":"INVOICE_PAID"}"#;
    /// let error = Unverified::<TransferCallback>::parse(body).unwrap_err();
    /// assert_eq!(error, ParseError::OtherProduct { product: OtherProduct::Defi });
    /// ```
    #[error("unsupported callback of {product}")]
    OtherProduct {
        /// The product.
        product: OtherProduct,
    },
    /// The body is longer than the limit and was not read to its end, so its length
    /// is unknown. Occurs only where the endpoint itself reads the body (feature
    /// `http`).
    #[error("body exceeds the limit of {limit} bytes")]
    OverLimit {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body was re-encoded in transit and is not plain JSON.
    ///
    /// ```
    /// use payhook::{error::BodyEncoding, ParseError, citypay::Posted};
    ///
    /// let error = Posted::parse(b"type=order+callback&order_id=90417").unwrap_err();
    /// assert_eq!(error, ParseError::Reencoded { encoding: BodyEncoding::FormData });
    /// ```
    #[error("body was re-encoded: {encoding}")]
    Reencoded {
        /// The encoding.
        encoding: BodyEncoding,
    },
    /// The body is longer than the limit.
    #[error("body is {length} bytes long, the limit is {limit}")]
    TooLarge {
        /// The body's length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The body is valid JSON, but its callback type is not supported by this
    /// version.
    #[error("unsupported callback type in `{path}`")]
    Unsupported {
        /// The field that contains the callback type.
        path: &'static str,
    },
}

impl ParseError {
    /// Returns the name of the variant for logs and metrics, such as `not_json`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Field { .. } => "field",
            Self::NotJson { .. } => "not_json",
            Self::NotUtf8 { .. } => "not_utf8",
            Self::OtherProduct { .. } => "other_product",
            Self::OverLimit { .. } => "over_limit",
            Self::Reencoded { .. } => "reencoded",
            Self::TooLarge { .. } => "too_large",
            Self::Unsupported { .. } => "unsupported",
        }
    }

    /// Returns [`Fault::Sender`].
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Sender
    }

    /// Returns the HTTP status to respond with: 400, 413 or 422.
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

    /// Returns a hint for fixing the error.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Field { path, reason }
                if matches!(&**path, "data" | "type") && *reason == FieldError::Missing =>
            {
                "check that this is not a callback from the other gateway: each gateway needs its \
                 own endpoint"
            }
            Self::Field {
                reason: FieldError::NotASignedTime,
                ..
            } => {
                "pass the body unmodified: the gateway signs ISO 8601 times with an offset; other \
                 formats come from a date type that rewrote the time, or from a test's own signer"
            }
            Self::Field { .. } => {
                "compare the field with the gateway's documentation; if a genuine callback \
                 contains it, report it to payhook"
            }
            Self::NotJson { .. } => {
                "pass the request body unmodified: not form-decoded, re-encoded or truncated"
            }
            Self::NotUtf8 { .. } => {
                "pass the request body unmodified: neither partly decompressed nor transcoded"
            }
            Self::OtherProduct { product } => match product {
                OtherProduct::Defi => {
                    "send DeFi callbacks to a different URL: they use a separate secret, and \
                     payhook does not verify them"
                }
                OtherProduct::V1 => {
                    "move this wallet to API v3: payhook does not verify v1 signatures"
                }
            },
            Self::Reencoded { encoding } => match encoding {
                BodyEncoding::Gzip | BodyEncoding::Zlib | BodyEncoding::Zstd => {
                    "decompress the body according to its `Content-Encoding` before passing it on"
                }
                BodyEncoding::FormData | BodyEncoding::Multipart => {
                    "pass the request's bytes as received: the gateways post JSON, not forms"
                }
                _ => "pass the request's bytes as received, before anything re-encodes them",
            },
            Self::OverLimit { .. } | Self::TooLarge { .. } => {
                "raise the endpoint's body limit if genuine callbacks are this large"
            }
            Self::Unsupported { .. } => {
                "check that the callback URL belongs to this gateway; a new callback type needs a \
                 newer version of payhook"
            }
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

/// The callback was parsed but not verified. Nothing was changed.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../examples/bodies/b2binpay-refused-unsigned.json");
/// use payhook::VerifyError;
///
/// let callback = Unverified::parse(body)?;
/// // A callback shares its memory with its clones.
/// let refused = verifier.verify(callback.clone()).err();
/// // Legitimate without a transfer: fetch it from the gateway's API.
/// assert_eq!(refused, Some(VerifyError::Unsigned));
/// assert_eq!(callback.unverified().id(), "30417");
/// # Ok::<(), payhook::Error>(())
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
        /// The `status_code` of the error response, if it has one.
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
    /// The signed message does not consist of the tracking id and the amount in the
    /// merchant's record.
    #[error(
        "signed message does not consist of the expected tracking id and amount, with all the \
         fraction digits that the gateway writes"
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
    #[error("tracking id does not fit the declared `{declared}`; `{fitting}` would accept it")]
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
                "check the lookup's URL and environment; the gateway will retry"
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
                "if every callback fails, the configured secret is wrong: API v3 signs with the \
                 callback secret shown in the dashboard (neither client_id nor client_secret), \
                 API v2 with login and password; sandbox and production have different secrets"
            }
            Self::SourceAddress | Self::UnknownPeer => {
                "pass the socket's peer address, or the address forwarded by your own proxy, and \
                 compare the ranges with the gateway's list"
            }
            Self::Stale { .. } => {
                "remove the age limit if the gateway's retries must be accepted: they arrive late"
            }
            Self::TrackingId { .. } => {
                "if your own tracking ids look like this one, change the `tracking_ids` setting; \
                 if none do, an attacker may have split the signed message differently"
            }
            Self::Unsigned => {
                "fetch the deposit from the gateway's API, or accept its source addresses"
            }
        }
    }
}

/// Any error of parsing and verification, for callers that treat them alike.
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
///     Fault::Merchant => println!("alert the on-call engineer: {error}; {}", error.hint()),
///     _ => println!("refused: {error}"),
/// }
/// assert_eq!((error.fault(), error.http_status()), (Fault::Sender, 401));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A key is invalid.
    #[error(transparent)]
    Key(#[from] ConfigError),
    /// A body cannot be parsed.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// A callback is not verified.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl Error {
    /// Returns who most likely has to act on the error.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Key(_) => Fault::Merchant,
            Self::Parse(error) => error.fault(),
            Self::Verify(error) => error.fault(),
        }
    }

    /// Returns the HTTP status to respond with; 500 if a key is invalid.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self {
            Self::Key(_) => 500,
            Self::Parse(error) => error.http_status(),
            Self::Verify(error) => error.http_status(),
        }
    }

    /// Returns a hint for fixing the error.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Key(error) => error.hint(),
            Self::Parse(error) => error.hint(),
            Self::Verify(error) => error.hint(),
        }
    }
}
