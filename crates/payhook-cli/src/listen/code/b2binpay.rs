//! A test of a callback of B2BINPAY.

use std::fmt::Write as _;

use payhook::b2binpay::{Callback, Gateway, Key, TrackingIds, TransferStatus, Verifier};
use payhook::chrono::SecondsFormat;
use payhook::payment::{Expected, ExpectedKind};
use payhook::testing::Body;
use payhook::testing::b2binpay::{CallbackBuilder, CurrencyBuilder, deposit, payout, resign};
use payhook::{Amount, Endpoint, MemoryLedger};

use super::edits::{Edit, edits, literal};
use crate::listen::record::Record;

/// The secret of the test.
const SECRET: &str = "my test secret";

/// Code that builds and signs the body, and checks the response of an endpoint.
pub(crate) fn test(
    record: &Record,
    reported: &Callback,
    expected: Option<&Expected>,
) -> Option<String> {
    let key = Key::callback_secret(SECRET).ok()?;
    let original = resign(&record.body, &key).ok()?;
    let built = [Built::v3(reported), Built::v2(reported)]
        .into_iter()
        .filter_map(|built| built.completed(&original, &key))
        .min_by_key(|built| built.calls.len())?;
    let body = built.builder.try_sign(&key).ok()?;
    let ids = tracking_ids(reported);
    let result = Outcome::of(&body, &key, ids.1, expected.cloned());
    Some(source(record.id, &built, ids.0, expected, &result))
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
    fn v3(reported: &Callback) -> Self {
        let is_deposit = reported.operation().is_deposit();
        let builder = if is_deposit { deposit() } else { payout() };
        let mut built = Self {
            is_deposit,
            builder,
            calls: Vec::new(),
            uses_currency: false,
            uses_json: false,
        };
        built.describe(reported);
        built
    }

    fn v2(reported: &Callback) -> Self {
        Self::v3(reported).call(".v2()".to_owned(), CallbackBuilder::v2)
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
    fn describe(&mut self, reported: &Callback) {
        let id = reported.id();
        self.add(format!(".id({id:?})"), |it| it.id(id));
        let own = reported.tracking_id();
        self.add(format!(".tracking_id({own:?})"), |it| it.tracking_id(own));
        if let Some(time) = reported.time().and_then(|time| time.utc()) {
            let text = time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            self.add(format!(".at({text:?}.parse()?)"), |it| it.at(time));
        }
        if let Some(currency) = reported.currency() {
            self.currency(currency.alpha(), currency.exp());
        }
        let Some(transfer) = reported.transfer() else {
            return self.add(".no_transfer()".to_owned(), CallbackBuilder::no_transfer);
        };
        let amount = transfer.amount().without_trailing_zeros().to_owned();
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
        let currency = CurrencyBuilder::new(alpha);
        match exp.filter(|exp| *exp != currency.exp() && *exp <= 64) {
            None => self.add(format!(".currency({alpha:?})"), |it| it.currency(currency)),
            Some(exp) => {
                self.uses_currency = true;
                let code = format!(".currency(CurrencyBuilder::new({alpha:?}).decimals({exp}))");
                self.add(code, |it| it.currency(currency.decimals(exp)));
            }
        }
    }

    /// With the edits for everything else; `None` if it cannot be made equal.
    fn completed(mut self, original: &Body<Callback>, key: &Key) -> Option<Self> {
        let draft = self.builder.try_sign(key).ok()?;
        for edit in edits(draft.as_str(), original.as_str())? {
            match edit {
                Edit::Remove(path) => {
                    self.add(format!(".remove({path:?})"), |it| it.remove(&path));
                }
                Edit::Set(path, value) => {
                    let (code, value) = literal(&value);
                    self.uses_json |= code.starts_with("Json");
                    self.add(format!(".set({path:?}, {code})"), |it| it.set(&path, value));
                }
            }
        }
        let built = self.builder.try_sign(key).ok()?;
        let is_signed_alike = built.signature() == original.signature();
        let rest = edits(built.as_str(), original.as_str())?;
        (is_signed_alike && rest.is_empty()).then_some(self)
    }
}

/// The declaration that fits the id, and its name.
fn tracking_ids(reported: &Callback) -> (&'static str, TrackingIds) {
    match reported.tracking_id().chars().next() {
        None => ("Unused", TrackingIds::Unused),
        Some('0'..='9' | '.' | '-') => ("Unrestricted", TrackingIds::Unrestricted),
        Some(_) => ("Prefixed", TrackingIds::Prefixed),
    }
}

/// The assertions of the test.
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
        let credited = credited.map(Amount::without_trailing_zeros);
        Self {
            status: reply.status(),
            credited: credited.map(str::to_owned),
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
        names.insert(0, "CurrencyBuilder");
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
    let amount = expected.amount()?.without_trailing_zeros();
    Some(format!(
        "    ledger.expect(Expected::{kind}({reference:?}, {currency:?}, {amount:?}.parse()?)?);\n"
    ))
}
