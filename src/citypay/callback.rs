//! [`OrderCallback`] and [`DepositCallback`]: what CityPay.io posts.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use serde::Serialize;

use super::status::{Action, DepositStatus, OrderStatus};
use super::token::Token;
use super::wire::{CallbackObject, StatusObject};
use crate::amount::Amount;
use crate::error::{Flaw, ParseError};
use crate::open_enum::same_word;
use crate::read::{self, Anomaly, At, Body, DEFAULT_BODY_LIMIT, Reader, lenient, mirror, share};
use crate::recognize;
use crate::text::Text;
use crate::timestamp::Timestamp;
use crate::verified::{Parse, Sealed, Unverified};
use crate::wire::Raw;

/// A callback about an order. **Unsigned**: anybody can post one. It tells the
/// merchant to ask the order endpoint, whose answer is the proof.
///
/// On a freshly created order any field can be missing; at least one of
/// `order_token`, `order_id` and `client_order_id` is there. The merchant's own
/// `client_order_id` is *not* in the endpoint's answer and is never proven: look
/// the order up by its token.
///
/// ```
/// # let body = include_bytes!("../../examples/bodies/citypay-order-confirmed.json");
/// use payhook::Unverified;
/// use payhook::citypay::{Environment, OrderCallback};
///
/// let callback = Unverified::<OrderCallback>::parse(body)?;
/// let token = callback.unverified().order_token.as_ref().ok_or("nothing to ask for")?;
/// // If it is one that you issued, ask:
/// let url = Environment::Production.order_url(token.as_str());
/// assert_eq!(url.as_deref(), Some("https://v2-order-api.citypay.io/order/tok_4f9c1b7e"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// See [`Account`](super::Account) for what to do with the answer.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
#[serde(tag = "type", rename = "order callback")]
pub struct OrderCallback {
    /// What happened.
    pub action: Option<Action>,
    /// The order's status.
    pub status: Option<OrderStatus>,
    /// The gateway's id.
    pub order_id: Option<Text>,
    /// The merchant's id, as the sender says.
    pub client_order_id: Option<Text>,
    /// The last transaction's id.
    pub transaction_id: Option<Text>,
    /// The last transaction's amount in whole coins.
    pub received_amount_in_coins: Option<Amount>,
    /// The last transaction's amount in the order's fiat currency.
    pub received_amount_in_fiat: Option<Amount>,
    /// `USD`.
    pub fiat_currency: Option<Text>,
    /// `BTC`, `Bitcoin` or an id.
    pub crypto_currency: Option<Text>,
    /// When the order was created; often without a zone.
    pub created_at: Option<Timestamp>,
    /// The token that the merchant issued.
    pub order_token: Option<Token>,
    /// Minutes from creation until it expires.
    pub order_expiration: Option<u32>,
    /// At the time of the transaction.
    pub exchange_rate: Option<Amount>,
    #[serde(skip)]
    anomalies: Vec<Anomaly>,
    #[serde(skip)]
    body: Body,
}

/// A callback about a payment to a customer's permanent address. **Unsigned**,
/// and there is no endpoint to ask: it can't be proven beyond its sender's
/// address. Its token names a customer, not a payment. It has a token or a
/// transaction id; without both it is unreadable.
///
/// ```
/// # let body = include_bytes!("../../examples/bodies/citypay-deposit-confirmed.json");
/// use payhook::citypay::{Account, DepositStatus};
/// use payhook::{Fact, Outcome, Unverified};
///
/// // `dep_user_42` is a token that you gave a customer.
/// let account = Account::new("5120")?;
/// let deposit = account.prove_deposit_by_record(Unverified::parse(body)?, "dep_user_42")?;
/// assert_eq!(deposit.reported().status, Some(DepositStatus::Confirmed));
/// // Anybody could have said so.
/// let outcome = deposit.event().outcome();
/// assert_eq!(outcome, Fact::Reported(Outcome::NeedsReview));
/// # Ok::<(), payhook::Error>(())
/// ```
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
#[serde(tag = "type", rename = "deposit callback")]
pub struct DepositCallback {
    /// What happened.
    pub action: Option<Action>,
    /// The transaction's id.
    pub transaction_id: Option<Text>,
    /// The transaction's amount in whole coins.
    pub received_amount: Option<Amount>,
    /// The deposit's status.
    pub status: Option<DepositStatus>,
    /// An id, or a name.
    pub crypto_currency: Option<Text>,
    /// At the time of the transaction.
    pub exchange_rate: Option<Amount>,
    /// When it came in; often without a zone. Documented as `crated_at`.
    pub created_at: Option<Timestamp>,
    /// The token that the merchant gave the customer.
    pub deposit_token: Option<Token>,
    #[serde(skip)]
    anomalies: Vec<Anomaly>,
    #[serde(skip)]
    body: Body,
}

