//! Guards that get one thing wrong each.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use payhook::{
    AsyncGuard, Claim, ClaimToken, GuardFull, IdempotencyKey, IdempotencyKeys, Lease, MemoryGuard,
};

/// What stands between the caller and a guard that is right.
pub(super) trait Flaw: Send + Sync + 'static {
    fn claim(
        &self,
        guard: &MemoryGuard,
        keys: &IdempotencyKeys,
    ) -> impl Future<Output = Result<Claim, GuardFull>> + Send {
        guard.claim(keys)
    }

    fn complete(
        &self,
        guard: &MemoryGuard,
        token: ClaimToken,
    ) -> impl Future<Output = Result<Lease, GuardFull>> + Send {
        guard.complete(token)
    }

    fn release(
        &self,
        guard: &MemoryGuard,
        token: ClaimToken,
    ) -> impl Future<Output = Result<Lease, GuardFull>> + Send {
        guard.release(token)
    }
}

pub(super) struct Flawed<F> {
    pub(super) guard: MemoryGuard,
    pub(super) flaw: F,
}

impl<F: Flaw> AsyncGuard for Flawed<F> {
    type Error = GuardFull;

    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, GuardFull> {
        self.flaw.claim(&self.guard, keys).await
    }

    async fn complete(&self, token: ClaimToken) -> Result<Lease, GuardFull> {
        if token.fence() == OF_NOBODY {
            return Ok(Lease::Held);
        }
        self.flaw.complete(&self.guard, token).await
    }

    async fn release(&self, token: ClaimToken) -> Result<Lease, GuardFull> {
        if token.fence() == OF_NOBODY {
            return Ok(Lease::Held);
        }
        self.flaw.release(&self.guard, token).await
    }
}

/// The fence of a claim that a guard gives without holding it.
const OF_NOBODY: u64 = 0;

fn one_more(effect: &IdempotencyKey) -> Claim {
    Claim::Fresh(ClaimToken::new(*effect, OF_NOBODY))
}

/// Deliveries are bound to nothing.
pub(super) struct BindsNothing;

impl Flaw for BindsNothing {
    async fn claim(&self, guard: &MemoryGuard, keys: &IdempotencyKeys) -> Result<Claim, GuardFull> {
        let effect = *keys.effect();
        let unbound = IdempotencyKeys::new(effect, effect, keys.time());
        guard.claim(&unbound).await
    }
}

/// A released claim stays in flight.
pub(super) struct KeepsTheReleased;

impl Flaw for KeepsTheReleased {
    async fn release(&self, _: &MemoryGuard, _: ClaimToken) -> Result<Lease, GuardFull> {
        Ok(Lease::Held)
    }
}

/// No claim has a number of its own.
pub(super) struct Unfenced;

impl Flaw for Unfenced {
    async fn complete(&self, guard: &MemoryGuard, token: ClaimToken) -> Result<Lease, GuardFull> {
        let _ = guard.complete(token).await?;
        Ok(Lease::Held)
    }

    async fn release(&self, guard: &MemoryGuard, token: ClaimToken) -> Result<Lease, GuardFull> {
        let _ = guard.release(token).await?;
        Ok(Lease::Held)
    }
}

/// Looks first and claims a moment later, whatever is in between.
pub(super) struct LooksFirst {
    looking: Mutex<Vec<IdempotencyKeys>>,
    /// Whether those with the same delivery wait for each other.
    locks_deliveries: bool,
}

impl LooksFirst {
    pub(super) fn new(locks_deliveries: bool) -> Self {
        let looking = Mutex::default();
        Self {
            looking,
            locks_deliveries,
        }
    }

    fn is_overtaking(&self, keys: &IdempotencyKeys) -> bool {
        let mut looking = self.looking.lock().unwrap();
        let place = looking.iter().position(|other| other == keys);
        looking.swap_remove(place.unwrap());
        looking.iter().any(|other| {
            other.effect() == keys.effect()
                && !(self.locks_deliveries && other.delivery() == keys.delivery())
        })
    }
}

impl Flaw for LooksFirst {
    async fn claim(&self, guard: &MemoryGuard, keys: &IdempotencyKeys) -> Result<Claim, GuardFull> {
        self.looking.lock().unwrap().push(*keys);
        tokio::task::yield_now().await;
        if self.is_overtaking(keys) {
            return Ok(one_more(keys.effect()));
        }
        guard.claim(keys).await
    }
}

/// Which claims are handed on.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Once {
    Lapsed,
    Released,
}

/// Gives a claim that was held before to all who ask at that moment.
pub(super) struct HandsOnToAll {
    once: Once,
    held_before: Mutex<Vec<IdempotencyKey>>,
    handing: Mutex<Vec<IdempotencyKey>>,
}

