//! [`SharedStr`]: a slice of the shared copy of a body.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// An immutable string that shares the buffer of the body it was read from.
///
/// Cloning is a reference count; every string of a callback is a slice of the same
/// allocation. It dereferences to [`str`], and compares, orders and hashes like one.
#[derive(Clone)]
pub(crate) struct SharedStr {
    shared: Arc<str>,
    // 32 bits, so that an amount or an error with a text stays small.
    start: u32,
    /// Or [`TO_THE_END`].
    end: u32,
}

/// A text that is as long as its buffer needs no place, of whatever length it is.
const TO_THE_END: u32 = u32::MAX;

impl SharedStr {
    /// Returns the string.
    pub(crate) fn as_str(&self) -> &str {
        if self.end == TO_THE_END {
            return &self.shared;
        }
        let place = |place: u32| usize::try_from(place).unwrap_or(usize::MAX);
        let (start, end) = (place(self.start), place(self.end));
        self.shared.get(start..end).unwrap_or_default()
    }

    /// Returns `slice` as a part of `shared`, or as a copy if it is not a part of it.
    pub(crate) fn slice(shared: &Arc<str>, slice: &str) -> Self {
        // A slice within the bounds of `shared` is a part of it, so it is cut between
        // characters.
        let bounds = || {
            let start = slice.as_ptr().addr().checked_sub(shared.as_ptr().addr())?;
            let end = start.checked_add(slice.len())?;
            let places = (u32::try_from(start).ok()?, u32::try_from(end).ok()?);
            (end <= shared.len() && places.1 != TO_THE_END).then_some(places)
        };
        match bounds() {
            Some((start, end)) => Self {
                shared: Arc::clone(shared),
                start,
                end,
            },
            None => Self::from(slice),
        }
    }
}

impl From<Arc<str>> for SharedStr {
    fn from(shared: Arc<str>) -> Self {
        Self {
            shared,
            start: 0,
            end: TO_THE_END,
        }
    }
}

impl From<&str> for SharedStr {
    fn from(text: &str) -> Self {
        Self::from(Arc::from(text))
    }
}

impl From<String> for SharedStr {
    fn from(text: String) -> Self {
        Self::from(Arc::from(text))
    }
}

impl Deref for SharedStr {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for SharedStr {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for SharedStr {
    fn borrow(&self) -> &str {
        self
    }
}

impl fmt::Display for SharedStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for SharedStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq for SharedStr {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for SharedStr {}

impl PartialEq<str> for SharedStr {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for SharedStr {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for SharedStr {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SharedStr {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for SharedStr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Serialize for SharedStr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}
