//! Tests of `src/b2binpay`.

mod api;
mod callback;
mod key;
mod kind;
mod message;
mod verifier;
