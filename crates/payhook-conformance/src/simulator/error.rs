//! [`SimulationError`]: payments that cannot be simulated.

use payhook::testing::BuildError;

/// Why a lifecycle cannot be started.
///
/// ```
/// use payhook_conformance::simulator::{Payment, Scenario, SimulationError, Simulator};
///
/// let payment = Payment::new("order-1").amount("0.3").currency("ETH");
/// let timeline = Simulator::new(7).try_start(Scenario::DepositConfirmed, &payment);
/// assert!(matches!(timeline, Err(SimulationError::NoKey)));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// The amount is not above zero, has a sign or an exponent or more fraction
    /// digits than its currency, or cannot be divided as the scenario requires: into
    /// two parts that differ.
    #[error("the payment's amount can't be paid, or not in the parts of this scenario")]
    Amount,
    /// One of its bodies cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A CityPay.io scenario without [`Simulator::citypay`](super::Simulator::citypay).
    #[error("there is no customer id and no order endpoint for a scenario of CityPay.io")]
    NoCityPay,
    /// A B2BINPAY scenario without [`Simulator::key`](super::Simulator::key).
    #[error("there is no key to sign a scenario of B2BINPAY with")]
    NoKey,
}
