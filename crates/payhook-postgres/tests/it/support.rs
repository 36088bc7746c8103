//! A schema and a shop for each test, and callbacks to post.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
use payhook::payment::Expected;
use payhook::testing::b2binpay::{CallbackBuilder, deposit};
use payhook::{Amount, Endpoint};
use payhook_postgres::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use payhook_postgres::sqlx::{self, AssertSqlSafe, PgPool};
use payhook_postgres::{Numeric, PgLedger};

pub(crate) const GATEWAY: &str = "b2binpay";

/// A schema of the test's own with the shop's table.
pub(crate) struct Database {
    options: PgConnectOptions,
}

impl Database {
    pub(crate) async fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let schema = format!("s{}_{count}", std::process::id());
        let url = std::env::var("DATABASE_URL")
            .expect("DATABASE_URL: run the tests by `.ci/servers run cargo test …`");
        let options: PgConnectOptions = url.parse().unwrap();
        let database = Self {
            options: options.options([("search_path", &schema)]),
        };
        let pool = database.pool().await;
        let create = format!(
            "CREATE SCHEMA {schema};
             CREATE TABLE credits (reference text, part text, amount numeric, status text)"
        );
        sqlx::raw_sql(AssertSqlSafe(create))
            .execute(&pool)
            .await
            .unwrap();
        PgLedger::new(pool).migrate().await.unwrap();
        database
    }

    /// The connections of a replica, or of a restarted process.
    pub(crate) async fn pool(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(20))
            .connect_with(self.options.clone())
            .await
            .unwrap()
    }

    /// A ledger with its own connections that credits into the shop's table.
    pub(crate) async fn shop(&self) -> PgLedger {
        crediting(PgLedger::new(self.pool().await))
    }
}

pub(crate) fn crediting(ledger: PgLedger) -> PgLedger {
    ledger.on_change(|connection, key, payment, change| {
        Box::pin(async move {
            sqlx::query("INSERT INTO credits VALUES ($1, $2, $3, $4)")
                .bind(&key.reference)
                .bind(&key.part)
                .bind(change.credited().cloned().map(Numeric))
                .bind(payment.status().as_str())
                .execute(&mut *connection)
                .await?;
            Ok(())
        })
    })
}

fn key() -> Key {
    Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1").unwrap()
}

pub(crate) fn endpoint(ledger: PgLedger) -> Endpoint<Gateway, PgLedger> {
    Endpoint::new(
        Gateway::new(Verifier::new(key(), TrackingIds::Prefixed)),
        ledger,
    )
}

/// A confirmed deposit of ETH, signed.
pub(crate) fn body(reference: &str, part: &str, amount: &str) -> Vec<u8> {
    sign(
        &deposit()
            .tracking_id(reference)
            .transfer_id(part)
            .amount(amount),
    )
}

pub(crate) fn sign(callback: &CallbackBuilder) -> Vec<u8> {
    callback.sign(&key()).as_ref().to_vec()
}

pub(crate) async fn post(ledger: &PgLedger, body: &[u8]) -> u16 {
    endpoint(ledger.clone()).receive(body, None).await.status()
}

pub(crate) fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

pub(crate) async fn expect_deposit(ledger: &PgLedger, reference: &str, of: &str) {
    let expected = Expected::deposit(reference, "ETH", amount(of)).unwrap();
    PgLedger::expect(ledger.pool(), GATEWAY, &expected)
        .await
        .unwrap();
}

/// The number and the sum of the credits in the shop's table.
pub(crate) async fn credits(ledger: &PgLedger, reference: &str) -> (i64, Amount) {
    let (count, Numeric(sum)) = sqlx::query_as(
        "SELECT count(amount), coalesce(sum(amount), 0) FROM credits WHERE reference = $1",
    )
    .bind(reference)
    .fetch_one(ledger.pool())
    .await
    .unwrap();
    (count, sum)
}
