//! The forms of the signed values in a body.

use payhook::testing::Json;

use crate::case::{
    Case, ETHER, amount, as_paid, b2binpay, expired, key, paid, proven, refused, status, timed,
};

pub(crate) fn cases() -> Vec<Case> {
    [verbatim(), amounts(), statuses(), times()]
        .into_iter()
        .flatten()
        .collect()
}

/// The values exactly as in the JSON text.
fn verbatim() -> Vec<Case> {
    let (odd, rule) = ("#é\"\\/\n", &["json.verbatim"]);
    let escaped = || paid().tracking_id(Json::raw(r#""\u006frder-9001""#));
    let written = timed(&format!("2{ETHER}\\u006frder-9001"));
    vec![
        b2binpay(
            "amount_as_a_number",
            rule,
            amount(paid(), Json::raw("0.4120")).sign(&key()),
            proven("deposit", 2, "0.4120", "order-9001"),
        ),
        b2binpay(
            "status_as_text",
            rule,
            status(paid(), "2").sign(&key()),
            as_paid(),
        ),
        b2binpay(
            "tracking_id_escaped_and_not_ascii",
            rule,
            paid().tracking_id(odd).sign(&key()),
            proven("deposit", 2, ETHER, odd),
        ),
        b2binpay(
            "tracking_id_spelled_with_escapes",
            rule,
            escaped().sign(&key()),
            as_paid(),
        ),
        b2binpay(
            "escapes_signed_as_written",
            rule,
            escaped().sign_message(&key(), &written),
            refused("signature"),
        ),
        b2binpay(
            "amount_signed_as_a_float",
            rule,
            amount(paid(), "100.00").sign_message(&key(), &timed("2100.0order-9001")),
            refused("signature"),
        ),
        b2binpay(
            "number_signed_as_a_float",
            rule,
            amount(paid(), Json::raw("0.4120")).sign_message(&key(), &timed("20.412order-9001")),
            refused("signature"),
        ),
        b2binpay(
            "tracking_id_null",
            &["json.verbatim", "ids.always_empty"],
            paid().tracking_id(None::<&str>).sign(&key()),
            proven("deposit", 2, ETHER, ""),
        )
        .ids("always_empty"),
        b2binpay(
            "tracking_id_absent",
            &["json.verbatim", "ids.always_empty"],
            paid().remove("data.attributes.tracking_id").sign(&key()),
            proven("deposit", 2, ETHER, ""),
        )
        .ids("always_empty"),
        b2binpay(
            "null_signed_as_a_word",
            &["json.verbatim"],
            paid()
                .tracking_id(None::<&str>)
                .sign_message(&key(), &timed(&format!("2{ETHER}null"))),
            refused("signature"),
        )
        .ids("always_empty"),
    ]
}

/// Signed with the correct key, in an ambiguous form.
fn amounts() -> Vec<Case> {
    let (digits, too_many) = ("9".repeat(100), "9".repeat(101));
    let accepted = [
        ("amount_beyond_96_bits", "99999999999.123456789012345678"),
        ("amount_zero", "0"),
        ("amount_zero_with_a_fraction", "0.000000"),
        ("amount_whole", "7"),
        ("amount_with_fewer_digits_than_the_currency", "0.5"),
        ("amount_of_100_digits", &digits),
    ];
    let refusals = [
        ("amount_with_a_plus", "+1"),
        ("amount_with_an_exponent", "1e3"),
        ("amount_with_a_leading_zero", "01"),
        ("amount_with_an_underscore", "1_000"),
        ("amount_without_a_digit_before_its_point", ".5"),
        ("amount_without_a_digit_behind_its_point", "5."),
        ("amount_with_a_minus", "-1"),
        ("amount_with_a_blank_before", " 1"),
        ("amount_with_a_blank_behind", "1 "),
        ("amount_empty", ""),
        ("amount_in_another_scripts_digits", "\u{661}"),
        ("amount_with_a_comma", "1,5"),
        ("amount_infinite", "Infinity"),
        ("amount_in_hexadecimal", "0x10"),
        ("amount_of_101_digits", &too_many),
    ];
    let rule = &["amount.canonical"];
    let accepted = accepted.map(|(name, text)| {
        b2binpay(
            name,
            rule,
            amount(paid(), text).sign(&key()),
            proven("deposit", 2, text, "order-9001"),
        )
    });
    let refusals = refusals.map(|(name, text)| {
        let signed = timed(&format!("2{text}order-9001"));
        b2binpay(
            name,
            rule,
            amount(paid(), text).sign_message(&key(), &signed),
            refused("parse"),
        )
    });
    let number = amount(paid(), Json::raw("1e3")).sign_message(&key(), &timed("21e3order-9001"));
    let number = b2binpay(
        "amount_as_a_number_with_an_exponent",
        rule,
        number,
        refused("parse"),
    );
    let nothing = amount(paid(), None::<&str>).sign_message(&key(), &timed("2order-9001"));
    let nothing = b2binpay("amount_null", rule, nothing, refused("parse"));
    accepted
        .into_iter()
        .chain(refusals)
        .chain([number, nothing])
        .collect()
}

fn statuses() -> Vec<Case> {
    let rule = &["status.one_digit"];
    let accepted = [
        ("transfer_canceled", -3),
        ("unknown_transfer_status", 7),
        ("unknown_negative_transfer_status", -9),
    ];
    let refusals = [
        ("status_of_two_digits", "12"),
        ("status_with_a_plus", "+2"),
        ("status_with_a_fraction", "2.0"),
        ("status_minus_zero", "-0"),
        ("status_with_a_blank", " 2"),
        ("status_empty", ""),
        ("status_in_another_scripts_digit", "\u{662}"),
        ("status_with_two_minuses", "--2"),
        ("status_no_number", "true"),
    ];
    let accepted = accepted.map(|(name, code)| {
        let body = paid().transfer_status(code).sign(&key());
        b2binpay(
            name,
            rule,
            body,
            proven("deposit", code, ETHER, "order-9001"),
        )
    });
    let refusals = refusals.map(|(name, text)| {
        let signed = timed(&format!("{text}{ETHER}order-9001"));
        let rules = &["status.one_digit", "codes.transfer_status"];
        b2binpay(
            name,
            rules,
            status(paid(), text).sign_message(&key(), &signed),
            refused("parse"),
        )
    });
    let deposit = expired()
        .operation_status(12)
        .sign_message(&key(), &timed("12order-9001"));
    let deposit = b2binpay(
        "deposit_status_of_two_digits",
        rule,
        deposit,
        refused("parse"),
    );
    accepted
        .into_iter()
        .chain(refusals)
        .chain([deposit])
        .collect()
}

fn times() -> Vec<Case> {
    let rule = &["time.strict"];
    let accepted = [
        ("time_no_fraction", "2026-03-02T09:16:02Z"),
        ("time_offset", "2026-03-02T13:16:02.5+04:00"),
        ("time_nine_digits", "2026-03-02T09:16:02.123456789Z"),
    ];
    let refusals = [
        ("time_with_a_blank_for_its_t", "2026-03-02 09:16:02Z"),
        ("time_with_a_small_t", "2026-03-02t09:16:02Z"),
        ("time_with_a_small_z", "2026-03-02T09:16:02z"),
        ("time_with_a_year_of_five_digits", "12026-03-02T09:16:02Z"),
        ("time_without_an_offset", "2026-03-02T09:16:02"),
        ("time_with_a_bare_point", "2026-03-02T09:16:02.Z"),
        (
            "time_with_ten_fraction_digits",
            "2026-03-02T09:16:02.1234567890Z",
        ),
        ("time_without_seconds", "2026-03-02T09:16Z"),
        (
            "time_with_an_offset_without_a_colon",
            "2026-03-02T09:16:02+0400",
        ),
        ("time_with_a_sign", "+2026-03-02T09:16:02Z"),
        ("time_on_a_day_that_is_not", "2026-02-30T09:16:02Z"),
        ("time_at_24_o_clock", "2026-03-02T24:16:02Z"),
        (
            "time_in_another_scripts_digits",
            "\u{662}026-03-02T09:16:02Z",
        ),
        ("time_in_milliseconds", "1772442962551"),
    ];
    let at = |time: &str| paid().set("meta.time", time);
    let proves = |time: &str| as_paid().and("signed_message", format!("2{ETHER}order-9001{time}"));
    let accepted =
        accepted.map(|(name, time)| b2binpay(name, rule, at(time).sign(&key()), proves(time)));
    let refusals = refusals.map(|(name, time)| {
        let signed = format!("2{ETHER}order-9001{time}");
        b2binpay(
            name,
            rule,
            at(time).sign_message(&key(), &signed),
            refused("parse"),
        )
    });
    let missing = paid().sign(&key()).remove("meta.time");
    let (old, later) = ("2019-01-01T00:00:00Z", "2026-03-02T09:21:44.000219Z");
    let repeated = paid().sign(&key()).set("meta.time", later);
    accepted
        .into_iter()
        .chain(refusals)
        .chain([
            b2binpay("time_missing", rule, missing, refused("parse")),
            b2binpay(
                "time_of_years_ago",
                &["time.any_age"],
                at(old).sign(&key()),
                proves(old),
            ),
            b2binpay(
                "sent_again",
                &["delivery.own_time"],
                at(later).sign(&key()),
                proves(later),
            ),
            b2binpay(
                "sent_again_with_the_first_signature",
                &["delivery.own_time"],
                repeated,
                refused("signature"),
            ),
        ])
        .collect()
}
