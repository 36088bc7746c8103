//! Concurrent deliveries, failures before the commit, and restarts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use payhook::Ledger;
use payhook::ledger::PaymentKey;
use payhook::payment::{Expected, PaymentStatus};
use payhook::testing::b2binpay::deposit;
use payhook_postgres::PgLedger;
use payhook_postgres::sqlx;

use crate::support::{
    Database, GATEWAY, amount, body, crediting, credits, expect_deposit, post, sign,
};

/// Posts to both replicas concurrently, until each delivery is accepted.
async fn race(replicas: &[PgLedger], bodies: &[Vec<u8>]) {
    let mut posts = Vec::new();
    for body in bodies {
        for replica in replicas {
            let (replica, body) = (replica.clone(), body.clone());
            posts.push(tokio::spawn(async move {
                // The gateway retries a delivery that was answered with 503.
                for _ in 0..20 {
                    match post(&replica, &body).await {
                        200 => return,
                        status => assert_eq!(status, 503),
                    }
                }
                panic!("never accepted");
            }));
        }
    }
    for post in posts {
        post.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_callback_on_two_replicas_is_credited_once() {
    let database = Database::new().await;
    let replicas = [database.shop().await, database.shop().await];
    for round in 0..20 {
        let reference = format!("order-{round}");
        expect_deposit(&replicas[0], &reference, "0.412").await;
        let body = body(&reference, &format!("1{round}"), "0.412");
        race(&replicas, &[body.clone(), body]).await;
        assert_eq!(
            credits(&replicas[0], &reference).await,
            (1, amount("0.412"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_parts_at_once_are_both_credited_once() {
    let database = Database::new().await;
    let replicas = [database.shop().await, database.shop().await];
    for round in 0..20 {
        let reference = format!("order-{round}");
        expect_deposit(&replicas[0], &reference, "1").await;
        let bodies = [
            body(&reference, &format!("1{round}"), "0.25"),
            body(&reference, &format!("2{round}"), "0.75"),
        ];
        race(&replicas, &bodies).await;
        assert_eq!(credits(&replicas[0], &reference).await, (2, amount("1")));
        let payments = PgLedger::payments(replicas[0].pool(), GATEWAY, &reference).await;
        assert_eq!(payments.unwrap()[0].status(), PaymentStatus::Paid);
    }
}

/// Rule 13, on two replicas: a changed callback claims the transfer for another payment
/// concurrently.
#[tokio::test(flavor = "multi_thread")]
async fn one_transfer_under_two_references_is_credited_once() {
    let database = Database::new().await;
    let replicas = [database.shop().await, database.shop().await];
    for round in 0..20 {
        let references = [format!("order-{round}"), format!("other-{round}")];
        for reference in &references {
            expect_deposit(&replicas[0], reference, "0.5").await;
        }
        let part = format!("7{round}");
        let bodies = references
            .each_ref()
            .map(|reference| body(reference, &part, "0.5"));
        race(&replicas, &bodies).await;
        let first = credits(&replicas[0], &references[0]).await.0;
        let second = credits(&replicas[0], &references[1]).await.0;
        assert_eq!(first + second, 1, "{first} and {second}");
        let held = PgLedger::held(replicas[0].pool(), 100).await.unwrap();
        assert_eq!(held.len(), round + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_closure_rolls_everything_back() {
    let database = Database::new().await;
    let fails = Arc::new(AtomicBool::new(true));
    let ledger = PgLedger::new(database.pool().await).on_change({
        let fails = fails.clone();
        move |connection, key, _, _| {
            let fails = fails.clone();
            Box::pin(async move {
                sqlx::query("INSERT INTO credits (reference, amount) VALUES ($1, 1)")
                    .bind(&key.reference)
                    .execute(&mut *connection)
                    .await?;
                if fails.load(Ordering::Relaxed) {
                    return Err("no such account".into());
                }
                Ok(())
            })
        }
    });
    expect_deposit(&ledger, "order-1", "0.412").await;
    let body = body("order-1", "1", "0.412");
    assert_eq!(post(&ledger, &body).await, 503);
    assert_eq!(credits(&ledger, "order-1").await.0, 0);
    for rows in ["payhook_histories WHERE history <> ''", "payhook_bindings"] {
        let count = format!("SELECT count(*) FROM {rows}");
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(count))
            .fetch_one(ledger.pool())
            .await
            .unwrap();
        assert_eq!(count, 0, "{rows}");
    }
    fails.store(false, Ordering::Relaxed);
    assert_eq!(post(&ledger, &body).await, 200);
    assert_eq!(credits(&ledger, "order-1").await.0, 1);
}

/// PostgreSQL answers the commit of a failed transaction with a rollback, but without
/// an error.
#[tokio::test(flavor = "multi_thread")]
async fn a_closure_that_ignores_its_error_is_no_success() {
    let database = Database::new().await;
    let ledger = PgLedger::new(database.pool().await).on_change(|connection, _, _, _| {
        Box::pin(async move {
            let ignored = sqlx::query("INSERT INTO nowhere VALUES (1)");
            let _ = ignored.execute(&mut *connection).await;
            Ok(())
        })
    });
    expect_deposit(&ledger, "order-1", "0.412").await;
    let body = body("order-1", "1", "0.412");
    assert_eq!(post(&ledger, &body).await, 503);
    assert_eq!(post(&crediting(ledger.clone()), &body).await, 200);
    assert_eq!(credits(&ledger, "order-1").await.0, 1);
}

/// The payment may have been stored by the merchant's own SQL.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_history_is_created() {
    let database = Database::new().await;
    let ledger = database.shop().await;
    expect_deposit(&ledger, "order-1", "0.412").await;
    sqlx::query("DELETE FROM payhook_histories")
        .execute(ledger.pool())
        .await
        .unwrap();
    let body = body("order-1", "1", "0.412");
    let replies = [(); 4].map(|()| {
        tokio::spawn({
            let (ledger, body) = (ledger.clone(), body.clone());
            async move { post(&ledger, &body).await }
        })
    });
    for reply in replies {
        assert_eq!(reply.await.unwrap(), 200);
    }
    assert_eq!(credits(&ledger, "order-1").await.0, 1);
}

/// Otherwise it would be credited again with the next delivery.
#[tokio::test(flavor = "multi_thread")]
async fn a_closure_that_deletes_the_history_credits_nothing() {
    let database = Database::new().await;
    let ledger = PgLedger::new(database.pool().await).on_change(|connection, key, _, _| {
        Box::pin(async move {
            sqlx::query("INSERT INTO credits (reference, amount) VALUES ($1, 1)")
                .bind(&key.reference)
                .execute(&mut *connection)
                .await?;
            sqlx::query("DELETE FROM payhook_histories")
                .execute(&mut *connection)
                .await?;
            Ok(())
        })
    });
    expect_deposit(&ledger, "order-1", "0.412").await;
    let body = body("order-1", "1", "0.412");
    assert_eq!(post(&ledger, &body).await, 503);
    assert_eq!(credits(&ledger, "order-1").await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_held_by_another_transaction_is_503_in_time() {
    let database = Database::new().await;
    let ledger = database
        .shop()
        .await
        .lock_timeout(Duration::from_millis(300));
    expect_deposit(&ledger, "order-1", "0.412").await;
    let mut elsewhere = ledger.pool().begin().await.unwrap();
    sqlx::query("SELECT FROM payhook_histories WHERE reference = 'order-1' FOR UPDATE")
        .execute(&mut *elsewhere)
        .await
        .unwrap();
    let body = body("order-1", "1", "0.412");
    let start = Instant::now();
    assert_eq!(post(&ledger, &body).await, 503);
    let elapsed = start.elapsed();
    assert!(elapsed >= Duration::from_millis(300), "{elapsed:?}");
    assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");
    elsewhere.rollback().await.unwrap();
    assert_eq!(post(&ledger, &body).await, 200);
    assert_eq!(credits(&ledger, "order-1").await.0, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_waits_no_longer_than_the_lock_timeout() {
    let database = Database::new().await;
    let ledger = database
        .shop()
        .await
        .lock_timeout(Duration::from_millis(300));
    for reference in ["order-1", "order-2"] {
        expect_deposit(&ledger, reference, "0.5").await;
    }
    let key = |reference: &str| PaymentKey::new(GATEWAY, reference, "1");
    let (mut first, _) = ledger.find(&key("order-1")).await.unwrap().unwrap();
    let (mut second, _) = ledger.find(&key("order-2")).await.unwrap().unwrap();
    assert_eq!(
        ledger.bind(&mut first, "part", "order-1").await.unwrap(),
        "order-1"
    );
    assert!(ledger.bind(&mut second, "part", "order-2").await.is_err());
    drop(second);
    first.commit().await.unwrap();
    let (mut second, _) = ledger.find(&key("order-2")).await.unwrap().unwrap();
    assert_eq!(
        ledger.owner(&mut second, "part").await.unwrap().as_deref(),
        Some("order-1")
    );
    assert_eq!(
        ledger.bind(&mut second, "part", "order-2").await.unwrap(),
        "order-1"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_transfers_do_not_wait_for_each_other() {
    let database = Database::new().await;
    let ledger = database
        .shop()
        .await
        .lock_timeout(Duration::from_millis(300));
    let expected = Expected::top_up("customer-1", "ETH").unwrap();
    PgLedger::expect(ledger.pool(), GATEWAY, &expected)
        .await
        .unwrap();
    let first = PaymentKey::new(GATEWAY, "customer-1", "1");
    let locked = ledger.find(&first).await.unwrap().unwrap();
    assert_eq!(post(&ledger, &body("customer-1", "2", "0.5")).await, 200);
    // A delivery of the same transfer waits until the lock timeout.
    assert_eq!(post(&ledger, &body("customer-1", "1", "0.25")).await, 503);
    drop(locked);
    assert_eq!(post(&ledger, &body("customer-1", "1", "0.25")).await, 200);
    assert_eq!(credits(&ledger, "customer-1").await, (2, amount("0.75")));
    let sums = PgLedger::sums(ledger.pool(), GATEWAY, "customer-1")
        .await
        .unwrap();
    assert_eq!(sums.credited, amount("0.75"));
    assert_eq!(sums.received, amount("0.75"));
    assert_eq!(sums.held, amount("0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_changes_nothing() {
    let database = Database::new().await;
    expect_deposit(&database.shop().await, "order-1", "1").await;
    let bodies = [
        sign(
            &deposit()
                .tracking_id("order-1")
                .transfer_id("1")
                .amount("0.4")
                .unconfirmed(1),
        ),
        body("order-1", "1", "0.4"),
        body("order-1", "1", "0.4"),
        body("order-1", "2", "0.6"),
        body("order-1", "2", "0.6"),
    ];
    let wanted = [(0, "0"), (1, "0.4"), (1, "0.4"), (2, "1"), (2, "1")];
    for (body, (count, sum)) in bodies.iter().zip(wanted) {
        // A new process: only the database is left of the previous one.
        let ledger = database.shop().await;
        assert_eq!(post(&ledger, body).await, 200);
        assert_eq!(credits(&ledger, "order-1").await, (count, amount(sum)));
        ledger.pool().close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_rolled_back_is_not_expected() {
    let database = Database::new().await;
    let ledger = database.shop().await;
    let expected = Expected::deposit("order-1", "ETH", amount("1")).unwrap();
    let mut transaction = ledger.pool().begin().await.unwrap();
    PgLedger::expect(&mut *transaction, GATEWAY, &expected)
        .await
        .unwrap();
    transaction.rollback().await.unwrap();
    assert!(
        PgLedger::payments(ledger.pool(), GATEWAY, "order-1")
            .await
            .unwrap()
            .is_empty()
    );

    // Then it is unmatched: it is recorded once, and accepted when there is a payment.
    let body = body("order-1", "1", "1");
    for _ in 0..2 {
        assert_eq!(post(&ledger, &body).await, 200);
    }
    let noted: Vec<(String, String, String, i64)> =
        sqlx::query_as("SELECT reference, part, note, times FROM payhook_unmatched")
            .fetch_all(ledger.pool())
            .await
            .unwrap();
    let note = (
        "order-1".into(),
        "1".into(),
        "deposit 1.000000000000000000 ETH".into(),
        2,
    );
    assert_eq!(noted, [note]);
    expect_deposit(&ledger, "order-1", "1").await;
    assert_eq!(post(&ledger, &body).await, 200);
    assert_eq!(credits(&ledger, "order-1").await, (1, amount("1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_expected_is_stored() {
    let database = Database::new().await;
    let ledger = database.shop().await;
    let deadline = "2026-03-02T12:00:00.000001Z".parse().unwrap();
    let all = [
        Expected::invoice("inv-1", "USD", amount("100.00"))
            .unwrap()
            .tolerance(amount("0.01"))
            .unwrap()
            .decimals(8)
            .deadline(deadline)
            .trust_reported_conversion()
            .require_lookup(),
        Expected::top_up("customer-1", "USDT").unwrap(),
        Expected::payout("wd-1", "BTC", amount("1e-8")).unwrap(),
    ];
    for expected in &all {
        PgLedger::expect(ledger.pool(), GATEWAY, expected)
            .await
            .unwrap();
        let payments = PgLedger::payments(ledger.pool(), GATEWAY, expected.reference()).await;
        assert_eq!(payments.unwrap()[0].expected(), expected);
        let again = PgLedger::expect(ledger.pool(), GATEWAY, expected)
            .await
            .unwrap_err();
        assert!(again.as_database_error().unwrap().is_unique_violation());
    }
    // The same reference at another gateway is another payment.
    let order = Expected::order("inv-1", "EUR", amount("5")).unwrap();
    PgLedger::expect(ledger.pool(), "citypay", &order)
        .await
        .unwrap();
}

/// The transfer's id of a verified callback is not signed, and JSON can contain NUL.
#[tokio::test(flavor = "multi_thread")]
async fn any_text_of_a_callback_can_be_stored() {
    let database = Database::new().await;
    let ledger = database.shop().await;
    let key = PaymentKey::new(GATEWAY, "order\0", "1\0");
    assert!(ledger.find(&key).await.unwrap().is_none());
    assert!(ledger.peek(&key).await.unwrap().is_none());

    PgLedger::expect(
        ledger.pool(),
        GATEWAY,
        &Expected::top_up("customer-1", "ETH").unwrap(),
    )
    .await
    .unwrap();
    let key = PaymentKey::new(GATEWAY, "customer-1", "1\0\\");
    let (mut transaction, payment) = ledger.find(&key).await.unwrap().unwrap();
    for _ in 0..2 {
        let owner = ledger
            .bind(&mut transaction, "a\0b", "c\0\\d")
            .await
            .unwrap();
        assert_eq!(owner, "c\0\\d");
    }
    let change = payhook::payment::Change::default();
    ledger
        .save(transaction, &key, &payment, &change)
        .await
        .unwrap();
    assert!(ledger.peek(&key).await.unwrap().is_some());

    for (reference, part) in [("unknown\\", "1"), (&*"ö".repeat(400), "2\\")] {
        let body = sign(&deposit().tracking_id(reference).transfer_id(part));
        assert_eq!(post(&ledger, &body).await, 200, "{reference:?}");
    }
}
