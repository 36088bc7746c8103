//! Recognizes bodies that could not be parsed: other products of the gateway's brand,
//! and JSON that was re-encoded in transit.
//!
//! It runs only after parsing has failed, does not decode, and looks at each byte of
//! the body a few times at most.

use percent_encoding::percent_decode;

use crate::error::{BodyEncoding, OtherProduct, ParseError};
use crate::fields::fields;
use crate::read::{Body, Source, characters, scan};
use crate::span::Span;
use crate::wire::Place;

/// Replaces the error of a body that is not a callback by a more specific one, if the
/// body is recognized.
#[cold]
pub(crate) fn name(body: &[u8], error: ParseError) -> ParseError {
    if matches!(error, ParseError::TooLarge { .. }) {
        return error;
    }
    if let Some(product) = product(body) {
        return ParseError::OtherProduct { product };
    }
    name_encoding(body, error)
}

/// The same for a response of the gateway's API.
#[cold]
pub(crate) fn name_encoding(body: &[u8], error: ParseError) -> ParseError {
    match encoding(body) {
        Some(encoding) if !matches!(error, ParseError::TooLarge { .. }) => {
            ParseError::Reencoded { encoding }
        }
        _ => error,
    }
}

fields! {
    // The top level of another product's JSON.
    index Foreign {
        raw id = "id";
        raw kind = "type";
        raw actual_amount = "actual_amount";
        raw pow = "pow";
        raw sign_time = "sign[time]";
        raw sign_hash = "sign[hash]";
        part sign: ForeignSign = "sign";
    }

    index ForeignSign {
        raw time = "time";
        raw hash = "hash";
    }
}

fn product(body: &[u8]) -> Option<OtherProduct> {
    let body = body.trim_ascii();
    let is_v1 = match body {
        [b'{', ..] => {
            let body = std::str::from_utf8(body).ok()?;
            let (body, foreign): (Body, Foreign) = scan(body).ok()?;
            if is_defi(body.source(), &foreign) {
                return Some(OtherProduct::Defi);
            }
            is_v1(&foreign)
        }
        [b'-', b'-', ..] => is_signed_by_v1(|key| {
            let name = [b"name=\"", key, b"\""].concat();
            contains(body, &name)
        }),
        _ => is_form(body) && is_signed_by_v1(|key| form_keys(body).any(|own| is_key(own, key))),
    };
    is_v1.then_some(OtherProduct::V1)
}

fn is_defi(source: Source<'_>, foreign: &Foreign) -> bool {
    let [kind, id] = [foreign.kind, foreign.id].map(|span| characters(source.raw(span)));
    let (Ok(kind), Ok(id)) = (kind, id) else {
        return false;
    };
    let event = ["INVOICE_", "PAYOUT_"]
        .iter()
        .find_map(|family| kind.strip_prefix(family));
    event.is_some_and(|event| {
        !event.is_empty() && event.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
    }) && is_uuid(id)
}

