//! A callback as a command and as a test, to copy.

use std::fmt::Write as _;

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use payhook::b2binpay::{Gateway, Key, TrackingIds, TransferCallback, TransferStatus, Verifier};
use payhook::chrono::SecondsFormat;
use payhook::payment::{Expected, ExpectedKind};
use payhook::testing::b2binpay::{CallbackBuilder, Currency, deposit, payout, sign_again};
use payhook::testing::{Body, Json};
use payhook::{Callback, Endpoint, MemoryLedger};

use self::edits::{Edit, edits};
use super::record::{Record, short};
use crate::post::end_to_end;
use crate::saved::shown_headers;
use crate::screen::harmless;

mod edits;

/// The secret of the test.
const SECRET: &str = "my test secret";

/// A command that posts the exact bytes again. Hidden headers are left out.
pub(crate) fn curl(record: &Record, origin: &str) -> String {
    let mut command = format!("curl {}", quoted(&format!("{origin}{}", record.path)));
    let headers: HeaderMap = end_to_end(&record.headers);
    for (name, value) in shown_headers(&headers) {
        let is_plain = |it: &String| it.chars().all(|c| matches!(c, ' '..='~'));
        if let Some(value) = value.filter(is_plain) {
            let _ = write!(command, " \\\n  -H {}", quoted(&format!("{name}: {value}")));
        }
    }
    let text = str::from_utf8(&record.body).ok();
    let is_wanted = |c| matches!(c, '\n' | '\t');
    match text.filter(|text| harmless(text, is_wanted) == **text) {
        Some(text) => {
            let _ = write!(command, " \\\n  --data-raw {}", quoted(text));
            command
        }
        None => format!(
            "printf %s {} | base64 -d | {command} \\\n  --data-binary @-",
            quoted(&STANDARD.encode(&record.body))
        ),
    }
}

/// For a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Rust code that builds the body with the builders of `payhook::testing`, and checks
/// the response. `None` for what is no callback of B2BINPAY.
pub(crate) fn test(record: &Record, callback: Option<&Callback>) -> Option<String> {
    let Some(Callback::Transfer(verified)) = callback else {
        return None;
    };
    let key = Key::callback_secret(SECRET).ok()?;
    let told = verified.reported();
    let original = sign_again(&record.body, &key).ok()?;
    let built = [Built::v3(told), Built::v2(told)]
        .into_iter()
        .filter_map(|built| built.completed(&original, &key))
        .min_by_key(|built| built.calls.len())?;
    let body = built.builder.try_sign(&key).ok()?;
    let ids = tracking_ids(told);
    let expected = super::expected(callback?);
    let result = Outcome::of(&body, &key, ids.1, expected.clone());
    Some(source(record.id, &built, ids.0, expected.as_ref(), &result))
}

/// A builder, and the code that makes it.
struct Built {
    is_deposit: bool,
    builder: CallbackBuilder,
    calls: Vec<String>,
    uses_currency: bool,
    uses_json: bool,
}

impl Built {
    fn v3(told: &TransferCallback) -> Self {
        let is_deposit = told.operation().is_deposit();
        let builder = if is_deposit { deposit() } else { payout() };
        let mut built = Self {
            is_deposit,
            builder,
            calls: Vec::new(),
            uses_currency: false,
            uses_json: false,
        };
        built.describe(told);
        built
    }

    fn v2(told: &TransferCallback) -> Self {
        Self::v3(told).call(".v2()".to_owned(), CallbackBuilder::v2)
    }

    fn call(
        mut self,
        code: String,
        change: impl FnOnce(CallbackBuilder) -> CallbackBuilder,
    ) -> Self {
        self.add(code, change);
        self
    }

    fn add(&mut self, code: String, change: impl FnOnce(CallbackBuilder) -> CallbackBuilder) {
        self.calls.push(code);
        self.builder = change(self.builder.clone());
    }

