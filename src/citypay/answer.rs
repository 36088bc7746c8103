//! [`OrderAnswer`]: what the order endpoint says, the one proof of an order.

use std::fmt;

use chrono::{DateTime, FixedOffset, Utc};
use serde::Serialize;

use super::callback::{minutes_after, status_word};
use super::status::OrderStatus;
use super::token::Token;
use super::wire::{AnswerObject, CurrencyObject, Envelope, PartsObject, TransactionObject};
use crate::amount::Amount;
use crate::error::{Flaw, ParseError, VerifyError};
use crate::read::{self, Anomaly, At, Body, RawJson, Reader, lenient, mirror, share};
use crate::text::Text;
use crate::timestamp::Timestamp;
use crate::wire::{Raw, Shape};

/// How long an answer may be: it lists transactions.
const LIMIT: usize = 1024 * 1024;

/// The order endpoint's answer, in either of its envelopes.
///
/// It proves what it says only if the merchant fetched it from the gateway, for
/// a token that the merchant issued: [`Account::prove_order`](super::Account::prove_order).
/// Token, customer id, status and amounts are strict; the rest is incidental.
///
/// ```
/// # let bytes = include_bytes!("../../examples/bodies/citypay-order-underpaid.answer.json");
/// use payhook::citypay::{OrderAnswer, OrderStatus};
///
/// let answer = OrderAnswer::parse(bytes)?;
/// assert_eq!(answer.status, OrderStatus::Underpaid);
/// assert_eq!(answer.amount, Some("0.0006527".parse()?));
/// let fiat = answer.currency.and_then(|currency| currency.abbreviation);
/// assert_eq!(fiat.as_deref(), Some("USD"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct OrderAnswer {
    /// The gateway's id of the order.
    pub id: Option<Text>,
    /// The merchant's id with the gateway.
    pub customer_id: Text,
    /// The order's token.
    pub token: Token,
    /// Where the order stands.
    pub status: OrderStatus,
    /// `BTC`.
    pub coin: Option<Text>,
    /// `Bitcoin`.
    pub coin_base_name: Option<Text>,
    /// From coin to fiat.
    pub exchange_rate: Option<Amount>,
    /// The order's amount in the fiat currency.
    pub amount_fiat: Option<Amount>,
    /// The order's amount in whole coins.
    pub amount: Option<Amount>,
    /// The order's currency.
    pub currency: Option<AnswerCurrency>,
    /// When it was created; from milliseconds where there are some.
    pub created_at: Option<Timestamp>,
    /// The gateway's word for the sort of order.
    pub kind: Option<Text>,
    /// `expiresAt`, mostly without a zone: see [`expires_at`](Self::expires_at).
    pub stated_expiry: Option<Timestamp>,
    /// Minutes from creation until it expires.
    pub expiration_time: Option<u32>,
    /// The payer's.
    pub email: Option<Text>,
    /// Where the payer sends to.
    pub address: Option<Text>,
    /// Payment page, callback and redirects, as they stand.
    pub urls: Option<RawJson>,
    /// What came in, in the answer's order.
    pub transactions: Vec<OrderTransaction>,
    /// `createdAt`, mostly without a zone, beside the milliseconds.
    pub(super) created_stamp: Option<Timestamp>,
    anomalies: Vec<Anomaly>,
    body: Body,
}

/// The currency of an order.
///
/// See [`OrderAnswer`] for an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AnswerCurrency {
    /// The gateway's id.
    pub id: Option<Text>,
    /// Its name.
    pub currency: Option<Text>,
    /// `USD`.
    pub abbreviation: Option<Text>,
}

/// A transaction of an order.
///
/// ```
/// # let bytes = include_bytes!("../../examples/bodies/citypay-order-underpaid.answer.json");
/// # let answer = payhook::citypay::OrderAnswer::parse(bytes)?;
/// for transaction in &answer.transactions {
///     assert_eq!(transaction.received(), Some(&"0.00013489".parse()?));
///     assert_eq!(transaction.amount.under_paid, Some("-0.00051781".parse()?));
/// }
/// # assert_eq!(answer.transactions.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct OrderTransaction {
    /// The gateway's id.
    pub id: Option<Text>,
    /// The blockchain's id.
    pub hash: Option<Text>,
    /// Where to look it up.
    pub hash_url: Option<Text>,
    /// In whole coins.
    pub amount: AmountParts,
    /// In the fiat currency.
    pub amount_fiat: AmountParts,
    /// When it came in; from milliseconds where there are some.
    pub created_at: Option<Timestamp>,
}

/// What an amount is made of.
///
/// See [`OrderTransaction`] for an example.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct AmountParts {
    /// What was due, as far as has been seen. Never what came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Amount>,
    /// All that came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Amount>,
    /// What is missing: legitimately **negative**.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub under_paid: Option<Amount>,
    /// What came on top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over_paid: Option<Amount>,
}

impl OrderTransaction {
    /// What came, in whole coins.
    #[must_use]
    pub fn received(&self) -> Option<&Amount> {
        self.amount.total.as_ref()
    }

