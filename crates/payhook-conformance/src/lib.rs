//! Tests for a merchant that receives payment callbacks with
//! [payhook](https://docs.rs/payhook), or with anything else.
//!
//! A unit test posts one callback. What loses money in practice takes more than
//! one: a part that is repeated after a restart, two deliveries at once, an older
//! answer that comes last, a transfer that is blocked once it was credited. This
//! crate makes them, signed with a test key of the merchant's own, and says
//! whether every payment was credited once.
//!
//! | | |
//! |---|---|
//! | [`simulator`] | lives of payments, delivery by delivery, as the gateways would post them |
//! | [`torture`] | everything that must not be credited, and a report of what was |
//!
//! ```
//! use payhook::MemoryLedger;
//! use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
//! use payhook_conformance::torture::{Booked, InProcess, Torture};
//!
//! // The shop: an endpoint for B2BINPAY, and a ledger behind it.
//! let key = Key::callback_secret("my test secret")?;
//! let gateway = Gateway::new(Verifier::new(key.clone(), TrackingIds::Prefixed));
//! let ledger = Booked::new(MemoryLedger::new());
//! let shop = InProcess::new(move || ledger.clone()).b2binpay(gateway);
//!
//! let report = Torture::new(7).b2binpay(key).run_blocking(&shop)?;
//! assert!(report.is_clean(), "{report}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Bodies for unit tests are built by `payhook::testing`. The command `payhook`
//! posts the same to a server in any language: `payhook simulate` and
//! `payhook torture`.

mod gateway;
mod random;
pub mod simulator;
mod text;
pub mod torture;

pub use gateway::Gateway;
