//! The probes and their responses.

use std::error::Error;
use std::time::{Duration, Instant};

use base16ct::HexDisplay;
use payhook::b2binpay::Key;
use payhook::reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, WWW_AUTHENTICATE};
use payhook::reqwest::{self, Method, Url};
use payhook::testing::b2binpay::deposit;
use payhook::testing::citypay::order;
use payhook_conformance::Gateway;
use sha2::{Digest, Sha256};

use crate::error::CliError;
use crate::post::Target;
use crate::random::random;

/// The reference of each probe. No merchant expects it.
pub(super) const REFERENCE: &str = "payhook-check-probe";

/// The size of the large body: the default limit of an endpoint, in bytes.
const LARGE: usize = 64 * 1024;

/// How much of a response is read, in bytes.
const ANSWER_LIMIT: usize = 64 * 1024;

/// One request. No correct endpoint accepts it.
pub(super) struct Probe {
    pub(super) name: &'static str,
    pub(super) method: Method,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
}

/// A request, and its response.
pub(super) struct Sent {
    pub(super) probe: Probe,
    pub(super) result: Result<Answer, Failure>,
}

/// The parts of a response that say who answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) took: Duration,
    /// The target of a redirect, without its query.
    pub(super) location: Option<String>,
    /// Whether it asks for a login (`WWW-Authenticate`).
    pub(super) asks_for_login: bool,
    pub(super) is_html: bool,
    /// Whether it has a mark of a known bot check.
    pub(super) is_challenge: bool,
}

/// Why there was no response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    Closed,
    Dns,
    NotHttp,
    Refused,
    Timeout,
    Tls,
    Unreachable,
}

pub(super) struct Failure {
    pub(super) kind: FailureKind,
    pub(super) error: String,
}

impl Probe {
    /// The probes of a gateway, the most informative one first.
    pub(super) fn all(gateway: Gateway) -> Result<Vec<Self>, CliError> {
        let post = |name, content_type, body| Self {
            name,
            method: Method::POST,
            content_type,
            body,
        };
        let get = Self {
            name: "get",
            method: Method::GET,
            content_type: "",
            body: Vec::new(),
        };
        if gateway == Gateway::CityPay {
            let body = |path: &str, value: &str| {
                let order = order()
                    .token(REFERENCE)
                    .client_order_id(REFERENCE)
                    .confirmed();
                order.callback().set(path, value).as_bytes().to_vec()
            };
            let plain = body("probe", "");
            let padding = "x".repeat(LARGE.saturating_sub(plain.len()));
            return Ok(vec![
                post("order", "application/json", plain.clone()),
                post("content_type", "application/json; charset=utf-8", plain),
                post("large", "application/json", body("probe", &padding)),
                get,
            ]);
        }
        let key = Key::callback_secret(&random())?;
        let probe = deposit().tracking_id(REFERENCE).confirmed();
        let body = |padding: &str| {
            let probe = probe.clone().set("data.attributes.probe", padding);
            probe.sign(&key).as_bytes().to_vec()
        };
        let signed = body("");
        let padding = "x".repeat(LARGE.saturating_sub(signed.len()));
        let media_type = "application/vnd.api+json";
        Ok(vec![
            post("test_key", media_type, signed.clone()),
            post("unsigned", media_type, probe.unsigned().as_bytes().to_vec()),
            post("content_type", "application/json", signed),
            post("large", media_type, body(&padding)),
            get,
        ])
    }

    pub(super) fn description(&self) -> String {
        if self.method == Method::GET {
            return "GET".to_owned();
        }
        format!("POST {}, {} bytes", self.content_type, self.body.len())
    }

    pub(super) fn sha256(&self) -> String {
        format!("{:x}", HexDisplay(&Sha256::digest(&self.body)))
    }
}

/// Sends the probes one after another. Without a response, the others would have none
/// either.
pub(super) async fn send_all(target: &Target, probes: Vec<Probe>) -> Result<Vec<Sent>, CliError> {
    let mut sent = Vec::new();
    for probe in probes {
        let result = send(target, &probe).await;
        let is_over = result.is_err() && sent.is_empty();
        sent.push(Sent { probe, result });
        if is_over {
            break;
        }
    }
    Ok(sent)
}

