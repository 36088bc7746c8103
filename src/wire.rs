//! The index of a body: the place of each value, before interpretation.
//!
//! A body is read once, by [`crate::scan`], into offsets; [`crate::fields`] converts
//! them into values on access. The index takes any JSON. Errors (an array instead of
//! an object, a duplicate key) are kept with the offsets, so that [`crate::read`],
//! which knows the path, can report them. Every part is filled in place: moving
//! half-read objects took a third of the time. The functions are small and run for
//! every key, so they are marked `inline`, which saves a tenth of the time.

use crate::scan::Scan;
use crate::span::{Shape, Span};

/// A part of the index.
pub(crate) trait Place: Default {
    /// Whether its key has not been read yet.
    fn is_absent(&self) -> bool;

    /// Reads a value, and records its place.
    fn fill(&mut self, scan: &mut Scan<'_>);
}

impl Place for Span {
    #[inline]
    fn is_absent(&self) -> bool {
        self.length() == 0
    }

    #[inline]
    fn fill(&mut self, scan: &mut Scan<'_>) {
        *self = scan.text();
    }
}

/// The place of JSON that is passed on exactly as sent.
#[derive(Clone, Copy, Default)]
pub(crate) struct Verbatim(pub(crate) Span);

impl Place for Verbatim {
    #[inline]
    fn is_absent(&self) -> bool {
        self.0.is_absent()
    }

    #[inline]
    fn fill(&mut self, scan: &mut Scan<'_>) {
        self.0 = scan.value();
    }
}

/// Real bodies list a handful of resources; an entry of the index takes some hundred
/// times the memory of the `{}` that it can be made of.
pub(crate) const MAX_ENTRIES: usize = 1_000;

/// Most lists are no longer.
const FEW_ENTRIES: usize = 4;

/// An array of parts.
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
    /// Reserves memory for `left` bytes, if their entries are as long as those in the
    /// `read` ones: growing step by step would copy each entry about twice.
    #[cold]
    fn reserve(&mut self, read: usize, left: usize) {
        let expected = left.saturating_mul(FEW_ENTRIES) / read.max(1);
        self.items.reserve_exact(expected.min(MAX_ENTRIES));
    }

    /// Reads another entry.
    pub(crate) fn push(&mut self, scan: &mut Scan<'_>) {
        if self.items.len() == MAX_ENTRIES {
            self.shape = Shape::TooLong;
            scan.value();
            return;
        }
        self.items.push(T::default());
        if let Some(entry) = self.items.last_mut() {
            entry.fill(scan);
        }
    }
}

impl<T: Place> Place for List<T> {
    fn is_absent(&self) -> bool {
        self.shape == Shape::Absent
    }

    fn fill(&mut self, scan: &mut Scan<'_>) {
        self.shape = scan.enter(b'[');
        if self.shape == Shape::Sound {
            let start = scan.at();
            while scan.next(b']') {
                if self.items.len() == FEW_ENTRIES {
                    self.reserve(scan.at() - start, scan.left());
                }
                self.push(scan);
            }
        }
    }
}
