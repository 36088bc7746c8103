//! [`Verifier`]: verification of callbacks by their signature.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};

use super::callback::{Callback, Subject};
use super::key::Key;
use super::message::Message;
use super::proven::{ProvenTransfer, Reading};
use super::signature::SignedMac;
use super::tracking_ids::TrackingIds;
use crate::error::VerifyError;
use crate::timestamp::Timestamp;
use crate::verified::{Evidence, Unverified, Verified};

/// Verifies callbacks of B2BINPAY and Coinsbuy by their signature.
///
/// ```
/// use payhook::Unverified;
/// use payhook::b2binpay::{Callback, Key, TrackingIds, TransferStatus, Verifier};
///
/// let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
///
/// let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
/// let callback = verifier.verify(Unverified::<Callback>::parse(&body)?)?;
///
/// let proven = callback.proven();
/// assert_eq!(proven.tracking_id(), Some("order-9001"));
/// assert_eq!(proven.transfer_status(), Some(TransferStatus::Confirmed));
/// assert_eq!(proven.amount().map(|amount| amount.as_str()), Some("0.412000000000000000"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
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
    /// [Name](Key::with_name) the keys to distinguish them in the evidence; if several
    /// match, the first is reported. Each key costs one MAC per callback.
    ///
    /// Never add a sandbox key to a production verifier: its test money would count
    /// as real.
    #[must_use]
    pub fn add_key(mut self, key: Key) -> Self {
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
        callback: Unverified<Callback>,
    ) -> Result<Verified<Callback>, VerifyError> {
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
        callback: Unverified<Callback>,
        now: DateTime<Utc>,
    ) -> Result<Verified<Callback>, VerifyError> {
        self.prove(callback, || now)
    }

    fn prove(
        &self,
        callback: Unverified<Callback>,
        now: impl FnOnce() -> DateTime<Utc>,
    ) -> Result<Verified<Callback>, VerifyError> {
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
            TrackingIds::Unrestricted => Reading::Ambiguous(message.ambiguous_text().into()),
        };
        let proven = ProvenTransfer::signed(body, reading, self.tracking_ids);
        let evidence = Evidence::Signature {
            scheme: key.scheme(),
            key: key.shared_name(),
        };
        Ok(Verified::new(callback, proven, evidence))
    }

    /// All keys and messages are tried regardless of matches, so that the duration
    /// does not reveal which one matched.
    fn find_key<'b>(
        &self,
        body: &'b Callback,
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
        body: &Callback,
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
pub(super) fn is_legitimately_unsigned(body: &Callback) -> bool {
    body.subject() == Subject::None && !body.is_signed()
}

/// The signature of a body with an unambiguous transfer, if any.
fn signature(body: &Callback) -> Result<&SignedMac, VerifyError> {
    match (body.subject(), body.mac()) {
        (Subject::Missing, _) => Err(VerifyError::MissingTransfer),
        (Subject::None | Subject::Transfer(_), Some(mac)) => Ok(mac),
        (_, None) if !body.is_signed() => Err(VerifyError::MissingSignature),
        (Subject::Ambiguous, _) => Err(VerifyError::AmbiguousTransfer),
        (Subject::None | Subject::Transfer(_), None) => Err(VerifyError::MalformedSignature),
    }
}
