//! The whole flow: every status, and what reaches the handler and the look-up.

use std::io;
use std::net::IpAddr;
use std::sync::Mutex;

use payhook::b2binpay::TrackingIds;
use payhook::citypay::Account;
use payhook::{
    AddressRanges, AsyncDepositLookup, AsyncOrderLookup, Callback, DepositLookup, Disposition,
    Evidence, Fault, HandlerError, MemoryGuard, OrderLookup, Receiver, Reply, TokenUse, Verified,
    VerifyError, handler_fn,
};
use serde_json::json;

use crate::handler::block_on;
use crate::support::{TIME, body, signed, verifier, with_transfer, without_transfer};

/// Notes what the handler got.
#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

impl Seen {
    fn note(&self, callback: &Verified<Callback>) {
        let event = callback.event();
        self.0.lock().unwrap().push(format!(
            "{} {} by {}",
            event.kind(),
            event.outcome(),
            event.evidence()
        ));
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn receive<G: payhook::Prove + payhook::AsyncProve + Clone>(
    receiver: &Receiver<G>,
    body: &[u8],
    peer: Option<IpAddr>,
    seen: &Seen,
) -> Reply {
    let handler = handler_fn(|callback: Verified<Callback>| {
        seen.note(&callback);
        Ok::<_, HandlerError>(())
    });
    assert_eq!(seen.0.lock().unwrap().len(), 0, "not taken yet");
    // What a guard remembers is tested elsewhere.
    let fresh = || receiver.clone().guard(MemoryGuard::new());
    let reply = fresh().receive(body, peer, &handler);
    let async_seen = Seen::default();
    let handler = handler_fn(|callback: Verified<Callback>| {
        async_seen.note(&callback);
        std::future::ready(Ok::<_, HandlerError>(()))
    });
    let async_reply = block_on(fresh().receive_async(body, peer, &handler));
    // Both ways are one flow.
    assert_eq!(async_reply.status(), reply.status());
    assert_eq!(
        async_reply.disposition().to_string(),
        reply.disposition().to_string()
    );
    assert_eq!(*async_seen.0.lock().unwrap(), *seen.0.lock().unwrap());
    reply
}

#[test]
fn every_status_of_b2binpay() {
    let receiver = Receiver::b2binpay(verifier(TrackingIds::Prefixed));
    let seen = Seen::default();
    for (file, status, fault, log) in [
        ("deposit-confirmed", 200, None, "handled: settled"),
        ("deposit-unconfirmed", 200, None, "handled: pending"),
        ("payout-rejected", 200, None, "handled: canceled?"),
        (
            "refused-truncated",
            400,
            Some(Fault::Sender),
            "unreadable: the body is not one JSON document: it breaks at line 1, column 400",
        ),
        (
            "refused-amount",
            400,
            Some(Fault::Sender),
            "unreadable: `included[1].attributes.amount`: expected digits with at most a point among them",
        ),
        (
            "refused-tampered",
            401,
            Some(Fault::Sender),
            "not proven: none of 1 configured key(s) makes this signature",
        ),
        (
            "refused-unsigned",
            401,
            Some(Fault::Sender),
            "not proven: the callback is not signed",
        ),
        (
            "refused-tracking-id",
            401,
            Some(Fault::Operator),
            "not proven: tracking id does not fit the declared `TrackingIds::Prefixed`; `TrackingIds::Unrestricted` would accept it",
        ),
        (
            "refused-too-large",
            413,
            Some(Fault::Sender),
            "unreadable: the body has 67313 bytes, the limit is 65536",
        ),
        (
            "refused-unknown-type",
            422,
            Some(Fault::Sender),
            "unreadable: `data.type` names no kind of callback that is known here",
        ),
    ] {
        let reply = receive(
            &receiver,
            &body(&format!("b2binpay-{file}.json")),
            None,
            &seen,
        );
        assert_eq!(reply.status(), status, "{file}");
        assert_eq!(reply.disposition().fault(), fault, "{file}");
        assert_eq!(
            reply.disposition().hint().is_none(),
            status == 200,
            "{file}"
        );
        assert_eq!(reply.disposition().to_string(), log, "{file}");
        // Only what is proven gets to the handler.
        assert_eq!(seen.take().len(), usize::from(status == 200), "{file}");
    }
}

#[test]
fn a_failing_handler_is_500() {
    let receiver = Receiver::b2binpay(verifier(TrackingIds::Prefixed));
    let handler =
        handler_fn(|_: Verified<Callback>| Err::<(), _>(io::Error::other("no such order")));
    let reply = receiver.receive(&body("b2binpay-deposit-confirmed.json"), None, &handler);
    assert_eq!(reply.status(), 500);
    assert_eq!(
        reply.disposition().to_string(),
        "the handler failed: no such order"
    );
    assert_eq!(reply.disposition().fault(), Some(Fault::Operator));
}

#[test]
fn the_limit_is_the_merchants() {
    let body = signed(
        with_transfer("deposit", "order-1", "1"),
        &format!("21order-1{TIME}"),
    )
    .to_string();
    let receiver = |limit| Receiver::b2binpay(verifier(TrackingIds::Prefixed)).body_limit(limit);
    let seen = Seen::default();
    assert_eq!(
        receive(&receiver(body.len()), body.as_bytes(), None, &seen).status(),
        200
    );
    assert_eq!(seen.take(), ["deposit? settled by signature"]);
    assert_eq!(
        receive(&receiver(body.len() - 1), body.as_bytes(), None, &seen).status(),
        413
    );
    let large = crate::support::body("b2binpay-refused-too-large.json");
    assert_eq!(
        receive(&receiver(1 << 20), &large, None, &seen).status(),
        200
    );
}

/// Answers what it is told to, and notes what it was asked.
struct Api {
    answer: Result<Vec<u8>, &'static str>,
    issued: Result<bool, &'static str>,
    asked: Mutex<Vec<String>>,
}

impl Api {
    fn new(answer: Result<Vec<u8>, &'static str>) -> Self {
        Self {
            answer,
            issued: Ok(true),
            asked: Mutex::default(),
        }
    }

    fn answer(&self, question: String) -> Result<Vec<u8>, &'static str> {
        self.asked.lock().unwrap().push(question);
        self.answer.clone()
    }
}

impl DepositLookup for Api {
    type Error = &'static str;

