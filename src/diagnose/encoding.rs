//! Bodies that were re-encoded in transit.

use std::borrow::Cow;

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, alphabet};
use percent_encoding::percent_decode_str;

use crate::error::BodyEncoding;

/// The maximum number of layers: a form in Base64 with a byte order mark.
const MAX_LAYERS: usize = 3;

type Undo = fn(&[u8]) -> Option<Vec<u8>>;

/// Each encoding, and its decoder, which returns `None` for other bodies.
const ENCODINGS: [(&str, Undo); 8] = [
    (BodyEncoding::ByteOrderMark.how(), byte_order_mark),
    (BodyEncoding::Utf16.how(), utf16),
    (BodyEncoding::JsonString.how(), json_string),
    (BodyEncoding::Backslashes.how(), backslashes),
    (BodyEncoding::FormData.how(), form),
    (BodyEncoding::Html.how(), html_body),
    (BodyEncoding::Base64.how(), base64_body),
    ("in Latin-1", latin1),
];

/// Decodes a body into a JSON object, with the encodings, the outermost first. `None`
/// if it is not a JSON object in any of them.
pub(super) fn unwrap(body: &[u8]) -> Option<(Cow<'_, str>, Vec<&'static str>)> {
    let mut layers = Vec::new();
    let mut body = Cow::Borrowed(body);
    while !is_object(&body) {
        if layers.len() == MAX_LAYERS {
            return None;
        }
        let (how, inner) = ENCODINGS
            .iter()
            .find_map(|(how, undo)| Some((*how, undo(&body)?)))?;
        layers.push(how);
        body = Cow::Owned(inner);
    }
    let body = match body {
        Cow::Borrowed(body) => Cow::Borrowed(std::str::from_utf8(body).ok()?),
        Cow::Owned(body) => Cow::Owned(String::from_utf8(body).ok()?),
    };
    Some((body, layers))
}

fn is_object(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"{")
        && std::str::from_utf8(body).is_ok()
        && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

fn byte_order_mark(body: &[u8]) -> Option<Vec<u8>> {
    body.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec)
}

fn utf16(body: &[u8]) -> Option<Vec<u8>> {
    let (rest, unit): (_, fn([u8; 2]) -> u16) = match body {
        [0xff, 0xfe, rest @ ..] => (rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => (rest, u16::from_be_bytes),
        [b'{', 0, ..] => (body, u16::from_le_bytes),
        [0, b'{', ..] => (body, u16::from_be_bytes),
        _ => return None,
    };
    let (units, odd) = rest.as_chunks::<2>();
    let units = units.iter().map(|bytes| unit(*bytes));
    let text: String = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
    odd.is_empty().then(|| text.into_bytes())
}

fn json_string(body: &[u8]) -> Option<Vec<u8>> {
    let text: String = serde_json::from_slice(body).ok()?;
    Some(text.into_bytes())
}

fn backslashes(body: &[u8]) -> Option<Vec<u8>> {
    let inner = body.trim_ascii();
    inner.starts_with(br#"{\""#).then_some(())?;
    json_string(&[b"\"", inner, b"\""].concat())
}

/// `payload=%7B…`, or the JSON as the only name.
fn form(body: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(body).ok()?;
    let field = text
        .split('&')
        .map(|field| field.split_once('=').map_or(field, |(_, value)| value))
        .chain(text.split(['&', '=']))
        .find(|field| field.starts_with("%7B") || field.starts_with("%7b"))?;
    let spaces = field.replace('+', " ");
    Some(percent_decode_str(&spaces).collect())
}

fn html_body(body: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(body).ok()?;
    Some(html(text)?.into_bytes())
}

/// Without HTML escapes; `None` if there are none.
pub(super) fn html(text: &str) -> Option<String> {
    let mut plain = text.to_owned();
    for (escape, character) in [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#039;", "'"),
        ("&apos;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        // Last, since an escape may itself be escaped.
        ("&amp;", "&"),
    ] {
        plain = plain.replace(escape, character);
    }
    (plain != text).then_some(plain)
}

/// The form that queues and serverless gateways give to binary bodies.
fn base64_body(body: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(body.trim_ascii()).ok()?;
    let decoded = base64(text)?;
    decoded.starts_with(b"{").then_some(decoded)
}

fn latin1(body: &[u8]) -> Option<Vec<u8>> {
    std::str::from_utf8(body).is_err().then_some(())?;
    let text: String = body.iter().map(|byte| char::from(*byte)).collect();
    Some(text.into_bytes())
}

/// UTF-8 that was misread as Latin-1: `Ã©` was `é`.
pub(super) fn mojibake(text: &str) -> Option<String> {
    let bytes: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
    let plain = String::from_utf8(bytes.ok()?).ok()?;
    (plain != text).then_some(plain)
}

/// Decodes hexadecimal digits in either case; `None` for other or empty input.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![0; text.len() / 2];
    base16ct::mixed::decode(text, &mut bytes).ok()?;
    (!bytes.is_empty()).then_some(bytes)
}

/// Decodes Base64 in either alphabet, padded or not; `None` for other or empty input.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let padded_or_not = DecodePaddingMode::Indifferent;
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(padded_or_not);
    let decode = |alphabet| GeneralPurpose::new(alphabet, config).decode(text).ok();
    let bytes = decode(&alphabet::STANDARD).or_else(|| decode(&alphabet::URL_SAFE))?;
    (!bytes.is_empty()).then_some(bytes)
}
