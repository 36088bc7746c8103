//! Diagnoses of any bytes: they never contain a secret, and are *verified* exactly if
//! the verifier accepts the body.
//!
//! The input's first byte selects the key that the rest is signed with, if any.

use payhook::b2binpay::{Callback, Key, TrackingIds, Verifier};
use payhook::{
    Unverified,
    diagnose::{Cause, Diagnose, Diagnosis, Finding},
};
use sha2::{Digest, Sha256};

use super::oracle::Signed;

const SECRET: &str = "cbs_7Qm2vX9tR4kL8pN1";
/// As configured: a file often ends with a newline.
const EDGED: &str = "cbs_4Rw8yK2mT6vP0xD5\n";
const LOGIN: &str = "api-Login-5Hj8";
const PASSWORD: &str = "pw-6Zt3cE1uW9sB";

pub(crate) fn check(data: &[u8]) {
    let Some((picked, body)) = data.split_first() else {
        return;
    };
    let declared = match picked >> 4 & 3 {
        0 => TrackingIds::Prefixed,
        1 => TrackingIds::Unused,
        2 => TrackingIds::FixedLength(10),
        _ => TrackingIds::Unrestricted,
    };
    let v2 = Sha256::digest(format!("{LOGIN}{PASSWORD}"));
    let (key, finds): (_, fn(&Cause) -> bool) = match picked & 7 {
        1 => (SECRET.as_bytes(), |_| true),
        2 => (v2.as_slice(), |_| true),
        3 => (EDGED.trim().as_bytes(), |it| *it == Cause::SecretWhitespace),
        4 => (PASSWORD.as_bytes(), |it| {
            matches!(it, Cause::WrongScheme { .. })
        }),
        5 => (b"unrelated", |_| false),
        _ => return diagnose(body, declared, &v2, |_| true),
    };
    let text = str::from_utf8(body).unwrap_or_default();
    if let Some(signed) = Signed::read(text) {
        let body = signed.again(text, key, picked & 8 == 8);
        diagnose(body.as_bytes(), declared, &v2, |diagnosis| {
            let found = |finding: &Finding| finding.is_certain() && finds(finding.cause());
            let found = diagnosis.causes().iter().any(found);
            match picked & 7 {
                // The typo in the key is found if nothing else is wrong.
                3 | 4 => found || !is_sound(&body, key),
                // An unsigned body matches in no form.
                5 => !diagnosis.causes().iter().any(claims_a_match),
                _ => true,
            }
        });
    }
}

/// Whether the body can be parsed, and is signed in its first form.
fn is_sound(body: &str, key: &[u8]) -> bool {
    Unverified::<Callback>::parse(body.as_bytes()).is_ok()
        && Signed::read(body).is_some_and(|signed| signed.is_proven(key, TrackingIds::Unrestricted))
}

/// Whether the cause is only known from a signature that matches.
fn claims_a_match(finding: &Finding) -> bool {
    matches!(
        finding.cause(),
        Cause::Amount { .. }
            | Cause::BodyReserialized
            | Cause::NonstandardMessage { .. }
            | Cause::NoTransferSigned
            | Cause::OtherStatus { .. }
            | Cause::OtherTransfer { .. }
            | Cause::PayoutStatusSigned
            | Cause::SecretWhitespace
            | Cause::Time { .. }
            | Cause::TrackingId { .. }
            | Cause::WrongScheme { .. }
    ) && finding.is_certain()
}

fn diagnose(body: &[u8], declared: TrackingIds, v2: &[u8], is_right: impl Fn(&Diagnosis) -> bool) {
    let diagnose = Diagnose::new(declared)
        .secret("v3", SECRET)
        .secret("edge", EDGED)
        .v2_credentials("v2", LOGIN, PASSWORD);
    let diagnosis = diagnose.body(body);
    let verifier = Verifier::new(Key::callback_secret(SECRET).unwrap(), declared)
        .add_key(Key::v2_credentials(LOGIN, PASSWORD).unwrap());
    let verdict = Unverified::parse(body).map(|callback| verifier.verify(callback));
    let is_proven = matches!(verdict, Ok(Ok(_)));

    assert_eq!(diagnosis.verified_by().is_some(), is_proven, "{diagnosis}");
    assert_eq!(diagnosis.causes().is_empty(), is_proven, "{diagnosis}");
    assert!(is_right(&diagnosis), "{diagnosis}");
    if is_proven {
        let signed = Signed::read(str::from_utf8(body).unwrap()).unwrap();
        let by = |key| signed.is_proven(key, declared);
        assert!(by(SECRET.as_bytes()) || by(v2));
    }
    shows_no_secret(&format!("{diagnose:?}{diagnosis}{diagnosis:?}"), body);
}

/// No part of a secret, except where the body contains it.
fn shows_no_secret(shown: &str, body: &[u8]) {
    for secret in [SECRET, EDGED, LOGIN, PASSWORD] {
        for part in secret.as_bytes().windows(8) {
            let known = body.windows(8).any(|window| window == part);
            let part = str::from_utf8(part).unwrap();
            assert!(known || !shown.contains(part), "{part} in {shown}");
        }
    }
}
