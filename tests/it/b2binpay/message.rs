//! No other division of a signed text, and no change of one byte of a signed body,
//! proves more than the original.

use std::collections::HashSet;

use payhook::b2binpay::{Callback, TrackingIds};
use payhook::{Outcome, Unverified, Verified};
use serde_json::Value;

use crate::sampling::{count, stride};
use crate::support::{Case, b2binpay_cases};

/// All proven values of a callback.
#[derive(Debug, PartialEq)]
struct Facts {
    status: Option<i32>,
    amount: Option<String>,
    tracking_id: Option<String>,
    ambiguous: Option<String>,
    time: Option<String>,
}

impl Facts {
    fn of(callback: &Verified<Callback>) -> Self {
        let proven = callback.proven();
        Self {
            status: proven.transfer_status().map(|status| status.code()),
            amount: proven.amount().map(ToString::to_string),
            tracking_id: proven.tracking_id().map(ToOwned::to_owned),
            ambiguous: proven.ambiguous_text().map(ToOwned::to_owned),
            time: proven.time().map(ToString::to_string),
        }
    }
}

/// One body for each set of rules: the others only differ in parts that are not changed
/// here.
fn verified_cases() -> Vec<(Case, Facts)> {
    let mut seen = HashSet::new();
    let verified = |case: Case| {
        let callback = Unverified::parse(&case.body).ok()?;
        let facts = Facts::of(&case.verifier().verify(callback).ok()?);
        seen.insert(case.rules.clone()).then_some((case, facts))
    };
    b2binpay_cases().into_iter().filter_map(verified).collect()
}

#[test]
fn exhaustive_one_byte_changed_is_refused_or_changes_nothing_proven() {
    let (mut changes, mut survived) = (0_usize, 0);
    // A prime, so that the sample includes every byte and every position.
    let stride = stride(151);
    for (case, facts) in verified_cases() {
        let verifier = case.verifier();
        let mut body = case.body.clone();
        for index in 0..body.len() {
            let genuine = body[index];
            for byte in (0..=u8::MAX).filter(|byte| *byte != genuine) {
                changes += 1;
                if !changes.is_multiple_of(stride) {
                    continue;
                }
                body[index] = byte;
                let Ok(callback) = Unverified::parse(&body) else {
                    continue;
                };
                if let Ok(callback) = verifier.verify(callback) {
                    assert_eq!(
                        Facts::of(&callback),
                        facts,
                        "{}: byte {index} is {byte}",
                        case.name
                    );
                    survived += 1;
                }
            }
            body[index] = genuine;
        }
    }
    // Most of a body is not signed, so many changed bodies must verify.
    let expected = count(600, 100_000);
    assert!(survived > expected, "{survived} changed bodies verified");
}

