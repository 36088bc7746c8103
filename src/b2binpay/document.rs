//! The index of a callback's JSON:API document.

use super::included::Included;
use super::operation::Attributes;
use super::wire::Typed;
use crate::fields::fields;
use crate::wire::List;

fields! {
    index Document {
        part data: Typed<Attributes> = "data";
        part included: List<Typed<Included>> = "included";
        part meta: Meta = "meta";
    }

    index Meta {
        raw time = "time";
        raw sign = "sign";
    }
}
