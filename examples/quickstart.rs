//! Reads callbacks of both gateways from files, proves them, hands them to a
//! shop, and prints what came of each.
//!
//! ```text
//! cargo run --example quickstart
//! cargo run --example quickstart -- --secret-env CALLBACK_SECRET my-callback.json
//! ```
//!
//! Without paths it takes the bodies in `examples/bodies`, with the key that
//! signed those. The order endpoint of CityPay.io is played by the answer that
//! was recorded beside a body: `order.json` and `order.answer.json`.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::cell::RefCell;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

use payhook::b2binpay::{Key, TrackingIds, Verifier};
use payhook::citypay::Account;
use payhook::{
    Callback, Disposition, HandlerError, MemoryGuard, OrderLookup, Receiver, Reply, TokenUse,
    Verified, handler_fn,
};

const USAGE: &str = "\
quickstart [options] [file…]

  --secret-env NAME    the callback secret (API v3) is in this environment variable
  --login-env NAME, --password-env NAME
                       login and password (API v2) are in these, instead or besides
  --tracking-ids FORM  prefixed (default), uuid, length=N, unused or unrestricted
  --customer-id ID     the CityPay.io account (default: the one of the examples)
  --any-token          take every order token for one that you issued";

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
    any_token: bool,
}

impl Options {
    fn from_args(mut args: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let (mut files, mut any_token) = (Vec::new(), false);
        let (mut secret, mut login, mut password) = (None, None, None);
        let (mut tracking_ids, mut customer_id) = (TrackingIds::Prefixed, "5120".to_owned());
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or(format!("{arg} wants a value"));
            match arg.as_str() {
                "--secret-env" => secret = Some(variable(&value()?)?),
                "--login-env" => login = Some(variable(&value()?)?),
                "--password-env" => password = Some(variable(&value()?)?),
                "--tracking-ids" => tracking_ids = value()?.parse()?,
                "--customer-id" => customer_id = value()?,
                "--any-token" => any_token = true,
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
        let v3 = secret.map(|secret| hinted(Key::callback_secret(&secret)));
        let v2 = login.zip(password);
        let v2 = v2.map(|(login, password)| hinted(Key::login_password(&login, &password)));
        let verifier = match (v3.transpose()?, v2.transpose()?) {
            (Some(v3), Some(v2)) => Verifier::new(v3, tracking_ids).also(v2),
            (Some(key), None) | (None, Some(key)) => Verifier::new(key, tracking_ids),
            // What signed the bodies in `examples/bodies`, by v3 and by v2.
            (None, None) => {
                Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, tracking_ids)
                    .also(Key::login_password("merchant-api-key", "p@ss:w0rd/ünï")?)
            }
        };
        Ok(Self {
            files,
            verifier,
            account: hinted(Account::new(&customer_id))?,
            any_token,
        })
    }
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("{name}: {error}"))
}

fn hinted<T>(result: Result<T, payhook::KeyError>) -> Result<T, String> {
    result.map_err(|error| format!("{error}: {}", error.hint()))
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

/// The shop's own records and the order endpoint, as far as one body goes.
struct Recorded<'a> {
    body: &'a Path,
    any_token: bool,
}

impl OrderLookup for Recorded<'_> {
    type Error = std::io::Error;

    fn is_issued(&self, token: TokenUse<'_>) -> Result<bool, Self::Error> {
        let known = matches!(
            token,
            TokenUse::Order("tok_4f9c1b7e") | TokenUse::Deposit("dep_user_42")
        );
        Ok(known || self.any_token)
    }

    fn fetch(&self, _: &str) -> Result<Vec<u8>, Self::Error> {
        fs::read(self.body.with_extension("answer.json"))
    }
}

/// One line of the table.
struct Row {
    gateway: String,
    kind: String,
    outcome: String,
    amount: String,
    evidence: String,
}

impl Row {
    /// Until the shop gets to see the callback, if it does.
    fn unproven(gateway: &str) -> Self {
        let none = || "-".to_owned();
        Self {
            gateway: gateway.to_owned(),
            kind: none(),
            outcome: none(),
            amount: none(),
            evidence: none(),
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    // One memory for all: what tells the same news twice is handled once.
    let guard = MemoryGuard::new();
    let b2binpay = Receiver::b2binpay(options.verifier.clone()).guard(&guard);
    let names: Vec<_> = options.files.iter().map(|file| name(file)).collect();
    let width = names.iter().map(String::len).max().unwrap_or_default();
    println!(
        "{:width$}  {:8}  {:8}  {:13}  {:30}  {:15}  reply",
        "file", "gateway", "kind", "outcome", "amount", "evidence"
    );

    let mut handled = 0;
    for (file, name) in options.files.iter().zip(&names) {
        let body = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let row = RefCell::new(Row::unproven(if is_citypay(&body) {
            "CityPay"
        } else {
            "B2BINPAY"
        }));
        let shop = handler_fn(|callback| sell(&callback, &row));
        let reply = if is_citypay(&body) {
            let lookup = Recorded {
                body: file,
                any_token: options.any_token,
            };
            let citypay = Receiver::citypay(options.account.clone(), lookup).guard(&guard);
            citypay.receive(&body, None, &shop)
        } else {
            b2binpay.receive(&body, None, &shop)
        };
        let Row {
            gateway,
            kind,
            outcome,
            amount,
            evidence,
        } = row.into_inner();
        println!(
            "{name:width$}  {gateway:8}  {kind:8}  {outcome:13}  {amount:30}  {evidence:15}  {}",
            describe(&reply)
        );
        handled += usize::from(reply.status() == 200);
    }
    println!(
        "\n{handled} of {} handled; `?` marks what is reported and not proven.",
        names.len()
    );
    Ok(())
}

/// The merchant's code: it sees proven callbacks and nothing else.
fn sell(callback: &Verified<Callback>, row: &RefCell<Row>) -> Result<(), HandlerError> {
    let event = callback.event();
    let currency = event.currency().map(|currency| format!(" {currency}"));
    row.replace(Row {
        gateway: event.gateway().to_string(),
        kind: event.kind().to_string(),
        outcome: event.outcome().to_string(),
        amount: event.amount().map_or_else(
            || "-".to_owned(),
            |amount| format!("{amount}{}", currency.unwrap_or_default()),
        ),
        evidence: event.evidence().to_string(),
    });
    if event
        .reference()
        .is_some_and(|reference| reference.value() == "order-0")
    {
        return Err("the database is down".into());
    }
    // A real shop compares kind, amount and currency with the order under
    // `event.reference()` here.
    Ok(())
}

/// A server has an address for each gateway; files have to be told apart.
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

fn describe(reply: &Reply) -> String {
    match reply.disposition() {
        Disposition::Handled { .. } => reply.status().to_string(),
        refused => format!("{} {refused}", reply.status()),
    }
}
