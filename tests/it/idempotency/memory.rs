//! [`MemoryStore`]: bounds, expiry, horizon, order, threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use payhook::chrono::{DateTime, Utc};
use payhook::idempotency::{
    Claim, ClaimToken, IdempotencyKey, IdempotencyKeys, IdempotencyStore, Lease, MemoryStore,
};

use crate::handler::block_on;
use crate::sampling::count;

/// A point in time, in seconds.
fn at(second: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(second, 0)
}

fn key(kind: u8, number: u32) -> IdempotencyKey {
    let mut bytes = [kind; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    IdempotencyKey::from_bytes(bytes)
}

/// Delivery `d` of event `e` at second `d`, with the event's own subject.
fn keys(d: u32, e: u32) -> IdempotencyKeys {
    about(e, d, e, at(i64::from(d)))
}

/// Delivery `d` of event `e` of subject `s`.
fn about(s: u32, d: u32, e: u32, time: Option<DateTime<Utc>>) -> IdempotencyKeys {
    IdempotencyKeys::new(key(b'd', d), key(b's', s), key(b'e', e), time)
}

fn take(store: &MemoryStore, keys: &IdempotencyKeys) -> ClaimToken {
    match store.claim_at(keys, Instant::now()) {
        Ok(Claim::Acquired(token)) => token,
        other => panic!("{other:?}"),
    }
}

fn complete(store: &MemoryStore, token: ClaimToken) -> Lease {
    block_on(store.complete(token)).unwrap()
}

fn release(store: &MemoryStore, token: ClaimToken) -> Lease {
    block_on(store.release(token)).unwrap()
}

/// The claim's result; an acquired claim is completed.
fn claim(store: &MemoryStore, keys: &IdempotencyKeys) -> &'static str {
    answer(store, keys, Instant::now())
}

fn answer(store: &MemoryStore, keys: &IdempotencyKeys, now: Instant) -> &'static str {
    match store.claim_at(keys, now) {
        Ok(Claim::Acquired(token)) => {
            assert_eq!(complete(store, token), Lease::Held);
            "acquired"
        }
        Ok(Claim::AlreadyHandled) => "done",
        Ok(Claim::InProgress) => "in progress",
        Ok(Claim::TooOld) => "too old",
        Ok(Claim::Conflicting) => "conflicting",
        Ok(Claim::Superseded) => "superseded",
        Ok(_) => panic!("something newer"),
        Err(error) => {
            assert!(error.to_string().starts_with("store is full: "), "{error}");
            "full"
        }
    }
}

#[test]
fn forgotten_events_are_beyond_the_horizon() {
    let store = MemoryStore::new().capacity(3);
    for d in 1..=5 {
        assert_eq!(claim(&store, &keys(d, d)), "acquired");
    }
    // The three newest are known, the horizon is at 2.
    for d in 3..=5 {
        assert_eq!(claim(&store, &keys(d, d)), "done");
    }
    for d in 0..=2 {
        assert_eq!(claim(&store, &keys(d, d)), "too old");
        assert_eq!(claim(&store, &keys(d, 100 + d)), "too old");
    }
    assert_eq!(claim(&store, &keys(6, 6)), "acquired");
    // Another delivery of a known event is already handled, however old it is.
    assert_eq!(claim(&store, &about(6, 0, 6, at(0))), "done");
}

#[test]
fn effects_seen_again_are_kept() {
    let store = MemoryStore::new().capacity(3);
    for d in 1..=3 {
        claim(&store, &keys(d, d));
    }
    assert_eq!(claim(&store, &keys(1, 1)), "done");
    claim(&store, &keys(4, 4));
    assert_eq!(claim(&store, &keys(1, 1)), "done");
    assert_eq!(claim(&store, &keys(2, 2)), "too old");
}

