//! [`OrderAnswer`]: what the order endpoint says, the one proof of an order.

use std::fmt;

use chrono::{DateTime, FixedOffset, Offset, SubsecRound, TimeDelta, Utc};
use serde::Serialize;

use super::callback::{minutes_after, status_word};
use super::listing::Listing;
use super::status::OrderStatus;
use super::token::Token;
use super::wire::{AnswerObject, CurrencyObject, Envelope, PartsObject, TransactionObject};
use crate::amount::Amount;
use crate::error::{Flaw, ParseError, VerifyError};
use crate::read::{self, Anomaly, At, Body, RawJson, Reader, lenient, mirror, share};
use crate::recognize;
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
/// A time without a zone is UTC, unless the merchant names another zone:
/// [`parse_in_zone`](Self::parse_in_zone). Its text stays as it was written.
///
/// ```
/// # let bytes = include_bytes!("../../examples/bodies/citypay-order-underpaid.answer.json");
/// use payhook::citypay::{OrderAnswer, OrderStatus};
///
/// let answer = OrderAnswer::parse(bytes)?;
/// assert_eq!(answer.status, OrderStatus::Underpaid);
/// assert_eq!(answer.amount_fiat, Some("60.00".parse()?));
/// // All that came in so far, in the fiat currency and in whole coins.
/// assert_eq!(answer.received_fiat(), Some("12.40".parse()?));
/// assert_eq!(answer.received(), Some("0.00013489".parse()?));
/// assert!(answer.totals_agree_fiat() && answer.totals_agree());
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
    /// The order's status.
    pub status: OrderStatus,
    /// The merchant's name, as the payer sees it.
    pub company_name: Option<Text>,
    /// The coin's name: `Bitcoin`. `None` before a coin was chosen.
    pub coin: Option<Text>,
    /// The coin's ticker, in small letters: `btc`.
    pub coin_base_name: Option<Text>,
    /// The coins that the payer can choose from, as raw JSON.
    pub coins: Option<RawJson>,
    /// From coin to fiat.
    pub exchange_rate: Option<Amount>,
    /// The order's amount in the fiat currency.
    pub amount_fiat: Option<Amount>,
    /// The order's amount in whole coins. The gateway quotes it anew every
    /// minute and after each transaction: compare orders in fiat.
    pub amount: Option<Amount>,
    /// The order's currency.
    pub currency: Option<AnswerCurrency>,
    /// `dueDate`, as text.
    pub due_date: Option<Text>,
    /// `createdAt`: when the coin was chosen. Another moment than
    /// [`created_at_milliseconds`](Self::created_at_milliseconds).
    pub created_at: Option<Timestamp>,
    /// `createdAtMiliseconds` (so spelled): when the order was made.
    pub created_at_milliseconds: Option<Timestamp>,
    /// The gateway's word for the sort of order.
    pub kind: Option<Text>,
    /// `expiresAt`, where it is a time. It moves earlier with every question, and
    /// is not the order's end: see [`expires_at`](Self::expires_at).
    pub stated_expiry: Option<Timestamp>,
    /// `expirationTime`: **milliseconds** left when the endpoint was asked.
    pub expiration_time: Option<i64>,
    /// The payer's.
    pub email: Option<Text>,
    /// Where the payer sends to.
    pub address: Option<Text>,
    /// A picture of the address, as a data URI of some 2 KB.
    pub qr_code: Option<Text>,
    /// Payment page, callback and redirects, as they were sent.
    pub urls: Option<RawJson>,
    pub(super) listing: Listing,
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

/// A transaction of an order, whose own amount is the `base` of either currency.
///
/// ```
/// # let bytes = include_bytes!("../../examples/bodies/citypay-order-overpaid.answer.json");
/// # let answer = payhook::citypay::OrderAnswer::parse(bytes)?;
/// for transaction in answer.transactions() {
///     assert_eq!(transaction.received_fiat(), Some(&"75.25".parse()?));
///     assert_eq!(transaction.amount_fiat.over_paid, Some("15.25".parse()?));
/// }
/// # assert_eq!(answer.transactions().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct OrderTransaction {
    /// The gateway's id.
    pub id: Option<Text>,
    /// The blockchain's id. `None` for a payment off the chain.
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

