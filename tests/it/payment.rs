//! The rules by which callbacks become one balance.

#[cfg(feature = "testing")]
mod currencies;
mod history;
mod model;
