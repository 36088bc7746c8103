//! [`Idempotent`]: a handler behind an idempotency store.

use super::{Disposition, Received, Target};
use crate::error::VerifyError;
use crate::gateway::{Gateway, LookupNeed};
use crate::handler::Handler;
use crate::idempotency::{IdempotencyKeys, IdempotencyStore};

/// A [`Handler`] with an [`IdempotencyStore`] that drops duplicates: for an
/// [`Endpoint`](super::Endpoint) whose payments are not kept in a
/// [`Ledger`](crate::Ledger).
///
/// ```
/// use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
/// use payhook::{handler_fn, BoxError, Callback, Endpoint, endpoint::Idempotent, idempotency::MemoryStore};
///
/// let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
/// let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
/// let queue = handler_fn(async |callback: Callback| {
///     println!("{}", callback.event().outcome());
///     Ok::<(), BoxError>(())
/// });
/// let endpoint = Endpoint::new(gateway, Idempotent::new(queue, MemoryStore::new()));
///
/// let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
/// let reply = endpoint.receive_blocking(&body, None);
/// assert_eq!(reply.disposition().to_string(), "handled: settled");
/// let reply = endpoint.receive_blocking(&body, None);
/// assert_eq!(reply.disposition().to_string(), "already handled");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The handler receives the event, not the amount to credit: only a
/// [`Payment`](crate::payment::Payment) determines whether a payment was made in
/// full, once.
///
/// Until the handler returns, its claim is in progress. It is completed if the handler
/// succeeds and released if it fails. If a handler panics or its future is dropped,
/// the claim stays until its lease expires.
#[derive(Debug, Clone)]
pub struct Idempotent<H, S> {
    handler: H,
    store: S,
}

impl<H: Handler, S: IdempotencyStore> Idempotent<H, S> {
    /// Creates an idempotent handler from a handler and a store.
    #[must_use]
    pub fn new(handler: H, store: S) -> Self {
        Self { handler, store }
    }

    /// Returns the handler.
    #[must_use]
    pub fn handler(&self) -> &H {
        &self.handler
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Performs the lookup, where that is possible without a payment to compare with.
    async fn look_up<G: Gateway>(
        &self,
        received: &Received<'_, G>,
        callback: G::Callback,
    ) -> Result<G::Callback, Disposition> {
        let may_fail = match received.gateway.lookup_need(&callback) {
            LookupNeed::Always { may_fail } => may_fail,
            need @ (LookupNeed::OnceKnown | LookupNeed::KnownOnly) => {
                let is_known = self.handler.is_known(received.key).await;
                if !is_known.map_err(Disposition::LookupFailed)? {
                    return Err(Disposition::Rejected(VerifyError::NotIssued));
                }
                if need == LookupNeed::KnownOnly {
                    return Ok(callback);
                }
                false
            }
            // A handler holds no money.
            LookupNeed::Never | LookupNeed::WhenHeld { .. } => return Ok(callback),
        };
        received.look_up(callback, may_fail).await
    }
}

impl<H: Handler, S: IdempotencyStore> Target for Idempotent<H, S> {
    async fn process<G: Gateway>(
        &self,
        received: Received<'_, G>,
        callback: G::Callback,
    ) -> Result<Disposition, Disposition> {
        let callback = self.look_up(&received, callback).await?;
        let Some(callback) = G::into_verified(callback) else {
            return Err(Disposition::Rejected(VerifyError::NoEvidence));
        };
        let (keys, outcome) = {
            let event = callback.event();
            received.observer.verified(&event);
            let keys = IdempotencyKeys::of(&event, received.namespace);
            (keys, event.outcome())
        };
        let token = Disposition::fresh(self.store.claim(&keys).await)?;
        match self.handler.handle(callback).await {
            Ok(()) => Disposition::recorded(outcome, self.store.complete(token).await),
            Err(error) => {
                // If the release fails, the lease expires.
                let _ = self.store.release(token).await;
                Err(Disposition::HandlerFailed(error))
            }
        }
    }
}
