//! Every vector gives what it says, through the verifier or the parser.

use payhook::b2binpay::{ExpectedAmount, TransferCallback};
use payhook::citypay::Posted;
use payhook::{
    Amount, DEFAULT_BODY_LIMIT, Evidence, ParseError, Unverified, Verified, VerifyError,
};
use serde_json::Value;

use crate::support::{self, Case, b2binpay_cases, cases};

fn run(case: &Case) -> Result<Verified<TransferCallback>, String> {
    let parsed =
        Unverified::<TransferCallback>::parse(&case.body).map_err(|error| match error {
            ParseError::Unsupported { .. } => "unsupported".to_owned(),
            _ => "parse".to_owned(),
        })?;
    case.verifier().verify(parsed).map_err(|error| {
        match error {
            VerifyError::SignatureMismatch { .. }
            | VerifyError::MalformedSignature
            | VerifyError::MissingSignature => "signature",
            VerifyError::Unsigned(_) => "unsigned",
            VerifyError::TrackingId { .. } => "tracking_id",
            VerifyError::MissingTransfer => "transfer",
            VerifyError::AmbiguousTransfer => "ambiguous",
            VerifyError::InconsistentOperation { .. } => "inconsistent",
            other => panic!("{}: {other}", case.name),
        }
        .to_owned()
    })
}

#[test]
fn b2binpay() {
    let cases = b2binpay_cases();
    assert!(cases.len() > 120, "{} cases", cases.len());
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

fn check_verified(case: &Case, callback: &Verified<TransferCallback>) {
    let (name, expect) = (&case.name, &case.expect);
    let text = |key: &str| expect[key].as_str();
    let (proven, told) = (callback.proven(), callback.reported());

    let Evidence::Signature { scheme, .. } = callback.evidence() else {
        panic!("{name}: proven by {}", callback.evidence());
    };
    assert_eq!(Some(scheme.as_str()), text("scheme"), "{name}");
    if expect["split"] == "undetermined" {
        let message = format!("{}{}", proven.undivided().unwrap(), proven.time().unwrap());
        assert_eq!(Some(message.as_str()), text("signed_message"), "{name}");
        assert!(
            proven.amount().is_none() && proven.tracking_id().is_none(),
            "{name}"
        );
        check_resolves(name, expect, callback);
        return;
    }

    assert_eq!(Some(told.operation.as_str()), text("kind"), "{name}");
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
        let inferred = told.callback_type().certain().unwrap();
        assert_eq!(inferred.as_str(), callback_type, "{name}");
    }
    if let Some(id) = text("transfer_id") {
        assert_eq!(told.transfer().unwrap().id, id, "{name}");
    }
    if let Some(currency) = text("currency") {
        assert_eq!(
            told.currency().unwrap().alpha.as_deref(),
            Some(currency),
            "{name}"
        );
    }
}

fn check_resolves(name: &str, expect: &Value, callback: &Verified<TransferCallback>) {
    for attempt in expect["resolves"].as_array().unwrap() {
        let (id, amount) = (attempt[0].as_str().unwrap(), attempt[1].as_str().unwrap());
        let expected = ExpectedAmount::Exactly(amount.parse().unwrap());
        let resolved = callback.clone().resolve(id, &expected);
        assert_eq!(
            resolved.is_ok(),
            attempt[2].as_bool().unwrap(),
            "{name}: {attempt}"
        );
        match resolved {
            Ok(resolved) => {
                assert_eq!(resolved.proven().tracking_id(), Some(id), "{name}");
                assert_eq!(
                    resolved.proven().amount().unwrap().as_str(),
                    amount,
                    "{name}"
                );
            }
            Err(error) => {
                let kept = error.into_callback();
                assert_eq!(
                    kept.proven().undivided(),
                    callback.proven().undivided(),
                    "{name}"
                );
            }
        }
    }
}

/// The vectors' own signatures are what they say, by a signer of this test's.
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

#[test]
fn citypay() {
    for case in cases().iter().filter(|case| !case.is_b2binpay()) {
        let (name, expect) = (&case.name, &case.expect);
        let text = |key: &str| expect[key].as_str();
        let amount = |key: &str| text(key).map(|text| text.parse::<Amount>().unwrap());
        match Posted::parse_within(&case.body, DEFAULT_BODY_LIMIT) {
            Ok(Posted::Order(order)) => {
                let order = order.unverified();
                assert_eq!(text("kind"), Some("order"), "{name}");
                let status = order
                    .status
                    .as_ref()
                    .map(|status| status.as_str().to_lowercase());
                assert_eq!(status.as_deref(), text("status"), "{name}");
                assert_eq!(
                    order.action.as_ref().map(payhook::citypay::Action::as_str),
                    text("action")
                );
                assert_eq!(
                    order.received_amount_in_coins,
                    amount("received_amount_in_coins"),
                    "{name}"
                );
                assert_eq!(
                    order.received_amount_in_fiat,
                    amount("received_amount_in_fiat"),
                    "{name}"
                );
            }
            Ok(Posted::Deposit(deposit)) => {
                let deposit = deposit.unverified();
                assert_eq!(text("kind"), Some("deposit"), "{name}");
                let status = deposit
                    .status
                    .as_ref()
                    .map(|status| status.as_str().to_lowercase());
                assert_eq!(status.as_deref(), text("status"), "{name}");
                assert_eq!(
                    deposit
                        .action
                        .as_ref()
                        .map(payhook::citypay::Action::as_str),
                    text("action")
                );
                assert_eq!(deposit.received_amount, amount("received_amount"), "{name}");
                let token = deposit
                    .deposit_token
                    .as_ref()
                    .map(payhook::citypay::Token::as_str);
                assert_eq!(token, text("deposit_token"), "{name}");
                assert!(deposit.created_at.is_some(), "{name}");
            }
            Ok(other) => panic!("{name}: {other:?}"),
            Err(error) => {
                let kind = match error {
                    ParseError::Unsupported { .. } => "unsupported",
                    _ => "parse",
                };
                assert_eq!(expect["parsed"], false, "{name}: {error}");
                assert_eq!(text("error"), Some(kind), "{name}");
            }
        }
    }
}
