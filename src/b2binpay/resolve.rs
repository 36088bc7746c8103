//! The resolution of ambiguous messages by the merchant's own records.

use super::callback::Callback;
use super::operation::Operation;
use super::proven::{ProvenTransfer, Reading, leading_status};
use super::status::TransferStatus;
#[cfg(doc)]
use super::tracking_ids::TrackingIds;
use crate::amount::Amount;
use crate::error::VerifyError;
use crate::verified::Verified;

/// The expected amount, from the merchant's own record.
#[derive(Debug, Clone, Copy)]
enum Expectation<'a> {
    Exactly(&'a Amount),
    /// Any amount with this many fraction digits.
    WithDecimals(u32),
}

impl Verified<Callback> {
    /// Splits an ambiguous message according to the merchant's own records: the
    /// tracking id and the amount of each payment that it may be about.
    ///
    /// Under [`TrackingIds::Unrestricted`] this is
    /// the only way to a proven amount and tracking id. The body's own split is
    /// ignored: an attacker who replays a captured body can choose it. Without a
    /// transfer there is no amount, and the amounts are ignored.
    ///
    /// Exactly one of the records must match. `10.50` with the id `17` gives the same
    /// message as `10.501` with the id `7`: if you expect both, nothing shows who
    /// paid. That is why one call takes all records and consumes the callback: a loop
    /// over several calls could credit two customers for one transfer.
    ///
    /// An amount is written exactly as by the gateway, with all its fraction digits:
    /// [`Amount::with_decimals`] adds them. `10.5` differs from `10.50` here, since `10.5`
    /// and the id `017` give the same message as `10.50` and `17`. An amount without
    /// fraction digits cannot split the message and never matches.
    ///
    /// ```
    /// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
    /// # let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
    /// # let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
    /// use payhook::Amount;
    ///
    /// let verifier = Verifier::new(key, TrackingIds::Unrestricted);
    /// let callback = verifier.verify(Unverified::parse(&body)?)?;
    /// assert_eq!(callback.proven().amount(), None);
    ///
    /// // Your own records: ETH, which the gateway writes with 18 fraction digits.
    /// let mut records = Vec::new();
    /// for (id, amount) in [("order-9000", "1.5"), ("order-9001", "0.412")] {
    ///     let amount = amount.parse::<Amount>()?.with_decimals(18).ok_or("too many digits")?;
    ///     records.push((id, amount));
    /// }
    /// let records = records.iter().map(|(id, amount)| (*id, amount));
    /// let callback = callback.resolve(records)?;
    /// assert_eq!(callback.proven().tracking_id(), Some("order-9001"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The body still determines its shape, since neither the kind nor the absence of
    /// a transfer is signed:
    ///
    /// - A callback without a transfer whose id contains digits and a point can be
    ///   replayed with one: a payout `210.5017`, or a deposit `10.5017` in status 2,
    ///   as a confirmed `10.50` with the id `17`. No id that is signed with the same
    ///   key may have this form.
    /// - A confirmed transfer of `100` with the id `7` can be replayed as a rejected
    ///   payout `21007`, and a rejected payout `39001` as a deposit `9001`. An id
    ///   that is resolved without a transfer proves only that this text was signed,
    ///   not the result of the payment: query the gateway before money is returned.
    ///
    /// A callback with an unambiguous reading is compared with the records in the
    /// same way.
    ///
    /// # Errors
    ///
    /// [`VerifyError::RecordMismatch`] if the message does not consist of the parts of
    /// a record, or of those of several.
    pub fn resolve<'r>(
        self,
        records: impl IntoIterator<Item = (&'r str, &'r Amount)>,
    ) -> Result<Self, VerifyError> {
        let exactly = |(id, amount)| (id, Expectation::Exactly(amount));
        self.resolve_to(records.into_iter().map(exactly))
    }

    /// [`resolve`](Self::resolve) for any amount with this many fraction digits: the
    /// currency's decimals from the *merchant's* configuration. The decimals in the
    /// body are not signed. 0 decimals cannot split the message and never match.
    ///
    /// It is safe only if every currency that is signed with the same key has this
    /// many decimals: `10.500000` with the id `1723` is also `10.50000017` with the
    /// id `23`. Prefer [`resolve`](Self::resolve) where the amount is known.
    ///
    /// ```
    /// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
    /// # let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
    /// # let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
    /// # let verifier = Verifier::new(key, TrackingIds::Unrestricted);
    /// # let callback = verifier.verify(Unverified::parse(&body)?)?;
    /// // Several customers may pay in ETH: find the right one.
    /// let callback = callback.resolve_with_decimals(["order-9000", "order-9001"], 18)?;
    /// assert_eq!(callback.proven().tracking_id(), Some("order-9001"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve).
    pub fn resolve_with_decimals<'r>(
        self,
        tracking_ids: impl IntoIterator<Item = &'r str>,
        decimals: u32,
    ) -> Result<Self, VerifyError> {
        let with_decimals = |id| (id, Expectation::WithDecimals(decimals));
        self.resolve_to(tracking_ids.into_iter().map(with_decimals))
    }

    fn resolve_to<'r>(
        self,
        records: impl Iterator<Item = (&'r str, Expectation<'r>)>,
    ) -> Result<Self, VerifyError> {
        let operation = self.reported().operation();
        let mut found = None;
        for (id, expected) in records {
            let Some(reading) = self.proven().divide(operation, id, expected) else {
                continue;
            };
            match &found {
                // The same record again.
                Some((known, _)) if *known == id => {}
                Some(_) => return Err(VerifyError::RecordMismatch),
                None => found = Some((id, reading)),
            }
        }
        let (_, reading) = found.ok_or(VerifyError::RecordMismatch)?;
        Ok(self.map_proven(|proven| proven.read_as(reading)))
    }
}