    /// The calls that have names.
    fn describe(&mut self, told: &TransferCallback) {
        let id = told.id();
        self.add(format!(".id({id:?})"), |it| it.id(id));
        let own = told.tracking_id();
        self.add(format!(".tracking_id({own:?})"), |it| it.tracking_id(own));
        if let Some(time) = told.time().and_then(|time| time.utc()) {
            let text = time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            self.add(format!(".at({text:?}.parse()?)"), |it| it.at(time));
        }
        if let Some(currency) = told.currency() {
            self.currency(currency.alpha(), currency.exp());
        }
        let Some(transfer) = told.transfer() else {
            return self.add(".no_transfer()".to_owned(), CallbackBuilder::no_transfer);
        };
        let amount = short(&transfer.amount());
        self.add(format!(".amount({amount:?})"), |it| it.amount(&amount));
        let confirmations = transfer.confirmations();
        match transfer.status() {
            TransferStatus::Created => self.add(".created()".to_owned(), CallbackBuilder::created),
            TransferStatus::Failed => self.add(".failed()".to_owned(), CallbackBuilder::failed),
            TransferStatus::Blocked => self.add(".blocked()".to_owned(), CallbackBuilder::blocked),
            TransferStatus::Canceled => {
                self.add(".canceled()".to_owned(), CallbackBuilder::canceled);
            }
            TransferStatus::Confirmed => {
                self.add(".confirmed()".to_owned(), CallbackBuilder::confirmed);
            }
            TransferStatus::Unconfirmed => {
                let count = confirmations.unwrap_or_default();
                self.add(format!(".unconfirmed({count})"), |it| it.unconfirmed(count));
            }
            other => {
                let code = other.code();
                self.add(format!(".transfer_status({code})"), |it| {
                    it.transfer_status(code)
                });
            }
        }
        let id = transfer.id();
        self.add(format!(".transfer_id({id:?})"), |it| it.transfer_id(id));
        if let Some(txid) = transfer.txid() {
            self.add(format!(".txid({txid:?})"), |it| it.txid(txid));
        }
    }

    fn currency(&mut self, alpha: Option<&str>, exp: Option<u32>) {
        let Some(alpha) = alpha else { return };
        let currency = Currency::new(alpha);
        match exp.filter(|exp| *exp != currency.exp() && *exp <= 64) {
            None => self.add(format!(".currency({alpha:?})"), |it| it.currency(currency)),
            Some(exp) => {
                self.uses_currency = true;
                let code = format!(".currency(Currency::new({alpha:?}).scale({exp}))");
                self.add(code, |it| it.currency(currency.scale(exp)));
            }
        }
    }

    /// With the edits for everything else; `None` if it cannot be made equal.
    fn completed(mut self, original: &Body<TransferCallback>, key: &Key) -> Option<Self> {
        let draft = self.builder.try_sign(key).ok()?;
        for edit in edits(draft.as_str(), original.as_str())? {
            match edit {
                Edit::Remove(path) => {
                    self.add(format!(".remove({path:?})"), |it| it.remove(&path));
                }
                Edit::Set(path, value) => {
                    let (code, value) = self.value(&value);
                    self.add(format!(".set({path:?}, {code})"), |it| it.set(&path, value));
                }
            }
        }
        let built = self.builder.try_sign(key).ok()?;
        let is_signed_alike = built.signature() == original.signature();
        let rest = edits(built.as_str(), original.as_str())?;
        (is_signed_alike && rest.is_empty()).then_some(self)
    }

    fn value(&mut self, json: &str) -> (String, Json) {
        if let Ok(text) = serde_json::from_str::<String>(json) {
            return (format!("{text:?}"), text.into());
        }
        let is_plain = json.parse::<i32>().is_ok_and(|it| it.to_string() == json);
        if is_plain || matches!(json, "true" | "false") {
            return (json.to_owned(), Json::raw(json));
        }
        if json == "null" {
            return ("None::<&str>".to_owned(), Json::raw(json));
        }
        self.uses_json = true;
        (format!("Json::raw({json:?})"), Json::raw(json))
    }
}

