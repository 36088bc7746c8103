//! [`Delivery`]: what arrives at the merchant's endpoint, and why.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::Gateway;

/// A body that the gateway posts, at its moment.
///
/// ```
/// # use payhook::b2binpay::Key;
/// # use payhook_conformance::simulator::{Payment, Scenario, Simulator};
/// # let simulator = Simulator::new(7).key(Key::callback_secret("my test secret")?);
/// # let payment = Payment::new("order-1").amount("0.3").currency("ETH");
/// # let mut life = simulator.live(Scenario::DepositConfirmed, &payment);
/// use payhook_conformance::simulator::DeliveryCause;
///
/// let first = life.next_delivery().ok_or("no deliveries")?;
/// assert_eq!((first.attempt(), first.cause()), (1, DeliveryCause::StatusChange));
/// life.answered(500);
///
/// // Sent until it is answered with 200; something else may come in between.
/// let again = std::iter::from_fn(|| life.next_delivery()).find(|it| it.callback() == 1);
/// assert_eq!(again.map(|it| it.attempt()), Some(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Delivery {
    pub(super) gateway: Gateway,
    pub(super) body: Vec<u8>,
    pub(super) at: DateTime<Utc>,
    pub(super) callback: u32,
    pub(super) attempt: u32,
    pub(super) cause: DeliveryCause,
    pub(super) label: String,
}

impl Delivery {
    /// The bytes to post.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Who posts them: which endpoint of the merchant's they go to.
    #[must_use]
    pub fn gateway(&self) -> Gateway {
        self.gateway
    }

    /// When they arrive, in simulated time.
    #[must_use]
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// Which of the life's callbacks it is, from 1: it keeps its number when it
    /// is sent again. One that is sent by hand is a callback of its own.
    #[must_use]
    pub fn callback(&self) -> u32 {
        self.callback
    }

    /// How often this callback has been sent by now, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Why it is sent.
    #[must_use]
    pub fn cause(&self) -> DeliveryCause {
        self.cause
    }

    /// What it tells, in short: `unconfirmed 1/3`, `CONFIRMED`.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }
}

impl fmt::Display for Delivery {
    /// A line of a table: `2026-03-02T09:16:02Z  2.1   status change  unconfirmed 1/3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.format("%Y-%m-%dT%H:%M:%SZ");
        let number = format!("{}.{}", self.callback, self.attempt);
        write!(f, "{at}  {number:4}  {:13}  {}", self.cause, self.label)
    }
}

/// Without the body: it may be signed with a key that is in use.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("gateway", &self.gateway)
            .field("at", &self.at)
            .field("callback", &self.callback)
            .field("attempt", &self.attempt)
            .field("cause", &self.cause)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// Why something is sent.
///
/// See [`Delivery`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeliveryCause {
    /// It arrived twice: the same bytes, a moment later.
    Duplicate,
    /// It was resent by hand, and rendered again.
    ManualResend,
    /// It was not answered with 200.
    Retry,
    /// Something happened to the payment.
    StatusChange,
}

impl DeliveryCause {
    /// `manual resend`, `status change` and so on.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::ManualResend => "manual resend",
            Self::Retry => "retry",
            Self::StatusChange => "status change",
        }
    }
}

impl fmt::Display for DeliveryCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
