//! [`Record`]: a callback that arrived, with the deliveries that were made of it.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::HeaderMap;
use payhook::chrono::{DateTime, SecondsFormat, Utc};
use payhook_conformance::Gateway;
use serde_json::{Value, json};

use crate::body::name_of;
use crate::post::Answer;
use crate::screen::plain;

/// The number of characters of a value in the list.
const COLUMN: usize = 160;

/// The number of attempts that are kept of one callback.
const ATTEMPTS: usize = 20;

/// The state of a delivery, as B2BINPAY's list of callbacks shows it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeliveryStatus {
    Failed,
    InProgress,
    New,
    Sent,
}

impl DeliveryStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::InProgress => "in_progress",
            Self::New => "new",
            Self::Sent => "sent",
        }
    }
}

/// One callback, as the gateway's dashboard lists it.
#[derive(Clone)]
pub(crate) struct Record {
    /// Set by the store.
    pub(crate) id: u64,
    pub(crate) time: DateTime<Utc>,
    pub(crate) gateway: Gateway,
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) summary: Summary,
    pub(crate) status: DeliveryStatus,
    pub(crate) attempts: u32,
    /// The newest attempts, in order.
    pub(crate) log: Vec<Attempt>,
    /// The response to the newest attempt.
    pub(crate) answer: Option<Answer>,
    /// The change of the payment.
    pub(crate) effect: Value,
    /// The reason why the request is not a callback, if it is not.
    pub(crate) refusal: Option<&'static str>,
}

/// The values of the columns.
#[derive(Clone, Default)]
pub(crate) struct Summary {
    pub(crate) verdict: &'static str,
    pub(crate) kind: Option<String>,
    pub(crate) transfer_id: Option<String>,
    pub(crate) amount: Option<String>,
    pub(crate) reference: Option<String>,
}

/// One delivery to the handler.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub(crate) time: DateTime<Utc>,
    /// The status of the response, or why there was none.
    pub(crate) result: Result<u16, String>,
    pub(crate) took: Duration,
}

impl Record {
    /// Adds an attempt, and sets the resulting status.
    pub(crate) fn attempted(&mut self, attempt: Attempt, answer: Option<Answer>) {
        self.attempts = self.attempts.saturating_add(1);
        self.status = match attempt.result {
            Ok(200) => DeliveryStatus::Sent,
            _ => DeliveryStatus::Failed,
        };
        if self.log.len() >= ATTEMPTS {
            self.log.remove(0);
        }
        self.log.push(attempt);
        self.answer = answer;
    }

    /// The approximate memory in bytes.
    pub(crate) fn size(&self) -> usize {
        let of = |headers: &HeaderMap| {
            let each = headers.iter();
            each.fold(0, |sum: usize, (name, value)| {
                let (name, value) = (name.as_str().len(), value.len());
                sum.saturating_add(name).saturating_add(value)
            })
        };
        let answer = self.answer.as_ref();
        let answer = answer.map_or(0, |it| it.body.len().saturating_add(of(&it.headers)));
        [self.body.len(), self.path.len(), of(&self.headers), answer]
            .iter()
            .fold(1024, |sum, part| sum.saturating_add(*part))
    }

    /// The row of the list. Harmful characters are escaped, and long values cut.
    pub(crate) fn row(&self) -> Value {
        let summary = &self.summary;
        let column = |text: &Option<String>| text.as_deref().map(column);
        json!({
            "id": self.id,
            "time": shown_time(self.time),
            "type": column(&summary.kind),
            "url": self::column(&self.path),
            "status": self.status.as_str(),
            "attempts": self.attempts,
            "transfer_id": column(&summary.transfer_id),
            "amount": column(&summary.amount),
            "verdict": summary.verdict,
            "gateway": name_of(self.gateway),
            "reference": column(&summary.reference),
        })
    }
}

pub(crate) fn shown_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn column(text: &str) -> String {
    let mut cut: String = text.chars().take(COLUMN).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    plain(&cut)
}
