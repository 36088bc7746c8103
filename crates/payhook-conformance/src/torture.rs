//! [`Torture`]: everything that a gateway, the network and a stranger can do to
//! a merchant's code, and a report of what it did about it.
//!
//! It is told which payments to wait for, posted genuine and forged callbacks,
//! and asked what its books say. What it has to keep to, whatever comes:
//!
//! | rule | broken by a shop that |
//! |---|---|
//! | [credited twice](Rule::CreditedTwice) | credits a repetition, two deliveries at once, or a captured body with another transfer id |
//! | [credited unproven](Rule::CreditedUnproven) | believes what is not signed or was not asked back, takes a status for another, or a part for all |
//! | [lost](Rule::Lost) | answers 200 although it failed, or can't read another spelling |
//! | [regressed](Rule::Regressed) | lets late news take the place of the last |
//!
//! Whether less or more than what is due is credited, or put before a person, is
//! the merchant's choice: either is right. And what no shop can know is not asked
//! of it: a body that was captured before the shop saw it is not shown with
//! another transfer id, and where it is shown in another currency or kind, the
//! gateway tells again. That a shop believed either shows in its books only if
//! they name [currency](Books::currency) and [kind](Books::kind).
//!
//! The [report](Report) is a table with a line for each way of torture: how many
//! bodies were sent and how they were answered, how many credits there are and
//! how many there have to be.
//!
//! ```
//! use std::collections::HashMap;
//! use std::sync::{Arc, Mutex};
//!
//! use payhook::b2binpay::{Key, TrackingIds, Verifier};
//! use payhook_conformance::torture::{Books, InProcess, Ledger, Payment, Torture};
//! use payhook::{BoxError, Callback, Expected, Handler, HandlerError, Receiver, Verdict, Verified};
//!
//! /// What is expected under each reference, and what the books say of it.
//! #[derive(Default)]
//! struct Shop(Mutex<HashMap<String, (Expected, Books)>>);
//!
//! impl Handler for Shop {
//!     type Error = HandlerError;
//!
//!     fn handle(&self, callback: Verified<Callback>) -> Result<(), HandlerError> {
//!         let event = callback.event();
//!         let mut orders = self.0.lock().unwrap();
//!         let reference = event.reference().map(|reference| reference.value());
//!         let Some((expected, books)) = reference.and_then(|it| orders.get_mut(it)) else {
//!             return Ok(()); // note it for a person
//!         };
//!         let expected = expected.clone().already_received(books.credited.clone());
//!         let found = expected.reconcile(&callback);
//!         if *found.verdict() == Verdict::Exact
//!             && let Some(total) = found.total().and_then(|total| total.proven())
//!         {
//!             *books = Books::new(total.clone(), books.credits + 1, true);
//!         }
//!         Ok(())
//!     }
//! }
//!
//! // How the torture opens payments in the shop, and reads its books.
//! impl Ledger for Shop {
//!     async fn open(&self, payment: &Payment) -> Result<(), BoxError> {
//!         let order = (payment.expected(), Books::default());
//!         self.0.lock().unwrap().insert(payment.reference.clone(), order);
//!         Ok(())
//!     }
//!
//!     async fn books(&self, reference: &str) -> Result<Books, BoxError> {
//!         Ok(self.0.lock().unwrap()[reference].1.clone())
//!     }
//! }
//!
//! let key = Key::callback_secret("my test secret")?;
//! let receiver = Receiver::b2binpay(Verifier::new(key.clone(), TrackingIds::Prefixed));
//! let shop = Arc::new(Shop::default());
//! let shop = InProcess::new(Arc::clone(&shop), shop).receiver(receiver);
//!
//! let report = Torture::new(7).b2binpay(key).run_blocking(&shop)?;
//! assert!(report.is_clean(), "{report}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod forged_orders;
mod forged_transfers;
mod in_process;
mod judge;
mod orders;
mod report;
mod run;
mod script;
mod shop;
mod spelled_orders;
mod spelled_transfers;
mod torturer;
mod transfers;

pub use in_process::InProcess;
pub use report::{Broken, Report, Row, Rule};
pub use shop::{Books, Ledger, Payment, Shop, Trouble};
pub use torturer::{Torture, TortureError};
