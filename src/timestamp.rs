//! [`Timestamp`]: a time, exactly as sent.

use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, Utc};
use serde::{Serialize, Serializer};

use crate::shared_str::SharedStr;

/// A time as a gateway wrote it, with its original text.
///
/// B2BINPAY sends ISO 8601 with an offset. CityPay.io sends that, milliseconds since
/// 1970, or a local time whose zone its documentation does not name: such a timestamp
/// is not an instant until the merchant chooses a time zone.
///
/// Two timestamps are equal if they denote the same time, however they are written; a
/// local time never equals an instant.
///
/// ```
/// use chrono::FixedOffset;
/// use payhook::Timestamp;
///
/// let stamp: Timestamp = "2026-03-02 09:10".parse()?;
/// assert_eq!(stamp.utc(), None);
///
/// let tbilisi = FixedOffset::east_opt(4 * 3600).expect("in range");
/// let instant = stamp.in_zone(tbilisi).expect("a time that exists");
/// assert_eq!(instant.to_rfc3339(), "2026-03-02T05:10:00+00:00");
/// # Ok::<(), payhook::timestamp::TimestampError>(())
/// ```
#[derive(Clone)]
pub struct Timestamp {
    text: SharedStr,
    moment: Moment,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    Instant(DateTime<Utc>),
    Local(NaiveDateTime),
}

/// The string is not in a form that [`Timestamp`] accepts.
///
/// ```
/// let error = "yesterday".parse::<payhook::Timestamp>().err();
/// let error = error.map(|error| error.to_string());
/// assert_eq!(error.as_deref(), Some("expected a timestamp such as 2026-03-02T09:16:02Z"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a timestamp such as 2026-03-02T09:16:02Z")]
#[non_exhaustive]
pub struct TimestampError;

impl Timestamp {
    /// `YYYY-MM-DDThh:mm:ss[.1–9 digits](Z|±hh:mm)` and nothing else: the form of a
    /// signed time, which is unambiguous.
    pub(crate) fn from_signed(text: SharedStr) -> Result<Self, TimestampError> {
        match Stamp::scan(&text) {
            Some(Stamp {
                moment: moment @ Moment::Instant(_),
                is_iso: true,
            }) => Ok(Self { text, moment }),
            _ => Err(TimestampError),
        }
    }

    /// Accepts every form that either gateway is known to send.
    pub(crate) fn from_text(text: SharedStr) -> Result<Self, TimestampError> {
        let stamp = Stamp::scan(&text).map(|stamp| stamp.moment);
        let moment = stamp
            .or_else(|| scan_milliseconds(&text).map(Moment::Instant))
            .ok_or(TimestampError)?;
        Ok(Self { text, moment })
    }

    /// The text as it is written on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the instant, or `None` for a local time.
    #[must_use]
    pub fn utc(&self) -> Option<DateTime<Utc>> {
        match self.moment {
            Moment::Instant(instant) => Some(instant),
            Moment::Local(_) => None,
        }
    }

    /// Returns the local time, or `None` for an instant.
    #[must_use]
    pub fn local(&self) -> Option<NaiveDateTime> {
        match self.moment {
            Moment::Instant(_) => None,
            Moment::Local(local) => Some(local),
        }
    }

    /// Returns the instant; a local time is interpreted in `zone`.
    ///
    /// Returns `None` only if the result is outside chrono's range.
    #[must_use]
    pub fn in_zone(&self, zone: FixedOffset) -> Option<DateTime<Utc>> {
        match self.moment {
            Moment::Instant(instant) => Some(instant),
            Moment::Local(local) => Some(local.checked_sub_offset(zone)?.and_utc()),
        }
    }
}

impl Timestamp {
    /// Turns a local time into an instant in `zone`. It stays local if the result is
    /// outside chrono's range.
    pub(crate) fn assume_zone(self, zone: FixedOffset) -> Self {
        let instant = self.in_zone(zone);
        let moment = instant.map_or(self.moment, Moment::Instant);
        Self { moment, ..self }
    }

    /// Whether the text has no seconds: `2026-03-02 09:10`.
    pub(crate) fn is_to_the_minute(&self) -> bool {
        self.text.len() == "2026-03-02 09:10".len()
    }
}

/// A timestamp that begins with a date. chrono's parsers accept more than gateways
/// write: other separators, missing colons, a `z`, any number of digits.
struct Stamp {
    moment: Moment,
    /// With a `T` and seconds.
    is_iso: bool,
}

impl Stamp {
    fn scan(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let [year, month, day] = numbers(date, "dddd-dd-dd")?;
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        let time = rest.strip_prefix(['T', ' '])?;
        let clock = time.split_at_checked(8).and_then(|(clock, rest)| {
            let [hour, minute, second] = numbers(clock, "dd:dd:dd")?;
            let (nanoseconds, zone) = scan_fraction(rest)?;
            Some((
                date.and_hms_nano_opt(hour, minute, second, nanoseconds)?,
                zone,
            ))
        });
        let (time, zone) = if let Some(clock) = clock {
            clock
        } else {
            let [hour, minute] = numbers(time, "dd:dd")?;
            (date.and_hms_opt(hour, minute, 0)?, "")
        };
        let moment = match zone {
            "" => Moment::Local(time),
            zone => {
                let offset = scan_offset(zone)?;
                Moment::Instant(time.checked_sub_offset(offset)?.and_utc())
            }
        };
        let is_iso = clock.is_some() && rest.starts_with('T');
        Some(Self { moment, is_iso })
    }
}

/// Parses `.` and up to nine digits as nanoseconds, and returns the rest.
fn scan_fraction(text: &str) -> Option<(u32, &str)> {
    let Some(rest) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = rest.split_at_checked(length)?;
    let missing = u32::try_from(9_usize.checked_sub(length)?).ok()?;
    let value: u32 = digits.parse().ok()?;
    Some((value * 10_u32.pow(missing), rest))
}

fn scan_offset(zone: &str) -> Option<FixedOffset> {
    if zone == "Z" {
        return FixedOffset::east_opt(0);
    }
    let west = zone.starts_with('-');
    let zone = zone.strip_prefix(['+', '-'])?;
    let [hours, minutes] = numbers(zone, "dd:dd")?;
    let seconds = i32::try_from(hours * 3600 + minutes * 60)
        .ok()
        .filter(|_| minutes < 60)?;
    FixedOffset::east_opt(if west { -seconds } else { seconds })
}

fn scan_milliseconds(text: &str) -> Option<DateTime<Utc>> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    // 1973 to 5138: shorter numbers are seconds or not times.
    if !digits || !(12..=14).contains(&text.len()) {
        return None;
    }
    DateTime::from_timestamp_millis(text.parse().ok()?)
}

/// Parses the numbers of a string of this shape, with an ASCII digit for each `d`.
fn numbers<const N: usize>(text: &str, shape: &str) -> Option<[u32; N]> {
    if text.len() != shape.len() {
        return None;
    }
    let mut numbers = [0; N];
    let mut rest = numbers.iter_mut();
    let mut number = rest.next()?;
    for (byte, expected) in text.bytes().zip(shape.bytes()) {
        if expected == b'd' {
            *number = *number * 10 + char::from(byte).to_digit(10)?;
        } else if byte == expected {
            number = rest.next()?;
        } else {
            return None;
        }
    }
    Some(numbers)
}

impl std::str::FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        Self::from_text(text.into())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({})", self.as_str())
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.moment == other.moment
    }
}

impl Eq for Timestamp {}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
