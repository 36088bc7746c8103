//! [`Part`]: one transfer or transaction, as the payment rules see it.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::amount::Amount;

/// The outcome of a transfer, in the order of finality (rule 2).
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
    pub(crate) id: Cow<'a, str>,
    /// Another name of the same transaction: its hash, in addition to the gateway's
    /// id.
    pub(crate) alias: Option<Cow<'a, str>>,
    /// The amount in each currency that the gateway gives, in the order of
    /// comparison: for an order the fiat currency comes first and the cryptocurrency
    /// last.
    pub(crate) amounts: Vec<Money<'a>>,
    /// The amount in the wallet's currency (B2BINPAY's `amount_target`).
    pub(crate) converted: Option<Amount>,
    pub(crate) outcome: PartOutcome,
    /// Whether the operation type matches the kind or is missing.
    pub(crate) fits_kind: bool,
    /// The transaction's own time, where the gateway gives one.
    pub(crate) time: Option<DateTime<Utc>>,
    /// The id of the transaction in the blockchain.
    pub(crate) transaction: Option<&'a str>,
    pub(crate) confirmations: Option<u32>,
}

/// An amount and the names of its currency.
#[derive(Debug, Clone)]
pub(crate) struct Money<'a> {
    pub(crate) amount: Option<Amount>,
    pub(crate) names: [Option<&'a str>; 3],
    /// Whether one of the names is human-readable, not only the gateway's id.
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

    /// The first name, for display.
    pub(crate) fn name(&self) -> Option<&str> {
        self.names.iter().flatten().copied().next()
    }
}
