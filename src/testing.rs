//! Test tools for merchants: bodies as the gateways would send them, signed with the
//! merchant's own test key. Feature `testing`.
//!
//! | | |
//! |---|---|
//! | [`b2binpay`], [`citypay`] | builders for every callback, and for the order endpoint's response |
//! | [`Body`], [`Json`] | their results: bytes, and changes to them |
//!
//! The crate `payhook-conformance` uses them to simulate payment lifecycles, and to
//! test that a server credits nothing that it must not credit. It also replays recorded
//! lifecycles, and tests idempotency stores.
//!
//! ```
//! use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
//! use payhook::payment::Expected;
//! use payhook::testing::b2binpay::deposit;
//! use payhook::{Endpoint, MemoryLedger};
//!
//! let key = Key::callback_secret("my test secret")?;
//! let ledger = MemoryLedger::new();
//! ledger.expect(Expected::deposit("order-1", "ETH", "0.3".parse()?)?);
//! let gateway = Gateway::new(Verifier::new(key.clone(), TrackingIds::Prefixed));
//! let endpoint = Endpoint::new(gateway, ledger);
//!
//! let body = deposit().tracking_id("order-1").amount("0.3").currency("ETH").sign(&key);
//! let forged = body.clone().set("included[1].attributes.amount", "300");
//! assert_eq!(endpoint.receive_blocking(&forged, None).status(), 401);
//! let reply = endpoint.receive_blocking(&body, None);
//! assert!(reply.change().is_some_and(|change| change.newly_paid()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod b2binpay;
mod body;
pub mod citypay;
mod error;
mod json;

pub use body::Body;
pub use error::BuildError;
pub use json::Json;
