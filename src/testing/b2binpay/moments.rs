//! [`Moments`]: the times in a body.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// The times of the reported events, in the gateway's form.
pub(super) struct Moments {
    /// The operation was created.
    pub(super) created: String,
    /// The transfer was created.
    pub(super) moved: String,
    /// The transfer changed.
    pub(super) updated: String,
}

impl Moments {
    pub(super) fn before(time: DateTime<Utc>) -> Self {
        let before = |microseconds| {
            let moment = time.checked_sub_signed(TimeDelta::microseconds(microseconds));
            written(moment.unwrap_or(time))
        };
        Self {
            created: before(362_551_869),
            moved: before(67_431_427),
            updated: before(1_547_358),
        }
    }
}

pub(super) fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
