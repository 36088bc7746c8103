//! The suite detects every mistake of an incorrect shop, and none in a correct one.

mod credits;
mod several_mistakes;
mod single_mistakes;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use payhook::b2binpay::{self, Key, TrackingIds, Verifier};
use payhook::citypay::{self, Account};
use payhook::payment::ExpectedKind;
use payhook::testing::citypay::OrderEndpoint;
use payhook::{BoxError, MemoryLedger};
use payhook_conformance::Gateway;
use payhook_conformance::stress::{
    InProcessTarget, LedgerAccess, LedgerState, RecordingLedger, Report, Rule, Suite, SuiteError,
    Target, TestPayment,
};

use crate::SECRET;

fn key() -> Key {
    Key::callback_secret(SECRET).unwrap()
}

fn gateway() -> b2binpay::Gateway {
    b2binpay::Gateway::new(Verifier::new(key(), TrackingIds::Prefixed))
}

fn citypay_gateway(endpoint: &OrderEndpoint) -> citypay::Gateway<OrderEndpoint> {
    citypay::Gateway::new(Account::new("5120").unwrap(), endpoint.clone())
}

type Correct = InProcessTarget<RecordingLedger<MemoryLedger>>;

/// A correct shop without an order endpoint.
fn correct() -> Correct {
    let ledger = RecordingLedger::new(MemoryLedger::new());
    InProcessTarget::new(move || ledger.clone())
}

/// A correct shop for both gateways, and the suite for it.
fn both(seed: u64) -> (Correct, Suite) {
    let endpoint = OrderEndpoint::new();
    let shop = correct()
        .b2binpay(gateway())
        .citypay(citypay_gateway(&endpoint));
    let suite = Suite::new(seed).b2binpay(key());
    (shop, suite.citypay("5120", endpoint))
}

fn b2binpay() -> Suite {
    Suite::new(7).b2binpay(key())
}

fn rules(report: &Report) -> BTreeSet<Rule> {
    report.violations().map(|broken| broken.rule).collect()
}

fn violated_tests(report: &Report) -> Vec<&str> {
    let rows = report.results.iter();
    let broken = rows.filter(|row| !row.violations.is_empty());
    broken.map(|row| row.name).collect()
}

fn untested(report: &Report) -> Vec<&str> {
    let rows = report.results.iter();
    let untried = rows.filter(|row| !row.is_tested);
    untried.map(|row| row.name).collect()
}

#[test]
fn a_correct_shop_passes() {
    let (shop, suite) = both(7);
    let report = suite.run_blocking(&shop.replicas(2)).unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.to_string(), TABLE, "{report}");
}

#[test]
fn a_correct_shop_passes_with_any_seed() {
    for seed in 0..5 {
        let (shop, suite) = both(seed);
        let report = suite.run_blocking(&shop).unwrap();
        assert!(report.is_clean(), "{report}");
        assert_eq!(untested(&report), ["again at every replica"; 2]);
    }
}

/// As with a database: the ledger keeps the payments of the runs before.
#[test]
fn a_correct_shop_passes_again_with_the_same_ledger() {
    let (shop, suite) = both(7);
    let (_, other_seed) = both(8);
    let other_seed = other_seed.kinds([ExpectedKind::Deposit, ExpectedKind::Payout]);
    for suite in [&suite, &suite, &other_seed] {
        let report = suite.run_blocking(&shop).unwrap();
        assert!(report.is_clean(), "{report}");
    }
}

/// Some of the bodies sign values that API v2 omits.
#[test]
fn v2_keys_are_supported() {
    let key = Key::v2_credentials("login", "password").unwrap();
    let verifier = Verifier::new(key.clone(), TrackingIds::Prefixed);
    let shop = correct().b2binpay(b2binpay::Gateway::new(verifier));
    let report = Suite::new(7).b2binpay(key).run_blocking(&shop).unwrap();
    assert!(report.is_clean(), "{report}");
}

/// Tracking ids that look like amounts.
#[test]
fn numeric_tracking_ids_are_supported() {
    let verifier = Verifier::new(key(), TrackingIds::Unrestricted);
    let shop = correct().b2binpay(b2binpay::Gateway::new(verifier));
    let suite = b2binpay().references(|number| (88_000 + number).to_string());
    let report = suite.run_blocking(&shop).unwrap();
    assert!(report.is_clean(), "{report}");
}