/// An event is not forgotten to make room for a second delivery of it.
#[test]
fn an_event_is_not_forgotten_for_its_own_delivery() {
    let store = MemoryStore::new().capacity(2);
    assert_eq!(claim(&store, &keys(1, 1)), "acquired");
    assert_eq!(claim(&store, &keys(2, 1)), "done");
    assert_eq!(claim(&store, &keys(3, 1)), "full");
    assert_eq!(claim(&store, &keys(1, 1)), "done");
    assert_eq!(claim(&store, &keys(4, 2)), "acquired");
    assert_eq!(claim(&store, &keys(3, 1)), "acquired");
}

#[test]
fn effects_in_progress_are_not_forgotten() {
    let store = MemoryStore::new().capacity(2);
    let (one, two) = (take(&store, &keys(1, 1)), take(&store, &keys(2, 2)));
    assert_eq!(claim(&store, &keys(3, 3)), "full");
    // An endpoint reports it with 503.
    let full = block_on(IdempotencyStore::claim(&store, &keys(3, 3))).unwrap_err();
    let message = "store is full: it holds 2 deliveries, and none may be deleted yet";
    assert_eq!(full.to_string(), message);
    assert_eq!(complete(&store, two), Lease::Held);
    assert_eq!(claim(&store, &keys(3, 3)), "acquired");
    assert_eq!(claim(&store, &keys(1, 1)), "in progress");
    assert_eq!(complete(&store, one), Lease::Held);
}

/// A store without capacity would answer everything with 503.
#[test]
fn the_capacity_is_at_least_one() {
    let store = MemoryStore::new().capacity(0);
    assert_eq!(claim(&store, &keys(1, 1)), "acquired");
    assert_eq!(claim(&store, &keys(1, 1)), "done");
    assert_eq!(claim(&store, &keys(2, 2)), "acquired");
    assert_eq!(claim(&store, &keys(1, 1)), "too old");
}

#[test]
fn released_claims_do_not_move_the_horizon() {
    let store = MemoryStore::new().capacity(1);
    let token = take(&store, &keys(5, 5));
    assert_eq!(release(&store, token), Lease::Held);
    assert_eq!(claim(&store, &keys(6, 6)), "acquired");
    assert_eq!(claim(&store, &keys(7, 7)), "acquired");
    // 6 was handled and forgotten, 5 is older.
    assert_eq!(claim(&store, &keys(5, 5)), "too old");
}

#[test]
fn a_late_holder_neither_completes_nor_releases_the_next_holders_claim() {
    let lease = Duration::from_secs(60);
    let store = MemoryStore::new().lease(lease);
    for releases in [false, true] {
        let keys = keys(u32::from(releases), u32::from(releases));
        let late = take(&store, &keys);
        let Ok(Claim::Acquired(successor)) = store.claim_at(&keys, Instant::now() + lease) else {
            panic!("the lease has expired")
        };
        let lost = if releases {
            release(&store, late)
        } else {
            complete(&store, late)
        };
        assert_eq!(lost, Lease::Lost);
        assert_eq!(complete(&store, successor), Lease::Held);
        assert_eq!(claim(&store, &keys), "done");
    }
}

/// The horizon is the latest delivery that was bound to the forgotten event.
#[test]
fn the_horizon_is_the_latest_delivery_of_a_forgotten_event() {
    let store = MemoryStore::new().capacity(3);
    assert_eq!(claim(&store, &keys(8, 1)), "acquired");
    assert_eq!(claim(&store, &keys(2, 1)), "done");
    for d in 20..23 {
        assert_eq!(claim(&store, &keys(d, d)), "acquired");
    }
    assert_eq!(claim(&store, &keys(8, 9)), "too old");
    assert_eq!(claim(&store, &keys(9, 9)), "acquired");
}

