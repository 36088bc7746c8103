//! From a body's index to values: a field's path, its conversion and its errors.
//!
//! Functions that run for every field are marked `inline`.

mod path;
mod value;

use std::fmt;
use std::sync::Arc;

use serde::de::IgnoredAny;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::{FieldError, FieldWarning, ParseError};
use crate::scan::Scan;
use crate::shared_str::SharedStr;
use crate::span::Span;
use crate::wire::Place;

pub(crate) use path::At;
#[cfg(feature = "diagnose")]
pub(crate) use value::verbatim;
pub(crate) use value::{
    amount, boolean, characters, code, count, id, integer, is_number, json, one_digit, percentage,
    plain_amount, received_amount, signed_code, signed_time, text, text_or_number, time, word,
};

/// The default body limit in bytes: 64 KiB. Real callbacks have two or three.
///
/// A longer body takes only the memory of the part that was read. Parsing a genuine
/// callback takes a few times its length; a body that is crafted to use as much
/// memory as possible takes up to 1.5 MB at this limit.
pub const DEFAULT_BODY_LIMIT: usize = 64 * 1024;

/// JSON exactly as it was sent.
///
/// ```
/// # use payhook::{b2binpay::Callback, Unverified};
/// # let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
/// let callback = Unverified::<Callback>::parse(&body)?.into_unverified();
/// for resource in callback.other_resources() {
///     if let Some(attributes) = resource.attributes() {
///         let value: serde_json::Value = serde_json::from_str(attributes.as_str())?;
/// #       let _ = value;
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RawJson(SharedStr);

impl RawJson {
    /// Returns the JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RawJson {
    /// Shows only its length: travel-rule data is personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawJson({} bytes)", self.0.len())
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// The shared copy of a body. It is not shown, since it may contain a signature.
#[derive(Clone)]
pub(crate) struct Body {
    /// The body, followed by the unescaped versions of its strings with escapes.
    shared: Arc<str>,
    length: usize,
    blank_is_absent: bool,
}

impl Body {
    /// The same for a gateway that writes an empty string for a missing value.
    pub(crate) fn without_blanks(self) -> Self {
        Self {
            blank_is_absent: true,
            ..self
        }
    }

    /// The exact bytes, for `raw()`.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.shared
            .as_bytes()
            .get(..self.length)
            .unwrap_or_default()
    }

    #[inline]
    pub(crate) fn source(&self) -> Source<'_> {
        Source(self)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.length)
    }
}

/// A body's text, after its length and encoding are checked.
pub(crate) fn text_of(body: &[u8], limit: usize) -> Result<&str, ParseError> {
    // The index uses 32-bit offsets, and the unescaped strings are appended.
    let limit = limit.min(1 << 30);
    let length = body.len();
    if length > limit {
        return Err(ParseError::TooLarge { length, limit });
    }
    // Checking UTF-8 once and parsing text is a quarter faster than parsing bytes.
    std::str::from_utf8(body).map_err(|error| ParseError::NotUtf8 {
        offset: error.valid_up_to(),
    })
}

/// The index of one JSON document, and the document's shared copy.
pub(crate) fn scan<I: Place>(text: &str) -> Result<(Body, I), ParseError> {
    let (mut index, mut scan) = (I::default(), Scan::new(text));
    index.fill(&mut scan);
    let unescaped = scan.end().ok_or_else(|| not_json(text))?;
    let body = Body {
        shared: if unescaped.is_empty() {
            Arc::from(text)
        } else {
            [text, &unescaped].concat().into()
        },
        length: text.len(),
        blank_is_absent: false,
    };
    Ok((body, index))
}

/// The position of the first error, which the scanner does not keep.
#[cold]
fn not_json(text: &str) -> ParseError {
    let error = serde_json::from_str::<IgnoredAny>(text).err();
    let position = error.map(|error| (error.line(), error.column()));
    let (line, column) = position.unwrap_or_default();
    ParseError::NotJson { line, column }
}

/// A type that is read from its place in a body.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a>(&'a Body);

impl<'a> Source<'a> {
    /// The raw value at a place; empty if there is none.
    #[inline]
    pub(crate) fn raw(self, span: Span) -> Raw<'a> {
        let Body { shared, length, .. } = self.0;
        Raw {
            text: shared.get(span.start()..span.end()).unwrap_or_default(),
            is_unescaped: span.start() >= *length,
        }
    }

    #[inline]
    fn value(self, span: Span) -> Option<Raw<'a>> {
        let raw = self.raw(span);
        if self.0.blank_is_absent {
            raw.filled()
        } else {
            raw.present()
        }
    }

    /// An essential field: an invalid value is an error.
    #[inline]
    pub(crate) fn strict<T>(
        self,
        at: At<'_>,
        span: Span,
        convert: impl FnOnce(Self, Raw<'a>) -> Result<T, FieldError>,
    ) -> Result<Option<T>, ParseError> {
        match self.value(span).map(|raw| convert(self, raw)).transpose() {
            Ok(value) => Ok(value),
            Err(reason) => Err(at.error(reason)),
        }
    }

    /// An essential field that must be present.
    #[inline]
    pub(crate) fn required<T>(
        self,
        at: At<'_>,
        span: Span,
        convert: impl FnOnce(Self, Raw<'a>) -> Result<T, FieldError>,
    ) -> Result<T, ParseError> {
        match self.strict(at, span, convert)? {
            Some(value) => Ok(value),
            None => Err(at.error(FieldError::Missing)),
        }
    }

    /// A field whose invalid value counts as absent.
    #[inline]
    pub(crate) fn lenient<T>(
        self,
        span: Span,
        convert: impl FnOnce(Self, Raw<'a>) -> Result<T, FieldError>,
    ) -> Option<T> {
        convert(self, self.value(span)?).ok()
    }

    /// Records an invalid value.
    #[inline]
    pub(crate) fn note<T>(
        self,
        at: At<'_>,
        span: Span,
        convert: impl FnOnce(Self, Raw<'a>) -> Result<T, FieldError>,
        notes: &mut Vec<FieldWarning>,
    ) {
        if let Some(Err(reason)) = self.value(span).map(|raw| convert(self, raw)) {
            at.note(reason, notes);
        }
    }

    /// A string of the body as a slice of its shared copy.
    #[inline]
    pub(crate) fn slice(self, text: &str) -> SharedStr {
        SharedStr::slice(&self.0.shared, text)
    }
}

/// The raw text of one JSON value.
#[derive(Clone, Copy, Default)]
pub(crate) struct Raw<'a> {
    pub(crate) text: &'a str,
    /// Whether it is an unescaped string.
    pub(crate) is_unescaped: bool,
}

#[cfg(any(feature = "diagnose", feature = "testing"))]
impl<'a> Raw<'a> {
    /// A value as written.
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            is_unescaped: false,
        }
    }
}

impl Raw<'_> {
    /// The value; `null` and absent mean the same to both gateways.
    #[inline]
    pub(crate) fn present(self) -> Option<Self> {
        (!matches!(self.text, "" | "null")).then_some(self)
    }

    /// The value, where an empty string also means absent.
    #[inline]
    pub(crate) fn filled(self) -> Option<Self> {
        self.present().filter(|raw| raw.text != r#""""#)
    }
}
