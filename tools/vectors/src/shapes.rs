//! Misuse of a signed text: other divisions and other shapes.

use crate::case::{
    Case, ETHER, ambiguous_text, amount, as_paid, b2binpay, expired, key, no_transfer, paid,
    proven, refused, rejected, timed,
};

pub(crate) fn cases() -> Vec<Case> {
    [ids(), lengths(), undetermined(), collisions()]
        .into_iter()
        .flatten()
        .collect()
}

fn ids() -> Vec<Case> {
    let lettered = &["ids.lettered"];
    let with_id = |id: &str| paid().tracking_id(id).sign(&key());
    vec![
        b2binpay(
            "tracking_id_beginning_with_another_scripts_digit",
            lettered,
            with_id("\u{663}7"),
            proven("deposit", 2, ETHER, "\u{663}7"),
        ),
        b2binpay(
            "tracking_id_with_digits_and_points_behind_its_letter",
            lettered,
            with_id("o1.5-2"),
            proven("deposit", 2, ETHER, "o1.5-2"),
        ),
        b2binpay(
            "tracking_id_beginning_with_a_point",
            lettered,
            with_id(".5-order"),
            refused("tracking_id"),
        ),
        b2binpay(
            "tracking_id_beginning_with_a_digit",
            lettered,
            with_id("5-order"),
            refused("tracking_id"),
        ),
        b2binpay(
            "tracking_id_empty",
            &["ids.always_empty"],
            with_id(""),
            proven("deposit", 2, ETHER, ""),
        )
        .ids("always_empty"),
        b2binpay(
            "tracking_id_where_there_should_be_none",
            &["ids.always_empty"],
            with_id("order-9001"),
            refused("tracking_id"),
        )
        .ids("always_empty"),
    ]
}

const UUID: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";

/// Ids of one length have only one reading, whatever they begin with.
fn lengths() -> Vec<Case> {
    let rule = &["ids.length"];
    let case = |name: &str, length, body: payhook::testing::Body<_>, expect| {
        b2binpay(name, rule, body, expect).ids_of_length(length)
    };
    let with_id = |id: &str| paid().tracking_id(id).sign(&key());
    let of_ten = |id: &str, text: &str| amount(paid(), text).tracking_id(id).sign(&key());
    let plain = |id: &str| proven("deposit", 2, ETHER, id);
    // Signed as 0.010 and `5-order-17`.
    let cut = |id: &str, text: &str| {
        amount(paid(), text)
            .tracking_id(id)
            .sign_message(&key(), &timed("20.0105-order-17"))
    };
    vec![
        case(
            "uuid_beginning_with_a_digit",
            36,
            with_id(UUID),
            plain(UUID),
        ),
        case(
            "uuid_beginning_with_a_letter",
            36,
            with_id("af2504e0-4f89-41d3-9a0c-0305e82c3301"),
            plain("af2504e0-4f89-41d3-9a0c-0305e82c3301"),
        ),
        case(
            "uuid_in_braces",
            36,
            with_id(&format!("{{{UUID}}}")),
            refused("tracking_id"),
        ),
        case(
            "uuid_without_its_hyphens",
            36,
            with_id(&UUID.replace('-', "")),
            refused("tracking_id"),
        ),
        b2binpay(
            "uuid_beginning_with_a_digit_under_lettered",
            &["ids.lettered"],
            with_id(UUID),
            refused("tracking_id"),
        ),
        case(
            "tracking_id_of_one_length_counted_in_characters",
            11,
            with_id("9Größe-№️1😀"),
            plain("9Größe-№️1😀"),
        ),
        case(
            "tracking_id_of_one_length_counted_in_bytes",
            12,
            with_id("9-Größe-17"),
            refused("tracking_id"),
        ),
        case(
            "tracking_id_of_one_length_counted_in_utf_16",
            11,
            with_id("9-order-1😀"),
            refused("tracking_id"),
        ),
        case(
            "tracking_id_of_one_length_beginning_with_a_digit",
            10,
            of_ten("5-order-17", "0.010"),
            proven("deposit", 2, "0.010", "5-order-17"),
        ),
        case(
            "tracking_id_of_one_length_beginning_with_a_point",
            3,
            of_ten(".50", "10"),
            proven("deposit", 2, "10", ".50"),
        ),
        case(
            "tracking_id_of_one_length_beginning_with_a_minus",
            2,
            of_ten("-1", "10.5"),
            proven("deposit", 2, "10.5", "-1"),
        ),
        case(
            "tracking_id_of_one_length_like_a_time",
            27,
            of_ten("2026-03-02T09:16:02.551870Z", "10.5"),
            proven("deposit", 2, "10.5", "2026-03-02T09:16:02.551870Z"),
        ),
        case(
            "digit_moved_out_of_a_tracking_id_of_one_length",
            10,
            cut("-order-17", "0.0105"),
            refused("tracking_id"),
        ),
        case(
            "digit_moved_into_a_tracking_id_of_one_length",
            10,
            cut("05-order-17", "0.01"),
            refused("tracking_id"),
        ),
        case(
            "tracking_id_number_of_one_length",
            5,
            paid().tracking_id(10042).sign(&key()),
            plain("10042"),
        ),
        case(
            "deposit_expired_with_an_id_of_one_length",
            36,
            expired().tracking_id(UUID).sign(&key()),
            no_transfer("deposit", "4", UUID),
        ),
        case(
            "payout_rejected_with_an_id_of_one_length",
            36,
            rejected().tracking_id(UUID).sign(&key()),
            no_transfer("payout", "", UUID),
        ),
        case(
            "payout_rejected_with_its_status_signed_and_an_id_of_one_length",
            36,
            rejected()
                .tracking_id(UUID)
                .sign_message(&key(), &timed(&format!("3{UUID}"))),
            refused("signature"),
        ),
        case(
            "rejected_payout_shown_as_a_paid_deposit_under_one_length",
            5,
            expired()
                .operation_status(3)
                .tracking_id("9001")
                .sign_message(&key(), &timed("39001")),
            refused("tracking_id"),
        ),
        case(
            "rejected_payout_shown_as_a_confirmed_transfer_under_one_length",
            8,
            amount(paid(), "1234567")
                .tracking_id("")
                .sign_message(&key(), &timed("21234567")),
            refused("tracking_id"),
        ),
        case(
            "tracking_id_empty_where_one_length_is_declared",
            36,
            with_id(""),
            refused("tracking_id"),
        ),
        case("tracking_id_of_no_length", 0, with_id(""), plain("")),
        case(
            "payout_rejected_with_its_status_signed_and_an_id_of_no_length",
            0,
            rejected().tracking_id("").sign_message(&key(), &timed("3")),
            no_transfer("payout", "3", ""),
        ),
    ]
}

