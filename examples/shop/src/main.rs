//! A shop that is paid through both gateways. README.md describes how to run it.

mod staff;

use std::{env, net::SocketAddr, net::TcpListener, sync::Arc, time::Duration};

use axum::extract::{ConnectInfo, DefaultBodyLimit};
use axum::{Router, http::StatusCode, routing::get};
use hyper_util::rt::TokioTimer;
use payhook::{Amount, BoxError, Config, Endpoint, Fetch, Ledger, MemoryLedger, Reply};
use payhook::{http::CallbackService, payment::Change};
use payhook_postgres::{Numeric, PgLedger};
use reqwest::{Client, redirect::Policy};
use sqlx::{PgPool, postgres::PgPoolOptions};
use staff::Storage;
use tokio::signal::{ctrl_c, unix};
use tokio_util::task::TaskTracker;
use tower_http::timeout::TimeoutLayer;
use tracing::{error, info, warn};

/// The time limit of a request's head, of a whole request, and of the shutdown.
const PATIENCE: Duration = Duration::from_secs(15);

// payhook begins here: the gateways' routes, and credits in each change's transaction.
fn routes(ledger: impl Ledger + Clone + 'static, tasks: &TaskTracker) -> Result<Router, BoxError> {
    let (config, mut routes) = (Config::from_env()?, Router::new());
    let http = Http(Client::builder().redirect(Policy::none()).build()?);
    if let Some(gateway) = config.b2binpay(http.clone()) {
        let endpoint = Endpoint::new(gateway, ledger.clone()).into_service();
        routes = routes.route_service("/callbacks/b2binpay", in_tasks(endpoint, tasks));
    }
    if let Some(gateway) = config.citypay(http) {
        let endpoint = Endpoint::new(gateway, ledger).into_service();
        routes = routes.route_service("/callbacks/citypay", in_tasks(endpoint, tasks));
    }
    Ok(routes)
}

fn ledger(pool: PgPool) -> PgLedger {
    PgLedger::new(pool).on_change(|connection, key, payment, change| {
        Box::pin(async move {
            if let Some(amount) = change.credited() {
                let row = sqlx::query("INSERT INTO shop_credits VALUES ($1, $2, $3)");
                let row = row.bind(&key.reference).bind(payment.expected().currency());
                row.bind(Numeric(amount.clone())).execute(connection).await?;
            }
            Ok(())
        })
    })
}
// payhook ends here.

/// Each callback in its own task, so that a disconnecting sender does not abort it.
fn in_tasks<G, T>(route: CallbackService<G, T>, tasks: &TaskTracker) -> CallbackService<G, T> {
    let (tasks, peer) = (tasks.clone(), |peer: &ConnectInfo<SocketAddr>| peer.0.ip());
    let route = route.socket_peer(move |extensions| extensions.get().map(peer)).on_reply(log);
    route.spawn(move |task| {
        let task = tasks.spawn(tokio::time::timeout(PATIENCE, task));
        async { Ok::<_, BoxError>(task.await??) }
    })
}

fn log(reply: &Reply) {
    let (status, what, change) = (reply.status(), reply.disposition(), reply.change());
    let credited = change.and_then(Change::credited).map(Amount::as_str);
    match status {
        200 => info!(credited, "{status} {what}"),
        ..500 => warn!("{status} {what}"),
        _ => error!("{status} {what}"),
    }
    change.into_iter().flat_map(Change::reviews).for_each(|review| warn!("for review: {review}"));
}

/// Queries the gateways; in a test, `CITYPAY_API`. B2BINPAY's API also requires your token.
#[derive(Clone)]
struct Http(Client);

impl Fetch for Http {
    async fn get(&self, url: &str) -> Result<Vec<u8>, BoxError> {
        const CITYPAY: &str = "https://v2-order-api.citypay.io";
        Fetch::get(&self.0, &url.replacen(CITYPAY, &variable("CITYPAY_API", CITYPAY), 1)).await
    }
}

fn variable(name: &str, default: &str) -> String {
    env::var(name).ok().filter(|it| !it.is_empty()).unwrap_or_else(|| default.to_owned())
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    tracing_subscriber::fmt().with_env_filter(variable("RUST_LOG", "info,sqlx=warn")).init();
    let (tasks, database) = (TaskTracker::new(), variable("DATABASE_URL", ""));
    let (public, staff) = if database.is_empty() {
        warn!("payments are in memory, and gone with this process");
        let ledger = MemoryLedger::new();
        (routes(ledger.clone(), &tasks)?, staff::routes(Storage::Memory(ledger, Arc::default())))
    } else {
        let pool = PgPoolOptions::new().max_connections(16).acquire_timeout(PATIENCE / 3);
        let ledger = ledger(pool.test_before_acquire(false).connect(&database).await?);
        ledger.migrate().await?;
        sqlx::raw_sql(staff::SCHEMA).execute(ledger.pool()).await?;
        (routes(ledger.clone(), &tasks)?, staff::routes(Storage::Postgres(ledger)))
    };
    let handle = axum_server::Handle::new();
    let public = ("LISTEN", "127.0.0.1:3000", public.route("/health", get("ok\n")));
    for (name, default, routes) in [("STAFF_LISTEN", "127.0.0.1:3001", staff), public] {
        let limit = TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, PATIENCE);
        let routes = routes.layer(limit).layer(DefaultBodyLimit::max(16 * 1024));
        let listener = TcpListener::bind(variable(name, default))?;
        info!("{name} is {}", listener.local_addr()?);
        let mut server = axum_server::from_tcp(listener)?.handle(handle.clone());
        server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
        tasks.spawn(server.serve(routes.into_make_service_with_connect_info::<SocketAddr>()));
    }
    let mut terminate = unix::signal(unix::SignalKind::terminate())?;
    tokio::select! { _ = ctrl_c() => {}, _ = terminate.recv() => {} }
    handle.graceful_shutdown(Some(PATIENCE));
    tasks.close();
    tasks.wait().await;
    info!("stopped, with every request and callback ended");
    Ok(())
}
