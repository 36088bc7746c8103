//! [`History`]: the stored state of a payment, as one string.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::change::Reasons;
use crate::amount::Amount;
use crate::digest::Digest16;
use crate::event::PartOutcome;

/// The stored state of a payment: one opaque string for a column of the merchant's
/// database.
///
/// It is versioned and bounded (PAYMENTS, rule 17): at most 64 transfers and 256
/// deliveries of a priced payment, less than 64 KB at most, and 300 bytes for a
/// payment with one transfer. Store it unmodified; a changed string is refused or
/// misread.
///
/// ```
/// use payhook::payment::History;
///
/// // A new payment has an empty one.
/// let history = History::default();
/// let stored = history.to_string();
/// assert_eq!(stored.parse::<History>()?, history);
/// # Ok::<(), payhook::payment::HistoryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History(pub(super) State);

/// A stored history that cannot be parsed.
///
/// ```
/// use payhook::payment::{History, HistoryError};
///
/// assert_eq!("2;…".parse::<History>(), Err(HistoryError::Version));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The string was changed or truncated.
    #[error("stored payment history is damaged")]
    Damaged,
    /// It was written by another version of this crate.
    #[error("stored payment history has an unknown version")]
    Version,
}

/// The content of a history.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct State {
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) parts: Vec<PartState>,
    #[serde(rename = "d", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) deliveries: Vec<Delivery>,
    /// Reported money that counts in no sum: wrong kinds and currencies.
    #[serde(rename = "w", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) told: Vec<Name>,
    /// The latest own status about a settled part (rule 8): its time, and whether it
    /// was a discrepancy.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub(super) own: Option<(Instant, bool)>,
    #[serde(rename = "tp", default, skip_serializing_if = "Option::is_none")]
    pub(super) total_paid: Option<(Instant, Stored)>,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub(super) closed: Option<Closed>,
    /// The time when a transfer of a payout first failed.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<Instant>,
    /// The order endpoint reports the order as paid but lists no transaction.
    #[serde(rename = "a", default, skip_serializing_if = "is_default")]
    pub(super) awaits_parts: bool,
    #[serde(rename = "n", default, skip_serializing_if = "is_default")]
    pub(super) was_paid: bool,
}

/// Whether the payment was closed, and the signed time of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Closed {
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<Instant>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PartState {
    #[serde(rename = "i")]
    pub(super) id: String,
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub(super) alias: Option<String>,
    /// The amount that identifies it.
    #[serde(rename = "a")]
    pub(super) amount: Stored,
    /// The amount in the expected currency, if that is a different one.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<Stored>,
    #[serde(rename = "s")]
    pub(super) outcome: PartOutcome,
    /// The latest signed time.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<Instant>,
    /// The earliest time at which it was seen.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub(super) first: Option<Instant>,
    /// The position in the order in which parts settled, from 1; 0 before.
    #[serde(rename = "o", default, skip_serializing_if = "is_default")]
    pub(super) order: u32,
    #[serde(rename = "c", default, skip_serializing_if = "is_default")]
    pub(super) credited: Stored,
    #[serde(rename = "r", default, skip_serializing_if = "is_default")]
    pub(super) rejected: Stored,
    /// Reasons that last until they are removed.
    #[serde(rename = "k", default, skip_serializing_if = "is_default")]
    pub(super) lasting: Reasons,
    /// Reasons that were reported.
    #[serde(rename = "w", default, skip_serializing_if = "is_default")]
    pub(super) told: Reasons,
    #[serde(rename = "x", default, skip_serializing_if = "is_default")]
    pub(super) marks: Marks,
    /// The reference of the payment that it belongs to, if not this one.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<String>,
}

/// Facts about a part that are not reasons by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Marks(u16);

