//! [`ParseError`]: bodies that cannot be parsed.

use super::body::{BodyEncoding, OtherProduct};
use super::fault::Fault;
use super::field::FieldError;

/// The body cannot be parsed as a callback. The error never quotes the body.
///
/// ```
/// # let body = std::fs::read("examples/bodies/b2binpay-refused-amount.json")?;
/// use payhook::b2binpay::Callback;
/// use payhook::{error::FieldError, ParseError, Unverified};
///
/// match Unverified::<Callback>::parse(&body) {
///     Err(ParseError::Field { path, reason }) => {
///         assert_eq!(&*path, "included[1].attributes.amount");
///         assert_eq!(reason, FieldError::NotDecimal);
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
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
    /// use payhook::{error::OtherProduct, ParseError, Unverified, b2binpay::Callback};
    ///
    /// let body = br#"{"id":"0d6c0b1e-52f4-4c8e-9a77-1b3f6f1d9e10","type":"INVOICE_PAID"}"#;
    /// let error = Unverified::<Callback>::parse(body).unwrap_err();
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
    /// use payhook::{error::BodyEncoding, ParseError, citypay::Callback};
    ///
    /// let error = Callback::parse(b"type=order+callback&order_id=90417").unwrap_err();
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
