//! [`MemoryLedger`]: payments in memory.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::{Ledger, PaymentKey};
use crate::amount::Amount;
use crate::event::Event;
use crate::fetch::BoxError;
use crate::payment::{Change, Expected, HeldChanged, History, HistoryError, Payment};

/// An in-memory ledger of one process: for tests, prototypes and experiments. Its
/// data is lost when it is dropped.
///
/// Clones share their payments. References must be unique across the gateways that
/// share a ledger.
///
/// ```
/// use payhook::MemoryLedger;
/// use payhook::payment::Expected;
///
/// let ledger = MemoryLedger::new();
/// ledger.expect(Expected::deposit("order-9001", "ETH", "0.412".parse()?)?);
/// let payment = ledger.payment("order-9001").ok_or("not expected")?;
/// assert_eq!(payment.status().to_string(), "open");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct MemoryLedger {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    tables: Mutex<Tables>,
    unlocked: Condvar,
}

#[derive(Default)]
struct Tables {
    expected: HashMap<String, Expected>,
    /// Histories by reference and part, as text, as a database would store them.
    histories: HashMap<Row, Arc<str>>,
    bindings: HashMap<String, String>,
    unmatched: Vec<String>,
    locked: HashSet<Row>,
    /// The number of threads that wait for a row.
    waiting: usize,
}

/// A reference and a part.
type Row = Arc<(String, String)>;

/// A locked payment. See [`MemoryLedger`].
#[derive(Debug)]
pub struct MemoryTransaction {
    ledger: MemoryLedger,
    row: Row,
    bindings: Vec<(String, String)>,
}

impl MemoryLedger {
    /// Creates an empty ledger.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an expected payment; replaces the one with the same reference.
    pub fn expect(&self, expected: Expected) {
        let reference = expected.reference().to_owned();
        self.tables().expected.insert(reference, expected);
    }

    /// Returns the payment with this reference; for a top-up, the first of its
    /// transfers.
    #[must_use]
    pub fn payment(&self, reference: &str) -> Option<Payment> {
        self.payments(reference).into_iter().next()
    }

    /// Returns the payments with this reference: one, or one for each transfer of a
    /// top-up, in the order of their ids.
    #[must_use]
    pub fn payments(&self, reference: &str) -> Vec<Payment> {
        let tables = self.tables();
        let rows = tables.rows(reference);
        if rows.is_empty() {
            let expected = tables.expected.get(reference).cloned();
            let open = expected.map(|it| Payment::new(it, History::default()));
            return open.into_iter().collect();
        }
        rows.into_iter().map(|(_, payment)| payment).collect()
    }

    /// Accepts everything that is held under this reference, after manual review of
    /// this amount. The returned changes contain the amounts to credit.
    ///
    /// ```
    /// use payhook::MemoryLedger;
    /// use payhook::payment::Expected;
    ///
    /// let ledger = MemoryLedger::new();
    /// ledger.expect(Expected::deposit("order-9001", "ETH", "0.412".parse()?)?);
    /// let refused = ledger.accept_held("order-9001", &"0.412".parse()?).unwrap_err();
    /// assert_eq!(refused.to_string(), "expected 0.412 to be held, found 0");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`HeldChanged`] if another amount is held by now. Nothing is changed then.
    pub fn accept_held(&self, reference: &str, held: &Amount) -> Result<Vec<Change>, HeldChanged> {
        self.decide(reference, held, Payment::accept_held)
    }

    /// Rejects everything that is held under this reference, after manual review of
    /// this amount.
    ///
    /// # Errors
    ///
    /// [`HeldChanged`] if another amount is held by now. Nothing is changed then.
    pub fn reject_held(&self, reference: &str, held: &Amount) -> Result<Vec<Change>, HeldChanged> {
        self.decide(reference, held, Payment::reject_held)
    }

    fn decide(
        &self,
        reference: &str,
        held: &Amount,
        decide: fn(&mut Payment) -> Change,
    ) -> Result<Vec<Change>, HeldChanged> {
        let mut tables = self.tables();
        while tables.locked.iter().any(|row| row.0 == reference) {
            tables = self.wait(tables);
        }
        let mut rows = tables.rows(reference);
        HeldChanged::check(rows.iter().map(|(_, payment)| payment), held)?;
        let mut changes = Vec::with_capacity(rows.len());
        for (row, payment) in &mut rows {
            changes.push(decide(payment));
            let history = payment.history().to_string();
            tables.histories.insert(Arc::clone(row), history.into());
        }
        Ok(changes)
    }

