//! Keys, declarations, age limits and `resolve`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use payhook::b2binpay::{Key, TrackingIds, TransferStatus, Verifier};
use payhook::{Evidence, VerifyError, verified::SignatureScheme};
use serde_json::json;

use crate::support::{
    SECRET, TIME, body, parse, sign, signed, verifier, verify, with_transfer, without_transfer,
};

fn prefixed() -> serde_json::Value {
    signed(
        with_transfer("deposit", "order-1", "1.50"),
        &format!("21.50order-1{TIME}"),
    )
}

fn ambiguous_text(tracking_id: &str, amount: &str) -> serde_json::Value {
    signed(
        with_transfer("deposit", tracking_id, amount),
        &format!("2{amount}{tracking_id}{TIME}"),
    )
}

#[test]
fn the_matching_key_is_named() {
    let sandbox = Key::callback_secret("another secret")
        .unwrap()
        .with_name("sandbox");
    let old = Key::v2_credentials("login", "password").unwrap();
    let new = Key::callback_secret(SECRET)
        .unwrap()
        .with_name("production 2026");
    let verifier = Verifier::new(sandbox, TrackingIds::Prefixed)
        .add_key(old)
        .add_key(new);
    let callback = verifier
        .verify(parse(prefixed().to_string().as_bytes()))
        .unwrap();
    let Evidence::Signature { scheme, key, .. } = callback.evidence() else {
        panic!("{}", callback.evidence());
    };
    assert_eq!(
        (*scheme, &**key),
        (SignatureScheme::CallbackSecret, "production 2026")
    );
}

#[test]
fn no_key_matches() {
    let verifier = Verifier::new(Key::callback_secret("one").unwrap(), TrackingIds::Prefixed)
        .add_key(Key::callback_secret("two").unwrap());
    let error = verifier
        .verify(parse(prefixed().to_string().as_bytes()))
        .unwrap_err();
    assert!(matches!(error, VerifyError::SignatureMismatch { keys: 2 }));
}

#[test]
fn the_first_matching_key_is_named() {
    let key = |name: &str| Key::callback_secret(SECRET).unwrap().with_name(name);
    let verifier = Verifier::new(key("first"), TrackingIds::Prefixed).add_key(key("second"));
    let callback = verifier
        .verify(parse(prefixed().to_string().as_bytes()))
        .unwrap();
    assert!(matches!(callback.evidence(), Evidence::Signature { key, .. } if &**key == "first"));
}

/// HMAC hashes keys that are longer than its block size.
#[test]
fn secrets_of_any_length() {
    for length in [1, 63, 64, 65, 200] {
        let secret = "s".repeat(length);
        let mut body = with_transfer("deposit", "order-1", "1.50");
        body["meta"]["sign"] = json!(sign(&secret, &format!("21.50order-1{TIME}")));
        let verifier = Verifier::new(
            Key::callback_secret(&secret).unwrap(),
            TrackingIds::Prefixed,
        );
        assert!(
            verifier.verify(parse(body.to_string().as_bytes())).is_ok(),
            "{length}"
        );
    }
}

/// Half a byte less is not a signature, even if the missing byte is 0.
#[test]
fn a_truncated_signature_is_refused_even_if_only_zeros_are_missing() {
    let ends_in_zeros = (0..100_000)
        .map(|n| format!("order-{n}"))
        .find(|id| sign(SECRET, &format!("21.50{id}{TIME}")).ends_with("00"));
    let id = ends_in_zeros.unwrap();
    let mut body = signed(
        with_transfer("deposit", &id, "1.50"),
        &format!("21.50{id}{TIME}"),
    );
    assert!(verify(&body, TrackingIds::Prefixed).is_ok());
    let whole = body["meta"]["sign"].as_str().unwrap().to_owned();
    for cut in [1, 2] {
        body["meta"]["sign"] = json!(whole[..64 - cut]);
        let error = verify(&body, TrackingIds::Prefixed).unwrap_err();
        assert!(matches!(error, VerifyError::MalformedSignature), "{error}");
    }
}

#[test]
fn declarations() {
    for (id, prefixed, empty) in [
        ("order-1", true, false),
        ("#17", true, false),
        (" 17", true, false),
        ("ünï", true, false),
        ("\u{661}", true, false),
        ("", false, true),
        ("17", false, false),
        (".5", false, false),
        ("-order", false, false),
    ] {
        assert_eq!(TrackingIds::Prefixed.allows(id), prefixed, "{id:?}");
        assert_eq!(TrackingIds::Unused.allows(id), empty, "{id:?}");
        assert!(TrackingIds::Unrestricted.allows(id), "{id:?}");
    }
}