fn undetermined() -> Vec<Case> {
    let case = |name, body: payhook::testing::Body<_>, signed, resolves: &[_]| {
        b2binpay(name, &["ids.any"], body, ambiguous_text(signed, resolves)).ids("any")
    };
    let coins = |builder, text: &str, id: &str| amount(builder, text).tracking_id(id).sign(&key());
    let number = amount(paid(), "10.50").tracking_id(17).sign(&key());
    let failed = amount(paid().failed(), "10.50")
        .tracking_id("17")
        .sign(&key());
    vec![
        case(
            "minus_moved_into_the_id_under_any",
            coins(paid(), "0.0105", "-order"),
            "20.0105-order",
            &[
                ("5-order", "0.010", true),
                ("-order", "0.0105", true),
                ("order", "0.0105", false),
                ("-order", "0.01050", false),
            ],
        ),
        case(
            "number_for_a_tracking_id_under_any",
            number,
            "210.5017",
            &[
                ("17", "10.50", true),
                ("017", "10.5", true),
                ("17", "10.500", false),
                ("0.5017", "1", false),
                ("", "10.5017", true),
            ],
        ),
        case(
            "failed_transfer_under_any",
            failed,
            "-110.5017",
            &[("17", "10.50", true), ("17", "110.50", false)],
        ),
        case(
            "payout_rejected_under_any",
            rejected().tracking_id("39001").sign(&key()),
            "39001",
            &[("39001", "125.000000", true), ("9001", "125.000000", false)],
        ),
        case(
            "deposit_expired_under_any",
            expired().tracking_id("9001").sign(&key()),
            "49001",
            &[("9001", "0.5", true), ("49001", "0.5", false)],
        ),
    ]
}

