//! Handlers in every form that they come in.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use payhook::b2binpay::TrackingIds;
use payhook::{AsyncHandler, Callback, Handler, HandlerError, Receiver, Verified, handler_fn};

use crate::support::{body, verifier};

/// Drives a future that never waits for anything.
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

impl Handler<Callback> for Counter {
    type Error = io::Error;

    fn handle(&self, _: Verified<Callback>) -> Result<(), io::Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

struct AsyncCounter(AtomicUsize);

impl AsyncHandler<Callback> for AsyncCounter {
    type Error = Infallible;

    async fn handle(&self, callback: Verified<Callback>) -> Result<(), Infallible> {
        ready(()).await;
        drop(callback);
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

fn status(handler: &(impl Handler<Callback> + ?Sized)) -> u16 {
    let receiver = Receiver::b2binpay(verifier(TrackingIds::Prefixed));
    receiver
        .receive(&body("b2binpay-deposit-confirmed.json"), None, handler)
        .status()
}

fn async_status(handler: &impl AsyncHandler<Callback>) -> u16 {
    let receiver = Receiver::b2binpay(verifier(TrackingIds::Prefixed));
    block_on(receiver.receive_async(&body("b2binpay-deposit-confirmed.json"), None, handler))
        .status()
}

#[test]
fn structs_and_pointers_to_them() {
    let counter = Arc::new(Counter::default());
    assert_eq!(status(&*counter), 200);
    assert_eq!(status(&&*counter), 200);
    assert_eq!(status(&counter), 200);
    assert_eq!(status(&Box::new(Arc::clone(&counter))), 200);
    let object: Box<dyn Handler<Callback, Error = io::Error> + Send + Sync> =
        Box::new(Arc::clone(&counter));
    assert_eq!(status(&object), 200);
    assert_eq!(status(object.as_ref()), 200);
    assert_eq!(counter.0.load(Ordering::Relaxed), 6);

    let counter = Arc::new(AsyncCounter(AtomicUsize::new(0)));
    assert_eq!(async_status(&*counter), 200);
    assert_eq!(async_status(&&*counter), 200);
    assert_eq!(async_status(&counter), 200);
    assert_eq!(async_status(&Box::new(Arc::clone(&counter))), 200);
    assert_eq!(counter.0.load(Ordering::Relaxed), 4);
}

#[test]
fn closures() {
    let seen = Mutex::new(Vec::new());
    let handler = handler_fn(|callback: Verified<Callback>| -> Result<(), HandlerError> {
        seen.lock()
            .unwrap()
            .push(callback.event().outcome().to_string());
        Ok(())
    });
    assert_eq!(status(&handler), 200);
    assert_eq!(*seen.lock().unwrap(), ["settled"]);

    let count = Arc::new(AtomicUsize::new(0));
    let handler = handler_fn(|callback: Verified<Callback>| {
        let count = Arc::clone(&count);
        async move {
            drop(callback);
            count.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Infallible>(())
        }
    });
    assert_eq!(async_status(&handler), 200);
    assert_eq!(count.load(Ordering::Relaxed), 1);

    assert_eq!(
        status(&handler_fn(|_: Verified<Callback>| Err::<(), _>(
            "out of stock"
        ))),
        500
    );
    assert_eq!(
        async_status(&handler_fn(|_: Verified<Callback>| ready(Err::<(), _>(
            "out of stock"
        )))),
        500
    );
}

/// What a server spawns has to be `Send`.
#[test]
fn the_future_is_send() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let receiver = Receiver::b2binpay(verifier(TrackingIds::Prefixed));
    let counter = AsyncCounter(AtomicUsize::new(0));
    let body = body("b2binpay-deposit-confirmed.json");
    let reply = block_on(is_send(receiver.receive_async(&body, None, &counter)));
    assert_eq!(reply.status(), 200);
}

/// A web framework's threads want it; a boxed trait object as the error type
/// would not let the compiler see it.
#[test]
fn a_request_can_be_sent_to_another_thread() {
    fn spawn<T>(future: impl Future<Output = T> + Send) -> T {
        block_on(future)
    }

    let receiver = Receiver::b2binpay(verifier(TrackingIds::Prefixed));
    let status = spawn(async move {
        let handler = handler_fn(|callback: Verified<Callback>| async move {
            drop(callback);
            ready(()).await;
            Err::<(), HandlerError>("closed".into())
        });
        let body = body("b2binpay-deposit-confirmed.json");
        receiver.receive_async(&body, None, &handler).await.status()
    });
    assert_eq!(status, 500);
}

#[test]
fn an_error_keeps_what_it_was() {
    let error = HandlerError::from(io::Error::other("closed"));
    assert_eq!(error.to_string(), "closed");
    assert!(format!("{error:?}").contains("Custom"), "{error:?}");
    assert!(error.is::<io::Error>());
    assert!(error.into_inner().downcast::<io::Error>().is_ok());
}
