//! [`Ledger`]: where the merchant's payments are kept, under lock.

mod delegate;
mod memory;

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use crate::event::Event;
use crate::fetch::BoxError;
use crate::payment::{Change, Expected, Payment};

pub use memory::MemoryLedger;

/// The key of a payment in a [`Ledger`].
///
/// An [`Endpoint`](crate::Endpoint) builds it from a callback; a page for manual
/// review builds it from its form:
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
    /// Creates the key of a payment; `part` is empty if it refers to no transfer.
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

    /// Returns the transfer that is stored with the reference: each transfer of a
    /// top-up is a payment of its own, so that a customer's thousandth transfer costs
    /// as little as the first. Empty for priced payments.
    #[must_use]
    pub fn history_part(&self, expected: &Expected) -> &str {
        if expected.is_top_up() { &self.part } else { "" }
    }
}

/// The store of the merchant's payments: it finds and locks a payment, binds names,
/// and saves changes.
///
/// An [`Endpoint`](crate::Endpoint) calls it in one transaction and in this order:
/// find, owner, bind, save. Any failure rolls back and is answered with 503, and the
/// gateway retries.
///
/// [`MemoryLedger`] is a ledger for tests and prototypes; the crate
/// `payhook-postgres` has one for PostgreSQL.
///
/// ```
/// use std::future::Future;
/// use payhook::payment::{Change, Payment};
/// use payhook::{BoxError, Event, Ledger, ledger::PaymentKey};
///
/// struct MyLedger; // your database's pool
/// struct Transaction; // its transaction, rolled back when it is dropped
///
/// impl Ledger for MyLedger {
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
/// # is_ledger(MyLedger);
/// ```
pub trait Ledger: Send + Sync {
    /// A transaction that holds a payment's lock. It rolls back when dropped.
    type Transaction: Send;

    /// Begins a transaction, locks the payment with this key and reads it. Returns
    /// `None` if the merchant expects no such payment.
    ///
    /// If the payment is already locked, fail soon instead of waiting: the gateway
    /// retries.
    ///
    /// # Errors
    ///
    /// Any error that prevents reading or locking the payment.
    fn find(
        &self,
        key: &PaymentKey,
    ) -> impl Future<Output = Result<Option<(Self::Transaction, Payment)>, BoxError>> + Send;

    /// Reads the payment with this key without a lock, to decide about a lookup. The
    /// default implementation locks the payment for a moment.
    ///
    /// # Errors
    ///
    /// Any error that prevents reading the payment.
    fn peek(
        &self,
        key: &PaymentKey,
    ) -> impl Future<Output = Result<Option<Payment>, BoxError>> + Send {
        async {
            let found = self.find(key).await?;
            Ok(found.map(|(_, payment)| payment))
        }
    }

    /// Returns the owner of this name among all payments of the merchant: the string
    /// that was passed to [`bind`](Self::bind). Names are at most 1 KB long.
    ///
    /// # Errors
    ///
    /// Any error that prevents reading it.
    fn owner(
        &self,
        transaction: &mut Self::Transaction,
        name: &str,
    ) -> impl Future<Output = Result<Option<String>, BoxError>> + Send;

    /// Binds a name to an owner if it is not bound yet, and returns its owner: two
    /// transactions that bind a name concurrently must see the same owner (a unique
    /// key ensures that).
    ///
    /// # Errors
    ///
    /// Any error that prevents binding it.
    fn bind(
        &self,
        transaction: &mut Self::Transaction,
        name: &str,
        owner: &str,
    ) -> impl Future<Output = Result<String, BoxError>> + Send;

    /// Stores the payment's history, acts on the change and commits. This is where
    /// the merchant credits [`Change::credited`].
    ///
    /// # Errors
    ///
    /// Any error that prevents the commit: nothing may be stored then.
    fn save(
        &self,
        transaction: Self::Transaction,
        key: &PaymentKey,
        payment: &Payment,
        change: &Change,
    ) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Records a verified callback that matches no payment of the merchant. It is
    /// answered with 200 once this succeeds, so record it where it is reviewed
    /// manually.
    ///
    /// # Errors
    ///
    /// Any error that prevents recording it; the gateway retries.
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
