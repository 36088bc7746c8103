//! [`Fact`]: a value, and whether it is proven.

use std::fmt;

/// A value, and whether the evidence covers it.
///
/// ```
/// use payhook::{Amount, Fact};
///
/// let amount: Fact<Amount> = Fact::Proven("0.412".parse()?);
/// let currency = Fact::Reported("ETH");
/// assert_eq!(format!("{amount} {currency}"), "0.412 ETH?");
/// assert!(amount.proven().is_some());
/// assert_eq!(currency.proven(), None);
/// # Ok::<(), payhook::amount::AmountError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact<T> {
    /// The evidence covers the value.
    Proven(T),
    /// The sender reports the value without proof.
    Reported(T),
}

impl<T> Fact<T> {
    /// Returns the value if it is proven. Base decisions about money on this.
    #[must_use]
    pub fn proven(self) -> Option<T> {
        match self {
            Self::Proven(value) => Some(value),
            Self::Reported(_) => None,
        }
    }

    /// Returns the value, proven or not: for a log or a user interface.
    #[must_use]
    pub fn value(self) -> T {
        match self {
            Self::Proven(value) | Self::Reported(value) => value,
        }
    }

    /// Converts from `&Fact<T>` to `Fact<&T>`.
    #[must_use]
    pub fn as_ref(&self) -> Fact<&T> {
        match self {
            Self::Proven(value) => Fact::Proven(value),
            Self::Reported(value) => Fact::Reported(value),
        }
    }

    /// Applies `change` to the value.
    #[must_use]
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Proven(value) => Fact::Proven(change(value)),
            Self::Reported(value) => Fact::Reported(change(value)),
        }
    }

    /// Returns whether it is proven.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        matches!(self, Self::Proven(_))
    }
}

impl<T: fmt::Display> fmt::Display for Fact<T> {
    /// A reported value is marked with `?`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proven(value) => f.pad(&value.to_string()),
            Self::Reported(value) => f.pad(&format!("{value}?")),
        }
    }
}
