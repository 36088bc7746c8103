//! The step from one status to another: the tables at
//! [`Progress`](super::Progress).

use std::cmp::Ordering;

use super::Progress;
use super::state::{State, Status};
use crate::b2binpay::{
    DepositStatus as Deposit, PayoutStatus as Payout, TransferStatus as Transfer,
};
use crate::citypay::{DepositStatus as CityPayDeposit, OrderStatus as Order};

/// What a step comes to without a look at times and confirmations.
#[derive(Clone, Copy)]
enum Step {
    Advance,
    Back,
    Conflict,
    EitherWay,
    End,
    LateMoney,
    Same,
    Seen,
    Stale,
}

pub(super) fn progress(known: &State, next: &State) -> Progress {
    if next.is_behind() && is_over(next.status()) {
        return Progress::Conflict;
    }
    let step = match Step::between(known.status(), next.status()) {
        Step::Same => match (known.confirmations(), next.confirmations()) {
            (known, Some(next)) if known.is_none_or(|known| known < next) => Step::Advance,
            (Some(known), Some(next)) if next < known => Step::Back,
            _ => Step::Same,
        },
        step => step,
    };
    let times = known.time().zip(next.time());
    step.at(
        times.map_or(Ordering::Equal, |(known, next)| next.cmp(&known)),
        next,
    )
}

fn is_over(status: &Status) -> bool {
    matches!(status, Status::Order(Order::Canceled | Order::Expired))
}

impl Step {
    /// `made` is the new state's time against the known one's.
    fn at(self, made: Ordering, next: &State) -> Progress {
        match self {
            Self::Back if made.is_gt() && !next.is_behind() => Progress::Regression,
            Self::EitherWay | Self::Seen if made.is_lt() => Progress::Stale,
            Self::End if made.is_lt() => Progress::Conflict,
            Self::Advance | Self::EitherWay | Self::End => Progress::Advance,
            Self::Back | Self::Stale => Progress::Stale,
            Self::Conflict => Progress::Conflict,
            Self::LateMoney | Self::Seen => Progress::LateMoney,
            Self::Same => Progress::Duplicate,
        }
    }

    fn between(known: &Status, next: &Status) -> Self {
        if known == next {
            return Self::Same;
        }
        if !known.is_known() || !next.is_known() {
            return Self::Conflict;
        }
        match (known, next) {
            (Status::Transfer(known), Status::Transfer(next)) => transfers(*known, *next),
            (Status::Deposit(known), Status::Deposit(next)) => deposits(*known, *next),
            (Status::Payout(known), Status::Payout(next)) => payouts(*known, *next),
            (Status::Deposit(known), Status::Transfer(next)) => deposit_to_transfer(*known, *next),
            (Status::Payout(known), Status::Transfer(next)) => payout_to_transfer(*known, *next),
            (Status::Transfer(known), Status::Deposit(next)) => transfer_to_deposit(*known, *next),
            (Status::Transfer(known), Status::Payout(next)) => transfer_to_payout(*known, *next),
            (Status::Order(known), Status::Order(next)) => orders(known, next),
            (Status::CityPayDeposit(CityPayDeposit::Pending), Status::CityPayDeposit(_)) => {
                Self::Advance
            }
            (Status::CityPayDeposit(_), Status::CityPayDeposit(_)) => Self::Back,
            _ => Self::Conflict,
        }
    }
}

// Below, the two are known values and differ where the scale is one. What no
// line names is a conflict.

fn transfers(known: Transfer, next: Transfer) -> Step {
    match (known, next) {
        (Transfer::Created, _) | (Transfer::Unconfirmed, Transfer::Confirmed) => Step::Advance,
        (_, Transfer::Created) | (Transfer::Confirmed, Transfer::Unconfirmed) => Step::Back,
        (Transfer::Unconfirmed, _) => Step::End,
        (_, Transfer::Unconfirmed) => Step::Seen,
        (_, Transfer::Confirmed) => Step::LateMoney,
        _ => Step::Conflict,
    }
}

fn deposits(known: Deposit, next: Deposit) -> Step {
    match (known, next) {
        (Deposit::Created, _) | (Deposit::Paid, Deposit::Unresolved) => Step::Advance,
        (_, Deposit::Created) => Step::Back,
        (Deposit::Canceled, _) => Step::LateMoney,
        (Deposit::Unresolved, Deposit::Paid) => Step::EitherWay,
        _ => Step::Conflict,
    }
}

fn payouts(known: Payout, next: Payout) -> Step {
    match (known, next) {
        (Payout::WaitingForApproval, _) => Step::Advance,
        (_, Payout::WaitingForApproval) => Step::Back,
        _ => Step::Conflict,
    }
}

fn deposit_to_transfer(known: Deposit, next: Transfer) -> Step {
    match (known, next) {
        (Deposit::Canceled, next) => canceled_to_transfer(next),
        (Deposit::Created, _) | (_, Transfer::Confirmed) => Step::Advance,
        (_, Transfer::Created | Transfer::Unconfirmed) => Step::Back,
        _ => Step::Conflict,
    }
}

fn payout_to_transfer(known: Payout, next: Transfer) -> Step {
    match known {
        Payout::Canceled => canceled_to_transfer(next),
        _ => Step::Advance,
    }
}

/// *Canceled* says that there is no transfer.
fn canceled_to_transfer(next: Transfer) -> Step {
    match next {
        Transfer::Unconfirmed | Transfer::Confirmed => Step::LateMoney,
        Transfer::Failed | Transfer::Blocked | Transfer::Canceled => Step::Advance,
        _ => Step::Conflict,
    }
}

fn transfer_to_deposit(known: Transfer, next: Deposit) -> Step {
    let is_over = known.is_final() && !known.is_settled();
    match (known, next) {
        (_, Deposit::Created) => Step::Stale,
        (_, Deposit::Canceled) if is_over => Step::Same,
        (Transfer::Confirmed, Deposit::Paid) => Step::Same,
        (_, Deposit::Paid | Deposit::Unresolved) if is_over => Step::LateMoney,
        (_, Deposit::Paid | Deposit::Unresolved) => Step::Advance,
        _ => Step::Conflict,
    }
}

fn transfer_to_payout(known: Transfer, next: Payout) -> Step {
    let is_over = known.is_final() && !known.is_settled();
    match next {
        Payout::WaitingForApproval => Step::Back,
        Payout::Approved => Step::Stale,
        Payout::Canceled if is_over => Step::Same,
        _ => Step::Conflict,
    }
}

fn orders(known: &Order, next: &Order) -> Step {
    use Order::{Canceled, Confirmed, Expired, InProgress, Overpaid, PaidUnconfirmed, Underpaid};

    match (known, next) {
        (InProgress, _)
        | (Confirmed, Overpaid)
        | (Underpaid | PaidUnconfirmed, Confirmed | Overpaid) => Step::Advance,
        (Canceled | Expired, InProgress) => Step::Back,
        (_, Canceled | Expired) => Step::Conflict,
        (Canceled | Expired, _) => Step::LateMoney,
        (Underpaid | PaidUnconfirmed, InProgress) => Step::Stale,
        (Underpaid | PaidUnconfirmed, _) | (Overpaid, Confirmed) => Step::EitherWay,
        (Confirmed | Overpaid, _) => Step::Back,
        _ => Step::Conflict,
    }
}
