//! [`Suite`]: a stress test that simulates gateways, network failures and attackers,
//! and reports broken rules.
//!
//! The suite registers expected payments, sends genuine and forged callbacks, and
//! reads the ledger after each. The server under test has to keep these rules in all
//! cases:
//!
//! | rule | broken by a server that |
//! |---|---|
//! | [credited twice](Rule::CreditedTwice) | credits a duplicate (after a restart, at another replica, under another transfer id or reference), two concurrent deliveries, or a part again with the next |
//! | [credited unproven](Rule::CreditedUnproven) | trusts values that are neither signed nor looked up, confuses statuses, a part with the total, or cryptocurrency with dollars |
//! | [fulfilled twice](Rule::FulfilledTwice) | sends the goods again with each callback about a paid payment |
//! | [lost](Rule::Lost) | responds with 200 although it failed, accepts only one spelling, overwrites a part with the next, or drops a surplus |
//! | [regressed](Rule::Regressed) | sets the balance to the amount of the last callback |
//!
//! Whether parts, a surplus and late money are credited or held for manual review is
//! the merchant's choice: both are correct. The suite does not require the
//! impossible: a body that was captured before the server received it is not replayed
//! with another transfer id, and if it is replayed in another currency or kind, the
//! gateway retries. Some mistakes are only detected if the ledger reports more: set
//! [currency](LedgerState::currency) and [kind](LedgerState::kind), the [held](LedgerState::held)
//! amount, and how often a payment was [fulfilled](LedgerState::fulfilled).
//!
//! The [report](Report) is a table with a row for each kind of test: the number of
//! bodies sent, the responses, and the actual and expected number of credits.
//!
//! ```
//! use std::collections::HashMap;
//! use std::sync::{Arc, Mutex};
//!
//! use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
//! use payhook::payment::{Change, Payment};
//! use payhook::{BoxError, Ledger, MemoryLedger, delegate_ledger, ledger::PaymentKey};
//! use payhook_conformance::stress::{InProcessTarget, LedgerAccess, LedgerState, Suite, TestPayment};
//!
//! /// Your ledger, and your credits.
//! #[derive(Clone, Default)]
//! struct Shop {
//!     payments: MemoryLedger, // instead of your tables
//!     credits: Arc<Mutex<HashMap<String, LedgerState>>>,
//! }
//!
//! impl Ledger for Shop {
//!     type Transaction = <MemoryLedger as Ledger>::Transaction;
//!
//!     delegate_ledger!(this => this.payments; find, peek, owner, bind, unmatched);
//!
//!     async fn save(
//!         &self,
//!         transaction: Self::Transaction,
//!         key: &PaymentKey,
//!         payment: &Payment,
//!         change: &Change,
//!     ) -> Result<(), BoxError> {
//!         // With a database: in the same transaction.
//!         self.payments.save(transaction, key, payment, change).await?;
//!         let mut credits = self.credits.lock().unwrap();
//!         let row = credits.entry(key.reference.clone()).or_default();
//!         if let Some(amount) = change.credited() {
//!             row.credited = row.credited.checked_add(amount).ok_or("too long")?;
//!             row.credits += 1;
//!         }
//!         row.is_paid |= change.newly_paid();
//!         Ok(())
//!     }
//! }
//!
//! // How the suite registers payments, and reads the credits.
//! impl LedgerAccess for Shop {
//!     async fn register(&self, payment: &TestPayment) -> Result<(), BoxError> {
//!         self.payments.expect(payment.expected()?);
//!         Ok(())
//!     }
//!
//!     async fn ledger_state(&self, reference: &str) -> Result<LedgerState, BoxError> {
//!         let credits = self.credits.lock().unwrap();
//!         Ok(credits.get(reference).cloned().unwrap_or_default())
//!     }
//! }
//!
//! let key = Key::callback_secret("my test secret")?;
//! let gateway = Gateway::new(Verifier::new(key.clone(), TrackingIds::Prefixed));
//! let shop = Shop::default();
//! let target = InProcessTarget::new(move || shop.clone()).b2binpay(gateway);
//!
//! let report = Suite::new(7).b2binpay(key).run_blocking(&target)?;
//! assert!(report.is_clean(), "{report}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A ledger without its own credits is tested with [`RecordingLedger`]. For a server that
//! is tested over HTTP, implement [`Target`]; several [replicas](Target::replicas)
//! receive callbacks in turn.

mod check;
mod forged_orders;
mod forged_transfers;
mod in_process;
mod order_script;
mod order_sequences;
mod order_variants;
mod orders;
mod recording_ledger;
mod report;
mod run;
mod runner;
mod script;
mod suite;
mod target;
mod transfer_script;
mod transfer_sequences;
mod transfer_variants;
mod transfers;

pub use in_process::InProcessTarget;
pub use recording_ledger::RecordingLedger;
pub use report::{Report, Rule, TestResult, Violation};
pub use suite::{Suite, SuiteError};
pub use target::{InjectedFault, LedgerAccess, LedgerState, Target, TestPayment};
