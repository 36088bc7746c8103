//! The index of a body: the place of each value, not interpreted yet.
//!
//! A body is read once, by [`crate::scan`], into offsets; [`crate::fields`] makes of
//! them what a merchant reads, when it is asked. The index takes any JSON. What is
//! wrong with it (a list for an object, a key twice) is kept beside the offsets, so
//! that [`crate::read`], which knows the path, can name it. Every part is filled where
//! it stands: moving half-read objects around was a third of the time. Its pieces are
//! small and run for every key, so they ask to be inlined: that is a tenth of the time.

use crate::scan::{NotJson, Scan};

/// A part of the index.
pub(crate) trait Place: Default {
    /// Whether its key has not been seen yet.
    fn is_absent(&self) -> bool;

    /// Reads a value, and notes where it stands.
    fn fill(&mut self, scan: &mut Scan<'_>) -> Result<(), NotJson>;
}

/// Where one value stands; of no length while there is none.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    length: u32,
}

impl Span {
    /// Bodies are shorter than 4 GiB: [`crate::read`] refuses longer ones.
    #[inline]
    pub(crate) fn new(start: usize, length: usize) -> Self {
        Self {
            start: u32::try_from(start).unwrap_or_default(),
            length: u32::try_from(length).unwrap_or_default(),
        }
    }

    #[inline]
    pub(crate) fn start(self) -> usize {
        usize::try_from(self.start).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn length(self) -> usize {
        usize::try_from(self.length).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn end(self) -> usize {
        self.start() + self.length()
    }
}

impl Place for Span {
    #[inline]
    fn is_absent(&self) -> bool {
        self.length == 0
    }

    #[inline]
    fn fill(&mut self, scan: &mut Scan<'_>) -> Result<(), NotJson> {
        *self = scan.text()?;
        Ok(())
    }
}

/// Where JSON stands that is passed on exactly as it was sent.
#[derive(Clone, Copy, Default)]
pub(crate) struct Verbatim(pub(crate) Span);

impl Place for Verbatim {
    #[inline]
    fn is_absent(&self) -> bool {
        self.0.is_absent()
    }

    #[inline]
    fn fill(&mut self, scan: &mut Scan<'_>) -> Result<(), NotJson> {
        self.0 = scan.value()?;
        Ok(())
    }
}

/// The state of an object or list in the index.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Shape {
    /// Its key is not there.
    #[default]
    Absent,
    /// `null`, or what some serializers write for an object without fields:
    /// an empty list or text.
    Blank,
    /// A value of another type stands there.
    Mismatch,
    Sound,
    /// More entries than [`MAX_ENTRIES`].
    TooLong,
    /// This known key stands there twice.
    Twice(&'static &'static str),
}

impl Shape {
    /// Whether there is nothing: both gateways mean the same by `null`, empty
    /// and absent.
    pub(crate) fn is_nothing(self) -> bool {
        matches!(self, Self::Absent | Self::Blank)
    }
}

/// Real bodies list a handful of resources; an entry of the index takes some hundred
/// times the memory of the `{}` that it can be made of.
pub(crate) const MAX_ENTRIES: usize = 1_000;

/// A list of parts.
pub(crate) struct List<T> {
    pub(crate) items: Vec<T>,
    pub(crate) shape: Shape,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            shape: Shape::Absent,
        }
    }
}

impl<T: Place> List<T> {
    /// Reads another entry.
    pub(crate) fn push(&mut self, scan: &mut Scan<'_>) -> Result<(), NotJson> {
        if self.items.len() == MAX_ENTRIES {
            self.shape = Shape::TooLong;
            return scan.value().map(drop);
        }
        self.items.push(T::default());
        self.items
            .last_mut()
            .map_or(Ok(()), |entry| entry.fill(scan))
    }
}

impl<T: Place> Place for List<T> {
    fn is_absent(&self) -> bool {
        self.shape == Shape::Absent
    }

    fn fill(&mut self, scan: &mut Scan<'_>) -> Result<(), NotJson> {
        self.shape = scan.enter(b'[')?;
        if self.shape == Shape::Sound {
            while scan.next(b']')? {
                self.push(scan)?;
            }
        }
        Ok(())
    }
}
