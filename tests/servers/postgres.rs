//! [`PgGuard::claim_in`]: claim and credit in one transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use payhook::b2binpay::TransferCallback;
use payhook::chrono::DateTime;
use payhook::sqlx::{self, PgPool};
use payhook::{
    AsyncHandler, Callback, Claim, HandlerError, IdempotencyKey, IdempotencyKeys, PgClaim, PgGuard,
    Unverified, Verified,
};
use tokio::task::JoinSet;

use crate::attack::age;
use crate::support::{SERVERS, deposit, pool, pool_in_its_own_schema, receiver, unique};

/// A shop whose balances are in the database, and that fails on demand.
pub(crate) struct Shop {
    pool: PgPool,
    pub(crate) guard: PgGuard,
    /// Every so many credits it dies between credit and commit.
    pub(crate) dies_every: usize,
    /// How long it takes from the credit to the commit.
    pub(crate) hold: Duration,
    handled: AtomicUsize,
    /// Transactions between credit and commit.
    pub(crate) open: AtomicUsize,
}

impl Shop {
    pub(crate) async fn new(dies_every: usize) -> Self {
        let pool = pool();
        let guard = PgGuard::new(pool.clone());
        guard.create_tables().await.unwrap();
        // Tests run at once.
        sqlx::raw_sql(
            "BEGIN; SELECT pg_advisory_xact_lock(1);
             CREATE TABLE IF NOT EXISTS balances (reference text PRIMARY KEY, credits bigint NOT NULL);
             COMMIT",
        )
        .execute(&pool)
        .await
        .unwrap();
        Self {
            pool,
            guard,
            dies_every,
            hold: Duration::ZERO,
            handled: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
        }
    }

    pub(crate) async fn credits(&self, reference: &str) -> i64 {
        let credits: Option<(i64,)> =
            sqlx::query_as("SELECT credits FROM balances WHERE reference = $1")
                .bind(reference)
                .fetch_optional(&self.pool)
                .await
                .unwrap();
        credits.map_or(0, |(credits,)| credits)
    }
}

impl AsyncHandler for Shop {
    type Error = HandlerError;

    async fn handle(&self, callback: Verified<Callback>) -> Result<(), HandlerError> {
        let mut transaction = self.pool.begin().await?;
        let keys = callback.idempotency_keys("");
        match self.guard.claim_in(&mut transaction, &keys).await? {
            PgClaim::Fresh => {}
            PgClaim::Done => return Ok(()),
            _ => return Err("in flight, or too old to tell".into()),
        }
        let event = callback.event();
        let reference = event.reference().and_then(payhook::Fact::proven);
        sqlx::query(
            "INSERT INTO balances VALUES ($1, 1)
             ON CONFLICT (reference) DO UPDATE SET credits = balances.credits + 1",
        )
        .bind(reference)
        .execute(&mut *transaction)
        .await?;
        self.open.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(self.hold).await;
        self.open.fetch_sub(1, Ordering::Relaxed);
        let count = self.handled.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_multiple_of(self.dies_every) {
            return Err("dies before the commit".into());
        }
        transaction.commit().await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn claim_and_credit_commit_together() {
    let _servers = SERVERS.read().await;
    let shop = Arc::new(Shop::new(3).await);
    let receiver = Arc::new(receiver().guard(shop.guard.before_transactions()));
    let run = unique("order");
    let mut senders = JoinSet::new();
    for number in 0..100 {
        for copy in 0..4 {
            let (receiver, shop) = (Arc::clone(&receiver), Arc::clone(&shop));
            let reference = format!("{run}-{number}");
            senders.spawn(async move {
                for attempt in 0.. {
                    assert!(attempt < 100);
                    let body = deposit(&reference, 1000 * copy + attempt);
                    let reply = receiver.receive_async(&body, None, &shop).await;
                    if reply.status() == 200 {
                        break;
                    }
                    assert_eq!(reply.status(), 500, "{}", reply.disposition());
                }
            });
        }
    }
    while let Some(sender) = senders.join_next().await {
        sender.unwrap();
    }
    for number in 0..100 {
        assert_eq!(shop.credits(&format!("{run}-{number}")).await, 1);
    }
    assert!(shop.handled.load(Ordering::Relaxed) > 100, "some died");
}

/// A connection that is cut in the middle rolls back, and the gateway's next
/// delivery is credited.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_claims_nothing() {
    let _servers = SERVERS.read().await;
    let shop = Shop::new(usize::MAX).await;
    let reference = unique("order");
    let keys = keys_of(&deposit(&reference, 1));
    let mut transaction = shop.pool.begin().await.unwrap();
    let claim = shop.guard.claim_in(&mut transaction, &keys).await;
    assert_eq!(claim.unwrap(), PgClaim::Fresh);
    let (holder,): (i32,) = sqlx::query_as("SELECT pg_backend_pid()")
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    let (cut,): (bool,) = sqlx::query_as("SELECT pg_terminate_backend($1, 5000)")
        .bind(holder)
        .fetch_one(&shop.pool)
        .await
        .unwrap();
    assert!(cut);
    assert!(transaction.commit().await.is_err());
    let receiver = receiver().guard(shop.guard.before_transactions());
    for count in [2, 3] {
        let body = deposit(&reference, count);
        let reply = receiver.receive_async(&body, None, &shop).await;
        assert_eq!(reply.status(), 200, "{}", reply.disposition());
    }
    assert_eq!(shop.credits(&reference).await, 1);
}

/// A request that is dropped in the middle rolls back.
#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_transaction_claims_nothing() {
    let _servers = SERVERS.read().await;
    let shop = Shop::new(usize::MAX).await;
    let keys = keys_of(&deposit(&unique("order"), 1));
    let mut transaction = shop.pool.begin().await.unwrap();
    let claim = shop.guard.claim_in(&mut transaction, &keys).await;
    assert_eq!(claim.unwrap(), PgClaim::Fresh);
    drop(transaction);
    let mut transaction = shop.pool.begin().await.unwrap();
    let claim = shop.guard.claim_in(&mut transaction, &keys).await;
    assert_eq!(claim.unwrap(), PgClaim::Fresh);
    transaction.commit().await.unwrap();
    let mut transaction = shop.pool.begin().await.unwrap();
    let claim = shop.guard.claim_in(&mut transaction, &keys).await;
    assert_eq!(claim.unwrap(), PgClaim::Done);
}

