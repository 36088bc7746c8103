//! The fields and words of CityPay.io's callbacks.

use payhook::testing::Json;
use payhook::testing::citypay::{deposit, order};

use crate::case::{Case, citypay, json};

const NO: &str = r#"{"parsed":false,"error":"parse"}"#;

pub(crate) fn cases() -> Vec<Case> {
    [fields(), words()].into_iter().flatten().collect()
}

fn fields() -> Vec<Case> {
    let fresh = |empty: fn() -> Json| {
        let keys = "action status order_id client_order_id fiat_currency crypto_currency \
                    created_at order_expiration";
        keys.split_whitespace()
            .fold(order().created().callback(), |body, key| {
                body.set(key, empty())
            })
    };
    let nothing = r#"{"parsed":true,"kind":"order","status":null,"action":null,"order_id":null,
        "client_order_id":null,"received_amount_in_coins":null,"fiat_currency":null,
        "created_at":null,        "order_expiration":null,"order_token":"tok_4f9c1b7e"}"#;
    let id = r#"{"parsed":true,"kind":"order","order_id":"441"}"#;
    let (empty, identity) = (&["citypay.blank"], &["citypay.identity"]);
    let kind = &["citypay.type"];
    let without_token = deposit().callback().remove("deposit_token");
    vec![
        citypay(
            "order_all_fields",
            &["citypay.order_fields"],
            order().callback(),
            r#"{"parsed":true,
            "kind":"order","status":"confirmed","action":"confirmation","order_id":"441",
            "client_order_id":"INV-2031",
            "transaction_id":"8c1f8c1f8c1f8c1f8c1f8c1f8c1f8c1f8c1f8c1f8c1f8c1f8c1f8c1f8c1f8c1f",
            "received_amount_in_coins":"0.0006527","received_amount_in_fiat":"60.00",
            "fiat_currency":"USD","crypto_currency":"BTC","created_at":"2026-03-02T09:10:00",
            "order_token":"tok_4f9c1b7e",
            "order_expiration":60,"expires_at":"2026-03-02T10:10:00","exchange_rate":"91925.84"}"#,
        ),
        citypay(
            "deposit_all_fields",
            &["citypay.deposit_fields"],
            deposit().callback(),
            r#"{"parsed":true,
            "kind":"deposit","status":"confirmed","action":"confirmation","received_amount":"250.5",
            "transaction_id":"77aa77aa77aa77aa77aa77aa77aa77aa77aa77aa77aa77aa77aa77aa77aa77aa",
            "crypto_currency":"3","exchange_rate":"1.0002","created_at":"2026-03-02T09:10:00",
            "deposit_token":"dep_user_42"}"#,
        ),
        citypay(
            "order_of_a_negative_amount",
            &["citypay.order_fields", "citypay.amounts"],
            order().callback().set("received_amount_in_fiat", "-60.00"),
            NO,
        ),
        citypay(
            "deposit_of_a_negative_amount",
            &["citypay.deposit_fields", "citypay.amounts"],
            deposit().received("-250.5").callback(),
            NO,
        ),
        citypay("order_fields_null", empty, fresh(Json::default), nothing),
        citypay("order_fields_empty", empty, fresh(|| "".into()), nothing),
        citypay(
            "order_fields_absent",
            empty,
            r#"{"type":"order callback","order_token":"tok_4f9c1b7e"}"#,
            nothing,
        ),
        citypay(
            "order_fields_unknown",
            empty,
            order().callback().set("loyalty", json(r#"{"points":[1]}"#)),
            r#"{"parsed":true,"kind":"order"}"#,
        ),
        citypay(
            "order_type_empty",
            empty,
            order().callback().set("type", ""),
            NO,
        ),
        citypay(
            "order_with_its_own_id_alone",
            identity,
            r#"{"type":"order callback","order_id":441}"#,
            id,
        ),
        citypay(
            "order_with_the_merchants_id_alone",
            identity,
            r#"{"type":"order callback","client_order_id":"INV-1"}"#,
            r#"{"parsed":true,"kind":"order","client_order_id":"INV-1"}"#,
        ),
        citypay(
            "order_identities_blank",
            identity,
            r#"{"type":"order callback","order_id":null,"client_order_id":"","order_token":""}"#,
            NO,
        ),
        citypay(
            "deposit_with_its_transaction_alone",
            identity,
            without_token.clone(),
            r#"{"parsed":true,"kind":"deposit","deposit_token":null}"#,
        ),
        citypay(
            "deposit_without_any_identity",
            identity,
            without_token.remove("transaction_id"),
            NO,
        ),
        citypay(
            "type_with_an_underscore",
            kind,
            order().callback().set("type", "order_callback"),
            id,
        ),
        citypay(
            "type_of_one_word",
            kind,
            order().callback().set("type", "Order"),
            id,
        ),
        citypay(
            "type_of_a_deposit_in_capitals",
            kind,
            deposit().callback().set("type", "DEPOSIT-CALLBACK"),
            r#"{"parsed":true,"kind":"deposit"}"#,
        ),
        citypay("type_no_text", kind, order().callback().set("type", 1), NO),
        citypay(
            "type_of_a_refund",
            kind,
            order().callback().set("type", "refund"),
            r#"{"parsed":false,"error":"unsupported"}"#,
        ),
        citypay(
            "order_in_a_list",
            &["citypay.one_object"],
            format!("[{}]", order().callback().as_str()),
            NO,
        ),
        citypay(
            "order_form_encoded",
            &["citypay.one_object"],
            "type=order&order_id=441",
            NO,
        ),
        citypay(
            "order_with_white_space",
            &["citypay.one_object"],
            "\n{ \"type\" : \"order\",\t\"order_id\" : 441 }\r\n",
            id,
        ),
        citypay(
            "order_token_twice",
            &["citypay.one_object"],
            r#"{"type":"order","order_token":"tok_mine","order_token":"tok_yours"}"#,
            NO,
        ),
    ]
}

