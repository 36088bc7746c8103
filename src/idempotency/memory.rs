//! [`MemoryStore`]: an in-memory idempotency store.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::keys::IdempotencyKeys;
use super::{Claim, ClaimToken, IdempotencyStore, Lease};
use crate::fetch::BoxError;

mod records;

use records::{Limits, Records, State};

/// An idempotency store for one process.
///
/// It remembers handled callbacks for its [`retention`](Self::retention), and at most
/// [`capacity`](Self::capacity) of them. Unproven ones are deleted first, and never
/// displace proven ones; then those that were seen longest ago. Deletions leave a
/// mark: an unknown callback that is not newer than the mark gets
/// [`Claim::TooOld`] and never counts as new. A callback without a known time
/// ([`IdempotencyKeys::time`]) has no horizon, and a callback that is resent manually
/// after its deletion is new, since it has a new time.
///
/// A restart loses everything and leaves no mark. Use `RedisStore` or `PgStore` with
/// several processes, or if the data must survive a restart.
///
/// Clones share their data. It can be used by several threads.
///
/// See [`Idempotent`](crate::endpoint::Idempotent) for an example.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    records: Arc<Mutex<Records>>,
    limits: Limits,
}

impl MemoryStore {
    /// Creates a store with a lease of one minute, a retention of 30 days and a
    /// capacity of 100,000 callbacks, which take at most 120 MB.
    #[must_use]
    pub fn new() -> Self {
        Self {
            records: Arc::default(),
            limits: Limits {
                lease: Duration::from_secs(60),
                retention: Duration::from_secs(30 * 24 * 60 * 60),
                capacity: 100_000,
            },
        }
    }

    /// Sets the lease: the time after which the next delivery can take a handler's
    /// claim. At its exact end a lease has expired.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.limits.lease = lease;
        self
    }

    /// Sets how long a callback is remembered after it was last seen.
    #[must_use]
    pub fn retention(mut self, retention: Duration) -> Self {
        self.limits.retention = retention;
        self
    }

    /// Sets the maximum number of callbacks, and of delivery keys; at least one.
    #[must_use]
    pub fn capacity(mut self, capacity: usize) -> Self {
        self.limits.capacity = capacity.max(1);
        self
    }

    /// [`IdempotencyStore::claim`] at the time `now`: for tests that cannot wait for
    /// the end of a lease or a retention.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use payhook::{idempotency::{Claim, MemoryStore}};
    /// # use payhook::{idempotency::{IdempotencyKey, IdempotencyKeys}};
    /// # let keys = IdempotencyKeys::new(IdempotencyKey::from_bytes([1; 32]), IdempotencyKey::from_bytes([2; 32]), IdempotencyKey::from_bytes([3; 32]), None);
    ///
    /// let store = MemoryStore::new(); // a lease of a minute
    /// let now = Instant::now();
    /// assert!(matches!(store.claim_at(&keys, now)?, Claim::Acquired(_)));
    /// assert!(matches!(store.claim_at(&keys, now)?, Claim::InProgress));
    /// let end = now + Duration::from_secs(60);
    /// assert!(matches!(store.claim_at(&keys, end)?, Claim::Acquired(_)));
    /// # Ok::<(), payhook::BoxError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the store is full and nothing in it may be deleted yet.
    pub fn claim_at(&self, keys: &IdempotencyKeys, now: Instant) -> Result<Claim, BoxError> {
        self.records().claim(keys, now, &self.limits)
    }

    /// A panic elsewhere does not matter: the state is consistent between any two
    /// calls.
    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

/// The time is determined before locking: other threads wait for the lock.
impl IdempotencyStore for MemoryStore {
    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        self.claim_at(keys, Instant::now())
    }

    async fn complete(&self, token: ClaimToken) -> Result<Lease, BoxError> {
        let now = Instant::now();
        Ok(self.records().end(&token, State::Done, now))
    }

    async fn release(&self, token: ClaimToken) -> Result<Lease, BoxError> {
        let now = Instant::now();
        Ok(self.records().end(&token, State::Free, now))
    }
}
