//! From the mirror to the models: which fields are strict, which are lenient,
//! and where they stand.
//!
//! What runs for every field asks to be inlined.

mod value;

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::{Flaw, ParseError};
use crate::text::Text;
use crate::wire::{Mirror, Raw, Shape};

#[cfg(feature = "diagnose")]
pub(crate) use value::verbatim;
pub(crate) use value::{
    amount, boolean, code, count, id, integer, is_number, json, percentage, plain_amount,
    received_amount, signed_time, text, text_or_json, text_or_number, time, unescape,
};

/// The body limit unless another one is set, in bytes: 64 KiB. Real callbacks
/// have two or three.
///
/// A longer body costs no more memory than what was read of it. To parse one,
/// proven or not, takes a few times its length where it is a callback, and up to
/// 1.5 MB at this limit where it is made to take as much as it can.
pub const DEFAULT_BODY_LIMIT: usize = 64 * 1024;

/// An incidental field that could not be read and is treated as absent. Worth a log
/// line; never worth a lost payment.
///
/// ```
/// use payhook::{Unverified, b2binpay::TransferCallback};
///
/// # let body = include_str!("../examples/bodies/b2binpay-deposit-confirmed.json");
/// let odd = body.replace(r#""risk":0"#, r#""risk":-1"#);
/// let callback = Unverified::<TransferCallback>::parse(odd.as_bytes())?;
/// for anomaly in callback.unverified().anomalies() {
///     let line = "`included[1].attributes.risk`: expected a number between 0 and 100";
///     assert_eq!(anomaly.to_string(), line);
/// }
/// # assert_eq!(callback.unverified().anomalies().len(), 1);
/// # Ok::<(), payhook::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    path: Box<str>,
    flaw: Flaw,
}

impl Anomaly {
    /// Where: `included[1].attributes.risk`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Why.
    #[must_use]
    pub fn flaw(&self) -> &Flaw {
        &self.flaw
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.flaw)
    }
}

/// JSON that is passed on exactly as it was sent.
///
/// ```
/// # use payhook::{b2binpay::TransferCallback, Unverified};
/// # let body = include_bytes!("../examples/bodies/b2binpay-deposit-confirmed.json");
/// let callback = Unverified::<TransferCallback>::parse(body)?.into_unverified();
/// for resource in &callback.other_resources {
///     if let Some(attributes) = &resource.attributes {
///         let value: serde_json::Value = serde_json::from_str(attributes.as_str())?;
/// #       let _ = value;
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RawJson(Text);

