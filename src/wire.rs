//! The index of a body: the place of each value, not interpreted yet.
//!
//! A body is scanned once, by serde_json, into offsets; [`crate::fields`] makes of
//! them what a merchant reads, when it is asked. The index takes any JSON. What is
//! wrong with it (a list for an object, a key twice) is kept beside the offsets, so
//! that [`crate::read`], which knows the path, can name it; serde's own messages
//! would quote the body. Every part is filled where it stands: moving half-read
//! objects around was a third of the time. Its pieces are small and run for every
//! key, so they ask to be inlined: that is a tenth of the time.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

/// A body while it is scanned.
pub(crate) struct Scan<'b> {
    body: &'b str,
    /// Texts that are written with escapes, without them. They stand behind the body
    /// in its shared copy, each in quotes.
    pub(crate) unescaped: String,
}

impl<'b> Scan<'b> {
    pub(crate) fn new(body: &'b str) -> Self {
        Self {
            body,
            unescaped: String::new(),
        }
    }

    /// Where a part of the body stands.
    #[inline]
    fn place(&self, part: &str) -> Span {
        let start = part.as_ptr().addr().wrapping_sub(self.body.as_ptr().addr());
        Span::new(start, part.len())
    }

    /// The text of a value in the body.
    pub(crate) fn verbatim(&self, Verbatim(span): Verbatim) -> &'b str {
        self.body.get(span.start()..span.end()).unwrap_or_default()
    }

    /// A string's characters; empty for anything else.
    pub(crate) fn characters(&self, span: Span) -> &str {
        let text = match span.start().checked_sub(self.body.len()) {
            Some(start) => self.unescaped.get(start..start + span.length()),
            None => self.body.get(span.start()..span.end()),
        };
        let text = text.and_then(|text| text.strip_prefix('"')?.strip_suffix('"'));
        text.unwrap_or_default()
    }

    /// Where a value's text stands: a string's without its escapes.
    #[inline]
    pub(crate) fn text(&mut self, value: &str) -> Span {
        if value.starts_with('"') && has_escape(value) {
            self.unescape(value)
        } else {
            self.place(value)
        }
    }

    #[cold]
    fn unescape(&mut self, value: &str) -> Span {
        // A lone surrogate is well-formed JSON and no text: it stays as it is.
        let Ok(text) = serde_json::from_str::<String>(value) else {
            return self.place(value);
        };
        let start = self.body.len() + self.unescaped.len();
        for part in ["\"", &text, "\""] {
            self.unescaped.push_str(part);
        }
        Span::new(start, text.len() + 2)
    }
}

/// Whether there is a backslash in it. Nearly never, so that looking at all of it is
/// faster than stopping early.
#[inline]
pub(crate) fn has_escape(text: &str) -> bool {
    let found = text.bytes().map(|byte| u8::from(byte == b'\\'));
    found.fold(0, |any, one| any | one) != 0
}

/// A part of the index.
pub(crate) trait Place: Default {
    /// Whether its key has not been seen yet.
    fn is_absent(&self) -> bool;

    /// Notes where a value stands.
    fn fill<'b, D: Deserializer<'b>>(
        &mut self,
        json: D,
        scan: &mut Scan<'b>,
    ) -> Result<(), D::Error>;
}