const TABLE: &str = "\
seed 7                                          sent   200   4xx  else  credited  expected  result
B2BINPAY  a plain payment                          6     6     0     0         2         2  ok
B2BINPAY  the same bytes five times               10    10     0     0         2         2  ok
B2BINPAY  resent with new times                    8     8     0     0         2         2  ok
B2BINPAY  older callbacks afterwards               8     8     0     0         3       1-3  ok
B2BINPAY  the same bytes, two at once             24    24     0     0         8         8  ok
B2BINPAY  the same status, two at once            24    24     0     0         8         8  ok
B2BINPAY  growing confirmations                   11    11     0     0         4         4  ok
B2BINPAY  failed, blocked, canceled                7     7     0     0         0         0  ok
B2BINPAY  no transfer                              5     5     0     0         0         0  ok
B2BINPAY  a status of another scale                7     7     0     0         0         0  ok
B2BINPAY  unknown statuses                         6     6     0     0         0         0  ok
B2BINPAY  underpaid, overpaid, in parts            6     6     0     0         5       1-6  ok
B2BINPAY  format variants                         19    19     0     0        10        10  ok
B2BINPAY  parts, each repeated                    14    14     0     0         8       0-8  ok
B2BINPAY  two parts at once                       16    16     0     0        16      0-16  ok
B2BINPAY  dust after it is paid                    6     6     0     0         2       2-4  ok
B2BINPAY  confirmed, then reversed                15    15     0     0         6       0-6  ok
B2BINPAY  paid late                                5     5     0     0         1       0-2  ok
B2BINPAY  paid in another currency                 4     4     0     0         1         1  ok
B2BINPAY  again after a restart                   12    12     0     0         4       2-4  ok
B2BINPAY  again at every replica                  12    12     0     0         4       2-4  ok
B2BINPAY  one transfer under two references        4     4     0     0         2         2  ok
B2BINPAY  an invoice paid in other coins           6     6     0     0         0       0-5  ok
B2BINPAY  the server fails twice                   6     2     0     4         2         2  ok
B2BINPAY  a slow server, retried                   4     4     0     0         2         2  ok
B2BINPAY  signed fields changed                   10     5     5     0         4       2-4  ok
B2BINPAY  invalid signatures                      16     8     8     0         0         0  ok
B2BINPAY  unsigned fields changed                 18    18     0     0         9         9  ok
B2BINPAY  changed, then sent again                11    11     0     0         4         4  ok
B2BINPAY  resent, and changed in transit           4     4     0     0         2         2  ok
B2BINPAY  replayed as another kind                 4     4     0     0         2         2  ok
B2BINPAY  transfers pasted in                     10     6     4     0         0         0  ok
B2BINPAY  transfers and signatures stripped        8     4     4     0         0         0  ok
B2BINPAY  an amount's digit in the tracking id     2     1     1     0         1       0-1  ok
B2BINPAY  at the other gateway's URL               4     2     2     0         2         2  ok
CityPay  a plain payment                           3     3     0     0         1         1  ok
CityPay  the same bytes five times                 5     5     0     0         1         1  ok
CityPay  older callbacks afterwards                6     6     0     0         2         2  ok
CityPay  the same bytes, two at once              24    24     0     0         8         8  ok
CityPay  the endpoint lags, then catches up        8     4     0     4         2         2  ok
CityPay  the endpoint is ahead                     4     4     0     0         2         2  ok
CityPay  the endpoint fails, then answers          7     3     0     4         2         2  ok
CityPay  canceled, expired, unknown                6     6     0     0         0         0  ok
CityPay  underpaid, overpaid, in parts             4     4     0     0         2       0-4  ok
CityPay  format variants                          26    26     0     0        13        13  ok
CityPay  parts, each repeated                      4     4     0     0         1       0-2  ok
CityPay  confirmed, then underpaid                 6     6     0     0         2       1-3  ok
CityPay  dust after it is paid                     3     3     0     0         1       1-2  ok
CityPay  paid late                                 3     3     0     0         0       0-1  ok
CityPay  again after a restart                     5     5     0     0         2       1-3  ok
CityPay  again at every replica                   11    11     0     0         2       1-3  ok
CityPay  one transaction under two tokens          2     2     0     0         1         1  ok
CityPay  the server fails twice                    3     1     0     2         1         1  ok
CityPay  a slow server, retried                    2     2     0     0         1         1  ok
CityPay  unauthenticated notifications            32     8    11    13         0       0-1  ok
CityPay  fields changed                           14    12     1     1         7         7  ok
CityPay  at the other gateway's URL                2     1     1     0         1         1  ok
every received payment is credited once or held for manual review, and nothing else is credited";

