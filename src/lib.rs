//! Payment callbacks from **B2BINPAY** (and its sister brand Coinsbuy) and
//! **CityPay.io**: typed, verified, and honest about what is proven.
//!
//! Bytes go in, facts come out. The crate opens no sockets and runs no runtime;
//! it fits into any web framework, and into a unit test.
//!
//! # B2BINPAY in five minutes
//!
//! ```
//! use payhook::b2binpay::{Key, TrackingIds, Verifier};
//! use payhook::{Amount, Callback, Expected, Fact, HandlerError, Receiver, Verdict, Verified, handler_fn};
//!
//! // Once: the wallet's callback secret, and what your tracking ids look like.
//! let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
//! let receiver = Receiver::b2binpay(Verifier::new(key, TrackingIds::Prefixed));
//!
//! // Your code. Only a verified callback gets here, and the same news once.
//! let shop = handler_fn(|callback: Verified<Callback>| -> Result<(), HandlerError> {
//!     let event = callback.event();
//!     // Where to look; whether it is proven, `Expected` finds out.
//!     let reference = event.reference().map(Fact::value).unwrap_or_default();
//!     // What your own database says under that reference, and what of it you have
//!     // credited: no signature covers whether it is a deposit, and in which currency.
//!     let expected = Expected::deposit(reference, "ETH")
//!         .amount("0.412".parse()?)
//!         .scale(18)
//!         .already_received(Amount::default());
//!     match expected.reconcile(&callback).verdict() {
//!         Verdict::Exact => { /* credit it */ }
//!         Verdict::NotFinal(_) | Verdict::NotPaid(_) => {}
//!         other => println!("a person has to look: {other}"),
//!     }
//!     Ok(())
//! });
//!
//! // For each request: the body's bytes, untouched. Answer with the status.
//! let body = include_bytes!("../examples/bodies/b2binpay-deposit-confirmed.json");
//! let reply = receiver.receive(body, None, &shop);
//! assert_eq!(reply.status(), 200);
//!
//! // The gateway sends it again: a guard stands in front of your code.
//! let reply = receiver.receive(body, None, &shop);
//! assert_eq!(reply.disposition().to_string(), "handled before");
//! # Ok::<(), payhook::KeyError>(())
//! ```
//!
//! # CityPay.io
//!
//! CityPay.io signs nothing. Its callback is a doorbell: an order is proven by
//! the order endpoint's answer, for a token that you issued, with your customer
//! id in it. Look the order up by its **token**; the `client_order_id` is in
//! nobody's proof. Deposits have no endpoint and need review.
//! See [`citypay::Account`].
//!
//! ```
//! use payhook::citypay::{Account, Environment};
//! use payhook::{Callback, HandlerError, OrderLookup, Receiver, TokenUse, Verified, handler_fn};
//!
//! struct Orders;
//!
//! impl OrderLookup for Orders {
//!     type Error = std::io::Error;
//!
//!     // From your own database.
//!     fn is_issued(&self, token: TokenUse<'_>) -> Result<bool, Self::Error> {
//!         Ok(matches!(token, TokenUse::Order("tok_4f9c1b7e")))
//!     }
//!
//!     // With your own HTTP client.
//!     fn fetch(&self, token: &str) -> Result<Vec<u8>, Self::Error> {
//!         let _url = Environment::Production.order_url(token);
//!         std::fs::read("examples/bodies/citypay-order-confirmed.answer.json")
//!     }
//! }
//!
//! let receiver = Receiver::citypay(Account::new("5120")?, Orders);
//! let shop = handler_fn(|callback: Verified<Callback>| -> Result<(), HandlerError> {
//!     println!("{}", callback.event().outcome());
//!     Ok(()) // reconcile with `Expected::order`, as above
//! });
//! let body = include_bytes!("../examples/bodies/citypay-order-confirmed.json");
//! let reply = receiver.receive(body, None, &shop);
//! assert_eq!(reply.disposition().to_string(), "handled: settled");
//! # Ok::<(), payhook::KeyError>(())
//! ```
//!
//! `receive_async` is the same for an [`AsyncHandler`] and an
//! [`AsyncOrderLookup`].
//!
//! # The flow
//!
//! ```text
//! bytes ─parse─▶ Unverified<C> ─verifier / account─▶ Verified<C> ─guard─▶ Handler ─▶ Reply
//! ```
//!
//! [`Unverified`] is what somebody posted. [`Verified`] is the same with
//! [`Evidence`]; only this crate's checks make one, and only it reaches a
//! [`Handler`]. Of a verified callback, [`proven`](Verified::proven) are the
//! facts that the evidence covers, and [`reported`](Verified::reported) is
//! everything else that was said. [`Event`] is one view over all callbacks, in
//! which each field says which of the two it is. A [`Guard`] lets the same news
//! through once, and [`Expected`] says whether it is the payment that you wait
//! for.
//!
//! # What a B2BINPAY signature covers
//!
//! The status and the amount of **one** transfer, the tracking id and the time.
//! Not whether it is a deposit or a payout, no currency, no address, no
//! transaction id, no confirmations, no other transfer. A captured payout can be
//! shown as a deposit, and 100 DOGE as 100 BTC. The tracking id is signed: credit
//! in the kind and currency that *you* recorded under it, never in the body's.
//!
//! Between the signed parts stands nothing: `10.50` and `17` make the same text
//! as `10.501` and `7`. So a [`Verifier`](b2binpay::Verifier) asks what your
//! tracking ids look like. Let them begin with a letter
//! ([`TrackingIds::Prefixed`](b2binpay::TrackingIds::Prefixed)), and there is
//! one reading. Plain numbers are
//! [`TrackingIds::Unrestricted`](b2binpay::TrackingIds::Unrestricted), where amount and id are
//! proven only by [`Expected::reconcile`] or [`Verified::resolve`], with what you
//! expect.
//!
//! # Testing
//!
//! With the feature `testing`, in `[dev-dependencies]`, you sign callbacks of
//! your own; the crate `payhook-conformance` simulates whole payments with them.
//!
//! ```
//! # #[cfg(feature = "testing")] {
//! # use payhook::b2binpay::{Key, TrackingIds, Verifier};
//! # use payhook::{Callback, HandlerError, Receiver, Verified, handler_fn};
//! # let shop = handler_fn(|_: Verified<Callback>| Ok::<(), HandlerError>(()));
//! use payhook::testing::b2binpay::deposit;
//!
//! let key = Key::callback_secret("my test secret")?;
//! let receiver = Receiver::b2binpay(Verifier::new(key.clone(), TrackingIds::Prefixed));
//!
//! let body = deposit().tracking_id("order-1").amount("0.3").currency("ETH").sign(&key);
//! let forged = body.clone().set("included[1].attributes.amount", "300");
//! assert_eq!(receiver.receive(&forged, None, &shop).status(), 401);
//! assert_eq!(receiver.receive(&body, None, &shop).status(), 200);
//! # }
//! # Ok::<(), payhook::KeyError>(())
//! ```
//!
//! # Going to production
//!
//! - The default [`MemoryGuard`] forgets when its process ends. `RedisGuard`
//!   remembers for all replicas, and `PgGuard` in the transaction that credits.
//! - Keep a [`State`] beside each payment: late news must not take the place of
//!   the last.
//! - Log the [`Disposition`] of every reply: it says whose fault a refusal is,
//!   and what to try.
//! - [`guide::queues`]: answer fast, work later. [`guide::actix`]: a whole server.
//! - [`guide::security`]: who attacks, what stops him, and what to do when
//!   something went wrong. Read it before money moves.
//!
//! # The map
//!
//! | room | what it answers |
//! |---|---|
//! | [`b2binpay`], [`citypay`] | what each gateway posts, and what proves it |
//! | [`Receiver`] | the whole flow as one call |
//! | [`Guard`], [`IdempotencyKeys`] | was it handled before? |
//! | [`Handler`], [`AsyncHandler`] | where your code stands |
//! | [`Event`], [`Outcome`] | what happened, whichever gateway says so |
//! | [`Progress`], [`State`] | what a callback changes in what is known: advance, duplicate, stale, regression, late money |
//! | [`Expected`], [`Verdict`] | is it the payment that you are waiting for? |
//! | [`Unverified`], [`Verified`], [`Evidence`] | who may be believed |
//! | [`Amount`], [`Timestamp`], [`Text`] | values that are kept as they were sent |
//! | [`ParseError`], [`VerifyError`], [`Disposition`] | what went wrong, and whose fault it is |
//! | `Diagnose` (feature `diagnose`) | why a B2BINPAY body does not verify, and what to do |
//! | `testing` (feature) | what you test with: signed bodies, and every stray form of them |
//! | `http` (feature) | requests in, responses out; who is behind a proxy; a `tower` service |

