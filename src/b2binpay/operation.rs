//! [`Operation`]: the deposit or payout that a callback is about.

use serde::ser::SerializeMap;

use super::destination::{Destination, Destinations};
use super::status::{DepositStatus, PayoutStatus};
use super::wire::{Typed, attributes};
use crate::amount::Amount;
use crate::error::{FieldError, FieldWarning, ParseError};
use crate::fields::fields;
use crate::read::{self, At, RawJson, Source};
use crate::span::{Shape, Span};
use crate::timestamp::Timestamp;

/// The deposit or payout that a callback is about.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = std::fs::read("examples/bodies/b2binpay-payout-confirmed.json")?;
/// # let callback = verifier.verify(Unverified::parse(&body)?)?;
/// use payhook::b2binpay::Operation;
///
/// let address = match callback.reported().operation() {
///     Operation::Deposit(deposit) => deposit.address(),
///     Operation::Payout(payout) => payout.address(),
///     _ => None,
/// };
/// assert_eq!(address, Some("TQ5xNn3p8hQJ7cG2mR9vW4kZ6yB1dF0sEa"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation<'a> {
    /// An incoming payment.
    Deposit(Deposit<'a>),
    /// An outgoing payment.
    Payout(Payout<'a>),
}

fields! {
    /// A deposit: an invoice or a static address. API v2 sends only the first fields.
    /// Amounts named `target` are in the wallet's currency, those named `source` in
    /// the payer's, both in currency units. It is unsigned, except for `status` if
    /// there is no transfer. It serializes as its attributes, without the tracking
    /// id.
    ///
    /// ```
    /// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
    /// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
    /// # let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
    /// # let callback = verifier.verify(Unverified::parse(&body)?)?;
    /// use payhook::b2binpay::{DepositStatus, Operation};
    ///
    /// let Operation::Deposit(deposit) = callback.reported().operation() else { panic!("a payout") };
    /// assert_eq!(deposit.target_amount_requested(), Some("0.412".parse()?));
    /// // *Created*, although a transfer has paid it: use the transfer's status.
    /// assert_eq!(deposit.status(), Some(DepositStatus::Created));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    index DepositFields for Deposit<'a> {
        raw tracking_id = "tracking_id";
        /// The address to pay to.
        lenient address: &'a str = "address" as text;
        /// The time of creation.
        lenient created_at: Timestamp = "created_at" as time;
        /// The amount paid so far.
        lenient target_paid: Amount = "target_paid" as received_amount;
        custom destination: Destinations = "destination";
        /// The status, which API v2 does not send.
        lenient status: DepositStatus = "status" as code;
        /// The requested amount in the payer's currency.
        lenient source_amount_requested: Amount = "source_amount_requested" as amount;
        /// The requested amount in the wallet's currency.
        lenient target_amount_requested: Amount = "target_amount_requested" as amount;
        /// The paid amount that is not confirmed yet.
        lenient target_paid_pending: Amount = "target_paid_pending" as received_amount;
        /// The time until it expires, in milliseconds.
        lenient time_limit: i64 = "time_limit" as integer;
        /// The accepted deviation from the requested amount, in currency units.
        lenient inaccuracy: Amount = "inaccuracy" as amount;
        /// The merchant's note.
        lenient label: &'a str = "label" as text;
        /// The number of confirmations at which the merchant requested an additional
        /// callback.
        lenient confirmations_needed: u32 = "confirmations_needed" as count;
        /// The gateway's page for the payer.
        lenient payment_page: &'a str = "payment_page" as text;
        /// The exchange rate of the invoice, from the payer's currency to the
        /// wallet's.
        lenient rate_requested: Amount = "rate_requested" as amount;
        /// The time when that rate expires.
        lenient rate_expired_at: Timestamp = "rate_expired_at" as time;
        /// The time of the invoice's last change.
        lenient invoice_updated_at: Timestamp = "invoice_updated_at" as time;
        /// The callback URL.
        lenient callback_url: &'a str = "callback_url" as text;
        /// The assets that are accepted for payment, as sent.
        json assets: RawJson = "assets";
        custom is_active = "is_active";
        raw is_actibe = "is_actibe";
    }

    /// A payout. It is completely unsigned. It serializes as its attributes, without
    /// the tracking id.
    ///
    /// ```
    /// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
    /// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
    /// # let body = std::fs::read("examples/bodies/b2binpay-payout-confirmed.json")?;
    /// # let callback = verifier.verify(Unverified::parse(&body)?)?;
    /// use payhook::b2binpay::Operation;
    ///
    /// let Operation::Payout(payout) = callback.reported().operation() else { panic!("a deposit") };
    /// assert_eq!(payout.fee_amount(), Some("1.2".parse()?));
    /// let places = payout.destinations().filter_map(|place| place.address());
    /// assert_eq!(places.collect::<Vec<_>>(), ["TQ5xNn3p8hQJ7cG2mR9vW4kZ6yB1dF0sEa"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    index PayoutFields for Payout<'a> {
        raw tracking_id = "tracking_id";
        /// The amount, in currency units.
        lenient amount: Amount = "amount" as amount;
        /// The destination.
        lenient address: &'a str = "address" as text;
        /// The status.
        lenient status: PayoutStatus = "status" as code;
        /// The merchant's note.
        lenient label: &'a str = "label" as text;
        /// The number of confirmations at which the merchant requested an additional
        /// callback.
        lenient confirmations_needed: u32 = "confirmations_needed" as count;
        /// The fee, in currency units.
        lenient fee_amount: Amount = "fee_amount" as amount;
        /// Whether `amount` includes the fee.
        lenient is_fee_included: bool = "is_fee_included" as boolean;
        /// The receiving deposit, if it stays within the gateway.
        lenient target_deposit: &'a str = "target_deposit" as id;
        /// The receiving wallet, if it stays within the gateway.
        lenient target_wallet: &'a str = "target_wallet" as id;
        /// The exchange rate.
        lenient rate_requested: Amount = "rate_requested" as amount;
        /// The callback URL.
        lenient callback_url: &'a str = "callback_url" as text;
        /// Whether it is sent through the blockchain even if that is not necessary.
        lenient force_blockchain: bool = "force_blockchain" as boolean;
        /// The number of decimals of its currency.
        lenient exp: u32 = "exp" as count;
        /// A destination tag or memo.
        lenient tag: &'a str = "tag" as text_or_number;
        /// The name of the tag on its blockchain.
        lenient tag_type: &'a str = "tag_type" as text_or_number;
        custom destination: Destinations = "destination";
        /// Travel-rule data, as sent.
        json travel_rule_info: RawJson = "travel_rule_info";
    }
}