    fn fetch(&self, id: &str) -> Result<Vec<u8>, Self::Error> {
        self.answer(format!("deposit {id}"))
    }
}

impl AsyncDepositLookup for Api {
    type Error = &'static str;

    async fn fetch(&self, id: &str) -> Result<Vec<u8>, Self::Error> {
        self.answer(format!("deposit {id}"))
    }
}

impl OrderLookup for Api {
    type Error = &'static str;

    fn is_issued(&self, token: TokenUse<'_>) -> Result<bool, Self::Error> {
        self.asked.lock().unwrap().push(format!("{token:?}"));
        self.issued
    }

    fn fetch(&self, token: &str) -> Result<Vec<u8>, Self::Error> {
        self.answer(format!("order {token}"))
    }
}

impl AsyncOrderLookup for Api {
    type Error = &'static str;

    async fn is_issued(&self, token: TokenUse<'_>) -> Result<bool, Self::Error> {
        OrderLookup::is_issued(self, token)
    }

    async fn fetch(&self, token: &str) -> Result<Vec<u8>, Self::Error> {
        OrderLookup::fetch(self, token)
    }
}

#[test]
fn unsigned_deposits_are_asked_about() {
    let told = without_transfer("deposit", "order-1", 4).to_string();
    let seen = Seen::default();
    for (answer, status, log) in [
        (Ok(told.clone().into_bytes()), 200, "handled: canceled"),
        (
            Ok(told.replace("30417", "30418").into_bytes()),
            401,
            "not proven: `data.id` of the gateway's answer is not what the callback says",
        ),
        (
            Ok(b"<html>".to_vec()),
            503,
            "the look-up failed: the gateway's answer can't be read: the body is not one JSON document: it breaks at line 1, column 1",
        ),
        (Err("timed out"), 503, "the look-up failed: timed out"),
    ] {
        let api = Api::new(answer);
        // An address would do, but is no way round a look-up that is there.
        let ranges = AddressRanges::parse(["203.0.113.1"]).unwrap();
        let receiver = Receiver::b2binpay(verifier(TrackingIds::Prefixed))
            .accept_unsigned_from(ranges)
            .look_up_deposits(&api);
        let reply = receive(
            &receiver,
            told.as_bytes(),
            Some("203.0.113.1".parse().unwrap()),
            &seen,
        );
        assert_eq!(
            (reply.status(), reply.disposition().to_string().as_str()),
            (status, log)
        );
        assert_eq!(seen.take().len(), usize::from(status == 200));
        assert_eq!(
            *api.asked.lock().unwrap(),
            ["deposit 30417", "deposit 30417"]
        );
    }
}

#[test]
fn nothing_is_asked_about_what_only_a_signature_proves() {
    let api = Api::new(Err("must not be asked"));
    let receiver = Receiver::b2binpay(verifier(TrackingIds::Prefixed)).look_up_deposits(&api);
    let seen = Seen::default();
    for body in [
        with_transfer("deposit", "order-1", "1"),
        without_transfer("payout", "wd-1", 3),
    ] {
        assert_eq!(
            receive(&receiver, body.to_string().as_bytes(), None, &seen).status(),
            401
        );
    }
    assert!(api.asked.lock().unwrap().is_empty());
}

#[test]
fn unsigned_payouts_by_address() {
    let ranges = AddressRanges::parse(["203.0.113.0/28"]).unwrap();
    let receiver = Receiver::b2binpay(verifier(TrackingIds::Prefixed)).accept_unsigned_from(ranges);
    let told = without_transfer("payout", "wd-1", 3).to_string();
    let seen = Seen::default();
    for (peer, status) in [
        (Some("203.0.113.1"), 200),
        (Some("::ffff:203.0.113.1"), 200),
        (Some("203.0.113.99"), 401),
        (None, 401),
    ] {
        let peer = peer.map(|peer| peer.parse().unwrap());
        let reply = receive(&receiver, told.as_bytes(), peer, &seen);
        assert_eq!(reply.status(), status, "{peer:?}");
        let expected: &[_] = if status == 200 {
            &["payout? canceled? by source address"]
        } else {
            &[]
        };
        assert_eq!(seen.take(), expected);
    }
    // A deposit goes the same way where there is no look-up.
    let deposit = without_transfer("deposit", "order-1", 4).to_string();
    let reply = receive(
        &receiver,
        deposit.as_bytes(),
        Some("203.0.113.1".parse().unwrap()),
        &seen,
    );
    assert_eq!(
        (reply.status(), seen.take()),
        (200, vec!["deposit? canceled? by source address".to_owned()])
    );
    // A transfer is proven by its signature or not at all.
    let told = with_transfer("payout", "wd-1", "1").to_string();
    let reply = receive(
        &receiver,
        told.as_bytes(),
        Some("203.0.113.1".parse().unwrap()),
        &seen,
    );
    let Disposition::NotProven(VerifyError::MissingSignature) = reply.into_disposition() else {
        panic!("accepted");
    };
}

fn citypay(api: &Api) -> Receiver<payhook::CityPay<&Api>> {
    Receiver::citypay(Account::new("5120").unwrap(), api)
}

#[test]
fn every_status_of_citypay() {
    let confirmed = body("citypay-order-confirmed.json");
    let answer = body("citypay-order-confirmed.answer.json");
    let other_customer = body("citypay-refused-other-customer.answer.json");
    let behind = body("citypay-order-answer-behind.answer.json");
    let not_found = body("citypay-lookup-fails.answer.json");
    let no_token = br#"{"type":"order","order_id":441}"#.to_vec();
    let seen = Seen::default();
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
            "not proven: the token is none that the merchant issued",
        ),
        (
            &confirmed,
            Ok(answer.clone()),
            Err("database is down"),
            503,
            "the look-up failed: database is down",
        ),
        (
            &confirmed,
            Err("timed out"),
            Ok(true),
            503,
            "the look-up failed: timed out",
        ),
        (
            &confirmed,
            Ok(behind),
            Ok(true),
            503,
            "the order endpoint is behind the callback",
        ),
        (
            &confirmed,
            Ok(not_found),
            Ok(true),
            503,
            "the look-up failed: the gateway answered the look-up with an error (404)",
        ),
        (
            &confirmed,
            Ok(other_customer),
            Ok(true),
            401,
            "not proven: the order belongs to another customer id than the configured one",
        ),
        (
            &no_token,
            Ok(answer.clone()),
            Ok(true),
            401,
            "not proven: the callback has no token to look it up by",
        ),
        (
            &body("citypay-refused-unknown-type.json"),
            Ok(answer.clone()),
            Ok(true),
            422,
            "unreadable: `type` names no kind of callback that is known here",
        ),
        (
            &body("citypay-refused-no-identity.json"),
            Ok(answer),
            Ok(true),
            400,
            "unreadable: `order_token`: expected a value, found none",
        ),
    ] {
        let api = Api {
            issued,
            ..Api::new(answer)
        };
        let reply = receive(&citypay(&api), posted, None, &seen);
        assert_eq!(
            (reply.status(), reply.disposition().to_string().as_str()),
            (status, log)
        );
        assert_eq!(seen.take().len(), usize::from(status == 200), "{log}");
        // The endpoint is asked only for a token that the merchant knows.
        let asked = api.asked.lock().unwrap();
        assert!(
            issued == Ok(true) || !asked.iter().any(|question| question.starts_with("order ")),
            "{asked:?}"
        );
    }
}

