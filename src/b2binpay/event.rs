//! What the payment rules need to know of a B2BINPAY callback.

use super::callback::TransferCallback;
use super::lookup::ApiDocument;
use super::message::SignedMac;
use super::operation::Operation;
use super::proven::leading_status;
use super::resource::{Currency, Transfer};
use super::status::{DepositStatus, PayoutStatus, TransferStatus};
use super::verifier::TrackingIds;
use crate::amount::Amount;
use crate::event::Kind;
use crate::payment::event::{
    Digest16, Event, Labelled, Lookup, Money, OwnStatus, Part, PartOutcome, Reading, Source,
    bounded_id,
};
use crate::text::Text;
use crate::timestamp::Timestamp;
use crate::verified::Verified;

/// The name by which the gateway is recorded.
pub(crate) const NAME: &str = "b2binpay";

/// The gateway's ids are numbers; a UUID has 36 bytes.
const MAX_ID: usize = 40;

/// A callback whose signature fits, with the API's document if it was asked.
pub(super) fn of_signed<'a>(
    callback: &'a Verified<TransferCallback>,
    tracking_ids: TrackingIds,
    document: Option<&'a ApiDocument>,
) -> Event<'a> {
    let (told, proven) = (callback.reported(), callback.proven());
    let mut delivery = Labelled::new("b2binpay delivery");
    delivery.option(told.mac().as_ref().map(SignedMac::as_bytes));
    let transfer = told.transfer();
    let mut other_readings = Vec::new();
    let reading = match tracking_ids {
        ids if ids.are_unused() => Reading::ReferenceReported,
        TrackingIds::Unrestricted => {
            if let (Some(text), Some(transfer)) = (proven.undivided(), transfer) {
                other_readings = readings(text, &transfer.amount);
            }
            Reading::Undivided { is_only_one: false }
        }
        _ => Reading::Unique,
    };
    Event {
        reading,
        source: Source::Signed,
        delivery: delivery.finish(),
        time: proven.time().and_then(Timestamp::utc),
        parts: transfer
            .map(|transfer| part(transfer, told.currency(), &told.operation))
            .into_iter()
            .collect(),
        other_readings,
        lookup: document.map(|document| lookup(document, tracking_ids)),
        ..bare(told, tracking_ids)
    }
}

/// An unsigned callback without a transfer, proven by the API's document.
pub(super) fn of_unsigned<'a>(
    told: &'a TransferCallback,
    tracking_ids: TrackingIds,
    document: &'a ApiDocument,
) -> Event<'a> {
    let status = own_status(&document.operation);
    Event {
        delivery: unsigned_delivery(document, status),
        status,
        lookup: Some(lookup(document, tracking_ids)),
        ..bare(told, tracking_ids)
    }
}

/// An unsigned callback that nothing proves: it changes nothing.
pub(super) fn of_nothing(told: &TransferCallback, tracking_ids: TrackingIds) -> Event<'_> {
    Event {
        status: OwnStatus::Other,
        ..bare(told, tracking_ids)
    }
}

/// By what the API says: the body proves nothing.
fn unsigned_delivery(document: &ApiDocument, status: OwnStatus) -> Digest16 {
    let mut delivery = Labelled::new("b2binpay unsigned");
    delivery
        .part(document.operation.as_str().as_bytes())
        .part(document.id.as_bytes())
        .part(document.tracking_id.as_bytes())
        .part(&[u8::from(status == OwnStatus::Ended)]);
    delivery.finish()
}

fn bare(told: &TransferCallback, tracking_ids: TrackingIds) -> Event<'_> {
    Event {
        gateway: NAME,
        kind: match told.operation {
            Operation::Deposit(_) => Kind::Deposit,
            Operation::Payout(_) => Kind::Payout,
        },
        reference: reference(&told.tracking_id, &told.id, tracking_ids),
        reading: Reading::Unique,
        source: Source::Lookup,
        delivery: Digest16::default(),
        time: None,
        status: own_status(&told.operation),
        parts: Vec::new(),
        other_readings: Vec::new(),
        total_paid: match &told.operation {
            Operation::Deposit(deposit) => deposit.target_paid.clone(),
            Operation::Payout(_) => None,
        },
        lookup: None,
    }
}

