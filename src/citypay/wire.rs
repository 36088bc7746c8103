//! Values with several forms in CityPay.io's bodies.

use crate::error::{FieldError, FieldWarning, ParseError};
use crate::fields::fields;
use crate::read::{self, At, Source};
use crate::scan::Scan;
use crate::shared_str::SharedStr;
use crate::span::{Shape, Span};
use crate::wire::Place;

fields! {
    index StatusFields {
        raw code = "code";
        raw label = "label";
    }
}

/// A status: a word, or an object with a code and a label.
#[derive(Default)]
pub(crate) struct Status {
    word: Span,
    object: StatusFields,
}

impl Place for Status {
    fn is_absent(&self) -> bool {
        self.word.is_absent() && !self.is_object()
    }

    fn fill(&mut self, scan: &mut Scan<'_>) {
        match scan.peek() {
            Some(b'{') => self.object.fill(scan),
            _ => self.word.fill(scan),
        }
    }
}

impl Status {
    /// A numeric code is the gateway's own code of the label; a code that is neither
    /// a number nor a word counts as absent, regardless of the label.
    pub(super) fn word(&self, source: Source<'_>) -> Option<SharedStr> {
        if !self.is_object() {
            return source.lenient(self.word, read::word);
        }
        let (code, label) = (self.object.code, self.object.label);
        let word = source.lenient(code, read::word);
        match source.strict(At::Root, code, read::text_or_number) {
            Ok(Some(text)) if word.is_some() && !is_number(text) => word,
            Ok(_) => source.lenient(label, read::word).or(word),
            Err(_) => None,
        }
    }

    fn is_object(&self) -> bool {
        self.object.shape != Shape::Absent
    }

    /// Refuses an object with a duplicate key.
    pub(super) fn check(&self, at: At<'_>) -> Result<(), ParseError> {
        at.usable(self.object.shape)
    }

    pub(super) fn note(&self, source: Source<'_>, at: At<'_>, notes: &mut Vec<FieldWarning>) {
        if !self.is_object() {
            return source.note(at, self.word, read::text, notes);
        }
        let (code, label) = (self.object.code, self.object.label);
        if self.object.shape == Shape::Mismatch {
            return at.note(FieldError::NotAnObject, notes);
        }
        match source.strict(at.key("code"), code, read::text_or_number) {
            Ok(Some(_)) if !read::is_number(source.raw(code)) => {}
            Ok(_) => source.note(at.key("label"), label, read::text, notes),
            Err(error) => notes.extend(FieldWarning::of(error)),
        }
    }
}

/// Whether a text is one of the gateway's numbers instead of a name: of a status, which
/// the label or the other field may name, or of a currency.
pub(super) fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}
