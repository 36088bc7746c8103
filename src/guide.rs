//! Longer answers than an item's own page has room for.
//!
//! - [`actix`]: an actix-web server.
//! - [`queues`]: answer fast, work later.
//! - [`security`]: who attacks, what stops him, and what to do when something
//!   went wrong.

#[doc = include_str!("guide/actix.md")]
///
/// ```rust,ignore
#[doc = include_str!("../examples/actix_server.rs")]
/// ```
pub mod actix {}

#[doc = include_str!("guide/queues.md")]
pub mod queues {}

#[doc = include_str!("guide/security.md")]
pub mod security {}
