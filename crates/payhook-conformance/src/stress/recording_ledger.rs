//! [`RecordingLedger`]: a ledger that records its credits.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use payhook::payment::{Change, Payment};
use payhook::{Amount, BoxError, Ledger, delegate_ledger, ledger::PaymentKey};

use super::target::{LedgerAccess, LedgerState, TestPayment};
use crate::lifecycles::ReplayLedger;

/// A ledger with an in-memory record of its credits: it credits exactly
/// [`Change::credited`], in the same process.
///
/// Clones share the ledger and the record, as processes share a database.
///
/// ```
/// use payhook::MemoryLedger;
/// use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
/// use payhook_conformance::stress::{InProcessTarget, RecordingLedger, Suite};
///
/// let key = Key::callback_secret("my test secret")?;
/// let gateway = Gateway::new(Verifier::new(key.clone(), TrackingIds::Prefixed));
/// let ledger = RecordingLedger::new(MemoryLedger::new());
/// let target = InProcessTarget::new(move || ledger.clone()).b2binpay(gateway).replicas(2);
///
/// let report = Suite::new(7).b2binpay(key).run_blocking(&target)?;
/// assert!(report.is_clean(), "{report}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RecordingLedger<L> {
    ledger: L,
    entries: Arc<Mutex<HashMap<String, Entry>>>,
}

struct Entry {
    payment: TestPayment,
    credited: Amount,
    credits: usize,
    fulfilled: usize,
}

impl<L> RecordingLedger<L> {
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

    fn credit(&self, reference: &str, change: &Change) -> Result<(), BoxError> {
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

impl<L: ReplayLedger> LedgerAccess for RecordingLedger<L> {
    async fn register(&self, payment: &TestPayment) -> Result<(), BoxError> {
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

    async fn ledger_state(&self, reference: &str) -> Result<LedgerState, BoxError> {
        let (gateway, state) = {
            let entries = self.entries();
            let entry = entries.get(reference).ok_or("no such payment was opened")?;
            let state =
                LedgerState::new(entry.credited.clone(), entry.credits, entry.fulfilled > 0)
                    .currency(entry.payment.currency)
                    .kind(entry.payment.kind)
                    .fulfilled(entry.fulfilled);
            (entry.payment.gateway, state)
        };
        let mut held = Amount::default();
        for payment in self.ledger.read(gateway.as_str(), reference).await? {
            let sum = held.checked_add(&payment.held());
            held = sum.ok_or("the sum of what is held is too long")?;
        }
        Ok(state.held(held))
    }
}

impl<L: Ledger> Ledger for RecordingLedger<L> {
    type Transaction = L::Transaction;

    delegate_ledger! {
        this => this.ledger;
        find, peek, owner, bind, unmatched
    }

    async fn save(
        &self,
        transaction: L::Transaction,
        key: &PaymentKey,
        payment: &Payment,
        change: &Change,
    ) -> Result<(), BoxError> {
        self.ledger.save(transaction, key, payment, change).await?;
        self.credit(&key.reference, change)
    }
}

impl<L: fmt::Debug> fmt::Debug for RecordingLedger<L> {
    /// Omits the references, which may be tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payments = self.entries().len();
        f.debug_struct("RecordingLedger")
            .field("ledger", &self.ledger)
            .field("payments", &payments)
            .finish_non_exhaustive()
    }
}
