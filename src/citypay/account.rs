//! [`Account`]: verification of CityPay.io callbacks.

use std::net::IpAddr;

use chrono::{FixedOffset, Offset, Utc};

use super::answer::OrderDetails;
use super::callback::{DepositCallback, OrderCallback};
use super::proven::{ProvenDeposit, ProvenOrder};
use super::token::{Token, order_url};
use crate::address::AddressRanges;
use crate::constant_time::same;
use crate::error::{ConfigError, VerifyError};
use crate::shared_str::SharedStr;
use crate::verified::{Evidence, Unverified, Verified};

/// The merchant's account at CityPay.io, and the evidence that it accepts.
///
/// CityPay.io does not sign callbacks. An order is proven by the order endpoint's
/// response, for a token that **the merchant issued** and with the merchant's own
/// customer id: without the first check, an attacker could name any order; without
/// the second, an attacker's own order could settle another customer's invoice.
///
/// ```
/// use payhook::Unverified;
/// use payhook::citypay::{Account, OrderCallback, OrderStatus};
///
/// let account = Account::new("5120")?;
///
/// let body = std::fs::read("examples/bodies/citypay-order-confirmed.json")?;
/// let callback = Unverified::<OrderCallback>::parse(&body)?;
///
/// // Look up the token in your own records, then fetch the order with your
/// // HTTP client: `Account::order_url`.
/// let issued = "tok_4f9c1b7e";
/// let answer = std::fs::read("examples/bodies/citypay-order-confirmed.answer.json")?;
///
/// let order = account.prove_order(callback, issued, &answer)?;
/// assert_eq!(order.proven().status(), Some(OrderStatus::Confirmed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Account {
    customer_id: SharedStr,
    sources: Sources,
    zone: FixedOffset,
    is_sandbox: bool,
}

/// How far a source address counts as evidence.
#[derive(Debug, Clone)]
enum Sources {
    Nothing,
    Review(AddressRanges),
    SettleDeposits(AddressRanges),
}

impl Account {
    /// Creates an account with its customer id, the `customerId` of the endpoint's
    /// responses. Surrounding whitespace is removed, since no id contains any.
    ///
    /// # Errors
    ///
    /// [`ConfigError::EmptyCustomerId`].
    pub fn new(customer_id: &str) -> Result<Self, ConfigError> {
        let customer_id = customer_id.trim();
        if customer_id.is_empty() {
            return Err(ConfigError::EmptyCustomerId);
        }
        Ok(Self {
            customer_id: customer_id.into(),
            sources: Sources::Nothing,
            zone: Utc.fix(),
            is_sandbox: false,
        })
    }

    /// Uses the sandbox, whose money is not real, instead of production.
    #[must_use]
    pub fn sandbox(mut self) -> Self {
        self.is_sandbox = true;
        self
    }

    /// Returns the URL of an order, for a `GET` request without credentials. This
    /// crate opens no socket; use your own HTTP client.
    ///
    /// Returns `None` for tokens that cannot be part of a path: an empty one, `.` and
    /// `..`, which an HTTP client would resolve to another URL.
    ///
    /// ```
    /// use payhook::citypay::Account;
    ///
    /// let account = Account::new("5120")?;
    /// assert_eq!(
    ///     account.order_url("tok_4f9c1b7e").as_deref(),
    ///     Some("https://v2-order-api.citypay.io/order/tok_4f9c1b7e/"),
    /// );
    /// assert_eq!(account.order_url(".."), None);
    /// assert_eq!(
    ///     account.sandbox().order_url("a/../b").as_deref(),
    ///     Some("https://test-v2-order-api.citypay.io/order/a%2F..%2Fb/"),
    /// );
    /// # Ok::<(), payhook::error::ConfigError>(())
    /// ```
    #[must_use]
    pub fn order_url(&self, token: &str) -> Option<String> {
        order_url(self.is_sandbox, token)
    }

    /// Sets the zone for times without one in the order endpoint's responses. The
    /// default is UTC.
    #[must_use]
    pub fn time_zone(mut self, zone: FixedOffset) -> Self {
        self.zone = zone;
        self
    }

    /// Accepts a source address in these ranges as weak evidence: enough to report a
    /// deposit, never enough to settle one. An endpoint then refuses deposits from
    /// other addresses; orders are always proven by the order endpoint.
    #[must_use]
    pub fn source_addresses(mut self, ranges: AddressRanges) -> Self {
        self.sources = Sources::Review(ranges);
        self
    }

    /// Lets confirmed deposits **settle by the source address alone**.
    ///
    /// There is no better evidence for a deposit, but it is weak: an attacker who can
    /// send from one of the ranges, or through a proxy that forwards its clients'
    /// headers, can credit any customer with any amount. Compare each deposit with
    /// the blockchain. A deposit without a token or an amount still needs review.
    #[must_use]
    pub fn danger_settle_deposits_by_source_address(mut self, ranges: AddressRanges) -> Self {
        self.sources = Sources::SettleDeposits(ranges);
        self
    }

