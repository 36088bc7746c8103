//! A Redis that is killed during the test, and an unreachable one:
//! `.ci/servers run cargo test -p payhook-redis`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

// The same for both stores.
#[path = "../../payhook-postgres/tests/outage/survival.rs"]
#[allow(dead_code, reason = "PostgreSQL's tests use more of it")]
mod survival;

use std::time::{Duration, Instant};

use payhook_redis::RedisStore;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Script};
use tokio::sync::Mutex;

use survival::{LEASE, Shop, endpoint, refuses, server, survives, unique};

/// The tests use the server one at a time.
static SERVER: Mutex<()> = Mutex::const_new(());

async fn store(prefix: &str) -> RedisStore<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(8)
        .set_max_delay(Duration::from_millis(500))
        .set_connection_timeout(Some(Duration::from_secs(2)))
        .set_response_timeout(Some(Duration::from_secs(5)));
    let client = Client::open(std::env::var("REDIS_URL").unwrap()).unwrap();
    let connection = client.get_connection_manager_with_config(config).await;
    RedisStore::new(connection.unwrap()).prefix(prefix)
}

/// Ends the leases of all claims.
async fn lapse(prefix: &str) {
    let lapse = Script::new(
        "for _, key in ipairs(redis.call('KEYS', '{payhook:' .. ARGV[1] .. '}:subject:*')) do
             local fields = redis.call('HGETALL', key)
             for i = 1, #fields, 2 do
                 local fence, time = string.match(fields[i + 1], '^(%d+)|%d+|(.*)$')
                 if fence then redis.call('HSET', key, fields[i], fence .. '|0|' .. time) end
             end
         end",
    );
    let client = Client::open(std::env::var("REDIS_URL").unwrap()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let () = lapse
        .arg(prefix)
        .invoke_async(&mut connection)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_killed_and_comes_back() {
    let _server = SERVER.lock().await;
    let prefix = unique("shop");
    let store = store(&prefix).await.lease(LEASE);
    survives("redis", store, async || lapse(&prefix).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_redis_is_503_in_time() {
    let _server = SERVER.lock().await;
    let store = store(&unique("shop")).await;
    server("kill", "redis").await;
    let start = Instant::now();
    refuses(&store).await;
    let elapsed = start.elapsed();
    server("start", "redis").await;
    assert!(elapsed < Duration::from_secs(120), "{elapsed:?}");
    // The connection reconnects by itself.
    let (shop, body) = (Shop::default(), survival::deposit("order-1", "1", 1));
    let endpoint = endpoint(&shop, store);
    for _ in 0..100 {
        if endpoint.receive(&body, None).await.status() == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(shop.credits("order-1"), 1);
}
