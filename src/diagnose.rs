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

use crate::b2binpay::{Draft, Key, TrackingIds, TransferCallback, Verifier};
use crate::citypay::Posted;
use crate::error::ParseError;
#[cfg(doc)]
use crate::error::VerifyError;
use crate::verified::{Evidence, Unverified};

use candidate::Candidate;

pub use cause::Cause;
pub use finding::{Diagnosis, Finding};

/// Finds out why a B2BINPAY or Coinsbuy body does not verify.
///
/// It is given what a [`Verifier`] is made of, or the secrets as the operator
/// has them, slips and all, and then the body. A tool for the merchant's own
/// eyes: keep its answer out of replies. It proves nothing, and there is no way
/// from it to a [`Verified`](crate::Verified).
///
/// ```
/// use payhook::b2binpay::TrackingIds;
/// use payhook::{diagnose::{Cause, Diagnose}};
///
/// let body = include_bytes!("../examples/bodies/b2binpay-deposit-confirmed.json");
/// let diagnosis = Diagnose::new(TrackingIds::Prefixed)
///     .secret("production", "cbs_7Qm2vX9tR4kL8pN1\n")
///     .body(body);
///
/// let finding = &diagnosis.causes()[0];
/// assert_eq!(finding.cause(), &Cause::SecretEdge);
/// assert!(finding.is_certain());
/// assert_eq!(
///     diagnosis.to_string(),
///     "the body does not verify:\n\
///      1. key `production`: the configured value has leading or trailing whitespace\n   \
///         to do: trim the secret when reading it: files often end with a newline",
/// );
/// ```
///
/// # What it looks for
///
/// A signature can't be read backwards, so it is tried: with each mistake in a key
/// undone, and with each signed value written in another way. What fits is
/// [certain](Finding::is_certain), and says what would have to be there.
///
/// | cause | what is seen | what to do |
/// |---|---|---|
/// | [`SecretEdge`], [`SecretQuoted`], [`SecretEncoded`] | blanks or quotes around the secret; its hexadecimal, Base64 or percent-encoded form | configure it as the cabinet shows it |
/// | [`WrongScheme`] | a v2 key configured for v3, or the other way round | `Key::callback_secret` for v3, `Key::login_password` for v2 |
/// | [`DigestAsHex`] | SHA-256 as hexadecimal text instead of its bytes | configure login and password |
/// | [`LoginPasswordSwapped`], [`LoginPasswordJoined`] | the other order, a colon, one of the two | configure both, in their order |
/// | [`Amount`], [`TrackingId`], [`Time`] | fraction digits, types, escapes, offsets that were not signed | hand over the bytes as they came |
/// | [`BodyReserialized`], [`BodyReencoded`] | several of these; a form, a string in a string, UTF-16, gzip | the same |
/// | [`OtherTransfer`], [`OtherStatus`], [`NoTransferSigned`] | the signature is about something else than the body shows | credit nothing, and look for who changed it |
/// | [`SignatureUpperCase`], [`SignatureTruncated`], [`SignatureForm`] | a signature that is not 64 lower-case digits | hand over the bytes as they came |
/// | [`HomeMadeSignature`] | separators, a digest as text, the whole body: what tests get wrong | sign as the gateway does |
/// | [`Unsigned`], [`SignatureMissing`], [`CityPay`] | nothing is signed | another proof, or none |
/// | [`AmbiguousTransfer`], [`MissingTransfer`], [`TrackingIdDeclaration`], [`PayoutStatusSigned`] | what a [`VerifyError`] says | what its hint says |
/// | [`BodyCutShort`], [`BodyEmpty`], [`BodyUnreadable`] | no callback | what the [`ParseError`] says |
/// | [`ApiCredentials`] | nothing fits: the API's `client_id` and `client_secret` may be configured | configure the callback secret, a third one |
/// | [`UnknownKey`], [`ContentChanged`] | nothing fits | compare with the dashboard and its list of callbacks |
///
/// # What it costs, and what it tells
///
/// At most 8,000 MACs for each key, each over the signed values, and some
/// dozens over the whole body, which may have
/// [`DEFAULT_BODY_LIMIT`](crate::verified::DEFAULT_BODY_LIMIT) bytes. Values of more than
/// 1,024 bytes are tried as they stand, and of the other transfers the first 16.
///
/// No output holds a secret or a digit of a signature, and candidates are kept
/// as MACs only. A cut signature is compared by its first 32 digits, so that
/// nobody who sees the answer can find the missing ones one by one. Freshness
/// ([`Verifier::max_age`]) is not looked at.
///
/// [`Amount`]: Cause::Amount
/// [`AmbiguousTransfer`]: Cause::AmbiguousTransfer
/// [`ApiCredentials`]: Cause::ApiCredentials
/// [`BodyCutShort`]: Cause::BodyCutShort
/// [`BodyEmpty`]: Cause::BodyEmpty
/// [`BodyReencoded`]: Cause::BodyReencoded
/// [`BodyReserialized`]: Cause::BodyReserialized
/// [`BodyUnreadable`]: Cause::BodyUnreadable
/// [`CityPay`]: Cause::CityPay
/// [`ContentChanged`]: Cause::ContentChanged
/// [`DigestAsHex`]: Cause::DigestAsHex
/// [`UnknownKey`]: Cause::UnknownKey
/// [`HomeMadeSignature`]: Cause::HomeMadeSignature
/// [`LoginPasswordJoined`]: Cause::LoginPasswordJoined
/// [`LoginPasswordSwapped`]: Cause::LoginPasswordSwapped
/// [`MissingTransfer`]: Cause::MissingTransfer
/// [`NoTransferSigned`]: Cause::NoTransferSigned
/// [`OtherStatus`]: Cause::OtherStatus
/// [`OtherTransfer`]: Cause::OtherTransfer
/// [`PayoutStatusSigned`]: Cause::PayoutStatusSigned
/// [`SecretEdge`]: Cause::SecretEdge
/// [`SecretEncoded`]: Cause::SecretEncoded
/// [`SecretQuoted`]: Cause::SecretQuoted
/// [`SignatureForm`]: Cause::SignatureForm
/// [`SignatureMissing`]: Cause::SignatureMissing
/// [`SignatureTruncated`]: Cause::SignatureTruncated
/// [`SignatureUpperCase`]: Cause::SignatureUpperCase
/// [`Time`]: Cause::Time
/// [`TrackingId`]: Cause::TrackingId
/// [`TrackingIdDeclaration`]: Cause::TrackingIdDeclaration
/// [`Unsigned`]: Cause::Unsigned
/// [`WrongScheme`]: Cause::WrongScheme
#[derive(Debug, Clone)]
pub struct Diagnose {
    tracking_ids: TrackingIds,
    candidates: Vec<Candidate>,
}

