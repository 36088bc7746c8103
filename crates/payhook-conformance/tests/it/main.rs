//! One binary for all tests; its modules mirror `src`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a test fails by panicking, and a table is as long as it is"
)]

mod lifecycles;
mod readme;
mod real;
mod simulator;
mod stores;
mod stress;
mod traits;

/// The signing key of B2BINPAY's callbacks.
const SECRET: &str = "cbs_7Qm2vX9tR4kL8pN1";

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}
