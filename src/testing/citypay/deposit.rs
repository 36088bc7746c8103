//! [`DepositBuilder`]: a payment to a customer's permanent address.

use chrono::{DateTime, Utc};

use super::{creation, local};
use crate::citypay::DepositCallback;
use crate::testing::body::Body;
use crate::testing::error::{BuildError, or_panic};
use crate::testing::json::Json;

/// A builder for a deposit: a payment to a customer's permanent address.
///
/// The default is *confirmed*, with 250.5 for the customer `dep_user_42`.
///
/// ```
/// use payhook::citypay::DepositStatus;
/// use payhook::testing::citypay::deposit;
///
/// let body = deposit().token("dep-7").received("12.5").pending().callback().unverified()?;
/// let reported = body.unverified();
/// assert_eq!(reported.status(), Some(DepositStatus::Pending));
/// assert_eq!(reported.received_amount(), Some("12.5".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct DepositBuilder {
    token: Json,
    transaction_id: Json,
    received: Json,
    status: &'static str,
    action: &'static str,
    time: DateTime<Utc>,
}

/// Creates a confirmed deposit.
///
/// See [`DepositBuilder`] for an example.
#[must_use]
pub fn deposit() -> DepositBuilder {
    DepositBuilder {
        token: "dep_user_42".into(),
        transaction_id: "77aa77aa77aa77aa77aa77aa77aa77aa77aa77aa77aa77aa77aa77aa77aa77aa".into(),
        received: "250.5".into(),
        status: "Confirmed",
        action: "confirmation",
        time: creation(),
    }
}

impl DepositBuilder {
    /// Sets the token that the merchant assigned to the customer.
    #[must_use]
    pub fn token(mut self, token: impl Into<Json>) -> Self {
        self.token = token.into();
        self
    }

    /// Sets the transaction's id.
    #[must_use]
    pub fn transaction_id(mut self, id: impl Into<Json>) -> Self {
        self.transaction_id = id.into();
        self
    }

    /// Sets the received amount, in the cryptocurrency: a string, or a
    /// [raw](Json::raw) number.
    #[must_use]
    pub fn received(mut self, coins: impl Into<Json>) -> Self {
        self.received = coins.into();
        self
    }

    /// Sets the status *pending*: fewer than five confirmations.
    #[must_use]
    pub fn pending(mut self) -> Self {
        self.status = "Pending";
        self.action = "receive_transaction";
        self
    }

    /// Sets the status *confirmed*: five confirmations or more.
    #[must_use]
    pub fn confirmed(mut self) -> Self {
        self.status = "Confirmed";
        self.action = "confirmation";
        self
    }

    /// Sets the time; written in UTC, without a zone.
    #[must_use]
    pub fn at(mut self, time: DateTime<Utc>) -> Self {
        self.time = time;
        self
    }

    /// Builds the callback.
    #[must_use]
    pub fn callback(&self) -> Body<DepositCallback> {
        Body::new(or_panic(self.callback_json()))
    }

    fn callback_json(&self) -> Result<Json, BuildError> {
        let mut json = Json::template(include_str!("deposit.json"));
        json.fill("action", self.action.into())?;
        json.fill("transaction_id", self.transaction_id.clone())?;
        json.fill("received_amount", self.received.clone())?;
        json.fill("status", self.status.into())?;
        json.fill("crated_at", local(self.time).into())?;
        json.fill("deposit_token", self.token.clone())?;
        Ok(json)
    }
}