impl ProvenTransfer {
    fn divide(
        &self,
        operation: Operation<'_>,
        tracking_id: &str,
        expected: Expectation<'_>,
    ) -> Option<Reading> {
        let text = match &self.reading {
            Reading::Ambiguous(text) => text.as_str(),
            divided @ Reading::Divided {
                amount,
                tracking_id: own,
                ..
            } => {
                let fits = own == tracking_id
                    && amount.as_ref().is_none_or(|amount| expected.fits(amount));
                return fits.then(|| divided.clone());
            }
        };
        // For a payout without a transfer, only its id is signed.
        let (status, rest) = if self.has_transfer || operation.is_deposit() {
            let (code, rest) = leading_status(text)?;
            (Some(TransferStatus::from_code(code)), rest)
        } else {
            (None, text)
        };
        let amount = if self.has_transfer {
            Some(expected.front_of(rest)?)
        } else {
            None
        };
        let id = rest.strip_prefix(amount.as_ref().map_or("", Amount::as_str))?;
        (id == tracking_id).then(|| Reading::Divided {
            status: status.filter(|_| self.has_transfer),
            amount,
            tracking_id: tracking_id.into(),
        })
    }
}

impl Expectation<'_> {
    /// The expected amount, if `text` can begin with it. Without a point it could be
    /// the start of a payout's id.
    fn front_of(self, text: &str) -> Option<Amount> {
        match self {
            Self::Exactly(amount) if amount.decimals() == 0 || !amount.is_plain() => None,
            Self::Exactly(amount) => Some(amount.clone()),
            Self::WithDecimals(decimals) => with_decimals(text, decimals),
        }
    }

    fn fits(self, amount: &Amount) -> bool {
        match self {
            Self::Exactly(expected) => expected.as_str() == amount.as_str(),
            Self::WithDecimals(decimals) => decimals > 0 && amount.decimals() == decimals,
        }
    }
}

/// The amount with `decimals` fraction digits at the start of `text`. It is plain: an
/// `e` is the id's first letter, never an exponent.
fn with_decimals(text: &str, decimals: u32) -> Option<Amount> {
    // Zero decimals would leave a trailing point, which is not an amount.
    let point = text.find('.')?;
    let end = point
        .checked_add(1)?
        .checked_add(usize::try_from(decimals).ok()?)?;
    let amount: Amount = text.get(..end)?.parse().ok()?;
    amount.is_plain().then_some(amount)
}
