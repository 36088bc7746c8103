//! [`FinalState`]: the required state of the merchant's ledger after a lifecycle.

use payhook::Amount;

/// The required state of the merchant's ledger once everything is delivered.
///
/// For payments that were never made, failed or were blocked, both are zero.
///
/// ```
/// # use payhook::b2binpay::Key;
/// # use payhook_conformance::simulator::{Payment, Scenario, Simulator};
/// # let simulator = Simulator::new(7).key(Key::callback_secret("my test secret")?);
/// # let payment = Payment::new("order-1").amount("0.3").currency("ETH");
/// let timeline = simulator.start(Scenario::DepositFailed, &payment);
/// assert!(timeline.final_state().credited.is_zero());
///
/// let timeline = simulator.start(Scenario::DepositConfirmed, &payment);
/// assert_eq!(timeline.final_state().credited, "0.3".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FinalState {
    /// The amount credited (or paid out), however often it was reported.
    pub credited: Amount,
    /// Money that needs manual review before it is credited: a surplus, a late
    /// payment, or one without proof.
    pub for_review: Amount,
}

impl FinalState {
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
