//! Every guard keeps to every rule, over several connections.

use std::time::Duration;

use payhook::testing::GuardConformance;
use payhook::{MemoryGuard, PgGuard};

use crate::support::{SERVERS, pool, redis_guard};

/// Long enough for a busy machine: a holder in a race ends its claim within it.
const LEASE: Duration = Duration::from_secs(2);
const HORIZON: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread")]
async fn memory() {
    let guard = MemoryGuard::new().lease(LEASE);
    let suite = GuardConformance::new([guard.clone(), guard], LEASE);
    suite.run().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis() {
    let _servers = SERVERS.read().await;
    let mut guards = Vec::new();
    for _ in 0..4 {
        guards.push(redis_guard().await.lease(LEASE).retention(HORIZON));
    }
    let suite = GuardConformance::new(guards, LEASE).horizon(HORIZON);
    suite.run().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres() {
    let _servers = SERVERS.read().await;
    let guard = |pool| PgGuard::new(pool).lease(LEASE).horizon(HORIZON);
    let guards = [pool(), pool(), pool()].map(guard);
    guards[0].create_tables().await.unwrap();
    let suite = GuardConformance::new(guards, LEASE).horizon(HORIZON);
    suite.run().await.unwrap();
}
