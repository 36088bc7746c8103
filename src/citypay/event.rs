//! A CityPay.io callback as an [`Event`].

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::answer::OrderDetails;
use super::callback::{DepositCallback, OrderCallback};
use super::outcome::{of_deposit, of_order};
use super::proven::ProvenDeposit;
use super::status::{DepositStatus, OrderStatus};
use super::transaction::{AmountBreakdown, OrderTransaction};
use super::wire::is_number;
use crate::amount::Amount;
use crate::digest::{Digest16, Labelled, bounded_id};
use crate::event::{Event, Money, OwnStatus, Part, PartOutcome, PaymentKind, Reading, Source};
use crate::fact::Fact;
use crate::outcome::Outcome;
use crate::timestamp::Timestamp;
use crate::verified::{Evidence, Verified};

/// The name of the gateway in stored data.
pub(crate) const NAME: &str = "citypay";

impl Verified<OrderCallback> {
    /// Returns the gateway-independent view of the callback: all values come from the
    /// order endpoint's response.
    ///
    /// See [`Event`] for an example.
    #[must_use]
    pub fn event(&self) -> Event<'_> {
        match self.proven().answer() {
            Some(answer) => of_answer(self, answer),
            None => of_nothing(self.reported(), self.evidence()),
        }
    }
}

fn of_answer<'a>(callback: &'a Verified<OrderCallback>, answer: &'a OrderDetails) -> Event<'a> {
    let (status, outcome) = match &answer.status() {
        OrderStatus::Confirmed => (OwnStatus::Resolved, PartOutcome::Settled),
        OrderStatus::Overpaid => (OwnStatus::Doubtful, PartOutcome::Settled),
        OrderStatus::Underpaid => (OwnStatus::Underpaid, PartOutcome::Settled),
        OrderStatus::Canceled | OrderStatus::Expired => (OwnStatus::Ended, PartOutcome::Settled),
        OrderStatus::PaidUnconfirmed => (OwnStatus::Pending, PartOutcome::Unconfirmed),
        OrderStatus::InProgress | OrderStatus::_Unknown(_) => {
            (OwnStatus::Other, PartOutcome::Unconfirmed)
        }
    };
    let transactions = in_time(answer);
    let (fiat_agrees, coin_agrees) = (answer.totals_agree_fiat(), answer.totals_agree());
    let currency = answer.currency();
    let parts = transactions.iter().map(|transaction| {
        let fiat = Money {
            amount: base(transaction.amount_fiat()),
            names: [
                currency.and_then(|currency| currency.abbreviation()),
                currency.and_then(|currency| currency.currency()),
                None,
            ],
            is_named: currency.is_some(),
            totals_agree: fiat_agrees,
        };
        let coin = Money {
            amount: base(transaction.amount()),
            names: [answer.coin(), answer.coin_base_name(), None],
            is_named: answer.coin().is_some() || answer.coin_base_name().is_some(),
            totals_agree: coin_agrees,
        };
        Part {
            id: identity(transaction),
            alias: transaction.hash().map(part_id),
            // Orders are compared in fiat if both names are the same.
            amounts: vec![fiat, coin],
            converted: None,
            outcome,
            fits_kind: true,
            time: transaction.created_at().as_ref().and_then(instant),
            transaction: transaction.hash(),
            confirmations: None,
        }
    });
    let parts: Vec<_> = parts.collect();
    Event {
        source: Source::Snapshot,
        delivery: order_delivery(answer, &transactions),
        status,
        outcome: of_order(callback.proven()),
        own_part: own_part(callback.reported(), &parts),
        parts,
        ..bare(PaymentKind::Order, answer.token_text(), callback.evidence())
    }
}

/// The only transaction, unless the callback refers to a different one. If there are
/// several, the callback would choose which amount is shown, but its sender is not
/// authenticated.
fn own_part(reported: &OrderCallback, parts: &[Part<'_>]) -> Option<usize> {
    let [part] = parts else {
        return None;
    };
    let is_named = |id| {
        let id = part_id(id);
        part.id == id || part.alias.as_ref() == Some(&id)
    };
    let fits = reported.transaction_id().is_none_or(is_named);
    fits.then_some(0)
}

impl Verified<DepositCallback> {
    /// Returns the gateway-independent view of the callback. None of it is proven,
    /// unless the merchant opted in to trust the source address.
    ///
    /// See [`Event`] for an example.
    #[must_use]
    pub fn event(&self) -> Event<'_> {
        of_payment(self)
    }
}

/// The stored form of a transaction's id or hash.
pub(super) fn part_id(id: &str) -> Cow<'_, str> {
    // The length of a transaction hash.
    bounded_id(id, 128)
}

