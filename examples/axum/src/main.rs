//! A shop on axum that is paid through B2BINPAY and CityPay.io, with payments in memory.
//!
//! ```text
//! export PAYHOOK_B2BINPAY_CALLBACK_SECRET=cbs_7Qm2vX9tR4kL8pN1 PAYHOOK_B2BINPAY_TRACKING_IDS=prefixed
//! export PAYHOOK_CITYPAY_CUSTOMER_ID=5120
//! cargo run -p axum-shop
//!
//! json='content-type: application/json'
//! order='{"reference": "order-9001", "kind": "deposit", "currency": "ETH", "amount": "0.412"}'
//! curl -i localhost:3001/orders -H "$json" -d "$order"
//! curl -i localhost:3000/callbacks/b2binpay -d @examples/bodies/b2binpay-deposit-confirmed.json
//! curl localhost:3001/orders/order-9001
//! ```
#![allow(clippy::print_stdout, reason = "it is the log of this server")]

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router, http::StatusCode};
use payhook::payment::{Expected, ExpectedKind};
use payhook::reqwest::{Client, redirect::Policy};
use payhook::{BoxError, Config, Endpoint, Fetch, MemoryLedger, Reply};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The routes to which the gateways post. `client` queries their APIs.
fn callbacks<F>(config: &Config, client: F, ledger: &MemoryLedger) -> Router
where
    F: Fetch + Clone + 'static,
{
    let mut routes = Router::new();
    if let Some(gateway) = config.b2binpay(client.clone()) {
        let endpoint = Endpoint::new(gateway, ledger.clone());
        // In its own task, so that a disconnecting sender does not abort it.
        let service = endpoint.into_service().on_reply(see).spawn(tokio::spawn);
        routes = routes.route_service("/callbacks/b2binpay", service);
    }
    if let Some(gateway) = config.citypay(client) {
        let endpoint = Endpoint::new(gateway, ledger.clone());
        let service = endpoint.into_service().on_reply(see).spawn(tokio::spawn);
        routes = routes.route_service("/callbacks/citypay", service);
    }
    routes
}

/// A crash loses what happens here: `examples/shop` does it in the payment's transaction.
fn see(reply: &Reply) {
    println!("{} {}", reply.status(), reply.disposition());
    let Some((reference, change)) = reply.reference().zip(reply.change()) else { return };
    if let Some(amount) = change.credited() {
        println!("{reference}: add {amount} to the customer's balance");
    }
    if change.newly_paid() {
        println!("{reference}: send the goods");
    }
    change.reviews().iter().for_each(|review| println!("{reference}: for review: {review}"));
}

/// The shop's own routes, which the internet must not reach.
fn orders(ledger: MemoryLedger) -> Router {
    let routes =
        Router::new().route("/orders", post(order)).route("/orders/{reference}", get(show));
    routes.with_state(ledger)
}

/// Before the customer is told where to pay.
async fn order(ledger: State<MemoryLedger>, Json(order): Json<Value>) -> StatusCode {
    let text = |name: &str| order.get(name).and_then(Value::as_str).unwrap_or_default();
    let (kind, amount) = (ExpectedKind::from_name(text("kind")), text("amount").parse().ok());
    let expected = kind.map(|kind| {
        // B2BINPAY's tracking id, or CityPay.io's order token.
        Expected::of_kind(kind, text("reference"), text("currency"), amount)
    });
    match expected {
        Some(Ok(expected)) if ledger.payment(expected.reference()).is_none() => {
            ledger.expect(expected);
            StatusCode::CREATED
        }
        Some(Ok(_)) => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

async fn show(
    ledger: State<MemoryLedger>,
    Path(reference): Path<String>,
) -> Result<Json<Value>, StatusCode> {
    let payment = ledger.payment(&reference).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(json!({
        "status": payment.status().as_str(),
        "credited": payment.credited().as_str(),
        "held": payment.held().as_str(),
    })))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let ledger = MemoryLedger::new();
    let client = Client::builder().redirect(Policy::none()).build()?;
    let public = callbacks(&Config::from_env()?, client, &ledger);
    let own = TcpListener::bind("127.0.0.1:3001").await?;
    tokio::spawn(async move { axum::serve(own, orders(ledger)).await });
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, public).await?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
