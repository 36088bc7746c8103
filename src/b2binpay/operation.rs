//! [`Operation`]: the deposit or payout that a callback is about.

use serde::Serialize;

use super::resource::Transfer;
use super::status::{DepositStatus, PayoutStatus};
use super::wire::{self, OperationAttributes};
use crate::amount::Amount;
use crate::error::{Flaw, ParseError};
use crate::read::{At, RawJson, Reader, lenient, mirror};
use crate::text::Text;
use crate::timestamp::Timestamp;
use crate::wire::{List, Raw, Shape};

/// What a callback is about.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../../examples/bodies/b2binpay-payout-confirmed.json");
/// # let callback = verifier.verify(Unverified::parse(body)?)?;
/// use payhook::b2binpay::Operation;
///
/// let address = match &callback.reported().operation {
///     Operation::Deposit(deposit) => deposit.address.as_deref(),
///     Operation::Payout(payout) => payout.address.as_deref(),
///     _ => None,
/// };
/// assert_eq!(address, Some("TQ5xNn3p8hQJ7cG2mR9vW4kZ6yB1dF0sEa"));
/// # Ok::<(), payhook::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Money in.
    Deposit(Deposit),
    /// Money out.
    Payout(Payout),
}

/// A deposit: an invoice or a static address. API v2 sends the first fields
/// only. Amounts called `target` are in the wallet's currency, `source` in the
/// payer's, both in whole coins. Unsigned, but for `status` where there is no
/// transfer. It serializes as its attributes, without the tracking id.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../../examples/bodies/b2binpay-deposit-confirmed.json");
/// # let callback = verifier.verify(Unverified::parse(body)?)?;
/// use payhook::b2binpay::{DepositStatus, Operation};
///
/// let Operation::Deposit(deposit) = &callback.reported().operation else { panic!("a payout") };
/// assert_eq!(deposit.target_amount_requested, Some("0.412".parse()?));
/// // *Created*, although a transfer has paid it: go by the transfer.
/// assert_eq!(deposit.status, Some(DepositStatus::Created));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Deposit {
    /// Where the payer sends to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Text>,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Paid so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_paid: Option<Amount>,
    /// The addresses, one for each form or chain.
    #[serde(skip_serializing_if = "Vec::is_empty", rename = "destination")]
    pub destinations: Vec<Destination>,
    /// Its status; API v2 does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<DepositStatus>,
    /// Asked for, in the payer's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_amount_requested: Option<Amount>,
    /// Asked for, in the wallet's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_amount_requested: Option<Amount>,
    /// Paid and not confirmed yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_paid_pending: Option<Amount>,
    /// Milliseconds until it expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<i64>,
    /// How far from the requested amount still counts as paid, in whole coins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inaccuracy: Option<Amount>,
    /// The merchant's note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Text>,
    /// Confirmations at which the merchant wants an additional callback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmations_needed: Option<u32>,
    /// The gateway's page for the payer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_page: Option<Text>,
    /// The rate that the invoice was made with, from the payer's currency to the
    /// wallet's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_requested: Option<Amount>,
    /// When that rate ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_expired_at: Option<Timestamp>,
    /// When the invoice last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_updated_at: Option<Timestamp>,
    /// Where callbacks are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<Text>,
    /// The assets that can be paid with, as they were sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assets: Option<RawJson>,
    /// Whether it can still be paid; documented as `is_actibe` too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
}

/// A payout. Unsigned, all of it. It serializes as its attributes, without the
/// tracking id.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../../examples/bodies/b2binpay-payout-confirmed.json");
/// # let callback = verifier.verify(Unverified::parse(body)?)?;
/// use payhook::b2binpay::Operation;
///
/// let Operation::Payout(payout) = &callback.reported().operation else { panic!("a deposit") };
/// assert_eq!(payout.fee_amount, Some("1.2".parse()?));
/// let places = payout.destinations.iter().filter_map(|place| place.address.as_deref());
/// assert_eq!(places.collect::<Vec<_>>(), ["TQ5xNn3p8hQJ7cG2mR9vW4kZ6yB1dF0sEa"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Payout {
    /// To be paid out, in whole coins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// Where to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Text>,
    /// Its status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<PayoutStatus>,
    /// The merchant's note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Text>,
    /// Confirmations at which the merchant wants an additional callback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmations_needed: Option<u32>,
    /// The fee, in whole coins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee_amount: Option<Amount>,
    /// Whether `amount` includes the fee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_fee_included: Option<bool>,
    /// The deposit that it goes to, if it stays within the gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_deposit: Option<Text>,
    /// The wallet that it goes to, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_wallet: Option<Text>,
    /// The rate that it was made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_requested: Option<Amount>,
    /// Where callbacks are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<Text>,
    /// Whether it goes through the blockchain even where it need not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_blockchain: Option<bool>,
    /// Fraction digits of its currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<u32>,
    /// A destination tag or memo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<Text>,
    /// What the tag is called in its chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_type: Option<Text>,
    /// Where to, in detail.
    #[serde(skip_serializing_if = "Vec::is_empty", rename = "destination")]
    pub destinations: Vec<Destination>,
    /// Travel-rule data, as it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub travel_rule_info: Option<RawJson>,
}

/// An address to pay to.
///
/// See [`Payout`] for an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Destination {
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Text>,
    /// The form of the address, where a chain has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_type: Option<Text>,
    /// A destination tag or memo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<Text>,
    /// What the tag is called in its chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_type: Option<Text>,
}

