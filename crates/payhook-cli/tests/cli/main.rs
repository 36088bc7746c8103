//! The built command `payhook`, run as a user would.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bodies;
mod check;
#[rustfmt::skip]
mod copied;
mod forward;
mod hostile;
mod network;
mod page;
mod replay;
mod secrets;
mod shop;
mod support;
mod trigger;
mod web;
