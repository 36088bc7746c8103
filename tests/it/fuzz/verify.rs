//! The verifier, compared with the oracle: it accepts signed bodies, and no others.

use payhook::b2binpay::{Callback, Key, TrackingIds, Verifier};
use payhook::{Amount, Evidence, Timestamp, Unverified, Verified, VerifyError};

use super::oracle::Signed;

const SECRET: &str = "cbs_7Qm2vX9tR4kL8pN1";

pub(crate) fn check(data: &[u8]) {
    let Ok(body) = str::from_utf8(data) else {
        assert!(Unverified::<Callback>::parse(data).is_err());
        return;
    };
    agree(body, SECRET.as_bytes());
    // Any body, once it is signed.
    if let Some(signed) = Signed::read(body) {
        for with_payout_status in [false, true] {
            let again = signed.again(body, SECRET.as_bytes(), with_payout_status);
            agree(&again, SECRET.as_bytes());
        }
        // With a key that signs no seed: its digits occur nowhere else.
        let digits = signed.signature(b"another", false);
        let again = signed.again(body, b"another", false);
        let shown = Unverified::<Callback>::parse(again.as_bytes());
        let shown = format!("{shown:?}{:?}", shown.as_ref().map(Unverified::unverified));
        assert!(
            !shown.contains(&digits) || body.contains(&digits),
            "{shown}"
        );
    }
}

/// The verifier and the oracle agree under each declaration.
fn agree(body: &str, key: &[u8]) {
    let Ok(callback) = Unverified::<Callback>::parse(body.as_bytes()) else {
        return;
    };
    let signed = Signed::read(body);
    let length = callback.unverified().tracking_id().chars().count();
    for declared in [
        TrackingIds::FixedLength(0),
        TrackingIds::FixedLength(length),
        TrackingIds::FixedLength(36),
        TrackingIds::Prefixed,
        TrackingIds::Unused,
        TrackingIds::Unrestricted,
    ] {
        let verify = |secret| {
            let key = Key::callback_secret(secret).unwrap();
            Verifier::new(key, declared).verify(callback.clone())
        };
        assert!(verify("another").is_err());
        let expected = signed
            .as_ref()
            .filter(|signed| signed.is_proven(key, declared));
        match (verify(SECRET), expected) {
            (Ok(verified), Some(signed)) => proves(&verified, signed, declared),
            (Err(error), None) => refused(&error, callback.unverified()),
            (Ok(_), None) => panic!("accepted an unsigned body"),
            (Err(error), Some(_)) => panic!("refused a signed body: {error}"),
        }
    }
}

fn refused(error: &VerifyError, callback: &Callback) {
    let unsigned = matches!(error, VerifyError::Unsigned);
    if unsigned {
        assert!(!callback.is_signed() && callback.transfers().next().is_none());
    }
}

/// The proven values are the signed ones.
fn proves(verified: &Verified<Callback>, signed: &Signed<'_>, declared: TrackingIds) {
    assert!(matches!(verified.evidence(), Evidence::Signature { .. }));
    let proven = verified.proven();
    let time = proven.time().map(Timestamp::as_str);
    assert_eq!(time, Some(signed.time.as_str()));
    let status = proven.transfer_status().map(|status| status.code());
    let signed_status = || signed.status.parse().unwrap();
    let amount = signed.has_transfer.then_some(signed.amount.as_str());

    if declared != TrackingIds::Unrestricted {
        assert_eq!(status, signed.has_transfer.then(signed_status));
        assert_eq!(proven.amount().map(Amount::as_str), amount);
        assert_eq!(proven.tracking_id(), Some(signed.tracking_id.as_str()));
        assert_eq!(proven.ambiguous_text(), None);
    } else if proven.ambiguous_text().is_some() {
        assert_eq!(status, signed.has_transfer.then(signed_status));
        assert_eq!(
            proven.ambiguous_text(),
            Some(signed.ambiguous_text().as_str())
        );
        assert_eq!(proven.amount(), None);
        assert_eq!(proven.tracking_id(), None);
        resolves(verified, signed);
    } else {
        panic!("divided without evidence");
    }
    // Serialized, it has the same signed text.
    let again = serde_json::to_vec(verified.reported()).unwrap();
    let again = Unverified::parse_within(&again, usize::MAX).unwrap();
    let key = Key::callback_secret(SECRET).unwrap();
    let again = Verifier::new(key, declared).verify(again).unwrap();
    assert_eq!(
        format!("{:?}", again.proven()),
        format!("{:?}", verified.proven())
    );
}

/// By the merchant's own record, if that matches the signed text.
fn resolves(verified: &Verified<Callback>, signed: &Signed<'_>) {
    let amount: Amount = signed.amount.parse().unwrap_or_default();
    let resolved = verified.clone().resolve([(&*signed.tracking_id, &amount)]);
    let divides = !signed.has_transfer || amount.decimals() > 0;
    let Ok(resolved) = resolved else {
        assert!(!divides, "{}", signed.ambiguous_text());
        return;
    };
    assert!(divides);
    let proven = resolved.proven();
    assert_eq!(proven.tracking_id(), Some(signed.tracking_id.as_str()));
    let own = signed.has_transfer.then_some(signed.amount.as_str());
    assert_eq!(proven.amount().map(Amount::as_str), own);
    // It is never divided into another id.
    let other = format!("{}0", signed.tracking_id);
    assert!(verified.clone().resolve([(&*other, &amount)]).is_err());
}