/// A callback of either kind: which one is known only once it is read.
///
/// ```
/// # let body = include_bytes!("../../examples/bodies/citypay-deposit-confirmed.json");
/// use payhook::citypay::Posted;
///
/// let token = match Posted::parse(body)? {
///     Posted::Order(order) => order.into_unverified().order_token,
///     Posted::Deposit(deposit) => deposit.into_unverified().deposit_token,
///     _ => None,
/// };
/// assert!(token.is_some_and(|token| token.is("dep_user_42")));
/// # Ok::<(), payhook::ParseError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Posted {
    /// About a deposit.
    Deposit(Unverified<DepositCallback>),
    /// About an order.
    Order(Unverified<OrderCallback>),
}

impl Posted {
    /// Reads a body of at most [`DEFAULT_BODY_LIMIT`](crate::DEFAULT_BODY_LIMIT)
    /// bytes.
    ///
    /// # Errors
    ///
    /// [`ParseError`], as [`Unverified::parse`].
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        Self::parse_within(body, DEFAULT_BODY_LIMIT)
    }

    /// Reads a body of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`ParseError`], as [`Unverified::parse`].
    pub fn parse_within(body: &[u8], limit: usize) -> Result<Self, ParseError> {
        match Self::read(body, limit) {
            Ok(posted) => Ok(posted),
            Err(error) => Err(recognize::name(body, error)),
        }
    }

    fn read(body: &[u8], limit: usize) -> Result<Self, ParseError> {
        let body = share(body, limit)?;
        let object: CallbackObject<'_> = mirror(&body)?;
        let reader = Reader::new(Arc::clone(&body)).without_blanks();
        let at = At::Root;
        at.sound(object.shape)?;
        let kind = reader.required(at.key("type"), object.kind, read::text)?;
        let is_one_of = |words: [&str; 2]| words.iter().any(|word| same_word(&kind, word));
        if is_one_of(["order callback", "order"]) {
            read_order(reader, &object)
                .map(Unverified::new)
                .map(Self::Order)
        } else if is_one_of(["deposit callback", "deposit"]) {
            read_deposit(reader, &object)
                .map(Unverified::new)
                .map(Self::Deposit)
        } else {
            Err(ParseError::Unsupported { path: "type" })
        }
    }
}

impl Sealed for OrderCallback {}

impl Parse for OrderCallback {
    fn parse(body: &[u8], limit: usize) -> Result<Unverified<Self>, ParseError> {
        match Posted::parse_within(body, limit)? {
            Posted::Order(order) => Ok(order),
            Posted::Deposit(_) => Err(ParseError::Unsupported { path: "type" }),
        }
    }
}

impl Sealed for DepositCallback {}

impl Parse for DepositCallback {
    fn parse(body: &[u8], limit: usize) -> Result<Unverified<Self>, ParseError> {
        match Posted::parse_within(body, limit)? {
            Posted::Deposit(deposit) => Ok(deposit),
            Posted::Order(_) => Err(ParseError::Unsupported { path: "type" }),
        }
    }
}

fn read_order(mut reader: Reader, o: &CallbackObject<'_>) -> Result<OrderCallback, ParseError> {
    let at = At::Root;
    let order_id = reader.strict(at.key("order_id"), o.order_id, read::id)?;
    let client_order_id = reader.strict(at.key("client_order_id"), o.client_order_id, read::id)?;
    let order_token = reader
        .strict(at.key("order_token"), o.order_token, read::id)?
        .map(Token);
    if order_id.is_none() && client_order_id.is_none() && order_token.is_none() {
        return Err(at.key("order_token").error(Flaw::Missing));
    }
    Ok(OrderCallback {
        action: lenient!(reader, at, o.action, text).map(Action::from),
        status: read_status(&mut reader, o)?.map(OrderStatus::from),
        order_id,
        client_order_id,
        transaction_id: reader.strict(at.key("transaction_id"), o.transaction_id, read::id)?,
        received_amount_in_coins: reader.strict(
            at.key("received_amount_in_coins"),
            o.received_amount_in_coins,
            read::received_amount,
        )?,
        received_amount_in_fiat: reader.strict(
            at.key("received_amount_in_fiat"),
            o.received_amount_in_fiat,
            read::received_amount,
        )?,
        fiat_currency: lenient!(reader, at, o.fiat_currency, text_or_number),
        crypto_currency: lenient!(reader, at, o.crypto_currency, text_or_number),
        created_at: lenient!(reader, at, o.created_at, time),
        order_token,
        order_expiration: lenient!(reader, at, o.order_expiration, count),
        exchange_rate: lenient!(reader, at, o.exchange_rate, amount),
        anomalies: reader.anomalies,
        body: Body(reader.body),
    })
}

