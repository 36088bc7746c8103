//! Against a real Redis: `.ci/servers run cargo test -p payhook-redis`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod store;
mod support;
mod wire;
