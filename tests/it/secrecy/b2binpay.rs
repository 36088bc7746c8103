//! B2BINPAY: the secrets of both schemes, and a signature made with one of them.

use payhook::b2binpay::{self, Gateway, Key, Operation, TrackingIds, Verifier};
use payhook::{
    Amount, Callback, Config, Disposition, Endpoint, MemoryLedger, Timestamp, Unverified,
    VerifyError,
    address::AddressRanges,
    endpoint::Idempotent,
    idempotency::{Claim, IdempotencyStore, MemoryStore},
};
use serde_json::{Value, json};

use super::*;
use crate::handler::block_on;
use crate::support::body;
use crate::support::{hex, mac, sha256};

/// A deposit with every field that a body can have, signed with `key`, and the MAC.
fn signed(key: &[u8], change: impl FnOnce(&mut Value)) -> (String, Vec<u8>) {
    let mut body: Value = serde_json::from_slice(&body("b2binpay-deposit-full.json")).unwrap();
    let wallet = json!({"type": "wallet", "id": "711", "attributes": {"x": 1}});
    body["included"].as_array_mut().unwrap().push(wallet);
    change(&mut body);
    let text = |path| body.pointer(path).and_then(Value::as_str).unwrap();
    let message = format!(
        "2{}{}{}",
        text("/included/1/attributes/amount"),
        text("/data/attributes/tracking_id"),
        text("/meta/time"),
    );
    let mac = mac(key, message.as_bytes());
    body["meta"]["sign"] = json!(hex(&mac));
    (body.to_string(), mac)
}

fn key() -> Key {
    Key::callback_secret(SECRET).unwrap()
}

fn verifier(tracking_ids: TrackingIds) -> Verifier {
    let older = Key::v2_credentials(LOGIN, PASSWORD).unwrap();
    Verifier::new(key(), tracking_ids).add_key(older)
}

fn parse(body: &str) -> Unverified<b2binpay::Callback> {
    Unverified::parse(body.as_bytes()).unwrap()
}

pub(super) fn drive(sheet: &mut Sheet) {
    let digest = sha256(&format!("{LOGIN}{PASSWORD}"));
    let (older, mac) = signed(&digest, |_| {});
    sheet.mark(&mac);
    let (body, mac) = signed(SECRET.as_bytes(), |body| {
        body["included"][1]["attributes"]["risk"] = json!("no risk");
    });
    sheet.mark(&mac);
    keys(sheet);
    for body in [&older, &body] {
        callback(sheet, body);
        proven(sheet, body);
    }
    payout(sheet);
    values(sheet);
    errors(sheet, &body);
    received(sheet, &body);
    #[cfg(feature = "diagnose")]
    diagnosed(sheet, &body);
}

fn keys(sheet: &mut Sheet) {
    let verifier = verifier(TrackingIds::Prefixed);
    look! { sheet,
        payhook::b2binpay::Key: &key();
        payhook::b2binpay::Key: &Key::v2_credentials(LOGIN, PASSWORD).unwrap();
        payhook::b2binpay::Verifier: &verifier;
        payhook::b2binpay::Gateway: &Gateway::new(verifier.clone());
        payhook::b2binpay::Gateway<String>:
            &Gateway::new(verifier.clone()).with_api("https://api.example", String::new());
        payhook::Config: &Config::from_vars(|name| match name {
            "PAYHOOK_B2BINPAY_CALLBACK_SECRET" => Some(SECRET.to_owned()),
            "PAYHOOK_B2BINPAY_LOGIN" => Some(LOGIN.to_owned()),
            "PAYHOOK_B2BINPAY_PASSWORD" => Some(PASSWORD.to_owned()),
            "PAYHOOK_B2BINPAY_TRACKING_IDS" => Some("prefixed".to_owned()),
            _ => None,
        }).unwrap();
        payhook::Endpoint<Gateway, MemoryLedger>:
            &Endpoint::new(Gateway::new(verifier.clone()), MemoryLedger::new());
        payhook::error::ConfigError: &Key::callback_secret(&format!("{SECRET} ")).unwrap_err();
        payhook::error::ConfigError: &Key::v2_credentials(LOGIN, "").unwrap_err();
        payhook::error::ConfigError: &Key::v2_credentials("", PASSWORD).unwrap_err();
    }
}

fn callback(sheet: &mut Sheet, body: &str) {
    let unverified = parse(body);
    let callback = unverified.unverified();
    let Operation::Deposit(deposit) = callback.operation() else {
        panic!("a deposit");
    };
    look! { sheet,
        payhook::Unverified<b2binpay::Callback>: &unverified;
        payhook::b2binpay::Callback: callback;
        payhook::b2binpay::Operation: &callback.operation();
        payhook::b2binpay::Deposit: &deposit;
        payhook::b2binpay::Destination: &deposit.destinations().next().unwrap();
        payhook::b2binpay::Transfer: &callback.transfer().unwrap();
        payhook::b2binpay::Currency: &callback.currency().unwrap();
        payhook::b2binpay::OtherResource: &callback.other_resources().next().unwrap();
    }
    for warning in callback.warnings() {
        look! { sheet, payhook::error::FieldWarning: &warning; }
    }
}

