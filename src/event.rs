//! [`Event`]: a gateway-independent view of a callback.

mod part;

use std::fmt;

use chrono::{DateTime, Utc};

use crate::amount::Amount;
use crate::digest::{Digest16, Labelled};
use crate::fact::Fact;
use crate::outcome::Outcome;
use crate::verified::Evidence;

pub(crate) use part::{Money, Part, PartOutcome};

/// The kind of payment that a callback is about.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = std::fs::read("examples/bodies/b2binpay-payout-confirmed.json")?;
/// # let callback = verifier.verify(Unverified::parse(&body)?)?;
/// use payhook::{Fact, event::PaymentKind};
///
/// let event = callback.event();
/// assert_eq!(event.gateway(), "b2binpay");
/// // No signature covers the kind: check it against your own record.
/// assert_eq!(event.kind(), Fact::Reported(PaymentKind::Payout));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PaymentKind {
    /// An incoming payment.
    Deposit,
    /// A CityPay.io order.
    Order,
    /// An outgoing payment.
    Payout,
}

impl PaymentKind {
    /// Returns `deposit`, `order` or `payout`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Order => "order",
            Self::Payout => "payout",
        }
    }
}

impl fmt::Display for PaymentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The gateway-independent view of a verified callback: what happened to which
/// payment, and which values are proven.
///
/// Only a gateway's module creates an event, and only from a
/// [`Verified`](crate::Verified) callback.
/// [`Payment::apply`](crate::payment::Payment::apply) applies it, and a
/// [`Handler`](crate::Handler) reads it.
///
/// ```compile_fail,E0451
/// use payhook::{Event, Fact, Outcome};
/// fn settle(event: Event<'_>) -> Event<'_> {
///     Event { outcome: Fact::Proven(Outcome::Settled), ..event }
/// }
/// ```
///
/// ```
/// use payhook::{Event, Fact, Outcome};
/// fn settle(event: Event<'_>) -> Event<'_> {
///     if event.outcome() == Fact::Proven(Outcome::Settled) { event } else { panic!("not settled") }
/// }
/// ```
///
/// Each value is a [`Fact`]: proven by the callback's evidence, or only reported.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
/// use payhook::{Fact, Outcome};
///
/// let callback = verifier.verify(Unverified::parse(&body)?)?;
/// let event = callback.event();
/// assert_eq!(event.outcome(), Fact::Proven(Outcome::Settled));
/// assert_eq!(event.reference(), Fact::Proven("order-9001"));
/// // No signature covers the currency.
/// assert_eq!(event.currency(), Some(Fact::Reported("ETH")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Event<'a> {
    pub(crate) gateway: &'static str,
    pub(crate) kind: PaymentKind,
    pub(crate) reference: &'a str,
    pub(crate) reading: Reading,
    pub(crate) source: Source,
    pub(crate) evidence: &'a Evidence,
    pub(crate) outcome: Fact<Outcome>,
    /// Identifies the delivery, regardless of its unsigned fields (rule 1).
    pub(crate) delivery: Digest16,
    /// The time of the callback, only if a signature covers it.
    pub(crate) time: Option<DateTime<Utc>>,
    pub(crate) status: OwnStatus,
    pub(crate) parts: Vec<Part<'a>>,
    /// The part that the callback is about.
    pub(crate) own_part: Option<usize>,
    /// Other ways to split the signed message (rule 18).
    pub(crate) other_readings: Vec<OtherReading<'a>>,
    /// The total that the gateway reports as paid, in the merchant's currency.
    pub(crate) total_paid: Option<Amount>,
    /// The response of the gateway's API, if it was queried (rule 12).
    pub(crate) lookup: Option<Lookup<'a>>,
}

/// Another way to split a signed message.
#[derive(Debug, Clone)]
pub(crate) struct OtherReading<'a> {
    pub(crate) reference: &'a str,
    pub(crate) about: ReadingSubject,
}

/// The subject of another reading of a signed message.
#[derive(Debug, Clone)]
pub(crate) enum ReadingSubject {
    /// A transfer of this amount.
    Transfer(Amount),
    /// A deposit or payout, without a transfer.
    NoTransfer(PaymentKind),
}

