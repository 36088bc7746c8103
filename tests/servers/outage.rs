//! A server that is killed in the middle, and one that is not there.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use payhook::sqlx::postgres::PgPoolOptions;
use payhook::{
    AsyncGuard, B2binpay, Callback, ClaimToken, Disposition, HandlerError, IdempotencyKey, Lease,
    PgGuard, Receiver, RedisGuard, Verified, handler_fn, sqlx,
};
use tokio::task::JoinSet;

use crate::postgres::Shop;
use crate::support::{SERVERS, deposit, pool, receiver, redis_at, redis_guard, server, unique};

/// Longer than an outage on a busy machine: one that runs out while its holder
/// waits for the server lets the next delivery in.
const LEASE: Duration = Duration::from_secs(30);
const PAYMENTS: usize = 200;

/// How long a claim is held: long enough that a kill finds it held.
const HOLD: Duration = Duration::from_millis(150);

/// Credits in memory, which no outage takes away.
#[derive(Default)]
struct Ledger {
    credits: Mutex<HashMap<String, u32>>,
    /// Handlers that have credited, and whose claim has not ended yet.
    holders: AtomicUsize,
}

impl Ledger {
    async fn post<D: AsyncGuard + Sync>(
        &self,
        receiver: &Receiver<B2binpay, D>,
        body: &[u8],
    ) -> Disposition {
        let handler = handler_fn(|callback: Verified<Callback>| {
            let event = callback.event();
            let reference = event.reference().unwrap().proven().unwrap().to_owned();
            let mut credits = self.credits.lock().unwrap();
            *credits.entry(reference).or_default() += 1;
            async {
                self.holders.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(HOLD).await;
                self.holders.fetch_sub(1, Ordering::Relaxed);
                Ok::<_, HandlerError>(())
            }
        });
        let reply = receiver.receive_async(body, None, &handler).await;
        reply.into_disposition()
    }
}

