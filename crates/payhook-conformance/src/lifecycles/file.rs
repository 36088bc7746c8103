//! [`RecordedLifecycle`]: the form of a recorded payment lifecycle in a file.

use std::fmt;

use payhook::b2binpay::Key;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::value::RawValue;

use super::outcome::StepOutcome;
use crate::Gateway;

/// A recorded lifecycle of a merchant's payments: the expected payments, and the
/// steps. In a file, each line is one JSON object.
///
/// ```
/// use payhook_conformance::lifecycles::RecordedLifecycle;
///
/// let lifecycle: RecordedLifecycle = serde_json::from_str(
///     r#"{"name": "nothing happens", "gateway": "b2binpay", "expected": [], "steps": []}"#,
/// )?;
/// assert_eq!(lifecycle.name(), "nothing happens");
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// Optional fields may be omitted: the name, the keys for CityPay.io, a step's
/// `want`. Unknown fields are ignored.
#[derive(Debug, Clone, Deserialize)]
#[serde(expecting = "the JSON object of a payment lifecycle")]
pub struct RecordedLifecycle {
    #[serde(default, deserialize_with = "name")]
    name: String,
    #[serde(with = "GatewayName")]
    pub(super) gateway: Gateway,
    #[serde(default, deserialize_with = "keys")]
    pub(super) keys: Vec<FileKey>,
    #[serde(skip)]
    pub(super) default_keys: Vec<Key>,
    #[serde(default)]
    pub(super) tracking_ids: Option<FileTrackingIds>,
    #[serde(default)]
    pub(super) customer_id: Option<Name>,
    #[serde(default)]
    pub(super) expected: Vec<RecordedPayment>,
    pub(super) steps: Vec<RecordedStep>,
}

impl RecordedLifecycle {
    /// Returns the name of the lifecycle in its file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the gateway whose callbacks are recorded.
    #[must_use]
    pub fn gateway(&self) -> Gateway {
        self.gateway
    }

    /// Returns whether a step has a `want`, which its changes are compared with.
    #[must_use]
    pub fn has_expected_changes(&self) -> bool {
        self.steps.iter().any(|step| step.want.is_some())
    }

    /// Sets the keys for a lifecycle without its own keys, so that a file need not
    /// contain a secret.
    #[must_use]
    pub fn default_keys(self, keys: impl IntoIterator<Item = Key>) -> Self {
        Self {
            default_keys: keys.into_iter().collect(),
            ..self
        }
    }
}

/// A name or an id: a string or an integer.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a string or an integer")]
pub(super) enum Name {
    Text(String),
    Number(u64),
}

#[derive(Deserialize)]
#[serde(remote = "Gateway", rename_all = "lowercase")]
enum GatewayName {
    B2binpay,
    CityPay,
}

#[derive(Clone, Deserialize)]
#[serde(tag = "scheme", rename_all = "snake_case")]
pub(super) enum FileKey {
    CallbackSecret { secret: String },
    LoginPassword { login: String, password: String },
}

/// The aliases are the words of `tests/vectors/payments.jsonl`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FileTrackingIds {
    #[serde(alias = "lettered")]
    Prefixed,
    #[serde(alias = "always_empty")]
    Unused,
    #[serde(alias = "any")]
    Unrestricted,
    Length(usize),
}

/// An expected payment.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RecordedPayment {
    pub(super) kind: String,
    pub(super) reference: String,
    pub(super) currency: String,
    pub(super) amount: Option<String>,
    pub(super) decimals: Option<u32>,
    pub(super) tolerance: Option<String>,
    pub(super) deadline: Option<String>,
    #[serde(default)]
    pub(super) trust_reported_conversion: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "StepFields")]
pub(super) struct RecordedStep {
    pub(super) action: Action,
    pub(super) want: Option<StepOutcome>,
}

#[derive(Debug, Clone)]
pub(super) enum Action {
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Decision {
    Accept,
    Reject,
}

impl RecordedStep {
    /// Whether the order endpoint's response is recorded.
    pub(super) fn has_order_details(&self) -> bool {
        matches!(
            self.action,
            Action::Delivery {
                answer: Some(_),
                ..
            }
        )
    }
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

impl TryFrom<StepFields> for RecordedStep {
    type Error = &'static str;

    fn try_from(fields: StepFields) -> Result<Self, Self::Error> {
        let action = match (fields.body, fields.decision) {
            (Some(_), Some(_)) => return Err("a step has both `body` and `do`"),
            (None, None) => return Err("a step has neither `body` nor `do`"),
            (Some(body), None) => Action::Delivery {
                body: text(&body)?,
                api: fields.api.as_deref().map(text).transpose()?,
                answer: fields.answer.as_deref().map(text).transpose()?,
            },
            (None, Some(decision)) => Action::Decision {
                decision,
                reference: fields.reference.ok_or("a decision has no `reference`")?,
            },
        };
        Ok(Self {
            action,
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
fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<FileKey>, D::Error> {
    let keys = Option::<serde_json::Value>::deserialize(deserializer)?;
    let keys = keys.map(Vec::<FileKey>::deserialize).transpose();
    let keys = keys.map_err(|_| {
        D::Error::custom(
            "`keys` is a list of objects with `scheme` (`callback_secret` or `login_password`) \
             and `secret`, or `login` and `password`",
        )
    })?;
    Ok(keys.unwrap_or_default())
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CallbackSecret { .. } => "CallbackSecret(..)",
            Self::LoginPassword { .. } => "LoginPassword(..)",
        })
    }
}
