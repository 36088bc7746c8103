//! [`Verifier`]: verification of callbacks by their signature.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};

use super::callback::{Signature, Subject, TransferCallback};
use super::key::Key;
use super::message::{Message, SignedMac};
use super::proven::{ProvenTransfer, Reading};
use crate::error::{ConfigError, VerifyError};
use crate::timestamp::Timestamp;
use crate::verified::{Evidence, Proof, Unverified, Verified};

/// The form of the merchant's own tracking ids.
///
/// The gateway signs status, amount, tracking id and time without separators: `2`
/// `10.50` `17` and `2` `10.501` `7` give the same message. Only the form of the
/// merchant's ids makes the message unambiguous, so the merchant has to declare it,
/// and [`Verifier`] refuses ids that contradict the declaration (GATEWAYS 1.4).
///
/// | your tracking ids | declare |
/// |---|---|
/// | begin with a letter: `order-9001` | [`Prefixed`](Self::Prefixed) |
/// | are UUIDs, or all have the same length | [`UUID`](Self::UUID), [`FixedLength`](Self::FixedLength) |
/// | are never used | [`Unused`](Self::Unused) |
/// | are plain numbers | [`Unrestricted`](Self::Unrestricted) |
///
/// ```
/// use payhook::b2binpay::TrackingIds;
///
/// assert!(TrackingIds::Prefixed.allows("order-9001"));
/// // This id could be the last digits of an amount.
/// assert!(!TrackingIds::Prefixed.allows("9001"));
/// assert!(TrackingIds::UUID.allows("1f0e2b7c-9a4d-4386-af21-aa90b7f3c4d5"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrackingIds {
    /// All ids have this many characters: counted backwards from the time, the
    /// reading is unambiguous, whatever the ids begin with. Use it for UUIDs, whose
    /// length is [36](Self::UUID). A length of 0 is the same as
    /// [`Unused`](Self::Unused).
    FixedLength(usize),
    /// Ids are never empty, and never begin with a digit, `.` or `-`: `order-9001`.
    /// The reading is unambiguous. This is the recommended form.
    Prefixed,
    /// Ids may be anything, including numbers. The message is ambiguous: amount and
    /// id are proven only together with the merchant's own record, in an
    /// [`Endpoint`](crate::Endpoint) or by [`Verified::resolve`].
    ///
    /// The status is read from the start of the message. An id that begins with a
    /// digit can look like a status, so nothing settles before that, and `resolve`
    /// documents which ids to avoid.
    Unrestricted,
    /// Ids are not used: the id is always empty. The reading is unambiguous, but no
    /// signature covers which deposit it is.
    Unused,
}

impl TrackingIds {
    /// UUIDs in their usual form of 36 characters.
    pub const UUID: Self = Self::FixedLength(36);

    /// Whether an id matches the declaration.
    #[must_use]
    pub fn allows(&self, tracking_id: &str) -> bool {
        match self {
            Self::FixedLength(length) => tracking_id.chars().count() == *length,
            Self::Prefixed => {
                let looks_like_amount =
                    |first: char| first.is_ascii_digit() || matches!(first, '.' | '-');
                tracking_id
                    .chars()
                    .next()
                    .is_some_and(|first| !looks_like_amount(first))
            }
            Self::Unrestricted => true,
            Self::Unused => tracking_id.is_empty(),
        }
    }

    /// The strictest declaration that allows an id, assuming that the merchant's
    /// other ids are similar.
    fn that_allows(tracking_id: &str) -> Self {
        if tracking_id.is_empty() {
            Self::Unused
        } else if is_generated(tracking_id) {
            Self::FixedLength(tracking_id.chars().count())
        } else if Self::Prefixed.allows(tracking_id) {
            Self::Prefixed
        } else {
            // Numbers become longer as they increase.
            Self::Unrestricted
        }
    }

    /// Whether callbacks have no ids.
    pub(super) fn are_unused(self) -> bool {
        matches!(self, Self::Unused | Self::FixedLength(0))
    }
}

/// Whether an id looks like a UUID, a ULID or a hash, which all have one length:
/// long, of letters, digits and hyphens, and with a UUID's form if it begins with
/// a letter.
fn is_generated(id: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lengths = id.split('-').map(str::len);
    let is_uuid = lengths.eq([8, 4, 4, 4, 12]) && id.split('-').all(is_hex);
    let is_plain = id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let has_letter = id.bytes().any(|byte| byte.is_ascii_alphabetic());
    let is_digit_first = id.starts_with(|first: char| first.is_ascii_digit());
    is_uuid
        || id.len() >= 20 && is_plain && is_digit_first && has_letter
        || matches!(id.len(), 32 | 40 | 64) && is_hex(id)
}

