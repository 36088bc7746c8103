//! The table in the docs of `Outcome`, row by row.

use payhook::b2binpay::{Callback, TrackingIds, prove_by_api};
use payhook::citypay::{Account, DepositCallback};
use payhook::{Fact, Outcome, Unverified, Verified, VerifyError, address::AddressRanges};
use serde_json::{Value, json};

use crate::support::{TIME, parse, signed, verify, with_transfer, without_transfer};

use Outcome::{Blocked, Canceled, Failed, ManualReview, Pending, Settled, Unknown};

const OWN_STATUSES: [Option<i32>; 8] = [
    None,
    Some(0),
    Some(1),
    Some(2),
    Some(3),
    Some(4),
    Some(5),
    Some(6),
];

fn signed_transfer(kind: &str, transfer: i32, own: Option<i32>, op_type: Value, id: &str) -> Value {
    let mut body = with_transfer(kind, id, "1.5");
    body["data"]["attributes"]["status"] = json!(own);
    body["included"][1]["attributes"]["status"] = json!(transfer);
    body["included"][1]["attributes"]["op_type"] = op_type;
    signed(body, &format!("{transfer}1.5{id}{TIME}"))
}

fn outcome(callback: &Verified<Callback>) -> Fact<Outcome> {
    callback.event().outcome()
}

#[test]
fn with_a_transfer() {
    for (kind, op_types) in [
        ("deposit", vec![json!(1), json!(14), json!(null)]),
        ("payout", vec![json!(2), json!(null)]),
    ] {
        for own in OWN_STATUSES {
            for op_type in &op_types {
                for (transfer, expected) in [
                    (-3, Canceled),
                    (-2, Blocked),
                    (-1, Failed),
                    (0, Pending),
                    (1, Pending),
                    (7, Unknown),
                ] {
                    let body = signed_transfer(kind, transfer, own, op_type.clone(), "order-1");
                    let found = outcome(&verify(&body, TrackingIds::Prefixed).unwrap());
                    assert_eq!(found, Fact::Proven(expected), "{kind} {transfer} {own:?}");
                }
                let settles = match kind {
                    "deposit" => matches!(own, None | Some(2 | 3)),
                    _ => matches!(own, None | Some(2)),
                };
                let expected = if settles {
                    Fact::Proven(Settled)
                } else {
                    Fact::Reported(ManualReview)
                };
                let body = signed_transfer(kind, 2, own, op_type.clone(), "order-1");
                assert_eq!(
                    outcome(&verify(&body, TrackingIds::Prefixed).unwrap()),
                    expected,
                    "{kind} {own:?}"
                );
            }
        }
        // Other operation types.
        for op_type in [5, 9, 11, 13, 15, 16, 17, 19, 20, 23, 24, 49, 77] {
            for (transfer, expected) in [
                (-3, Fact::Reported(ManualReview)),
                (-2, Fact::Reported(ManualReview)),
                (-1, Fact::Reported(ManualReview)),
                (0, Fact::Proven(Pending)),
                (1, Fact::Proven(Pending)),
                (2, Fact::Reported(ManualReview)),
                (7, Fact::Proven(Unknown)),
            ] {
                let body = signed_transfer(kind, transfer, Some(2), json!(op_type), "order-1");
                let found = outcome(&verify(&body, TrackingIds::Prefixed).unwrap());
                assert_eq!(found, expected, "{kind} {op_type} {transfer}");
            }
        }
    }
}

#[test]
fn while_the_text_is_ambiguous() {
    for transfer in -3..=2 {
        let body = signed_transfer("deposit", transfer, Some(2), json!(1), "17");
        let callback = verify(&body, TrackingIds::Unrestricted).unwrap();
        assert_eq!(outcome(&callback), Fact::Reported(ManualReview));
        let resolved = outcome(&callback.resolve_with_decimals(["17"], 1).unwrap());
        assert!(resolved.is_proven(), "{transfer}");
        assert_eq!(resolved.value() == Settled, transfer == 2);
    }
}

#[test]
fn while_the_text_is_ambiguous_without_a_transfer() {
    for (kind, front) in [("deposit", "4"), ("payout", "")] {
        let body = signed(without_transfer(kind, "17", 4), &format!("{front}17{TIME}"));
        let callback = verify(&body, TrackingIds::Unrestricted).unwrap();
        assert_eq!(outcome(&callback), Fact::Reported(ManualReview), "{kind}");
    }
}

fn without(kind: &str, own: Option<i32>) -> Value {
    let mut body = without_transfer(kind, "order-1", 0);
    body["data"]["attributes"]["status"] = json!(own);
    body
}

