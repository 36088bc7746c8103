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

/// What is remembered beyond the retention: clocks differ, and some stamps have no
/// zone.
const MARGIN: Duration = Duration::from_secs(24 * 60 * 60);

/// How often the end of a claim is tried, and until when another attempt begins.
const ATTEMPTS: u32 = 10;
const PATIENCE: Duration = Duration::from_secs(10);

/// The pause before the second attempt; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// An idempotency store in Redis, for several processes. Clones share the
/// connection.
///
/// See the [crate] for an example, and for what the server has to be set to.
///
/// Any asynchronous connection that can be cloned will do; one that reconnects, such
/// as `ConnectionManager`, is what a server wants. Its timeouts decide how long an
/// unreachable Redis is waited for. `complete` and `release` are tried again, up to
/// ten times, while the connection breaks or Redis is loading its data, but not once
/// ten seconds have passed. They run on Tokio, with its timer.
///
/// A step is one atomic script and one round trip; where Redis does not know the
/// script, as after its start, it takes a second one.
#[derive(Clone)]
pub struct RedisStore<C> {
    connection: C,
    prefix: String,
    lease: Duration,
    retention: Duration,
}

impl<C> RedisStore<C> {
    /// Holds a claim for a minute, and remembers a callback for 30 days after it was
    /// last seen.
    #[must_use]
    pub fn new(connection: C) -> Self {
        Self {
            connection,
            prefix: String::new(),
            lease: Duration::from_secs(60),
            retention: Duration::from_secs(30 * 24 * 60 * 60),
        }
    }

    /// Keeps the keys of several merchants in one Redis apart; empty unless set.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            ..self
        }
    }

    /// How long a handler may take before its claim passes on to the next delivery:
    /// in whole milliseconds, at least one. At its exact end a lease has lapsed.
    #[must_use]
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// How old a callback may be that is not known: an older one is answered with
    /// [`Claim::TooOld`]. What is known is remembered for a day longer than
    /// that after it was last seen: clocks differ, and some stamps have no zone.
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
    /// Tried again if it may help: an end that is not noted would have the callback
    /// handled twice.
    async fn end(&self, token: &ClaimToken, state: &str) -> Result<Lease, BoxError> {
        let arguments = [
            self.key("claim", token.effect()),
            self.key("subject", ""),
            token.effect().to_string(),
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

    /// Runs a script by its hash, and by its text where Redis does not know it: to load
    /// it first would leave a moment in which it may be forgotten again.
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
            self.key("claim", keys.effect()),
            self.key("subject", ""),
            keys.subject().to_string(),
            keys.effect().to_string(),
            milliseconds(self.lease).to_string(),
            milliseconds(self.retention).to_string(),
            milliseconds(self.memory()).to_string(),
            time.unwrap_or_default(),
        ];
        let answer: Vec<String> = self.run(&CLAIM, &arguments).await?;
        let answer: Vec<&str> = answer.iter().map(String::as_str).collect();
        match answer.as_slice() {
            ["altered"] => Ok(Claim::Conflicting),
            ["beyond"] => Ok(Claim::TooOld),
            ["done"] => Ok(Claim::AlreadyHandled),
            ["fresh", fence] => Ok(fresh(keys.effect(), fence)?),
            ["in flight"] => Ok(Claim::InProgress),
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
    /// How many of its arguments are keys: the first ones.
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

fn fresh(effect: &IdempotencyKey, fence: &str) -> Result<Claim, RedisError> {
    let fence = fence.parse().map_err(|_| unreadable())?;
    Ok(Claim::Acquired(ClaimToken::new(*effect, fence)))
}

fn lease(is_held: bool) -> Lease {
    if is_held { Lease::Held } else { Lease::Lost }
}

/// Whether the connection is at fault, or Redis is about to be ready, and not what was
/// asked for.
fn is_transient(error: &RedisError) -> bool {
    error.is_io_error() || matches!(error.retry_method(), RetryMethod::WaitAndRetry)
}

fn unreadable() -> RedisError {
    RedisError::from((
        ErrorKind::UnexpectedReturnType,
        "the answer of the script is none of those that it has",
    ))
}

/// At least one, at most a hundred thousand years: what Redis takes for an expiry.
fn milliseconds(duration: Duration) -> i64 {
    const MOST: i64 = 100_000 * 365 * 24 * 60 * 60 * 1000;
    let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(MOST);
    milliseconds.clamp(1, MOST)
}
