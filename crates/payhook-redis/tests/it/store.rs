//! The scripts on a real Redis.

use std::time::Duration;

use payhook::idempotency::{ClaimToken, IdempotencyKeys, IdempotencyStore, Lease};
use payhook_conformance::stores::StoreConformance;
use payhook_redis::RedisStore;
use redis::{ErrorKind, RedisError, cmd};

use crate::support::{acquired, ago, claim, connection, handle, key, keys, store, unique};

/// Long enough for a busy machine: in a race, a holder ends its claim before.
const LEASE: Duration = Duration::from_secs(3);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// The same event in another delivery.
fn again(keys: &IdempotencyKeys, age: Duration) -> IdempotencyKeys {
    IdempotencyKeys::new(key(), *keys.subject(), *keys.event(), Some(ago(age)))
}

/// Another event of the same subject.
fn next(keys: &IdempotencyKeys, age: Duration) -> IdempotencyKeys {
    IdempotencyKeys::new(key(), *keys.subject(), key(), Some(ago(age)))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_is_kept() {
    let prefix = unique("shop");
    let mut stores = Vec::new();
    for _ in 0..4 {
        stores.push(store(&prefix).await.lease(LEASE).retention(HOUR));
    }
    let suite = StoreConformance::new(stores, LEASE).horizon(HOUR);
    suite.race(32, 200).run().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn merchants_with_prefixes_of_their_own_share_nothing() {
    let keys = keys(None);
    let (one, other) = (store(&unique("a")).await, store(&unique("b")).await);
    handle(&one, &keys).await;
    assert_eq!(claim(&one, &keys).await, "AlreadyHandled");
    assert_eq!(claim(&other, &keys).await, "Acquired");
}

/// The step changes nothing, and claims nothing.
#[tokio::test(flavor = "multi_thread")]
async fn something_else_under_the_keys_is_an_error() {
    let mut connection = connection().await;
    let keys = keys(None);
    let event = *keys.event();
    for (kind, key) in [
        ("delivery", keys.delivery()),
        ("subject", keys.subject()),
        ("claim", keys.event()),
    ] {
        for (command, wrong_type) in [
            (["SET", "", "something else"].as_slice(), kind == "subject"),
            (
                ["HSET", "", "last", "x", "time", "y"].as_slice(),
                kind != "subject",
            ),
        ] {
            let prefix = unique("shop");
            let store = RedisStore::new(connection.clone()).prefix(&prefix);
            let name = format!("{{payhook:{prefix}}}:{kind}:{key}");
            let mut put = cmd(command[0]);
            put.arg(&name).arg(&command[2..]);
            let () = put.query_async(&mut connection).await.unwrap();
            let dump = cmd("DUMP").arg(&name).to_owned();
            let before: Vec<u8> = dump.query_async(&mut connection).await.unwrap();

            let error = store.claim(&keys).await.unwrap_err().to_string();
            if wrong_type {
                assert!(error.contains("WRONGTYPE"), "{kind}: {error}");
            } else {
                assert!(error.contains("holds something else"), "{kind}: {error}");
            }
            let after: Vec<u8> = dump.query_async(&mut connection).await.unwrap();
            assert_eq!(before, after, "{kind}");
            let pattern = format!("{{payhook:{prefix}}}:*");
            let find = cmd("KEYS").arg(pattern).to_owned();
            let found: Vec<String> = find.query_async(&mut connection).await.unwrap();
            assert_eq!(found, [name]);
            if kind == "claim" {
                let end = store.complete(ClaimToken::new(event, 1)).await;
                let error = end.unwrap_err().downcast::<RedisError>().unwrap();
                assert!(
                    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension),
                    "{error}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_events_older_than_the_retention_are_too_old() {
    let prefix = unique("shop");
    let store = store(&prefix).await.retention(HOUR);
    let old = keys(Some(ago(HOUR + 60 * SECOND)));
    for _ in 0..2 {
        assert_eq!(claim(&store, &old).await, "TooOld");
    }
    // It was not bound either: with a later horizon it is accepted.
    handle(&store.clone().retention(2 * HOUR), &old).await;
    // A known delivery stays known with any time, and so does its event in an unknown
    // delivery.
    assert_eq!(claim(&store, &old).await, "AlreadyHandled");
    assert_eq!(
        claim(&store, &again(&old, HOUR + 60 * SECOND)).await,
        "AlreadyHandled"
    );
    assert_eq!(claim(&store, &keys(Some(ago(HOUR / 2)))).await, "Acquired");
    assert_eq!(claim(&store, &keys(None)).await, "Acquired");
}

/// The gateway's clock is ahead of the server's: an event that is recent enough to be
/// considered new is still known.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_forgotten_before_the_horizon() {
    let store = store(&unique("shop"))
        .await
        .retention(Duration::from_millis(300));
    let ahead = keys(Some(
        ago(Duration::ZERO) + payhook::chrono::TimeDelta::seconds(5),
    ));
    handle(&store, &ahead).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(claim(&store, &ahead).await, "AlreadyHandled");
}

/// As after a restart: the scripts are loaded again.
#[tokio::test(flavor = "multi_thread")]
async fn scripts_that_redis_forgot_are_loaded_again() {
    let mut connection = connection().await;
    let store = RedisStore::new(connection.clone()).prefix(&unique("shop"));
    for _ in 0..2 {
        let keys = keys(None);
        let flush = cmd("SCRIPT").arg("FLUSH").to_owned();
        let () = flush.query_async(&mut connection).await.unwrap();
        let token = acquired(&store, &keys).await;
        let () = flush.query_async(&mut connection).await.unwrap();
        assert_eq!(store.complete(token).await.unwrap(), Lease::Held);
        assert_eq!(claim(&store, &keys).await, "AlreadyHandled");
    }
}

/// The whole subject is kept as long as the last of its deliveries: a day longer than
/// the retention.
#[tokio::test(flavor = "multi_thread")]
async fn a_subject_is_kept_with_all_its_events() {
    let mut connection = connection().await;
    let prefix = unique("shop");
    let store = RedisStore::new(connection.clone())
        .prefix(&prefix)
        .retention(HOUR);
    let settled = keys(Some(ago(30 * SECOND)));
    let reversed = next(&settled, 20 * SECOND);
    handle(&store, &settled).await;
    handle(&store, &reversed).await;
    let seconds = async |connection: &mut redis::aio::MultiplexedConnection, kind, key| {
        let name = format!("{{payhook:{prefix}}}:{kind}:{key}");
        let mut ask = cmd("TTL");
        let left: i64 = ask.arg(name).query_async(connection).await.unwrap();
        left
    };
    let memory = 25 * 3600;
    let is_whole = |left: i64| (memory - 300..=memory + 60).contains(&left);
    for (kind, key) in [
        ("delivery", *settled.delivery()),
        ("delivery", *reversed.delivery()),
        ("subject", *settled.subject()),
    ] {
        let left = seconds(&mut connection, kind, key).await;
        assert!(is_whole(left), "{kind}: {left} s");
    }
    let left = seconds(&mut connection, "claim", *settled.event()).await;
    assert!((1..=3600).contains(&left), "{left} s");

    // All known events are old; one delivery is seen again.
    for (kind, key) in [
        ("delivery", settled.delivery()),
        ("subject", settled.subject()),
    ] {
        let name = format!("{{payhook:{prefix}}}:{kind}:{key}");
        let expire = cmd("EXPIRE").arg(name).arg(600).to_owned();
        let () = expire.query_async(&mut connection).await.unwrap();
    }
    assert_eq!(claim(&store, &settled).await, "AlreadyHandled");
    for (kind, key) in [
        ("delivery", settled.delivery()),
        ("subject", settled.subject()),
    ] {
        let left = seconds(&mut connection, kind, *key).await;
        assert!(is_whole(left), "{kind}: {left} s");
    }
    assert_eq!(
        claim(&store, &next(&settled, 25 * SECOND)).await,
        "Superseded"
    );

    // A claim outlives its lease by the same time.
    let store = store.lease(2 * HOUR);
    let held = next(&settled, 10 * SECOND);
    assert_eq!(claim(&store, &held).await, "Acquired");
    for (kind, key) in [("subject", held.subject()), ("claim", held.event())] {
        let left = seconds(&mut connection, kind, *key).await;
        assert!(
            (27 * 3600 - 300..=27 * 3600).contains(&left),
            "{kind}: {left} s"
        );
    }
    // A shorter retention does not shorten existing expiries.
    let store = store.retention(SECOND);
    assert_eq!(claim(&store, &held).await, "InProgress");
    let left = seconds(&mut connection, "subject", *held.subject()).await;
    assert!(left > 26 * 3600, "{left} s");
}

/// To the millisecond. The number of a claim is its time in microseconds: a caller that
/// polls gets the claim in that very millisecond.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_expires_at_its_exact_end() {
    let mut connection = connection().await;
    for _ in 0..200 {
        let (prefix, keys) = (unique("shop"), keys(None));
        let store = RedisStore::new(connection.clone())
            .prefix(&prefix)
            .lease(Duration::from_millis(20));
        assert_eq!(claim(&store, &keys).await, "Acquired");
        let name = format!("{{payhook:{prefix}}}:subject:{}", keys.subject());
        let get = cmd("HGET")
            .arg(name)
            .arg(keys.event().to_string())
            .to_owned();
        let state: String = get.query_async(&mut connection).await.unwrap();
        let end: u64 = state.split('|').nth(1).unwrap().parse().unwrap();
        let claimed = loop {
            match store.claim(&keys).await.unwrap() {
                payhook::idempotency::Claim::Acquired(token) => break token.fence() / 1000,
                other => assert!(matches!(other, payhook::idempotency::Claim::InProgress)),
            }
        };
        assert!(claimed >= end, "{claimed} is before {end}");
        if claimed == end {
            return;
        }
    }
    panic!("no claim passed on at its exact end");
}

/// A retry after a lost response: the payment was reversed in between.
#[tokio::test(flavor = "multi_thread")]
async fn ending_a_claim_twice_changes_nothing() {
    let store = store(&unique("shop")).await;
    let settled = keys(None);
    let token = acquired(&store, &settled).await;
    let (event, fence) = (*token.event(), token.fence());
    assert_eq!(store.complete(token).await.unwrap(), Lease::Held);
    let reversed = next(&settled, 10 * SECOND);
    handle(&store, &reversed).await;
    let repeated = ClaimToken::new(event, fence);
    assert_eq!(store.complete(repeated).await.unwrap(), Lease::Held);
    // The reversal is still the last event: a later one is new.
    assert_eq!(
        claim(&store, &again(&settled, 5 * SECOND)).await,
        "Acquired"
    );
    // That claim has another number.
    let repeated = ClaimToken::new(event, fence);
    assert_eq!(store.complete(repeated).await.unwrap(), Lease::Lost);

    let released = keys(None);
    let token = acquired(&store, &released).await;
    let (event, fence) = (*token.event(), token.fence());
    assert_eq!(store.release(token).await.unwrap(), Lease::Held);
    let repeated = ClaimToken::new(event, fence);
    assert_eq!(store.release(repeated).await.unwrap(), Lease::Held);
    assert_eq!(claim(&store, &released).await, "Acquired");
}

/// A changed copy of a delivery names another subject: the original binding counts, and
/// the other subject is not changed.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_copy_belongs_to_the_subject_of_its_delivery() {
    let mut connection = connection().await;
    let prefix = unique("shop");
    let store = RedisStore::new(connection.clone()).prefix(&prefix);
    let genuine = keys(None);
    let altered = IdempotencyKeys::new(*genuine.delivery(), key(), key(), None);
    let token = acquired(&store, &genuine).await;
    assert_eq!(claim(&store, &altered).await, "Conflicting");
    assert_eq!(store.complete(token).await.unwrap(), Lease::Held);
    assert_eq!(claim(&store, &altered).await, "AlreadyHandled");
    let find = cmd("KEYS")
        .arg(format!("*{}", altered.subject()))
        .to_owned();
    let found: Vec<String> = find.query_async(&mut connection).await.unwrap();
    assert!(found.is_empty(), "{found:?}");
}
