//! Any body is parsed or refused with a clear error, in bounded memory.

use std::sync::LazyLock;

use payhook::b2binpay::{self, TrackingIds};
use payhook::citypay::{self, OrderDetails};
use payhook::{Fault, ParseError, Unverified, error::BodyEncoding, verified::DEFAULT_BODY_LIMIT};
use proptest::prelude::*;
use serde_json::json;

use crate::sampling::count;
use crate::support::{Case, b2binpay_cases, body, cases, sign, signed, verify, with_transfer};

const FIVE_MB: usize = 5 * 1024 * 1024;
const HALF_SAMPLE: usize = 100_000;

fn b2binpay(body: &[u8]) -> Result<Unverified<b2binpay::Callback>, ParseError> {
    Unverified::parse_within(body, 2 * FIVE_MB)
}

fn citypay(body: &[u8]) -> Result<citypay::Callback, ParseError> {
    citypay::Callback::parse_within(body, 2 * FIVE_MB)
}

#[test]
fn trailing_data_is_refused() {
    let good = String::from_utf8(body("b2binpay-deposit-confirmed.json")).unwrap();
    let twice = format!("{good}{good}");
    let trailing = format!("{good}x");
    for bad in [
        "",
        " ",
        "null x",
        "{",
        "{\"data\":",
        "{'data':1}",
        "{\"data\":NaN}",
        "[1,]",
        &good[..good.len() - 1],
        &twice,
        &trailing,
    ] {
        for error in [
            b2binpay(bad.as_bytes()).map(|_| ()),
            citypay(bad.as_bytes()).map(|_| ()),
        ] {
            let error = error.unwrap_err();
            assert!(
                matches!(error, ParseError::NotJson { .. }),
                "{bad:.20}: {error}"
            );
            assert_eq!(error.fault(), Fault::Sender);
        }
    }
    let mut bom = vec![0xef, 0xbb, 0xbf];
    bom.extend(good.bytes());
    let encoding = BodyEncoding::ByteOrderMark;
    assert_eq!(
        b2binpay(&bom).unwrap_err(),
        ParseError::Reencoded { encoding }
    );
    assert!(b2binpay(format!("\r\n\t {good}\n").as_bytes()).is_ok());
}