    /// The same in the fiat currency.
    #[must_use]
    pub fn received_fiat(&self) -> Option<&Amount> {
        self.amount_fiat.total.as_ref()
    }

    pub(super) fn has_id(&self, id: &str) -> bool {
        self.id.as_deref() == Some(id)
    }

    pub(super) fn has_hash(&self, hash: &str) -> bool {
        let own = self.hash.as_deref();
        own.is_some_and(|own| own.eq_ignore_ascii_case(hash))
    }
}

impl fmt::Debug for OrderAnswer {
    /// Without what concerns the payer: e-mail, address and URLs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrderAnswer")
            .field("id", &self.id)
            .field("status", &self.status)
            .field("coin", &self.coin)
            .field("amount", &self.amount)
            .field("amount_fiat", &self.amount_fiat)
            .field("currency", &self.currency)
            .field("created_at", &self.created_at)
            .field("stated_expiry", &self.stated_expiry)
            .field("transactions", &self.transactions)
            .field("anomalies", &self.anomalies)
            .finish_non_exhaustive()
    }
}

impl OrderAnswer {
    /// Reads an answer of at most 1 MiB.
    ///
    /// # Errors
    ///
    /// [`VerifyError::AnswerRefused`] for the error form,
    /// [`VerifyError::AnswerUnreadable`] for anything else that is no answer.
    pub fn parse(body: &[u8]) -> Result<Self, VerifyError> {
        let body = share(body, LIMIT).map_err(VerifyError::AnswerUnreadable)?;
        let envelope: Envelope<'_> = mirror(&body).map_err(VerifyError::AnswerUnreadable)?;
        let reader = Reader::new(body.clone()).without_blanks();
        At::Root
            .sound(envelope.shape)
            .map_err(VerifyError::AnswerUnreadable)?;
        if !is_success(&envelope) {
            let code = reader.strict(At::Root, envelope.status_code, read::integer);
            return Err(VerifyError::AnswerRefused {
                code: code.ok().flatten(),
            });
        }
        read_answer(reader, &envelope.data).map_err(VerifyError::AnswerUnreadable)
    }

    /// When the order expires.
    ///
    /// From `stated_expiry` where it is an instant; else from the milliseconds of
    /// the creation and the time between the two local stamps, which needs no
    /// zone, or `expiration_time`; else with the merchant's `zone`. `None` if
    /// the answer has none of them. (That `expirationTime` is in minutes is
    /// inferred from the callback's `order_expiration`.)
    #[must_use]
    pub fn expires_at(&self, zone: FixedOffset) -> Option<DateTime<Utc>> {
        let stated = self.stated_expiry.as_ref();
        if let Some(end) = stated.and_then(Timestamp::utc) {
            return Some(end);
        }
        let created = self.created_at.as_ref();
        let between = || {
            let length = stated?.local()? - self.created_stamp.as_ref()?.local()?;
            created?.utc()?.checked_add_signed(length)
        };
        let counted = || minutes_after(created?, self.expiration_time?, zone);
        if created.and_then(Timestamp::utc).is_some()
            && let Some(end) = between().or_else(counted)
        {
            return Some(end);
        }
        stated
            .and_then(|stamp| stamp.in_zone(zone))
            .or_else(counted)
    }

    /// Whether the order has expired by `now`; `None` as
    /// [`expires_at`](Self::expires_at).
    #[must_use]
    pub fn is_expired_at(&self, now: DateTime<Utc>, zone: FixedOffset) -> Option<bool> {
        self.expires_at(zone).map(|end| end <= now)
    }

    /// The transaction with this gateway's id, or else with this blockchain's
    /// id in any case of its letters. `None` if several have it.
    #[must_use]
    pub fn transaction(&self, id: &str) -> Option<&OrderTransaction> {
        let find = |is_it: &dyn Fn(&OrderTransaction) -> bool| {
            let mut found = self
                .transactions
                .iter()
                .filter(|transaction| is_it(transaction));
            (found.next(), found.next())
        };
        let (first, second) = match find(&|transaction| transaction.has_id(id)) {
            (None, _) => find(&|transaction| transaction.has_hash(id)),
            found => found,
        };
        first.filter(|_| second.is_none())
    }

    /// Incidental fields that could not be read and stand as absent.
    #[must_use]
    pub fn anomalies(&self) -> &[Anomaly] {
        &self.anomalies
    }

    /// The exact bytes of the answer: what a queue stores beside its callback.
    /// The payer's e-mail and address are in it.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.body.0.as_bytes()
    }
}

