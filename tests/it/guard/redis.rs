//! What [`RedisGuard`] says to Redis, and what it makes of the answers. With a
//! real one: `tests/servers`.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use payhook::chrono::DateTime;
use payhook::redis::aio::ConnectionLike;
use payhook::redis::{Arg, Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult, Value};
use payhook::{AsyncGuard, Claim, ClaimToken, IdempotencyKey, IdempotencyKeys, Lease, RedisGuard};

use crate::handler::block_on;

/// Answers as it is told to, and keeps what it was told.
#[derive(Clone, Default)]
struct Line {
    answers: Arc<Mutex<VecDeque<RedisResult<Value>>>>,
    heard: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Line {
    fn answering(answers: impl IntoIterator<Item = RedisResult<Value>>) -> Self {
        let line = Self::default();
        line.answers.lock().unwrap().extend(answers);
        line
    }

    /// What stands behind the name of the script.
    fn heard(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

impl ConnectionLike for Line {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        let words = command.args_iter().skip(2).map(|word| match word {
            Arg::Simple(word) => String::from_utf8(word.to_vec()).unwrap(),
            _ => panic!("no cursor is asked for"),
        });
        self.heard.lock().unwrap().push(words.collect());
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(std::future::ready(answer.expect("another answer")))
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

fn keys(time: Option<i64>) -> IdempotencyKeys {
    let [delivery, effect] = [0xd1, 0xef].map(|byte| IdempotencyKey::from_bytes([byte; 32]));
    let time = time.map(|time| DateTime::from_timestamp_millis(time).unwrap());
    IdempotencyKeys::new(delivery, effect, time)
}

fn claim(guard: &RedisGuard<Line>) -> Result<String, RedisError> {
    let claim = block_on(guard.claim(&keys(None)))?;
    Ok(match claim {
        Claim::Fresh(token) => {
            assert_eq!(token.effect(), keys(None).effect());
            format!("fresh {}", token.fence())
        }
        other => format!("{other:?}"),
    })
}

#[test]
fn every_answer_to_a_claim() {
    for (answer, expected) in [
        (words(&["altered"]), "Altered"),
        (words(&["beyond"]), "BeyondHorizon"),
        (words(&["done"]), "Done"),
        (words(&["fresh", "17"]), "fresh 17"),
        (words(&["in flight"]), "InFlight"),
    ] {
        let guard = RedisGuard::new(Line::answering([Ok(answer)]));
        assert_eq!(claim(&guard).unwrap(), expected);
    }
    for answer in [words(&["fresh", "?"]), words(&["fresh"]), words(&[])] {
        let error = claim(&RedisGuard::new(Line::answering([Ok(answer)]))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedReturnType);
        assert!(
            error
                .to_string()
                .contains("the guard's keys hold something else")
        );
    }
}

/// Two keys with one tag; milliseconds; a day more than the horizon.
#[test]
fn a_claim_says_what_it_wants() {
    let (d, e) = ("d1".repeat(32), "ef".repeat(32));
    let asked = |guard: fn(RedisGuard<Line>) -> RedisGuard<Line>, time| {
        let line = Line::answering([Ok(words(&["done"]))]);
        let claim = block_on(guard(RedisGuard::new(line.clone())).claim(&keys(time)));
        assert!(matches!(claim, Ok(Claim::Done)));
        line.heard().remove(0).join(" ")
    };
    assert_eq!(
        asked(|guard| guard, None),
        format!(
            "1 {{payhook:}}:delivery:{d} {{payhook:}}:effect: {e} 60000 2592000000 2678400000 "
        )
    );
    assert_eq!(
        asked(
            |guard| {
                guard
                    .prefix("shop")
                    .lease(Duration::from_millis(1500))
                    .retention(Duration::from_secs(2))
            },
            Some(1_772_442_962_551)
        ),
        format!(
            "1 {{payhook:shop}}:delivery:{d} {{payhook:shop}}:effect: {e} 1500 2000 86402000 1772442962551"
        )
    );
    // What Redis takes for an expiry.
    let most = 100_000_u64 * 365 * 24 * 60 * 60 * 1000;
    for (time, expected) in [
        (Duration::ZERO, 1),
        (Duration::from_nanos(1), 1),
        (Duration::from_millis(most - 1), most - 1),
        (Duration::from_millis(most + 1), most),
        (Duration::MAX, most),
    ] {
        let line = Line::answering([Ok(words(&["done"]))]);
        let guard = RedisGuard::new(line.clone()).lease(time);
        assert!(block_on(guard.claim(&keys(None))).is_ok());
        assert_eq!(line.heard()[0][4], expected.to_string());
    }
}

#[test]
fn an_end_says_whether_it_was_handled() {
    let effect = *keys(None).effect();
    let key = format!("{{payhook:}}:effect:{effect}");
    for (answer, lease) in [(1, Lease::Held), (0, Lease::Lost)] {
        let line = Line::answering([Ok(Value::Int(answer)), Ok(Value::Int(answer))]);
        let guard = RedisGuard::new(line.clone());
        let token = || ClaimToken::new(effect, 17);
        assert_eq!(block_on(guard.complete(token())).unwrap(), lease);
        assert_eq!(block_on(guard.release(token())).unwrap(), lease);
        assert_eq!(
            line.heard(),
            [["1", &*key, "17", "2678400000"], ["1", &*key, "17", ""]]
        );
    }
}

/// A broken connection is tried three times; what Redis refuses, once.
#[test]
fn an_end_is_tried_again_if_the_connection_breaks() {
    let complete = |answers: Vec<RedisResult<Value>>| {
        let line = Line::answering(answers);
        let guard = RedisGuard::new(line.clone());
        let ended = block_on(guard.complete(ClaimToken::new(*keys(None).effect(), 17)));
        (ended.map_err(|error| error.kind()), line.heard().len())
    };
    let refused = || Err(RedisError::from((ErrorKind::Parse, "no")));
    let held = || Ok(Value::Int(1));
    assert_eq!(complete(vec![broken(), held()]), (Ok(Lease::Held), 2));
    assert_eq!(
        complete(vec![broken(), broken(), held()]),
        (Ok(Lease::Held), 3)
    );
    assert_eq!(
        complete(vec![broken(), broken(), broken(), held()]),
        (Err(ErrorKind::Io), 3)
    );
    assert_eq!(
        complete(vec![refused(), held()]),
        (Err(ErrorKind::Parse), 1)
    );
}

/// With a real clock: `tests/servers`.
#[test]
fn a_lease_has_lapsed_at_its_exact_end() {
    let script = include_str!("../../../src/guard/claim.lua");
    assert!(script.contains(
        "if ends and now < tonumber(ends) then
    return {'in flight'}"
    ));
}

#[test]
fn shown_without_its_connection() {
    let guard = RedisGuard::new(Line::default()).prefix("shop");
    assert_eq!(
        format!("{guard:?}"),
        r#"RedisGuard { prefix: "shop", lease: 60s, retention: 2592000s, .. }"#
    );
}