fn words() -> Vec<Case> {
    let statuses = [
        ("order_status_in_capitals", "IN_PROGRESS", "in_progress"),
        ("order_status_in_words", "In-progress", "in_progress"),
        (
            "order_status_with_a_slash",
            "Paid/Unconfirmed",
            "paid_unconfirmed",
        ),
        (
            "order_status_with_blanks",
            "paid unconfirmed",
            "paid_unconfirmed",
        ),
        ("order_status_expired", "Expired", "expired"),
        ("order_status_canceled_with_two_l", "CANCELLED", "canceled"),
        ("order_status_overpaid", "overpaid", "overpaid"),
        ("order_status_underpaid", "Underpaid", "underpaid"),
        ("order_status_unknown", "REFUNDED", "refunded"),
    ];
    let statuses = statuses.map(|(name, word, read)| {
        let expect = format!(r#"{{"parsed":true,"kind":"order","status":"{read}"}}"#);
        citypay(
            name,
            &["citypay.status"],
            order().callback().set("status", word),
            &expect,
        )
    });
    let actions = [
        (
            "order_action_words_of_a_payment",
            "receive new transaction",
            "receive_transaction",
        ),
        (
            "order_action_words_of_a_creation",
            "order creation",
            "create_order",
        ),
        (
            "order_action_code_of_a_creation",
            "order_creation",
            "create_order",
        ),
        (
            "order_action_words_of_a_confirmation",
            "Receive Confirmation",
            "confirmation",
        ),
        ("order_action_unknown", "refund", "refund"),
    ];
    let actions = actions.map(|(name, word, read)| {
        let expect = format!(r#"{{"parsed":true,"kind":"order","action":"{read}"}}"#);
        citypay(
            name,
            &["citypay.action"],
            order().action(word).callback(),
            &expect,
        )
    });
    let confirmed = r#"{"parsed":true,"kind":"order","status":"confirmed"}"#;
    let unknown = r#"{"parsed":true,"kind":"order","status":null}"#;
    let object = |status: &str| order().callback().set("status", json(status));
    let elsewhere = order()
        .callback()
        .remove("status")
        .set("order_status", "CONFIRMED");
    let rule = &["citypay.status_object"];
    let objects = [
        citypay(
            "order_status_an_object",
            rule,
            object(r#"{"code":"CONFIRMED","label":"Confirmed"}"#),
            confirmed,
        ),
        citypay(
            "order_status_an_object_with_a_number",
            rule,
            object(r#"{"code":2,"label":"Confirmed"}"#),
            confirmed,
        ),
        citypay(
            "order_status_an_object_with_a_number_as_text",
            rule,
            object(r#"{"code":"2","label":"Confirmed"}"#),
            confirmed,
        ),
        citypay(
            "order_status_a_number_as_text_beside_order_status",
            rule,
            elsewhere.clone().set("status", "2"),
            confirmed,
        ),
        citypay(
            "order_status_an_object_with_a_label",
            rule,
            object(r#"{"label":"Confirmed"}"#),
            confirmed,
        ),
        citypay(
            "order_status_an_object_without_words",
            rule,
            object("{}"),
            unknown,
        ),
        citypay(
            "order_status_an_object_with_its_code_twice",
            rule,
            object(r#"{"code":"UNDERPAID","code":"CONFIRMED"}"#),
            NO,
        ),
        citypay(
            "order_status_under_order_status",
            rule,
            elsewhere,
            confirmed,
        ),
        citypay(
            "order_status_a_list",
            rule,
            object("[\"CONFIRMED\"]"),
            unknown,
        ),
    ];
    statuses.into_iter().chain(actions).chain(objects).collect()
}
