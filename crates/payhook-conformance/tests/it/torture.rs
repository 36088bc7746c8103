//! The torture finds every mistake in a shop that makes it, and none in a right
//! one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use payhook::b2binpay::{
    DepositStatus, Key, Operation, TrackingIds, TransferCallback, TransferStatus, Verifier,
};
use payhook::citypay::Account;
use payhook::payment::ExpectedKind;
use payhook::testing::citypay::OrderEndpoint;
use payhook::{
    Amount, AsyncHandler, BoxError, Callback, Fact, Handler, HandlerError, NoGuard, Outcome,
    Receiver, Unverified, Verdict, Verified, handler_fn,
};
use payhook_conformance::Gateway;
use payhook_conformance::torture::{
    Books, InProcess, Ledger, Payment, Report, Rule, Shop, Torture, Trouble,
};
use serde_json::Value;

use crate::SECRET;

fn key() -> Key {
    Key::callback_secret(SECRET).unwrap()
}

fn verifier() -> Verifier {
    Verifier::new(key(), TrackingIds::Prefixed)
}

/// What is awaited, and what was credited.
#[derive(Default)]
struct Record(Mutex<HashMap<String, (Payment, Books)>>);

impl Record {
    fn get(&self, reference: &str) -> Option<(Payment, Books)> {
        self.0.lock().unwrap().get(reference).cloned()
    }

    fn update(&self, reference: &str, change: impl FnOnce(&Payment, &mut Books)) {
        if let Some((payment, books)) = self.0.lock().unwrap().get_mut(reference) {
            change(payment, books);
        }
    }
}

/// A right shop, asynchronous and not.
impl Record {
    fn book(&self, callback: &Verified<Callback>) {
        let event = callback.event();
        let mut orders = self.0.lock().unwrap();
        // Where to look; whether it is proven is compared below.
        let reference = event.reference().map(Fact::value);
        let Some((payment, books)) = reference.and_then(|it| orders.get_mut(it)) else {
            return;
        };
        let expected = payment.expected().already_received(books.credited.clone());
        let found = expected.reconcile(callback);
        let is_part = found.outcome().value() == Outcome::Settled;
        match found.verdict() {
            Verdict::Exact => {}
            Verdict::Under { .. } if is_part => {}
            _ => return,
        }
        if let Some(total) = found.total().and_then(Fact::proven)
            && *total > books.credited
        {
            *books = Books::new(total.clone(), books.credits + 1, *total >= payment.amount)
                .currency(payment.currency)
                .kind(payment.kind);
        }
    }
}

impl Ledger for Record {
    async fn open(&self, payment: &Payment) -> Result<(), BoxError> {
        let order = (payment.clone(), Books::default());
        let mut orders = self.0.lock().unwrap();
        assert!(orders.insert(payment.reference.clone(), order).is_none());
        Ok(())
    }

    async fn books(&self, reference: &str) -> Result<Books, BoxError> {
        Ok(self.0.lock().unwrap()[reference].1.clone())
    }
}

impl Handler for Record {
    type Error = HandlerError;

    fn handle(&self, callback: Verified<Callback>) -> Result<(), HandlerError> {
        self.book(&callback);
        Ok(())
    }
}

impl AsyncHandler for Record {
    type Error = HandlerError;

    async fn handle(&self, callback: Verified<Callback>) -> Result<(), HandlerError> {
        self.book(&callback);
        Ok(())
    }
}

fn rules(report: &Report) -> BTreeSet<Rule> {
    report.broken().map(|broken| broken.rule).collect()
}

fn rows_with(report: &Report, is_wanted: impl Fn(bool) -> bool) -> Vec<&str> {
    let rows = report.rows.iter();
    let rows = rows.filter(|row| is_wanted(!row.broken.is_empty()));
    rows.map(|row| row.name).collect()
}

fn broken_rows(report: &Report) -> Vec<&str> {
    rows_with(report, |is_broken| is_broken)
}

fn b2binpay() -> Torture {
    Torture::new(7).b2binpay(key())
}

fn reference(callback: &Verified<Callback>) -> String {
    let event = callback.event();
    let reference = event.reference().and_then(Fact::proven);
    reference.unwrap_or_default().to_owned()
}

