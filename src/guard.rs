//! [`Guard`] and [`AsyncGuard`]: one credit per payment.

mod keys;
mod memory;
mod names;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use crate::handler::HandlerError;

#[cfg(feature = "redis")]
pub use self::redis::RedisGuard;
pub use keys::{IdempotencyKey, IdempotencyKeys};
pub use memory::{GuardFull, MemoryGuard};
#[cfg(feature = "postgres")]
pub use postgres::{PgClaim, PgGuard, PgTransactions};

/// What clocks and stamps without a zone may be off by: what is beyond a store's
/// horizon is forgotten this much later, so that nothing falls in between.
#[cfg(any(feature = "postgres", feature = "redis"))]
const MARGIN: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// Remembers which callbacks were handled: what stands between a proven
/// callback and the ledger.
///
/// Gateways send again until they see a 200, resend by hand, send several
/// callbacks per transfer, and two replicas can get the same one at once. A
/// guard lets one of them through: [`claim`](Self::claim), handle, then
/// [`complete`](Self::complete) or [`release`](Self::release).
///
/// ```
/// use payhook::b2binpay::{Key, TrackingIds, Verifier};
/// use payhook::{Claim, Guard, Lease, MemoryGuard, Unverified};
///
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../examples/bodies/b2binpay-deposit-confirmed.json");
/// let callback = verifier.verify(Unverified::parse(body)?)?.into_callback();
/// let keys = callback.idempotency_keys("");
///
/// let guard = MemoryGuard::new();
/// let Claim::Fresh(token) = Guard::claim(&guard, &keys)? else { panic!("nobody else is there") };
/// assert!(matches!(Guard::claim(&guard, &keys)?, Claim::InFlight));
/// // … credit …
/// assert_eq!(Guard::complete(&guard, token)?, Lease::Held);
/// assert!(matches!(Guard::claim(&guard, &keys)?, Claim::Done));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A [`Receiver`](crate::Receiver) does all of that; it has a [`MemoryGuard`]
/// unless it is given another one.
///
/// # What each one guarantees
///
/// | guard | remembers | the handler's effect happens |
/// |---|---|---|
/// | [`MemoryGuard`] | in this process, until it ends | at least once |
/// | `RedisGuard` | for all replicas, as long as Redis keeps its data | at least once |
/// | `PgGuard` as a guard | for all replicas, until it is pruned | at least once |
/// | `PgGuard::claim_in` | for all replicas, until it is pruned, in the merchant's own transaction | **exactly once**: claim and credit commit together, or neither does |
///
/// *At least once* is once, unless a handler outlives its lease, or between its
/// effect and `complete` its process dies, its request is dropped, or the guard
/// can't be reached: then the lease runs out, and the next delivery is handled
/// again. A request is dropped when its sender hangs up, and **whoever can make
/// the gateway's callbacks, as a payer can of CityPay.io's, can hang up at the
/// right moment**: `http::CallbackService::spawn` lets no sender do that.
///
/// No guard knows what it has forgotten. Told again under a new time, that is
/// new.
///
/// Where the credit is in another system than the claim, give it the [effect
/// key](IdempotencyKeys::effect) as its own idempotency key: it is the same for
/// every delivery of the same news.
///
/// # What an implementation has to do
///
/// A delivery key is **bound** to the effect key that it is first seen with,
/// and only effects are claimed. That is what makes a replay with changed ids
/// harmless: its delivery key is the genuine one's, whose effect is done. In
/// one atomic step, `claim`
///
/// 1. looks up which effect the delivery key is bound to, or binds it to the
///    one in `keys`; a delivery that may have been forgotten is not bound, and
///    `BeyondHorizon` unless that effect is done;
/// 2. answers `Done` if the bound effect is; else `Altered` if it is not the
///    one in `keys`; else `InFlight` if it is; else
/// 3. makes it in flight under a new fencing number, until its lease runs out:
///    at its exact end it has lapsed.
///
/// A done effect is remembered at least as long as every delivery key that is
/// bound to it. `testing::GuardConformance` (feature `testing`) tries all of that
/// which one process can show in a minute.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no guard",
    note = "`receive` wants a `Guard`, `receive_async` an `AsyncGuard`"
)]
pub trait Guard {
    /// What keeps a guard from answering.
    type Error: Into<HandlerError>;

    /// Asks to handle a callback.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being known; nothing is claimed then, and the
    /// receiver answers 503.
    fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, Self::Error>;

    /// Ends a claim whose callback was handled: from now on it is done. Only
    /// the holder does that: a token whose claim has passed to a successor
    /// changes nothing and gets [`Lease::Lost`].
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being recorded.
    fn complete(&self, token: ClaimToken) -> Result<Lease, Self::Error>;

    /// Ends a claim whose callback was not handled: it can be claimed again.
    /// Only the holder does that, as for [`complete`](Self::complete).
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being recorded; the lease runs out then.
    fn release(&self, token: ClaimToken) -> Result<Lease, Self::Error>;
}

/// [`Guard`] for asynchronous code.
///
/// See [`Guard`] for an example, and for what an implementation has to do.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no asynchronous guard",
    note = "`receive` wants a `Guard`, `receive_async` an `AsyncGuard`"
)]
pub trait AsyncGuard {
    /// What keeps a guard from answering.
    type Error: Into<HandlerError> + Send;

    /// As [`Guard::claim`].
    ///
    /// # Errors
    ///
    /// As [`Guard::claim`].
    fn claim(
        &self,
        keys: &IdempotencyKeys,
    ) -> impl Future<Output = Result<Claim, Self::Error>> + Send;

    /// As [`Guard::complete`].
    ///
    /// # Errors
    ///
    /// As [`Guard::complete`].
    fn complete(
        &self,
        token: ClaimToken,
    ) -> impl Future<Output = Result<Lease, Self::Error>> + Send;

