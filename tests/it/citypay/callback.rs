//! Every observed form of CityPay.io's callbacks.

use chrono::{DateTime, FixedOffset, Utc};
use payhook::citypay::{Action, DepositCallback, DepositStatus, OrderCallback, OrderStatus, Token};
use payhook::{Amount, ParseError, Unverified};
use serde_json::{Value, json};

use crate::support::{body, cases};

fn order(body: &Value) -> OrderCallback {
    order_text(&body.to_string())
}

fn order_text(text: &str) -> OrderCallback {
    let order = Unverified::<OrderCallback>::parse(text.as_bytes());
    order
        .unwrap_or_else(|error| panic!("{error}: {text}"))
        .into_unverified()
}

fn confirmed() -> Value {
    serde_json::from_slice(&body("citypay-order-confirmed.json")).unwrap()
}

#[test]
fn the_raw_body_is_shown_by_its_length() {
    let text = r#"{"type": "order", "order_token": "t", "note": "of a person"}"#;
    let shown = format!("{:?}", order_text(text));
    assert!(
        shown.contains(&format!("Body({} bytes)", text.len())),
        "{shown}"
    );
    assert!(!shown.contains("person"), "{shown}");
    // The payer may see it, but a log must not.
    assert!(
        shown.contains("Token(..)") && !shown.contains("\"t\""),
        "{shown}"
    );
}

#[test]
fn all_fields_except_the_type_and_one_id_are_optional() {
    for empty in [json!(null), json!("")] {
        let mut body = confirmed();
        for (key, value) in body.as_object_mut().unwrap() {
            if key != "type" && key != "order_token" {
                *value = empty.clone();
            }
        }
        let order = order(&body);
        assert_eq!(order.warnings(), []);
        assert_eq!(
            (order.status(), order.action(), order.order_id()),
            (None, None, None)
        );
        assert_eq!(
            (order.received_amount_in_coins(), order.exchange_rate()),
            (None, None)
        );
        assert!(order.order_token().unwrap().matches("tok_4f9c1b7e"));
    }
    for identity in [
        json!({"order_id": 1}),
        json!({"client_order_id": "INV-1"}),
        json!({"order_token": 7}),
    ] {
        let mut body = json!({"type": "order callback"});
        body.as_object_mut()
            .unwrap()
            .extend(identity.as_object().unwrap().clone());
        order(&body);
    }
    let none = json!({"type": "order", "order_id": "", "client_order_id": null});
    let error = Unverified::<OrderCallback>::parse(none.to_string().as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "`order_token`: missing required field");
}

