//! One binary for all tests; its modules mirror `src`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a test fails by panicking, and a table is as long as it is"
)]

mod readme;
mod simulator;
mod torture;

/// The signing key of B2BINPAY's callbacks.
const SECRET: &str = "cbs_7Qm2vX9tR4kL8pN1";