impl HandsOnToAll {
    pub(super) fn new(once: Once) -> Self {
        Self {
            once,
            held_before: Mutex::default(),
            handing: Mutex::default(),
        }
    }
}

impl Flaw for HandsOnToAll {
    async fn claim(&self, guard: &MemoryGuard, keys: &IdempotencyKeys) -> Result<Claim, GuardFull> {
        let effect = keys.effect();
        let claim = guard.claim(keys).await?;
        match claim {
            Claim::Fresh(_) if self.held_before.lock().unwrap().contains(effect) => {
                self.handing.lock().unwrap().push(*effect);
                tokio::task::yield_now().await;
                self.handing.lock().unwrap().clear();
            }
            Claim::Fresh(_) if self.once == Once::Lapsed => {
                self.held_before.lock().unwrap().push(*effect);
            }
            Claim::InFlight if self.handing.lock().unwrap().contains(effect) => {
                return Ok(one_more(effect));
            }
            _ => {}
        }
        Ok(claim)
    }

    async fn release(&self, guard: &MemoryGuard, token: ClaimToken) -> Result<Lease, GuardFull> {
        let effect = *token.effect();
        let held_before = || self.held_before.lock().unwrap();
        match self.once {
            Once::Lapsed => held_before().retain(|held| *held != effect),
            Once::Released => held_before().push(effect),
        }
        guard.release(token).await
    }
}

/// Takes no end from a holder who is late.
pub(super) struct ForgetsTheLate {
    lease: Duration,
    since: Mutex<HashMap<u64, Instant>>,
}

impl ForgetsTheLate {
    pub(super) fn new(lease: Duration) -> Self {
        let since = Mutex::default();
        Self { lease, since }
    }
}

impl Flaw for ForgetsTheLate {
    async fn claim(&self, guard: &MemoryGuard, keys: &IdempotencyKeys) -> Result<Claim, GuardFull> {
        let claim = guard.claim(keys).await?;
        if let Claim::Fresh(token) = &claim {
            let now = Instant::now();
            self.since.lock().unwrap().insert(token.fence(), now);
        }
        Ok(claim)
    }

    async fn complete(&self, guard: &MemoryGuard, token: ClaimToken) -> Result<Lease, GuardFull> {
        let since = self.since.lock().unwrap()[&token.fence()];
        if since.elapsed() > self.lease {
            return Ok(Lease::Lost);
        }
        guard.complete(token).await
    }
}

/// Renews the claims of tasks, also of those that are gone.
#[derive(Default)]
pub(super) struct RenewsForTheDead(Mutex<Vec<IdempotencyKey>>);

impl Flaw for RenewsForTheDead {
    async fn claim(&self, guard: &MemoryGuard, keys: &IdempotencyKeys) -> Result<Claim, GuardFull> {
        match guard.claim(keys).await? {
            Claim::Fresh(token) if self.0.lock().unwrap().contains(keys.effect()) => {
                let _ = guard.release(token).await?;
                Ok(Claim::InFlight)
            }
            claim => {
                if tokio::task::try_id().is_some() {
                    self.0.lock().unwrap().push(*keys.effect());
                }
                Ok(claim)
            }
        }
    }
}

/// Refuses what is older than its horizon. Right, if it looks first whether it
/// knows it.
pub(super) struct Horizon {
    length: Duration,
    known: Mutex<Vec<IdempotencyKey>>,
    looks_first: bool,
}

impl Horizon {
    pub(super) fn new(length: Duration, looks_first: bool) -> Self {
        let known = Mutex::default();
        Self {
            length,
            known,
            looks_first,
        }
    }
}

impl Flaw for Horizon {
    async fn claim(&self, guard: &MemoryGuard, keys: &IdempotencyKeys) -> Result<Claim, GuardFull> {
        let time = SystemTime::from(keys.time().unwrap());
        let is_old = time.elapsed().is_ok_and(|age| age > self.length);
        let is_known = self.known.lock().unwrap().contains(keys.effect());
        if is_old && !(self.looks_first && is_known) {
            return Ok(Claim::BeyondHorizon);
        }
        self.known.lock().unwrap().push(*keys.effect());
        guard.claim(keys).await
    }
}

/// Right, and counts the effects that were claimed.
#[derive(Default)]
pub(super) struct Counts(Mutex<HashSet<IdempotencyKey>>);

impl Counts {
    pub(super) fn effects(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Flaw for Counts {
    async fn claim(&self, guard: &MemoryGuard, keys: &IdempotencyKeys) -> Result<Claim, GuardFull> {
        self.0.lock().unwrap().insert(*keys.effect());
        guard.claim(keys).await
    }
}
