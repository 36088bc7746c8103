//! [`Endpoint`]: the complete flow, from received bytes to an HTTP status.

mod blocking;
mod disposition;
mod idempotent;
mod label;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(not(feature = "metrics"))]
#[path = "endpoint/no_metrics.rs"]
mod metrics;
mod notes;
mod observer;
mod receipt;
mod reply;
#[cfg(feature = "tracing")]
mod trace;
#[cfg(not(feature = "tracing"))]
#[path = "endpoint/no_trace.rs"]
mod trace;
mod with_ledger;

use std::borrow::Cow;
use std::fmt;
use std::future::{Future, ready};
use std::net::IpAddr;

use crate::gateway::{Body, Gateway};
use crate::ledger::PaymentKey;
use crate::read::DEFAULT_BODY_LIMIT;

pub use disposition::Disposition;
pub use idempotent::Idempotent;
pub use receipt::Receipt;
pub use reply::Reply;

use observer::Observer;

/// A webhook endpoint: it takes the bytes of a callback, verifies it, applies it to
/// its payment in a [`Ledger`](crate::Ledger) or passes it to an [`Idempotent`]
/// handler, and returns an HTTP status (PAYMENTS, *Order of operations*).
///
/// It opens no socket and needs no runtime. Pass it the unmodified bytes of the body,
/// and respond with the [`Reply`]'s status and an empty body.
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
/// let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
/// let reply = endpoint.receive_blocking(&body, None);
/// assert_eq!(reply.status(), 200);
/// assert!(reply.change().is_some_and(|change| change.newly_paid()));
///
/// // The gateway sends a duplicate: nothing changes.
/// let reply = endpoint.receive_blocking(&body, None);
/// assert_eq!(reply.status(), 200);
/// assert!(reply.change().is_some_and(|change| change.credited().is_none()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Tracing
///
/// With the feature `tracing`, each body has a span `callback` (target `payhook`)
/// that the ledger, the handler and the lookups run in, with the fields `gateway`,
/// `endpoint` and `status`, and once it is verified `kind`, `outcome` (both followed
/// by `?` if only reported), `evidence` and the merchant's name of the `key`. One
/// event reports the result, with `disposition`, `status`, `error`, `fault` and `hint`:
/// at `ERROR` if the merchant has to act, at `WARN` if the sender has to act or another
/// delivery is in progress, and at `INFO` otherwise. [With
/// receipts](Self::with_receipts), the event also has `body_sha256`, `delivery`,
/// `reference`, `credited`, `newly_paid`, `held`, `reviews` and `duration_us`.
///
/// Spans and events contain no secret, signature, address or body, and no errors of the
/// application's own code, which may quote one: log those from the [`Disposition`]. Only
/// with receipts do they contain a reference, which is CityPay.io's token, and amounts.
///
/// # Metrics
///
/// With the feature `metrics`, each body is counted by the recorder that the program
/// installed with the crate `metrics`. All metrics have the labels `gateway` and
/// `endpoint` (the [namespace](Self::namespace)).
///
/// | name | type | more labels | |
/// |---|---|---|---|
/// | `payhook_callbacks_total` | counter | `disposition`, `error` | bodies, by [`Disposition::as_str`] and [`Disposition::error_label`] |
/// | `payhook_callback_age_seconds` | histogram | | the time since the signed time of a verified callback |
/// | `payhook_callback_duration_seconds` | histogram | `disposition` | the time to the response |
/// | `payhook_held_total` | counter | | callbacks that increased the held money of their payment |
/// | `payhook_last_accepted_timestamp_seconds` | gauge | | the Unix time of the last callback that was verified and answered with 200 |
/// | `payhook_reviews_total` | counter | `reason` | reports for manual review, by [`ReviewReason::as_str`](crate::payment::ReviewReason::as_str) |
#[derive(Debug, Clone)]
pub struct Endpoint<G, T> {
    gateway: G,
    target: T,
    namespace: Cow<'static, str>,
    body_limit: usize,
    has_receipts: bool,
}

