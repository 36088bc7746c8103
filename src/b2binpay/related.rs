//! What a resource's relationships name.

use super::wire::{Relationship, Relationships};
use crate::error::ParseError;
use crate::read::{self, At, Reader};
use crate::text::Text;

/// The ids that nothing depends on.
#[derive(Default)]
pub(super) struct Related {
    pub(super) currency: Option<Text>,
    pub(super) parent: Option<Text>,
    pub(super) wallet: Option<Text>,
}

impl Related {
    pub(super) fn read(
        reader: &mut Reader,
        at: At<'_>,
        relationships: &Relationships<'_>,
    ) -> Result<Self, ParseError> {
        let at = at.key("relationships");
        if !reader.usable(at, relationships.shape)? {
            return Ok(Self::default());
        }
        Ok(Self {
            currency: hint(reader, at.key("currency"), &relationships.currency)?,
            parent: hint(reader, at.key("parent"), &relationships.parent)?,
            wallet: hint(reader, at.key("wallet"), &relationships.wallet)?,
        })
    }
}

fn hint(
    reader: &mut Reader,
    at: At<'_>,
    relationship: &Relationship<'_>,
) -> Result<Option<Text>, ParseError> {
    if !reader.usable(at, relationship.shape)? {
        return Ok(None);
    }
    let (at, identifier) = (at.key("data"), &relationship.data);
    if !reader.usable(at, identifier.shape)? {
        return Ok(None);
    }
    Ok(reader.lenient(at.key("id"), identifier.id, read::id))
}

/// The transfer that an operation names. Strict: it decides which transfer the
/// signature is compared with.
pub(super) fn transfer(
    reader: &Reader,
    at: At<'_>,
    relationships: &Relationships<'_>,
) -> Result<Option<Text>, ParseError> {
    let relationship = &relationships.transfer;
    let at = at.key("relationships");
    let (transfer, data) = (at.key("transfer"), relationship.data.shape);
    for (at, shape) in [
        (at, relationships.shape),
        (transfer, relationship.shape),
        (transfer.key("data"), data),
    ] {
        if shape.is_nothing() {
            return Ok(None);
        }
        at.sound(shape)?;
    }
    let at = transfer.key("data");
    reader.strict(at.key("id"), relationship.data.id, read::id)
}
