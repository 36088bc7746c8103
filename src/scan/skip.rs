//! Skips values of all kinds.

use super::Scan;

impl Scan<'_> {
    /// Skips an object or array, which begins here.
    pub(super) fn skip_nested(&mut self) {
        let mut open = Vec::new();
        loop {
            match self.rest {
                [bracket @ (b'{' | b'['), rest @ ..] => {
                    self.rest = rest;
                    self.is_first = true;
                    // In ASCII, each closing bracket is two after its opening one.
                    open.push(bracket + 2);
                }
                _ => self.skip_scalar(),
            }
            let closing = loop {
                let Some(closing) = open.last().copied() else {
                    return;
                };
                if self.next(closing) {
                    break closing;
                }
                open.pop();
            };
            if closing == b'}' {
                match self.rest {
                    [b'"', ..] => self.skip_scalar(),
                    _ => self.fail(),
                }
                self.colon();
            }
            self.peek();
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