impl RawJson {
    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RawJson {
    /// Its length only: travel-rule data is about persons.
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

/// The exact bytes of a body, for `raw()`. Not shown: they may hold a
/// signature.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Body(pub(crate) Arc<str>);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}

/// A body's one shared copy, once it is known to be short enough and UTF-8.
pub(crate) fn share(body: &[u8], limit: usize) -> Result<Arc<str>, ParseError> {
    let length = body.len();
    if length > limit {
        return Err(ParseError::TooLarge { length, limit });
    }
    // Checking once and parsing text is a quarter faster than parsing bytes.
    match std::str::from_utf8(body) {
        Ok(text) => Ok(Arc::from(text)),
        Err(error) => Err(ParseError::NotUtf8 {
            offset: error.valid_up_to(),
        }),
    }
}

/// The mirror of one JSON document.
pub(crate) fn mirror<'a, T: Mirror<'a>>(text: &'a str) -> Result<T, ParseError> {
    let mut mirror = T::default();
    let mut json = serde_json::Deserializer::from_str(text);
    match mirror.fill(&mut json).and_then(|()| json.end()) {
        Ok(()) => Ok(mirror),
        // serde's own message is dropped: it may quote the body.
        Err(error) => Err(ParseError::NotJson {
            line: error.line(),
            column: error.column(),
        }),
    }
}

/// A place in the document, kept on the stack until an error has to name it.
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

    pub(crate) fn error(&self, flaw: Flaw) -> ParseError {
        let path = self.to_string().into();
        ParseError::Field { path, flaw }
    }

    /// Refuses what is not an object, or has a known key twice.
    #[inline]
    pub(crate) fn sound(&self, shape: Shape) -> Result<(), ParseError> {
        match shape {
            Shape::Sound => Ok(()),
            Shape::Absent | Shape::Blank => Err(self.error(Flaw::Missing)),
            Shape::Mismatch => Err(self.error(Flaw::NotAnObject)),
            Shape::TooLong => Err(self.error(Flaw::TooLong)),
            Shape::Twice(key) => Err(self.key(key).error(Flaw::Duplicate)),
        }
    }

    /// Whether there is a list; refuses what is none.
    pub(crate) fn list(&self, shape: Shape) -> Result<(), ParseError> {
        match shape {
            Shape::Sound | Shape::Absent | Shape::Blank => Ok(()),
            Shape::TooLong => Err(self.error(Flaw::TooLong)),
            Shape::Mismatch | Shape::Twice(_) => Err(self.error(Flaw::NotAList)),
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

/// Reads fields into slices of the shared body and notes what was odd.
pub(crate) struct Reader {
    pub(crate) body: Arc<str>,
    pub(crate) anomalies: Vec<Anomaly>,
    blank_is_absent: bool,
}

impl Reader {
    pub(crate) fn new(body: Arc<str>) -> Self {
        Self {
            body,
            anomalies: Vec::new(),
            blank_is_absent: false,
        }
    }

    /// The same for a gateway that writes empty text where it has no value.
    pub(crate) fn without_blanks(self) -> Self {
        Self {
            blank_is_absent: true,
            ..self
        }
    }

    #[inline]
    fn value<'a>(&self, raw: Raw<'a>) -> Option<Raw<'a>> {
        if self.blank_is_absent {
            raw.filled()
        } else {
            raw.present()
        }
    }

    /// A field that matters: an impossible value is an error.
    #[inline]
    pub(crate) fn strict<'a, T>(
        &self,
        at: At<'_>,
        raw: Raw<'a>,
        convert: impl FnOnce(&Self, Raw<'a>) -> Result<T, Flaw>,
    ) -> Result<Option<T>, ParseError> {
        match self.value(raw).map(|raw| convert(self, raw)).transpose() {
            Ok(value) => Ok(value),
            Err(flaw) => Err(at.error(flaw)),
        }
    }

    /// A field that matters and has to be there.
    #[inline]
    pub(crate) fn required<'a, T>(
        &self,
        at: At<'_>,
        raw: Raw<'a>,
        convert: impl FnOnce(&Self, Raw<'a>) -> Result<T, Flaw>,
    ) -> Result<T, ParseError> {
        match self.strict(at, raw, convert)? {
            Some(value) => Ok(value),
            None => Err(at.error(Flaw::Missing)),
        }
    }

    /// An incidental field: an impossible value is noted and reads as absent.
    #[inline]
    pub(crate) fn lenient<'a, T>(
        &mut self,
        at: At<'_>,
        raw: Raw<'a>,
        convert: impl FnOnce(&Self, Raw<'a>) -> Result<T, Flaw>,
    ) -> Option<T> {
        match convert(self, self.value(raw)?) {
            Ok(value) => Some(value),
            Err(flaw) => {
                self.note(at, flaw);
                None
            }
        }
    }

    /// Whether an incidental object is there to be read. One of another type
    /// is noted; one with a key twice is an error wherever it stands.
    #[inline]
    pub(crate) fn usable(&mut self, at: At<'_>, shape: Shape) -> Result<bool, ParseError> {
        match shape {
            Shape::Sound => Ok(true),
            Shape::Absent | Shape::Blank => Ok(false),
            Shape::Mismatch => {
                self.note(at, Flaw::NotAnObject);
                Ok(false)
            }
            Shape::TooLong | Shape::Twice(_) => at.sound(shape).map(|()| false),
        }
    }

    /// An error of a strict reader, where nothing depends on it after all.
    pub(crate) fn note_error(&mut self, error: ParseError) {
        if let ParseError::Field { path, flaw } = error {
            self.anomalies.push(Anomaly { path, flaw });
        }
    }

    pub(crate) fn note(&mut self, at: At<'_>, flaw: Flaw) {
        self.note_error(at.error(flaw));
    }

    #[inline]
    pub(crate) fn slice(&self, text: &str) -> Text {
        Text::slice(&self.body, text)
    }
}

/// [`Reader::lenient`] for a field that is called as its key is.
macro_rules! lenient {
    ($reader:ident, $at:ident, $object:ident.$field:ident, $convert:ident) => {
        $reader.lenient(
            $at.key(stringify!($field)),
            $object.$field,
            $crate::read::$convert,
        )
    };
}
pub(crate) use lenient;
