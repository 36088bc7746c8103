//! Shared by several tests: the vectors, keys, and an independent signer.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use hmac::{Hmac, KeyInit, Mac};
use payhook::b2binpay::{Callback, Key, TrackingIds, Verifier};
use payhook::{Unverified, Verified, VerifyError, error::ConfigError};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) const SECRET: &str = "cbs_7Qm2vX9tR4kL8pN1";
pub(crate) const TIME: &str = "2026-03-02T09:16:02.551870Z";

/// Whether `tests/public-api.txt` applies to the enabled features: it lists all of
/// them.
pub(crate) const ALL_FEATURES: bool = cfg!(all(
    feature = "diagnose",
    feature = "metrics",
    feature = "reqwest",
    feature = "testing",
    feature = "tower",
    feature = "tracing",
));

/// The path of each public struct and enum, with all features.
pub(crate) fn public_types() -> BTreeSet<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/public-api.txt");
    let surface = fs::read_to_string(path).unwrap();
    let name = |line: &str| {
        let line = line.trim_start_matches("#[non_exhaustive] ");
        let (kind, path) = line.strip_prefix("pub ")?.split_once(' ')?;
        let path = path.split(['<', '(']).next()?;
        matches!(kind, "enum" | "struct" | "union").then(|| path.to_owned())
    };
    let types = surface.lines().filter_map(name);
    types.map(|path| at_root(&path)).collect()
}

/// The name of a type at the root, where a module of one topic has it: both have some.
pub(crate) fn at_root(path: &str) -> String {
    let topics = [
        "address",
        "amount",
        "config",
        "diagnose",
        "endpoint",
        "error",
        "event",
        "fetch",
        "handler",
        "idempotency",
        "ledger",
        "timestamp",
        "verified",
    ];
    let path = path.strip_prefix("payhook::").unwrap_or(path);
    match path.split_once("::") {
        Some((topic, name)) if topics.contains(&topic) => format!("payhook::{name}"),
        _ => format!("payhook::{path}"),
    }
}

/// A case of `tests/vectors`.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) gateway: String,
    pub(crate) rules: Vec<String>,
    pub(crate) keys: Vec<Value>,
    pub(crate) tracking_ids: Option<TrackingIds>,
    pub(crate) body: Vec<u8>,
    pub(crate) query: Option<Query>,
    pub(crate) expect: Value,
}

/// The merchant's query of the order endpoint, and the response.
pub(crate) struct Query {
    pub(crate) customer_id: String,
    pub(crate) issued: String,
    pub(crate) answer: Vec<u8>,
}

impl Case {
    fn from_line(line: &str) -> Self {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| case[key].as_str().unwrap().to_owned();
        let rules = case["rules"].as_array().into_iter().flatten();
        let query = case.get("answer").map(|_| Query {
            customer_id: text("customer_id"),
            issued: text("issued"),
            answer: text("answer").into_bytes(),
        });
        Self {
            name: text("name"),
            gateway: text("gateway"),
            rules: rules
                .map(|rule| rule.as_str().unwrap().to_owned())
                .collect(),
            keys: case["keys"].as_array().unwrap().clone(),
            tracking_ids: declaration(&case["tracking_ids"]),
            body: text("body").into_bytes(),
            query,
            expect: case["expect"].clone(),
        }
    }

    pub(crate) fn verifier(&self) -> Verifier {
        self.try_verifier().unwrap()
    }

    pub(crate) fn try_verifier(&self) -> Result<Verifier, ConfigError> {
        let mut keys = self.keys.iter().map(key);
        let first = Verifier::new(keys.next().unwrap()?, self.tracking_ids.unwrap());
        keys.try_fold(first, |verifier, key| Ok(verifier.add_key(key?)))
    }

    pub(crate) fn is_b2binpay(&self) -> bool {
        self.gateway == "b2binpay"
    }
}

fn declaration(declared: &Value) -> Option<TrackingIds> {
    let length = declared["length"].as_u64();
    let length = length.map(|length| TrackingIds::FixedLength(length.try_into().unwrap()));
    length.or_else(|| declared.as_str().map(tracking_ids))
}

fn tracking_ids(name: &str) -> TrackingIds {
    match name {
        "lettered" => TrackingIds::Prefixed,
        "always_empty" => TrackingIds::Unused,
        "any" => TrackingIds::Unrestricted,
        other => panic!("unknown declaration {other}"),
    }
}

fn key(spec: &Value) -> Result<Key, ConfigError> {
    let text = |key: &str| spec[key].as_str().unwrap();
    match text("scheme") {
        "callback_secret" => Key::callback_secret(text("secret")),
        "login_password" => Key::v2_credentials(text("login"), text("password")),
        other => panic!("unknown scheme {other}"),
    }
}