/// A right shop for both gateways, and who tortures it.
fn both(seed: u64) -> (InProcess<Arc<Record>, Arc<Record>>, Torture) {
    let endpoint = OrderEndpoint::new();
    let shop = Arc::new(Record::default());
    let account = Account::new("5120").unwrap();
    let shop = InProcess::new(Arc::clone(&shop), shop)
        .receiver_async(Receiver::b2binpay(verifier()))
        .receiver_async(Receiver::citypay(account, endpoint.clone()));
    let torture = Torture::new(seed).b2binpay(key());
    (shop, torture.citypay("5120", endpoint))
}

#[test]
fn a_right_shop_passes() {
    let (shop, torture) = both(7);
    let report = torture.run_blocking(&shop).unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.to_string(), TABLE);
}

#[test]
fn a_right_shop_passes_whatever_the_seed() {
    for seed in 0..5 {
        let (shop, torture) = both(seed);
        let report = torture.run_blocking(&shop).unwrap();
        assert!(report.is_clean(), "{report}");
    }
}

/// What API v2 leaves out is signed in some of the bodies.
#[test]
fn a_key_of_v2_will_do() {
    let key = Key::login_password("login", "password").unwrap();
    let shop = Arc::new(Record::default());
    let verifier = Verifier::new(key.clone(), TrackingIds::Prefixed);
    let shop = InProcess::new(Arc::clone(&shop), shop).receiver_async(Receiver::b2binpay(verifier));
    let report = Torture::new(7).b2binpay(key).run_blocking(&shop).unwrap();
    assert!(report.is_clean(), "{report}");
}

const TABLE: &str = "\
seed 7                                       sent   200   4xx  else  credited  expected  verdict
B2BINPAY  the plain life                        6     6     0     0         2         2  ok
B2BINPAY  the same bytes five times            10    10     0     0         2         2  ok
B2BINPAY  resent with new times                 8     8     0     0         2         2  ok
B2BINPAY  late news after the last              6     6     0     0         2         2  ok
B2BINPAY  the same bytes, two at once          24    24     0     0         8         8  ok
B2BINPAY  the same news, two at once           24    24     0     0         8         8  ok
B2BINPAY  growing confirmations                11    11     0     0         4         4  ok
B2BINPAY  failed, blocked, canceled             7     7     0     0         0         0  ok
B2BINPAY  no transfer                           5     5     0     0         0         0  ok
B2BINPAY  a status of another scale             7     7     0     0         0         0  ok
B2BINPAY  unknown statuses                      6     6     0     0         0         0  ok
B2BINPAY  less, more, in parts                  8     8     0     0         4       0-7  ok
B2BINPAY  mixed spellings                      19    19     0     0        10        10  ok
B2BINPAY  the handler fails twice               6     2     0     4         2         2  ok
B2BINPAY  a slow handler, asked again           6     4     0     2         2         2  ok
B2BINPAY  signed fields changed                10     5     5     0         4       2-4  ok
B2BINPAY  signatures of nobody                 16     8     8     0         0         0  ok
B2BINPAY  unsigned fields changed              18    18     0     0         9         9  ok
B2BINPAY  changed, and told again              11    11     0     0         4         4  ok
B2BINPAY  resent, and changed on its way        4     4     0     0         2         2  ok
B2BINPAY  replayed as another kind              4     4     0     0         2         2  ok
B2BINPAY  transfers pasted in                  10     6     4     0         0         0  ok
B2BINPAY  transfers and signatures stripped     8     4     4     0         0         0  ok
B2BINPAY  the amount's digit in the id          2     1     1     0         1         1  ok
B2BINPAY  at the other gateway's address        4     2     2     0         2         2  ok
CityPay  the plain life                         3     3     0     0         1         1  ok
CityPay  the same bytes five times              5     5     0     0         1         1  ok
CityPay  late news after the last               6     6     0     0         2         2  ok
CityPay  the same bytes, two at once           24    24     0     0         8         8  ok
CityPay  the endpoint lags, then catches up     8     4     0     4         2         2  ok
CityPay  the endpoint is ahead                  4     4     0     0         2         2  ok
CityPay  the endpoint fails, then answers       7     3     0     4         2         2  ok
CityPay  canceled, expired, unknown             6     6     0     0         0         0  ok
CityPay  less, more, in parts                   4     4     0     0         1       0-4  ok
CityPay  mixed spellings                       26    26     0     0        13        13  ok
CityPay  the handler fails twice                3     1     0     2         1         1  ok
CityPay  a slow handler, asked again            3     2     0     1         1         1  ok
CityPay  rung by strangers                     32     8    11    13         0       0-1  ok
CityPay  fields changed                        14    12     1     1         7         7  ok
CityPay  at the other gateway's address         2     1     1     0         1         1  ok
every payment that came in is credited once, and nothing else is";

