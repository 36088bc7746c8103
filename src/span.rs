//! [`Span`] and [`Shape`]: where a value of a body is, and what an object or array of it
//! is like.

/// The place of a value; empty while there is none.
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

/// The state of an object or array in the index.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Shape {
    /// Its key is missing.
    #[default]
    Absent,
    /// `null`, or an empty array or string, which some serializers write for an
    /// object without fields.
    Blank,
    /// It has a value of another type.
    Mismatch,
    Sound,
    /// More entries than [`MAX_ENTRIES`](crate::wire::MAX_ENTRIES).
    TooLong,
    /// It contains this known key twice.
    Twice(&'static &'static str),
}

impl Shape {
    /// Whether it is absent: for both gateways, `null`, empty and absent mean the
    /// same.
    pub(crate) fn is_nothing(self) -> bool {
        matches!(self, Self::Absent | Self::Blank)
    }
}