/// It is unknown what the lost holder did.
#[test]
fn a_lost_holder_moves_the_horizon() {
    let store = MemoryStore::new().capacity(1).lease(Duration::ZERO);
    let lost = take(&store, &keys(5, 5));
    assert_eq!(claim(&store, &keys(6, 6)), "acquired");
    assert_eq!(claim(&store, &keys(5, 5)), "too old");
    assert_eq!(complete(&store, lost), Lease::Lost);
}

#[test]
fn effects_in_progress_outlive_the_retention() {
    let (retention, lease) = (Duration::from_secs(60), Duration::from_secs(600));
    let store = MemoryStore::new().retention(retention).lease(lease);
    let token = take(&store, &keys(1, 1));
    let later = Instant::now() + 2 * retention;
    assert_eq!(answer(&store, &keys(1, 1), later), "in progress");
    assert_eq!(complete(&store, token), Lease::Held);
    // When its lease ends, it is remembered for the retention.
    assert_eq!(claim(&store, &keys(1, 1)), "done");
}

/// An entry that was skipped while it was in progress is forgotten later.
#[test]
fn an_entry_kept_while_in_progress_is_forgotten_later() {
    let store = MemoryStore::new().capacity(2);
    let token = take(&store, &keys(1, 1));
    for d in 2..6 {
        assert_eq!(claim(&store, &keys(d, d)), "acquired");
    }
    assert_eq!(complete(&store, token), Lease::Held);
    for d in 6..12 {
        assert_eq!(claim(&store, &keys(d, d)), "acquired");
    }
    assert_eq!(claim(&store, &keys(1, 1)), "too old");
}

/// Unproven keys can be forged in any number.
#[test]
fn unproven_events_are_forgotten_first() {
    let store = MemoryStore::new().capacity(10);
    for d in 1..=5 {
        assert_eq!(claim(&store, &keys(d, d)), "acquired");
    }
    for d in 100..200 {
        let unproven = about(d, d, d, None).unproven();
        assert_eq!(claim(&store, &unproven), "acquired");
    }
    for d in 1..=5 {
        assert_eq!(claim(&store, &keys(d, d)), "done");
    }
    // It does not move the horizon, since it has no time.
    assert_eq!(claim(&store, &keys(0, 0)), "acquired");
}

#[test]
fn unproven_events_never_evict_proven_ones() {
    let store = MemoryStore::new().capacity(3);
    // Also without a time: an order that was not paid has none.
    let proven = [keys(1, 1), keys(2, 2), about(3, 3, 3, None)];
    for keys in &proven {
        assert_eq!(claim(&store, keys), "acquired");
    }
    let unproven = |d| about(d, d, d, None).unproven();
    assert_eq!(claim(&store, &unproven(100)), "full");
    for keys in &proven {
        assert_eq!(claim(&store, keys), "done");
    }
    assert_eq!(claim(&store, &keys(4, 4)), "acquired");
    assert_eq!(claim(&store, &keys(1, 1)), "too old");
    // This includes a second delivery of a known event.
    assert_eq!(claim(&store, &about(4, 101, 4, None).unproven()), "full");
}

/// An event that was unproven at first counts as proven once it is.
#[test]
fn effects_proven_later_are_kept() {
    let store = MemoryStore::new().capacity(2);
    assert_eq!(claim(&store, &about(1, 1, 1, None).unproven()), "acquired");
    assert_eq!(claim(&store, &about(1, 2, 1, None)), "done");
    assert_eq!(claim(&store, &about(3, 3, 3, None).unproven()), "full");
    assert_eq!(claim(&store, &about(1, 1, 1, None).unproven()), "done");
}

#[test]
fn retention_ends() {
    let retention = Duration::from_secs(60);
    let store = MemoryStore::new().retention(retention);
    let undated = about(2, 2, 2, None);
    assert_eq!(claim(&store, &keys(1, 1)), "acquired");
    assert_eq!(claim(&store, &undated), "acquired");
    let later = Instant::now() + retention + Duration::from_nanos(1);
    assert_eq!(answer(&store, &keys(1, 1), later), "too old");
    // Its age is unknown.
    assert_eq!(answer(&store, &undated, later), "acquired");
}

