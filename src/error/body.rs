//! [`OtherProduct`] and [`BodyEncoding`]: bodies that cannot be read as a callback as they
//! are.

use std::fmt;

/// A product whose callbacks have a different form and a different secret.
///
/// See [`ParseError::OtherProduct`](super::ParseError::OtherProduct) for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OtherProduct {
    /// B2BINPAY DeFi: a UUID as `id` and a `type` that begins with `INVOICE_` or
    /// `PAYOUT_`.
    Defi,
    /// The retired API v1 of B2BINPAY: `sign[time]` and `sign[hash]`, as a form
    /// or as JSON.
    V1,
}

impl OtherProduct {
    /// Returns `defi` or `v1`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Defi => "defi",
            Self::V1 => "v1",
        }
    }
}

impl fmt::Display for OtherProduct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Defi => "B2BINPAY DeFi",
            Self::V1 => "the retired B2BINPAY API v1",
        })
    }
}

/// The encoding of a body that is not plain JSON.
///
/// See [`ParseError::Reencoded`](super::ParseError::Reencoded) for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyEncoding {
    /// With a backslash before every quote.
    Backslashes,
    /// In Base64, with either alphabet.
    Base64,
    /// With a byte order mark at the start.
    ByteOrderMark,
    /// As form data, `application/x-www-form-urlencoded` or percent-encoded.
    FormData,
    /// Compressed with gzip.
    Gzip,
    /// With HTML escapes for quotes.
    Html,
    /// As a JSON string that contains the JSON.
    JsonString,
    /// As multipart form data.
    Multipart,
    /// As UTF-16.
    Utf16,
    /// Compressed with zlib (`Content-Encoding: deflate`).
    Zlib,
    /// Compressed with Zstandard.
    Zstd,
}

impl BodyEncoding {
    /// Returns the machine-readable name, such as `form_data`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Backslashes => "backslashes",
            Self::Base64 => "base64",
            Self::ByteOrderMark => "byte_order_mark",
            Self::FormData => "form_data",
            Self::Gzip => "gzip",
            Self::Html => "html",
            Self::JsonString => "json_string",
            Self::Multipart => "multipart",
            Self::Utf16 => "utf16",
            Self::Zlib => "zlib",
            Self::Zstd => "zstd",
        }
    }

    /// The human-readable form: `as form data`.
    pub(crate) const fn how(self) -> &'static str {
        match self {
            Self::Backslashes => "with a backslash before every quote",
            Self::Base64 => "in Base64",
            Self::ByteOrderMark => "with a byte order mark at the start",
            Self::FormData => "as form data",
            Self::Gzip => "compressed with gzip",
            Self::Html => "HTML-escaped",
            Self::JsonString => "as a JSON string",
            Self::Multipart => "as multipart form data",
            Self::Utf16 => "as UTF-16",
            Self::Zlib => "compressed with zlib",
            Self::Zstd => "compressed with zstd",
        }
    }
}

impl fmt::Display for BodyEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.how())
    }
}
