//! [`PgStore`] against a real PostgreSQL.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use payhook::chrono::{DateTime, TimeDelta, Utc};
use payhook::idempotency::{
    Claim, ClaimToken, IdempotencyKey, IdempotencyKeys, IdempotencyStore, Lease,
};
use payhook_conformance::stores::StoreConformance;
use payhook_postgres::PgStore;
use payhook_postgres::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use payhook_postgres::sqlx::{self, AssertSqlSafe, PgPool};
use tokio::task::JoinSet;

use crate::support::Database;

/// Long enough for a busy machine: in a race, a holder ends its claim before.
const LEASE: Duration = Duration::from_secs(3);
const HOUR: Duration = Duration::from_hours(1);

async fn store_in(database: &Database) -> PgStore {
    let store = PgStore::new(database.pool().await).lock_timeout(Duration::from_secs(20));
    store.migrate().await.unwrap();
    store
}

async fn store() -> (PgPool, PgStore) {
    let database = Database::new().await;
    let store = store_in(&database).await;
    (database.pool().await, store)
}

/// A unique name.
fn key() -> IdempotencyKey {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut bytes = [7; 32];
    let count = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    bytes[..8].copy_from_slice(&count);
    IdempotencyKey::from_bytes(bytes)
}

fn ago(seconds: i64) -> DateTime<Utc> {
    DateTime::from(SystemTime::now()) - TimeDelta::seconds(seconds)
}

fn keys(time: Option<DateTime<Utc>>) -> IdempotencyKeys {
    IdempotencyKeys::new(key(), key(), key(), time)
}

/// The same event in another delivery.
fn again(keys: &IdempotencyKeys, time: Option<DateTime<Utc>>) -> IdempotencyKeys {
    IdempotencyKeys::new(key(), *keys.subject(), *keys.event(), time)
}

/// Another event of the same subject.
fn next(keys: &IdempotencyKeys, time: Option<DateTime<Utc>>) -> IdempotencyKeys {
    IdempotencyKeys::new(key(), *keys.subject(), key(), time)
}

async fn claim(store: &PgStore, keys: &IdempotencyKeys) -> String {
    match store.claim(keys).await.unwrap() {
        Claim::Acquired(_) => "Acquired".to_owned(),
        other => format!("{other:?}"),
    }
}

async fn acquired(store: &PgStore, keys: &IdempotencyKeys) -> ClaimToken {
    match store.claim(keys).await.unwrap() {
        Claim::Acquired(token) => token,
        other => panic!("{other:?}"),
    }
}

async fn handle(store: &PgStore, keys: &IdempotencyKeys) {
    let token = acquired(store, keys).await;
    assert_eq!(store.complete(token).await.unwrap(), Lease::Held);
}

/// Makes the subject look as if it was last seen that long ago.
async fn age(pool: &PgPool, keys: &IdempotencyKeys, seconds: i64) {
    sqlx::query(
        "UPDATE payhook_subjects SET seen_at = seen_at - $2 * interval '1 second'
         WHERE subject = $1",
    )
    .bind(keys.subject().as_bytes().as_slice())
    .bind(seconds)
    .execute(pool)
    .await
    .unwrap();
}

async fn rows(pool: &PgPool) -> [i64; 3] {
    let (subjects, events, deliveries) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM payhook_subjects),
                (SELECT count(*) FROM payhook_events),
                (SELECT count(*) FROM payhook_deliveries)",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    [subjects, events, deliveries]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_is_kept() {
    let database = Database::new().await;
    let mut stores = Vec::new();
    for _ in 0..4 {
        stores.push(store_in(&database).await.lease(LEASE).retention(HOUR));
    }
    let suite = StoreConformance::new(stores, LEASE).horizon(HOUR);
    suite.race(32, 200).run().await.unwrap();
}

