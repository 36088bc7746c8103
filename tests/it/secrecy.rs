//! No output of a public type contains a secret, a token or a signature.
//!
//! The output for a subscriber of `tracing` is tested in `tracing.rs`, that of a diagnosis
//! in `diagnose/secrecy.rs`, and the command's in
//! `crates/payhook-cli/tests/cli/secrets.rs`.
#![allow(
    unused_qualifications,
    reason = "a type's whole path is its name in the public surface"
)]

mod b2binpay;
mod citypay;
#[cfg(feature = "testing")]
mod kit;

use std::collections::{BTreeSet, HashSet};
use std::error::Error;
use std::fmt::{Debug, Display};
use std::iter::successors;

use payhook::{
    BoxError, Callback, Endpoint, Handler, Reply, endpoint::Idempotent, idempotency::MemoryStore,
    ledger::PaymentKey,
};
use serde::Serialize;

use crate::support::{ALL_FEATURES, at_root, base64, hex, public_types, sha256};

const SECRET: &str = "cbs_SmarkedW2vX9tR4kL8pN1";
const LOGIN: &str = "lgn_LmarkedXv3kQz81Bd";
const PASSWORD: &str = "pwd_PmarkedYt5mWr92Hc";
const TOKEN: &str = "tok_TmarkedZx7cVb60Nq";

/// The types whose output has to contain a mark.
const BY_DESIGN: [(&str, Way, &str); 11] = [
    (
        "payhook::AddressError",
        Way::Shown,
        "it names the configured value of a range",
    ),
    (
        "payhook::Receipt",
        Way::Serialized,
        "it names the payment, by CityPay.io's token",
    ),
    ("payhook::Receipt", Way::Shown, "the same as one line"),
    (
        "payhook::b2binpay::Callback",
        Way::Serialized,
        "it is the body again",
    ),
    (
        "payhook::citypay::DepositCallback",
        Way::Serialized,
        "it is the body again",
    ),
    (
        "payhook::citypay::OrderDetails",
        Way::Serialized,
        "it is the answer again",
    ),
    (
        "payhook::citypay::OrderCallback",
        Way::Serialized,
        "it is the body again",
    ),
    (
        "payhook::citypay::Token",
        Way::Serialized,
        "it is a part of the body",
    ),
    (
        "payhook::testing::Json",
        Way::Shown,
        "a test's document, to be looked at",
    ),
    (
        "payhook::testing::citypay::DepositBuilder",
        Way::Shown,
        "a test made it up, its token too",
    ),
    (
        "payhook::testing::citypay::OrderBuilder",
        Way::Shown,
        "a test made it up, its token too",
    ),
];

/// The types that are not tested, and why: without `payhook::`.
const NOT_DRIVEN: &[(&str, &[&str])] = &[
    (
        "words and numbers of its own",
        &[
            "Fault",
            "FieldError",
            "PaymentKind",
            "Lease",
            "Outcome",
            "SignatureScheme",
            "b2binpay::TrackingIds",
            "BodyEncoding",
            "OtherProduct",
            "EnvError",
            "b2binpay::LookupPolicy",
            "payment::ExpectedError",
            "payment::ExpectedKind",
            "payment::HistoryError",
            "payment::PaymentStatus",
        ],
    ),
    (
        "what a merchant keeps of a payment: sums, ids and reasons, all there to be shown",
        &[
            "MemoryLedger",
            "PaymentKey",
            "payment::Change",
            "payment::Expected",
            "payment::HeldChanged",
            "payment::HeldPart",
            "payment::History",
            "payment::Payment",
            "payment::Review",
            "payment::ReviewReason",
        ],
    ),
    (
        "one value, which is there to be shown",
        &[
            "AddressRanges",
            "Amount",
            "Fact",
            "RawJson",
            "Timestamp",
            "b2binpay::CallbackType",
            "b2binpay::DepositStatus",
            "b2binpay::OperationType",
            "b2binpay::PayoutStatus",
            "b2binpay::RiskStatus",
            "b2binpay::TransferStatus",
            "citypay::Action",
            "citypay::AmountBreakdown",
            "citypay::DepositStatus",
            "citypay::OrderStatus",
            "http::TrustedProxies",
        ],
    ),
    ("created by the merchant's own code", &["HandlerFn"]),
    ("an account, which is tested", &["citypay::Gateway"]),
];

/// The kinds of output of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Serialized,
    /// By `Debug`, by `Display`, or as an error with its sources.
    Shown,
}

struct Wrap<'a, T>(&'a T);

/// Picks an impl where there is one: a method's receiver is borrowed once before twice.
macro_rules! if_implemented {
    ($Trait:ident, $Otherwise:ident, $method:ident, $Bound:path, $show:expr) => {
        trait $Trait {
            fn $method(&self) -> String;
        }

        impl<T: $Bound> $Trait for Wrap<'_, T> {
            fn $method(&self) -> String {
                let show: fn(&T) -> String = $show;
                show(self.0)
            }
        }

        trait $Otherwise {
            fn $method(&self) -> String {
                String::new()
            }
        }

        impl<T> $Otherwise for &Wrap<'_, T> {}
    };
}