/// The suite only registers payments of the selected kinds.
#[test]
fn kinds_can_be_excluded() {
    let rows = |kinds: &[ExpectedKind]| {
        let (shop, suite) = both(7);
        let shop = Opened {
            shop,
            kinds: Mutex::default(),
        };
        let suite = suite.kinds(kinds.iter().copied());
        let report = suite.run_blocking(&shop).unwrap();
        assert!(report.is_clean(), "{report}");
        let opened = shop.kinds.into_inner().unwrap();
        let wanted: BTreeSet<_> = kinds.iter().map(ExpectedKind::as_str).collect();
        assert_eq!(opened, wanted);
        report.results
    };
    let deposits = rows(&[ExpectedKind::Deposit]);
    assert!(deposits.iter().all(|row| row.gateway == Gateway::B2binpay));
    let names: Vec<_> = deposits.iter().map(|row| row.name).collect();
    assert!(names.contains(&"replayed as another kind"), "{names:?}");
    assert!(!names.contains(&"an invoice paid in other coins"));

    let orders = rows(&[ExpectedKind::Order]);
    assert!(orders.iter().all(|row| row.gateway == Gateway::CityPay));
    rows(&[ExpectedKind::Invoice]);
    rows(&[ExpectedKind::Payout, ExpectedKind::Order]);
}

/// A shop that records the kinds of the registered payments.
struct Opened {
    shop: Correct,
    kinds: Mutex<BTreeSet<&'static str>>,
}

impl LedgerAccess for Opened {
    async fn register(&self, payment: &TestPayment) -> Result<(), BoxError> {
        self.kinds.lock().unwrap().insert(payment.kind.as_str());
        self.shop.register(payment).await
    }

    async fn ledger_state(&self, reference: &str) -> Result<LedgerState, BoxError> {
        self.shop.ledger_state(reference).await
    }
}

impl Target for Opened {
    async fn post(&self, gateway: Gateway, replica: usize, body: &[u8]) -> Result<u16, BoxError> {
        self.shop.post(gateway, replica, body).await
    }
}

#[test]
fn an_empty_report_is_not_clean() {
    let report = Suite::new(1).run_blocking(&correct()).unwrap();
    assert!(!report.is_clean());
    assert_eq!(
        report.to_string(),
        "seed 1  sent   200   4xx  else  credited  expected  result\nnothing was tested"
    );
}

#[test]
fn without_responses_everything_is_lost() {
    let suite = b2binpay().patience(2, Duration::ZERO);
    let report = suite.run_blocking(&correct()).unwrap();
    assert_eq!(rules(&report), [Rule::Lost].into());
    let plain = &report.results[0];
    assert_eq!(
        (plain.sent, plain.failed, plain.credits, plain.min_credits),
        (12, 12, 0, 2)
    );
}

/// A server with other settings is told from one that loses money.
#[test]
fn a_server_that_refuses_everything_is_named() {
    let endpoint = OrderEndpoint::new();
    let other = Key::callback_secret("another secret").unwrap();
    let other = b2binpay::Gateway::new(Verifier::new(other, TrackingIds::Prefixed));
    let another = citypay::Gateway::new(Account::new("77").unwrap(), endpoint.clone());
    let shop = correct().b2binpay(other).citypay(another);
    let suite = b2binpay().patience(2, Duration::ZERO);
    let report = suite.clone().citypay("5120", endpoint);
    let report = report.run_blocking(&shop).unwrap();
    assert_eq!(rules(&report), [Rule::Lost].into());
    assert!(report.refuses_all(Gateway::B2binpay), "{report}");
    let shown = report.to_string();
    let end = shown.strip_prefix(&report.table()).unwrap();
    assert_eq!(
        end,
        "B2BINPAY: the server refuses every genuine callback with 401: does it have the key of \
         the test?\n\
         CityPay: the server refuses every genuine callback with 401: does it query the test's \
         order endpoint, with the same customer id?"
    );

    let shop = correct().b2binpay(gateway());
    let report = b2binpay().run_blocking(&shop).unwrap();
    assert!(report.is_clean() && !report.refuses_all(Gateway::B2binpay));
    assert!(!report.refuses_all(Gateway::CityPay));
}