// Behind the map: `wire` mirrors the JSON, `read` turns the mirror into models
// (which fields are strict, which lenient), `open_enum` makes the enums that a
// gateway may extend, `b2binpay/message` says which bytes are signed.

mod address;
mod amount;
pub mod b2binpay;
mod callback;
pub mod citypay;
mod config;
mod constant_time;
#[cfg(feature = "diagnose")]
mod diagnose;
mod endpoint;
mod error;
mod event;
mod fact;
mod fetch;
mod gateway;
mod guard;
#[cfg(any(doc, doctest))]
pub mod guide;
mod handler;
#[cfg(feature = "http")]
pub mod http;
mod ledger;
mod open_enum;
mod outcome;
pub mod payment;
mod progress;
mod read;
mod receiver;
mod recognize;
mod reconcile;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod timestamp;
mod verified;
mod wire;

pub use address::{AddressError, AddressRanges};
pub use amount::{Amount, AmountError, DoesNotFit};
pub use callback::{Callback, Proven, VerifiedCallback};
/// The version whose instants and zones are in this API.
pub use chrono;
pub use config::{Config, EnvError};
#[cfg(feature = "diagnose")]
pub use diagnose::{Cause, Diagnose, Diagnosis, Finding};
pub use endpoint::Endpoint;
pub use error::{Error, Fault, Flaw, KeyError, ParseError, VerifyError};
pub use event::{Event, Gateway, Kind};
pub use fact::Fact;
pub use fetch::{BoxError, Fetch, NoFetch};
#[cfg(feature = "redis")]
pub use guard::RedisGuard;
pub use guard::{
    AsyncGuard, Claim, ClaimToken, Guard, GuardFull, IdempotencyKey, IdempotencyKeys, Lease,
    MemoryGuard, NoGuard,
};
#[cfg(feature = "postgres")]
pub use guard::{PgClaim, PgGuard, PgTransactions};
pub use handler::{AsyncHandler, Handler, HandlerError, HandlerFn, handler_fn};
pub use ledger::{Ledger, MemoryLedger, MemoryTransaction, PaymentKey};
pub use outcome::Outcome;
pub use progress::{Progress, State, StateError, Status};
pub use read::{Anomaly, DEFAULT_BODY_LIMIT, RawJson};
pub use receiver::{
    AsyncDepositLookup, AsyncOrderLookup, AsyncProve, B2binpay, CityPay, DepositLookup,
    Disposition, LeaseLost, NoLookup, OrderLookup, Prove, Receiver, Reply, TokenUse,
};
pub use recognize::{BodyEncoding, OtherProduct};
pub use reconcile::{Compared, Difference, Expected, Reason, Reconciliation, Verdict};
/// The version whose connections are in this API.
#[cfg(feature = "redis")]
pub use redis;
/// The version whose client is a [`Fetch`].
#[cfg(feature = "reqwest")]
pub use reqwest;
/// The version whose `Decimal` is in this API.
pub use rust_decimal;
/// The version whose pools and transactions are in this API.
#[cfg(feature = "postgres")]
pub use sqlx;
pub use text::Text;
pub use timestamp::{Timestamp, TimestampError};
pub use verified::{Evidence, Parse, Provable, Scheme, Unverified, Verified};

/// The README's code, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
