//! [`Payment`]: what a callback says of what is compared, whichever gateway
//! sends it.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Expected, Reason};
use crate::amount::Amount;
use crate::b2binpay::{Currency, ExpectedAmount, ProvenTransfer, TransferCallback};
use crate::citypay::{
    DepositCallback, OrderAnswer, OrderCallback, ProvenDeposit, ProvenOrder, Token,
};
use crate::event::{Event, Kind};
use crate::fact::Fact;
use crate::outcome::{self, Outcome};
use crate::timestamp::Timestamp;

pub(super) struct Payment {
    /// Whether the reference is the expected one, or why it can't be said.
    pub(super) reference: Result<Fact<bool>, Reason>,
    pub(super) kind: Fact<Kind>,
    /// Whether the currency is the expected one; `None` if there is none.
    pub(super) currency: Option<Fact<bool>>,
    /// Whether the signed amount has as many fraction digits as expected.
    pub(super) has_scale: bool,
    pub(super) outcome: Fact<Outcome>,
    /// Whether the merchant chose to settle without a proof.
    pub(super) is_trusted: bool,
    /// Whether there is money although the outcome may say otherwise.
    pub(super) has_money: bool,
    pub(super) received: Option<Fact<Amount>>,
    /// It was made before this, for certain.
    pub(super) made_before: Option<DateTime<Utc>>,
    pub(super) made_at: Option<Fact<DateTime<Utc>>>,
}

impl Payment {
    fn unknown(event: &Event<'_>) -> Self {
        Self {
            reference: Err(Reason::Reference),
            kind: event.kind(),
            currency: None,
            has_scale: true,
            outcome: event.outcome(),
            is_trusted: false,
            has_money: false,
            received: None,
            made_before: None,
            made_at: None,
        }
    }

    pub(super) fn transfer(
        expected: &Expected,
        event: &Event<'_>,
        told: &TransferCallback,
        proven: &ProvenTransfer,
    ) -> Self {
        let transfer = told.transfer();
        let divisor = expected.divisor();
        // Without a transfer there is no amount, and the id alone divides.
        let is_divisible = divisor.is_some() || transfer.is_none();
        let divided = proven.undivided().and_then(|_| {
            let divisor = divisor.unwrap_or(ExpectedAmount::WithScale(0));
            proven.divided(&told.operation, &expected.reference, &divisor)
        });
        let reference = match (proven.tracking_id(), proven.undivided()) {
            (Some(own), _) => Ok(Fact::Proven(own == &*expected.reference)),
            (None, Some(_)) if !is_divisible => Err(Reason::Undivided),
            (None, Some(_)) => Ok(Fact::Proven(divided.is_some())),
            (None, None) => Ok(Fact::Reported(told.tracking_id == expected.reference)),
        };
        let proven = divided.as_ref().unwrap_or(proven);
        let amount = proven.amount();
        let currency = told.currency();
        let is_named = |currency: &&Currency| {
            let names = [&currency.alpha, &currency.alias];
            names.into_iter().flatten().any(|name| !name.is_empty())
        };
        let currency = currency.filter(is_named);
        Self {
            reference,
            currency: currency
                .map(|currency| Fact::Reported(currency.is_named(&expected.currency))),
            has_scale: match (expected.scale, amount) {
                (Some(scale), Some(amount)) => amount.scale() == scale,
                _ => true,
            },
            outcome: outcome::of_transfer(told, proven, event.evidence()),
            received: amount.cloned().map(Fact::Proven),
            made_before: proven.time().and_then(Timestamp::utc),
            made_at: transfer
                .and_then(|transfer| transfer.created_at.as_ref()?.utc())
                .map(Fact::Reported),
            ..Self::unknown(event)
        }
    }

