//! CityPay.io (Georgia): unsigned callbacks about orders and deposits, and the
//! order endpoint that proves an order.
//!
//! [`OrderCallback`] and [`DepositCallback`] are the callbacks, [`OrderDetails`] is
//! the response of the order endpoint. See [`Account`] for an example, and
//! [`Gateway`] for use in an endpoint.

mod account;
mod answer;
mod any_callback;
mod callback;
mod event;
mod expiry;
mod gateway;
mod listing;
mod outcome;
mod proven;
mod received;
mod serialize;
mod status;
mod token;
mod transaction;
mod wire;

pub use account::Account;
pub use answer::{FiatCurrency, OrderDetails};
pub use any_callback::Callback;
pub use callback::{DepositCallback, OrderCallback};
pub use gateway::Gateway;
pub use proven::{ProvenDeposit, ProvenOrder};
pub use status::{Action, DepositStatus, OrderStatus};
pub use token::Token;
pub use transaction::{AmountBreakdown, OrderTransaction};