/// The declaration that fits the id, and its name.
fn tracking_ids(told: &TransferCallback) -> (&'static str, TrackingIds) {
    match told.tracking_id().chars().next() {
        None => ("Unused", TrackingIds::Unused),
        Some('0'..='9' | '.' | '-') => ("Unrestricted", TrackingIds::Unrestricted),
        Some(_) => ("Prefixed", TrackingIds::Prefixed),
    }
}

/// What the test asserts.
struct Outcome {
    status: u16,
    credited: Option<String>,
}

impl Outcome {
    fn of(body: &[u8], key: &Key, ids: TrackingIds, expected: Option<Expected>) -> Self {
        let ledger = MemoryLedger::new();
        if let Some(expected) = expected {
            ledger.expect(expected);
        }
        let verifier = Verifier::new(key.clone(), ids);
        let endpoint = Endpoint::new(Gateway::new(verifier), ledger);
        let reply = endpoint.receive_blocking(body, None);
        let credited = reply.change().and_then(|change| change.credited());
        Self {
            status: reply.status(),
            credited: credited.map(short),
        }
    }
}

fn source(
    id: u64,
    built: &Built,
    ids: &str,
    expected: Option<&Expected>,
    outcome: &Outcome,
) -> String {
    let base = if built.is_deposit {
        "deposit"
    } else {
        "payout"
    };
    let mut names = vec![base];
    if built.uses_currency {
        names.insert(0, "Currency");
    }
    let mut uses = String::new();
    if built.uses_json {
        uses.push_str("use payhook::testing::Json;\n");
    }
    match names.as_slice() {
        [one] => {
            let _ = writeln!(uses, "use payhook::testing::b2binpay::{one};");
        }
        all => {
            let all = all.join(", ");
            let _ = writeln!(uses, "use payhook::testing::b2binpay::{{{all}}};");
        }
    }
    let expect = expected.and_then(expect).unwrap_or_default();
    let use_expected = if expect.is_empty() {
        ""
    } else {
        "use payhook::payment::Expected;\n"
    };
    let calls = built.calls.iter().fold(String::new(), |mut calls, call| {
        let _ = writeln!(calls, "        {call}");
        calls
    });
    let credited = match &outcome.credited {
        Some(amount) => format!("Some({amount:?}.parse()?)"),
        None => "None".to_owned(),
    };
    let status = outcome.status;
    format!(
        "use payhook::b2binpay::{{Gateway, Key, TrackingIds, Verifier}};\n{use_expected}{uses}\
         use payhook::{{Amount, Endpoint, MemoryLedger}};\n\n\
         #[test]\nfn callback_{id}() -> Result<(), Box<dyn std::error::Error>> {{\n    \
         let key = Key::callback_secret({SECRET:?})?;\n    \
         let body = {base}()\n{calls}        .sign(&key);\n    \
         let ledger = MemoryLedger::new();\n{expect}    \
         let verifier = Verifier::new(key, TrackingIds::{ids});\n    \
         let endpoint = Endpoint::new(Gateway::new(verifier), ledger);\n    \
         let reply = endpoint.receive_blocking(&body, None);\n    \
         assert_eq!(reply.status(), {status});\n    \
         let credited: Option<Amount> = {credited};\n    \
         assert_eq!(reply.change().and_then(|change| change.credited()), credited.as_ref());\n    \
         Ok(())\n}}\n"
    )
}

/// The line that expects the payment.
fn expect(expected: &Expected) -> Option<String> {
    let kind = match expected.kind() {
        ExpectedKind::Deposit => "deposit",
        ExpectedKind::Payout => "payout",
        _ => return None,
    };
    let (reference, currency) = (expected.reference(), expected.currency());
    let amount = short(expected.amount()?);
    Some(format!(
        "    ledger.expect(Expected::{kind}({reference:?}, {currency:?}, {amount:?}.parse()?)?);\n"
    ))
}
