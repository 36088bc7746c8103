//! The guards against a real Redis and a real PostgreSQL:
//!
//! ```text
//! .ci/servers run cargo test --features example-shop --test servers
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod attack;
mod conformance;
mod outage;
mod postgres;
mod redis;
mod support;