fn is_uuid(id: &str) -> bool {
    id.len() == 36
        && id.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether it is signed as in v1, or has the two amounts that only v1 has.
fn is_v1(foreign: &Foreign) -> bool {
    let all = |fields: [Span; 2]| fields.iter().all(|field| !field.is_absent());
    all([foreign.sign.time, foreign.sign.hash])
        || all([foreign.sign_time, foreign.sign_hash])
        || all([foreign.actual_amount, foreign.pow])
}

fn is_signed_by_v1(has: impl Fn(&[u8]) -> bool) -> bool {
    has(b"sign[time]") && has(b"sign[hash]") || has(b"actual_amount") && has(b"pow")
}

fn form_keys(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let fields = body.split(|byte| *byte == b'&');
    fields.filter_map(|field| field.split(|byte| *byte == b'=').next())
}

fn is_key(given: &[u8], key: &[u8]) -> bool {
    percent_decode(given).eq(key.iter().copied())
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

fn encoding(body: &[u8]) -> Option<BodyEncoding> {
    use BodyEncoding as E;

    // A lossy decoder turns gzip's second byte into a replacement character.
    let found = match body {
        [0x1f, 0x8b, ..] | [0x1f, 0xef, 0xbf, 0xbd, 8, ..] => E::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => E::Zstd,
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => E::Zlib,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'{', 0, ..] | [0, b'{', ..] => E::Utf16,
        [0xef, 0xbb, 0xbf, ..] => E::ByteOrderMark,
        _ => return text_encoding(body.trim_ascii()),
    };
    Some(found)
}

fn text_encoding(body: &[u8]) -> Option<BodyEncoding> {
    use BodyEncoding as E;

    let found = match body {
        [b'"', inner @ ..] => return is_json_in_string(inner).then_some(E::JsonString),
        [b'{', b'\\', b'"', ..] => E::Backslashes,
        [b'{', b'&', ..] => {
            let quotes: [&[u8]; 3] = [b"{&quot;", b"{&#34;", b"{&#x22;"];
            return quotes
                .iter()
                .any(|quote| body.starts_with(quote))
                .then_some(E::Html);
        }
        // JSON as the name of a form's only field.
        [b'{', .., b'}', b'='] => E::FormData,
        [b'-', b'-', ..] if is_multipart(body) => E::Multipart,
        _ if is_base64(body) => E::Base64,
        _ if is_form(body) => E::FormData,
        _ => return None,
    };
    Some(found)
}

/// Whether a string's content is JSON, escaped any number of times, or JSON in
/// Base64.
fn is_json_in_string(mut inner: &[u8]) -> bool {
    // Line ends of Base64 are escaped here.
    let mut lines = inner.split(|byte| matches!(byte, b'\\' | b'"'));
    if lines.next().is_some_and(is_base64) {
        return true;
    }
    loop {
        inner = match inner {
            [b'{', ..] | [b'\\', b'u', b'0', b'0', b'7', b'b' | b'B', ..] => return true,
            [b'\\', b'n' | b'r' | b't', rest @ ..] | [b'\\' | b'"' | b' ', rest @ ..] => rest,
            _ => return false,
        };
    }
}

fn is_multipart(body: &[u8]) -> bool {
    let head = body.get(..512).unwrap_or(body);
    contains(
        &head.to_ascii_lowercase(),
        b"content-disposition: form-data",
    )
}

/// A form's first field has a name and a value; percent-encoded JSON may be the
/// name itself.
fn is_form(body: &[u8]) -> bool {
    let is_json = match body {
        [b'%', b'7', b'B' | b'b', json @ ..] => matches!(
            json,
            [b'+', ..] | [b'%', b'0', ..] | [b'%', b'2', b'0' | b'2', ..]
        ),
        _ => false,
    };
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.[]%+*~".contains(byte);
    let name = body.iter().take_while(|byte| is_name(byte)).count();
    is_json || name > 0 && body.get(name) == Some(&b'=')
}

/// Base64 of a JSON object or of gzip: by its first bytes and its alphabet.
fn is_base64(body: &[u8]) -> bool {
    let Some(first) = body.first_chunk::<8>() else {
        return false;
    };
    let mut bits: u64 = 0;
    for byte in first {
        let Some(value) = sextet(*byte) else {
            return false;
        };
        bits = bits << 6 | u64::from(value);
    }
    let [_, _, head @ ..] = bits.to_be_bytes();
    let is_ours = match head.trim_ascii_start() {
        [0x1f, 0x8b, ..] => true,
        [b'{', next, ..] => *next == b'"' || next.is_ascii_whitespace(),
        _ => false,
    };
    let is_alphabet = |byte: &u8| sextet(*byte).is_some() || matches!(byte, b'=' | b'\r' | b'\n');
    is_ours && body.iter().all(is_alphabet)
}

/// The six bits of a character, in either alphabet.
fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}
