//! [`fields!`]: each field of a gateway's objects, declared once.
//!
//! ```text
//! fields! {
//!     /// A movement of money in the blockchain.
//!     index TransferFields for Transfer<'a> {
//!         /// Confirmations so far.
//!         lenient confirmations: u32 = "confirmations" as count;
//!     }
//! }
//! ```
//!
//! That line is the field's place in the index, its accessor, its part in `Debug`,
//! `Serialize` and `PartialEq`, and the warning for an invalid value. It states how
//! the field is read:
//!
//! - `required` and `strict` fields are essential: an invalid value is refused when
//!   the body is parsed. A required field must be present.
//! - `lenient` fields are read on access; an invalid value counts as absent and is
//!   listed among the warnings.
//! - `json` fields are passed on as sent.
//! - `custom` fields have an accessor outside the macro, which returns an `Option`;
//!   so do `object` fields, which are always present.
//! - `raw` fields have a place only, and a `part` is a nested object or array: the
//!   code outside the macro reads them.
//!
//! What follows `as` is one of the conversions of [`crate::read`]; its result becomes
//! the field's type by [`FromValue`].
//!
//! An index for a type with a lifetime declares that type, a view, `with` what it needs
//! besides; what it has `also` is shown and compared as well. An index for a type
//! without one reads a whole body, whose type is declared beside the macro and has the
//! methods `source` and `fields`. A `view` reads another type's index.

/// Converts a value that was read into the field's type.
pub(crate) trait FromValue<V> {
    fn from_value(value: V) -> Self;
}

impl<T> FromValue<T> for T {
    #[inline]
    fn from_value(value: T) -> T {
        value
    }
}

