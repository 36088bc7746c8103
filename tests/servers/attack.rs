//! Attacks on the guards that worked once.

use std::time::{Duration, SystemTime};

use payhook::chrono::{DateTime, TimeDelta, Utc};
use payhook::http::CallbackService;
use payhook::sqlx::{self, PgPool};
use payhook::{
    AsyncGuard, AsyncHandler, B2binpay, Callback, Claim, HandlerError, IdempotencyKey,
    IdempotencyKeys, Lease, PgClaim, PgGuard, PgTransactions, Receiver, Verified,
};

use crate::postgres::Shop;
use crate::support::{
    SERVERS, deposit, pool, pool_in_its_own_schema, receiver, redis_guard, unique,
};

async fn post(shop: &Shop, receiver: &Receiver<B2binpay, PgTransactions>, body: &[u8]) -> u16 {
    receiver.receive_async(body, None, shop).await.status()
}

/// What needs no key: another transfer id in a captured body.
fn forged(body: &[u8], id: u32) -> Vec<u8> {
    let text = std::str::from_utf8(body).unwrap();
    let forged = text.replace(
        r#""type":"transfer","id":"1""#,
        &format!(r#""type":"transfer","id":"{id}""#),
    );
    assert_ne!(text, forged);
    forged.into_bytes()
}

/// The gateway tells of one transfer twice (two stamps); both are answered with
/// 200. The second was *done*, its transaction dropped, its binding with it.
#[tokio::test(flavor = "multi_thread")]
async fn claim_in_remembers_a_delivery_that_was_answered_done() {
    let _servers = SERVERS.read().await;
    let shop = Shop::new(usize::MAX).await;
    let receiver = receiver().guard(shop.guard.before_transactions());
    let reference = unique("order");
    let (first, second) = (deposit(&reference, 1), deposit(&reference, 2));
    assert_eq!(post(&shop, &receiver, &first).await, 200);
    assert_eq!(post(&shop, &receiver, &second).await, 200);
    assert_eq!(shop.credits(&reference).await, 1);
    // Captured after it was delivered.
    assert_eq!(post(&shop, &receiver, &forged(&second, 2)).await, 200);
    assert_eq!(shop.credits(&reference).await, 1);
}

/// As a guard it would have kept the binding (`release` keeps it).
#[tokio::test(flavor = "multi_thread")]
async fn claim_in_remembers_a_delivery_whose_handler_failed() {
    let _servers = SERVERS.read().await;
    let mut shop = Shop::new(usize::MAX).await;
    let receiver = receiver().guard(shop.guard.before_transactions());
    let reference = unique("order");
    let first = deposit(&reference, 1);
    shop.dies_every = 1;
    assert_eq!(post(&shop, &receiver, &first).await, 500);
    shop.dies_every = usize::MAX;
    // The attacker is faster than the gateway's next attempt, and refused.
    assert_eq!(post(&shop, &receiver, &forged(&first, 2)).await, 409);
    assert_eq!(post(&shop, &receiver, &deposit(&reference, 2)).await, 200);
    assert_eq!(shop.credits(&reference).await, 1);
}

fn key(name: &str) -> IdempotencyKey {
    let mut bytes = [7; 32];
    let name = unique(name);
    for (place, byte) in bytes.iter_mut().zip(name.bytes().rev()) {
        *place ^= byte;
    }
    IdempotencyKey::from_bytes(bytes)
}

fn ago(seconds: i64) -> DateTime<Utc> {
    DateTime::from(SystemTime::now()) - TimeDelta::seconds(seconds)
}

/// As if the delivery had been seen this much earlier.
pub(crate) async fn age(pool: &PgPool, delivery: &IdempotencyKey, seconds: i32) {
    sqlx::query(
        "UPDATE payhook_deliveries SET seen_at = seen_at - $2 * interval '1 second' WHERE delivery = $1",
    )
    .bind(delivery.as_bytes().as_slice())
    .bind(seconds)
    .execute(pool)
    .await
    .unwrap();
}

async fn handle(guard: &PgGuard, keys: &IdempotencyKeys) {
    let Claim::Fresh(token) = guard.claim(keys).await.unwrap() else {
        panic!()
    };
    assert_eq!(guard.complete(token).await.unwrap(), Lease::Held);
}

/// A replay of what is far beyond the horizon, while `prune` runs: its snapshot
/// still has the delivery, its insert waits until that is gone.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_stays_too_old_while_it_is_pruned() {
    let _servers = SERVERS.read().await;
    let pool = pool();
    // A horizon that no other test's rows are beyond.
    let guard = PgGuard::new(pool.clone()).horizon(Duration::from_secs(6 * 3600));
    guard.create_tables().await.unwrap();
    let time = Some(ago(40 * 3600));
    let (old, other) = (key("old"), key("other"));
    let old = IdempotencyKeys::new(old, key("old-effect"), time);
    let other = IdempotencyKeys::new(other, key("other-effect"), None);
    // Handled nine hours ago.
    handle(
        &guard,
        &IdempotencyKeys::new(*old.delivery(), *old.effect(), None),
    )
    .await;
    handle(&guard, &other).await;
    age(&pool, old.delivery(), 40 * 3600).await;
    age(&pool, other.delivery(), 40 * 3600).await;

    // Makes `prune` as slow as it is with a lot to do.
    let mut slow = pool.begin().await.unwrap();
    sqlx::query("SELECT FROM payhook_effects WHERE effect = $1 FOR UPDATE")
        .bind(other.effect().as_bytes().as_slice())
        .execute(&mut *slow)
        .await
        .unwrap();
    let prune = tokio::spawn({
        let guard = guard.clone();
        async move { guard.prune().await.unwrap() }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!prune.is_finished());
    let replay = tokio::spawn({
        let guard = guard.clone();
        async move { guard.claim(&old).await.unwrap() }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    slow.rollback().await.unwrap();
    assert!(prune.await.unwrap() >= 2);
    let claim = replay.await.unwrap();
    assert!(matches!(claim, Claim::BeyondHorizon), "{claim:?}");
}

/// The gateway tells again of an old payment, while `prune` runs: *done*. What
/// it is bound to is gone afterwards, and it counts again.
#[tokio::test(flavor = "multi_thread")]
async fn an_effect_is_not_pruned_under_a_delivery() {
    let _servers = SERVERS.read().await;
    let pool = pool();
    let guard = PgGuard::new(pool.clone()).horizon(Duration::from_secs(6 * 3600));
    guard.create_tables().await.unwrap();
    let first = IdempotencyKeys::new(key("first"), key("effect"), Some(ago(40 * 3600)));
    let again = IdempotencyKeys::new(key("again"), *first.effect(), Some(ago(1)));
    let undated = IdempotencyKeys::new(*first.delivery(), *first.effect(), None);
    handle(&guard, &undated).await;
    age(&pool, first.delivery(), 40 * 3600).await;

    let mut transaction = pool.begin().await.unwrap();
    let claim = guard.claim_in(&mut transaction, &again).await.unwrap();
    assert_eq!(claim, PgClaim::Done);
    let prune = tokio::spawn({
        let guard = guard.clone();
        async move { guard.prune().await.unwrap() }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    transaction.commit().await.unwrap();
    prune.await.unwrap();
    let claim = guard.claim(&again).await.unwrap();
    assert!(matches!(claim, Claim::Done), "{claim:?}");
}

/// Each held one of the two tables and waited for the other one: a statement
/// that a connection has prepared locks them in another order than its first run.
#[tokio::test(flavor = "multi_thread")]
async fn claims_and_prune_do_not_lock_each_other_out() {
    let _servers = SERVERS.read().await;
    let guard = PgGuard::new(pool()).horizon(Duration::from_secs(6 * 3600));
    guard.create_tables().await.unwrap();
    let mut claims = tokio::task::JoinSet::new();
    for task in 0..8 {
        let guard = guard.clone();
        claims.spawn(async move {
            for _ in 0..100 {
                let delivery = key(&format!("d{task}"));
                let keys = IdempotencyKeys::new(delivery, key(&format!("e{task}")), None);
                handle(&guard, &keys).await;
            }
        });
    }
    for _ in 0..20 {
        guard.prune().await.unwrap();
    }
    while let Some(claims) = claims.join_next().await {
        claims.unwrap();
    }
}

/// The gateway's clock (or a zoneless stamp of UTC+4 that is read as UTC) is
/// ahead of the guard's: the keys are gone before the horizon has come.
#[tokio::test(flavor = "multi_thread")]
async fn redis_does_not_forget_before_its_horizon() {
    let _servers = SERVERS.read().await;
    let guard = redis_guard().await.retention(Duration::from_millis(500));
    let keys = IdempotencyKeys::new(key("d"), key("e"), Some(ago(-5)));
    let Claim::Fresh(token) = guard.claim(&keys).await.unwrap() else {
        panic!()
    };
    assert_eq!(guard.complete(token).await.unwrap(), Lease::Held);
    tokio::time::sleep(Duration::from_millis(800)).await;
    let claim = guard.claim(&keys).await.unwrap();
    assert!(!matches!(claim, Claim::Fresh(_)), "{claim:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_does_not_forget_before_its_horizon() {
    let _servers = SERVERS.read().await;
    let pool = pool();
    let guard = PgGuard::new(pool.clone()).horizon(Duration::from_secs(6 * 3600));
    guard.create_tables().await.unwrap();
    // Handled 6 h 1 s ago; stamped five seconds ahead.
    let keys = IdempotencyKeys::new(key("d"), key("e"), Some(ago(6 * 3600 - 4)));
    handle(&guard, &keys).await;
    age(&pool, keys.delivery(), 6 * 3600 + 1).await;
    guard.prune().await.unwrap();
    let claim = guard.claim(&keys).await.unwrap();
    assert!(!matches!(claim, Claim::Fresh(_)), "{claim:?}");
}

/// What is beyond the horizon is pruned a day later.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_remembers_for_a_day_beyond_its_horizon() {
    let _servers = SERVERS.read().await;
    let pool = pool();
    let guard = PgGuard::new(pool.clone()).horizon(Duration::from_secs(6 * 3600));
    guard.create_tables().await.unwrap();
    let beyond = 30 * 3600;
    for (seconds, known) in [(beyond - 60, 1), (beyond + 60, 0)] {
        let keys = IdempotencyKeys::new(key("d"), key("e"), None);
        handle(&guard, &keys).await;
        age(&pool, keys.delivery(), seconds).await;
        guard.prune().await.unwrap();
        let left: i64 =
            sqlx::query_scalar("SELECT count(*) FROM payhook_deliveries WHERE delivery = $1")
                .bind(keys.delivery().as_bytes().as_slice())
                .fetch_one(&pool)
                .await
                .unwrap();
        assert_eq!(left, known, "{seconds} s");
    }
}

/// A database whose default isolation is stricter. The handler has credited
/// when `complete` fails.
async fn completes_under(isolation: &str) {
    let _servers = SERVERS.read().await;
    let url = std::env::var("DATABASE_URL").unwrap();
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    let options = options.options([("default_transaction_isolation", isolation)]);
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(16)
        .connect_with(options)
        .await
        .unwrap();
    let guard = PgGuard::new(pool);
    guard.create_tables().await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let guard = guard.clone();
        tasks.spawn(async move {
            let mut unrecorded = Vec::new();
            for _ in 0..300 {
                let keys = IdempotencyKeys::new(key("d"), key("e"), None);
                match guard.claim(&keys).await {
                    Ok(Claim::Fresh(token)) => {
                        if let Err(error) = guard.complete(token).await {
                            unrecorded.push(error.to_string());
                        }
                    }
                    Ok(other) => panic!("{other:?}"),
                    Err(_) => {}
                }
            }
            unrecorded
        });
    }
    let mut unrecorded = Vec::new();
    while let Some(done) = tasks.join_next().await {
        unrecorded.extend(done.unwrap());
    }
    assert!(
        unrecorded.is_empty(),
        "{} not recorded: {:?}",
        unrecorded.len(),
        unrecorded.first()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn completes_under_serializable() {
    completes_under("serializable").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn completes_under_repeatable_read() {
    completes_under("repeatable read").await;
}

/// A lock that is waited for: `lock_timeout` is what the docs advise.
#[tokio::test(flavor = "multi_thread")]
async fn complete_is_tried_again_after_a_lock_timeout() {
    let _servers = SERVERS.read().await;
    let url = std::env::var("DATABASE_URL").unwrap();
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    let options = options.options([("lock_timeout", "200ms")]);
    let pool = sqlx::postgres::PgPoolOptions::new()
        .connect_with(options)
        .await
        .unwrap();
    let guard = PgGuard::new(pool.clone());
    guard.create_tables().await.unwrap();
    let one = IdempotencyKeys::new(key("d1"), key("e"), None);
    let other = IdempotencyKeys::new(key("d2"), *one.effect(), None);
    let Claim::Fresh(token) = guard.claim(&one).await.unwrap() else {
        panic!()
    };
    // The other delivery of the same in a transaction: told that it is in flight.
    let mut transaction = pool.begin().await.unwrap();
    assert_eq!(
        guard.claim_in(&mut transaction, &other).await.unwrap(),
        PgClaim::InFlight
    );
    let end = tokio::spawn({
        let guard = guard.clone();
        async move { guard.complete(token).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    transaction.rollback().await.unwrap();
    let end = end.await.unwrap();
    assert!(matches!(end, Ok(Lease::Held)), "{end:?}");
}

/// "Makes the tables where they are missing", also if another replica does.
#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_at_once_make_the_tables() {
    let _servers = SERVERS.read().await;
    let pool = pool_in_its_own_schema().await;
    let mut replicas = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let guard = PgGuard::new(pool.clone());
        replicas.spawn(async move { guard.create_tables().await });
    }
    while let Some(made) = replicas.join_next().await {
        made.unwrap().unwrap();
    }
    let keys = IdempotencyKeys::new(key("d"), key("e"), None);
    handle(&PgGuard::new(pool), &keys).await;
}

/// The client closes its end while the handler waits, and hyper drops the
/// request's future.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_does_not_cancel_the_handler() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::AsyncWriteExt;

    #[derive(Clone, Default)]
    struct Slow(Arc<AtomicUsize>, Arc<AtomicUsize>);
    impl AsyncHandler for Slow {
        type Error = HandlerError;

        async fn handle(&self, _: Verified<Callback>) -> Result<(), HandlerError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            // A receipt by mail, say.
            tokio::time::sleep(Duration::from_millis(300)).await;
            self.1.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    }
    let guard = payhook::MemoryGuard::new().lease(Duration::from_millis(500));
    let shop = Slow::default();
    let service = CallbackService::new(receiver().guard(guard), shop.clone()).spawn(tokio::spawn);
    let route = axum::routing::post_service(service);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        axum::serve(listener, axum::Router::new().route("/", route))
            .await
            .unwrap();
    });
    let body = deposit(&unique("order"), 1);
    for _ in 0..3 {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(stream);
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    assert_eq!(
        (
            shop.0.load(Ordering::Relaxed),
            shop.1.load(Ordering::Relaxed)
        ),
        (1, 1),
        "credited, and came to its end"
    );
}

/// There is no stamp that far back.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_horizon_prunes_nothing() {
    let _servers = SERVERS.read().await;
    let guard = PgGuard::new(pool()).horizon(Duration::from_secs(10_000 * 365 * 24 * 3600));
    guard.create_tables().await.unwrap();
    handle(&guard, &IdempotencyKeys::new(key("d"), key("e"), None)).await;
    assert_eq!(guard.prune().await.unwrap(), 0);
}