/// The target of an endpoint's verified callbacks: any [`Ledger`](crate::Ledger), or
/// an [`Idempotent`] handler. Sealed.
///
/// See [`Endpoint`] for an example.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a `Ledger` nor an `Idempotent` handler",
    note = "give the endpoint a ledger, or `Idempotent::new(handler, store)`"
)]
pub trait Target: sealed::Sealed + Send + Sync {
    #[doc(hidden)]
    fn process<G: Gateway>(
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

/// The context that a target needs for a parsed callback.
#[doc(hidden)]
pub struct Received<'e, G> {
    gateway: &'e G,
    namespace: &'e str,
    key: &'e PaymentKey,
    observer: &'e Observer<'e>,
}

impl<G: Gateway> Received<'_, G> {
    /// Performs the lookup. If it `may_fail`, the callback is processed without its
    /// result.
    async fn look_up(
        &self,
        callback: G::Callback,
        may_fail: bool,
    ) -> Result<G::Callback, Disposition> {
        match self.gateway.look_up(&callback).await {
            Ok(answer) => Ok(self
                .gateway
                .verify_with_response(callback, &answer, may_fail)?),
            Err(_) if may_fail => Ok(self.gateway.without_response(callback)?),
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
    /// Creates an endpoint for one gateway with a ledger or a handler.
    #[must_use]
    pub fn new(gateway: G, target: T) -> Self {
        Self {
            gateway,
            target,
            namespace: Cow::Borrowed(""),
            body_limit: DEFAULT_BODY_LIMIT,
            has_receipts: false,
        }
    }

    /// Sets a namespace that separates the names of deliveries and transfers from
    /// those of other endpoints on the same ledger or store: for example a sandbox
    /// and production, whose ids may be equal.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<Cow<'static, str>>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Sets the maximum body length in bytes; the default is [`DEFAULT_BODY_LIMIT`].
    /// The server should have the same limit.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Keeps a [`Receipt`] of each body: one line for a log. It costs a SHA-256 of the
    /// body and a few allocations. With the feature `tracing`, the event of the result
    /// has the receipt's fields as well.
    #[must_use]
    pub fn with_receipts(mut self) -> Self {
        self.has_receipts = true;
        self
    }

    /// Returns the ledger or the handler.
    #[must_use]
    pub fn target(&self) -> &T {
        &self.target
    }

    /// Verifies one body, performs a lookup if needed, and applies the callback to
    /// its payment in one transaction under the payment's lock; or passes it to the
    /// handler.
    ///
    /// `peer` is the socket's peer address, or the address forwarded by the
    /// merchant's own proxy; it is used only if addresses are evidence.
    pub async fn receive(&self, body: &[u8], peer: Option<IpAddr>) -> Reply {
        self.receive_read(ready(Ok(body)), peer).await
    }

    /// [`receive`](Self::receive) for synchronous code; it blocks the thread.
    pub fn receive_blocking(&self, body: &[u8], peer: Option<IpAddr>) -> Reply {
        blocking::block_on(self.receive(body, peer))
    }

    /// Reads a body, and then does the same as `receive`.
    pub(crate) async fn receive_read<B: AsRef<[u8]>>(
        &self,
        body: impl Future<Output = Result<B, Disposition>>,
        peer: Option<IpAddr>,
    ) -> Reply {
        let observer = Observer::new(G::NAME, &self.namespace, self.has_receipts);
        let mut key = None;
        let flow = async {
            let body = body.await?;
            observer.read(body.as_ref());
            self.process(body.as_ref(), peer, &observer, &mut key).await
        };
        let result = observer.around(flow).await;
        observer.end(result, key)
    }

    #[cfg(feature = "http")]
    pub(crate) fn limit(&self) -> usize {
        self.body_limit
    }

    async fn process(
        &self,
        bytes: &[u8],
        peer: Option<IpAddr>,
        observer: &Observer<'_>,
        key: &mut Option<PaymentKey>,
    ) -> Result<Disposition, Disposition> {
        let callback = self.gateway.parse(Body {
            bytes,
            limit: self.body_limit,
            peer,
        })?;
        let (reference, part) = self.gateway.identify(&callback);
        let received = Received {
            gateway: &self.gateway,
            namespace: &self.namespace,
            key: key.insert(PaymentKey::new(G::NAME, reference, part)),
            observer,
        };
        self.target.process(received, callback).await
    }
}
