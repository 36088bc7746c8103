//! The page `/_payhook`, and the requests of its script.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use serde_json::{Value, json};

use super::access::AccessRules;
use super::receive::Listener;
use super::view;
use crate::random::random;
use crate::serve::Peer;

/// The path of the page.
pub(crate) const PATH: &str = "/_payhook";

const HTML: &str = include_str!("page.html");

struct Page {
    listener: Arc<Listener>,
    access: AccessRules,
    port: u16,
}

type Shared = State<Arc<Page>>;

pub(crate) fn routes(listener: Arc<Listener>, port: u16) -> Router {
    let page = Arc::new(Page {
        listener,
        access: AccessRules::new(port),
        port,
    });
    Router::new()
        .route("/_payhook", get(index))
        .route("/_payhook/", get(index))
        .route("/_payhook/events", get(events))
        .route("/_payhook/callbacks/{id}", get(details))
        .route("/_payhook/callbacks/{id}/body", get(body))
        .route("/_payhook/callbacks/{id}/resend", post(resend))
        .route("/_payhook/{*rest}", any(nothing))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&page),
            restricted,
        ))
        .with_state(page)
}

/// Refuses visitors without access, and forbids browsers to use a response for anything
/// else.
async fn restricted(
    State(page): Shared,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match refuses(&page, peer, &request) {
        Some(why) => (StatusCode::FORBIDDEN, format!("{why}\n")).into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'",
        ));
    response
}

fn refuses(page: &Page, peer: SocketAddr, request: &Request) -> Option<&'static str> {
    let (access, headers) = (&page.access, request.headers());
    let why = access.refuses(peer, request.uri(), headers);
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    why.or_else(|| {
        (!is_reading && !access.knows(headers)).then_some("the token of the page is missing")
    })
}

async fn index(State(page): Shared) -> Response {
    let nonce = random();
    let html = HTML
        .replace("{{nonce}}", &nonce)
        .replace("{{token}}", &page.access.token);
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    );
    let kind = "text/html; charset=utf-8".to_owned();
    let headers = [(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, policy)];
    (headers, html).into_response()
}

async fn events(State(page): Shared) -> Response {
    match page.listener.store.watch() {
        Some(events) => ([(CONTENT_TYPE, "text/event-stream")], Body::new(events)).into_response(),
        None => refused(StatusCode::SERVICE_UNAVAILABLE, "too many pages are open"),
    }
}

async fn details(State(page): Shared, Path(id): Path<u64>) -> Response {
    let Some(record) = page.listener.store.get(id) else {
        return gone();
    };
    let origin = format!("http://127.0.0.1:{}", page.port);
    let details = view::details(&page.listener.examiner, &record, &origin);
    json(StatusCode::OK, &details)
}

/// The exact bytes, as a file.
async fn body(State(page): Shared, Path(id): Path<u64>) -> Response {
    let Some(record) = page.listener.store.get(id) else {
        return gone();
    };
    let name = format!("attachment; filename=\"callback-{id}.json\"");
    let kind = "application/octet-stream".to_owned();
    let headers = [(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)];
    (headers, record.body).into_response()
}

async fn resend(State(page): Shared, Path(id): Path<u64>) -> Response {
    let Some(record) = page.listener.store.get(id) else {
        return gone();
    };
    if record.refusal.is_some() {
        return refused(StatusCode::CONFLICT, "it is not a callback");
    }
    let status = page.listener.resend(record).await;
    json(StatusCode::OK, &json!({ "status": status.as_u16() }))
}

async fn nothing() -> Response {
    refused(StatusCode::NOT_FOUND, "no such page")
}

fn gone() -> Response {
    refused(StatusCode::NOT_FOUND, "it is no longer kept")
}

fn refused(status: StatusCode, why: &str) -> Response {
    json(status, &json!({ "error": why }))
}

fn json(status: StatusCode, value: &Value) -> Response {
    let kind = [(CONTENT_TYPE, "application/json")];
    (status, kind, value.to_string()).into_response()
}