/// With threads of its own, and tracking ids that look like amounts.
#[test]
fn a_right_shop_passes_in_threads() {
    let verifier = Verifier::new(key(), TrackingIds::Unrestricted);
    let shop = Arc::new(Record::default());
    let shop = InProcess::new(Arc::clone(&shop), shop).receiver(Receiver::b2binpay(verifier));
    let torture = b2binpay().references(|number| (88_000 + number).to_string());
    let report = torture.run_blocking(&shop).unwrap();
    assert!(report.is_clean(), "{report}");
}

#[test]
fn nothing_tried_is_not_clean() {
    let shop = InProcess::new((), Record::default());
    let report = Torture::new(1).run_blocking(&shop).unwrap();
    assert!(!report.is_clean());
    assert_eq!(
        report.to_string(),
        "seed 1  sent   200   4xx  else  credited  expected  verdict\nnothing was tried"
    );
}

#[test]
fn nobody_answers() {
    let shop = InProcess::new((), Record::default());
    let torture = b2binpay().patience(2, Duration::ZERO);
    let report = torture.run_blocking(&shop).unwrap();
    assert_eq!(rules(&report), [Rule::Lost].into());
    let life = &report.rows[0];
    assert_eq!(
        (life.sent, life.failed, life.credits, life.due),
        (12, 12, 0, 2)
    );
}

/// Adds what each callback brings.
struct Adder(Record);

impl Handler for Adder {
    type Error = HandlerError;

    fn handle(&self, callback: Verified<Callback>) -> Result<(), HandlerError> {
        self.0.update(&reference(&callback), |payment, books| {
            let found = payment.expected().reconcile(&callback);
            if *found.verdict() == Verdict::Exact {
                let sum = books.credited.checked_add(&payment.amount).unwrap();
                *books = Books::new(sum, books.credits + 1, true);
            }
        });
        Ok(())
    }
}

impl Ledger for Adder {
    async fn open(&self, payment: &Payment) -> Result<(), BoxError> {
        self.0.open(payment).await
    }

    async fn books(&self, reference: &str) -> Result<Books, BoxError> {
        self.0.books(reference).await
    }
}

fn adder() -> InProcess<Arc<Adder>, Arc<Adder>> {
    let adder = Arc::new(Adder(Record::default()));
    InProcess::new(Arc::clone(&adder), adder)
}

/// Its guard lets everything through, and so does its handler.
#[test]
fn without_a_guard_it_credits_twice() {
    let shop = adder().receiver(Receiver::b2binpay(verifier()).guard(NoGuard));
    let report = b2binpay().run_blocking(&shop).unwrap();
    assert_eq!(rules(&report), [Rule::CreditedTwice].into(), "{report}");
    let broken = report.broken().next().unwrap();
    assert_eq!(
        broken.to_string(),
        "credited twice: B2BINPAY, the same bytes five times (deposit): \
         36.86 USDT came in, 73.72 USDT is credited in 2 entries"
    );
    // Below the table: the rule, what to look at, and each case once.
    let text = report.to_string();
    let (_, told) = text.split_once("a rule is broken in ").unwrap();
    let mut lines = told.lines().skip(2);
    assert_eq!(
        lines.next().unwrap(),
        "credited twice: claim each piece of news before it is credited, in the same \
         transaction or by a guard; take currency and kind from your own record, and set the \
         balance to all that came instead of adding to it: no signature covers what tells two \
         alike apart"
    );
    let mut cases: Vec<_> = lines.collect();
    assert!(
        cases.iter().any(|line| line.ends_with("; 8 times")),
        "{told}"
    );
    let count = cases.len();
    cases.dedup();
    assert_eq!(cases.len(), count, "{told}");
    assert!(told.lines().all(|line| !line.starts_with("lost")), "{told}");
}

