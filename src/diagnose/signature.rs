//! Interpretation of `meta.sign`.

use hmac::Mac;

use super::cause::Cause;
use super::encoding::{base64, hex};
use crate::b2binpay::{Key, text_of};
use crate::constant_time::never_equal;
use crate::error::VerifyError;
use crate::read::Raw;

/// The number of digits of a signature.
const DIGITS: usize = 64;

/// A truncated signature is compared by its first 16 bytes and never by more:
/// otherwise an attacker could find it digit by digit.
const FRONT: usize = 32;

pub(super) struct Signature {
    /// The required beginning of the MAC: 32 bytes, or 16 of a truncated one. `None`
    /// if it cannot be interpreted.
    front: Option<Vec<u8>>,
    /// How it differs from 64 lowercase hexadecimal digits.
    pub(super) mistake: Option<Cause>,
}

never_equal!(Signature);

impl Signature {
    pub(super) fn read(raw: Raw<'_>) -> Self {
        let given = text_of(raw);
        let (text, how) = bare(&given);
        let stray = how.map(|how| Cause::SignatureForm { how });
        let digits = text.len();
        let is_hex = text.bytes().all(|digit| digit.is_ascii_hexdigit());
        if is_hex && digits == DIGITS {
            let upper = text.bytes().any(|digit| digit.is_ascii_uppercase());
            return Self {
                front: hex(text),
                mistake: stray.or(upper.then_some(Cause::SignatureUpperCase)),
            };
        }
        if is_hex && (FRONT..DIGITS).contains(&digits) {
            return Self {
                front: text.get(..FRONT).and_then(hex),
                mistake: Some(Cause::SignatureTruncated { digits }),
            };
        }
        match base64(text).filter(|bytes| bytes.len() == DIGITS / 2) {
            Some(bytes) => Self {
                front: Some(bytes),
                mistake: Some(Cause::SignatureForm { how: "in Base64" }),
            },
            None => Self {
                front: None,
                mistake: Some(Cause::Refused(VerifyError::MalformedSignature)),
            },
        }
    }

    pub(super) fn is_legible(&self) -> bool {
        self.front.is_some()
    }

    /// Whether it is this key's MAC of `text`, in constant time.
    pub(super) fn is_made_by(&self, key: &Key, text: &[u8]) -> bool {
        let front = self.front.as_deref();
        front.is_some_and(|front| {
            let mac = key.mac().clone().chain_update(text);
            mac.verify_truncated_left(front).is_ok()
        })
    }
}

/// Without text that commonly surrounds a signature.
fn bare(given: &str) -> (&str, Option<&'static str>) {
    let trimmed = given.trim();
    let front = trimmed.get(..7).unwrap_or_default();
    if front.eq_ignore_ascii_case("sha256=") {
        return (
            trimmed.get(7..).unwrap_or_default(),
            Some("prefixed with `sha256=`"),
        );
    }
    match trimmed.strip_prefix("0x") {
        Some(digits) => (digits, Some("prefixed with `0x`")),
        None if trimmed != given => (trimmed, Some("surrounded by whitespace")),
        None => (given, None),
    }
}
