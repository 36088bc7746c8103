//! The outcome of a callback of CityPay.io: the last two tables at [`Outcome`].

use super::callback::DepositCallback;
use super::proven::{ProvenDeposit, ProvenOrder};
use super::status::{DepositStatus, OrderStatus};
use crate::fact::Fact;
use crate::outcome::Outcome;

pub(super) fn of_order(proven: &ProvenOrder) -> Fact<Outcome> {
    let Some(answer) = proven.answer() else {
        return Fact::Reported(Outcome::ManualReview);
    };
    if proven.is_stale() {
        return Fact::Reported(Outcome::Pending);
    }
    Fact::Proven(match &answer.status() {
        // The response does not report the amount and whether it was complete.
        OrderStatus::Confirmed if answer.transactions().next().is_none() => {
            return Fact::Reported(Outcome::ManualReview);
        }
        OrderStatus::Confirmed | OrderStatus::Overpaid | OrderStatus::Underpaid
            if proven.is_contradicted() =>
        {
            return Fact::Reported(Outcome::ManualReview);
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

pub(super) fn of_deposit(reported: &DepositCallback, proven: &ProvenDeposit) -> Outcome {
    if !proven.is_trusted()
        || reported.deposit_token().is_none()
        || reported.received_amount().is_none()
    {
        return Outcome::ManualReview;
    }
    match reported.status() {
        Some(DepositStatus::Confirmed) => Outcome::Settled,
        Some(DepositStatus::Pending) => Outcome::Pending,
        Some(DepositStatus::_Unknown(_)) | None => Outcome::Unknown,
    }
}
