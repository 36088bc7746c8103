//! What a callback costs, from bytes to a handled payment.
//!
//! ```sh
//! cargo bench --bench flow
//! ```
//!
//! All subjects take turns in one run, so that a machine's drift meets them
//! alike: compare rows of one table, by `× floor`. Nanoseconds of two runs, or
//! of two machines, are not comparable. Allocations repeat exactly; a buffer
//! that grows counts once more each time.
//!
//! The floor is what no reader of JSON and HMAC gets below: one pass over the
//! body that keeps nothing, and the MAC of one signed text. CityPay.io signs
//! nothing, and has no MAC in it.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints a table, and has nobody to hand an error to"
)]

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Instant;

use hmac::{Hmac, KeyInit, Mac};
use payhook::b2binpay::{Key, TrackingIds, TransferCallback, Verifier};
use payhook::citypay::{Account, OrderCallback};
use payhook::{
    Callback, HandlerClaims, HandlerFn, OrderLookup, Receiver, TokenUse, Unverified, Verified,
    handler_fn,
};
use serde::de::IgnoredAny;
use serde_json::Value;
use sha2::Sha256;

const SECRET: &str = "cbs_7Qm2vX9tR4kL8pN1";
const CUSTOMER: u32 = 5120;
const TOKEN: &str = "tok_4f9c1b7e";

const BATCH: u32 = 200;
const ROUNDS: usize = 300;

macro_rules! body {
    ($name:literal) => {
        include_bytes!(concat!("../examples/bodies/", $name))
    };
}

/// One row: what is called, and how long each batch took.
struct Subject<'a> {
    what: String,
    bytes: usize,
    /// Whether it ended as it should.
    call: Box<dyn Fn() -> bool + 'a>,
    nanoseconds: Vec<f64>,
}

impl Subject<'_> {
    fn time(&mut self, batch: u32) {
        let start = Instant::now();
        for _ in 0..batch {
            black_box((self.call)());
        }
        let elapsed = start.elapsed().as_secs_f64() * 1e9;
        self.nanoseconds.push(elapsed / f64::from(batch));
    }

    fn median(&self) -> f64 {
        let mut sorted = self.nanoseconds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// The subjects for one body; the first is the floor.
struct Group<'a>(Vec<Subject<'a>>);

impl<'a> Group<'a> {
    fn new(name: &str, bytes: usize, floor: impl Fn() -> bool + 'a) -> Self {
        Self(Vec::new()).with(&format!("{name}: floor"), bytes, floor)
    }

    fn and(self, what: &str, call: impl Fn() -> bool + 'a) -> Self {
        let bytes = self.0.first().map_or(0, |floor| floor.bytes);
        self.with(&format!("  {what}"), bytes, call)
    }

    fn with(mut self, what: &str, bytes: usize, call: impl Fn() -> bool + 'a) -> Self {
        self.0.push(Subject {
            what: what.to_owned(),
            bytes,
            call: Box::new(call),
            nanoseconds: Vec::new(),
        });
        self
    }
}

type KeyedMac = Hmac<Sha256>;

fn keyed_mac() -> KeyedMac {
    KeyedMac::new_from_slice(SECRET.as_bytes()).expect("HMAC takes keys of any length")
}

/// One pass over JSON that keeps nothing.
fn scan(body: &[u8]) -> bool {
    std::str::from_utf8(black_box(body))
        .is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

/// A signed text of the usual length, and the check of its signature.
fn mac_of_80_bytes() -> impl Fn() -> bool {
    let mac = keyed_mac();
    let message = [b'7'; 80];
    let tag = mac.clone().chain_update(message).finalize().into_bytes();
    move || {
        let mac = mac.clone().chain_update(black_box(&message));
        mac.verify_slice(black_box(&tag)).is_ok()
    }
}

/// B2BINPAY as a merchant would write it, with the key in already.
fn transfer_by_hand(body: &[u8], mac: &KeyedMac) -> Option<Value> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let id = body.pointer("/data/relationships/transfer/data/id")?;
    let transfer = body
        .get("included")?
        .as_array()?
        .iter()
        .find(|entry| {
            entry.get("type").is_some_and(|kind| kind == "transfer") && entry.get("id") == Some(id)
        })?
        .get("attributes")?;
    let message = format!(
        "{}{}{}{}",
        transfer.get("status")?.as_i64()?,
        transfer.get("amount")?.as_str()?,
        body.pointer("/data/attributes/tracking_id")?.as_str()?,
        body.pointer("/meta/time")?.as_str()?,
    );
    let mut signature = [0; 32];
    base16ct::lower::decode(body.pointer("/meta/sign")?.as_str()?, &mut signature).ok()?;
    mac.clone()
        .chain_update(&message)
        .verify_slice(&signature)
        .ok()?;
    Some(body)
}

/// CityPay.io as a merchant would write it.
fn order_by_hand(body: &[u8], answer: &[u8]) -> Option<(Value, Value)> {
    let order: Value = serde_json::from_slice(body).ok()?;
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let data = answer.get("data")?;
    let own = order.get("order_token")? == TOKEN
        && data.get("token")? == TOKEN
        && *data.get("customerId")? == CUSTOMER
        && data.get("id") == order.get("order_id");
    own.then_some((order, answer))
}

type Nothing = fn(Verified<Callback>) -> Result<(), Infallible>;

fn nothing() -> HandlerFn<Nothing> {
    handler_fn(|_| Ok(()))
}

