//! [`MemoryGuard`]: remembers in this process.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};

use super::keys::{IdempotencyKey, IdempotencyKeys};
use super::{Claim, ClaimToken, Guard, Lease};

/// A guard for one process: the default of a [`Receiver`](crate::Receiver).
///
/// It remembers a handled callback for its [`retention`](Self::retention), and
/// not more of them than its [`capacity`](Self::capacity); those of which no
/// time is proven go first, then those that were seen longest ago. What it has
/// forgotten leaves a mark: a callback that
/// it does not know and that is not newer than the mark is answered with
/// [`Claim::BeyondHorizon`], never taken for new. A callback of no known time
/// ([`IdempotencyKeys::time`]) has no horizon, and what is resent by hand after
/// it was forgotten is new: it has a new time.
///
/// A restart forgets everything and leaves no mark. With more than one process,
/// or where a credit must survive a restart, take `RedisGuard` or `PgGuard`.
///
/// Clones share one memory. Threads may use it at once.
///
/// ```
/// use std::time::Duration;
///
/// use payhook::{MemoryGuard, Receiver};
/// # use payhook::{Callback, HandlerError, Verified, handler_fn, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let shop = handler_fn(|_: Verified<Callback>| Ok::<(), HandlerError>(()));
/// # let body = include_bytes!("../../examples/bodies/b2binpay-deposit-confirmed.json");
///
/// // For a handler that may take five minutes.
/// let guard = MemoryGuard::new().lease(Duration::from_secs(300));
/// let receiver = Receiver::b2binpay(verifier).guard(guard);
/// assert_eq!(receiver.receive(body, None, &shop).disposition().to_string(), "handled: settled");
/// assert_eq!(receiver.receive(body, None, &shop).disposition().to_string(), "handled before");
/// # Ok::<(), payhook::KeyError>(())
/// ```
#[derive(Debug, Clone)]
pub struct MemoryGuard {
    memory: Arc<Mutex<Memory>>,
    lease: Duration,
    retention: Duration,
    capacity: usize,
}

/// A [`MemoryGuard`] is full, and there is nothing in it that it may forget.
///
/// See [`MemoryGuard::capacity`]; a [`Receiver`](crate::Receiver) answers it with 503, and the
/// gateway sends again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the guard holds {capacity} deliveries, and may forget none of them")]
#[non_exhaustive]
pub struct GuardFull {
    /// How many it may hold.
    pub capacity: usize,
}

#[derive(Debug, Default)]
struct Memory {
    /// Which effect a delivery was first seen with.
    bindings: HashMap<IdempotencyKey, IdempotencyKey>,
    effects: HashMap<IdempotencyKey, Effect>,
    /// Effects by when they were last seen. Those of no known time make room
    /// first: nothing of them is proven, so they could be made up without end.
    sightings: BTreeMap<Sighting, IdempotencyKey>,
    /// The number of the last claim or sighting.
    count: u64,
    /// The latest time of a delivery that was forgotten.
    forgotten: Option<DateTime<Utc>>,
}

/// Whether a time is known, and the sighting's number.
type Sighting = (bool, u64);

#[derive(Debug)]
struct Effect {
    state: State,
    /// All that are bound to it, to be forgotten with it.
    deliveries: Vec<IdempotencyKey>,
    /// The latest time of them.
    time: Option<DateTime<Utc>>,
    seen: Instant,
    sighting: Sighting,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Done,
    Free,
    /// Until its lease runs out; `None` is never.
    Held {
        fence: u64,
        until: Option<Instant>,
    },
}

impl MemoryGuard {
    /// Holds a claim for a minute, remembers a handled callback for 30 days,
    /// and 100,000 of them, in at most 120 MB.
    #[must_use]
    pub fn new() -> Self {
        Self {
            memory: Arc::default(),
            lease: Duration::from_secs(60),
            retention: Duration::from_secs(30 * 24 * 60 * 60),
            capacity: 100_000,
        }
    }

    /// How long a handler may take before its claim passes on to the next
    /// delivery. At its exact end a lease has lapsed.
    #[must_use]
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// How long a callback is remembered after it was last seen.
    #[must_use]
    pub fn retention(self, retention: Duration) -> Self {
        Self { retention, ..self }
    }

    /// How many callbacks are remembered, and how many delivery keys. At least
    /// one.
    #[must_use]
    pub fn capacity(self, capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            ..self
        }
    }

    /// As [`Guard::claim`] at the moment `now`: for tests of a lease or a retention
    /// that can't wait for its end.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use payhook::{Claim, MemoryGuard};
    /// # use payhook::{IdempotencyKey, IdempotencyKeys};
    /// # let keys = IdempotencyKeys::new(IdempotencyKey::from_bytes([1; 32]), IdempotencyKey::from_bytes([2; 32]), None);
    ///
    /// let guard = MemoryGuard::new(); // a lease of a minute
    /// let now = Instant::now();
    /// assert!(matches!(guard.claim_at(&keys, now)?, Claim::Fresh(_)));
    /// assert!(matches!(guard.claim_at(&keys, now)?, Claim::InFlight));
    /// let end = now + Duration::from_secs(60);
    /// assert!(matches!(guard.claim_at(&keys, end)?, Claim::Fresh(_)));
    /// # Ok::<(), payhook::GuardFull>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`GuardFull`], as [`Guard::claim`].
    pub fn claim_at(&self, keys: &IdempotencyKeys, now: Instant) -> Result<Claim, GuardFull> {
        let mut memory = self.memory();
        if let Some(oldest) = now.checked_sub(self.retention) {
            memory.forget_seen_before(oldest, now);
        }
        let bound = memory.bindings.get(keys.delivery()).copied();
        let key = bound.unwrap_or(*keys.effect());
        let is_done = memory.is_done(&key);
        if bound.is_none() {
            if !is_done && memory.may_have_forgotten(keys) {
                return Ok(Claim::BeyondHorizon);
            }
            if !memory.has_room(self.capacity, &key, now) {
                return Err(GuardFull {
                    capacity: self.capacity,
                });
            }
            memory.bind(keys, now);
        }
        memory.see(key, now);
        if !is_done && key != *keys.effect() {
            return Ok(Claim::Altered);
        }
        Ok(memory.hold(key, now, self.lease))
    }

    /// A handler that panicked is not this guard's affair: its state is whole
    /// between any two calls.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, token: &ClaimToken, state: State) -> Lease {
        // Asked for in front of the lock: other threads wait behind it.
        let now = Instant::now();
        let mut memory = self.memory();
        match memory.effects.get_mut(&token.effect) {
            Some(effect) if effect.is_held_by(token.fence) => {
                effect.state = state;
                memory.see(token.effect, now);
                Lease::Held
            }
            _ => Lease::Lost,
        }
    }
}