async fn send(target: &Target, probe: &Probe) -> Result<Answer, Failure> {
    let started = Instant::now();
    let mut request = target.request(probe.method.clone());
    if probe.method == Method::POST {
        let request_with_type = request.header(CONTENT_TYPE, probe.content_type);
        request = request_with_type.body(probe.body.clone());
    }
    let mut response = request.send().await.map_err(|error| Failure::of(&error))?;
    let mut body = Vec::new();
    while body.len() < ANSWER_LIMIT {
        // A response that ends early still has a status.
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) if error.is_timeout() => return Err(Failure::of(&error)),
            Ok(None) | Err(_) => break,
        }
    }
    let took = started.elapsed();
    let headers = response.headers();
    let text = String::from_utf8_lossy(&body).to_ascii_lowercase();
    let is_html = is_html(headers, &text);
    Ok(Answer {
        status: response.status().as_u16(),
        took,
        location: location(headers, response.url()),
        asks_for_login: headers.contains_key(WWW_AUTHENTICATE),
        is_html,
        is_challenge: is_challenge(headers, is_html, &text),
    })
}

fn is_html(headers: &HeaderMap, text: &str) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let text = text.trim_start();
    media_type.is_some_and(|it| it.to_ascii_lowercase().starts_with("text/html"))
        || text.starts_with("<!doctype html")
        || text.starts_with("<html")
}

/// Marks of widespread bot checks, in headers and pages.
fn is_challenge(headers: &HeaderMap, is_html: bool, text: &str) -> bool {
    const PAGES: [&str; 7] = [
        "_incapsula_resource",
        "captcha",
        "cf-chl",
        "challenge-platform",
        "checking your browser",
        "just a moment...",
        "verify you are human",
    ];
    headers
        .get("cf-mitigated")
        .is_some_and(|it| it == "challenge")
        || headers.contains_key("x-amzn-waf-action")
        || is_html && PAGES.iter().any(|mark| text.contains(mark))
}

/// The target of a redirect. Its query may contain a token.
fn location(headers: &HeaderMap, from: &Url) -> Option<String> {
    let location = headers.get(LOCATION)?.to_str().ok()?;
    let to = from.join(location).ok()?;
    let name = format!("{}{}", to.origin().ascii_serialization(), to.path());
    Some(name.chars().take(200).collect())
}

impl Answer {
    pub(super) fn milliseconds(&self) -> u128 {
        self.took.as_millis()
    }

    pub(super) fn summary(&self) -> String {
        let mut summary = self.status.to_string();
        if self.is_html {
            summary.push_str(" with a web page");
        }
        if let Some(location) = &self.location {
            summary = format!("{summary} to {location}");
        }
        format!("{summary} in {} ms", self.milliseconds())
    }
}

impl Failure {
    fn of(error: &reqwest::Error) -> Self {
        let mut text = String::new();
        // The outermost error quotes the URL, which may contain a token.
        let mut source = error.source();
        while let Some(error) = source {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&error.to_string());
            source = error.source();
        }
        Self {
            kind: kind(
                error.is_timeout(),
                error.is_connect(),
                &text.to_ascii_lowercase(),
            ),
            error: text.chars().take(300).collect(),
        }
    }

    pub(super) fn summary(&self) -> String {
        let what = match self.kind {
            FailureKind::Closed => "connection closed without a response",
            FailureKind::Dns => "host name not found",
            FailureKind::NotHttp => "the response is not HTTP",
            FailureKind::Refused => "connection refused",
            FailureKind::Timeout => return "no response in time".to_owned(),
            FailureKind::Tls => "TLS failed",
            FailureKind::Unreachable => "not reachable",
        };
        format!("{what} ({})", self.error)
    }
}

/// By the text: the client's error does not expose the kinds.
pub(super) fn kind(is_timeout: bool, is_connect: bool, text: &str) -> FailureKind {
    let has = |marks: &[&str]| marks.iter().any(|mark| text.contains(mark));
    if is_timeout {
        FailureKind::Timeout
    } else if has(&["dns error", "failed to lookup address"]) {
        FailureKind::Dns
    } else if has(&["connection refused"]) {
        FailureKind::Refused
    } else if has(&[
        "certificate",
        "handshake",
        "tls",
        "corrupt message",
        "received fatal alert",
    ]) {
        FailureKind::Tls
    } else if has(&["invalid http", "parse error", "invalid uri"]) {
        FailureKind::NotHttp
    } else if is_connect {
        FailureKind::Unreachable
    } else {
        FailureKind::Closed
    }
}
