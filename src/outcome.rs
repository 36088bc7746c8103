//! [`Outcome`]: what a callback comes to, and the table that says so.

use std::fmt;

use crate::b2binpay::{
    self, DepositStatus, Operation, PayoutStatus, Transfer, TransferCallback, TransferStatus,
};
use crate::citypay::{self, DepositCallback, OrderStatus, ProvenDeposit, ProvenOrder};
use crate::fact::Fact;
use crate::verified::Evidence;

/// What a callback comes to.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../examples/bodies/b2binpay-deposit-blocked.json");
/// # let callback = verifier.verify(Unverified::parse(body)?)?.into_callback();
/// use payhook::{Fact, Outcome};
///
/// let event = callback.event();
/// match event.outcome() {
///     Fact::Proven(Outcome::Settled) => println!("see what was expected, and credit it once"),
///     Fact::Proven(Outcome::Pending) => println!("wait"),
///     Fact::Proven(outcome) => println!("{outcome}"),
///     Fact::Reported(outcome) => println!("{outcome}, says the sender"),
/// }
/// assert_eq!(event.outcome(), Fact::Proven(Outcome::Blocked));
/// # Ok::<(), payhook::Error>(())
/// ```
///
/// *Settled* says that this callback's amount has arrived, or left, for good;
/// whether it is the amount and currency that the merchant asked for is for the
/// merchant to compare.
///
/// # B2BINPAY, with a transfer, by signature
///
/// The deposit's or payout's own status is not signed: it can only hold a
/// settlement back.
///
/// | transfer | deposit | payout | outcome |
/// |---|---|---|---|
/// | confirmed | none, created, paid | none, approved | settled |
/// | confirmed | canceled, unresolved, unknown | waiting for approval, canceled, unknown | needs review |
/// | confirmed, failed, blocked or canceled, of an operation type that is neither the kind's own nor missing | any | any | needs review |
/// | created, unconfirmed | any | any | pending |
/// | failed | any | any | failed |
/// | blocked | any | any | blocked |
/// | canceled | any | any | canceled |
/// | unknown | any | any | unknown |
/// | any, while the signed text is undivided | any | any | needs review |
///
/// # B2BINPAY, no transfer, by signature, gateway API or source address
///
/// The status is reported but for the gateway API. Nothing ever settles.
///
/// | deposit | payout | outcome |
/// |---|---|---|
/// | created | waiting for approval, approved | pending |
/// | canceled | canceled | canceled |
/// | paid, unresolved | | needs review |
/// | none, unknown | none, unknown | unknown |
/// | any, while the signed text is undivided | any | needs review |
///
/// # CityPay.io, orders
///
/// | evidence | status in the answer | outcome |
/// |---|---|---|
/// | order endpoint | confirmed | settled |
/// | order endpoint | confirmed, without a transaction | needs review |
/// | order endpoint | confirmed, overpaid, underpaid, with [totals](citypay::OrderAnswer::totals_agree_fiat) that disagree | needs review |
/// | order endpoint | overpaid | overpaid |
/// | order endpoint | underpaid | underpaid |
/// | order endpoint | in progress, paid/unconfirmed | pending |
/// | order endpoint | expired | expired |
/// | order endpoint | canceled | canceled |
/// | order endpoint | unknown | unknown |
/// | order endpoint, behind the callback | any | pending |
/// | merchant record, source address | not asked | needs review |
///
/// # CityPay.io, deposits
///
/// | evidence | status | outcome |
/// |---|---|---|
/// | merchant record, source address | any | needs review |
/// | source address, settling by it chosen | confirmed | settled |
/// | source address, settling by it chosen | pending | pending |
/// | source address, settling by it chosen | none, unknown | unknown |
/// | source address, settling by it chosen, no token or no amount | any | needs review |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Blocked by an AML check.
    Blocked,
    /// Canceled by a user or the gateway, or expired unpaid.
    Canceled,
    /// The time to pay is over.
    Expired,
    /// Failed in the blockchain.
    Failed,
    /// A person has to look: the facts contradict each other, or are not
    /// proven well enough.
    NeedsReview,
    /// More came than was asked for. The gateway does not document whether with
    /// enough confirmations: look at the blockchain before it is credited.
    Overpaid,
    /// Not there yet.
    Pending,
    /// The money is there, or gone, for good.
    Settled,
    /// Less came than was asked for.
    Underpaid,
    /// A status that this version does not know, or none.
    Unknown,
}