/// What the endpoint does not know yet claims nothing: told again, it is new.
#[test]
fn an_order_is_handed_over_once_its_endpoint_has_caught_up() {
    let confirmed = body("citypay-order-confirmed.json");
    let guard = MemoryGuard::new();
    let seen = Seen::default();
    let handler = handler_fn(|callback: Verified<Callback>| {
        seen.note(&callback);
        Ok::<_, HandlerError>(())
    });
    for (answer, status, handed_over) in [
        ("order-answer-behind", 503, 0),
        ("order-answer-behind", 503, 0),
        ("order-confirmed", 200, 1),
        ("order-confirmed", 200, 0),
    ] {
        let api = Api::new(Ok(body(&format!("citypay-{answer}.answer.json"))));
        let reply = citypay(&api)
            .guard(&guard)
            .receive(&confirmed, None, &handler);
        assert_eq!(reply.status(), status);
        assert_eq!(reply.disposition().fault(), None);
        assert_eq!(reply.disposition().hint().is_some(), status == 503);
        assert_eq!(seen.take().len(), handed_over, "{answer}");
    }
}

#[test]
fn citypay_deposits() {
    let told = body("citypay-deposit-confirmed.json");
    let ranges = || AddressRanges::parse(["203.0.113.1"]).unwrap();
    let peer = Some("203.0.113.1".parse().unwrap());
    let stranger = Some("203.0.113.2".parse().unwrap());
    let account = Account::new("5120").unwrap();
    let careful = account.clone().source_addresses(ranges());
    let trusting = account
        .clone()
        .danger_settle_deposits_by_source_address(ranges());
    let careful_again = trusting.clone().source_addresses(ranges());
    let seen = Seen::default();
    for (account, issued, peer, expected) in [
        (
            &account,
            true,
            None,
            Ok("deposit? needs review? by merchant record"),
        ),
        (&account, false, peer, Err(401)),
        (
            &careful,
            true,
            peer,
            Ok("deposit? needs review? by source address"),
        ),
        // Where addresses are configured, a token is no way round them, nor
        // they a way round the token.
        (&careful, true, stranger, Err(401)),
        (&careful, true, None, Err(401)),
        (&careful, false, peer, Err(401)),
        (
            &trusting,
            true,
            peer,
            Ok("deposit? settled? by source address"),
        ),
        (&trusting, false, peer, Err(401)),
        (&trusting, true, stranger, Err(401)),
        // The later choice is the one that counts.
        (
            &careful_again,
            true,
            peer,
            Ok("deposit? needs review? by source address"),
        ),
    ] {
        let api = Api {
            issued: Ok(issued),
            ..Api::new(Err("must not be asked"))
        };
        let receiver = Receiver::citypay(account.clone(), &api);
        let reply = receive(&receiver, &told, peer, &seen);
        match expected {
            Ok(log) => assert_eq!((reply.status(), seen.take()), (200, vec![log.to_owned()])),
            Err(status) => assert_eq!((reply.status(), seen.take()), (status, vec![])),
        }
    }
}

