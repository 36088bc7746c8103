//! Scans JSON (RFC 8259) and records the position of its values.
//!
//! The grammar is implemented here instead of using serde_json: a callback has eighty
//! values, a merchant reads ten, and finding the end of a value costs a fraction of
//! converting it. What is accepted is exactly what serde_json accepts as
//! [`IgnoredAny`](serde::de::IgnoredAny); the tests and a fuzz target check that.
//! Only the objects of [`crate::fields`] recurse, however deeply a value is nested.

use crate::span::{Shape, Span};

/// The text is not JSON.
#[derive(Debug)]
pub(crate) struct NotJson;

/// A body that is being scanned.
pub(crate) struct Scan<'b> {
    body: &'b str,
    /// The current position.
    at: usize,
    /// Whether an object or array has just been opened.
    is_first: bool,
    /// The unescaped versions of strings with escapes. They follow the body in its
    /// shared copy, each in quotes.
    unescaped: String,
}

impl<'b> Scan<'b> {
    pub(crate) fn new(body: &'b str) -> Self {
        Self {
            body,
            at: 0,
            is_first: false,
            unescaped: String::new(),
        }
    }

    /// Refuses anything but whitespace after the value. Returns the unescaped
    /// strings.
    pub(crate) fn end(mut self) -> Result<String, NotJson> {
        match self.peek() {
            None => Ok(self.unescaped),
            Some(_) => Err(NotJson),
        }
    }

    /// The number of bytes that were read.
    #[inline]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The number of bytes that are left.
    pub(crate) fn left(&self) -> usize {
        self.body.len().saturating_sub(self.at)
    }

