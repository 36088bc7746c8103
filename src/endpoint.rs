//! [`Endpoint`]: the whole flow, from posted bytes to an HTTP status.

mod blocking;
mod books;
mod disposition;
mod idempotent;
#[cfg(feature = "tracing")]
mod trace;
#[cfg(not(feature = "tracing"))]
#[path = "endpoint/no_trace.rs"]
mod trace;

use std::borrow::Cow;
use std::fmt;
use std::future::{Future, ready};
use std::net::IpAddr;

use crate::gateway::{Body, Gateway};
use crate::ledger::PaymentKey;
use crate::read::DEFAULT_BODY_LIMIT;

pub use disposition::{Disposition, LeaseLost, Reply};
pub use idempotent::Idempotent;

use trace::Trace;

/// One endpoint of the merchant's: bytes in, an HTTP status out. In between each
/// callback is verified and applied to its payment in a [`Ledger`](crate::Ledger), or handed to an
/// [`Idempotent`] handler (PAYMENTS, section 3).
///
/// It opens no socket and needs no runtime. Hand it the body's bytes untouched
/// and answer with the [`Reply`]'s status and an empty body.
///
/// ```
/// use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
/// use payhook::payment::Expected;
/// use payhook::{Endpoint, MemoryLedger};
///
/// let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
/// let ledger = MemoryLedger::new();
/// ledger.expect(Expected::deposit("order-9001", "ETH", "0.412".parse()?)?);
/// let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
/// let endpoint = Endpoint::new(gateway, ledger.clone());
///
/// let body = include_bytes!("../examples/bodies/b2binpay-deposit-confirmed.json");
/// let reply = endpoint.receive_blocking(body, None);
/// assert_eq!(reply.status(), 200);
/// assert!(reply.change().is_some_and(|change| change.newly_paid()));
///
/// // The gateway sends it again: nothing changes.
/// let reply = endpoint.receive_blocking(body, None);
/// assert_eq!(reply.status(), 200);
/// assert!(reply.change().is_some_and(|change| change.credited().is_none()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Tracing
///
/// With the feature `tracing`, each body has a span `callback` (target `payhook`)
/// that the ledger, the handler and the lookups run in, with the fields `gateway`,
/// `endpoint` and `status`, and once it is verified `kind`, `outcome` (both with a
/// `?` behind what is only reported), `evidence` and the merchant's name of the
/// `key`. One event says what happened to it, with `status`, `error`, `fault` and
/// `hint`: at `ERROR` where the merchant has to do something, at `WARN` where the
/// sender would or another delivery is under way, at `INFO` where all is well.
///
/// No secret, signature, token, reference, address or body is in there, nor the
/// errors of the merchant's own code, which may quote one: log those from the
/// [`Disposition`].
#[derive(Debug, Clone)]
pub struct Endpoint<G, T> {
    gateway: G,
    target: T,
    namespace: Cow<'static, str>,
    body_limit: usize,
}

/// Where an endpoint's verified callbacks go: to any [`Ledger`](crate::Ledger), or to
/// an [`Idempotent`] handler. Sealed.
///
/// See [`Endpoint`] for an example.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a `Ledger` nor an `Idempotent` handler",
    note = "give the endpoint a ledger, or `Idempotent::new(handler, store)`"
)]
pub trait Target: sealed::Sealed + Send + Sync {
    #[doc(hidden)]
    fn take<G: Gateway>(
        &self,
        received: Received<'_, G>,
        callback: G::Callback,
    ) -> impl Future<Output = Result<Disposition, Disposition>> + Send;
}

mod sealed {
    pub trait Sealed {}
    impl<L: crate::ledger::Ledger> Sealed for L {}
    impl<H, S> Sealed for super::Idempotent<H, S> {}
}

/// What a target has to know of a callback that was read.
#[doc(hidden)]
pub struct Received<'e, G> {
    gateway: &'e G,
    namespace: &'e str,
    key: PaymentKey,
    trace: &'e Trace,
}