/// Trusting an address does not make up for what the deposit does not say.
#[test]
fn a_deposit_without_a_token_or_an_amount_needs_review() {
    let ranges = AddressRanges::parse(["203.0.113.1"]).unwrap();
    let account = Account::new("5120").unwrap();
    let api = Api::new(Err("must not be asked"));
    let trusting = account
        .clone()
        .danger_settle_deposits_by_source_address(ranges);
    let seen = Seen::default();
    for told in [
        r#"{"type":"deposit","transaction_id":"7","received_amount":1,"status":"Confirmed"}"#,
        r#"{"type":"deposit","deposit_token":"dep","status":"Confirmed"}"#,
    ] {
        let receiver = Receiver::citypay(trusting.clone(), &api);
        let reply = receive(
            &receiver,
            told.as_bytes(),
            Some("203.0.113.1".parse().unwrap()),
            &seen,
        );
        assert_eq!(
            (reply.status(), seen.take()),
            (
                200,
                vec!["deposit? needs review? by source address".to_owned()]
            )
        );
        let receiver = Receiver::citypay(account.clone(), &api);
        let reply = receive(&receiver, told.as_bytes(), None, &seen);
        assert_eq!(
            (reply.status(), seen.take().len()),
            if told.contains("dep\"") {
                (200, 1)
            } else {
                (401, 0)
            }
        );
    }
}

