//! [`TransferCallback`]: what B2BINPAY and Coinsbuy post.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::kind::{self, Inferred};
use super::related::{self, Related};
use super::resource::{Currency, Included, OtherResource, Transfer, one_digit};
use super::status::{DepositStatus, PayoutStatus};
use super::wire::{self, Document, OperationAttributes};
use crate::amount::Amount;
use crate::error::{Flaw, ParseError};
use crate::read::{self, Anomaly, At, Body, RawJson, Reader, lenient, mirror, share};
use crate::text::Text;
use crate::timestamp::Timestamp;
use crate::verified::{Parse, Unverified};
use crate::wire::{List, Raw, Shape};

/// A callback about a deposit or a payout, with the transfers that it carries.
///
/// It is read by [`Unverified::parse`] and proven by a
/// [`Verifier`](super::Verifier). All of it is what the sender says; what a
/// signature covers is [`Proven`](super::Proven).
///
/// Serializing it gives a JSON:API body with the same values in canonical
/// spelling: amounts as text, ids as text, no fields that are unknown here. The
/// exact bytes are [`raw`](Self::raw).
#[derive(Clone)]
#[non_exhaustive]
pub struct TransferCallback {
    /// The gateway's id of the deposit or payout.
    pub id: Text,
    /// The deposit or payout itself.
    pub operation: Operation,
    /// The merchant's own reference; empty where there is none. Signed.
    pub tracking_id: Text,
    /// The id of the operation's currency.
    pub currency_id: Option<Text>,
    /// The id of the operation's wallet.
    pub wallet_id: Option<Text>,
    /// The id of the transfer that this callback is about. Older bodies don't
    /// name it.
    pub transfer_id: Option<Text>,
    /// All transfers in the body, in its order; see [`transfer`](Self::transfer).
    pub transfers: Vec<Transfer>,
    /// All currencies in the body; see [`currency`](Self::currency).
    pub currencies: Vec<Currency>,
    /// Resources of types that this version does not know.
    pub other_resources: Vec<OtherResource>,
    /// When the gateway made this callback. Signed.
    pub time: Option<Timestamp>,
    pub(super) subject: Subject,
    pub(super) signature: Signature,
    pub(super) signed_status: Option<Text>,
    anomalies: Vec<Anomaly>,
    body: Body,
}

/// What a callback is about.
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
/// payer's. Unsigned, but for `status` where there is no transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "snake_case")]
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
    /// Where it stands; API v2 does not say.
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
    /// How far from the requested amount still counts as paid.
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
    /// The rate that the invoice was made with.
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
    /// The assets that can be paid with, as they stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assets: Option<RawJson>,
    /// Whether it can still be paid; documented as `is_actibe` too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
}

/// A payout. Unsigned, all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Payout {
    /// To be paid out, in whole coins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// Where to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Text>,
    /// Where it stands.
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
    /// Travel-rule data, as it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub travel_rule_info: Option<RawJson>,
}

/// An address to pay to.
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

/// Which transfer a callback is about, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// None: the body has no transfer and names none.
    None,
    /// The one at this index.
    Transfer(usize),
    /// The one that the relationship names is not there.
    Missing,
    /// Several could be it.
    Ambiguous,
}

/// `meta.sign`. It can't be compared, and is not shown: beside its body it is a
/// valid signature.
#[derive(Clone)]
pub(super) enum Signature {
    /// None, `null` or empty.
    Absent,
    /// No text.
    Malformed,
    Present(Text),
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "absent",
            Self::Malformed => "malformed",
            Self::Present(_) => "present",
        })
    }
}

impl TransferCallback {
    /// The transfer that this callback is about.
    ///
    /// It is the one that the body's relationship names; else the one whose
    /// operation type fits; else the only one. `None` if there is none, or if
    /// the body does not say which.
    #[must_use]
    pub fn transfer(&self) -> Option<&Transfer> {
        match self.subject {
            Subject::Transfer(index) => self.transfers.get(index),
            Subject::None | Subject::Missing | Subject::Ambiguous => None,
        }
    }