impl fmt::Display for TrackingIds {
    /// Shows the declaration as written in code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FixedLength(length) => write!(f, "TrackingIds::FixedLength({length})"),
            Self::Prefixed => f.pad("TrackingIds::Prefixed"),
            Self::Unrestricted => f.pad("TrackingIds::Unrestricted"),
            Self::Unused => f.pad("TrackingIds::Unused"),
        }
    }
}

impl FromStr for TrackingIds {
    type Err = ConfigError;

    /// Parses the value of a setting: `prefixed`, `uuid`, `length=36`, `unused` or
    /// `unrestricted`.
    fn from_str(word: &str) -> Result<Self, ConfigError> {
        match word {
            "prefixed" => Ok(Self::Prefixed),
            "unrestricted" => Ok(Self::Unrestricted),
            "unused" => Ok(Self::Unused),
            "uuid" => Ok(Self::UUID),
            _ => word
                .strip_prefix("length=")
                .and_then(|length| length.parse().ok())
                .map(Self::FixedLength)
                .ok_or(ConfigError::TrackingIds),
        }
    }
}

/// Verifies callbacks of B2BINPAY and Coinsbuy by their signature.
///
/// ```
/// use payhook::Unverified;
/// use payhook::b2binpay::{Key, TrackingIds, TransferCallback, TransferStatus, Verifier};
///
/// let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
///
/// let body = include_bytes!("../../examples/bodies/b2binpay-deposit-confirmed.json");
/// let callback = verifier.verify(Unverified::<TransferCallback>::parse(body)?)?;
///
/// let proven = callback.proven();
/// assert_eq!(proven.tracking_id(), Some("order-9001"));
/// assert_eq!(proven.transfer_status(), Some(TransferStatus::Confirmed));
/// assert_eq!(proven.amount().map(|amount| amount.as_str()), Some("0.412000000000000000"));
/// # Ok::<(), payhook::Error>(())
/// ```
///
/// # Constant time
///
/// A signature is compared in constant time, with every key regardless of matches,
/// and its type has no `==`. The project's `benches/constant_time.rs` measures that
/// with dudect's method: forgeries that are wrong in the first digit against those
/// wrong in the last or in all digits, with a million samples per run. In ten runs of
/// each (Rust 1.95, AMD EPYC, x86-64, a busy machine) the largest |t| was 2.7; one
/// class against itself reached 1.5, a comparison that stops at the first different
/// byte at least 422, and values from 4.5 count as evidence. This is not a proof:
/// another compiler or processor may behave differently, and the time to *parse* a
/// body depends on the body, which its sender knows.
#[derive(Debug, Clone)]
pub struct Verifier {
    keys: Vec<Key>,
    tracking_ids: TrackingIds,
    max_age: Option<Duration>,
}

impl Verifier {
    /// Creates a verifier with one key.
    #[must_use]
    pub fn new(key: Key, tracking_ids: TrackingIds) -> Self {
        Self {
            keys: vec![key],
            tracking_ids,
            max_age: None,
        }
    }

    /// Accepts another key as well: for a rotation, or the migration from v2 to v3.
    /// [Name](Key::named) the keys to distinguish them in the evidence; if several
    /// match, the first is reported. Each key costs one MAC per callback.
    ///
    /// Never add a sandbox key to a production verifier: its test money would count
    /// as real.
    #[must_use]
    pub fn also(mut self, key: Key) -> Self {
        self.keys.push(key);
        self
    }

    /// Refuses callbacks whose signed time differs from now by more than this.
    ///
    /// There is no limit by default, which is recommended: the gateway retries
    /// callbacks that were not answered with 200 on an undocumented schedule, and
    /// whether a retry has a new time is not documented. A refused retry is a lost
    /// payment.
    #[must_use]
    pub fn max_age(mut self, limit: Duration) -> Self {
        self.max_age = Some(limit);
        self
    }

    /// Returns the declared form of the tracking ids.
    #[must_use]
    pub fn tracking_ids(&self) -> TrackingIds {
        self.tracking_ids
    }

    /// Verifies a callback as [`verify_at`](Self::verify_at) does, with the system's
    /// clock.
    ///
    /// # Errors
    ///
    /// As [`verify_at`](Self::verify_at).
    pub fn verify(
        &self,
        callback: Unverified<TransferCallback>,
    ) -> Result<Verified<TransferCallback>, VerifyError> {
        // The clock is read only if it is needed.
        self.prove(callback, || SystemTime::now().into())
    }

