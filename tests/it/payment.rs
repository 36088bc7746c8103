//! The rules that turn callbacks into one balance.

#[cfg(feature = "testing")]
mod currencies;
mod history;
#[cfg(feature = "testing")]
mod lives;
mod model;