impl Outcome {
    /// `settled`, `needs review` and so on.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::NeedsReview => "needs review",
            Self::Overpaid => "overpaid",
            Self::Pending => "pending",
            Self::Settled => "settled",
            Self::Underpaid => "underpaid",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

pub(crate) fn of_transfer(
    told: &TransferCallback,
    proven: &b2binpay::ProvenTransfer,
    evidence: &Evidence,
) -> Fact<Outcome> {
    if proven.undivided().is_some() {
        return Fact::Reported(Outcome::NeedsReview);
    }
    match (told.transfer(), proven.transfer_status()) {
        (Some(transfer), Some(status)) => with_transfer(&told.operation, transfer, status),
        _ if *evidence == Evidence::GatewayApi => {
            Fact::Proven(of_deposit_status(proven.deposit_status()))
        }
        _ => Fact::Reported(match &told.operation {
            Operation::Deposit(deposit) => of_deposit_status(deposit.status),
            Operation::Payout(payout) => of_payout_status(payout.status),
        }),
    }
}

/// The transfer's status decides; what is not signed can only hold back.
fn with_transfer(
    operation: &Operation,
    transfer: &Transfer,
    status: TransferStatus,
) -> Fact<Outcome> {
    let outcome = match status {
        TransferStatus::Created | TransferStatus::Unconfirmed => Outcome::Pending,
        TransferStatus::_Unknown(_) => Outcome::Unknown,
        // A payout whose fee failed has not failed.
        _ if !(transfer.op_type.is_none() || operation.is_fitted_by(transfer)) => {
            return Fact::Reported(Outcome::NeedsReview);
        }
        TransferStatus::Confirmed if !allows_settlement(operation) => {
            return Fact::Reported(Outcome::NeedsReview);
        }
        TransferStatus::Confirmed => Outcome::Settled,
        TransferStatus::Failed => Outcome::Failed,
        TransferStatus::Blocked => Outcome::Blocked,
        TransferStatus::Canceled => Outcome::Canceled,
    };
    Fact::Proven(outcome)
}

fn allows_settlement(operation: &Operation) -> bool {
    match operation {
        Operation::Deposit(deposit) => {
            matches!(
                deposit.status,
                None | Some(DepositStatus::Created | DepositStatus::Paid)
            )
        }
        Operation::Payout(payout) => matches!(payout.status, None | Some(PayoutStatus::Approved)),
    }
}

fn of_deposit_status(status: Option<DepositStatus>) -> Outcome {
    match status {
        Some(DepositStatus::Created) => Outcome::Pending,
        Some(DepositStatus::Canceled) => Outcome::Canceled,
        // Money without a transfer to show for it.
        Some(DepositStatus::Paid | DepositStatus::Unresolved) => Outcome::NeedsReview,
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

pub(crate) fn of_order(proven: &ProvenOrder) -> Fact<Outcome> {
    of_order_unless(proven, proven.is_contradicted())
}

/// The outcome of an order whose amounts contradict each other or not, in the
/// currency that it is compared in.
pub(crate) fn of_order_unless(proven: &ProvenOrder, is_contradicted: bool) -> Fact<Outcome> {
    let Some(answer) = proven.answer() else {
        return Fact::Reported(Outcome::NeedsReview);
    };
    if proven.is_behind() {
        return Fact::Reported(Outcome::Pending);
    }
    Fact::Proven(match &answer.status {
        // How much came, and whether that was all, is not said.
        OrderStatus::Confirmed if answer.transactions().next().is_none() => {
            return Fact::Reported(Outcome::NeedsReview);
        }
        OrderStatus::Confirmed | OrderStatus::Overpaid | OrderStatus::Underpaid
            if is_contradicted =>
        {
            return Fact::Reported(Outcome::NeedsReview);
        }
        OrderStatus::Confirmed => Outcome::Settled,
        OrderStatus::Overpaid => Outcome::Overpaid,
        OrderStatus::Underpaid => Outcome::Underpaid,
        OrderStatus::InProgress | OrderStatus::PaidUnconfirmed => Outcome::Pending,
        OrderStatus::Expired => Outcome::Expired,
        OrderStatus::Canceled => Outcome::Canceled,
        OrderStatus::_Unknown(_) => Outcome::Unknown,
    })
}

pub(crate) fn of_deposit(told: &DepositCallback, proven: &ProvenDeposit) -> Outcome {
    if !proven.is_trusted() || told.deposit_token.is_none() || told.received_amount.is_none() {
        return Outcome::NeedsReview;
    }
    match told.status {
        Some(citypay::DepositStatus::Confirmed) => Outcome::Settled,
        Some(citypay::DepositStatus::Pending) => Outcome::Pending,
        Some(citypay::DepositStatus::_Unknown(_)) | None => Outcome::Unknown,
    }
}