macro_rules! fields {
    () => {};

    ( index $Index:ident { $($body:tt)* } $($rest:tt)* ) => {
        $crate::fields::fields!(@index $Index { $($body)* });
        $crate::fields::fields!($($rest)*);
    };

    ( index $Index:ident for $View:ident { $($body:tt)* } $($rest:tt)* ) => {
        $crate::fields::fields!(@index $Index { $($body)* });
        $crate::fields::fields!(@view $View [] [] { $($body)* });
        $crate::fields::fields!($($rest)*);
    };

    (
        $(#[$meta:meta])*
        index $Index:ident for $View:ident<$life:lifetime>
        $(with $extra:ident: $Extra:ty)? $(, also $($also:ident),+)? {
            $($body:tt)*
        }
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy)]
        pub struct $View<$life> {
            source: $crate::read::Source<$life>,
            fields: &$life $Index,
            $( $extra: $Extra, )?
        }

        impl<$life> $View<$life> {
            fn source(&self) -> $crate::read::Source<$life> {
                self.source
            }

            fn fields(&self) -> &$life $Index {
                self.fields
            }
        }

        $crate::fields::fields!(@index $Index { $($body)* });
        $crate::fields::fields!(@view $View [$life] [$($($also)+)?] { $($body)* });
        $crate::fields::fields!($($rest)*);
    };

    ( view $View:ident { $($body:tt)* } $($rest:tt)* ) => {
        $crate::fields::fields!(@view $View [] [] { $($body)* });
        $crate::fields::fields!($($rest)*);
    };

    (@index $Index:ident {
        $( $(#[$doc:meta])* $mode:ident $field:ident $(: $Type:ty)? = $key:literal $(as $convert:ident)?; )*
    }) => {
        #[derive(Default)]
        pub(crate) struct $Index {
            $( pub(crate) $field: $crate::fields::fields!(@place $mode [$($Type)?]), )*
            pub(crate) shape: $crate::span::Shape,
        }

        impl $crate::wire::Place for $Index {
            #[inline]
            fn is_absent(&self) -> bool {
                self.shape == $crate::span::Shape::Absent
            }

            #[inline]
            fn fill(&mut self, scan: &mut $crate::scan::Scan<'_>) {
                self.shape = scan.enter(b'{');
                if self.shape != $crate::span::Shape::Sound {
                    return;
                }
                while let Some(key) = scan.next_key() {
                    // All scalars are read in one place, without a copy of the code
                    // for each.
                    let scalar: Option<(&mut $crate::span::Span, &'static &'static str)> = match key {
                        $( key if key == $key.as_bytes() => {
                            $crate::fields::fields!(@fill $mode self scan $field $key)
                        } )*
                        _ => None,
                    };
                    if let Some((scalar, key)) = scalar {
                        if $crate::wire::Place::is_absent(scalar) {
                            *scalar = scan.text();
                            continue;
                        }
                        self.shape = $crate::span::Shape::Twice(key);
                    }
                    scan.value();
                }
            }
        }
    };

    (@place part [$Type:ty]) => { $Type };
    (@place custom [$Type:ty]) => { $Type };
    (@place object [$Type:ty]) => { $Type };
    (@place json [$Type:ty]) => { $crate::wire::Verbatim };
    (@place $mode:ident [$($Type:ty)?]) => { $crate::span::Span };

    (@fill part $self:ident $scan:ident $field:ident $key:literal) => {{
        if $crate::wire::Place::is_absent(&$self.$field) {
            $crate::wire::Place::fill(&mut $self.$field, $scan);
            continue;
        }
        $self.shape = $crate::span::Shape::Twice(&$key);
        None
    }};
    (@fill object $($rest:tt)*) => { $crate::fields::fields!(@fill part $($rest)*) };
    (@fill custom $($rest:tt)*) => { $crate::fields::fields!(@fill part $($rest)*) };
    (@fill json $($rest:tt)*) => { $crate::fields::fields!(@fill part $($rest)*) };
    (@fill $mode:ident $self:ident $scan:ident $field:ident $key:literal) => {
        Some((&mut $self.$field, &$key))
    };

    (@view $View:ident [$($life:lifetime)?] [$($also:ident)*] {
        $( $(#[$doc:meta])* $mode:ident $field:ident $(: $Type:ty)? = $key:literal $(as $convert:ident)?; )*
    }) => {
        impl $(<$life>)? $View $(<$life>)? {
            $( $crate::fields::fields!(
                @accessor $mode [$(#[$doc])*] $field [$($Type)?] [$($convert)?]
            ); )*

            /// Refuses invalid values of the essential fields.
            #[allow(unused_variables, reason = "where no field matters")]
            #[inline]
            fn check_fields(&self, at: $crate::read::At<'_>) -> Result<(), $crate::error::ParseError> {
                let (source, fields) = (self.source(), self.fields());
                $( $crate::fields::fields!(
                    @check $mode source fields at $field $key [$($convert)?]
                ); )*
                Ok(())
            }

            /// Records invalid values of the other fields.
            #[allow(unused_variables, clippy::ptr_arg, reason = "where no field is incidental")]
            fn note_fields(&self, at: $crate::read::At<'_>, notes: &mut Vec<$crate::error::FieldWarning>) {
                let (source, fields) = (self.source(), self.fields());
                $( $crate::fields::fields!(
                    @note $mode source fields at notes $field $key [$($convert)?]
                ); )*
            }

            #[allow(dead_code, reason = "what is no body of its own is written by `Serialize`")]
            pub(crate) fn serialize_fields<M: serde::ser::SerializeMap>(
                &self,
                map: &mut M,
            ) -> Result<(), M::Error> {
                $( $crate::fields::fields!(@serialize $mode self map $field $key); )*
                Ok(())
            }

            #[allow(dead_code, reason = "where a body shows less of itself")]
            fn debug_fields(&self, debug: &mut std::fmt::DebugStruct<'_, '_>) {
                $( $crate::fields::fields!(@debug $mode self debug $field); )*
            }
        }

        $crate::fields::fields!(@object $View [$($life)?] [$($also)*] [$( $mode $field )*]);
    };

    // A whole body implements its own output and serialization, and has no `==`.
    (@object $View:ident [] $($rest:tt)*) => {};
    (@object $View:ident [$life:lifetime] [$($also:ident)*] [$($mode:ident $field:ident)*]) => {
        impl<$life> std::fmt::Debug for $View<$life> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut debug = f.debug_struct(stringify!($View));
                $( debug.field(stringify!($also), &self.$also()); )*
                self.debug_fields(&mut debug);
                debug.finish()
            }
        }

        impl<$life> serde::Serialize for $View<$life> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                self.serialize_fields(&mut map)?;
                serde::ser::SerializeMap::end(map)
            }
        }

        impl<$life> PartialEq for $View<$life> {
            fn eq(&self, other: &Self) -> bool {
                true $( && self.$also() == other.$also() )*
                    $( && $crate::fields::fields!(@equal $mode self other $field) )*
            }
        }

        impl<$life> Eq for $View<$life> {}
    };

    (@accessor required [$($doc:tt)*] $field:ident [$Type:ty] [$convert:ident]) => {
        $($doc)*
        #[must_use]
        #[inline]
        pub fn $field(&self) -> $Type {
            let value = self.source().lenient(self.fields().$field, $crate::read::$convert);
            <$Type as $crate::fields::FromValue<_>>::from_value(value.unwrap_or_default())
        }
    };
    (@accessor json [$($doc:tt)*] $field:ident [$Type:ty] []) => {
        $($doc)*
        #[must_use]
        pub fn $field(&self) -> Option<$Type> {
            self.source().lenient(self.fields().$field.0, $crate::read::json)
        }
    };
    (@accessor raw $($rest:tt)*) => {};
    (@accessor part $($rest:tt)*) => {};
    (@accessor custom $($rest:tt)*) => {};
    (@accessor object $($rest:tt)*) => {};
    (@accessor $mode:ident [$($doc:tt)*] $field:ident [$Type:ty] [$convert:ident]) => {
        $($doc)*
        #[must_use]
        #[inline]
        pub fn $field(&self) -> Option<$Type> {
            let value = self.source().lenient(self.fields().$field, $crate::read::$convert);
            value.map(<$Type as $crate::fields::FromValue<_>>::from_value)
        }
    };

    (@check required $source:ident $fields:ident $at:ident $field:ident $key:literal [$convert:ident]) => {
        $source.required($at.key($key), $fields.$field, $crate::read::$convert)?;
    };
    (@check strict $source:ident $fields:ident $at:ident $field:ident $key:literal [$convert:ident]) => {
        $source.strict($at.key($key), $fields.$field, $crate::read::$convert)?;
    };
    (@check $($rest:tt)*) => {};

    (@note lenient $source:ident $fields:ident $at:ident $notes:ident $field:ident $key:literal [$convert:ident]) => {
        $source.note($at.key($key), $fields.$field, $crate::read::$convert, $notes);
    };
    (@note $($rest:tt)*) => {};

    (@serialize raw $($rest:tt)*) => {};
    (@serialize part $($rest:tt)*) => {};
    (@serialize object $($rest:tt)*) => { $crate::fields::fields!(@serialize required $($rest)*) };
    (@serialize required $self:ident $map:ident $field:ident $key:literal) => {
        $map.serialize_entry($key, &$self.$field())?;
    };
    (@serialize $mode:ident $self:ident $map:ident $field:ident $key:literal) => {
        if let Some(value) = $self.$field() {
            $map.serialize_entry($key, &value)?;
        }
    };

    (@debug raw $($rest:tt)*) => {};
    (@debug part $($rest:tt)*) => {};
    (@debug $mode:ident $self:ident $debug:ident $field:ident) => {
        $debug.field(stringify!($field), &$self.$field());
    };

    (@equal raw $($rest:tt)*) => { true };
    (@equal part $($rest:tt)*) => { true };
    (@equal $mode:ident $self:ident $other:ident $field:ident) => {
        $self.$field() == $other.$field()
    };
}
pub(crate) use fields;

#[cfg(test)]
mod tests;
