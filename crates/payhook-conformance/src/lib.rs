//! Tests a merchant's payment callbacks from outside: lives of payments, and a
//! suite of everything that must not be credited.

mod gateway;
mod random;
pub mod simulator;
mod text;
pub mod torture;

pub use gateway::Gateway;