/// One transaction's amount (`base`), and the order's after it (all else).
///
/// In the documented answer each of four transactions has a base of 0.60, a
/// total of 2.40, and 0.40 over an order of 2.00. (The words are nowhere
/// explained: this is inferred from the numbers.) Never add totals up.
///
/// See [`OrderTransaction`] for an example.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct AmountParts {
    /// What this transaction brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Amount>,
    /// All that the order received so far, in this and other transactions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Amount>,
    /// What the order still misses: **negative** where too much came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub under_paid: Option<Amount>,
    /// What the order received beyond its amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over_paid: Option<Amount>,
}

impl OrderTransaction {
    /// What this transaction brought, in whole coins: its `base`.
    #[must_use]
    pub fn received(&self) -> Option<&Amount> {
        self.amount.base.as_ref()
    }

    /// What this transaction brought, in the fiat currency.
    #[must_use]
    pub fn received_fiat(&self) -> Option<&Amount> {
        self.amount_fiat.base.as_ref()
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
            .field("transactions", &self.listing.all())
            .field("anomalies", &self.anomalies)
            .finish_non_exhaustive()
    }
}

impl OrderAnswer {
    /// Reads an answer of at most 1 MiB; times without a zone are UTC.
    ///
    /// # Errors
    ///
    /// [`VerifyError::AnswerRefused`] for the error form,
    /// [`VerifyError::AnswerUnreadable`] for anything else that is no answer.
    pub fn parse(body: &[u8]) -> Result<Self, VerifyError> {
        Self::parse_in_zone(body, Utc.fix())
    }

