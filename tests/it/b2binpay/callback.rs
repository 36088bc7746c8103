//! Parsing and serializing: every attribute, and every unusual form.

use payhook::b2binpay::{
    Callback, Deposit, Operation, OperationType, Payout, RiskStatus, TransferStatus,
};
use payhook::{ParseError, Unverified};
use serde_json::{Value, json};

use crate::support::{b2binpay_cases, body, parse, with_transfer, without_transfer};

fn read(body: &Value) -> Callback {
    parse(body.to_string().as_bytes()).into_unverified()
}

fn deposit(callback: &Callback) -> Deposit<'_> {
    match callback.operation() {
        Operation::Deposit(deposit) => deposit,
        other => panic!("{other:?}"),
    }
}

fn payout(callback: &Callback) -> Payout<'_> {
    match callback.operation() {
        Operation::Payout(payout) => payout,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_documented_field_of_a_deposit_is_read() {
    let bytes = body("b2binpay-deposit-full.json");
    let callback = parse(&bytes).into_unverified();
    assert_eq!(callback.raw(), bytes);
    assert_eq!(callback.warnings(), []);
    assert_eq!(callback.currency_id(), Some("1002"));
    assert_eq!(callback.wallet_id(), Some("711"));
    assert_eq!(callback.transfer_id(), Some("55021"));

    let deposit = deposit(&callback);
    assert_eq!(deposit.label(), Some("Order 9001"));
    assert_eq!(
        deposit.callback_url(),
        Some("https://shop.example/callbacks/b2binpay")
    );
    assert_eq!(
        deposit.payment_page(),
        Some("https://pay.gateway.example/d/30417")
    );
    assert_eq!(deposit.is_active(), Some(true));
    assert_eq!(deposit.assets().as_ref().unwrap().as_str(), "{}");
    assert_eq!(deposit.rate_requested().as_ref().unwrap().decimals(), 18);
    assert_eq!(
        deposit.rate_expired_at().as_ref().unwrap().to_string(),
        "2026-03-02T09:25:00.000000Z"
    );

    let transfer = callback.transfer().unwrap();
    assert_eq!(transfer.op_id(), Some("30417"));
    assert_eq!(transfer.op_type(), Some(OperationType::Deposit));
    assert_eq!(transfer.status(), TransferStatus::Confirmed);
    assert_eq!(transfer.risk(), Some(0));
    assert_eq!(transfer.risk_status(), Some(RiskStatus::Green));
    assert_eq!(transfer.risk_personal(), None);
    assert_eq!(
        transfer.risk_personal_status(),
        Some(RiskStatus::Unavailable)
    );
    assert_eq!(
        transfer.amount_cleared().as_ref().unwrap().as_str(),
        "0.410352000000000000"
    );
    let currency = callback.currency().unwrap();
    assert_eq!(
        (currency.exp(), currency.confirmation_blocks()),
        (Some(18), Some(3))
    );
    assert_eq!(currency.blockchain_name(), Some("Ethereum"));
}

#[test]
fn every_documented_field_of_a_payout_is_read() {
    let callback = parse(&body("b2binpay-payout-confirmed.json")).into_unverified();
    let payout = payout(&callback);
    assert_eq!(payout.amount().as_ref().unwrap().as_str(), "125.000000");
    assert_eq!(payout.fee_amount().as_ref().unwrap().as_str(), "1.200000");
    assert_eq!(payout.is_fee_included(), Some(false));
    assert_eq!(payout.force_blockchain(), Some(false));
    assert_eq!(payout.exp(), Some(6));
    assert_eq!(payout.destinations().count(), 1);
    assert_eq!(
        payout.destinations().next().unwrap().address_type(),
        Some("address")
    );
    assert_eq!(callback.transfers().count(), 2);

    let mut reported = without_transfer("payout", "wd-1", 1);
    reported["data"]["attributes"]["travel_rule_info"] = json!({"originator": {"name": ["A", 1]}});
    reported["data"]["attributes"]["tag"] = json!(12_345);
    let callback = read(&reported);
    assert_eq!(payout_rule(&callback), r#"{"originator":{"name":["A",1]}}"#);
    // Travel-rule data is personal data.
    assert!(format!("{callback:?}").contains("travel_rule_info: Some(RawJson(31 bytes))"));
    assert_eq!(self::payout(&callback).tag(), Some("12345"));
}

fn payout_rule(callback: &Callback) -> String {
    let rule = payout(callback).travel_rule_info().unwrap();
    rule.as_str().to_owned()
}

#[test]
fn destinations_in_three_shapes() {
    let one = json!({"address": "a", "address_type": "legacy", "tag": 7, "tag_type": "memo"});
    for (destination, expected) in [
        (Value::Null, vec![]),
        (one.clone(), vec!["a"]),
        (
            json!([one, {"address": "b"}, {"address": null}]),
            vec!["a", "b", "-"],
        ),
        (json!([]), vec![]),
        // A lone surrogate in an escape: an unknown key.
        (json!([{"address": "a", "\u{fffd}": 1}]), vec!["a"]),
        (json!({"\u{fffd}": 1, "address": "a"}), vec!["a"]),
    ] {
        let mut body = with_transfer("deposit", "order-1", "1");
        body["data"]["attributes"]["destination"] = destination;
        let body = body.to_string().replace('\u{fffd}', "\\ud800");
        let callback = parse(body.as_bytes()).into_unverified();
        let found = deposit(&callback).destinations();
        let found: Vec<_> = found.map(|d| d.address().unwrap_or("-")).collect();
        assert_eq!(found, expected);
        assert_eq!(callback.warnings(), []);
    }
    for (odd, path) in [
        (
            json!("0xabc"),
            "`data.attributes.destination`: expected an object",
        ),
        (
            json!(["0xabc"]),
            "`data.attributes.destination`: expected an object",
        ),
        (
            json!({"address": 7}),
            "`data.attributes.destination.address`: expected a string",
        ),
    ] {
        let mut body = with_transfer("deposit", "order-1", "1");
        body["data"]["attributes"]["destination"] = odd;
        let warnings: Vec<_> = parse(body.to_string().as_bytes())
            .unverified()
            .warnings()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(warnings, [path]);
    }
}

/// A status has only one spelling: a 3 is signed as `3`.
#[test]
fn codes_with_a_leading_zero_are_refused() {
    let mut body = without_transfer("payout", "wd-1", 3);
    body["data"]["attributes"]["status"] = json!("03");
    let callback = read(&body);
    assert_eq!(
        (payout(&callback).status(), callback.warnings().len()),
        (None, 1)
    );
    body["data"]["attributes"]["status"] = json!("3");
    assert!(payout(&read(&body)).status().is_some());
}

#[test]
fn both_spellings_of_is_active() {
    for (fields, expected) in [
        (json!({"is_active": false}), Some(false)),
        (json!({"is_actibe": true}), Some(true)),
        (json!({"is_active": false, "is_actibe": true}), Some(false)),
        (json!({}), None),
    ] {
        let mut body = with_transfer("deposit", "order-1", "1");
        for (key, value) in fields.as_object().unwrap() {
            body["data"]["attributes"][key] = value.clone();
        }
        assert_eq!(deposit(&read(&body)).is_active(), expected);
    }
}

#[test]
fn an_invalid_incidental_field_is_only_a_warning() {
    let mut body = with_transfer("deposit", "order-1", "1");
    let attributes = &mut body["included"][1]["attributes"];
    attributes["risk"] = json!(101);
    attributes["risk_status"] = json!("red");
    attributes["confirmations"] = json!(-1);
    attributes["created_at"] = json!("yesterday");
    attributes["fee"] = json!("1,5");
    attributes["txid"] = json!(["0x"]);
    attributes["op_id"] = json!(1.5);
    body["included"][0]["attributes"]["exp"] = json!(9_999_999_999_u64);
    body["data"]["attributes"]["time_limit"] = json!(true);
    body["data"]["attributes"]["is_active"] = json!(1);
    body["data"]["attributes"]["label"] = json!("\u{fffd}");
    body["data"]["relationships"]["wallet"] = json!("711");
    let text = body.to_string().replace('\u{fffd}', "\\ud800");
    let callback = parse(text.as_bytes()).into_unverified();
    let mut found: Vec<_> = callback
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            "`data.attributes.is_active`: expected true or false",
            "`data.attributes.label`: expected a string",
            "`data.attributes.time_limit`: expected an integer",
            "`data.relationships.wallet`: expected an object",
            "`included[0].attributes.exp`: expected a number between 0 and 4294967295",
            "`included[1].attributes.confirmations`: expected a number between 0 and 4294967295",
            "`included[1].attributes.created_at`: expected a timestamp such as \
             2026-03-02T09:16:02Z",
            "`included[1].attributes.fee`: expected a decimal number",
            "`included[1].attributes.op_id`: expected an id: a string or an integer",
            "`included[1].attributes.risk_status`: expected an integer",
            "`included[1].attributes.risk`: expected a number between 0 and 100",
            "`included[1].attributes.txid`: expected a string",
        ]
    );
    assert_eq!(callback.transfer().unwrap().amount().as_str(), "1");
}

