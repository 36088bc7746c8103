//! The events and spans that a subscriber receives, and those that it must never
//! receive.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once};

use payhook::b2binpay::{self, Key, TrackingIds, Verifier};
use payhook::citypay::{self, Account};
use payhook::{
    BoxError, Callback, Endpoint, Fetch, Gateway, Handler, MemoryLedger,
    address::AddressRanges,
    endpoint::Idempotent,
    idempotency::{Claim, ClaimToken, IdempotencyKeys, IdempotencyStore, Lease, MemoryStore},
    ledger::PaymentKey,
    payment::Expected,
};
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

use crate::handler::block_on;
use crate::support::{SECRET, TIME, body, sign, verifier, with_transfer, without_transfer};

/// Records all lines that it receives.
#[derive(Clone, Default)]
struct Recorder {
    ids: Arc<AtomicU64>,
    inside: Arc<AtomicU64>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    fn push(&self, line: String) {
        self.log.lock().unwrap().push(line);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, " {field}={value}").unwrap();
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let meta = span.metadata();
        let mut line = Line(format!("span {}:{}", meta.target(), meta.name()));
        span.record(&mut line);
        self.push(line.0);
        Id::from_u64(self.ids.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line("record".to_owned());
        values.record(&mut line);
        self.push(line.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let (level, target) = (event.metadata().level(), event.metadata().target());
        let inside = self.inside.load(Ordering::Relaxed);
        let mut line = Line(format!("{level} {target} in {inside}:"));
        event.record(&mut line);
        self.push(line.0);
    }

    fn enter(&self, span: &Id) {
        self.inside.store(span.into_u64(), Ordering::Relaxed);
    }

    fn exit(&self, _: &Id) {
        self.inside.store(0, Ordering::Relaxed);
    }
}

/// Records nothing, but keeps the callsites enabled.
///
/// `tracing` remembers for each event in the code whether any subscriber wants it. Other
/// tests run the same code at the same time without a subscriber, which could switch an
/// event off. *Sometimes* as the answer of one subscriber prevents that.
struct Sometimes;

impl Subscriber for Sometimes {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn recorded(flow: impl FnOnce()) -> Vec<String> {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| tracing::subscriber::set_global_default(Sometimes).unwrap());
    let recorder = Recorder::default();
    tracing::subscriber::with_default(recorder.clone(), flow);
    std::mem::take(&mut recorder.log.lock().unwrap())
}

/// Logs a line of its own, and returns a given result.
#[derive(Clone)]
struct Shop(Result<(), &'static str>);

impl Handler for Shop {
    async fn handle(&self, _: Callback) -> Result<(), BoxError> {
        tracing::debug!("the merchant's");
        Ok(self.0?)
    }

    async fn is_known(&self, _: &PaymentKey) -> Result<bool, BoxError> {
        Ok(true)
    }
}

type Handled<G, S = MemoryStore> = Endpoint<G, Idempotent<Shop, S>>;

fn handled<G: Gateway>(gateway: G, answer: Result<(), &'static str>) -> Handled<G> {
    Endpoint::new(gateway, Idempotent::new(Shop(answer), MemoryStore::new()))
}

fn signed_only() -> b2binpay::Gateway {
    b2binpay::Gateway::new(verifier(TrackingIds::Prefixed))
}

fn orders(api: Api) -> citypay::Gateway<Api> {
    citypay::Gateway::new(Account::new("5120").unwrap(), api)
}

/// The log of one body.
fn log<G: Gateway, T: payhook::endpoint::Target>(
    endpoint: &Endpoint<G, T>,
    body: &[u8],
) -> Vec<String> {
    let peer = Some("203.0.113.77".parse().unwrap());
    recorded(|| drop(endpoint.receive_blocking(body, peer)))
}

#[test]
fn a_proven_callback() {
    let key = Key::callback_secret(SECRET).unwrap().with_name("2026");
    let gateway = b2binpay::Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
    let endpoint = handled(gateway, Ok(())).namespace("eur");
    assert_eq!(
        log(&endpoint, &body("b2binpay-deposit-confirmed.json")),
        [
            "span payhook:callback gateway=b2binpay endpoint=eur",
            "record kind=deposit?",
            "record outcome=settled",
            "record evidence=signature",
            "record key=2026",
            "DEBUG tracing in 1: message=the merchant's",
            "record status=200",
            "INFO payhook in 1: message=handled disposition=handled status=200",
        ]
        .map(|line| line.replace("DEBUG tracing", &format!("DEBUG {}", module_path!())))
    );
}

/// The same with a ledger instead of a handler.
#[test]
fn an_applied_callback() {
    let endpoint = Endpoint::new(signed_only(), MemoryLedger::new());
    assert_eq!(
        log(&endpoint, &body("b2binpay-deposit-confirmed.json")),
        [
            "span payhook:callback gateway=b2binpay endpoint=",
            "record kind=deposit?",
            "record outcome=settled",
            "record evidence=signature",
            "record key=callback secret",
            "record status=200",
            "ERROR payhook in 1: message=no payment has this reference disposition=unmatched status=200 fault=merchant \
             hint=HINT",
        ]
        .map(|line| line.replace("HINT", payhook::payment::ReviewReason::Unmatched.advice()))
    );
}

/// A receipt has the fields of the event.
#[test]
fn a_callback_with_a_receipt() {
    let ledger = MemoryLedger::new();
    let amount = "0.4".parse().unwrap();
    ledger.expect(Expected::deposit("order-9001", "ETH", amount).unwrap());
    let endpoint = Endpoint::new(signed_only(), ledger).with_receipts();
    let last = log(&endpoint, &body("b2binpay-deposit-confirmed.json"))
        .pop()
        .unwrap();
    let (fixed, duration) = last.split_once(" duration_us=").unwrap();
    assert_eq!(
        fixed,
        "INFO payhook in 1: message=applied disposition=applied status=200 \
         body_sha256=2415d5c7346fc384d598c0b007240a563c1ec399f0837f0e3774c5095ea3fa49 \
         delivery=5d03d018eba71f3983d153d7ca6f910b reference=order-9001 credited=0.4 newly_paid=true \
         held=0.012000000000000000 reviews=[\"overpaid\"]"
    );
    assert!(duration.parse::<u64>().is_ok(), "{duration}");

    let forged = log(&endpoint, &body("b2binpay-refused-tampered.json"))
        .pop()
        .unwrap();
    assert!(forged.contains(" body_sha256="), "{forged}");
    assert!(!forged.contains("reference="), "{forged}");
}

#[test]
fn a_refused_callback() {
    let endpoint = handled(signed_only(), Ok(()));
    assert_eq!(
        log(&endpoint, &body("b2binpay-refused-tampered.json")),
        [
            "span payhook:callback gateway=b2binpay endpoint=",
            "record status=401",
            "WARN payhook in 1: message=not proven disposition=rejected status=401 \
             error=signature does not match any configured key (1 tried) fault=sender \
             hint=if every callback fails, the configured secret is wrong, or the body is parsed and serialized again before payhook sees it: API v3 signs with the callback secret shown in the dashboard (neither client_id nor client_secret), API v2 with login and password; sandbox and production have different secrets",
        ]
    );
}

#[derive(Clone, Copy)]
enum Answer {
    Alters,
    Busy,
    Fails,
    Forgot,
    IsAhead,
    Loses,
}

/// A store that returns a given answer.
#[derive(Clone, Copy)]
struct Store(Answer);

impl IdempotencyStore for Store {
    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        match self.0 {
            Answer::Alters => Ok(Claim::Conflicting),
            Answer::Busy => Ok(Claim::InProgress),
            Answer::Fails => Err("MARK".into()),
            Answer::Forgot => Ok(Claim::TooOld),
            Answer::IsAhead => Ok(Claim::Superseded),
            Answer::Loses => Ok(Claim::Acquired(ClaimToken::new(*keys.event(), 1))),
        }
    }

    async fn complete(&self, _: ClaimToken) -> Result<Lease, BoxError> {
        Ok(Lease::Lost)
    }

    async fn release(&self, _: ClaimToken) -> Result<Lease, BoxError> {
        Ok(Lease::Lost)
    }
}

fn stored<G: Gateway>(gateway: G, answer: Answer) -> Handled<G, Store> {
    Endpoint::new(gateway, Idempotent::new(Shop(Ok(())), Store(answer)))
}

/// The level says who has to act.
#[test]
fn levels() {
    let confirmed = body("b2binpay-deposit-confirmed.json");
    for (answer, expected) in [
        (
            Answer::Alters,
            "ERROR payhook in 1: message=duplicate delivery with different unsigned fields disposition=conflicting \
             status=409 fault=merchant hint=look up the payment in the gateway's dashboard; the gateway's next delivery of it is handled",
        ),
        (
            Answer::Busy,
            "WARN payhook in 1: message=another delivery is being handled disposition=in_progress status=503 \
             hint=no action needed: the gateway will retry",
        ),
        (
            Answer::Fails,
            "ERROR payhook in 1: message=the store failed disposition=store_failed status=503 fault=merchant \
             hint=see the store's error; the gateway will retry",
        ),
        (
            Answer::Forgot,
            "ERROR payhook in 1: message=older than the store's retention disposition=too_old status=409 fault=merchant \
             hint=look up the payment: the store has already deleted callbacks newer than this one; a longer retention keeps more",
        ),
        (
            Answer::IsAhead,
            "WARN payhook in 1: message=superseded by a later event disposition=superseded status=200",
        ),
        (
            Answer::Loses,
            "ERROR payhook in 1: message=handled, but not recorded disposition=handled_not_recorded status=200 \
             error=handler took longer than its lease fault=merchant \
             hint=compare with your own records: another delivery of this event may be handled as well",
        ),
    ] {
        let log = log(&stored(signed_only(), answer), &confirmed);
        assert_eq!(log.last().unwrap(), expected);
        assert!(log.contains(&"record outcome=settled".to_owned()));
    }

    let endpoint = handled(signed_only(), Ok(()));
    log(&endpoint, &confirmed);
    let last = log(&endpoint, &confirmed).pop().unwrap();
    assert_eq!(
        last,
        "INFO payhook in 1: message=already handled disposition=duplicate status=200"
    );

    let last = log(&endpoint, &body("b2binpay-refused-tracking-id.json")).pop();
    assert!(
        last.unwrap()
            .starts_with("ERROR payhook in 1: message=not proven disposition=rejected status=401")
    );
}

/// An error is only logged if it is one of the crate, which never quotes a body.
#[test]
fn errors_of_the_crate_are_logged() {
    let unreadable = handled(signed_only(), Ok(()));
    let last = log(&unreadable, b"[").pop().unwrap();
    assert!(
        last.contains("error=invalid JSON at line 1, column 1"),
        "{last}"
    );
    let order = body("citypay-order-confirmed.json");
    for (api, expected) in [
        (Api(Ok(json!({"status": "error"}))), true),
        (Api(Err("away")), false),
    ] {
        let last = log(&handled(orders(api), Ok(())), &order).pop().unwrap();
        assert!(last.contains("message=the lookup failed"), "{last}");
        assert_eq!(last.contains("error="), expected, "{last}");
    }
}

/// Returns values with marks in every field, or fails like an HTTP client.
#[derive(Clone)]
struct Api(Result<Value, &'static str>);

impl Fetch for Api {
    async fn get(&self, url: &str) -> Result<Vec<u8>, BoxError> {
        match &self.0 {
            Ok(answer) => Ok(answer.to_string().into_bytes()),
            Err(error) => Err(format!("GET {url}: {error}").into()),
        }
    }
}

/// Whatever the result, no marked value is logged, nor the peer.
fn assert_silent(status: u16, log: &[String], also: &[&str]) {
    assert!(log.contains(&format!("record status={status}")), "{log:#?}");
    let all = log.join("\n");
    for secret in also.iter().chain(&["MARK", "203.0.113.77"]) {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

#[test]
fn nothing_of_b2binpay_leaks() {
    const MARKED: &str = "cbs_MARKsecret";
    let gateway = || {
        let key = Key::callback_secret(MARKED).unwrap();
        let older = Key::v2_credentials("MARKlogin", "MARKpassword").unwrap();
        b2binpay::Gateway::new(Verifier::new(key, TrackingIds::Prefixed).add_key(older))
    };
    let mut plain = with_transfer("deposit", "MARKorder", "1234.5");
    plain["data"]["attributes"]["address"] = json!("0xMARKaddress");
    plain["included"][1]["attributes"]["txid"] = json!("0xMARKtxid");
    plain["MARKkey"] = json!("MARKvalue");
    let signature = sign(MARKED, &format!("21234.5MARKorder{TIME}"));
    let signed = |signature: &str| {
        let mut body = plain.clone();
        body["meta"]["sign"] = json!(signature);
        body
    };
    let mut tampered = signed(&signature);
    tampered["included"][1]["attributes"]["amount"] = json!("9234.5");
    let mut broken = signed(&signature);
    broken["included"][1]["attributes"]["amount"] = json!("MARKamount");
    let mut unknown = signed(&signature);
    unknown["data"]["type"] = json!("MARKtype");
    let hidden = [signature.as_str(), "234.5"];
    for (status, body) in [
        (200, signed(&signature)),
        (401, signed("MARKsignature")),
        (401, plain.clone()),
        (401, without_transfer("payout", "MARKpayout", 3)),
        (401, tampered),
        (400, broken),
        (422, unknown),
    ] {
        let body = body.to_string();
        let handled = log(&handled(gateway(), Ok(())), body.as_bytes());
        assert_silent(status, &handled, &hidden);
        let applied = log(
            &Endpoint::new(gateway(), MemoryLedger::new()),
            body.as_bytes(),
        );
        assert_silent(status, &applied, &hidden);
    }
    let body = signed(&signature).to_string();
    let failing = handled(gateway(), Err("MARKerror"));
    assert_silent(500, &log(&failing, body.as_bytes()), &hidden);
    let small = handled(gateway(), Ok(())).body_limit(20);
    assert_silent(413, &log(&small, body.as_bytes()), &hidden);
    assert_silent(400, &log(&failing, b"MARK{"), &hidden);
    for (status, answer) in [(409, Answer::Alters), (503, Answer::Fails)] {
        let stored = stored(gateway(), answer);
        assert_silent(status, &log(&stored, body.as_bytes()), &hidden);
    }
}

#[test]
fn nothing_of_a_looked_up_deposit_leaks() {
    let mut posted = without_transfer("deposit", "MARKorder", 4);
    posted["data"]["attributes"]["address"] = json!("0xMARKaddress");
    let mut other = posted.clone();
    other["data"]["attributes"]["tracking_id"] = json!("MARKother");
    let mut unreadable = posted.clone();
    unreadable["data"]["type"] = json!("MARKtype");
    for (status, answer) in [
        (200, Ok(posted.clone())),
        (401, Ok(other)),
        (503, Ok(unreadable)),
        (503, Ok(json!("MARK"))),
        (503, Err("MARKerror")),
    ] {
        let gateway = signed_only().with_api("https://gateway.example", Api(answer));
        let endpoint = handled(gateway, Ok(()));
        let log = log(&endpoint, posted.to_string().as_bytes());
        // The deposit's id, by which it is looked up.
        assert_silent(status, &log, &["30417"]);
        let evidence = "record evidence=gateway_api".to_owned();
        assert_eq!(log.contains(&evidence), status == 200, "{log:#?}");
    }
}

#[test]
fn nothing_of_citypay_leaks() {
    let marked = |file: &str| -> Value {
        let text = String::from_utf8(body(file)).unwrap();
        let text = text
            .replace("tok_4f9c1b7e", "tok_MARK")
            .replace("INV-2031", "MARKorder");
        let text = text.replace("payer@", "MARK@").replace("8c1f8c1f", "MARK");
        serde_json::from_str(&text).unwrap()
    };
    let posted = marked("citypay-order-confirmed.json").to_string();
    let answer = marked("citypay-order-confirmed.answer.json");
    let mut other = answer.clone();
    other["data"]["token"] = json!("tok_MARKother");
    let mut unreadable = answer.clone();
    unreadable["data"]["amount"] = json!("MARKamount");
    for (status, answer) in [
        (200, Ok(answer)),
        (401, Ok(other)),
        (503, Ok(unreadable)),
        (503, Ok(json!("MARK"))),
        (
            503,
            Ok(json!({"success": false, "message": "MARK", "status_code": 404})),
        ),
        (503, Err("MARKerror")),
    ] {
        let endpoint = handled(orders(Api(answer)), Ok(()));
        let log = log(&endpoint, posted.as_bytes());
        assert_silent(status, &log, &["0.0006527", "60.00", "bc1q"]);
        assert!(log[0].starts_with("span payhook:callback gateway=citypay endpoint="));
        if status == 200 {
            assert!(log.contains(&"record evidence=order_endpoint".to_owned()));
            assert!(!log.iter().any(|line| line.starts_with("record key")));
        }
    }
}

#[test]
fn nothing_of_a_citypay_deposit_leaks() {
    let text = String::from_utf8(body("citypay-deposit-confirmed.json")).unwrap();
    let text = text.replace("dep_user_42", "dep_MARK");
    let posted = text.replace("77aa77aa", "MARK");
    let broken = posted.replace("\"250.5\"", "\"MARKamount\"");
    let ranges = |range| AddressRanges::parse([range]).unwrap();
    let account = Account::new("5120").unwrap();
    let careful = |range| account.clone().source_addresses(ranges(range));
    let trusting = |range| {
        let account = account.clone();
        account.danger_settle_deposits_by_source_address(ranges(range))
    };
    for (status, account, body, end) in [
        (200, account.clone(), &posted, "evidence=known_reference"),
        (
            200,
            careful("203.0.113.0/24"),
            &posted,
            "evidence=source_address",
        ),
        (200, trusting("203.0.113.0/24"), &posted, "outcome=settled?"),
        (401, careful("198.51.100.1"), &posted, "status=401"),
        (400, account.clone(), &broken, "status=400"),
    ] {
        let gateway = citypay::Gateway::new(account, Api(Err("MARKerror")));
        let log = log(&handled(gateway, Ok(())), body.as_bytes());
        assert_silent(status, &log, &["250.5"]);
        assert!(log.contains(&format!("record {end}")), "{log:#?}");
    }
}

/// Failures before there is a body are logged as well.
#[cfg(feature = "http")]
#[test]
fn requests_that_are_not_callbacks() {
    use payhook::http::Request;

    struct Broken;

    impl http_body::Body for Broken {
        type Data = &'static [u8];
        type Error = &'static str;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<&'static [u8]>, &'static str>>>
        {
            tracing::debug!("reading");
            std::task::Poll::Ready(Some(Err("MARK")))
        }
    }

    let endpoint = handled(signed_only(), Ok(()));
    for (method, status, lines) in [("POST", 400, 4), ("GET", 405, 3)] {
        let request = Request::builder().method(method);
        let request = request.uri("/?MARK").header("mark", "MARK").body(Broken);
        let future = endpoint.receive_http(request.unwrap(), None);
        let log = recorded(|| drop(block_on(future)));
        assert_silent(status, &log, &[]);
        assert_eq!(log.len(), lines, "{log:#?}");
        assert!(
            log.last()
                .unwrap()
                .starts_with("WARN payhook in 1: message=")
        );
    }
}
