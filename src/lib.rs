//! Payment callbacks of **B2BINPAY** (with Coinsbuy) and **CityPay.io**: verified, and
//! applied to the payment that you expect, so that you know whether it was made, in
//! full, once.
//!
//! Bytes go in, an HTTP status and a change of a payment come out. The crate opens no
//! sockets and runs no runtime: it fits into any web framework, and into a unit test.
//!
//! ```
//! use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
//! use payhook::payment::Expected;
//! use payhook::{Endpoint, MemoryLedger};
//!
//! // Your record: 0.412 ETH under the tracking id `order-9001`.
//! let ledger = MemoryLedger::new(); // in production `PgLedger`, or a `Ledger` of yours
//! ledger.expect(Expected::deposit("order-9001", "ETH", "0.412".parse()?)?);
//!
//! // Once: the wallet's callback secret, and what your tracking ids look like.
//! let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
//! let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
//! let endpoint = Endpoint::new(gateway, ledger);
//!
//! // For each POST: the body's bytes, untouched. Answer with the status.
//! let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
//! let reply = endpoint.receive_blocking(&body, None); // or `receive(…).await`
//! assert_eq!(reply.status(), 200);
//! let change = reply.change().ok_or("not applied")?;
//! assert_eq!(change.credited(), Some(&"0.412".parse()?)); // add this now
//! assert!(change.newly_paid());
//!
//! // The gateway sends it again: nothing changes.
//! let reply = endpoint.receive_blocking(&body, None);
//! assert!(reply.change().is_some_and(|change| change.credited().is_none()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The flow
//!
//! ```text
//! bytes ─parse─▶ Unverified ─verify─▶ Verified ─event()─▶ Event ─apply─▶ Payment ─save─▶ Ledger
//! ```
//!
//! [`Unverified`] is a callback that was parsed and not verified. [`Verified`] carries
//! its [`Evidence`]; only this crate's checks make one. [`Event`] is the view that all
//! gateways share; each of its values is a [`Fact`], proven or only reported.
//! [`payment::Payment`] applies events to what you [expect](payment::Expected), and a
//! [`Ledger`] keeps it under lock. Each part can be used alone.
//!
//! # Modules
//!
//! | item | purpose |
//! |---|---|
//! | [`Endpoint`], [`Reply`], [`Disposition`] | the complete flow as one call, its response, the result and a hint |
//! | [`Ledger`], [`MemoryLedger`], [`ledger::PaymentKey`] | where payments are kept, under lock |
//! | [`payment`] | expected payments, the rules, changes, manual review |
//! | [`endpoint::Idempotent`], [`Handler`], [`idempotency::IdempotencyStore`] | a handler instead of a ledger: for queues, and for credits in another system |
//! | [`b2binpay`], [`citypay`] | the gateways: callbacks, keys and accounts, verification, lookups |
//! | [`Config`] | the gateways from environment variables |
//! | [`Fetch`] | one GET with your HTTP client, for lookups |
//! | [`Callback`], [`Event`], [`Outcome`], [`Fact`] | verified callbacks, and what all gateways share |
//! | [`Unverified`], [`Verified`], [`Evidence`] | verification states and evidence |
//! | [`Amount`], [`Timestamp`] | values, kept as they were sent |
//! | [`ParseError`], [`VerifyError`], [`Fault`] | errors, and who has to act on them |
//! | `Diagnose` (feature `diagnose`) | why a B2BINPAY body does not verify |
//! | `http` (features `http`, `tower`) | requests, responses, proxies, a route for axum |
//! | `testing` (feature) | callbacks signed with a test key |
//!
//! # Guides
//!
//! `docs/` in the repository, and the module `guide` here: what is verified
//! (`verification`), the rules of payments (`payments`), servers, proxies and tunnels
//! (`receiving`), `production`, `security`, `queues`, `testing`, the `command`, the wire
//! (`gateways`), `architecture` and `performance`.
//!
//! Comments cite them: PAYMENTS is `docs/payments.md`, GATEWAYS is `docs/gateways.md`.

// The private modules: `wire` scans the JSON into an index of spans, `read` turns them into
// values, `fields` declares each field once (whether it is strict or lenient),
// `open_enum` makes the enums that a gateway may extend, `b2binpay/message` says which
// bytes are signed.

pub mod address;
pub mod amount;
pub mod b2binpay;
mod callback;
pub mod citypay;
pub mod config;
mod constant_time;
#[cfg(feature = "diagnose")]
pub mod diagnose;
mod digest;
pub mod endpoint;
pub mod error;
pub mod event;
mod fact;
mod fetch;
mod fields;
mod gateway;
#[cfg(any(doc, doctest))]
pub mod guide;
pub mod handler;
#[cfg(feature = "http")]
pub mod http;
pub mod idempotency;
pub mod ledger;
mod open_enum;
mod outcome;
pub mod payment;
mod read;
mod recognize;
mod scan;
mod shared_str;
mod span;
#[cfg(feature = "testing")]
pub mod testing;
pub mod timestamp;
pub mod verified;
mod wire;

pub use amount::Amount;
pub use callback::Callback;
/// The version whose instants and zones are in this API.
pub use chrono;
pub use config::Config;
pub use endpoint::{Disposition, Endpoint, Reply};
pub use error::{Error, Fault, ParseError, VerifyError};
pub use event::Event;
pub use fact::Fact;
pub use fetch::{BoxError, Fetch};
pub use gateway::Gateway;
pub use handler::{Handler, handler_fn};
pub use ledger::{Ledger, MemoryLedger};
pub use outcome::Outcome;
/// The version whose client is a [`Fetch`].
#[cfg(feature = "reqwest")]
pub use reqwest;
/// The version whose `Decimal` is in this API.
pub use rust_decimal;
pub use timestamp::Timestamp;
pub use verified::{Evidence, Unverified, Verified};

/// The README's code, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
