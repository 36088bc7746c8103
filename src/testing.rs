//! What merchants test with: bodies as the gateways would post them, signed with
//! a test key of the merchant's own. Feature `testing`.
//!
//! | | |
//! |---|---|
//! | [`b2binpay`], [`citypay`] | builders for every callback, and for the order endpoint's answer |
//! | [`Body`], [`Json`] | what they make: bytes, and what is changed in them |
//! | [`GuardConformance`] | what every guard has to keep to |
//! | [`Simulator`] | the lives of payments, delivery by delivery |
//! | [`torture`] | what every shop has to keep to, whatever is posted |

pub mod b2binpay;
mod body;
pub mod citypay;
mod guard;
mod json;
mod payment;
mod random;
mod simulator;
pub mod torture;

pub use body::{Body, BuildError};
pub use guard::{BrokenRule, GuardConformance};
pub use json::{Json, PathError};
pub use payment::Payment;
pub use simulator::{
    Delivery, DeliveryCause, Ending, Life, Scenario, ScenarioError, SimulationError, Simulator,
};
