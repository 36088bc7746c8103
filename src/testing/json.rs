//! [`Json`]: JSON in its exact textual form, and paths into it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::BuildError;
use crate::read::{Raw, is_number};

/// The maximum nesting depth: a body can have thousands of levels, each of which
/// takes stack space.
const MAX_DEPTH: usize = 64;

/// JSON that keeps its text: `0.100` stays `0.100`, and keys keep their order.
///
/// Strings, integers, booleans and options of them convert with `into()`; use
/// [`raw`](Self::raw) for numbers with a decimal point, so that none passes through a
/// binary float.
///
/// ```
/// use payhook::testing::Json;
///
/// assert_eq!(Json::from("a \"b\"").to_string(), r#""a \"b\"""#);
/// assert_eq!(Json::from(None::<&str>).to_string(), "null");
/// assert_eq!(Json::raw("0.100").to_string(), "0.100");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(Node);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
    /// Verbatim.
    Scalar(String),
}

impl Json {
    /// Creates JSON from any text, unchanged and unchecked.
    #[must_use]
    pub fn raw(text: impl Into<String>) -> Self {
        Self(Node::Scalar(text.into()))
    }

    /// Parses a JSON text. Scalars and the order of keys are kept, whitespace between
    /// them is removed. Values that are nested deeper than any callback stay raw
    /// text, which paths cannot enter.
    ///
    /// # Errors
    ///
    /// As [`serde_json::from_str`].
    pub fn parse(text: &str) -> serde_json::Result<Self> {
        Self::parse_within(text, MAX_DEPTH)
    }

    fn parse_within(text: &str, depth: usize) -> serde_json::Result<Self> {
        let inner = depth.checked_sub(1);
        let node = match (text.trim_start().chars().next(), inner) {
            (Some('{'), Some(inner)) => {
                let Fields(fields) = serde_json::from_str(text)?;
                let fields = fields.into_iter();
                let read =
                    fields.map(|(key, value)| Ok((key, Self::parse_within(value.get(), inner)?)));
                Node::Object(read.collect::<serde_json::Result<_>>()?)
            }
            (Some('['), Some(inner)) => {
                let entries: Vec<&RawValue> = serde_json::from_str(text)?;
                let entries = entries.iter();
                let read = entries.map(|entry| Self::parse_within(entry.get(), inner));
                Node::List(read.collect::<serde_json::Result<_>>()?)
            }
            _ => {
                let scalar: &RawValue = serde_json::from_str(text)?;
                Node::Scalar(scalar.get().to_owned())
            }
        };
        Ok(Self(node))
    }

    /// A number with these digits; a string if it is not a JSON number, such as
    /// `007`.
    pub(crate) fn number(text: &str) -> Self {
        if is_number(Raw::new(text)) && serde_json::from_str::<IgnoredAny>(text).is_ok() {
            Self::raw(text)
        } else {
            text.into()
        }
    }

    /// An id that the gateway sends as a number; a string if it is not an integer,
    /// such as `007` or `12e3`.
    pub(crate) fn id(text: &str) -> Self {
        match text.parse::<u64>() {
            Ok(number) if number.to_string() == text => number.into(),
            _ => text.into(),
        }
    }

    /// Parses a template; the tests build each one.
    #[allow(clippy::expect_used, reason = "the templates are constants")]
    pub(crate) fn template(text: &str) -> Self {
        Self::parse(text).expect("a template is JSON")
    }

    /// Sets `value` at the path. A missing key at the end of the path is added, and
    /// so is an entry at the end of an array.
    pub(crate) fn set(&mut self, path: &str, value: Self) -> Result<(), BuildError> {
        *self.place(path, Add::Last)? = value;
        Ok(())
    }

    /// [`set`](Self::set), which adds all missing steps.
    pub(crate) fn fill(&mut self, path: &str, value: Self) -> Result<(), BuildError> {
        *self.place(path, Add::All)? = value;
        Ok(())
    }

