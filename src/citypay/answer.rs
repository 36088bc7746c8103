//! [`OrderDetails`]: the order endpoint's response, which is the only proof of an order.

use std::fmt;
use std::sync::Arc;

use chrono::{FixedOffset, Offset, Utc};

use super::listing::{Listing, Order};
use super::status::OrderStatus;
use super::token::Token;
use super::transaction::{OrderTransaction, TransactionFields};
use super::wire::Status;
use crate::amount::Amount;
use crate::error::{FieldError, FieldWarning, ParseError, VerifyError};
use crate::fields::fields;
use crate::read::{self, At, Body, RawJson, Source};
use crate::recognize;
use crate::span::{Shape, Span};
use crate::timestamp::Timestamp;
use crate::wire::List;

/// The size limit of a response, which lists transactions.
const LIMIT: usize = 1024 * 1024;

/// The order endpoint's response, in either of its envelopes.
///
/// It is proof only if the merchant fetched it from the gateway, for a token that the
/// merchant issued: [`Account::prove_order`](super::Account::prove_order). Token,
/// customer id, status and amounts are strict; the rest is incidental.
///
/// A time without a zone is UTC, unless the merchant sets another zone:
/// [`parse_in_zone`](Self::parse_in_zone). Its text is kept unchanged.
///
/// ```
/// # let bytes = std::fs::read("examples/bodies/citypay-order-underpaid.answer.json")?;
/// use payhook::citypay::{OrderDetails, OrderStatus};
///
/// let answer = OrderDetails::parse(&bytes)?;
/// assert_eq!(answer.status(), OrderStatus::Underpaid);
/// assert_eq!(answer.amount_fiat(), Some("60.00".parse()?));
/// // The total received so far, in the fiat currency and in the cryptocurrency.
/// assert_eq!(answer.received_fiat(), Some("12.40".parse()?));
/// assert_eq!(answer.received(), Some("0.00013489".parse()?));
/// assert!(answer.totals_agree_fiat() && answer.totals_agree());
/// let fiat = answer.currency().and_then(|currency| currency.abbreviation());
/// assert_eq!(fiat, Some("USD"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct OrderDetails {
    body: Body,
    index: Arc<Index>,
    zone: FixedOffset,
}

/// The places of the response's values, and the transactions that are listed more
/// than once.
struct Index {
    fields: AnswerFields,
    order: Order,
}

fields! {
    index Envelope {
        raw status = "status";
        raw status_code = "status_code";
        raw status_code_blank = "status_code ";
        raw status_code_joined = "statusCode";
        raw success = "success";
        part data: AnswerFields = "data";
    }

    index AnswerFields for OrderDetails {
        /// The merchant's name, as shown to the payer.
        lenient company_name: &'_ str = "companyName" as text;
        /// The gateway's id of the order.
        strict id: &'_ str = "id" as id;
        /// The merchant's customer id.
        required customer_id: &'_ str = "customerId" as id;
        raw token = "token";
        /// The cryptocurrency's name: `Bitcoin`. `None` before one is chosen.
        lenient coin: &'_ str = "coin" as text;
        /// The cryptocurrency's ticker, in lowercase: `btc`.
        lenient coin_base_name: &'_ str = "coinBaseName" as text;
        /// The cryptocurrencies that the payer can choose from, as raw JSON.
        json coins: RawJson = "coins";
        /// The exchange rate from cryptocurrency to fiat.
        lenient exchange_rate: Amount = "exchangeRate" as amount;
        /// The order's amount in the fiat currency.
        strict amount_fiat: Amount = "amountFiat" as received_amount;
        /// The order's amount in the cryptocurrency. The gateway updates this quote
        /// every minute and after each transaction: compare orders in fiat.
        strict amount: Amount = "amount" as received_amount;
        custom currency: CurrencyFields = "currency";
        /// `dueDate`, as a string.
        lenient due_date: &'_ str = "dueDate" as text_or_number;
        custom created_at = "createdAt";
        custom created_at_milliseconds = "createdAtMiliseconds";
        /// The gateway's name of the order type.
        lenient kind: &'_ str = "type" as text_or_number;
        custom stated_expiry = "expiresAt";
        /// `expirationTime`: the remaining **milliseconds** at the time of the
        /// request.
        lenient expiration_time: i64 = "expirationTime" as integer;
        /// The payer's e-mail address.
        lenient email: &'_ str = "email" as text;
        /// The address to pay to.
        lenient address: &'_ str = "address" as text;
        /// An image of the address (QR code), as a data URI of some 2 KB.
        lenient qr_code: &'_ str = "qrCode" as text;
        part status: Status = "status";
        /// The URLs of the payment page, callback and redirects, as sent.
        json urls: RawJson = "urls";
        part transactions: List<TransactionFields> = "transactions";
    }

    /// The currency of an order.
    ///
    /// See [`OrderDetails`] for an example.
    index CurrencyFields for FiatCurrency<'a> {
        /// The gateway's id.
        lenient id: &'a str = "id" as id;
        /// Its name.
        lenient currency: &'a str = "currency" as text;
        /// `USD`.
        lenient abbreviation: &'a str = "abbreviation" as text;
    }
}

