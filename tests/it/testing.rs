//! The test kit: bodies as posted by a gateway.

mod builders;
mod endpoint;
mod given;
