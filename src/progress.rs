//! [`Progress`]: what a callback does to what is known of a payment, and the
//! tables that say so.

mod state;
mod step;
mod text;

use std::fmt;

pub use state::{State, Status};
pub use text::StateError;

/// What a callback does to the last known [`State`] of its payment.
///
/// A late *unconfirmed* never takes the place of *confirmed*, and money that
/// comes after *canceled* or *expired* is an answer of its own. Only an advance
/// and late money [are stored](Self::should_store).
///
/// It says what is news, not what is credited: *confirmed* can advance by more
/// confirmations, or be told by the transfer after the deposit. Credit once, by
/// your own record.
///
/// ```
/// use payhook::b2binpay::TransferStatus;
/// use payhook::{Progress, State, Status};
///
/// // What your database says, and what a callback tells: `State::of(&callback)`.
/// let known: State = "transfer 2 confirmations=3".parse()?;
/// let late = State::from(Status::Transfer(TransferStatus::Unconfirmed));
/// assert_eq!(known.progress(&late), Progress::Stale);
/// assert!(!Progress::Stale.should_store());
///
/// let canceled = State::from(Status::Transfer(TransferStatus::Canceled));
/// assert_eq!(canceled.progress(&known), Progress::LateMoney);
/// assert!(Progress::LateMoney.needs_review());
/// # Ok::<(), payhook::StateError>(())
/// ```
///
/// # The words in the tables
///
/// Each of the tables below has the known status in its rows and the new one in
/// its columns. Some steps depend on when the two were made, as far as both
/// times are [known](State::time):
///
/// | step | no times, or the same | made later | made earlier |
/// |---|---|---|---|
/// | advance | advance | advance | advance |
/// | back | stale | regression | stale |
/// | conflict | conflict | conflict | conflict |
/// | either way | advance | advance | stale |
/// | end | advance | advance | conflict |
/// | late money | late money | late money | late money |
/// | same | duplicate | duplicate | duplicate |
/// | seen | late money | late money | stale |
/// | stale | stale | stale | stale |
///
/// Time never holds an advance back: whether the gateway gives a repetition a
/// new time is not documented. An *end* that is older than the money is a
/// conflict: the money came after it.
///
/// A *same* with more confirmations, or with the first that are told, is an
/// advance; with fewer it is a step back. Confirmations are in no signature,
/// and never outweigh a status.
///
/// An unknown value is for a person to look at, whatever stood there before:
/// it could mean anything. *Other* is another unknown value.
///
/// # B2BINPAY, transfers
///
/// | | created | unconfirmed | confirmed | failed | blocked | canceled | unknown | other |
/// |---|---|---|---|---|---|---|---|---|
/// | created | same | advance | advance | advance | advance | advance | conflict | conflict |
/// | unconfirmed | back | same | advance | end | end | end | conflict | conflict |
/// | confirmed | back | back | same | conflict | conflict | conflict | conflict | conflict |
/// | failed | back | seen | late money | same | conflict | conflict | conflict | conflict |
/// | blocked | back | seen | late money | conflict | same | conflict | conflict | conflict |
/// | canceled | back | seen | late money | conflict | conflict | same | conflict | conflict |
/// | unknown | conflict | conflict | conflict | conflict | conflict | conflict | same | conflict |
///
/// # B2BINPAY, deposits without a transfer
///
/// *Unresolved* is money: too much, too late or once more.
///
/// | | created | paid | canceled | unresolved | unknown | other |
/// |---|---|---|---|---|---|---|
/// | created | same | advance | advance | advance | conflict | conflict |
/// | paid | back | same | conflict | advance | conflict | conflict |
/// | canceled | back | late money | same | late money | conflict | conflict |
/// | unresolved | back | either way | conflict | same | conflict | conflict |
/// | unknown | conflict | conflict | conflict | conflict | same | conflict |
///
/// # B2BINPAY, payouts without a transfer
///
/// What is approved may be on its way: look before the money is given back.
///
/// | | waiting | approved | canceled | unknown | other |
/// |---|---|---|---|---|---|
/// | waiting | same | advance | advance | conflict | conflict |
/// | approved | back | same | conflict | conflict | conflict |
/// | canceled | back | conflict | same | conflict | conflict |
/// | unknown | conflict | conflict | conflict | same | conflict |
///
/// # B2BINPAY, from a deposit or payout to its transfer
///
/// The transfer is signed, and says more. For a payout, late money is money
/// that left after all.
///
/// | | created | unconfirmed | confirmed | failed | blocked | canceled | unknown |
/// |---|---|---|---|---|---|---|---|
/// | deposit created | advance | advance | advance | advance | advance | advance | conflict |
/// | deposit paid | back | back | advance | conflict | conflict | conflict | conflict |
/// | deposit canceled | conflict | late money | late money | advance | advance | advance | conflict |
/// | deposit unresolved | back | back | advance | conflict | conflict | conflict | conflict |
/// | deposit unknown | conflict | conflict | conflict | conflict | conflict | conflict | conflict |
/// | payout waiting | advance | advance | advance | advance | advance | advance | conflict |
/// | payout approved | advance | advance | advance | advance | advance | advance | conflict |
/// | payout canceled | conflict | late money | late money | advance | advance | advance | conflict |
/// | payout unknown | conflict | conflict | conflict | conflict | conflict | conflict | conflict |
///
/// # B2BINPAY, from a transfer to its deposit
///
/// A deposit that is not paid in full stays *created*, whatever became of one
/// transfer.
///
/// | | created | paid | canceled | unresolved | unknown |
/// |---|---|---|---|---|---|
/// | created | stale | advance | conflict | advance | conflict |
/// | unconfirmed | stale | advance | conflict | advance | conflict |
/// | confirmed | stale | same | conflict | advance | conflict |
/// | failed | stale | late money | same | late money | conflict |
/// | blocked | stale | late money | same | late money | conflict |
/// | canceled | stale | late money | same | late money | conflict |
/// | unknown | conflict | conflict | conflict | conflict | conflict |
///
/// # B2BINPAY, from a transfer to its payout
///
/// A payout stays *approved*, whatever became of its transfer.
///
/// | | waiting | approved | canceled | unknown |
/// |---|---|---|---|---|
/// | created | back | stale | conflict | conflict |
/// | unconfirmed | back | stale | conflict | conflict |
/// | confirmed | back | stale | conflict | conflict |
/// | failed | back | stale | same | conflict |
/// | blocked | back | stale | same | conflict |
/// | canceled | back | stale | same | conflict |
/// | unknown | conflict | conflict | conflict | conflict |
///
/// # CityPay.io, orders
///
/// While an order is topped up, *underpaid* and *paid/unconfirmed* follow each
/// other in either way. *In progress* after them only says that it goes on, and
/// must not hide that money came. An order that is over with money in it is for
/// a person. Whether *overpaid* is confirmed is not documented, so *confirmed*
/// is news after it.
///
/// | | in progress | underpaid | paid/unconfirmed | confirmed | overpaid | expired | canceled | unknown | other |
/// |---|---|---|---|---|---|---|---|---|---|
/// | in progress | same | advance | advance | advance | advance | advance | advance | conflict | conflict |
/// | underpaid | stale | same | either way | advance | advance | conflict | conflict | conflict | conflict |
/// | paid/unconfirmed | stale | either way | same | advance | advance | conflict | conflict | conflict | conflict |
/// | confirmed | back | back | back | same | advance | conflict | conflict | conflict | conflict |
/// | overpaid | back | back | back | either way | same | conflict | conflict | conflict | conflict |
/// | expired | back | late money | late money | late money | late money | same | conflict | conflict | conflict |
/// | canceled | back | late money | late money | late money | late money | conflict | same | conflict | conflict |
/// | unknown | conflict | conflict | conflict | conflict | conflict | conflict | conflict | same | conflict |
///
/// An answer that [is behind](State::is_behind) its callback is no regression,
/// only stale. If it says *expired* or *canceled* to a callback that tells of
/// money, it is a conflict, whatever is known.
///
/// # CityPay.io, deposits
///
/// | | pending | confirmed | unknown | other |
/// |---|---|---|---|---|
/// | pending | same | advance | conflict | conflict |
/// | confirmed | back | same | conflict | conflict |
/// | unknown | conflict | conflict | same | conflict |
///
/// # Everything else
///
/// A deposit and a payout, an order and anything else, a deposit of CityPay.io
/// and anything else: conflict. They are no states of one payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Progress {
    /// Later in the payment's life, or the same with more confirmations.
    Advance,
    /// The two exclude each other, or one of them is unknown: a person has to
    /// look.
    Conflict,
    /// Nothing that is not known.
    Duplicate,
    /// The payment was over, and now money is there; or, of a payout, gone.
    /// Nobody waits for it any more: a person has to look.
    LateMoney,
    /// The payment went back, as it may when a blockchain is reorganised: the
    /// new state was made later than the known one. A person has to look.
    Regression,
    /// From earlier in the payment's life. It came out of order.
    Stale,
}

impl Progress {
    /// `advance`, `late money` and so on.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Advance => "advance",
            Self::Conflict => "conflict",
            Self::Duplicate => "duplicate",
            Self::LateMoney => "late money",
            Self::Regression => "regression",
            Self::Stale => "stale",
        }
    }

    /// Whether the new state takes the place of the known one.
    #[must_use]
    pub fn should_store(&self) -> bool {
        matches!(self, Self::Advance | Self::LateMoney)
    }

    /// Whether a person has to look. *No* does not mean that the callback needs
    /// none: its [`Outcome`](crate::Outcome) has a say of its own.
    #[must_use]
    pub fn needs_review(&self) -> bool {
        matches!(self, Self::Conflict | Self::LateMoney | Self::Regression)
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
