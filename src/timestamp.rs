//! [`Timestamp`]: a moment as it stands on the wire.

use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, TimeZone, Utc};
use serde::{Serialize, Serializer};

use crate::text::Text;

/// A moment as a gateway wrote it: the text, and what it means.
///
/// B2BINPAY sends ISO 8601 with an offset. CityPay.io sends that, milliseconds
/// since 1970, or a local time whose zone its documentation does not name: such
/// a stamp is no instant until the merchant says which zone is meant.
///
/// Two stamps are equal if they mean the same, whatever their spelling; a local
/// time never equals an instant.
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
/// # Ok::<(), payhook::TimestampError>(())
/// ```
#[derive(Clone)]
pub struct Timestamp {
    text: Text,
    moment: Moment,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    Instant(DateTime<Utc>),
    Local(NaiveDateTime),
}

/// The text is none of the forms that a [`Timestamp`] has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a time such as 2026-03-02T09:16:02Z")]
#[non_exhaustive]
pub struct TimestampError;

impl Timestamp {
    /// `YYYY-MM-DDThh:mm:ss[.1–9 digits](Z|±hh:mm)` and nothing else: the form
    /// of a signed time, which has one reading only.
    pub(crate) fn from_signed(text: Text) -> Result<Self, TimestampError> {
        let instant = parse_instant(&text).ok_or(TimestampError)?;
        Ok(Self {
            text,
            moment: Moment::Instant(instant),
        })
    }

    /// Any form that either gateway has been seen to send.
    pub(crate) fn from_text(text: Text) -> Result<Self, TimestampError> {
        let moment = parse_instant(&text)
            .or_else(|| parse_milliseconds(&text))
            .map(Moment::Instant)
            .or_else(|| parse_local(&text).map(Moment::Local))
            .ok_or(TimestampError)?;
        Ok(Self { text, moment })
    }

    /// The text as it stands on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The instant, or `None` for a local time.
    #[must_use]
    pub fn utc(&self) -> Option<DateTime<Utc>> {
        match self.moment {
            Moment::Instant(instant) => Some(instant),
            Moment::Local(_) => None,
        }
    }

    /// The local time, or `None` where the text names an instant.
    #[must_use]
    pub fn local(&self) -> Option<NaiveDateTime> {
        match self.moment {
            Moment::Instant(_) => None,
            Moment::Local(local) => Some(local),
        }
    }

    /// The instant; a local time is taken to be in `zone`.
    ///
    /// `None` only where the result would lie outside chrono's range.
    #[must_use]
    pub fn in_zone(&self, zone: FixedOffset) -> Option<DateTime<Utc>> {
        match self.moment {
            Moment::Instant(instant) => Some(instant),
            Moment::Local(local) => {
                let stamped = zone.from_local_datetime(&local).single()?;
                Some(stamped.with_timezone(&Utc))
            }
        }
    }
}

/// chrono also reads a blank or a `t` between date and time, a `z`, a missing
/// colon and more than nine digits. None of those are signed.
fn parse_instant(text: &str) -> Option<DateTime<Utc>> {
    let (seconds, rest) = text.split_at_checked(19)?;
    if !matches_shape(seconds, "dddd-dd-ddTdd:dd:dd") {
        return None;
    }
    let zone = match rest.strip_prefix('.') {
        Some(rest) => {
            let zone = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
            let digits = rest.len() - zone.len();
            (1..=9).contains(&digits).then_some(zone)?
        }
        None => rest,
    };
    if zone != "Z" && !matches_shape(zone, "+dd:dd") && !matches_shape(zone, "-dd:dd") {
        return None;
    }
    let stamp = DateTime::parse_from_rfc3339(text).ok()?;
    Some(stamp.with_timezone(&Utc))
}

fn parse_milliseconds(text: &str) -> Option<DateTime<Utc>> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    // 1973 to 5138: shorter numbers are seconds or something else altogether.
    if !digits || !(12..=14).contains(&text.len()) {
        return None;
    }
    DateTime::from_timestamp_millis(text.parse().ok()?)
}

fn parse_local(text: &str) -> Option<NaiveDateTime> {
    let (date, time) = text.split_at_checked(10)?;
    let time = time.strip_prefix([' ', 'T'])?;
    if !matches_shape(date, "dddd-dd-dd") {
        return None;
    }
    let (seconds, fraction) = match time.split_at_checked(8) {
        Some((time, fraction)) if matches_shape(time, "dd:dd:dd") => (time.get(6..)?, fraction),
        _ if matches_shape(time, "dd:dd") => ("0", ""),
        _ => return None,
    };
    let nanoseconds = match fraction.strip_prefix('.') {
        Some(digits) if (1..=9).contains(&digits.len()) => nanoseconds(digits)?,
        None if fraction.is_empty() => 0,
        _ => return None,
    };
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    NaiveDate::from_ymd_opt(text.get(..4)?.parse().ok()?, number(5..7)?, number(8..10)?)?
        .and_hms_nano_opt(
            number(11..13)?,
            number(14..16)?,
            seconds.parse().ok()?,
            nanoseconds,
        )
}

/// Up to nine digits after a decimal point, as nanoseconds.
fn nanoseconds(digits: &str) -> Option<u32> {
    let mut value = 0;
    for place in 0..9 {
        let digit = digits
            .as_bytes()
            .get(place)
            .map_or(Some(0), |digit| char::from(*digit).to_digit(10));
        value = value * 10 + digit?;
    }
    Some(value)
}

/// Whether `text` is `shape` with an ASCII digit for each `d`.
fn matches_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, shape)| match shape {
                b'd' => byte.is_ascii_digit(),
                _ => byte == shape,
            })
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
