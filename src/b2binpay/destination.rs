//! [`Destination`]: an address that a deposit or payout is paid to.

use crate::error::{FieldError, FieldWarning, ParseError};
use crate::fields::fields;
use crate::read::{At, Source};
use crate::scan::Scan;
use crate::span::Shape;
use crate::wire::{List, Place};

fields! {
    /// An address to pay to.
    ///
    /// See [`Payout`](super::Payout) for an example.
    index DestinationFields for Destination<'a> {
        /// The address.
        lenient address: &'a str = "address" as text;
        /// The form of the address, if the blockchain has several.
        lenient address_type: &'a str = "address_type" as text_or_number;
        /// A destination tag or memo.
        lenient tag: &'a str = "tag" as text_or_number;
        /// The name of the tag on its blockchain.
        lenient tag_type: &'a str = "tag_type" as text_or_number;
    }
}

/// The destination: missing, one object or an array of objects.
#[derive(Default)]
pub(crate) struct Destinations {
    list: List<DestinationFields>,
}

impl Place for Destinations {
    fn is_absent(&self) -> bool {
        self.list.is_absent()
    }

    fn fill(&mut self, scan: &mut Scan<'_>) {
        if scan.peek() != Some(b'{') {
            return self.list.fill(scan);
        }
        self.list.shape = Shape::Sound;
        self.list.push(scan);
    }
}

impl Destinations {
    pub(super) fn all<'a>(
        &'a self,
        source: Source<'a>,
    ) -> impl Iterator<Item = Destination<'a>> + use<'a> {
        let sound = self.list.items.iter();
        sound
            .filter(|fields| fields.shape == Shape::Sound)
            .map(move |fields| Destination { source, fields })
    }

    pub(super) fn several<'a>(&'a self, source: Source<'a>) -> Option<Vec<Destination<'a>>> {
        let all: Vec<_> = self.all(source).collect();
        (!all.is_empty()).then_some(all)
    }

    pub(super) fn check(&self, source: Source<'_>, at: At<'_>) -> Result<(), ParseError> {
        if self.list.shape == Shape::TooLong {
            return Err(at.error(FieldError::TooManyEntries));
        }
        self.list.items.iter().try_for_each(|fields| {
            at.usable(fields.shape)?;
            Destination { source, fields }.check_fields(at)
        })
    }

    pub(super) fn note(&self, source: Source<'_>, at: At<'_>, notes: &mut Vec<FieldWarning>) {
        at.note_shape(self.list.shape, notes);
        for fields in &self.list.items {
            at.note_shape(fields.shape, notes);
            Destination { source, fields }.note_fields(at, notes);
        }
    }
}