    /// Verifies an order by the endpoint's response.
    ///
    /// `issued` is the token in the merchant's own record, never the one in the
    /// callback. A callback without a token, which a new order's may be, has to
    /// contain the `order_id` of the response's order. Status, amounts and currencies
    /// are taken from the response. If it is ahead of the callback, it takes
    /// precedence; if it lags behind, the order is pending.
    ///
    /// # Errors
    ///
    /// - [`VerifyError::MissingToken`], [`VerifyError::NotIssued`] if the callback's
    ///   token is missing or different.
    /// - [`VerifyError::AnswerRefused`], [`VerifyError::AnswerUnreadable`] as
    ///   [`OrderDetails::parse`].
    /// - [`VerifyError::AnswerMismatch`] if the response is about a different order.
    /// - [`VerifyError::OtherCustomer`] if the order does not belong to this account.
    pub fn prove_order(
        &self,
        callback: Unverified<OrderCallback>,
        issued: &str,
        answer: &[u8],
    ) -> Result<Verified<OrderCallback>, VerifyError> {
        let body = callback.unverified();
        if body.order_token().is_some() || body.order_id().is_none() {
            check_token(body.order_token().as_ref(), issued)?;
        }
        let answer = OrderDetails::parse_in_zone(answer, self.zone)?;
        if !answer.token().matches(issued) {
            return Err(VerifyError::AnswerMismatch { path: "data.token" });
        }
        if !same(answer.customer_id(), &self.customer_id) {
            return Err(VerifyError::OtherCustomer);
        }
        let same_order = match (&answer.id(), &body.order_id()) {
            (Some(reported), Some(own)) => reported == own,
            _ => body.order_token().is_some(),
        };
        if !same_order {
            return Err(VerifyError::AnswerMismatch { path: "data.id" });
        }
        let proven = ProvenOrder::by_answer(answer, body);
        Ok(Verified::new(callback, proven, Evidence::OrderEndpoint))
    }

    /// Accepts a callback as being about the merchant's own order, by its token
    /// alone. It settles nothing: the payer knows the token from the payment URL.
    ///
    /// # Errors
    ///
    /// [`VerifyError::MissingToken`], [`VerifyError::NotIssued`].
    pub fn prove_order_by_record(
        &self,
        callback: Unverified<OrderCallback>,
        issued: &str,
    ) -> Result<Verified<OrderCallback>, VerifyError> {
        let token = check_token(callback.unverified().order_token().as_ref(), issued)?.clone();
        let proven = ProvenOrder::by_token(token);
        Ok(Verified::new(callback, proven, Evidence::KnownReference))
    }

    /// Accepts a callback as the gateway's by its source address. It proves nothing
    /// about the order, and settles nothing.
    ///
    /// # Errors
    ///
    /// [`VerifyError::NoEvidence`] without configured ranges,
    /// [`VerifyError::SourceAddress`] if the address is not in any of them.
    pub fn prove_order_by_source_address(
        &self,
        callback: Unverified<OrderCallback>,
        peer: IpAddr,
    ) -> Result<Verified<OrderCallback>, VerifyError> {
        self.check_source(peer)?;
        let proven = ProvenOrder::nothing();
        Ok(Verified::new(callback, proven, Evidence::SourceAddress))
    }

    /// Accepts a deposit as one of the merchant's own customer, by its token alone.
    /// It needs review: the token identifies a customer, not a payment.
    ///
    /// # Errors
    ///
    /// [`VerifyError::MissingToken`], [`VerifyError::NotIssued`].
    pub fn prove_deposit_by_record(
        &self,
        callback: Unverified<DepositCallback>,
        issued: &str,
    ) -> Result<Verified<DepositCallback>, VerifyError> {
        let token = check_token(callback.unverified().deposit_token().as_ref(), issued)?.clone();
        let proven = ProvenDeposit::by_token(token);
        Ok(Verified::new(callback, proven, Evidence::KnownReference))
    }

    /// Accepts a deposit as the gateway's by its source address. It needs review
    /// unless the account [opted in](Self::danger_settle_deposits_by_source_address)
    /// to settle it.
    ///
    /// # Errors
    ///
    /// [`VerifyError::NoEvidence`] without configured ranges,
    /// [`VerifyError::SourceAddress`] if the address is not in any of them.
    pub fn prove_deposit_by_source_address(
        &self,
        callback: Unverified<DepositCallback>,
        peer: IpAddr,
    ) -> Result<Verified<DepositCallback>, VerifyError> {
        self.check_source(peer)?;
        let is_trusted = matches!(self.sources, Sources::SettleDeposits(_));
        let proven = ProvenDeposit::by_source_address(is_trusted);
        Ok(Verified::new(callback, proven, Evidence::SourceAddress))
    }

    pub(crate) fn knows_sources(&self) -> bool {
        !matches!(self.sources, Sources::Nothing)
    }

    fn check_source(&self, peer: IpAddr) -> Result<(), VerifyError> {
        match &self.sources {
            Sources::Review(ranges) | Sources::SettleDeposits(ranges) => ranges
                .contains(peer)
                .then_some(())
                .ok_or(VerifyError::SourceAddress),
            Sources::Nothing => Err(VerifyError::NoEvidence),
        }
    }
}

fn check_token<'a>(token: Option<&'a Token>, issued: &str) -> Result<&'a Token, VerifyError> {
    let token = token.ok_or(VerifyError::MissingToken)?;
    if token.matches(issued) {
        Ok(token)
    } else {
        Err(VerifyError::NotIssued)
    }
}