impl<'a> Deposit<'a> {
    /// Whether it can still be paid; also documented as `is_actibe`.
    #[must_use]
    pub fn is_active(&self) -> Option<bool> {
        let fields = self.fields;
        let mut spellings = [fields.is_active, fields.is_actibe].into_iter();
        spellings.find_map(|span| self.source.lenient(span, read::boolean))
    }

    /// The addresses, one for each form or blockchain.
    pub fn destinations(&self) -> impl Iterator<Item = Destination<'a>> + use<'a> {
        self.fields.destination.all(self.source)
    }

    fn destination(&self) -> Option<Vec<Destination<'a>>> {
        self.fields.destination.several(self.source)
    }
}

impl<'a> Payout<'a> {
    /// The destination in detail.
    pub fn destinations(&self) -> impl Iterator<Item = Destination<'a>> + use<'a> {
        self.fields.destination.all(self.source)
    }

    fn destination(&self) -> Option<Vec<Destination<'a>>> {
        self.fields.destination.several(self.source)
    }
}

attributes! {
    Attributes {
        Deposit(DepositFields) = "deposit",
        Payout(PayoutFields) = "payout",
    }
}

/// The attributes of a deposit or a payout.
pub(super) enum OperationFields {
    Deposit(DepositFields),
    Payout(PayoutFields),
}

impl OperationFields {
    /// Takes them from `data`, by its type.
    pub(super) fn take(
        source: Source<'_>,
        data: &mut Typed<Attributes>,
    ) -> Result<Self, ParseError> {
        let at = At::Root.key("data");
        at.sound(data.resource.shape)?;
        source.required(at.key("type"), data.resource.kind, |_, raw| {
            read::characters(raw)
        })?;
        match std::mem::take(&mut data.attributes) {
            Attributes::Deposit(fields) => Ok(Self::Deposit(fields)),
            Attributes::Payout(fields) => Ok(Self::Payout(fields)),
            Attributes::Other(_) => Err(ParseError::Unsupported { path: "data.type" }),
        }
    }

