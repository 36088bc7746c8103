//! A PostgreSQL that is killed in the middle, and one that is not there:
//! `.ci/servers run cargo test -p payhook-postgres --all-features`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

#[path = "outage/ledger.rs"]
mod ledger;
#[path = "outage/survival.rs"]
mod survival;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use payhook::{
    BoxError,
    idempotency::{ClaimToken, IdempotencyKey, IdempotencyStore, Lease},
};
use payhook_postgres::PgStore;
use payhook_postgres::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use payhook_postgres::sqlx::{self, AssertSqlSafe, PgPool};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use survival::{LEASE, refuses, survives, unique};

/// One test at a time has the server.
static SERVER: Mutex<()> = Mutex::const_new(());

/// A pool whose tables are in a schema that nothing else uses.
async fn pool() -> PgPool {
    let schema = unique("s").replace('-', "_");
    let url = std::env::var("DATABASE_URL").unwrap();
    let options: PgConnectOptions = url.parse().unwrap();
    let pool = PgPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(Duration::from_secs(10))
        .connect_with(options.options([("search_path", &schema)]))
        .await
        .unwrap();
    let create = AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
    sqlx::raw_sql(create).execute(&pool).await.unwrap();
    pool
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_killed_and_comes_back() {
    let _server = SERVER.lock().await;
    let pool = pool().await;
    let store = PgStore::new(pool.clone()).lease(LEASE);
    store.migrate().await.unwrap();
    let lapse = async || {
        sqlx::raw_sql("UPDATE payhook_effects SET lease_until = now() WHERE lease_until > now()")
            .execute(&pool)
            .await
            .unwrap();
    };
    survives("postgres", store, lapse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_killed_while_credits_are_uncommitted() {
    let _server = SERVER.lock().await;
    ledger::survives(pool().await).await;
}

/// A port without a listener.
fn nowhere() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_postgres_is_503_in_time() {
    let pool = PgPoolOptions::new()
        .acquire_timeout(Duration::from_millis(500))
        .connect_lazy(&format!("postgres://p@127.0.0.1:{}/p", nowhere()))
        .unwrap();
    let store = PgStore::new(pool);
    let in_time = tokio::time::timeout(Duration::from_mins(1), refuses(&store)).await;
    in_time.expect("two attempts of half a second each");
}

/// How the end of a claim ends, and after how many connections, where the pool waits
/// for one for `patience` and the server cuts it after `silence`.
async fn end_at(silence: Duration, patience: Duration) -> (Result<Lease, BoxError>, usize) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let listening = tokio::spawn(async move {
        let mut kept = JoinSet::new();
        while let Ok((connection, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            kept.spawn(async move {
                tokio::time::sleep(silence).await;
                drop(connection);
            });
        }
    });
    let pool = PgPoolOptions::new()
        .acquire_timeout(patience)
        .connect_lazy(&format!("postgres://p@127.0.0.1:{port}/p"));
    let token = ClaimToken::new(IdempotencyKey::from_bytes([0; 32]), 1);
    let ended = PgStore::new(pool.unwrap()).complete(token).await;
    listening.abort();
    (ended, connections.load(Ordering::Relaxed))
}

fn error(ended: Result<Lease, BoxError>) -> sqlx::Error {
    *ended.unwrap_err().downcast().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_tried_again_when_the_connection_breaks() {
    let (ended, connections) = end_at(Duration::ZERO, Duration::from_mins(1)).await;
    let error = error(ended);
    assert!(matches!(error, sqlx::Error::Io(_)), "{error:?}");
    assert_eq!(connections, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_waits_once_for_a_server_that_is_silent() {
    let hour = Duration::from_hours(1);
    let (ended, connections) = end_at(hour, Duration::from_millis(300)).await;
    let error = error(ended);
    assert!(matches!(error, sqlx::Error::PoolTimedOut), "{error:?}");
    assert_eq!(connections, 1);
}

/// However often that makes up the time: here twice at the most.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_waits_no_longer_for_a_server_that_is_slow_to_hang_up() {
    let (silence, patience) = (Duration::from_millis(300), Duration::from_millis(500));
    let (ended, connections) = end_at(silence, patience).await;
    assert!(ended.is_err());
    assert!(connections <= 2, "{connections}");
}
