//! The test kit: bodies that a gateway would post.

mod builders;
mod simulator;
mod torture;