fn proven(sheet: &mut Sheet, body: &str) {
    let verified = verifier(TrackingIds::Prefixed).verify(parse(body)).unwrap();
    let callback = Callback::from(verified.clone());
    let keys = callback.idempotency_keys("eur");
    let ambiguous = verifier(TrackingIds::Unrestricted)
        .verify(parse(body))
        .unwrap();
    let amount = "1".parse().unwrap();
    let error = ambiguous.clone().resolve([("17", &amount)]).unwrap_err();
    look! { sheet,
        payhook::Verified<b2binpay::Callback>: &verified;
        payhook::Verified<b2binpay::Callback>: &ambiguous;
        payhook::Callback: &callback;
        payhook::b2binpay::ProvenTransfer: verified.proven();
        payhook::VerifyError: &error;
        payhook::Evidence: verified.evidence();
        payhook::Event<'_>: &callback.event();
        payhook::idempotency::IdempotencyKeys: &keys;
        payhook::idempotency::IdempotencyKey: keys.delivery();
    }
    let store = MemoryStore::new();
    let claim = block_on(store.claim(&keys)).unwrap();
    look! { sheet,
        payhook::idempotency::Claim: &claim;
        payhook::idempotency::MemoryStore: &store;
        payhook::endpoint::Idempotent<Shown, MemoryStore>: &Idempotent::new(Shown, store.clone());
    }
    let Claim::Acquired(token) = claim else {
        panic!("it is fresh");
    };
    look! { sheet, payhook::idempotency::ClaimToken: &token; }
}

fn payout(sheet: &mut Sheet) {
    let payout = body("b2binpay-payout-confirmed.json");
    let payout = Unverified::<b2binpay::Callback>::parse(&payout).unwrap();
    let Operation::Payout(payout) = &payout.unverified().operation() else {
        panic!("a payout");
    };
    look! { sheet, payhook::b2binpay::Payout: payout; }
}

/// An invalid amount, time or other value is not quoted.
fn values(sheet: &mut Sheet) {
    look! { sheet,
        payhook::address::AddressError: &AddressRanges::parse([SECRET]).unwrap_err();
        payhook::amount::AmountError: &SECRET.parse::<Amount>().unwrap_err();
        payhook::timestamp::TimestampError: &SECRET.parse::<Timestamp>().unwrap_err();
    }
}

/// Refused in each way, with the marks in all places that are read.
fn errors(sheet: &mut Sheet, body: &str) {
    let prefixed = verifier(TrackingIds::Prefixed);
    let genuine: Value = serde_json::from_str(body).unwrap();
    let sign = genuine["meta"]["sign"].clone();
    let places = [
        "/data/type",
        "/data/id",
        "/data/attributes/tracking_id",
        "/data/attributes/status",
        "/included/1/attributes/amount",
        "/included/1/attributes/status",
        "/included/1/attributes/op_type",
        "/included/1/id",
        "/meta/time",
        "/meta/sign",
    ];
    let marks = [sign, json!(SECRET), json!(LOGIN), json!({PASSWORD: SECRET})];
    for place in places {
        for mark in &marks {
            let mut body = genuine.clone();
            *body.pointer_mut(place).unwrap() = mark.clone();
            let text = body.to_string();
            for text in [&text, &text[..text.len() - 1]] {
                error(sheet, &prefixed, text);
            }
        }
    }
    let mut unsigned = genuine;
    unsigned["meta"]["sign"] = json!("");
    error(sheet, &prefixed, &unsigned.to_string());
}

fn error(sheet: &mut Sheet, verifier: &Verifier, body: &str) {
    let parsed = match Unverified::<b2binpay::Callback>::parse(body.as_bytes()) {
        Ok(parsed) => parsed,
        Err(error) => {
            look! { sheet,
                payhook::ParseError: &error;
                payhook::Error: &payhook::Error::from(error.clone());
                payhook::Disposition: &Disposition::Malformed(error);
            }
            return;
        }
    };
    // Its text shows an id, an amount or a time that is a mark: as it should.
    if let Err(error) = verifier.verify(parsed) {
        look! { sheet, VerifyError: &error; }
        look! { sheet, payhook::Error: &payhook::Error::from(error); }
    }
}

/// A handler that can be shown.
#[derive(Debug)]
struct Shown;

impl payhook::Handler for Shown {
    async fn handle(&self, _: Callback) -> Result<(), payhook::BoxError> {
        Ok(())
    }
}

fn received(sheet: &mut Sheet, body: &str) {
    let gateway = || Gateway::new(verifier(TrackingIds::Prefixed));
    let tampered = body.replace("order-9001", "order-9002");
    for body in [body, &tampered, &body[1..], ""] {
        for reply in replies(gateway, body) {
            look! { sheet,
                payhook::Reply: &reply;
                payhook::Disposition: reply.disposition();
                payhook::endpoint::Receipt: reply.receipt().unwrap();
            }
        }
    }
    #[cfg(feature = "tower")]
    {
        let service = Endpoint::new(gateway(), MemoryLedger::new()).into_service();
        sheet.look(
            "payhook::http::CallbackService",
            Way::Shown,
            &format!("{service:?}{service:#?}"),
        );
    }
}

#[cfg(feature = "diagnose")]
fn diagnosed(sheet: &mut Sheet, body: &str) {
    let diagnose = payhook::diagnose::Diagnose::from(&verifier(TrackingIds::Prefixed))
        .secret("production", &format!("{SECRET} "))
        .secret("sandbox", PASSWORD)
        .v2_credentials("old", LOGIN, PASSWORD);
    look! { sheet, payhook::diagnose::Diagnose: &diagnose; }
    for body in [body, &body.replace("order-9001", "order-9002"), &body[1..]] {
        let diagnosis = diagnose.body(body.as_bytes());
        look! { sheet, payhook::diagnose::Diagnosis: &diagnosis; }
        for finding in diagnosis.causes() {
            look! { sheet,
                payhook::diagnose::Finding: finding;
                payhook::diagnose::Cause: finding.cause();
            }
        }
    }
}
