//! What only a real Redis can say of [`RedisGuard`]'s scripts.

use std::time::{Duration, SystemTime};

use payhook::chrono::DateTime;
use payhook::redis::cmd;
use payhook::{AsyncGuard, Claim, IdempotencyKey, IdempotencyKeys, Lease, RedisGuard};
use sha2::{Digest, Sha256};

use crate::support::{SERVERS, redis, redis_guard, unique};

/// Keys of a callback that is so old.
fn keys(age: Duration) -> IdempotencyKeys {
    let key = |kind| IdempotencyKey::from_bytes(Sha256::digest(unique(kind)).into());
    let time = DateTime::from(SystemTime::now() - age);
    IdempotencyKeys::new(key("delivery"), key("effect"), Some(time))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unknown_and_older_than_the_retention_is_beyond_the_horizon() {
    let _servers = SERVERS.read().await;
    let (minute, retention) = (Duration::from_secs(60), Duration::from_secs(3600));
    let guard = redis_guard().await.retention(retention);
    let (old, young) = (keys(retention + minute), keys(retention / 2));
    for _ in 0..2 {
        assert!(matches!(guard.claim(&old).await, Ok(Claim::BeyondHorizon)));
    }
    // It was not bound, either: a horizon that is moved lets it in.
    let far = guard.clone().retention(2 * retention);
    let Ok(Claim::Fresh(token)) = far.claim(&old).await else {
        panic!("still unknown");
    };
    assert_eq!(far.complete(token).await.unwrap(), Lease::Held);
    // Known, it is known, however old it says it is.
    assert!(matches!(guard.claim(&old).await, Ok(Claim::Done)));
    // And so is its news, in a delivery that nobody knows.
    let resent = IdempotencyKeys::new(*keys(minute).delivery(), *old.effect(), old.time());
    assert!(matches!(guard.claim(&resent).await, Ok(Claim::Done)));

    assert!(matches!(guard.claim(&young).await, Ok(Claim::Fresh(_))));
    let timeless = IdempotencyKeys::new(*keys(minute).delivery(), *keys(minute).effect(), None);
    assert!(matches!(guard.claim(&timeless).await, Ok(Claim::Fresh(_))));
}

/// As after a restart: the scripts are told anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_forgot_the_scripts_learns_them_again() {
    let _servers = SERVERS.read().await;
    let mut connection = redis().await;
    let guard = RedisGuard::new(connection.clone());
    for _ in 0..2 {
        let keys = keys(Duration::ZERO);
        let flush = cmd("SCRIPT").arg("FLUSH").to_owned();
        let () = flush.query_async(&mut connection).await.unwrap();
        let Ok(Claim::Fresh(token)) = guard.claim(&keys).await else {
            panic!("new keys");
        };
        let () = flush.query_async(&mut connection).await.unwrap();
        assert_eq!(guard.complete(token).await.unwrap(), Lease::Held);
        assert!(matches!(guard.claim(&keys).await, Ok(Claim::Done)));
    }
}

/// A day longer than the retention, from when it was last seen.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_handled_is_known_for_a_day_more() {
    let _servers = SERVERS.read().await;
    let mut connection = redis().await;
    let prefix = unique("shop");
    let hour = Duration::from_secs(3600);
    let guard = RedisGuard::new(connection.clone())
        .prefix(&prefix)
        .retention(hour);
    let Ok(Claim::Fresh(token)) = guard.claim(&keys(Duration::ZERO)).await else {
        panic!("new keys");
    };
    assert_eq!(guard.complete(token).await.unwrap(), Lease::Held);

    let pattern = format!("{{payhook:{prefix}}}:*");
    let mut find = cmd("KEYS");
    let stored: Vec<String> = find
        .arg(pattern)
        .query_async(&mut connection)
        .await
        .unwrap();
    assert_eq!(stored.len(), 2, "a delivery and an effect: {stored:?}");
    for key in stored {
        let mut ask = cmd("TTL");
        let seconds: u64 = ask.arg(&key).query_async(&mut connection).await.unwrap();
        let spent = (25 * hour).checked_sub(Duration::from_secs(seconds));
        assert!(
            spent.is_some_and(|spent| spent < hour / 60),
            "{key}: {seconds} s"
        );
    }
}

/// To the millisecond. The number of a claim is the time at which it was made, in
/// microseconds: whoever asks without end gets it in the very millisecond.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_has_lapsed_at_its_exact_end() {
    let _servers = SERVERS.read().await;
    let mut connection = redis().await;
    for _ in 0..50 {
        let (prefix, keys) = (unique("shop"), keys(Duration::ZERO));
        let guard = RedisGuard::new(connection.clone())
            .prefix(&prefix)
            .lease(Duration::from_millis(20));
        assert!(matches!(guard.claim(&keys).await, Ok(Claim::Fresh(_))));
        let key = format!("{{payhook:{prefix}}}:effect:{}", keys.effect());
        let get = cmd("GET").arg(key).to_owned();
        let state: String = get.query_async(&mut connection).await.unwrap();
        let (_, end) = state.split_once('|').unwrap();
        let end: u64 = end.parse().unwrap();
        let claimed = loop {
            match guard.claim(&keys).await.unwrap() {
                Claim::Fresh(token) => break token.fence() / 1000,
                claim => assert!(matches!(claim, Claim::InFlight)),
            }
        };
        assert!(claimed >= end, "{claimed} is before {end}");
        if claimed == end {
            return;
        }
    }
    panic!("no claim passed on at its exact end");
}
