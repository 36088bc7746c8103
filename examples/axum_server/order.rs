//! What the shop waits for, and what a callback changes in it.

use std::collections::BTreeMap;

use payhook::{Amount, Callback, Expected, Fact, Outcome, Progress, State, Verdict, Verified};
use serde::Deserialize;

/// A payment that the shop waits for: its own record, which every callback is
/// measured by.
#[derive(Clone, Deserialize)]
pub(crate) struct Order {
    /// B2BINPAY's tracking id, CityPay.io's token.
    pub(crate) reference: String,
    pub(crate) kind: Kind,
    pub(crate) currency: String,
    /// In whole coins, or in the fiat currency.
    pub(crate) amount: String,
    /// B2BINPAY: the currency's fraction digits.
    pub(crate) scale: Option<u32>,
    /// What was credited so far.
    #[serde(skip, default = "zero")]
    pub(crate) received: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Deposit,
    Payout,
    Order,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Payout => "payout",
            Self::Order => "order",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Deposit, Self::Payout, Self::Order]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

fn zero() -> String {
    "0".to_owned()
}

/// What a callback changes.
#[derive(Default)]
pub(crate) struct Booking {
    pub(crate) credit: Option<Amount>,
    /// The new state of the payment, where it takes the place of the known one.
    pub(crate) state: Option<State>,
    /// For a person.
    pub(crate) reviews: Vec<String>,
}

/// The known states of an order's payments, by what [`payment`] calls them.
pub(crate) type States = BTreeMap<String, State>;

/// An order is paid in one or more payments, each with a state of its own. What
/// is told without a transfer has no name, and is about all of them.
pub(crate) fn payment(callback: &Verified<Callback>) -> &str {
    match callback.reported() {
        Callback::Transfer(told) => told.transfer().map_or("", |transfer| transfer.id.as_str()),
        _ => "",
    }
}

/// The merchant's reference, as far as it is proven.
pub(crate) fn reference(callback: &Verified<Callback>) -> Option<&str> {
    callback.event().reference().and_then(Fact::proven)
}

impl Order {
    /// What a callback changes, with these `known` states. It is asked once for
    /// each of the callbacks that say the same.
    pub(crate) fn book(&self, callback: &Verified<Callback>, known: &States) -> Booking {
        let mut booking = Booking::default();
        if let Some(next) = State::of(callback) {
            let name = payment(callback);
            // A transfer's first news follow what was told without one.
            let before = known.get(name).or_else(|| known.get(""));
            let step = before.map(|known| known.progress(&next));
            let transfers = known.iter().filter(|(id, _)| !id.is_empty());
            let others = transfers
                .filter(|_| name.is_empty())
                .map(|(_, known)| known.progress(&next));
            let steps = step.into_iter().chain(others);
            for step in steps.filter(Progress::needs_review) {
                booking.reviews.push(format!("the payment's state: {step}"));
            }
            if step.is_none_or(|step| step.should_store()) {
                booking.state = Some(next);
            }
        }

        let Some(expected) = self.expected() else {
            booking
                .reviews
                .push("the order's own amount can't be read".to_owned());
            return booking;
        };
        let found = expected.reconcile(callback);
        #[allow(clippy::match_same_arms, reason = "each has a reason of its own")]
        match found.verdict() {
            Verdict::Exact => booking.credit = self.news(found.total()),
            Verdict::Under { by } if matches!(self.kind, Kind::Order) => {
                // The gateway itself waits for the rest, or it thinks that all
                // is there.
                if found.outcome().value() != Outcome::Underpaid {
                    booking.reviews.push(format!("under by {by}"));
                }
            }
            // A transfer is money, though there is some missing.
            Verdict::Under { .. } => booking.credit = self.news(found.total()),
            // Paid too much, or a captured transfer under another id: which of
            // the two, no signature says.
            Verdict::Over { by } => booking.reviews.push(format!("over by {by}")),
            Verdict::NotFinal(_) | Verdict::NotPaid(_) => {}
            other => booking.reviews.push(other.to_string()),
        }
        booking
    }

    /// Whether all that was asked for is credited.
    pub(crate) fn is_paid(&self) -> bool {
        let (received, amount) = (self.received.parse::<Amount>(), self.amount.parse());
        received
            .ok()
            .zip(amount.ok())
            .is_some_and(|(received, amount)| received >= amount)
    }

    fn expected(&self) -> Option<Expected> {
        let (reference, currency) = (self.reference.as_str(), self.currency.as_str());
        let expected = match self.kind {
            Kind::Deposit => Expected::deposit(reference, currency),
            Kind::Payout => Expected::payout(reference, currency),
            Kind::Order => Expected::order(reference, currency),
        };
        let expected = expected
            .amount(self.amount.parse().ok()?)
            .already_received(self.received.parse().ok()?);
        Some(match self.scale {
            Some(scale) => expected.scale(scale),
            None => expected,
        })
    }

    /// What of a total was not credited yet. Only what is proven is credited.
    fn news(&self, total: Option<Fact<&Amount>>) -> Option<Amount> {
        let news = total?.proven()?.checked_sub(&self.received.parse().ok()?)?;
        (!news.is_zero() && !news.is_negative()).then_some(news)
    }
}
