//! Undocumented forms of genuine bodies, and invalid bodies.

use payhook::testing::Json;
use payhook::testing::b2binpay::deposit;

use crate::case::{
    Case, ETHER, as_paid, b2binpay, expired, json, key, no_transfer, paid, proven, refused, sent,
    timed,
};

pub(crate) fn cases() -> Vec<Case> {
    [documents(), fields(), lenient()]
        .into_iter()
        .flatten()
        .collect()
}

fn documents() -> Vec<Case> {
    let document = &["body.one_document"];
    let kind = &["body.kind"];
    let unique = &["body.keys_once"];
    let signed = paid().sign(&key());
    let signed = signed.as_str();
    let spread = signed
        .replace(r#"":"#, "\" :\n    ")
        .replace(r#",""#, "\t,\r\n  \"");
    let twice = signed.replace(r#""amount":"0.412"#, r#""amount":"9.99","amount":"0.412"#);
    let unicode = signed.replace(r#""data":{"#, r#""\u0064ata":{"#);
    vec![
        b2binpay("whitespace_between_all", document, spread, as_paid()),
        b2binpay("keys_spelled_with_escapes", document, unicode, as_paid()),
        b2binpay(
            "constant_that_is_no_json",
            document,
            signed.replace(r#""confirmations":3"#, r#""confirmations":NaN"#),
            refused("parse"),
        ),
        b2binpay(
            "two_documents",
            document,
            format!("{signed}{signed}"),
            refused("parse"),
        ),
        b2binpay(
            "comma_behind_the_document",
            document,
            format!("{signed},"),
            refused("parse"),
        ),
        b2binpay(
            "byte_order_mark_in_front",
            document,
            format!("\u{feff}{signed}"),
            refused("parse"),
        ),
        b2binpay(
            "list_around_the_document",
            document,
            format!("[{signed}]"),
            refused("parse"),
        ),
        b2binpay(
            "no_object_for_data",
            document,
            r#"{"data":"deposit","included":[]}"#,
            refused("parse"),
        ),
        b2binpay(
            "refund_for_a_type",
            kind,
            paid().sign(&key()).set("data.type", "refund"),
            refused("unsupported"),
        ),
        b2binpay(
            "capital_letter_in_the_type",
            kind,
            paid().sign(&key()).set("data.type", "Deposit"),
            refused("unsupported"),
        ),
        b2binpay(
            "type_absent",
            kind,
            paid().sign(&key()).remove("data.type"),
            refused("parse"),
        ),
        b2binpay("amount_twice", unique, twice, refused("parse")),
        b2binpay(
            "meta_twice",
            unique,
            signed.replace(r#""meta":{"#, r#""meta":{},"meta":{"#),
            refused("parse"),
        ),
    ]
}

fn fields() -> Vec<Case> {
    let (ids, empty, order) = (&["body.ids"], &["body.null_or_absent"], &["body.any_order"]);
    let numbers = paid()
        .set("data.id", 30417)
        .set("included[0].id", 1002)
        .set("included[1].id", 55021)
        .set("data.relationships.currency.data.id", 1002)
        .set("data.relationships.transfer.data.id", 55021)
        .set("included[1].relationships.currency.data.id", 1002);
    let with_ids = || as_paid().and("transfer_id", "55021").and("currency", "ETH");
    let behind = ["data", "included[0]", "included[1]"]
        .iter()
        .fold(paid(), |body, at| {
            let kind = match *at {
                "data" => "deposit",
                "included[0]" => "currency",
                _ => "transfer",
            };
            body.remove(&format!("{at}.type"))
                .set(&format!("{at}.type"), kind)
        });
    let missing = paid().set(
        "data.relationships.transfer",
        json(r#"{"data":{"type":"transfer"}}"#),
    );
    let turned = paid().sign(&key());
    let (data, rest) = turned
        .as_str()
        .split_once(r#","included":"#)
        .expect("a valid table");
    let turned = format!(
        r#"{{"included":{},{}}}"#,
        rest.trim_end_matches('}').to_owned() + "}",
        &data[1..]
    );
    vec![
        b2binpay("ids_as_numbers", ids, numbers.sign(&key()), with_ids()),
        b2binpay(
            "id_with_a_fraction",
            ids,
            paid().sign(&key()).set("data.id", Json::raw("30417.0")),
            refused("parse"),
        ),
        b2binpay(
            "id_true",
            ids,
            paid().sign(&key()).set("data.id", true),
            refused("parse"),
        ),
        b2binpay(
            "id_empty",
            ids,
            paid().sign(&key()).set("data.id", ""),
            refused("parse"),
        ),
        b2binpay(
            "id_with_a_control",
            ids,
            paid()
                .sign(&key())
                .set("data.id", Json::raw(r#""30417\u0000""#)),
            refused("parse"),
        ),
        b2binpay(
            "id_of_the_transfer_with_a_control",
            ids,
            paid()
                .without_relationship()
                .sign(&key())
                .set("included[1].id", Json::raw(r#""6\u007f""#)),
            refused("parse"),
        ),
        b2binpay(
            "tracking_id_with_nul",
            &["body.nul"],
            paid()
                .tracking_id("order-9001\0")
                .sign_message(&key(), &timed(&format!("2{ETHER}order-9001\0"))),
            refused("parse"),
        ),
        b2binpay(
            "tracking_id_with_a_newline",
            &["body.nul"],
            paid().tracking_id("order-9001\n").sign(&key()),
            proven("deposit", 2, ETHER, "order-9001\n"),
        ),
        b2binpay(
            "label_with_nul",
            &["body.nul"],
            paid()
                .set("data.attributes.label", Json::raw(r#""\u0000""#))
                .sign(&key()),
            as_paid(),
        ),
        b2binpay(
            "id_of_the_transfer_absent",
            ids,
            paid()
                .without_relationship()
                .sign(&key())
                .remove("included[1].id"),
            refused("parse"),
        ),
        b2binpay(
            "relationships_null",
            empty,
            paid().set("data.relationships", None::<&str>).sign(&key()),
            as_paid(),
        ),
        b2binpay(
            "relationships_absent",
            empty,
            paid().sign(&key()).remove("data.relationships"),
            as_paid(),
        ),
        b2binpay(
            "transfer_relationship_null",
            empty,
            paid()
                .set("data.relationships.transfer.data", None::<&str>)
                .sign(&key()),
            as_paid(),
        ),
        b2binpay(
            "transfer_relationship_without_an_id",
            empty,
            missing.sign(&key()),
            as_paid(),
        ),
        b2binpay(
            "included_absent",
            empty,
            expired().sign(&key()).remove("included"),
            no_transfer("deposit", "4", "order-9001"),
        ),
        b2binpay(
            "included_empty",
            empty,
            expired().sign(&key()).set("included", json("[]")),
            no_transfer("deposit", "4", "order-9001"),
        ),
        b2binpay(
            "included_an_object",
            empty,
            paid().sign(&key()).set("included", json(r#"{"a":1}"#)),
            refused("parse"),
        ),
        b2binpay(
            "types_behind_their_attributes",
            order,
            behind.sign(&key()),
            with_ids(),
        ),
        b2binpay("included_and_meta_before_data", order, turned, with_ids()),
    ]
}

/// None of these is a reason to refuse a payment.
fn lenient() -> Vec<Case> {
    let (odd, unknown) = (&["body.incidental"], &["body.unknown_kept"]);
    let place = "data.attributes.destination";
    let destination = |value: &str| paid().set(place, json(value)).sign(&key());
    let strange = [
        ("risk", Json::raw("-3")),
        ("risk_status", "red".into()),
        ("fee", json("{}")),
        ("created_at", "soon".into()),
        ("user_message", 7.into()),
        ("confirmations", "many".into()),
    ];
    let strange = strange.into_iter().fold(paid(), |body, (key, value)| {
        body.set(&format!("included[1].attributes.{key}"), value)
    });
    let unknowns = deposit()
        .operation_status(2)
        .include_first(json(
            r#"{"type":"wallet","id":"711","attributes":{"name":"w"}}"#,
        ))
        .include(json(r#"{"type":"moon"}"#))
        .set("links", json("[[[]]]"))
        .set("data.attributes.note", json(r#"{"a":1}"#));
    let misspelled = paid().set("data.attributes.is_actibe", true).sign(&key());
    let fields_of_v3 = paid()
        .set("data.attributes.assets", json(r#"{"currencies":[1002]}"#))
        .set("data.attributes.payment_page", "https://pay.example/30417")
        .set("data.attributes.time_limit", 900_000)
        .set("data.attributes.confirmations_needed", 1);
    let rule_info = sent().set(
        "data.attributes.travel_rule_info",
        json(r#"{"beneficiary":{"name":"J"}}"#),
    );
    let payout = || proven("payout", 2, "125.000000", "wd-77");
    vec![
        b2binpay(
            "odd_incidental_fields",
            odd,
            strange.sign(&key()),
            as_paid(),
        ),
        b2binpay(
            "unknown_resources_and_fields",
            unknown,
            unknowns.sign(&key()),
            as_paid(),
        ),
        b2binpay(
            "fields_of_v2",
            unknown,
            deposit().v2().sign(&key()),
            as_paid(),
        ),
        b2binpay(
            "fields_of_v3",
            unknown,
            fields_of_v3.sign(&key()),
            as_paid(),
        ),
        b2binpay(
            "travel_rule_info_as_a_tree",
            unknown,
            rule_info.sign(&key()),
            payout(),
        ),
        b2binpay(
            "destination_null",
            &["body.destination"],
            destination("null"),
            as_paid().and("destinations", json("[]")),
        ),
        b2binpay(
            "destination_one_object",
            &["body.destination"],
            destination(r#"{"address_type":"legacy","address":"0x1"}"#),
            as_paid().and("destinations", json(r#"["0x1"]"#)),
        ),
        b2binpay(
            "destination_a_list",
            &["body.destination"],
            destination(
                r#"[{"address":"r1","tag":7,"tag_type":"memo"},{"address":"r2","tag":null}]"#,
            ),
            as_paid().and("destinations", json(r#"["r1","r2"]"#)),
        ),
        b2binpay(
            "is_active",
            &["body.is_actibe"],
            paid().set("data.attributes.is_active", false).sign(&key()),
            as_paid().and("is_active", false),
        ),
        b2binpay(
            "is_active_as_the_docs_misspell_it",
            &["body.is_actibe"],
            misspelled,
            as_paid().and("is_active", true),
        ),
    ]
}
