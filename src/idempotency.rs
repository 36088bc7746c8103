//! [`IdempotencyStore`]: a store that drops duplicates.

mod keys;
mod memory;

use std::future::Future;
use std::sync::Arc;

use crate::fetch::BoxError;

pub use keys::{IdempotencyKey, IdempotencyKeys};
pub use memory::MemoryStore;

/// Remembers which callbacks were handled: for a [`Handler`](crate::Handler) that
/// fills a queue or credits in another system. It is not needed if payments are kept
/// in a [`Ledger`](crate::Ledger).
///
/// It passes on each event once, in its first delivery. A queue whose worker has a ledger
/// needs all of them: see `docs/queues.md`.
///
/// Gateways retry until they receive a 200, support manual resends, send several
/// callbacks per transfer, and two replicas can receive the same callback
/// concurrently. A store lets one of them through: [`claim`](Self::claim), handle,
/// then [`complete`](Self::complete) or [`release`](Self::release). An
/// [`Endpoint`](crate::Endpoint) with an [`Idempotent`](crate::endpoint::Idempotent) handler
/// does all of that.
///
/// ```
/// use payhook::b2binpay::{Key, TrackingIds, Verifier};
/// use payhook::{Callback, Unverified, idempotency::{Claim, IdempotencyStore, Lease, MemoryStore}};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
/// let callback: Callback = verifier.verify(Unverified::parse(&body)?)?.into();
/// let keys = callback.idempotency_keys("");
///
/// let store = MemoryStore::new();
/// let Claim::Acquired(token) = store.claim(&keys).await? else { panic!("the first claim is acquired") };
/// assert!(matches!(store.claim(&keys).await?, Claim::InProgress));
/// // … credit …
/// assert_eq!(store.complete(token).await?, Lease::Held);
/// assert!(matches!(store.claim(&keys).await?, Claim::AlreadyHandled));
/// # Ok(())
/// # }
/// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// # let std::task::Poll::Ready(done) = std::pin::pin!(example()).poll(&mut context) else { panic!() };
/// # done.unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Guarantees
///
/// | store | remembers |
/// |---|---|
/// | [`MemoryStore`] | in this process, until it ends |
/// | `RedisStore` (crate `payhook-redis`) | for all replicas, as long as Redis keeps its data |
/// | `PgStore` (crate `payhook-postgres`) | for all replicas, until it is pruned |
///
/// With each, the handler's effect happens **at least once**: once, unless a handler
/// outlives its lease, or between its effect and `complete` the process ends, the
/// request is dropped, or the store is unreachable. Then the lease expires, and the
/// next delivery is handled again. So pass the [event key](IdempotencyKeys::event) to
/// the other system as its idempotency key. A payment in a [`Ledger`](crate::Ledger)
/// is credited exactly once.
///
/// A request is dropped when its sender closes the connection. A payer of CityPay.io
/// can trigger a callback and close the connection at the right moment:
/// `http::CallbackService::spawn` prevents that.
///
/// # Requirements for implementations
///
/// In one atomic step, `claim`
///
/// 1. looks up which event the delivery is **bound** to, or binds it to the one in
///    `keys`. A delivery that may have been forgotten is not bound: it is `AlreadyHandled` if
///    that event is done, and `TooOld` if not;
/// 2. returns `AlreadyHandled` if the bound event is done, unless another event of the same
///    subject was completed since then and the time in `keys` is later than that
///    one's: a transfer that settles again after a reversal is a new event;
/// 3. else returns `Conflicting` if the bound event is not the one in `keys`;
/// 4. else returns `Superseded` if the subject's last completed event has a later
///    time;
/// 5. else returns `InProgress` if the event is claimed and its lease has not expired
///    (at its exact end it has); else
/// 6. claims the event under a new fencing number.
///
/// `complete` makes the event done and the subject's last, unless the subject's last
/// has a later time. If one of two times is unknown, neither is later. Whenever a
/// delivery's bound event is done and is the subject's last, `claim` raises the time
/// of that last event to the delivery's. A done event is remembered at least as
/// long as every delivery that is bound to it, and as long as its subject.
///
/// `StoreConformance`, in the crate `payhook-conformance`, tests all of these.
#[diagnostic::on_unimplemented(message = "`{Self}` is not an idempotency store")]
pub trait IdempotencyStore: Send + Sync {
    /// Claims a callback for handling.
    ///
    /// # Errors
    ///
    /// Any error of the store; nothing is claimed then, and the endpoint responds
    /// with 503.
    fn claim(&self, keys: &IdempotencyKeys)
    -> impl Future<Output = Result<Claim, BoxError>> + Send;