impl Operation {
    /// `deposit` or `payout`: the JSON:API type.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Deposit(_) => "deposit",
            Self::Payout(_) => "payout",
        }
    }

    /// Whether it is a deposit.
    #[must_use]
    pub fn is_deposit(&self) -> bool {
        matches!(self, Self::Deposit(_))
    }

    /// Confirmations at which the merchant wants an additional callback.
    #[must_use]
    pub fn confirmations_needed(&self) -> Option<u32> {
        match self {
            Self::Deposit(deposit) => deposit.confirmations_needed,
            Self::Payout(payout) => payout.confirmations_needed,
        }
    }

    /// Whether the transfer's operation type is the one for this operation.
    pub(crate) fn is_fitted_by(&self, transfer: &Transfer) -> bool {
        let own = self.is_deposit();
        transfer.op_type.is_some_and(|op_type| op_type.fits(own))
    }
}

/// Nothing in it is strict: only the status may be signed, and that is read
/// again where it is.
pub(super) fn read_deposit(
    reader: &mut Reader,
    at: At<'_>,
    a: &OperationAttributes<'_>,
) -> Result<Deposit, ParseError> {
    let is_active = lenient!(reader, at, a.is_active, boolean);
    Ok(Deposit {
        address: lenient!(reader, at, a.address, text),
        created_at: lenient!(reader, at, a.created_at, time),
        target_paid: lenient!(reader, at, a.target_paid, received_amount),
        destinations: read_destinations(reader, at.key("destination"), a.destination)?,
        status: lenient!(reader, at, a.status, code).map(DepositStatus::from_code),
        source_amount_requested: lenient!(reader, at, a.source_amount_requested, amount),
        target_amount_requested: lenient!(reader, at, a.target_amount_requested, amount),
        target_paid_pending: lenient!(reader, at, a.target_paid_pending, received_amount),
        time_limit: lenient!(reader, at, a.time_limit, integer),
        inaccuracy: lenient!(reader, at, a.inaccuracy, amount),
        label: lenient!(reader, at, a.label, text),
        confirmations_needed: lenient!(reader, at, a.confirmations_needed, count),
        payment_page: lenient!(reader, at, a.payment_page, text),
        rate_requested: lenient!(reader, at, a.rate_requested, amount),
        rate_expired_at: lenient!(reader, at, a.rate_expired_at, time),
        invoice_updated_at: lenient!(reader, at, a.invoice_updated_at, time),
        callback_url: lenient!(reader, at, a.callback_url, text),
        assets: lenient!(reader, at, a.assets, json),
        is_active: is_active.or_else(|| lenient!(reader, at, a.is_actibe, boolean)),
    })
}

pub(super) fn read_payout(
    reader: &mut Reader,
    at: At<'_>,
    a: &OperationAttributes<'_>,
) -> Result<Payout, ParseError> {
    Ok(Payout {
        amount: lenient!(reader, at, a.amount, amount),
        address: lenient!(reader, at, a.address, text),
        status: lenient!(reader, at, a.status, code).map(PayoutStatus::from_code),
        label: lenient!(reader, at, a.label, text),
        confirmations_needed: lenient!(reader, at, a.confirmations_needed, count),
        fee_amount: lenient!(reader, at, a.fee_amount, amount),
        is_fee_included: lenient!(reader, at, a.is_fee_included, boolean),
        target_deposit: lenient!(reader, at, a.target_deposit, id),
        target_wallet: lenient!(reader, at, a.target_wallet, id),
        rate_requested: lenient!(reader, at, a.rate_requested, amount),
        callback_url: lenient!(reader, at, a.callback_url, text),
        force_blockchain: lenient!(reader, at, a.force_blockchain, boolean),
        exp: lenient!(reader, at, a.exp, count),
        tag: lenient!(reader, at, a.tag, text_or_number),
        tag_type: lenient!(reader, at, a.tag_type, text_or_number),
        destinations: read_destinations(reader, at.key("destination"), a.destination)?,
        travel_rule_info: lenient!(reader, at, a.travel_rule_info, json),
    })
}

/// Nothing, one object or a list of objects.
fn read_destinations(
    reader: &mut Reader,
    at: At<'_>,
    raw: Raw<'_>,
) -> Result<Vec<Destination>, ParseError> {
    let Some(Raw(text)) = raw.present() else {
        return Ok(Vec::new());
    };
    let mut destinations = Vec::new();
    if text.starts_with('{') {
        match mirror(text) {
            Ok(entry) => destinations.extend(read_destination(reader, at, &entry)?),
            Err(_) => reader.note(at, Flaw::NotAnObject),
        }
        return Ok(destinations);
    }
    let list: List<wire::Destination<'_>> = mirror(text).unwrap_or_else(|_| List {
        shape: Shape::Mismatch,
        ..List::default()
    });
    match list.shape {
        Shape::TooLong => return Err(at.error(Flaw::TooLong)),
        Shape::Mismatch => reader.note(at, Flaw::NotAnObject),
        _ => {}
    }
    for entry in &list.items {
        destinations.extend(read_destination(reader, at, entry)?);
    }
    Ok(destinations)
}

fn read_destination(
    reader: &mut Reader,
    at: At<'_>,
    entry: &wire::Destination<'_>,
) -> Result<Option<Destination>, ParseError> {
    if !reader.usable(at, entry.shape)? {
        return Ok(None);
    }
    Ok(Some(Destination {
        address: lenient!(reader, at, entry.address, text),
        address_type: lenient!(reader, at, entry.address_type, text_or_number),
        tag: lenient!(reader, at, entry.tag, text_or_number),
        tag_type: lenient!(reader, at, entry.tag_type, text_or_number),
    }))
}