    /// Reads an answer whose times without a zone are in this one. Two recorded
    /// answers of one order show that the gateway writes UTC.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_in_zone(body: &[u8], zone: FixedOffset) -> Result<Self, VerifyError> {
        let unreadable =
            |error| VerifyError::AnswerUnreadable(recognize::name_encoding(body, error));
        let body = share(body, LIMIT).map_err(unreadable)?;
        let envelope: Envelope<'_> = mirror(&body).map_err(unreadable)?;
        let reader = Reader::new(body.clone()).without_blanks();
        At::Root.sound(envelope.shape).map_err(unreadable)?;
        if !is_success(&envelope) {
            // The documented key ends with a blank.
            let codes = [
                envelope.status_code,
                envelope.status_code_blank,
                envelope.status_code_joined,
            ];
            let code = codes
                .into_iter()
                .find_map(|code| reader.strict(At::Root, code, read::integer).ok().flatten());
            return Err(VerifyError::AnswerRefused { code });
        }
        read_answer(reader, &envelope.data, zone).map_err(VerifyError::AnswerUnreadable)
    }

    /// The order's end: `minutes` after the coin was chosen. The minutes are the
    /// callback's `order_expiration`; the answer doesn't say them.
    ///
    /// It is the same however often the endpoint is asked, or `None`: for
    /// more than 30 days, without a `createdAt`, and where that has no seconds
    /// and the answer does not have them elsewhere (in `expiresAt` less
    /// `expirationTime`, or in `createdAtMiliseconds` of the same minute).
    #[must_use]
    pub fn expires_at(&self, minutes: u32) -> Option<DateTime<Utc>> {
        minutes_after(self.coin_chosen_at()?, minutes)
    }

    /// Whether the order has expired by `now`: by its status, else by
    /// [`expires_at`](Self::expires_at), and `None` where that is unknown.
    #[must_use]
    pub fn is_expired_at(&self, now: DateTime<Utc>, minutes: u32) -> Option<bool> {
        match self.status {
            OrderStatus::Expired => Some(true),
            _ => self.expires_at(minutes).map(|end| end <= now),
        }
    }

    /// `createdAt` to the second.
    fn coin_chosen_at(&self) -> Option<DateTime<Utc>> {
        let stamp = self.created_at.as_ref()?;
        let start = stamp.utc()?;
        if !stamp.is_to_the_minute() {
            return Some(start);
        }
        let is_in_the_minute = |at: &DateTime<Utc>| {
            let into = at.signed_duration_since(start);
            into >= TimeDelta::zero() && into < TimeDelta::minutes(1)
        };
        let stated = self.stated_expiry.as_ref().and_then(Timestamp::utc);
        let left = self.expiration_time.and_then(TimeDelta::try_milliseconds);
        let counted = stated
            .zip(left)
            .and_then(|(end, left)| end.checked_sub_signed(left));
        let made = self.created_at_milliseconds.as_ref();
        counted
            .filter(is_in_the_minute)
            .or_else(|| made?.utc().filter(is_in_the_minute))
            .map(|at| at.trunc_subsecs(0))
    }

    /// What came in, in the answer's order. A transaction that is listed twice,
    /// by the gateway's id or by its hash in any case of its letters, is here
    /// once, as it is listed first.
    pub fn transactions(&self) -> impl Iterator<Item = &OrderTransaction> {
        self.listing.distinct()
    }

    /// All that came in, in whole coins: the sum of what each of the
    /// [`transactions`](Self::transactions) brought. `None` if one of them has no
    /// amount in coins, zero if there are none.
    #[must_use]
    pub fn received(&self) -> Option<Amount> {
        self.listing.sum(|transaction| &transaction.amount)
    }

    /// All that came in, in the fiat currency; as [`received`](Self::received).
    #[must_use]
    pub fn received_fiat(&self) -> Option<Amount> {
        self.listing.sum(|transaction| &transaction.amount_fiat)
    }

    /// Whether the answer says the same of the coins throughout.
    ///
    /// Each `total` that is there is what had come in by then (in the order of
    /// the transactions' times if all have one, else as they are listed), or the
    /// whole; a transaction that is listed twice has one amount. If not, the
    /// amounts are not proven: the order needs review until a later answer
    /// agrees.
    #[must_use]
    pub fn totals_agree(&self) -> bool {
        self.listing.agrees(|transaction| &transaction.amount)
    }

    /// Whether the answer says the same of the fiat currency throughout; as
    /// [`totals_agree`](Self::totals_agree).
    #[must_use]
    pub fn totals_agree_fiat(&self) -> bool {
        self.listing.agrees(|transaction| &transaction.amount_fiat)
    }

    /// Whether the coin goes by this name or ticker, in any case of its letters.
    /// `None` if the answer names no coin.
    #[must_use]
    pub fn is_in_coin(&self, currency: &str) -> Option<bool> {
        is_one_of([&self.coin, &self.coin_base_name], currency)
    }

    /// Whether the fiat currency goes by this abbreviation or name, in any case
    /// of its letters. `None` if the answer names none.
    ///
    /// Where coin and fiat currency have the same name, the order is in the fiat
    /// currency: the gateway compares orders in that.
    #[must_use]
    pub fn is_in_fiat(&self, currency: &str) -> Option<bool> {
        let fiat = self.currency.as_ref()?;
        is_one_of([&fiat.abbreviation, &fiat.currency], currency)
    }

    /// The transaction with this gateway's id, or else with this blockchain's
    /// id in any case of its letters. `None` if it is listed twice with different
    /// amounts.
    #[must_use]
    pub fn transaction(&self, id: &str) -> Option<&OrderTransaction> {
        let by_id = self.listing.number(|transaction| transaction.has_id(id));
        let by_hash = || self.listing.number(|transaction| transaction.has_hash(id));
        self.listing.undisputed(by_id.or_else(by_hash)?)
    }

    /// Incidental fields that could not be read and are treated as absent.
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

/// Whether one of the names is this; `None` if there are none.
fn is_one_of(names: [&Option<Text>; 2], currency: &str) -> Option<bool> {
    let mut known = names.into_iter().flatten().peekable();
    known.peek()?;
    Some(known.any(|name| name.eq_ignore_ascii_case(currency)))
}

