//! The rules that turn callbacks into one balance.

#[cfg(feature = "testing")]
mod currencies;
mod history;
mod model;
