//! Any input gives a diagnosis in bounded time, and never a false claim.

use std::time::{Duration, Instant};

use payhook::diagnose::Cause;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::support::b2binpay_cases;

/// Whether it claims that a signature matches after a change is undone.
fn claims_a_match(diagnosis: &payhook::diagnose::Diagnosis) -> bool {
    diagnosis
        .causes()
        .iter()
        .all(payhook::diagnose::Finding::is_certain)
}

proptest! {
    #[test]
    fn any_bytes(body: Vec<u8>) {
        let diagnosis = secret(SECRET).v2_credentials("v2", LOGIN, PASSWORD).body(&body);
        prop_assert_eq!(diagnosis.verified_by(), None);
        prop_assert!(!diagnosis.causes().is_empty());
    }

    #[test]
    fn any_secret(text: String, login: String, password: String) {
        let body = genuine().to_string();
        let diagnosis = secret(&text).v2_credentials("v2", &login, &password).body(body.as_bytes());
        prop_assert_eq!(diagnosis.verified_by(), None);
        prop_assert!(!claims_a_match(&diagnosis));
    }

    #[test]
    fn any_values(amount: String, id: String, time: String, sign in "[0-9a-f]{64}") {
        let mut body = deposit();
        body["included"][1]["attributes"]["amount"] = json!(amount);
        body["data"]["attributes"]["tracking_id"] = json!(id);
        body["meta"] = json!({"time": time, "sign": sign});
        let diagnosis = right().body(body.to_string().as_bytes());
        prop_assert_eq!(diagnosis.verified_by(), None);
        prop_assert!(!claims_a_match(&diagnosis));
    }

    /// A byte of a genuine body is changed: if the diagnosis finds the expected value,
    /// it is the original one.
    #[test]
    fn tampered_values_are_found(at: prop::sample::Index, byte: u8) {
        let mut body = genuine().to_string().into_bytes();
        let at = at.index(body.len());
        body[at] = byte;
        let diagnosis = right().body(&body);
        for finding in diagnosis.causes() {
            match finding.cause() {
                Cause::Amount { signed } => prop_assert_eq!(&**signed, AMOUNT),
                Cause::TrackingId { signed } => prop_assert_eq!(&**signed, "order-9001"),
                Cause::Time { signed } => prop_assert_eq!(&**signed, TIME),
                Cause::OtherStatus { signed } => prop_assert_eq!(&**signed, "2"),
                // If the change is in the id of the transfer.
                Cause::OtherTransfer { .. } => prop_assert_eq!(finding.path(), Some("included[1]")),
                Cause::NonstandardMessage { .. } | Cause::WrongScheme { .. } => {
                    prop_assert!(false, "{}", diagnosis);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn another_amount_never_matches(amount in "[1-9][0-9]{0,5}\\.[0-9]{1,18}") {
        let body = repriced(&json!(amount), AMOUNT).to_string();
        let diagnosis = secret(SECRET).body(body.as_bytes());
        prop_assert!(!claims_a_match(&diagnosis));
        prop_assert!(diagnosis.verified_by().is_none());
    }
}

/// A secret of another merchant matches none of the vectors, in any variant.
#[test]
fn no_vector_matches_another_secret() {
    for case in b2binpay_cases() {
        let diagnosis = Diagnose::new(TrackingIds::Unrestricted)
            .secret("a", "cbs_of_the_sandbox:x\n")
            .v2_credentials("b", "login ", "0a0b")
            .body(&case.body);
        let fits = |cause: &Cause| {
            matches!(
                cause,
                Cause::Amount { .. }
                    | Cause::TrackingId { .. }
                    | Cause::Time { .. }
                    | Cause::OtherStatus { .. }
                    | Cause::OtherTransfer { .. }
                    | Cause::NoTransferSigned
                    | Cause::WrongScheme { .. }
                    | Cause::NonstandardMessage { .. }
            )
        };
        assert_eq!(diagnosis.verified_by(), None, "{}", case.name);
        let fitting = diagnosis
            .causes()
            .iter()
            .find(|finding| fits(finding.cause()));
        assert!(fitting.is_none(), "{}: {diagnosis}", case.name);
    }
}

#[test]
fn the_longest_bodies_are_diagnosed_in_time() {
    let diagnose = || secret("cbs:foreign\n").v2_credentials("v2", LOGIN, PASSWORD);
    let mut crowded = genuine();
    let transfer = crowded["included"][1].clone();
    let transfers: Vec<Value> = (0..240)
        .map(|id| {
            let mut transfer = transfer.clone();
            transfer["id"] = json!(id.to_string());
            transfer
        })
        .collect();
    crowded["included"]
        .as_array_mut()
        .unwrap()
        .extend(transfers);
    let long = |length: usize| renamed(&json!("é/&".repeat(length)), "x");
    for body in [crowded, long(15_000), long(255)] {
        let body = body.to_string();
        assert!(
            body.len() < payhook::verified::DEFAULT_BODY_LIMIT,
            "{}",
            body.len()
        );
        let start = Instant::now();
        let diagnosis = diagnose().body(body.as_bytes());
        assert!(!diagnosis.causes().is_empty());
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{:?}",
            start.elapsed()
        );
    }
}
