//! A JSON:API resource in the index of a body, and its attributes, which are read by its
//! type.

use super::related::Relationships;
use crate::scan::Scan;
use crate::span::{Shape, Span};
use crate::wire::{Place, Verbatim};

/// The members of resources of all types.
#[derive(Default)]
pub(crate) struct Resource {
    pub(crate) kind: Span,
    pub(crate) id: Span,
    pub(crate) relationships: Relationships,
    pub(crate) shape: Shape,
    /// It is invalid but incidental: a warning.
    pub(crate) is_left_out: bool,
}

/// `data`, or an entry of `included`.
#[derive(Default)]
pub(crate) struct Typed<A> {
    pub(crate) resource: Resource,
    pub(crate) attributes: A,
}

/// The attributes of a resource, by its type.
pub(crate) trait TypeAttributes: Place {
    /// Attributes of a resource of this type, not read yet.
    fn of(kind: &str) -> Self;

    /// Attributes that precede the type.
    fn held(&self) -> Verbatim;
}

impl<A: TypeAttributes> Place for Typed<A> {
    fn is_absent(&self) -> bool {
        self.resource.shape == Shape::Absent
    }

    fn fill(&mut self, scan: &mut Scan<'_>) {
        self.resource.shape = scan.enter(b'{');
        if self.resource.shape != Shape::Sound {
            return;
        }
        while let Some(key) = scan.next_key() {
            let twice = match key {
                b"type" if self.resource.kind.is_absent() => {
                    self.resource.kind.fill(scan);
                    // Unescaped, so that escapes cannot hide a transfer.
                    let attributes = A::of(scan.characters(self.resource.kind));
                    let Verbatim(held) = std::mem::replace(&mut self.attributes, attributes).held();
                    if !held.is_absent() {
                        scan.again(held, |scan| self.attributes.fill(scan));
                    }
                    continue;
                }
                b"id" if self.resource.id.is_absent() => {
                    self.resource.id.fill(scan);
                    continue;
                }
                b"attributes" if self.attributes.is_absent() => {
                    self.attributes.fill(scan);
                    continue;
                }
                b"relationships" if self.resource.relationships.is_absent() => {
                    self.resource.relationships.fill(scan);
                    continue;
                }
                b"type" => Some(&"type"),
                b"id" => Some(&"id"),
                b"attributes" => Some(&"attributes"),
                b"relationships" => Some(&"relationships"),
                _ => None,
            };
            if let Some(key) = twice {
                self.resource.shape = Shape::Twice(key);
            }
            scan.value();
        }
    }
}

/// The attributes of each type; `Other` is for other types, and for attributes that
/// precede the type.
macro_rules! attributes {
    ($( $(#[$meta:meta])* $Name:ident { $( $Variant:ident($Fields:ty) = $kind:literal, )+ } )+) => {$(
        $(#[$meta])*
        pub(crate) enum $Name {
            $( $Variant($Fields), )+
            Other($crate::wire::Verbatim),
        }

        impl Default for $Name {
            fn default() -> Self {
                Self::Other($crate::wire::Verbatim::default())
            }
        }

        impl $crate::wire::Place for $Name {
            #[inline]
            fn is_absent(&self) -> bool {
                match self {
                    $( Self::$Variant(fields) => $crate::wire::Place::is_absent(fields), )+
                    Self::Other(other) => $crate::wire::Place::is_absent(other),
                }
            }

            #[inline]
            fn fill(&mut self, scan: &mut $crate::scan::Scan<'_>) {
                match self {
                    $( Self::$Variant(fields) => $crate::wire::Place::fill(fields, scan), )+
                    Self::Other(other) => $crate::wire::Place::fill(other, scan),
                }
            }
        }

        impl $crate::b2binpay::wire::TypeAttributes for $Name {
            fn of(kind: &str) -> Self {
                match kind {
                    $( $kind => Self::$Variant(<$Fields>::default()), )+
                    _ => Self::default(),
                }
            }

            fn held(&self) -> $crate::wire::Verbatim {
                match self {
                    Self::Other(held) => *held,
                    _ => $crate::wire::Verbatim::default(),
                }
            }
        }
    )+};
}

pub(crate) use attributes;
