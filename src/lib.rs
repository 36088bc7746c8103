//! payhook
#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
mod amount;
pub mod b2binpay;
mod callback;
pub mod citypay;
mod error;
mod event;
mod handler;
mod open_enum;
mod outcome;
mod read;
mod receiver;
mod text;
mod timestamp;
mod verified;
mod wire;

pub use address::{AddressError, AddressRanges};
pub use amount::{Amount, AmountError};
pub use callback::{Callback, Proven, VerifiedCallback};
pub use error::{Error, Fault, Flaw, KeyError, ParseError, VerifyError};
pub use event::{Event, Fact, Gateway, Kind};
pub use handler::{AsyncHandler, Handler, HandlerError, HandlerFn, handler_fn};
pub use outcome::Outcome;
pub use read::{Anomaly, DEFAULT_BODY_LIMIT, RawJson};
pub use receiver::{
    AsyncDepositLookup, AsyncOrderLookup, AsyncProve, B2binpay, CityPay, DepositLookup,
    Disposition, NoLookup, OrderLookup, Prove, Receiver, Reply, TokenUse,
};
pub use text::Text;
pub use timestamp::{Timestamp, TimestampError};
pub use verified::{Evidence, Parse, Provable, Scheme, Unverified, Verified};
