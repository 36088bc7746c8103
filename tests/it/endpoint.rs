//! Endpoints with a handler: every status, and what reaches the handler and the
//! gateway.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use payhook::b2binpay::{self, LookupPolicy, TrackingIds};
use payhook::citypay::{self, Account};
use payhook::{
    BoxError, Callback, Disposition, Endpoint, Fault, Fetch, Handler, Reply,
    address::AddressRanges, endpoint::Idempotent, handler_fn, idempotency::MemoryStore,
    ledger::PaymentKey,
};
use serde_json::json;

use crate::support::{TIME, body, signed, verifier, with_transfer, without_transfer};

/// A handler that records its calls, and returns the configured results.
#[derive(Clone)]
pub(crate) struct Recorder {
    notes: Arc<Mutex<Vec<String>>>,
    pub(crate) answer: Result<(), &'static str>,
    pub(crate) known: Result<bool, &'static str>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            notes: Arc::default(),
            answer: Ok(()),
            known: Ok(true),
        }
    }
}

impl Recorder {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.notes.lock().unwrap())
    }
}

impl Handler for Recorder {
    async fn handle(&self, callback: Callback) -> Result<(), BoxError> {
        let event = callback.event();
        let note = format!(
            "{} {} by {}",
            event.kind(),
            event.outcome(),
            event.evidence()
        );
        self.notes.lock().unwrap().push(note);
        Ok(self.answer?)
    }

    async fn is_known(&self, _: &PaymentKey) -> Result<bool, BoxError> {
        Ok(self.known?)
    }
}

