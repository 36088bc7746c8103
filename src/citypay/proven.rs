//! [`ProvenOrder`] and [`ProvenDeposit`]: the proven facts of CityPay.io's callbacks.

use chrono::{DateTime, Utc};

use super::answer::OrderDetails;
use super::callback::OrderCallback;
use super::status::OrderStatus;
use super::token::Token;

/// The facts of an [`OrderCallback`] that its evidence proves.
///
/// The order endpoint proves its whole response. It does not contain
/// `client_order_id`: look up the order by its [`token`](Self::token).
///
/// ```
/// # let body = std::fs::read("examples/bodies/citypay-order-answer-behind.json")?;
/// # let answer = std::fs::read("examples/bodies/citypay-order-answer-behind.answer.json")?;
/// use payhook::citypay::{Account, OrderStatus};
/// use payhook::{Fact, Outcome, Unverified};
///
/// let account = Account::new("5120")?;
/// let order = account.prove_order(Unverified::parse(&body)?, "tok_4f9c1b7e", &answer)?;
/// // The callback says *confirmed*, but the endpoint does not know that yet.
/// assert_eq!(order.reported().status(), Some(OrderStatus::Confirmed));
/// assert!(order.proven().is_stale());
/// let outcome = order.event().outcome();
/// assert_eq!(outcome, Fact::Reported(Outcome::Pending));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ProvenOrder {
    token: Option<Token>,
    answer: Option<OrderDetails>,
    is_stale: bool,
    /// The callback's `order_expiration`.
    minutes: Option<u32>,
}

impl ProvenOrder {
    pub(super) fn by_answer(answer: OrderDetails, callback: &OrderCallback) -> Self {
        Self {
            token: Some(answer.token()),
            is_stale: is_stale(&answer, callback),
            answer: Some(answer),
            minutes: callback.order_expiration(),
        }
    }

    pub(super) fn by_token(token: Token) -> Self {
        Self {
            token: Some(token),
            ..Self::nothing()
        }
    }

    pub(super) fn nothing() -> Self {
        Self {
            token: None,
            answer: None,
            is_stale: false,
            minutes: None,
        }
    }

    /// Returns the token, which the merchant issued; `None` with a source address as
    /// evidence.
    #[must_use]
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// Returns the order's status; `None` without the order endpoint as evidence.
    #[must_use]
    pub fn status(&self) -> Option<OrderStatus> {
        self.answer.as_ref().map(OrderDetails::status)
    }

    /// Returns the order endpoint's response; `None` with other evidence.
    #[must_use]
    pub fn answer(&self) -> Option<&OrderDetails> {
        self.answer.as_ref()
    }

    /// Returns whether the order endpoint lags behind the callback: the callback has
    /// a later status or, for an underpaid or overpaid order, a payment that the
    /// response contains neither by id nor by amount. The order is then pending:
    /// repeat the lookup, or make the gateway retry, as an
    /// [`Endpoint`](crate::Endpoint) does.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// Returns the order's expiry: the callback's `order_expiration`, in minutes,
    /// after the response's `createdAt`. It is the same for every request, or
    /// unknown: see [`OrderDetails::expires_at`]. The minutes are unsigned, and not in
    /// the response.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.answer.as_ref()?.expires_at(self.minutes?)
    }

    /// Whether the response is inconsistent about the received amounts, in the fiat
    /// currency in which orders are compared (in the cryptocurrency, if no
    /// transaction has a fiat amount).
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

/// The facts of a [`DepositCallback`] that its evidence proves, which are very few.
///
/// See [`DepositCallback`] for an example.
///
/// [`DepositCallback`]: super::DepositCallback
#[derive(Debug, Clone)]
pub struct ProvenDeposit {
    token: Option<Token>,
    is_trusted: bool,
}

impl ProvenDeposit {
    pub(super) fn by_token(token: Token) -> Self {
        Self {
            token: Some(token),
            is_trusted: false,
        }
    }

    pub(super) fn by_source_address(is_trusted: bool) -> Self {
        Self {
            token: None,
            is_trusted,
        }
    }

    /// Returns the token, which the merchant assigned to a customer; `None` with a
    /// source address as evidence.
    #[must_use]
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// Whether the merchant opted in to settle by the source address.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.is_trusted
    }
}

/// Whether the endpoint lags behind the callback.
fn is_stale(answer: &OrderDetails, callback: &OrderCallback) -> bool {
    let (status, claimed) = (answer.status(), callback.status());
    // These two statuses may repeat, with one more payment.
    let may_repeat = matches!(status, OrderStatus::Overpaid | OrderStatus::Underpaid);
    claimed.is_some_and(|claimed| has_less_than(&status, &claimed))
        || (may_repeat && names_unknown_payment(answer, callback))
}

/// Money for a closed order, or too much money, is not ignored either.
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

/// Whether the response has no payment with that id, hash or amount. The id alone is
/// not sufficient: it is not documented that both use the same id.
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
