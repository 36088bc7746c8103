//! The meaning of each response, and the remedy.

use std::time::Duration;

use payhook::reqwest::Method;
use payhook_conformance::Gateway;
use serde_json::{Value, json};

use super::probe::{Answer, Probe, Sent};
use super::words::{
    BAD_GATEWAY, BODY_REFUSED, BODY_REFUSED_BY_CITYPAY, CHALLENGE, CONTENT_TYPE, FORBIDDEN,
    FORGERY_ACCEPTED, GATEWAY_TIMEOUT, GET_ACCEPTED, LARGE_REFUSED, LOGIN, NOT_FOUND, NOT_POST,
    RATE_LIMIT, REDIRECT, REDIRECT_TO_GET, SERVER_ERROR, SLOW_ANSWER, SMALL_REFUSED,
    UNKNOWN_ORDER_ACCEPTED, WEB_PAGE, Words, failed,
};

/// From here on a response counts as slow. The gateways do not publish their limit.
const SLOW: Duration = Duration::from_secs(5);

/// The most serious first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    /// Money can be lost.
    Danger,
    /// Callbacks do not arrive, or not as they were sent.
    Problem,
    /// Harmless unless something else is expected.
    Note,
}

impl Severity {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Danger => "danger",
            Self::Problem => "problem",
            Self::Note => "note",
        }
    }
}

#[derive(Debug)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    code: &'static str,
    pub(super) title: &'static str,
    /// The probes that show it.
    pub(super) probes: Vec<&'static str>,
    /// The first of their responses.
    pub(super) received: String,
    pub(super) meaning: &'static str,
    pub(super) action: &'static str,
}

impl Finding {
    /// Whether another probe shows the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.code == other.code
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.severity = self.severity.min(other.severity);
        self.probes.extend(other.probes);
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "severity": self.severity.as_str(),
            "finding": self.code,
            "title": self.title,
            "probes": self.probes,
            "received": self.received,
            "meaning": self.meaning,
            "action": self.action,
        })
    }
}

pub(super) fn of(sent: &Sent, gateway: Gateway) -> Vec<Finding> {
    let Sent { probe, result } = sent;
    let new = |severity, words: Words, received: String| Finding {
        severity,
        code: words.0,
        title: words.1,
        probes: vec![probe.name],
        received,
        meaning: words.2,
        action: words.3,
    };
    match result {
        // No callback is a GET: how it fails does not matter.
        Err(_) if probe.method == Method::GET => Vec::new(),
        Err(failure) => vec![new(Severity::Problem, failed(failure), failure.summary())],
        Ok(answer) => {
            let mut found = Vec::new();
            if let Some((severity, words)) = answered(probe, answer, gateway) {
                found.push(new(severity, words, answer.summary()));
            }
            if answer.took >= SLOW {
                found.push(new(Severity::Problem, SLOW_ANSWER, answer.summary()));
            }
            found
        }
    }
}

/// The finding in a response; `None` if it is correct.
fn answered(probe: &Probe, answer: &Answer, gateway: Gateway) -> Option<(Severity, Words)> {
    use Severity::{Danger, Note, Problem};
    if answer.is_challenge {
        return Some((Problem, CHALLENGE));
    }
    if probe.method == Method::GET {
        // Only findings that the posts do not show.
        let is_accepted = matches!(answer.status, 200..300) && !answer.is_html;
        return is_accepted.then_some((Note, GET_ACCEPTED));
    }
    let asks_for_login = answer.asks_for_login || answer.is_html;
    Some(match answer.status {
        200..300 if answer.is_html => (Problem, WEB_PAGE),
        200..300 if gateway == Gateway::CityPay => (Problem, UNKNOWN_ORDER_ACCEPTED),
        200..300 => (Danger, FORGERY_ACCEPTED),
        301..=303 => (Problem, REDIRECT_TO_GET),
        300..=399 => (Problem, REDIRECT),
        401 | 403 | 407 if asks_for_login => (Problem, LOGIN),
        401 => return None,
        403 => (Note, FORBIDDEN),
        404 | 410 => (Problem, NOT_FOUND),
        405 | 501 => (Problem, NOT_POST),
        408 | 504 => (Problem, GATEWAY_TIMEOUT),
        413 if probe.name == "large" => (Note, LARGE_REFUSED),
        413 => (Problem, SMALL_REFUSED),
        415 => (Problem, CONTENT_TYPE),
        429 => (Problem, RATE_LIMIT),
        502 | 503 => (Problem, BAD_GATEWAY),
        500.. => (Problem, SERVER_ERROR),
        _ if gateway == Gateway::CityPay => (Problem, BODY_REFUSED_BY_CITYPAY),
        _ => (Problem, BODY_REFUSED),
    })
}
