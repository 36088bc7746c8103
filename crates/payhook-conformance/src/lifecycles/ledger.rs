//! [`ReplayLedger`]: a ledger on which a lifecycle can be replayed.

use std::future::Future;

use payhook::payment::{Change, Expected, Payment};
use payhook::{Amount, BoxError, Ledger, MemoryLedger};

/// A ledger on which recorded payment lifecycles can be replayed, and which
/// [`RecordingLedger`](crate::stress::RecordingLedger) can wrap.
///
/// [`MemoryLedger`] implements it. See
/// [`RecordedLifecycle::replay`](super::RecordedLifecycle::replay).
pub trait ReplayLedger: Ledger {
    /// Expects a payment.
    ///
    /// # Errors
    ///
    /// Any error that prevents storing it.
    fn expect(
        &self,
        gateway: &str,
        expected: Expected,
    ) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Accepts (or rejects) everything that is held under a reference: this amount.
    ///
    /// # Errors
    ///
    /// Any error that prevents storing the decision.
    fn decide(
        &self,
        gateway: &str,
        reference: &str,
        held: &Amount,
        accepts: bool,
    ) -> impl Future<Output = Result<Vec<Change>, BoxError>> + Send;

    /// Returns the payments with a reference: one for each transfer of a top-up.
    ///
    /// # Errors
    ///
    /// Any error that prevents reading them.
    fn read(
        &self,
        gateway: &str,
        reference: &str,
    ) -> impl Future<Output = Result<Vec<Payment>, BoxError>> + Send;
}

impl ReplayLedger for MemoryLedger {
    async fn expect(&self, _: &str, expected: Expected) -> Result<(), BoxError> {
        self.expect(expected);
        Ok(())
    }

    async fn decide(
        &self,
        _: &str,
        reference: &str,
        held: &Amount,
        accepts: bool,
    ) -> Result<Vec<Change>, BoxError> {
        Ok(if accepts {
            self.accept_held(reference, held)?
        } else {
            self.reject_held(reference, held)?
        })
    }

    async fn read(&self, _: &str, reference: &str) -> Result<Vec<Payment>, BoxError> {
        Ok(self.payments(reference))
    }
}