/// Signed fields and the payment's identity are strict; their errors name the path.
#[test]
fn an_invalid_value_of_a_strict_field_is_an_error() {
    type Change = fn(&mut Value);
    let changes: &[(Change, &str)] = &[
        (|b| b["data"] = json!("x"), "`data`: expected an object"),
        (|b| b["data"] = json!([]), "`data`: missing required field"),
        (
            |b| b["data"]["id"] = json!(null),
            "`data.id`: missing required field",
        ),
        (
            |b| b["data"]["id"] = json!(""),
            "`data.id`: expected an id: a string or an integer",
        ),
        (
            |b| b["data"]["id"] = json!(1.5),
            "`data.id`: expected an id: a string or an integer",
        ),
        (
            |b| b["data"]["id"] = json!(["1"]),
            "`data.id`: expected an id: a string or an integer",
        ),
        (
            |b| b["data"]["type"] = json!(7),
            "`data.type`: expected a string",
        ),
        (
            |b| b["data"]["attributes"] = json!([1]),
            "`data.attributes`: expected an object",
        ),
        (
            |b| b["data"]["attributes"] = json!([]),
            "`data.attributes`: missing required field",
        ),
        (
            |b| b["data"]["attributes"] = json!(null),
            "`data.attributes`: missing required field",
        ),
        (
            |b| b["data"]["attributes"]["tracking_id"] = json!({}),
            "`data.attributes.tracking_id`: expected a string",
        ),
        (
            |b| b["data"]["attributes"]["tracking_id"] = json!(true),
            "`data.attributes.tracking_id`: expected a string",
        ),
        (
            |b| b["data"]["relationships"] = json!("x"),
            "`data.relationships`: expected an object",
        ),
        (
            |b| b["data"]["relationships"]["transfer"] = json!([1]),
            "`data.relationships.transfer`: expected an object",
        ),
        (
            |b| b["data"]["relationships"]["transfer"] = json!({"data": [{"id": "1"}]}),
            "`data.relationships.transfer.data`: expected an object",
        ),
        (
            |b| b["data"]["relationships"]["transfer"] = json!({"data": {"id": {}}}),
            "`data.relationships.transfer.data.id`: expected an id: a string or an integer",
        ),
        (|b| b["meta"] = json!(7), "`meta`: expected an object"),
        (
            |b| b["included"] = json!({"0": {}}),
            "`included`: expected an array",
        ),
        (
            |b| b["included"][1] = json!("transfer"),
            "`included[1]`: expected an object",
        ),
        (
            |b| b["included"][1]["attributes"] = json!(null),
            "`included[1].attributes`: missing required field",
        ),
        (
            |b| b["included"][1]["attributes"]["amount"] = json!(null),
            "`included[1].attributes.amount`: missing required field",
        ),
        (
            |b| b["included"][1]["attributes"]["status"] = json!("paid"),
            "`included[1].attributes.status`: expected a single digit, optionally negative",
        ),
    ];
    for (change, message) in changes {
        let mut body = with_transfer("deposit", "order-1", "1");
        change(&mut body);
        let error = Unverified::<Callback>::parse(body.to_string().as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), *message);
        assert_eq!(error.http_status(), 400);
    }
    // It is unknown whether it is the signed transfer.
    let mut body = with_transfer("deposit", "order-1", "1");
    body["data"]["relationships"]["transfer"] = json!(null);
    body["included"][1]["id"] = json!(null);
    let error = Unverified::<Callback>::parse(body.to_string().as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`included[1].id`: missing required field"
    );
}

