//! Handlers of every form.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;

use payhook::b2binpay::TrackingIds;
use payhook::citypay::Account;
use payhook::{
    BoxError, Callback, Disposition, Endpoint, Fetch, Handler, Reply, b2binpay, citypay,
    endpoint::Idempotent, handler_fn, idempotency::MemoryStore, ledger::PaymentKey,
};

use crate::support::{body, verifier};

/// Drives a future that never waits.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

#[derive(Default)]
struct Counter(AtomicUsize);

impl Counter {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Handler for Counter {
    async fn handle(&self, callback: Callback) -> Result<(), BoxError> {
        ready(()).await;
        drop(callback);
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

fn b2binpay<H: Handler>(handler: H) -> Endpoint<b2binpay::Gateway, Idempotent<H, MemoryStore>> {
    let gateway = b2binpay::Gateway::new(verifier(TrackingIds::Prefixed));
    Endpoint::new(gateway, Idempotent::new(handler, MemoryStore::new()))
}

/// Responds like the example's order endpoint, and counts the requests.
#[derive(Default)]
struct Orders(AtomicUsize);

impl Fetch for &Orders {
    async fn get(&self, _: &str) -> Result<Vec<u8>, BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(body("citypay-order-confirmed.answer.json"))
    }
}

fn citypay<H: Handler>(
    orders: &Orders,
    handler: H,
) -> Endpoint<citypay::Gateway<&Orders>, Idempotent<H, MemoryStore>> {
    let gateway = citypay::Gateway::new(Account::new("5120").unwrap(), orders);
    Endpoint::new(gateway, Idempotent::new(handler, MemoryStore::new()))
}

/// The disposition of a new callback.
fn reply<H: Handler>(handler: H) -> Reply {
    let endpoint = b2binpay(handler);
    let body = body("b2binpay-deposit-confirmed.json");
    let blocking = endpoint.receive_blocking(&body, None);
    assert_eq!(
        block_on(endpoint.receive(&body, None))
            .disposition()
            .fault(),
        blocking.disposition().fault(),
        "once more, it is handled before or fails as before"
    );
    blocking
}

fn disposition<H: Handler>(handler: H) -> Disposition {
    reply(handler).into_disposition()
}

fn status<H: Handler>(handler: H) -> u16 {
    reply(handler).status()
}

#[test]
fn structs_and_pointers_are_handlers() {
    let counter = Arc::new(Counter::default());
    assert_eq!(status(&*counter), 200);
    let pointer = &&*counter;
    assert_eq!(status(pointer), 200);
    assert_eq!(status(Arc::clone(&counter)), 200);
    assert_eq!(status(&counter), 200);
    assert_eq!(status(Box::new(Arc::clone(&counter))), 200);
    assert_eq!(counter.count(), 5);
}

#[test]
fn closures_are_handlers() {
    // One that borrows what it needs.
    let seen = Mutex::new(Vec::new());
    let handler = handler_fn(async |callback: Callback| -> Result<(), BoxError> {
        let outcome = callback.event().outcome().to_string();
        seen.lock().unwrap().push(outcome);
        Ok(())
    });
    assert_eq!(status(handler), 200);
    assert_eq!(*seen.lock().unwrap(), ["settled"]);

    // With any error type, or none.
    let none = handler_fn(async |_: Callback| Ok::<_, Infallible>(()));
    assert_eq!(status(none), 200);
    let closed = handler_fn(async |_: Callback| Err::<(), _>(io::Error::other("closed")));
    assert_eq!(status(closed), 500);
    let text = handler_fn(|_: Callback| ready(Err::<(), _>("out of stock")));
    assert_eq!(
        disposition(text).to_string(),
        "the handler failed: out of stock"
    );
    let ours = handler_fn(async |callback: Callback| {
        match callback {
            Callback::Transfer(transfer) => drop(transfer),
            other => return Err(BoxError::from(format!("not ours: {other:?}"))),
        }
        Ok(())
    });
    assert_eq!(status(ours), 200);
}

#[test]
fn an_error_keeps_its_type() {
    let closed = handler_fn(async |_: Callback| Err::<(), _>(io::Error::other("closed")));
    let Disposition::HandlerFailed(error) = disposition(closed) else {
        panic!("it fails");
    };
    let error = error.downcast_ref::<io::Error>();
    assert_eq!(error.map(io::Error::kind), Some(io::ErrorKind::Other));
}

/// A connection pool: cheap to clone, and owned by each future.
#[derive(Clone, Default)]
struct Pool(Arc<Mutex<Vec<String>>>);

impl Pool {
    async fn insert(&self, reference: &str) -> Result<(), io::Error> {
        ready(()).await;
        self.0.lock().unwrap().push(reference.to_owned());
        Ok(())
    }

