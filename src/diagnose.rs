//! [`Diagnose`]: why a B2BINPAY body does not verify.

mod candidate;
mod cause;
mod encoding;
mod finding;
mod forms;
mod hint;
mod hypothesis;
mod search;
mod signature;

use std::sync::Arc;

use serde::de::IgnoredAny;

use crate::b2binpay::{self, Draft, Key, TrackingIds, Verifier};
use crate::citypay;
use crate::error::{ParseError, VerifyError};
use crate::verified::{Evidence, Unverified};

use candidate::Candidate;

pub use cause::Cause;
pub use finding::{Diagnosis, Finding};

/// Finds out why a B2BINPAY or Coinsbuy body does not verify.
///
/// It takes the keys of a [`Verifier`], or the secrets exactly as configured
/// including mistakes, and then the body. Do not expose its output to others. It
/// proves nothing, and cannot create a [`Verified`](crate::Verified) callback.
///
/// ```
/// use payhook::b2binpay::TrackingIds;
/// use payhook::diagnose::{Cause, Diagnose};
///
/// let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
/// let diagnosis = Diagnose::new(TrackingIds::Prefixed)
///     .secret("production", "cbs_7Qm2vX9tR4kL8pN1\n")
///     .body(&body);
///
/// let finding = &diagnosis.causes()[0];
/// assert_eq!(finding.cause(), &Cause::SecretWhitespace);
/// assert!(finding.is_certain());
/// assert_eq!(
///     diagnosis.to_string(),
///     "the body does not verify:\n\
///      1. key `production`: the configured value has leading or trailing whitespace\n   \
///         to do: trim the secret when reading it: files often end with a newline",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Detected causes
///
/// The signed message cannot be recovered from its signature, so candidates are
/// tried: with each mistake in a key undone, and with each signed value in another
/// form. A match is [certain](Finding::is_certain), and shows the correct value.
///
/// | cause | symptom | what to do |
/// |---|---|---|
/// | [`SecretWhitespace`], [`SecretQuoted`], [`SecretEncoded`] | spaces or quotes around the secret; its hexadecimal, Base64 or percent-encoded form | configure it as the dashboard shows it |
/// | [`WrongScheme`] | a v2 key configured for v3, or the other way round | `Key::callback_secret` for v3, `Key::v2_credentials` for v2 |
/// | [`DigestAsHex`] | SHA-256 as a hexadecimal string instead of its bytes | configure login and password |
/// | [`LoginPasswordSwapped`], [`LoginPasswordJoined`] | swapped, with a colon, or only one of the two | configure both, in their order |
/// | [`Amount`], [`TrackingId`], [`Time`] | fraction digits, types, escapes or offsets that were not signed | pass the bytes as received |
/// | [`BodyReserialized`], [`BodyReencoded`] | several of these; a form, a string in a string, UTF-16, gzip | the same |
/// | [`OtherTransfer`], [`OtherStatus`], [`NoTransferSigned`] | the signature belongs to other values than the body's | credit nothing, and find out who changed it |
/// | [`SignatureUpperCase`], [`SignatureTruncated`], [`SignatureForm`] | a signature that is not 64 lowercase digits | pass the bytes as received |
/// | [`NonstandardMessage`] | separators, a digest as a string, the whole body: common mistakes in tests | sign as the gateway does |
/// | [`CityPay`] | nothing is signed | use other evidence |
/// | [`Refused`] | refused for another reason than the signature's value | see the [`VerifyError`] |
/// | [`PayoutStatusSigned`] | a payout without a transfer | declare the tracking ids |
/// | [`BodyCutShort`], [`BodyEmpty`], [`BodyMalformed`] | not a callback | see the [`ParseError`] |
/// | [`ApiCredentials`] | nothing matches: the API's `client_id` and `client_secret` may be configured | configure the callback secret, a third secret |
/// | [`UnknownKey`], [`ContentChanged`] | nothing matches; the latter first if the body's other values contradict its amount | compare with the dashboard and its list of callbacks |
///
/// # Cost and confidentiality
///
/// At most 8,000 MACs for each key, each over the signed values, and some dozens over
/// the whole body, which may have [`DEFAULT_BODY_LIMIT`](crate::verified::DEFAULT_BODY_LIMIT)
/// bytes. Values of more than 1,024 bytes are tried only unchanged, and at most 16
/// other transfers are tried.
///
/// The output contains no secret and no digit of a signature, and candidates are kept
/// only as MACs. A truncated signature is compared by its first 32 digits, so that
/// the output cannot be used to find the missing digits one by one. The age limit
/// ([`Verifier::max_age`]) is not checked.
///
/// [`Amount`]: Cause::Amount
/// [`ApiCredentials`]: Cause::ApiCredentials
/// [`BodyCutShort`]: Cause::BodyCutShort
/// [`BodyEmpty`]: Cause::BodyEmpty
/// [`BodyMalformed`]: Cause::BodyMalformed
/// [`BodyReencoded`]: Cause::BodyReencoded
/// [`BodyReserialized`]: Cause::BodyReserialized
/// [`CityPay`]: Cause::CityPay
/// [`ContentChanged`]: Cause::ContentChanged
/// [`DigestAsHex`]: Cause::DigestAsHex
/// [`LoginPasswordJoined`]: Cause::LoginPasswordJoined
/// [`LoginPasswordSwapped`]: Cause::LoginPasswordSwapped
/// [`NoTransferSigned`]: Cause::NoTransferSigned
/// [`NonstandardMessage`]: Cause::NonstandardMessage
/// [`OtherStatus`]: Cause::OtherStatus
/// [`OtherTransfer`]: Cause::OtherTransfer
/// [`PayoutStatusSigned`]: Cause::PayoutStatusSigned
/// [`Refused`]: Cause::Refused
/// [`SecretEncoded`]: Cause::SecretEncoded
/// [`SecretQuoted`]: Cause::SecretQuoted
/// [`SecretWhitespace`]: Cause::SecretWhitespace
/// [`SignatureForm`]: Cause::SignatureForm
/// [`SignatureTruncated`]: Cause::SignatureTruncated
/// [`SignatureUpperCase`]: Cause::SignatureUpperCase
/// [`Time`]: Cause::Time
/// [`TrackingId`]: Cause::TrackingId
/// [`UnknownKey`]: Cause::UnknownKey
/// [`WrongScheme`]: Cause::WrongScheme
#[derive(Debug, Clone)]
pub struct Diagnose {
    tracking_ids: TrackingIds,
    candidates: Vec<Candidate>,
}

