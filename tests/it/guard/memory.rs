//! [`MemoryGuard`]: bounds, expiry, horizon, threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use payhook::chrono::{DateTime, Utc};
use payhook::{Claim, Guard, IdempotencyKey, IdempotencyKeys, Lease, MemoryGuard};

/// The second of a made-up calendar.
fn at(second: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(second, 0)
}

fn key(kind: u8, number: u32) -> IdempotencyKey {
    let mut bytes = [kind; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    IdempotencyKey::from_bytes(bytes)
}

/// Delivery `d` of effect `e`, made at second `d`.
fn keys(d: u32, e: u32) -> IdempotencyKeys {
    IdempotencyKeys::new(key(b'd', d), key(b'e', e), at(i64::from(d)))
}

fn claim(guard: &MemoryGuard, keys: &IdempotencyKeys) -> &'static str {
    match Guard::claim(guard, keys) {
        Ok(Claim::Fresh(token)) => {
            assert_eq!(Guard::complete(guard, token), Ok(Lease::Held));
            "fresh"
        }
        Ok(Claim::Done) => "done",
        Ok(Claim::InFlight) => "in flight",
        Ok(Claim::BeyondHorizon) => "beyond horizon",
        Ok(Claim::Altered) => "altered",
        Ok(_) => panic!("something newer"),
        Err(error) => {
            assert_eq!(
                error.to_string(),
                format!(
                    "the guard holds {} deliveries, and may forget none of them",
                    error.capacity
                )
            );
            "full"
        }
    }
}

#[test]
fn what_was_forgotten_is_reported_as_such() {
    let guard = MemoryGuard::new().capacity(3);
    for d in 1..=5 {
        assert_eq!(claim(&guard, &keys(d, d)), "fresh");
    }
    // The three newest are known, the mark stands at 2.
    for d in 3..=5 {
        assert_eq!(claim(&guard, &keys(d, d)), "done");
    }
    for d in 0..=2 {
        assert_eq!(claim(&guard, &keys(d, d)), "beyond horizon");
        assert_eq!(claim(&guard, &keys(d, 100 + d)), "beyond horizon");
    }
    assert_eq!(claim(&guard, &keys(6, 6)), "fresh");
    // Another delivery of what is known is no news, however old.
    assert_eq!(
        claim(
            &guard,
            &IdempotencyKeys::new(key(b'd', 0), key(b'e', 6), at(0))
        ),
        "done"
    );
}

#[test]
fn what_is_seen_again_is_kept() {
    let guard = MemoryGuard::new().capacity(3);
    for d in 1..=3 {
        claim(&guard, &keys(d, d));
    }
    assert_eq!(claim(&guard, &keys(1, 1)), "done");
    claim(&guard, &keys(4, 4));
    assert_eq!(claim(&guard, &keys(1, 1)), "done");
    assert_eq!(claim(&guard, &keys(2, 2)), "beyond horizon");
}

/// Room for a second delivery is not made by forgetting what it tells of.
#[test]
fn an_effect_is_not_forgotten_for_its_own_delivery() {
    let guard = MemoryGuard::new().capacity(2);
    assert_eq!(claim(&guard, &keys(1, 1)), "fresh");
    assert_eq!(claim(&guard, &keys(2, 1)), "done");
    assert_eq!(claim(&guard, &keys(3, 1)), "full");
    assert_eq!(claim(&guard, &keys(1, 1)), "done");
    assert_eq!(claim(&guard, &keys(4, 2)), "fresh");
    assert_eq!(claim(&guard, &keys(3, 1)), "fresh");
}

#[test]
fn what_is_in_flight_is_not_forgotten() {
    let guard = MemoryGuard::new().capacity(2);
    let Ok(Claim::Fresh(one)) = Guard::claim(&guard, &keys(1, 1)) else {
        panic!()
    };
    let Ok(Claim::Fresh(two)) = Guard::claim(&guard, &keys(2, 2)) else {
        panic!()
    };
    assert_eq!(claim(&guard, &keys(3, 3)), "full");
    assert_eq!(Guard::complete(&guard, two), Ok(Lease::Held));
    assert_eq!(claim(&guard, &keys(3, 3)), "fresh");
    assert_eq!(claim(&guard, &keys(1, 1)), "in flight");
    assert_eq!(Guard::complete(&guard, one), Ok(Lease::Held));
}