/// A file of `tests/vectors`.
pub(crate) fn vectors(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(file)
}

/// All vectors: the given ones, and those written by the builders.
pub(crate) fn cases() -> Vec<Case> {
    let rules: Value =
        serde_json::from_str(&fs::read_to_string(vectors("given.rules.json")).unwrap()).unwrap();
    let read = |file| {
        let text = fs::read_to_string(vectors(file)).unwrap();
        text.lines().map(Case::from_line).collect::<Vec<_>>()
    };
    let mut given = read("given.jsonl");
    for case in &mut given {
        // That file is kept unchanged, so its rules are in another one.
        let rules = rules[&case.name].as_array().into_iter().flatten();
        let rules = rules.map(|rule| rule.as_str().unwrap().to_owned());
        case.rules = rules.collect();
    }
    let written = ["b2binpay.jsonl", "citypay.jsonl"];
    given
        .into_iter()
        .chain(written.into_iter().flat_map(read))
        .collect()
}

/// B2BINPAY's cases with valid keys.
pub(crate) fn b2binpay_cases() -> Vec<Case> {
    let usable = |case: &Case| case.is_b2binpay() && case.try_verifier().is_ok();
    cases().into_iter().filter(usable).collect()
}

/// The bytes of one of the example bodies.
pub(crate) fn body(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("examples/bodies")
        .join(name);
    fs::read(path).unwrap()
}

pub(crate) fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

pub(crate) fn parse(body: &[u8]) -> Unverified<Callback> {
    Unverified::parse(body).unwrap()
}

/// The HMAC-SHA256 in lower-case hex, computed without the crate.
pub(crate) fn sign(secret: &str, message: &str) -> String {
    hex(&mac(secret.as_bytes(), message.as_bytes()))
}

pub(crate) fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

pub(crate) fn sha256(text: &str) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut hex = vec![0; 2 * bytes.len()];
    base16ct::lower::encode_str(bytes, &mut hex)
        .unwrap()
        .to_owned()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let held = chunk
            .iter()
            .fold(0, |held, byte| held << 8 | usize::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            text.push(if place <= chunk.len() {
                char::from(DIGITS[held >> (18 - 6 * place) & 63])
            } else {
                '='
            });
        }
    }
    text
}

#[test]
fn digests_and_their_spellings() {
    // From Wikipedia's article on HMAC.
    let text = "The quick brown fox jumps over the lazy dog";
    let signature = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";
    assert_eq!(sign("key", text), signature);
    assert_eq!(base64(b"payhook!"), "cGF5aG9vayE=");
}

pub(crate) fn verifier(tracking_ids: TrackingIds) -> Verifier {
    Verifier::new(Key::callback_secret(SECRET).unwrap(), tracking_ids)
}

pub(crate) fn verify(
    body: &Value,
    tracking_ids: TrackingIds,
) -> Result<Verified<Callback>, VerifyError> {
    verifier(tracking_ids).verify(parse(body.to_string().as_bytes()))
}

/// A small deposit or payout with one confirmed transfer, unsigned.
pub(crate) fn with_transfer(kind: &str, tracking_id: &str, amount: &str) -> Value {
    let op_type = if kind == "deposit" { 1 } else { 2 };
    json!({
        "data": {
            "type": kind,
            "id": "30417",
            "attributes": {"tracking_id": tracking_id, "status": 2},
            "relationships": {
                "currency": {"data": {"type": "currency", "id": "1002"}},
                "transfer": {"data": {"type": "transfer", "id": "55021"}},
            },
        },
        "included": [
            {"type": "currency", "id": "1002", "attributes": {"alpha": "ETH", "exp": 18, "confirmation_blocks": 3}},
            {"type": "transfer", "id": "55021", "attributes": {
                "op_type": op_type, "amount": amount, "status": 2, "confirmations": 3, "txid": "0xab",
            }},
        ],
        "meta": {"time": TIME},
    })
}

/// The same body with another transfer id, which is not signed.
pub(crate) fn with_transfer_id(mut body: Value, id: &str) -> Value {
    body["included"][1]["id"] = json!(id);
    body["data"]["relationships"]["transfer"]["data"]["id"] = json!(id);
    body
}

/// The same without a transfer.
pub(crate) fn without_transfer(kind: &str, tracking_id: &str, status: i32) -> Value {
    let mut body = with_transfer(kind, tracking_id, "1");
    body["data"]["attributes"]["status"] = json!(status);
    body["data"]["relationships"]
        .as_object_mut()
        .unwrap()
        .remove("transfer");
    body["included"].as_array_mut().unwrap().pop();
    body
}

/// Signs `message` into the body.
pub(crate) fn signed(mut body: Value, message: &str) -> Value {
    body["meta"]["sign"] = json!(sign(SECRET, message));
    body
}
