//! [`Account`]: from an unverified CityPay.io callback to a proven one.

use std::net::IpAddr;

use chrono::{DateTime, FixedOffset, Offset, Utc};

use super::answer::OrderDetails;
use super::callback::{DepositCallback, OrderCallback};
use super::status::OrderStatus;
use super::token::Token;
use crate::address::AddressRanges;
use crate::constant_time::same;
use crate::error::{ConfigError, VerifyError};
use crate::text::Text;
use crate::verified::{Evidence, Proof, Provable, Unverified, Verified};

/// The merchant's account with CityPay.io, and what it trusts.
///
/// Nothing that CityPay.io posts is signed. An order is proven by the order
/// endpoint's answer, for a token that **the merchant issued** and with the
/// merchant's own customer id in it: without the one, an attacker names any
/// order; without the other, an order of the attacker's own settles another's
/// invoice.
///
/// ```
/// use payhook::Unverified;
/// use payhook::citypay::{Account, OrderCallback, OrderStatus};
///
/// let account = Account::new("5120")?;
///
/// let body = include_bytes!("../../examples/bodies/citypay-order-confirmed.json");
/// let callback = Unverified::<OrderCallback>::parse(body)?;
///
/// // The token is looked up among the merchant's own, then the endpoint is
/// // asked with the merchant's HTTP client: `Environment::order_url`.
/// let issued = "tok_4f9c1b7e";
/// let answer = include_bytes!("../../examples/bodies/citypay-order-confirmed.answer.json");
///
/// let order = account.prove_order(callback, issued, answer)?;
/// assert_eq!(order.proven().status(), Some(OrderStatus::Confirmed));
/// # Ok::<(), payhook::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Account {
    customer_id: Text,
    sources: Sources,
    zone: FixedOffset,
}

/// What a sender's address is good for.
#[derive(Debug, Clone)]
enum Sources {
    Nothing,
    Review(AddressRanges),
    SettleDeposits(AddressRanges),
}

