//! What a body is that can't be read as a callback: encoded once more on its
//! way here, or another product's (GATEWAYS 1.6). It is looked at only after
//! reading has failed, and never decoded.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde_json::value::RawValue;

use crate::error::ParseError;

/// How a body was encoded on its way to the parser.
///
/// See [`ParseError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// Base64, as queues and serverless gateways make of binary bodies.
    Base64,
    /// Form data.
    Form,
    /// Compressed with gzip.
    Gzip,
    /// A JSON string that has the JSON document in it.
    JsonString,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Base64 => "Base64",
            Self::Form => "form data",
            Self::Gzip => "gzip",
            Self::JsonString => "a JSON string",
        })
    }
}

/// Another product of the gateway's brand, whose callbacks are not read here.
///
/// See [`ParseError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Product {
    /// B2BINPAY DeFi, which has callbacks and secrets of its own.
    B2binpayDefi,
    /// B2BINPAY's first API, which is retired.
    B2binpayV1,
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::B2binpayDefi => "B2BINPAY DeFi",
            Self::B2binpayV1 => "the retired B2BINPAY API v1",
        })
    }
}

/// Names what is wrong with a body at a B2BINPAY endpoint, if it is recognised.
pub(crate) fn b2binpay(body: &[u8], error: ParseError) -> ParseError {
    if is_about_length(&error) {
        return error;
    }
    match product(body) {
        Some(product) => ParseError::OtherProduct { product },
        None => encoded(body, error),
    }
}

/// Names how a body at a CityPay.io endpoint was encoded, if it is recognised.
pub(crate) fn citypay(body: &[u8], error: ParseError) -> ParseError {
    if is_about_length(&error) {
        return error;
    }
    encoded(body, error)
}

fn is_about_length(error: &ParseError) -> bool {
    matches!(
        error,
        ParseError::OverLimit { .. } | ParseError::TooLarge { .. }
    )
}

fn encoded(body: &[u8], error: ParseError) -> ParseError {
    match encoding(body) {
        Some(encoding) => ParseError::Encoded { encoding },
        None => error,
    }
}

fn encoding(body: &[u8]) -> Option<Encoding> {
    if body.starts_with(b"\x1f\x8b") {
        return Some(Encoding::Gzip);
    }
    let text = std::str::from_utf8(body).ok()?.trim();
    if text.starts_with('"') {
        let inner: Cow<'_, str> = serde_json::from_str(text).ok()?;
        let is_document = inner.trim_start().starts_with(['{', '"']);
        return is_document.then_some(Encoding::JsonString);
    }
    if is_base64(text) {
        Some(Encoding::Base64)
    } else if is_form(text) {
        Some(Encoding::Form)
    } else {
        None
    }
}

/// Base64 of what begins with a brace, or with gzip's mark.
fn is_base64(text: &str) -> bool {
    let begins = ["ey", "ew", "H4sI"]
        .iter()
        .any(|mark| text.starts_with(mark));
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=\r\n".contains(&byte);
    begins && text.len() >= 16 && text.bytes().all(is_digit)
}

/// `name=value&…`, or a whole document that is escaped as a form's name.
fn is_form(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.+%[]*".contains(&byte);
    if text.starts_with("%7B") || text.starts_with("%7b") {
        return true;
    }
    text.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(is_plain))
}

fn product(body: &[u8]) -> Option<Product> {
    let text = std::str::from_utf8(body).ok()?.trim();
    if is_form(text) {
        let is_signed_as_v1 = ["sign[hash]=", "sign%5Bhash%5D=", "sign%5bhash%5d="]
            .iter()
            .any(|mark| text.contains(mark));
        return is_signed_as_v1.then_some(Product::B2binpayV1);
    }
    let fields: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(text).ok()?;
    let kind = fields.get("type").map(|kind| kind.get().trim_matches('"'));
    let is_defi =
        kind.is_some_and(|kind| kind.starts_with("INVOICE_") || kind.starts_with("PAYOUT_"));
    let has = |key: &str| fields.contains_key(key);
    if is_defi && has("id") {
        Some(Product::B2binpayDefi)
    } else if (has("sign") || has("sign[hash]")) && (has("tracking_id") || has("actual_amount")) {
        Some(Product::B2binpayV1)
    } else {
        None
    }
}
