//! The signed text of a body, and whether its signature is valid: parsed and computed
//! without the crate.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use hmac::{Hmac, KeyInit, Mac};
use payhook::b2binpay::TrackingIds;
use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::value::RawValue;
use sha2::Sha256;

/// The signed values of a body.
pub(crate) struct Signed<'a> {
    pub(crate) has_transfer: bool,
    /// The status of the transfer, or the deposit's own.
    pub(crate) status: String,
    pub(crate) amount: String,
    pub(crate) tracking_id: String,
    pub(crate) time: String,
    /// The second text that a payout without a transfer may have signed begins with its
    /// own status.
    payout_status: Option<String>,
    /// The JSON of `meta.sign`.
    sign: &'a str,
}

type Object<'a> = BTreeMap<String, &'a RawValue>;

/// A key. One with half of a surrogate pair is not text, but the body is still JSON,
/// and it is an unknown key.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Key, E> {
                Ok(Key(String::from_utf8_lossy(bytes).into_owned()))
            }
        }

        deserializer.deserialize_bytes(Bytes)
    }
}

/// Empty if it is not an object.
fn object(json: &str) -> Object<'_> {
    let read: BTreeMap<Key, &RawValue> = serde_json::from_str(json).unwrap_or_default();
    read.into_iter()
        .map(|(Key(key), value)| (key, value))
        .collect()
}

fn json<'a>(object: &Object<'a>, key: &str) -> &'a str {
    object.get(key).map_or("", |raw| raw.get())
}

fn inner<'a>(parent: &Object<'a>, key: &str) -> Object<'a> {
    object(json(parent, key))
}

/// A string's characters, or a number's digits as sent.
pub(crate) fn text_of(json: &str) -> String {
    match json.chars().next() {
        Some('"') => serde_json::from_str(json).unwrap_or_default(),
        Some('-' | '0'..='9') => json.to_owned(),
        _ => String::new(),
    }
}

fn text(object: &Object<'_>, key: &str) -> String {
    text_of(json(object, key))
}

/// The text at a path of keys.
pub(crate) fn text_at(json: &str, path: &[&str]) -> String {
    path.iter()
        .try_fold(json, |json, key| Some(object(json).get(*key)?.get()))
        .map_or_else(String::new, text_of)
}

impl<'a> Signed<'a> {
    /// `None` if there is no signature, or it is unknown which transfer it covers.
    pub(crate) fn read(body: &'a str) -> Option<Self> {
        let body = object(body);
        let (data, meta) = (inner(&body, "data"), inner(&body, "meta"));
        let attributes = inner(&data, "attributes");
        let is_deposit = text(&data, "type") == "deposit";
        let included: Vec<&RawValue> =
            serde_json::from_str(json(&body, "included")).unwrap_or_default();
        let transfers: Vec<Object<'_>> = included
            .into_iter()
            .map(|resource| object(resource.get()))
            .filter(|resource| text(resource, "type") == "transfer")
            .collect();
        let op_type = |transfer: &Object<'_>| text(&inner(transfer, "attributes"), "op_type");
        let is_own = |transfer: &Object<'_>| match op_type(transfer).as_str() {
            "1" | "14" => Some(is_deposit),
            "2" => Some(!is_deposit),
            _ => None,
        };
        let named = inner(&inner(&inner(&data, "relationships"), "transfer"), "data");
        let named = text(&named, "id");
        let only = |fits: &dyn Fn(&Object<'_>) -> bool| {
            let mut fitting = transfers.iter().filter(|transfer| fits(transfer));
            (fitting.next(), fitting.next().is_some())
        };
        let transfer = if named.is_empty() {
            match only(&|transfer| is_own(transfer) == Some(true)) {
                (None, _) => only(&|_| true),
                found => found,
            }
        } else {
            match only(&|transfer| text(transfer, "id") == named) {
                (None, _) => return None,
                found => found,
            }
        };
        let (transfer, false) = transfer else {
            return None;
        };
        let own_status = text(&attributes, "status");
        let part = |key| transfer.map(|transfer| text(&inner(transfer, "attributes"), key));
        let sign = json(&meta, "sign");
        (!sign.is_empty()).then(|| Self {
            has_transfer: transfer.is_some(),
            status: match part("status") {
                Some(status) => status,
                None if is_deposit => own_status.clone(),
                None => String::new(),
            },
            amount: part("amount").unwrap_or_default(),
            tracking_id: text(&attributes, "tracking_id"),
            time: text(&meta, "time"),
            payout_status: Some(own_status)
                .filter(|status| is_code(status) && transfer.is_none() && !is_deposit),
            sign,
        })
    }

    /// Everything before the time.
    pub(crate) fn ambiguous_text(&self) -> String {
        format!("{}{}{}", self.status, self.amount, self.tracking_id)
    }

    /// The correct signature, or that of a payout's second text.
    pub(crate) fn signature(&self, key: &[u8], with_payout_status: bool) -> String {
        let status = self.payout_status.as_deref().filter(|_| with_payout_status);
        let status = status.unwrap_or_default();
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(format!("{status}{}{}", self.ambiguous_text(), self.time).as_bytes());
        let digits = mac.finalize().into_bytes();
        digits.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        })
    }

    /// Whether this key proves the values in the body.
    pub(crate) fn is_proven(&self, key: &[u8], declared: TrackingIds) -> bool {
        let first = self.tracking_id.chars().next();
        let is_as_declared = match declared {
            TrackingIds::FixedLength(length) => self.tracking_id.chars().count() == length,
            TrackingIds::Unused => first.is_none(),
            TrackingIds::Prefixed => {
                first.is_some_and(|first| !matches!(first, '0'..='9' | '.' | '-'))
            }
            _ => true,
        };
        let found: Option<String> = serde_json::from_str(self.sign).ok();
        let has_second = match declared {
            TrackingIds::FixedLength(length) => length == 0,
            _ => declared != TrackingIds::Unrestricted,
        };
        let is_second = self.payout_status.is_some() && has_second;
        let fits = |second| found.as_deref() == Some(&self.signature(key, second));
        is_as_declared && (fits(false) || is_second && fits(true))
    }

    /// The signed body.
    pub(crate) fn again(&self, body: &str, key: &[u8], with_payout_status: bool) -> String {
        let start = self.sign.as_ptr().addr() - body.as_ptr().addr();
        let (head, tail) = body.split_at(start);
        let tail = &tail[self.sign.len()..];
        format!(
            "{head}\"{}\"{tail}",
            self.signature(key, with_payout_status)
        )
    }
}

/// One digit, with or without a sign.
fn is_code(text: &str) -> bool {
    let digit = text.strip_prefix('-').unwrap_or(text);
    text != "-0" && digit.len() == 1 && digit.bytes().all(|byte| byte.is_ascii_digit())
}
