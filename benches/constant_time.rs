//! Checks statistically whether the duration of a comparison reveals where a forgery is
//! wrong. Run it manually on an idle machine.
//!
//! ```sh
//! cargo bench --bench constant_time
//! ```
//!
//! The method is dudect's (Reparaz, Balasch, Verbauwhede 2017): two classes of
//! forgeries, one wrong at the start and one at the end, alternate at random. Welch's
//! t-test compares the means of their durations, over all samples and over the faster
//! ones alone, which excludes interruptions. The result is the largest |t|: below 4.5
//! there is no evidence of a difference, above 10 there is certainly one. It can detect
//! a leak but cannot exclude one: another compiler or processor may differ.
//!
//! The controls compare byte by byte and stop at the first difference. A run that does
//! not detect them proves nothing, and fails. *Last or last* compares a class with
//! itself: its result is the machine's noise.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints a table, and cannot return an error"
)]

use std::hint::black_box;
use std::time::Instant;

use hmac::{Hmac, KeyInit, Mac};
use payhook::Unverified;
use payhook::b2binpay::{Callback, Key, TrackingIds, Verifier};
use payhook::citypay::{Account, OrderCallback};
use serde_json::Value;
use sha2::Sha256;

const SECRET: &str = "cbs_7Qm2vX9tR4kL8pN1";
/// The number of digits of a signature.
const TOKEN: &str = "4f9c1b7e5d2a8806b3c17f09e4d5a2b8c6f10937be42d8a5710c9f3e6b2d5a08";
const ORDER: &str = include_str!("../examples/bodies/citypay-order-confirmed.json");
const DEPOSIT: &str = include_str!("../examples/bodies/b2binpay-deposit-confirmed.json");

const SAMPLES: u32 = 1_000_000;
const RUNS: usize = 5;
/// The number of calls per sample if a call is shorter than the clock's resolution.
const BATCH: u32 = 50;
/// Parts of the samples, the fastest first.
const CROPS: [f64; 6] = [1.0, 0.99, 0.95, 0.9, 0.75, 0.5];

/// Steele, Lea, Flood 2014: `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// The position of the wrong digits.
#[derive(Clone, Copy, PartialEq)]
enum Wrong {
    First,
    Last,
    All,
}

/// The digits, with wrong ones at this position.
fn forged(digits: &str, wrong: Wrong, random: &mut Random) -> String {
    let end = digits.len() - 1;
    let mut place = |place: usize, digit: char| {
        let is_wrong = match wrong {
            Wrong::First => place == 0,
            Wrong::Last => place == end,
            Wrong::All => true,
        };
        let value = digit.to_digit(16).filter(|_| is_wrong)?;
        let other = 1 + u32::try_from(random.next() % 15).ok()?;
        char::from_digit((value + other) % 16, 16)
    };
    let digits = digits.chars().enumerate();
    digits
        .map(|(at, digit)| place(at, digit).unwrap_or(digit))
        .collect()
}

/// The duration in nanoseconds.
fn timed<T>(call: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    let result = black_box(call());
    let elapsed = start.elapsed();
    drop(result);
    elapsed.as_secs_f64() * 1e9
}

/// A measured function, called with the forged digits.
type Sample = Box<dyn Fn(&str) -> f64>;

struct Subject {
    what: &'static str,
    /// The genuine digits.
    digits: String,
    classes: [Wrong; 2],
    is_control: bool,
    sample: Sample,
}

impl Subject {
    /// The largest |t| of one run, and both means of the faster half.
    fn run(&self, samples: u32, random: &mut Random) -> (f64, [f64; 2]) {
        let mut times: Vec<(f64, bool)> = Vec::new();
        for _ in 0..samples {
            // Both are built, so that the preceding work is the same.
            let forged = self
                .classes
                .map(|wrong| forged(&self.digits, wrong, random));
            let is_second = random.next() >> 63 == 1;
            if let Some(digits) = forged.get(usize::from(is_second)) {
                times.push(((self.sample)(digits), is_second));
            }
        }
        times.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut worst = (0.0_f64, [0.0; 2]);
        let mut left = times.as_slice();
        for crop in CROPS {
            let limit = f64::from(samples) * crop;
            let faster = (0..samples).take_while(|place| f64::from(*place) < limit);
            left = left.get(..faster.count()).unwrap_or(left);
            let [a, b] = [false, true].map(|class| Moments::of(left, class));
            let t = (a.mean - b.mean) / (a.error() + b.error()).sqrt();
            worst = (worst.0.max(t.abs()), [a.mean, b.mean]);
        }
        worst
    }
}

struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    fn of(times: &[(f64, bool)], class: bool) -> Self {
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for (time, _) in times.iter().filter(|(_, own)| *own == class) {
            count += 1.0;
            let distance = time - mean;
            mean += distance / count;
            squares += distance * (time - mean);
        }
        Self {
            count,
            mean,
            variance: squares / (count - 1.0),
        }
    }

    fn error(&self) -> f64 {
        self.variance / self.count
    }
}