#[test]
fn retention_ends_after_its_exact_end() {
    let retention = Duration::from_secs(60);
    let store = MemoryStore::new()
        .retention(retention)
        .lease(Duration::ZERO);
    let start = Instant::now();
    let answer = |after| store.claim_at(&keys(1, 2), start + after);
    assert!(matches!(
        store.claim_at(&keys(1, 1), start),
        Ok(Claim::Acquired(_))
    ));
    // This sighting extends the retention.
    assert!(matches!(answer(retention), Ok(Claim::Conflicting)));
    assert!(matches!(answer(2 * retention), Ok(Claim::Conflicting)));
    let over = 3 * retention + Duration::from_nanos(1);
    assert!(matches!(answer(over), Ok(Claim::TooOld)));
}

/// A timestamp in the future must not put everything beyond the horizon.
#[test]
fn the_horizon_is_never_in_the_future() {
    let store = MemoryStore::new().capacity(1);
    assert_eq!(claim(&store, &about(1, 1, 1, at(1 << 40))), "acquired");
    assert_eq!(claim(&store, &keys(2, 2)), "acquired");
    let now = (std::time::SystemTime::now() + Duration::from_secs(5)).into();
    assert_eq!(claim(&store, &about(3, 3, 3, Some(now))), "acquired");
}

#[test]
fn older_events_of_a_subject_are_superseded() {
    let store = MemoryStore::new();
    let event = |d, e| about(1, d, e, at(i64::from(d)));
    assert_eq!(claim(&store, &event(20, 1)), "acquired");
    // Older, of the same subject, and of another one.
    assert_eq!(claim(&store, &event(10, 2)), "superseded");
    assert_eq!(claim(&store, &about(2, 11, 3, at(11))), "acquired");
    // Claimed again, or with another event: the same result.
    assert_eq!(claim(&store, &event(10, 2)), "superseded");
    assert_eq!(claim(&store, &event(10, 4)), "conflicting");
    // In a later delivery, a superseded event is acquired.
    assert_eq!(claim(&store, &event(21, 2)), "acquired");
    assert_eq!(claim(&store, &event(10, 2)), "done");
    // At the same time, or without a time, nothing is older.
    assert_eq!(claim(&store, &about(1, 30, 5, at(21))), "acquired");
    assert_eq!(claim(&store, &about(1, 31, 6, None)), "acquired");
    // Nothing is older than an event without a time.
    assert_eq!(claim(&store, &about(1, 9, 7, at(9))), "acquired");
}

/// A failed event does not supersede others.
#[test]
fn only_completed_events_supersede() {
    let store = MemoryStore::new();
    let event = |d, e| about(1, d, e, at(i64::from(d)));
    let failed = take(&store, &event(20, 1));
    assert_eq!(release(&store, failed), Lease::Held);
    let open = take(&store, &event(30, 2));
    assert_eq!(claim(&store, &event(10, 3)), "acquired");
    assert_eq!(complete(&store, open), Lease::Held);
    assert_eq!(claim(&store, &event(20, 1)), "superseded");
}

/// The older holder completes last: the newer event is still the last one.
#[test]
fn an_older_event_completed_later_is_not_the_last() {
    let store = MemoryStore::new();
    let event = |d, e| about(1, d, e, at(i64::from(d)));
    let (old, new) = (take(&store, &event(10, 1)), take(&store, &event(20, 2)));
    assert_eq!(complete(&store, new), Lease::Held);
    assert_eq!(complete(&store, old), Lease::Held);
    assert_eq!(claim(&store, &event(15, 3)), "superseded");
    for handled in [event(10, 1), event(20, 2)] {
        assert_eq!(claim(&store, &handled), "done");
    }
}

