//! The rules that turn callbacks into one balance.

#[cfg(feature = "testing")]
mod currencies;
mod expected;
mod history;
mod model;
