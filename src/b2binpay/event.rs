//! A B2BINPAY callback as an [`Event`].

use std::borrow::Cow;

use super::callback::Callback;
use super::lookup::ApiDocument;
use super::operation::Operation;
use super::outcome::of_transfer;
use super::proven::{ProvenTransfer, leading_status};
use super::resource::{Currency, Transfer};
use super::status::{DepositStatus, PayoutStatus, TransferStatus};
use super::tracking_ids::TrackingIds;
use crate::amount::Amount;
use crate::digest::{Digest16, Labelled, bounded_id};
use crate::event::{
    Event, Lookup, Money, OtherReading, OwnStatus, Part, PartOutcome, PaymentKind, Reading,
    ReadingSubject, Source,
};
use crate::fact::Fact;
use crate::outcome::Outcome;
use crate::timestamp::Timestamp;
use crate::verified::{Evidence, Verified};

/// The name of the gateway in stored data.
pub(crate) const NAME: &str = "b2binpay";

/// The gateway's ids are numbers; a UUID has 36 bytes.
const MAX_ID: usize = 40;

impl Verified<Callback> {
    /// Returns the gateway-independent view of the callback.
    ///
    /// See [`Event`] for an example.
    #[must_use]
    pub fn event(&self) -> Event<'_> {
        let (reported, proven) = (self.reported(), self.proven());
        let outcome = of_transfer(reported, proven, self.evidence());
        let event = bare(
            reported,
            self.evidence(),
            outcome,
            proven.uses_gateway_ids(),
        );
        let lookup = proven
            .document()
            .map(|document| lookup(document, proven.uses_gateway_ids()));
        match proven.document() {
            Some(document) if *self.evidence() == Evidence::GatewayApi => {
                let status = own_status(document.operation());
                Event {
                    delivery: unsigned_delivery(document, status),
                    status,
                    lookup,
                    ..event
                }
            }
            _ => {
                let mut event = Event {
                    lookup,
                    ..signed(reported, proven, event)
                };
                if event.outcome == Fact::Proven(Outcome::Settled) && event.is_contradicted() {
                    event.outcome = Fact::Reported(Outcome::ManualReview);
                }
                event
            }
        }
    }
}

/// The facts that a signature adds.
fn signed<'a>(reported: &'a Callback, proven: &'a ProvenTransfer, event: Event<'a>) -> Event<'a> {
    // One block of SHA-256 with a label this short.
    let mut delivery = Labelled::new("b2b mac");
    if let Some(mac) = reported.mac() {
        delivery.part(mac.as_bytes());
    }
    let transfer = reported.transfer();
    let mut other_readings = Vec::new();
    let reading = if proven.uses_gateway_ids() {
        Reading::ReferenceReported
    } else if let Some(text) = proven.ambiguous_text() {
        if let Some(transfer) = transfer {
            other_readings = readings(text, &transfer.amount());
        }
        Reading::Ambiguous { is_only_one: false }
    } else {
        Reading::Unique
    };
    Event {
        reading,
        source: Source::Signed,
        delivery: delivery.finish(),
        time: proven.time().and_then(Timestamp::utc),
        parts: transfer
            .map(|transfer| part(transfer, reported.currency(), reported.operation()))
            .into_iter()
            .collect(),
        own_part: transfer.map(|_| 0),
        other_readings,
        ..event
    }
}

/// An unsigned callback without proof changes nothing.
pub(super) fn of_nothing(reported: &Callback, tracking_ids: TrackingIds) -> Event<'_> {
    let outcome = Fact::Reported(Outcome::Unknown);
    let event = bare(
        reported,
        &Evidence::KnownReference,
        outcome,
        tracking_ids.are_unused(),
    );
    Event {
        status: OwnStatus::Other,
        ..event
    }
}

/// By the API's response: the body proves nothing.
fn unsigned_delivery(document: &ApiDocument, status: OwnStatus) -> Digest16 {
    let mut delivery = Labelled::new("b2binpay unsigned");
    delivery
        .part(document.operation().as_str().as_bytes())
        .part(document.id().as_bytes())
        .part(document.tracking_id().as_bytes())
        .part(&[u8::from(status == OwnStatus::Ended)]);
    delivery.finish()
}

fn bare<'a>(
    reported: &'a Callback,
    evidence: &'a Evidence,
    outcome: Fact<Outcome>,
    uses_gateway_ids: bool,
) -> Event<'a> {
    Event {
        gateway: NAME,
        kind: match reported.operation() {
            Operation::Deposit(_) => PaymentKind::Deposit,
            Operation::Payout(_) => PaymentKind::Payout,
        },
        reference: reference(reported.tracking_id(), reported.id(), uses_gateway_ids),
        reading: Reading::Unique,
        source: Source::Lookup,
        evidence,
        outcome,
        delivery: Digest16::default(),
        time: None,
        status: own_status(reported.operation()),
        parts: Vec::new(),
        own_part: None,
        other_readings: Vec::new(),
        total_paid: match reported.operation() {
            Operation::Deposit(deposit) => deposit.target_paid(),
            Operation::Payout(_) => None,
        },
        lookup: None,
    }
}

