//! [`Receiver`]: the whole flow, from posted bytes to an HTTP status, as one
//! call.

mod disposition;
mod gateway;
mod lookup;
#[cfg(feature = "tracing")]
mod trace;
#[cfg(not(feature = "tracing"))]
#[path = "receiver/no_trace.rs"]
mod trace;

use std::borrow::Cow;
use std::future::ready;
use std::net::IpAddr;

use crate::address::AddressRanges;
use crate::b2binpay::Verifier;
use crate::callback::{Callback, Proven};
use crate::citypay::Account;
use crate::fact::Fact;
use crate::guard::{AsyncGuard, Guard, IdempotencyKeys, MemoryGuard};
use crate::handler::{AsyncHandler, Handler};
use crate::outcome::Outcome;
use crate::read::DEFAULT_BODY_LIMIT;
use crate::verified::Verified;

pub use disposition::{Disposition, LeaseLost, Reply};
pub use gateway::{AsyncProve, B2binpay, CityPay, Prove};
pub use lookup::{
    AsyncDepositLookup, AsyncOrderLookup, DepositLookup, NoLookup, OrderLookup, TokenUse,
};

use gateway::Post;
use trace::Trace;

/// One endpoint of the merchant's: bytes in, the merchant's handler in between,
/// an HTTP status out.
///
/// It opens no socket and needs no runtime. Hand it the body's bytes untouched
/// and answer with the [`Reply`]'s status and an empty body.
///
/// ```
/// use payhook::b2binpay::{Key, TrackingIds, Verifier};
/// use payhook::{Callback, HandlerError, Receiver, Verified, handler_fn};
///
/// let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
/// let receiver = Receiver::b2binpay(Verifier::new(key, TrackingIds::Prefixed));
///
/// let handler = handler_fn(|callback: Verified<Callback>| -> Result<(), HandlerError> {
///     let event = callback.event();
///     println!("{:?} is {}", event.reference(), event.outcome());
///     Ok(())
/// });
///
/// let body = include_bytes!("../examples/bodies/b2binpay-deposit-confirmed.json");
/// let reply = receiver.receive(body, None, &handler);
/// assert_eq!(reply.status(), 200);
///
/// let reply = receiver.receive(b"{}", None, &handler);
/// assert_eq!(reply.status(), 400);
/// assert_eq!(reply.disposition().to_string(), "unreadable: `data`: expected a value, found none");
/// # Ok::<(), payhook::KeyError>(())
/// ```
///
/// What is proven passes its [`Guard`]: the same news is handed over once. Until
/// it is given another one, a receiver remembers in [memory](MemoryGuard).
///
/// ```
/// # use payhook::b2binpay::{Key, TrackingIds, Verifier};
/// # use payhook::{Callback, HandlerError, Receiver, Verified, handler_fn};
/// # let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
/// # let receiver = Receiver::b2binpay(Verifier::new(key, TrackingIds::Prefixed));
/// # let handler = handler_fn(|_: Verified<Callback>| Ok::<(), HandlerError>(()));
/// let body = include_bytes!("../examples/bodies/b2binpay-deposit-confirmed.json");
/// assert_eq!(receiver.receive(body, None, &handler).disposition().to_string(), "handled: settled");
/// assert_eq!(receiver.receive(body, None, &handler).disposition().to_string(), "handled before");
/// # Ok::<(), payhook::KeyError>(())
/// ```
///
/// # Tracing
///
/// With the feature `tracing`, each body has a span `callback` (target
/// `payhook`) that your handler and look-ups run in, with the fields `gateway`,
/// `endpoint` and `status`, and once it is proven `kind`, `outcome` (both with a
/// `?` behind what is only reported), `evidence` and the merchant's name of the
/// `key`. One event says what became of it, with `status`, `error`, `fault` and
/// `hint`: at `ERROR` where you have to do something, at `WARN` where the sender
/// would or another delivery is under way, at `INFO` where all is well.
///
/// No secret, signature, token, reference, address or body is in there, nor the
/// errors of your own handler, guard and look-ups, which may quote one: log
/// those yourself, from the [`Disposition`].
#[derive(Debug, Clone)]
pub struct Receiver<G, D = MemoryGuard> {
    gateway: G,
    guard: D,
    endpoint: Cow<'static, str>,
    body_limit: usize,
}

impl Receiver<B2binpay> {
    /// An endpoint for B2BINPAY or Coinsbuy.
    #[must_use]
    pub fn b2binpay(verifier: Verifier) -> Self {
        Self::new(B2binpay {
            verifier,
            sources: None,
            lookup: None,
        })
    }
}

impl<L, D> Receiver<B2binpay<L>, D> {
    /// Proves unsigned callbacks of *deposits* by asking the gateway's API.
    #[must_use]
    pub fn look_up_deposits<M>(self, lookup: M) -> Receiver<B2binpay<M>, D> {
        let B2binpay {
            verifier, sources, ..
        } = self.gateway;
        Receiver {
            gateway: B2binpay {
                verifier,
                sources,
                lookup: Some(lookup),
            },
            guard: self.guard,
            endpoint: self.endpoint,
            body_limit: self.body_limit,
        }
    }

    /// Takes unsigned callbacks without a transfer from these addresses, where
    /// no look-up is there for them. Weak: nothing of them is proven, and
    /// nothing settles.
    #[must_use]
    pub fn accept_unsigned_from(mut self, ranges: AddressRanges) -> Self {
        self.gateway.sources = Some(ranges);
        self
    }
}

