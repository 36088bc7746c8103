//! [`Ending`]: what the merchant's books say after a life.

use payhook::Amount;

/// What the merchant's books have to say once everything is delivered.
///
/// Payments that never came, failed or were blocked have nothing of either.
///
/// ```
/// # use payhook::b2binpay::Key;
/// # use payhook_conformance::simulator::{Payment, Scenario, Simulator};
/// # let simulator = Simulator::new(7).key(Key::callback_secret("my test secret")?);
/// # let payment = Payment::new("order-1").amount("0.3").currency("ETH");
/// let life = simulator.live(Scenario::DepositFailed, &payment);
/// assert!(life.ending().credited.is_zero());
///
/// let life = simulator.live(Scenario::DepositConfirmed, &payment);
/// assert_eq!(life.ending().credited, "0.3".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ending {
    /// Everything credited, or booked as paid out, however often it was
    /// reported.
    pub credited: Amount,
    /// Money that came in another way than agreed: a surplus, a late payment, or
    /// one without proof. A person decides on it before it is credited.
    pub for_review: Amount,
}

impl Ending {
    pub(super) fn credited(amount: &Amount) -> Self {
        Self {
            credited: amount.clone(),
            ..Self::default()
        }
    }

    pub(super) fn for_review(amount: &Amount) -> Self {
        Self {
            for_review: amount.clone(),
            ..Self::default()
        }
    }
}
