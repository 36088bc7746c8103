//! The vectors of B2BINPAY, checked with the verifier.

use payhook::b2binpay::{Callback, CallbackType, Operation};
use payhook::{Amount, Evidence, ParseError, Unverified, Verified, VerifyError};
use serde_json::{Value, json};

use crate::support::{self, Case, b2binpay_cases, cases};

fn run(case: &Case) -> Result<Verified<Callback>, String> {
    let verifier = case.try_verifier().map_err(|_| "key".to_owned())?;
    let parsed = Unverified::<Callback>::parse(&case.body).map_err(|error| match error {
        ParseError::Unsupported { .. } => "unsupported".to_owned(),
        _ => "parse".to_owned(),
    })?;
    verifier.verify(parsed).map_err(|error| {
        match error {
            VerifyError::SignatureMismatch { .. }
            | VerifyError::MalformedSignature
            | VerifyError::MissingSignature => "signature",
            VerifyError::Unsigned => "unsigned",
            VerifyError::TrackingId { .. } => "tracking_id",
            VerifyError::MissingTransfer => "transfer",
            VerifyError::AmbiguousTransfer => "ambiguous",
            other => panic!("{}: {other}", case.name),
        }
        .to_owned()
    })
}

#[test]
fn every_case() {
    let cases: Vec<_> = cases().into_iter().filter(Case::is_b2binpay).collect();
    assert!(cases.len() > 220, "{} cases", cases.len());
    for case in cases {
        let expect = &case.expect;
        match run(&case) {
            Ok(callback) => {
                assert_eq!(expect["verified"], true, "{}: verified", case.name);
                check_verified(&case, &callback);
            }
            Err(error) => {
                assert_eq!(expect["verified"], false, "{}: refused: {error}", case.name);
                assert_eq!(expect["error"], error.as_str(), "{}", case.name);
            }
        }
    }
}

fn check_verified(case: &Case, callback: &Verified<Callback>) {
    let (name, expect) = (&case.name, &case.expect);
    let text = |key: &str| expect[key].as_str();
    let (proven, reported) = (callback.proven(), callback.reported());

    let Evidence::Signature { scheme, .. } = callback.evidence() else {
        panic!("{name}: proven by {}", callback.evidence());
    };
    assert_eq!(Some(scheme.as_str()), text("scheme"), "{name}");
    if expect["split"] == "undetermined" {
        let message = format!(
            "{}{}",
            proven.ambiguous_text().unwrap(),
            proven.time().unwrap()
        );
        assert_eq!(Some(message.as_str()), text("signed_message"), "{name}");
        assert!(
            proven.amount().is_none() && proven.tracking_id().is_none(),
            "{name}"
        );
        check_resolves(name, expect, callback);
        return;
    }

    assert_eq!(Some(reported.operation().as_str()), text("kind"), "{name}");
    let status = proven
        .transfer_status()
        .map(|status| i64::from(status.code()));
    assert_eq!(status, expect["status"].as_i64(), "{name}");
    assert_eq!(
        proven.amount().map(Amount::as_str),
        text("amount"),
        "{name}"
    );
    assert_eq!(proven.tracking_id(), text("tracking_id"), "{name}");
    if let Some(callback_type) = text("callback_type") {
        let inferred = reported.callback_types().iter().map(CallbackType::as_str);
        assert!(inferred.eq([callback_type]), "{name}");
    }
    if let Some(id) = text("transfer_id") {
        assert_eq!(reported.transfer().unwrap().id(), id, "{name}");
    }
    if let Some(currency) = text("currency") {
        assert_eq!(
            reported.currency().unwrap().alpha(),
            Some(currency),
            "{name}"
        );
    }
    for key in [
        "callback_types",
        "destinations",
        "is_active",
        "op_type",
        "operation_status",
        "risk_status",
    ] {
        if let Some(expected) = expect.get(key) {
            assert_eq!(reported_value(reported, key), *expected, "{name}: {key}");
        }
    }
}

/// The unsigned values of the body, in the form of a vector.
fn reported_value(reported: &Callback, key: &str) -> Value {
    let transfer = reported.transfer();
    let deposit = match reported.operation() {
        Operation::Deposit(deposit) => Some(deposit),
        _ => None,
    };
    match key {
        "callback_types" => {
            let types = reported.callback_types().iter();
            types.map(CallbackType::as_str).collect()
        }
        "destinations" => {
            let destinations = deposit.unwrap().destinations();
            destinations.map(|it| it.address()).collect()
        }
        "is_active" => json!(deposit.unwrap().is_active()),
        "op_type" => json!(transfer.unwrap().op_type().unwrap().code()),
        "operation_status" => match reported.operation() {
            Operation::Deposit(deposit) => json!(deposit.status().unwrap().code()),
            Operation::Payout(payout) => json!(payout.status().unwrap().code()),
            other => panic!("{other:?}"),
        },
        "risk_status" => json!(transfer.unwrap().risk_status().unwrap().code()),
        other => panic!("unknown key {other}"),
    }
}

fn check_resolves(name: &str, expect: &Value, callback: &Verified<Callback>) {
    for attempt in expect["resolves"].as_array().unwrap() {
        let (id, amount) = (attempt[0].as_str().unwrap(), attempt[1].as_str().unwrap());
        let resolved = callback.clone().resolve([(id, &amount.parse().unwrap())]);
        assert_eq!(
            resolved.is_ok(),
            attempt[2].as_bool().unwrap(),
            "{name}: {attempt}"
        );
        match resolved {
            Ok(resolved) => {
                assert_eq!(resolved.proven().tracking_id(), Some(id), "{name}");
                // Without a transfer the amount is not compared.
                let has_transfer = callback.reported().transfer().is_some();
                assert_eq!(
                    resolved.proven().amount().map(Amount::as_str),
                    has_transfer.then_some(amount),
                    "{name}"
                );
            }
            Err(error) => assert_eq!(error, VerifyError::RecordMismatch, "{name}"),
        }
    }
}

/// The signatures of the vectors, checked with an independent signer.
#[test]
fn signed_messages() {
    for case in b2binpay_cases() {
        let (Some(message), Some("callback_secret")) = (
            case.expect["signed_message"].as_str(),
            case.expect["scheme"].as_str(),
        ) else {
            continue;
        };
        let body: Value = serde_json::from_slice(&case.body).unwrap();
        let sign = body["meta"]["sign"].as_str().unwrap();
        let secrets = case.keys.iter().filter_map(|key| key["secret"].as_str());
        let mut signs = secrets.map(|secret| support::sign(secret, message));
        assert!(signs.any(|made| made == sign), "{}", case.name);
    }
}