fn expected_without(kind: &str, own: Option<i32>) -> Outcome {
    match (kind, own) {
        ("deposit", Some(2)) | ("payout", Some(1 | 2)) => Pending,
        ("deposit", Some(4)) | ("payout", Some(3)) => Canceled,
        ("deposit", Some(3 | 5)) => ManualReview,
        _ => Unknown,
    }
}

#[test]
fn without_a_transfer_nothing_settles() {
    for kind in ["deposit", "payout"] {
        for own in OWN_STATUSES {
            let expected = Fact::Reported(expected_without(kind, own));
            let status = own.map(|own| own.to_string()).unwrap_or_default();
            let front = if kind == "deposit" {
                status.as_str()
            } else {
                ""
            };
            if !(kind == "deposit" && own.is_none()) {
                let body = signed(without(kind, own), &format!("{front}order-1{TIME}"));
                assert_eq!(
                    outcome(&verify(&body, TrackingIds::Prefixed).unwrap()),
                    expected,
                    "{kind} {own:?}"
                );
            }
            let unsigned = || {
                let body = without(kind, own);
                let refused = verify(&body, TrackingIds::Prefixed).err();
                assert_eq!(refused, Some(VerifyError::Unsigned));
                parse(body.to_string().as_bytes())
            };
            let answer = without(kind, own).to_string();
            let by_api = prove_by_api(unsigned(), answer.as_bytes()).unwrap();
            let expected = Fact::Proven(expected_without(kind, own));
            assert_eq!(outcome(&by_api), expected, "{kind} {own:?}");
        }
    }
}

#[test]
fn citypay_deposits() {
    let ranges = || AddressRanges::parse(["203.0.113.1"]).unwrap();
    let peer = "203.0.113.1".parse().unwrap();
    let account = Account::new("5120").unwrap();
    let trusting = account
        .clone()
        .danger_settle_deposits_by_source_address(ranges());
    let careful = account.clone().source_addresses(ranges());
    for (status, chosen) in [
        (json!("Confirmed"), Settled),
        (json!("Pending"), Pending),
        (json!("Frozen"), Unknown),
        (json!(null), Unknown),
    ] {
        let body = json!({"type": "deposit", "deposit_token": "d", "received_amount": 1, "status": status}).to_string();
        let deposit = || Unverified::<DepositCallback>::parse(body.as_bytes()).unwrap();
        let outcome = |callback: Verified<DepositCallback>| -> Fact<Outcome> {
            assert!(!callback.event().amount().unwrap().is_proven());
            callback.event().outcome()
        };
        let by_record =
            |account: &Account| account.prove_deposit_by_record(deposit(), "d").unwrap();
        assert_eq!(outcome(by_record(&account)), Fact::Reported(ManualReview));
        assert_eq!(outcome(by_record(&trusting)), Fact::Reported(ManualReview));
        let by_address = |account: &Account| {
            account
                .prove_deposit_by_source_address(deposit(), peer)
                .unwrap()
        };
        assert_eq!(outcome(by_address(&careful)), Fact::Reported(ManualReview));
        assert_eq!(outcome(by_address(&trusting)), Fact::Reported(chosen));
        assert!(by_address(&trusting).proven().is_trusted());
    }
}

// CityPay.io's orders are in `citypay::proof`.
#[test]
fn citypay_orders() {
    let account = Account::new("5120").unwrap();
    let outcome = |status: &str, transactions: Value| {
        let body = json!({"type": "order", "order_token": "t"}).to_string();
        let answer = json!({"success": true, "data": {
            "token": "t",
            "customerId": "5120",
            "status": {"code": status},
            "transactions": transactions,
        }});
        let order = Unverified::parse(body.as_bytes()).unwrap();
        let order = account
            .prove_order(order, "t", answer.to_string().as_bytes())
            .unwrap();
        order.event().outcome()
    };
    let paid = json!([{"id": 1, "amount": {"base": 7}}]);
    assert_eq!(outcome("CONFIRMED", paid.clone()), Fact::Proven(Settled));
    // The received amount is missing.
    for nothing in [json!([]), Value::Null] {
        let review = Fact::Reported(ManualReview);
        assert_eq!(outcome("CONFIRMED", nothing), review);
    }
    for (status, expected) in [
        ("OVERPAID", Outcome::Overpaid),
        ("UNDERPAID", Outcome::Underpaid),
        ("IN_PROGRESS", Pending),
        ("PAID_UNCONFIRMED", Pending),
        ("EXPIRED", Outcome::Expired),
        ("CANCELED", Canceled),
        ("FROZEN", Unknown),
    ] {
        for transactions in [paid.clone(), json!([])] {
            assert_eq!(outcome(status, transactions), Fact::Proven(expected));
        }
    }
}
