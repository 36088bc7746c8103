//! A connection to the server, and unique keys.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use payhook::chrono::{DateTime, TimeDelta, Utc};
use payhook::idempotency::{
    Claim, ClaimToken, IdempotencyKey, IdempotencyKeys, IdempotencyStore, Lease,
};
use payhook_redis::RedisStore;
use redis::Client;
use redis::aio::MultiplexedConnection;

pub(crate) type Store = RedisStore<MultiplexedConnection>;

pub(crate) async fn connection() -> MultiplexedConnection {
    let url = std::env::var("REDIS_URL")
        .expect("REDIS_URL: run the tests by `.ci/servers run cargo test …`");
    let config = redis::AsyncConnectionConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(20)))
        .set_response_timeout(Some(Duration::from_secs(20)));
    Client::open(url)
        .unwrap()
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .unwrap()
}

pub(crate) async fn store(prefix: &str) -> Store {
    RedisStore::new(connection().await).prefix(prefix)
}

/// A name that is unique across runs and tests.
pub(crate) fn unique(name: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{name}-{}-{count}", since.as_nanos())
}

pub(crate) fn key() -> IdempotencyKey {
    let mut bytes = [7; 32];
    for (place, byte) in bytes.iter_mut().zip(unique("").bytes().rev()) {
        *place ^= byte;
    }
    IdempotencyKey::from_bytes(bytes)
}

pub(crate) fn ago(age: Duration) -> DateTime<Utc> {
    DateTime::from(SystemTime::now()) - TimeDelta::from_std(age).unwrap()
}

pub(crate) fn keys(time: Option<DateTime<Utc>>) -> IdempotencyKeys {
    IdempotencyKeys::new(key(), key(), key(), time)
}

pub(crate) async fn claim(store: &Store, keys: &IdempotencyKeys) -> String {
    match store.claim(keys).await.unwrap() {
        Claim::Acquired(_) => "Acquired".to_owned(),
        other => format!("{other:?}"),
    }
}

pub(crate) async fn acquired(store: &Store, keys: &IdempotencyKeys) -> ClaimToken {
    match store.claim(keys).await.unwrap() {
        Claim::Acquired(token) => token,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn handle(store: &Store, keys: &IdempotencyKeys) {
    let token = acquired(store, keys).await;
    assert_eq!(store.complete(token).await.unwrap(), Lease::Held);
}
