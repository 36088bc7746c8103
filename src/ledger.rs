//! [`Ledger`]: where the merchant's payments are kept, under lock.

mod delegate;
mod memory;

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use crate::event::Event;
use crate::fetch::BoxError;
use crate::payment::{Change, Expected, Payment};

pub use memory::{MemoryLedger, MemoryTransaction};

/// Names a payment in a [`Ledger`].
///
/// An [`Endpoint`](crate::Endpoint) makes it of a callback; a page for manual
/// review makes it of its own form:
///
/// ```
/// use payhook::ledger::PaymentKey;
///
/// let key = PaymentKey::new("b2binpay", "order-9001", "");
/// assert_eq!(key.reference, "order-9001");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PaymentKey {
    /// The gateway: `b2binpay` or `citypay`.
    pub gateway: Cow<'static, str>,
    /// The merchant's reference.
    pub reference: String,
    /// The gateway's id of the transfer; empty for callbacks without one.
    pub part: String,
}

impl PaymentKey {
    /// The key of a payment; `part` is empty where no transfer is meant.
    #[must_use]
    pub fn new(
        gateway: impl Into<Cow<'static, str>>,
        reference: impl Into<String>,
        part: impl Into<String>,
    ) -> Self {
        Self {
            gateway: gateway.into(),
            reference: reference.into(),
            part: part.into(),
        }
    }

    /// The transfer by which the history is stored beside the reference: each
    /// transfer of a top-up is a payment of its own, so that the customer's
    /// thousandth costs what the first did. Empty for priced payments.
    #[must_use]
    pub fn history_part(&self, expected: &Expected) -> &str {
        if expected.is_top_up() { &self.part } else { "" }
    }
}

/// The merchant's payments: find and lock one, bind a name, save what changed.
///
/// An [`Endpoint`](crate::Endpoint) drives it, in one transaction and in this
/// order: find, owner, bind, save. Whatever fails rolls back and is answered
/// with 503, and the gateway sends again.
///
/// [`MemoryLedger`] is one for tests and the first steps; the crate
/// `payhook-postgres` has one for PostgreSQL.
///
/// ```
/// use std::future::Future;
/// use payhook::payment::{Change, Payment};
/// use payhook::{BoxError, Event, Ledger, ledger::PaymentKey};
///
/// struct Books; // your database's pool
/// struct Transaction; // its transaction, rolled back when it is dropped
///
/// impl Ledger for Books {
///     type Transaction = Transaction;
///
///     // BEGIN; SELECT … WHERE gateway = $1 AND reference = $2 FOR UPDATE NOWAIT
///     async fn find(&self, _: &PaymentKey) -> Result<Option<(Transaction, Payment)>, BoxError> {
///         Ok(None)
///     }
///
///     // SELECT owner FROM bindings WHERE name = $1
///     async fn owner(&self, _: &mut Transaction, _: &str) -> Result<Option<String>, BoxError> {
///         Ok(None)
///     }
///
///     // INSERT … ON CONFLICT DO NOTHING; then the owner in force
///     async fn bind(&self, _: &mut Transaction, _: &str, owner: &str) -> Result<String, BoxError> {
///         Ok(owner.to_owned())
///     }
///
///     // UPDATE … SET history = $2; credit `change.credited()`; COMMIT
///     async fn save(&self, _: Transaction, _: &PaymentKey, _: &Payment, _: &Change) -> Result<(), BoxError> {
///         Ok(())
///     }
///
///     async fn unmatched(&self, event: &Event<'_>) -> Result<(), BoxError> {
///         println!("no payment under {}", event.reference().value());
///         Ok(())
///     }
/// }
/// # fn is_ledger<L: Ledger>(_: L) {}
/// # is_ledger(Books);
/// ```
pub trait Ledger: Send + Sync {
    /// A transaction that holds a payment's lock. Dropped, it rolls back.
    type Transaction: Send;

    /// Begins a transaction, locks the payment with this key and reads it.
    /// `None` if the merchant expects no such payment.
    ///
    /// Where the payment is locked already, fail soon instead of waiting: the
    /// gateway sends again.
    ///
    /// # Errors
    ///
    /// Whatever keeps the payment from being read or locked.
    fn find(
        &self,
        key: &PaymentKey,
    ) -> impl Future<Output = Result<Option<(Self::Transaction, Payment)>, BoxError>> + Send;

    /// The payment with this key, read without a lock: for what has to be known
    /// before the gateway is asked. Unless implemented, the payment is locked
    /// for a moment.
    ///
    /// # Errors
    ///
    /// Whatever keeps the payment from being read.
    fn peek(
        &self,
        key: &PaymentKey,
    ) -> impl Future<Output = Result<Option<Payment>, BoxError>> + Send {
        async {
            let found = self.find(key).await?;
            Ok(found.map(|(_, payment)| payment))
        }
    }

    /// Who took this name, over all payments of the merchant: the text that was
    /// given to [`bind`](Self::bind). Names are at most 1 KB long.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being known.
    fn owner(
        &self,
        transaction: &mut Self::Transaction,
        name: &str,
    ) -> impl Future<Output = Result<Option<String>, BoxError>> + Send;

    /// Binds a name to an owner if nobody has it, and returns the owner in
    /// force: two transactions that bind one name at the same time must see the
    /// same owner (a unique key does that).
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being bound.
    fn bind(
        &self,
        transaction: &mut Self::Transaction,
        name: &str,
        owner: &str,
    ) -> impl Future<Output = Result<String, BoxError>> + Send;

    /// Stores the payment's history, acts on the change and commits. This is
    /// where the merchant credits [`Change::credited`].
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being committed: nothing may be stored then.
    fn save(
        &self,
        transaction: Self::Transaction,
        key: &PaymentKey,
        payment: &Payment,
        change: &Change,
    ) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Takes note of a verified callback for no payment of the merchant. It is
    /// answered with 200 once this succeeds, so keep it where a person looks.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being noted; the gateway sends again.
    fn unmatched(&self, event: &Event<'_>) -> impl Future<Output = Result<(), BoxError>> + Send;
}

macro_rules! pass_through {
    ($($Pointer:ty),+) => {$(
        impl<L: Ledger + ?Sized> Ledger for $Pointer {
            type Transaction = L::Transaction;

            crate::delegate_ledger! {
                this => **this;
                find, peek, owner, bind, save, unmatched
            }
        }
    )+};
}

pass_through!(&L, Box<L>, Arc<L>);
