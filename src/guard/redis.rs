//! [`RedisGuard`]: remembers in Redis.

use std::sync::LazyLock;
use std::time::Duration;

use ::redis::aio::ConnectionLike;
use ::redis::{ErrorKind, RedisError, Script};

use super::keys::IdempotencyKeys;
use super::{AsyncGuard, Claim, ClaimToken, Lease, MARGIN};

// A script's name is its hash: made once.
static CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("claim.lua")));
static END: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("end.lua")));

/// A guard in Redis (6 or newer), for several processes. Feature `redis`.
///
/// ```no_run
/// use payhook::RedisGuard;
/// use payhook::redis::Client;
///
/// # async fn connect() -> Result<(), payhook::redis::RedisError> {
/// let client = Client::open("redis://127.0.0.1")?;
/// let guard = RedisGuard::new(client.get_multiplexed_async_connection().await?);
/// # let _ = guard;
/// # Ok(())
/// # }
/// ```
///
/// Any asynchronous connection that can be cloned will do; one that reconnects,
/// such as `ConnectionManager`, is what a server wants. Its timeouts decide how
/// long an unreachable Redis is waited for. Runtime and TLS are chosen with the
/// features of the `redis` crate in the merchant's own build.
///
/// A step is one atomic script and one round trip; the first one after Redis has
/// started takes two more, by which it learns the script. All keys have one hash
/// tag, so that they stay together in a cluster.
///
/// What Redis loses is forgotten without a mark: have it append to disk
/// (`appendonly yes`), never evict (`maxmemory-policy noeviction`), and know
/// that a failover may lose the last second.
#[derive(Clone)]
pub struct RedisGuard<C> {
    connection: C,
    prefix: String,
    lease: Duration,
    retention: Duration,
}

impl<C> RedisGuard<C> {
    /// Holds a claim for a minute, and remembers a callback for 30 days after it
    /// was last seen.
    #[must_use]
    pub fn new(connection: C) -> Self {
        Self {
            connection,
            prefix: String::new(),
            lease: Duration::from_secs(60),
            retention: Duration::from_secs(30 * 24 * 60 * 60),
        }
    }

    /// Tells the keys of several merchants in one Redis apart; nothing unless
    /// set.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            ..self
        }
    }

    /// How long a handler may take before its claim passes on to the next
    /// delivery: whole milliseconds, at least one. At its exact end a lease has
    /// lapsed.
    #[must_use]
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// How old a callback may be that is not known: an older one is answered with
    /// [`Claim::BeyondHorizon`]. A known one is remembered for a day longer than
    /// that after it was last seen: clocks differ, and some stamps have no zone.
    #[must_use]
    pub fn retention(self, retention: Duration) -> Self {
        Self { retention, ..self }
    }

    fn memory(&self) -> Duration {
        self.retention.saturating_add(MARGIN)
    }

    fn key(&self, kind: &str, key: impl std::fmt::Display) -> String {
        // The tag in braces is never empty: it keeps them on one node.
        format!("{{payhook:{}}}:{kind}:{key}", self.prefix)
    }
}

impl<C: ConnectionLike + Clone + Send + Sync> RedisGuard<C> {
    /// Tried again if the connection breaks: an end that is not noted would
    /// have the callback handled twice.
    async fn end(&self, token: ClaimToken, retention: &str) -> Result<Lease, RedisError> {
        let mut call = END.key(self.key("effect", token.effect()));
        call.arg(token.fence()).arg(retention);
        let mut attempts = 0;
        loop {
            attempts += 1;
            match call.invoke_async(&mut self.connection.clone()).await {
                Ok(true) => return Ok(Lease::Held),
                Ok(false) => return Ok(Lease::Lost),
                // The connection is at fault, and not what was said over it.
                Err(error) if attempts < 3 && error.is_io_error() => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl<C: ConnectionLike + Clone + Send + Sync> AsyncGuard for RedisGuard<C> {
    type Error = RedisError;

    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, RedisError> {
        let time = keys.time().map(|time| time.timestamp_millis().to_string());
        let answer: Vec<String> = CLAIM
            .key(self.key("delivery", keys.delivery()))
            .arg(self.key("effect", ""))
            .arg(keys.effect().to_string())
            .arg(milliseconds(self.lease))
            .arg(milliseconds(self.retention))
            .arg(milliseconds(self.memory()))
            .arg(time.unwrap_or_default())
            .invoke_async(&mut self.connection.clone())
            .await?;
        let answer: Vec<&str> = answer.iter().map(String::as_str).collect();
        match answer.as_slice() {
            ["altered"] => Ok(Claim::Altered),
            ["beyond"] => Ok(Claim::BeyondHorizon),
            ["done"] => Ok(Claim::Done),
            ["fresh", fence] => {
                let fence = fence.parse().map_err(|_| unreadable())?;
                Ok(Claim::Fresh(ClaimToken::new(*keys.effect(), fence)))
            }
            ["in flight"] => Ok(Claim::InFlight),
            _ => Err(unreadable()),
        }
    }

    async fn complete(&self, token: ClaimToken) -> Result<Lease, RedisError> {
        self.end(token, &milliseconds(self.memory()).to_string())
            .await
    }

    async fn release(&self, token: ClaimToken) -> Result<Lease, RedisError> {
        self.end(token, "").await
    }
}

impl<C> std::fmt::Debug for RedisGuard<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisGuard")
            .field("prefix", &self.prefix)
            .field("lease", &self.lease)
            .field("retention", &self.retention)
            .finish_non_exhaustive()
    }
}

fn unreadable() -> RedisError {
    RedisError::from((
        ErrorKind::UnexpectedReturnType,
        "the guard's keys hold something else",
    ))
}

/// At least one, at most a hundred thousand years: what Redis takes for an
/// expiry.
fn milliseconds(duration: Duration) -> i64 {
    const MOST: i64 = 100_000 * 365 * 24 * 60 * 60 * 1000;
    let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(MOST);
    milliseconds.clamp(1, MOST)
}