impl<G: Gateway> Received<'_, G> {
    /// Asks the gateway about the callback. What `may_fail` to be looked up goes on
    /// without.
    async fn ask(&self, callback: G::Callback, may_fail: bool) -> Result<G::Callback, Disposition> {
        match self.gateway.ask(&callback).await {
            Ok(answer) => Ok(self.gateway.hear(callback, &answer, may_fail)?),
            Err(_) if may_fail => Ok(callback),
            Err(error) => Err(Disposition::LookupFailed(error)),
        }
    }
}

impl<G: Gateway> fmt::Debug for Received<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("gateway", &G::NAME)
            .finish_non_exhaustive()
    }
}

impl<G: Gateway, T: Target> Endpoint<G, T> {
    /// An endpoint for one gateway, and what its verified callbacks go to: the
    /// merchant's payments, or a handler.
    #[must_use]
    pub fn new(gateway: G, target: T) -> Self {
        Self {
            gateway,
            target,
            namespace: Cow::Borrowed(""),
            body_limit: DEFAULT_BODY_LIMIT,
        }
    }

    /// Keeps the names of deliveries and transfers apart from those of other
    /// endpoints on the same ledger or store: for a sandbox beside production, whose
    /// ids may be the same.
    #[must_use]
    pub fn namespace(self, namespace: impl Into<Cow<'static, str>>) -> Self {
        Self {
            namespace: namespace.into(),
            ..self
        }
    }

    /// Reads bodies of at most this many bytes; [`DEFAULT_BODY_LIMIT`] unless
    /// set. A server should stop reading there, too.
    #[must_use]
    pub fn body_limit(self, bytes: usize) -> Self {
        Self {
            body_limit: bytes,
            ..self
        }
    }

    /// The merchant's payments, or the handler.
    #[must_use]
    pub fn target(&self) -> &T {
        &self.target
    }

    /// Verifies one body, asks the gateway where that is needed, and applies it to
    /// its payment, in one transaction, under the payment's lock; or hands it to the
    /// handler.
    ///
    /// `peer` is the socket's peer, or what a proxy of the merchant's own
    /// forwards; it matters only where addresses are evidence.
    pub async fn receive(&self, body: &[u8], peer: Option<IpAddr>) -> Reply {
        self.receive_read(ready(Ok(body)), peer).await
    }

    /// [`receive`](Self::receive) for synchronous code: it blocks the thread.
    pub fn receive_blocking(&self, body: &[u8], peer: Option<IpAddr>) -> Reply {
        blocking::block_on(self.receive(body, peer))
    }

    /// `receive` for a body that has to be read first.
    pub(crate) async fn receive_read<B: AsRef<[u8]>>(
        &self,
        body: impl Future<Output = Result<B, Disposition>>,
        peer: Option<IpAddr>,
    ) -> Reply {
        let trace = Trace::new(G::NAME, &self.namespace);
        let flow = async {
            let body = body.await?;
            self.process(body.as_ref(), peer, &trace).await
        };
        let result = trace.around(flow).await;
        trace.end(Reply::of(result))
    }

    #[cfg(feature = "http")]
    pub(crate) fn limit(&self) -> usize {
        self.body_limit
    }

    async fn process(
        &self,
        bytes: &[u8],
        peer: Option<IpAddr>,
        trace: &Trace,
    ) -> Result<Disposition, Disposition> {
        let callback = self.gateway.read(Body {
            bytes,
            limit: self.body_limit,
            peer,
        })?;
        let key = {
            let (reference, part) = self.gateway.names(&callback);
            PaymentKey::new(G::NAME, reference, part)
        };
        let received = Received {
            gateway: &self.gateway,
            namespace: &self.namespace,
            key,
            trace,
        };
        self.target.take(received, callback).await
    }
}