/// A body with these signed parts, in one of the five shapes.
fn body(
    shape: Shape,
    status: &str,
    amount: &str,
    tracking_id: &str,
    time: &str,
    sign: &str,
) -> String {
    let text = |text: &str| Value::from(text).to_string();
    let (kind, op_type) = match shape {
        Shape::DepositTransfer | Shape::Deposit => ("deposit", 1),
        Shape::PayoutTransfer | Shape::Payout => ("payout", 2),
    };
    let (own_status, included) = match shape {
        Shape::DepositTransfer | Shape::PayoutTransfer => {
            let (status, amount) = (text(status), text(amount));
            let attributes =
                format!(r#"{{"op_type":{op_type},"status":{status},"amount":{amount}}}"#);
            (
                "2".to_owned(),
                format!(r#"{{"type":"transfer","id":"7","attributes":{attributes}}}"#),
            )
        }
        Shape::Deposit | Shape::Payout => (text(status), String::new()),
    };
    let (tracking_id, time) = (text(tracking_id), text(time));
    format!(
        r#"{{"data":{{"type":"{kind}","id":"1","attributes":{{"tracking_id":{tracking_id},"status":{own_status}}}}},"included":[{included}],"meta":{{"time":{time},"sign":"{sign}"}}}}"#
    )
}

/// Resolving by the parts of an offered division: if there is a transfer, they have a
/// point in the amount, and joined they are the signed text, byte for byte.
fn check_resolved(callback: &Verified<Callback>, facts: &Facts, body: &str) {
    let reported = callback.reported();
    let transfer = reported.transfer();
    let own = transfer.map(|transfer| transfer.amount());
    let amount = own.clone().unwrap_or_else(|| "1.0".parse().unwrap());
    let tracking_id = reported.tracking_id().to_owned();
    let status = transfer.map(|transfer| transfer.status().code().to_string());
    let resolved = callback.clone().resolve([(&*tracking_id, &amount)]);
    match (resolved, own) {
        (Ok(resolved), Some(amount)) => {
            let found = Facts::of(&resolved);
            assert_eq!(found.amount, Some(amount.to_string()), "{body}");
            assert!(amount.decimals() > 0, "{body}");
            let text = format!("{}{amount}{tracking_id}", status.unwrap());
            assert_eq!(facts.ambiguous.as_deref(), Some(text.as_str()), "{body}");
        }
        (Ok(resolved), None) => {
            let found = Facts::of(&resolved);
            assert_eq!((found.amount, found.status), (None, None), "{body}");
        }
        (Err(_), own) => assert!(own.is_some_and(|amount| amount.decimals() == 0), "{body}"),
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    DepositTransfer,
    PayoutTransfer,
    Deposit,
    Payout,
}

/// All positions at which a text can be cut, in order.
fn cuts(text: &str, from: usize) -> impl Iterator<Item = usize> + '_ {
    (from..=text.len()).filter(|at| text.is_char_boundary(*at))
}

/// A case, and the same one with its id's length declared unless the ids are already
/// unambiguous.
fn with_its_length((mut case, facts): (Case, Facts)) -> Vec<(Case, Facts)> {
    if case.tracking_ids != Some(TrackingIds::Unrestricted) {
        return vec![(case, facts)];
    }
    let rewritten = Case {
        name: format!("{} by its length", case.name),
        gateway: case.gateway.clone(),
        rules: case.rules.clone(),
        keys: case.keys.clone(),
        tracking_ids: None,
        body: case.body.clone(),
        query: None,
        expect: case.expect.clone(),
    };
    let original = std::mem::replace(&mut case, rewritten);
    let callback = Unverified::<Callback>::parse(&case.body).unwrap();
    let length = callback.unverified().tracking_id().chars().count();
    case.tracking_ids = Some(TrackingIds::FixedLength(length));
    let divided = Facts::of(&case.verifier().verify(callback).unwrap());
    assert_eq!(divided.ambiguous, None, "{}", case.name);
    vec![(original, facts), (case, divided)]
}

/// Ids that look like the end of an amount, a status or a time. With their length
/// declared, every signed text has only one reading.
#[test]
fn exhaustive_other_divisions_around_ids_of_one_length_are_refused() {
    let ids = [
        "17",
        "0.5",
        ".50",
        "-1",
        "-1.5",
        "2-",
        "5-order",
        "\u{e9}1",
        "1\u{e9}",
        "\u{1f600}9",
        "\u{661}.5",
        "2026-03-02T09:16:02Z",
        "2026",
        "02T09:16:02.551870Z",
        " ",
        "e5",
        "0",
        "00",
    ];
    let times = [
        "2026-03-02T09:16:02Z",
        "2026-03-02T09:16:02.123456789-05:00",
    ];
    let (mut offered, mut genuine) = (0_usize, 0_u64);
    let stride = stride(23);
    for (id, time) in ids.into_iter().flat_map(|id| times.map(|time| (id, time))) {
        let length = id.chars().count();
        let verifier = crate::support::verifier(TrackingIds::FixedLength(length));
        let fronts = [
            (Shape::DepositTransfer, "2", "10.50"),
            (Shape::PayoutTransfer, "-1", "0"),
            (Shape::Deposit, "4", ""),
            (Shape::Deposit, "-2", ""),
            (Shape::Payout, "", ""),
        ];
        for (shape, status, amount) in fronts {
            let message = format!("{status}{amount}{id}{time}");
            let sign = crate::support::sign(crate::support::SECRET, &message);
            for first in cuts(&message, 0).take(5) {
                let (a, rest) = message.split_at(first);
                for third in cuts(rest, 0) {
                    let (middle, t) = rest.split_at(third);
                    for second in cuts(middle, 0) {
                        let (b, c) = middle.split_at(second);
                        let shapes = [
                            Shape::DepositTransfer,
                            Shape::PayoutTransfer,
                            Shape::Deposit,
                            Shape::Payout,
                        ];
                        for shown in shapes {
                            // Shapes without an amount or a status.
                            let has_transfer =
                                matches!(shown, Shape::DepositTransfer | Shape::PayoutTransfer);
                            if !has_transfer && !b.is_empty()
                                || shown == Shape::Payout && !a.is_empty()
                            {
                                continue;
                            }
                            offered += 1;
                            let is_genuine = (c, t) == (id, time);
                            if !is_genuine && !offered.is_multiple_of(stride) {
                                continue;
                            }
                            let own = if shown == Shape::Payout { "3" } else { a };
                            let body = body(shown, own, b, c, t, &sign);
                            let Ok(callback) = Unverified::parse(body.as_bytes()) else {
                                continue;
                            };
                            let Ok(callback) = verifier.verify(callback) else {
                                continue;
                            };
                            genuine += 1;
                            let found = Facts::of(&callback);
                            let was =
                                matches!(shape, Shape::DepositTransfer | Shape::PayoutTransfer);
                            assert_eq!(has_transfer, was, "{body}");
                            assert_eq!(found.tracking_id.as_deref(), Some(id), "{body}");
                            assert_eq!(found.time.as_deref(), Some(time), "{body}");
                            let code = has_transfer.then(|| status.parse().unwrap());
                            assert_eq!(found.status, code, "{body}");
                            let sum = has_transfer.then(|| amount.to_owned());
                            assert_eq!(found.amount, sum, "{body}");
                        }
                    }
                }
            }
        }
    }
    assert!(
        offered > 100_000 && genuine >= 180,
        "{offered} offered, {genuine} genuine"
    );
}

#[test]
fn exhaustive_other_divisions_of_a_signed_text_prove_nothing_new() {
    let (mut offered, mut accepted) = (0_usize, 0_u64);
    let stride = stride(101);
    for (case, facts) in verified_cases().into_iter().flat_map(with_its_length) {
        let verifier = case.verifier();
        let ambiguous = case.tracking_ids == Some(TrackingIds::Unrestricted);
        let original: Value = serde_json::from_slice(&case.body).unwrap();
        let sign = original["meta"]["sign"].as_str().unwrap();
        let message = case.expect["signed_message"].as_str().unwrap();

        let mut offer = |shape, status: &str, amount: &str, id: &str, time: &str| {
            offered += 1;
            // The signed division is always offered.
            let is_genuine =
                facts.time.as_deref() == Some(time) && facts.tracking_id.as_deref() == Some(id);
            if !is_genuine && !offered.is_multiple_of(stride) {
                return;
            }
            let body = body(shape, status, amount, id, time, sign);
            let Ok(callback) = Unverified::parse(body.as_bytes()) else {
                return;
            };
            let Ok(callback) = verifier.verify(callback) else {
                return;
            };
            accepted += 1;
            let found = Facts::of(&callback);
            if ambiguous {
                // The front of the text may look like a status; nothing is
                // divided, and nothing comes of it.
                assert_eq!(
                    (&found.amount, &found.tracking_id),
                    (&None, &None),
                    "{}: {body}",
                    case.name
                );
                assert_eq!(found.ambiguous, facts.ambiguous, "{}: {body}", case.name);
                let outcome = callback.event().outcome().value();
                assert_eq!(outcome, Outcome::ManualReview, "{}: {body}", case.name);
                check_resolved(&callback, &facts, &body);
            } else {
                assert_eq!(found, facts, "{}: {body}", case.name);
            }
            assert_eq!(found.time, facts.time, "{}: {body}", case.name);
        };

        for first in cuts(message, 0) {
            let (status, rest) = message.split_at(first);
            for second in cuts(rest, 0) {
                let (middle, time) = rest.split_at(second);
                offer(Shape::Deposit, status, "", middle, time);
                offer(Shape::Payout, status, "", middle, time);
                // A payout's own status is not signed.
                let id = &message[..first + second];
                offer(Shape::Payout, "3", "", id, time);
                for third in cuts(middle, 0) {
                    let (amount, tracking_id) = middle.split_at(third);
                    for shape in [Shape::DepositTransfer, Shape::PayoutTransfer] {
                        offer(shape, status, amount, tracking_id, time);
                    }
                }
            }
        }
    }
    assert!(
        offered > 2_000_000 && accepted > count(50, 100),
        "{offered} offered, {accepted} accepted"
    );
}
