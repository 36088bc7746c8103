//! [`State`]: where a payment stands, as far as a callback shows it.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{Progress, step};
use crate::b2binpay::{self, Operation, PayoutStatus, TransferCallback, TransferStatus};
use crate::callback::{Callback, Proven};
use crate::citypay::{self, OrderStatus};
use crate::timestamp::Timestamp;
use crate::verified::{Evidence, Verified};

/// How long an unknown word may be, in bytes.
pub(super) const MAX_WORD: usize = 64;

/// A status on its own scale. The scales do not compare:
/// [`State::progress`] knows which of them meet in one payment.
///
/// ```
/// use payhook::b2binpay::{DepositStatus, TransferStatus};
/// use payhook::Status;
///
/// let (deposit, transfer) = (DepositStatus::from_code(2), TransferStatus::from_code(2));
/// assert_ne!(Status::Deposit(deposit), Status::Transfer(transfer));
/// assert_eq!(Status::Deposit(deposit).to_string(), "deposit created");
/// assert_eq!(Status::Transfer(transfer).to_string(), "transfer confirmed");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Of a deposit of CityPay.io.
    CityPayDeposit(citypay::DepositStatus),
    /// Of a deposit of B2BINPAY, where there is no transfer.
    Deposit(b2binpay::DepositStatus),
    /// Of an order of CityPay.io.
    Order(OrderStatus),
    /// Of a payout of B2BINPAY, where there is no transfer.
    Payout(PayoutStatus),
    /// Of a transfer of B2BINPAY, in or out.
    Transfer(TransferStatus),
}

impl Status {
    /// Whether this version knows the value.
    #[must_use]
    pub fn is_known(&self) -> bool {
        match self {
            Self::CityPayDeposit(status) => status.is_known(),
            Self::Deposit(status) => status.is_known(),
            Self::Order(status) => status.is_known(),
            Self::Payout(status) => status.is_known(),
            Self::Transfer(status) => status.is_known(),
        }
    }

    /// With words that end, and share no body's bytes.
    fn bounded(self) -> Self {
        match self {
            Self::CityPayDeposit(status) => {
                Self::CityPayDeposit(bounded(status.as_str()).as_str().into())
            }
            Self::Order(status) => Self::Order(bounded(status.as_str()).as_str().into()),
            status => status,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&match self {
            Self::CityPayDeposit(status) => format!("deposit {status}"),
            Self::Deposit(status) => format!("deposit {status}"),
            Self::Order(status) => format!("order {status}"),
            Self::Payout(status) => format!("payout {status}"),
            Self::Transfer(status) => format!("transfer {status}"),
        })
    }
}

/// The ellipsis keeps what is cut off from being a word that is known.
fn bounded(word: &str) -> String {
    const MARK: char = '…';

    if word.len() <= MAX_WORD {
        return word.to_owned();
    }
    let kept = word
        .char_indices()
        .take_while(|(start, letter)| start + letter.len_utf8() + MARK.len_utf8() <= MAX_WORD);
    kept.map(|(_, letter)| letter).chain([MARK]).collect()
}

/// Where a payment stands: what a merchant keeps beside it.
///
/// Keep one for each transfer of B2BINPAY, for each order, and for each
/// transaction of a CityPay.io deposit: two transfers in one place would pass
/// for one. What comes without a transfer is about the whole deposit or payout:
/// compare it with each of its transfers, and the first transfer with it.
///
/// Its [`Display`](fmt::Display) is one line for a column of a database, in
/// ASCII and at most 255 bytes long, and [`FromStr`](std::str::FromStr) reads it
/// back.
///
/// ```
/// # use payhook::{Callback, Unverified, Verified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let verify = |body: &[u8]| -> Result<Verified<Callback>, payhook::Error> {
/// #     Ok(verifier.verify(Unverified::parse(body)?)?.into_callback())
/// # };
/// # let confirmed = verify(include_bytes!("../../examples/bodies/b2binpay-deposit-confirmed.json"))?;
/// # let unconfirmed = verify(include_bytes!("../../examples/bodies/b2binpay-deposit-unconfirmed.json"))?;
/// use payhook::{Progress, State};
///
/// let seen = State::of(&unconfirmed).expect("the signed text has one reading");
/// let arrived = State::of(&confirmed).expect("the signed text has one reading");
/// assert_eq!(seen.progress(&arrived), Progress::Advance);
///
/// let column = arrived.to_string();
/// assert!(column.starts_with("transfer 2 confirmations="));
///
/// // The first one again, late: `Stale`, or `Regression` if it was signed later.
/// let known: State = column.parse().expect("what was stored");
/// let progress = known.progress(&seen);
/// assert!(!progress.should_store());
/// # Ok::<(), payhook::Error>(())
/// ```
///
/// A state is no proof of anything: it can be made from text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    pub(super) status: Status,
    /// Of a transfer only.
    pub(super) confirmations: Option<u32>,
    /// Never of a CityPay.io deposit.
    pub(super) time: Option<DateTime<Utc>>,
    /// Of an order only.
    pub(super) is_behind: bool,
}

