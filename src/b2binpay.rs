//! B2BINPAY, and Coinsbuy (the same platform under another brand): signed callbacks
//! about deposits and payouts.
//!
//! A [`Callback`] is the received callback; [`ProvenTransfer`] has the facts
//! that its signature covers. See [`Verifier`] for an example, and [`Gateway`] for
//! use in an [`Endpoint`](crate::Endpoint).

mod api;
mod callback;
mod destination;
mod document;
#[cfg(feature = "diagnose")]
mod draft;
mod event;
mod gateway;
mod included;
mod key;
mod kind;
mod lookup;
mod message;
mod operation;
mod outcome;
mod proven;
mod related;
mod resolve;
mod resource;
mod serialize;
mod signature;
mod status;
mod tracking_ids;
mod verifier;
mod wire;

pub use api::prove_by_api;
pub use callback::Callback;
pub use destination::Destination;
#[cfg(feature = "diagnose")]
pub(crate) use draft::{Draft, DraftTransfer, text_of};
pub use gateway::Gateway;
pub use included::OtherResource;
pub use key::Key;
pub use kind::CallbackType;
pub use lookup::LookupPolicy;
#[cfg(any(feature = "diagnose", feature = "testing"))]
pub(crate) use message::Message;
pub use operation::{Deposit, Operation, Payout};
pub use proven::ProvenTransfer;
pub use resource::{Currency, Transfer};
#[cfg(feature = "testing")]
pub(crate) use signature::hex;
pub use status::{DepositStatus, OperationType, PayoutStatus, RiskStatus, TransferStatus};
pub use tracking_ids::TrackingIds;
pub use verifier::Verifier;
