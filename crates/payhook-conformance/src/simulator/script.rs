//! [`Script`]: the events of a payment, planned before anything is sent.

pub(super) mod b2binpay;
pub(super) mod citypay;

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::{FinalState, Payment, SimulationError};
use crate::random::Random;
use crate::text::is_plain;
use payhook::Amount;
use payhook::b2binpay::Key;
use payhook::citypay::OrderDetails;
use payhook::payment::{Expected, ExpectedKind};
use payhook::testing::b2binpay::CallbackBuilder;
use payhook::testing::citypay::OrderEndpoint;
use payhook::testing::{Body, BuildError};

/// The time limit of a payment, as on the order pages.
const MINUTES: i64 = 60;

/// The gateway's reports with their times, and the result.
pub(super) struct Script {
    /// Events in their order.
    pub(super) reports: Vec<Report>,
    /// CityPay.io only.
    pub(super) endpoint: Option<Endpoint>,
    pub(super) final_state: FinalState,
}

/// The order endpoint, and its response for the payment's token from each time on.
pub(super) struct Endpoint {
    pub(super) simulated: OrderEndpoint,
    pub(super) token: String,
    pub(super) answers: VecDeque<(DateTime<Utc>, Body<OrderDetails>)>,
}

/// A report of the gateway.
pub(super) struct Report {
    pub(super) at: DateTime<Utc>,
    pub(super) label: String,
    /// The transfer that it is about: when rendered again, it has the transfer's
    /// latest status.
    pub(super) transfer: u32,
    pub(super) content: Content,
}

pub(super) enum Content {
    /// Has a new time whenever it is rendered.
    Signed(Box<CallbackBuilder>, Key),
    /// Always has the same bytes.
    Unsigned(Vec<u8>),
}

impl Content {
    pub(super) fn body(&self, at: DateTime<Utc>) -> Result<Vec<u8>, BuildError> {
        Ok(match self {
            Self::Signed(builder, key) => {
                let builder = CallbackBuilder::clone(builder).at(at);
                builder.try_sign(key)?.as_bytes().to_vec()
            }
            Self::Unsigned(bytes) => bytes.clone(),
        })
    }
}

/// The agreed terms.
pub(super) struct Terms<'a> {
    pub(super) payment: &'a Payment,
    pub(super) amount: Amount,
    pub(super) start: DateTime<Utc>,
    pub(super) deadline: DateTime<Utc>,
}

impl<'a> Terms<'a> {
    pub(super) fn new(payment: &'a Payment, start: DateTime<Utc>) -> Result<Self, SimulationError> {
        let amount: Option<Amount> = payment.amount.parse().ok();
        let amount = amount.filter(|amount| {
            let decimals = payment.currency.exp();
            is_plain(amount.as_str())
                && !amount.is_zero()
                && amount.with_decimals(decimals).is_some()
        });
        Ok(Self {
            payment,
            amount: amount.ok_or(SimulationError::Amount)?,
            start,
            deadline: later(start, TimeDelta::minutes(MINUTES)),
        })
    }

    /// The payment as recorded by the merchant.
    pub(super) fn expected(&self, kind: ExpectedKind) -> Result<Expected, SimulationError> {
        let (currency, amount) = (&self.payment.currency, Some(self.amount.clone()));
        let reference = self.payment.reference.as_str();
        let expected = Expected::of_kind(kind, reference, currency.alpha(), amount);
        let expected = expected.map_err(|_| SimulationError::Amount)?;
        let expected = expected.decimals(currency.exp());
        Ok(expected.deadline(self.deadline))
    }

    /// A part of the amount that differs from the rest: an equal part would be held
    /// (PAYMENTS, rule 9).
    fn part(&self, random: &mut Random) -> Result<Amount, SimulationError> {
        let drawn = random.between(10, 90);
        let parts = (drawn..=90).chain(10..drawn);
        parts
            .filter_map(|percent| self.share(percent))
            .find(|part| {
                let rest = self.amount.checked_sub(part);
                rest.is_some_and(|rest| !rest.is_zero() && rest != *part)
            })
            .ok_or(SimulationError::Amount)
    }

    /// A surplus.
    fn surplus(&self, random: &mut Random) -> Result<Amount, SimulationError> {
        let share = self.share(random.between(1, 150));
        share.ok_or(SimulationError::Amount)
    }

    /// This percentage of it, greater than zero.
    fn share(&self, percent: u32) -> Option<Amount> {
        let amount = self.amount.to_decimal()?;
        let share = amount.checked_mul(Decimal::new(percent.into(), 2))?;
        let share = share.round_dp(self.payment.currency.exp()).normalize();
        (!share.is_zero())
            .then(|| share.to_string().parse().ok())
            .flatten()
    }
}

fn sum(one: &Amount, other: &Amount) -> Result<Amount, SimulationError> {
    one.checked_add(other).ok_or(SimulationError::Amount)
}

fn rest(whole: &Amount, part: &Amount) -> Result<Amount, SimulationError> {
    whole.checked_sub(part).ok_or(SimulationError::Amount)
}

/// Saturates at the end of the time range.
pub(super) fn later(time: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    time.checked_add_signed(by).unwrap_or(time)
}