impl Diagnose {
    /// Without a key yet.
    #[must_use]
    pub fn new(tracking_ids: TrackingIds) -> Self {
        Self {
            tracking_ids,
            candidates: Vec::new(),
        }
    }

    /// Tries a configured key. Mistakes in a secret can't be read off its key:
    /// give the secret itself to [`secret`](Self::secret) or
    /// [`login_password`](Self::login_password) where it is at hand.
    #[must_use]
    pub fn key(self, key: &Key) -> Self {
        self.also(Candidate::key(key))
    }

    /// Tries a callback secret (API v3), under a name for the answer. Give it
    /// exactly as it is configured, with blanks and quotes.
    #[must_use]
    pub fn secret(self, name: &str, secret: &str) -> Self {
        self.also(Candidate::secret(name, secret))
    }

    /// Tries a login and a password (API v2), under a name for the answer.
    #[must_use]
    pub fn login_password(self, name: &str, login: &str, password: &str) -> Self {
        self.also(Candidate::login_password(name, (login, password)))
    }

    fn also(mut self, candidate: Candidate) -> Self {
        self.candidates.push(candidate);
        self
    }

    /// Looks at a body: any bytes at all.
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
        let parsed = Unverified::<TransferCallback>::parse(body.as_bytes());
        if parsed.is_err() && Posted::parse(body.as_bytes()).is_ok() {
            return vec![Finding::certain(Cause::CityPay)];
        }
        let draft = Draft::read(body);
        let fit = draft.as_ref().and_then(|draft| self.search(draft, body));
        // What else is wrong shows once the key is right.
        let right = fit
            .as_ref()
            .map(|fit| Verifier::with_keys(vec![fit.key.clone()], self.tracking_ids));
        let refusal = parsed.map(|callback| right.as_ref().unwrap_or(verifier).verify(callback));
        let refusal = match refusal {
            Ok(Ok(_)) => None,
            Ok(Err(refusal)) => Cause::of_refusal(&refusal).map(Finding::certain),
            Err(error) => Some(unreadable(error)),
        };
        let rest = match (fit, draft) {
            (Some(fit), _) => fit.findings,
            (None, Some(draft)) => self.eliminate(&draft),
            (None, None) => Vec::new(),
        };
        // A value that is written in another way may be unreadable as it stands.
        let explained = |refusal: &Finding| {
            refusal.path().is_some() && rest.iter().any(|found| found.path() == refusal.path())
        };
        let refusal = refusal.filter(|refusal| !explained(refusal));
        refusal.into_iter().chain(rest).collect()
    }
}

/// Tries the keys of a verifier, under its declaration of the tracking ids.
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
    let finding = Finding::certain(Cause::BodyUnreadable(error));
    match path {
        Some(path) => finding.at(path),
        None => finding,
    }
}

/// Why bytes are no JSON object in any encoding.
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