#[test]
fn what_was_never_handled_leaves_no_mark() {
    let guard = MemoryGuard::new().capacity(1);
    let Ok(Claim::Fresh(token)) = Guard::claim(&guard, &keys(5, 5)) else {
        panic!()
    };
    assert_eq!(Guard::release(&guard, token), Ok(Lease::Held));
    assert_eq!(claim(&guard, &keys(6, 6)), "fresh");
    assert_eq!(claim(&guard, &keys(7, 7)), "fresh");
    // 6 was handled and forgotten, 5 is older than that.
    assert_eq!(claim(&guard, &keys(5, 5)), "beyond horizon");
}

#[test]
fn a_late_holder_neither_completes_nor_releases_its_successors_claim() {
    let guard = MemoryGuard::new().lease(Duration::from_millis(20));
    for release in [false, true] {
        let keys = keys(u32::from(release), u32::from(release));
        let Ok(Claim::Fresh(late)) = Guard::claim(&guard, &keys) else {
            panic!()
        };
        thread::sleep(Duration::from_millis(30));
        let Ok(Claim::Fresh(successor)) = Guard::claim(&guard, &keys) else {
            panic!()
        };
        let lost = if release {
            Guard::release(&guard, late)
        } else {
            Guard::complete(&guard, late)
        };
        assert_eq!(lost, Ok(Lease::Lost));
        assert_eq!(Guard::complete(&guard, successor), Ok(Lease::Held));
        assert_eq!(claim(&guard, &keys), "done");
    }
}

/// The mark is the latest of all that was bound to the effect.
#[test]
fn the_mark_is_the_latest_delivery_of_an_effect() {
    let guard = MemoryGuard::new().capacity(3);
    assert_eq!(claim(&guard, &keys(8, 1)), "fresh");
    assert_eq!(claim(&guard, &keys(2, 1)), "done");
    for d in 20..23 {
        assert_eq!(claim(&guard, &keys(d, d)), "fresh");
    }
    assert_eq!(claim(&guard, &keys(8, 9)), "beyond horizon");
    assert_eq!(claim(&guard, &keys(9, 9)), "fresh");
}

/// Nobody knows what a holder did that never came back.
#[test]
fn a_holder_that_never_came_back_leaves_a_mark() {
    let guard = MemoryGuard::new().capacity(1).lease(Duration::ZERO);
    let Ok(Claim::Fresh(_lost)) = Guard::claim(&guard, &keys(5, 5)) else {
        panic!()
    };
    assert_eq!(claim(&guard, &keys(6, 6)), "fresh");
    assert_eq!(claim(&guard, &keys(5, 5)), "beyond horizon");
}

#[test]
fn what_is_in_flight_outlives_the_retention() {
    let guard = MemoryGuard::new().retention(Duration::from_millis(10));
    let Ok(Claim::Fresh(token)) = Guard::claim(&guard, &keys(1, 1)) else {
        panic!()
    };
    thread::sleep(Duration::from_millis(20));
    assert_eq!(claim(&guard, &keys(1, 1)), "in flight");
    assert_eq!(Guard::complete(&guard, token), Ok(Lease::Held));
    // From its end on, it is remembered anew.
    assert_eq!(claim(&guard, &keys(1, 1)), "done");
}

/// What made room for others while it was in flight makes room later.
#[test]
fn what_was_kept_is_forgotten_in_its_turn() {
    let guard = MemoryGuard::new().capacity(2);
    let Ok(Claim::Fresh(token)) = Guard::claim(&guard, &keys(1, 1)) else {
        panic!()
    };
    for d in 2..6 {
        assert_eq!(claim(&guard, &keys(d, d)), "fresh");
    }
    assert_eq!(Guard::complete(&guard, token), Ok(Lease::Held));
    for d in 6..12 {
        assert_eq!(claim(&guard, &keys(d, d)), "fresh");
    }
    assert_eq!(claim(&guard, &keys(1, 1)), "beyond horizon");
}

/// What has no proven time could be made up without end.
#[test]
fn what_has_no_time_makes_room_first() {
    let guard = MemoryGuard::new().capacity(10);
    for d in 1..=5 {
        assert_eq!(claim(&guard, &keys(d, d)), "fresh");
    }
    for d in 100..200 {
        let undated = IdempotencyKeys::new(key(b'd', d), key(b'e', d), None);
        assert_eq!(claim(&guard, &undated), "fresh");
    }
    for d in 1..=5 {
        assert_eq!(claim(&guard, &keys(d, d)), "done");
    }
    assert_eq!(claim(&guard, &keys(0, 0)), "fresh");
}

#[test]
fn retention_ends() {
    let guard = MemoryGuard::new().retention(Duration::from_millis(40));
    assert_eq!(claim(&guard, &keys(1, 1)), "fresh");
    let undated = IdempotencyKeys::new(key(b'd', 2), key(b'e', 2), None);
    assert_eq!(claim(&guard, &undated), "fresh");
    thread::sleep(Duration::from_millis(60));
    assert_eq!(claim(&guard, &keys(1, 1)), "beyond horizon");
    // Nothing tells how old it is.
    assert_eq!(claim(&guard, &undated), "fresh");
}

