//! Tests for a merchant that receives payment callbacks with
//! [payhook](https://docs.rs/payhook), or with anything else.
//!
//! A unit test posts one callback. Losing money in practice takes several: a part
//! that is repeated after a restart, two concurrent deliveries, an older response
//! that arrives last, a transfer that is blocked after it was credited. This crate
//! generates them, signed with the merchant's own test key, and checks whether every
//! payment was credited once.
//!
//! | | |
//! |---|---|
//! | [`simulator`] | payment lifecycles, delivery by delivery, as the gateways would send them |
//! | [`stress`] | a stress test with genuine and forged callbacks, and a report of broken rules |
//! | [`lifecycles`] | recorded payment lifecycles, as replayed by `payhook replay` |
//! | [`stores`] | a test suite for idempotency stores |
//!
//! ```
//! use payhook::MemoryLedger;
//! use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
//! use payhook_conformance::stress::{InProcessTarget, RecordingLedger, Suite};
//!
//! // The code under test: an endpoint for B2BINPAY with a ledger.
//! let key = Key::callback_secret("my test secret")?;
//! let gateway = Gateway::new(Verifier::new(key.clone(), TrackingIds::Prefixed));
//! let ledger = RecordingLedger::new(MemoryLedger::new());
//! let target = InProcessTarget::new(move || ledger.clone()).b2binpay(gateway);
//!
//! let report = Suite::new(7).b2binpay(key).run_blocking(&target)?;
//! assert!(report.is_clean(), "{report}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Bodies for unit tests are built by `payhook::testing`. The command `payhook` sends
//! the same callbacks to a server in any language: `payhook simulate` and
//! `payhook stress`.

mod gateway;
pub mod lifecycles;
mod random;
pub mod simulator;
pub mod stores;
pub mod stress;
mod text;

pub use gateway::Gateway;