/// An HTTP client that returns a fixed response, and records the requests.
#[derive(Clone)]
pub(crate) struct Client {
    answer: Result<Vec<u8>, &'static str>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Client {
    pub(crate) fn new(answer: Result<Vec<u8>, &'static str>) -> Self {
        Self {
            answer,
            requests: Arc::default(),
        }
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Fetch for Client {
    async fn get(&self, url: &str) -> Result<Vec<u8>, BoxError> {
        self.requests.lock().unwrap().push(url.to_owned());
        Ok(self.answer.clone()?)
    }
}

pub(crate) type Handled<G> = Endpoint<G, Idempotent<Recorder, MemoryStore>>;

pub(crate) fn endpoint<G: payhook::Gateway>(gateway: G, seen: &Recorder) -> Handled<G> {
    Endpoint::new(gateway, Idempotent::new(seen.clone(), MemoryStore::new()))
}

pub(crate) fn signed_only(seen: &Recorder) -> Handled<b2binpay::Gateway> {
    endpoint(
        b2binpay::Gateway::new(verifier(TrackingIds::Prefixed)),
        seen,
    )
}

pub(crate) fn with_api(client: &Client, seen: &Recorder) -> Handled<b2binpay::Gateway<Client>> {
    let gateway = b2binpay::Gateway::new(verifier(TrackingIds::Prefixed));
    endpoint(
        gateway.with_api("https://api.example", client.clone()),
        seen,
    )
}

pub(crate) fn orders(client: &Client, seen: &Recorder) -> Handled<citypay::Gateway<Client>> {
    let account = Account::new("5120").unwrap();
    endpoint(citypay::Gateway::new(account, client.clone()), seen)
}

fn log(reply: &Reply) -> (u16, String) {
    (reply.status(), reply.disposition().to_string())
}

#[test]
fn every_status_of_b2binpay() {
    let seen = Recorder::default();
    for (file, status, fault, log) in [
        ("deposit-confirmed", 200, None, "handled: settled"),
        ("deposit-unconfirmed", 200, None, "handled: pending"),
        ("payout-rejected", 200, None, "handled: canceled?"),
        (
            "refused-truncated",
            400,
            Some(Fault::Sender),
            "malformed: invalid JSON at line 1, column 400",
        ),
        (
            "refused-amount",
            400,
            Some(Fault::Sender),
            "malformed: `included[1].attributes.amount`: expected a plain decimal number",
        ),
        (
            "refused-tampered",
            401,
            Some(Fault::Sender),
            "not proven: signature does not match any configured key (1 tried)",
        ),
        (
            "refused-unsigned",
            401,
            Some(Fault::Sender),
            "not proven: callback is not signed",
        ),
        (
            "refused-tracking-id",
            401,
            Some(Fault::Merchant),
            "not proven: tracking id does not fit the declared `TrackingIds::Prefixed`",
        ),
        (
            "refused-too-large",
            413,
            Some(Fault::Sender),
            "malformed: body is 67313 bytes long, the limit is 65536",
        ),
        (
            "refused-unknown-type",
            422,
            Some(Fault::Sender),
            "malformed: unsupported callback type in `data.type`",
        ),
    ] {
        let body = body(&format!("b2binpay-{file}.json"));
        let reply = signed_only(&seen).receive_blocking(&body, None);
        assert_eq!(reply.status(), status, "{file}");
        assert_eq!(reply.disposition().fault(), fault, "{file}");
        assert_eq!(
            reply.disposition().hint().is_none(),
            status == 200,
            "{file}"
        );
        assert_eq!(reply.disposition().to_string(), log, "{file}");
        // Only proven callbacks reach the handler.
        assert_eq!(seen.take().len(), usize::from(status == 200), "{file}");
    }
}

#[test]
fn a_failing_handler_is_answered_with_500() {
    let seen = Recorder {
        answer: Err("no such order"),
        ..Recorder::default()
    };
    let reply = signed_only(&seen).receive_blocking(&body("b2binpay-deposit-confirmed.json"), None);
    assert_eq!(
        log(&reply),
        (500, "the handler failed: no such order".to_owned())
    );
    assert_eq!(reply.disposition().fault(), Some(Fault::Merchant));
}

#[test]
fn the_body_limit_can_be_set() {
    let body = signed(
        with_transfer("deposit", "order-1", "1"),
        &format!("21order-1{TIME}"),
    )
    .to_string();
    let seen = Recorder::default();
    let received = |limit, body: &[u8]| {
        let endpoint = signed_only(&seen).body_limit(limit);
        endpoint.receive_blocking(body, None).status()
    };
    assert_eq!(received(body.len(), body.as_bytes()), 200);
    assert_eq!(seen.take(), ["deposit? settled by signature"]);
    assert_eq!(received(body.len() - 1, body.as_bytes()), 413);
    let large = crate::support::body("b2binpay-refused-too-large.json");
    assert_eq!(received(1 << 20, &large), 200);
}

#[test]
fn unsigned_callbacks_are_looked_up() {
    let deposit = without_transfer("deposit", "order-1", 4).to_string();
    let payout = without_transfer("payout", "wd-1", 3).to_string();
    let seen = Recorder::default();
    for (reported, answer, status, expected) in [
        (
            &deposit,
            Ok(deposit.clone().into_bytes()),
            200,
            "handled: canceled",
        ),
        (
            &payout,
            Ok(payout.clone().into_bytes()),
            200,
            "handled: canceled",
        ),
        (
            &deposit,
            Ok(deposit.replace("30417", "30418").into_bytes()),
            401,
            "not proven: `data.id` in the gateway's response does not match the callback",
        ),
        (
            &deposit,
            Ok(deposit.replace("order-1", "order-2").into_bytes()),
            401,
            "not proven: `data.attributes.tracking_id` in the gateway's response does not match \
             the callback",
        ),
        (
            &deposit,
            Ok(b"<html>".to_vec()),
            503,
            "the lookup failed: cannot parse the gateway's response: invalid JSON at line 1, \
             column 1",
        ),
        (
            &deposit,
            Err("timed out"),
            503,
            "the lookup failed: timed out",
        ),
    ] {
        let client = Client::new(answer);
        let reply = with_api(&client, &seen).receive_blocking(reported.as_bytes(), None);
        assert_eq!(log(&reply), (status, expected.to_owned()));
        assert_eq!(seen.take().len(), usize::from(status == 200));
        let kind = if reported == &deposit {
            "deposit"
        } else {
            "payout"
        };
        assert_eq!(
            client.requests(),
            [format!("https://api.example/{kind}/30417")]
        );
    }
}

/// The document is fetched by an unsigned id, so it may be about another payment.
#[test]
fn a_response_about_another_payment_proves_nothing() {
    let reported = body("b2binpay-deposit-confirmed.json");
    let text = String::from_utf8(reported.clone()).unwrap();
    let seen = Recorder::default();
    for (from, to) in [
        ("order-9001", "order-9002"),
        ("\"0.412000000000000000\"", "\"0.500000000000000000\""),
        ("\"55021\"", "\"55022\""),
    ] {
        assert!(text.contains(from), "{from}");
        let answer = Ok(text.replace(from, to).into_bytes());
        let gateway = b2binpay::Gateway::new(verifier(TrackingIds::Prefixed));
        let gateway = gateway
            .with_api("https://api.example", Client::new(answer))
            .lookup_policy(LookupPolicy::Always);
        let reply = endpoint(gateway, &seen).receive_blocking(&reported, None);
        assert_eq!(reply.status(), 200, "{from}");
        assert_eq!(
            seen.take(),
            ["deposit? needs review? by signature"],
            "{from}"
        );
    }
}

/// A callback that settles can also be looked up.
#[test]
fn settling_signed_callbacks_are_looked_up_if_configured() {
    let reported = body("b2binpay-deposit-confirmed.json");
    let seen = Recorder::default();
    for (holds, answer, status, kind) in [
        (
            true,
            Ok(reported.clone()),
            200,
            "deposit settled by signature",
        ),
        (
            false,
            Ok(reported.clone()),
            200,
            "deposit settled by signature",
        ),
        (true, Err("timed out"), 200, "deposit? settled by signature"),
        (false, Err("timed out"), 503, ""),
    ] {
        let gateway = b2binpay::Gateway::new(verifier(TrackingIds::Prefixed))
            .with_api("https://api.example", Client::new(answer))
            .lookup_policy(LookupPolicy::Always);
        let gateway = if holds {
            gateway.hold_on_lookup_failure()
        } else {
            gateway
        };
        let reply = endpoint(gateway, &seen).receive_blocking(&reported, None);
        assert_eq!(reply.status(), status);
        assert_eq!(seen.take().concat(), kind);
    }
}

#[test]
fn callbacks_that_only_a_signature_proves_are_not_looked_up() {
    let client = Client::new(Err("must not be requested"));
    let endpoint = with_api(&client, &Recorder::default());
    for kind in ["deposit", "payout"] {
        let reported = with_transfer(kind, "order-1", "1").to_string();
        assert_eq!(
            endpoint
                .receive_blocking(reported.as_bytes(), None)
                .status(),
            401
        );
    }
    assert!(client.requests().is_empty());
}

#[test]
fn every_status_of_citypay() {
    let confirmed = body("citypay-order-confirmed.json");
    let answer = body("citypay-order-confirmed.answer.json");
    let other_customer = body("citypay-refused-other-customer.answer.json");
    let behind = body("citypay-order-answer-behind.answer.json");
    let not_found = body("citypay-lookup-fails.answer.json");
    let no_token = br#"{"type":"order","order_id":441}"#.to_vec();
    for (posted, answer, issued, status, log) in [
        (
            &confirmed,
            Ok(answer.clone()),
            Ok(true),
            200,
            "handled: settled",
        ),
        (
            &confirmed,
            Ok(answer.clone()),
            Ok(false),
            401,
            "not proven: unknown token",
        ),
        (
            &confirmed,
            Ok(answer.clone()),
            Err("database is down"),
            503,
            "the lookup failed: database is down",
        ),
        (
            &confirmed,
            Err("timed out"),
            Ok(true),
            503,
            "the lookup failed: timed out",
        ),
        (
            &confirmed,
            Ok(behind),
            Ok(true),
            503,
            "the order endpoint lags behind the callback",
        ),
        (
            &confirmed,
            Ok(not_found),
            Ok(true),
            503,
            "the lookup failed: gateway returned an error for the lookup (404)",
        ),
        (
            &confirmed,
            Ok(other_customer),
            Ok(true),
            401,
            "not proven: order belongs to a different customer id",
        ),
        (
            &no_token,
            Ok(answer.clone()),
            Ok(true),
            401,
            "not proven: callback has no token",
        ),
        (
            &body("citypay-refused-unknown-type.json"),
            Ok(answer.clone()),
            Ok(true),
            422,
            "malformed: unsupported callback type in `type`",
        ),
        (
            &body("citypay-refused-no-identity.json"),
            Ok(answer),
            Ok(true),
            400,
            "malformed: `order_token`: missing required field",
        ),
    ] {
        let client = Client::new(answer);
        let seen = Recorder {
            known: issued,
            ..Recorder::default()
        };
        let reply = orders(&client, &seen).receive_blocking(posted, None);
        assert_eq!(
            (reply.status(), reply.disposition().to_string().as_str()),
            (status, log)
        );
        assert_eq!(seen.take().len(), usize::from(status == 200), "{log}");
        // The order endpoint is queried only for a token that the merchant knows.
        assert!(issued == Ok(true) || client.requests().is_empty());
    }
}

/// An order that its endpoint does not confirm yet is not claimed: a retry is not a
/// duplicate.
#[test]
fn an_order_is_handled_once_its_endpoint_has_caught_up() {
    let confirmed = body("citypay-order-confirmed.json");
    let store = MemoryStore::new();
    let seen = Recorder::default();
    for (answer, status, handled) in [
        ("order-answer-behind", 503, 0),
        ("order-answer-behind", 503, 0),
        ("order-confirmed", 200, 1),
        ("order-confirmed", 200, 0),
    ] {
        let client = Client::new(Ok(body(&format!("citypay-{answer}.answer.json"))));
        let gateway = citypay::Gateway::new(Account::new("5120").unwrap(), client);
        let endpoint = Endpoint::new(gateway, Idempotent::new(seen.clone(), store.clone()));
        let reply = endpoint.receive_blocking(&confirmed, None);
        assert_eq!(reply.status(), status);
        assert_eq!(reply.disposition().fault(), None);
        assert_eq!(reply.disposition().hint().is_some(), status == 503);
        assert_eq!(seen.take().len(), handled, "{answer}");
    }
}

#[test]
fn citypay_deposits() {
    let reported = body("citypay-deposit-confirmed.json");
    let ranges = || AddressRanges::parse(["203.0.113.1"]).unwrap();
    let peer = Some("203.0.113.1".parse().unwrap());
    let other_peer = Some("203.0.113.2".parse().unwrap());
    let account = Account::new("5120").unwrap();
    let restricted = account.clone().source_addresses(ranges());
    let trusting = account
        .clone()
        .danger_settle_deposits_by_source_address(ranges());
    let restricted_again = trusting.clone().source_addresses(ranges());
    for (account, issued, peer, expected) in [
        (
            &account,
            true,
            None,
            Ok("deposit? needs review? by known reference"),
        ),
        (&account, false, peer, Err(401)),
        (
            &restricted,
            true,
            peer,
            Ok("deposit? needs review? by source address"),
        ),
        // Where addresses are configured, a token does not replace them, nor
        // they the token.
        (&restricted, true, other_peer, Err(401)),
        (&restricted, true, None, Err(401)),
        (&restricted, false, peer, Err(401)),
        (
            &trusting,
            true,
            peer,
            Ok("deposit? settled? by source address"),
        ),
        (&trusting, false, peer, Err(401)),
        (&trusting, true, other_peer, Err(401)),
        // The last call takes precedence.
        (
            &restricted_again,
            true,
            peer,
            Ok("deposit? needs review? by source address"),
        ),
    ] {
        let seen = Recorder {
            known: Ok(issued),
            ..Recorder::default()
        };
        let client = Client::new(Err("must not be requested"));
        let gateway = citypay::Gateway::new(account.clone(), client);
        let reply = endpoint(gateway, &seen).receive_blocking(&reported, peer);
        match expected {
            Ok(log) => assert_eq!((reply.status(), seen.take()), (200, vec![log.to_owned()])),
            Err(status) => assert_eq!((reply.status(), seen.take()), (status, vec![])),
        }
    }
}

/// A trusted address does not replace values that are missing in the deposit.
#[test]
fn a_deposit_without_a_token_is_refused_and_one_without_an_amount_needs_review() {
    let ranges = AddressRanges::parse(["203.0.113.1"]).unwrap();
    let peer: IpAddr = "203.0.113.1".parse().unwrap();
    let account = Account::new("5120").unwrap();
    let trusting = account
        .clone()
        .danger_settle_deposits_by_source_address(ranges);
    let no_token =
        r#"{"type":"deposit","transaction_id":"7","received_amount":1,"status":"Confirmed"}"#;
    let no_amount = r#"{"type":"deposit","deposit_token":"dep","status":"Confirmed"}"#;
    for (reported, account, peer, status, note) in [
        (no_token, &trusting, Some(peer), 401, ""),
        (no_token, &account, None, 401, ""),
        (
            no_amount,
            &trusting,
            Some(peer),
            200,
            "deposit? needs review? by source address",
        ),
        (
            no_amount,
            &account,
            None,
            200,
            "deposit? needs review? by known reference",
        ),
    ] {
        let seen = Recorder::default();
        let client = Client::new(Err("must not be requested"));
        let gateway = citypay::Gateway::new(account.clone(), client);
        let reply = endpoint(gateway, &seen).receive_blocking(reported.as_bytes(), peer);
        assert_eq!(
            (reply.status(), seen.take().concat().as_str()),
            (status, note)
        );
    }
}

/// A database may refuse keys that are too long.
#[test]
fn payment_ids_are_bounded() {
    let keys = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&keys);
    let handler = handler_fn(async |_: Callback| Ok::<_, BoxError>(())).known(move |key| {
        requests.lock().unwrap().push(key);
        async { Ok::<_, BoxError>(true) }
    });
    let client = Client::new(Err("must not be requested"));
    let gateway = citypay::Gateway::new(Account::new("5120").unwrap(), client);
    let endpoint = Endpoint::new(gateway, Idempotent::new(handler, MemoryStore::new()));
    for id in ["7".repeat(128), "7".repeat(129), "7".repeat(40_000)] {
        let reported = json!({"type": "deposit", "deposit_token": "dep", "transaction_id": id});
        let reply = endpoint.receive_blocking(reported.to_string().as_bytes(), None);
        assert_eq!(reply.status(), 200);
        let PaymentKey { part, .. } = keys.lock().unwrap().pop().unwrap();
        assert_eq!(part == id, id.len() == 128);
        assert!(part.len() <= 128, "{} bytes", part.len());
    }
}

/// A database may refuse control characters: a forged callback would then look like an
/// outage.
#[test]
fn no_control_character_reaches_a_lookup() {
    let controls: Vec<_> = ('\0'..='\u{ff}').filter(|c| c.is_control()).collect();
    assert_eq!(controls.len(), 65);
    let fields = [
        ("order", "order_token"),
        ("order", "order_id"),
        ("order", "client_order_id"),
        ("order", "transaction_id"),
        ("deposit", "deposit_token"),
        ("deposit", "transaction_id"),
    ];
    let client = Client::new(Err("must not be requested"));
    let endpoint = orders(&client, &Recorder::default());
    for (kind, field) in fields {
        for control in &controls {
            for value in [format!("{control}"), format!("tok{control}1")] {
                let mut reported =
                    json!({"type": kind, "order_token": "tok_1", "deposit_token": "d"});
                reported[field] = json!(value);
                let reported = reported.to_string();
                let reply = endpoint.receive_blocking(reported.as_bytes(), None);
                let error =
                    format!("malformed: `{field}`: expected an id without control characters");
                assert_eq!(
                    (reply.status(), reply.disposition().to_string()),
                    (400, error)
                );
                let Disposition::Malformed(error) = reply.into_disposition() else {
                    panic!("it is the sender's fault");
                };
                assert_eq!(error.fault(), Fault::Sender);
            }
        }
    }
    assert!(client.requests().is_empty());
}

/// Only digits are inserted into the URL of a request with credentials.
#[test]
fn a_deposit_id_that_is_not_a_number_is_not_looked_up() {
    let client = Client::new(Err("must not be requested"));
    let endpoint = with_api(&client, &Recorder::default());
    let (longest, endless) = ("1".repeat(31), "1".repeat(60_000));
    let too_long = format!("{longest}1");
    for (id, status) in [
        ("../transfer/1", 401),
        ("1?x=", 401),
        ("1\r\nX: y", 400),
        (&too_long, 401),
        (&endless, 401),
    ] {
        let mut reported = without_transfer("deposit", "order-1", 4);
        reported["data"]["id"] = json!(id);
        let reply = endpoint.receive_blocking(reported.to_string().as_bytes(), None);
        assert_eq!(reply.status(), status);
    }
    assert!(client.requests().is_empty());
    let mut reported = without_transfer("deposit", "order-1", 4);
    reported["data"]["id"] = json!(longest);
    let reported = reported.to_string();
    let reply = endpoint.receive_blocking(reported.as_bytes(), None);
    assert_eq!(reply.status(), 503);
    assert!(!client.requests().is_empty());
}
