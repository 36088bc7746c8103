use axum::Router;
use payhook::payment::Expected;
use payhook::reqwest::{Client, redirect::Policy};
use payhook::{BoxError, Config, Endpoint};
use payhook_postgres::{Numeric, PgLedger, sqlx};

/// The order, and what you expect for it, in one transaction.
async fn order(pool: &sqlx::PgPool, id: &str, price: payhook::Amount) -> Result<(), BoxError> {
    let mut transaction = pool.begin().await?;
    let insert = sqlx::query("INSERT INTO orders (id, balance, is_paid) VALUES ($1, 0, false)");
    insert.bind(id).execute(&mut *transaction).await?;
    let expected = Expected::deposit(id, "ETH", price)?; // `id` is the tracking id
    PgLedger::expect(&mut *transaction, "b2binpay", &expected).await?;
    Ok(transaction.commit().await?)
}

/// The route that B2BINPAY posts to.
async fn routes(pool: sqlx::PgPool, config: &Config) -> Result<Router, BoxError> {
    let ledger = PgLedger::new(pool).on_change(|connection, key, _payment, change| {
        Box::pin(async move {
            // In the transaction of the change: both commit, or neither.
            if let Some(amount) = change.credited() {
                let done = sqlx::query("UPDATE orders SET balance = balance + $2, is_paid = is_paid OR $3 WHERE id = $1")
                    .bind(&key.reference).bind(Numeric(amount.clone())).bind(change.newly_paid())
                    .execute(connection).await?;
                if done.rows_affected() != 1 {
                    return Err("no such order".into()); // 503, and rolled back
                }
            }
            change.reviews().iter().for_each(|review| eprintln!("{}: {review}", key.reference));
            Ok(())
        })
    });
    ledger.migrate().await?; // payhook's tables
    let client = Client::builder().redirect(Policy::none()).build()?;
    let gateway = config.b2binpay(client).ok_or("B2BINPAY is not configured")?;
    let endpoint = Endpoint::new(gateway, ledger);
    Ok(Router::new().route_service("/callbacks/b2binpay", endpoint.into_service()))
}
