//! Bodies as gateways post them and as merchants report them
//! (`tests/vectors/real.jsonl`): what parsing and a diagnosis say of them. What becomes
//! of the payment is tested in `crates/payhook-conformance/tests/it/real.rs`.

use payhook::b2binpay;
use payhook::{Unverified, citypay};
use serde_json::Value;

const REAL: &str = include_str!("../vectors/real.jsonl");

fn case(id: &str) -> Value {
    let cases = REAL
        .lines()
        .map(|line| -> Value { serde_json::from_str(line).unwrap() });
    cases.into_iter().find(|case| case["id"] == id).unwrap()
}

fn body(id: &str) -> String {
    case(id)["deliveries"][0].as_str().unwrap().to_owned()
}

fn refusal(id: &str) -> String {
    let body = body(id);
    let error = match case(id)["gateway"].as_str() {
        Some("citypay") => citypay::Callback::parse(body.as_bytes()).unwrap_err(),
        _ => Unverified::<b2binpay::Callback>::parse(body.as_bytes()).unwrap_err(),
    };
    error.to_string()
}

#[test]
fn refusals_say_what_the_body_is() {
    assert!(refusal("time_in_unix_seconds").contains("with seconds and an offset"));
    assert!(refusal("defi_invoice_paid").contains("B2BINPAY DeFi"));
    assert!(refusal("v1_bill_as_a_form").contains("the retired B2BINPAY API v1"));
    assert!(refusal("citypay_as_a_form").contains("form data"));
}

/// The type of a callback without a transfer is not *no transfer* alone.
#[test]
fn without_a_transfer_several_types_are_candidates() {
    for id in [
        "algorand_address_activated_signed",
        "created_without_transfer_signed",
        "unresolved_without_transfer_signed",
    ] {
        let body = body(id);
        let callback = Unverified::<b2binpay::Callback>::parse(body.as_bytes()).unwrap();
        assert!(callback.unverified().callback_types().len() > 1, "{id}");
    }
}

#[cfg(feature = "diagnose")]
#[test]
fn a_diagnosis_names_the_cause() {
    use payhook::b2binpay::TrackingIds;
    use payhook::diagnose::{Cause, Diagnose};

    let ids = TrackingIds::Prefixed;
    let api = Diagnose::new(ids).v2_credentials("api", "cid_77120", "csec_Hh2k9");
    let diagnosis = api.body(body("api_secret_for_the_callback_secret").as_bytes());
    assert_eq!(diagnosis.causes()[0].cause(), &Cause::ApiCredentials);
    let secret = Diagnose::new(ids).secret("live", "whs_Lq8nT2vC5xE1yK7d");
    let diagnosis = secret.body(body("id_trimmed_by_a_framework").as_bytes());
    let signed = "order 77 ".into();
    assert_eq!(diagnosis.causes()[0].cause(), &Cause::TrackingId { signed });
}
