//! How a payment's state is written as a string, and read again.
//!
//! A flat list of fields in the order of declaration, each ended by a comma. What is
//! zero, false, absent or empty is an empty field; a present value follows a `1`; a list
//! follows its length. A text is percent-encoded where it has a comma, a control
//! character or anything beyond ASCII, so that every database stores it unmodified.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use percent_encoding::{percent_decode_str, utf8_percent_encode};

use crate::amount::Amount;
use crate::digest::ESCAPED;
use crate::event::PartOutcome;
use crate::payment::change::Reasons;
use crate::payment::state::{Closed, Delivery, Instant, Marks, Name, PartState, State};
use crate::shared_str::SharedStr;

/// More than any of the bounds of rule 17.
const MAX_ITEMS: usize = 1_000;

/// Writes a state.
pub(super) fn write(state: &State) -> String {
    // A payment of one transfer takes about this much.
    let mut text = String::with_capacity(300);
    state.write(&mut text);
    text
}

/// Reads a state; `None` if the text is not one.
pub(super) fn read(text: &str) -> Option<State> {
    // The texts and amounts of the state are slices of one copy.
    let shared = Arc::from(text);
    let mut fields = Fields {
        rest: &shared,
        shared: &shared,
    };
    let state = State::read(&mut fields)?;
    fields.rest.is_empty().then_some(state)
}

/// The fields that are still to be read.
struct Fields<'s> {
    rest: &'s str,
    shared: &'s Arc<str>,
}

impl<'s> Fields<'s> {
    fn next(&mut self) -> Option<&'s str> {
        // Most fields have less than ten characters.
        let end = self.rest.bytes().position(|byte| byte == b',')?;
        let (field, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.get(1..)?;
        Some(field)
    }

    fn next_text(&mut self) -> Option<SharedStr> {
        let field = self.next()?;
        Some(SharedStr::slice(self.shared, field))
    }
}

/// A value that takes one field or several.
trait Stored: Sized {
    fn write(&self, text: &mut String);
    fn read(fields: &mut Fields<'_>) -> Option<Self>;
}

/// Each struct's fields, in their stored order.
macro_rules! stored {
    ($($Type:ident { $($field:ident),+ })+) => {$(
        impl Stored for $Type {
            fn write(&self, text: &mut String) {
                $(self.$field.write(text);)+
            }

            fn read(fields: &mut Fields<'_>) -> Option<Self> {
                Some(Self { $($field: Stored::read(fields)?),+ })
            }
        }
    )+};
}

stored! {
    State { parts, deliveries, reported, own, total_paid, closed, failed, awaits_parts, was_paid }
    PartState {
        id, alias, amount, value, outcome, time, first, order, credited, rejected, lasting, reported,
        marks, owner
    }
    Delivery { name, copy, part, has_effect, others }
    Closed { at }
    Instant { seconds, nanoseconds }
}

impl<T: Stored> Stored for Vec<T> {
    fn write(&self, text: &mut String) {
        self.len().write(text);
        for item in self {
            item.write(text);
        }
    }

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let length = usize::read(fields).filter(|length| *length <= MAX_ITEMS)?;
        (0..length).map(|_| T::read(fields)).collect()
    }
}

impl<T: Stored> Stored for Option<T> {
    fn write(&self, text: &mut String) {
        self.is_some().write(text);
        if let Some(value) = self {
            value.write(text);
        }
    }

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        if bool::read(fields)? {
            T::read(fields).map(Some)
        } else {
            Some(None)
        }
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    fn write(&self, text: &mut String) {
        self.0.write(text);
        self.1.write(text);
    }

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some((A::read(fields)?, B::read(fields)?))
    }
}

impl Stored for SharedStr {
    fn write(&self, text: &mut String) {
        text.extend(utf8_percent_encode(self, ESCAPED));
        text.push(',');
    }

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let text = fields.next_text()?;
        match percent_decode_str(&text).decode_utf8().ok()? {
            Cow::Borrowed(_) => Some(text),
            Cow::Owned(decoded) => Some(decoded.into()),
        }
    }
}

impl Stored for Name {
    fn write(&self, text: &mut String) {
        text.push_str(self.digits(&mut [0; 32]));
        text.push(',');
    }

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Self::parse(fields.next()?)
    }
}

macro_rules! numbers {
    ($($Type:ty),+) => {$(
        impl Stored for $Type {
            fn write(&self, text: &mut String) {
                if *self != 0 {
                    // Writing to a string does not fail.
                    let _ = write!(text, "{self}");
                }
                text.push(',');
            }

            fn read(fields: &mut Fields<'_>) -> Option<Self> {
                match fields.next()? {
                    "" => Some(0),
                    field => field.parse().ok(),
                }
            }
        }
    )+};
}

numbers!(u8, u16, u32, usize, i64);

impl Stored for bool {
    fn write(&self, text: &mut String) {
        text.push_str(if *self { "1," } else { "," });
    }

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        match fields.next()? {
            "" => Some(false),
            "1" => Some(true),
            _ => None,
        }
    }
}

impl Stored for Amount {
    fn write(&self, text: &mut String) {
        if self.as_str() != "0" {
            text.push_str(self.as_str());
        }
        text.push(',');
    }

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let text = fields.next_text()?;
        if text.is_empty() {
            return Some(Self::default());
        }
        Self::from_sum_text(text)
    }
}

macro_rules! by_number {
    ($($Type:ty: $to:expr, $from:expr;)+) => {$(
        impl Stored for $Type {
            fn write(&self, text: &mut String) {
                $to(*self).write(text);
            }

            fn read(fields: &mut Fields<'_>) -> Option<Self> {
                Stored::read(fields).and_then($from)
            }
        }
    )+};
}

by_number! {
    PartOutcome: PartOutcome::code, PartOutcome::from_code;
    Reasons: Reasons::bits, |bits| Some(Reasons::from_bits(bits));
    Marks: |marks: Marks| marks.0, |bits| Some(Marks(bits));
}