    /// Removes a key with its value, or an array's entry.
    pub(crate) fn remove(&mut self, path: &str) -> Result<(), BuildError> {
        let nowhere = || BuildError::nowhere(path);
        self.place(path, Add::Nothing)?;
        let cut = path.rfind(['.', '[']).unwrap_or_default();
        let (holder, last) = path.split_at_checked(cut).ok_or_else(nowhere)?;
        let holder = if holder.is_empty() {
            self
        } else {
            self.place(holder, Add::Nothing)?
        };
        match (&mut holder.0, step(last)) {
            (Node::Object(fields), Some((Step::Key(key), _))) => {
                fields.retain(|(own, _)| own != key);
            }
            // It exists: the whole path was followed.
            (Node::List(entries), Some((Step::Index(index), _))) => {
                entries.remove(index);
            }
            _ => return Err(nowhere()),
        }
        Ok(())
    }

    /// The value of an object's key.
    pub(super) fn field(&self, key: &str) -> Option<&Self> {
        let Node::Object(fields) = &self.0 else {
            return None;
        };
        let mut fields = fields.iter();
        fields.find_map(|(own, value)| (own == key).then_some(value))
    }

    fn place(&mut self, path: &str, add: Add) -> Result<&mut Self, BuildError> {
        let nowhere = || BuildError::nowhere(path);
        let mut place = self;
        let mut rest = path;
        let mut depth = 0..MAX_DEPTH;
        while !rest.is_empty() {
            depth.next().ok_or_else(nowhere)?;
            let (next, behind) = step(rest).ok_or_else(nowhere)?;
            let add = add == Add::All || (add == Add::Last && behind.is_empty());
            place = place.child(&next, add).ok_or_else(nowhere)?;
            rest = behind;
        }
        Ok(place)
    }

    fn child(&mut self, step: &Step<'_>, add: bool) -> Option<&mut Self> {
        if add && *self == Self::default() {
            // A `null` or missing value becomes the object or array that the path
            // requires.
            self.0 = match step {
                Step::Index(_) => Node::List(Vec::new()),
                Step::Key(_) => Node::Object(Vec::new()),
            };
        }
        match (&mut self.0, step) {
            (Node::Object(fields), Step::Key(key)) => {
                let known = fields.iter().position(|(own, _)| own == key);
                if known.is_none() && add {
                    fields.push(((*key).to_owned(), Self::default()));
                }
                let index = known.unwrap_or(fields.len().saturating_sub(1));
                let field = fields.get_mut(index)?;
                (field.0 == *key).then_some(&mut field.1)
            }
            (Node::List(entries), Step::Index(index)) => {
                if *index == entries.len() && add {
                    entries.push(Self::default());
                }
                entries.get_mut(*index)
            }
            _ => None,
        }
    }
}

/// The value that is added for a missing step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Add {
    All,
    Last,
    Nothing,
}

enum Step<'p> {
    Index(usize),
    Key(&'p str),
}

/// Splits off the first step of a path such as `included[1].attributes.amount`.
fn step(path: &str) -> Option<(Step<'_>, &str)> {
    if let Some(behind) = path.strip_prefix('[') {
        let (index, rest) = behind.split_once(']')?;
        return Some((Step::Index(index.parse().ok()?), rest));
    }
    let path = path.strip_prefix('.').unwrap_or(path);
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (key, rest) = path.split_at_checked(end)?;
    (!key.is_empty()).then_some((Step::Key(key), rest))
}

/// An object's fields, including duplicate keys.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

impl Default for Json {
    fn default() -> Self {
        Self::raw("null")
    }
}

/// The text, without whitespace.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Node::List(entries) => {
                f.write_str("[")?;
                for (index, entry) in entries.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma}{entry}")?;
                }
                f.write_str("]")
            }
            Node::Object(fields) => {
                f.write_str("{")?;
                for (index, (key, value)) in fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma}{}:{value}", Self::from(key.as_str()))?;
                }
                f.write_str("}")
            }
            Node::Scalar(text) => f.write_str(text),
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::raw(serde_json::Value::from(text).to_string())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(Self::default, Into::into)
    }
}

macro_rules! from_plain {
    ($($Type:ty),+) => {$(
        impl From<$Type> for Json {
            fn from(value: $Type) -> Self {
                Self::raw(value.to_string())
            }
        }
    )+};
}

from_plain!(bool, i32, i64, u32, u64);