fn read_answer(
    mut reader: Reader,
    a: &AnswerObject<'_>,
    zone: FixedOffset,
) -> Result<OrderAnswer, ParseError> {
    let root = At::Root;
    let at = root.key("data");
    at.sound(a.shape)?;
    let status = status_word(&mut reader, at.key("status"), a.status)?;
    let mut time = |key, raw| {
        let time = reader.lenient(at.key(key), raw, read::time)?;
        Some(time.assume_zone(zone))
    };
    let created_at = time("createdAt", a.created_at);
    let created_at_milliseconds = time("createdAtMiliseconds", a.created_at_milliseconds);
    // A short number is another count of what is left.
    let is_count = read::is_number(a.expires_at) && a.expires_at.0.len() < 12;
    let stated_expiry = if is_count {
        None
    } else {
        time("expiresAt", a.expires_at)
    };
    let listing = read_transactions(&mut reader, at, a, zone)?;
    let currency = read_currency(&mut reader, at, &a.currency)?;
    Ok(OrderAnswer {
        id: reader.strict(at.key("id"), a.id, read::id)?,
        customer_id: reader.required(at.key("customerId"), a.customer_id, read::id)?,
        token: Token(reader.required(at.key("token"), a.token, read::id)?),
        status: status
            .map(OrderStatus::from)
            .ok_or_else(|| at.key("status").error(Flaw::Missing))?,
        company_name: reader.lenient(at.key("companyName"), a.company_name, read::text),
        coin: lenient!(reader, at, a.coin, text),
        coin_base_name: reader.lenient(at.key("coinBaseName"), a.coin_base_name, read::text),
        coins: lenient!(reader, at, a.coins, json),
        exchange_rate: reader.lenient(at.key("exchangeRate"), a.exchange_rate, read::amount),
        amount_fiat: reader.strict(at.key("amountFiat"), a.amount_fiat, read::received_amount)?,
        amount: reader.strict(at.key("amount"), a.amount, read::received_amount)?,
        currency,
        due_date: reader.lenient(at.key("dueDate"), a.due_date, read::text_or_number),
        created_at,
        created_at_milliseconds,
        kind: reader.lenient(at.key("type"), a.kind, read::text_or_number),
        stated_expiry,
        expiration_time: reader.lenient(at.key("expirationTime"), a.expiration_time, read::integer),
        email: lenient!(reader, at, a.email, text),
        address: lenient!(reader, at, a.address, text),
        qr_code: reader.lenient(at.key("qrCode"), a.qr_code, read::text),
        urls: lenient!(reader, at, a.urls, json),
        listing,
        anomalies: reader.anomalies,
        body: Body(reader.body),
    })
}

/// A transaction's time: its stamp may have no seconds, so milliseconds first.
fn came_in_at(
    reader: &mut Reader,
    at: At<'_>,
    t: &TransactionObject<'_>,
    zone: FixedOffset,
) -> Option<Timestamp> {
    let milliseconds = at.key("createdAtMiliseconds");
    reader
        .lenient(milliseconds, t.created_at_milliseconds, read::time)
        .or_else(|| reader.lenient(at.key("createdAt"), t.created_at, read::time))
        .map(|time| time.assume_zone(zone))
}

fn read_transactions(
    reader: &mut Reader,
    at: At<'_>,
    a: &AnswerObject<'_>,
    zone: FixedOffset,
) -> Result<Listing, ParseError> {
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
            zone,
        )?);
    }
    Ok(Listing::new(transactions))
}

fn read_transaction(
    reader: &mut Reader,
    at: At<'_>,
    t: &TransactionObject<'_>,
    zone: FixedOffset,
) -> Result<OrderTransaction, ParseError> {
    at.sound(t.shape)?;
    Ok(OrderTransaction {
        id: reader.strict(at.key("id"), t.id, read::id)?,
        hash: reader.strict(at.key("hash"), t.hash, read::id)?,
        hash_url: reader.lenient(at.key("hashUrl"), t.hash_url, read::text),
        amount: read_parts(reader, at.key("amount"), &t.amount)?,
        amount_fiat: read_parts(reader, at.key("amountFiat"), &t.amount_fiat)?,
        created_at: came_in_at(reader, at, t, zone),
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