impl Default for MemoryGuard {
    fn default() -> Self {
        Self::new()
    }
}

impl Guard for MemoryGuard {
    type Error = GuardFull;

    fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, GuardFull> {
        // Asked for in front of the lock: other threads wait behind it.
        self.claim_at(keys, Instant::now())
    }

    fn complete(&self, token: ClaimToken) -> Result<Lease, GuardFull> {
        Ok(self.end(&token, State::Done))
    }

    fn release(&self, token: ClaimToken) -> Result<Lease, GuardFull> {
        Ok(self.end(&token, State::Free))
    }
}

impl Memory {
    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn may_have_forgotten(&self, keys: &IdempotencyKeys) -> bool {
        matches!((keys.time(), self.forgotten), (Some(time), Some(mark)) if time <= mark)
    }

    fn bind(&mut self, keys: &IdempotencyKeys, now: Instant) {
        self.bindings.insert(*keys.delivery(), *keys.effect());
        let effect = match self.effects.entry(*keys.effect()) {
            Entry::Occupied(effect) => effect.into_mut(),
            Entry::Vacant(place) => place.insert(Effect {
                state: State::Free,
                deliveries: Vec::with_capacity(1),
                time: None,
                seen: now,
                sighting: (false, 0),
            }),
        };
        effect.deliveries.push(*keys.delivery());
        effect.time = effect.time.max(keys.time());
    }

    fn see(&mut self, key: IdempotencyKey, now: Instant) {
        let number = self.next();
        let Some(effect) = self.effects.get_mut(&key) else {
            return;
        };
        self.sightings.remove(&effect.sighting);
        effect.seen = now;
        effect.sighting = (effect.time.is_some(), number);
        self.sightings.insert(effect.sighting, key);
    }

    fn hold(&mut self, key: IdempotencyKey, now: Instant, lease: Duration) -> Claim {
        let fence = self.next();
        let Some(effect) = self.effects.get_mut(&key) else {
            // A binding goes with its effect, so there always is one.
            return Claim::InFlight;
        };
        match effect.state {
            State::Done => Claim::Done,
            state if state.is_in_flight(now) => Claim::InFlight,
            State::Held { .. } | State::Free => {
                let until = now.checked_add(lease);
                effect.state = State::Held { fence, until };
                Claim::Fresh(ClaimToken::new(key, fence))
            }
        }
    }

    /// Forgets what was seen longest ago until there is room for one more, but
    /// neither what is in flight nor `wanted`, which is about to be asked for.
    fn has_room(&mut self, capacity: usize, wanted: &IdempotencyKey, now: Instant) -> bool {
        while self.bindings.len() >= capacity {
            let mut keys = self.sightings.values();
            let key = keys.find(|key| *key != wanted && !self.is_in_flight(key, now));
            let Some(key) = key.copied() else {
                return false;
            };
            self.forget(&key);
        }
        true
    }

    fn forget_seen_before(&mut self, oldest: Instant, now: Instant) {
        for first in [(false, 0), (true, 0)] {
            while let Some((_, &key)) = self.sightings.range(first..).next()
                && self.was_seen_before(&key, oldest)
                && !self.is_in_flight(&key, now)
            {
                self.forget(&key);
            }
        }
    }

    fn was_seen_before(&self, key: &IdempotencyKey, oldest: Instant) -> bool {
        let effect = self.effects.get(key);
        effect.is_some_and(|effect| effect.seen < oldest)
    }

    fn is_done(&self, key: &IdempotencyKey) -> bool {
        let effect = self.effects.get(key);
        effect.is_some_and(|effect| matches!(effect.state, State::Done))
    }

    fn is_in_flight(&self, key: &IdempotencyKey, now: Instant) -> bool {
        let effect = self.effects.get(key);
        effect.is_some_and(|effect| effect.state.is_in_flight(now))
    }

    /// What was never handled leaves no mark: it may come again.
    fn forget(&mut self, key: &IdempotencyKey) {
        let Some(effect) = self.effects.remove(key) else {
            return;
        };
        self.sightings.remove(&effect.sighting);
        for delivery in &effect.deliveries {
            self.bindings.remove(delivery);
        }
        if !matches!(effect.state, State::Free) {
            // A stamp from the future would put everything beyond the horizon.
            let now = DateTime::from(SystemTime::now());
            self.forgotten = self.forgotten.max(effect.time.map(|time| time.min(now)));
        }
    }
}

impl State {
    fn is_in_flight(self, now: Instant) -> bool {
        matches!(self, Self::Held { until, .. } if until.is_none_or(|until| now < until))
    }
}

impl Effect {
    fn is_held_by(&self, token: u64) -> bool {
        matches!(self.state, State::Held { fence, .. } if fence == token)
    }
}