/// A stamp from the future must not put everything beyond the horizon.
#[test]
fn the_horizon_is_never_in_the_future() {
    let guard = MemoryGuard::new().capacity(1);
    let far = IdempotencyKeys::new(
        key(b'd', 1),
        key(b'e', 1),
        DateTime::from_timestamp(1 << 40, 0),
    );
    assert_eq!(claim(&guard, &far), "fresh");
    assert_eq!(claim(&guard, &keys(2, 2)), "fresh");
    let now = (std::time::SystemTime::now() + Duration::from_secs(5)).into();
    assert_eq!(
        claim(
            &guard,
            &IdempotencyKeys::new(key(b'd', 3), key(b'e', 3), Some(now))
        ),
        "fresh"
    );
}

/// As in the other guards: `tests/servers`.
#[test]
fn a_lease_has_lapsed_at_its_exact_end() {
    let lease = Duration::from_secs(60);
    let just_before = |end: Duration| end.checked_sub(Duration::from_nanos(1)).unwrap();
    let guard = MemoryGuard::new().lease(lease);
    let start = Instant::now();
    let claim = |after: Duration| guard.claim_at(&keys(1, 1), start + after);
    let Ok(Claim::Fresh(late)) = claim(Duration::ZERO) else {
        panic!()
    };
    assert!(matches!(claim(Duration::ZERO), Ok(Claim::InFlight)));
    assert!(matches!(claim(just_before(lease)), Ok(Claim::InFlight)));
    let Ok(Claim::Fresh(next)) = claim(lease) else {
        panic!("it has lapsed")
    };
    assert_eq!(Guard::complete(&guard, late), Ok(Lease::Lost));
    // The successor's lease begins there.
    assert!(matches!(claim(just_before(2 * lease)), Ok(Claim::InFlight)));
    assert_eq!(Guard::complete(&guard, next), Ok(Lease::Held));
    assert!(matches!(claim(2 * lease), Ok(Claim::Done)));

    // One of no length has lapsed as soon as it is there.
    let guard = MemoryGuard::new().lease(Duration::ZERO);
    for _ in 0..2 {
        let claim = guard.claim_at(&keys(1, 1), start);
        assert!(matches!(claim, Ok(Claim::Fresh(_))));
    }
}

/// What is in flight holds its place before the end of its lease, and not at it.
#[test]
fn a_lapsed_lease_makes_room_at_its_exact_end() {
    let lease = Duration::from_secs(60);
    let guard = MemoryGuard::new().lease(lease).capacity(1);
    let start = Instant::now();
    assert!(matches!(
        guard.claim_at(&keys(1, 1), start),
        Ok(Claim::Fresh(_))
    ));
    let before = start + lease.checked_sub(Duration::from_nanos(1)).unwrap();
    assert!(guard.claim_at(&keys(2, 2), before).is_err());
    let claim = guard.claim_at(&keys(2, 2), start + lease);
    assert!(matches!(claim, Ok(Claim::Fresh(_))));
}

#[test]
fn a_lease_without_end_never_runs_out() {
    let guard = MemoryGuard::new()
        .lease(Duration::MAX)
        .retention(Duration::MAX);
    let Ok(Claim::Fresh(_token)) = Guard::claim(&guard, &keys(1, 1)) else {
        panic!()
    };
    assert_eq!(claim(&guard, &keys(1, 1)), "in flight");
}

/// Memory is bounded by the capacity, whatever comes.
#[test]
fn it_is_bounded() {
    let guard = MemoryGuard::new().capacity(1000);
    let used = allocation_counter::measure(|| {
        for d in 1..20_000 {
            assert_eq!(claim(&guard, &keys(d, d)), "fresh");
            // Sightings of the same are not piled up.
            for _ in 0..5 {
                assert_eq!(claim(&guard, &keys(d, d)), "done");
            }
        }
    });
    assert!(used.bytes_max < 1000 * 1200, "{used:?}");
}

#[test]
fn one_of_many_threads_wins() {
    let guard = MemoryGuard::new();
    let wins: Vec<_> = (0..200).map(|_| AtomicUsize::new(0)).collect();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for (number, wins) in wins.iter().enumerate() {
                    let number = u32::try_from(number).unwrap();
                    if claim(&guard, &keys(number, number)) == "fresh" {
                        wins.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert!(wins.iter().all(|wins| wins.load(Ordering::Relaxed) == 1));
}
