//! [`Signature`] and [`SignedMac`]: `meta.sign` as it was received.

use std::fmt;

use crate::constant_time::never_equal;
use crate::read::{self, Source};
use crate::span::Span;

/// `meta.sign`. It has no `==` and is not shown: together with its body it is a valid
/// signature.
#[derive(Clone, Copy)]
pub(super) enum Signature<'a> {
    /// Missing, `null` or empty.
    Absent,
    /// Not a string.
    Malformed,
    Present(&'a str),
}

never_equal!(Signature<'static>, SignedMac);

impl<'a> Signature<'a> {
    pub(super) fn of(source: Source<'a>, sign: Span) -> Self {
        let Some(raw) = source.raw(sign).filled() else {
            return Self::Absent;
        };
        read::text(source, raw).map_or(Self::Malformed, Self::Present)
    }
}

impl fmt::Debug for Signature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "absent",
            Self::Malformed => "malformed",
            Self::Present(_) => "present",
        })
    }
}

/// The bytes of a signature, genuine or not. They have no `==`: use
/// [`Message::is_signed_by`](super::message::Message::is_signed_by).
pub(crate) struct SignedMac([u8; 32]);

impl SignedMac {
    /// Parses a signature in the gateway's form, in lowercase.
    pub(super) fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let decoded = base16ct::lower::decode(text, &mut bytes).ok()?;
        (decoded.len() == bytes.len()).then_some(Self(bytes))
    }

    /// The bytes, to be compared in constant time or hashed into the name of a
    /// delivery.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The MAC in the gateway's form.
#[cfg(feature = "testing")]
pub(crate) fn hex(mac: &[u8]) -> String {
    format!("{:x}", base16ct::HexDisplay(mac))
}