#[test]
fn amounts_are_read_without_loss() {
    for (wire, expected) in [
        ("0.00006527", "0.00006527"),
        ("9205.6", "9205.6"),
        ("1e-8", "0.00000001"),
        ("1.5E+2", "150"),
        ("\"0.60\"", "0.6"),
        (
            "123456789.123456789012345678",
            "123456789.123456789012345678",
        ),
        ("10.10", "10.1"),
        ("0", "0"),
    ] {
        let order = order_text(&format!(
            r#"{{"type":"order","order_id":1,"received_amount_in_coins":{wire},"exchange_rate":{wire}}}"#
        ));
        let amount = order.received_amount_in_coins().unwrap();
        assert_eq!(amount, expected.parse::<Amount>().unwrap());
        assert_eq!(amount.as_str(), wire.trim_matches('"'));
        assert_eq!(order.exchange_rate(), Some(amount));
    }
    for bad in ["\"1,5\"", "true", "{}", "\"NaN\"", "\"1 000\""] {
        let text = format!(r#"{{"type":"order","order_id":1,"received_amount_in_coins":{bad}}}"#);
        let error = Unverified::<OrderCallback>::parse(text.as_bytes()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`received_amount_in_coins`: expected a decimal number"
        );
        // The rate is incidental.
        let text = format!(r#"{{"type":"order","order_id":1,"exchange_rate":{bad}}}"#);
        assert_eq!(order_text(&text).warnings().len(), 1);
    }
}

#[test]
fn ids_and_tokens_are_text_or_whole_numbers() {
    for (wire, expected) in [
        ("441", "441"),
        ("\"441\"", "441"),
        ("\"a/b\"", "a/b"),
        (
            "123456789012345678901234567890",
            "123456789012345678901234567890",
        ),
    ] {
        let order = order_text(&format!(
            r#"{{"type":"order","order_id":{wire},"client_order_id":{wire},"order_token":{wire},"transaction_id":{wire},"crypto_currency":{wire}}}"#
        ));
        assert_eq!(order.order_id(), Some(expected));
        assert_eq!(order.client_order_id(), Some(expected));
        assert_eq!(
            order.order_token().as_ref().map(Token::as_str),
            Some(expected)
        );
        assert_eq!(order.transaction_id(), Some(expected));
        assert_eq!(order.crypto_currency(), Some(expected));
    }
    for key in [
        "order_id",
        "client_order_id",
        "order_token",
        "transaction_id",
    ] {
        for bad in ["1.5", "true", "[]", "{}"] {
            let text = format!(r#"{{"type":"order","order_id":1,"{key}":{bad}}}"#)
                .replace(r#""order_id":1,"order_id""#, r#""order_id""#);
            let error = Unverified::<OrderCallback>::parse(text.as_bytes()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("`{key}`: expected an id: a string or an integer")
            );
        }
    }
}

#[test]
fn the_type_in_any_spelling() {
    for kind in [
        "order callback",
        "order_callback",
        "Order",
        "ORDER CALLBACK",
        "order-callback",
    ] {
        order(&json!({"type": kind, "order_id": 1}));
    }
    for kind in ["deposit callback", "Deposit", "deposit_callback"] {
        let body = json!({"type": kind, "deposit_token": "d"}).to_string();
        assert!(Unverified::<DepositCallback>::parse(body.as_bytes()).is_ok());
        let error = Unverified::<OrderCallback>::parse(body.as_bytes()).unwrap_err();
        assert_eq!(error, ParseError::Unsupported { path: "type" });
    }
    for (kind, message) in [
        (json!("refund"), "unsupported callback type in `type`"),
        (json!(""), "`type`: missing required field"),
        (json!(null), "`type`: missing required field"),
        (json!(7), "`type`: expected a string"),
    ] {
        let body = json!({"type": kind, "order_id": 1}).to_string();
        let error = Unverified::<OrderCallback>::parse(body.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn the_status_in_every_place() {
    for status in [
        json!({"status": "PAID_UNCONFIRMED"}),
        json!({"status": "Paid/Unconfirmed"}),
        json!({"order_status": "paid unconfirmed"}),
        json!({"status": {"code": "PAID_UNCONFIRMED", "label": "whatever"}}),
        json!({"status": {"code": 3, "label": "Paid/Unconfirmed"}}),
        json!({"status": {"label": "Paid/Unconfirmed"}}),
        json!({"order_status": {"code": "PAID_UNCONFIRMED"}}),
        json!({"status": "", "order_status": "PAID_UNCONFIRMED"}),
        json!({"status": null, "order_status": "PAID_UNCONFIRMED"}),
        json!({"status": "PAID_UNCONFIRMED", "order_status": "CONFIRMED"}),
    ] {
        let mut body = json!({"type": "order", "order_id": 1});
        body.as_object_mut()
            .unwrap()
            .extend(status.as_object().unwrap().clone());
        assert_eq!(
            order(&body).status(),
            Some(OrderStatus::PaidUnconfirmed),
            "{body}"
        );
    }
    let unknown = order(&json!({"type": "order", "order_id": 1, "status": "REFUNDED"}));
    assert_eq!(unknown.status().unwrap().as_str(), "REFUNDED");
    let odd = order(&json!({"type": "order", "order_id": 1, "status": 7}));
    assert_eq!((odd.status().is_none(), odd.warnings().len()), (true, 1));
}

#[test]
fn expiry() {
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let tbilisi = FixedOffset::east_opt(4 * 3600).unwrap();
    let utc = FixedOffset::east_opt(0).unwrap();
    for (created_at, zone, end) in [
        (json!("2026-03-02 09:10"), tbilisi, "2026-03-02T06:10:00Z"),
        (json!("2026-03-02 09:10:30"), utc, "2026-03-02T10:10:30Z"),
        (
            json!("2026-03-02T09:10:00+02:00"),
            tbilisi,
            "2026-03-02T08:10:00Z",
        ),
        (
            json!(1_772_442_600_000_u64),
            tbilisi,
            "2026-03-02T10:10:00Z",
        ),
        (json!("1772442600000"), tbilisi, "2026-03-02T10:10:00Z"),
    ] {
        let mut body = confirmed();
        body["created_at"] = created_at;
        let order = order(&body);
        assert_eq!(order.expires_at(zone), Some(at(end)));
    }
    for (key, value) in [
        ("created_at", json!(null)),
        ("order_expiration", json!(null)),
        ("order_expiration", json!(-1)),
        ("created_at", json!("soon")),
    ] {
        let mut body = confirmed();
        body[key] = value;
        assert_eq!(order(&body).expires_at(utc), None);
    }
    let mut body = confirmed();
    // Milliseconds or invalid values: never years in the future.
    for minutes in [3_600_000, u32::MAX] {
        body["order_expiration"] = json!(minutes);
        assert_eq!(order(&body).expires_at(utc), None);
    }
    body["order_expiration"] = json!(30 * 24 * 60);
    assert!(order(&body).expires_at(utc).is_some());
}

#[test]
fn deposits() {
    let deposit = Unverified::<DepositCallback>::parse(&body("citypay-deposit-confirmed.json"))
        .unwrap()
        .into_unverified();
    assert_eq!(deposit.status(), Some(DepositStatus::Confirmed));
    assert_eq!(deposit.action(), Some(Action::Confirmation));
    assert_eq!(deposit.crypto_currency(), Some("3"));
    assert_eq!(
        deposit.created_at().unwrap().to_string(),
        "2026-03-02 09:10:11"
    );
    let both = json!({"type": "deposit", "deposit_token": 7, "crated_at": "2026-03-02 09:10", "created_at": "2026-03-02 09:11"});
    let both = Unverified::<DepositCallback>::parse(both.to_string().as_bytes())
        .unwrap()
        .into_unverified();
    assert_eq!(both.created_at().unwrap().to_string(), "2026-03-02 09:11");
    let without_id = json!({"type": "deposit", "received_amount": 1}).to_string();
    let error = Unverified::<DepositCallback>::parse(without_id.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "`deposit_token`: missing required field");
}

#[test]
fn round_trip() {
    for case in cases().iter().filter(|case| !case.is_b2binpay()) {
        if let Ok(order) = Unverified::<OrderCallback>::parse(&case.body) {
            let order = order.into_unverified();
            assert_eq!(order.raw(), case.body);
            let written = serde_json::to_string(&order).unwrap();
            let again = order_text(&written);
            assert_eq!(serde_json::to_string(&again).unwrap(), written);
            assert_eq!(
                again.received_amount_in_coins(),
                order.received_amount_in_coins()
            );
            assert_eq!(
                (again.status(), again.created_at()),
                (order.status(), order.created_at())
            );
        }
        if let Ok(deposit) = Unverified::<DepositCallback>::parse(&case.body) {
            let deposit = deposit.into_unverified();
            let written = serde_json::to_string(&deposit).unwrap();
            let again = Unverified::<DepositCallback>::parse(written.as_bytes())
                .unwrap()
                .into_unverified();
            assert_eq!(serde_json::to_string(&again).unwrap(), written);
            assert_eq!(again.received_amount(), deposit.received_amount());
        }
    }
}