    /// The currency of [`transfer`](Self::transfer), or of the operation where
    /// there is no transfer. Reported, never proven.
    #[must_use]
    pub fn currency(&self) -> Option<&Currency> {
        let id = match self.transfer() {
            Some(transfer) => transfer.currency_id.as_ref().or(self.currency_id.as_ref()),
            None => self.currency_id.as_ref(),
        };
        let mut fitting = self
            .currencies
            .iter()
            .filter(|currency| id.is_none_or(|id| *id == currency.id));
        match (fitting.next(), fitting.next()) {
            (Some(currency), None) => Some(currency),
            _ => None,
        }
    }

    /// The transfers that no signature covers: all but
    /// [`transfer`](Self::transfer).
    pub fn other_transfers(&self) -> impl Iterator<Item = &Transfer> {
        let subject = match self.subject {
            Subject::Transfer(index) => Some(index),
            Subject::None | Subject::Missing | Subject::Ambiguous => None,
        };
        let transfers = self.transfers.iter().enumerate();
        transfers.filter_map(move |(index, transfer)| (Some(index) != subject).then_some(transfer))
    }

    /// Which entry of the gateway's list of callbacks this is, as far as the
    /// body says.
    #[must_use]
    pub fn callback_type(&self) -> Inferred {
        kind::infer(self)
    }

    /// Incidental fields that could not be read and stand as absent.
    #[must_use]
    pub fn anomalies(&self) -> &[Anomaly] {
        &self.anomalies
    }

    /// Whether the body has a signature, valid or not.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        !matches!(self.signature, Signature::Absent)
    }

    /// The exact bytes of the body. Beside them stands its signature: treat
    /// what was not handled yet as confidential.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.body.0.as_bytes()
    }
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
        transfer.op_type.is_some_and(|op_type| match self {
            Self::Deposit(_) => op_type.is_incoming(),
            Self::Payout(_) => op_type.is_outgoing(),
        })
    }

    /// Whether the transfer's operation type is the one for the other kind.
    pub(super) fn is_contradicted_by(&self, transfer: &Transfer) -> bool {
        transfer.op_type.is_some_and(|op_type| match self {
            Self::Deposit(_) => op_type.is_outgoing(),
            Self::Payout(_) => op_type.is_incoming(),
        })
    }
}

impl fmt::Debug for TransferCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransferCallback")
            .field("id", &self.id)
            .field("operation", &self.operation)
            .field("tracking_id", &self.tracking_id)
            .field("transfers", &self.transfers)
            .field("currencies", &self.currencies)
            .field("time", &self.time)
            .field("signature", &self.signature)
            .field("anomalies", &self.anomalies)
            .finish_non_exhaustive()
    }
}

impl crate::verified::Sealed for TransferCallback {}

impl Parse for TransferCallback {
    fn parse(body: &[u8], limit: usize) -> Result<Unverified<Self>, ParseError> {
        let body = share(body, limit)?;
        let document: Document<'_> = mirror(&body)?;
        read_callback(Reader::new(Arc::clone(&body)), &document).map(Unverified::new)
    }
}

fn read_callback(
    mut reader: Reader,
    document: &Document<'_>,
) -> Result<TransferCallback, ParseError> {
    let root = At::Root;
    root.sound(document.shape)?;
    let data = &document.data;
    let at = root.key("data");
    at.sound(data.shape)?;
    let kind = reader.required(at.key("type"), data.kind, read::text)?;
    let is_deposit = match kind.as_str() {
        "deposit" => true,
        "payout" => false,
        _ => return Err(ParseError::Unsupported { path: "data.type" }),
    };
    let id = reader.required(at.key("id"), data.id, read::id)?;
    let related = Related::read(&mut reader, at, &data.relationships)?;
    let transfer_id = related::transfer(&reader, at, &data.relationships)?;
    root.key("included").list(document.included.shape)?;
    let included = Included::read(&mut reader, &document.included.items, transfer_id.as_ref())?;

    let a = &data.attributes;
    let at = at.key("attributes");
    at.sound(a.shape)?;
    let tracking_id = reader.strict(at.key("tracking_id"), a.tracking_id, read::text_or_number)?;
    let operation = if is_deposit {
        Operation::Deposit(read_deposit(&mut reader, at, a)?)
    } else {
        Operation::Payout(read_payout(&mut reader, at, a)?)
    };

    let (time, signature) = read_meta(&mut reader, &document.meta)?;
    let subject = choose(&included.transfers, transfer_id.as_ref(), &operation);
    // Without a transfer it is the operation's own status that may be signed.
    let signed_status = match (subject, &signature) {
        (Subject::None, Signature::Present(_)) => {
            signed_status(&reader, at.key("status"), a.status, is_deposit)?
        }
        _ => None,
    };

    let Reader {
        body, anomalies, ..
    } = reader;
    Ok(TransferCallback {
        id,
        operation,
        tracking_id: tracking_id.unwrap_or_else(|| Text::empty(&body)),
        currency_id: related.currency,
        wallet_id: related.wallet,
        transfer_id,
        transfers: included.transfers,
        currencies: included.currencies,
        other_resources: included.others,
        time,
        subject,
        signature,
        signed_status,
        anomalies,
        body: Body(body),
    })
}

