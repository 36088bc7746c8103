//! The private mirror of the JSON that a gateway sends: scalars verbatim,
//! objects borrowed, nothing interpreted.
//!
//! The mirror takes any JSON. What is wrong with it (a list for an object, a
//! key twice) is kept beside the fields, so that [`crate::read`], which knows
//! the path, can name it; serde's own messages would quote the body. Every
//! part is filled where it stands: moving half-read objects around was a third
//! of the time. Its pieces are small and run for every key, so they ask to be
//! inlined: that is a tenth of the time.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

/// A part of the mirror.
pub(crate) trait Mirror<'de>: Default {
    /// Whether its key has not been seen yet.
    fn is_absent(&self) -> bool;

    /// Reads a value into it.
    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error>;
}

/// Fills a part where it stands.
pub(crate) struct InPlace<'s, T>(pub(crate) &'s mut T);

impl<'de, T: Mirror<'de>> DeserializeSeed<'de> for InPlace<'_, T> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.fill(deserializer)
    }
}

/// One JSON value as its own text; empty while there is none.
#[derive(Clone, Copy, Default)]
pub(crate) struct Raw<'a>(pub(crate) &'a str);

impl Raw<'_> {
    /// The value; `null` and absent mean the same to both gateways.
    #[inline]
    pub(crate) fn present(self) -> Option<Self> {
        (!matches!(self.0, "" | "null")).then_some(self)
    }

    /// The value, where empty text means nothing as well.
    #[inline]
    pub(crate) fn filled(self) -> Option<Self> {
        self.present().filter(|raw| raw.0 != r#""""#)
    }
}

impl<'de: 'a, 'a> Mirror<'de> for Raw<'a> {
    #[inline]
    fn is_absent(&self) -> bool {
        self.0.is_empty()
    }

    #[inline]
    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        self.0 = <&RawValue>::deserialize(deserializer)?.get();
        Ok(())
    }
}

/// The state of a mirrored object or list.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Shape {
    /// Its key is not there.
    #[default]
    Absent,
    /// `null`, or what some serializers write for an object without fields:
    /// an empty list or text.
    Blank,
    /// A value of another type stands there.
    Mismatch,
    Sound,
    /// More entries than [`MAX_ENTRIES`].
    TooLong,
    /// This known key stands there twice.
    Twice(&'static str),
}

impl Shape {
    /// Whether there is nothing: both gateways mean the same by `null`, empty
    /// and absent.
    pub(crate) fn is_nothing(self) -> bool {
        matches!(self, Self::Absent | Self::Blank)
    }
}

/// Real bodies list a handful of resources; a mirrored one takes some hundred
/// times the memory of the `{}` that it can be made of.
pub(crate) const MAX_ENTRIES: usize = 1_000;

/// How a number looks to a visitor where somebody's build has serde_json's
/// `arbitrary_precision` on: an object with this key.
pub(crate) const NUMBER: &str = "$serde_json::private::Number";

/// The visitor methods of what is neither a list nor an object.
macro_rules! scalars {
    () => {
        fn visit_bool<E>(self, _: bool) -> Result<(), E> {
            self.0.shape = $crate::wire::Shape::Mismatch;
            Ok(())
        }

        fn visit_i64<E>(self, _: i64) -> Result<(), E> {
            self.0.shape = $crate::wire::Shape::Mismatch;
            Ok(())
        }

        fn visit_u64<E>(self, _: u64) -> Result<(), E> {
            self.0.shape = $crate::wire::Shape::Mismatch;
            Ok(())
        }

        fn visit_f64<E>(self, _: f64) -> Result<(), E> {
            self.0.shape = $crate::wire::Shape::Mismatch;
            Ok(())
        }

        fn visit_str<E>(self, text: &str) -> Result<(), E> {
            self.0.shape = if text.is_empty() {
                $crate::wire::Shape::Blank
            } else {
                $crate::wire::Shape::Mismatch
            };
            Ok(())
        }

        fn visit_unit<E>(self) -> Result<(), E> {
            self.0.shape = $crate::wire::Shape::Blank;
            Ok(())
        }
    };
}
pub(crate) use scalars;

/// Reads a list that stands for an object to its end, without recursion.
pub(crate) fn skip_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Shape, A::Error> {
    let mut shape = Shape::Blank;
    while list.next_element::<IgnoredAny>()?.is_some() {
        shape = Shape::Mismatch;
    }
    Ok(shape)
}