/// Whether the envelope says that it worked: `"status": 1`, `"success": true`,
/// and nothing to the contrary.
fn is_success(envelope: &Envelope<'_>) -> bool {
    let says = |mark: Raw<'_>, yes: &[&str]| mark.filled().map(|raw| yes.contains(&raw.0));
    let marks = [
        says(envelope.status, &["1", r#""1""#]),
        says(envelope.success, &["true"]),
    ];
    marks.contains(&Some(true)) && !marks.contains(&Some(false))
}

fn read_answer(mut reader: Reader, a: &AnswerObject<'_>) -> Result<OrderAnswer, ParseError> {
    let root = At::Root;
    let at = root.key("data");
    at.sound(a.shape)?;
    let status = status_word(&mut reader, at.key("status"), a.status)?;
    let stamp = reader.lenient(at.key("createdAt"), a.created_at, read::time);
    let milliseconds = reader.lenient(
        at.key("createdAtMiliseconds"),
        a.created_at_milliseconds,
        read::time,
    );
    let transactions = read_transactions(&mut reader, at, a)?;
    let currency = read_currency(&mut reader, at, &a.currency)?;
    Ok(OrderAnswer {
        id: reader.strict(at.key("id"), a.id, read::id)?,
        customer_id: reader.required(at.key("customerId"), a.customer_id, read::id)?,
        token: Token(reader.required(at.key("token"), a.token, read::id)?),
        status: status
            .map(OrderStatus::from)
            .ok_or_else(|| at.key("status").error(Flaw::Missing))?,
        coin: lenient!(reader, at, a.coin, text),
        coin_base_name: reader.lenient(at.key("coinBaseName"), a.coin_base_name, read::text),
        exchange_rate: reader.lenient(at.key("exchangeRate"), a.exchange_rate, read::amount),
        amount_fiat: reader.strict(at.key("amountFiat"), a.amount_fiat, read::received_amount)?,
        amount: reader.strict(at.key("amount"), a.amount, read::received_amount)?,
        currency,
        created_at: milliseconds.or_else(|| stamp.clone()),
        kind: reader.lenient(at.key("type"), a.kind, read::text_or_number),
        stated_expiry: reader.lenient(at.key("expiresAt"), a.expires_at, read::time),
        expiration_time: reader.lenient(at.key("expirationTime"), a.expiration_time, read::count),
        email: lenient!(reader, at, a.email, text),
        address: lenient!(reader, at, a.address, text),
        urls: lenient!(reader, at, a.urls, json),
        transactions,
        created_stamp: stamp,
        anomalies: reader.anomalies,
        body: Body(reader.body),
    })
}

/// The gateway's zoneless stamps are the second choice.
fn created_at(
    reader: &mut Reader,
    at: At<'_>,
    milliseconds: Raw<'_>,
    stamp: Raw<'_>,
) -> Option<Timestamp> {
    reader
        .lenient(at.key("createdAtMiliseconds"), milliseconds, read::time)
        .or_else(|| reader.lenient(at.key("createdAt"), stamp, read::time))
}

fn read_transactions(
    reader: &mut Reader,
    at: At<'_>,
    a: &AnswerObject<'_>,
) -> Result<Vec<OrderTransaction>, ParseError> {
    let list = &a.transactions;
    match list.shape {
        Shape::TooLong => return Err(at.key("transactions").error(Flaw::TooLong)),
        Shape::Mismatch => reader.note(at.key("transactions"), Flaw::NotAList),
        _ => {}
    }
    let mut transactions = Vec::with_capacity(list.items.len());
    for (index, transaction) in list.items.iter().enumerate() {
        if transaction.shape.is_nothing() {
            continue;
        }
        transactions.push(read_transaction(
            reader,
            at.entry("transactions", index),
            transaction,
        )?);
    }
    Ok(transactions)
}

fn read_transaction(
    reader: &mut Reader,
    at: At<'_>,
    t: &TransactionObject<'_>,
) -> Result<OrderTransaction, ParseError> {
    at.sound(t.shape)?;
    Ok(OrderTransaction {
        id: reader.strict(at.key("id"), t.id, read::id)?,
        hash: reader.strict(at.key("hash"), t.hash, read::id)?,
        hash_url: reader.lenient(at.key("hashUrl"), t.hash_url, read::text),
        amount: read_parts(reader, at.key("amount"), &t.amount)?,
        amount_fiat: read_parts(reader, at.key("amountFiat"), &t.amount_fiat)?,
        created_at: created_at(reader, at, t.created_at_milliseconds, t.created_at),
    })
}

/// Without its parts an amount is not known, and nothing else is lost.
fn read_parts(
    reader: &mut Reader,
    at: At<'_>,
    parts: &PartsObject<'_>,
) -> Result<AmountParts, ParseError> {
    if !reader.usable(at, parts.shape)? {
        return Ok(AmountParts::default());
    }
    Ok(AmountParts {
        base: reader.strict(at.key("base"), parts.base, read::received_amount)?,
        total: reader.strict(at.key("total"), parts.total, read::received_amount)?,
        under_paid: reader.strict(at.key("underPaid"), parts.under_paid, read::amount)?,
        over_paid: reader.strict(at.key("overPaid"), parts.over_paid, read::amount)?,
    })
}

fn read_currency(
    reader: &mut Reader,
    at: At<'_>,
    c: &CurrencyObject<'_>,
) -> Result<Option<AnswerCurrency>, ParseError> {
    let at = at.key("currency");
    if !reader.usable(at, c.shape)? {
        return Ok(None);
    }
    Ok(Some(AnswerCurrency {
        id: lenient!(reader, at, c.id, id),
        currency: lenient!(reader, at, c.currency, text),
        abbreviation: lenient!(reader, at, c.abbreviation, text),
    }))
}
