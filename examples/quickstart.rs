//! Reads callbacks of both gateways from files, applies each to its expected payment,
//! and prints the result.
//!
//! ```text
//! cargo run --example quickstart
//! cargo run --example quickstart -- --secret-env CALLBACK_SECRET \
//!     --expect deposit,order-9001,ETH,0.412 my-callback.json
//! ```
//!
//! Without paths it reads the bodies in `examples/bodies`, with their key and their
//! expected payments. CityPay.io's order endpoint is replaced by a recorded response in
//! a file with a similar name: `order.json` and `order.answer.json`. Each body is
//! applied to a ledger of its own; `payhook replay` applies several callbacks to one
//! payment.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

use payhook::b2binpay::{self, Key, TrackingIds, Verifier};
use payhook::citypay::{self, Account};
use payhook::payment::{Expected, ExpectedKind};
use payhook::{BoxError, Endpoint, Fetch, MemoryLedger, Reply};

const USAGE: &str = "\
quickstart [options] [file…]

  --secret-env NAME    the callback secret (API v3) is in this environment variable
  --login-env NAME, --password-env NAME
                       login and password (API v2) are in these, instead or besides
  --tracking-ids FORM  prefixed (default), uuid, length=N, unused or unrestricted
  --customer-id ID     the CityPay.io account (default: the one of the examples)
  --expect KIND,REFERENCE,CURRENCY[,AMOUNT]
                       a payment that you expect (default: those of the examples);
                       KIND is deposit, invoice, top_up, payout or order";

/// The expected payments of the bodies in `examples/bodies`.
const EXPECTED: [&str; 4] = [
    "deposit,order-9001,ETH,0.412",
    "payout,wd-77,USDT-TRX,125",
    "order,tok_4f9c1b7e,USD,60.00",
    "top_up,dep_user_42,3",
];

fn main() {
    match Options::from_args(env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(()) => {}
        Err(error) => {
            eprintln!("{error}\n\n{USAGE}");
            process::exit(2);
        }
    }
}

struct Options {
    files: Vec<PathBuf>,
    verifier: Verifier,
    account: Account,
    expected: Vec<Expected>,
}

impl Options {
    fn from_args(mut args: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let (mut files, mut expected) = (Vec::new(), Vec::new());
        let (mut secret, mut login, mut password) = (None, None, None);
        let (mut tracking_ids, mut customer_id) = (TrackingIds::Prefixed, "5120".to_owned());
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or(format!("{arg} needs a value"));
            match arg.as_str() {
                "--secret-env" => secret = Some(variable(&value()?)?),
                "--login-env" => login = Some(variable(&value()?)?),
                "--password-env" => password = Some(variable(&value()?)?),
                "--tracking-ids" => tracking_ids = value()?.parse()?,
                "--customer-id" => customer_id = value()?,
                "--expect" => expected.push(payment(&value()?)?),
                "--help" | "-h" => {
                    println!("{USAGE}");
                    process::exit(0);
                }
                flag if flag.starts_with('-') => {
                    return Err(format!("no such option: {flag}").into());
                }
                file => files.push(PathBuf::from(file)),
            }
        }
        if files.is_empty() {
            files = recorded_bodies()?;
        }
        if expected.is_empty() {
            let payments = EXPECTED.iter().map(|text| payment(text));
            expected = payments.collect::<Result<_, _>>()?;
        }
        let v3 = secret.map(|secret| hinted(Key::callback_secret(&secret)));
        let v2 = login.zip(password);
        let v2 = v2.map(|(login, password)| hinted(Key::v2_credentials(&login, &password)));
        let verifier = match (v3.transpose()?, v2.transpose()?) {
            (Some(v3), Some(v2)) => Verifier::new(v3, tracking_ids).add_key(v2),
            (Some(key), None) | (None, Some(key)) => Verifier::new(key, tracking_ids),
            // The v3 and v2 keys of the bodies in `examples/bodies`.
            (None, None) => {
                Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, tracking_ids)
                    .add_key(Key::v2_credentials("merchant-api-key", "p@ss:w0rd/ünï")?)
            }
        };
        Ok(Self {
            files,
            verifier,
            account: hinted(Account::new(&customer_id))?,
            expected,
        })
    }

    /// A ledger without received payments.
    fn ledger(&self) -> MemoryLedger {
        let ledger = MemoryLedger::new();
        for payment in &self.expected {
            ledger.expect(payment.clone());
        }
        ledger
    }
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("{name}: {error}"))
}