#[test]
fn ids_of_one_length() {
    for (id, length) in [
        ("3f2504e0-4f89-41d3-9a0c-0305e82c3301", 36),
        ("-1.5", 4),
        ("\u{fc}n\u{ef}", 3),
        ("\u{1f600}", 1),
        ("", 0),
    ] {
        for declared in 0..40 {
            let allows = TrackingIds::FixedLength(declared).allows(id);
            assert_eq!(allows, declared == length, "{id:?} of {declared}");
        }
    }
    assert_eq!(
        TrackingIds::FixedLength(36).to_string(),
        "TrackingIds::FixedLength(36)"
    );
}

/// The error names the declaration that matches the id, and the hint names the setting.
#[test]
fn a_mismatching_id_suggests_a_declaration() {
    use TrackingIds::{FixedLength, Prefixed, Unrestricted, Unused};

    let uuid = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
    for (declared, id, expected) in [
        (Prefixed, uuid, FixedLength(36)),
        (Prefixed, "01ARZ3NDEKTSV4RRFFQ69G5FAV", FixedLength(26)),
        (Prefixed, "17", Unrestricted),
        (Prefixed, "482-1646212190.5518-731902", Unrestricted),
        (Prefixed, "", Unused),
        (Unused, uuid, FixedLength(36)),
        (
            Unused,
            "af2504e0-4f89-41d3-9a0c-0305e82c3301",
            FixedLength(36),
        ),
        (Unused, "af2504e04f8941d39a0c0305e82c3301", FixedLength(32)),
        (Unused, "order-1", Prefixed),
        (FixedLength(36), "order-1", Prefixed),
        (FixedLength(36), "17", Unrestricted),
        (FixedLength(36), "", Unused),
        (FixedLength(32), uuid, FixedLength(36)),
        (FixedLength(0), "17", Unrestricted),
    ] {
        let error = verify(&ambiguous_text(id, "1.50"), declared).unwrap_err();
        let VerifyError::TrackingId { fitting, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(fitting, expected, "{id:?} under {declared:?}");
        assert!(fitting.allows(id), "{id:?} under {declared:?}");
        let shown = error.to_string();
        let names = |ids: TrackingIds| shown.contains(&format!("`TrackingIds::{ids:?}`"));
        assert!(names(declared), "{shown}");
        // The last resort is not recommended.
        assert_eq!(names(expected), expected != Unrestricted, "{shown}");
        assert!(error.hint().contains("PAYHOOK_B2BINPAY_TRACKING_IDS"));
    }
}

#[test]
fn age_is_checked_only_on_request_and_in_both_directions() {
    let body = prefixed().to_string();
    let callback = || parse(body.as_bytes());
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let years_later = at("2036-03-02T09:16:02Z");
    assert!(
        verifier(TrackingIds::Prefixed)
            .verify_at(callback(), years_later)
            .is_ok()
    );

    let strict = verifier(TrackingIds::Prefixed).max_age(Duration::from_secs(60));
    assert!(
        strict
            .verify_at(callback(), at("2026-03-02T09:17:02Z"))
            .is_ok()
    );
    assert!(
        strict
            .verify_at(callback(), at("2026-03-02T09:15:03Z"))
            .is_ok()
    );
    assert!(
        strict
            .verify_at(callback(), at("2026-03-02T09:17:02.551870Z"))
            .is_ok()
    );
    for now in [
        "2026-03-02T09:17:02.551871Z",
        "2026-03-02T09:17:03Z",
        "2026-03-02T09:15:02Z",
    ] {
        let error = strict.verify_at(callback(), at(now)).unwrap_err();
        assert!(matches!(error, VerifyError::Stale { .. }), "{now}: {error}");
    }
    // The age of a tampered body is not revealed.
    let tampered = body.replace("order-1", "order-2");
    let error = strict
        .verify_at(parse(tampered.as_bytes()), years_later)
        .unwrap_err();
    assert!(matches!(error, VerifyError::SignatureMismatch { .. }));
}

#[test]
fn resolve_by_amount_compares_the_text() {
    // By value 10.5 and 10.50 are equal, but 10.5 + 017 is the same text as
    // 10.50 + 17: taking one for the other credits the wrong order.
    let callback = verify(&ambiguous_text("017", "10.5"), TrackingIds::Unrestricted).unwrap();
    assert_eq!(
        callback.proven().transfer_status(),
        Some(TransferStatus::Confirmed)
    );
    assert_eq!(callback.proven().ambiguous_text(), Some("210.5017"));
    let exactly = |amount: &str| amount.parse::<payhook::Amount>().unwrap();
    assert!(
        callback
            .clone()
            .resolve([("17", &exactly("10.5"))])
            .is_err()
    );
    assert!(
        callback
            .clone()
            .resolve([("17", &exactly("10.50"))])
            .is_ok()
    );
    let resolved = callback
        .clone()
        .resolve([("017", &exactly("10.5"))])
        .unwrap();
    assert_eq!(resolved.proven().tracking_id(), Some("017"));
    assert_eq!(resolved.proven().amount().unwrap().as_str(), "10.5");
    assert_eq!(
        resolved.proven().transfer_status(),
        Some(TransferStatus::Confirmed)
    );
    assert_eq!(resolved.proven().ambiguous_text(), None);
    // It now has one reading, and does not match another expectation.
    assert!(
        resolved
            .clone()
            .resolve([("17", &exactly("10.50"))])
            .is_err()
    );
    assert!(
        resolved
            .clone()
            .resolve([("017", &exactly("10.5"))])
            .is_ok()
    );
}

/// Each of the two orders matches for itself, so neither is credited.
#[test]
fn several_matching_records_are_refused() {
    let exactly = |amount: &str| amount.parse::<payhook::Amount>().unwrap();
    let (seventeen, seven) = (exactly("10.50"), exactly("10.501"));
    for order in [("17", "10.50"), ("7", "10.501")] {
        let callback =
            verify(&ambiguous_text(order.0, order.1), TrackingIds::Unrestricted).unwrap();
        let resolve = |records: &[(&'static str, &payhook::Amount)]| {
            let resolved = callback.clone().resolve(records.iter().copied());
            resolved.map(|resolved| resolved.proven().tracking_id().map(str::to_owned))
        };
        let (one, other) = (("17", &seventeen), ("7", &seven));
        assert_eq!(resolve(&[one]), Ok(Some("17".into())));
        assert_eq!(resolve(&[other]), Ok(Some("7".into())));
        // The same record twice is one record.
        assert_eq!(resolve(&[one, ("8", &seven), one]), Ok(Some("17".into())));
        for records in [&[one, other][..], &[other, one], &[("8", &seven)], &[]] {
            assert_eq!(resolve(records), Err(VerifyError::RecordMismatch));
        }
    }
}

#[test]
fn resolve_by_scale() {
    let callback = verify(&ambiguous_text("17", "10.50"), TrackingIds::Unrestricted).unwrap();
    let by_scale = |id: &str, scale| callback.clone().resolve_with_decimals([id], scale);
    assert_eq!(
        by_scale("17", 2)
            .unwrap()
            .proven()
            .amount()
            .unwrap()
            .as_str(),
        "10.50"
    );
    assert_eq!(
        by_scale("7", 3)
            .unwrap()
            .proven()
            .amount()
            .unwrap()
            .as_str(),
        "10.501"
    );
    assert!(by_scale("7", 2).is_err());
    assert!(by_scale("17", 8).is_err());
    assert!(by_scale("17", u32::MAX).is_err());
    // Without fraction digits nothing says where the amount ends, nor whether
    // it is one: a payout's id may begin so.
    let whole = verify(&ambiguous_text("17", "10"), TrackingIds::Unrestricted).unwrap();
    assert!(whole.clone().resolve_with_decimals(["17"], 0).is_err());
    assert!(
        whole
            .clone()
            .resolve([("17", &"10".parse().unwrap())])
            .is_err()
    );
    // If the text already has one reading, a scale of 0 still decides nothing.
    let divided = signed(
        with_transfer("deposit", "order-1", "10"),
        &format!("210order-1{TIME}"),
    );
    let divided = verify(&divided, TrackingIds::Prefixed).unwrap();
    assert!(
        divided
            .clone()
            .resolve_with_decimals(["order-1"], 0)
            .is_err()
    );
    assert!(
        divided
            .clone()
            .resolve([("order-1", &"10".parse().unwrap())])
            .is_ok()
    );
}

/// An `e` after the amount's digits is the first letter of the id.
#[test]
fn resolve_by_scale_reads_no_exponent_from_the_id() {
    for (amount, id, rest, scale) in [
        ("1.500000", "e9order", "order", 8),
        ("1.5", "e9abc", "abc", 3),
        ("0.100000", "E2", "", 8),
        ("1.50", "e-9", "", 5),
    ] {
        let callback = verify(&ambiguous_text(id, amount), TrackingIds::Unrestricted).unwrap();
        let by_scale = |id: &str, scale| callback.clone().resolve_with_decimals([id], scale);
        assert!(by_scale(rest, scale).is_err(), "{amount} {id}");
        let own_scale = amount.parse::<payhook::Amount>().unwrap().decimals();
        assert_eq!(
            by_scale(id, own_scale)
                .unwrap()
                .proven()
                .amount()
                .unwrap()
                .as_str(),
            amount
        );
    }
    let exactly = "1.5e9".parse().unwrap();
    let callback = verify(&ambiguous_text("e9order", "1.5"), TrackingIds::Unrestricted).unwrap();
    assert!(callback.clone().resolve([("order", &exactly)]).is_err());
}

#[test]
fn resolve_without_a_transfer_compares_the_id() {
    let deposit = signed(
        without_transfer("deposit", "9001", 3),
        &format!("39001{TIME}"),
    );
    let callback = verify(&deposit, TrackingIds::Unrestricted).unwrap();
    assert_eq!(callback.proven().transfer_status(), None);
    assert!(
        callback
            .clone()
            .resolve_with_decimals(["39001"], 8)
            .is_err()
    );
    let resolved = callback.clone().resolve_with_decimals(["9001"], 8).unwrap();
    assert_eq!(resolved.proven().tracking_id(), Some("9001"));
    assert_eq!(
        (
            resolved.proven().amount(),
            resolved.proven().transfer_status()
        ),
        (None, None)
    );

    let payout = signed(
        without_transfer("payout", "39001", 3),
        &format!("39001{TIME}"),
    );
    let callback = verify(&payout, TrackingIds::Unrestricted).unwrap();
    assert!(callback.clone().resolve_with_decimals(["9001"], 8).is_err());
    assert_eq!(
        callback
            .clone()
            .resolve_with_decimals(["39001"], 8)
            .unwrap()
            .proven()
            .tracking_id(),
        Some("39001")
    );
}

/// The body determines the shape, and resolving cannot change that: the docs of
/// `resolve` list the ids to avoid.
#[test]
fn an_id_with_a_point_can_look_like_a_transfer() {
    let reported = signed(
        with_transfer("deposit", "17", "10.50"),
        &format!("210.5017{TIME}"),
    );
    let genuine = signed(
        without_transfer("payout", "210.5017", 3),
        &format!("210.5017{TIME}"),
    );
    assert_eq!(reported["meta"]["sign"], genuine["meta"]["sign"]);
    let exactly = "10.50".parse().unwrap();
    assert!(
        verify(&reported, TrackingIds::Unrestricted)
            .unwrap()
            .resolve([("17", &exactly)])
            .is_ok()
    );
    let expired = signed(
        without_transfer("deposit", "10.5017", 2),
        &format!("210.5017{TIME}"),
    );
    assert_eq!(reported["meta"]["sign"], expired["meta"]["sign"]);
    // Under the other declarations there is no such pair.
    for body in [reported, genuine, expired] {
        assert!(verify(&body, TrackingIds::Prefixed).is_err());
        assert!(verify(&body, TrackingIds::Unused).is_err());
    }
}

#[test]
fn resolve_does_not_divide_a_declared_reading() {
    let callback = verify(&prefixed(), TrackingIds::Prefixed).unwrap();
    let exactly = |amount: &str| amount.parse::<payhook::Amount>().unwrap();
    assert!(
        callback
            .clone()
            .resolve([("order-1", &exactly("1.50"))])
            .is_ok()
    );
    assert!(
        callback
            .clone()
            .resolve_with_decimals(["order-1"], 2)
            .is_ok()
    );
    assert!(
        callback
            .clone()
            .resolve([("order-2", &exactly("1.50"))])
            .is_err()
    );
    assert!(
        callback
            .clone()
            .resolve([("order-1", &exactly("1.5"))])
            .is_err()
    );
}

#[test]
fn a_callback_without_a_transfer_may_be_unsigned() {
    let error = verify(
        &without_transfer("deposit", "order-1", 4),
        TrackingIds::Prefixed,
    )
    .unwrap_err();
    assert_eq!(error, VerifyError::Unsigned);
}

#[test]
fn the_order_of_the_checks_reveals_nothing_about_the_declaration() {
    let forged = {
        let mut body = with_transfer("deposit", "17", "1.50");
        body["meta"]["sign"] = json!(sign("a guess", &format!("21.5017{TIME}")));
        body
    };
    let error = verify(&forged, TrackingIds::Prefixed).unwrap_err();
    assert!(
        matches!(error, VerifyError::SignatureMismatch { .. }),
        "{error}"
    );
}

#[test]
fn other_transfers_are_reported_and_not_proven() {
    let callback = verifier(TrackingIds::Prefixed)
        .verify(parse(&body("b2binpay-payout-confirmed.json")))
        .unwrap();
    let others: Vec<_> = callback.reported().other_transfers().collect();
    assert_eq!(others.len(), 1);
    assert_eq!(others[0].id(), "55029");
    assert_eq!(callback.proven().amount().unwrap().as_str(), "125.000000");
}
