//! [`InProcess`]: a handler and its receivers as a [`Shop`].

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use super::shop::{Books, Ledger, Payment, Shop, Trouble};
use crate::Gateway;
use payhook::Callback;
use payhook::Verified;
use payhook::{AsyncGuard, Guard};
use payhook::{AsyncHandler, BoxError, Handler, HandlerError};
use payhook::{AsyncProve, Prove, Receiver};

/// The merchant's handler behind the merchant's receivers, and the merchant's
/// ledger: a shop without a server.
///
/// Each body is handled in a task or thread of its own, so that two of them can
/// be under way at once; a handler that panics gives no answer.
///
/// See the [module](super) for an example.
pub struct InProcess<H, L> {
    handler: Arc<Disturbed<H>>,
    ledger: L,
    doors: HashMap<Gateway, Door>,
}

type Posted = Pin<Box<dyn Future<Output = Result<u16, BoxError>> + Send>>;
type Door = Box<dyn Fn(Vec<u8>) -> Posted + Send + Sync>;

impl<H, L> InProcess<H, L> {
    /// A handler and the ledger that it credits in; `Arc`s of the same, where
    /// one type is both.
    #[must_use]
    pub fn new(handler: H, ledger: L) -> Self {
        Self {
            handler: Arc::new(Disturbed {
                handler,
                trouble: Mutex::default(),
            }),
            ledger,
            doors: HashMap::new(),
        }
    }

    /// Where the receiver's gateway posts to, for a synchronous handler.
    #[must_use]
    pub fn receiver<G, D>(self, receiver: impl Into<Arc<Receiver<G, D>>>) -> Self
    where
        G: Prove + Send + Sync + 'static,
        D: Guard + Send + Sync + 'static,
        H: Handler<Callback> + Send + Sync + 'static,
    {
        let (receiver, handler) = (receiver.into(), Arc::clone(&self.handler));
        let door = move |body: Vec<u8>| -> Posted {
            let (receiver, handler) = (Arc::clone(&receiver), Arc::clone(&handler));
            let task = move || receiver.receive(&body, None, &handler).status();
            Box::pin(async { Ok(tokio::task::spawn_blocking(task).await?) })
        };
        self.door(own(G::GATEWAY), Box::new(door))
    }

    /// Where the receiver's gateway posts to, for an asynchronous handler.
    #[must_use]
    pub fn receiver_async<G, D>(self, receiver: impl Into<Arc<Receiver<G, D>>>) -> Self
    where
        G: AsyncProve + Send + Sync + 'static,
        D: AsyncGuard + Send + Sync + 'static,
        H: AsyncHandler<Callback> + Send + Sync + 'static,
    {
        let (receiver, handler) = (receiver.into(), Arc::clone(&self.handler));
        let door = move |body: Vec<u8>| -> Posted {
            let (receiver, handler) = (Arc::clone(&receiver), Arc::clone(&handler));
            let task = async move { receiver.receive_async(&body, None, &handler).await.status() };
            Box::pin(async { Ok(tokio::spawn(task).await?) })
        };
        self.door(own(G::GATEWAY), Box::new(door))
    }

    fn door(mut self, gateway: Gateway, door: Door) -> Self {
        self.doors.insert(gateway, door);
        self
    }
}

impl<H: Send + Sync, L: Ledger + Sync> Ledger for InProcess<H, L> {
    fn open(&self, payment: &Payment) -> impl Future<Output = Result<(), BoxError>> + Send {
        self.ledger.open(payment)
    }

    fn books(&self, reference: &str) -> impl Future<Output = Result<Books, BoxError>> + Send {
        self.ledger.books(reference)
    }
}

impl<H: Send + Sync, L: Ledger + Sync> Shop for InProcess<H, L> {
    async fn post(&self, gateway: Gateway, body: &[u8]) -> Result<u16, BoxError> {
        match self.doors.get(&gateway) {
            Some(door) => door(body.to_vec()).await,
            None => Err(format!("{gateway} has no receiver here").into()),
        }
    }

    async fn disturb(&self, trouble: Trouble) -> bool {
        *self.handler.trouble() = trouble;
        true
    }
}

impl<H, L> fmt::Debug for InProcess<H, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess")
            .field("gateways", &self.doors.keys())
            .finish_non_exhaustive()
    }
}

/// A handler that is in trouble now and then.
struct Disturbed<H> {
    handler: H,
    trouble: Mutex<Trouble>,
}

impl<H> Disturbed<H> {
    fn trouble(&self) -> std::sync::MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens to this call.
    fn next(&self) -> Trouble {
        let mut trouble = self.trouble();
        let now = *trouble;
        if let Trouble::Fails(calls) = now {
            *trouble = match calls.saturating_sub(1) {
                0 => Trouble::None,
                calls => Trouble::Fails(calls),
            };
        }
        now
    }
}

impl<H: Handler<Callback>> Handler<Callback> for Disturbed<H> {
    type Error = HandlerError;

    fn handle(&self, callback: Verified<Callback>) -> Result<(), HandlerError> {
        match self.next() {
            Trouble::Fails(_) => return Err(FAILS.into()),
            Trouble::None => {}
            Trouble::Slow(time) => std::thread::sleep(time),
        }
        self.handler.handle(callback).map_err(Into::into)
    }
}

impl<H: AsyncHandler<Callback> + Sync> AsyncHandler<Callback> for Disturbed<H> {
    type Error = HandlerError;

    async fn handle(&self, callback: Verified<Callback>) -> Result<(), HandlerError> {
        match self.next() {
            Trouble::Fails(_) => return Err(FAILS.into()),
            Trouble::None => {}
            Trouble::Slow(time) => tokio::time::sleep(time).await,
        }
        self.handler.handle(callback).await.map_err(Into::into)
    }
}

fn own(gateway: payhook::Gateway) -> Gateway {
    match gateway {
        payhook::Gateway::CityPay => Gateway::CityPay,
        _ => Gateway::B2binpay,
    }
}

const FAILS: &str = "made to fail by the torture";
