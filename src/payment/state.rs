//! [`State`]: the known transfers and deliveries of a payment.

use std::fmt;

use chrono::{DateTime, Utc};

use super::change::Reasons;
use crate::amount::Amount;
use crate::digest::Digest16;
use crate::event::PartOutcome;
use crate::shared_str::SharedStr;

/// The content of a history.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct State {
    pub(super) parts: Vec<PartState>,
    pub(super) deliveries: Vec<Delivery>,
    /// Reported money that counts in no sum: wrong kinds and currencies.
    pub(super) reported: Vec<Name>,
    /// The latest own status about a settled part (rule 8): its time, and whether it
    /// was a discrepancy.
    pub(super) own: Option<(Instant, bool)>,
    pub(super) total_paid: Option<(Instant, Amount)>,
    pub(super) closed: Option<Closed>,
    /// The time when a transfer of a payout first failed.
    pub(super) failed: Option<Instant>,
    /// The order endpoint reports the order as paid but lists no transaction.
    pub(super) awaits_parts: bool,
    pub(super) was_paid: bool,
}

/// Whether the payment was closed, and the signed time of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) at: Option<Instant>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct PartState {
    pub(super) id: SharedStr,
    pub(super) alias: Option<SharedStr>,
    /// The amount that identifies it.
    pub(super) amount: Amount,
    /// The amount in the expected currency, if that is a different one.
    pub(super) value: Option<Amount>,
    pub(super) outcome: PartOutcome,
    /// The latest signed time.
    pub(super) time: Option<Instant>,
    /// The earliest time at which it was seen.
    pub(super) first: Option<Instant>,
    /// The position in the order in which parts settled, from 1; 0 before.
    pub(super) order: u32,
    pub(super) credited: Amount,
    pub(super) rejected: Amount,
    /// Reasons that last until they are removed.
    pub(super) lasting: Reasons,
    /// Reasons that were reported.
    pub(super) reported: Reasons,
    pub(super) marks: Marks,
    /// The reference of the payment that it belongs to, if not this one.
    pub(super) owner: Option<SharedStr>,
}

/// Facts about a part that are not reasons by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Marks(pub(super) u16);

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
    /// No callback named the currency in which it was received (rule 11).
    pub(super) const UNNAMED: u16 = 1024;
    /// The order is underpaid, which a surplus does not explain (CityPay.io).
    pub(super) const UNDERPAID: u16 = 2048;

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
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Delivery {
    pub(super) name: Name,
    /// The first copy of it.
    pub(super) copy: Name,
    /// The part that the first copy was about.
    pub(super) part: Option<SharedStr>,
    /// Whether the first copy credited or held anything.
    pub(super) has_effect: bool,
    /// Other copies that were reported.
    pub(super) others: Vec<Name>,
}

/// A digest, written in hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name(pub(super) Digest16);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.digits(&mut [0; 32]))
    }
}

impl Name {
    /// The digits, in a buffer that is long enough for them.
    pub(super) fn digits<'d>(&self, digits: &'d mut [u8; 32]) -> &'d str {
        base16ct::lower::encode_str(&self.0, digits).unwrap_or_default()
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        let decoded = base16ct::lower::decode(text, &mut bytes).ok()?;
        (decoded.len() == bytes.len()).then_some(Self(bytes))
    }
}

/// An instant in full precision: seconds and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instant {
    pub(super) seconds: i64,
    pub(super) nanoseconds: u32,
}

impl From<DateTime<Utc>> for Instant {
    fn from(time: DateTime<Utc>) -> Self {
        Self {
            seconds: time.timestamp(),
            nanoseconds: time.timestamp_subsec_nanos(),
        }
    }
}
