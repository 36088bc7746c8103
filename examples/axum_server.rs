//! A small shop with an endpoint for each gateway.
//!
//! ```text
//! cargo run --features example-shop --example axum_server
//! curl -i localhost:3000/orders -H 'content-type: application/json' \
//!     -d '{"reference": "order-9001", "kind": "deposit", "currency": "ETH", "amount": "0.412", "scale": 18}'
//! curl -i localhost:3000/callbacks/b2binpay -d @examples/bodies/b2binpay-deposit-confirmed.json
//! curl localhost:3000/orders/order-9001
//! ```
//!
//! | variable | |
//! |---|---|
//! | `LISTEN` | where it listens, `127.0.0.1:3000` unless set |
//! | `CALLBACK_SECRET` | B2BINPAY's; without it, the one of `examples/bodies` |
//! | `CITYPAY_CUSTOMER_ID` | `5120` unless set, as in `examples/bodies` |
//! | `CITYPAY_API` | where orders are asked for, CityPay.io's own unless set |
//! | `DATABASE_URL` | orders, balances and claims are in PostgreSQL, and commit together |
//! | `REDIS_URL` | claims are in Redis |
//! | `PROXIES` | addresses of your own proxies, which write `X-Forwarded-For` |
//!
//! With neither of the last two, all is in memory and gone with the process. With
//! `REDIS_URL`, the recorded bodies are answered with 409 once they are older
//! than the guard's 30 days.
//!
//! `/orders` is open to everybody: in a real shop it is its own code.
#![allow(
    clippy::print_stderr,
    reason = "a wrong configuration is told to the terminal"
)]

#[path = "axum_server/guard.rs"]
mod guard;
#[path = "axum_server/order.rs"]
mod order;
#[path = "axum_server/shop.rs"]
mod shop;
#[path = "axum_server/store.rs"]
mod store;

use std::convert::Infallible;
use std::env;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post, post_service};
use axum::{Json, Router};
use payhook::b2binpay::{Key, TrackingIds, Verifier};
use payhook::citypay::Account;
use payhook::http::{CallbackService, Proxies, WithHandler};
use payhook::redis::Client;
use payhook::redis::aio::ConnectionManagerConfig;
use payhook::sqlx::postgres::PgPoolOptions;
use payhook::sqlx::{PgPool, raw_sql};
use payhook::{
    AddressRanges, Amount, Disposition, HandlerError, MemoryGuard, PgGuard, Receiver, RedisGuard,
    Reply,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tracing::{error, info, warn};

use guard::Claims;
use order::Order;
use shop::{Orders, Shop};
use store::{SCHEMA, Store};

/// How long anything else is waited for: the gateway waits, too.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long what was begun may take when the shop is stopped: less than the half
/// minute after which Kubernetes kills.
const GRACE: Duration = Duration::from_secs(25);

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(variable("RUST_LOG").unwrap_or_else(|| "info".to_owned()))
        .init();
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

async fn serve() -> Result<(), HandlerError> {
    let pool = pool().await?;
    let claims = claims(pool.as_ref()).await?;
    let store = match pool {
        None => Store::Memory(Arc::default()),
        Some(pool) => Store::Postgres {
            pool,
            claims: claims.with_the_credit(),
        },
    };
    let secret = variable("CALLBACK_SECRET").unwrap_or_else(|| {
        warn!("CALLBACK_SECRET is not set: taking the one that signed examples/bodies");
        "cbs_7Qm2vX9tR4kL8pN1".to_owned()
    });
    let verifier = Verifier::new(Key::callback_secret(&secret)?, TrackingIds::Prefixed);
    let customer = variable("CITYPAY_CUSTOMER_ID").unwrap_or_else(|| "5120".to_owned());
    let api =
        variable("CITYPAY_API").unwrap_or_else(|| "https://v2-order-api.citypay.io".to_owned());
    let orders = Orders::new(store.clone(), api)?;
    let shop = Shop {
        store: store.clone(),
    };
    let b2binpay = Receiver::b2binpay(verifier).guard(claims.clone());
    let citypay = Receiver::citypay(Account::new(&customer)?, orders).guard(claims);
    let proxies = proxies()?;
    let (running, mut all_ended) = mpsc::channel(1);
    let routes = Router::new()
        .route(
            "/callbacks/b2binpay",
            post_service(endpoint(b2binpay, &shop, proxies.as_ref(), &running)),
        )
        .route(
            "/callbacks/citypay",
            post_service(endpoint(citypay, &shop, proxies.as_ref(), &running)),
        )
        .route("/orders", post(add))
        .route("/orders/{reference}", get(view))
        .route("/health", get(async || "well\n"))
        .with_state(store);
    drop(running);

    let listen = variable("LISTEN").unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(&listen).await?;
    info!("listening on {}", listener.local_addr()?);
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(asked_to_stop());
    let all_done = async {
        server.await?;
        // The server does not wait for handlers whose sender hung up.
        all_ended.recv().await;
        Ok::<_, HandlerError>(())
    };
    let too_long = async {
        asked_to_stop().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        done = all_done => done?,
        () = too_long => return Err("stopped, with handlers or requests that did not end".into()),
    }
    info!("stopped, with no request left unanswered and no handler half-way");
    Ok(())
}

/// Ctrl-C, or what a service manager sends.
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};

    match (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) {
        (Ok(mut interrupt), Ok(mut terminate)) => tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        },
        _ => std::future::pending().await,
    }
}

