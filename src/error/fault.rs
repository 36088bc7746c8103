//! [`Fault`]: who has to act on an error.

use std::fmt;

/// Who has to act on an error.
///
/// See [`Error`](super::Error) for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The merchant: the configuration, the handler or a lookup is wrong, or a proven
    /// payment was refused and needs manual review.
    Merchant,
    /// The sender, or a component that changed the body in transit. If genuine
    /// callbacks are refused with such an error, the hint says what to check.
    Sender,
}

impl Fault {
    /// Returns `merchant` or `sender`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Merchant => "merchant",
            Self::Sender => "sender",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
