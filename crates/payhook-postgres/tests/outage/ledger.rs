//! A kill of the server loses a payment's history and its credit together, or neither.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use payhook::Endpoint;
use payhook::b2binpay::{Gateway, TrackingIds, Verifier};
use payhook::payment::Expected;
use payhook_postgres::sqlx::{self, PgPool};
use payhook_postgres::{Numeric, PgLedger};
use tokio::task::JoinSet;

use crate::survival::{HOLD, PAYMENTS, deposit, key, server, unique, until};

pub(crate) async fn survives(pool: PgPool) {
    sqlx::raw_sql("CREATE TABLE credits (reference text, amount numeric)")
        .execute(&pool)
        .await
        .unwrap();
    let open = Arc::new(AtomicUsize::new(0));
    let ledger = PgLedger::new(pool.clone()).on_change({
        let open = Arc::clone(&open);
        move |connection, key, _, change| {
            let open = Arc::clone(&open);
            Box::pin(async move {
                sqlx::query("INSERT INTO credits VALUES ($1, $2)")
                    .bind(&key.reference)
                    .bind(change.credited().cloned().map(Numeric))
                    .execute(&mut *connection)
                    .await?;
                open.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(HOLD).await;
                open.fetch_sub(1, Ordering::Relaxed);
                Ok(())
            })
        }
    });
    ledger.migrate().await.unwrap();
    let run = unique("order");
    for number in 0..PAYMENTS {
        let reference = format!("{run}-{number}");
        // The default amount of the builder's deposits.
        let expected = Expected::deposit(&reference, "ETH", "0.412".parse().unwrap()).unwrap();
        PgLedger::expect(&pool, "b2binpay", &expected)
            .await
            .unwrap();
    }
    let gateway = Gateway::new(Verifier::new(key(), TrackingIds::Prefixed));
    let endpoint = Arc::new(Endpoint::new(gateway, ledger));
    let (refused, taken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut senders = JoinSet::new();
    for number in 0..PAYMENTS {
        for copy in 0..2 {
            let (endpoint, refused) = (Arc::clone(&endpoint), Arc::clone(&refused));
            let (taken, reference) = (Arc::clone(&taken), format!("{run}-{number}"));
            senders.spawn(async move {
                let spread = u64::try_from(number * 10).unwrap();
                tokio::time::sleep(Duration::from_millis(spread)).await;
                for attempt in 0..3000 {
                    let body = deposit(&reference, &number.to_string(), 10_000 * copy + attempt);
                    let reply = endpoint.receive(&body, None).await;
                    match reply.status() {
                        200 => {
                            taken.fetch_add(1, Ordering::Relaxed);
                            return;
                        }
                        503 => refused.fetch_add(1, Ordering::Relaxed),
                        _ => panic!("{}", reply.disposition()),
                    };
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                panic!("{reference} is never taken");
            });
        }
    }
    let is_in_the_middle =
        || taken.load(Ordering::Relaxed) > PAYMENTS / 10 && open.load(Ordering::Relaxed) > 0;
    until("credits and open transactions", is_in_the_middle).await;
    let before = refused.load(Ordering::Relaxed);
    server("kill", "postgres").await;
    until("a failure", || refused.load(Ordering::Relaxed) > before).await;
    server("start", "postgres").await;
    while let Some(sender) = senders.join_next().await {
        sender.unwrap();
    }
    let wrong: Vec<(String, i64)> = sqlx::query_as(
        "SELECT reference, count(credits.amount) FROM payhook_payments LEFT JOIN credits USING (reference)
         GROUP BY reference HAVING count(credits.amount) <> 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(wrong.is_empty(), "not credited once: {wrong:?}");
}
