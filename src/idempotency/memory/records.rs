//! [`Records`]: what a [`MemoryStore`](super::MemoryStore) remembers.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};

use crate::fetch::BoxError;
use crate::idempotency::keys::{IdempotencyKey, IdempotencyKeys};
use crate::idempotency::{Claim, ClaimToken, Lease};

/// The settings of a store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) lease: Duration,
    pub(super) retention: Duration,
    /// The maximum number of callbacks, and of delivery keys.
    pub(super) capacity: usize,
}

#[derive(Debug, Default)]
pub(super) struct Records {
    /// The event with which a delivery was first seen.
    bindings: HashMap<IdempotencyKey, IdempotencyKey>,
    events: HashMap<IdempotencyKey, Event>,
    /// The last completed event of each subject.
    subjects: HashMap<IdempotencyKey, Last>,
    /// Events by the time when they were last seen, unproven ones first.
    sightings: BTreeMap<Sighting, IdempotencyKey>,
    /// The number of the last claim or sighting.
    count: u64,
    /// The latest time of a deleted delivery.
    forgotten: Option<DateTime<Utc>>,
}

/// Whether it is proven, and the sighting's number.
type Sighting = (bool, u64);

#[derive(Debug, Clone, Copy)]
struct Last {
    event: IdempotencyKey,
    time: Option<DateTime<Utc>>,
}

#[derive(Debug)]
struct Event {
    state: State,
    /// All deliveries that are bound to it, to be deleted with it.
    deliveries: Vec<IdempotencyKey>,
    /// The latest of their times.
    time: Option<DateTime<Utc>>,
    subject: IdempotencyKey,
    is_proven: bool,
    seen: Instant,
    sighting: Sighting,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum State {
    Done,
    Free,
    /// The end of the lease; `None` means never.
    Held {
        fence: u64,
        until: Option<Instant>,
        /// Whether the event was done before this claim.
        was_done: bool,
    },
}

impl Records {
    pub(super) fn claim(
        &mut self,
        keys: &IdempotencyKeys,
        now: Instant,
        limits: &Limits,
    ) -> Result<Claim, BoxError> {
        if let Some(oldest) = now.checked_sub(limits.retention) {
            self.forget_seen_before(oldest, now);
        }
        let bound = self.bindings.get(keys.delivery()).copied();
        let key = bound.unwrap_or(*keys.event());
        let is_done = self.is_done(&key);
        // Before it may be deleted to make room.
        let last_time = self.subjects.get(keys.subject()).and_then(|it| it.time);
        if bound.is_none() {
            if self.may_have_forgotten(keys) {
                // It may have been handled with another event, so it reopens
                // nothing.
                return Ok(if is_done {
                    Claim::AlreadyHandled
                } else {
                    Claim::TooOld
                });
            }
            if !self.has_room(limits.capacity, keys, now) {
                let full = format!(
                    "store is full: it holds {} deliveries, and none may be deleted yet",
                    limits.capacity
                );
                return Err(full.into());
            }
            self.bind(keys, now);
        }
        self.see(key, now);
        let is_its_own = key == *keys.event();
        let last = self.subjects.get_mut(keys.subject());
        if is_done {
            match last {
                Some(last) if last.event == key => {
                    last.time = last.time.max(keys.time());
                    return Ok(Claim::AlreadyHandled);
                }
                // A transfer that settles again after a reversal is a new event.
                Some(last) if is_its_own && is_later(keys.time(), last.time) => {}
                _ => return Ok(Claim::AlreadyHandled),
            }
        } else if !is_its_own {
            return Ok(Claim::Conflicting);
        } else if is_later(last_time, keys.time()) {
            return Ok(Claim::Superseded);
        }
        Ok(self.hold(key, now, limits.lease))
    }

    /// Ends a claim, so that its event is done or free.
    pub(super) fn end(&mut self, token: &ClaimToken, state: State, now: Instant) -> Lease {
        match self.events.get_mut(&token.event) {
            Some(event) if event.is_held_by(token.fence) => {
                event.state = match state {
                    State::Free if event.state.is_done() => State::Done,
                    state => state,
                };
                let (subject, time) = (event.subject, event.time);
                if matches!(state, State::Done) {
                    self.complete(subject, token.event, time);
                }
                self.see(token.event, now);
                Lease::Held
            }
            _ => Lease::Lost,
        }
    }

    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn may_have_forgotten(&self, keys: &IdempotencyKeys) -> bool {
        matches!((keys.time(), self.forgotten), (Some(time), Some(mark)) if time <= mark)
    }

