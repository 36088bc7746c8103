//! [`Listener`]: the handling of each request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use payhook::chrono::{DateTime, Utc};
use payhook::verified::DEFAULT_BODY_LIMIT;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::effect::Payments;
use super::examine::{Examined, Examiner, Verdict};
use super::forward::{Delivered, Forward};
use super::record::{Attempt, DeliveryStatus, Record};
use super::store::Store;
use crate::body::gateway_of;
use crate::error::CliError;
use crate::saved::Folder;
use crate::screen::{FAINT, Reader, STRONG, Screen, plain, styled};

/// The time limit for receiving a body.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Listener {
    pub(crate) examiner: Examiner,
    pub(crate) answer: Option<StatusCode>,
    pub(crate) forward: Option<Forward>,
    pub(crate) folder: Option<Folder>,
    pub(crate) store: Store,
    pub(crate) payments: Mutex<Payments>,
    pub(crate) screen: Screen,
    /// The number of callbacks seen; closed once nothing more can be shown.
    pub(crate) seen: Semaphore,
    /// The error that prevents it.
    pub(crate) error: Mutex<Option<CliError>>,
}

/// A request.
pub(crate) struct Arrival {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Result<Bytes, (StatusCode, &'static str)>,
    /// Whether the page sent it.
    pub(crate) is_manual: bool,
}

pub(crate) async fn arrive(State(listener): State<Arc<Listener>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = timeout(PATIENCE, to_bytes(body, DEFAULT_BODY_LIMIT)).await;
    let body = match body {
        Err(_) => Err((
            StatusCode::REQUEST_TIMEOUT,
            "the body did not arrive in time",
        )),
        Ok(Err(_)) => Err((StatusCode::PAYLOAD_TOO_LARGE, "the body is too long")),
        Ok(Ok(_)) if head.method != Method::POST => {
            Err((StatusCode::METHOD_NOT_ALLOWED, "no POST"))
        }
        Ok(Ok(body)) => Ok(body),
    };
    let path = head.uri.path_and_query().map(ToString::to_string);
    let arrival = Arrival {
        method: head.method,
        path: path.unwrap_or_else(|| "/".to_owned()),
        headers: head.headers,
        body,
        is_manual: false,
    };
    take(listener, arrival).await
}

/// Handles a request to its end, even if the client disconnects.
pub(crate) async fn take(listener: Arc<Listener>, arrival: Arrival) -> Response {
    let taken = tokio::spawn(async move { listener.take(arrival).await });
    let failed = |_| StatusCode::INTERNAL_SERVER_ERROR.into_response();
    taken.await.unwrap_or_else(failed)
}

impl Listener {
    /// Waits until a number of callbacks was displayed, or no more can be.
    pub(crate) async fn enough(&self, count: Option<u32>) {
        drop(self.seen.acquire_many(count.unwrap_or(u32::MAX)).await);
        self.store.close();
    }

    /// Counts displayed callbacks. Without a reader the command ends.
    fn note(&self, shown: Result<Reader, CliError>) {
        match shown {
            Ok(Reader::There) => self.seen.add_permits(1),
            Ok(Reader::Gone) => self.seen.close(),
            Err(error) => {
                *self.error() = Some(error);
                self.seen.close();
            }
        }
    }

    pub(crate) fn error(&self) -> MutexGuard<'_, Option<CliError>> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn take(&self, arrival: Arrival) -> Response {
        let now: DateTime<Utc> = SystemTime::now().into();
        let mut record = Self::record(now, &arrival);
        let examined = match arrival.body {
            Ok(_) => self.examiner.examine(&record.body, record.gateway),
            Err((status, why)) => Examined::refused(status, why),
        };
        record.summary = examined.summary();
        if arrival.is_manual {
            record.summary.kind = Some("manual".to_owned());
        }
        record.effect = self.effect(&examined);
        record.id = self.store.add(record.clone());
        let delivered = match &self.forward {
            Some(forward) if record.refusal.is_none() => {
                Some(forward.deliver(&mut record, &self.store).await)
            }
            _ => None,
        };
        let status = self.status(&examined, delivered.as_ref());
        if delivered.is_none() {
            let attempt = own_attempt(now, status);
            record.attempted(attempt.clone(), None);
            self.store
                .update(record.id, |it| it.attempted(attempt, None));
        }
        self.save(&record);
        self.show(&record, &examined, delivered.as_ref(), status);
        match delivered.and_then(|it| it.result.ok()) {
            Some(answer) if self.answer.is_none() => {
                (status, answer.headers, Body::from(answer.body)).into_response()
            }
            _ => status.into_response(),
        }
    }

