//! The commands that a [`RedisStore`] sends, and its results for each response.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use payhook::chrono::DateTime;
use payhook::{
    BoxError,
    idempotency::{Claim, ClaimToken, IdempotencyKey, IdempotencyKeys, IdempotencyStore, Lease},
};
use payhook_redis::RedisStore;
use redis::aio::ConnectionLike;
use redis::{Arg, Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult, Value};
use tokio::time::Instant;

/// Returns configured responses, and records the commands.
#[derive(Clone, Default)]
struct Line {
    answers: Arc<Mutex<VecDeque<RedisResult<Value>>>>,
    commands: Arc<Mutex<Vec<Vec<String>>>>,
    /// How long each answer takes.
    delay: Duration,
}

impl Line {
    fn responding(answers: impl IntoIterator<Item = RedisResult<Value>>) -> Self {
        let line = Self::default();
        line.answers.lock().unwrap().extend(answers);
        line
    }

    /// The arguments after the script's hash or text.
    fn commands(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut *self.commands.lock().unwrap())
    }
}

impl ConnectionLike for Line {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        let words = command.args_iter().skip(2).map(|word| match word {
            Arg::Simple(word) => String::from_utf8(word.to_vec()).unwrap(),
            _ => panic!("no cursor is asked for"),
        });
        self.commands.lock().unwrap().push(words.collect());
        let answer = self.answers.lock().unwrap().pop_front();
        let delay = self.delay;
        Box::pin(async move {
            tokio::time::sleep(delay).await;
            answer.expect("another answer")
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        _: &'a Pipeline,
        _: usize,
        _: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        panic!("a step is one command")
    }

    fn get_db(&self) -> i64 {
        0
    }
}

fn words(words: &[&str]) -> Value {
    let words = words
        .iter()
        .map(|word| Value::SimpleString((*word).to_owned()));
    Value::Array(words.collect())
}

fn broken() -> RedisResult<Value> {
    Err(io::Error::from(io::ErrorKind::ConnectionReset).into())
}

/// Redis's error while it loads its data after a restart.
fn loading() -> RedisResult<Value> {
    let kind = ErrorKind::Server(redis::ServerErrorKind::BusyLoading);
    Err(RedisError::from((
        kind,
        "Redis is loading the dataset in memory",
    )))
}

/// Redis's error after a restart, a failover or `SCRIPT FLUSH`.
fn forgotten() -> RedisResult<Value> {
    let kind = ErrorKind::Server(redis::ServerErrorKind::NoScript);
    Err(RedisError::from((kind, "No matching script")))
}

fn keys(time: Option<i64>) -> IdempotencyKeys {
    let [delivery, subject, event] =
        [0xd1, 0x5b, 0xef].map(|byte| IdempotencyKey::from_bytes([byte; 32]));
    let time = time.map(|time| DateTime::from_timestamp_micros(time).unwrap());
    IdempotencyKeys::new(delivery, subject, event, time)
}

async fn claim(answer: Value) -> Result<String, BoxError> {
    let store = RedisStore::new(Line::responding([Ok(answer)]));
    Ok(match store.claim(&keys(None)).await? {
        Claim::Acquired(token) => {
            assert_eq!(token.event(), keys(None).event());
            format!("acquired {}", token.fence())
        }
        other => format!("{other:?}"),
    })
}

#[tokio::test]
async fn every_response_to_a_claim() {
    for (answer, expected) in [
        (words(&["conflicting"]), "Conflicting"),
        (words(&["too_old"]), "TooOld"),
        (words(&["done"]), "AlreadyHandled"),
        (words(&["acquired", "17"]), "acquired 17"),
        (words(&["in_progress"]), "InProgress"),
        (words(&["superseded"]), "Superseded"),
    ] {
        assert_eq!(claim(answer).await.unwrap(), expected);
    }
    for answer in [words(&["acquired", "?"]), words(&["acquired"]), words(&[])] {
        let error = claim(answer).await.unwrap_err();
        let error = error.downcast::<RedisError>().unwrap();
        assert_eq!(error.kind(), ErrorKind::UnexpectedReturnType);
    }
}

/// Three keys with one hash tag; times in milliseconds; a day more than the horizon.
#[tokio::test]
async fn the_arguments_of_a_claim() {
    let [d, s, e] = ["d1", "5b", "ef"].map(|byte| byte.repeat(32));
    let asked = async |store: fn(RedisStore<Line>) -> RedisStore<Line>, time| {
        let line = Line::responding([Ok(words(&["done"]))]);
        let claim = store(RedisStore::new(line.clone()))
            .claim(&keys(time))
            .await;
        assert!(matches!(claim, Ok(Claim::AlreadyHandled)));
        line.commands().remove(0).join(" ")
    };
    assert_eq!(
        asked(|store| store, None).await,
        format!(
            "3 {{payhook:}}:delivery:{d} {{payhook:}}:subject:{s} {{payhook:}}:claim:{e} \
             {{payhook:}}:subject: {s} {e} 60000 2592000000 2678400000 "
        )
    );
    let shop = |store: RedisStore<Line>| {
        store
            .prefix("shop")
            .lease(Duration::from_millis(1500))
            .retention(Duration::from_secs(2))
    };
    assert_eq!(
        asked(shop, Some(1_772_442_962_551_123)).await,
        format!(
            "3 {{payhook:shop}}:delivery:{d} {{payhook:shop}}:subject:{s} {{payhook:shop}}:claim:{e} \
             {{payhook:shop}}:subject: {s} {e} 1500 2000 86402000 1772442962551123"
        )
    );
    // The range of expiries that Redis accepts.
    let most = 100_000_u64 * 365 * 24 * 60 * 60 * 1000;
    for (time, expected) in [
        (Duration::ZERO, 1),
        (Duration::from_nanos(1), 1),
        (Duration::from_millis(most - 1), most - 1),
        (Duration::from_millis(most + 1), most),
        (Duration::MAX, most),
    ] {
        let line = Line::responding([Ok(words(&["done"]))]);
        let store = RedisStore::new(line.clone()).lease(time);
        assert!(store.claim(&keys(None)).await.is_ok());
        assert_eq!(line.commands()[0][7], expected.to_string());
    }
}

#[tokio::test]
async fn the_arguments_of_ending_a_claim() {
    let event = *keys(None).event();
    let (claim, event_text) = (format!("{{payhook:}}:claim:{event}"), event.to_string());
    for (answer, lease) in [(1, Lease::Held), (0, Lease::Lost)] {
        let line = Line::responding([Ok(Value::Int(answer)), Ok(Value::Int(answer))]);
        let store = RedisStore::new(line.clone());
        let token = || ClaimToken::new(event, 17);
        assert_eq!(store.complete(token()).await.unwrap(), lease);
        assert_eq!(store.release(token()).await.unwrap(), lease);
        let arguments = |state| {
            let subjects = "{payhook:}:subject:";
            [
                "1",
                &claim,
                subjects,
                &event_text,
                "17",
                "2678400000",
                state,
            ]
        };
        assert_eq!(line.commands(), [arguments("done"), arguments("free")]);
    }
}

async fn complete(answers: Vec<RedisResult<Value>>) -> (Result<Lease, ErrorKind>, usize, Duration) {
    let line = Line::responding(answers);
    let (store, start) = (RedisStore::new(line.clone()), Instant::now());
    let ended = store
        .complete(ClaimToken::new(*keys(None).event(), 17))
        .await;
    let ended = ended.map_err(|error| error.downcast::<RedisError>().unwrap().kind());
    (ended, line.commands().len(), start.elapsed())
}

/// Redis may forget a script at any time: its text and the arguments are sent in one
/// command, without loading it first.
#[tokio::test]
async fn a_script_that_redis_forgot_is_sent_in_full() {
    let line = Line::responding([forgotten(), Ok(words(&["done"]))]);
    let claim = RedisStore::new(line.clone()).claim(&keys(None)).await;
    assert!(matches!(claim, Ok(Claim::AlreadyHandled)), "{claim:?}");
    let commands = line.commands();
    assert_eq!(commands.len(), 2);
    assert_eq!(commands[0], commands[1]);
    let (ended, attempts, _) = complete(vec![forgotten(), Ok(Value::Int(1))]).await;
    assert_eq!((ended, attempts), (Ok(Lease::Held), 2));
}

/// After pauses of 10, 20, 40 … ms: five seconds in total.
#[tokio::test(start_paused = true)]
async fn ending_a_claim_is_retried_after_temporary_errors() {
    let held = || Ok(Value::Int(1));
    for transient in [broken, loading] {
        let (ended, attempts, waited) = complete(vec![transient(), transient(), held()]).await;
        assert_eq!((ended, attempts), (Ok(Lease::Held), 3));
        assert_eq!(waited.as_millis() / 10, 3);
        let answers: Vec<_> = (0..9).map(|_| transient()).chain([held()]).collect();
        let (ended, attempts, waited) = complete(answers).await;
        assert_eq!((ended, attempts), (Ok(Lease::Held), 10));
        assert_eq!(waited.as_millis() / 100, 51);
    }
    let answers: Vec<_> = (0..11).map(|_| broken()).collect();
    let (ended, attempts, _) = complete(answers).await;
    assert_eq!((ended, attempts), (Err(ErrorKind::Io), 10));
}

/// Each attempt waits for the connection's own timeout.
#[tokio::test(start_paused = true)]
async fn ending_a_claim_is_not_retried_after_ten_seconds() {
    let mut line = Line::responding((0..4).map(|_| broken()));
    line.delay = Duration::from_secs(4);
    let (store, start) = (RedisStore::new(line.clone()), Instant::now());
    let token = ClaimToken::new(*keys(None).event(), 17);
    assert!(store.complete(token).await.is_err());
    assert_eq!(line.commands().len(), 3);
    assert_eq!(start.elapsed().as_secs(), 12);
}

#[tokio::test(start_paused = true)]
async fn refused_commands_are_not_retried() {
    let refused = Err(RedisError::from((ErrorKind::Parse, "no")));
    let (ended, attempts, _) = complete(vec![refused]).await;
    assert_eq!((ended, attempts), (Err(ErrorKind::Parse), 1));
}

#[test]
fn debug_omits_the_connection() {
    let store = RedisStore::new(Line::default()).prefix("shop");
    assert_eq!(
        format!("{store:?}"),
        r#"RedisStore { prefix: "shop", lease: 60s, retention: 2592000s, .. }"#
    );
}
