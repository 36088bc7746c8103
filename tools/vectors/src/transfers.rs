//! The signed transfer, and bodies without a signature.

use payhook::testing::Json;
use payhook::testing::b2binpay::{CurrencyBuilder, deposit, payout, transfer};

use crate::case::{
    Case, EXTRAS, as_paid, b2binpay, expired, key, paid, proven, refused, rejected, remove, sent,
    timed,
};

pub(crate) fn cases() -> Vec<Case> {
    [transfers(), signatures(), unsigned()]
        .into_iter()
        .flatten()
        .collect()
}

/// The choice of the signed transfer.
fn transfers() -> Vec<Case> {
    let rule = &["transfer.choice"];
    let fee = || transfer().op_type(9).amount("13.4");
    let lean = |body| remove(body, "included[2].attributes", EXTRAS);
    let with_fee = || lean(sent().transfer_id("55030").include(fee()));
    let second = || transfer().id("55031").op_type(2).amount("1");
    let signed = timed("2125.000000wd-77");
    let proves = || proven("payout", 2, "125.000000", "wd-77").and("transfer_id", "55030");
    let named = |id: &str| {
        payout()
            .include_first(fee())
            .set("data.relationships.transfer.data.id", id)
    };
    let unreadable = || with_fee().set("included[2].attributes.amount", "much");
    let without = |name: &str| format!("included[1].attributes.{name}");
    vec![
        b2binpay("fee_transfer_last", rule, with_fee().sign(&key()), proves()),
        b2binpay(
            "fee_transfer_first_and_nothing_named",
            rule,
            payout()
                .include_first(fee())
                .without_relationship()
                .sign(&key()),
            proves(),
        ),
        b2binpay(
            "fee_transfer_first_and_named",
            rule,
            named("55029").sign(&key()),
            proven("payout", 2, "13.400000", "wd-77").and("transfer_id", "55029"),
        ),
        b2binpay(
            "fee_transfer_named_instead",
            rule,
            named("55029").sign_message(&key(), &signed),
            refused("signature"),
        ),
        b2binpay(
            "first_transfer_signed_and_another_named",
            rule,
            payout()
                .include_first(fee())
                .sign_message(&key(), &timed("213.400000wd-77")),
            refused("signature"),
        ),
        b2binpay(
            "only_transfer_without_an_operation_type",
            rule,
            paid()
                .without_relationship()
                .remove(&without("op_type"))
                .sign(&key()),
            as_paid(),
        ),
        b2binpay(
            "only_transfer_of_another_operation_type",
            rule,
            paid().without_relationship().op_type(13).sign(&key()),
            as_paid(),
        ),
        b2binpay(
            "direct_deposit",
            rule,
            paid().without_relationship().op_type(14).sign(&key()),
            as_paid(),
        ),
        b2binpay(
            "transfer_of_another_currency_beside_it",
            rule,
            payout()
                .include(fee().currency("TRX"))
                .include(CurrencyBuilder::new("TRX"))
                .sign(&key()),
            proves().and("currency", "USDT"),
        ),
        b2binpay(
            "two_transfers_fit_and_none_is_named",
            &["transfer.ambiguous"],
            payout()
                .include(second())
                .without_relationship()
                .sign_message(&key(), &signed),
            refused("ambiguous"),
        ),
        b2binpay(
            "two_transfers_fit_and_one_is_named",
            &["transfer.ambiguous"],
            lean(sent().include(second())).sign(&key()),
            proves(),
        ),
        b2binpay(
            "two_transfers_with_the_named_id",
            &["transfer.ambiguous"],
            payout()
                .include(second().id("55030"))
                .sign_message(&key(), &signed),
            refused("ambiguous"),
        ),
        b2binpay(
            "two_fee_transfers_and_none_is_named",
            &["transfer.ambiguous"],
            payout()
                .no_transfer()
                .include(fee())
                .include(fee().id("55028"))
                .sign_message(&key(), &signed),
            refused("ambiguous"),
        ),
        b2binpay(
            "unreadable_fee_transfer_beside_the_named_one",
            &["transfer.unreadable"],
            unreadable().sign(&key()),
            proves(),
        ),
        b2binpay(
            "unreadable_fee_transfer_and_nothing_named",
            &["transfer.unreadable"],
            unreadable()
                .without_relationship()
                .sign_message(&key(), &signed),
            refused("parse"),
        ),
        b2binpay(
            "named_transfer_unreadable",
            &["transfer.unreadable"],
            paid()
                .remove("included[1].attributes.amount")
                .sign_message(&key(), &timed("2order-9001")),
            refused("parse"),
        ),
        b2binpay(
            "unknown_operation_type",
            &["transfer.any_type"],
            paid().op_type(77).sign(&key()),
            as_paid(),
        ),
        b2binpay(
            "payout_transfer_in_a_deposit",
            &["transfer.any_type"],
            paid().op_type(2).sign(&key()),
            as_paid(),
        ),
        b2binpay(
            "deposit_transfer_in_a_payout",
            &["transfer.any_type"],
            sent().op_type(14).sign(&key()),
            proven("payout", 2, "125.000000", "wd-77"),
        ),
        b2binpay(
            "named_transfer_is_there",
            &["transfer.named_missing"],
            paid().transfer_id("7").sign(&key()),
            as_paid().and("transfer_id", "7"),
        ),
        b2binpay(
            "named_transfer_of_an_unsigned_body_is_missing",
            &["transfer.named_missing"],
            paid().unsigned().remove("included[1]"),
            refused("transfer"),
        ),
        b2binpay(
            "named_transfer_is_missing_and_another_is_there",
            &["transfer.named_missing"],
            named("55999").sign_message(&key(), &signed),
            refused("transfer"),
        ),
        b2binpay(
            "transfer_hidden_by_an_escaped_type",
            &["shape.from_the_body"],
            paid()
                .without_relationship()
                .set("included[1].type", Json::raw(r#""\u0074ransfer""#))
                .sign_message(&key(), &timed("2order-9001")),
            refused("signature"),
        ),
    ]
}

fn signatures() -> Vec<Case> {
    let signed = || paid().sign(&key());
    let hex = signature();
    let signs: [(&str, Json); 10] = [
        ("empty", "".into()),
        ("null", Json::default()),
        ("upper_case", hex.to_uppercase().into()),
        ("65_digits", format!("{hex}0").into()),
        ("63_digits", hex[..63].into()),
        ("no_hexadecimal", "g".repeat(64).into()),
        ("multi_byte", "é".repeat(32).into()),
        ("number", 12.into()),
        ("list", crate::case::list([hex.as_str()])),
        ("blank_edge", format!(" {hex}").into()),
    ];
    let with_transfer = signs.map(|(label, sign)| {
        let rule = if ["empty", "null"].contains(&label) {
            "strip.signature"
        } else {
            "sign.lower_hex"
        };
        let name = format!("signature_{label}_beside_a_transfer");
        b2binpay(
            &name,
            &[rule],
            signed().set("meta.sign", sign),
            refused("signature"),
        )
    });
    with_transfer
        .into_iter()
        .chain([
            b2binpay(
                "signature_and_meta_taken_away",
                &["strip.signature"],
                signed().remove("meta"),
                refused("signature"),
            ),
            b2binpay(
                "signature_taken_from_a_payout",
                &["strip.signature"],
                sent().sign(&key()).remove("meta.sign"),
                refused("signature"),
            ),
        ])
        .collect()
}

/// The signature of [`paid`].
fn signature() -> String {
    let body = paid().sign(&key());
    let (_, behind) = body
        .as_str()
        .split_once(r#""sign":""#)
        .expect("a valid table");
    behind[..64].to_owned()
}

fn unsigned() -> Vec<Case> {
    let signed = || expired().sign(&key());
    let rule = &["unsigned.no_transfer"];
    let bodies = [
        ("empty", signed().set("meta.sign", "")),
        ("null", signed().set("meta.sign", None::<&str>)),
        ("absent", signed().remove("meta.sign")),
        ("meta_null", signed().set("meta", None::<&str>)),
        ("meta_absent", expired().unsigned()),
        (
            "time_absent",
            signed().remove("meta.sign").remove("meta.time"),
        ),
        ("of_v2", deposit().v2().no_transfer().unsigned()),
        ("of_a_payout", rejected().unsigned()),
    ];
    let unsigned = bodies.map(|(label, body)| {
        b2binpay(
            &format!("unsigned_no_transfer_{label}"),
            rule,
            body,
            refused("unsigned"),
        )
    });
    let malformed = signed().set("meta.sign", "none");
    let malformed = b2binpay(
        "malformed_signature_without_a_transfer",
        rule,
        malformed,
        refused("signature"),
    );
    unsigned.into_iter().chain([malformed]).collect()
}
