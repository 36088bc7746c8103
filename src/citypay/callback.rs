//! [`OrderCallback`] and [`DepositCallback`]: the callbacks of CityPay.io.

use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::status::{Action, DepositStatus, OrderStatus};
use super::token::Token;
use super::wire::{Status, is_number};
use crate::amount::Amount;
use crate::error::{FieldError, FieldWarning, ParseError};
use crate::fields::fields;
use crate::read::{self, At, Body, Source};
use crate::shared_str::SharedStr;
use crate::span::Span;
use crate::timestamp::Timestamp;
use crate::verified::{Sealed, Unverified};

/// A callback about an order. It is **unsigned**: anyone can send one. It is only a
/// notification: fetch the order from the order endpoint, whose response is the
/// proof.
///
/// For a new order any field can be missing; at least one of `order_token`,
/// `order_id` and `client_order_id` is present. The merchant's own `client_order_id`
/// is *not* in the endpoint's response and is never verified: look up the order by
/// its token.
///
/// ```
/// # let body = std::fs::read("examples/bodies/citypay-order-confirmed.json")?;
/// use payhook::Unverified;
/// use payhook::citypay::{Account, OrderCallback};
///
/// let callback = Unverified::<OrderCallback>::parse(&body)?;
/// let token = callback.unverified().order_token().ok_or("nothing to ask for")?;
/// // If you issued this token, fetch the order:
/// let url = Account::new("5120")?.order_url(token.as_str());
/// assert_eq!(url.as_deref(), Some("https://v2-order-api.citypay.io/order/tok_4f9c1b7e/"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// See [`Account`](super::Account) for how to use the response.
#[derive(Clone)]
pub struct OrderCallback {
    body: Body,
    fields: Arc<CallbackFields>,
}

/// A callback about a payment to a customer's permanent address. It is **unsigned**,
/// and there is no endpoint to ask: it can't be proven beyond its sender's address.
/// Its token names a customer, not a payment. It has a token or a transaction id;
/// without both it is malformed.
///
/// ```
/// # let body = std::fs::read("examples/bodies/citypay-deposit-confirmed.json")?;
/// use payhook::citypay::{Account, DepositStatus};
/// use payhook::{Fact, Outcome, Unverified};
///
/// // `dep_user_42` is a token that you gave a customer.
/// let account = Account::new("5120")?;
/// let deposit = account.prove_deposit_by_record(Unverified::parse(&body)?, "dep_user_42")?;
/// assert_eq!(deposit.reported().status(), Some(DepositStatus::Confirmed));
/// // Anyone could have sent it.
/// let outcome = deposit.event().outcome();
/// assert_eq!(outcome, Fact::Reported(Outcome::ManualReview));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct DepositCallback {
    body: Body,
    fields: Arc<CallbackFields>,
}

fields! {
    // The fields of both kinds, since `type` may come last.
    index CallbackFields for OrderCallback {
        /// The reason for the callback.
        lenient action: Action = "action" as word;
        custom status: Status = "status";
        part order_status: Status = "order_status";
        /// The gateway's id.
        strict order_id: &'_ str = "order_id" as id;
        /// The merchant's customer id, as reported.
        strict client_order_id: &'_ str = "client_order_id" as id;
        custom order_token = "order_token";
        /// The last transaction's id.
        strict transaction_id: &'_ str = "transaction_id" as id;
        /// The last transaction's amount in the cryptocurrency.
        strict received_amount_in_coins: Amount = "received_amount_in_coins" as received_amount;
        /// The last transaction's amount in the order's fiat currency.
        strict received_amount_in_fiat: Amount = "received_amount_in_fiat" as received_amount;
        /// `USD`.
        lenient fiat_currency: &'_ str = "fiat_currency" as text_or_number;
        /// `BTC`, `Bitcoin` or an id.
        lenient crypto_currency: &'_ str = "crypto_currency" as text_or_number;
        /// The time when the order was created; often without a zone.
        lenient created_at: Timestamp = "created_at" as time;
        /// The minutes from creation until it expires.
        lenient order_expiration: u32 = "order_expiration" as count;
        /// The exchange rate at the time of the transaction.
        lenient exchange_rate: Amount = "exchange_rate" as amount;
        raw kind = "type";
        raw deposit_token = "deposit_token";
        raw received_amount = "received_amount";
        raw crated_at = "crated_at";
    }

    view DepositCallback {
        /// The reason for the callback.
        lenient action: Action = "action" as word;
        /// The transaction's id.
        strict transaction_id: &'_ str = "transaction_id" as id;
        /// The transaction's amount in the cryptocurrency.
        strict received_amount: Amount = "received_amount" as received_amount;
        custom status: Status = "status";
        /// An id, or a name.
        lenient crypto_currency: &'_ str = "crypto_currency" as text_or_number;
        /// The exchange rate at the time of the transaction.
        lenient exchange_rate: Amount = "exchange_rate" as amount;
        custom created_at = "created_at";
        custom deposit_token = "deposit_token";
    }
}

