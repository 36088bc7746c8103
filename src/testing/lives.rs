//! [`Life`]: a recorded payment lifecycle, replayed through an endpoint and compared with the expected change of each step. See [`Life`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::amount::Amount;
use crate::b2binpay::{self, Key, LookupPolicy, TrackingIds, Verifier};
use crate::citypay;
use crate::delegate_ledger;
use crate::endpoint::Endpoint;
use crate::event::Event;
use crate::fetch::{BoxError, Fetch};
use crate::ledger::{Ledger, MemoryLedger, PaymentKey};
use crate::payment::{Change, Expected, ExpectedKind, Payment, Review, ReviewReason};

/// A ledger on which lifecycles can be replayed.
///
/// [`MemoryLedger`] implements it. See [`Life::play`].
pub trait Books: Ledger {
    /// Expects a payment.
    fn expect(
        &self,
        gateway: &str,
        expected: Expected,
    ) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Accepts (or rejects) everything that is held under a reference.
    fn decide(
        &self,
        gateway: &str,
        reference: &str,
        accepts: bool,
    ) -> impl Future<Output = Result<Vec<Change>, BoxError>> + Send;

    /// Returns the payments with a reference: one for each transfer of a top-up.
    fn read(
        &self,
        gateway: &str,
        reference: &str,
    ) -> impl Future<Output = Result<Vec<Payment>, BoxError>> + Send;
}

impl Books for MemoryLedger {
    async fn expect(&self, _: &str, expected: Expected) -> Result<(), BoxError> {
        self.expect(expected);
        Ok(())
    }

    async fn decide(
        &self,
        _: &str,
        reference: &str,
        accepts: bool,
    ) -> Result<Vec<Change>, BoxError> {
        Ok(if accepts {
            self.accept_held(reference)
        } else {
            self.reject_held(reference)
        })
    }

    async fn read(&self, _: &str, reference: &str) -> Result<Vec<Payment>, BoxError> {
        Ok(self.payments(reference))
    }
}

/// A recorded lifecycle of a merchant's payments: the expected payments, and the
/// steps. In a file, each line is one JSON object.
///
/// ```
/// use payhook::testing::lives::Life;
///
/// let life: Life = serde_json::from_str(
///     r#"{"name": "nothing happens", "gateway": "b2binpay", "expected": [], "steps": []}"#,
/// )?;
/// assert_eq!(life.name(), "nothing happens");
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// Optional fields may be omitted: the name, the keys for CityPay.io, a step's
/// `want`. Unknown fields are ignored.
#[derive(Debug, Clone, Deserialize)]
pub struct Life {
    #[serde(default, deserialize_with = "name")]
    name: String,
    gateway: GatewayName,
    #[serde(default, deserialize_with = "keys")]
    keys: Vec<LifeKey>,
    #[serde(skip)]
    other_keys: Vec<Key>,
    #[serde(default)]
    tracking_ids: Option<LifeIds>,
    #[serde(default)]
    customer_id: Option<Name>,
    #[serde(default)]
    expected: Vec<LifeExpected>,
    steps: Vec<LifeStep>,
}

