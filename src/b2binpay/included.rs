//! The resources in `included`: transfers, currencies and unknown types.

use std::fmt;

use super::resource::{Currency, CurrencyFields, Transfer, TransferFields, own_id};
use super::wire::{Resource, Typed, attributes};
use crate::error::{FieldError, FieldWarning, ParseError};
use crate::read::{self, At, RawJson, Source};
use crate::wire::{List, Verbatim};

attributes! {
    Included {
        Currency(CurrencyFields) = "currency",
        Transfer(TransferFields) = "transfer",
    }
}

/// A resource of a type that is unknown to this version.
///
/// See [`RawJson`] for an example.
#[derive(Clone, Copy)]
pub struct OtherResource<'a> {
    source: Source<'a>,
    resource: &'a Resource,
    attributes: Verbatim,
}

impl<'a> OtherResource<'a> {
    /// Returns the JSON:API type; empty if there is none.
    #[must_use]
    pub fn kind(&self) -> &'a str {
        let kind = self.source.lenient(self.resource.kind, read::text);
        kind.unwrap_or_default()
    }

    /// Returns the id, if it is valid.
    #[must_use]
    pub fn id(&self) -> Option<&'a str> {
        own_id(self.source, self.resource)
    }

    /// Returns the attributes as sent.
    #[must_use]
    pub fn attributes(&self) -> Option<RawJson> {
        self.source.lenient(self.attributes.0, read::json)
    }

    fn note(&self, at: At<'_>, notes: &mut Vec<FieldWarning>) {
        let (source, resource) = (self.source, self.resource);
        source.note(at.key("type"), resource.kind, read::text, notes);
        source.note(at.key("id"), resource.id, read::id, notes);
        source.note(at.key("attributes"), self.attributes.0, read::json, notes);
    }
}

impl PartialEq for OtherResource<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.kind(), self.id(), self.attributes())
            == (other.kind(), other.id(), other.attributes())
    }
}

impl Eq for OtherResource<'_> {}

impl fmt::Debug for OtherResource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtherResource")
            .field("kind", &self.kind())
            .field("id", &self.id())
            .field("attributes", &self.attributes())
            .finish()
    }
}

/// The transfers, currencies and other resources of `included`, in its order.
#[derive(Clone, Copy)]
pub(super) struct Resources<'a> {
    source: Source<'a>,
    list: &'a List<Typed<Included>>,
}

impl<'a> Resources<'a> {
    pub(super) fn new(source: Source<'a>, list: &'a List<Typed<Included>>) -> Self {
        Self { source, list }
    }

    fn all(self) -> impl Iterator<Item = (usize, &'a Typed<Included>)> + Clone {
        let all = self.list.items.iter().enumerate();
        all.filter(|(_, Typed { resource, .. })| {
            !resource.is_left_out && !resource.shape.is_nothing()
        })
    }

    pub(super) fn transfers(self) -> impl Iterator<Item = (usize, Transfer<'a>)> + Clone {
        self.all()
            .filter_map(move |(index, entry)| Some((index, self.transfer_of(entry)?)))
    }

    pub(super) fn currencies(self) -> impl Iterator<Item = Currency<'a>> + Clone {
        self.all()
            .filter_map(move |(_, entry)| self.currency_of(entry))
    }

    pub(super) fn others(self) -> impl Iterator<Item = OtherResource<'a>> + Clone {
        self.all()
            .filter_map(move |(_, entry)| self.other_of(entry))
    }

    /// The transfer at this index.
    pub(super) fn transfer(self, index: usize) -> Option<Transfer<'a>> {
        self.transfer_of(self.list.items.get(index)?)
    }

    fn transfer_of(self, entry: &'a Typed<Included>) -> Option<Transfer<'a>> {
        let Included::Transfer(fields) = &entry.attributes else {
            return None;
        };
        Some(Transfer::new(self.source, &entry.resource, fields))
    }

    fn currency_of(self, entry: &'a Typed<Included>) -> Option<Currency<'a>> {
        let Included::Currency(fields) = &entry.attributes else {
            return None;
        };
        Some(Currency::new(self.source, &entry.resource, fields))
    }

    fn other_of(self, entry: &'a Typed<Included>) -> Option<OtherResource<'a>> {
        let Included::Other(attributes) = entry.attributes else {
            return None;
        };
        Some(OtherResource {
            source: self.source,
            resource: &entry.resource,
            attributes,
        })
    }

    /// Refuses invalid resources, and returns those that are left out: `named` is the
    /// transfer that the callback refers to; another invalid one is only a warning
    /// and does not make the payment fail.
    pub(super) fn check(self, named: Option<&str>) -> Result<Vec<usize>, ParseError> {
        let mut left_out = Vec::new();
        for (index, entry) in self.all() {
            let at = At::Root.entry("included", index);
            at.sound(entry.resource.shape)?;
            let own = own_id(self.source, &entry.resource);
            if let Some(transfer) = self.transfer_of(entry) {
                let is_another = named.is_some_and(|named| own != Some(named));
                match transfer.check(at) {
                    Err(error) if is_another && !is_twice(&error) => left_out.push(index),
                    checked => checked?,
                }
            } else if let Some(currency) = self.currency_of(entry) {
                // Without an id, it cannot be referred to.
                if own.is_none() {
                    left_out.push(index);
                    continue;
                }
                currency.check(at)?;
            }
        }
        Ok(left_out)
    }

    /// The resources that [`check`](Self::check) left out, and the invalid fields of
    /// the rest.
    pub(super) fn note(self, notes: &mut Vec<FieldWarning>) {
        for (index, entry) in self.list.items.iter().enumerate() {
            let at = At::Root.entry("included", index);
            if let Some(transfer) = self.transfer_of(entry) {
                transfer.note(at, notes);
            } else if let Some(currency) = self.currency_of(entry) {
                currency.note(at, notes);
            } else if let Some(other) = self.other_of(entry) {
                other.note(at, notes);
            }
        }
    }
}

/// Marks the resources that [`Resources::check`] left out.
pub(super) fn leave_out(list: &mut List<Typed<Included>>, left_out: Vec<usize>) {
    for index in left_out {
        if let Some(entry) = list.items.get_mut(index) {
            entry.resource.is_left_out = true;
        }
    }
}

/// A duplicate key is always an error.
fn is_twice(error: &ParseError) -> bool {
    matches!(
        error,
        ParseError::Field {
            reason: FieldError::DuplicateKey,
            ..
        }
    )
}
