//! A B2BINPAY endpoint on actix-web.
//!
//! ```text
//! CALLBACK_SECRET=cbs_7Qm2vX9tR4kL8pN1 cargo run -p actix-endpoint
//! curl -i localhost:3000/callbacks/b2binpay -d @examples/bodies/b2binpay-deposit-confirmed.json
//! ```
#![allow(clippy::print_stdout, reason = "it is the log of this server")]

use std::error::Error;
use std::net::TcpListener;

use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
use payhook::{MemoryLedger, error::ConfigError, payment::Expected, verified::DEFAULT_BODY_LIMIT};

/// Payments are in memory here: use your database's ledger.
pub(crate) type Endpoint = payhook::Endpoint<Gateway, MemoryLedger>;

async fn callback(endpoint: Data<Endpoint>, request: HttpRequest, body: Bytes) -> HttpResponse {
    // The socket's peer, not `connection_info().realip_remote_addr()`: that one
    // is taken from a header, which the sender can forge.
    let peer = request.peer_addr().map(|peer| peer.ip());
    // In its own task, so that a disconnecting sender does not abort it.
    let task = actix_web::rt::spawn(async move {
        let reply = endpoint.receive(&body, peer).await;
        println!("{} {}", reply.status(), reply.disposition());
        if let Some(change) = reply.change() {
            let reviews = change.reviews().iter();
            reviews.for_each(|review| println!("for review: {review}"));
        }
        reply.status()
    });
    let status = task.await.ok().map(StatusCode::from_u16);
    let status = status.and_then(Result::ok);
    HttpResponse::new(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}

pub(crate) fn endpoint(secret: &str, ledger: MemoryLedger) -> Result<Endpoint, ConfigError> {
    let verifier = Verifier::new(Key::callback_secret(secret)?, TrackingIds::Prefixed);
    Ok(Endpoint::new(Gateway::new(verifier), ledger))
}

pub(crate) fn server(listener: TcpListener, endpoint: Endpoint) -> std::io::Result<Server> {
    // Outside of the closure, which runs once per worker: they share one endpoint.
    let endpoint = Data::new(endpoint);
    let app = move || {
        App::new()
            .app_data(endpoint.clone())
            .app_data(PayloadConfig::new(DEFAULT_BODY_LIMIT))
            // `App::route` would answer other methods with 404, not 405.
            .service(web::resource("/callbacks/b2binpay").post(callback))
    };
    // On shutdown it completes the requests in progress. If a sender has disconnected,
    // its callback may be aborted as in a crash: the transaction is rolled back.
    Ok(HttpServer::new(app).listen(listener)?.run())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = std::env::var("CALLBACK_SECRET")?;
    let ledger = MemoryLedger::new();
    // When the customer orders, before the address is displayed.
    ledger.expect(Expected::deposit("order-9001", "ETH", "0.412".parse()?)?);
    let listener = TcpListener::bind("127.0.0.1:3000")?;
    server(listener, endpoint(&secret, ledger)?)?.await?;
    Ok(())
}