/// A name or an id: a string or an integer.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a string or an integer")]
enum Name {
    Text(String),
    Number(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum GatewayName {
    B2binpay,
    CityPay,
}

#[derive(Clone, Deserialize)]
#[serde(tag = "scheme", rename_all = "snake_case")]
enum LifeKey {
    CallbackSecret { secret: String },
    LoginPassword { login: String, password: String },
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LifeIds {
    Lettered,
    AlwaysEmpty,
    Any,
    Length(usize),
}

#[derive(Debug, Clone, Deserialize)]
struct LifeExpected {
    kind: String,
    reference: String,
    currency: String,
    amount: Option<String>,
    decimals: Option<u32>,
    tolerance: Option<String>,
    deadline: Option<String>,
    #[serde(default)]
    trust_reported_conversion: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "StepFields")]
struct LifeStep {
    happens: Happens,
    want: Option<StepOutcome>,
}

#[derive(Debug, Clone)]
enum Happens {
    Delivery {
        body: String,
        api: Option<String>,
        answer: Option<String>,
    },
    Decision {
        decision: Decision,
        reference: String,
    },
}

/// A step in the file.
#[derive(Deserialize)]
struct StepFields {
    body: Option<Box<RawValue>>,
    api: Option<Box<RawValue>>,
    answer: Option<Box<RawValue>>,
    #[serde(rename = "do")]
    decision: Option<Decision>,
    reference: Option<String>,
    want: Option<StepOutcome>,
}

impl TryFrom<StepFields> for LifeStep {
    type Error = &'static str;

    fn try_from(fields: StepFields) -> Result<Self, Self::Error> {
        let happens = match (fields.body, fields.decision) {
            (Some(_), Some(_)) => return Err("a step has both `body` and `do`"),
            (None, None) => return Err("a step has neither `body` nor `do`"),
            (Some(body), None) => Happens::Delivery {
                body: text(&body)?,
                api: fields.api.as_deref().map(text).transpose()?,
                answer: fields.answer.as_deref().map(text).transpose()?,
            },
            (None, Some(decision)) => Happens::Decision {
                decision,
                reference: fields.reference.ok_or("a decision has no `reference`")?,
            },
        };
        Ok(Self {
            happens,
            want: fields.want,
        })
    }
}

/// A document as a string, or as JSON.
fn text(document: &RawValue) -> Result<String, &'static str> {
    let document = document.get();
    if document.starts_with('"') {
        serde_json::from_str(document)
            .map_err(|_| "a step contains a string that is not valid Unicode")
    } else {
        Ok(document.to_owned())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = Option::<Name>::deserialize(deserializer)?;
    Ok(name.map(|name| name.to_string()).unwrap_or_default())
}

/// The error does not show the input, which may contain a secret.
fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<LifeKey>, D::Error> {
    let keys = Option::<serde_json::Value>::deserialize(deserializer)?;
    let keys = keys.map(Vec::<LifeKey>::deserialize).transpose();
    let keys = keys.map_err(|_| {
        D::Error::custom(
            "`keys` is a list of objects with `scheme` (`callback_secret` or `login_password`) \
             and `secret`, or `login` and `password`",
        )
    })?;
    Ok(keys.unwrap_or_default())
}

impl fmt::Debug for LifeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CallbackSecret { .. } => "CallbackSecret(..)",
            Self::LoginPassword { .. } => "LoginPassword(..)",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Decision {
    Accept,
    Reject,
}

/// The changes of a step, and the state of every expected payment after it.
///
/// It serializes in the vocabulary of the file's `want`. See [`Life::play`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepOutcome {
    /// The HTTP status of the delivery; 200 for a manual decision.
    pub status: u16,
    /// The changes by reference; payments without a credit or a review are omitted.
    pub change: BTreeMap<String, Changed>,
    /// The state of every expected payment.
    pub payments: BTreeMap<String, Sums>,
}

/// The change of one payment.
///
/// See [`StepOutcome`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[non_exhaustive]
pub struct Changed {
    /// The amount to credit now.
    pub credited: Option<String>,
    /// Whether it has just become paid.
    #[serde(default)]
    pub newly_paid: bool,
    /// The reasons to review it, sorted.
    #[serde(default)]
    pub review: Vec<String>,
}

/// A payment's status and sums.
///
/// See [`StepOutcome`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sums {
    /// The status, such as `paid` or `held`; `null` for a top-up as a whole.
    pub status: Option<String>,
    /// The received amount.
    pub received: String,
    /// The credited amount.
    pub credited: String,
    /// The held amount.
    pub held: String,
}

/// A replayed step.
///
/// See [`Life::play`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Played {
    /// The changes.
    pub outcome: StepOutcome,
    /// The differences from the file's `want`, in words. Empty if there are none, or
    /// if there is no `want`.
    pub differences: Vec<String>,
}

