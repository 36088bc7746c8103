//! The stress test against two processes on one database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use payhook::b2binpay::{self, Key, TrackingIds, Verifier};
use payhook::citypay::{self, Account};
use payhook::payment::PaymentStatus;
use payhook::testing::citypay::OrderEndpoint;
use payhook::{BoxError, Ledger, delegate_ledger, ledger::PaymentKey};
use payhook_conformance::stress::{InProcessTarget, LedgerAccess, LedgerState, Suite, TestPayment};
use payhook_postgres::PgLedger;

use crate::support::{Database, credits};

/// A process of the shop, which credits in the shop's own table.
struct Target {
    ledger: PgLedger,
    opened: Arc<Mutex<HashMap<String, TestPayment>>>,
}

impl LedgerAccess for Target {
    async fn register(&self, payment: &TestPayment) -> Result<(), BoxError> {
        let (gateway, expected) = (payment.gateway.as_str(), payment.expected()?);
        PgLedger::expect(self.ledger.pool(), gateway, &expected).await?;
        let mut opened = self.opened.lock().unwrap();
        opened.insert(payment.reference.clone(), payment.clone());
        Ok(())
    }

    async fn ledger_state(&self, reference: &str) -> Result<LedgerState, BoxError> {
        let opened = self.opened.lock().unwrap()[reference].clone();
        let (entries, sum) = credits(&self.ledger, reference).await;
        let key = PaymentKey::new(opened.gateway.as_str(), reference, "");
        let payment = self.ledger.peek(&key).await?.ok_or("not expected")?;
        let is_paid = matches!(
            payment.status(),
            PaymentStatus::Paid | PaymentStatus::Overpaid
        );
        Ok(LedgerState::new(sum, entries.try_into()?, is_paid)
            .currency(payment.expected().currency())
            .kind(payment.expected().kind())
            .held(payment.held()))
    }
}

impl Ledger for Target {
    type Transaction = <PgLedger as Ledger>::Transaction;

    delegate_ledger! {
        this => this.ledger;
        find, peek, owner, bind, save, unmatched
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_payment_is_credited_once() {
    let database = Database::new().await;
    let ledgers = [database.shop().await, database.shop().await];
    let (opened, started) = (Arc::default(), Mutex::new(0));
    let build = move || {
        let mut started = started.lock().unwrap();
        *started += 1;
        Target {
            ledger: ledgers[*started % 2].clone(),
            opened: Arc::clone(&opened),
        }
    };
    let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1").unwrap();
    let verifier = Verifier::new(key.clone(), TrackingIds::Prefixed);
    let endpoint = OrderEndpoint::new();
    let account = Account::new("5120").unwrap();
    let shop = InProcessTarget::new(build)
        .b2binpay(b2binpay::Gateway::new(verifier))
        .citypay(citypay::Gateway::new(account, endpoint.clone()))
        .replicas(2);
    let suite = Suite::new(7).b2binpay(key).citypay("5120", endpoint);
    let report = suite.run(&shop).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert!(report.results.iter().all(|row| row.is_tested), "{report}");
}
