//! The outcome of a callback of B2BINPAY: the first two tables at [`Outcome`].

use super::callback::Callback;
use super::operation::Operation;
use super::proven::ProvenTransfer;
use super::resource::Transfer;
use super::status::{DepositStatus, PayoutStatus, TransferStatus};
use crate::fact::Fact;
use crate::outcome::Outcome;
use crate::verified::Evidence;

pub(super) fn of_transfer(
    reported: &Callback,
    proven: &ProvenTransfer,
    evidence: &Evidence,
) -> Fact<Outcome> {
    if proven.ambiguous_text().is_some() {
        return Fact::Reported(Outcome::ManualReview);
    }
    match (reported.transfer(), proven.transfer_status()) {
        (Some(transfer), Some(status)) => with_transfer(reported.operation(), transfer, status),
        _ if *evidence == Evidence::GatewayApi => Fact::Proven(match reported.operation() {
            Operation::Deposit(_) => of_deposit_status(proven.deposit_status()),
            Operation::Payout(_) => of_payout_status(proven.payout_status()),
        }),
        _ => Fact::Reported(match reported.operation() {
            Operation::Deposit(deposit) => of_deposit_status(deposit.status()),
            Operation::Payout(payout) => of_payout_status(payout.status()),
        }),
    }
}

/// The transfer's status decides; unsigned values can only prevent settlement.
fn with_transfer(
    operation: Operation<'_>,
    transfer: Transfer<'_>,
    status: TransferStatus,
) -> Fact<Outcome> {
    let outcome = match status {
        TransferStatus::Created | TransferStatus::Unconfirmed => Outcome::Pending,
        TransferStatus::_Unknown(_) => Outcome::Unknown,
        // A payout does not fail when its fee's transfer fails.
        _ if !(transfer.op_type().is_none() || transfer.fits(operation)) => {
            return Fact::Reported(Outcome::ManualReview);
        }
        TransferStatus::Confirmed if !allows_settlement(operation) => {
            return Fact::Reported(Outcome::ManualReview);
        }
        TransferStatus::Confirmed => Outcome::Settled,
        TransferStatus::Failed => Outcome::Failed,
        TransferStatus::Blocked => Outcome::Blocked,
        TransferStatus::Canceled => Outcome::Canceled,
    };
    Fact::Proven(outcome)
}

fn allows_settlement(operation: Operation<'_>) -> bool {
    match operation {
        Operation::Deposit(deposit) => {
            matches!(
                deposit.status(),
                None | Some(DepositStatus::Created | DepositStatus::Paid)
            )
        }
        Operation::Payout(payout) => matches!(payout.status(), None | Some(PayoutStatus::Approved)),
    }
}

fn of_deposit_status(status: Option<DepositStatus>) -> Outcome {
    match status {
        Some(DepositStatus::Created) => Outcome::Pending,
        Some(DepositStatus::Canceled) => Outcome::Canceled,
        // Reported money without a transfer.
        Some(DepositStatus::Paid | DepositStatus::Unresolved) => Outcome::ManualReview,
        Some(DepositStatus::_Unknown(_)) | None => Outcome::Unknown,
    }
}

fn of_payout_status(status: Option<PayoutStatus>) -> Outcome {
    match status {
        Some(PayoutStatus::WaitingForApproval | PayoutStatus::Approved) => Outcome::Pending,
        Some(PayoutStatus::Canceled) => Outcome::Canceled,
        Some(PayoutStatus::_Unknown(_)) | None => Outcome::Unknown,
    }
}
