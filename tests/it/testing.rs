//! The test kit: bodies that a gateway would post.

mod builders;
mod endpoint;
mod given;