impl Life {
    /// Returns the name of the lifecycle in its file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the gateway: `b2binpay` or `citypay`.
    #[must_use]
    pub fn gateway(&self) -> &'static str {
        match self.gateway {
            GatewayName::B2binpay => "b2binpay",
            GatewayName::CityPay => "citypay",
        }
    }

    /// Sets the keys for a lifecycle without its own keys, so that a file need not
    /// contain a secret.
    #[must_use]
    pub fn default_keys(self, keys: impl IntoIterator<Item = Key>) -> Self {
        Self {
            other_keys: keys.into_iter().collect(),
            ..self
        }
    }

    /// Replays the lifecycle on an empty ledger.
    ///
    /// # Errors
    ///
    /// Errors in the file (an invalid key or amount), before the first step; and
    /// errors of the ledger.
    pub async fn play<L: Books>(&self, ledger: &L) -> Result<Vec<Played>, BoxError> {
        let receiver = self.receiver()?;
        for expected in &self.expected {
            let read = expected.read().map_err(|error| {
                format!("the expected payment `{}`: {error}", expected.reference)
            })?;
            ledger.expect(self.gateway(), read).await?;
        }
        let mut played = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let recorder = Recorder {
                ledger,
                changes: Mutex::default(),
            };
            let status = self.step(&step.happens, &receiver, &recorder).await?;
            let changes = recorder.changes.into_inner();
            let change = merge(changes.unwrap_or_else(std::sync::PoisonError::into_inner));
            let mut payments = BTreeMap::new();
            for expected in &self.expected {
                let found = ledger.read(self.gateway(), &expected.reference).await?;
                payments.insert(expected.reference.clone(), Sums::of(&found));
            }
            let outcome = StepOutcome {
                status,
                change,
                payments,
            };
            let differences = step
                .want
                .as_ref()
                .map(|want| want.differences(&outcome))
                .unwrap_or_default();
            played.push(Played {
                outcome,
                differences,
            });
        }
        Ok(played)
    }

    async fn step<L: Books>(
        &self,
        step: &Happens,
        receiver: &Receiver,
        recorder: &Recorder<'_, L>,
    ) -> Result<u16, BoxError> {
        let (body, api, answer) = match step {
            Happens::Delivery { body, api, answer } => (body.as_bytes(), api, answer),
            Happens::Decision {
                decision,
                reference,
            } => {
                let accepts = *decision == Decision::Accept;
                let ledger = recorder.ledger;
                for change in ledger.decide(self.gateway(), reference, accepts).await? {
                    recorder.note(reference, change);
                }
                return Ok(200);
            }
        };
        let reply = match receiver {
            Receiver::B2binpay(verifier) => {
                let gateway = b2binpay::Gateway::new(verifier.as_ref().clone());
                match api {
                    None => Endpoint::new(gateway, recorder).receive(body, None).await,
                    Some(answer) => {
                        let gateway = gateway
                            .with_api("https://api", Recorded(Some(answer)))
                            .lookup_policy(LookupPolicy::Always)
                            .hold_on_lookup_failure();
                        Endpoint::new(gateway, recorder).receive(body, None).await
                    }
                }
            }
            Receiver::CityPay(account) => {
                let fetch = Recorded(answer.as_deref());
                let gateway = citypay::Gateway::new(account.clone(), fetch);
                Endpoint::new(gateway, recorder).receive(body, None).await
            }
        };
        Ok(reply.status())
    }

    fn receiver(&self) -> Result<Receiver, BoxError> {
        Ok(match self.gateway {
            GatewayName::B2binpay => Receiver::B2binpay(Box::new(self.verifier()?)),
            GatewayName::CityPay => Receiver::CityPay(self.account()?),
        })
    }

    fn account(&self) -> Result<citypay::Account, BoxError> {
        let is_asked = |step: &LifeStep| {
            let Happens::Delivery { answer, .. } = &step.happens else {
                return false;
            };
            answer.is_some()
        };
        match &self.customer_id {
            Some(id) => Ok(citypay::Account::new(&id.to_string())?),
            None if self.steps.iter().any(is_asked) => {
                Err("no `customer_id` to compare the responses with".into())
            }
            // Only a response is compared with it.
            None => Ok(citypay::Account::new("unknown")?),
        }
    }

    fn verifier(&self) -> Result<Verifier, BoxError> {
        let keys = self.keys.iter().map(|key| match key {
            LifeKey::CallbackSecret { secret } => Key::callback_secret(secret),
            LifeKey::LoginPassword { login, password } => Key::login_password(login, password),
        });
        let mut keys = keys.collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            keys.clone_from(&self.other_keys);
        }
        let ids = match self.tracking_ids {
            None | Some(LifeIds::Lettered) => TrackingIds::Prefixed,
            Some(LifeIds::AlwaysEmpty) => TrackingIds::Unused,
            Some(LifeIds::Any) => TrackingIds::Unrestricted,
            Some(LifeIds::Length(length)) => TrackingIds::FixedLength(length),
        };
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or("no `keys` to verify with")?;
        Ok(keys.fold(Verifier::new(first, ids), Verifier::also))
    }
}

