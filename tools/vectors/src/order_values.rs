//! Amounts, ids and times in CityPay.io's callbacks.

use payhook::testing::Json;
use payhook::testing::citypay::{deposit, order};

use crate::case::{Case, citypay};

const NO: &str = r#"{"parsed":false,"error":"parse"}"#;

pub(crate) fn cases() -> Vec<Case> {
    [values(), times()].into_iter().flatten().collect()
}

fn values() -> Vec<Case> {
    let coins = |name: &str, wire: &str, read: Option<&str>| {
        let body = order()
            .callback()
            .set("received_amount_in_coins", Json::raw(wire));
        let expect = read.map_or_else(
            || NO.to_owned(),
            |read| {
                format!(r#"{{"parsed":true,"kind":"order","received_amount_in_coins":"{read}"}}"#)
            },
        );
        citypay(name, &["citypay.amounts"], body, &expect)
    };
    let token = |name: &str, wire: &str, read: Option<&str>| {
        let body = order().token(Json::raw(wire)).callback();
        let expect = read.map_or_else(
            || NO.to_owned(),
            |read| format!(r#"{{"parsed":true,"kind":"order","order_token":"{read}"}}"#),
        );
        citypay(name, &["citypay.ids"], body, &expect)
    };
    let control = |kind: &str, field: &str| {
        let control = || Json::raw(r#""a\u0001b""#);
        let body = match kind {
            "order" => order().callback().set(field, control()).to_vec(),
            _ => deposit().callback().set(field, control()).to_vec(),
        };
        let name = format!("{kind}_with_a_control_in_its_{field}");
        citypay(&name, &["citypay.ids"], body, NO)
    };
    let currency = |name: &str, wire: Json, read: &str| {
        let expect = format!(r#"{{"parsed":true,"kind":"deposit","crypto_currency":"{read}"}}"#);
        citypay(
            name,
            &["citypay.crypto_currency"],
            deposit().callback().set("crypto_currency", wire),
            &expect,
        )
    };
    vec![
        coins("amount_small_as_a_number", "0.00006527", Some("0.00006527")),
        coins(
            "amount_with_an_exponent_as_a_number",
            "1e-8",
            Some("0.00000001"),
        ),
        coins("amount_text", "\"0.60\"", Some("0.60")),
        coins(
            "amount_no_float_can_hold",
            "123456789.123456789012345678",
            Some("123456789.123456789012345678"),
        ),
        coins(
            "coins_of_100_digits",
            &"9".repeat(100),
            Some(&"9".repeat(100)),
        ),
        coins("coins_of_101_digits", &"9".repeat(101), None),
        coins(
            "coins_with_the_exponent_100",
            "0.1e100",
            Some(&format!("1{}", "0".repeat(99))),
        ),
        coins("coins_with_the_exponent_101", "1e101", None),
        coins("coins_with_an_endless_exponent", "1e999999999", None),
        coins("amount_negative", "-0.5", None),
        coins("amount_text_with_a_comma", "\"1,5\"", None),
        coins("amount_true", "true", None),
        coins("amount_an_object", "{}", None),
        token(
            "token_a_number",
            "9007199254740993",
            Some("9007199254740993"),
        ),
        token(
            "token_beyond_64_bits",
            "123456789012345678901234567890",
            Some("123456789012345678901234567890"),
        ),
        token("token_text_of_digits", "\"007\"", Some("007")),
        token("token_with_a_fraction", "1.0", None),
        token("token_with_an_exponent", "1e3", None),
        token("token_true", "true", None),
        token("token_a_list", "[1]", None),
        token("token_with_nul", r#""tok_4f9c1b7e\u0000""#, None),
        token("token_with_a_newline", r#""tok_4f9c1b7e\n""#, None),
        token("token_with_delete", r#""tok\u007f4f9c1b7e""#, None),
        token("token_with_a_c1_control", r#""tok\u00854f9c1b7e""#, None),
        token(
            "token_with_a_line_separator",
            r#""tok\u20284f9c1b7e""#,
            Some(r"tok\u20284f9c1b7e"),
        ),
        control("order", "order_id"),
        control("order", "client_order_id"),
        control("order", "transaction_id"),
        control("deposit", "deposit_token"),
        control("deposit", "transaction_id"),
        citypay(
            "order_currency_with_nul",
            &["citypay.ids"],
            order()
                .callback()
                .set("fiat_currency", Json::raw(r#""USD\u0000""#)),
            r#"{"parsed":true,"kind":"order","fiat_currency":null}"#,
        ),
        currency("crypto_currency_a_ticker", "BTC".into(), "BTC"),
        currency("crypto_currency_a_name", "Bitcoin".into(), "Bitcoin"),
        currency("crypto_currency_an_id", 3.into(), "3"),
        currency("crypto_currency_an_id_as_text", "3".into(), "3"),
    ]
}

fn times() -> Vec<Case> {
    let stamps = [
        (
            "created_at_without_seconds",
            "\"2026-03-02 09:10\"",
            "2026-03-02T09:10:00",
        ),
        (
            "created_at_with_seconds",
            "\"2026-03-02 09:10:11\"",
            "2026-03-02T09:10:11",
        ),
        (
            "created_at_iso_without_a_zone",
            "\"2026-03-02T09:10:11.5\"",
            "2026-03-02T09:10:11.5",
        ),
        (
            "created_at_iso_in_utc",
            "\"2026-03-02T09:10:11Z\"",
            "2026-03-02T09:10:11Z",
        ),
        (
            "created_at_iso_with_an_offset",
            "\"2026-03-02T13:10:11+04:00\"",
            "2026-03-02T09:10:11Z",
        ),
        (
            "created_at_milliseconds",
            "1772442600123",
            "2026-03-02T09:10:00.123Z",
        ),
        (
            "created_at_milliseconds_as_text",
            "\"1772442600123\"",
            "2026-03-02T09:10:00.123Z",
        ),
    ];
    let stamps = stamps.map(|(name, wire, read)| {
        let body = order().callback().set("created_at", Json::raw(wire));
        let expect = format!(r#"{{"parsed":true,"kind":"order","created_at":"{read}"}}"#);
        citypay(name, &["citypay.times"], body, &expect)
    });
    let at = |stamp: &str| {
        let expect = format!(r#"{{"parsed":true,"kind":"order","expires_at":"{stamp}"}}"#);
        (order().callback(), expect)
    };
    let (local, local_expiry) = at("2026-03-02T10:10:00");
    let (instant, expiry) = at("2026-03-02T09:40:00Z");
    let instant = instant
        .set("created_at", "2026-03-02T09:10:00Z")
        .set("order_expiration", 30);
    let deposited = |key: &str| {
        deposit()
            .callback()
            .remove("crated_at")
            .set(key, "2026-03-02 09:10:11")
    };
    let read = r#"{"parsed":true,"kind":"deposit","created_at":"2026-03-02T09:10:11"}"#;
    let odd = r#"{"parsed":true,"kind":"order","created_at":null,"expires_at":null}"#;
    stamps
        .into_iter()
        .chain([
            citypay(
                "created_at_no_time",
                &["citypay.times"],
                order().callback().set("created_at", "soon"),
                odd,
            ),
            citypay(
                "expiry_in_local_time",
                &["citypay.expiry"],
                local,
                &local_expiry,
            ),
            citypay(
                "expiry_of_an_instant",
                &["citypay.expiry"],
                instant,
                &expiry,
            ),
            citypay(
                "deposit_crated_at",
                &["citypay.crated_at"],
                deposited("crated_at"),
                read,
            ),
            citypay(
                "deposit_created_at",
                &["citypay.crated_at"],
                deposited("created_at"),
                read,
            ),
        ])
        .collect()
}