/// The gateway's own id is the reference of merchants without tracking ids.
pub(super) fn reference<'a>(tracking_id: &'a str, id: &'a str, uses_gateway_ids: bool) -> &'a str {
    if uses_gateway_ids { id } else { tracking_id }
}

fn lookup(document: &ApiDocument, uses_gateway_ids: bool) -> Lookup<'_> {
    let currency = |transfer: &Transfer<'_>| {
        let id = transfer.currency_id()?;
        document.currencies().find(|currency| currency.id() == id)
    };
    Lookup {
        kind: document.kind(),
        reference: reference(document.tracking_id(), document.id(), uses_gateway_ids),
        status: own_status(document.operation()),
        parts: document
            .transfers()
            .map(|transfer| part(transfer, currency(&transfer), document.operation()))
            .collect(),
    }
}

/// The stored form of a transfer's id.
pub(super) fn part_id(transfer: Transfer<'_>) -> Cow<'_, str> {
    bounded_id(transfer.id(), MAX_ID)
}

fn part<'a>(
    transfer: Transfer<'a>,
    currency: Option<Currency<'a>>,
    operation: Operation<'_>,
) -> Part<'a> {
    let alpha = currency.and_then(|currency| currency.alpha());
    let alias = currency.and_then(|currency| currency.alias());
    let id = currency
        .map(|currency| currency.id())
        .or(transfer.currency_id());
    Part {
        id: part_id(transfer),
        alias: None,
        amounts: vec![Money {
            amount: Some(transfer.amount()),
            names: [alpha, alias, id],
            is_named: alpha.is_some() || alias.is_some(),
            totals_agree: true,
        }],
        // Received money is not negative.
        converted: transfer
            .amount_target()
            .filter(|amount| !amount.is_negative()),
        outcome: match transfer.status() {
            TransferStatus::Created => PartOutcome::Created,
            TransferStatus::Unconfirmed => PartOutcome::Unconfirmed,
            TransferStatus::Confirmed => PartOutcome::Settled,
            TransferStatus::Failed => PartOutcome::Failed,
            TransferStatus::Canceled => PartOutcome::Canceled,
            TransferStatus::Blocked => PartOutcome::Blocked,
            TransferStatus::_Unknown(_) => PartOutcome::Unknown,
        },
        fits_kind: transfer.op_type().is_none() || transfer.fits(operation),
        time: None,
        transaction: transfer.txid().filter(|id| !id.is_empty()),
        confirmations: transfer.confirmations(),
    }
}

/// Rule 8 for deposits, rule 14 for both. A payout's status reports no discrepancy.
fn own_status(operation: Operation<'_>) -> OwnStatus {
    match operation {
        Operation::Deposit(deposit) => match deposit.status() {
            Some(DepositStatus::Paid) => OwnStatus::Resolved,
            Some(DepositStatus::Unresolved) => OwnStatus::Doubtful,
            Some(DepositStatus::Canceled) => OwnStatus::Ended,
            _ => OwnStatus::Other,
        },
        Operation::Payout(payout) => match payout.status() {
            Some(PayoutStatus::Canceled) => OwnStatus::Ended,
            _ => OwnStatus::Other,
        },
    }
}

/// The other ways to split the signed message of a transfer: into another amount and
/// tracking id, or as a callback without a transfer (GATEWAYS 1.4).
fn readings<'t>(text: &'t str, own: &Amount) -> Vec<OtherReading<'t>> {
    let Some((_, rest)) = leading_status(text) else {
        return Vec::new();
    };
    let places = rest.char_indices().map(|(place, _)| place).skip(1);
    let transfers = places
        .chain([rest.len()])
        .take_while(|place| *place <= Amount::MAX_DIGITS + 1)
        .filter_map(|place| rest.split_at_checked(place))
        .filter_map(|(amount, reference)| {
            let amount: Amount = amount.parse().ok()?;
            let is_other = amount.as_str() != own.as_str();
            (amount.is_plain() && is_other).then_some(OtherReading {
                reference,
                about: ReadingSubject::Transfer(amount),
            })
        });
    // A deposit signs its status and id, a payout only its id.
    let bare = [(rest, PaymentKind::Deposit), (text, PaymentKind::Payout)];
    let bare = bare.map(|(reference, kind)| OtherReading {
        reference,
        about: ReadingSubject::NoTransfer(kind),
    });
    transfers.chain(bare).collect()
}