/// The verifier for the callbacks of a lifecycle.
enum Receiver {
    B2binpay(Box<Verifier>),
    CityPay(citypay::Account),
}

impl LifeExpected {
    fn read(&self) -> Result<Expected, BoxError> {
        let kind = ExpectedKind::from_name(&self.kind)
            .ok_or_else(|| format!("unknown payment kind `{}`", self.kind))?;
        let amount = match &self.amount {
            Some(amount) => Some(amount.parse::<Amount>()?),
            None => None,
        };
        let mut expected =
            Expected::of_kind(kind, self.reference.clone(), self.currency.clone(), amount)?;
        if let Some(tolerance) = &self.tolerance {
            expected = expected.tolerance(tolerance.parse()?)?;
        }
        if let Some(decimals) = self.decimals {
            expected = expected.decimals(decimals);
        }
        if let Some(deadline) = &self.deadline {
            let deadline = DateTime::parse_from_rfc3339(deadline)?;
            expected = expected.deadline(deadline.with_timezone(&Utc));
        }
        if self.trust_reported_conversion {
            expected = expected.trust_reported_conversion();
        }
        Ok(expected)
    }
}

impl Sums {
    fn of(payments: &[Payment]) -> Self {
        let sum = |of: fn(&Payment) -> Amount| {
            let sum = payments
                .iter()
                .map(of)
                .fold(Amount::default(), |sum, amount| {
                    sum.checked_add(&amount).unwrap_or(sum)
                });
            crate::amount::without_zeros(sum.as_str()).to_owned()
        };
        let is_top_up = payments.iter().any(|it| it.expected().is_top_up());
        Self {
            status: payments
                .first()
                .filter(|_| !is_top_up)
                .map(|payment| payment.status().to_string()),
            received: sum(Payment::received),
            credited: sum(Payment::credited),
            held: sum(Payment::held),
        }
    }
}

/// One entry per reference; a change without credit and review is omitted.
fn merge(changes: Vec<(String, Change)>) -> BTreeMap<String, Changed> {
    let mut merged: BTreeMap<String, (Amount, Changed)> = BTreeMap::new();
    for (reference, change) in changes {
        let says_nothing =
            change.credited().is_none() && !change.newly_paid() && change.reviews().is_empty();
        if says_nothing {
            continue;
        }
        let (sum, entry) = merged.entry(reference).or_default();
        if let Some(amount) = change.credited() {
            *sum = sum.checked_add(amount).unwrap_or_default();
            entry.credited = Some(crate::amount::without_zeros(sum.as_str()).to_owned());
        }
        entry.newly_paid |= change.newly_paid();
        let codes = change.reviews().iter().map(Review::reason);
        entry.review.extend(codes.map(|reason| reason.to_string()));
        entry.review.sort_unstable();
        entry.review.dedup();
    }
    let merged = merged.into_iter();
    merged.map(|(key, (_, entry))| (key, entry)).collect()
}