if_implemented!(Displayed, NotDisplayed, displayed, Display, |value| {
    format!("{value} {value:#}")
});
if_implemented!(Serialized, NotSerialized, serialized, Serialize, |value| {
    serde_json::to_string(value).unwrap()
});
if_implemented!(Caused, NotCaused, caused, Error, |value| {
    let causes = successors(value.source(), |error| (*error).source());
    let causes: Vec<_> = causes.map(|cause| format!("{cause} {cause:?}")).collect();
    causes.join(" ")
});

/// The output so far, and the strings that must not be in it.
struct Sheet {
    driven: BTreeSet<String>,
    leaks: BTreeSet<(String, Way)>,
    /// All parts of this length: one of them is too much.
    marks: HashSet<[u8; 12]>,
}

impl Sheet {
    fn new() -> Self {
        let login_password = format!("{LOGIN}{PASSWORD}");
        let texts = [SECRET, LOGIN, PASSWORD, TOKEN, &login_password];
        let mut marks: Vec<String> = texts.map(str::to_owned).to_vec();
        for text in texts {
            for bytes in [text.as_bytes(), &sha256(text)] {
                marks.extend(encodings(bytes));
            }
        }
        let mut sheet = Self {
            driven: BTreeSet::new(),
            leaks: BTreeSet::new(),
            marks: HashSet::new(),
        };
        sheet.add(&marks);
        sheet
    }

    /// From now on it is a mark as well.
    fn mark(&mut self, signature: &[u8]) {
        self.add(&encodings(signature));
    }

    fn add(&mut self, marks: &[String]) {
        self.marks.extend(marks.iter().flat_map(|mark| parts(mark)));
    }

    fn look(&mut self, name: &str, way: Way, shown: &str) {
        let name = at_root(name.split('<').next().unwrap_or_default());
        self.driven.insert(name.clone());
        if parts(shown).any(|part| self.marks.contains(&part)) {
            self.leaks.insert((name, way));
        }
    }
}

/// As nothing but its characters, in lower case and on one line, in parts.
fn parts(text: &str) -> impl Iterator<Item = [u8; 12]> {
    let text = text.to_lowercase();
    let text: Vec<u8> = text.split_whitespace().flat_map(str::bytes).collect();
    let parts: Vec<_> = text
        .windows(12)
        .map(|part| part.try_into().unwrap())
        .collect();
    parts.into_iter()
}

/// In hexadecimal, in Base64, and as `Debug` lists bytes.
fn encodings(bytes: &[u8]) -> [String; 3] {
    [hex(bytes), base64(bytes), format!("{bytes:?}")]
}

/// Checks all outputs of a value.
macro_rules! look {
    ($sheet:expr, $($Type:ty: $value:expr;)+) => {$(
        let value: &$Type = $value;
        let wrap = &Wrap(value);
        let shown = format!("{value:?} {value:#?} {} {}", wrap.displayed(), wrap.caused());
        $sheet.look(stringify!($Type), Way::Shown, &shown);
        $sheet.look(stringify!($Type), Way::Serialized, &wrap.serialized());
    )+};
}

use look;

/// Knows every reference, and succeeds or fails.
struct Shop {
    is_content: bool,
}

impl Handler for Shop {
    async fn handle(&self, _: Callback) -> Result<(), BoxError> {
        if self.is_content {
            Ok(())
        } else {
            Err("no".into())
        }
    }

    async fn is_known(&self, _: &PaymentKey) -> Result<bool, BoxError> {
        Ok(true)
    }
}

/// The replies of an endpoint, with a handler that succeeds and one that fails.
fn replies<G: payhook::Gateway>(gateway: impl Fn() -> G, body: &str) -> Vec<Reply> {
    let answers = [true, false].map(|is_content| {
        let target = Idempotent::new(Shop { is_content }, MemoryStore::new());
        let endpoint = Endpoint::new(gateway(), target).with_receipts();
        endpoint.receive_blocking(body.as_bytes(), None)
    });
    answers.into()
}

#[test]
fn no_public_type_shows_a_secret() {
    let mut sheet = Sheet::new();
    b2binpay::drive(&mut sheet);
    citypay::drive(&mut sheet);
    #[cfg(feature = "testing")]
    kit::drive(&mut sheet);

    let is_driven = |name: &str| sheet.driven.contains(name);
    let by_design = BY_DESIGN.iter().filter(|(name, ..)| is_driven(name));
    let by_design: BTreeSet<_> = by_design
        .map(|(name, way, _)| ((*name).to_owned(), *way))
        .collect();
    assert_eq!(sheet.leaks, by_design);

    let silent = NOT_DRIVEN.iter().flat_map(|(_, names)| *names);
    let silent: BTreeSet<_> = silent.map(|name| format!("payhook::{name}")).collect();
    let twice: Vec<_> = silent.intersection(&sheet.driven).collect();
    assert!(twice.is_empty(), "driven after all: {twice:?}");
    let known: BTreeSet<_> = silent.union(&sheet.driven).cloned().collect();
    let public = public_types();
    let gone: Vec<_> = known.difference(&public).collect();
    assert!(gone.is_empty(), "not public any more: {gone:?}");
    if ALL_FEATURES {
        let forgotten: Vec<_> = public.difference(&known).collect();
        assert!(
            forgotten.is_empty(),
            "neither driven nor in the list: {forgotten:#?}"
        );
    }
}
