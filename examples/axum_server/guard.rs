//! Where the claims are.

use payhook::redis::RedisError;
use payhook::redis::aio::ConnectionManager;
use payhook::{
    AsyncGuard, Claim, ClaimToken, HandlerError, IdempotencyKeys, Lease, MemoryGuard, PgGuard,
    RedisGuard,
};

/// One type for what the configuration chooses.
#[derive(Clone)]
pub(crate) enum Claims {
    /// In the store's transaction, together with the credit.
    WithTheCredit(PgGuard),
    InMemory(MemoryGuard),
    InRedis(RedisGuard<ConnectionManager>),
}

impl Claims {
    pub(crate) fn with_the_credit(&self) -> Option<PgGuard> {
        match self {
            Self::WithTheCredit(guard) => Some(guard.clone()),
            Self::InMemory(_) | Self::InRedis(_) => None,
        }
    }
}

impl AsyncGuard for Claims {
    type Error = HandlerError;

    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, HandlerError> {
        Ok(match self {
            Self::WithTheCredit(guard) => guard.before_transactions().claim(keys).await?,
            Self::InMemory(guard) => AsyncGuard::claim(guard, keys).await?,
            Self::InRedis(guard) => guard
                .claim(keys)
                .await
                .map_err(|error| unreachable(&error))?,
        })
    }

    async fn complete(&self, token: ClaimToken) -> Result<Lease, HandlerError> {
        Ok(match self {
            Self::WithTheCredit(guard) => guard.before_transactions().complete(token).await?,
            Self::InMemory(guard) => AsyncGuard::complete(guard, token).await?,
            Self::InRedis(guard) => guard
                .complete(token)
                .await
                .map_err(|error| unreachable(&error))?,
        })
    }

    async fn release(&self, token: ClaimToken) -> Result<Lease, HandlerError> {
        Ok(match self {
            Self::WithTheCredit(guard) => guard.before_transactions().release(token).await?,
            Self::InMemory(guard) => AsyncGuard::release(guard, token).await?,
            Self::InRedis(guard) => guard
                .release(token)
                .await
                .map_err(|error| unreachable(&error))?,
        })
    }
}

/// Redis' errors show the address, and with it perhaps a password.
fn unreachable(error: &RedisError) -> HandlerError {
    format!("Redis: {:?}", error.kind()).into()
}