#[test]
fn a_second_settlement_after_a_reversal_is_acquired() {
    let store = MemoryStore::new();
    let [settled, reversed] = [about(1, 10, 1, at(10)), about(1, 20, 2, at(20))];
    let restored = about(1, 30, 1, at(30));
    assert_eq!(claim(&store, &settled), "acquired");
    assert_eq!(claim(&store, &reversed), "acquired");
    // Not later than the reversal: a delivery of the first settlement.
    assert_eq!(claim(&store, &about(1, 15, 1, at(15))), "done");
    assert_eq!(claim(&store, &about(1, 16, 1, at(20))), "done");
    assert_eq!(claim(&store, &about(1, 17, 1, None)), "done");

    let token = take(&store, &restored);
    assert_eq!(claim(&store, &restored), "in progress");
    assert_eq!(claim(&store, &reversed), "done");
    // The first settlement is not handled again, whatever happens to the second.
    assert_eq!(claim(&store, &settled), "done");
    assert_eq!(release(&store, token), Lease::Held);
    assert_eq!(claim(&store, &settled), "done");
    assert_eq!(claim(&store, &restored), "acquired");
    for handled in [&settled, &reversed, &restored] {
        assert_eq!(claim(&store, handled), "done");
    }
    // A second reversal, and a third settlement.
    assert_eq!(claim(&store, &about(1, 40, 2, at(40))), "acquired");
    assert_eq!(claim(&store, &about(1, 50, 1, at(50))), "acquired");
    assert_eq!(claim(&store, &restored), "done");
}

/// Another confirmation of a settled transfer is already handled, but is later than
/// events that were in transit before.
#[test]
fn the_same_state_at_a_later_time_is_the_last() {
    let store = MemoryStore::new();
    assert_eq!(claim(&store, &about(1, 10, 1, at(10))), "acquired");
    assert_eq!(claim(&store, &about(1, 30, 1, at(30))), "done");
    assert_eq!(claim(&store, &about(1, 20, 2, at(20))), "superseded");
    assert_eq!(claim(&store, &about(1, 40, 2, at(40))), "acquired");
}

/// The last event of a subject is remembered as long as any of its events; otherwise
/// only the first settlement would be known when it is seen again.
#[test]
fn a_reversal_is_not_forgotten_before_its_settlement() {
    let store = MemoryStore::new().capacity(3);
    let [settled, reversed] = [about(1, 10, 1, at(10)), about(1, 20, 2, at(20))];
    assert_eq!(claim(&store, &settled), "acquired");
    assert_eq!(claim(&store, &reversed), "acquired");
    assert_eq!(claim(&store, &settled), "done");
    // One of the two must be forgotten.
    for d in 3..=4 {
        assert_eq!(claim(&store, &keys(d, d)), "acquired");
    }
    assert_eq!(claim(&store, &reversed), "done");
    assert_eq!(claim(&store, &settled), "too old");
    assert_eq!(claim(&store, &about(1, 30, 1, at(30))), "acquired");
}

/// A forgotten captured delivery, reported for a transfer that was settled and
/// reversed, is not a second settlement.
#[test]
fn possibly_forgotten_deliveries_reopen_nothing() {
    let store = MemoryStore::new().capacity(3);
    assert_eq!(claim(&store, &about(1, 10, 1, at(10))), "acquired");
    for (d, e) in [(2, 2), (4, 3)] {
        assert_eq!(claim(&store, &about(2, d, e, at(i64::from(d)))), "acquired");
    }
    assert_eq!(claim(&store, &keys(20, 20)), "acquired");
    // The first one is forgotten, and the horizon is at 10.
    assert_eq!(claim(&store, &about(1, 10, 1, at(10))), "too old");
    assert_eq!(claim(&store, &about(2, 10, 2, at(10))), "done");
    // A delivery later than the horizon was not handled as another event.
    assert_eq!(claim(&store, &about(2, 11, 2, at(11))), "acquired");
}

