//! [`HeldChanged`]: a decision about an amount that is no longer held.

use super::{Payment, total};
use crate::amount::Amount;

/// The held amount is not the one that was decided on in manual review: more money
/// arrived, some was reversed, or someone else decided. Nothing is accepted or
/// rejected; review the payment again.
///
/// [`MemoryLedger`](crate::MemoryLedger) shows how it arises. A ledger of your own
/// checks it under the payment's lock:
///
/// ```
/// use payhook::Amount;
/// use payhook::payment::{Change, HeldChanged, Payment};
///
/// fn accept(locked: &mut Payment, reviewed: &Amount) -> Result<Change, HeldChanged> {
///     HeldChanged::check([&*locked], reviewed)?;
///     Ok(locked.accept_held())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {reviewed} to be held, found {held}")]
pub struct HeldChanged {
    reviewed: Amount,
    held: Amount,
}

impl HeldChanged {
    /// Checks that these payments hold the reviewed amount: one payment, or the
    /// transfers of a top-up.
    ///
    /// # Errors
    ///
    /// If they hold another amount.
    pub fn check<'a>(
        payments: impl IntoIterator<Item = &'a Payment>,
        reviewed: &Amount,
    ) -> Result<(), Self> {
        let held: Vec<Amount> = payments.into_iter().map(Payment::held).collect();
        let held = total(held.iter());
        if held == *reviewed {
            return Ok(());
        }
        let reviewed = reviewed.clone();
        Err(Self { reviewed, held })
    }

    /// Returns the amount that is held now.
    #[must_use]
    pub fn held(&self) -> &Amount {
        &self.held
    }
}