impl From<Status> for State {
    /// What the merchant knows without a callback: that an order expired, as
    /// no callback ever says. Of an unknown word the first 61 bytes are kept if
    /// it has more than 64.
    fn from(status: Status) -> Self {
        Self {
            status: status.bounded(),
            confirmations: None,
            time: None,
            is_behind: false,
        }
    }
}

impl State {
    /// What a callback shows of its payment.
    ///
    /// | callback | status | time |
    /// |---|---|---|
    /// | B2BINPAY, with a transfer | the transfer's: signed | signed |
    /// | B2BINPAY, no transfer, gateway API | the deposit's in the answer | none |
    /// | B2BINPAY, no transfer, signature | the deposit's or payout's: reported | signed |
    /// | B2BINPAY, no transfer, source address | the deposit's or payout's: reported | none |
    /// | CityPay.io, order by its endpoint | the answer's | none: [`asked_at`](Self::asked_at) |
    /// | CityPay.io, deposit | the body's: reported | none |
    ///
    /// The confirmations of a transfer are reported. Which of deposit and
    /// payout a transfer belongs to is in no signature, and not in a state: your
    /// own record has it.
    ///
    /// `None` if nothing can be said: there is no status; the signed text is
    /// undivided, and [`resolve`](Verified::resolve) comes first; an order was
    /// not proven by its endpoint. A person has to look then.
    #[must_use]
    pub fn of(callback: &Verified<Callback>) -> Option<Self> {
        match (callback.reported(), callback.proven()) {
            (Callback::Transfer(told), Proven::Transfer(proven)) => {
                Self::of_transfer(told, proven, callback.evidence())
            }
            (Callback::Order(_), Proven::Order(proven)) => Some(Self {
                is_behind: proven.is_behind(),
                ..Status::Order(proven.status()?.clone()).into()
            }),
            (Callback::Deposit(told), Proven::Deposit(_)) => {
                Some(Status::CityPayDeposit(told.status.clone()?).into())
            }
            // The variants always agree.
            _ => None,
        }
    }

    fn of_transfer(
        told: &TransferCallback,
        proven: &b2binpay::ProvenTransfer,
        evidence: &Evidence,
    ) -> Option<Self> {
        if proven.undivided().is_some() {
            return None;
        }
        let time = proven.time().and_then(Timestamp::utc);
        if let Some(status) = proven.transfer_status() {
            return Some(Self {
                confirmations: told.transfer().and_then(|transfer| transfer.confirmations),
                time,
                ..Status::Transfer(status).into()
            });
        }
        let status = match &told.operation {
            _ if *evidence == Evidence::GatewayApi => Status::Deposit(proven.deposit_status()?),
            Operation::Deposit(deposit) => Status::Deposit(deposit.status?),
            Operation::Payout(payout) => Status::Payout(payout.status?),
        };
        let unstamped = Self::from(status);
        Some(Self { time, ..unstamped })
    }

    /// Adds when the merchant asked the order endpoint: its answer does not say
    /// when it was made, and without that time an order that goes back is only
    /// stale. It changes nothing but an order's state.
    #[must_use]
    pub fn asked_at(mut self, time: DateTime<Utc>) -> Self {
        if matches!(self.status, Status::Order(_)) {
            self.time = Some(time);
        }
        self
    }

    /// What `next` does to this state, by the tables at [`Progress`].
    ///
    /// ```
    /// use payhook::citypay::OrderStatus;
    /// use payhook::{Progress, State, Status};
    ///
    /// let expired = State::from(Status::Order(OrderStatus::Expired));
    /// let paid = State::from(Status::Order(OrderStatus::Confirmed));
    /// assert_eq!(expired.progress(&paid), Progress::LateMoney);
    /// assert_eq!(paid.progress(&expired), Progress::Conflict);
    /// ```
    #[must_use]
    pub fn progress(&self, next: &Self) -> Progress {
        step::progress(self, next)
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// A transfer's confirmations, as they were reported.
    #[must_use]
    pub fn confirmations(&self) -> Option<u32> {
        self.confirmations
    }

    /// When the gateway signed it, or when the merchant asked.
    #[must_use]
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.time
    }

    /// Whether the order's callback claims more than its endpoint knew. Ask
    /// again, or fail, so that the gateway sends again: *duplicate* and *stale*
    /// are about the answer, and the callback may be news.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.is_behind
    }
}
