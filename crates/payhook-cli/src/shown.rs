//! The output for one body: text for people, JSON for scripts.

use std::fmt::Write as _;

use payhook::{Callback, Evidence, VerifyError};
use payhook_conformance::Gateway;
use serde_json::{Value, json};

use crate::facts::Facts;
use crate::proof::Pretended;
use crate::screen::{BAD, GOOD, STRONG, plain, styled};

pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Shown {
    /// Appends `other`; equal output appears once.
    pub(crate) fn and(mut self, other: Self) -> Self {
        if self.text != other.text {
            self.text.push_str(&other.text);
        }
        if let (Value::Object(own), Value::Object(other)) = (&mut self.json, other.json) {
            for (key, value) in other {
                own.entry(key).or_insert(value);
            }
        }
        self
    }
}

pub(crate) fn proven(callback: &Callback) -> Shown {
    let event = callback.event();
    let facts = Facts::of(callback);
    let by = by(event.evidence());
    Shown {
        text: format!(
            "{} {}\n{}",
            styled(GOOD, "verified"),
            plain(&by),
            facts.text()
        ),
        json: json!({
            "gateway": event.gateway(),
            "verified": true,
            "by": by,
            "facts": facts.json(),
        }),
    }
}

pub(crate) fn refused(error: &VerifyError, gateway: Gateway) -> Shown {
    let (bad, hint) = (styled(BAD, "not verified"), styled(STRONG, "hint"));
    Shown {
        text: format!(
            "{bad}: {}\n{hint}: {}\n",
            plain(&error.to_string()),
            error.hint()
        ),
        json: json!({
            "gateway": gateway.to_string(),
            "verified": false,
            "error": error.to_string(),
            "hint": error.hint(),
        }),
    }
}

/// [`refused`], with a pointer to `payhook diagnose`.
pub(crate) fn refused_to_verify(error: &VerifyError, gateway: Gateway) -> Shown {
    let mut shown = refused(error, gateway);
    if matches!(
        error,
        VerifyError::SignatureMismatch { .. } | VerifyError::MalformedSignature
    ) {
        let line = "run `payhook diagnose` with the same arguments to find the reason";
        let _ = writeln!(shown.text, "{}: {line}", styled(STRONG, "hint"));
    }
    shown
}

/// The result that a correct signature or token would give.
pub(crate) fn pretended(pretended: &Pretended, gateway: Gateway) -> Shown {
    match pretended {
        Ok(callback) => unchecked(callback),
        Err(error) => refused(error, gateway),
    }
}

fn unchecked(callback: &Callback) -> Shown {
    let event = callback.event();
    let gateway = event.gateway();
    let facts = Facts::of(callback).unchecked();
    let condition = match (event.evidence(), callback) {
        (Evidence::GatewayApi, _) => "it is not signed. If the gateway's API confirmed it",
        (Evidence::Signature { .. }, _) => "if its signature were correct",
        (_, Callback::Deposit(_)) => "CityPay.io signs nothing. For a deposit token of yours",
        _ => "CityPay.io signs nothing. For an order of yours",
    };
    let head = styled(STRONG, "not checked");
    Shown {
        text: format!("{head}: {condition}, this would be:\n{}", facts.text()),
        json: json!({
            "gateway": gateway.to_string(),
            "verified": null,
            "facts_if_verified": facts.json(),
        }),
    }
}

/// `by the signature of CALLBACK_SECRET`.
fn by(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Signature { scheme, key, .. } => format!("by the signature of {key} ({scheme})"),
        evidence => format!("by the {evidence}"),
    }
}