impl Marks {
    /// The API has confirmed it.
    pub(super) const CONFIRMED: u16 = 1;
    /// The API lists every part of this amount.
    pub(super) const EQUALS_LISTED: u16 = 2;
    /// It ended before it settled.
    pub(super) const HAD_FAILED: u16 = 4;
    /// A different amount under a known id: the API does not release it.
    pub(super) const AMENDED: u16 = 8;
    /// The order had a discrepancy when it settled (CityPay.io).
    pub(super) const DOUBTFUL: u16 = 16;
    /// The reading by which it was received is ambiguous.
    pub(super) const UNREAD: u16 = 32;
    /// The merchant opted in to trust the evidence.
    pub(super) const TRUSTED: u16 = 64;
    /// Its amount in the expected currency is unknown.
    pub(super) const UNVALUED: u16 = 128;
    /// Its id was bound, or found to belong to another payment (rule 13).
    pub(super) const BOUND: u16 = 256;
    /// It was rejected manually while its amount was unknown.
    pub(super) const REFUSED: u16 = 512;

    pub(super) fn has(self, mark: u16) -> bool {
        self.0 & mark != 0
    }

    pub(super) fn set(&mut self, mark: u16, is_set: bool) {
        if is_set {
            self.0 |= mark;
        } else {
            self.0 &= !mark;
        }
    }
}

/// A delivery, by the digest of its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Delivery {
    #[serde(rename = "n")]
    pub(super) name: Name,
    /// The first copy of it.
    #[serde(rename = "c")]
    pub(super) copy: Name,
    /// The part that the first copy was about.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub(super) part: Option<String>,
    /// Whether the first copy credited or held anything.
    #[serde(rename = "e", default, skip_serializing_if = "is_default")]
    pub(super) has_effect: bool,
    /// Other copies that were reported.
    #[serde(rename = "o", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) others: Vec<Name>,
}

/// A digest, written in hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name(pub(super) Digest16);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", base16ct::HexDisplay(&self.0))
    }
}

impl FromStr for Name {
    type Err = HistoryError;

    fn from_str(text: &str) -> Result<Self, HistoryError> {
        let mut bytes = [0; 16];
        let decoded = base16ct::lower::decode(text, &mut bytes);
        match decoded.map(<[u8]>::len) {
            Ok(16) => Ok(Self(bytes)),
            _ => Err(HistoryError::Damaged),
        }
    }
}

/// An instant in full precision: seconds and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Instant(i64, u32);

impl From<DateTime<Utc>> for Instant {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp(), time.timestamp_subsec_nanos())
    }
}

/// A stored amount; a sum may be longer than a parsed amount.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Stored(pub(super) Amount);

/// Whether a value is the default, which is not stored.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Serialized as a string by `Display` and `FromStr`.
macro_rules! as_text {
    ($Type:ty, $read:expr) => {
        impl Serialize for $Type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $Type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $Type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a text of a payment history")
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$Type, E> {
                        $read(text).ok_or_else(|| E::custom("damaged"))
                    }
                }

                deserializer.deserialize_str(Visitor)
            }
        }
    };
}

as_text!(Name, |text: &str| text.parse().ok());
as_text!(Stored, |text| Amount::from_sum(text).map(Stored::from));

impl From<Amount> for Stored {
    fn from(amount: Amount) -> Self {
        Self(amount)
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl Serialize for PartOutcome {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.code())
    }
}

impl<'de> Deserialize<'de> for PartOutcome {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = u8::deserialize(deserializer)?;
        Self::from_code(code).ok_or_else(|| serde::de::Error::custom("damaged"))
    }
}

impl Serialize for Reasons {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.bits())
    }
}

impl<'de> Deserialize<'de> for Reasons {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u16::deserialize(deserializer).map(Self::from_bits)
    }
}

/// The prefix of the state; each format has its own version number.
const VERSION: &str = "1;";

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Serialization cannot fail: all keys are strings.
        let state = serde_json::to_string(&self.0).map_err(|_| fmt::Error)?;
        write!(f, "{VERSION}{state}")
    }
}

impl FromStr for History {
    type Err = HistoryError;

    fn from_str(text: &str) -> Result<Self, HistoryError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let state = text.strip_prefix(VERSION).ok_or(HistoryError::Version)?;
        serde_json::from_str(state)
            .map(Self)
            .map_err(|_| HistoryError::Damaged)
    }
}
