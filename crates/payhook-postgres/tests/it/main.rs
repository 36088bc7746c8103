//! Against a real PostgreSQL:
//! `.ci/servers run cargo test -p payhook-postgres --all-features`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod delivery;
mod lifecycles;
mod numeric;
mod readme;
mod review;
mod store;
mod stress;
mod support;
