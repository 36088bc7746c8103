//! [`Script`]: what happens to a payment, drawn up before anything is sent.

pub(super) mod b2binpay;
pub(super) mod citypay;

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::{Ending, Payment, SimulationError};
use crate::random::Random;
use crate::text::is_plain;
use payhook::Amount;
use payhook::b2binpay::Key;
use payhook::citypay::OrderDetails;
use payhook::payment::{Expected, ExpectedKind};
use payhook::testing::b2binpay::CallbackBuilder;
use payhook::testing::citypay::OrderEndpoint;
use payhook::testing::{Body, BuildError};

/// How long a payment may take, as the order pages say.
const MINUTES: i64 = 60;

/// What the gateway tells, when, and what it comes to.
pub(super) struct Script {
    /// In the order in which it happens.
    pub(super) news: Vec<News>,
    /// CityPay.io's only.
    pub(super) endpoint: Option<Endpoint>,
    pub(super) ending: Ending,
}

/// The order endpoint, and what it says of the payment's token from each moment
/// on.
pub(super) struct Endpoint {
    pub(super) stand_in: OrderEndpoint,
    pub(super) token: String,
    pub(super) answers: VecDeque<(DateTime<Utc>, Body<OrderDetails>)>,
}

/// Something that the gateway tells.
pub(super) struct News {
    pub(super) at: DateTime<Utc>,
    pub(super) label: String,
    /// Which transfer it is about: rendered again, it has the transfer's latest status.
    pub(super) transfer: u32,
    pub(super) said: Said,
}

pub(super) enum Said {
    /// With its own time, whenever it is made.
    Signed(Box<CallbackBuilder>, Key),
    /// Always the same bytes.
    Unsigned(Vec<u8>),
}

impl Said {
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

/// What is agreed on.
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
            let scale = payment.currency.exp();
            is_plain(amount.as_str()) && !amount.is_zero() && amount.with_scale(scale).is_some()
        });
        Ok(Self {
            payment,
            amount: amount.ok_or(SimulationError::Amount)?,
            start,
            deadline: later(start, TimeDelta::minutes(MINUTES)),
        })
    }

    /// The payment in the merchant's record.
    pub(super) fn expected(&self, kind: ExpectedKind) -> Result<Expected, SimulationError> {
        let (currency, amount) = (&self.payment.currency, Some(self.amount.clone()));
        let reference = self.payment.reference.as_str();
        let expected = Expected::of_kind(kind, reference, currency.alpha(), amount);
        let expected = expected.map_err(|_| SimulationError::Amount)?;
        let expected = expected.decimals(currency.exp());
        Ok(expected.deadline(self.deadline))
    }

    /// Not all of it.
    fn part(&self, random: &mut Random) -> Result<Amount, SimulationError> {
        let part = self.share(random.between(10, 90));
        part.filter(|part| *part < self.amount)
            .ok_or(SimulationError::Amount)
    }

    /// What comes on top of it.
    fn surplus(&self, random: &mut Random) -> Result<Amount, SimulationError> {
        let share = self.share(random.between(1, 150));
        share.ok_or(SimulationError::Amount)
    }

    /// So many hundredths of it, and more than nothing.
    fn share(&self, percent: u32) -> Option<Amount> {
        let amount = self.amount.to_decimal().ok()?;
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

/// At the end of all time it stays there.
pub(super) fn later(time: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    time.checked_add_signed(by).unwrap_or(time)
}
