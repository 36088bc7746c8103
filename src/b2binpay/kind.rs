//! [`CallbackType`]: the reason for a callback, inferred from its body.

use super::callback::{Callback, Subject};
use super::operation::Operation;
use super::resource::Transfer;
use super::status::{DepositStatus, TransferStatus};
use crate::open_enum::open_enum;

open_enum! {
    /// The callback type that the gateway's list of callbacks shows.
    ///
    /// It is not in the body: see [`Callback::callback_types`], which infers it.
    pub enum CallbackType: str {
        /// A deposit was blocked by an AML provider, or its transfer was canceled.
        Block = "block",
        /// A *payout* was blocked by an AML provider, or its transfer was canceled.
        Cancel = "cancel",
        /// The transfer has the confirmations that its currency needs.
        Confirmation = "confirmation",
        /// The transfer failed.
        Fail = "fail",
        /// The callback was resent manually, which no body shows.
        Manual = "manual",
        /// The deposit expired, or the payout was not approved; there is no
        /// transfer. One candidate of several unless the body says *canceled*.
        NoTransfer = "no_transfer",
        /// A payout was not confirmed by the owner in time, or canceled by a
        /// user who may.
        RequestRejection = "request_rejection",
        /// The transfer has the confirmations that the merchant asked for.
        UserConfirmation = "user_confirmation",
    }
}

impl Callback {
    /// Infers the callback type that the gateway's list of callbacks shows: all types
    /// that match the body, the most likely first. [`CallbackType::Manual`], which is
    /// always possible, is left out. Empty for states for which the gateway documents
    /// no callback.
    ///
    /// ```
    /// # use payhook::{Unverified, b2binpay::{CallbackType, Callback}};
    /// # let body = std::fs::read("examples/bodies/b2binpay-payout-rejected.json")?;
    /// let callback = Unverified::<Callback>::parse(&body)?;
    /// let types = callback.unverified().callback_types();
    /// assert_eq!(types, [CallbackType::NoTransfer, CallbackType::RequestRejection]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn callback_types(&self) -> &'static [CallbackType] {
        infer(self)
    }
}

fn infer(callback: &Callback) -> &'static [CallbackType] {
    use CallbackType::{
        Block, Cancel, Confirmation, Fail, NoTransfer, RequestRejection, UserConfirmation,
    };

    match (callback.transfer(), callback.operation()) {
        (None, _) if callback.subject() != Subject::None => &[],
        // They are sent not only on expiry (GATEWAYS 1.3), and only a canceled
        // deposit shows that it ended without a transfer.
        (None, Operation::Deposit(deposit)) => match deposit.status() {
            Some(DepositStatus::Canceled) => &[NoTransfer],
            // Outside the limits, paid late, or paid again.
            Some(DepositStatus::Unresolved) => &[NoTransfer, Confirmation, Block, Fail],
            // An address was activated, or an intermediate step was reported.
            _ => &[NoTransfer, Confirmation, UserConfirmation],
        },
        (None, Operation::Payout(_)) => &[NoTransfer, RequestRejection],
        (Some(transfer), operation) => match (transfer.status(), operation) {
            (TransferStatus::Confirmed, _) => confirmed(callback, &transfer),
            (TransferStatus::Unconfirmed, _) => &[UserConfirmation],
            (TransferStatus::Failed, _) => &[Fail],
            (TransferStatus::Blocked, Operation::Deposit(_)) => &[Block],
            (TransferStatus::Blocked, Operation::Payout(_)) => &[Cancel],
            // *Canceled* also means that the amount was too small.
            (TransferStatus::Canceled, Operation::Deposit(_)) => &[Block, Fail],
            (TransferStatus::Canceled, Operation::Payout(_)) => &[Cancel, Fail],
            (TransferStatus::Created | TransferStatus::_Unknown(_), _) => &[],
        },
    }
}

/// A merchant's own number of confirmations can exceed the currency's; then the body
/// does not distinguish the two callbacks.
fn confirmed(callback: &Callback, transfer: &Transfer<'_>) -> &'static [CallbackType] {
    use CallbackType::{Confirmation, UserConfirmation};

    let blocks = callback
        .currency()
        .and_then(|currency| currency.confirmation_blocks());
    let short = matches!((transfer.confirmations(), blocks), (Some(n), Some(blocks)) if n < blocks);
    let reached = |needed| transfer.confirmations().is_none_or(|n| n >= needed);
    match callback.operation().confirmations_needed() {
        _ if short => &[UserConfirmation],
        Some(needed) if reached(needed) => &[Confirmation, UserConfirmation],
        _ => &[Confirmation],
    }
}