/// How far the reference and the amount are proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The evidence covers them, and the reading is unambiguous.
    Unique,
    /// The reference is only reported (unused tracking ids).
    ReferenceReported,
    /// The signed message can be split in several ways; `is_only_one` once no other
    /// payment of the merchant allows a different split.
    Ambiguous { is_only_one: bool },
}

/// The kind of evidence, as the payment rules distinguish it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A signature with a time: a part's latest time takes precedence (rule 2).
    Signed,
    /// An unsigned callback that the API's response proves.
    Lookup,
    /// The gateway's response about the whole payment, without a time (rule 3).
    Snapshot,
    /// Only the merchant's own record of the reference.
    Unproven,
    /// Evidence that the merchant opted in to by a `danger_` setting.
    Trusted,
}

/// The deposit's, payout's or order's own status. With a transfer, no signature
/// covers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnStatus {
    /// A status that does not change a payment.
    Other,
    /// Money was detected but is not confirmed yet.
    Pending,
    /// The gateway reports the payment as paid or confirmed.
    Resolved,
    /// The gateway reports a discrepancy that a surplus explains: unresolved or
    /// overpaid.
    Doubtful,
    /// The gateway reports that less was paid, which a surplus contradicts.
    Underpaid,
    /// Canceled or expired.
    Ended,
}

impl OwnStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Pending => "pending",
            Self::Resolved => "resolved",
            Self::Doubtful => "doubtful",
            Self::Underpaid => "underpaid",
            Self::Ended => "ended",
        }
    }
}

/// The API's response about a deposit or payout, with its transfers.
#[derive(Debug, Clone)]
pub(crate) struct Lookup<'a> {
    pub(crate) kind: PaymentKind,
    pub(crate) reference: &'a str,
    pub(crate) status: OwnStatus,
    pub(crate) parts: Vec<Part<'a>>,
}

impl Lookup<'_> {
    pub(crate) fn part(&self, id: &str) -> Option<&Part<'_>> {
        self.parts.iter().find(|part| part.id == id)
    }
}