#[test]
fn an_evicted_newer_event_still_supersedes() {
    let store = MemoryStore::new().capacity(1);
    assert_eq!(claim(&store, &about(1, 20, 2, at(20))), "acquired");
    assert_eq!(claim(&store, &about(1, 10, 1, at(10))), "superseded");
}

/// The other stores have the same test.
#[test]
fn a_lease_expires_at_its_exact_end() {
    let lease = Duration::from_secs(60);
    let just_before = |end: Duration| end.checked_sub(Duration::from_nanos(1)).unwrap();
    let store = MemoryStore::new().lease(lease);
    let start = Instant::now();
    let claim = |after: Duration| store.claim_at(&keys(1, 1), start + after);
    let Ok(Claim::Acquired(late)) = claim(Duration::ZERO) else {
        panic!()
    };
    assert!(matches!(claim(Duration::ZERO), Ok(Claim::InProgress)));
    assert!(matches!(claim(just_before(lease)), Ok(Claim::InProgress)));
    let Ok(Claim::Acquired(next)) = claim(lease) else {
        panic!("the lease has expired")
    };
    assert_eq!(complete(&store, late), Lease::Lost);
    // The next holder's lease begins here.
    assert!(matches!(
        claim(just_before(2 * lease)),
        Ok(Claim::InProgress)
    ));
    assert_eq!(complete(&store, next), Lease::Held);
    assert!(matches!(claim(2 * lease), Ok(Claim::AlreadyHandled)));

    // A lease without duration has expired at once.
    let store = MemoryStore::new().lease(Duration::ZERO);
    for _ in 0..2 {
        let claim = store.claim_at(&keys(1, 1), start);
        assert!(matches!(claim, Ok(Claim::Acquired(_))));
    }
}

/// An entry in progress is kept until the end of its lease.
#[test]
fn an_expired_lease_makes_room_at_its_exact_end() {
    let lease = Duration::from_secs(60);
    let store = MemoryStore::new().lease(lease).capacity(1);
    let start = Instant::now();
    assert!(matches!(
        store.claim_at(&keys(1, 1), start),
        Ok(Claim::Acquired(_))
    ));
    let before = start + lease.checked_sub(Duration::from_nanos(1)).unwrap();
    assert!(store.claim_at(&keys(2, 2), before).is_err());
    let claim = store.claim_at(&keys(2, 2), start + lease);
    assert!(matches!(claim, Ok(Claim::Acquired(_))));
}

#[test]
fn a_lease_of_unlimited_duration_never_expires() {
    let store = MemoryStore::new()
        .lease(Duration::MAX)
        .retention(Duration::MAX);
    let _token = take(&store, &keys(1, 1));
    assert_eq!(claim(&store, &keys(1, 1)), "in progress");
}

/// Memory is bounded by the capacity.
#[test]
fn exhaustive_memory_is_bounded() {
    // At 100,000, the default, within the documented memory.
    let capacity: u32 = count(25_000, 100_000);
    let store = MemoryStore::new().capacity(usize::try_from(capacity).unwrap());
    let used = allocation_counter::measure(|| {
        for d in 1..capacity + capacity / 5 {
            assert_eq!(claim(&store, &keys(d, d)), "acquired");
            // Repeated sightings do not accumulate.
            assert_eq!(claim(&store, &keys(d, d)), "done");
        }
    });
    assert!(used.bytes_max < 1_200 * u64::from(capacity), "{used:?}");
}

#[test]
fn only_one_thread_acquires_an_event() {
    let store = MemoryStore::new();
    let acquired: Vec<_> = (0..200).map(|_| AtomicUsize::new(0)).collect();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for (number, acquired) in acquired.iter().enumerate() {
                    let number = u32::try_from(number).unwrap();
                    if claim(&store, &keys(number, number)) == "acquired" {
                        acquired.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert!(
        acquired
            .iter()
            .all(|acquired| acquired.load(Ordering::Relaxed) == 1)
    );
}