/// The results of the tests before the ledger becomes unreadable are kept.
#[test]
fn an_aborted_run_keeps_its_results() {
    let shop = Forgetful::default();
    let suite = b2binpay().kinds([ExpectedKind::Deposit]);
    let error = suite.run_blocking(&shop).unwrap_err();
    let SuiteError::State { test, report, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(test, "again after a restart");
    assert_eq!(report.results.len(), 19, "{report}");
    assert!(report.results.iter().all(|result| result.name != test));
}

#[test]
fn the_number_of_attempts_can_be_set() {
    let shop = correct().replicas(3);
    let suite = b2binpay().patience(3, Duration::from_micros(1));
    let report = suite.run_blocking(&shop).unwrap();
    let plain = &report.results[0];
    assert_eq!((plain.sent, plain.failed), (18, 18));
    let suite = suite.references(|_| "private".to_owned());
    assert_eq!(
        format!("{shop:?} {suite:?}"),
        "InProcessTarget { gateways: [], replicas: 3, .. } \
         Suite { seed: 7, attempts: 3, pause: 1µs, .. }"
    );
}

/// A test key may be a real one.
#[test]
fn debug_shows_no_secret() {
    let endpoint = OrderEndpoint::new();
    let ledger = RecordingLedger::new(MemoryLedger::new());
    let shop = InProcessTarget::new({
        let ledger = ledger.clone();
        move || ledger.clone()
    });
    let shop = shop.b2binpay(gateway()).citypay(citypay_gateway(&endpoint));
    let suite = Suite::new(7)
        .b2binpay(key())
        .citypay("5120", endpoint)
        .references(|number| format!("tok-secret-{number}"));
    let report = suite.run_blocking(&shop).unwrap();
    let shown = format!("{shop:?}{shop:#?}{suite:?}{suite:#?}{ledger:?}{ledger:#?}");
    assert!(
        !shown.contains(SECRET) && !shown.contains("tok-secret"),
        "{shown}"
    );
    assert!(!format!("{report:?}{report}").contains(SECRET));
}

/// A ledger that cannot be read after a restart.
#[derive(Default)]
struct Forgetful {
    is_restarted: AtomicBool,
}

impl LedgerAccess for Forgetful {
    async fn register(&self, _: &TestPayment) -> Result<(), BoxError> {
        Ok(())
    }

    async fn ledger_state(&self, _: &str) -> Result<LedgerState, BoxError> {
        if self.is_restarted.load(Ordering::Relaxed) {
            return Err("no such payment".into());
        }
        Ok(LedgerState::default())
    }
}

impl Target for Forgetful {
    async fn post(&self, _: Gateway, _: usize, _: &[u8]) -> Result<u16, BoxError> {
        Ok(200)
    }

    async fn restart(&self) -> bool {
        self.is_restarted.store(true, Ordering::Relaxed);
        true
    }
}

/// A record that cannot be read.
struct Closed {
    opens: bool,
}

impl LedgerAccess for Closed {
    async fn register(&self, _: &TestPayment) -> Result<(), BoxError> {
        if self.opens {
            Ok(())
        } else {
            Err("closed".into())
        }
    }

    async fn ledger_state(&self, _: &str) -> Result<LedgerState, BoxError> {
        Err("unavailable".into())
    }
}

impl Target for Closed {
    async fn post(&self, _: Gateway, _: usize, _: &[u8]) -> Result<u16, BoxError> {
        Ok(200)
    }
}

#[test]
fn a_failing_record_aborts_the_suite() {
    for (opens, expected) in [
        (
            false,
            "the payment `order-1` of the test \"a plain payment\" was not registered: closed",
        ),
        (
            true,
            "cannot read the ledger's state of `order-1` in the test \"a plain payment\": unavailable",
        ),
    ] {
        let suite = b2binpay().references(|number| format!("order-{number}"));
        let error = suite.run_blocking(&Closed { opens }).unwrap_err();
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(format!("{error}: {source}"), expected);
    }
}

/// The seed determines the bodies; times and references can be set.
#[test]
fn a_seed_repeats_the_run() {
    let posted = |seed| {
        let shop = Recorder::default();
        let suite = Suite::new(seed)
            .b2binpay(key())
            .citypay("5120", OrderEndpoint::new())
            .at("2027-01-01T00:00:00Z".parse().unwrap());
        suite.run_blocking(&shop).unwrap();
        shop.posted.into_inner().unwrap()
    };
    let first = posted(3);
    assert!(first == posted(3));
    assert!(first != posted(4));
    assert!(
        first
            .iter()
            .any(|(_, body)| body.contains("2026-12-31T23:50:0"))
    );
    for sign in ["null", "\"\"", &format!("\"{}\"", "0".repeat(64))] {
        let sign = format!(r#""sign":{sign}"#);
        assert!(first.iter().any(|(_, body)| body.contains(&sign)), "{sign}");
    }
    // The replicas receive callbacks in turn.
    let replicas: BTreeSet<_> = first.iter().map(|(replica, _)| *replica).collect();
    assert_eq!(replicas, [0, 1, 2].into());
}

#[derive(Default)]
struct Recorder {
    posted: Mutex<Vec<(usize, String)>>,
}

impl LedgerAccess for Recorder {
    async fn register(&self, _: &TestPayment) -> Result<(), BoxError> {
        Ok(())
    }

    async fn ledger_state(&self, _: &str) -> Result<LedgerState, BoxError> {
        Ok(LedgerState::default())
    }
}

impl Target for Recorder {
    async fn post(&self, _: Gateway, replica: usize, body: &[u8]) -> Result<u16, BoxError> {
        let body = String::from_utf8(body.to_vec())?;
        self.posted.lock().unwrap().push((replica, body));
        Ok(200)
    }

    fn replicas(&self, _: Gateway) -> usize {
        3
    }
}