    pub(super) fn order(
        expected: &Expected,
        event: &Event<'_>,
        told: &OrderCallback,
        proven: &ProvenOrder,
    ) -> Self {
        let reference = compare(expected, proven.token(), told.order_token.as_ref());
        let unknown = Self {
            reference,
            ..Self::unknown(event)
        };
        let Some(answer) = proven.answer() else {
            return unknown;
        };
        let unit = Unit::find(expected, answer);
        let agrees = unit.is_none_or(|unit| unit.agrees(answer));
        let has_money = answer.transactions().next().is_some();
        let received = unit.filter(|_| has_money).and_then(|unit| unit.sum(answer));
        Self {
            currency: unit.map(|unit| Fact::Proven(unit != Unit::Another)),
            outcome: outcome::of_order_unless(proven, !agrees),
            // A canceled or expired order may have been paid all the same.
            has_money,
            received: received.map(if agrees { Fact::Proven } else { Fact::Reported }),
            made_at: latest(answer).map(Fact::Proven),
            ..unknown
        }
    }

    pub(super) fn customer_deposit(
        expected: &Expected,
        event: &Event<'_>,
        told: &DepositCallback,
        proven: &ProvenDeposit,
    ) -> Self {
        let reference = compare(expected, proven.token(), told.deposit_token.as_ref());
        let currency = event.currency();
        let made_at = told.created_at.as_ref().and_then(Timestamp::utc);
        Self {
            reference,
            currency: currency.map(|coin| coin.map(|coin| expected.is_in(coin))),
            is_trusted: proven.is_trusted(),
            received: told.received_amount.clone().map(Fact::Reported),
            made_at: made_at.map(Fact::Reported),
            ..Self::unknown(event)
        }
    }

    /// Whether it ended without the money, by its outcome.
    pub(super) fn is_over(&self) -> bool {
        matches!(
            self.outcome.value(),
            Outcome::Blocked | Outcome::Canceled | Outcome::Expired | Outcome::Failed
        )
    }

    /// By how much it misses the deadline, zero or less if it does not; `None`
    /// if that can't be said.
    pub(super) fn lateness(&self, deadline: DateTime<Utc>) -> Option<Fact<TimeDelta>> {
        match self.made_before {
            Some(bound) if bound <= deadline => Some(Fact::Proven(bound - deadline)),
            _ => self.made_at.map(|made| made.map(|made| made - deadline)),
        }
    }
}

fn compare(
    expected: &Expected,
    proven: Option<&Token>,
    told: Option<&Token>,
) -> Result<Fact<bool>, Reason> {
    let token = match (proven, told) {
        (Some(proven), _) => Fact::Proven(proven),
        (None, Some(told)) => Fact::Reported(told),
        (None, None) => return Err(Reason::Reference),
    };
    Ok(token.map(|token| token.is(&expected.reference)))
}

/// What an order is measured in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Coin,
    Fiat,
    /// Neither is the expected one.
    Another,
}

impl Unit {
    /// `None` if the answer does not name what might be the expected one. Where
    /// coin and fiat have the same name, it is the fiat currency: the gateway
    /// quotes coins anew every minute, and compares orders in fiat.
    fn find(expected: &Expected, answer: &OrderAnswer) -> Option<Self> {
        let coin = answer.is_in_coin(&expected.currency);
        let fiat = answer.is_in_fiat(&expected.currency);
        match (coin, fiat) {
            (_, Some(true)) => Some(Self::Fiat),
            (Some(true), _) => Some(Self::Coin),
            (Some(false), Some(false)) => Some(Self::Another),
            (None, _) | (_, None) => None,
        }
    }

    /// All that came; `None` if it can't be said of one of them.
    fn sum(self, answer: &OrderAnswer) -> Option<Amount> {
        match self {
            Self::Coin => answer.received(),
            Self::Fiat => answer.received_fiat(),
            Self::Another => None,
        }
    }

    /// Whether the answer says the same of it throughout.
    fn agrees(self, answer: &OrderAnswer) -> bool {
        match self {
            Self::Coin => answer.totals_agree(),
            Self::Fiat => answer.totals_agree_fiat(),
            Self::Another => true,
        }
    }
}

/// When the last of them came in; `None` if it can't be said of one.
fn latest(answer: &OrderAnswer) -> Option<DateTime<Utc>> {
    let times = answer
        .transactions()
        .map(|transaction| transaction.created_at.as_ref()?.utc());
    times.collect::<Option<Vec<_>>>()?.into_iter().max()
}
