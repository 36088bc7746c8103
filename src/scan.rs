//! Scans JSON (RFC 8259) and records the position of its values.
//!
//! The grammar is implemented here instead of using serde_json: a callback has eighty
//! values, a merchant reads ten, and finding the end of a value costs a fraction of
//! converting it. What is accepted is exactly what serde_json accepts as
//! [`IgnoredAny`](serde::de::IgnoredAny); the tests and a fuzz target check that.
//! What few callbacks need is left to serde_json: nested values that
//! nothing reads, escapes, and the position of an error. Only the objects of
//! [`crate::fields`] recurse, however deeply a value is nested.

mod skip;
mod string;

use string::split_plain;

use crate::span::{Shape, Span};

pub(crate) use string::quoted;

/// A body that is being scanned.
///
/// After an error nothing is left to read, so that all further methods find the end:
/// loops over entries stop, and only [`end`](Self::end) has to report it.
pub(crate) struct Scan<'b> {
    body: &'b str,
    /// The rest that was not read yet.
    rest: &'b [u8],
    /// Whether an object or array has just been opened.
    is_first: bool,
    /// The unescaped versions of strings with escapes. They follow the body in its
    /// shared copy, each in quotes.
    unescaped: String,
    has_failed: bool,
}

impl<'b> Scan<'b> {
    pub(crate) fn new(body: &'b str) -> Self {
        Self {
            body,
            rest: body.as_bytes(),
            is_first: false,
            unescaped: String::new(),
            has_failed: false,
        }
    }

    /// The unescaped strings; `None` if the text is not JSON. Only whitespace may follow
    /// the value.
    pub(crate) fn end(mut self) -> Option<String> {
        let is_json = self.peek().is_none() && !self.has_failed;
        is_json.then_some(self.unescaped)
    }

    #[cold]
    fn fail(&mut self) {
        self.has_failed = true;
        self.rest = &[];
    }

    /// The number of bytes that were read.
    #[inline]
    pub(crate) fn at(&self) -> usize {
        self.body.len() - self.rest.len()
    }