impl<'a> Event<'a> {
    /// Returns the gateway's name, `b2binpay` or `citypay`.
    #[must_use]
    pub fn gateway(&self) -> &'static str {
        self.gateway
    }

    /// Returns whether it is about a deposit, a payout or an order.
    #[must_use]
    pub fn kind(&self) -> Fact<PaymentKind> {
        let is_proven =
            self.source == Source::Snapshot || (self.lookup.is_some() && !self.is_contradicted());
        fact(self.kind, is_proven)
    }

    /// Returns the merchant's own reference of the payment: B2BINPAY's tracking id,
    /// CityPay.io's token. It may be empty.
    #[must_use]
    pub fn reference(&self) -> Fact<&'a str> {
        let is_proven = self.reading == Reading::Unique
            && !matches!(self.source, Source::Unproven | Source::Trusted);
        fact(self.reference, is_proven)
    }

    /// Returns the normalized result; see the tables at [`Outcome`].
    #[must_use]
    pub fn outcome(&self) -> Fact<Outcome> {
        self.outcome
    }

    /// Returns the gateway's id of the transfer or transaction that the callback is
    /// about; `None` for a callback without one, and for an order with several.
    #[must_use]
    pub fn part(&self) -> Option<&str> {
        self.own_part().map(|part| part.id.as_ref())
    }

    /// Returns the amount of that transfer or transaction alone, in units of
    /// [`currency`](Self::currency). The total that a payment received is
    /// [`Payment::received`](crate::payment::Payment::received).
    #[must_use]
    pub fn amount(&self) -> Option<Fact<&Amount>> {
        let money = self.own_money()?;
        let amount = money.amount.as_ref()?;
        let is_proven = match self.source {
            Source::Signed => !matches!(self.reading, Reading::Ambiguous { .. }),
            // A response that contradicts itself yields neither amount.
            Source::Snapshot => money.totals_agree,
            Source::Lookup | Source::Trusted | Source::Unproven => false,
        };
        Some(fact(amount, is_proven))
    }

    /// Returns the name of the amount's currency. No signature covers it: only
    /// CityPay.io's order endpoint proves it.
    #[must_use]
    pub fn currency(&self) -> Option<Fact<&str>> {
        let name = self.own_money()?.name()?;
        Some(fact(name, self.source == Source::Snapshot))
    }

    /// Returns the id of the blockchain transaction.
    #[must_use]
    pub fn transaction(&self) -> Option<Fact<&'a str>> {
        let id = self.own_part()?.transaction?;
        Some(fact(id, self.source == Source::Snapshot))
    }

    /// Returns the number of confirmations that the gateway reports for that
    /// transaction.
    #[must_use]
    pub fn confirmations(&self) -> Option<u32> {
        self.own_part()?.confirmations
    }

    /// Returns the time of the callback, if a signature covers it; otherwise the
    /// transaction's own time.
    #[must_use]
    pub fn time(&self) -> Option<Fact<DateTime<Utc>>> {
        if let Some(time) = self.time {
            return Some(Fact::Proven(time));
        }
        let time = self.own_part()?.time?;
        Some(fact(time, self.source == Source::Snapshot))
    }

    /// Returns the evidence by which the callback was verified.
    #[must_use]
    pub fn evidence(&self) -> &'a Evidence {
        self.evidence
    }

    /// Whether the gateway's API was queried and its response differs. The response
    /// is found by the body's own id, which no signature covers: it may be about
    /// another payment of the merchant.
    pub(crate) fn is_contradicted(&self) -> bool {
        let Some(lookup) = &self.lookup else {
            return false;
        };
        let differs = |part: &Part<'_>| {
            let Some(listed) = lookup.part(&part.id) else {
                return true;
            };
            let amount = |part: &Part<'_>| part.amounts.last().and_then(|it| it.amount.clone());
            amount(listed) != amount(part)
                || (part.outcome.is_settled() && listed.outcome.has_ended())
        };
        lookup.kind != self.kind
            || lookup.reference != self.reference
            || self.own_part().is_some_and(differs)
    }

    fn own_part(&self) -> Option<&Part<'a>> {
        self.parts.get(self.own_part?)
    }

    fn own_money(&self) -> Option<&Money<'a>> {
        // The cryptocurrency comes last.
        self.own_part()?.amounts.last()
    }

    /// Distinguishes copies of a delivery with the same signature, by kind,
    /// reference, part and currency (rule 1).
    pub(crate) fn copy(&self, part: Option<&Part<'_>>) -> Digest16 {
        let mut hash = Labelled::new("copy");
        hash.part(self.reference.as_bytes());
        hash.part(self.kind.as_str().as_bytes());
        if let Some(part) = part {
            let money = part.amounts.first();
            hash.part(part.id.as_bytes());
            hash.option_ignoring_case(money.and_then(Money::name));
        }
        hash.finish()
    }

    /// Whether a signature with a single split covers it, even if the reference is only
    /// reported.
    pub(crate) fn has_signed_split(&self) -> bool {
        self.source == Source::Signed && self.reading == Reading::ReferenceReported
    }

    /// Whether the reading is unambiguous without the API's response.
    pub(crate) fn is_read_uniquely(&self) -> bool {
        match self.reading {
            Reading::Unique => true,
            Reading::ReferenceReported => false,
            Reading::Ambiguous { is_only_one } => is_only_one,
        }
    }
}

impl fmt::Debug for Event<'_> {
    /// Omits the reference, which may be a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("gateway", &self.gateway)
            .field("kind", &self.kind())
            .field("outcome", &self.outcome)
            .field("part", &self.part())
            .field("amount", &self.amount())
            .field("currency", &self.currency())
            .field("time", &self.time())
            .field("evidence", self.evidence)
            .finish_non_exhaustive()
    }
}

fn fact<T>(value: T, is_proven: bool) -> Fact<T> {
    if is_proven {
        Fact::Proven(value)
    } else {
        Fact::Reported(value)
    }
}