    pub(super) fn operation<'a>(&'a self, source: Source<'a>) -> Operation<'a> {
        match self {
            Self::Deposit(fields) => Operation::Deposit(Deposit { source, fields }),
            Self::Payout(fields) => Operation::Payout(Payout { source, fields }),
        }
    }

    fn shape(&self) -> Shape {
        match self {
            Self::Deposit(fields) => fields.shape,
            Self::Payout(fields) => fields.shape,
        }
    }

    /// The tracking id is strict, since it is signed.
    pub(super) fn check(&self, source: Source<'_>, at: At<'_>) -> Result<(), ParseError> {
        at.sound(self.shape())?;
        self.operation(source).check(at)
    }
}

impl<'a> Operation<'a> {
    /// Returns the JSON:API type: `deposit` or `payout`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Deposit(_) => "deposit",
            Self::Payout(_) => "payout",
        }
    }

    /// Returns whether it is a deposit.
    #[must_use]
    pub fn is_deposit(&self) -> bool {
        matches!(self, Self::Deposit(_))
    }

    /// The number of confirmations at which the merchant requested an additional
    /// callback.
    #[must_use]
    pub fn confirmations_needed(&self) -> Option<u32> {
        match self {
            Self::Deposit(deposit) => deposit.confirmations_needed(),
            Self::Payout(payout) => payout.confirmations_needed(),
        }
    }

    /// Returns the merchant's own reference, if there is one.
    pub(super) fn tracking_id(&self) -> Option<&'a str> {
        let (source, span) = self.place_of_tracking_id();
        source.lenient(span, read::text_or_number)
    }

    /// Its own status as written in the body.
    pub(super) fn status_text(&self) -> Option<&'a str> {
        let (source, span) = self.place_of_status();
        source.lenient(span, read::text_or_number)
    }

    fn place_of_tracking_id(&self) -> (Source<'a>, Span) {
        match self {
            Self::Deposit(deposit) => (deposit.source, deposit.fields.tracking_id),
            Self::Payout(payout) => (payout.source, payout.fields.tracking_id),
        }
    }

    fn place_of_status(&self) -> (Source<'a>, Span) {
        match self {
            Self::Deposit(deposit) => (deposit.source, deposit.fields.status),
            Self::Payout(payout) => (payout.source, payout.fields.status),
        }
    }

    fn destinations(&self) -> &'a Destinations {
        match self {
            Self::Deposit(deposit) => &deposit.fields.destination,
            Self::Payout(payout) => &payout.fields.destination,
        }
    }

    fn check(&self, at: At<'_>) -> Result<(), ParseError> {
        let (source, tracking_id) = self.place_of_tracking_id();
        source.strict(at.key("tracking_id"), tracking_id, read::text_or_number)?;
        match self {
            Self::Deposit(deposit) => deposit.check_fields(at)?,
            Self::Payout(payout) => payout.check_fields(at)?,
        }
        let at = at.key("destination");
        self.destinations().check(source, at)
    }

    /// Without a transfer, the operation's own status may be signed: always for a
    /// deposit, possibly for a payout.
    pub(super) fn check_status(&self, at: At<'_>) -> Result<(), ParseError> {
        let (source, status) = self.place_of_status();
        let text = source.strict(at, status, read::text_or_number)?;
        match text {
            _ if !self.is_deposit() => Ok(()),
            Some(text) if read::one_digit(text).is_some() => Ok(()),
            Some(_) => Err(at.error(FieldError::NotAStatus)),
            None => Err(at.error(FieldError::Missing)),
        }
    }

    pub(super) fn note(&self, at: At<'_>, notes: &mut Vec<FieldWarning>) {
        match self {
            Self::Deposit(deposit) => {
                let (source, fields) = (deposit.source, deposit.fields);
                source.note(at.key("is_active"), fields.is_active, read::boolean, notes);
                deposit.note_fields(at, notes);
                if source.lenient(fields.is_active, read::boolean).is_none() {
                    source.note(at.key("is_actibe"), fields.is_actibe, read::boolean, notes);
                }
            }
            Self::Payout(payout) => payout.note_fields(at, notes),
        }
        let (source, _) = self.place_of_status();
        self.destinations()
            .note(source, at.key("destination"), notes);
    }

    pub(super) fn serialize_fields<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self {
            Self::Deposit(deposit) => deposit.serialize_fields(map),
            Self::Payout(payout) => payout.serialize_fields(map),
        }
    }
}
