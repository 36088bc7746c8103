use payhook::sqlx::PgPool;
use payhook::{AsyncHandler, Callback, HandlerError, PgClaim, PgGuard, Verified};

struct Shop {
    pool: PgPool,
    guard: PgGuard,
}

impl AsyncHandler for Shop {
    type Error = HandlerError;

    async fn handle(&self, callback: Verified<Callback>) -> Result<(), HandlerError> {
        let mut transaction = self.pool.begin().await?;
        match self.guard.claim_in(&mut transaction, &callback.idempotency_keys("")).await? {
            PgClaim::Fresh => {
                // … lock the order's row (`FOR UPDATE`), reconcile, credit or note, all with
                // `&mut *transaction` …
                transaction.commit().await?; // whatever came of it: a note is a result, too
                Ok(())
            }
            PgClaim::Done => Ok(()),
            other => Err(format!("{other:?}").into()), // dropped, it rolls back
        }
    }
}
