//! [`RedisStore`]: an idempotency store in Redis.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use payhook::{
    BoxError,
    idempotency::{Claim, ClaimToken, IdempotencyKey, IdempotencyKeys, IdempotencyStore, Lease},
};
use redis::aio::ConnectionLike;
use redis::{
    Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, RetryMethod, Script, ServerErrorKind,
};
use tokio::time::{Instant, sleep};

static CLAIM: LazyLock<Step> = LazyLock::new(|| Step::new(include_str!("claim.lua"), 3));
static END: LazyLock<Step> = LazyLock::new(|| Step::new(include_str!("end.lua"), 1));

/// The time that callbacks are kept beyond the retention: clocks differ, and some
/// timestamps have no zone.
const MARGIN: Duration = Duration::from_secs(24 * 60 * 60);

/// The number of attempts to end a claim, and the time after which no attempt begins.
const ATTEMPTS: u32 = 10;
const PATIENCE: Duration = Duration::from_secs(10);

/// The pause before the second attempt; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// An idempotency store in Redis, for several processes. Clones share the
/// connection.
///
/// See the [crate] for an example and the configuration of Redis.
///
/// It works with any asynchronous connection that can be cloned; a server should use one
/// that reconnects, such as `ConnectionManager`. The connection's timeouts determine how
/// long a step waits for an unreachable Redis. `complete` and `release` are retried up to
/// ten times and ten seconds while the connection breaks or Redis loads its data; they
/// need Tokio's timer.
///
/// A step is one atomic script and one round trip; a second one if Redis does not know
/// the script, as after its start.
#[derive(Clone)]
pub struct RedisStore<C> {
    connection: C,
    prefix: String,
    lease: Duration,
    retention: Duration,
}

impl<C> RedisStore<C> {
    /// Creates a store with a lease of one minute and a retention of 30 days.
    #[must_use]
    pub fn new(connection: C) -> Self {
        Self {
            connection,
            prefix: String::new(),
            lease: Duration::from_secs(60),
            retention: Duration::from_secs(30 * 24 * 60 * 60),
        }
    }

    /// Sets a prefix that separates the keys of several merchants in one Redis; empty by
    /// default.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            ..self
        }
    }

    /// Sets the lease: how long a handler may take before another delivery can acquire
    /// its claim. In whole milliseconds, at least one. A lease has expired at its exact
    /// end.
    #[must_use]
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// Sets the maximum age of an unknown callback; the result for an older one is
    /// [`Claim::TooOld`]. Known callbacks are kept for one more day after they were last
    /// seen: clocks differ, and some timestamps have no zone.
    #[must_use]
    pub fn retention(self, retention: Duration) -> Self {
        Self { retention, ..self }
    }

    fn memory(&self) -> Duration {
        self.retention.saturating_add(MARGIN)
    }

    fn key(&self, kind: &str, key: impl fmt::Display) -> String {
        // The tag in braces is never empty: it keeps them on one node.
        format!("{{payhook:{}}}:{kind}:{key}", self.prefix)
    }
}

impl<C: ConnectionLike + Clone + Send + Sync> RedisStore<C> {
    /// Retries if that may help: if the end of a claim is not recorded, the callback is
    /// handled twice.
    async fn end(&self, token: &ClaimToken, state: &str) -> Result<Lease, BoxError> {
        let arguments = [
            self.key("claim", token.event()),
            self.key("subject", ""),
            token.event().to_string(),
            token.fence().to_string(),
            milliseconds(self.memory()).to_string(),
            state.to_owned(),
        ];
        let (start, mut pause) = (Instant::now(), FIRST_PAUSE);
        for _ in 1..ATTEMPTS {
            match self.run(&END, &arguments).await {
                Ok(is_held) => return Ok(lease(is_held)),
                Err(error) if is_transient(&error) && start.elapsed() < PATIENCE => {}
                Err(error) => return Err(error.into()),
            }
            sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        Ok(lease(self.run(&END, &arguments).await?))
    }

    /// Runs a script by its hash, or by its text if Redis does not know it. Loading it
    /// first would not help: Redis could drop it before it runs.
    async fn run<T: FromRedisValue>(&self, step: &Step, arguments: &[String]) -> RedisResult<T> {
        let mut connection = self.connection.clone();
        let by_hash = step.command("EVALSHA", &step.hash, arguments);
        match by_hash.query_async(&mut connection).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                let by_text = step.command("EVAL", step.text, arguments);
                by_text.query_async(&mut connection).await
            }
            answer => answer,
        }
    }
}

