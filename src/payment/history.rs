//! [`History`]: the stored state of a payment, as one string.

mod format;

use std::fmt;
use std::str::FromStr;

use super::state::State;

/// The stored state of a payment: one opaque string for a column of the merchant's
/// database.
///
/// It is versioned and bounded (PAYMENTS, rule 17): at most 64 transfers and 256
/// deliveries of a priced payment, less than 64 KB at most, and 300 bytes for a
/// payment with one transfer. Store it unmodified; a changed string is refused or
/// misread.
///
/// ```
/// use payhook::payment::History;
///
/// // A new payment has an empty one.
/// let history = History::default();
/// let stored = history.to_string();
/// assert_eq!(stored.parse::<History>()?, history);
/// # Ok::<(), payhook::payment::HistoryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History(pub(super) State);

/// A stored history that cannot be parsed.
///
/// ```
/// use payhook::payment::{History, HistoryError};
///
/// assert_eq!("2;…".parse::<History>(), Err(HistoryError::Version));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The string was changed or truncated.
    #[error("stored payment history is damaged")]
    Damaged,
    /// It was written by another version of this crate.
    #[error("stored payment history has an unknown version")]
    Version,
}

/// Each format has its own version number.
const VERSION: &str = "1;";

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(VERSION)?;
        f.write_str(&format::write(&self.0))
    }
}

impl FromStr for History {
    type Err = HistoryError;

    fn from_str(text: &str) -> Result<Self, HistoryError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let fields = text.strip_prefix(VERSION).ok_or(HistoryError::Version)?;
        format::read(fields).map(Self).ok_or(HistoryError::Damaged)
    }
}
