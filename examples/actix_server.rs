//! A B2BINPAY endpoint on actix-web.
//!
//! ```text
//! CALLBACK_SECRET=cbs_7Qm2vX9tR4kL8pN1 cargo run --features example-actix --example actix_server
//! curl -i localhost:3000/callbacks/b2binpay -d @examples/bodies/b2binpay-deposit-confirmed.json
//! ```
#![allow(clippy::print_stdout, reason = "it is the log of this server")]

use std::error::Error;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use payhook::b2binpay::{Key, TrackingIds, Verifier};
use payhook::{
    AsyncHandler, B2binpay, Callback, DEFAULT_BODY_LIMIT, Fact, HandlerError, KeyError, Outcome,
    Receiver, Verified,
};

/// What was settled, in memory: a database of yours.
#[derive(Default)]
pub(crate) struct Shop {
    pub(crate) settled: Mutex<Vec<String>>,
}

impl AsyncHandler for Shop {
    type Error = HandlerError;

    async fn handle(&self, callback: Verified<Callback>) -> Result<(), HandlerError> {
        let event = callback.event();
        if let Some(reference) = event.reference().and_then(Fact::proven)
            && event.outcome().proven() == Some(Outcome::Settled)
        {
            // Reconcile it with the order under `reference`, then credit.
            let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
            settled.push(reference.to_owned());
        }
        Ok(())
    }
}

struct Endpoint {
    receiver: Receiver<B2binpay>,
    shop: Arc<Shop>,
}

async fn callback(endpoint: Data<Endpoint>, request: HttpRequest, body: Bytes) -> HttpResponse {
    // The socket's peer, not `connection_info().realip_remote_addr()`: that one
    // is whatever the sender writes into a header.
    let peer = request.peer_addr().map(|peer| peer.ip());
    // A task of its own: who hangs up stops no handler half-way.
    let task = actix_web::rt::spawn(async move {
        let Endpoint { receiver, shop } = &**endpoint;
        let reply = receiver.receive_async(&body, peer, shop).await;
        println!("{} {}", reply.status(), reply.disposition());
        reply.status()
    });
    let status = task.await.ok().map(StatusCode::from_u16);
    let status = status.and_then(Result::ok);
    HttpResponse::new(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}

pub(crate) fn receiver(secret: &str) -> Result<Receiver<B2binpay>, KeyError> {
    let key = Key::callback_secret(secret)?;
    Ok(Receiver::b2binpay(Verifier::new(
        key,
        TrackingIds::Prefixed,
    )))
}

pub(crate) fn server(
    listener: TcpListener,
    receiver: Receiver<B2binpay>,
    shop: Arc<Shop>,
) -> std::io::Result<Server> {
    // Outside of the closure, which runs once per worker: they share one guard.
    let endpoint = Data::new(Endpoint { receiver, shop });
    let app = move || {
        App::new()
            .app_data(endpoint.clone())
            .app_data(PayloadConfig::new(DEFAULT_BODY_LIMIT))
            // `App::route` would answer what is no POST with 404, not 405.
            .service(web::resource("/callbacks/b2binpay").post(callback))
    };
    // Told to stop, it answers whoever still waits. A handler whose sender has
    // hung up may end half-way then, as in a crash: `PgGuard::claim_in` holds.
    Ok(HttpServer::new(app).listen(listener)?.run())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = std::env::var("CALLBACK_SECRET")?;
    let listener = TcpListener::bind("127.0.0.1:3000")?;
    server(listener, receiver(&secret)?, Arc::default())?.await?;
    Ok(())
}
