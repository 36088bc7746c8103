//! [`Callback`]: parses a body, whose kind is in the body itself.

use super::callback::{CallbackFields, DepositCallback, OrderCallback};
use super::proven::{ProvenDeposit, ProvenOrder};
use crate::error::ParseError;
use crate::open_enum::same_word;
use crate::read::{self, At, DEFAULT_BODY_LIMIT};
use crate::recognize;
use crate::verified::{Provable, Unverified};

/// A callback of either kind, which is known only after parsing.
///
/// ```
/// # let body = std::fs::read("examples/bodies/citypay-deposit-confirmed.json")?;
/// use payhook::citypay::Callback;
///
/// let token = match Callback::parse(&body)? {
///     Callback::Order(order) => order.into_unverified().order_token(),
///     Callback::Deposit(deposit) => deposit.into_unverified().deposit_token(),
///     _ => None,
/// };
/// assert!(token.is_some_and(|token| token.matches("dep_user_42")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Callback {
    /// A callback about a deposit.
    Deposit(Unverified<DepositCallback>),
    /// A callback about an order.
    Order(Unverified<OrderCallback>),
}

impl Callback {
    /// Parses a body of at most [`DEFAULT_BODY_LIMIT`](crate::verified::DEFAULT_BODY_LIMIT)
    /// bytes.
    ///
    /// # Errors
    ///
    /// [`ParseError`], as [`Unverified::parse`].
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        Self::parse_within(body, DEFAULT_BODY_LIMIT)
    }

    /// Parses a body of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`ParseError`], as [`Unverified::parse`].
    pub fn parse_within(body: &[u8], limit: usize) -> Result<Self, ParseError> {
        match Self::read(body, limit) {
            Ok(callback) => Ok(callback),
            Err(error) => Err(recognize::name(body, error)),
        }
    }

    fn read(body: &[u8], limit: usize) -> Result<Self, ParseError> {
        let (body, fields): (_, CallbackFields) = read::scan(read::text_of(body, limit)?)?;
        let (body, at) = (body.without_blanks(), At::Root);
        at.sound(fields.shape)?;
        let kind = body
            .source()
            .required(at.key("type"), fields.kind, read::text)?;
        let is_one_of = |words: [&str; 2]| words.iter().any(|word| same_word(kind, word));
        let is_order = is_one_of(["order callback", "order"]);
        if !is_order && !is_one_of(["deposit callback", "deposit"]) {
            return Err(ParseError::Unsupported { path: "type" });
        }
        if is_order {
            OrderCallback::new(body, fields).map(Self::Order)
        } else {
            DepositCallback::new(body, fields).map(Self::Deposit)
        }
    }
}

impl Provable for OrderCallback {
    type Proven = ProvenOrder;

    fn parse(body: &[u8], limit: usize) -> Result<Unverified<Self>, ParseError> {
        match Callback::parse_within(body, limit)? {
            Callback::Order(order) => Ok(order),
            Callback::Deposit(_) => Err(ParseError::Unsupported { path: "type" }),
        }
    }
}

impl Provable for DepositCallback {
    type Proven = ProvenDeposit;

    fn parse(body: &[u8], limit: usize) -> Result<Unverified<Self>, ParseError> {
        match Callback::parse_within(body, limit)? {
            Callback::Deposit(deposit) => Ok(deposit),
            Callback::Order(_) => Err(ParseError::Unsupported { path: "type" }),
        }
    }
}