/// The gateway: sends each of the payments of this run, twice at once, until it
/// sees a 200 for each. In the middle the server is killed and comes back.
async fn outage<F>(
    name: &'static str,
    run: &str,
    post: impl Fn(Vec<u8>) -> F + Clone + Send + 'static,
    holders: impl Fn() -> usize,
) where
    F: Future<Output = Disposition> + Send,
{
    let mut senders = JoinSet::new();
    for number in 0..PAYMENTS {
        for copy in 0..2 {
            let (post, reference) = (post.clone(), format!("{run}-{number}"));
            senders.spawn(async move {
                let spread = u64::try_from(number * 10).unwrap();
                tokio::time::sleep(Duration::from_millis(spread)).await;
                let mut refused = 0_usize;
                for attempt in 0.. {
                    assert!(attempt < 400, "{reference} is never taken");
                    let disposition = post(deposit(&reference, 1000 * copy + attempt)).await;
                    match disposition.http_status() {
                        200 => break,
                        500 | 503 => refused += 1,
                        other => panic!("{other}: {disposition}"),
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                refused
            });
        }
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    let held = holders();
    server("kill", name).await;
    assert!(held > 0, "nobody was in the middle");
    tokio::time::sleep(Duration::from_millis(300)).await;
    server("start", name).await;

    let mut refused = 0;
    while let Some(sender) = senders.join_next().await {
        refused += sender.unwrap();
    }
    // Else the outage was not in the middle.
    assert!(refused > 0);
}

async fn survives<D>(name: &'static str, guard: D)
where
    D: AsyncGuard + Clone + Send + Sync + 'static,
{
    let receiver = Arc::new(receiver().guard(guard));
    let ledger = Arc::new(Ledger::default());
    let post = {
        let ledger = Arc::clone(&ledger);
        move |body: Vec<u8>| {
            let (receiver, ledger) = (Arc::clone(&receiver), Arc::clone(&ledger));
            async move { ledger.post(&receiver, &body).await }
        }
    };
    let holders = || ledger.holders.load(Ordering::Relaxed);
    outage(name, &unique("order"), post, holders).await;
    let credits = ledger.credits.lock().unwrap();
    assert_eq!(credits.len(), PAYMENTS, "none is lost");
    assert!(
        credits.values().all(|count| *count == 1),
        "none is credited twice"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_killed_and_comes_back() {
    let _servers = SERVERS.write().await;
    survives("redis", redis_guard().await.lease(LEASE)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_killed_and_comes_back() {
    let _servers = SERVERS.write().await;
    let guard = PgGuard::new(pool()).lease(LEASE);
    guard.create_tables().await.unwrap();
    survives("postgres", guard).await;
}

/// What a kill takes of a claim, it takes of its credit, too.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_killed_while_credits_are_uncommitted() {
    let _servers = SERVERS.write().await;
    let mut shop = Shop::new(usize::MAX).await;
    shop.hold = HOLD;
    let receiver = Arc::new(receiver().guard(shop.guard.before_transactions()));
    let shop = Arc::new(shop);
    let post = {
        let shop = Arc::clone(&shop);
        move |body: Vec<u8>| {
            let (receiver, shop) = (Arc::clone(&receiver), Arc::clone(&shop));
            async move {
                let reply = receiver.receive_async(&body, None, &shop).await;
                reply.into_disposition()
            }
        }
    };
    let run = unique("order");
    let holders = || shop.open.load(Ordering::Relaxed);
    outage("postgres", &run, post, holders).await;
    for number in 0..PAYMENTS {
        let reference = format!("{run}-{number}");
        assert_eq!(shop.credits(&reference).await, 1, "{reference}");
    }
}

/// 503, and the handler is not asked.
async fn refuses<D: AsyncGuard + Sync>(guard: D) {
    let (receiver, ledger) = (receiver().guard(guard), Ledger::default());
    for attempt in 0..2 {
        let disposition = ledger.post(&receiver, &deposit("order-1", attempt)).await;
        assert!(
            matches!(disposition, Disposition::GuardFailed(_)),
            "{disposition}"
        );
        assert_eq!(disposition.http_status(), 503);
    }
    assert!(ledger.credits.lock().unwrap().is_empty());
}

/// A port that nobody listens on.
fn nowhere() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_postgres_is_503() {
    let pool = PgPoolOptions::new()
        .acquire_timeout(Duration::from_millis(500))
        .connect_lazy(&format!("postgres://p@127.0.0.1:{}/p", nowhere()))
        .unwrap();
    let guard = PgGuard::new(pool);
    refuses(guard.before_transactions()).await;
    refuses(guard).await;
}

/// What the end of a claim comes to, and after how many connections, where the
/// pool waits for one for `patience` and the server cuts it after `silence`.
async fn end_at(silence: Duration, patience: Duration) -> (Result<Lease, sqlx::Error>, usize) {
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
    let ended = PgGuard::new(pool.unwrap()).complete(token).await;
    listening.abort();
    (ended, connections.load(Ordering::Relaxed))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_tried_again_when_the_connection_breaks() {
    let (ended, connections) = end_at(Duration::ZERO, Duration::from_secs(60)).await;
    assert!(matches!(ended, Err(sqlx::Error::Io(_))), "{ended:?}");
    assert_eq!(connections, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_waits_once_for_a_server_that_is_silent() {
    let hour = Duration::from_secs(3600);
    let (ended, connections) = end_at(hour, Duration::from_millis(300)).await;
    assert!(matches!(ended, Err(sqlx::Error::PoolTimedOut)), "{ended:?}");
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

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_went_away_is_503() {
    let _servers = SERVERS.write().await;
    let guard = RedisGuard::new(
        redis_at(&std::env::var("REDIS_URL").unwrap())
            .await
            .unwrap(),
    );
    server("kill", "redis").await;
    refuses(guard).await;
    server("start", "redis").await;
}