/// Declares the mirror of an object: its scalars, behind a semicolon the parts
/// that are mirrored themselves, and its [`Shape`]; unknown keys are skipped.
/// Derived code would take a list for the object.
macro_rules! object {
    ($(
        $(#[$meta:meta])*
        struct $Name:ident {
            $( $scalar:ident = $scalar_key:literal, )*
            $( ; $( $part:ident: $Part:ty = $part_key:literal, )+ )?
        }
    )+) => {$(
        $(#[$meta])*
        #[derive(Default)]
        pub(crate) struct $Name<'a> {
            $( pub(crate) $scalar: $crate::wire::Raw<'a>, )*
            $( $( pub(crate) $part: $Part, )+ )?
            pub(crate) shape: $crate::wire::Shape,
        }

        impl<'de: 'a, 'a> $crate::wire::Mirror<'de> for $Name<'a> {
            #[inline]
            fn is_absent(&self) -> bool {
                self.shape == $crate::wire::Shape::Absent
            }

            #[inline]
            fn fill<D: serde::Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
                #[allow(non_camel_case_types, reason = "named for its field")]
                enum Key { $( $scalar, )* $( $( $part, )+ )? Number_, Unknown_ }

                impl<'de> serde::Deserialize<'de> for Key {
                    #[inline]
                    fn deserialize<D: serde::Deserializer<'de>>(key: D) -> Result<Self, D::Error> {
                        key.deserialize_identifier(KeyVisitor)
                    }
                }

                struct KeyVisitor;

                impl serde::de::Visitor<'_> for KeyVisitor {
                    type Value = Key;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a key")
                    }

                    #[inline]
                    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                        Ok(match key {
                            $( $scalar_key => Key::$scalar, )*
                            $( $( $part_key => Key::$part, )+ )?
                            $crate::wire::NUMBER => Key::Number_,
                            _ => Key::Unknown_,
                        })
                    }
                }

                struct ObjectVisitor<'s, 'a>(&'s mut $Name<'a>);

                impl<'de: 'a, 'a> serde::de::Visitor<'de> for ObjectVisitor<'_, 'a> {
                    type Value = ();

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    #[inline]
                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<(), A::Error> {
                        let object = self.0;
                        object.shape = $crate::wire::Shape::Sound;
                        while let Some(key) = map.next_key::<Key>()? {
                            // One place reads all scalars, not a copy of it for each.
                            let scalar: Option<(&mut $crate::wire::Raw<'a>, &'static str)> = match key {
                                $( Key::$scalar => Some((&mut object.$scalar, $scalar_key)), )*
                                $( $( Key::$part => {
                                    if $crate::wire::Mirror::is_absent(&object.$part) {
                                        map.next_value_seed($crate::wire::InPlace(&mut object.$part))?;
                                        continue;
                                    }
                                    object.shape = $crate::wire::Shape::Twice($part_key);
                                    None
                                } )+ )?
                                Key::Number_ => {
                                    object.shape = $crate::wire::Shape::Mismatch;
                                    None
                                }
                                Key::Unknown_ => None,
                            };
                            if let Some((scalar, key)) = scalar {
                                if $crate::wire::Mirror::is_absent(scalar) {
                                    map.next_value_seed($crate::wire::InPlace(scalar))?;
                                    continue;
                                }
                                object.shape = $crate::wire::Shape::Twice(key);
                            }
                            map.next_value::<serde::de::IgnoredAny>()?;
                        }
                        Ok(())
                    }

                    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
                        self.0.shape = $crate::wire::skip_list(list)?;
                        Ok(())
                    }

                    $crate::wire::scalars!();
                }

                deserializer.deserialize_any(ObjectVisitor(self))
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

impl<T> Default for List<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            shape: Shape::Absent,
        }
    }
}

impl<'de, T: Mirror<'de>> Mirror<'de> for List<T> {
    fn is_absent(&self) -> bool {
        self.shape == Shape::Absent
    }

    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        struct ListVisitor<'s, T>(&'s mut List<T>);

        impl<'de, T: Mirror<'de>> Visitor<'de> for ListVisitor<'_, T> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
                self.0.shape = Shape::Sound;
                while self.0.items.len() < MAX_ENTRIES {
                    if list.next_element_seed(Next(&mut self.0.items))?.is_none() {
                        return Ok(());
                    }
                }
                if skip_list(list)? == Shape::Mismatch {
                    self.0.shape = Shape::TooLong;
                }
                Ok(())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
                self.0.shape = Shape::Blank;
                while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    self.0.shape = Shape::Mismatch;
                }
                Ok(())
            }

            scalars!();
        }

        deserializer.deserialize_any(ListVisitor(self))
    }
}

/// Fills a new entry at the list's end.
struct Next<'s, T>(&'s mut Vec<T>);

impl<'de, T: Mirror<'de>> DeserializeSeed<'de> for Next<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.push(T::default());
        match self.0.last_mut() {
            Some(entry) => entry.fill(deserializer),
            None => Ok(()),
        }
    }
}
