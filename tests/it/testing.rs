//! The test kit: bodies that a gateway would post.

mod builders;
mod endpoint;
#[rustfmt::skip]
mod first_test;
mod given;
mod guard;
mod readme;
mod simulator;
mod torture;
