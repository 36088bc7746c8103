//! What is shown of a body: for people, and for machines.

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
    /// Both, one below the other; where they say the same, this one.
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

/// [`refused`], and where the reason is looked for.
pub(crate) fn refused_to_verify(error: &VerifyError, gateway: Gateway) -> Shown {
    let mut shown = refused(error, gateway);
    if matches!(
        error,
        VerifyError::SignatureMismatch { .. } | VerifyError::MalformedSignature
    ) {
        let line = "`payhook diagnose` with the same arguments looks for the reason";
        let _ = writeln!(shown.text, "{}: {line}", styled(STRONG, "hint"));
    }
    shown
}

/// What it would be, if the evidence were right.
pub(crate) fn pretended(pretended: &Pretended, gateway: Gateway) -> Shown {
    match pretended {
        Ok(callback) => unchecked(callback),
        Err(error) => refused(error, gateway),
    }
}

fn unchecked(callback: &Callback) -> Shown {
    let gateway = callback.event().gateway();
    let facts = Facts::of(callback).unchecked();
    let condition = match callback.evidence() {
        Evidence::GatewayApi => "it is not signed; if the gateway's API said the same",
        Evidence::Signature { .. } => "were its signature right",
        _ => "nothing is signed; were its token yours",
    };
    let head = styled(STRONG, "not checked");
    Shown {
        text: format!("{head}: {condition}, it would be\n{}", facts.text()),
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
