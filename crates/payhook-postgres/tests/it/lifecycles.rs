//! Every lifecycle of the repository's vectors, on a database.

use payhook::payment::{Change, Expected, Payment};
use payhook::{Amount, BoxError, Ledger, delegate_ledger, ledger::PaymentKey};
use payhook_conformance::lifecycles::{RecordedLifecycle, ReplayLedger};
use payhook_postgres::PgLedger;

use crate::support::Database;

const LIFECYCLES: &str = include_str!("../../../../tests/vectors/payments.jsonl");

struct Replayed(PgLedger);

impl Ledger for Replayed {
    type Transaction = <PgLedger as Ledger>::Transaction;

    delegate_ledger! {
        this => this.0;
        find, peek, owner, bind, save, unmatched
    }
}

impl ReplayLedger for Replayed {
    async fn expect(&self, gateway: &str, expected: Expected) -> Result<(), BoxError> {
        Ok(PgLedger::expect(self.0.pool(), gateway, &expected).await?)
    }

    async fn decide(
        &self,
        gateway: &str,
        reference: &str,
        held: &Amount,
        accepts: bool,
    ) -> Result<Vec<Change>, BoxError> {
        let key = PaymentKey::new(gateway.to_owned(), reference, "");
        if accepts {
            self.0.accept_held(&key, held).await
        } else {
            self.0.reject_held(&key, held).await
        }
    }

    async fn read(&self, gateway: &str, reference: &str) -> Result<Vec<Payment>, BoxError> {
        Ok(PgLedger::payments(self.0.pool(), gateway, reference).await?)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lifecycle_is_as_expected_in_postgresql() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in LIFECYCLES.lines() {
        let lifecycle: RecordedLifecycle = serde_json::from_str(line).unwrap();
        count += 1;
        let ledger = Replayed(Database::new().await.shop().await);
        let replayed = lifecycle.replay(&ledger).await.unwrap();
        for (index, step) in replayed.iter().enumerate() {
            for difference in &step.differences {
                wrong.push(format!("{} step {index}: {difference}", lifecycle.name()));
            }
        }
    }
    assert!(count >= 106, "{count} lifecycles");
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