/// An invalid field of a transfer that is not named only adds a warning.
#[test]
fn an_unreadable_other_transfer_is_a_warning() {
    type Change = fn(&mut Value);
    let changes: [Change; 6] = [
        |t| t["id"] = json!(null),
        |t| t["attributes"] = json!(null),
        |t| t["attributes"]["status"] = json!(10),
        |t| t["attributes"]["status"] = json!("new"),
        |t| t["attributes"]["amount"] = json!("-0.1"),
        |t| t["attributes"]["amount"] = json!(null),
    ];
    for change in changes {
        let mut body = with_transfer("deposit", "order-1", "1");
        let mut fee = body["included"][1].clone();
        fee["id"] = json!("6");
        fee["attributes"]["op_type"] = json!(9);
        change(&mut fee);
        body["included"].as_array_mut().unwrap().insert(1, fee);
        let callback = read(&body);
        assert_eq!(
            (callback.transfers().count(), callback.warnings().len()),
            (1, 1),
            "{body}"
        );
        assert_eq!(callback.transfer().unwrap().id(), "55021");
        let warning = &callback.warnings()[0];
        assert!(warning.path().starts_with("included[1]"));
        assert_eq!(
            warning.to_string(),
            format!("`{}`: {}", warning.path(), warning.reason())
        );
        // Without an id it could be the signed transfer.
        body["data"]["relationships"]["transfer"] = json!(null);
        assert!(Unverified::<Callback>::parse(body.to_string().as_bytes()).is_err());
    }
}

