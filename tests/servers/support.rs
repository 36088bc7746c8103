//! The servers, and the callbacks that are posted.

use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use payhook::b2binpay::{Key, TrackingIds, Verifier};
use payhook::chrono::{DateTime, Utc};
use payhook::redis::Client;
use payhook::redis::RedisError;
use payhook::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use payhook::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use payhook::sqlx::{self, AssertSqlSafe, PgPool};
use payhook::{B2binpay, IdempotencyKey, Receiver, RedisGuard};
use sha2::Sha256;
use tokio::sync::RwLock;

pub(crate) const SECRET: &str = "cbs_7Qm2vX9tR4kL8pN1";

/// Who stops a server is alone; who needs one is with others.
pub(crate) static SERVERS: RwLock<()> = RwLock::const_new(());

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run the tests by `.ci/servers run cargo test …`")
    })
}

/// `kill` or `start` of `redis` or `postgres`.
pub(crate) async fn server(verb: &'static str, name: &'static str) {
    let script = variable("PAYHOOK_SERVERS");
    let done = tokio::task::spawn_blocking(move || {
        Command::new(script).args([verb, name]).status().unwrap()
    });
    assert!(done.await.unwrap().success(), "{verb} {name}");
}

pub(crate) async fn redis() -> ConnectionManager {
    redis_at(&variable("REDIS_URL")).await.unwrap()
}

pub(crate) async fn redis_at(url: &str) -> Result<ConnectionManager, RedisError> {
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(8)
        .set_max_delay(Duration::from_millis(500))
        .set_connection_timeout(Some(Duration::from_secs(2)))
        .set_response_timeout(Some(Duration::from_secs(5)));
    Client::open(url)?
        .get_connection_manager_with_config(config)
        .await
}

pub(crate) async fn redis_guard() -> RedisGuard<ConnectionManager> {
    RedisGuard::new(redis().await)
}

pub(crate) fn pool() -> PgPool {
    pool_at(&variable("DATABASE_URL"))
}

pub(crate) fn pool_at(url: &str) -> PgPool {
    PgPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(Duration::from_secs(10))
        .connect_lazy(url)
        .unwrap()
}

/// A pool whose connections see nothing of the others' tables, and what is in its
/// schema before the server's own functions.
pub(crate) async fn pool_in_its_own_schema() -> PgPool {
    let schema = unique("s").replace('-', "_");
    let create = AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
    sqlx::raw_sql(create).execute(&pool()).await.unwrap();
    let path = format!("{schema},pg_catalog");
    let options: PgConnectOptions = variable("DATABASE_URL").parse().unwrap();
    PgPoolOptions::new()
        .max_connections(8)
        .connect_with(options.options([("search_path", &path)]))
        .await
        .unwrap()
}

pub(crate) fn receiver() -> Receiver<B2binpay> {
    let key = Key::callback_secret(SECRET).unwrap();
    Receiver::b2binpay(Verifier::new(key, TrackingIds::Prefixed))
}

/// A confirmed deposit of 1 ETH under `reference`, as the gateway sends it the
/// `count`th time. (A key's `Display` is lower-case hex, as a signature is.)
pub(crate) fn deposit(reference: &str, count: usize) -> Vec<u8> {
    let now: DateTime<Utc> = SystemTime::now().into();
    let time = format!("{}.{count:06}Z", now.format("%Y-%m-%dT%H:%M:%S"));
    let message = format!("21.000000000000000000{reference}{time}");
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    let sign = IdempotencyKey::from_bytes(mac.finalize().into_bytes().into());
    format!(
        r#"{{"data":{{"type":"deposit","id":"1","attributes":{{"tracking_id":"{reference}","status":3}}}},
        "included":[{{"type":"transfer","id":"1","attributes":
        {{"op_type":1,"amount":"1.000000000000000000","status":2,"confirmations":12}}}}],
        "meta":{{"time":"{time}","sign":"{sign}"}}}}"#
    )
    .into_bytes()
}

/// A name that no other run and no other test has.
pub(crate) fn unique(name: &str) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!("{name}-{}", since.as_nanos())
}
