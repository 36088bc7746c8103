//! [`Booked`]: a ledger that records its credits.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use payhook::payment::{Change, Payment as Paid};
use payhook::{Amount, BoxError, Ledger, delegate_ledger, ledger::PaymentKey};

use super::shop::{Books, Payment, Record};
use crate::lives::ReplayLedger;

/// A ledger with an in-memory record of its credits: it credits exactly
/// [`Change::credited`], in the same process.
///
/// Clones share the ledger and the record, as processes share a database.
///
/// ```
/// use payhook::MemoryLedger;
/// use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
/// use payhook_conformance::torture::{Booked, InProcess, Torture};
///
/// let key = Key::callback_secret("my test secret")?;
/// let gateway = Gateway::new(Verifier::new(key.clone(), TrackingIds::Prefixed));
/// let ledger = Booked::new(MemoryLedger::new());
/// let shop = InProcess::new(move || ledger.clone()).b2binpay(gateway).replicas(2);
///
/// let report = Torture::new(7).b2binpay(key).run_blocking(&shop)?;
/// assert!(report.is_clean(), "{report}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Booked<L> {
    ledger: L,
    entries: Arc<Mutex<HashMap<String, Entry>>>,
}

struct Entry {
    payment: Payment,
    credited: Amount,
    credits: usize,
    fulfilled: usize,
}

impl<L> Booked<L> {
    /// Wraps a ledger without credits.
    #[must_use]
    pub fn new(ledger: L) -> Self {
        Self {
            ledger,
            entries: Arc::default(),
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn book(&self, reference: &str, change: &Change) -> Result<(), BoxError> {
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(reference) else {
            return Ok(());
        };
        if let Some(amount) = change.credited() {
            let sum = entry.credited.checked_add(amount);
            entry.credited = sum.ok_or("the sum of the credits is too long")?;
            entry.credits = entry.credits.saturating_add(1);
        }
        if change.newly_paid() {
            entry.fulfilled = entry.fulfilled.saturating_add(1);
        }
        Ok(())
    }
}

impl<L: ReplayLedger> Record for Booked<L> {
    async fn open(&self, payment: &Payment) -> Result<(), BoxError> {
        let (gateway, expected) = (payment.gateway.as_str(), payment.expected()?);
        self.ledger.expect(gateway, expected).await?;
        let entry = Entry {
            payment: payment.clone(),
            credited: Amount::default(),
            credits: 0,
            fulfilled: 0,
        };
        self.entries().insert(payment.reference.clone(), entry);
        Ok(())
    }

    async fn books(&self, reference: &str) -> Result<Books, BoxError> {
        let (gateway, books) = {
            let entries = self.entries();
            let entry = entries.get(reference).ok_or("no such payment was opened")?;
            let books = Books::new(entry.credited.clone(), entry.credits, entry.fulfilled > 0)
                .currency(entry.payment.currency)
                .kind(entry.payment.kind)
                .fulfilled(entry.fulfilled);
            (entry.payment.gateway, books)
        };
        let mut held = Amount::default();
        for payment in self.ledger.read(gateway.as_str(), reference).await? {
            let sum = held.checked_add(&payment.held());
            held = sum.ok_or("the sum of what is held is too long")?;
        }
        Ok(books.held(held))
    }
}

impl<L: Ledger> Ledger for Booked<L> {
    type Transaction = L::Transaction;

    delegate_ledger! {
        this => this.ledger;
        find, peek, owner, bind, unmatched
    }

    async fn save(
        &self,
        transaction: L::Transaction,
        key: &PaymentKey,
        payment: &Paid,
        change: &Change,
    ) -> Result<(), BoxError> {
        self.ledger.save(transaction, key, payment, change).await?;
        self.book(&key.reference, change)
    }
}

impl<L: fmt::Debug> fmt::Debug for Booked<L> {
    /// Omits the references, which may be tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payments = self.entries().len();
        f.debug_struct("Booked")
            .field("ledger", &self.ledger)
            .field("payments", &payments)
            .finish_non_exhaustive()
    }
}
