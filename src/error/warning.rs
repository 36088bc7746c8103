//! [`FieldWarning`]: an invalid field that does not matter.

use std::fmt;

use super::{FieldError, ParseError};

/// A warning about an incidental field that is invalid and treated as absent. It
/// should be logged, but must not make a payment fail.
///
/// ```
/// use payhook::{Unverified, b2binpay::Callback};
///
/// # let body = std::fs::read_to_string("examples/bodies/b2binpay-deposit-confirmed.json")?;
/// let odd = body.replace(r#""risk":0"#, r#""risk":-1"#);
/// let callback = Unverified::<Callback>::parse(odd.as_bytes())?;
/// for warning in callback.unverified().warnings() {
///     let line = "`included[1].attributes.risk`: expected a number between 0 and 100";
///     assert_eq!(warning.to_string(), line);
/// }
/// # assert_eq!(callback.unverified().warnings().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldWarning {
    path: Box<str>,
    reason: FieldError,
}

impl FieldWarning {
    /// The path of the field: `included[1].attributes.risk`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong with it.
    #[must_use]
    pub fn reason(&self) -> &FieldError {
        &self.reason
    }
}

impl FieldWarning {
    pub(crate) fn new(path: Box<str>, reason: FieldError) -> Self {
        Self { path, reason }
    }

    /// Turns the error of a strict field into a warning where the field is
    /// incidental.
    pub(crate) fn of(error: ParseError) -> Option<Self> {
        match error {
            ParseError::Field { path, reason } => Some(Self { path, reason }),
            _ => None,
        }
    }
}

impl fmt::Display for FieldWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.reason)
    }
}
