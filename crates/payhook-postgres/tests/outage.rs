//! A PostgreSQL that is killed during the test, and an unreachable one:
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

/// The tests use the server one at a time.
static SERVER: Mutex<()> = Mutex::const_new(());

/// A pool with its tables in a schema of its own.
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
        sqlx::raw_sql("UPDATE payhook_events SET lease_until = now() WHERE lease_until > now()")
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

/// A port that nothing listens on.
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

/// The result of ending a claim, and the number of connections, if the pool waits up to
/// `pool_timeout` for a connection and the server closes each after `silence`.
async fn end_at(silence: Duration, pool_timeout: Duration) -> (Result<Lease, BoxError>, usize) {
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
        .acquire_timeout(pool_timeout)
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
async fn ending_a_claim_is_retried_when_the_connection_breaks() {
    let (ended, connections) = end_at(Duration::ZERO, Duration::from_mins(1)).await;
    let error = error(ended);
    assert!(matches!(error, sqlx::Error::Io(_)), "{error:?}");
    assert_eq!(connections, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_a_claim_waits_once_for_a_silent_server() {
    let hour = Duration::from_hours(1);
    let (ended, connections) = end_at(hour, Duration::from_millis(300)).await;
    let error = error(ended);
    assert!(matches!(error, sqlx::Error::PoolTimedOut), "{error:?}");
    assert_eq!(connections, 1);
}

/// At most two attempts fit into the time.
#[tokio::test(flavor = "multi_thread")]
async fn ending_a_claim_does_not_wait_longer_for_a_slowly_closing_server() {
    let (silence, pool_timeout) = (Duration::from_millis(300), Duration::from_millis(500));
    let (ended, connections) = end_at(silence, pool_timeout).await;
    assert!(ended.is_err());
    assert!(connections <= 2, "{connections}");
}
