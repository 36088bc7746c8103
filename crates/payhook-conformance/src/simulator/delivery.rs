//! [`Delivery`]: a callback that arrives at the merchant's endpoint, with its cause.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::Gateway;

/// A body that the gateway sends at a certain time.
///
/// ```
/// # use payhook::b2binpay::Key;
/// # use payhook_conformance::simulator::{Payment, Scenario, Simulator};
/// # let simulator = Simulator::new(7).key(Key::callback_secret("my test secret")?);
/// # let payment = Payment::new("order-1").amount("0.3").currency("ETH");
/// # let mut timeline = simulator.start(Scenario::DepositConfirmed, &payment);
/// use payhook_conformance::simulator::DeliveryCause;
///
/// let first = timeline.next_delivery().ok_or("no deliveries")?;
/// assert_eq!((first.attempt(), first.cause()), (1, DeliveryCause::StatusChange));
/// timeline.answered(500);
///
/// // Sent until it is answered with 200; other deliveries may arrive in between.
/// let again = std::iter::from_fn(|| timeline.next_delivery()).find(|it| it.callback() == 1);
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
    /// Returns the bytes to send.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the gateway that sends it, which determines the merchant's endpoint.
    #[must_use]
    pub fn gateway(&self) -> Gateway {
        self.gateway
    }

    /// Returns the simulated time of arrival.
    #[must_use]
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// Returns the number of the callback, from 1: a retry keeps its number. A manual
    /// resend is a callback of its own.
    #[must_use]
    pub fn callback(&self) -> u32 {
        self.callback
    }

    /// Returns the number of the attempt, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Returns the cause of the delivery.
    #[must_use]
    pub fn cause(&self) -> DeliveryCause {
        self.cause
    }

    /// Returns a short description, such as `unconfirmed 1/3` or `CONFIRMED`.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }
}

impl fmt::Display for Delivery {
    /// Displays as a table row: `2026-03-02T09:16:02Z  2.1   status change
    /// unconfirmed 1/3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.format("%Y-%m-%dT%H:%M:%SZ");
        let number = format!("{}.{}", self.callback, self.attempt);
        write!(f, "{at}  {number:4}  {:13}  {}", self.cause, self.label)
    }
}

/// Omits the body: it may be signed with a key that is in use.
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

/// The cause of a delivery.
///
/// See [`Delivery`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeliveryCause {
    /// A duplicate in transit: the same bytes, a moment later.
    Duplicate,
    /// A manual resend, rendered again.
    ManualResend,
    /// A retry, since it was not answered with 200.
    Retry,
    /// The status of the payment changed.
    StatusChange,
}

impl DeliveryCause {
    /// Returns the name, such as `manual resend` or `status change`.
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
