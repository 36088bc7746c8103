//! [`TrackingIds`]: the form of the merchant's own tracking ids.

use std::fmt;
use std::str::FromStr;

use crate::error::ConfigError;

/// The form of the merchant's own tracking ids.
///
/// The gateway signs status, amount, tracking id and time without separators: `2`
/// `10.50` `17` and `2` `10.501` `7` give the same message. Only the form of the
/// merchant's ids makes the message unambiguous, so the merchant has to declare it,
/// and [`Verifier`](super::Verifier) refuses ids that contradict the declaration (GATEWAYS 1.4).
///
/// | your tracking ids | declare |
/// |---|---|
/// | begin with a letter: `order-9001` | [`Prefixed`](Self::Prefixed) |
/// | are UUIDs, or all have the same length | [`UUID`](Self::UUID), [`FixedLength`](Self::FixedLength) |
/// | are never used | [`Unused`](Self::Unused) |
/// | are plain numbers | [`Unrestricted`](Self::Unrestricted) |
///
/// ```
/// use payhook::b2binpay::TrackingIds;
///
/// assert!(TrackingIds::Prefixed.allows("order-9001"));
/// // This id could be the last digits of an amount.
/// assert!(!TrackingIds::Prefixed.allows("9001"));
/// assert!(TrackingIds::UUID.allows("1f0e2b7c-9a4d-4386-af21-aa90b7f3c4d5"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrackingIds {
    /// All ids have this many characters: counted backwards from the time, the
    /// reading is unambiguous, whatever the ids begin with. Use it for UUIDs, whose
    /// length is [36](Self::UUID). A length of 0 is the same as
    /// [`Unused`](Self::Unused).
    FixedLength(usize),
    /// Ids are never empty, and never begin with a digit, `.` or `-`: `order-9001`.
    /// The reading is unambiguous. This is the recommended form.
    Prefixed,
    /// Ids may be anything, including numbers. The message is ambiguous: amount and
    /// id are proven only together with the merchant's own record, in an
    /// [`Endpoint`](crate::Endpoint) or by [`Verified::resolve`](crate::Verified::resolve).
    ///
    /// The status is read from the start of the message. An id that begins with a
    /// digit can look like a status, so nothing settles before that, and `resolve`
    /// documents which ids to avoid.
    Unrestricted,
    /// Ids are not used: the id is always empty. The reading is unambiguous, but no
    /// signature covers which deposit it is.
    Unused,
}

impl TrackingIds {
    /// UUIDs in their usual form of 36 characters.
    pub const UUID: Self = Self::FixedLength(36);

    /// Whether an id matches the declaration.
    #[must_use]
    pub fn allows(&self, tracking_id: &str) -> bool {
        match self {
            Self::FixedLength(length) => tracking_id.chars().count() == *length,
            Self::Prefixed => {
                let looks_like_amount =
                    |first: char| first.is_ascii_digit() || matches!(first, '.' | '-');
                tracking_id
                    .chars()
                    .next()
                    .is_some_and(|first| !looks_like_amount(first))
            }
            Self::Unrestricted => true,
            Self::Unused => tracking_id.is_empty(),
        }
    }

    /// The strictest declaration that allows an id, assuming that the merchant's
    /// other ids are similar.
    pub(super) fn that_allows(tracking_id: &str) -> Self {
        if tracking_id.is_empty() {
            Self::Unused
        } else if is_generated(tracking_id) {
            Self::FixedLength(tracking_id.chars().count())
        } else if Self::Prefixed.allows(tracking_id) {
            Self::Prefixed
        } else {
            // Numbers become longer as they increase.
            Self::Unrestricted
        }
    }

    /// Whether callbacks have no ids.
    pub(super) fn are_unused(self) -> bool {
        matches!(self, Self::Unused | Self::FixedLength(0))
    }
}

/// Whether an id looks like a UUID, a ULID or a hash, which all have one length:
/// long, of letters, digits and hyphens, and with a UUID's form if it begins with
/// a letter.
fn is_generated(id: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lengths = id.split('-').map(str::len);
    let is_uuid = lengths.eq([8, 4, 4, 4, 12]) && id.split('-').all(is_hex);
    let is_plain = id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let has_letter = id.bytes().any(|byte| byte.is_ascii_alphabetic());
    let is_digit_first = id.starts_with(|first: char| first.is_ascii_digit());
    is_uuid
        || id.len() >= 20 && is_plain && is_digit_first && has_letter
        || matches!(id.len(), 32 | 40 | 64) && is_hex(id)
}

impl fmt::Display for TrackingIds {
    /// Shows the declaration as written in code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FixedLength(length) => write!(f, "TrackingIds::FixedLength({length})"),
            Self::Prefixed => f.pad("TrackingIds::Prefixed"),
            Self::Unrestricted => f.pad("TrackingIds::Unrestricted"),
            Self::Unused => f.pad("TrackingIds::Unused"),
        }
    }
}

impl FromStr for TrackingIds {
    type Err = ConfigError;

    /// Parses the value of a setting: `prefixed`, `uuid`, `length=36`, `unused` or
    /// `unrestricted`.
    fn from_str(word: &str) -> Result<Self, ConfigError> {
        match word {
            "prefixed" => Ok(Self::Prefixed),
            "unrestricted" => Ok(Self::Unrestricted),
            "unused" => Ok(Self::Unused),
            "uuid" => Ok(Self::UUID),
            _ => word
                .strip_prefix("length=")
                .and_then(|length| length.parse().ok())
                .map(Self::FixedLength)
                .ok_or(ConfigError::TrackingIds),
        }
    }
}
