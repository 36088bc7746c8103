//! The index of a callback's JSON:API document.

use super::operation::{DepositFields, DestinationFields, PayoutFields};
use super::resource::{CurrencyFields, TransferFields};
use crate::fields::fields;
use crate::scan::{NotJson, Scan};
use crate::span::{Shape, Span};
use crate::wire::{List, Place, Verbatim};

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
    /// It is invalid but incidental: an warning.
    pub(crate) is_left_out: bool,
}

/// The attributes of a resource, by its type.
pub(crate) trait Attributes: Place {
    /// Attributes of a resource of this type, not read yet.
    fn of(kind: &str) -> Self;

    /// Attributes that precede the type.
    fn held(&self) -> Verbatim;
}

/// The attributes of each type; `Other` is for other types, and for attributes that
/// precede the type.
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
            fn fill(&mut self, scan: &mut Scan<'_>) -> Result<(), NotJson> {
                match self {
                    $( Self::$Variant(fields) => fields.fill(scan), )+
                    Self::Other(other) => other.fill(scan),
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

impl<A: Attributes> Place for Resource<A> {
    fn is_absent(&self) -> bool {
        self.shape == Shape::Absent
    }

    fn fill(&mut self, scan: &mut Scan<'_>) -> Result<(), NotJson> {
        self.shape = scan.enter(b'{')?;
        if self.shape != Shape::Sound {
            return Ok(());
        }
        while let Some(key) = scan.next_key()? {
            let twice = match key {
                "type" if self.kind.is_absent() => {
                    self.kind.fill(scan)?;
                    // Unescaped, so that escapes cannot hide a transfer.
                    let attributes = A::of(scan.characters(self.kind));
                    let Verbatim(held) = std::mem::replace(&mut self.attributes, attributes).held();
                    if !held.is_absent() {
                        scan.again(held, |scan| self.attributes.fill(scan))?;
                    }
                    continue;
                }
                "id" if self.id.is_absent() => {
                    self.id.fill(scan)?;
                    continue;
                }
                "attributes" if self.attributes.is_absent() => {
                    self.attributes.fill(scan)?;
                    continue;
                }
                "relationships" if self.relationships.is_absent() => {
                    self.relationships.fill(scan)?;
                    continue;
                }
                "type" => Some(&"type"),
                "id" => Some(&"id"),
                "attributes" => Some(&"attributes"),
                "relationships" => Some(&"relationships"),
                _ => None,
            };
            if let Some(key) = twice {
                self.shape = Shape::Twice(key);
            }
            scan.value()?;
        }
        Ok(())
    }
}

/// The destination: missing, one object or an array of objects.
#[derive(Default)]
pub(crate) struct Destinations {
    pub(crate) list: List<DestinationFields>,
}

impl Place for Destinations {
    fn is_absent(&self) -> bool {
        self.list.is_absent()
    }

    fn fill(&mut self, scan: &mut Scan<'_>) -> Result<(), NotJson> {
        if scan.peek() != Some(b'{') {
            return self.list.fill(scan);
        }
        self.list.shape = Shape::Sound;
        self.list.push(scan)
    }
}