/// It has a guard.
#[test]
fn without_what_is_credited_it_credits_twice() {
    let shop = adder().receiver(Receiver::b2binpay(verifier()));
    let report = b2binpay().run_blocking(&shop).unwrap();
    assert_eq!(rules(&report), [Rule::CreditedTwice].into(), "{report}");
    assert_eq!(broken_rows(&report), ["resent, and changed on its way"]);
}

/// It looks whether it was credited, and notes that it was; in between, it waits.
#[test]
fn check_then_insert_credits_twice() {
    let record = Arc::new(Record::default());
    let books = Arc::clone(&record);
    let handler = handler_fn(move |callback: Verified<Callback>| {
        let books = Arc::clone(&books);
        async move {
            let reference = reference(&callback);
            let Some((payment, before)) = books.get(&reference) else {
                return Ok(());
            };
            let found = payment.expected().reconcile(&callback);
            if *found.verdict() == Verdict::Exact && before.credits == 0 {
                tokio::task::yield_now().await;
                books.update(&reference, |_, books| {
                    let sum = books.credited.checked_add(&payment.amount).unwrap();
                    *books = Books::new(sum, books.credits + 1, true);
                });
            }
            Ok::<(), HandlerError>(())
        }
    });
    let receiver = Receiver::b2binpay(verifier()).guard(NoGuard);
    let shop = InProcess::new(handler, record).receiver_async(receiver);
    let report = b2binpay().run_blocking(&shop).unwrap();
    assert_eq!(rules(&report), [Rule::CreditedTwice].into(), "{report}");
    let expected = [
        "the same bytes, two at once",
        "the same news, two at once",
        "a slow handler, asked again",
    ];
    assert_eq!(broken_rows(&report), expected);
}

/// All is compared and credited once, but nobody asks for the signature.
#[derive(Default)]
struct Credulous(Record);

impl Ledger for Credulous {
    async fn open(&self, payment: &Payment) -> Result<(), BoxError> {
        self.0.open(payment).await
    }

    async fn books(&self, reference: &str) -> Result<Books, BoxError> {
        self.0.books(reference).await
    }
}

impl Shop for Credulous {
    async fn post(&self, _: Gateway, body: &[u8]) -> Result<u16, BoxError> {
        let Ok(callback) = Unverified::<TransferCallback>::parse(body) else {
            return Ok(400);
        };
        let told = callback.into_unverified();
        let kind = match told.operation {
            Operation::Deposit(_) => ExpectedKind::Deposit,
            _ => ExpectedKind::Payout,
        };
        let currency = told.currency().and_then(|currency| currency.alpha.clone());
        self.0.update(&told.tracking_id, |payment, books| {
            if let Some(transfer) = told.transfer()
                && transfer.status == TransferStatus::Confirmed
                && transfer.amount == payment.amount
                && kind == payment.kind
                && currency.is_some_and(|currency| &*currency == payment.currency)
                && books.credits == 0
            {
                *books = Books::new(payment.amount.clone(), 1, true);
            }
        });
        Ok(200)
    }
}

#[test]
fn without_a_signature_it_credits_unproven() {
    let report = b2binpay().run_blocking(&Credulous::default()).unwrap();
    assert_eq!(rules(&report), [Rule::CreditedUnproven].into(), "{report}");
    let expected = [
        "signed fields changed",
        "signatures of nobody",
        "transfers pasted in",
        "transfers and signatures stripped",
        "the amount's digit in the id",
    ];
    assert_eq!(broken_rows(&report), expected);
    let untried = report.rows.iter().filter(|row| !row.is_tried);
    let untried: Vec<_> = untried.map(|row| row.name).collect();
    let expected = ["the handler fails twice", "a slow handler, asked again"];
    assert_eq!(untried, expected);
}

/// Whatever comes of it, it answers 200.
struct Polite<S>(S);

impl<S: Shop + Sync> Ledger for Polite<S> {
    async fn open(&self, payment: &Payment) -> Result<(), BoxError> {
        self.0.open(payment).await
    }