    /// Delivers a callback that is kept to the handler again, or to this command
    /// itself. Returns the response's status.
    pub(crate) async fn resend(self: &Arc<Self>, mut record: Record) -> StatusCode {
        let Some(forward) = self.forward.clone() else {
            let arrival = Arrival {
                method: Method::POST,
                path: record.path,
                headers: record.headers,
                body: Ok(record.body),
                is_manual: true,
            };
            return take(Arc::clone(self), arrival).await.status();
        };
        let this = Arc::clone(self);
        let sent = tokio::spawn(async move {
            let delivered = forward.deliver(&mut record, &this.store).await;
            this.save(&record);
            status_of(&delivered)
        });
        sent.await.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn record(now: DateTime<Utc>, arrival: &Arrival) -> Record {
        let (body, refusal) = match &arrival.body {
            Ok(body) => (body.clone(), None),
            Err((_, why)) => (Bytes::new(), Some(*why)),
        };
        Record {
            id: 0,
            time: now,
            gateway: gateway_of(&body),
            method: arrival.method.to_string(),
            path: arrival.path.clone(),
            headers: arrival.headers.clone(),
            body,
            summary: super::record::Summary::default(),
            status: DeliveryStatus::New,
            attempts: 0,
            log: Vec::new(),
            answer: None,
            effect: Value::Null,
            refusal,
        }
    }

    fn effect(&self, examined: &Examined) -> Value {
        match (&examined.callback, examined.verdict) {
            (Some(callback), Verdict::Verified | Verdict::NotChecked) => {
                let payments = self.payments.lock();
                let mut payments = payments.unwrap_or_else(PoisonError::into_inner);
                payments.apply(callback)
            }
            _ => json!({"none": "it does not verify"}),
        }
    }

    /// The status of the response to the gateway.
    fn status(&self, examined: &Examined, delivered: Option<&Delivered>) -> StatusCode {
        self.answer
            .unwrap_or_else(|| delivered.map_or(examined.status, status_of))
    }

    fn save(&self, record: &Record) {
        if let Some(folder) = &self.folder
            && record.refusal.is_none()
            && let Err(error) = folder.save(record)
        {
            self.screen.error(&error);
        }
    }

    fn show(
        &self,
        record: &Record,
        examined: &Examined,
        delivered: Option<&Delivered>,
        status: StatusCode,
    ) {
        let (method, path) = (&record.method, &record.path);
        let path = path.split_once('?').map_or(path.as_str(), |(path, _)| path);
        let time = record.time.format("%H:%M:%S").to_string();
        let mut head = format!(
            "{} {method} {} -> {}",
            styled(FAINT, &time),
            plain(path),
            status.as_u16(),
        );
        let callback = &examined.shown.json;
        let mut json = Map::from_iter([
            ("time".to_owned(), record.time.to_rfc3339().into()),
            ("path".to_owned(), path.into()),
            ("status".to_owned(), status.as_u16().into()),
            ("callback".to_owned(), callback.clone()),
        ]);
        if let Some(delivered) = delivered {
            let (text, handler) = describe(delivered);
            head = format!("{head}\n{text}");
            json.insert("handler".to_owned(), handler);
        }
        if let Some(other) = record.effect.get("other_reference").and_then(Value::as_str) {
            let note = format!(
                "its transfer arrived before for `{}`: a ledger holds its money for manual review",
                plain(other)
            );
            head = format!("{head}\n{}", styled(STRONG, &note));
            json.insert("other_reference".to_owned(), other.into());
        }
        let text = format!("{head}\n{}\n", examined.shown.text);
        self.note(self.screen.show(&text, &json.into()));
    }
}

/// The response of the handler, as text.
fn describe(delivered: &Delivered) -> (String, Value) {
    let attempts = delivered.attempts;
    let times = match attempts {
        0 | 1 => String::new(),
        more => format!(", after {more} attempts"),
    };
    match &delivered.result {
        Ok(answer) => (
            format!(
                "the handler responded with {} in {} ms{times}",
                answer.status,
                answer.took.as_millis()
            ),
            json!({"status": answer.status, "seconds": answer.took.as_secs_f64(), "attempts": attempts}),
        ),
        Err(error) => (
            format!(
                "the handler did not respond{times}: {}",
                plain(&error.message)
            ),
            json!({"error": error.message, "attempts": attempts}),
        ),
    }
}

fn status_of(delivered: &Delivered) -> StatusCode {
    let status = match &delivered.result {
        Ok(answer) => answer.status,
        Err(error) => error.status,
    };
    StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY)
}

fn own_attempt(time: DateTime<Utc>, status: StatusCode) -> Attempt {
    let since = SystemTime::now().duration_since(time.into());
    Attempt {
        time,
        result: Ok(status.as_u16()),
        took: since.unwrap_or_default(),
    }
}
