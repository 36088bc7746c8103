//! An idempotency store for [payhook] in Redis (6 or newer), on [redis] 1.8: all
//! replicas together handle the same callback once.
//!
//! It is for a [`Handler`](payhook::Handler) that fills a queue or credits in another
//! system. Where your payments are in PostgreSQL, take the `PgLedger` of
//! `payhook-postgres` instead: it needs no store, and credits exactly once.
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
//! What Redis loses is forgotten without a mark, and may be handled again. Have it
//! append to disk (`appendonly yes`), never evict (`maxmemory-policy noeviction`), and
//! know that a failover may lose the last second.
//!
//! # Keys
//!
//! All keys have one hash tag, `{payhook:PREFIX}`, so that they stay together on one
//! node of a cluster. Each expires when it was not used for a day longer than the
//! [retention](RedisStore::retention).
//!
//! | key | holds |
//! |---|---|
//! | `{payhook:PREFIX}:delivery:…` | what a delivery was first seen with |
//! | `{payhook:PREFIX}:subject:…` | a transfer or an order: each of its states that was claimed or handled, and the last one |
//! | `{payhook:PREFIX}:claim:…` | which transfer or order a claimed state is of |
//!
//! Where something else is under such a key, a step fails and changes nothing.
//!
//! [payhook]: payhook
//! [redis]: redis

mod store;

/// The version whose connections are in this API.
pub use redis;
pub use store::RedisStore;