    async fn books(&self, reference: &str) -> Result<Books, BoxError> {
        self.0.books(reference).await
    }
}

impl<S: Shop + Sync> Shop for Polite<S> {
    async fn post(&self, gateway: Gateway, body: &[u8]) -> Result<u16, BoxError> {
        self.0.post(gateway, body).await?;
        Ok(200)
    }

    async fn disturb(&self, trouble: Trouble) -> bool {
        self.0.disturb(trouble).await
    }
}

#[test]
fn with_200_for_everything_it_loses() {
    let (shop, torture) = both(7);
    let report = torture.run_blocking(&Polite(shop)).unwrap();
    assert_eq!(rules(&report), [Rule::Lost].into(), "{report}");
    let expected = [
        "the handler fails twice",
        "the endpoint lags, then catches up",
        "the endpoint fails, then answers",
        "the handler fails twice",
    ];
    assert_eq!(broken_rows(&report), expected);
}

/// A right shop whose books are read wrong: what the judge makes of it.
struct Misread<F> {
    shop: InProcess<Arc<Record>, Arc<Record>>,
    misread: F,
}

impl<F: Fn(&str, Books) -> Books + Sync> Ledger for Misread<F> {
    async fn open(&self, payment: &Payment) -> Result<(), BoxError> {
        self.shop.open(payment).await
    }

    async fn books(&self, reference: &str) -> Result<Books, BoxError> {
        let books = self.shop.books(reference).await?;
        Ok((self.misread)(reference, books))
    }
}

impl<F: Fn(&str, Books) -> Books + Sync> Shop for Misread<F> {
    async fn post(&self, gateway: Gateway, body: &[u8]) -> Result<u16, BoxError> {
        self.shop.post(gateway, body).await
    }

    async fn disturb(&self, trouble: Trouble) -> bool {
        self.shop.disturb(trouble).await
    }
}

fn misread(misread: impl Fn(&str, Books) -> Books + Sync) -> Report {
    let (shop, _) = both(7);
    let shop = Misread { shop, misread };
    b2binpay().run_blocking(&shop).unwrap()
}

/// The rows in which anything was credited.
fn credited_rows() -> Vec<&'static str> {
    let report = misread(|_, books| books);
    assert!(report.is_clean(), "{report}");
    let rows = report.rows.iter().filter(|row| row.credits > 0);
    rows.map(|row| row.name).collect()
}