impl StepOutcome {
    /// The differences between `found` and `want`, in words.
    fn differences(&self, found: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, want: &str, found: &str| {
            if want != found {
                differences.push(format!("{what}: want {want}, found {found}"));
            }
        };
        compare(
            "status",
            &self.status.to_string(),
            &found.status.to_string(),
        );
        let nothing = Changed::default();
        let references = self.change.keys().chain(found.change.keys());
        let references: std::collections::BTreeSet<&String> = references.collect();
        for reference in references {
            let want = self.change.get(reference).unwrap_or(&nothing);
            let found = found.change.get(reference).unwrap_or(&nothing);
            compare(
                &format!("{reference} credited"),
                &by_value(want.credited.as_deref()),
                &by_value(found.credited.as_deref()),
            );
            compare(
                &format!("{reference} newly_paid"),
                &want.newly_paid.to_string(),
                &found.newly_paid.to_string(),
            );
            let codes = |review: &[String]| {
                let mut codes = review.to_vec();
                codes.sort_unstable();
                format!("{codes:?}")
            };
            compare(
                &format!("{reference} review"),
                &codes(&want.review),
                &codes(&found.review),
            );
        }
        for (reference, want) in &self.payments {
            let Some(found) = found.payments.get(reference) else {
                compare(reference, "a payment", "none");
                continue;
            };
            if let Some(status) = &want.status {
                let found = found.status.as_deref().unwrap_or("none");
                compare(&format!("{reference} status"), status, found);
            }
            for (what, want, found) in [
                ("received", &want.received, &found.received),
                ("credited", &want.credited, &found.credited),
                ("held", &want.held, &found.held),
            ] {
                compare(
                    &format!("{reference} {what}"),
                    &by_value(Some(want)),
                    &by_value(Some(found)),
                );
            }
        }
        differences
    }
}

/// An amount without insignificant zeros.
fn by_value(amount: Option<&str>) -> String {
    let amount = amount.unwrap_or("none");
    crate::amount::without_zeros(amount).to_owned()
}

/// Returns the recorded response for every lookup.
struct Recorded<'a>(Option<&'a str>);

impl Fetch for Recorded<'_> {
    async fn get(&self, _: &str) -> Result<Vec<u8>, BoxError> {
        let answer = self.0.ok_or("the lookup failed")?;
        Ok(answer.as_bytes().to_vec())
    }
}

/// A ledger, and the changes that were saved in it during one step.
struct Recorder<'l, L> {
    ledger: &'l L,
    changes: Mutex<Vec<(String, Change)>>,
}

impl<L> Recorder<'_, L> {
    fn note(&self, reference: &str, change: Change) {
        let changes = self.changes.lock();
        let mut changes = changes.unwrap_or_else(std::sync::PoisonError::into_inner);
        changes.push((reference.to_owned(), change));
    }
}

impl<L: Ledger> Ledger for Recorder<'_, L> {
    type Transaction = L::Transaction;

    delegate_ledger! {
        this => this.ledger;
        find, peek, owner, bind
    }

    async fn save(
        &self,
        transaction: L::Transaction,
        key: &PaymentKey,
        payment: &Payment,
        change: &Change,
    ) -> Result<(), BoxError> {
        self.ledger.save(transaction, key, payment, change).await?;
        self.note(&key.reference, change.clone());
        Ok(())
    }

    async fn unmatched(&self, event: &Event<'_>) -> Result<(), BoxError> {
        self.ledger.unmatched(event).await?;
        let review = Review::new(ReviewReason::Unmatched);
        self.note(event.reference().value(), Change::unmatched(review));
        Ok(())
    }
}
