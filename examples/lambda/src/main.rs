//! A B2BINPAY endpoint on AWS Lambda, behind a function URL or an HTTP API (payload
//! format 2.0) of API Gateway.
//!
//! ```text
//! cargo build -p lambda-endpoint --release
//! cp target/release/lambda-endpoint bootstrap && zip function.zip bootstrap
//! ```

use lambda_http::{Body, Error, Request, Response, run, service_fn};
use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
use payhook::{MemoryLedger, error::ConfigError};

/// Use your database's ledger instead: instances share nothing, and a frozen one may
/// never run again.
type Endpoint = payhook::Endpoint<Gateway, MemoryLedger>;

fn endpoint(secret: &str, ledger: MemoryLedger) -> Result<Endpoint, ConfigError> {
    let verifier = Verifier::new(Key::callback_secret(secret)?, TrackingIds::Prefixed);
    Ok(Endpoint::new(Gateway::new(verifier), ledger).with_receipts())
}

/// `lambda_http` decodes a Base64 body, so that these are the bytes that were posted.
async fn callback(endpoint: &Endpoint, request: Request) -> Result<Response<Body>, Error> {
    let reply = endpoint.receive_http(request, None).await;
    if let Some(receipt) = reply.receipt() {
        // Standard error is the function's log.
        eprintln!("{receipt}");
    }
    Ok(Response::builder().status(reply.status()).body(Body::Empty)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // Once per instance, not once per request.
    let endpoint = endpoint(&std::env::var("CALLBACK_SECRET")?, MemoryLedger::new())?;
    run(service_fn(async |request| callback(&endpoint, request).await)).await
}

#[cfg(test)]
mod tests;
