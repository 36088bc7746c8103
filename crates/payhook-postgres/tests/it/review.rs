//! Manual review of held money.

use payhook::ledger::PaymentKey;
use payhook::payment::{Expected, HeldChanged, Payment, PaymentStatus, ReviewReason};
use payhook_postgres::PgLedger;
use payhook_postgres::sqlx;

use crate::support::{Database, GATEWAY, amount, body, credits, expect_deposit, post};

#[tokio::test(flavor = "multi_thread")]
async fn surplus_is_listed_and_accepted() {
    let database = Database::new().await;
    let ledger = database.shop().await;
    expect_deposit(&ledger, "order-1", "1").await;
    expect_deposit(&ledger, "order-2", "1").await;
    assert_eq!(post(&ledger, &body("order-1", "1", "1.5")).await, 200);
    assert_eq!(post(&ledger, &body("order-2", "2", "1")).await, 200);

    let held = PgLedger::held(ledger.pool(), 10).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].key, PaymentKey::new(GATEWAY, "order-1", ""));
    let parts = held[0].payment.held_parts();
    assert_eq!(parts[0].id, "1");
    assert_eq!(parts[0].amount, amount("0.5"));
    assert_eq!(parts[0].reasons, [ReviewReason::Overpaid]);
    let sums = PgLedger::sums(ledger.pool(), GATEWAY, "order-1")
        .await
        .unwrap();
    assert_eq!(sums.held, amount("0.5"));

    let (key, half) = (&held[0].key, amount("0.5"));
    // More arrived since the review.
    assert_eq!(post(&ledger, &body("order-1", "3", "0.1")).await, 200);
    let error = ledger.accept_held(key, &half).await.unwrap_err();
    let refused: &HeldChanged = error.downcast_ref().unwrap();
    assert_eq!(refused.held(), &amount("0.6"));
    assert!(ledger.reject_held(key, &half).await.is_err());
    assert_eq!(credits(&ledger, "order-1").await, (1, amount("1")));

    let changes = ledger.accept_held(key, &amount("0.60")).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].credited(), Some(&amount("0.6")));
    assert_eq!(credits(&ledger, "order-1").await, (2, amount("1.6")));
    assert!(PgLedger::held(ledger.pool(), 10).await.unwrap().is_empty());
    // Only once.
    assert!(ledger.accept_held(key, &amount("0.6")).await.is_err());
    assert_eq!(credits(&ledger, "order-1").await, (2, amount("1.6")));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_transfer_of_a_customer_is_accepted_and_another_rejected() {
    let database = Database::new().await;
    let ledger = database.shop().await;
    let expected = Expected::top_up("customer-1", "ETH")
        .unwrap()
        .require_lookup();
    PgLedger::expect(ledger.pool(), GATEWAY, &expected)
        .await
        .unwrap();
    for (part, of) in [("1", "0.25"), ("2", "0.5"), ("3", "1"), ("4", "2")] {
        assert_eq!(post(&ledger, &body("customer-1", part, of)).await, 200);
    }
    let held = PgLedger::held(ledger.pool(), 3).await.unwrap();
    let parts: Vec<&str> = held.iter().map(|held| &*held.key.part).collect();
    assert_eq!(parts, ["1", "2", "3"]);

    let decided = ledger.accept_held(&held[0].key, &amount("0.25")).await;
    assert_eq!(decided.unwrap().len(), 1);
    let decided = ledger.reject_held(&held[1].key, &amount("0.5")).await;
    assert_eq!(decided.unwrap().len(), 1);
    assert_eq!(credits(&ledger, "customer-1").await, (1, amount("0.25")));
    let all = PaymentKey::new(GATEWAY, "customer-1", "");
    let rest = ledger.accept_held(&all, &amount("3")).await.unwrap();
    assert_eq!(rest.len(), 2);
    assert_eq!(credits(&ledger, "customer-1").await, (3, amount("3.25")));
    let payments = PgLedger::payments(ledger.pool(), GATEWAY, "customer-1")
        .await
        .unwrap();
    let rejected: Vec<_> = payments.iter().map(Payment::rejected).collect();
    assert_eq!(rejected, ["0", "0.5", "0", "0"].map(amount));
    assert_eq!(payments[0].status(), PaymentStatus::Settled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_fails_changes_nothing() {
    let database = Database::new().await;
    let ledger = database.shop().await;
    expect_deposit(&ledger, "order-1", "1").await;
    assert_eq!(post(&ledger, &body("order-1", "1", "1.5")).await, 200);
    let key = PaymentKey::new(GATEWAY, "order-1", "1");
    let failing = ledger
        .clone()
        .on_change(|_, _, _, _| Box::pin(async { Err("no".into()) }));
    let half = amount("0.5");
    let error = failing.accept_held(&key, &half).await.unwrap_err();
    assert_eq!(error.to_string(), "no");
    let unknown = PaymentKey::new(GATEWAY, "order-2", "");
    assert!(ledger.accept_held(&unknown, &half).await.is_err());
    assert_eq!(PgLedger::held(ledger.pool(), 10).await.unwrap().len(), 1);
    // A callback's key identifies the payment, with any transfer.
    assert_eq!(ledger.reject_held(&key, &half).await.unwrap().len(), 1);
    assert_eq!(credits(&ledger, "order-1").await, (1, amount("1")));
}

/// Two people decide concurrently.
#[tokio::test(flavor = "multi_thread")]
async fn two_decisions_at_once_credit_once() {
    let database = Database::new().await;
    let (first, second) = (database.shop().await, database.shop().await);
    let expected = Expected::top_up("customer-1", "ETH")
        .unwrap()
        .require_lookup();
    PgLedger::expect(first.pool(), GATEWAY, &expected)
        .await
        .unwrap();
    assert_eq!(post(&first, &body("customer-1", "1", "0.25")).await, 200);
    let key = PaymentKey::new(GATEWAY, "customer-1", "");
    let quarter = amount("0.25");
    let (one, other) = tokio::join!(
        first.accept_held(&key, &quarter),
        second.accept_held(&key, &quarter)
    );
    assert_ne!(one.is_ok(), other.is_ok());
    assert_eq!(credits(&first, "customer-1").await, (1, amount("0.25")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_can_run_again() {
    let database = Database::new().await;
    let ledger = database.shop().await;
    let (first, second) = tokio::join!(ledger.migrate(), ledger.migrate());
    first.and(second).unwrap();
    sqlx::raw_sql(PgLedger::SCHEMA)
        .execute(ledger.pool())
        .await
        .unwrap();
}
