//! [`Idempotent`]: a handler behind an idempotency store.

use super::{Disposition, Received, Target};
use crate::error::VerifyError;
use crate::gateway::{Asks, Gateway};
use crate::handler::Handler;
use crate::idempotency::{IdempotencyKeys, IdempotencyStore};

/// A [`Handler`] that is given each event once, as its [`IdempotencyStore`]
/// remembers it: for an [`Endpoint`](super::Endpoint) whose payments are not kept in
/// a [`Ledger`](crate::Ledger).
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
/// let body = include_bytes!("../../examples/bodies/b2binpay-deposit-confirmed.json");
/// let reply = endpoint.receive_blocking(body, None);
/// assert_eq!(reply.disposition().to_string(), "handled: settled");
/// let reply = endpoint.receive_blocking(body, None);
/// assert_eq!(reply.disposition().to_string(), "handled before");
/// # Ok::<(), payhook::error::ConfigError>(())
/// ```
///
/// The handler is told what happened, not what to credit: that a payment was made
/// in full, once, only a [`Payment`](crate::payment::Payment) says.
///
/// Until the handler returns, its claim is in flight. It is completed if the handler
/// succeeds and released if it fails. A handler that panics, or whose future is
/// dropped, leaves it to its lease.
#[derive(Debug, Clone)]
pub struct Idempotent<H, S> {
    handler: H,
    store: S,
}

impl<H: Handler, S: IdempotencyStore> Idempotent<H, S> {
    /// A handler and what remembers for it.
    #[must_use]
    pub fn new(handler: H, store: S) -> Self {
        Self { handler, store }
    }

    /// The handler.
    #[must_use]
    pub fn handler(&self) -> &H {
        &self.handler
    }

    /// What remembers for it.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Asks the gateway, where it can be answered without a payment to compare with.
    async fn look_up<G: Gateway>(
        &self,
        received: &Received<'_, G>,
        callback: G::Callback,
    ) -> Result<G::Callback, Disposition> {
        let may_fail = match received.gateway.asks(&callback) {
            Asks::Always { may_fail } => may_fail,
            asks @ (Asks::OnceKnown | Asks::KnownOnly) => {
                let is_known = self.handler.is_known(&received.key).await;
                if !is_known.map_err(Disposition::LookupFailed)? {
                    return Err(Disposition::Rejected(VerifyError::NotIssued));
                }
                if asks == Asks::KnownOnly {
                    return Ok(callback);
                }
                false
            }
            // Nothing is held here.
            Asks::Never | Asks::WhenHeld { .. } => return Ok(callback),
        };
        received.ask(callback, may_fail).await
    }
}

impl<H: Handler, S: IdempotencyStore> Target for Idempotent<H, S> {
    async fn take<G: Gateway>(
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
            received.trace.verified(&event);
            let keys = IdempotencyKeys::of(&event, received.namespace);
            (keys, event.outcome())
        };
        let token = Disposition::fresh(self.store.claim(&keys).await)?;
        match self.handler.handle(callback).await {
            Ok(()) => Disposition::recorded(outcome, self.store.complete(token).await),
            Err(error) => {
                // What can't be released runs out.
                let _ = self.store.release(token).await;
                Err(Disposition::HandlerFailed(error))
            }
        }
    }
}