/// A look-up that has the answer at hand.
struct Recorded(&'static [u8]);

impl OrderLookup for Recorded {
    type Error = Infallible;

    fn is_issued(&self, token: TokenUse<'_>) -> Result<bool, Infallible> {
        Ok(matches!(token, TokenUse::Order(TOKEN)))
    }

    fn fetch(&self, _: &str) -> Result<Vec<u8>, Infallible> {
        Ok(self.0.to_vec())
    }
}

fn verifier() -> Verifier {
    let key = Key::callback_secret(SECRET).expect("a secret");
    Verifier::new(key, TrackingIds::Lettered)
}

fn is_proven(verifier: &Verifier, body: &[u8]) -> bool {
    let callback = Unverified::<TransferCallback>::parse(black_box(body)).expect("readable");
    black_box(verifier.verify(callback)).is_ok()
}

fn is_readable(body: &[u8]) -> bool {
    black_box(Unverified::<TransferCallback>::parse(black_box(body))).is_ok()
}

fn transfer(name: &str, body: &'static [u8]) -> Group<'static> {
    let check = mac_of_80_bytes();
    let verifier = verifier();
    let guarded = Receiver::b2binpay(verifier.clone());
    let receiver = guarded.clone().guard(HandlerClaims);
    let (handler, again) = (nothing(), nothing());
    let mac = keyed_mac();
    Group::new(name, body.len(), move || scan(body) && check())
        .and("parse", || is_readable(body))
        .and("verify", move || is_proven(&verifier, body))
        .and("receive", move || {
            black_box(receiver.receive(black_box(body), None, &handler)).status() == 200
        })
        .and("receive, again", move || {
            black_box(guarded.receive(black_box(body), None, &again)).status() == 200
        })
        .and("by hand", move || {
            black_box(transfer_by_hand(black_box(body), &mac)).is_some()
        })
}

fn order(body: &'static [u8], answer: &'static [u8]) -> Group<'static> {
    let account = Account::new(&CUSTOMER.to_string()).expect("an id");
    let receiver = Receiver::citypay(account.clone(), Recorded(answer)).guard(HandlerClaims);
    let handler = nothing();
    let bytes = body.len() + answer.len();
    Group::new("order and its answer", bytes, || scan(body) && scan(answer))
        .and("parse the order", || {
            black_box(Unverified::<OrderCallback>::parse(black_box(body))).is_ok()
        })
        .and("verify", move || {
            let order = Unverified::<OrderCallback>::parse(black_box(body)).expect("readable");
            black_box(account.prove_order(order, TOKEN, black_box(answer))).is_ok()
        })
        .and("receive", move || {
            black_box(receiver.receive(black_box(body), None, &handler)).status() == 200
        })
        .and("by hand", || {
            black_box(order_by_hand(black_box(body), black_box(answer))).is_some()
        })
}

fn tampered(body: &'static [u8]) -> Group<'static> {
    let check = mac_of_80_bytes();
    let verifier = verifier();
    Group::new("deposit, tampered with", body.len(), move || {
        scan(body) && check()
    })
    .and("verify, refused", move || !is_proven(&verifier, body))
}

fn garbage(body: &[u8]) -> Group<'_> {
    Group::new("no JSON at all", body.len(), || !scan(body))
        .and("parse, refused", || !is_readable(body))
}

/// The same in every run: 1.9 KB out of a linear congruence.
fn noise() -> Vec<u8> {
    let next = |state: &u64| Some(state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1));
    std::iter::successors(Some(1), next)
        .map(|state: u64| state.to_be_bytes()[0])
        .take(1_900)
        .collect()
}

fn main() {
    // `cargo test --benches` leaves `--bench` out; both only ask if it runs.
    let has = |flag| std::env::args().any(|argument| argument == flag);
    let (batch, rounds) = if has("--test") || !has("--bench") {
        (1, 1)
    } else {
        (BATCH, ROUNDS)
    };

    let noise = noise();
    let mut groups = [
        transfer("deposit", body!("b2binpay-deposit-confirmed.json")),
        transfer("deposit, all fields", body!("b2binpay-deposit-full.json")),
        transfer(
            "payout, two transfers",
            body!("b2binpay-payout-confirmed.json"),
        ),
        order(
            body!("citypay-order-confirmed.json"),
            body!("citypay-order-confirmed.answer.json"),
        ),
        tampered(body!("b2binpay-refused-tampered.json")),
        garbage(&noise),
    ];

    // The counter is in the allocator: it must not slow down what is timed.
    allocation_counter::opt_out(|| {
        for round in 0..=rounds {
            for subject in groups.iter_mut().flat_map(|group| &mut group.0) {
                subject.time(batch);
                if round == 0 {
                    // To warm up.
                    subject.nanoseconds.clear();
                }
            }
        }
    });

    println!(
        "{:<30} {:>10} {:>11} {:>8} {:>12}",
        "what", "body bytes", "ns (median)", "× floor", "allocations"
    );
    for group in &groups {
        let floor = group.0.first().map_or(f64::NAN, Subject::median);
        for subject in &group.0 {
            let mut expected = false;
            let allocations = allocation_counter::measure(|| expected = (subject.call)());
            assert!(expected, "{} did not end as it should", subject.what);
            let nanoseconds = subject.median();
            println!(
                "{:<30} {:>10} {:>11.0} {:>8.2} {:>12}",
                subject.what,
                subject.bytes,
                nanoseconds,
                nanoseconds / floor,
                allocations.count_total
            );
        }
    }
}
