//! The README's first program, unchanged.

use axum::body::Body;
use payhook::Config;
use payhook::b2binpay::Key;
use payhook::http::{Request, Service};
use payhook::testing::b2binpay::deposit;
use payhook_postgres::sqlx;

use crate::support::Database;

const SECRET: &str = "my test secret";

/// The merchant's own code.
mod shop {
    include!("readme/shop.rs");

    pub(super) async fn run(pool: sqlx::PgPool, config: &Config) -> Router {
        order(&pool, "order-9001", "0.412".parse().unwrap())
            .await
            .unwrap();
        routes(pool, config).await.unwrap()
    }
}

#[test]
fn the_program_is_in_the_readme() {
    let readme = include_str!("../../../../README.md");
    let code = include_str!("readme/shop.rs");
    assert!(readme.contains(&format!("```rust,ignore\n{code}```\n")));
}

#[tokio::test]
async fn the_readmes_shop_credits_a_payment_once() {
    let database = Database::new().await;
    let pool = database.pool().await;
    let create = "CREATE TABLE orders (id text PRIMARY KEY, balance numeric, is_paid boolean)";
    sqlx::query(create).execute(&pool).await.unwrap();
    let config = Config::from_vars(|name| match name {
        "PAYHOOK_B2BINPAY_CALLBACK_SECRET" => Some(SECRET.to_owned()),
        "PAYHOOK_B2BINPAY_TRACKING_IDS" => Some("prefixed".to_owned()),
        _ => None,
    });
    let mut router = shop::run(pool.clone(), &config.unwrap()).await;

    let key = Key::callback_secret(SECRET).unwrap();
    let payment = deposit()
        .tracking_id("order-9001")
        .amount("0.412")
        .currency("ETH");
    let body = payment.confirmed().sign(&key);
    for _ in 0..2 {
        let body = Body::from(body.as_ref().to_vec());
        let request = Request::post("/callbacks/b2binpay").body(body).unwrap();
        assert_eq!(router.call(request).await.unwrap().status(), 200);
    }
    let row: (String, bool) = sqlx::query_as("SELECT balance::text, is_paid FROM orders")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(row, ("0.412000000000000000".to_owned(), true));
}