impl<C: ConnectionLike + Clone + Send + Sync> IdempotencyStore for RedisStore<C> {
    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, BoxError> {
        let time = keys.time().map(|time| time.timestamp_micros().to_string());
        let arguments = [
            self.key("delivery", keys.delivery()),
            self.key("subject", keys.subject()),
            self.key("claim", keys.event()),
            self.key("subject", ""),
            keys.subject().to_string(),
            keys.event().to_string(),
            milliseconds(self.lease).to_string(),
            milliseconds(self.retention).to_string(),
            milliseconds(self.memory()).to_string(),
            time.unwrap_or_default(),
        ];
        let answer: Vec<String> = self.run(&CLAIM, &arguments).await?;
        let answer: Vec<&str> = answer.iter().map(String::as_str).collect();
        match answer.as_slice() {
            ["conflicting"] => Ok(Claim::Conflicting),
            ["too_old"] => Ok(Claim::TooOld),
            ["done"] => Ok(Claim::AlreadyHandled),
            ["acquired", fence] => Ok(acquired(keys.event(), fence)?),
            ["in_progress"] => Ok(Claim::InProgress),
            ["superseded"] => Ok(Claim::Superseded),
            _ => Err(unreadable().into()),
        }
    }

    async fn complete(&self, token: ClaimToken) -> Result<Lease, BoxError> {
        self.end(&token, "done").await
    }

    async fn release(&self, token: ClaimToken) -> Result<Lease, BoxError> {
        self.end(&token, "free").await
    }
}

impl<C> fmt::Debug for RedisStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .field("lease", &self.lease)
            .field("retention", &self.retention)
            .finish_non_exhaustive()
    }
}

/// A script, which runs as a whole or not at all.
struct Step {
    text: &'static str,
    hash: String,
    /// The number of keys, which are the first arguments.
    keys: usize,
}

impl Step {
    fn new(text: &'static str, keys: usize) -> Self {
        let hash = Script::new(text).get_hash().to_owned();
        Self { text, hash, keys }
    }

    fn command(&self, command: &str, script: &str, arguments: &[String]) -> Cmd {
        let mut call = redis::cmd(command);
        call.arg(script).arg(self.keys).arg(arguments);
        call
    }
}

fn acquired(event: &IdempotencyKey, fence: &str) -> Result<Claim, RedisError> {
    let fence = fence.parse().map_err(|_| unreadable())?;
    Ok(Claim::Acquired(ClaimToken::new(*event, fence)))
}

fn lease(is_held: bool) -> Lease {
    if is_held { Lease::Held } else { Lease::Lost }
}

/// Whether the failure is temporary: the connection broke, or Redis is loading its data.
fn is_transient(error: &RedisError) -> bool {
    error.is_io_error() || matches!(error.retry_method(), RetryMethod::WaitAndRetry)
}

fn unreadable() -> RedisError {
    RedisError::from((
        ErrorKind::UnexpectedReturnType,
        "unexpected response of the script",
    ))
}

/// At least one, and at most a hundred thousand years, which Redis accepts as an expiry.
fn milliseconds(duration: Duration) -> i64 {
    const MOST: i64 = 100_000 * 365 * 24 * 60 * 60 * 1000;
    let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(MOST);
    milliseconds.clamp(1, MOST)
}