fn read_deposit(mut reader: Reader, o: &CallbackObject<'_>) -> Result<DepositCallback, ParseError> {
    let at = At::Root;
    let transaction_id = reader.strict(at.key("transaction_id"), o.transaction_id, read::id)?;
    let deposit_token = reader
        .strict(at.key("deposit_token"), o.deposit_token, read::id)?
        .map(Token);
    if transaction_id.is_none() && deposit_token.is_none() {
        return Err(at.key("deposit_token").error(Flaw::Missing));
    }
    let created_at = lenient!(reader, at, o.created_at, time);
    Ok(DepositCallback {
        action: lenient!(reader, at, o.action, text).map(Action::from),
        transaction_id,
        received_amount: reader.strict(
            at.key("received_amount"),
            o.received_amount,
            read::received_amount,
        )?,
        status: read_status(&mut reader, o)?.map(DepositStatus::from),
        crypto_currency: lenient!(reader, at, o.crypto_currency, text_or_number),
        exchange_rate: lenient!(reader, at, o.exchange_rate, amount),
        created_at: created_at.or_else(|| lenient!(reader, at, o.crated_at, time)),
        deposit_token,
        anomalies: reader.anomalies,
        body: Body(reader.body),
    })
}

/// A word, an object with a code and a label, or either under `order_status`.
fn read_status(reader: &mut Reader, o: &CallbackObject<'_>) -> Result<Option<Text>, ParseError> {
    let at = At::Root;
    match status_word(reader, at.key("status"), o.status)? {
        None => status_word(reader, at.key("order_status"), o.order_status),
        word => Ok(word),
    }
}

/// The word of a status in any of its forms.
pub(super) fn status_word(
    reader: &mut Reader,
    at: At<'_>,
    raw: Raw<'_>,
) -> Result<Option<Text>, ParseError> {
    if !raw.0.starts_with('{') {
        return Ok(reader.lenient(at, raw, read::text));
    }
    let Ok(status) = mirror::<StatusObject<'_>>(raw.0) else {
        reader.note(at, Flaw::NotAnObject);
        return Ok(None);
    };
    at.sound(status.shape)?;
    // A code that is a number is the gateway's own for the label; one that is
    // neither number nor word says nothing, whatever the label does.
    match reader.strict(at.key("code"), status.code, read::text_or_number) {
        Ok(Some(code)) if !read::is_number(status.code) => Ok(Some(code)),
        Ok(_) => Ok(reader.lenient(at.key("label"), status.label, read::text)),
        Err(error) => {
            reader.note_error(error);
            Ok(None)
        }
    }
}

impl OrderCallback {
    /// When the order expires, by the callback alone: `order_expiration` minutes
    /// after its `created_at`. The gateway never posts that it did. A coin that is
    /// chosen later moves the end:
    /// [`ProvenOrder::expires_at`](super::ProvenOrder::expires_at).
    ///
    /// A `created_at` without a zone is in `zone`: most likely UTC, as the order
    /// endpoint's times are. `None` if `created_at` or `order_expiration` is
    /// missing, or for more than 30 days, which are no minutes.
    #[must_use]
    pub fn expires_at(&self, zone: FixedOffset) -> Option<DateTime<Utc>> {
        let created = self.created_at.as_ref()?.in_zone(zone)?;
        minutes_after(created, self.order_expiration?)
    }

    /// Whether the order has expired by `now`; `None` as
    /// [`expires_at`](Self::expires_at).
    #[must_use]
    pub fn is_expired_at(&self, now: DateTime<Utc>, zone: FixedOffset) -> Option<bool> {
        self.expires_at(zone).map(|end| end <= now)
    }

    /// Incidental fields that could not be read and are treated as absent.
    #[must_use]
    pub fn anomalies(&self) -> &[Anomaly] {
        &self.anomalies
    }

    /// The exact bytes of the body.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.body.0.as_bytes()
    }
}

impl DepositCallback {
    /// Incidental fields that could not be read and are treated as absent.
    #[must_use]
    pub fn anomalies(&self) -> &[Anomaly] {
        &self.anomalies
    }

    /// The exact bytes of the body.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.body.0.as_bytes()
    }
}

/// An order's longest time, in minutes. Milliseconds taken for minutes end years
/// ahead.
const MAX_MINUTES: u32 = 30 * 24 * 60;

pub(super) fn minutes_after(start: DateTime<Utc>, minutes: u32) -> Option<DateTime<Utc>> {
    let minutes = Some(minutes).filter(|minutes| *minutes <= MAX_MINUTES)?;
    start.checked_add_signed(TimeDelta::try_minutes(minutes.into())?)
}