    /// Returns the references of verified callbacks that matched no payment.
    #[must_use]
    pub fn unmatched_references(&self) -> Vec<String> {
        self.tables().unmatched.clone()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // Nothing panics while it is locked.
        let tables = self.shared.tables.lock();
        tables.unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the row is free, and locks it. An endpoint holds the lock for
    /// microseconds and does not await meanwhile.
    fn lock<'b>(&self, mut tables: MutexGuard<'b, Tables>, row: &Row) -> MutexGuard<'b, Tables> {
        while !tables.locked.insert(Arc::clone(row)) {
            tables = self.wait(tables);
        }
        tables
    }

    /// Waits until a row is unlocked.
    fn wait<'b>(&self, mut tables: MutexGuard<'b, Tables>) -> MutexGuard<'b, Tables> {
        tables.waiting += 1;
        let woken = self.shared.unlocked.wait(tables);
        tables = woken.unwrap_or_else(PoisonError::into_inner);
        tables.waiting -= 1;
        tables
    }

    fn unlock(&self, mut tables: MutexGuard<'_, Tables>, row: &Row) {
        tables.locked.remove(row);
        let is_awaited = tables.waiting > 0;
        drop(tables);
        // Notifying is a system call even without a waiting thread.
        if is_awaited {
            self.shared.unlocked.notify_all();
        }
    }
}

impl Tables {
    /// The payments with this reference that have a history, in the order of their
    /// transfers' ids.
    fn rows(&self, reference: &str) -> Vec<(Row, Payment)> {
        let Some(expected) = self.expected.get(reference) else {
            return Vec::new();
        };
        let rows = self.histories.iter();
        let mut rows: Vec<_> = rows.filter(|(row, _)| row.0 == reference).collect();
        rows.sort_unstable();
        rows.into_iter()
            .filter_map(|(row, text)| {
                let payment = Payment::new(expected.clone(), text.parse().ok()?);
                Some((Arc::clone(row), payment))
            })
            .collect()
    }
}

fn row(key: &PaymentKey, expected: &Expected) -> Row {
    let part = key.history_part(expected).to_owned();
    Arc::new((key.reference.clone(), part))
}

fn history(text: Option<&str>) -> Result<History, HistoryError> {
    text.map_or_else(|| Ok(History::default()), str::parse)
}

impl fmt::Debug for MemoryLedger {
    /// Omits the references, which may be tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payments = self.tables().expected.len();
        write!(f, "MemoryLedger({payments} payments)")
    }
}

impl Drop for MemoryTransaction {
    fn drop(&mut self) {
        self.ledger.unlock(self.ledger.tables(), &self.row);
    }
}

impl Ledger for MemoryLedger {
    type Transaction = MemoryTransaction;

    async fn find(
        &self,
        key: &PaymentKey,
    ) -> Result<Option<(MemoryTransaction, Payment)>, BoxError> {
        let tables = self.tables();
        let Some(expected) = tables.expected.get(&key.reference).cloned() else {
            return Ok(None);
        };
        let row = row(key, &expected);
        let tables = self.lock(tables, &row);
        let text = tables.histories.get(&row).cloned();
        drop(tables);
        let transaction = MemoryTransaction {
            ledger: self.clone(),
            row,
            bindings: Vec::new(),
        };
        let history = history(text.as_deref())?;
        Ok(Some((transaction, Payment::new(expected, history))))
    }

    async fn peek(&self, key: &PaymentKey) -> Result<Option<Payment>, BoxError> {
        let tables = self.tables();
        let Some(expected) = tables.expected.get(&key.reference) else {
            return Ok(None);
        };
        let text = tables.histories.get(&row(key, expected));
        let history = history(text.map(Arc::as_ref))?;
        Ok(Some(Payment::new(expected.clone(), history)))
    }

    async fn owner(
        &self,
        _: &mut MemoryTransaction,
        name: &str,
    ) -> Result<Option<String>, BoxError> {
        Ok(self.tables().bindings.get(name).cloned())
    }

    async fn bind(
        &self,
        transaction: &mut MemoryTransaction,
        name: &str,
        owner: &str,
    ) -> Result<String, BoxError> {
        if let Some(known) = self.tables().bindings.get(name) {
            return Ok(known.clone());
        }
        let binding = (name.to_owned(), owner.to_owned());
        transaction.bindings.push(binding);
        Ok(owner.to_owned())
    }

    async fn save(
        &self,
        mut transaction: MemoryTransaction,
        _: &PaymentKey,
        payment: &Payment,
        _: &Change,
    ) -> Result<(), BoxError> {
        let history = payment.history().to_string();
        let mut tables = self.tables();
        let bindings = std::mem::take(&mut transaction.bindings);
        for (name, owner) in &bindings {
            if tables
                .bindings
                .get(name)
                .is_some_and(|known| known != owner)
            {
                drop(tables);
                return Err("another payment claimed the same transfer concurrently".into());
            }
        }
        tables.bindings.extend(bindings);
        tables
            .histories
            .insert(Arc::clone(&transaction.row), history.into());
        drop(tables);
        Ok(())
    }

    async fn unmatched(&self, event: &Event<'_>) -> Result<(), BoxError> {
        self.tables()
            .unmatched
            .push(event.reference().value().to_owned());
        Ok(())
    }
}