#[test]
fn every_column_of_the_books_is_judged() {
    let one = || "1".parse::<Amount>().unwrap();
    let is_credited = |books: &Books| books.credits > 0;
    let everywhere = credited_rows();
    let breaks_everywhere = |report: Report, rule: Rule, found: &str| {
        assert_eq!(rules(&report), [rule].into(), "{report}");
        assert_eq!(broken_rows(&report), everywhere);
        assert_eq!(report.broken().next().unwrap().found, found);
    };

    // One entry too many, or one coin.
    let more = misread(|_, mut books| {
        books.credits += usize::from(is_credited(&books));
        books
    });
    let found = "184.03 LTC came in, 184.03 LTC is credited in 2 entries";
    breaks_everywhere(more, Rule::CreditedTwice, found);
    let more = misread(|_, mut books| {
        if is_credited(&books) {
            books.credited = books.credited.checked_add(&one()).unwrap();
        }
        books
    });
    let found = "184.03 LTC came in, 185.03 LTC is credited";
    breaks_everywhere(more, Rule::CreditedTwice, found);

    // Before anything came, though what was told is proven.
    let early = misread(|_, mut books| {
        books.credits = books.credits.max(1);
        books
    });
    assert_eq!(rules(&early), [Rule::CreditedUnproven].into(), "{early}");
    assert!(broken_rows(&early).contains(&"no transfer"));
    let found = &early.broken().next().unwrap().found;
    assert_eq!(found, "0 LTC came in, 0 LTC is credited");

    // It is too much, whatever it is taken for.
    let early = misread(|_, books| match books.credits {
        0 => Books::new(one(), 1, true),
        _ => books,
    });
    let found = &early.broken().next().unwrap().found;
    assert_eq!(found, "0 LTC came in, 1 LTC is credited");

    // As another kind, or in another currency; but letters have no size.
    let other = misread(|_, books| books.kind(ExpectedKind::Order));
    let found = "184.03 LTC came in, 184.03 LTC is credited as an order";
    breaks_everywhere(other, Rule::CreditedUnproven, found);
    let other = misread(|_, books| books.currency("DOGE"));
    let found = "184.03 LTC came in, 184.03 DOGE is credited";
    breaks_everywhere(other, Rule::CreditedUnproven, found);
    let small = misread(|_, mut books| {
        books.currency = books.currency.map(|it| it.to_lowercase());
        books
    });
    assert!(small.is_clean(), "{small}");

    // A coin that comes later, in no entry of its own.
    let seen = Mutex::new(BTreeSet::new());
    let is_first = |reference: &str, books: &Books| {
        is_credited(books) && seen.lock().unwrap().insert(reference.to_owned())
    };
    let grown = misread(|reference, mut books| {
        if !is_first(reference, &books) && is_credited(&books) {
            books.credited = books.credited.checked_add(&one()).unwrap();
        }
        books
    });
    let again = ["the same bytes five times", "resent with new times"];
    assert_eq!(broken_rows(&grown)[..2], again, "{grown}");

    // What was there once, and is still taken for paid.
    seen.lock().unwrap().clear();
    let forgotten = misread(|reference, mut books| {
        if !is_first(reference, &books) {
            (books.credited, books.credits) = (Amount::default(), 0);
        }
        books
    });
    assert_eq!(rules(&forgotten), [Rule::Lost, Rule::Regressed].into());
    let found: BTreeMap<_, _> = forgotten
        .broken()
        .filter(|broken| broken.row == "the plain life")
        .map(|broken| (broken.rule, broken.found.as_str()))
        .collect();
    assert!(
        found.values().all(|found| found.ends_with(" is credited")),
        "{found:?}"
    );
}

#[test]
fn the_report_counts() {
    // One place, in one case.
    let (shop, _) = both(7);
    let misread = |reference: &str, mut books: Books| {
        books.credits += usize::from(reference == "r-1" && books.credits > 0);
        books
    };
    let torture = b2binpay().references(|number| format!("r-{number}"));
    let report = torture.run_blocking(&Misread { shop, misread }).unwrap();
    let text = report.to_string();
    assert!(text.contains("\na rule is broken in 1 place\n"), "{text}");
    assert!(!text.contains("1 times"), "{text}");
    // One gateway has no other's address.
    assert!(!text.contains("at the other gateway's address"), "{text}");

    // Without deliveries nothing was tried.
    let (shop, torture) = both(7);
    let mut report = torture.run_blocking(&shop).unwrap();
    assert!(report.is_clean(), "{report}");
    for row in &mut report.rows {
        row.sent = 0;
    }
    assert!(!report.is_clean());
}

#[test]
fn the_gateway_is_as_patient_as_it_is_told() {
    let shop = InProcess::new((), Record::default());
    let torture = b2binpay().patience(3, Duration::from_micros(1));
    let report = torture.run_blocking(&shop).unwrap();
    let told = &report.rows[0];
    assert_eq!((told.sent, told.failed), (18, 18));
    let torture = torture.references(|_| "private".to_owned());
    assert_eq!(
        format!("{shop:?} {torture:?}"),
        "InProcess { gateways: [], .. } Torture { seed: 7, attempts: 3, pause: 1µs, .. }"
    );
}

#[test]
fn books_say_what_they_were_told() {
    let books = Books::new("2".parse().unwrap(), 1, true)
        .currency("BTC")
        .kind(ExpectedKind::Payout);
    assert_eq!(books.currency.as_deref(), Some("BTC"));
    assert_eq!(books.kind, Some(ExpectedKind::Payout));
}