    /// Returns the next non-whitespace character.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    /// Enters an object or array with this bracket; skips any other value.
    #[inline]
    pub(crate) fn enter(&mut self, bracket: u8) -> Result<Shape, NotJson> {
        if self.peek() == Some(bracket) {
            self.at += 1;
            self.is_first = true;
            return Ok(Shape::Sound);
        }
        let span = self.value()?;
        let text = self.slice(span);
        let inner = text.strip_prefix(['[', '{']).unwrap_or(text).trim_start();
        let is_blank = matches!(inner, "null" | r#""""# | "]" | "}");
        Ok(if is_blank {
            Shape::Blank
        } else {
            Shape::Mismatch
        })
    }

    /// Whether the object or array with this closing bracket has another entry.
    #[inline]
    pub(crate) fn next(&mut self, closing: u8) -> Result<bool, NotJson> {
        let is_first = std::mem::take(&mut self.is_first);
        let byte = self.peek().ok_or(NotJson)?;
        if byte == closing || byte == b',' && !is_first {
            self.at += 1;
            return Ok(byte != closing);
        }
        // There is no comma after the opening bracket.
        is_first.then_some(true).ok_or(NotJson)
    }

    /// Reads the key of an object's next entry, unescaped.
    #[inline]
    pub(crate) fn next_key(&mut self) -> Result<Option<&str>, NotJson> {
        if !self.next(b'}')? {
            return Ok(None);
        }
        self.peek();
        let start = self.at;
        let has_escape = self.skip_string()?;
        let end = self.at;
        self.expect(b':')?;
        Ok(Some(if has_escape {
            let key = self.unescape(Span::new(start, end - start));
            self.characters(key)
        } else {
            self.body.get(start + 1..end - 1).unwrap_or_default()
        }))
    }

    /// Reads a value; the place of a string is that of its unescaped text.
    #[inline]
    pub(crate) fn text(&mut self) -> Result<Span, NotJson> {
        match self.peek() {
            Some(b'"') => self.string(),
            _ => self.value(),
        }
    }

    /// Reads a value.
    #[inline]
    pub(crate) fn value(&mut self) -> Result<Span, NotJson> {
        self.peek();
        let start = self.at;
        self.skip()?;
        Ok(self.since(start))
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
    pub(crate) fn again(
        &mut self,
        span: Span,
        read: impl FnOnce(&mut Self) -> Result<(), NotJson>,
    ) -> Result<(), NotJson> {
        let at = std::mem::replace(&mut self.at, span.start());
        read(self)?;
        self.at = at;
        Ok(())
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.body.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn since(&self, start: usize) -> Span {
        Span::new(start, self.at - start)
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), NotJson> {
        match self.peek() {
            Some(next) if next == byte => {
                self.at += 1;
                Ok(())
            }
            _ => Err(NotJson),
        }
    }

    /// Reads a string, which begins here, and unescapes it.
    #[inline]
    fn string(&mut self) -> Result<Span, NotJson> {
        let start = self.at;
        let has_escape = self.skip_string()?;
        let span = self.since(start);
        Ok(if has_escape {
            self.unescape(span)
        } else {
            span
        })
    }

    #[cold]
    fn unescape(&mut self, span: Span) -> Span {
        let before = self.unescaped.len();
        self.unescaped.push('"');
        let text = quoted(self.slice(span)).unwrap_or_default();
        if push_unescaped(&mut self.unescaped, text).is_none() {
            self.unescaped.truncate(before);
            return span;
        }
        self.unescaped.push('"');
        Span::new(self.body.len() + before, self.unescaped.len() - before)
    }

    /// Skips a value, which begins here.
    fn skip(&mut self) -> Result<(), NotJson> {
        let mut open = Vec::new();
        loop {
            match self.byte().ok_or(NotJson)? {
                b'"' => self.skip_string().map(drop)?,
                bracket @ (b'{' | b'[') => {
                    self.at += 1;
                    self.is_first = true;
                    // In ASCII, each closing bracket is two after its opening one.
                    open.push(bracket + 2);
                }
                b'-' | b'0'..=b'9' => self.skip_number()?,
                b't' => self.skip_word(b"true")?,
                b'f' => self.skip_word(b"false")?,
                b'n' => self.skip_word(b"null")?,
                _ => return Err(NotJson),
            }
            loop {
                let Some(closing) = open.last().copied() else {
                    return Ok(());
                };
                if !self.next(closing)? {
                    open.pop();
                    continue;
                }
                self.peek();
                if closing == b'}' {
                    self.skip_string()?;
                    self.expect(b':')?;
                    self.peek();
                }
                break;
            }
        }
    }

    /// Skips the next byte, if it is one of these.
    #[inline]
    fn skip_any(&mut self, bytes: &[u8]) -> bool {
        let is_there = self.byte().is_some_and(|byte| bytes.contains(&byte));
        self.at += usize::from(is_there);
        is_there
    }

    fn skip_word(&mut self, word: &[u8]) -> Result<(), NotJson> {
        let rest = self.body.as_bytes().get(self.at..).unwrap_or_default();
        self.at += word.len();
        rest.starts_with(word).then_some(()).ok_or(NotJson)
    }

    fn skip_number(&mut self) -> Result<(), NotJson> {
        self.skip_any(b"-");
        // A leading zero must be the only integer digit.
        if !self.skip_any(b"0") {
            self.skip_digits()?;
        }
        if self.skip_any(b".") {
            self.skip_digits()?;
        }
        if self.skip_any(b"eE") {
            self.skip_any(b"+-");
            self.skip_digits()?;
        }
        Ok(())
    }

    /// Reads one or more digits.
    fn skip_digits(&mut self) -> Result<(), NotJson> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
        (self.at > start).then_some(()).ok_or(NotJson)
    }

    /// Skips a string, which begins here; returns whether it has an escape.
    #[inline]
    fn skip_string(&mut self) -> Result<bool, NotJson> {
        if self.byte() != Some(b'"') {
            return Err(NotJson);
        }
        let (bytes, mut at) = (self.body.as_bytes(), self.at + 1);
        let mut has_escape = false;
        loop {
            // Eight bytes at a time, as long as none of them is special.
            while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
                let plain = plain_at_front(*eight);
                at += plain;
                if plain < 8 {
                    break;
                }
            }
            match bytes.get(at).ok_or(NotJson)? {
                b'"' => {
                    self.at = at + 1;
                    return Ok(has_escape);
                }
                b'\\' => {
                    has_escape = true;
                    at += escape_length(bytes.get(at..).unwrap_or_default())?;
                }
                0x20.. => at += 1,
                _ => return Err(NotJson),
            }
        }
    }
}

/// The length of the escape at the start.
#[cold]
fn escape_length(text: &[u8]) -> Result<usize, NotJson> {
    match text {
        [
            _,
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
            ..,
        ] => Ok(2),
        [_, b'u', digits @ ..] => match digits.first_chunk::<4>() {
            Some(four) if four.iter().all(u8::is_ascii_hexdigit) => Ok(6),
            _ => Err(NotJson),
        },
        _ => Err(NotJson),
    }
}

/// Appends a string's characters with its escapes replaced. `None` for half of a
/// surrogate pair, which is well-formed JSON but not text: the string stays escaped.
fn push_unescaped(unescaped: &mut String, text: &str) -> Option<()> {
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        unescaped.push_str(plain);
        let mut after = escape.chars();
        let next = match after.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (first, tail) = code_unit(after.as_str())?;
                after = tail.chars();
                // The second half of a pair follows at once.
                let pair = tail.strip_prefix("\\u").and_then(code_unit);
                let is_high = (0xd800..0xdc00).contains(&first);
                let second = pair.filter(|_| is_high).map(|(second, tail)| {
                    after = tail.chars();
                    second
                });
                let units = [first].into_iter().chain(second);
                char::decode_utf16(units).next()?.ok()?
            }
            itself => itself,
        };
        unescaped.push(next);
        rest = after.as_str();
    }
    unescaped.push_str(rest);
    Some(())
}

/// The number of the first four digits, and the rest.
fn code_unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

/// The text between a string's quotes.
#[inline]
pub(crate) fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

/// The number of these characters before a quote, a backslash or a control character.
#[inline]
fn plain_at_front(eight: [u8; 8]) -> usize {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES * 0x80;
    let all = u64::from_le_bytes(eight);
    // The high bit of each byte that is smaller than `than`; above the first such byte
    // a borrow may set others.
    let smaller = |bytes: u64, than: u8| bytes.wrapping_sub(ONES * u64::from(than)) & !bytes;
    let is = |byte: u8| smaller(all ^ (ONES * u64::from(byte)), 1);
    let found = (smaller(all, 0x20) | is(b'"') | is(b'\\')) & HIGH;
    usize::try_from(found.trailing_zeros() / 8).unwrap_or_default()
}

#[cfg(test)]
mod tests;
