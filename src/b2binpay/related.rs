//! The relationships of a resource.

use crate::error::{FieldWarning, ParseError};
use crate::fields::fields;
use crate::read::{self, At, Source};

fields! {
    index Relationships {
        part currency: Relationship = "currency";
        part parent: Relationship = "parent";
        part transfer: Relationship = "transfer";
        part wallet: Relationship = "wallet";
    }

    index Relationship {
        part data: Identifier = "data";
    }

    index Identifier {
        raw id = "id";
    }
}

/// The id of a relationship, which is incidental.
pub(super) fn id<'a>(source: Source<'a>, relationship: &Relationship) -> Option<&'a str> {
    source.lenient(relationship.data.id, read::id)
}

/// A duplicate key is always an error.
pub(super) fn check(at: At<'_>, relationships: &Relationships) -> Result<(), ParseError> {
    let at = at.key("relationships");
    at.usable(relationships.shape)?;
    for (key, relationship) in incidental(relationships) {
        let at = at.key(key);
        at.usable(relationship.shape)?;
        at.key("data").usable(relationship.data.shape)?;
    }
    Ok(())
}

pub(super) fn note(
    source: Source<'_>,
    at: At<'_>,
    relationships: &Relationships,
    notes: &mut Vec<FieldWarning>,
) {
    let at = at.key("relationships");
    at.note_shape(relationships.shape, notes);
    for (key, relationship) in incidental(relationships) {
        let at = at.key(key);
        at.note_shape(relationship.shape, notes);
        let at = at.key("data");
        at.note_shape(relationship.data.shape, notes);
        source.note(at.key("id"), relationship.data.id, read::id, notes);
    }
}

fn incidental(relationships: &Relationships) -> [(&'static str, &Relationship); 3] {
    [
        ("currency", &relationships.currency),
        ("parent", &relationships.parent),
        ("wallet", &relationships.wallet),
    ]
}

/// The transfer that an operation refers to. Strict: it decides which transfer the
/// signature is checked against.
pub(super) fn transfer<'a>(
    source: Source<'a>,
    at: At<'_>,
    relationships: &Relationships,
) -> Result<Option<&'a str>, ParseError> {
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
    source.strict(at.key("id"), relationship.data.id, read::id)
}
