//! The macro for enums that a gateway may extend without notice.
//!
//! Documented values are variants. Every other value parses as well, into a hidden
//! variant whose payload cannot be created outside this crate or moved from one enum
//! to another, so a new value is data and does not make a payment fail. `code()` or
//! `as_str()` work for every variant: code that uses them keeps working when a value
//! becomes a variant.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use crate::shared_str::SharedStr;

/// A code of an enum without a variant. Opaque: use the enum's `code()`.
pub struct UnknownCode<E> {
    pub(crate) code: i32,
    of: PhantomData<fn() -> E>,
}

impl<E> UnknownCode<E> {
    pub(crate) fn new(code: i32) -> Self {
        let of = PhantomData;
        Self { code, of }
    }
}

// Derived impls would require the same bounds of the enum.
impl<E> Clone for UnknownCode<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for UnknownCode<E> {}

impl<E> PartialEq for UnknownCode<E> {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code
    }
}

impl<E> Eq for UnknownCode<E> {}

impl<E> Hash for UnknownCode<E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.code.hash(state);
    }
}

impl<E> fmt::Debug for UnknownCode<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.code, f)
    }
}

/// A word of an enum without a variant. Opaque: use the enum's `as_str()`.
pub struct UnknownWord<E> {
    pub(crate) word: SharedStr,
    of: PhantomData<fn() -> E>,
}

impl<E> UnknownWord<E> {
    pub(crate) fn new(word: SharedStr) -> Self {
        let of = PhantomData;
        Self { word, of }
    }
}

impl<E> Clone for UnknownWord<E> {
    fn clone(&self) -> Self {
        Self::new(self.word.clone())
    }
}

impl<E> PartialEq for UnknownWord<E> {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}

impl<E> Eq for UnknownWord<E> {}

impl<E> Hash for UnknownWord<E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.word.hash(state);
    }
}

impl<E> fmt::Debug for UnknownWord<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.word, f)
    }
}

/// Whether two spellings of a word are equal: the gateways vary the case, and use a
/// space, `-`, `_` or `/`.
pub(crate) fn same_word(left: &str, right: &str) -> bool {
    folded(left).eq(folded(right))
}

/// The word in lowercase, without separators.
fn folded(word: &str) -> impl Iterator<Item = u8> {
    let letters = word
        .bytes()
        .filter(|byte| !matches!(byte, b' ' | b'-' | b'_' | b'/'));
    letters.map(|byte| byte.to_ascii_lowercase())
}

macro_rules! open_enum {
    // Integer-coded.
    (
        $(#[$meta:meta])*
        pub enum $Name:ident: i32 {
            $( $(#[$variant_meta:meta])* $Variant:ident = $code:literal / $word:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $Name {
            $( $(#[$variant_meta])* $Variant, )+
            #[doc(hidden)]
            _Unknown($crate::open_enum::UnknownCode<$Name>),
        }

        impl $Name {
            /// Returns the value with this code. Every code has a value.
            #[must_use]
            pub fn from_code(code: i32) -> Self {
                match code {
                    $( $code => Self::$Variant, )+
                    _ => Self::_Unknown($crate::open_enum::UnknownCode::new(code)),
                }
            }

            /// Returns the gateway's code.
            #[must_use]
            pub fn code(&self) -> i32 {
                match self {
                    $( Self::$Variant => $code, )+
                    Self::_Unknown(unknown) => unknown.code,
                }
            }

            /// Returns whether this version knows the code.
            #[must_use]
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::_Unknown(_))
            }
        }

        impl $crate::fields::FromValue<i32> for $Name {
            fn from_value(code: i32) -> Self {
                Self::from_code(code)
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $( Self::$Variant => f.pad($word), )+
                    Self::_Unknown(unknown) => write!(f, "unknown code {}", unknown.code),
                }
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i32(self.code())
            }
        }
    };

    // Word-coded: the first spelling is the canonical one.
    (
        $(#[$meta:meta])*
        pub enum $Name:ident: str {
            $( $(#[$variant_meta:meta])* $Variant:ident = $word:literal $(| $alias:literal)*, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $Name {
            $( $(#[$variant_meta])* $Variant, )+
            #[doc(hidden)]
            _Unknown($crate::open_enum::UnknownWord<$Name>),
        }

        impl $Name {
            /// Returns the word, in its canonical spelling if it is known, and as
            /// sent if not.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$Variant => $word, )+
                    Self::_Unknown(unknown) => &unknown.word,
                }
            }

            /// Returns whether this version knows the word.
            #[must_use]
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::_Unknown(_))
            }
        }

        impl From<$crate::shared_str::SharedStr> for $Name {
            /// Reads any spelling: case and separators (space, `-`, `_`, `/`) do not
            /// matter.
            fn from(text: $crate::shared_str::SharedStr) -> Self {
                $(
                    if $crate::open_enum::same_word(&text, $word)
                        $( || $crate::open_enum::same_word(&text, $alias) )*
                    {
                        return Self::$Variant;
                    }
                )+
                Self::_Unknown($crate::open_enum::UnknownWord::new(text))
            }
        }

        impl $crate::fields::FromValue<$crate::shared_str::SharedStr> for $Name {
            fn from_value(word: $crate::shared_str::SharedStr) -> Self {
                Self::from(word)
            }
        }

        impl From<&str> for $Name {
            /// Reads any spelling: case and separators (space, `-`, `_`, `/`) do not
            /// matter.
            fn from(text: &str) -> Self {
                Self::from($crate::shared_str::SharedStr::from(text))
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

pub(crate) use open_enum;