    async fn has(&self, reference: &str) -> Result<bool, io::Error> {
        ready(()).await;
        Ok(self.0.lock().unwrap().iter().any(|row| row == reference))
    }
}

/// An application's own type with an endpoint that owns everything it needs.
fn queue(pool: Pool) -> impl Handler + Clone + 'static {
    let known = pool.clone();
    handler_fn(move |callback: Callback| {
        let pool = pool.clone();
        async move {
            let event = callback.event();
            pool.insert(event.reference().value()).await
        }
    })
    .known(move |key: PaymentKey| {
        let pool = known.clone();
        async move { pool.has(&key.reference).await }
    })
}

#[test]
fn closures_that_own_a_pool() {
    let pool = Pool::default();
    let endpoint = b2binpay(queue(pool.clone()));
    // A web framework's threads require it to be owned, and its futures to be `Send`.
    let request = async move {
        let body = body("b2binpay-deposit-confirmed.json");
        endpoint.receive(&body, None).await.status()
    };
    let status = thread::spawn(|| block_on(request)).join().unwrap();
    assert_eq!(status, 200);
    assert_eq!(*pool.0.lock().unwrap(), ["order-9001"]);

    // The same for the other gateway, which checks for known payments.
    let orders = Orders::default();
    let endpoint = citypay(&orders, queue(pool.clone()));
    let posted = body("citypay-order-confirmed.json");
    assert_eq!(endpoint.receive_blocking(&posted, None).status(), 401);
    pool.0.lock().unwrap().push("tok_4f9c1b7e".to_owned());
    assert_eq!(endpoint.receive_blocking(&posted, None).status(), 200);
    assert_eq!(pool.0.lock().unwrap().len(), 3);
}

/// If nothing is signed, a handler without known references refuses all callbacks, and
/// fetches nothing.
#[test]
fn by_default_no_payment_is_known() {
    let (orders, counter) = (Orders::default(), Counter::default());
    for posted in [
        "citypay-order-confirmed.json",
        "citypay-deposit-confirmed.json",
    ] {
        let posted = body(posted);
        let reply = citypay(&orders, &counter).receive_blocking(&posted, None);
        assert_eq!(reply.status(), 401, "{}", reply.disposition());
        let closure = handler_fn(async |_: Callback| Ok::<_, BoxError>(()));
        let reply = citypay(&orders, &closure).receive_blocking(&posted, None);
        assert_eq!(reply.status(), 401, "{}", reply.disposition());
    }
    let key = PaymentKey::new("citypay", "tok_4f9c1b7e", "");
    assert!(!block_on(counter.is_known(&key)).unwrap());
    assert_eq!((counter.count(), orders.0.into_inner()), (0, 0));
}

/// The keys that a closure is called with, and the requests.
#[test]
fn a_closure_can_look_up_known_payments() {
    let lookups = Mutex::new(Vec::new());
    let handler = handler_fn(async |_: Callback| Ok::<_, BoxError>(())).known(
        async |key: PaymentKey| -> Result<bool, io::Error> {
            lookups.lock().unwrap().push(key.clone());
            if key.part.is_empty() {
                Ok(key.reference == "tok_4f9c1b7e")
            } else {
                Err(io::Error::other("the database is closed"))
            }
        },
    );
    let orders = Orders::default();
    // Pointers delegate to their target.
    let boxed = Box::new(Arc::new(&handler));
    let endpoint = citypay(&orders, &boxed);
    let answer = |posted: &str| {
        let reply = endpoint.receive_blocking(&body(posted), None);
        (reply.status(), reply.disposition().to_string())
    };
    let log = |log: &str| log.to_owned();
    assert_eq!(
        answer("citypay-order-confirmed.json"),
        (200, log("handled: settled"))
    );
    assert_eq!(
        answer("citypay-deposit-confirmed.json"),
        (503, log("the lookup failed: the database is closed"))
    );
    // Signed callbacks do not need a record of the merchant.
    assert_eq!(status(handler), 200);

    let transaction = "77aa".repeat(16);
    assert_eq!(
        *lookups.lock().unwrap(),
        [
            PaymentKey::new("citypay", "tok_4f9c1b7e", ""),
            PaymentKey::new("citypay", "dep_user_42", transaction),
        ]
    );
    assert_eq!(orders.0.into_inner(), 1);
}

/// A server can only spawn a future that is `Send`.
#[test]
fn the_future_is_send() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let deposit = body("b2binpay-deposit-confirmed.json");
    let endpoint = b2binpay(Counter::default());
    let reply = block_on(is_send(endpoint.receive(&deposit, None)));
    assert_eq!(reply.status(), 200);
    assert_eq!(endpoint.target().handler().count(), 1);

    let closure = handler_fn(|callback: Callback| async move {
        drop(callback);
        ready(()).await;
        Err::<(), BoxError>("closed".into())
    });
    let endpoint = b2binpay(closure);
    let reply = block_on(is_send(endpoint.receive(&deposit, None)));
    assert_eq!(reply.status(), 500);

    let orders = Orders::default();
    let endpoint = citypay(&orders, queue(Pool::default()));
    let order = body("citypay-order-confirmed.json");
    let reply = block_on(is_send(endpoint.receive(&order, None)));
    assert_eq!(reply.status(), 401);
}