impl<L> Receiver<CityPay<L>> {
    /// An endpoint for CityPay.io. Orders are proven by the order endpoint,
    /// which `lookup` asks; deposits as far as the account says.
    #[must_use]
    pub fn citypay(account: Account, lookup: L) -> Self {
        Self::new(CityPay { account, lookup })
    }
}

impl<G> Receiver<G> {
    fn new(gateway: G) -> Self {
        Self {
            gateway,
            guard: MemoryGuard::new(),
            endpoint: Cow::Borrowed(""),
            body_limit: DEFAULT_BODY_LIMIT,
        }
    }
}

impl<G, D> Receiver<G, D> {
    /// Remembers with another guard: Redis or PostgreSQL where there are several
    /// processes, [`NoGuard`](crate::NoGuard) where the handler has its own way
    /// to credit once.
    #[must_use]
    pub fn guard<E>(self, guard: E) -> Receiver<G, E> {
        Receiver {
            gateway: self.gateway,
            guard,
            endpoint: self.endpoint,
            body_limit: self.body_limit,
        }
    }

    /// The name that this endpoint's claims stand under, `""` unless set. See
    /// [`idempotency_keys`](Verified::idempotency_keys): endpoints that share a
    /// signing key must share it.
    #[must_use]
    pub fn endpoint(self, name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            endpoint: name.into(),
            ..self
        }
    }

    /// Reads bodies of at most this many bytes; [`DEFAULT_BODY_LIMIT`] unless
    /// set. A server should stop reading there, too; `receive_http` (feature
    /// `http`) does.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Parses, proves, claims and hands over one body.
    ///
    /// `peer` is the socket's peer, or what a proxy of the merchant's own
    /// forwards; it matters only where addresses are evidence.
    ///
    /// Until the handler returns, the claim is in flight: it is completed if the
    /// handler succeeds and released if it fails. A handler that panics leaves
    /// it to its lease.
    pub fn receive<H>(&self, body: &[u8], peer: Option<IpAddr>, handler: &H) -> Reply
    where
        G: Prove,
        D: Guard,
        H: Handler<Callback> + ?Sized,
    {
        let trace = Trace::new(G::GATEWAY, &self.endpoint);
        let flow = || {
            let callback = self.gateway.prove(self.post(body, peer))?;
            let (keys, outcome) = self.look_at(&callback, &trace)?;
            let token = Disposition::fresh(self.guard.claim(&keys))?;
            match handler.handle(callback) {
                Ok(()) => Disposition::recorded(outcome, self.guard.complete(token)),
                Err(error) => {
                    // What can't be released runs out.
                    let _ = self.guard.release(token);
                    Err(Disposition::HandlerFailed(error.into()))
                }
            }
        };
        trace.end(Reply::of(trace.inside(flow)))
    }

    /// [`receive`](Self::receive) for asynchronous handlers, guards and
    /// look-ups. A future that is dropped while the handler runs leaves the
    /// claim to its lease.
    pub async fn receive_async<H>(&self, body: &[u8], peer: Option<IpAddr>, handler: &H) -> Reply
    where
        G: AsyncProve,
        D: AsyncGuard,
        H: AsyncHandler<Callback>,
    {
        self.receive_read(ready(Ok(body)), peer, handler).await
    }

    /// `receive_async` for a body that has to be read first.
    pub(crate) async fn receive_read<B, H>(
        &self,
        body: impl Future<Output = Result<B, Disposition>>,
        peer: Option<IpAddr>,
        handler: &H,
    ) -> Reply
    where
        B: AsRef<[u8]>,
        G: AsyncProve,
        D: AsyncGuard,
        H: AsyncHandler<Callback>,
    {
        let trace = Trace::new(G::GATEWAY, &self.endpoint);
        let flow = async {
            let body = body.await?;
            let callback = self.gateway.prove(self.post(body.as_ref(), peer)).await?;
            let (keys, outcome) = self.look_at(&callback, &trace)?;
            let token = Disposition::fresh(self.guard.claim(&keys).await)?;
            // Before the next await: not every error can be sent to another thread.
            let result = handler.handle(callback).await.map_err(Into::into);
            match result {
                Ok(()) => Disposition::recorded(outcome, self.guard.complete(token).await),
                Err(error) => {
                    // What can't be released runs out.
                    let _ = self.guard.release(token).await;
                    Err(Disposition::HandlerFailed(error))
                }
            }
        };
        let result = trace.around(flow).await;
        trace.end(Reply::of(result))
    }

    #[cfg(feature = "http")]
    pub(crate) fn limit(&self) -> usize {
        self.body_limit
    }

    /// What the guard and the answer go by, from one event.
    fn look_at(
        &self,
        callback: &Verified<Callback>,
        trace: &Trace,
    ) -> Result<(IdempotencyKeys, Fact<Outcome>), Disposition> {
        let event = callback.event();
        trace.proven(&event);
        match callback.proven() {
            // Once accepted, it may never come again.
            Proven::Order(order) if order.is_behind() => Err(Disposition::Behind),
            _ => Ok((event.idempotency_keys(&self.endpoint), event.outcome())),
        }
    }

    fn post<'a>(&self, body: &'a [u8], peer: Option<IpAddr>) -> Post<'a> {
        Post {
            body,
            limit: self.body_limit,
            peer,
        }
    }
}
