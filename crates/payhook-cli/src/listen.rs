//! `payhook listen`: receives callbacks and shows whether each one verifies.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use payhook::chrono::{DateTime, Utc};
use payhook::{VerifyError, diagnose::Diagnose, verified::DEFAULT_BODY_LIMIT};
use payhook_conformance::Gateway;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::body::gateway_of;
use crate::diagnose;
use crate::keys::VerifierArgs;
use crate::post::wait;
use crate::proof::{Proof, Prover};
use crate::screen::{BAD, FAINT, Reader, STRONG, Screen, plain, styled};
use crate::serve::serve;
use crate::shown::{self, Shown};
use crate::trouble::{Ending, Trouble};

/// The time limit for receiving a body.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, clap::Args)]
pub(crate) struct Listen {
    /// The port; 0 for any free port.
    #[arg(long, default_value_t = 3000)]
    port: u16,

    /// The IP address to listen on.
    #[arg(long, value_name = "IP", default_value_t = Ipv4Addr::LOCALHOST.into())]
    bind: IpAddr,

    /// Allow an address that other machines can reach.
    #[arg(long)]
    remote: bool,

    /// Answer every request with this status instead of an endpoint's usual one.
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(200..=599))]
    answer: Option<u16>,

    /// Stop after this many callbacks.
    #[arg(long, value_name = "COUNT")]
    count: Option<u32>,

    #[command(flatten)]
    verifier: VerifierArgs,
}

struct Listener {
    prover: Prover,
    diagnose: Diagnose,
    answer: Option<StatusCode>,
    screen: Screen,
    /// The number of callbacks seen; closed once nothing more can be shown.
    seen: Semaphore,
    /// The error that prevents it.
    trouble: Mutex<Option<Trouble>>,
}

pub(crate) fn run(args: &Listen, screen: Screen) -> Result<Ending, Trouble> {
    if !args.remote && !args.bind.is_loopback() {
        return Err(Trouble::usage("other machines can reach this address")
            .hint("listen on 127.0.0.1, or give --remote"));
    }
    let listener = Arc::new(Listener {
        prover: Prover::of(&args.verifier)?,
        diagnose: args.verifier.diagnose()?,
        answer: args.answer.and_then(|code| StatusCode::from_u16(code).ok()),
        screen,
        seen: Semaphore::new(0),
        trouble: Mutex::default(),
    });
    wait(async {
        let socket = TcpListener::bind((args.bind, args.port)).await;
        let socket = socket.map_err(|error| Trouble::of("cannot listen on the port", &error))?;
        let at = socket
            .local_addr()
            .map_err(|error| Trouble::of("no address", &error))?;
        let text = format!(
            "listening on {}, any path",
            styled(STRONG, &format!("http://{at}"))
        );
        let json = json!({"listening": format!("http://{at}")});
        if screen.show(&text, &json)? == Reader::Gone {
            return Ok(Ending::Well);
        }
        let routes = Router::new()
            .fallback(arrive)
            .with_state(Arc::clone(&listener));
        serve(socket, routes, listener.enough(args.count)).await;
        let trouble = listener.trouble().take();
        trouble.map_or(Ok(Ending::Well), Err)
    })
}

async fn arrive(State(listener): State<Arc<Listener>>, request: Request) -> StatusCode {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let body = timeout(PATIENCE, to_bytes(request.into_body(), DEFAULT_BODY_LIMIT));
    let (status, shown) = match body.await {
        Err(_) => refused(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not arrive in time",
        ),
        Ok(Err(_)) => refused(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"),
        Ok(Ok(_)) if method != Method::POST => refused(StatusCode::METHOD_NOT_ALLOWED, "no POST"),
        Ok(Ok(body)) => listener.look(&body),
    };
    let status = listener.answer.unwrap_or(status);
    let now: DateTime<Utc> = SystemTime::now().into();
    let head = format!(
        "{} {method} {} -> {}",
        styled(FAINT, &now.format("%H:%M:%S").to_string()),
        plain(&path),
        status.as_u16(),
    );
    let json = json!({"time": now.to_rfc3339(), "path": path, "status": status.as_u16(), "callback": shown.json});
    listener.note(
        listener
            .screen
            .show(&format!("{head}\n{}\n", shown.text), &json),
    );
    status
}

fn refused(status: StatusCode, why: &str) -> (StatusCode, Shown) {
    let text = format!("{}: {why}", styled(BAD, "not a callback"));
    let json = json!({ "error": why });
    (status, Shown { text, json })
}

/// A body that is no callback: why, and what to do.
fn troubled(trouble: &Trouble) -> (StatusCode, Shown) {
    let status = StatusCode::from_u16(trouble.status).unwrap_or(StatusCode::BAD_REQUEST);
    let (status, mut shown) = refused(status, &trouble.what);
    if let Some(hint) = trouble.hint {
        let line = format!("\n{}: {hint}", styled(STRONG, "hint"));
        shown.text.push_str(&line);
        shown.json = json!({ "error": trouble.what, "hint": hint });
    }
    (status, shown)
}

impl Listener {
    /// Waits until so many were seen, or nothing more can be shown.
    async fn enough(&self, count: Option<u32>) {
        drop(self.seen.acquire_many(count.unwrap_or(u32::MAX)).await);
    }

    /// Counts what was shown. Without a reader there is nothing to listen for.
    fn note(&self, shown: Result<Reader, Trouble>) {
        match shown {
            Ok(Reader::There) => self.seen.add_permits(1),
            Ok(Reader::Gone) => self.seen.close(),
            Err(trouble) => {
                *self.trouble() = Some(trouble);
                self.seen.close();
            }
        }
    }

    fn trouble(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to answer, and what to show.
    fn look(&self, body: &[u8]) -> (StatusCode, Shown) {
        let gateway = gateway_of(body);
        let proof = self.prover.prove(body, gateway);
        match proof.and_then(|proof| self.settle(proof, body, gateway)) {
            Ok(settled) => settled,
            Err(trouble) => troubled(&trouble),
        }
    }

    fn settle(
        &self,
        proof: Proof,
        body: &[u8],
        gateway: Gateway,
    ) -> Result<(StatusCode, Shown), Trouble> {
        Ok(match proof {
            Proof::Proven(callback) => (StatusCode::OK, shown::proven(&callback)),
            Proof::Refused(error) => {
                let why = diagnose::shown(&self.diagnose.body(body));
                (status_of(&error), why)
            }
            Proof::Untried => {
                let pretended = self.prover.pretend(body, gateway)?;
                let status = match &pretended {
                    Ok(_) => StatusCode::OK,
                    Err(error) => status_of(error),
                };
                (status, shown::pretended(&pretended, gateway))
            }
        })
    }
}

fn status_of(error: &VerifyError) -> StatusCode {
    StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::UNAUTHORIZED)
}
