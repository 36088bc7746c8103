//! Amounts as NUMERIC: they round-trip, and the server reads the same value.

use payhook::Amount;
use payhook_postgres::Numeric;
use payhook_postgres::sqlx::{self, AssertSqlSafe, Executor as _, PgPool, Row as _};

use crate::support::{Database, amount};

const AMOUNTS: [&str; 20] = [
    "0",
    "0.00",
    "-0",
    "1",
    "-1",
    "10000",
    "9999.9999",
    "0.412000000000000000",
    "0.0001",
    "-0.00010",
    "0.00000001",
    "1e-8",
    "1.5e3",
    "-12e5",
    "1e100",
    "1e-100",
    "99999999999.123456789012345678",
    "-115792089237316195423570985008687907853.269984665640564039457584007913129639935",
    "9999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999",
    "9.99999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999e-100",
];

async fn round_trip(pool: &PgPool, amount: Amount) {
    let (Numeric(back), text): (Numeric, String) = sqlx::query_as("SELECT $1, $1::text")
        .bind(Numeric(amount.clone()))
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(back, amount);
    // The server reads the same value with the same number of fraction digits.
    assert_eq!(back.as_str(), text);
    assert_eq!(back.decimals(), amount.decimals(), "{amount:?}");
}

#[tokio::test]
async fn every_amount_round_trips() {
    let pool = Database::new().await.pool().await;
    for text in AMOUNTS {
        round_trip(&pool, amount(text)).await;
    }
    // Every position of the point, and every number of digits.
    for digits in 1..=40 {
        for exponent in -20..=20 {
            let text = format!("{}e{exponent}", "1020304050".repeat(4).split_at(digits).0);
            round_trip(&pool, amount(&text)).await;
        }
    }
}

#[tokio::test]
async fn a_sum_of_the_extremes_round_trips() {
    let pool = Database::new().await.pool().await;
    let sum = amount("9e199".replace("199", "100").as_str()).checked_add(&amount("1e-100"));
    round_trip(&pool, sum.unwrap()).await;
    let long = amount(AMOUNTS[18]).checked_add(&amount(AMOUNTS[19]));
    round_trip(&pool, long.unwrap()).await;
}

#[tokio::test]
async fn computed_values_are_read() {
    let pool = Database::new().await.pool().await;
    for (sql, expected) in [
        ("SELECT 0.3 + 0.6", "0.9"),
        ("SELECT 1e-20::numeric", "0.00000000000000000001"),
        (
            "SELECT 10000::numeric ^ 3",
            "1000000000000.0000000000000000",
        ),
        ("SELECT -12345.678900", "-12345.678900"),
        ("SELECT round(99999.5, 0)", "100000"),
        ("SELECT 100000000::numeric", "100000000"),
    ] {
        let Numeric(found) = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(found.as_str(), expected, "{sql}");
    }
    // Also as text, the format of unprepared queries.
    let row = pool.fetch_one(sqlx::raw_sql("SELECT 12.50")).await.unwrap();
    assert_eq!(row.get::<Numeric, _>(0), Numeric(amount("12.5")));
    let listed: Vec<Numeric> = sqlx::query_scalar("SELECT $1::numeric[]")
        .bind(vec![Numeric(amount("1")), Numeric(amount("0.5"))])
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(listed, [Numeric(amount("1")), Numeric(amount("0.5"))]);
    let none: Option<Numeric> = sqlx::query_scalar("SELECT NULL::numeric")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(none, None);
}

#[tokio::test]
async fn invalid_amounts_are_refused() {
    let pool = Database::new().await.pool().await;
    for sql in [
        "SELECT 'NaN'::numeric",
        "SELECT 'Infinity'::numeric",
        "SELECT '-Infinity'::numeric",
        "SELECT 1e2000::numeric",
        "SELECT 1e-2000::numeric",
    ] {
        let found = sqlx::query_scalar::<_, Numeric>(AssertSqlSafe(sql))
            .fetch_one(&pool)
            .await;
        assert!(
            matches!(found, Err(sqlx::Error::ColumnDecode { .. })),
            "{sql}: {found:?}"
        );
    }
    // Other types are refused.
    let found = sqlx::query_scalar::<_, Numeric>("SELECT 1.5::float8")
        .fetch_one(&pool)
        .await;
    assert!(found.is_err());
}
