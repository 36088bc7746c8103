//! What the payment rules need to know of a callback, whichever gateway sent it.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::amount::Amount;
use crate::event::Kind;

/// One verified callback, as its gateway reads it. See [`Ledger::unmatched`](crate::Ledger::unmatched),
/// which is given one.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    pub(crate) gateway: &'static str,
    pub(crate) kind: Kind,
    pub(crate) reference: &'a str,
    pub(crate) reading: Reading,
    pub(crate) source: Source,
    /// Names the delivery, whatever unsigned fields it comes with (rule 1).
    pub(crate) delivery: Digest16,
    /// When the gateway made the callback; only what a signature covers.
    pub(crate) time: Option<DateTime<Utc>>,
    pub(crate) status: OwnStatus,
    pub(crate) parts: Vec<Part<'a>>,
    /// Other ways in which the signed text can be divided (rule 18).
    pub(crate) other_readings: Vec<(&'a str, Amount)>,
    /// B2BINPAY's `target_paid`, in the wallet's currency.
    pub(crate) total_paid: Option<Amount>,
    /// What the gateway's API answered when it was asked (rule 12).
    pub(crate) lookup: Option<Lookup<'a>>,
}

/// How far the reference and the amount are the merchant's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The evidence covers them, and there is one reading.
    Unique,
    /// The reference is only reported (unused tracking ids).
    ReferenceReported,
    /// The signed text can be divided in several ways; `is_only_one` once no
    /// other payment of the merchant allows another division.
    Undivided { is_only_one: bool },
}

/// What makes a callback believable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A signature with a time: a part's latest time speaks (rule 2).
    Signed,
    /// An unsigned callback that the API's document proves.
    Lookup,
    /// CityPay.io's order endpoint: the whole order, without a time (rule 3).
    Snapshot,
    /// Nothing but the merchant's own record of the reference.
    Unproven,
    /// Evidence that the merchant chose by a name that says so.
    Trusted,
}

/// The deposit's, payout's or order's own status. No signature covers it beside
/// a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnStatus {
    /// Nothing that changes a payment.
    Other,
    /// CityPay.io: money was seen and is not confirmed yet.
    Pending,
    /// Everything is in order, says the gateway: paid, confirmed.
    Resolved,
    /// The gateway's own doubt: unresolved, overpaid, underpaid.
    Doubtful,
    /// Canceled or expired.
    Ended,
}

/// What became of a transfer, in the order of finality (rule 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum PartOutcome {
    Unknown = 0,
    Created = 1,
    Unconfirmed = 2,
    Settled = 3,
    Failed = 4,
    Canceled = 5,
    Blocked = 6,
}

impl PartOutcome {
    const ALL: [Self; 7] = [
        Self::Unknown,
        Self::Created,
        Self::Unconfirmed,
        Self::Settled,
        Self::Failed,
        Self::Canceled,
        Self::Blocked,
    ];

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.code() == code)
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Created => 1,
            Self::Unconfirmed => 2,
            Self::Settled => 3,
            Self::Failed => 4,
            Self::Canceled => 5,
            Self::Blocked => 6,
        }
    }

    pub(crate) fn is_pending(self) -> bool {
        matches!(self, Self::Created | Self::Unconfirmed)
    }

    pub(crate) fn is_settled(self) -> bool {
        self == Self::Settled
    }

    pub(crate) fn has_ended(self) -> bool {
        self > Self::Settled
    }
}

/// One transfer or transaction.
#[derive(Debug, Clone)]
pub(crate) struct Part<'a> {
    pub(crate) id: std::borrow::Cow<'a, str>,
    /// Another name of the same transaction: its hash at CityPay.io.
    pub(crate) alias: Option<&'a str>,
    /// The amount in each currency that the gateway gives; the coin comes
    /// first, unless orders are compared in fiat.
    pub(crate) amounts: Vec<Money<'a>>,
    /// The amount in the wallet's currency (B2BINPAY's `amount_target`).
    pub(crate) converted: Option<Amount>,
    pub(crate) outcome: PartOutcome,
    /// Whether the operation type is the kind's own, or missing.
    pub(crate) fits_kind: bool,
    /// The transaction's own time (CityPay.io).
    pub(crate) time: Option<DateTime<Utc>>,
}

/// An amount and the names of its currency.
#[derive(Debug, Clone)]
pub(crate) struct Money<'a> {
    pub(crate) amount: Option<Amount>,
    pub(crate) names: [Option<&'a str>; 3],
    /// Whether a name among them is one for people, not only the gateway's id.
    pub(crate) is_named: bool,
    /// Whether the order's running totals agree in this currency (rule 15).
    pub(crate) totals_agree: bool,
}