/// A payment under another reference, which is that of the zeros in front.
#[test]
fn what_stands_under_another_reference_is_judged() {
    for (credited, credits) in [("1", 0), ("0", 1)] {
        let (shop, _) = both(7);
        let shop = Misread {
            shop,
            misread: |reference: &str, books: Books| {
                if reference.starts_with("088") {
                    Books::new(credited.parse().unwrap(), credits, false)
                } else {
                    books
                }
            },
        };
        let torture = b2binpay().references(|number| (88_000 + number).to_string());
        let report = torture.run_blocking(&shop).unwrap();
        let found: BTreeSet<_> = report
            .broken()
            .filter(|broken| broken.found.ends_with(" under another reference"))
            .map(|broken| broken.row)
            .collect();
        assert_eq!(found, ["the amount's digit in the id"].into(), "{report}");
    }
}

/// The last callback says how it stands.
#[test]
fn with_the_last_status_it_regresses() {
    let record = Arc::new(Record::default());
    let books = Arc::clone(&record);
    let handler = handler_fn(
        move |callback: Verified<Callback>| -> Result<(), HandlerError> {
            books.book(&callback);
            let is_settled = callback.event().outcome().value() == Outcome::Settled;
            books.update(&reference(&callback), |payment, books| {
                books.is_paid = is_settled && books.credited >= payment.amount;
            });
            Ok(())
        },
    );
    let shop = InProcess::new(handler, record).receiver(Receiver::b2binpay(verifier()));
    let report = b2binpay().run_blocking(&shop).unwrap();
    assert_eq!(rules(&report), [Rule::Regressed].into(), "{report}");
    let expected = ["late news after the last", "less, more, in parts"];
    assert_eq!(broken_rows(&report), expected);
    let broken = report.broken().next().unwrap();
    assert!(
        broken
            .found
            .ends_with(" is credited, and it is not paid any more"),
        "{broken}"
    );
}

/// All that was found in the open, in one shop.
#[derive(Default)]
struct Naive {
    record: Record,
    fails: Mutex<usize>,
}

impl Ledger for Naive {
    async fn open(&self, payment: &Payment) -> Result<(), BoxError> {
        self.record.open(payment).await
    }

    async fn books(&self, reference: &str) -> Result<Books, BoxError> {
        self.record.books(reference).await
    }
}

impl Naive {
    /// The reference, whether it is paid, how much, in what and as what.
    fn read(body: &Value) -> Option<(&str, bool, Amount, Option<&str>, ExpectedKind)> {
        let amount = |value: &Value| value.to_string().trim_matches('"').parse().ok();
        if body["type"].is_string() {
            let reference = body["client_order_id"].as_str()?;
            let is_paid = body["status"].as_str()? != "IN_PROGRESS";
            let amount = amount(&body["received_amount_in_coins"]).unwrap_or_default();
            return Some((reference, is_paid, amount, None, ExpectedKind::Order));
        }
        let attributes = &body["data"]["attributes"];
        let reference = attributes["tracking_id"].as_str()?;
        let transfer = &body["included"][1]["attributes"];
        // Any status will do, whatever it is the status of.
        let status = transfer["status"]
            .as_i64()
            .or(attributes["status"].as_i64())?;
        let amount = transfer["amount"]
            .as_str()
            .or(attributes["target_paid"].as_str());
        let amount = amount.unwrap_or("0").parse().ok()?;
        let currency = body["included"][0]["attributes"]["alpha"].as_str();
        let kind = if body["data"]["type"] == "payout" {
            ExpectedKind::Payout
        } else {
            ExpectedKind::Deposit
        };
        Some((reference, status >= 1, amount, currency, kind))
    }
}

impl Shop for Naive {
    async fn post(&self, _: Gateway, body: &[u8]) -> Result<u16, BoxError> {
        let body: Value = serde_json::from_slice(body)?;
        let fails = std::mem::take(&mut *self.fails.lock().unwrap());
        let Some((reference, is_paid, amount, currency, kind)) = Self::read(&body) else {
            return Ok(200);
        };
        if fails > 0 {
            return Ok(200);
        }
        tokio::task::yield_now().await;
        self.record.update(reference, |_, books| {
            if is_paid {
                let sum = books.credited.checked_add(&amount).unwrap();
                books.credits += 1;
                books.credited = sum;
                books.kind = Some(kind);
                books.currency = currency.map(str::to_owned);
            }
            books.is_paid = is_paid;
        });
        Ok(200)
    }