/// The order of preference: named, fitting by operation type, the only one.
fn choose(transfers: &[Transfer], named: Option<&Text>, operation: &Operation) -> Subject {
    let the_one = |fits: &dyn Fn(&Transfer) -> bool, none: Subject| {
        let mut fitting = transfers
            .iter()
            .enumerate()
            .filter(|(_, transfer)| fits(transfer));
        match (fitting.next(), fitting.next()) {
            (Some((index, _)), None) => Subject::Transfer(index),
            (Some(_), Some(_)) => Subject::Ambiguous,
            (None, _) => none,
        }
    };
    match named {
        Some(id) => the_one(&|transfer| transfer.id == *id, Subject::Missing),
        None => match the_one(&|transfer| operation.is_fitted_by(transfer), Subject::None) {
            Subject::None => the_one(&|_| true, Subject::None),
            chosen => chosen,
        },
    }
}

/// Strict where a signature is there to cover the time.
fn read_meta(
    reader: &mut Reader,
    meta: &wire::Meta<'_>,
) -> Result<(Option<Timestamp>, Signature), ParseError> {
    if meta.shape.is_nothing() {
        return Ok((None, Signature::Absent));
    }
    let at = At::Root.key("meta");
    at.sound(meta.shape)?;
    let signature = match meta.sign.present().map(|raw| read::text(reader, raw)) {
        None => Signature::Absent,
        Some(Ok(text)) if text.is_empty() => Signature::Absent,
        Some(Ok(text)) => Signature::Present(text),
        Some(Err(_)) => Signature::Malformed,
    };
    let at = at.key("time");
    let time = match signature {
        Signature::Present(_) => Some(reader.required(at, meta.time, read::signed_time)?),
        Signature::Absent | Signature::Malformed => {
            reader.lenient(at, meta.time, read::signed_time)
        }
    };
    Ok((time, signature))
}

/// A signed deposit without a transfer always has a status in its text; a
/// payout may have one.
fn signed_status(
    reader: &Reader,
    at: At<'_>,
    status: Raw<'_>,
    is_deposit: bool,
) -> Result<Option<Text>, ParseError> {
    let text = reader.strict(at, status, read::text_or_number)?;
    match text {
        Some(text) if one_digit(&text).is_some() => Ok(Some(text)),
        Some(_) if is_deposit => Err(at.error(Flaw::NotAStatus)),
        None if is_deposit => Err(at.error(Flaw::Missing)),
        Some(_) | None => Ok(None),
    }
}

fn read_deposit(
    reader: &mut Reader,
    at: At<'_>,
    a: &OperationAttributes<'_>,
) -> Result<Deposit, ParseError> {
    let is_active = lenient!(reader, at, a.is_active, boolean);
    Ok(Deposit {
        address: lenient!(reader, at, a.address, text),
        created_at: lenient!(reader, at, a.created_at, time),
        target_paid: lenient!(reader, at, a.target_paid, amount),
        destinations: read_destinations(reader, at.key("destination"), a.destination)?,
        status: lenient!(reader, at, a.status, code).map(DepositStatus::from_code),
        source_amount_requested: lenient!(reader, at, a.source_amount_requested, amount),
        target_amount_requested: lenient!(reader, at, a.target_amount_requested, amount),
        target_paid_pending: lenient!(reader, at, a.target_paid_pending, amount),
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

fn read_payout(
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
        destinations.extend(read_destination(reader, at, &mirror(text)?)?);
        return Ok(destinations);
    }
    let list: List<wire::Destination<'_>> = mirror(text)?;
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
