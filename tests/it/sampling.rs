//! The share of its cases that a test named `exhaustive_…` checks.
//!
//! `cargo test` checks a sample, so that it stays fast. `PAYHOOK_EXHAUSTIVE=1` checks every
//! case; the step `all` of `.ci/run` sets it.

use std::env;

/// Whether every case is checked.
pub(crate) fn is_exhaustive() -> bool {
    env::var_os("PAYHOOK_EXHAUSTIVE").is_some_and(|value| value == "1")
}

/// The step from one checked case to the next: `sampled`, or 1 if every case is checked.
pub(crate) fn stride(sampled: usize) -> usize {
    if is_exhaustive() { 1 } else { sampled }
}

/// `all` if every case is checked, otherwise `sampled`.
pub(crate) fn count<T>(sampled: T, all: T) -> T {
    if is_exhaustive() { all } else { sampled }
}