/// A database may refuse a control character: a stranger's would then be an
/// operator's alarm.
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
    let api = Api::new(Err("must not be asked"));
    for (kind, field) in fields {
        for control in &controls {
            for value in [format!("{control}"), format!("tok{control}1")] {
                let mut told = json!({"type": kind, "order_token": "tok_1", "deposit_token": "d"});
                told[field] = json!(value);
                let told = told.to_string();
                let reply = receive(&citypay(&api), told.as_bytes(), None, &Seen::default());
                let error =
                    format!("unreadable: `{field}`: expected an id without control characters");
                assert_eq!(
                    (reply.status(), reply.disposition().to_string()),
                    (400, error)
                );
                let Disposition::Unreadable(error) = reply.into_disposition() else {
                    panic!("it is the sender's fault");
                };
                assert_eq!(error.fault(), Fault::Sender);
            }
        }
    }
    assert!(api.asked.lock().unwrap().is_empty());
}

/// Only digits get into an address that is fetched with credentials.
#[test]
fn a_deposit_id_that_is_no_number_is_not_asked_about() {
    let api = Api::new(Err("must not be asked"));
    let receiver = Receiver::b2binpay(verifier(TrackingIds::Prefixed)).look_up_deposits(&api);
    let (longest, endless) = ("1".repeat(31), "1".repeat(60_000));
    let too_long = format!("{longest}1");
    for (id, status) in [
        ("../transfer/1", 401),
        ("1?x=", 401),
        ("1\r\nX: y", 400),
        (&too_long, 401),
        (&endless, 401),
    ] {
        let mut told = without_transfer("deposit", "order-1", 4);
        told["data"]["id"] = json!(id);
        let reply = receive(
            &receiver,
            told.to_string().as_bytes(),
            None,
            &Seen::default(),
        );
        assert_eq!(reply.status(), status);
    }
    assert!(api.asked.lock().unwrap().is_empty());
    let mut told = without_transfer("deposit", "order-1", 4);
    told["data"]["id"] = json!(longest);
    let told = told.to_string();
    let reply = receive(&receiver, told.as_bytes(), None, &Seen::default());
    assert_eq!(reply.status(), 503);
    assert!(!api.asked.lock().unwrap().is_empty());
}

/// What the gateway reports of evidence is the merchant's own name for the key.
#[test]
fn the_handler_learns_which_key_fits() {
    let receiver = Receiver::b2binpay(verifier(TrackingIds::Prefixed));
    let handler = handler_fn(|callback: Verified<Callback>| {
        assert!(
            matches!(callback.evidence(), Evidence::Signature { key, .. } if &**key == "callback secret")
        );
        Ok::<_, HandlerError>(())
    });
    let told = signed(
        with_transfer("deposit", "order-1", "1"),
        &format!("21order-1{TIME}"),
    );
    assert_eq!(
        receiver
            .receive(json!(told).to_string().as_bytes(), None, &handler)
            .status(),
        200
    );
}

#[test]
fn what_is_asked_about_is_shown_without_the_token() {
    let shown = [TokenUse::Order("tok_1"), TokenUse::Deposit("dep_1")];
    let shown = shown.map(|asked| format!("{asked:?}"));
    assert_eq!(shown, ["Order(..)", "Deposit(..)"]);
}