/// A payment to a customer's address.
fn of_payment(callback: &Verified<DepositCallback>) -> Event<'_> {
    let (reported, proven): (&DepositCallback, &ProvenDeposit) =
        (callback.reported(), callback.proven());
    let token = reported.token();
    let is_trusted = proven.is_trusted() && reported.transaction_id().is_some();
    let id = if let Some(id) = reported.transaction_id() {
        part_id(id)
    } else {
        // Payments without an id are distinguished by their bytes.
        let digest = Labelled::new("citypay deposit")
            .part(reported.raw())
            .finish();
        Cow::Owned(format!("body:{:x}", base16ct::HexDisplay(&digest)))
    };
    let outcome = match reported.status() {
        Some(DepositStatus::Confirmed) => PartOutcome::Settled,
        Some(DepositStatus::Pending) => PartOutcome::Unconfirmed,
        Some(DepositStatus::_Unknown(_)) | None => PartOutcome::Unknown,
    };
    let amount = reported.received_amount();
    let amount = amount.filter(|amount| !amount.is_negative());
    let mut delivery = Labelled::new("citypay deposit delivery");
    delivery
        .part(token.as_bytes())
        .part(id.as_bytes())
        .part(&[outcome.code()])
        .option(amount.as_ref().map(|amount| amount.as_str().as_bytes()));
    Event {
        source: if is_trusted {
            Source::Trusted
        } else {
            Source::Unproven
        },
        reading: if is_trusted {
            Reading::Unique
        } else {
            Reading::ReferenceReported
        },
        delivery: delivery.finish(),
        parts: vec![Part {
            id,
            alias: None,
            amounts: vec![Money {
                amount,
                names: [reported.crypto_currency(), None, None],
                // An id of the gateway's does not tell which currency it is.
                is_named: reported
                    .crypto_currency()
                    .is_some_and(|name| !is_number(name)),
                totals_agree: true,
            }],
            converted: None,
            outcome,
            fits_kind: true,
            time: reported.created_at().as_ref().and_then(instant),
            transaction: reported.transaction_id(),
            confirmations: None,
        }],
        own_part: Some(0),
        outcome: Fact::Reported(of_deposit(reported, proven)),
        ..bare(PaymentKind::Deposit, token, callback.evidence())
    }
}

/// An unproven order changes nothing, and is identified by its reported values.
pub(super) fn of_nothing<'a>(reported: &'a OrderCallback, evidence: &'a Evidence) -> Event<'a> {
    let token = reported.token();
    let status = reported.status();
    let status = status.as_ref().map(OrderStatus::as_str);
    let mut delivery = Labelled::new("citypay unproven order");
    delivery
        .part(token.as_bytes())
        .option(reported.order_id().map(str::as_bytes))
        .option(status.map(str::as_bytes))
        .option(reported.transaction_id().map(str::as_bytes));
    for amount in [
        reported.received_amount_in_coins(),
        reported.received_amount_in_fiat(),
    ] {
        let amount = amount.as_ref().map(Amount::without_trailing_zeros);
        delivery.option(amount.map(str::as_bytes));
    }
    Event {
        delivery: delivery.finish(),
        ..bare(PaymentKind::Order, token, evidence)
    }
}

fn bare<'a>(kind: PaymentKind, reference: &'a str, evidence: &'a Evidence) -> Event<'a> {
    Event {
        gateway: NAME,
        kind,
        reference,
        reading: Reading::Unique,
        source: Source::Unproven,
        evidence,
        outcome: Fact::Reported(Outcome::ManualReview),
        delivery: Digest16::default(),
        time: None,
        status: OwnStatus::Other,
        parts: Vec::new(),
        own_part: None,
        other_readings: Vec::new(),
        total_paid: None,
        lookup: None,
    }
}

/// The transactions, each once, in the order of their times, or as listed if one has
/// none (PAYMENTS, rule 15).
fn in_time(answer: &OrderDetails) -> Vec<OrderTransaction<'_>> {
    let mut transactions: Vec<_> = answer.transactions().collect();
    let time =
        |transaction: &OrderTransaction<'_>| transaction.created_at().as_ref().and_then(instant);
    if transactions.iter().all(|each| time(each).is_some()) {
        transactions.sort_by_key(time);
    }
    transactions
}

/// Received money is not negative.
fn base(parts: AmountBreakdown<'_>) -> Option<Amount> {
    parts.base().filter(|amount| !amount.is_negative())
}

fn identity<'a>(transaction: &OrderTransaction<'a>) -> Cow<'a, str> {
    if let Some(id) = transaction.id().or(transaction.hash()) {
        return part_id(id);
    }
    let time = transaction.created_at();
    let time = time.as_ref().map_or("", Timestamp::as_str);
    let amount = base(transaction.amount()).or_else(|| base(transaction.amount_fiat()));
    let amount = amount.as_ref().map_or("", Amount::as_str);
    let id = format!("at {time}: {amount}");
    Cow::Owned(part_id(&id).into_owned())
}

/// By the proven values of the response, without those that change with each request:
/// the rate, the quoted amount and the remaining time.
fn order_delivery(answer: &OrderDetails, transactions: &[OrderTransaction<'_>]) -> Digest16 {
    let mut delivery = Labelled::new("citypay order");
    delivery
        .part(answer.token_text().as_bytes())
        .part(answer.status().as_str().as_bytes());
    let currency = answer.currency();
    let names = [
        currency.and_then(|currency| currency.abbreviation()),
        currency.and_then(|currency| currency.currency()),
        answer.coin(),
        answer.coin_base_name(),
    ];
    for name in names {
        delivery.option_ignoring_case(name);
    }
    for transaction in transactions {
        delivery.part(identity(transaction).as_bytes());
        for parts in [transaction.amount(), transaction.amount_fiat()] {
            for amount in [parts.base(), parts.total()] {
                let amount = amount.as_ref().map(Amount::without_trailing_zeros);
                delivery.option(amount.map(str::as_bytes));
            }
        }
        // A later response may have the time, and with it the money is not late.
        if transaction
            .created_at()
            .as_ref()
            .and_then(instant)
            .is_none()
        {
            delivery.part(b"unknown time");
        }
    }
    delivery.finish()
}

/// Timestamps without a zone are UTC (GATEWAYS 2.4).
fn instant(stamp: &Timestamp) -> Option<DateTime<Utc>> {
    stamp.utc().or_else(|| Some(stamp.local()?.and_utc()))
}
