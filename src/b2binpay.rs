//! B2BINPAY, and Coinsbuy (the same platform under another brand): signed callbacks
//! about deposits and payouts.
//!
//! A [`TransferCallback`] is the received callback; [`ProvenTransfer`] has the facts
//! that its signature covers. See [`Verifier`] for an example, and [`Gateway`] for
//! use in an [`Endpoint`](crate::Endpoint).

mod api;
mod callback;
#[cfg(feature = "diagnose")]
mod draft;
mod event;
mod gateway;
mod key;

mod kind;
mod lookup;
mod message;
mod operation;
mod outcome;
mod proven;
mod record;
mod related;
mod resource;
mod serialize;
mod status;
mod verifier;
mod wire;

pub use api::prove_by_api;
pub use callback::TransferCallback;
#[cfg(feature = "diagnose")]
pub(crate) use draft::{Draft, DraftTransfer, text_of};
pub use gateway::Gateway;
pub use key::Key;
pub use kind::CallbackType;
pub use lookup::LookupPolicy;
#[cfg(any(feature = "diagnose", feature = "testing"))]
pub(crate) use message::Message;
#[cfg(feature = "testing")]
pub(crate) use message::hex;
pub use operation::{Deposit, Destination, Operation, Payout};
pub use proven::ProvenTransfer;
pub use record::{CallbackRecord, DeliveryStatus};
pub use resource::{Currency, OtherResource, Transfer};
pub use status::{DepositStatus, OperationType, PayoutStatus, RiskStatus, TransferStatus};
pub use verifier::{TrackingIds, Verifier};