#[test]
fn other_json_values_are_refused() {
    for bad in [
        "null",
        "true",
        "7",
        "-1.5",
        "\"text\"",
        "[]",
        "[{\"data\":{}}]",
        "18446744073709551616",
    ] {
        assert!(b2binpay(bad.as_bytes()).is_err(), "{bad}");
        assert!(citypay(bad.as_bytes()).is_err(), "{bad}");
        assert!(OrderDetails::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn not_utf8() {
    let mut bytes = body("b2binpay-deposit-confirmed.json");
    bytes[100] = 0xff;
    assert_eq!(
        b2binpay(&bytes).unwrap_err(),
        ParseError::NotUtf8 { offset: 100 }
    );
    assert_eq!(
        citypay(&bytes).unwrap_err(),
        ParseError::NotUtf8 { offset: 100 }
    );
}

#[test]
fn too_large() {
    let large = vec![b' '; DEFAULT_BODY_LIMIT + 1];
    let error = Unverified::<b2binpay::Callback>::parse(&large).unwrap_err();
    assert_eq!(
        error,
        ParseError::TooLarge {
            length: 65_537,
            limit: 65_536
        }
    );
    assert_eq!(error.http_status(), 413);
}

#[test]
fn duplicate_known_keys() {
    let good = with_transfer("deposit", "order-1", "1").to_string();
    for (from, to, path) in [
        (r#""data":"#, r#""data":null,"data":"#, "`data`"),
        (
            r#""included":"#,
            r#""included":[],"included":"#,
            "`included`",
        ),
        (
            r#""tracking_id":"#,
            r#""tracking_id":"order-1","tracking_id":"#,
            "`data.attributes.tracking_id`",
        ),
        (
            r#""tracking_id":"#,
            r#""tr\u0061cking_id":null,"tracking_id":"#,
            "`data.attributes.tracking_id`",
        ),
        (
            r#""amount":"#,
            r#""amount":"9","amount":"#,
            "`included[1].attributes.amount`",
        ),
        (
            r#""confirmations":"#,
            r#""confirmations":1,"confirmations":"#,
            "`included[1].attributes.confirmations`",
        ),
        (r#""time":"#, r#""time":null,"time":"#, "`meta.time`"),
        (
            r#""type":"transfer"}"#,
            r#""id":"1","type":"transfer"}"#,
            "`data.relationships.transfer.data.id`",
        ),
    ] {
        assert!(good.contains(from), "{from}");
        let error = b2binpay(good.replace(from, to).as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), format!("{path}: duplicate key"));
    }
    // A duplicate of an unknown key has no effect.
    let odd = good.replace(r#""meta":"#, r#""links":1,"links":2,"meta":"#);
    assert!(b2binpay(odd.as_bytes()).is_ok());

    let order = String::from_utf8(body("citypay-order-confirmed.json")).unwrap();
    for key in ["type", "status", "order_token", "received_amount_in_coins"] {
        let doubled = order.replacen('{', &format!("{{\"{key}\":null,"), 1);
        let error = citypay(doubled.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), format!("`{key}`: duplicate key"));
    }
}

#[test]
fn duplicate_keys_of_the_resource_itself() {
    let good = with_transfer("deposit", "order-1", "1").to_string();
    for key in ["type", "id", "attributes", "relationships"] {
        let doubled = good.replacen(
            r#""included":[{"#,
            &format!(r#""included":[{{"{key}":null,"{key}":null,"#),
            1,
        );
        let error = b2binpay(doubled.as_bytes()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`included[0].{key}`: duplicate key")
        );
    }
}

#[test]
fn twenty_thousand_levels_deep() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(20_000), close.repeat(20_000));
        // In an unknown field it has no effect.
        let good = with_transfer("deposit", "order-1", "1").to_string();
        let unknown = good.replacen('{', &format!("{{\"links\":{deep},"), 1);
        assert!(b2binpay(unknown.as_bytes()).is_ok());
        let attribute = good.replace(
            r#""tracking_id":"#,
            &format!(r#""note":{deep},"tracking_id":"#),
        );
        assert!(b2binpay(attribute.as_bytes()).is_ok());
        // In a lenient field it is a warning, in a strict one an error.
        let lenient = good.replace(r#""txid":"0xab""#, &format!(r#""txid":{deep}"#));
        assert_eq!(
            b2binpay(lenient.as_bytes())
                .unwrap()
                .unverified()
                .warnings()
                .len(),
            1
        );
        let strict = good.replace(r#""order-1""#, &deep);
        assert!(matches!(
            b2binpay(strict.as_bytes()),
            Err(ParseError::Field { .. })
        ));
        for place in ["data", "included", "meta"] {
            let body = format!("{{\"{place}\":{deep}}}");
            assert!(b2binpay(body.as_bytes()).is_err());
        }
        assert!(b2binpay(deep.as_bytes()).is_err() && citypay(deep.as_bytes()).is_err());
        let order =
            format!("{{\"type\":\"order\",\"order_id\":1,\"note\":{deep},\"status\":{deep}}}");
        assert!(citypay(order.as_bytes()).is_ok());
        let destination = good.replace(
            r#""tracking_id":"#,
            &format!(r#""destination":{deep},"tracking_id":"#),
        );
        assert!(b2binpay(destination.as_bytes()).is_ok());
    }
}

/// Makes a text of about this length in bytes.
type OfLength = fn(usize) -> String;

/// Checks that the bytes that a call allocates are proportional to the input's length.
///
/// Quadratic time without allocation is not measured: with five megabytes such a test
/// would not end within the time limit of `.ci/run`.
fn assert_linear(what: &str, parse: impl Fn(usize)) {
    let size = count(HALF_SAMPLE, FIVE_MB / 2);
    let bytes = |size| allocation_counter::measure(|| parse(size)).bytes_total;
    let (once, twice) = (bytes(size), bytes(2 * size));
    assert!(
        twice <= 5 * once / 2 + 65_536,
        "{what}: {once} bytes are allocated, and {twice} for the double length"
    );
}

#[test]
fn exhaustive_long_values_cost_linear_memory() {
    let good = with_transfer("deposit", "order-1", "1").to_string();
    let values: [(&str, OfLength); 7] = [
        ("digits", |size| "7".repeat(size)),
        ("escapes", |size| {
            format!("\"{}\"", "\\u0061".repeat(size / 6))
        }),
        ("numbers", |size| format!("[{}1]", "1,".repeat(size / 2))),
        ("resources", |size| {
            format!("[{}{{}}]", "{},".repeat(size / 3))
        }),
        ("keys", |size| {
            format!("{{{}\"z\":1}}", "\"a\":1,".repeat(size / 6))
        }),
        ("brackets", |size| "[".repeat(size)),
        ("no JSON", |size| "\u{fffd}".repeat(size / 3)),
    ];
    for (name, value) in values {
        for place in [
            r#""1""#,
            r#""order-1""#,
            r#""0xab""#,
            r#""ETH""#,
            "18",
            r#""1002""#,
        ] {
            assert_linear(&format!("{name} as {place}"), |size| {
                let _ = b2binpay(good.replacen(place, &value(size), 1).as_bytes());
            });
        }
        assert_linear(&format!("{name} in a document"), |size| {
            let value = value(size);
            let _ = b2binpay(format!("{{\"included\":{value},\"data\":{value}}}").as_bytes());
            let order =
                format!("{{\"type\":\"order\",\"order_id\":{value},\"created_at\":{value}}}");
            let _ = citypay(order.as_bytes());
            let _ = citypay(value.as_bytes());
            let _ = OrderDetails::parse(value.as_bytes());
        });
    }
}

/// Each of these was quadratic before it was fixed, or could be.
#[test]
fn exhaustive_repeated_keys_cost_linear_memory() {
    let long_values: [OfLength; 2] = [
        |size| "a\\n".repeat(size / 3),
        |size| "\\u0061".repeat(size / 6),
    ];
    for (number, long) in long_values.into_iter().enumerate() {
        for key in ["attributes", "type", "id", "relationships", "other"] {
            assert_linear(&format!("{key}, {number}"), |size| {
                let (half, long) = (size / 2, long(size / 2));
                let repeated = format!("\"{key}\":0,").repeat(half / (key.len() + 5));
                let resource = format!("{{\"type\":\"{long}\",{repeated}\"id\":1}}");
                let body = format!(
                    "{{\"data\":{{\"type\":\"deposit\",\"id\":\"1\",\"attributes\":{{}}}},\"included\":[{resource}]}}"
                );
                let _ = b2binpay(body.as_bytes());
                let order = format!(
                    "{{\"type\":\"{long}\",{}\"order_id\":1}}",
                    repeated.replace(key, "status")
                );
                let _ = citypay(order.as_bytes());
            });
        }
    }
}

/// At most twenty times a body's length: this is the cost of indexing `{}`.
#[test]
fn memory_is_bounded() {
    let fill = |unit: &str| unit.repeat((DEFAULT_BODY_LIMIT - 200) / unit.len());
    for (front, unit, back) in [
        ("{\"included\":[", "{},", "{}]}"),
        ("{\"included\":[", "{\"type\":\"transfer\"},", "{}]}"),
        ("{\"included\":[", "{\"attributes\":{}},", "{}]}"),
        (
            "{\"data\":{\"type\":\"deposit\",\"id\":1,\"attributes\":{}},\"included\":[",
            "{\"type\":\"a\",\"id\":1,\"attributes\":{\"a\":1}},",
            "{}]}",
        ),
        (
            "{\"data\":{\"type\":\"deposit\",\"id\":1,\"attributes\":{}},\"included\":[",
            "{\"type\":\"transfer\",\"id\":1,\"attributes\":{\"amount\":1,\"status\":2}},",
            "{}]}",
        ),
        (
            "{\"data\":{\"type\":\"deposit\",\"id\":1,\"attributes\":{\"destination\":[",
            "{},",
            "{}]}}}",
        ),
        (
            "{\"data\":{\"type\":\"deposit\",\"id\":1,\"attributes\":{\"label\":\"",
            "\\u0061",
            "\"}}}",
        ),
        ("{\"type\":\"order\",\"order_id\":\"", "\\n", "\"}"),
        ("", "[", ""),
        ("{", "\"a\":{},", "\"b\":1}"),
    ] {
        let body = format!("{front}{}{back}", fill(unit));
        assert!(body.len() <= DEFAULT_BODY_LIMIT);
        let info = allocation_counter::measure(|| {
            let _ = b2binpay(body.as_bytes());
            let _ = citypay(body.as_bytes());
        });
        assert!(
            info.bytes_max < 20 * 65_536,
            "{front}{unit}: {} bytes",
            info.bytes_max
        );
    }
    let transactions = format!("{{\"data\":{{\"transactions\":[{}{{}}]}}}}", fill("{},"));
    let info = allocation_counter::measure(|| drop(OrderDetails::parse(transactions.as_bytes())));
    assert!(info.bytes_max < 20 * 65_536, "{} bytes", info.bytes_max);
}

#[test]
fn a_resource_is_an_object() {
    for (entry, sound) in [
        (json!({}), true),
        (json!([]), true),
        (json!(""), true),
        (json!(null), true),
        (json!([1, [2]]), false),
        (json!("wallet"), false),
        (json!(7), false),
    ] {
        let mut body = with_transfer("deposit", "order-1", "1");
        body["included"].as_array_mut().unwrap().push(entry);
        match b2binpay(body.to_string().as_bytes()) {
            Ok(_) => assert!(sound, "{body}"),
            Err(error) => {
                assert_eq!(error.to_string(), "`included[2]`: expected an object");
                assert!(!sound);
            }
        }
    }
}

#[test]
fn a_list_of_resources_is_bounded() {
    let mut body = with_transfer("deposit", "order-1", "1");
    let included = body["included"].as_array_mut().unwrap();
    included.extend((0..998).map(|_| json!({"type": "wallet"})));
    assert!(b2binpay(body.to_string().as_bytes()).is_ok());
    body["included"].as_array_mut().unwrap().push(json!({}));
    let error = b2binpay(body.to_string().as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`included`: expected at most 1000 entries"
    );
    let mut body = with_transfer("deposit", "order-1", "1");
    body["data"]["attributes"]["destination"] = json!(vec![json!({"tag": "1"}); 1000]);
    assert!(b2binpay(body.to_string().as_bytes()).is_ok());
    body["data"]["attributes"]["destination"]
        .as_array_mut()
        .unwrap()
        .push(json!({}));
    let error = b2binpay(body.to_string().as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`data.attributes.destination`: expected at most 1000 entries"
    );
}

#[test]
fn numbers_beyond_every_range() {
    let good = with_transfer("deposit", "order-1", "1").to_string();
    for number in [
        "1e999999999",
        "-1e999999999",
        "1E+400",
        "18446744073709551616",
        "-9223372036854775809",
        "0.1e-99999",
        &"9".repeat(5_000),
    ] {
        // Strict: an error. Lenient: a warning. Unknown: nothing.
        // As an amount it is merely large.
        let wide = number == "18446744073709551616";
        let strict = good.replace(r#""amount":"1""#, &format!(r#""amount":{number}"#));
        assert_eq!(b2binpay(strict.as_bytes()).is_ok(), wide, "{number:.20}");
        let status = good.replace(
            r#""status":2,"txid""#,
            &format!(r#""status":{number},"txid""#),
        );
        assert_ne!(status, good);
        assert!(
            matches!(b2binpay(status.as_bytes()), Err(ParseError::Field { .. })),
            "{number:.20}"
        );
        let lenient = good.replace(
            r#""confirmations":3"#,
            &format!(r#""confirmations":{number}"#),
        );
        assert_eq!(
            b2binpay(lenient.as_bytes())
                .unwrap()
                .unverified()
                .warnings()
                .len(),
            1,
            "{number:.20}"
        );
        let unknown = good.replacen('{', &format!("{{\"n\":{number},"), 1);
        assert!(b2binpay(unknown.as_bytes()).is_ok(), "{number:.20}");

        let order =
            format!(r#"{{"type":"order","order_id":1,"received_amount_in_coins":{number}}}"#);
        let error = citypay(order.as_bytes()).map(|_| ());
        assert_eq!(error.is_ok(), wide, "{number:.20}: {error:?}");
    }
    for negative in ["-1", "\"-0.5\"", "-1e-8"] {
        let order =
            format!(r#"{{"type":"order","order_id":1,"received_amount_in_fiat":{negative}}}"#);
        let error = citypay(order.as_bytes()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`received_amount_in_fiat`: expected a non-negative amount"
        );
    }
}

#[test]
fn errors_never_quote_the_body() {
    let marked = "MARKED";
    for case in b2binpay_cases() {
        let Ok(text) = String::from_utf8(case.body.clone()) else {
            continue;
        };
        for place in [
            "order-9001",
            "deposit",
            "0.412000000000000000",
            "2026-03-02T09:16:02.551870Z",
            "55021",
        ] {
            let text = text.replace(place, marked);
            let error = match b2binpay(text.as_bytes()) {
                Ok(callback) => case
                    .verifier()
                    .verify(callback)
                    .map(|_| ())
                    .map_err(|error| {
                        // The unverified callback in it is labelled as such, and
                        // belongs to the merchant.
                        format!("{error} {}", error.hint())
                    }),
                Err(error) => Err(format!("{error} {error:?}")),
            };
            if let Err(shown) = error {
                assert!(!shown.contains(marked), "{}: {shown}", case.name);
            }
        }
    }
}

/// JSON of any shape, some of it similar to genuine bodies.
fn any_json() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        "data|included|meta|type|id|attributes|relationships|transfer|currency|time|sign|status|amount|tracking_id|destination|order_token|order_id|transactions",
        "\\PC{0,4}",
    ];
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,5})?(e-?[0-9]{1,3})?",
        "\"(deposit|payout|transfer|order|[0-9.:TZ-]{0,12})\"",
    ];
    leaf.prop_recursive(6, 80, 8, move |inner| {
        let key = key
            .clone()
            .prop_map(|key| serde_json::Value::from(key).to_string());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((key, inner), 0..8).prop_map(|entries| {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| format!("{key}:{value}"))
                    .collect();
                format!("{{{}}}", entries.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(count(500, 2_000)))]

    #[test]
    fn exhaustive_no_bytes_panic_or_verify(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(b2binpay(&bytes).is_err());
        let _ = citypay(&bytes);
        let _ = OrderDetails::parse(&bytes);
    }

    #[test]
    fn exhaustive_no_json_panics_or_verifies(text in any_json()) {
        let verifier = crate::support::verifier(TrackingIds::Unrestricted);
        if let Ok(callback) = b2binpay(text.as_bytes()) {
            let _ = format!("{callback:?}");
            let _ = serde_json::to_string(callback.unverified()).unwrap();
            prop_assert!(verifier.verify(callback).is_err());
        }
        let _ = citypay(text.as_bytes());
        let _ = OrderDetails::parse(text.as_bytes());
    }

    #[test]
    fn exhaustive_truncated_or_spliced_vectors_never_panic(index in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), with in "\\PC{0,3}|[]\\[{}\":,0-9]{0,6}") {
        static CASES: LazyLock<Vec<Case>> = LazyLock::new(cases);
        let case = index.get(&CASES);
        let at = at.index(case.body.len() + 1);
        let mut bytes = case.body[..at].to_vec();
        let _ = b2binpay(&bytes);
        let _ = citypay(&bytes);
        bytes.extend(with.bytes());
        bytes.extend(&case.body[at..]);
        let _ = b2binpay(&bytes);
        let _ = citypay(&bytes);
    }

    #[test]
    fn exhaustive_what_the_gateway_signs_verifies(
        // Any control character except `FieldError::Nul`.
        id in "[^0-9.\\-\\x00\\PC]\\PC{0,20}",
        amount in "(0|[1-9][0-9]{0,20})(\\.[0-9]{1,18})?",
        status in -3_i32..=2,
        fraction in "(\\.[0-9]{1,6})?",
    ) {
        let time = format!("2026-03-02T09:16:02{fraction}Z");
        let mut body = with_transfer("deposit", &id, &amount);
        body["included"][1]["attributes"]["status"] = json!(status);
        body["meta"]["time"] = json!(time);
        let body = signed(body, &format!("{status}{amount}{id}{time}"));
        let callback = verify(&body, TrackingIds::Prefixed).unwrap();
        prop_assert_eq!(callback.proven().amount().unwrap().as_str(), amount.as_str());
        prop_assert_eq!(callback.proven().tracking_id(), Some(id.as_str()));
        prop_assert_eq!(callback.proven().transfer_status().unwrap().code(), status);

        let forged = sign("another secret", &format!("{status}{amount}{id}{time}"));
        let mut body = body;
        body["meta"]["sign"] = json!(forged);
        prop_assert!(verify(&body, TrackingIds::Prefixed).is_err());
    }
}
