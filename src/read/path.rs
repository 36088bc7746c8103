//! [`At`]: the path of a field, for its errors and warnings.

use std::fmt;

use crate::error::{FieldError, FieldWarning, ParseError};
use crate::span::Shape;

/// A path in the document, kept on the stack until an error has to report it.
#[derive(Clone, Copy)]
pub(crate) enum At<'p> {
    Root,
    Key(&'p At<'p>, &'static str),
    Entry(&'p At<'p>, &'static str, usize),
}

impl<'p> At<'p> {
    #[inline]
    pub(crate) fn key(&'p self, key: &'static str) -> At<'p> {
        At::Key(self, key)
    }

    pub(crate) fn entry(&'p self, list: &'static str, index: usize) -> At<'p> {
        At::Entry(self, list, index)
    }

    pub(crate) fn error(&self, reason: FieldError) -> ParseError {
        let path = self.to_string().into();
        ParseError::Field { path, reason }
    }

    /// Refuses a value that is not an object or has a duplicate known key.
    #[inline]
    pub(crate) fn sound(&self, shape: Shape) -> Result<(), ParseError> {
        match shape {
            Shape::Sound => Ok(()),
            Shape::Absent | Shape::Blank => Err(self.error(FieldError::Missing)),
            Shape::Mismatch => Err(self.error(FieldError::NotAnObject)),
            Shape::TooLong => Err(self.error(FieldError::TooManyEntries)),
            Shape::Twice(key) => Err(self.key(key).error(FieldError::DuplicateKey)),
        }
    }

    /// Refuses an incidental object with a duplicate key, which is always an error. A
    /// value of another type counts as absent.
    #[inline]
    pub(crate) fn usable(&self, shape: Shape) -> Result<(), ParseError> {
        match shape {
            Shape::TooLong | Shape::Twice(_) => self.sound(shape),
            Shape::Absent | Shape::Blank | Shape::Mismatch | Shape::Sound => Ok(()),
        }
    }

    /// Records an incidental object of another type.
    pub(crate) fn note_shape(&self, shape: Shape, notes: &mut Vec<FieldWarning>) {
        if shape == Shape::Mismatch {
            self.note(FieldError::NotAnObject, notes);
        }
    }

    pub(crate) fn note(&self, reason: FieldError, notes: &mut Vec<FieldWarning>) {
        notes.push(FieldWarning::new(self.to_string().into(), reason));
    }

    /// Returns whether there is an array; refuses other values.
    pub(crate) fn list(&self, shape: Shape) -> Result<(), ParseError> {
        match shape {
            Shape::Sound | Shape::Absent | Shape::Blank => Ok(()),
            Shape::TooLong => Err(self.error(FieldError::TooManyEntries)),
            Shape::Mismatch | Shape::Twice(_) => Err(self.error(FieldError::NotAList)),
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parent, key) = match self {
            Self::Root => return Ok(()),
            Self::Key(parent, key) | Self::Entry(parent, key, _) => (parent, key),
        };
        if !matches!(parent, Self::Root) {
            write!(f, "{parent}.")?;
        }
        f.write_str(key)?;
        match self {
            Self::Entry(_, _, index) => write!(f, "[{index}]"),
            Self::Root | Self::Key(..) => Ok(()),
        }
    }
}