    /// The number of bytes that are left.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    /// Returns the next non-whitespace character.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        self.rest = after_space(self.rest);
        self.rest.first().copied()
    }

    /// Enters an object or array with this bracket; skips any other value.
    #[inline]
    pub(crate) fn enter(&mut self, bracket: u8) -> Shape {
        match after_space(self.rest) {
            [first, rest @ ..] if *first == bracket => {
                self.rest = rest;
                self.is_first = true;
                Shape::Sound
            }
            _ => self.skip_other(),
        }
    }

    #[cold]
    fn skip_other(&mut self) -> Shape {
        let span = self.value();
        let text = self.slice(span);
        let inner = text.strip_prefix(['[', '{']).unwrap_or(text).trim_start();
        match inner {
            "null" | r#""""# | "]" | "}" => Shape::Blank,
            _ => Shape::Mismatch,
        }
    }

    /// Whether the object or array with this closing bracket has another entry, which
    /// is next.
    #[inline]
    pub(crate) fn next(&mut self, closing: u8) -> bool {
        let is_first = std::mem::take(&mut self.is_first);
        self.next_entry(is_first, closing)
    }

    #[inline]
    fn next_entry(&mut self, is_first: bool, closing: u8) -> bool {
        match after_space(self.rest) {
            [b',', after @ ..] if !is_first => {
                self.rest = after_space(after);
                true
            }
            [first, after @ ..] if *first == closing => {
                self.rest = after;
                false
            }
            // There is no comma after the opening bracket.
            rest @ [_, ..] if is_first => {
                self.rest = rest;
                true
            }
            _ => {
                self.fail();
                false
            }
        }
    }

    /// Reads the key of an object's next entry, unescaped.
    #[inline]
    pub(crate) fn next_key(&mut self) -> Option<&[u8]> {
        let is_first = std::mem::take(&mut self.is_first);
        // Most bodies are compact; whitespace is skipped out of line.
        let text = match self.rest {
            [b',', b'"', text @ ..] if !is_first => text,
            [b'"', text @ ..] if is_first => text,
            [b'}', rest @ ..] => {
                self.rest = rest;
                return None;
            }
            _ => self.next_string(is_first)?,
        };
        match split_plain(text) {
            (key, [b'"', b':', value @ ..]) => {
                self.rest = value;
                Some(key)
            }
            _ => Some(self.odd_key(text)),
        }
    }

    /// Skips whitespace before the next entry's key, and returns what follows the key's
    /// opening quote.
    #[cold]
    fn next_string(&mut self, is_first: bool) -> Option<&'b [u8]> {
        if !self.next_entry(is_first, b'}') {
            return None;
        }
        let text = self.rest.strip_prefix(b"\"");
        if text.is_none() {
            self.fail();
        }
        text
    }

    /// Reads the rest of a key with escapes, or with whitespace before its colon.
    #[cold]
    fn odd_key(&mut self, text: &'b [u8]) -> &[u8] {
        let key = self.string(text);
        self.colon();
        self.characters(key).as_bytes()
    }

    fn colon(&mut self) {
        match after_space(self.rest) {
            [b':', rest @ ..] => self.rest = rest,
            _ => self.fail(),
        }
    }

    /// Reads a value; the place of a string is that of its unescaped text.
    #[inline]
    pub(crate) fn text(&mut self) -> Span {
        match self.rest {
            [b'"', text @ ..] => self.string(text),
            _ => self.other_text(),
        }
    }

    /// Reads a value that is not a string, or that follows whitespace.
    fn other_text(&mut self) -> Span {
        match after_space(self.rest) {
            [b'"', text @ ..] => self.string(text),
            _ => self.value(),
        }
    }

    /// Reads a value.
    #[inline]
    pub(crate) fn value(&mut self) -> Span {
        let first = self.peek();
        let start = self.at();
        match first {
            Some(b'{' | b'[') => self.skip_nested(),
            _ => self.skip_scalar(),
        }
        self.since(start)
    }

    /// Reads a string's characters; empty for any other value.
    #[inline]
    pub(crate) fn characters(&self, span: Span) -> &str {
        let text = match span.start().checked_sub(self.body.len()) {
            Some(start) => self.unescaped.get(start..start + span.length()),
            None => Some(self.slice(span)),
        };
        text.and_then(quoted).unwrap_or_default()
    }

    #[inline]
    fn slice(&self, span: Span) -> &'b str {
        self.body.get(span.start()..span.end()).unwrap_or_default()
    }

    /// Reads the value at this place again.
    pub(crate) fn again(&mut self, span: Span, read: impl FnOnce(&mut Self)) {
        let rest = self.body.as_bytes().get(span.start()..);
        let rest = std::mem::replace(&mut self.rest, rest.unwrap_or_default());
        read(self);
        self.rest = rest;
    }

    #[inline]
    fn since(&self, start: usize) -> Span {
        Span::new(start, self.at() - start)
    }

    /// Reads the rest of a string, and unescapes it.
    #[inline]
    fn string(&mut self, text: &'b [u8]) -> Span {
        let has_escape = self.skip_string(text);
        let start = self.body.len() - text.len() - 1;
        let span = self.since(start);
        if has_escape {
            self.unescape(span)
        } else {
            span
        }
    }

    /// Skips the rest of a string. Returns whether it has an escape.
    #[inline]
    fn skip_string(&mut self, text: &'b [u8]) -> bool {
        match split_plain(text) {
            (_, [b'"', rest @ ..]) => {
                self.rest = rest;
                false
            }
            (_, rest) => self.skip_escapes(rest),
        }
    }

    /// Skips the rest of a string from its first escape on. Returns whether it is
    /// well-formed.
    #[cold]
    fn skip_escapes(&mut self, mut rest: &'b [u8]) -> bool {
        loop {
            rest = match rest {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return true;
                }
                [
                    b'\\',
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                    rest @ ..,
                ] => rest,
                [b'\\', b'u', a, b, c, d, rest @ ..]
                    if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) =>
                {
                    rest
                }
                _ => {
                    self.fail();
                    return false;
                }
            };
            (_, rest) = split_plain(rest);
        }
    }

    /// Half of a surrogate pair is well-formed JSON but not text: such a string stays
    /// escaped.
    #[cold]
    fn unescape(&mut self, span: Span) -> Span {
        let Ok(text) = serde_json::from_str::<String>(self.slice(span)) else {
            return span;
        };
        let before = self.unescaped.len();
        self.unescaped.extend(["\"", &text, "\""]);
        Span::new(self.body.len() + before, self.unescaped.len() - before)
    }
}

/// The text without whitespace at its start.
#[inline]
fn after_space(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests;