/// Fills a part where it stands.
pub(crate) struct InPlace<'s, 'b, T>(pub(crate) &'s mut T, pub(crate) &'s mut Scan<'b>);

impl<'b, T: Place> DeserializeSeed<'b> for InPlace<'_, 'b, T> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'b>>(self, json: D) -> Result<(), D::Error> {
        self.0.fill(json, self.1)
    }
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
    fn new(start: usize, length: usize) -> Self {
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
    fn length(self) -> usize {
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
    fn fill<'b, D: Deserializer<'b>>(
        &mut self,
        json: D,
        scan: &mut Scan<'b>,
    ) -> Result<(), D::Error> {
        *self = scan.text(<&'b RawValue>::deserialize(json)?.get());
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
    fn fill<'b, D: Deserializer<'b>>(
        &mut self,
        json: D,
        scan: &mut Scan<'b>,
    ) -> Result<(), D::Error> {
        self.0 = scan.place(<&'b RawValue>::deserialize(json)?.get());
        Ok(())
    }
}

/// Fills a part from a value that was skipped over as a whole.
pub(crate) fn fill_from<'b, T: Place>(
    part: &mut T,
    value: &'b str,
    scan: &mut Scan<'b>,
) -> Result<(), serde_json::Error> {
    part.fill(&mut serde_json::Deserializer::from_str(value), scan)
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
    Twice(&'static str),
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

/// How a number looks to a visitor where somebody's build has serde_json's
/// `arbitrary_precision` on: an object with this key.
pub(crate) const NUMBER: &str = "$serde_json::private::Number";

/// The visitor methods of what is neither a list nor an object.
macro_rules! scalars {
    () => {
        fn visit_bool<E>(self, _: bool) -> Result<(), E> {
            self.0.shape = $crate::wire::Shape::Mismatch;
            Ok(())
        }

        fn visit_i64<E>(self, _: i64) -> Result<(), E> {
            self.0.shape = $crate::wire::Shape::Mismatch;
            Ok(())
        }

        fn visit_u64<E>(self, _: u64) -> Result<(), E> {
            self.0.shape = $crate::wire::Shape::Mismatch;
            Ok(())
        }

        fn visit_f64<E>(self, _: f64) -> Result<(), E> {
            self.0.shape = $crate::wire::Shape::Mismatch;
            Ok(())
        }

        fn visit_str<E>(self, text: &str) -> Result<(), E> {
            self.0.shape = if text.is_empty() {
                $crate::wire::Shape::Blank
            } else {
                $crate::wire::Shape::Mismatch
            };
            Ok(())
        }

        fn visit_unit<E>(self) -> Result<(), E> {
            self.0.shape = $crate::wire::Shape::Blank;
            Ok(())
        }
    };
}
pub(crate) use scalars;

/// Reads a list that stands for an object to its end, without recursion.
pub(crate) fn skip_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Shape, A::Error> {
    let mut shape = Shape::Blank;
    while list.next_element::<IgnoredAny>()?.is_some() {
        shape = Shape::Mismatch;
    }
    Ok(shape)
}

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

impl<T: Place> Place for List<T> {
    fn is_absent(&self) -> bool {
        self.shape == Shape::Absent
    }

    fn fill<'b, D: Deserializer<'b>>(
        &mut self,
        json: D,
        scan: &mut Scan<'b>,
    ) -> Result<(), D::Error> {
        struct ListVisitor<'s, 'b, T>(&'s mut List<T>, &'s mut Scan<'b>);

        impl<'b, T: Place> Visitor<'b> for ListVisitor<'_, 'b, T> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'b>>(self, mut list: A) -> Result<(), A::Error> {
                self.0.shape = Shape::Sound;
                while self.0.items.len() < MAX_ENTRIES {
                    let next = Next(&mut self.0.items, &mut *self.1);
                    if list.next_element_seed(next)?.is_none() {
                        return Ok(());
                    }
                }
                if skip_list(list)? == Shape::Mismatch {
                    self.0.shape = Shape::TooLong;
                }
                Ok(())
            }

            fn visit_map<A: MapAccess<'b>>(self, mut object: A) -> Result<(), A::Error> {
                self.0.shape = Shape::Blank;
                while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    self.0.shape = Shape::Mismatch;
                }
                Ok(())
            }

            scalars!();
        }

        json.deserialize_any(ListVisitor(self, scan))
    }
}

/// Fills a new entry at the list's end.
struct Next<'s, 'b, T>(&'s mut Vec<T>, &'s mut Scan<'b>);

impl<'b, T: Place> DeserializeSeed<'b> for Next<'_, 'b, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'b>>(self, json: D) -> Result<(), D::Error> {
        self.0.push(T::default());
        match self.0.last_mut() {
            Some(entry) => entry.fill(json, self.1),
            None => Ok(()),
        }
    }
}
