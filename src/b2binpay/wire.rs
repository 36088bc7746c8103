//! The index of a callback's JSON:API document.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::operation::{DepositFields, DestinationFields, PayoutFields};
use super::resource::{CurrencyFields, TransferFields};
use crate::fields::fields;
use crate::wire::{
    InPlace, List, NUMBER, Place, Scan, Shape, Span, Verbatim, fill_from, scalars, skip_list,
};

fields! {
    index Document {
        part data: Resource<Operation> = "data";
        part included: List<Resource<Included>> = "included";
        part meta: Meta = "meta";
    }

    index Meta {
        raw time = "time";
        raw sign = "sign";
    }

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

/// `data`, or an entry of `included`: its attributes are read by its type.
#[derive(Default)]
pub(crate) struct Resource<A> {
    pub(crate) kind: Span,
    pub(crate) id: Span,
    pub(crate) attributes: A,
    pub(crate) relationships: Relationships,
    pub(crate) shape: Shape,
    /// It can't be read, and nothing depends on it: an anomaly.
    pub(crate) is_left_out: bool,
}

/// What a resource's type says that its attributes are.
pub(crate) trait Attributes: Place {
    /// Those of a resource of this type, still to be read.
    fn of(kind: &str) -> Self;

    /// Attributes that stood in front of the type.
    fn held(&self) -> Verbatim;
}

/// The attributes that each type has; `Other` stands for another type, and for
/// attributes in front of the type.
macro_rules! attributes {
    ($( $(#[$meta:meta])* $Name:ident { $( $Variant:ident($Fields:ty) = $kind:literal, )+ } )+) => {$(
        $(#[$meta])*
        pub(crate) enum $Name {
            $( $Variant($Fields), )+
            Other(Verbatim),
        }

        impl Default for $Name {
            fn default() -> Self {
                Self::Other(Verbatim::default())
            }
        }

        impl Place for $Name {
            #[inline]
            fn is_absent(&self) -> bool {
                match self {
                    $( Self::$Variant(fields) => fields.is_absent(), )+
                    Self::Other(other) => other.is_absent(),
                }
            }

            #[inline]
            fn fill<'b, D: Deserializer<'b>>(
                &mut self,
                json: D,
                scan: &mut Scan<'b>,
            ) -> Result<(), D::Error> {
                match self {
                    $( Self::$Variant(fields) => fields.fill(json, scan), )+
                    Self::Other(other) => other.fill(json, scan),
                }
            }
        }

        impl Attributes for $Name {
            fn of(kind: &str) -> Self {
                match kind {
                    $( $kind => Self::$Variant(<$Fields>::default()), )+
                    _ => Self::default(),
                }
            }

            fn held(&self) -> Verbatim {
                match self {
                    Self::Other(held) => *held,
                    _ => Verbatim::default(),
                }
            }
        }
    )+};
}

attributes! {
    Operation {
        Deposit(DepositFields) = "deposit",
        Payout(PayoutFields) = "payout",
    }

    Included {
        Currency(CurrencyFields) = "currency",
        Transfer(TransferFields) = "transfer",
    }
}

impl<A: Attributes> Resource<A> {
    /// Reads the value of a known key, once; a second one is only remembered.
    fn fill_key<'b, M: MapAccess<'b>>(
        &mut self,
        key: &'static str,
        map: &mut M,
        scan: &mut Scan<'b>,
    ) -> Result<(), M::Error> {
        match key {
            "type" if self.kind.is_absent() => {
                map.next_value_seed(InPlace(&mut self.kind, scan))?;
                // Unescaped, so that no spelling hides a transfer.
                let attributes = A::of(scan.characters(self.kind));
                let held = std::mem::replace(&mut self.attributes, attributes).held();
                if held.is_absent() {
                    return Ok(());
                }
                let value = scan.verbatim(held);
                fill_from(&mut self.attributes, value, scan).map_err(serde::de::Error::custom)
            }
            "id" if self.id.is_absent() => map.next_value_seed(InPlace(&mut self.id, scan)),
            "relationships" if self.relationships.is_absent() => {
                map.next_value_seed(InPlace(&mut self.relationships, scan))
            }
            "attributes" if self.attributes.is_absent() => {
                map.next_value_seed(InPlace(&mut self.attributes, scan))
            }
            _ => {
                self.shape = match key {
                    NUMBER => Shape::Mismatch,
                    key => Shape::Twice(key),
                };
                map.next_value().map(|IgnoredAny| ())
            }
        }
    }
}

impl<A: Attributes> Place for Resource<A> {
    fn is_absent(&self) -> bool {
        self.shape == Shape::Absent
    }

    fn fill<'b, D: Deserializer<'b>>(
        &mut self,
        json: D,
        scan: &mut Scan<'b>,
    ) -> Result<(), D::Error> {
        struct ResourceVisitor<'s, 'b, A>(&'s mut Resource<A>, &'s mut Scan<'b>);

        impl<'b, A: Attributes> Visitor<'b> for ResourceVisitor<'_, 'b, A> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a resource")
            }

            fn visit_map<M: MapAccess<'b>>(self, mut map: M) -> Result<(), M::Error> {
                self.0.shape = Shape::Sound;
                while let Some(Key(key)) = map.next_key()? {
                    match key {
                        Some(key) => self.0.fill_key(key, &mut map, self.1)?,
                        None => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(())
            }

            fn visit_seq<S: SeqAccess<'b>>(self, list: S) -> Result<(), S::Error> {
                self.0.shape = skip_list(list)?;
                Ok(())
            }

            scalars!();
        }

        json.deserialize_any(ResourceVisitor(self, scan))
    }
}

/// A known key of a resource.
struct Key(Option<&'static str>);

impl<'b> Deserialize<'b> for Key {
    fn deserialize<D: Deserializer<'b>>(key: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                let known = ["type", "id", "attributes", "relationships", NUMBER];
                Ok(Key(known.into_iter().find(|known| *known == key)))
            }
        }

        key.deserialize_identifier(KeyVisitor)
    }
}

/// Where to pay to: nothing, one object or a list of objects.
#[derive(Default)]
pub(crate) struct Destinations {
    value: Span,
    pub(crate) list: List<DestinationFields>,
}

impl Place for Destinations {
    fn is_absent(&self) -> bool {
        self.value.is_absent()
    }

    fn fill<'b, D: Deserializer<'b>>(
        &mut self,
        json: D,
        scan: &mut Scan<'b>,
    ) -> Result<(), D::Error> {
        let mut value = Verbatim::default();
        value.fill(json, scan)?;
        self.value = value.0;
        let text = scan.verbatim(value);
        let filled = if text.starts_with('{') {
            let mut entry = DestinationFields::default();
            let filled = fill_from(&mut entry, text, scan);
            self.list.items.push(entry);
            self.list.shape = Shape::Sound;
            filled
        } else {
            fill_from(&mut self.list, text, scan)
        };
        // A key that is no text.
        if filled.is_err() {
            self.list = List {
                items: Vec::new(),
                shape: Shape::Mismatch,
            };
        }
        Ok(())
    }
}