/// The members that both callbacks have.
macro_rules! callback {
    ($Callback:ident, $kind:literal) => {
        impl Sealed for $Callback {}

        impl $Callback {
            /// Checks the essential fields.
            pub(super) fn new(
                body: Body,
                fields: CallbackFields,
            ) -> Result<Unverified<Self>, ParseError> {
                let fields = Arc::new(fields);
                let callback = Self { body, fields };
                callback.check().map(|()| Unverified::new(callback))
            }

            fn source(&self) -> Source<'_> {
                self.body.source()
            }

            fn fields(&self) -> &CallbackFields {
                &self.fields
            }

            /// Returns the exact bytes of the body.
            #[must_use]
            pub fn raw(&self) -> &[u8] {
                self.body.bytes()
            }
        }

        impl fmt::Debug for $Callback {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut debug = f.debug_struct(stringify!($Callback));
                self.debug_fields(&mut debug);
                debug
                    .field("warnings", &self.warnings())
                    .field("body", &self.body)
                    .finish_non_exhaustive()
            }
        }

        impl Serialize for $Callback {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("type", $kind)?;
                self.serialize_fields(&mut map)?;
                map.end()
            }
        }
    };
}

callback!(OrderCallback, "order callback");
callback!(DepositCallback, "deposit callback");

/// A token, which is strict: it identifies the owner of the money.
fn token(source: Source<'_>, span: Span) -> Option<Token> {
    source
        .lenient(span, read::id)
        .map(|token| Token(source.slice(token)))
}

impl CallbackFields {
    /// The first of the two statuses that is present, and has a name rather than a number.
    fn status_word(&self, source: Source<'_>) -> Option<SharedStr> {
        self.status_name(source)
            .or_else(|| self.order_status.word(source))
            .or_else(|| self.status.word(source))
    }

    fn status_name(&self, source: Source<'_>) -> Option<SharedStr> {
        let word = self.status.word(source);
        word.filter(|word| !is_number(word))
    }

    fn check_status(&self, source: Source<'_>) -> Result<(), ParseError> {
        let at = At::Root;
        self.status.check(at.key("status"))?;
        if self.status_name(source).is_none() {
            self.order_status.check(at.key("order_status"))?;
        }
        Ok(())
    }

    fn note_status(&self, source: Source<'_>, notes: &mut Vec<FieldWarning>) {
        let at = At::Root;
        self.status.note(source, at.key("status"), notes);
        if self.status_name(source).is_none() {
            self.order_status
                .note(source, at.key("order_status"), notes);
        }
    }
}

impl OrderCallback {
    fn check(&self) -> Result<(), ParseError> {
        let (source, fields, at) = (self.source(), &*self.fields, At::Root);
        let token_at = at.key("order_token");
        let token = source.strict(token_at, fields.order_token, read::id)?;
        self.check_fields(at)?;
        let has_id = || self.order_id().is_some() || self.client_order_id().is_some();
        if token.is_none() && !has_id() {
            return Err(token_at.error(FieldError::Missing));
        }
        fields.check_status(source)
    }

    /// Returns the order's status.
    #[must_use]
    pub fn status(&self) -> Option<OrderStatus> {
        self.fields
            .status_word(self.source())
            .map(OrderStatus::from)
    }

    /// The token's string; empty if there is none.
    pub(super) fn token(&self) -> &str {
        let token = self.source().lenient(self.fields.order_token, read::id);
        token.unwrap_or_default()
    }

    /// Returns the token that the merchant issued.
    #[must_use]
    pub fn order_token(&self) -> Option<Token> {
        token(self.source(), self.fields.order_token)
    }

    /// Returns the incidental fields that are invalid and treated as absent.
    #[must_use]
    pub fn warnings(&self) -> Vec<FieldWarning> {
        let mut notes = Vec::new();
        self.note_fields(At::Root, &mut notes);
        self.fields.note_status(self.source(), &mut notes);
        notes
    }
}

impl DepositCallback {
    fn check(&self) -> Result<(), ParseError> {
        let (source, fields, at) = (self.source(), &*self.fields, At::Root);
        let token_at = at.key("deposit_token");
        let token = source.strict(token_at, fields.deposit_token, read::id)?;
        self.check_fields(at)?;
        if token.is_none() && self.transaction_id().is_none() {
            return Err(token_at.error(FieldError::Missing));
        }
        fields.check_status(source)
    }

    /// Returns the deposit's status.
    #[must_use]
    pub fn status(&self) -> Option<DepositStatus> {
        self.fields
            .status_word(self.source())
            .map(DepositStatus::from)
    }

    /// Returns the time when it was received; often without a zone. Documented as
    /// `crated_at`.
    #[must_use]
    pub fn created_at(&self) -> Option<Timestamp> {
        let mut spellings = [self.fields.created_at, self.fields.crated_at].into_iter();
        spellings.find_map(|span| self.source().lenient(span, read::time))
    }

    /// The token's string; empty if there is none.
    pub(super) fn token(&self) -> &str {
        let token = self.source().lenient(self.fields.deposit_token, read::id);
        token.unwrap_or_default()
    }

    /// Returns the token that the merchant assigned to the customer.
    #[must_use]
    pub fn deposit_token(&self) -> Option<Token> {
        token(self.source(), self.fields.deposit_token)
    }

    /// Returns the incidental fields that are invalid and treated as absent.
    #[must_use]
    pub fn warnings(&self) -> Vec<FieldWarning> {
        let (source, at, mut notes) = (self.source(), At::Root, Vec::new());
        let CallbackFields {
            created_at,
            crated_at,
            ..
        } = *self.fields;
        source.note(at.key("created_at"), created_at, read::time, &mut notes);
        if source.lenient(created_at, read::time).is_none() {
            source.note(at.key("crated_at"), crated_at, read::time, &mut notes);
        }
        self.note_fields(at, &mut notes);
        self.fields.note_status(source, &mut notes);
        notes
    }
}
