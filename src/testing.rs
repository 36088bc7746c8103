//! What merchants test with: bodies as the gateways would post them, signed with
//! a test key of the merchant's own. Feature `testing`.
//!
//! | | |
//! |---|---|
//! | [`b2binpay`], [`citypay`] | builders for every callback, and for the order endpoint's answer |
//! | [`Body`], [`Json`] | what they make: bytes, and what is changed in them |
//! | [`GuardConformance`] | what every guard has to keep to |
//!
//! The crate `payhook-conformance` simulates the lives of payments with them, and
//! tries a shop with everything that must not be credited.
//!
//! ```
//! use payhook::b2binpay::{Key, TrackingIds, Verifier};
//! use payhook::testing::b2binpay::deposit;
//! use payhook::{Callback, HandlerError, Receiver, Verified, handler_fn};
//!
//! let key = Key::callback_secret("my test secret")?;
//! let receiver = Receiver::b2binpay(Verifier::new(key.clone(), TrackingIds::Prefixed));
//! let shop = handler_fn(|_: Verified<Callback>| Ok::<(), HandlerError>(())); // your own code
//!
//! let body = deposit().tracking_id("order-1").amount("0.3").currency("ETH").sign(&key);
//! let forged = body.clone().set("included[1].attributes.amount", "300");
//! assert_eq!(receiver.receive(&forged, None, &shop).status(), 401);
//! assert_eq!(receiver.receive(&body, None, &shop).status(), 200);
//! # Ok::<(), payhook::KeyError>(())
//! ```

pub mod b2binpay;
mod body;
pub mod citypay;
mod guard;
mod json;
pub mod lives;

pub use body::{Body, BuildError};
pub use guard::{BrokenRule, GuardConformance};
pub use json::{Json, PathError};
