//! [`Receipt`]: the record of one processed body, as one line for a log.

use std::fmt;
use std::time::{Instant, SystemTime};

use base16ct::HexDisplay;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::disposition::Disposition;
use crate::amount::Amount;
use crate::event::Event;
use crate::payment::Review;
use crate::verified::Evidence;

/// The maximum length of a reference in a receipt, in characters.
const MAX_REFERENCE: usize = 128;

/// The record of one processed body: when it was received, what it was, by what it was
/// verified, and what it changed. It contains no secret, no signature and nothing else
/// of the body but the reference and amounts.
///
/// An endpoint keeps receipts only with
/// [`Endpoint::with_receipts`](super::Endpoint::with_receipts). `Display` writes one
/// line of JSON without the absent fields. The fields are those of `Serialize`, too.
///
/// ```
/// use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
/// use payhook::payment::Expected;
/// use payhook::{Endpoint, MemoryLedger};
///
/// let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?.with_name("2026");
/// let ledger = MemoryLedger::new();
/// ledger.expect(Expected::deposit("order-9001", "ETH", "0.412".parse()?)?);
/// let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
/// let endpoint = Endpoint::new(gateway, ledger).with_receipts();
///
/// let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
/// let reply = endpoint.receive_blocking(&body, None);
/// let receipt = reply.receipt().ok_or("receipts are kept")?;
/// println!("{receipt}"); // {"received_at":"2026-11-29T04:55:53.095569Z","gateway":"b2binpay",…}
/// assert_eq!(receipt.reference.as_deref(), Some("order-9001"));
/// assert_eq!(receipt.key.as_deref(), Some("2026"));
/// assert_eq!(receipt.credited, Some("0.412".parse()?));
///
/// // A forged body: its digest is known, and nothing is read from it.
/// let body = std::fs::read("examples/bodies/b2binpay-refused-tampered.json")?;
/// let reply = endpoint.receive_blocking(&body, None);
/// let receipt = reply.receipt().ok_or("receipts are kept")?;
/// assert_eq!((receipt.disposition, receipt.error), ("rejected", Some("signature_mismatch")));
/// assert_eq!(receipt.reference, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Receipt {
    /// The time at which the endpoint was given the request.
    #[serde(serialize_with = "rfc3339")]
    pub received_at: DateTime<Utc>,
    /// The gateway's name, `b2binpay` or `citypay`.
    pub gateway: &'static str,
    /// The endpoint's [namespace](super::Endpoint::namespace), which is empty by
    /// default.
    pub endpoint: Box<str>,
    /// The SHA-256 of the body's bytes, in lowercase hexadecimal digits; `None` if the
    /// body was not read to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_sha256: Option<Box<str>>,
    /// The length of the body in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_length: Option<usize>,
    /// [`Evidence::as_str`](crate::Evidence::as_str), if the body was verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<&'static str>,
    /// The merchant's name of the key that verified the signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Box<str>>,
    /// The id of the delivery: a digest that is the same for each copy of a delivery, as
    /// 32 hexadecimal digits. The signature cannot be derived from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Box<str>>,
    /// [`PaymentKind::as_str`](crate::event::PaymentKind::as_str), if the body was verified. It may
    /// only be reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// [`Outcome::as_str`](crate::Outcome::as_str), if the body was verified. It may
    /// only be reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
    /// The merchant's reference of the payment, if the body was verified: B2BINPAY's
    /// tracking id, CityPay.io's token. It is cut after 128 characters, and then ends
    /// with `…`; characters that are not printable are escaped, such as `\u{202e}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Box<str>>,
    /// [`Disposition::as_str`](super::Disposition::as_str).
    pub disposition: &'static str,
    /// [`Disposition::error_label`](super::Disposition::error_label).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    /// [`Fault::as_str`](crate::Fault::as_str), if an action is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<&'static str>,
    /// The HTTP status of the response.
    pub status: u16,
    /// The amount that was credited by this callback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credited: Option<Amount>,
    /// Whether the payment has just become paid.
    pub newly_paid: bool,
    /// The amount that the payment holds after this callback, if it holds any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<Amount>,
    /// [`ReviewReason::as_str`](crate::payment::ReviewReason::as_str) of each new
    /// review.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reviews: Vec<&'static str>,
    /// The time from the request to the response, in microseconds.
    pub duration_us: u64,
}

impl Receipt {
    pub(super) fn new(gateway: &'static str, endpoint: &str, received_at: SystemTime) -> Self {
        Self {
            received_at: received_at.into(),
            gateway,
            endpoint: endpoint.into(),
            body_sha256: None,
            body_length: None,
            evidence: None,
            key: None,
            delivery: None,
            kind: None,
            outcome: None,
            reference: None,
            disposition: "",
            error: None,
            fault: None,
            status: 0,
            credited: None,
            newly_paid: false,
            held: None,
            reviews: Vec::new(),
            duration_us: 0,
        }
    }

    /// Records the bytes.
    pub(super) fn read(&mut self, body: &[u8]) {
        let digest: [u8; 32] = Sha256::digest(body).into();
        self.body_sha256 = Some(hexadecimal(&digest));
        self.body_length = Some(body.len());
    }

    /// Records a verified callback.
    pub(super) fn verified(&mut self, event: &Event<'_>) {
        self.evidence = Some(event.evidence().as_str());
        if let Evidence::Signature { key, .. } = event.evidence() {
            self.key = Some((**key).into());
        }
        self.delivery = Some(hexadecimal(&event.delivery));
        self.kind = Some(event.kind().value().as_str());
        self.outcome = Some(event.outcome().value().as_str());
        self.reference = Some(printable(event.reference().value()));
    }

    /// Records the result.
    pub(super) fn end(&mut self, disposition: &Disposition, started: Instant) {
        self.disposition = disposition.as_str();
        self.error = disposition.error_label();
        self.fault = disposition.fault().map(|fault| fault.as_str());
        self.status = disposition.http_status();
        if let Some(change) = disposition.change() {
            self.credited = change.credited().cloned();
            self.newly_paid = change.newly_paid();
            let reasons = change.reviews().iter().map(Review::reason);
            self.reviews = reasons.map(|reason| reason.as_str()).collect();
        } else {
            // Determined, and not stored.
            self.held = None;
        }
        self.duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    }
}

impl fmt::Debug for Receipt {
    /// Omits the reference, which may be a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("received_at", &self.received_at)
            .field("gateway", &self.gateway)
            .field("endpoint", &self.endpoint)
            .field("body_sha256", &self.body_sha256)
            .field("disposition", &self.disposition)
            .field("error", &self.error)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        f.pad(&line)
    }
}

fn rfc3339<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true))
}

/// A reference for one line of a log: of bounded length, and printable.
fn printable(reference: &str) -> Box<str> {
    let mut text = String::new();
    for (index, character) in reference.chars().enumerate() {
        if index == MAX_REFERENCE {
            text.push('…');
            break;
        }
        if matches!(character, '"' | '\'' | '\\') {
            text.push(character);
        } else {
            text.extend(character.escape_debug());
        }
    }
    text.into()
}

fn hexadecimal(bytes: &[u8]) -> Box<str> {
    format!("{:x}", HexDisplay(bytes)).into()
}