impl Account {
    /// An account by its customer id, the `customerId` of the endpoint's
    /// answers. White space around it is dropped: no id has any.
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
        })
    }

    /// Reads the times of the order endpoint's answers that have no zone in this
    /// one. They are UTC as long as the merchant names no other.
    #[must_use]
    pub fn time_zone(mut self, zone: FixedOffset) -> Self {
        self.zone = zone;
        self
    }

    /// Takes a sender's address in these ranges as weak evidence: enough to
    /// hear of a deposit, never enough to settle one. An endpoint then refuses
    /// deposits from elsewhere; orders it proves by the endpoint alone.
    #[must_use]
    pub fn source_addresses(mut self, ranges: AddressRanges) -> Self {
        self.sources = Sources::Review(ranges);
        self
    }

    /// Lets confirmed deposits **settle by the sender's address alone**.
    ///
    /// There is no better evidence for a deposit, and this is not good: whoever
    /// can post from one of the ranges, or past a proxy that forwards its
    /// clients' headers, credits any customer with any amount. Compare each
    /// with the blockchain. A deposit without a token or an amount still needs
    /// review.
    #[must_use]
    pub fn danger_settle_deposits_by_source_address(mut self, ranges: AddressRanges) -> Self {
        self.sources = Sources::SettleDeposits(ranges);
        self
    }

    /// Proves an order by the endpoint's answer.
    ///
    /// `issued` is the token as the merchant's own record has it, never the
    /// one in the callback. A callback without a token, as a fresh order's may
    /// be, has to name the answer's order by its `order_id`. Status, amounts and
    /// currencies are taken from the answer. It may be ahead of the callback,
    /// and wins; if it is behind, the order is pending.
    ///
    /// # Errors
    ///
    /// - [`VerifyError::MissingToken`], [`VerifyError::NotIssued`] if the
    ///   callback's token is missing or another one.
    /// - [`VerifyError::AnswerRefused`], [`VerifyError::AnswerUnreadable`] as
    ///   [`OrderDetails::parse`].
    /// - [`VerifyError::AnswerMismatch`] if the answer is about another order.
    /// - [`VerifyError::OtherCustomer`] if the order is not this account's.
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
            (Some(told), Some(own)) => told == own,
            _ => body.order_token().is_some(),
        };
        if !same_order {
            return Err(VerifyError::AnswerMismatch { path: "data.id" });
        }
        let is_stale = is_stale(&answer, body);
        let expires_at = body
            .order_expiration()
            .and_then(|minutes| answer.expires_at(minutes));
        let proof = Proof {
            proven: ProvenOrder {
                token: Some(answer.token().clone()),
                answer: Some(answer),
                is_stale,
                expires_at,
            },
            evidence: Evidence::OrderEndpoint,
        };
        Ok(Verified::new(callback, proof))
    }

    /// Takes a callback for one about the merchant's own order, by its token
    /// alone. Nothing is settled by it: the token is in the payer's
    /// payment address.
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
        let proof = Proof {
            proven: ProvenOrder {
                token: Some(token),
                ..ProvenOrder::nothing()
            },
            evidence: Evidence::MerchantRecord,
        };
        Ok(Verified::new(callback, proof))
    }

    /// Takes a callback for the gateway's by its sender's address. Nothing is
    /// proven of the order, and nothing settled.
    ///
    /// # Errors
    ///
    /// [`VerifyError::NoEvidence`] without configured ranges,
    /// [`VerifyError::SourceAddress`] if the address is in none of them.
    pub fn prove_order_by_source_address(
        &self,
        callback: Unverified<OrderCallback>,
        peer: IpAddr,
    ) -> Result<Verified<OrderCallback>, VerifyError> {
        self.check_source(peer)?;
        let proof = Proof {
            proven: ProvenOrder::nothing(),
            evidence: Evidence::SourceAddress,
        };
        Ok(Verified::new(callback, proof))
    }

    /// Takes a deposit for one of the merchant's own customer, by its token
    /// alone. It needs review: the token names a customer, not a payment.
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
        let proof = Proof {
            proven: ProvenDeposit {
                token: Some(token),
                ..ProvenDeposit::nothing()
            },
            evidence: Evidence::MerchantRecord,
        };
        Ok(Verified::new(callback, proof))
    }

    /// Takes a deposit for the gateway's by its sender's address. It needs
    /// review unless the account
    /// [says otherwise](Self::danger_settle_deposits_by_source_address).
    ///
    /// # Errors
    ///
    /// [`VerifyError::NoEvidence`] without configured ranges,
    /// [`VerifyError::SourceAddress`] if the address is in none of them.
    pub fn prove_deposit_by_source_address(
        &self,
        callback: Unverified<DepositCallback>,
        peer: IpAddr,
    ) -> Result<Verified<DepositCallback>, VerifyError> {
        self.check_source(peer)?;
        let proof = Proof {
            proven: ProvenDeposit {
                is_trusted: matches!(self.sources, Sources::SettleDeposits(_)),
                ..ProvenDeposit::nothing()
            },
            evidence: Evidence::SourceAddress,
        };
        Ok(Verified::new(callback, proof))
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

/// Whether the endpoint has not caught up with the callback yet.
fn is_stale(answer: &OrderDetails, callback: &OrderCallback) -> bool {
    let (status, claimed) = (answer.status(), callback.status());
    // These two may follow on themselves, with one payment more.
    let may_repeat = matches!(status, OrderStatus::Overpaid | OrderStatus::Underpaid);
    claimed.is_some_and(|claimed| has_less_than(&status, &claimed))
        || (may_repeat && names_unknown_payment(answer, callback))
}

/// Money against an order that is over, or too much of it, is not swallowed
/// either.
fn has_less_than(answer: &OrderStatus, claimed: &OrderStatus) -> bool {
    use OrderStatus::{Canceled, Confirmed, Expired, Overpaid};
    match (answer, claimed) {
        (Canceled | Expired, Confirmed | Overpaid) | (Confirmed, Overpaid) => true,
        _ => match (answer.rank(), claimed.rank()) {
            (Some(answer), Some(claimed)) => answer < claimed,
            _ => false,
        },
    }
}

/// Whether the answer has no payment of that id, hash or amount. The id alone
/// would not do: that both name a payment alike is not documented.
fn names_unknown_payment(answer: &OrderDetails, callback: &OrderCallback) -> bool {
    let amount = callback.received_amount_in_coins();
    callback.transaction_id().is_some_and(|id| {
        let mut payments = answer.listed();
        !payments.any(|payment| {
            payment.has_id(id)
                || payment.has_hash(id)
                || (amount.is_some() && payment.received() == amount)
        })
    })
}

/// The facts of an [`OrderCallback`] that its evidence covers.
///
/// By the order endpoint that is the whole of its answer. `client_order_id`
/// is not in it: look the order up by its [`token`](Self::token).
///
/// ```
/// # let body = include_bytes!("../../examples/bodies/citypay-order-answer-behind.json");
/// # let answer = include_bytes!("../../examples/bodies/citypay-order-answer-behind.answer.json");
/// use payhook::citypay::{Account, OrderStatus};
/// use payhook::{Fact, Outcome, Unverified};
///
/// let account = Account::new("5120")?;
/// let order = account.prove_order(Unverified::parse(body)?, "tok_4f9c1b7e", answer)?;
/// // The callback says *confirmed*, and the endpoint has not heard of it.
/// assert_eq!(order.reported().status(), Some(OrderStatus::Confirmed));
/// assert!(order.proven().is_stale());
/// let outcome = order.event().outcome();
/// assert_eq!(outcome, Fact::Reported(Outcome::Pending));
/// # Ok::<(), payhook::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ProvenOrder {
    token: Option<Token>,
    answer: Option<OrderDetails>,
    is_stale: bool,
    expires_at: Option<DateTime<Utc>>,
}