/// Each schema has its own data; one of them was created by a migration tool.
#[tokio::test(flavor = "multi_thread")]
async fn merchants_in_schemas_of_their_own_share_nothing() {
    let (_, one) = store().await;
    let database = Database::new().await;
    let pool = database.pool().await;
    sqlx::raw_sql(PgStore::SCHEMA).execute(&pool).await.unwrap();
    let other = PgStore::new(pool);
    let keys = keys(None);
    handle(&one, &keys).await;
    assert_eq!(claim(&one, &keys).await, "AlreadyHandled");
    assert_eq!(claim(&other, &keys).await, "Acquired");
    one.migrate().await.unwrap();
    assert_eq!(claim(&one, &keys).await, "AlreadyHandled");
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_concurrently_create_the_tables() {
    let database = Database::new().await;
    let mut replicas = JoinSet::new();
    for _ in 0..6 {
        let store = PgStore::new(database.pool().await);
        replicas.spawn(async move { store.migrate().await });
    }
    while let Some(made) = replicas.join_next().await {
        made.unwrap().unwrap();
    }
    handle(&PgStore::new(database.pool().await), &keys(None)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_something_else_are_an_error() {
    let database = Database::new().await;
    let pool = database.pool().await;
    let store = PgStore::new(pool.clone());
    let error = store.claim(&keys(None)).await.unwrap_err().to_string();
    assert!(error.contains("payhook_subjects"), "{error}");

    sqlx::raw_sql("CREATE TABLE payhook_subjects (subject text)")
        .execute(&pool)
        .await
        .unwrap();
    assert!(store.migrate().await.is_err());
    assert!(store.claim(&keys(None)).await.is_err());
    let token = ClaimToken::new(key(), 1);
    assert!(store.complete(token).await.is_err());
}

/// To the microsecond, with a simulated clock.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_expires_at_its_exact_end() {
    let url: PgConnectOptions = std::env::var("DATABASE_URL").unwrap().parse().unwrap();
    let schema = format!("clock{}", std::process::id());
    // Functions of the schema take precedence over the server's own.
    let path = format!("{schema},pg_catalog");
    let options = url.options([("search_path", &path)]);
    let pool = PgPoolOptions::new().connect_with(options).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!(
        "CREATE SCHEMA {schema};
         CREATE TABLE clock (now timestamptz);
         INSERT INTO clock VALUES ('2026-03-02 09:16:02Z');
         CREATE FUNCTION clock_timestamp() RETURNS timestamptz
         LANGUAGE sql AS 'SELECT now FROM clock'"
    )))
    .execute(&pool)
    .await
    .unwrap();
    let store = PgStore::new(pool.clone()).lease(Duration::from_mins(1));
    store.migrate().await.unwrap();
    let pass = async |microseconds: i64| {
        sqlx::query("UPDATE clock SET now = now + $1 * interval '1 microsecond'")
            .bind(microseconds)
            .execute(&pool)
            .await
            .unwrap();
    };
    let keys = keys(None);
    let late = acquired(&store, &keys).await;
    assert_eq!(claim(&store, &keys).await, "InProgress");
    pass(59_999_999).await;
    assert_eq!(claim(&store, &keys).await, "InProgress");
    pass(1).await;
    let next = acquired(&store, &keys).await;
    assert_eq!(store.complete(late).await.unwrap(), Lease::Lost);
    assert_eq!(store.complete(next).await.unwrap(), Lease::Held);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_a_minute_and_at_most_five_thousand_years() {
    let (pool, store) = store().await;
    let years = 5_000 * 365 * 24 * 60 * 60;
    for (store, expected) in [(store.clone(), 60), (store.lease(Duration::MAX), years)] {
        let keys = keys(None);
        assert_eq!(claim(&store, &keys).await, "Acquired");
        let lease: i64 = sqlx::query_scalar(
            "SELECT extract(epoch FROM lease_until - clock_timestamp())::bigint
             FROM payhook_events WHERE event = $1",
        )
        .bind(keys.event().as_bytes().as_slice())
        .fetch_one(&pool)
        .await
        .unwrap();
        assert!((expected - 50..=expected).contains(&lease), "{lease}");
    }
}

/// A retry after a lost response: the payment was reversed in between.
#[tokio::test(flavor = "multi_thread")]
async fn ending_a_claim_twice_changes_nothing() {
    let (_, store) = store().await;
    let settled = keys(None);
    let token = acquired(&store, &settled).await;
    let (event, fence) = (*token.event(), token.fence());
    assert_eq!(store.complete(token).await.unwrap(), Lease::Held);
    let reversed = next(&settled, Some(ago(10)));
    handle(&store, &reversed).await;
    let repeated = ClaimToken::new(event, fence);
    assert_eq!(store.complete(repeated).await.unwrap(), Lease::Held);
    // The reversal is still the last event: a later one is new.
    assert_eq!(
        claim(&store, &again(&settled, Some(ago(5)))).await,
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

/// Two replicas see a captured delivery with two events: one binds it.
#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_races_with_altered_copies_is_bound_once() {
    let database = Database::new().await;
    let stores = [store_in(&database).await, store_in(&database).await];
    for _ in 0..50 {
        let delivery = key();
        let mut racers = JoinSet::new();
        for number in 0..8 {
            let store = stores[number % 2].clone();
            racers.spawn(async move {
                let keys = IdempotencyKeys::new(delivery, key(), key(), None);
                claim(&store, &keys).await
            });
        }
        let mut claims = racers.join_all().await;
        claims.sort();
        assert_eq!(claims[0], "Acquired");
        assert!(
            claims[1..].iter().all(|claim| claim == "Conflicting"),
            "{claims:?}"
        );
    }
}

/// Even if the handler takes long, and with a single connection.
#[tokio::test(flavor = "multi_thread")]
async fn no_connection_waits_while_a_claim_is_held() {
    let database = Database::new().await;
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with((*database.pool().await.connect_options()).clone())
        .await
        .unwrap();
    let store = PgStore::new(pool.clone()).lock_timeout(Duration::from_millis(1));
    store.migrate().await.unwrap();
    let held = keys(None);
    let token = acquired(&store, &held).await;
    for _ in 0..3 {
        assert_eq!(claim(&store, &held).await, "InProgress");
        assert_eq!(claim(&store, &again(&held, None)).await, "InProgress");
    }
    handle(&store, &next(&held, None)).await;
    assert_eq!(store.complete(token).await.unwrap(), Lease::Held);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_held_by_another_transaction_fails_the_claim_in_time() {
    let (pool, store) = store().await;
    let store = store.lock_timeout(Duration::from_millis(200));
    let held = keys(None);
    let token = acquired(&store, &held).await;
    let mut elsewhere = pool.begin().await.unwrap();
    sqlx::query("SELECT FROM payhook_subjects WHERE subject = $1 FOR UPDATE")
        .bind(held.subject().as_bytes().as_slice())
        .execute(&mut *elsewhere)
        .await
        .unwrap();
    let error = store.claim(&held).await.unwrap_err();
    assert!(error.to_string().contains("lock timeout"), "{error}");
    // Ending a claim is retried ten times.
    let end = tokio::spawn(async move { store.complete(token).await.unwrap() });
    tokio::time::sleep(Duration::from_millis(300)).await;
    elsewhere.rollback().await.unwrap();
    assert_eq!(end.await.unwrap(), Lease::Held);
}

/// A database whose default isolation is stricter.
#[tokio::test(flavor = "multi_thread")]
async fn steps_do_not_depend_on_the_default_isolation() {
    for isolation in ["serializable", "repeatable read"] {
        let database = Database::new().await;
        store_in(&database).await;
        let options = (*database.pool().await.connect_options()).clone();
        let options = options.options([("default_transaction_isolation", isolation)]);
        let pool = PgPoolOptions::new()
            .max_connections(8)
            .connect_with(options)
            .await
            .unwrap();
        let default: String = sqlx::query_scalar("SHOW default_transaction_isolation")
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(default, isolation);
        let store = PgStore::new(pool)
            .lock_timeout(Duration::from_secs(20))
            .retention(HOUR);
        let mut tasks = JoinSet::new();
        let subject = key();
        for _ in 0..8 {
            let store = store.clone();
            tasks.spawn(async move {
                for _ in 0..50 {
                    let keys = IdempotencyKeys::new(key(), subject, key(), None);
                    handle(&store, &keys).await;
                }
                store.prune().await.unwrap();
            });
        }
        tasks.join_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prune_deletes_events_unseen_for_a_day_beyond_the_retention() {
    let (pool, store) = store().await;
    let store = store.retention(HOUR);
    let [old, young, held, used] = [(); 4].map(|()| keys(Some(ago(10))));
    for keys in [&old, &young, &used] {
        handle(&store, keys).await;
    }
    handle(&store, &next(&old, Some(ago(5)))).await;
    let token = acquired(&store, &held).await;
    let (beyond, margin) = (25 * 3600 + 60, 25 * 3600 - 60);
    for (keys, seconds) in [
        (&old, beyond),
        (&young, margin),
        (&held, beyond),
        (&used, beyond),
    ] {
        age(&pool, keys, seconds).await;
    }
    assert_eq!(claim(&store, &used).await, "AlreadyHandled");
    assert_eq!(rows(&pool).await, [4, 5, 5]);
    let forever = PgStore::new(pool.clone());
    assert_eq!(forever.prune().await.unwrap(), 0);
    let endless = PgStore::new(pool.clone()).retention(Duration::MAX);
    assert_eq!(endless.prune().await.unwrap(), 0);

    // Both deliveries of the old event are pruned. A held claim is kept, however old
    // it is.
    assert_eq!(store.prune().await.unwrap(), 2);
    assert_eq!(rows(&pool).await, [3, 3, 3]);
    for keys in [&young, &used] {
        assert_eq!(claim(&store, keys).await, "AlreadyHandled");
    }
    assert_eq!(claim(&store, &held).await, "InProgress");
    assert_eq!(store.complete(token).await.unwrap(), Lease::Held);
    // A pruned event is not considered new: its own time is too old.
    let replayed = IdempotencyKeys::new(
        *old.delivery(),
        *old.subject(),
        *old.event(),
        Some(ago(beyond)),
    );
    assert_eq!(claim(&store, &replayed).await, "TooOld");
    assert_eq!(rows(&pool).await, [3, 3, 3]);
}

/// More than one batch.
#[tokio::test(flavor = "multi_thread")]
async fn prune_deletes_all_old_events() {
    let (pool, store) = store().await;
    sqlx::raw_sql(
        "INSERT INTO payhook_subjects (subject, seen_at)
         SELECT decode(lpad(n::text, 64, '0'), 'hex'), now() - interval '2 days'
         FROM generate_series(1, 1234) n;
         INSERT INTO payhook_deliveries (delivery, event, subject)
         SELECT subject, subject, subject FROM payhook_subjects",
    )
    .execute(&pool)
    .await
    .unwrap();
    assert_eq!(store.retention(HOUR).prune().await.unwrap(), 1234);
    assert_eq!(rows(&pool).await, [0, 0, 0]);
}

/// Subjects that are pruned and claimed concurrently: there is no deadlock, and nothing
/// is handled twice.
#[tokio::test(flavor = "multi_thread")]
async fn claims_and_prune_do_not_deadlock() {
    let database = Database::new().await;
    let store = store_in(&database).await.retention(HOUR);
    let pool = database.pool().await;
    let mut tasks = JoinSet::new();
    for _ in 0..3 {
        let (store, pool) = (store.clone(), pool.clone());
        tasks.spawn(async move {
            for _ in 0..50 {
                let keys = keys(None);
                handle(&store, &keys).await;
                age(&pool, &keys, 26 * 3600).await;
                // It is pruned meanwhile, or it is known.
                let claim = claim(&store, &keys).await;
                assert!(claim == "AlreadyHandled" || claim == "Acquired", "{claim}");
            }
        });
    }
    for _ in 0..50 {
        store.prune().await.unwrap();
    }
    tasks.join_all().await;
}

/// A replay of an event far beyond the horizon, while it is pruned.
#[tokio::test(flavor = "multi_thread")]
async fn old_events_stay_too_old_while_they_are_pruned() {
    let (pool, store) = store().await;
    let store = store.retention(HOUR);
    let old = keys(Some(ago(40 * 3600)));
    let undated = IdempotencyKeys::new(*old.delivery(), *old.subject(), *old.event(), None);
    handle(&store, &undated).await;
    age(&pool, &old, 40 * 3600).await;

    // Slows `prune` down as if it had much to do: it holds the subject.
    let mut slow = pool.begin().await.unwrap();
    sqlx::query("SELECT FROM payhook_events WHERE event = $1 FOR UPDATE")
        .bind(old.event().as_bytes().as_slice())
        .execute(&mut *slow)
        .await
        .unwrap();
    let prune = tokio::spawn({
        let store = store.clone();
        async move { store.prune().await.unwrap() }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!prune.is_finished());
    let replay = tokio::spawn({
        let store = store.clone();
        async move { claim(&store, &old).await }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    slow.rollback().await.unwrap();
    assert_eq!(prune.await.unwrap(), 1);
    assert_eq!(replay.await.unwrap(), "TooOld");
}

/// A conflict, a lock timeout, a server shutdown: ten times. All other errors: once.
#[tokio::test(flavor = "multi_thread")]
async fn ending_a_claim_is_retried_after_temporary_errors() {
    let (pool, store) = store().await;
    let token = acquired(&store, &keys(None)).await;
    // A sequence also counts attempts that are rolled back.
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
        sqlx::raw_sql(AssertSqlSafe(format!(
            "ALTER SEQUENCE attempts RESTART;
             CREATE OR REPLACE TRIGGER refuse BEFORE UPDATE ON payhook_events
             FOR EACH ROW EXECUTE FUNCTION refuse('{code}')"
        )))
        .execute(&pool)
        .await
        .unwrap();
        let token = ClaimToken::new(*token.event(), token.fence());
        let error = store.complete(token).await.unwrap_err();
        let error = error.downcast::<sqlx::Error>().unwrap();
        let found = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        assert_eq!(found.as_deref(), Some(code));
        let attempts: i64 = sqlx::query_scalar("SELECT last_value FROM attempts")
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(attempts, expected, "{code}");
    }
}