impl Diagnose {
    /// Creates a diagnosis without keys.
    #[must_use]
    pub fn new(tracking_ids: TrackingIds) -> Self {
        Self {
            tracking_ids,
            candidates: Vec::new(),
        }
    }

    /// Adds a configured key. Mistakes in a secret cannot be detected from its key:
    /// pass the secret itself to [`secret`](Self::secret) or
    /// [`v2_credentials`](Self::v2_credentials) if it is available.
    #[must_use]
    pub fn key(self, key: &Key) -> Self {
        self.add(Candidate::key(key))
    }

    /// Adds a callback secret (API v3), with a name for the output. Pass it exactly
    /// as configured, with spaces and quotes.
    #[must_use]
    pub fn secret(self, name: &str, secret: &str) -> Self {
        self.add(Candidate::secret(name, secret))
    }

    /// Adds a login and a password (API v2), with a name for the output.
    #[must_use]
    pub fn v2_credentials(self, name: &str, login: &str, password: &str) -> Self {
        self.add(Candidate::v2_credentials(name, (login, password)))
    }

    fn add(mut self, candidate: Candidate) -> Self {
        self.candidates.push(candidate);
        self
    }

    /// Diagnoses a body, which may be any bytes.
    #[must_use]
    pub fn body(&self, body: &[u8]) -> Diagnosis {
        let keys = self.candidates.iter();
        let keys = keys.filter_map(|candidate| candidate.configured.clone());
        let verifier = Verifier::with_keys(keys.collect(), self.tracking_ids);
        let parsed = Unverified::parse(body);
        let error = parsed.as_ref().err().cloned();
        if let Ok(Ok(verified)) = parsed.map(|callback| verifier.verify(callback))
            && let Evidence::Signature { key, .. } = verified.evidence()
        {
            return Diagnosis {
                causes: Vec::new(),
                verified_by: Some(Arc::clone(key)),
            };
        }
        let causes = match error {
            Some(error @ ParseError::TooLarge { .. }) => vec![unreadable(error)],
            error => match encoding::unwrap(body) {
                Some((text, layers)) => {
                    let layers = layers.into_iter();
                    layers
                        .map(|how| Finding::certain(Cause::BodyReencoded { how }))
                        .chain(self.explain(&text, &verifier))
                        .collect()
                }
                None => error
                    .map(|error| no_object(body, error))
                    .into_iter()
                    .collect(),
            },
        };
        Diagnosis {
            causes,
            verified_by: None,
        }
    }

