//! Store the bytes, answer 200, prove again in the worker.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use payhook::b2binpay::TrackingIds;
use payhook::chrono::{DateTime, SecondsFormat, Utc};
use payhook::citypay::Account;
use payhook::{
    Callback, HandlerError, MemoryGuard, NoGuard, OrderLookup, Outcome, Proven, Receiver, TokenUse,
    Verified, handler_fn,
};
use serde_json::json;

use crate::support::{TIME, body, signed, verifier, with_transfer};

/// What is stored: no more than bytes.
struct Row {
    body: Vec<u8>,
    answer: Option<Vec<u8>>,
}

impl Row {
    fn of(callback: &Verified<Callback>) -> Self {
        let answer = match callback.proven() {
            Proven::Order(order) => order.answer().map(|answer| answer.raw().to_vec()),
            _ => None,
        };
        let body = callback.reported().raw().to_vec();
        Self { body, answer }
    }
}

/// Issues every token, and answers with what it has.
struct Answer(Vec<u8>);

impl OrderLookup for Answer {
    type Error = HandlerError;

    fn is_issued(&self, _: TokenUse<'_>) -> Result<bool, HandlerError> {
        Ok(true)
    }

    fn fetch(&self, _: &str) -> Result<Vec<u8>, HandlerError> {
        Ok(self.0.clone())
    }
}

fn at_the_door(callback: &str, answer: Option<&str>) -> Row {
    let row = Mutex::new(None);
    let store = handler_fn(|callback: Verified<Callback>| {
        *row.lock().unwrap() = Some(Row::of(&callback));
        Ok::<_, HandlerError>(())
    });
    let posted = body(callback);
    let reply = match answer {
        Some(answer) => Receiver::citypay(Account::new("5120").unwrap(), Answer(body(answer)))
            .guard(NoGuard)
            .receive(&posted, None, &store),
        None => Receiver::b2binpay(verifier(TrackingIds::Prefixed))
            .guard(NoGuard)
            .receive(&posted, None, &store),
    };
    assert_eq!(reply.status(), 200);
    row.into_inner().unwrap().unwrap()
}

/// What the worker credits, and what it answers.
fn work(row: &Row, guard: &MemoryGuard, fails: bool) -> (u16, usize) {
    let credits = Mutex::new(0);
    let credit = handler_fn(|callback: Verified<Callback>| {
        if fails {
            return Err("the ledger is closed");
        }
        if callback.event().outcome().proven() == Some(Outcome::Settled) {
            *credits.lock().unwrap() += 1;
        }
        Ok(())
    });
    let reply = match &row.answer {
        Some(answer) => Receiver::citypay(Account::new("5120").unwrap(), Answer(answer.clone()))
            .guard(guard)
            .receive(&row.body, None, &credit),
        None => Receiver::b2binpay(verifier(TrackingIds::Prefixed))
            .guard(guard)
            .receive(&row.body, None, &credit),
    };
    (reply.status(), credits.into_inner().unwrap())
}

fn rows() -> [Row; 2] {
    [
        at_the_door("b2binpay-deposit-confirmed.json", None),
        at_the_door(
            "citypay-order-confirmed.json",
            Some("citypay-order-confirmed.answer.json"),
        ),
    ]
}

#[test]
fn the_worker_proves_it_again_and_credits_once() {
    for row in rows() {
        let guard = MemoryGuard::new();
        assert_eq!(work(&row, &guard, true), (500, 0));
        assert_eq!(work(&row, &guard, false), (200, 1));
        assert_eq!(work(&row, &guard, false), (200, 0));
    }
}

#[test]
fn what_is_stored_is_what_came() {
    let [_, order] = rows();
    assert_eq!(order.body, body("citypay-order-confirmed.json"));
    assert_eq!(
        order.answer,
        Some(body("citypay-order-confirmed.answer.json"))
    );
}

/// What the door let in may wait for as long as it has to.
#[test]
fn an_age_limit_is_the_doors() {
    let hour = Duration::from_secs(3600);
    let verifier = verifier(TrackingIds::Prefixed);
    let door = Receiver::b2binpay(verifier.max_age(hour)).guard(NoGuard);
    let now = DateTime::<Utc>::from(SystemTime::now()).to_rfc3339_opts(SecondsFormat::Micros, true);
    for (time, status) in [(now.as_str(), 200), (TIME, 401)] {
        let mut body = with_transfer("deposit", "order-1", "1");
        body["meta"]["time"] = json!(time);
        let body = signed(body, &format!("21order-1{time}")).to_string();
        let rows = Mutex::new(Vec::new());
        let store = handler_fn(|callback: Verified<Callback>| {
            rows.lock().unwrap().push(Row::of(&callback));
            Ok::<_, HandlerError>(())
        });
        assert_eq!(door.receive(body.as_bytes(), None, &store).status(), status);
        assert_eq!(rows.into_inner().unwrap().len(), usize::from(status == 200));
        let row = Row {
            body: body.into_bytes(),
            answer: None,
        };
        assert_eq!(work(&row, &MemoryGuard::new(), false), (200, 1));
    }
}

/// Who can write to the queue can't write a credit.
#[test]
fn a_row_is_no_proof() {
    let changed = |bytes: &[u8], from: &str, to: &str| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text.contains(from));
        text.replace(from, to).into_bytes()
    };
    let [mut deposit, mut order] = rows();
    deposit.body = changed(
        &deposit.body,
        "0.412000000000000000",
        "9.412000000000000000",
    );
    assert_eq!(work(&deposit, &MemoryGuard::new(), false), (401, 0));
    // Another customer's answer.
    order.answer = order.answer.map(|answer| changed(&answer, "5120", "5121"));
    assert_eq!(work(&order, &MemoryGuard::new(), false), (401, 0));
}
