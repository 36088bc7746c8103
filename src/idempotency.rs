//! [`IdempotencyStore`]: the same event is handled once.

mod keys;
mod memory;

use std::future::Future;
use std::sync::Arc;

use crate::fetch::BoxError;

pub use keys::{IdempotencyKey, IdempotencyKeys};
pub use memory::{MemoryStore, StoreFull};

/// Remembers which callbacks were handled: for a [`Handler`](crate::Handler) that
/// fills a queue or credits in another system. Where payments are kept in a
/// [`Ledger`](crate::Ledger), none is needed.
///
/// Gateways send again until they see a 200, resend by hand, send several
/// callbacks per transfer, and two replicas can get the same one at once. A store
/// lets one of them through: [`claim`](Self::claim), handle, then
/// [`complete`](Self::complete) or [`release`](Self::release). An
/// [`Endpoint`](crate::Endpoint) with an [`Idempotent`](crate::endpoint::Idempotent) handler does
/// all of that.
///
/// ```
/// use payhook::b2binpay::{Key, TrackingIds, Verifier};
/// use payhook::{Callback, Unverified, idempotency::{Claim, IdempotencyStore, Lease, MemoryStore}};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../examples/bodies/b2binpay-deposit-confirmed.json");
/// let callback: Callback = verifier.verify(Unverified::parse(body)?)?.into();
/// let keys = callback.idempotency_keys("");
///
/// let store = MemoryStore::new();
/// let Claim::Acquired(token) = store.claim(&keys).await? else { panic!("nobody else is there") };
/// assert!(matches!(store.claim(&keys).await?, Claim::InProgress));
/// // … credit …
/// assert_eq!(store.complete(token).await?, Lease::Held);
/// assert!(matches!(store.claim(&keys).await?, Claim::AlreadyHandled));
/// # Ok(())
/// # }
/// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// # let std::task::Poll::Ready(done) = std::pin::pin!(example()).poll(&mut context) else { panic!() };
/// # done.unwrap();
/// ```
///
/// # What each one guarantees
///
/// | store | remembers |
/// |---|---|
/// | [`MemoryStore`] | in this process, until it ends |
/// | `RedisStore` (crate `payhook-redis`) | for all replicas, as long as Redis keeps its data |
/// | `PgStore` (crate `payhook-postgres`) | for all replicas, until it is pruned |
///
/// With each, the handler's effect happens **at least once**: once, unless a
/// handler outlives its lease, or between its effect and `complete` its process
/// ends, its request is dropped, or the store can't be reached. Then the lease runs
/// out, and the next delivery is handled again. So give the other system the
/// [effect](IdempotencyKeys::effect) as its idempotency key. A payment in a
/// [`Ledger`](crate::Ledger) is credited exactly once.
///
/// A request is dropped when its sender hangs up, and whoever can make a gateway
/// call back, as a payer of CityPay.io's can, can hang up at the right moment:
/// `http::CallbackService::spawn` lets no sender do that.
///
/// # What an implementation has to do
///
/// In one atomic step, `claim`
///
/// 1. looks up which effect the delivery is **bound** to, or binds it to the one in
///    `keys`. A delivery that may have been forgotten is not bound: it is `AlreadyHandled` if
///    that effect is done, and `TooOld` if not;
/// 2. answers `AlreadyHandled` if the bound effect is done, unless since then another effect
///    of the same subject was completed and the time in `keys` is later than that
///    one's: reversed and settled again is a new event;
/// 3. else answers `Conflicting` if the bound effect is not the one in `keys`;
/// 4. else `Superseded` if the subject's last completed effect has a later time;
/// 5. else `InProgress` if the effect is claimed and its lease has not run out (at its
///    exact end it has); else
/// 6. claims the effect under a new fencing number.
///
/// `complete` makes the effect done and the subject's last, unless the subject's
/// last has a later time. Of two times of which one is unknown, neither is later.
/// Whenever a delivery's bound effect is done and is the subject's last, `claim` raises
/// the time of that last effect to the delivery's. A done effect is remembered at
/// least as long as every delivery that is bound to it, and as long as its subject.
///
/// `testing::StoreConformance` (feature `testing`) tries all of that.
#[diagnostic::on_unimplemented(message = "`{Self}` is not an idempotency store")]
pub trait IdempotencyStore: Send + Sync {
    /// Asks to handle a callback.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being known; nothing is claimed then, and the
    /// endpoint answers 503.
    fn claim(&self, keys: &IdempotencyKeys)
    -> impl Future<Output = Result<Claim, BoxError>> + Send;

    /// Ends a claim whose callback was handled: from now on it is done. Only the
    /// holder does that: a token whose claim has passed on changes nothing and gets
    /// [`Lease::Lost`].
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being recorded.
    fn complete(&self, token: ClaimToken) -> impl Future<Output = Result<Lease, BoxError>> + Send;

    /// Ends a claim whose callback was not handled: it can be claimed again. Only
    /// the holder does that, as for [`complete`](Self::complete).
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being recorded; the lease runs out then.
    fn release(&self, token: ClaimToken) -> impl Future<Output = Result<Lease, BoxError>> + Send;
}

/// A store's answer.
///
/// See [`IdempotencyStore`] for an example.
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub enum Claim {
    /// The delivery was first seen as another effect, which is not done: unsigned
    /// fields were changed in one of the two.
    Conflicting,
    /// Unknown, and older than what this store has forgotten: nobody can say
    /// whether it was handled.
    TooOld,
    /// Handled before.
    AlreadyHandled,
    /// The caller's to handle, until the lease runs out.
    Acquired(ClaimToken),
    /// Another delivery of it is being handled.
    InProgress,
    /// Never handled, and older than a handled event of the same subject.
    Superseded,
}

/// The right to handle one callback, once. Neither cloned nor used twice.
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
    effect: IdempotencyKey,
    fence: u64,
}

impl ClaimToken {
    /// For a store: the effect that is claimed (the one that the delivery is bound
    /// to), and a number that no other claim of it has.
    pub fn new(effect: IdempotencyKey, fence: u64) -> Self {
        Self { effect, fence }
    }

    /// The claimed effect.
    #[must_use]
    pub fn effect(&self) -> &IdempotencyKey {
        &self.effect
    }

    /// The fencing number.
    #[must_use]
    pub fn fence(&self) -> u64 {
        self.fence
    }
}

/// Whether a claim was still its token's when it ended.
///
/// See [`IdempotencyStore`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub enum Lease {
    /// It was, and what was asked for is done.
    Held,
    /// The lease had run out and the claim passed on; nothing was changed.
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