impl fmt::Debug for OrderDetails {
    /// Omits personal data of the payer: e-mail, address and URLs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrderDetails")
            .field("id", &self.id())
            .field("status", &self.status())
            .field("coin", &self.coin())
            .field("amount", &self.amount())
            .field("amount_fiat", &self.amount_fiat())
            .field("currency", &self.currency())
            .field("created_at", &self.created_at())
            .field("stated_expiry", &self.stated_expiry())
            .field("transactions", &self.listed().collect::<Vec<_>>())
            .field("warnings", &self.warnings())
            .finish_non_exhaustive()
    }
}

impl OrderDetails {
    /// Parses a response of at most 1 MiB; times without a zone are UTC.
    ///
    /// # Errors
    ///
    /// [`VerifyError::AnswerRefused`] for an error response,
    /// [`VerifyError::AnswerUnreadable`] for any other invalid response.
    pub fn parse(body: &[u8]) -> Result<Self, VerifyError> {
        Self::parse_in_zone(body, Utc.fix())
    }

    /// Parses a response whose times without a zone are in this zone. Two recorded
    /// responses of one order show that the gateway writes UTC.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_in_zone(body: &[u8], zone: FixedOffset) -> Result<Self, VerifyError> {
        let unreadable =
            |error| VerifyError::AnswerUnreadable(recognize::name_encoding(body, error));
        let text = read::text_of(body, LIMIT).map_err(unreadable)?;
        let (body, envelope): (Body, Envelope) = read::scan(text).map_err(unreadable)?;
        let body = body.without_blanks();
        let source = body.source();
        At::Root.sound(envelope.shape).map_err(unreadable)?;
        if !is_success(source, &envelope) {
            // The documented key ends with a space.
            let codes = [
                envelope.status_code,
                envelope.status_code_blank,
                envelope.status_code_joined,
            ];
            let code = codes
                .into_iter()
                .find_map(|code| source.lenient(code, read::integer));
            return Err(VerifyError::AnswerRefused { code });
        }
        let fields = envelope.data;
        let order = Order::of(transactions(source, &fields, zone));
        let answer = Self {
            body,
            index: Arc::new(Index { fields, order }),
            zone,
        };
        answer.check().map_err(VerifyError::AnswerUnreadable)?;
        Ok(answer)
    }

    fn source(&self) -> Source<'_> {
        self.body.source()
    }

    fn fields(&self) -> &AnswerFields {
        &self.index.fields
    }

    fn check(&self) -> Result<(), ParseError> {
        let (source, fields) = (self.source(), self.fields());
        let at = At::Root;
        let at = at.key("data");
        at.sound(fields.shape)?;
        fields.status.check(at.key("status"))?;
        if fields.transactions.shape == Shape::TooLong {
            return Err(at.key("transactions").error(FieldError::TooManyEntries));
        }
        for (index, transaction) in self.numbered() {
            transaction.check(at.entry("transactions", index))?;
        }
        let currency = at.key("currency");
        currency.usable(fields.currency.shape)?;
        if let Some(own) = self.currency() {
            own.check_fields(currency)?;
        }
        self.check_fields(at)?;
        source.required(at.key("token"), fields.token, read::id)?;
        match fields.status.word(source) {
            Some(_) => Ok(()),
            None => Err(at.key("status").error(FieldError::Missing)),
        }
    }

    /// Returns the order's token.
    #[must_use]
    pub fn token(&self) -> Token {
        Token(self.source().slice(self.token_text()))
    }

    pub(super) fn token_text(&self) -> &str {
        let token = self.source().lenient(self.fields().token, read::id);
        token.unwrap_or_default()
    }

    /// Returns the order's status.
    #[must_use]
    pub fn status(&self) -> OrderStatus {
        let word = self.fields().status.word(self.source());
        word.unwrap_or_else(|| "".into()).into()
    }

    /// Returns the order's currency.
    #[must_use]
    pub fn currency(&self) -> Option<FiatCurrency<'_>> {
        let fields = &self.fields().currency;
        (fields.shape == Shape::Sound).then(|| FiatCurrency {
            source: self.source(),
            fields,
        })
    }

    /// Returns `createdAt`: the time when the cryptocurrency was chosen. It differs
    /// from [`created_at_milliseconds`](Self::created_at_milliseconds).
    #[must_use]
    pub fn created_at(&self) -> Option<Timestamp> {
        self.time(self.fields().created_at)
    }

    /// Returns `createdAtMiliseconds` (sic): the time when the order was created.
    #[must_use]
    pub fn created_at_milliseconds(&self) -> Option<Timestamp> {
        self.time(self.fields().created_at_milliseconds)
    }

    /// Returns `expiresAt`, if it is a time. It moves earlier with every request, and
    /// is not the order's expiry: see [`expires_at`](Self::expires_at).
    #[must_use]
    pub fn stated_expiry(&self) -> Option<Timestamp> {
        self.time(self.place_of_end())
    }

    /// The field with the end. A short number is a remaining duration instead.
    fn place_of_end(&self) -> Span {
        let span = self.fields().stated_expiry;
        let raw = self.source().raw(span);
        let is_count = read::is_number(raw) && raw.text.len() < 12;
        if is_count { Span::default() } else { span }
    }

    fn time(&self, span: Span) -> Option<Timestamp> {
        let time = self.source().lenient(span, read::time)?;
        Some(time.assume_zone(self.zone))
    }

    /// The transactions and their places in the list.
    fn numbered(&self) -> impl Iterator<Item = (usize, OrderTransaction<'_>)> + Clone {
        transactions(self.source(), self.fields(), self.zone)
    }

    pub(super) fn listing(
        &self,
    ) -> Listing<'_, impl Iterator<Item = OrderTransaction<'_>> + Clone> {
        Listing::new(&self.index.order, self.listed())
    }

    /// The transactions as they are listed.
    pub(super) fn listed(&self) -> impl Iterator<Item = OrderTransaction<'_>> + Clone {
        self.numbered().map(|(_, transaction)| transaction)
    }

    /// Returns the incidental fields that are invalid and treated as absent.
    #[must_use]
    pub fn warnings(&self) -> Vec<FieldWarning> {
        let (source, fields, mut notes) = (self.source(), self.fields(), Vec::new());
        let at = At::Root;
        let at = at.key("data");
        fields.status.note(source, at.key("status"), &mut notes);
        for (key, span) in [
            ("createdAt", fields.created_at),
            ("createdAtMiliseconds", fields.created_at_milliseconds),
            ("expiresAt", self.place_of_end()),
        ] {
            source.note(at.key(key), span, read::time, &mut notes);
        }
        if fields.transactions.shape == Shape::Mismatch {
            at.key("transactions")
                .note(FieldError::NotAList, &mut notes);
        }
        for (index, transaction) in self.numbered() {
            transaction.note(at.entry("transactions", index), &mut notes);
        }
        let currency = at.key("currency");
        currency.note_shape(fields.currency.shape, &mut notes);
        if let Some(own) = self.currency() {
            own.note_fields(currency, &mut notes);
        }
        self.note_fields(at, &mut notes);
        notes
    }

    /// Returns the exact bytes of the response: store them in a queue together with
    /// the callback. They contain the payer's e-mail and address.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.body.bytes()
    }
}

fn transactions<'a>(
    source: Source<'a>,
    fields: &'a AnswerFields,
    zone: FixedOffset,
) -> impl Iterator<Item = (usize, OrderTransaction<'a>)> + Clone {
    let list = fields.transactions.items.iter().enumerate();
    list.filter(|(_, fields)| !fields.shape.is_nothing())
        .map(move |(index, fields)| (index, OrderTransaction::new(source, fields, zone)))
}

/// Whether the envelope reports success: `"status": 1`, `"success": true`, and no
/// contradiction.
fn is_success(source: Source<'_>, envelope: &Envelope) -> bool {
    let says =
        |mark: Span, yes: &[&str]| source.raw(mark).filled().map(|raw| yes.contains(&raw.text));
    let marks = [
        says(envelope.status, &["1", r#""1""#]),
        says(envelope.success, &["true"]),
    ];
    marks.contains(&Some(true)) && !marks.contains(&Some(false))
}
