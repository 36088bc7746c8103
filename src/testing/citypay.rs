//! Callbacks as CityPay.io would send them, and the responses of its order endpoint.
//!
//! ```
//! use payhook::citypay::{Account, OrderStatus};
//! use payhook::testing::citypay::order;
//!
//! let paid = order().token("tok-1").amount("0.001").confirmed();
//! let (callback, answer) = (paid.callback(), paid.answer("5120"));
//!
//! let account = Account::new("5120")?;
//! let proven = account.prove_order(callback.unverified()?, "tok-1", &answer)?;
//! assert_eq!(proven.proven().status(), Some(OrderStatus::Confirmed));
//!
//! // An endpoint that lags behind.
//! let late = order().token("tok-1").amount("0.001").paid_unconfirmed().answer("5120");
//! let proven = account.prove_order(callback.unverified()?, "tok-1", &late)?;
//! assert!(proven.proven().is_stale());
//! # Ok::<(), payhook::Error>(())
//! ```

mod answer;
mod deposit;
mod endpoint;

pub use answer::error_response;
pub use deposit::{DepositBuilder, deposit};
pub use endpoint::OrderEndpoint;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::body::Body;
use super::error::{BuildError, or_panic};
use super::json::Json;
use crate::citypay::{OrderCallback, OrderStatus};

/// A builder for CityPay.io orders; see the [module](self) for an example.
///
/// The default is *confirmed*, paid in full with 0.0006527 BTC for 60 USD, with the
/// token `tok_4f9c1b7e`, on March 2, 2026. Other fields can be [`set`](Body::set) in
/// the resulting body, since nothing is signed.
#[derive(Debug, Clone)]
pub struct OrderBuilder {
    token: Json,
    order_id: Json,
    client_order_id: Json,
    status: String,
    action: Option<String>,
    amount: String,
    rate: String,
    fiat_currency: String,
    crypto_currency: String,
    received: Vec<Paid>,
    time: DateTime<Utc>,
}

/// A payment of an order.
#[derive(Debug, Clone)]
struct Paid {
    coins: String,
    at: Option<DateTime<Utc>>,
    id: String,
    hash: String,
}

impl Paid {
    /// An invented id, the same for every order.
    fn example(index: usize, coins: String) -> Self {
        let number = index.saturating_add(1);
        Self {
            coins,
            at: None,
            id: number.saturating_add(9000).to_string(),
            hash: format!("8c{number:x}f").repeat(16),
        }
    }
}

/// Creates a confirmed order.
///
/// See the [module](self) for an example.
#[must_use]
pub fn order() -> OrderBuilder {
    OrderBuilder {
        token: "tok_4f9c1b7e".into(),
        order_id: 441.into(),
        client_order_id: "INV-2031".into(),
        status: "CONFIRMED".to_owned(),
        action: None,
        amount: "0.0006527".to_owned(),
        rate: "91925.84".to_owned(),
        fiat_currency: "USD".to_owned(),
        crypto_currency: "BTC".to_owned(),
        received: Vec::new(),
        time: creation(),
    }
}

/// The default time: 2026-03-02 09:10 UTC.
fn creation() -> DateTime<Utc> {
    DateTime::from_timestamp_nanos(1_772_442_600_000_000_000)
}

impl OrderBuilder {
    /// Sets the token that the merchant issued: a string or an integer.
    #[must_use]
    pub fn token(mut self, token: impl Into<Json>) -> Self {
        self.token = token.into();
        self
    }

    /// Sets the gateway's id: an integer or a string.
    #[must_use]
    pub fn order_id(mut self, id: impl Into<Json>) -> Self {
        self.order_id = id.into();
        self
    }

    /// Sets the merchant's own id, which is never verified.
    #[must_use]
    pub fn client_order_id(mut self, id: impl Into<Json>) -> Self {
        self.client_order_id = id.into();
        self
    }

    /// Sets the amount due, in the cryptocurrency.
    #[must_use]
    pub fn amount(mut self, coins: &str) -> Self {
        self.amount = coins.into();
        self
    }

    /// Sets the price of one unit of the cryptocurrency in the fiat currency, which
    /// determines the fiat amounts.
    #[must_use]
    pub fn exchange_rate(mut self, rate: &str) -> Self {
        self.rate = rate.into();
        self
    }

    /// Sets the cryptocurrency's ticker, such as `BTC`. The callback contains it
    /// unchanged; the endpoint's response contains the name (`Bitcoin`) and the
    /// ticker in lowercase.
    #[must_use]
    pub fn crypto_currency(mut self, name: &str) -> Self {
        self.crypto_currency = name.into();
        self
    }

    /// Sets the fiat currency, such as `USD`.
    #[must_use]
    pub fn fiat_currency(mut self, name: &str) -> Self {
        self.fiat_currency = name.into();
        self
    }

    /// Adds a received payment of this amount in the cryptocurrency. Without any, an
    /// order with a paid status is paid accordingly.
    #[must_use]
    pub fn received(mut self, coins: &str) -> Self {
        let index = self.received.len();
        self.received.push(Paid::example(index, coins.to_owned()));
        self
    }

    /// Adds a [payment](Self::received) with its time, and the id and the hash of its
    /// transaction.
    #[must_use]
    pub fn received_at(mut self, coins: &str, at: DateTime<Utc>, id: &str, hash: &str) -> Self {
        self.received.push(Paid {
            coins: coins.to_owned(),
            at: Some(at),
            id: id.to_owned(),
            hash: hash.to_owned(),
        });
        self
    }

