//! An idempotency store for [payhook] in Redis (6 or newer), on [redis] 1.8: several
//! replicas together handle each callback once.
//!
//! It is for a [`Handler`](payhook::Handler) that fills a queue or credits in another
//! system. If your payments are in PostgreSQL, use the `PgLedger` of `payhook-postgres`
//! instead: it needs no store, and credits exactly once.
//!
//! ```no_run
//! use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
//! use payhook::{handler_fn, BoxError, Callback, Endpoint, endpoint::Idempotent};
//! use payhook_redis::RedisStore;
//! use redis::Client;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), BoxError> {
//!     let client = Client::open(std::env::var("REDIS_URL")?)?;
//!     // It reconnects: the feature `connection-manager` of `redis`.
//!     let store = RedisStore::new(client.get_connection_manager().await?);
//!
//!     let queue = handler_fn(async |callback: Callback| {
//!         println!("{}", callback.event().outcome()); // into your queue
//!         Ok::<(), BoxError>(())
//!     });
//!     let key = Key::callback_secret(&std::env::var("CALLBACK_SECRET")?)?;
//!     let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
//!     let endpoint = Endpoint::new(gateway, Idempotent::new(queue, store));
//!
//!     // In your web framework, for each POST: the body's bytes, untouched.
//!     let body = std::fs::read("callback.json")?;
//!     println!("answer with {}", endpoint.receive(&body, None).await.status());
//!     Ok(())
//! }
//! ```
//!
//! # The server
//!
//! If Redis loses a record, the callback may be handled again. Configure it to persist
//! (`appendonly yes`) and never to evict (`maxmemory-policy noeviction`). A failover may
//! still lose the last second.
//!
//! # Keys
//!
//! All keys share the hash tag `{payhook:PREFIX}`, so that they are on one node of a
//! cluster. A key expires if it was not used for the
//! [retention](RedisStore::retention) and one more day.
//!
//! | key | holds |
//! |---|---|
//! | `{payhook:PREFIX}:delivery:…` | a delivery, with the event that it first reported |
//! | `{payhook:PREFIX}:subject:…` | a transfer or an order, with its events that were claimed or handled, and the last one |
//! | `{payhook:PREFIX}:claim:…` | the transfer or order of a claimed event |
//!
//! If another program uses such a key, the step fails and changes nothing.
//!
//! [payhook]: payhook
//! [redis]: redis

mod store;

/// The version whose connections are in this API.
pub use redis;
pub use store::RedisStore;