/// One signed text in a body of another shape.
fn collisions() -> Vec<Case> {
    let (payout, whole) = (&["shape.collisions"], &["shape.whole_amount", "ids.any"]);
    let text = |text: &str| timed(text);
    let as_deposit = || {
        expired()
            .operation_status(3)
            .tracking_id("9001")
            .sign_message(&key(), &text("39001"))
    };
    let as_transfer = || {
        amount(paid(), "1234567")
            .tracking_id("")
            .sign_message(&key(), &text("21234567"))
    };
    let plain = timed(&format!("2{ETHER}order-9001"));
    let stripped = || expired().operation_status(2);
    vec![
        b2binpay(
            "rejected_payout_shown_as_a_paid_deposit",
            payout,
            as_deposit(),
            refused("tracking_id"),
        ),
        b2binpay(
            "rejected_payout_shown_as_a_paid_deposit_under_any",
            payout,
            as_deposit(),
            ambiguous_text("39001", &[]),
        )
        .ids("any"),
        b2binpay(
            "rejected_payout_shown_as_a_confirmed_transfer",
            payout,
            as_transfer(),
            refused("tracking_id"),
        ),
        b2binpay(
            "rejected_payout_shown_as_a_confirmed_transfer_under_any",
            whole,
            as_transfer(),
            ambiguous_text(
                "21234567",
                &[
                    ("order-9001", "1234567", false),
                    ("", "123456", false),
                    ("17", "12345.67", false),
                    ("", "1234567", false),
                ],
            ),
        )
        .ids("any"),
        b2binpay(
            "rejected_payout_shown_as_a_deposit_of_a_whole_amount",
            whole,
            amount(paid(), "100").tracking_id("17").sign(&key()),
            ambiguous_text("210017", &[("17", "100", false)]),
        )
        .ids("any"),
        b2binpay(
            "amount_with_a_fraction_under_any",
            &["shape.whole_amount"],
            amount(paid(), "100.0").tracking_id("17").sign(&key()),
            ambiguous_text("2100.017", &[("17", "100.0", true), ("17", "100", false)]),
        )
        .ids("any"),
        b2binpay(
            "transfer_pasted_and_named_in_a_no_transfer_body",
            &["shape.from_the_body"],
            paid()
                .operation_status(4)
                .sign_message(&key(), &text("4order-9001")),
            refused("signature"),
        ),
        b2binpay(
            "no_transfer_with_null_for_included",
            &["shape.from_the_body"],
            expired().sign(&key()).set("included", None::<&str>),
            no_transfer("deposit", "4", "order-9001"),
        ),
        b2binpay(
            "transfer_stripped_from_a_signed_body",
            &["strip.transfer"],
            stripped().sign_message(&key(), &plain),
            refused("signature"),
        ),
        b2binpay(
            "transfer_stripped_and_its_amount_put_into_the_id",
            &["strip.transfer"],
            stripped()
                .tracking_id(format!("{ETHER}order-9001"))
                .sign_message(&key(), &plain),
            refused("tracking_id"),
        ),
        b2binpay(
            "payout_without_transfer_shown_as_a_deposit_without_status",
            &["message.no_transfer_deposit"],
            expired()
                .tracking_id("wd-77")
                .remove("data.attributes.status")
                .sign_message(&key(), &text("wd-77")),
            refused("parse"),
        ),
        b2binpay(
            "digits_moved_from_the_time_into_the_id",
            &["time.strict"],
            paid()
                .tracking_id("order-90012")
                .set("meta.time", "026-03-02T09:16:02.551870Z")
                .sign_message(&key(), &plain),
            refused("parse"),
        ),
        b2binpay(
            "captured_payout_shown_as_a_deposit",
            &["signature.covers"],
            amount(paid(), "1.5").tracking_id("wd-77").sign(&key()),
            proven("deposit", 2, "1.5", "wd-77"),
        ),
        b2binpay(
            "captured_doge_shown_as_btc",
            &["signature.covers"],
            paid()
                .sign(&key())
                .set("included[0].attributes.alpha", "BTC")
                .set("included[0].attributes.exp", 8),
            as_paid().and("currency", "BTC"),
        ),
        b2binpay(
            "ids_and_confirmations_changed",
            &["signature.covers"],
            paid()
                .sign(&key())
                .set("data.id", "1")
                .set("included[1].attributes.confirmations", 99)
                .set("included[1].attributes.txid", "0xforged"),
            as_paid(),
        ),
    ]
}
