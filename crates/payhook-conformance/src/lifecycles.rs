//! [`RecordedLifecycle`]: a recorded payment lifecycle, replayed through an endpoint
//! and compared with the expected result of each step.
//!
//! `payhook replay` replays them from a file, and `payhook replay --help` describes its
//! fields.
//!
//! ```
//! use payhook::MemoryLedger;
//! use payhook_conformance::lifecycles::RecordedLifecycle;
//!
//! # fn main() -> Result<(), payhook::BoxError> {
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let line = r#"{
//!     "name": "a body of no gateway", "gateway": "b2binpay",
//!     "keys": [{"scheme": "callback_secret", "secret": "my test secret"}],
//!     "expected": [
//!         {"kind": "deposit", "reference": "order-1", "currency": "ETH", "amount": "0.3"}
//!     ],
//!     "steps": [
//!         {"body": "{}", "want": {"status": 400, "change": {}, "payments": {
//!             "order-1": {"status": "open", "received": "0", "credited": "0", "held": "0"}
//!         }}}
//!     ]
//! }"#;
//! let lifecycle: RecordedLifecycle = serde_json::from_str(line)?;
//! for step in lifecycle.replay(&MemoryLedger::new()).await? {
//!     assert!(step.differences.is_empty(), "{:?}", step.differences);
//! }
//! # Ok::<(), payhook::BoxError>(()) })
//! # }
//! ```

mod file;
mod ledger;
mod outcome;
mod replay;
mod setup;

pub use file::RecordedLifecycle;
pub use ledger::ReplayLedger;
pub use outcome::{Changed, StepOutcome, Sums};
pub use replay::ReplayedStep;