    /// Verifies a callback by its signature. `now` is used only with
    /// [`max_age`](Self::max_age).
    ///
    /// # Errors
    ///
    /// - [`VerifyError::Unsigned`] for a body with neither a transfer nor a
    ///   signature: legitimate, but it needs other evidence, such as
    ///   [`prove_by_api`](super::prove_by_api). Verify a clone to keep the callback.
    /// - [`VerifyError::MissingSignature`], [`VerifyError::MalformedSignature`] or
    ///   [`VerifyError::SignatureMismatch`] if the signature is missing, malformed or
    ///   matches no key.
    /// - [`VerifyError::MissingTransfer`] or [`VerifyError::AmbiguousTransfer`] if it
    ///   is unclear which transfer is signed.
    /// - [`VerifyError::TrackingId`] if the id does not match the declaration.
    /// - [`VerifyError::Stale`] under [`max_age`](Self::max_age).
    pub fn verify_at(
        &self,
        callback: Unverified<TransferCallback>,
        now: DateTime<Utc>,
    ) -> Result<Verified<TransferCallback>, VerifyError> {
        self.prove(callback, || now)
    }

    fn prove(
        &self,
        callback: Unverified<TransferCallback>,
        now: impl FnOnce() -> DateTime<Utc>,
    ) -> Result<Verified<TransferCallback>, VerifyError> {
        if is_legitimately_unsigned(callback.unverified()) {
            return Err(VerifyError::Unsigned);
        }
        let body = callback.unverified();
        let signature = signature(body)?;
        let (message, key) = self.find_key(body, signature)?;
        self.check_tracking_id(message.tracking_id)?;
        self.check_age(body, now)?;

        let reading = match self.tracking_ids {
            TrackingIds::FixedLength(_) | TrackingIds::Prefixed | TrackingIds::Unused => {
                Reading::unique(body)
            }
            TrackingIds::Unrestricted => Reading::Undivided(message.undivided().into()),
        };
        let proof = Proof {
            proven: ProvenTransfer::signed(body, reading, self.tracking_ids),
            evidence: Evidence::Signature {
                scheme: key.scheme(),
                key: key.shared_name(),
            },
        };
        Ok(Verified::new(callback, proof))
    }

    /// All keys and messages are tried regardless of matches, so that the duration
    /// does not reveal which one matched.
    fn find_key<'b>(
        &self,
        body: &'b TransferCallback,
        signature: &SignedMac,
    ) -> Result<(Message<'b>, &Key), VerifyError> {
        // The second form of a payout is tried only if its message cannot belong to
        // another body.
        let second = match self.tracking_ids {
            TrackingIds::FixedLength(0) | TrackingIds::Prefixed | TrackingIds::Unused => {
                Message::with_payout_status(body)
            }
            TrackingIds::FixedLength(_) | TrackingIds::Unrestricted => None,
        };
        let mut found = None;
        for message in std::iter::once(Message::of(body)).chain(second) {
            for key in &self.keys {
                let fits = message.is_signed_by(key.mac(), signature);
                if fits && found.is_none() {
                    found = Some((message, key));
                }
            }
        }
        found.ok_or(VerifyError::SignatureMismatch {
            keys: self.keys.len(),
        })
    }

    fn check_tracking_id(&self, tracking_id: &str) -> Result<(), VerifyError> {
        if self.tracking_ids.allows(tracking_id) {
            Ok(())
        } else {
            Err(VerifyError::TrackingId {
                declared: self.tracking_ids,
                fitting: TrackingIds::that_allows(tracking_id),
            })
        }
    }

    fn check_age(
        &self,
        body: &TransferCallback,
        now: impl FnOnce() -> DateTime<Utc>,
    ) -> Result<(), VerifyError> {
        let time = body.time().as_ref().and_then(Timestamp::utc);
        let (Some(limit), Some(time)) = (self.max_age, time) else {
            return Ok(());
        };
        let distance = (now() - time).abs().to_std().unwrap_or(Duration::MAX);
        if distance > limit {
            return Err(VerifyError::Stale { distance, limit });
        }
        Ok(())
    }
}

#[cfg(feature = "diagnose")]
impl Verifier {
    /// A verifier with these keys; without any, it verifies nothing.
    pub(crate) fn with_keys(keys: Vec<Key>, tracking_ids: TrackingIds) -> Self {
        Self {
            keys,
            tracking_ids,
            max_age: None,
        }
    }

    pub(crate) fn keys(&self) -> &[Key] {
        &self.keys
    }
}

/// Only a callback without a transfer may be unsigned.
pub(super) fn is_legitimately_unsigned(body: &TransferCallback) -> bool {
    matches!(
        (body.subject(), body.signature()),
        (Subject::None, Signature::Absent)
    )
}

/// The signature of a body with an unambiguous transfer, if any.
fn signature(body: &TransferCallback) -> Result<&SignedMac, VerifyError> {
    match (body.subject(), body.signature()) {
        (Subject::Missing, _) => Err(VerifyError::MissingTransfer),
        (_, Signature::Absent) => Err(VerifyError::MissingSignature),
        (Subject::Ambiguous, _) => Err(VerifyError::AmbiguousTransfer),
        (Subject::None | Subject::Transfer(_), _) => {
            body.mac().ok_or(VerifyError::MalformedSignature)
        }
    }
}