    /// Why a JSON object is not verified.
    fn explain(&self, body: &str, verifier: &Verifier) -> Vec<Finding> {
        let parsed = Unverified::<b2binpay::Callback>::parse(body.as_bytes());
        if parsed.is_err() && citypay::Callback::parse(body.as_bytes()).is_ok() {
            return vec![Finding::certain(Cause::CityPay)];
        }
        let draft = Draft::read(body);
        let fit = draft.as_ref().and_then(|draft| self.search(draft, body));
        // Other problems are found with the right key.
        let right = fit
            .as_ref()
            .map(|fit| Verifier::with_keys(vec![fit.key.clone()], self.tracking_ids));
        let refusal = parsed.map(|callback| right.as_ref().unwrap_or(verifier).verify(callback));
        let refusal = match refusal {
            Ok(Ok(_)) => None,
            // These are what the search explains.
            Ok(Err(VerifyError::SignatureMismatch { .. } | VerifyError::MalformedSignature)) => {
                None
            }
            Ok(Err(refusal)) => Some(Finding::certain(Cause::Refused(refusal))),
            Err(error) => Some(unreadable(error)),
        };
        let rest = match (fit, draft) {
            (Some(fit), _) => fit.findings,
            (None, Some(draft)) => self.eliminate(&draft),
            (None, None) => Vec::new(),
        };
        // A value in another form may be invalid in the body.
        let explained = |refusal: &Finding| {
            refusal.path().is_some() && rest.iter().any(|found| found.path() == refusal.path())
        };
        let refusal = refusal.filter(|refusal| !explained(refusal));
        refusal.into_iter().chain(rest).collect()
    }
}

/// Uses the keys of a verifier and its declaration of tracking ids.
impl From<&Verifier> for Diagnose {
    fn from(verifier: &Verifier) -> Self {
        let keys = verifier.keys().iter();
        keys.fold(Self::new(verifier.tracking_ids()), Self::key)
    }
}

fn unreadable(error: ParseError) -> Finding {
    if let ParseError::Reencoded { encoding } = error {
        let how = encoding.how();
        return Finding::certain(Cause::BodyReencoded { how });
    }
    let path = match &error {
        ParseError::Field { path, .. } => Some(path.clone()),
        _ => None,
    };
    let finding = Finding::certain(Cause::BodyMalformed(error));
    match path {
        Some(path) => finding.at(path),
        None => finding,
    }
}

/// Explains why bytes are not a JSON object in any encoding.
fn no_object(body: &[u8], error: ParseError) -> Finding {
    let ends_early = |error: serde_json::Error| error.is_eof();
    if body.trim_ascii().is_empty() {
        Finding::certain(Cause::BodyEmpty)
    } else if matches!(
        error,
        ParseError::OtherProduct { .. } | ParseError::Reencoded { .. }
    ) {
        unreadable(error)
    } else if serde_json::from_slice::<IgnoredAny>(body).is_err_and(ends_early) {
        Finding::certain(Cause::BodyCutShort)
    } else {
        unreadable(error)
    }
}