    fn bind(&mut self, keys: &IdempotencyKeys, now: Instant) {
        self.bindings.insert(*keys.delivery(), *keys.event());
        let event = match self.events.entry(*keys.event()) {
            Entry::Occupied(event) => event.into_mut(),
            Entry::Vacant(place) => place.insert(Event {
                state: State::Free,
                deliveries: Vec::with_capacity(1),
                time: None,
                subject: *keys.subject(),
                is_proven: keys.is_proven(),
                seen: now,
                sighting: (false, 0),
            }),
        };
        event.deliveries.push(*keys.delivery());
        event.time = event.time.max(keys.time());
        event.is_proven |= keys.is_proven();
    }

    fn complete(
        &mut self,
        subject: IdempotencyKey,
        event: IdempotencyKey,
        time: Option<DateTime<Utc>>,
    ) {
        let next = Last { event, time };
        let last = self.subjects.entry(subject).or_insert(next);
        if !is_later(last.time, time) {
            *last = next;
        }
    }

    /// The last event of its subject is marked as seen with it, so it is never
    /// deleted first: it determines whether another one is new.
    fn see(&mut self, key: IdempotencyKey, now: Instant) {
        self.see_one(key, now);
        let event = self.events.get(&key);
        let last = event.and_then(|event| self.subjects.get(&event.subject));
        if let Some(last) = last.map(|last| last.event)
            && last != key
        {
            self.see_one(last, now);
        }
    }

    fn see_one(&mut self, key: IdempotencyKey, now: Instant) {
        let number = self.next();
        let Some(event) = self.events.get_mut(&key) else {
            return;
        };
        self.sightings.remove(&event.sighting);
        event.seen = now;
        event.sighting = (event.is_proven, number);
        self.sightings.insert(event.sighting, key);
    }

    fn hold(&mut self, key: IdempotencyKey, now: Instant, lease: Duration) -> Claim {
        let fence = self.next();
        let Some(event) = self.events.get_mut(&key) else {
            // A binding is deleted with its event, so there always is one.
            return Claim::InProgress;
        };
        if event.state.is_in_flight(now) {
            return Claim::InProgress;
        }
        event.state = State::Held {
            fence,
            until: now.checked_add(lease),
            was_done: event.state.is_done(),
        };
        Claim::Acquired(ClaimToken::new(key, fence))
    }

    /// Deletes events that were seen longest ago until there is room for one more,
    /// except for events in progress, the wanted event, one that may have reversed
    /// it, and, to make room for an unproven one, proven events.
    fn has_room(&mut self, capacity: usize, wanted: &IdempotencyKeys, now: Instant) -> bool {
        let last = self.subjects.get(wanted.subject()).map(|last| last.event);
        let reversal = last.filter(|_| self.is_done(wanted.event()));
        while self.bindings.len() >= capacity {
            let mut seen = self.sightings.iter();
            let oldest = seen.find(|((is_proven, _), key)| {
                let may_go = wanted.is_proven() || !is_proven;
                let is_wanted = *key == wanted.event() || Some(**key) == reversal;
                may_go && !is_wanted && !self.is_in_flight(key, now)
            });
            let Some(key) = oldest.map(|(_, key)| *key) else {
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
        let event = self.events.get(key);
        event.is_some_and(|event| event.seen < oldest)
    }

    fn is_done(&self, key: &IdempotencyKey) -> bool {
        let event = self.events.get(key);
        event.is_some_and(|event| event.state.is_done())
    }

    fn is_in_flight(&self, key: &IdempotencyKey, now: Instant) -> bool {
        let event = self.events.get(key);
        event.is_some_and(|event| event.state.is_in_flight(now))
    }

    /// An event that was never handled leaves no mark: it may be sent again.
    fn forget(&mut self, key: &IdempotencyKey) {
        let Some(event) = self.events.remove(key) else {
            return;
        };
        self.sightings.remove(&event.sighting);
        for delivery in &event.deliveries {
            self.bindings.remove(delivery);
        }
        let last = self.subjects.get(&event.subject);
        if last.is_some_and(|last| last.event == *key) {
            self.subjects.remove(&event.subject);
        }
        if !matches!(event.state, State::Free) {
            // A timestamp in the future would put everything beyond the horizon.
            let now = DateTime::from(SystemTime::now());
            self.forgotten = self.forgotten.max(event.time.map(|time| time.min(now)));
        }
    }
}

impl State {
    /// Whether the event was done, even while it is claimed again.
    fn is_done(self) -> bool {
        matches!(self, Self::Done | Self::Held { was_done: true, .. })
    }

    fn is_in_flight(self, now: Instant) -> bool {
        matches!(self, Self::Held { until, .. } if until.is_none_or(|until| now < until))
    }
}

impl Event {
    fn is_held_by(&self, token: u64) -> bool {
        matches!(self.state, State::Held { fence, .. } if fence == token)
    }
}

/// If one of two times is unknown, neither is later.
fn is_later(time: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) -> bool {
    matches!((time, other), (Some(time), Some(other)) if time > other)
}
