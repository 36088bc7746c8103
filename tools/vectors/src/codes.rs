//! The gateway's codes, each on its own scale, and the types of callbacks.

use payhook::testing::Json;
use payhook::testing::b2binpay::CallbackBuilder;

use crate::case::{
    Case, ETHER, as_paid, b2binpay, expired, key, list, no_transfer, paid, proven, refused,
    rejected, sent, timed,
};

pub(crate) fn cases() -> Vec<Case> {
    [scales(), risks(), callback_types()]
        .into_iter()
        .flatten()
        .collect()
}

fn scales() -> Vec<Case> {
    let (scales, own) = (&["codes.scales"], &["codes.operation_status"]);
    let unconfirmed = || paid().operation_status(3).unconfirmed(1);
    let swapped = timed(&format!("3{ETHER}order-9001"));
    vec![
        b2binpay(
            "deposit_paid_by_a_transfer_that_is_unconfirmed",
            scales,
            unconfirmed().sign(&key()),
            proven("deposit", 1, ETHER, "order-9001").and("operation_status", 3),
        ),
        b2binpay(
            "deposit_created_and_its_transfer_confirmed",
            scales,
            paid().operation_status(2).sign(&key()),
            as_paid().and("operation_status", 2),
        ),
        b2binpay(
            "deposits_status_signed_for_the_transfers",
            scales,
            unconfirmed().sign_message(&key(), &swapped),
            refused("signature"),
        ),
        b2binpay(
            "transfer_created",
            &["codes.transfer_status"],
            paid().created().sign(&key()),
            proven("deposit", 0, ETHER, "order-9001"),
        ),
        b2binpay(
            "transfer_unconfirmed",
            &["codes.transfer_status"],
            paid().unconfirmed(1).sign(&key()),
            proven("deposit", 1, ETHER, "order-9001"),
        ),
        b2binpay(
            "deposit_paid",
            own,
            paid().operation_status(3).sign(&key()),
            as_paid().and("operation_status", 3),
        ),
        b2binpay(
            "deposit_canceled",
            own,
            expired().sign(&key()),
            no_transfer("deposit", "4", "order-9001").and("operation_status", 4),
        ),
        b2binpay(
            "deposit_unresolved",
            own,
            expired().operation_status(5).sign(&key()),
            no_transfer("deposit", "5", "order-9001").and("operation_status", 5),
        ),
        b2binpay(
            "deposit_of_an_unknown_status",
            own,
            expired().operation_status(9).sign(&key()),
            no_transfer("deposit", "9", "order-9001").and("operation_status", 9),
        ),
        b2binpay(
            "payout_waiting",
            own,
            rejected().operation_status(1).sign(&key()),
            no_transfer("payout", "", "wd-77").and("operation_status", 1),
        ),
        b2binpay(
            "payout_approved",
            own,
            sent().operation_status(2).sign(&key()),
            proven("payout", 2, "125.000000", "wd-77").and("operation_status", 2),
        ),
        b2binpay(
            "payout_canceled",
            own,
            rejected().sign(&key()),
            no_transfer("payout", "", "wd-77").and("operation_status", 3),
        ),
    ]
}

fn risks() -> Vec<Case> {
    let risks = [
        ("green", 1),
        ("queued", 2),
        ("red", 3),
        ("unavailable", 4),
        ("unknown", 8),
    ];
    let risks = risks.map(|(label, code)| {
        let body = paid()
            .set("included[1].attributes.risk_status", code)
            .sign(&key());
        let expect = as_paid().and("risk_status", code);
        b2binpay(
            &format!("risk_{label}"),
            &["codes.risk_status"],
            body,
            expect,
        )
    });
    let types = [9, 14, 24, 49];
    let types = types.map(|code| {
        let expect = as_paid().and("op_type", code);
        b2binpay(
            &format!("operation_type_{code}"),
            &["codes.op_type"],
            paid().op_type(code).sign(&key()),
            expect,
        )
    });
    risks.into_iter().chain(types).collect()
}

/// The type is not in the body: the possible types, the most likely first.
fn callback_types() -> Vec<Case> {
    let case = |name: &str, body: CallbackBuilder, expect: crate::case::Expect, types: &[&str]| {
        let expect = expect.and("callback_types", list(types.iter().copied()));
        b2binpay(name, &["callback_type.inferred"], body.sign(&key()), expect)
    };
    let paid_with = |status| proven("deposit", status, ETHER, "order-9001");
    let sent_with = |status| proven("payout", status, "125.000000", "wd-77");
    let needs = |count: i32| paid().set("data.attributes.confirmations_needed", Json::from(count));
    vec![
        case(
            "type_of_a_created_transfer",
            paid().created(),
            paid_with(0),
            &[],
        ),
        case(
            "type_of_an_unconfirmed_transfer",
            paid().unconfirmed(1),
            paid_with(1),
            &["user_confirmation"],
        ),
        case(
            "type_of_a_confirmed_transfer",
            paid(),
            as_paid(),
            &["confirmation"],
        ),
        case(
            "type_of_a_confirmed_transfer_with_too_few_confirmations",
            paid().confirmations(2),
            as_paid(),
            &["user_confirmation"],
        ),
        case(
            "type_where_more_confirmations_are_wanted_and_there",
            needs(5).confirmations(5),
            as_paid(),
            &["confirmation", "user_confirmation"],
        ),
        case(
            "type_where_more_confirmations_are_wanted_and_missing",
            needs(5).confirmations(3),
            as_paid(),
            &["confirmation"],
        ),
        case(
            "type_of_a_failed_transfer",
            paid().failed(),
            paid_with(-1),
            &["fail"],
        ),
        case(
            "type_of_a_blocked_deposit",
            paid().blocked(),
            paid_with(-2),
            &["block"],
        ),
        case(
            "type_of_a_blocked_payout",
            sent().blocked(),
            sent_with(-2),
            &["cancel"],
        ),
        case(
            "type_of_a_canceled_deposit_transfer",
            paid().canceled(),
            paid_with(-3),
            &["block", "fail"],
        ),
        case(
            "type_of_a_canceled_payout_transfer",
            sent().canceled(),
            sent_with(-3),
            &["cancel", "fail"],
        ),
        case(
            "type_of_an_expired_deposit",
            expired(),
            no_transfer("deposit", "4", "order-9001"),
            &["no_transfer"],
        ),
        case(
            "type_of_a_rejected_payout",
            rejected(),
            no_transfer("payout", "", "wd-77"),
            &["no_transfer", "request_rejection"],
        ),
    ]
}