/// The one who waits learns how it ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_waits_for_another_transactions_end() {
    let _servers = SERVERS.read().await;
    let shop = Arc::new(Shop::new(usize::MAX).await);
    for commits in [true, false] {
        let reference = unique("order");
        let mut first = shop.pool.begin().await.unwrap();
        let claim = shop
            .guard
            .claim_in(&mut first, &keys_of(&deposit(&reference, 1)))
            .await;
        assert_eq!(claim.unwrap(), PgClaim::Fresh);
        let second = tokio::spawn({
            let shop = Arc::clone(&shop);
            async move {
                let mut second = shop.pool.begin().await.unwrap();
                let keys = keys_of(&deposit(&reference, 2));
                shop.guard.claim_in(&mut second, &keys).await.unwrap()
            }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!second.is_finished());
        if commits {
            first.commit().await.unwrap();
            assert_eq!(second.await.unwrap(), PgClaim::Done);
        } else {
            first.rollback().await.unwrap();
            assert_eq!(second.await.unwrap(), PgClaim::Fresh);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_in_a_transaction_respects_leases() {
    use payhook::AsyncGuard;

    let _servers = SERVERS.read().await;
    let shop = Shop::new(usize::MAX).await;
    let guard = shop.guard.clone().lease(Duration::from_millis(200));
    let keys = keys_of(&deposit(&unique("order"), 1));
    let Ok(Claim::Fresh(late)) = guard.claim(&keys).await else {
        panic!()
    };
    let mut transaction = shop.pool.begin().await.unwrap();
    let claim = guard.claim_in(&mut transaction, &keys).await;
    assert_eq!(claim.unwrap(), PgClaim::InFlight);
    drop(transaction);
    tokio::time::sleep(Duration::from_millis(250)).await;
    let mut transaction = shop.pool.begin().await.unwrap();
    let claim = guard.claim_in(&mut transaction, &keys).await;
    assert_eq!(claim.unwrap(), PgClaim::Fresh);
    transaction.commit().await.unwrap();
    assert_eq!(guard.release(late).await.unwrap(), payhook::Lease::Lost);
    assert!(matches!(guard.claim(&keys).await, Ok(Claim::Done)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_pruned_is_beyond_the_horizon() {
    let _servers = SERVERS.read().await;
    let shop = Shop::new(usize::MAX).await;
    let guard = shop.guard.clone().horizon(Duration::from_secs(3600));
    let named = |name: &str, age: u64| {
        let key = |kind: u8| {
            let mut bytes = [kind; 32];
            let name = unique(name);
            for (place, byte) in bytes.iter_mut().zip(name.bytes().rev()) {
                *place ^= byte;
            }
            IdempotencyKey::from_bytes(bytes)
        };
        let time = SystemTime::now() - Duration::from_secs(age);
        IdempotencyKeys::new(key(1), key(2), Some(DateTime::from(time)))
    };
    let claim = |keys: IdempotencyKeys| {
        let (guard, pool) = (guard.clone(), shop.pool.clone());
        async move {
            let mut transaction = pool.begin().await.unwrap();
            let claim = guard.claim_in(&mut transaction, &keys).await.unwrap();
            transaction.commit().await.unwrap();
            claim
        }
    };
    let (old, new) = (named("old", 7200), named("new", 10));
    assert_eq!(claim(old).await, PgClaim::BeyondHorizon);
    assert_eq!(claim(new).await, PgClaim::Fresh);
    assert_eq!(claim(new).await, PgClaim::Done);
    // Known, it is known, however old it says it is.
    let told_again = IdempotencyKeys::new(*new.delivery(), *new.effect(), old.time());
    assert_eq!(claim(told_again).await, PgClaim::Done);

    age(&shop.pool, new.delivery(), 26 * 3600).await;
    assert_eq!(shop.guard.prune().await.unwrap(), 0, "without a horizon");
    assert!(guard.prune().await.unwrap() >= 1);
    assert_eq!(claim(told_again).await, PgClaim::BeyondHorizon);
}

async fn guard_in_its_own_schema() -> (PgPool, PgGuard) {
    let pool = pool_in_its_own_schema().await;
    let guard = PgGuard::new(pool.clone());
    guard.create_tables().await.unwrap();
    (pool, guard)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_a_minute_and_at_most_five_thousand_years() {
    use payhook::AsyncGuard;

    let _servers = SERVERS.read().await;
    let (pool, guard) = guard_in_its_own_schema().await;
    for (guard, expected) in [
        (guard.clone(), 60),
        (guard.lease(Duration::MAX), 5_000 * 365 * 24 * 60 * 60),
    ] {
        let keys = keys_of(&deposit(&unique("order"), 1));
        assert!(matches!(guard.claim(&keys).await, Ok(Claim::Fresh(_))));
        let (lease,): (i64,) = sqlx::query_as(
            "SELECT extract(epoch FROM lease_until - clock_timestamp())::bigint
             FROM payhook_effects WHERE effect = $1",
        )
        .bind(keys.effect().as_bytes().as_slice())
        .fetch_one(&pool)
        .await
        .unwrap();
        assert!((expected - 30..=expected).contains(&lease), "{lease}");
    }
}

/// A conflict, a lock that took too long, a server that shuts down: ten times.
/// All else: once.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_tried_again_where_that_may_help() {
    use payhook::{AsyncGuard, ClaimToken};

    let _servers = SERVERS.read().await;
    let (pool, guard) = guard_in_its_own_schema().await;
    let keys = keys_of(&deposit(&unique("order"), 1));
    let Ok(Claim::Fresh(token)) = guard.claim(&keys).await else {
        panic!()
    };
    // A sequence counts what is rolled back, too.
    sqlx::raw_sql(
        "CREATE SEQUENCE attempts;
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             PERFORM nextval('attempts');
             RAISE EXCEPTION USING ERRCODE = TG_ARGV[0];
         END $$",
    )
    .execute(&pool)
    .await
    .unwrap();
    for (code, expected) in [("40001", 10), ("55P03", 10), ("57P01", 10), ("23514", 1)] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
            "ALTER SEQUENCE attempts RESTART;
             CREATE OR REPLACE TRIGGER refuse BEFORE UPDATE ON payhook_effects
             FOR EACH ROW EXECUTE FUNCTION refuse('{code}')"
        )))
        .execute(&pool)
        .await
        .unwrap();
        let token = ClaimToken::new(*token.effect(), token.fence());
        let error = guard.complete(token).await.unwrap_err();
        let found = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        assert_eq!(found.as_deref(), Some(code));
        let (attempts,): (i64,) = sqlx::query_as("SELECT last_value FROM attempts")
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(attempts, expected, "{code}");
    }
}

fn keys_of(body: &[u8]) -> IdempotencyKeys {
    use payhook::b2binpay::{Key, TrackingIds, Verifier};

    let key = Key::callback_secret(crate::support::SECRET).unwrap();
    let verifier = Verifier::new(key, TrackingIds::Prefixed);
    let callback = Unverified::<TransferCallback>::parse(body).unwrap();
    let callback = verifier.verify(callback).unwrap().into_callback();
    callback.idempotency_keys("")
}

/// To the microsecond, by a clock of the test's own.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_has_lapsed_at_its_exact_end() {
    use payhook::{AsyncGuard, Lease};

    let _servers = SERVERS.read().await;
    let pool = pool_in_its_own_schema().await;
    sqlx::raw_sql(
        "CREATE TABLE clock (now timestamptz);
         INSERT INTO clock VALUES ('2026-03-02 09:16:02Z');
         CREATE FUNCTION clock_timestamp() RETURNS timestamptz
         LANGUAGE sql AS 'SELECT now FROM clock'",
    )
    .execute(&pool)
    .await
    .unwrap();
    let guard = PgGuard::new(pool.clone()).lease(Duration::from_secs(60));
    guard.create_tables().await.unwrap();
    let pass = async |microseconds: i64| {
        sqlx::query("UPDATE clock SET now = now + $1 * interval '1 microsecond'")
            .bind(microseconds)
            .execute(&pool)
            .await
            .unwrap();
    };
    let key = |byte| IdempotencyKey::from_bytes([byte; 32]);
    let keys = IdempotencyKeys::new(key(1), key(2), None);
    let Ok(Claim::Fresh(late)) = guard.claim(&keys).await else {
        panic!("new keys");
    };
    assert!(matches!(guard.claim(&keys).await, Ok(Claim::InFlight)));
    pass(59_999_999).await;
    assert!(matches!(guard.claim(&keys).await, Ok(Claim::InFlight)));
    pass(1).await;
    let Ok(Claim::Fresh(next)) = guard.claim(&keys).await else {
        panic!("it has lapsed");
    };
    assert_eq!(guard.complete(late).await.unwrap(), Lease::Lost);
    assert_eq!(guard.complete(next).await.unwrap(), Lease::Held);
}