impl ProvenOrder {
    pub(crate) fn nothing() -> Self {
        Self {
            token: None,
            answer: None,
            is_stale: false,
            expires_at: None,
        }
    }

    /// The token, which the merchant issued; `None` by a source address.
    #[must_use]
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// The order's status; `None` but by the order endpoint.
    #[must_use]
    pub fn status(&self) -> Option<OrderStatus> {
        self.answer.as_ref().map(OrderDetails::status)
    }

    /// All that the order endpoint said; `None` by other evidence.
    #[must_use]
    pub fn answer(&self) -> Option<&OrderDetails> {
        self.answer.as_ref()
    }

    /// Whether the callback claims more than the endpoint knows yet: a status
    /// further on, or, of an order that is underpaid or overpaid, a payment that
    /// the answer has by neither id nor amount. The order is pending then: ask
    /// again, or have the gateway send again, as an [`Endpoint`](crate::Endpoint)
    /// does.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// The order's end: the callback's `order_expiration`, in minutes, after the
    /// answer's `createdAt`. It is the same however often the endpoint is asked,
    /// or unknown: [`OrderDetails::expires_at`]. The minutes are unsigned, and in
    /// no answer.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }

    /// Whether the answer says two things of what came in, in the fiat currency
    /// that orders are compared in (in coins, if no transaction has it).
    pub(crate) fn is_contradicted(&self) -> bool {
        let Some(answer) = &self.answer else {
            return false;
        };
        let has_fiat = answer.transactions().any(|it| it.received_fiat().is_some());
        if has_fiat {
            !answer.totals_agree_fiat()
        } else {
            !answer.totals_agree()
        }
    }
}

/// The facts of a [`DepositCallback`] that its evidence covers: next to none.
///
/// See [`DepositCallback`] for an example.
#[derive(Debug, Clone)]
pub struct ProvenDeposit {
    token: Option<Token>,
    is_trusted: bool,
}

impl ProvenDeposit {
    pub(crate) fn nothing() -> Self {
        Self {
            token: None,
            is_trusted: false,
        }
    }

    /// The token, which the merchant gave a customer; `None` by a source
    /// address.
    #[must_use]
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// Whether the merchant chose to settle by the sender's address.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.is_trusted
    }
}

impl Provable for OrderCallback {
    type Proven = ProvenOrder;
}

impl Provable for DepositCallback {
    type Proven = ProvenDeposit;
}
