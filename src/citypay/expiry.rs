//! When an order expires.

use chrono::{DateTime, FixedOffset, SubsecRound, TimeDelta, Utc};

use super::answer::OrderDetails;
use super::callback::OrderCallback;
use crate::timestamp::Timestamp;

/// The maximum lifetime of an order, in minutes: milliseconds misread as minutes
/// would end years ahead.
const MAX_MINUTES: u32 = 30 * 24 * 60;

impl OrderCallback {
    /// Returns the order's expiry by the callback's own fields: `order_expiration`
    /// minutes after its `created_at`. The gateway sends no callback on expiry. A
    /// cryptocurrency that is chosen later postpones it:
    /// [`ProvenOrder::expires_at`](super::ProvenOrder::expires_at).
    ///
    /// A `created_at` without a zone is in `zone`: most likely UTC, like the order
    /// endpoint's times. `None` if `created_at` or `order_expiration` is missing, or
    /// for more than 30 days, which is an invalid value.
    #[must_use]
    pub fn expires_at(&self, zone: FixedOffset) -> Option<DateTime<Utc>> {
        let created = self.created_at()?.in_zone(zone)?;
        minutes_after(created, self.order_expiration()?)
    }
}

impl OrderDetails {
    /// Returns the order's expiry: `minutes` after the cryptocurrency was chosen. The
    /// minutes are the callback's `order_expiration`, which is not in the response.
    ///
    /// It is the same for every request, or `None`: for more than 30 days, without a
    /// `createdAt`, and if that has no seconds and the response does not contain them
    /// elsewhere (in `expiresAt` minus `expirationTime`, or in `createdAtMiliseconds`
    /// of the same minute).
    #[must_use]
    pub fn expires_at(&self, minutes: u32) -> Option<DateTime<Utc>> {
        minutes_after(self.coin_chosen_at()?, minutes)
    }

    /// `createdAt` to the second.
    fn coin_chosen_at(&self) -> Option<DateTime<Utc>> {
        let stamp = self.created_at()?;
        let start = stamp.utc()?;
        if !stamp.is_to_the_minute() {
            return Some(start);
        }
        let is_in_the_minute = |at: &DateTime<Utc>| {
            let into = at.signed_duration_since(start);
            into >= TimeDelta::zero() && into < TimeDelta::minutes(1)
        };
        let stated = self.stated_expiry().as_ref().and_then(Timestamp::utc);
        let left = self.expiration_time().and_then(TimeDelta::try_milliseconds);
        let counted = stated
            .zip(left)
            .and_then(|(end, left)| end.checked_sub_signed(left));
        let made = self.created_at_milliseconds();
        counted
            .filter(is_in_the_minute)
            .or_else(|| made.as_ref()?.utc().filter(is_in_the_minute))
            .map(|at| at.trunc_subsecs(0))
    }
}

fn minutes_after(start: DateTime<Utc>, minutes: u32) -> Option<DateTime<Utc>> {
    let minutes = Some(minutes).filter(|minutes| *minutes <= MAX_MINUTES)?;
    start.checked_add_signed(TimeDelta::try_minutes(minutes.into())?)
}
