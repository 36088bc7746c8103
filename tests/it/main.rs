//! One binary for all integration tests; its modules mirror `src`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a test fails by panicking, and a table is as long as it is"
)]

mod address;
mod amount;
mod attack;
mod b2binpay;
mod bad_input;
mod callback;
mod citypay;
mod config;
#[cfg(feature = "diagnose")]
mod diagnose;
mod endpoint;
mod error;
mod event;
mod examples;
#[cfg(feature = "reqwest")]
mod fetch;
mod fuzz;
mod handler;
#[cfg(feature = "http")]
mod http;
mod idempotency;
mod layers;
#[cfg(feature = "metrics")]
mod metrics;
mod open_enum;
mod outcome;
mod payment;
mod queue;
mod readme;
mod real;
mod receipt;
mod recognize;
mod sampling;
mod scan;
mod secrecy;
mod shared_str;
mod support;
#[cfg(feature = "testing")]
mod testing;
mod timestamp;
#[cfg(feature = "tower")]
mod tower;
#[cfg(feature = "tracing")]
mod tracing;
mod traits;
mod vectors;
mod verified;
