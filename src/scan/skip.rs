//! Skips values of all kinds.

use serde::de::IgnoredAny;
use serde_json::Deserializer;

use super::Scan;

impl Scan<'_> {
    /// Skips an object or array, which begins here.
    pub(super) fn skip_nested(&mut self) {
        let mut values = Deserializer::from_slice(self.rest).into_iter::<IgnoredAny>();
        let is_json = matches!(values.next(), Some(Ok(_)));
        match self.rest.get(values.byte_offset()..) {
            Some(rest) if is_json => self.rest = rest,
            _ => self.fail(),
        }
    }

    /// Skips a string, number or word, which begins here.
    #[inline]
    pub(super) fn skip_scalar(&mut self) {
        match self.rest {
            [b'"', text @ ..] => {
                self.skip_string(text);
            }
            [b'-' | b'0'..=b'9', ..] => self.skip_number(),
            [b't', ..] => self.skip_word(b"true"),
            [b'f', ..] => self.skip_word(b"false"),
            _ => self.skip_word(b"null"),
        }
    }

    /// Skips the next byte, if it is one of these.
    #[inline]
    fn skip_any(&mut self, bytes: &[u8]) -> bool {
        match self.rest {
            [first, rest @ ..] if bytes.contains(first) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn skip_word(&mut self, word: &[u8]) {
        match self.rest.strip_prefix(word) {
            Some(rest) => self.rest = rest,
            None => self.fail(),
        }
    }

    fn skip_number(&mut self) {
        self.skip_any(b"-");
        // A leading zero must be the only integer digit.
        if !self.skip_any(b"0") {
            self.skip_digits();
        }
        if self.skip_any(b".") {
            self.skip_digits();
        }
        if self.skip_any(b"eE") {
            self.skip_any(b"+-");
            self.skip_digits();
        }
    }

    /// Reads one or more digits.
    fn skip_digits(&mut self) {
        let before = self.rest.len();
        while let [b'0'..=b'9', rest @ ..] = self.rest {
            self.rest = rest;
        }
        if self.rest.len() == before {
            self.fail();
        }
    }
}
