//! The one macro for enums that a gateway may extend without notice.
//!
//! Documented values are variants. Every other value parses as well, into a
//! hidden variant whose payload nobody outside can make, so a new value is data
//! and never a lost payment. `code()` or `as_str()` answer for every variant:
//! code that goes by them keeps working when a value becomes a variant.

use crate::text::Text;

/// A code without a variant. Opaque: ask the enum for its `code()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownCode(pub(crate) i32);

/// A word without a variant. Opaque: ask the enum for its `as_str()`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownWord(pub(crate) Text);

/// Whether two spellings of a word are the same: the gateways vary in case and
/// between blank, `-`, `_` and `/`.
pub(crate) fn same_word(left: &str, right: &str) -> bool {
    folded(left).eq(folded(right))
}

/// Lower case, each run of separators as one `_`.
fn folded(word: &str) -> impl Iterator<Item = u8> {
    let mut after_separator = false;
    word.trim().bytes().filter_map(move |byte| {
        let separator = matches!(byte, b' ' | b'-' | b'_' | b'/');
        let repeated = separator && after_separator;
        after_separator = separator;
        match (separator, repeated) {
            (_, true) => None,
            (true, false) => Some(b'_'),
            (false, false) => Some(byte.to_ascii_lowercase()),
        }
    })
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
            _Unknown($crate::open_enum::UnknownCode),
        }

        impl $Name {
            /// The value with this code. Every code has one.
            #[must_use]
            pub fn from_code(code: i32) -> Self {
                match code {
                    $( $code => Self::$Variant, )+
                    _ => Self::_Unknown($crate::open_enum::UnknownCode(code)),
                }
            }

            /// The gateway's code.
            #[must_use]
            pub fn code(&self) -> i32 {
                match self {
                    $( Self::$Variant => $code, )+
                    Self::_Unknown(unknown) => unknown.0,
                }
            }

            /// Whether this version knows the code.
            #[must_use]
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::_Unknown(_))
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $( Self::$Variant => f.pad($word), )+
                    Self::_Unknown(unknown) => write!(f, "unknown code {}", unknown.0),
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
            _Unknown($crate::open_enum::UnknownWord),
        }

        impl $Name {
            /// The word, in its canonical spelling if it is known and as it
            /// was sent if not.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$Variant => $word, )+
                    Self::_Unknown(unknown) => &unknown.0,
                }
            }

            /// Whether this version knows the word.
            #[must_use]
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::_Unknown(_))
            }
        }

        impl From<$crate::Text> for $Name {
            /// Reads any spelling: case, and blank, `-`, `_` or `/`, don't matter.
            fn from(text: $crate::Text) -> Self {
                $(
                    if $crate::open_enum::same_word(&text, $word)
                        $( || $crate::open_enum::same_word(&text, $alias) )*
                    {
                        return Self::$Variant;
                    }
                )+
                Self::_Unknown($crate::open_enum::UnknownWord(text))
            }
        }

        impl From<&str> for $Name {
            /// Reads any spelling: case, and blank, `-`, `_` or `/`, don't matter.
            fn from(text: &str) -> Self {
                Self::from($crate::Text::from(text))
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
