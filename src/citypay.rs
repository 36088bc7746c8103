//! CityPay.io (Georgia): unsigned callbacks about orders and deposits, and the
//! order endpoint that proves an order.
//!
//! [`OrderCallback`] and [`DepositCallback`] are the callbacks, [`OrderDetails`] is
//! the response of the order endpoint. See [`Account`] for an example, and
//! [`Gateway`] for use in an endpoint.

mod account;
mod answer;
mod callback;
mod event;
mod expiry;
mod gateway;
mod listing;
mod outcome;
mod posted;
mod proven;
mod received;
mod serialize;
mod status;
mod token;
mod transaction;
mod wire;

pub use account::Account;
pub use answer::{FiatCurrency, OrderDetails};
pub use callback::{DepositCallback, OrderCallback};
pub use gateway::Gateway;
pub use posted::Posted;
pub use proven::{ProvenDeposit, ProvenOrder};
pub use status::{Action, DepositStatus, OrderStatus};
pub use token::Token;
pub use transaction::{AmountBreakdown, OrderTransaction};