fn hinted<T>(result: Result<T, payhook::error::ConfigError>) -> Result<T, String> {
    result.map_err(|error| format!("{error}: {}", error.hint()))
}

/// `KIND,REFERENCE,CURRENCY[,AMOUNT]`
fn payment(text: &str) -> Result<Expected, Box<dyn Error>> {
    let mut words = text.split(',');
    let mut word = || words.next().ok_or("KIND,REFERENCE,CURRENCY[,AMOUNT]");
    let (kind, reference, currency) = (word()?, word()?, word()?);
    let kind = ExpectedKind::from_name(kind).ok_or(format!("no such kind: {kind}"))?;
    let amount = word().ok().map(str::parse).transpose()?;
    Ok(Expected::of_kind(kind, reference, currency, amount)?)
}

fn recorded_bodies() -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/bodies");
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.to_string_lossy().ends_with(".answer.json") {
            files.push(path);
        }
    }
    // `deposit` before `deposit-v2`.
    files.sort_by_key(|file| file.file_stem().map(ToOwned::to_owned));
    Ok(files)
}

/// An order endpoint with the response for one body.
struct Recorded(PathBuf);

impl Fetch for Recorded {
    async fn get(&self, _url: &str) -> Result<Vec<u8>, BoxError> {
        Ok(fs::read(&self.0)?)
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let names: Vec<_> = options.files.iter().map(|file| name(file)).collect();
    let width = names.iter().map(String::len).max().unwrap_or_default();
    println!(
        "{:width$}  reply  {:8}  {:20}  {:20}  note",
        "file", "payment", "credited", "held"
    );
    let mut accepted = 0;
    for (file, name) in options.files.iter().zip(&names) {
        let body = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let ledger = options.ledger();
        let reply = if is_citypay(&body) {
            let answer = Recorded(file.with_extension("answer.json"));
            let gateway = citypay::Gateway::new(options.account.clone(), answer);
            Endpoint::new(gateway, ledger.clone()).receive_blocking(&body, None)
        } else {
            let gateway = b2binpay::Gateway::new(options.verifier.clone());
            Endpoint::new(gateway, ledger.clone()).receive_blocking(&body, None)
        };
        let [payment, credited, held] = sums(options, &ledger);
        let line = format!(
            "{name:width$}  {:5}  {payment:8}  {credited:20}  {held:20}  {}",
            reply.status(),
            note(&reply)
        );
        println!("{}", line.trim_end());
        accepted += usize::from(reply.status() == 200);
    }
    println!("\n{accepted} of {} answered with 200", names.len());
    Ok(())
}

/// Status, credited and held amount of the reported payment.
fn sums(options: &Options, ledger: &MemoryLedger) -> [String; 3] {
    for expected in &options.expected {
        for payment in ledger.payments(expected.reference()) {
            if payment.history() != payhook::payment::History::default() {
                let [credited, held] = [payment.credited(), payment.held()].map(|sum| {
                    if sum.is_zero() {
                        "-".to_owned()
                    } else {
                        sum.to_string()
                    }
                });
                return [payment.status().to_string(), credited, held];
            }
        }
    }
    ["-", "-", "-"].map(ToOwned::to_owned)
}

/// The review reasons, or the reason why nothing was applied.
fn note(reply: &Reply) -> String {
    let Some(change) = reply.change() else {
        return reply.disposition().to_string();
    };
    let reasons = change
        .reviews()
        .iter()
        .map(|review| review.reason().to_string());
    reasons.collect::<Vec<_>>().join(", ")
}

/// A server has one URL for each gateway; for files the body decides.
fn is_citypay(body: &[u8]) -> bool {
    let document: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    document.is_some_and(|document| document.get("data").is_none() && document.is_object())
}

fn name(file: &Path) -> String {
    file.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
