//! [payhook]'s payments in PostgreSQL, on [sqlx] 0.9. Select sqlx's runtime in your own
//! `Cargo.toml`: `sqlx = { version = "0.9", default-features = false, features =
//! ["runtime-tokio"] }`.
//!
//! [`PgLedger`] keeps what you expect and what was received. Your closure runs
//! in the transaction that stores each change, so money is credited together
//! with the record of it, or not at all.
//!
//! ```no_run
//! use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
//! use payhook::payment::Expected;
//! use payhook::{BoxError, Endpoint};
//! use payhook_postgres::{Numeric, PgLedger};
//! use sqlx::PgPool;
//!
//! /// The customer orders: the order and its payment in one transaction.
//! async fn order(pool: &PgPool, id: &str) -> Result<(), BoxError> {
//!     let expected = Expected::deposit(id, "ETH", "0.412".parse()?)?;
//!     let mut transaction = pool.begin().await?;
//!     sqlx::query("INSERT INTO orders (id, is_paid, balance) VALUES ($1, false, 0)")
//!         .bind(id)
//!         .execute(&mut *transaction)
//!         .await?;
//!     PgLedger::expect(&mut *transaction, "b2binpay", &expected).await?;
//!     transaction.commit().await?;
//!     Ok(()) // now create the deposit at the gateway, with `id` as its tracking id
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), BoxError> {
//!     let pool = PgPool::connect(&std::env::var("DATABASE_URL")?).await?;
//!     let ledger = PgLedger::new(pool.clone()).on_change(|connection, key, _, change| {
//!         Box::pin(async move {
//!             if let Some(amount) = change.credited() {
//!                 let credit = "UPDATE orders SET balance = balance + $2, is_paid = is_paid OR $3
//!                     WHERE id = $1";
//!                 let credit = sqlx::query(credit)
//!                     .bind(&key.reference)
//!                     .bind(Numeric(amount.clone()))
//!                     .bind(change.newly_paid())
//!                     .execute(connection)
//!                     .await?;
//!                 if credit.rows_affected() != 1 {
//!                     // Nothing is stored, and the gateway retries.
//!                     return Err("no such order".into());
//!                 }
//!             }
//!             for review in change.reviews() {
//!                 eprintln!("payment {}: {review}", key.reference);
//!             }
//!             Ok(())
//!         })
//!     });
//!     ledger.migrate().await?;
//!
//!     let key = Key::callback_secret(&std::env::var("CALLBACK_SECRET")?)?;
//!     let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
//!     let endpoint = Endpoint::new(gateway, ledger);
//!
//!     order(&pool, "order-9001").await?;
//!     // In your web framework, for each POST: the body's bytes, untouched.
//!     let body = std::fs::read("callback.json")?;
//!     let reply = endpoint.receive(&body, None).await;
//!     println!("answer with status {}", reply.status());
//!     Ok(())
//! }
//! ```
//!
//! # Locks
//!
//! A payment's row in `payhook_histories` is locked from the first read until
//! the change is committed, so that two deliveries of one payment are applied one after
//! the other, also on two replicas. Each transfer of a top-up has a row of its own: a customer's
//! transfers do not wait for each other. A lock is awaited for at
//! most the [lock timeout](PgLedger::lock_timeout), two seconds unless set. After that
//! the callback is answered with 503, and the gateway sends it again. The isolation level
//! is always *read committed*, regardless of the database's default.
//!
//! # Tables and migrations
//!
//! [`PgLedger::SCHEMA`] is the SQL of the four tables. [`PgLedger::migrate`]
//! runs it; for a migration tool, put the same text into a file. It can
//! run again at any time. The changelog lists changes of the tables, and the schema of a
//! later version updates older tables.
//!
//! | table | one row for |
//! |---|---|
//! | `payhook_payments` | each payment that you expect |
//! | `payhook_histories` | each payment with a callback; of a top-up, each transfer |
//! | `payhook_bindings` | each transfer that was credited or held, so that it counts for one payment |
//! | `payhook_unmatched` | each verified callback without a matching payment; they need manual review |
//!
//! You can read them: join them by gateway and reference. To change an expected
//! payment, update the row in `payhook_payments`, but never its kind. Only a
//! [`PgLedger`] writes rows of `payhook_histories`.
//!
//! # Manual review
//!
//! [`PgLedger::held`] lists the payments with held money,
//! [`accept_held`](PgLedger::accept_held) and
//! [`reject_held`](PgLedger::reject_held) decide on one of them: on the amount that
//! was reviewed, and on nothing that arrived since. Your closure credits accepted
//! money.
//!
//! [payhook]: payhook

mod ledger;
mod name;
mod numeric;
mod read;
mod record;
mod review;
mod store;
mod transaction;

pub use ledger::{ChangeFuture, PgLedger};
pub use numeric::Numeric;
pub use read::Sums;
pub use review::Held;
/// The version whose pools and transactions are in this API.
pub use sqlx;
pub use store::PgStore;