async fn pool() -> Result<Option<PgPool>, HandlerError> {
    let Some(url) = variable("DATABASE_URL") else {
        return Ok(None);
    };
    let pool = PgPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(PATIENCE)
        .connect(&url)
        .await?;
    PgGuard::new(pool.clone()).create_tables().await?;
    let mut transaction = pool.begin().await?;
    // Replicas that start at once would make the same table twice.
    raw_sql("SELECT pg_advisory_xact_lock(7234)")
        .execute(&mut *transaction)
        .await?;
    raw_sql(SCHEMA).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(Some(pool))
}

async fn claims(pool: Option<&PgPool>) -> Result<Claims, HandlerError> {
    match (variable("REDIS_URL"), pool) {
        (Some(url), _) => {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(PATIENCE))
                .set_response_timeout(Some(PATIENCE));
            let connection = Client::open(url)?
                .get_connection_manager_with_config(config)
                .await?;
            info!("claims are in Redis");
            Ok(Claims::InRedis(RedisGuard::new(connection)))
        }
        (None, Some(pool)) => {
            info!("claims are in PostgreSQL, and commit with the credit");
            Ok(Claims::WithTheCredit(PgGuard::new(pool.clone())))
        }
        (None, None) => {
            warn!("claims are in memory, and gone with this process");
            Ok(Claims::InMemory(MemoryGuard::new()))
        }
    }
}

/// Where a request comes from: the socket's peer, or what the shop's own proxies
/// say.
fn proxies() -> Result<Option<Proxies>, HandlerError> {
    let Some(ranges) = variable("PROXIES") else {
        return Ok(None);
    };
    let ranges = AddressRanges::parse(ranges.split(',').map(str::trim))?;
    Ok(Some(Proxies::x_forwarded_for(ranges)))
}

fn endpoint<G>(
    receiver: Receiver<G, Claims>,
    shop: &Shop,
    proxies: Option<&Proxies>,
    running: &mpsc::Sender<Infallible>,
) -> CallbackService<WithHandler<G, Claims, Shop>> {
    let running = running.clone();
    let service = CallbackService::new(receiver, shop.clone())
        .socket_peer(|extensions| {
            let peer = extensions.get::<ConnectInfo<SocketAddr>>();
            peer.map(|ConnectInfo(peer)| peer.ip())
        })
        .on_reply(log)
        // Who hangs up stops nothing half-way, and nor does who stops the shop.
        .spawn(move |task| {
            let running = running.clone();
            tokio::spawn(async move {
                let reply = task.await;
                drop(running);
                reply
            })
        });
    match proxies {
        Some(proxies) => service.behind(proxies.clone()),
        None => service,
    }
}

/// The receiver's own events leave out what a handler or a look-up failed with.
fn log(reply: &Reply) {
    let (status, disposition) = (reply.status(), reply.disposition());
    if matches!(
        disposition,
        Disposition::HandlerFailed(_)
            | Disposition::LookupFailed(_)
            | Disposition::GuardFailed(_)
            | Disposition::Unrecorded { .. }
    ) {
        error!("{status} {disposition}");
    }
}

async fn add(
    State(store): State<Store>,
    Json(order): Json<Order>,
) -> Result<StatusCode, StatusCode> {
    if order.amount.parse::<Amount>().is_err() {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let stored = store.add(order).await;
    stored
        .map(|()| StatusCode::CREATED)
        .map_err(|error| broken(&error))
}

async fn view(
    State(store): State<Store>,
    Path(reference): Path<String>,
) -> Result<Json<serde_json::Value>, StatusCode> {
    let order = store
        .view(&reference)
        .await
        .map_err(|error| broken(&error))?;
    order.map(Json).ok_or(StatusCode::NOT_FOUND)
}

fn broken(error: &HandlerError) -> StatusCode {
    error!("{error}");
    StatusCode::INTERNAL_SERVER_ERROR
}