    /// Completes a claim whose callback was handled: from now on it is done. Only the
    /// current holder can do that: a token whose claim has passed to another delivery
    /// changes nothing and gets [`Lease::Lost`].
    ///
    /// # Errors
    ///
    /// Any error that prevents recording it.
    fn complete(&self, token: ClaimToken) -> impl Future<Output = Result<Lease, BoxError>> + Send;

    /// Releases a claim whose callback was not handled: it can be claimed again. Only
    /// the current holder can do that, as for [`complete`](Self::complete).
    ///
    /// # Errors
    ///
    /// Any error that prevents recording it; the lease expires then.
    fn release(&self, token: ClaimToken) -> impl Future<Output = Result<Lease, BoxError>> + Send;
}

/// The result of [`IdempotencyStore::claim`].
///
/// See [`IdempotencyStore`] for an example.
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub enum Claim {
    /// The delivery was first seen with a different event, which is not done:
    /// unsigned fields were changed in one of the two.
    Conflicting,
    /// It is unknown, and older than callbacks that this store has deleted, so it may
    /// have been handled.
    TooOld,
    /// It was already handled.
    AlreadyHandled,
    /// The caller has to handle it before the lease expires.
    Acquired(ClaimToken),
    /// Another delivery of it is being handled.
    InProgress,
    /// It was never handled, and is older than a handled event of the same subject.
    Superseded,
}

/// The right to handle one callback, once. It can neither be cloned nor used twice.
///
/// ```compile_fail,E0382
/// use payhook::{idempotency::{ClaimToken, IdempotencyStore, MemoryStore}};
/// async fn finish(store: &MemoryStore, token: ClaimToken) {
///     let _ = store.complete(token).await;
///     let _ = store.release(token).await;
/// }
/// ```
///
/// ```
/// use payhook::{idempotency::{ClaimToken, IdempotencyStore, MemoryStore}};
/// async fn finish(store: &MemoryStore, token: ClaimToken) {
///     let _ = store.complete(token).await;
/// }
/// ```
#[derive(Debug)]
#[must_use = "complete or release it: if it is dropped, the callback is blocked until the lease expires"]
pub struct ClaimToken {
    event: IdempotencyKey,
    fence: u64,
}

impl ClaimToken {
    /// Creates a token, for stores: from the claimed event (the one that the
    /// delivery is bound to), and a number that is unique among its claims.
    pub fn new(event: IdempotencyKey, fence: u64) -> Self {
        Self { event, fence }
    }

    /// Returns the claimed event.
    #[must_use]
    pub fn event(&self) -> &IdempotencyKey {
        &self.event
    }

    /// Returns the fencing number.
    #[must_use]
    pub fn fence(&self) -> u64 {
        self.fence
    }
}

/// Whether the token still held its claim when the claim ended.
///
/// See [`IdempotencyStore`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub enum Lease {
    /// The lease was still held, and the operation succeeded.
    Held,
    /// The lease had expired and the claim was taken by another delivery; nothing was
    /// changed.
    Lost,
}

macro_rules! pass_through {
    ($($Pointer:ty),+) => {$(
        impl<S: IdempotencyStore + ?Sized> IdempotencyStore for $Pointer {
            fn claim(
                &self,
                keys: &IdempotencyKeys,
            ) -> impl Future<Output = Result<Claim, BoxError>> + Send {
                (**self).claim(keys)
            }

            fn complete(
                &self,
                token: ClaimToken,
            ) -> impl Future<Output = Result<Lease, BoxError>> + Send {
                (**self).complete(token)
            }

            fn release(
                &self,
                token: ClaimToken,
            ) -> impl Future<Output = Result<Lease, BoxError>> + Send {
                (**self).release(token)
            }
        }
    )+};
}

pass_through!(&S, Box<S>, Arc<S>);
