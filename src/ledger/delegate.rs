//! [`delegate_ledger!`](crate::delegate_ledger): delegation to another ledger.

/// Implements methods of [`Ledger`](crate::Ledger) by calling the same methods of
/// another ledger: for a ledger that extends an existing one, for example with
/// metrics.
///
/// The first line names the receiver and the other ledger; the second lists the
/// methods. Write the type `Transaction` and the other methods yourself.
///
/// ```
/// use payhook::payment::{Change, Payment};
/// use payhook::{delegate_ledger, BoxError, Ledger, MemoryLedger, ledger::PaymentKey};
///
/// struct Logged(MemoryLedger);
///
/// impl Ledger for Logged {
///     type Transaction = <MemoryLedger as Ledger>::Transaction;
///
///     delegate_ledger! {
///         this => this.0;
///         find, peek, owner, bind, unmatched
///     }
///
///     async fn save(
///         &self,
///         transaction: Self::Transaction,
///         key: &PaymentKey,
///         payment: &Payment,
///         change: &Change,
///     ) -> Result<(), BoxError> {
///         println!("{}: {:?}", key.reference, change.credited());
///         self.0.save(transaction, key, payment, change).await
///     }
/// }
/// # let _ = Logged(MemoryLedger::new());
/// ```
#[macro_export]
macro_rules! delegate_ledger {
    ($this:ident => $ledger:expr; $($method:ident),+ $(,)?) => {
        $( $crate::delegate_ledger!(@ $method $this $ledger); )+
    };
    (@ find $this:ident $ledger:expr) => {
        async fn find(
            &self,
            key: &$crate::ledger::PaymentKey,
        ) -> Result<Option<(Self::Transaction, $crate::payment::Payment)>, $crate::BoxError> {
            let $this = self;
            $crate::Ledger::find(&$ledger, key).await
        }
    };
    (@ peek $this:ident $ledger:expr) => {
        async fn peek(
            &self,
            key: &$crate::ledger::PaymentKey,
        ) -> Result<Option<$crate::payment::Payment>, $crate::BoxError> {
            let $this = self;
            $crate::Ledger::peek(&$ledger, key).await
        }
    };
    (@ owner $this:ident $ledger:expr) => {
        async fn owner(
            &self,
            transaction: &mut Self::Transaction,
            name: &str,
        ) -> Result<Option<String>, $crate::BoxError> {
            let $this = self;
            $crate::Ledger::owner(&$ledger, transaction, name).await
        }
    };
    (@ bind $this:ident $ledger:expr) => {
        async fn bind(
            &self,
            transaction: &mut Self::Transaction,
            name: &str,
            owner: &str,
        ) -> Result<String, $crate::BoxError> {
            let $this = self;
            $crate::Ledger::bind(&$ledger, transaction, name, owner).await
        }
    };
    (@ save $this:ident $ledger:expr) => {
        async fn save(
            &self,
            transaction: Self::Transaction,
            key: &$crate::ledger::PaymentKey,
            payment: &$crate::payment::Payment,
            change: &$crate::payment::Change,
        ) -> Result<(), $crate::BoxError> {
            let $this = self;
            $crate::Ledger::save(&$ledger, transaction, key, payment, change).await
        }
    };
    (@ unmatched $this:ident $ledger:expr) => {
        async fn unmatched(&self, event: &$crate::Event<'_>) -> Result<(), $crate::BoxError> {
            let $this = self;
            $crate::Ledger::unmatched(&$ledger, event).await
        }
    };
}