/// The gateway's own id is the reference of merchants without tracking ids.
pub(super) fn reference<'a>(
    tracking_id: &'a Text,
    id: &'a Text,
    tracking_ids: TrackingIds,
) -> &'a str {
    if tracking_ids.are_unused() {
        id
    } else {
        tracking_id
    }
}

fn lookup(document: &ApiDocument, tracking_ids: TrackingIds) -> Lookup<'_> {
    let currency = |transfer: &Transfer| {
        let id = transfer.currency_id.as_ref()?;
        document
            .currencies
            .iter()
            .find(|currency| currency.id == *id)
    };
    Lookup {
        kind: document.kind(),
        reference: reference(&document.tracking_id, &document.id, tracking_ids),
        status: own_status(&document.operation),
        parts: document
            .transfers
            .iter()
            .map(|transfer| part(transfer, currency(transfer), &document.operation))
            .collect(),
    }
}

fn part<'a>(
    transfer: &'a Transfer,
    currency: Option<&'a Currency>,
    operation: &Operation,
) -> Part<'a> {
    let alpha = currency.and_then(|currency| currency.alpha.as_deref());
    let alias = currency.and_then(|currency| currency.alias.as_deref());
    let id = currency
        .map(|currency| currency.id.as_str())
        .or(transfer.currency_id.as_deref());
    Part {
        id: bounded_id(&transfer.id, MAX_ID),
        alias: None,
        amounts: vec![Money {
            amount: Some(transfer.amount.clone()),
            names: [alpha, alias, id],
            is_named: alpha.is_some() || alias.is_some(),
            totals_agree: true,
        }],
        // Money that was received is not negative.
        converted: transfer
            .amount_target
            .clone()
            .filter(|amount| !amount.is_negative()),
        outcome: match transfer.status {
            TransferStatus::Created => PartOutcome::Created,
            TransferStatus::Unconfirmed => PartOutcome::Unconfirmed,
            TransferStatus::Confirmed => PartOutcome::Settled,
            TransferStatus::Failed => PartOutcome::Failed,
            TransferStatus::Canceled => PartOutcome::Canceled,
            TransferStatus::Blocked => PartOutcome::Blocked,
            TransferStatus::_Unknown(_) => PartOutcome::Unknown,
        },
        fits_kind: transfer.op_type.is_none() || operation.is_fitted_by(transfer),
        time: None,
    }
}

/// Rule 8 for deposits, rule 14 for both. A payout's status doubts nothing.
pub(super) fn own_status(operation: &Operation) -> OwnStatus {
    match operation {
        Operation::Deposit(deposit) => match deposit.status {
            Some(DepositStatus::Paid) => OwnStatus::Resolved,
            Some(DepositStatus::Unresolved) => OwnStatus::Doubtful,
            Some(DepositStatus::Canceled) => OwnStatus::Ended,
            _ => OwnStatus::Other,
        },
        Operation::Payout(payout) => match payout.status {
            Some(PayoutStatus::Canceled) => OwnStatus::Ended,
            _ => OwnStatus::Other,
        },
    }
}

/// The other divisions of a signed text into status, amount and tracking id
/// (GATEWAYS 1.4).
fn readings<'t>(text: &'t str, own: &Amount) -> Vec<(&'t str, Amount)> {
    let Some((_, rest)) = leading_status(text) else {
        return Vec::new();
    };
    let places = rest.char_indices().map(|(place, _)| place).skip(1);
    places
        .chain([rest.len()])
        .take_while(|place| *place <= Amount::MAX_DIGITS + 1)
        .filter_map(|place| rest.split_at_checked(place))
        .filter_map(|(amount, reference)| {
            let amount: Amount = amount.parse().ok()?;
            let is_other = amount.as_str() != own.as_str();
            (amount.is_plain() && is_other).then_some((reference, amount))
        })
        .collect()
}
