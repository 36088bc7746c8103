//! The private mirror of the JSON that a gateway sends: scalars verbatim,
//! objects borrowed, nothing interpreted.
//!
//! The mirror takes any JSON. What is wrong with it (a list for an object, a
//! key twice) is kept beside the fields, so that [`crate::read`], which knows
//! the path, can name it; serde's own messages would quote the body.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// One JSON value as its own text. `null` never gets here: see [`Slot`].
#[derive(Clone, Copy)]
pub(crate) struct Raw<'a>(pub(crate) &'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Self(raw.get()))
    }
}

/// A known key of an object: not there, `null`, or a value.
#[derive(Default)]
pub(crate) enum Slot<T> {
    #[default]
    Absent,
    Null,
    Is(T),
}

impl<T> Slot<T> {
    /// The value; `null` and absent mean the same to both gateways.
    pub(crate) fn get(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Slot<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::<T>::deserialize(deserializer)?;
        Ok(value.map_or(Self::Null, Self::Is))
    }
}

/// What keeps a mirrored object or list from being read.
#[derive(Clone, Copy, Default)]
pub(crate) enum Shape {
    #[default]
    Sound,
    /// A value of another type stands there.
    Mismatch,
    /// More entries than [`MAX_ENTRIES`].
    TooLong,
    /// This known key stands there twice.
    Twice(&'static str),
}

/// Real bodies list a handful of resources; a mirrored one takes some hundred
/// times the memory of the `{}` that it can be made of.
pub(crate) const MAX_ENTRIES: usize = 1_000;

/// An object's key; borrowed unless it is escaped.
pub(crate) enum Key<'a> {
    Borrowed(&'a str),
    Owned(String),
}

impl Key<'_> {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(key) => key,
            Self::Owned(key) => key,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key::Borrowed(key))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key::Owned(key.to_owned()))
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}

/// The visitor methods for every value that is no composite.
macro_rules! scalars_are_a_mismatch {
    ($Value:ty) => {
        fn visit_bool<E>(self, _: bool) -> Result<$Value, E> {
            Ok(<$Value>::mismatch())
        }

        fn visit_i64<E>(self, _: i64) -> Result<$Value, E> {
            Ok(<$Value>::mismatch())
        }

        fn visit_u64<E>(self, _: u64) -> Result<$Value, E> {
            Ok(<$Value>::mismatch())
        }

        fn visit_f64<E>(self, _: f64) -> Result<$Value, E> {
            Ok(<$Value>::mismatch())
        }

        fn visit_str<E>(self, _: &str) -> Result<$Value, E> {
            Ok(<$Value>::mismatch())
        }

        fn visit_unit<E>(self) -> Result<$Value, E> {
            Ok(<$Value>::mismatch())
        }
    };
}
pub(crate) use scalars_are_a_mismatch;

/// Reads a list to its end and drops it, without recursion.
pub(crate) fn skip_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<(), A::Error> {
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Reads an object to its end and drops it, without recursion.
fn skip_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<(), A::Error> {
    while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Declares the mirror of an object: known keys as [`Slot`]s, unknown ones
/// skipped, and its [`Shape`]. Derived code would take a list for the object.
macro_rules! object {
    ($(
        $(#[$meta:meta])*
        struct $Name:ident { $( $field:ident: $Type:ty = $key:literal, )+ }
    )+) => {$(
        $(#[$meta])*
        #[derive(Default)]
        pub(crate) struct $Name<'a> {
            $( pub(crate) $field: $crate::wire::Slot<$Type>, )+
            pub(crate) shape: $crate::wire::Shape,
            // Some objects hold nothing that borrows.
            pub(crate) body: std::marker::PhantomData<&'a str>,
        }

        impl<'a> $Name<'a> {
            fn mismatch() -> Self {
                Self { shape: $crate::wire::Shape::Mismatch, ..Self::default() }
            }
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $Name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct ObjectVisitor;

                impl<'de> serde::de::Visitor<'de> for ObjectVisitor {
                    type Value = $Name<'de>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        let mut object = $Name::default();
                        while let Some(key) = map.next_key::<$crate::wire::Key<'de>>()? {
                            match key.as_str() {
                                $( $key => {
                                    if !object.$field.is_absent() {
                                        object.shape = $crate::wire::Shape::Twice($key);
                                    }
                                    object.$field = map.next_value()?;
                                } )+
                                _ => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(object)
                    }

                    fn visit_seq<A: serde::de::SeqAccess<'de>>(
                        self,
                        list: A,
                    ) -> Result<Self::Value, A::Error> {
                        $crate::wire::skip_list(list)?;
                        Ok($Name::mismatch())
                    }

                    $crate::wire::scalars_are_a_mismatch!($Name<'de>);
                }

                deserializer.deserialize_any(ObjectVisitor)
            }
        }
    )+};
}
pub(crate) use object;

/// A list of mirrored values.
pub(crate) struct List<T> {
    pub(crate) items: Vec<T>,
    pub(crate) shape: Shape,
}

impl<T> List<T> {
    fn mismatch() -> Self {
        Self {
            items: Vec::new(),
            shape: Shape::Mismatch,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<T>, A::Error> {
                let mut items = Vec::new();
                while items.len() < MAX_ENTRIES {
                    let Some(item) = list.next_element()? else {
                        let shape = Shape::Sound;
                        return Ok(List { items, shape });
                    };
                    items.push(item);
                }
                let shape = match list.next_element::<IgnoredAny>()? {
                    Some(IgnoredAny) => Shape::TooLong,
                    None => Shape::Sound,
                };
                skip_list(list)?;
                Ok(List { items, shape })
            }

            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<List<T>, A::Error> {
                skip_object(object)?;
                Ok(List::mismatch())
            }

            scalars_are_a_mismatch!(List<T>);
        }

        deserializer.deserialize_any(ListVisitor(std::marker::PhantomData))
    }
}