impl Money<'_> {
    pub(crate) fn is_in(&self, currency: &str) -> bool {
        let names = self.names.iter().flatten();
        names
            .into_iter()
            .any(|name| name.eq_ignore_ascii_case(currency))
    }

    pub(crate) fn is_named(&self) -> bool {
        self.is_named
    }

    /// The first name, for people.
    pub(crate) fn name(&self) -> Option<&str> {
        self.names.iter().flatten().copied().next()
    }
}

/// The API's document about a deposit or payout, with its transfers.
#[derive(Debug, Clone)]
pub(crate) struct Lookup<'a> {
    pub(crate) kind: Kind,
    pub(crate) reference: &'a str,
    pub(crate) status: OwnStatus,
    pub(crate) parts: Vec<Part<'a>>,
}

impl Lookup<'_> {
    pub(crate) fn part(&self, id: &str) -> Option<&Part<'_>> {
        self.parts.iter().find(|part| part.id == id)
    }
}

/// A transfer's id, as it is stored and bound. No signature covers it, so what is
/// longer than a gateway's own ids is replaced by its digest: a history stays
/// bounded (PAYMENTS, rule 17).
pub(crate) fn bounded_id(id: &str, max: usize) -> std::borrow::Cow<'_, str> {
    if id.len() <= max {
        return id.into();
    }
    let digest = Labelled::new("long id").part(id.as_bytes()).finish();
    format!("digest:{:x}", base16ct::HexDisplay(&digest)).into()
}

/// The first half of a SHA-256 digest: no preimage and no collision is worth
/// finding at that length.
pub(crate) type Digest16 = [u8; 16];

/// Labelled parts, each with its length, so that no two lists of parts make the
/// same bytes.
pub(crate) struct Labelled(Sha256);

impl Labelled {
    pub(crate) fn new(what: &str) -> Self {
        let mut hash = Self(Sha256::new());
        hash.part(what.as_bytes());
        hash
    }

    pub(crate) fn part(&mut self, part: &[u8]) -> &mut Self {
        // Lossless: no part is longer than a body.
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        self.0.update(length.to_be_bytes());
        self.0.update(part);
        self
    }

    pub(crate) fn option(&mut self, part: Option<&[u8]>) -> &mut Self {
        match part {
            Some(part) => self.part(b"some").part(part),
            None => self.part(b"none"),
        }
    }

    pub(crate) fn finish(&self) -> Digest16 {
        let mut half = [0; 16];
        for (to, from) in half.iter_mut().zip(self.0.clone().finalize()) {
            *to = from;
        }
        half
    }
}

impl<'a> Event<'a> {
    /// The gateway's name, `b2binpay` or `citypay`.
    #[must_use]
    pub fn gateway(&self) -> &'static str {
        self.gateway
    }

    /// The merchant's own reference: look the payment up under it.
    #[must_use]
    pub fn reference(&self) -> &'a str {
        self.reference
    }

    /// Whether it is about a deposit, a payout or an order, as the callback
    /// reports it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The gateway's id of the transfer; of an order, of its first transaction.
    /// `None` for a callback without one.
    #[must_use]
    pub fn part(&self) -> Option<&str> {
        self.parts.first().map(|part| part.id.as_ref())
    }

    /// The reported amount of that transfer in whole units, and the name of its
    /// currency, as far as the callback has them: for a note to a person.
    #[must_use]
    pub fn money(&self) -> (Option<&Amount>, Option<&str>) {
        let money = self.parts.first().and_then(|part| part.amounts.first());
        let amount = money.and_then(|money| money.amount.as_ref());
        (amount, money.and_then(Money::name))
    }

    /// What tells this copy of a delivery from another one with the same
    /// signature: kind, reference, part and currency (rule 1).
    pub(super) fn copy(&self, part: Option<&Part<'_>>) -> Digest16 {
        let mut hash = Labelled::new("copy");
        hash.part(self.reference.as_bytes());
        hash.part(self.kind.as_str().as_bytes());
        if let Some(part) = part {
            let money = part.amounts.first();
            let currency = money.and_then(Money::name).map(str::to_ascii_lowercase);
            hash.part(part.id.as_bytes());
            hash.option(currency.as_deref().map(str::as_bytes));
        }
        hash.finish()
    }

    /// Whether the reading is settled without the API's word.
    pub(super) fn is_read_uniquely(&self) -> bool {
        match self.reading {
            Reading::Unique => true,
            Reading::ReferenceReported => false,
            Reading::Undivided { is_only_one } => is_only_one,
        }
    }
}