/// A leaking comparison: it stops at the first different byte.
fn leaky(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(a, b)| black_box(a) == b)
}

fn deposit_signature() -> String {
    let body: Value = serde_json::from_str(DEPOSIT).expect("JSON");
    let sign = body.pointer("/meta/sign").and_then(Value::as_str);
    sign.expect("a signature").to_owned()
}

fn verify() -> Sample {
    let key = Key::callback_secret(SECRET).expect("a secret");
    let verifier = Verifier::new(key, TrackingIds::Prefixed);
    let (front, back) = DEPOSIT.split_once(&deposit_signature()).expect("in it");
    Box::new(move |digits| {
        let body = [front, digits, back].concat();
        let callback = Unverified::<Callback>::parse(body.as_bytes()).expect("readable");
        timed(|| verifier.verify(black_box(callback)))
    })
}

/// The same MAC with the leaking comparison.
fn leaky_mac(digits: &str) -> Sample {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length");
    let mut tag = [0; 32];
    base16ct::lower::decode(digits, &mut tag).expect("digits");
    Box::new(move |digits| {
        let mut forged = [0; 32];
        base16ct::lower::decode(digits, &mut forged).expect("digits");
        timed(|| {
            let made = mac.clone().chain_update(black_box([b'7'; 80])).finalize();
            black_box(made);
            leaky(&tag, black_box(&forged))
        })
    })
}

fn order() -> Unverified<OrderCallback> {
    let body = ORDER.replace("tok_4f9c1b7e", TOKEN);
    Unverified::parse(body.as_bytes()).expect("readable")
}

fn token() -> Sample {
    let order = order();
    Box::new(move |digits| {
        let token = order.unverified().order_token().expect("a token");
        timed(|| (0..BATCH).fold(false, |any, _| any | token.matches(black_box(digits))))
    })
}

fn leaky_token() -> Sample {
    Box::new(|digits| {
        let compare = || leaky(TOKEN.as_bytes(), black_box(digits.as_bytes()));
        timed(|| (0..BATCH).fold(false, |any, _| any | compare()))
    })
}

fn prove_order() -> Sample {
    let account = Account::new("5120").expect("an id");
    let order = order();
    Box::new(move |digits| {
        let order = order.clone();
        timed(|| account.prove_order(black_box(order), black_box(digits), b""))
    })
}

fn subjects() -> Vec<Subject> {
    let ends = [Wrong::First, Wrong::Last];
    let signature = deposit_signature();
    let subject = |what, digits: &str, classes, sample| Subject {
        what,
        digits: digits.to_owned(),
        classes,
        is_control: false,
        sample,
    };
    let control = |what, digits, sample| Subject {
        is_control: true,
        ..subject(what, digits, ends, sample)
    };
    let of_all = [Wrong::All, Wrong::Last];
    let of_one = [Wrong::Last, Wrong::Last];
    vec![
        control(
            "control: a MAC, byte by byte",
            &signature,
            leaky_mac(&signature),
        ),
        subject(
            "Verifier::verify, last or last",
            &signature,
            of_one,
            verify(),
        ),
        subject(
            "Verifier::verify, first or last",
            &signature,
            ends,
            verify(),
        ),
        subject(
            "Verifier::verify, all or last",
            &signature,
            of_all,
            verify(),
        ),
        control("control: a token, byte by byte", TOKEN, leaky_token()),
        subject("Token::matches, last or last", TOKEN, of_one, token()),
        subject("Token::matches, first or last", TOKEN, ends, token()),
        subject(
            "Account::prove_order, first or last",
            TOKEN,
            ends,
            prove_order(),
        ),
    ]
}

fn main() {
    // `cargo test --benches` omits `--bench` and only checks that it runs.
    let has = |flag| std::env::args().any(|argument| argument == flag);
    let is_test = has("--test") || !has("--bench");
    let (samples, runs) = if is_test { (1_000, 1) } else { (SAMPLES, RUNS) };
    let mut random = Random(0x7061_7968_6f6f_6b21);
    println!(
        "{:<36} {:>17}  largest |t| of each run",
        "what", "ns (faster half)"
    );
    for subject in subjects() {
        // Warm-up.
        subject.run(samples / 10, &mut random);
        let runs: Vec<_> = (0..runs)
            .map(|_| subject.run(samples, &mut random))
            .collect();
        let shown: Vec<_> = runs.iter().map(|(t, _)| format!("{t:>6.1}")).collect();
        let (_, [a, b]) = runs.last().expect("one at least");
        println!(
            "{:<36} {a:>7.1} | {b:>7.1} {}",
            subject.what,
            shown.join(" ")
        );
        let is_found = runs.iter().all(|(t, _)| *t > 10.0);
        assert!(
            is_test || !subject.is_control || is_found,
            "the control is not found: nothing is proven"
        );
    }
}
