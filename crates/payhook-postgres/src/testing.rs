//! Recorded lives of payments, played on a [`PgLedger`].

use payhook::payment::{Change, Expected, Payment};
use payhook::testing::lives::Books;
use payhook::{BoxError, ledger::PaymentKey};

use crate::ledger::PgLedger;

impl Books for PgLedger {
    async fn expect(&self, gateway: &str, expected: Expected) -> Result<(), BoxError> {
        Ok(Self::expect(self.pool(), gateway, &expected).await?)
    }

    async fn decide(
        &self,
        gateway: &str,
        reference: &str,
        accepts: bool,
    ) -> Result<Vec<Change>, BoxError> {
        let key = PaymentKey::new(gateway.to_owned(), reference, "");
        if accepts {
            self.accept_held(&key).await
        } else {
            self.reject_held(&key).await
        }
    }

    async fn read(&self, gateway: &str, reference: &str) -> Result<Vec<Payment>, BoxError> {
        Ok(Self::payments(self.pool(), gateway, reference).await?)
    }
}