    /// As [`Guard::release`].
    ///
    /// # Errors
    ///
    /// As [`Guard::release`].
    fn release(&self, token: ClaimToken)
    -> impl Future<Output = Result<Lease, Self::Error>> + Send;
}

/// A guard's answer.
///
/// See [`Guard`] for an example.
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub enum Claim {
    /// The delivery was first seen as another effect, which is not done: what
    /// is not signed was changed in one of the two.
    Altered,
    /// Unknown, and older than what this guard has forgotten: it may have been
    /// handled, and nobody can say.
    BeyondHorizon,
    /// Handled before.
    Done,
    /// The caller's to handle, until the lease runs out.
    Fresh(ClaimToken),
    /// Somebody else is handling it.
    InFlight,
}

/// The right to handle one callback, once. Neither cloned nor used twice.
///
/// ```compile_fail,E0382
/// use payhook::{ClaimToken, Guard, MemoryGuard};
/// fn finish(guard: &MemoryGuard, token: ClaimToken) {
///     let _ = Guard::complete(guard, token);
///     let _ = Guard::release(guard, token);
/// }
/// ```
///
/// ```
/// use payhook::{ClaimToken, Guard, MemoryGuard};
/// fn finish(guard: &MemoryGuard, token: ClaimToken) {
///     let _ = Guard::complete(guard, token);
/// }
/// ```
#[derive(Debug)]
#[must_use = "complete or release it; dropped, it blocks the callback until its lease runs out"]
pub struct ClaimToken {
    effect: IdempotencyKey,
    fence: u64,
}

impl ClaimToken {
    /// For those who write a guard: the effect that is claimed (the one that
    /// the delivery is bound to), and a number that no other claim of it has.
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
/// ```
/// use std::time::Duration;
///
/// use payhook::{Claim, Guard, Lease, MemoryGuard};
/// # use payhook::{IdempotencyKey, IdempotencyKeys};
/// # let keys = IdempotencyKeys::new(IdempotencyKey::from_bytes([1; 32]), IdempotencyKey::from_bytes([2; 32]), None);
///
/// let guard = MemoryGuard::new().lease(Duration::ZERO); // a handler is always too slow
/// let Claim::Fresh(slow) = Guard::claim(&guard, &keys)? else { panic!("nobody else is there") };
/// let Claim::Fresh(next) = Guard::claim(&guard, &keys)? else { panic!("the lease has run out") };
/// assert_eq!(Guard::complete(&guard, slow)?, Lease::Lost);
/// assert_eq!(Guard::complete(&guard, next)?, Lease::Held);
/// # Ok::<(), payhook::GuardFull>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub enum Lease {
    /// It was, and what was asked for is done.
    Held,
    /// The lease had run out and the claim passed on; nothing was changed.
    Lost,
}

/// No guard in front of the handler: it sees every delivery, and has **its own
/// way to credit once**. In front of `PgGuard::claim_in` stands
/// `PgGuard::before_transactions` instead.
///
/// ```
/// use payhook::b2binpay::{Key, TrackingIds, Verifier};
/// use payhook::{NoGuard, Receiver};
///
/// let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
/// let receiver = Receiver::b2binpay(Verifier::new(key, TrackingIds::Prefixed)).guard(NoGuard);
/// # let _ = receiver;
/// # Ok::<(), payhook::KeyError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct NoGuard;

impl Guard for NoGuard {
    type Error = Infallible;

    fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, Infallible> {
        Ok(Claim::Fresh(ClaimToken::new(*keys.effect(), 0)))
    }

    fn complete(&self, _: ClaimToken) -> Result<Lease, Infallible> {
        Ok(Lease::Held)
    }

    fn release(&self, _: ClaimToken) -> Result<Lease, Infallible> {
        Ok(Lease::Held)
    }
}

/// A synchronous guard that never waits is an asynchronous one as it is.
macro_rules! async_as_sync {
    ($($Type:ty),+) => {$(
        impl AsyncGuard for $Type {
            type Error = <$Type as Guard>::Error;

            async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, Self::Error> {
                Guard::claim(self, keys)
            }

            async fn complete(&self, token: ClaimToken) -> Result<Lease, Self::Error> {
                Guard::complete(self, token)
            }

            async fn release(&self, token: ClaimToken) -> Result<Lease, Self::Error> {
                Guard::release(self, token)
            }
        }
    )+};
}

async_as_sync!(NoGuard, MemoryGuard);

macro_rules! pass_through {
    ($($Pointer:ty),+) => {$(
        impl<G: Guard + ?Sized> Guard for $Pointer {
            type Error = G::Error;

            fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, Self::Error> {
                (**self).claim(keys)
            }

            fn complete(&self, token: ClaimToken) -> Result<Lease, Self::Error> {
                (**self).complete(token)
            }

            fn release(&self, token: ClaimToken) -> Result<Lease, Self::Error> {
                (**self).release(token)
            }
        }

        impl<G: AsyncGuard> AsyncGuard for $Pointer {
            type Error = G::Error;

            fn claim(
                &self,
                keys: &IdempotencyKeys,
            ) -> impl Future<Output = Result<Claim, Self::Error>> + Send {
                (**self).claim(keys)
            }

            fn complete(
                &self,
                token: ClaimToken,
            ) -> impl Future<Output = Result<Lease, Self::Error>> + Send {
                (**self).complete(token)
            }

            fn release(
                &self,
                token: ClaimToken,
            ) -> impl Future<Output = Result<Lease, Self::Error>> + Send {
                (**self).release(token)
            }
        }
    )+};
}

pass_through!(&G, Box<G>, Arc<G>);
