//! [`Torture`]: everything that a gateway, the network and a stranger can do to
//! a merchant's code, and a report of what it did about it.
//!
//! The shop is told which payments to expect, is posted genuine and forged
//! callbacks, and is asked what its books say after each. It has to keep these
//! rules, whatever is posted:
//!
//! | rule | broken by a shop that |
//! |---|---|
//! | [credited twice](Rule::CreditedTwice) | credits a repetition (after a restart, at another replica, under another transfer id or reference), two deliveries at once, or a part again with the next |
//! | [credited unproven](Rule::CreditedUnproven) | believes what is not signed and was not looked up, takes a status for another, a part for all, or coins for dollars |
//! | [fulfilled twice](Rule::FulfilledTwice) | sends the goods again with each callback about a paid payment |
//! | [lost](Rule::Lost) | answers 200 although it failed, reads one spelling only, overwrites a part by the next, or drops a surplus |
//! | [regressed](Rule::Regressed) | sets the balance to what the last callback says |
//!
//! Whether parts, a surplus and late money are credited or held for a person is
//! the merchant's choice: either is right. And no shop is asked for what it can't
//! know: a body that was captured before the shop saw it is not shown with
//! another transfer id, and where it is shown in another currency or kind, the
//! gateway sends again. Some mistakes show only in books that say more: name
//! [currency](Books::currency) and [kind](Books::kind), what is
//! [held](Books::held), and how often a payment was
//! [fulfilled](Books::fulfilled).
//!
//! The [report](Report) is a table with a row for each way of torture: how many
//! bodies were sent and how they were answered, how many credits there are and
//! how many there have to be.
//!
//! ```
//! use std::collections::HashMap;
//! use std::sync::{Arc, Mutex};
//!
//! use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
//! use payhook::payment::{Change, Payment as Paid};
//! use payhook::{delegate_ledger, BoxError, Ledger, MemoryLedger, ledger::{MemoryTransaction, PaymentKey}};
//! use payhook_conformance::torture::{Books, InProcess, Payment, Record, Torture};
//!
//! /// Your ledger, and your books.
//! #[derive(Clone, Default)]
//! struct Shop {
//!     payments: MemoryLedger, // instead of your tables
//!     books: Arc<Mutex<HashMap<String, Books>>>,
//! }
//!
//! impl Ledger for Shop {
//!     type Transaction = MemoryTransaction;
//!
//!     delegate_ledger!(this => this.payments; find, peek, owner, bind, unmatched);
//!
//!     async fn save(
//!         &self,
//!         transaction: MemoryTransaction,
//!         key: &PaymentKey,
//!         payment: &Paid,
//!         change: &Change,
//!     ) -> Result<(), BoxError> {
//!         // In the same transaction, in a shop with a database.
//!         self.payments.save(transaction, key, payment, change).await?;
//!         let mut books = self.books.lock().unwrap();
//!         let row = books.entry(key.reference.clone()).or_default();
//!         if let Some(amount) = change.credited() {
//!             row.credited = row.credited.checked_add(amount).ok_or("too long")?;
//!             row.credits += 1;
//!         }
//!         row.is_paid |= change.newly_paid();
//!         Ok(())
//!     }
//! }
//!
//! // How the torture opens payments in the shop, and reads its books.
//! impl Record for Shop {
//!     async fn open(&self, payment: &Payment) -> Result<(), BoxError> {
//!         self.payments.expect(payment.expected()?);
//!         Ok(())
//!     }
//!
//!     async fn books(&self, reference: &str) -> Result<Books, BoxError> {
//!         let books = self.books.lock().unwrap();
//!         Ok(books.get(reference).cloned().unwrap_or_default())
//!     }
//! }
//!
//! let key = Key::callback_secret("my test secret")?;
//! let gateway = Gateway::new(Verifier::new(key.clone(), TrackingIds::Prefixed));
//! let shop = Shop::default();
//! let shop = InProcess::new(move || shop.clone()).b2binpay(gateway);
//!
//! let report = Torture::new(7).b2binpay(key).run_blocking(&shop)?;
//! assert!(report.is_clean(), "{report}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A ledger that books nothing itself is tried with [`Booked`]. A shop that is
//! reached over HTTP implements [`Shop`]; with several
//! [replicas](Shop::replicas) they are posted to in turn.

mod booked;
mod forged_orders;
mod forged_transfers;
mod in_process;
mod judge;
mod lives_orders;
mod lives_transfers;
mod orders;
mod report;
mod run;
mod script;
mod shop;
mod spelled_orders;
mod spelled_transfers;
mod torturer;
mod transfers;

pub use booked::Booked;
pub use in_process::InProcess;
pub use report::{Broken, Report, Row, Rule};
pub use shop::{Books, Payment, Record, Shop, Trouble};
pub use torturer::{Torture, TortureError};