/// A duplicate key is always an error: two parsers could read different values.
#[test]
fn a_duplicate_key_in_another_transfer_is_an_error() {
    let mut body = with_transfer("deposit", "order-1", "1");
    let mut fee = body["included"][1].clone();
    fee["id"] = json!("6");
    body["included"].as_array_mut().unwrap().push(fee);
    let text = body.to_string();
    let (front, last) = text.split_at(text.rfind(r#""status""#).unwrap());
    let text = format!(r#"{front}"status":0,{last}"#);
    let error = Unverified::<Callback>::parse(text.as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`included[2].attributes.status`: duplicate key"
    );
}

/// A received amount cannot be negative; since it is not signed, this is only a
/// warning.
#[test]
fn negative_received_amounts_are_warnings() {
    let mut body = with_transfer("deposit", "order-1", "1");
    body["data"]["attributes"]["target_paid"] = json!("-5");
    body["data"]["attributes"]["target_paid_pending"] = json!(-1);
    body["included"][1]["attributes"]["amount_cleared"] = json!("-3");
    let callback = read(&body);
    let warnings: Vec<_> = callback
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(
        warnings
            .iter()
            .all(|warning| warning.ends_with("expected a non-negative amount"))
    );
    assert_eq!(deposit(&callback).target_paid(), None);
}

#[test]
fn a_parent_is_a_transfer() {
    let mut body = with_transfer("deposit", "order-1", "1");
    body["included"][1]["relationships"] =
        json!({"parent": {"data": {"type": "transfer", "id": 9}}});
    let callback = read(&body);
    assert_eq!(callback.transfer().unwrap().parent_id(), Some("9"));
    let written = serde_json::to_value(&callback).unwrap();
    let parent = &written["included"][1]["relationships"]["parent"]["data"];
    assert_eq!(*parent, json!({"type": "transfer", "id": "9"}));
}

#[test]
fn a_serialized_token_names_its_chain() {
    let mut body = with_transfer("deposit", "order-1", "1");
    body["included"][0]["relationships"] =
        json!({"parent": {"data": {"type": "currency", "id": "1002"}}});
    let callback = read(&body);
    assert_eq!(
        callback.currencies().next().unwrap().parent_id(),
        Some("1002")
    );
    let written = serde_json::to_vec(&callback).unwrap();
    let again = Unverified::<Callback>::parse(&written).unwrap();
    assert!(again.unverified().currencies().eq(callback.currencies()));
}

/// Some serializers write an empty object as a list or a text.
#[test]
fn empty_values_are_absent() {
    for empty in [json!([]), json!(""), json!(null)] {
        let mut body = with_transfer("deposit", "order-1", "1");
        body["included"][0]["attributes"] = empty.clone();
        body["included"][1]["relationships"] = empty.clone();
        body["included"].as_array_mut().unwrap().push(empty.clone());
        body["meta"] = empty.clone();
        for path in [
            "/data/relationships/transfer/data",
            "/data/relationships/transfer",
            "/data/relationships",
        ] {
            *body.pointer_mut(path).unwrap() = empty.clone();
            let callback = read(&body);
            assert_eq!(callback.warnings(), [], "{body}");
            assert_eq!(callback.transfer_id(), None);
            assert!(callback.transfer().is_some() && !callback.is_signed());
        }
    }
    let mut body = without_transfer("deposit", "order-1", 4);
    body["included"] = json!({});
    assert_eq!(read(&body).transfers().count(), 0);
}

/// With the keys in any order, and with or without attributes.
#[test]
fn a_currency_without_attributes_is_read() {
    for currency in [
        json!({"type": "currency", "id": "5"}),
        json!({"type": "currency", "id": "5", "attributes": null}),
        json!({"attributes": null, "type": "currency", "id": "5"}),
        json!({"attributes": {}, "type": "currency", "id": "5"}),
    ] {
        let mut body = without_transfer("deposit", "order-1", 4);
        body["included"] = json!([currency]);
        let callback = read(&body);
        assert_eq!(
            (
                callback.currencies().count(),
                callback.other_resources().count()
            ),
            (1, 0)
        );
    }
}

/// A signature of the wrong type stays a signature: it must not become an unsigned
/// callback.
#[test]
fn a_malformed_signature_survives_the_round_trip() {
    for sign in [json!(7), json!(false), json!([])] {
        let mut body = without_transfer("deposit", "order-1", 4);
        body["meta"]["sign"] = sign;
        let callback = read(&body);
        assert!(callback.is_signed());
        let again = parse(serde_json::to_string(&callback).unwrap().as_bytes());
        assert!(again.unverified().is_signed());
    }
}

#[test]
fn unknown_kinds_are_unsupported() {
    let body = with_transfer("wallet", "order-1", "1");
    let error = Unverified::<Callback>::parse(body.to_string().as_bytes()).unwrap_err();
    assert_eq!(error, ParseError::Unsupported { path: "data.type" });
    assert_eq!(error.http_status(), 422);
}

#[test]
fn the_currency_is_the_transfers_own() {
    let mut body = with_transfer("deposit", "order-1", "1");
    let doge = json!({"type": "currency", "id": "7", "attributes": {"alpha": "DOGE"}});
    body["included"]
        .as_array_mut()
        .unwrap()
        .insert(0, doge.clone());
    // The deposit's own currency if the transfer names none.
    assert_eq!(read(&body).currency().unwrap().alpha(), Some("ETH"));
    body["included"][2]["relationships"] = json!({"currency": {"data": {"id": 7}}});
    assert_eq!(read(&body).currency().unwrap().alpha(), Some("DOGE"));
    // Two descriptions of one currency: it is unknown which one is meant.
    body["included"].as_array_mut().unwrap().push(doge);
    assert_eq!(read(&body).currency(), None);
}

/// Serializing keeps the values, and serializing again gives the same text.
#[test]
fn round_trip() {
    for case in b2binpay_cases() {
        let Ok(callback) = Unverified::<Callback>::parse(&case.body) else {
            continue;
        };
        let callback = callback.into_unverified();
        let written = serde_json::to_string(&callback).unwrap();
        let again = Unverified::<Callback>::parse(written.as_bytes());
        let again = again
            .unwrap_or_else(|error| panic!("{}: {error}: {written}", case.name))
            .into_unverified();
        assert_eq!(
            serde_json::to_string(&again).unwrap(),
            written,
            "{}",
            case.name
        );
        assert_eq!(again.id(), callback.id());
        assert_eq!(again.operation(), callback.operation());
        assert_eq!(again.tracking_id(), callback.tracking_id());
        assert!(again.transfers().eq(callback.transfers()));
        assert!(again.currencies().eq(callback.currencies()));
        assert!(again.other_resources().eq(callback.other_resources()));
        assert_eq!(
            (again.time(), again.transfer_id()),
            (callback.time(), callback.transfer_id())
        );
        // The round trip keeps every signed text.
        if case.expect["verified"] == true {
            assert!(
                case.verifier().verify(parse(written.as_bytes())).is_ok(),
                "{}",
                case.name
            );
        }
    }
}

#[test]
fn debug_shows_neither_the_signature_nor_the_raw_body() {
    let bytes = body("b2binpay-deposit-confirmed.json");
    let shown = format!("{:?}", parse(&bytes));
    assert!(shown.starts_with("Unverified(Callback {"), "{shown}");
    assert!(!shown.contains("88540b69"), "{shown}");
    assert!(shown.contains("signature: present"), "{shown}");
}