    /// Sets the status *in progress*: the payment page was opened and a
    /// cryptocurrency chosen.
    #[must_use]
    pub fn created(self) -> Self {
        self.status("IN_PROGRESS")
    }

    /// Sets the status *paid, unconfirmed*.
    #[must_use]
    pub fn paid_unconfirmed(self) -> Self {
        self.status("PAID_UNCONFIRMED")
    }

    /// Sets the status *confirmed*.
    #[must_use]
    pub fn confirmed(self) -> Self {
        self.status("CONFIRMED")
    }

    /// Sets the status *underpaid*.
    #[must_use]
    pub fn underpaid(self) -> Self {
        self.status("UNDERPAID")
    }

    /// Sets the status *overpaid*.
    #[must_use]
    pub fn overpaid(self) -> Self {
        self.status("OVERPAID")
    }

    /// Sets the status *expired*, which only the endpoint reports, never a callback.
    #[must_use]
    pub fn expired(self) -> Self {
        self.status("EXPIRED")
    }

    /// Sets the status *canceled*.
    #[must_use]
    pub fn canceled(self) -> Self {
        self.status("CANCELED")
    }

    /// Sets the status to any words.
    #[must_use]
    pub fn status(mut self, words: &str) -> Self {
        self.status = words.into();
        self
    }

    /// Sets the action to any words; the default follows from the status.
    #[must_use]
    pub fn action(mut self, words: &str) -> Self {
        self.action = Some(words.to_owned());
        self
    }

    /// Sets the time of creation. Times are written in UTC, without a zone.
    #[must_use]
    pub fn at(mut self, time: DateTime<Utc>) -> Self {
        self.time = time;
        self
    }

    /// Builds the callback.
    #[must_use]
    pub fn callback(&self) -> Body<OrderCallback> {
        Body::new(or_panic(self.callback_json()))
    }

    fn callback_json(&self) -> Result<Json, BuildError> {
        let mut json = Json::template(include_str!("citypay/order.json"));
        let status = OrderStatus::from(self.status.as_str());
        let action = self.action.as_deref().unwrap_or(match status {
            OrderStatus::InProgress => "create_order",
            OrderStatus::Confirmed => "confirmation",
            OrderStatus::Canceled | OrderStatus::Expired => "cancel",
            _ => "receive_transaction",
        });
        json.fill("action", action.into())?;
        json.fill("status", self.status.as_str().into())?;
        json.fill("order_id", self.order_id.clone())?;
        json.fill("client_order_id", self.client_order_id.clone())?;
        if let Some(last) = self.payments().last() {
            json.fill("transaction_id", last.hash.as_str().into())?;
            json.fill("received_amount_in_coins", Json::number(&last.coins))?;
            json.fill("received_amount_in_fiat", self.last_in_fiat().into())?;
            json.fill("exchange_rate", Json::number(&self.rate))?;
        }
        json.fill("fiat_currency", self.fiat_currency.as_str().into())?;
        json.fill("crypto_currency", self.crypto_currency.as_str().into())?;
        json.fill("created_at", local(self.time).into())?;
        json.fill("order_token", self.token.clone())?;
        Ok(json)
    }

    /// The payments in the cryptocurrency: as set, or following from the status.
    fn payments(&self) -> Vec<Paid> {
        if !self.received.is_empty() {
            return self.received.clone();
        }
        let share = |factor| {
            let due: Option<Decimal> = self.amount.parse().ok();
            due.and_then(|due| due.checked_mul(factor)).map_or_else(
                || self.amount.clone(),
                |share| share.normalize().to_string(),
            )
        };
        let coins = match OrderStatus::from(self.status.as_str()) {
            OrderStatus::PaidUnconfirmed | OrderStatus::Confirmed => self.amount.clone(),
            OrderStatus::Underpaid => share(Decimal::new(2, 1)),
            OrderStatus::Overpaid => share(Decimal::new(125, 2)),
            _ => return Vec::new(),
        };
        vec![Paid::example(0, coins)]
    }

    /// The sum of all payments up to this one, in the cryptocurrency; `None` if one
    /// is not an amount.
    fn sum(payments: &[Paid]) -> Option<Decimal> {
        let mut coins = payments.iter().map(|paid| paid.coins.parse().ok());
        coins.try_fold(Decimal::ZERO, |sum, coins| sum.checked_add(coins?))
    }

    /// The last payment in fiat, so that the parts add up to the sum, to the cent.
    fn part_in_fiat(&self, payments: &[Paid]) -> String {
        let Some((last, before)) = payments.split_last() else {
            return self.fiat("0");
        };
        let in_fiat = |payments| {
            let sum: Decimal = Self::sum(payments)?;
            self.fiat(&sum.to_string()).parse().ok()
        };
        let part = in_fiat(payments)
            .zip(in_fiat(before))
            .and_then(|(all, before): (Decimal, Decimal)| all.checked_sub(before));
        part.map_or_else(|| self.fiat(&last.coins), |part| part.to_string())
    }

    fn last_in_fiat(&self) -> String {
        self.part_in_fiat(&self.payments())
    }

    fn fiat(&self, coins: &str) -> String {
        let (coins, rate) = (coins.parse::<Decimal>(), self.rate.parse());
        let fiat = coins
            .ok()
            .zip(rate.ok())
            .and_then(|(coins, rate)| coins.checked_mul(rate));
        let mut fiat = fiat.unwrap_or_default().round_dp(2);
        fiat.rescale(2);
        fiat.to_string()
    }
}

/// A time in the gateway's form, without seconds and zone.
fn local(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M").to_string()
}