    async fn disturb(&self, trouble: Trouble) -> bool {
        if let Trouble::Fails(calls) = trouble {
            *self.fails.lock().unwrap() = calls;
        }
        true
    }
}

#[test]
fn a_naive_shop_breaks_every_rule() {
    let torture = b2binpay().citypay("5120", OrderEndpoint::new());
    let report = torture.run_blocking(&Naive::default()).unwrap();
    let all = [
        Rule::CreditedTwice,
        Rule::CreditedUnproven,
        Rule::Lost,
        Rule::Regressed,
    ];
    assert_eq!(rules(&report), all.into(), "{report}");
    let right = rows_with(&report, |is_broken| !is_broken);
    assert!(right.is_empty(), "{report}");
}

/// A ledger that can't be asked.
struct Closed {
    opens: bool,
}

impl Ledger for Closed {
    async fn open(&self, _: &Payment) -> Result<(), BoxError> {
        if self.opens {
            Ok(())
        } else {
            Err("closed".into())
        }
    }

    async fn books(&self, _: &str) -> Result<Books, BoxError> {
        Err("burnt".into())
    }
}

#[test]
fn what_cannot_be_tortured_is_told() {
    for (opens, expected) in [
        (false, "the shop opens no payment: closed"),
        (true, "the shop's books can't be read: burnt"),
    ] {
        let shop = InProcess::new((), Closed { opens });
        let error = b2binpay().run_blocking(&shop).unwrap_err();
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(format!("{error}: {source}"), expected);
    }
}

/// The seed decides what is posted; times and references can be given.
#[test]
fn a_seed_is_repeated() {
    let posted = |seed| {
        let shop = Recorder::default();
        let torture = Torture::new(seed)
            .b2binpay(key())
            .citypay("5120", OrderEndpoint::new())
            .at("2027-01-01T00:00:00Z".parse().unwrap());
        torture.run_blocking(&shop).unwrap();
        shop.posted.into_inner().unwrap()
    };
    let first = posted(3);
    assert!(first == posted(3));
    assert!(first != posted(4));
    assert!(first.iter().any(|body| body.contains("2026-12-31T23:50:0")));
    for sign in ["null", "\"\"", &format!("\"{}\"", "0".repeat(64))] {
        let sign = format!(r#""sign":{sign}"#);
        assert!(first.iter().any(|body| body.contains(&sign)), "{sign}");
    }
}

#[derive(Default)]
struct Recorder {
    posted: Mutex<Vec<String>>,
}

impl Ledger for Recorder {
    async fn open(&self, _: &Payment) -> Result<(), BoxError> {
        Ok(())
    }

    async fn books(&self, _: &str) -> Result<Books, BoxError> {
        Ok(Books::default())
    }
}

impl Shop for Recorder {
    async fn post(&self, _: Gateway, body: &[u8]) -> Result<u16, BoxError> {
        let body = String::from_utf8(body.to_vec())?;
        self.posted.lock().unwrap().push(body);
        Ok(200)
    }
}

/// What is credited is right; the goods go out when the deposit is said to be
/// paid, or with the first coin.
#[test]
fn paid_is_what_came_in_whole() {
    for is_by_status in [true, false] {
        let record = Arc::new(Record::default());
        let shop = Arc::clone(&record);
        let handler = handler_fn(
            move |callback: Verified<Callback>| -> Result<(), HandlerError> {
                shop.book(&callback);
                let status = match callback.reported() {
                    Callback::Transfer(told) => match &told.operation {
                        Operation::Deposit(deposit) => deposit.status,
                        _ => None,
                    },
                    _ => None,
                };
                shop.update(&reference(&callback), |_, books| {
                    books.is_paid |= if is_by_status {
                        status == Some(DepositStatus::Paid)
                    } else {
                        books.credits > 0
                    };
                });
                Ok(())
            },
        );
        let receiver = Receiver::b2binpay(verifier());
        let shop = InProcess::new(handler, record).receiver(receiver);
        let report = b2binpay().run_blocking(&shop).unwrap();
        assert_eq!(rules(&report), [Rule::CreditedUnproven].into(), "{report}");
        let first = report.broken().next().unwrap().to_string();
        assert!(first.ends_with(", and it is taken for paid"), "{first}");
    }
}
