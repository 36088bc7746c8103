//! [`MemoryStore`]: bounds, expiry, horizon, order, threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use payhook::chrono::{DateTime, Utc};
use payhook::idempotency::{
    Claim, ClaimToken, IdempotencyKey, IdempotencyKeys, IdempotencyStore, Lease, MemoryStore,
};

use crate::handler::block_on;

/// The second of a made-up calendar.
fn at(second: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(second, 0)
}

fn key(kind: u8, number: u32) -> IdempotencyKey {
    let mut bytes = [kind; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    IdempotencyKey::from_bytes(bytes)
}

/// Delivery `d` of effect `e`, made at second `d`, about a subject of its own.
fn keys(d: u32, e: u32) -> IdempotencyKeys {
    about(e, d, e, at(i64::from(d)))
}

/// Delivery `d` of effect `e` of the subject `s`.
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

/// What is answered; what is fresh is completed.
fn claim(store: &MemoryStore, keys: &IdempotencyKeys) -> &'static str {
    answer(store, keys, Instant::now())
}

fn answer(store: &MemoryStore, keys: &IdempotencyKeys, now: Instant) -> &'static str {
    match store.claim_at(keys, now) {
        Ok(Claim::Acquired(token)) => {
            assert_eq!(complete(store, token), Lease::Held);
            "fresh"
        }
        Ok(Claim::AlreadyHandled) => "done",
        Ok(Claim::InProgress) => "in flight",
        Ok(Claim::TooOld) => "beyond horizon",
        Ok(Claim::Conflicting) => "altered",
        Ok(Claim::Superseded) => "superseded",
        Ok(_) => panic!("something newer"),
        Err(error) => {
            assert!(error.to_string().starts_with("store is full: "), "{error}");
            "full"
        }
    }
}

#[test]
fn what_was_forgotten_is_reported_as_such() {
    let store = MemoryStore::new().capacity(3);
    for d in 1..=5 {
        assert_eq!(claim(&store, &keys(d, d)), "fresh");
    }
    // The three newest are known, the mark stands at 2.
    for d in 3..=5 {
        assert_eq!(claim(&store, &keys(d, d)), "done");
    }
    for d in 0..=2 {
        assert_eq!(claim(&store, &keys(d, d)), "beyond horizon");
        assert_eq!(claim(&store, &keys(d, 100 + d)), "beyond horizon");
    }
    assert_eq!(claim(&store, &keys(6, 6)), "fresh");
    // Another delivery of what is known is no news, however old.
    assert_eq!(claim(&store, &about(6, 0, 6, at(0))), "done");
}

#[test]
fn what_is_seen_again_is_kept() {
    let store = MemoryStore::new().capacity(3);
    for d in 1..=3 {
        claim(&store, &keys(d, d));
    }
    assert_eq!(claim(&store, &keys(1, 1)), "done");
    claim(&store, &keys(4, 4));
    assert_eq!(claim(&store, &keys(1, 1)), "done");
    assert_eq!(claim(&store, &keys(2, 2)), "beyond horizon");
}

/// Room for a second delivery is not made by forgetting what it tells of.
#[test]
fn an_effect_is_not_forgotten_for_its_own_delivery() {
    let store = MemoryStore::new().capacity(2);
    assert_eq!(claim(&store, &keys(1, 1)), "fresh");
    assert_eq!(claim(&store, &keys(2, 1)), "done");
    assert_eq!(claim(&store, &keys(3, 1)), "full");
    assert_eq!(claim(&store, &keys(1, 1)), "done");
    assert_eq!(claim(&store, &keys(4, 2)), "fresh");
    assert_eq!(claim(&store, &keys(3, 1)), "fresh");
}

#[test]
fn what_is_in_flight_is_not_forgotten() {
    let store = MemoryStore::new().capacity(2);
    let (one, two) = (take(&store, &keys(1, 1)), take(&store, &keys(2, 2)));
    assert_eq!(claim(&store, &keys(3, 3)), "full");
    // An endpoint hears of it, and answers 503.
    let full = block_on(IdempotencyStore::claim(&store, &keys(3, 3))).unwrap_err();
    let message = "store is full: it holds 2 deliveries, and none may be deleted yet";
    assert_eq!(full.to_string(), message);
    assert_eq!(complete(&store, two), Lease::Held);
    assert_eq!(claim(&store, &keys(3, 3)), "fresh");
    assert_eq!(claim(&store, &keys(1, 1)), "in flight");
    assert_eq!(complete(&store, one), Lease::Held);
}

/// One of no capacity would answer everything with 503.
#[test]
fn it_has_room_for_one_at_least() {
    let store = MemoryStore::new().capacity(0);
    assert_eq!(claim(&store, &keys(1, 1)), "fresh");
    assert_eq!(claim(&store, &keys(1, 1)), "done");
    assert_eq!(claim(&store, &keys(2, 2)), "fresh");
    assert_eq!(claim(&store, &keys(1, 1)), "beyond horizon");
}

#[test]
fn what_was_never_handled_leaves_no_mark() {
    let store = MemoryStore::new().capacity(1);
    let token = take(&store, &keys(5, 5));
    assert_eq!(release(&store, token), Lease::Held);
    assert_eq!(claim(&store, &keys(6, 6)), "fresh");
    assert_eq!(claim(&store, &keys(7, 7)), "fresh");
    // 6 was handled and forgotten, 5 is older than that.
    assert_eq!(claim(&store, &keys(5, 5)), "beyond horizon");
}

#[test]
fn a_late_holder_neither_completes_nor_releases_its_successors_claim() {
    let lease = Duration::from_secs(60);
    let store = MemoryStore::new().lease(lease);
    for releases in [false, true] {
        let keys = keys(u32::from(releases), u32::from(releases));
        let late = take(&store, &keys);
        let Ok(Claim::Acquired(successor)) = store.claim_at(&keys, Instant::now() + lease) else {
            panic!("it has lapsed")
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

/// The mark is the latest of all that was bound to the effect.
#[test]
fn the_mark_is_the_latest_delivery_of_an_effect() {
    let store = MemoryStore::new().capacity(3);
    assert_eq!(claim(&store, &keys(8, 1)), "fresh");
    assert_eq!(claim(&store, &keys(2, 1)), "done");
    for d in 20..23 {
        assert_eq!(claim(&store, &keys(d, d)), "fresh");
    }
    assert_eq!(claim(&store, &keys(8, 9)), "beyond horizon");
    assert_eq!(claim(&store, &keys(9, 9)), "fresh");
}

/// Nobody knows what a holder did that never came back.
#[test]
fn a_holder_that_never_came_back_leaves_a_mark() {
    let store = MemoryStore::new().capacity(1).lease(Duration::ZERO);
    let lost = take(&store, &keys(5, 5));
    assert_eq!(claim(&store, &keys(6, 6)), "fresh");
    assert_eq!(claim(&store, &keys(5, 5)), "beyond horizon");
    assert_eq!(complete(&store, lost), Lease::Lost);
}

#[test]
fn what_is_in_flight_outlives_the_retention() {
    let (retention, lease) = (Duration::from_secs(60), Duration::from_secs(600));
    let store = MemoryStore::new().retention(retention).lease(lease);
    let token = take(&store, &keys(1, 1));
    let later = Instant::now() + 2 * retention;
    assert_eq!(answer(&store, &keys(1, 1), later), "in flight");
    assert_eq!(complete(&store, token), Lease::Held);
    // From its end on, it is remembered anew.
    assert_eq!(claim(&store, &keys(1, 1)), "done");
}

/// What made room for others while it was in flight makes room later.
#[test]
fn what_was_kept_is_forgotten_in_its_turn() {
    let store = MemoryStore::new().capacity(2);
    let token = take(&store, &keys(1, 1));
    for d in 2..6 {
        assert_eq!(claim(&store, &keys(d, d)), "fresh");
    }
    assert_eq!(complete(&store, token), Lease::Held);
    for d in 6..12 {
        assert_eq!(claim(&store, &keys(d, d)), "fresh");
    }
    assert_eq!(claim(&store, &keys(1, 1)), "beyond horizon");
}

/// What nothing proves could be made up without end.
#[test]
fn what_is_unproven_makes_room_first() {
    let store = MemoryStore::new().capacity(10);
    for d in 1..=5 {
        assert_eq!(claim(&store, &keys(d, d)), "fresh");
    }
    for d in 100..200 {
        let unproven = about(d, d, d, None).unproven();
        assert_eq!(claim(&store, &unproven), "fresh");
    }
    for d in 1..=5 {
        assert_eq!(claim(&store, &keys(d, d)), "done");
    }
    // And leaves no mark, since it has no time.
    assert_eq!(claim(&store, &keys(0, 0)), "fresh");
}

#[test]
fn what_is_unproven_never_pushes_out_what_is_proven() {
    let store = MemoryStore::new().capacity(3);
    // Without a time, too: an order that was not paid has none.
    let proven = [keys(1, 1), keys(2, 2), about(3, 3, 3, None)];
    for keys in &proven {
        assert_eq!(claim(&store, keys), "fresh");
    }
    let unproven = |d| about(d, d, d, None).unproven();
    assert_eq!(claim(&store, &unproven(100)), "full");
    for keys in &proven {
        assert_eq!(claim(&store, keys), "done");
    }
    assert_eq!(claim(&store, &keys(4, 4)), "fresh");
    assert_eq!(claim(&store, &keys(1, 1)), "beyond horizon");
    // A second delivery of what is there is no exception.
    assert_eq!(claim(&store, &about(4, 101, 4, None).unproven()), "full");
}

/// What was unproven at first is as good as proven once it is.
#[test]
fn what_is_proven_later_is_kept() {
    let store = MemoryStore::new().capacity(2);
    assert_eq!(claim(&store, &about(1, 1, 1, None).unproven()), "fresh");
    assert_eq!(claim(&store, &about(1, 2, 1, None)), "done");
    assert_eq!(claim(&store, &about(3, 3, 3, None).unproven()), "full");
    assert_eq!(claim(&store, &about(1, 1, 1, None).unproven()), "done");
}

#[test]
fn retention_ends() {
    let retention = Duration::from_secs(60);
    let store = MemoryStore::new().retention(retention);
    let undated = about(2, 2, 2, None);
    assert_eq!(claim(&store, &keys(1, 1)), "fresh");
    assert_eq!(claim(&store, &undated), "fresh");
    let later = Instant::now() + retention + Duration::from_nanos(1);
    assert_eq!(answer(&store, &keys(1, 1), later), "beyond horizon");
    // Nothing tells how old it is.
    assert_eq!(answer(&store, &undated, later), "fresh");
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
    // It is seen by that, and remembered from there.
    assert!(matches!(answer(retention), Ok(Claim::Conflicting)));
    assert!(matches!(answer(2 * retention), Ok(Claim::Conflicting)));
    let over = 3 * retention + Duration::from_nanos(1);
    assert!(matches!(answer(over), Ok(Claim::TooOld)));
}

/// A stamp from the future must not put everything beyond the horizon.
#[test]
fn the_horizon_is_never_in_the_future() {
    let store = MemoryStore::new().capacity(1);
    assert_eq!(claim(&store, &about(1, 1, 1, at(1 << 40))), "fresh");
    assert_eq!(claim(&store, &keys(2, 2)), "fresh");
    let now = (std::time::SystemTime::now() + Duration::from_secs(5)).into();
    assert_eq!(claim(&store, &about(3, 3, 3, Some(now))), "fresh");
}

#[test]
fn news_of_a_subject_is_taken_in_its_order() {
    let store = MemoryStore::new();
    let news = |d, e| about(1, d, e, at(i64::from(d)));
    assert_eq!(claim(&store, &news(20, 1)), "fresh");
    // Older than that, of the same subject, and of another one.
    assert_eq!(claim(&store, &news(10, 2)), "superseded");
    assert_eq!(claim(&store, &about(2, 11, 3, at(11))), "fresh");
    // Asked for again, or with another effect: as before.
    assert_eq!(claim(&store, &news(10, 2)), "superseded");
    assert_eq!(claim(&store, &news(10, 4)), "altered");
    // In another delivery that is later, what was superseded is news.
    assert_eq!(claim(&store, &news(21, 2)), "fresh");
    assert_eq!(claim(&store, &news(10, 2)), "done");
    // At the same time, or at none, nothing is older.
    assert_eq!(claim(&store, &about(1, 30, 5, at(21))), "fresh");
    assert_eq!(claim(&store, &about(1, 31, 6, None)), "fresh");
    // Nothing is older than what has no time.
    assert_eq!(claim(&store, &about(1, 9, 7, at(9))), "fresh");
}

/// What failed does not supersede anything.
#[test]
fn only_what_was_completed_supersedes() {
    let store = MemoryStore::new();
    let news = |d, e| about(1, d, e, at(i64::from(d)));
    let failed = take(&store, &news(20, 1));
    assert_eq!(release(&store, failed), Lease::Held);
    let open = take(&store, &news(30, 2));
    assert_eq!(claim(&store, &news(10, 3)), "fresh");
    assert_eq!(complete(&store, open), Lease::Held);
    assert_eq!(claim(&store, &news(20, 1)), "superseded");
}

/// The one that began first ends last: the later news stays the last.
#[test]
fn an_older_holder_that_ends_later_is_not_the_last() {
    let store = MemoryStore::new();
    let news = |d, e| about(1, d, e, at(i64::from(d)));
    let (old, new) = (take(&store, &news(10, 1)), take(&store, &news(20, 2)));
    assert_eq!(complete(&store, new), Lease::Held);
    assert_eq!(complete(&store, old), Lease::Held);
    assert_eq!(claim(&store, &news(15, 3)), "superseded");
    for handled in [news(10, 1), news(20, 2)] {
        assert_eq!(claim(&store, &handled), "done");
    }
}

#[test]
fn what_was_reversed_and_settled_again_is_news() {
    let store = MemoryStore::new();
    let [settled, reversed] = [about(1, 10, 1, at(10)), about(1, 20, 2, at(20))];
    let restored = about(1, 30, 1, at(30));
    assert_eq!(claim(&store, &settled), "fresh");
    assert_eq!(claim(&store, &reversed), "fresh");
    // No later than what it was reversed by: a delivery of the first settlement.
    assert_eq!(claim(&store, &about(1, 15, 1, at(15))), "done");
    assert_eq!(claim(&store, &about(1, 16, 1, at(20))), "done");
    assert_eq!(claim(&store, &about(1, 17, 1, None)), "done");

    let token = take(&store, &restored);
    assert_eq!(claim(&store, &restored), "in flight");
    assert_eq!(claim(&store, &reversed), "done");
    // The first settlement is not handled again, whatever becomes of the second.
    assert_eq!(claim(&store, &settled), "done");
    assert_eq!(release(&store, token), Lease::Held);
    assert_eq!(claim(&store, &settled), "done");
    assert_eq!(claim(&store, &restored), "fresh");
    for handled in [&settled, &reversed, &restored] {
        assert_eq!(claim(&store, handled), "done");
    }
    // Once more.
    assert_eq!(claim(&store, &about(1, 40, 2, at(40))), "fresh");
    assert_eq!(claim(&store, &about(1, 50, 1, at(50))), "fresh");
    assert_eq!(claim(&store, &restored), "done");
}

/// One more confirmation of what is settled is no news, and later than what was
/// on its way before it.
#[test]
fn the_same_state_at_a_later_time_is_the_last() {
    let store = MemoryStore::new();
    assert_eq!(claim(&store, &about(1, 10, 1, at(10))), "fresh");
    assert_eq!(claim(&store, &about(1, 30, 1, at(30))), "done");
    assert_eq!(claim(&store, &about(1, 20, 2, at(20))), "superseded");
    assert_eq!(claim(&store, &about(1, 40, 2, at(40))), "fresh");
}

/// What a subject came to is remembered for as long as anything of it: else its
/// first settlement, seen again, would be all that is known of it.
#[test]
fn a_reversal_is_not_forgotten_before_what_it_reversed() {
    let store = MemoryStore::new().capacity(3);
    let [settled, reversed] = [about(1, 10, 1, at(10)), about(1, 20, 2, at(20))];
    assert_eq!(claim(&store, &settled), "fresh");
    assert_eq!(claim(&store, &reversed), "fresh");
    assert_eq!(claim(&store, &settled), "done");
    // One of the two has to go.
    for d in 3..=4 {
        assert_eq!(claim(&store, &keys(d, d)), "fresh");
    }
    assert_eq!(claim(&store, &reversed), "done");
    assert_eq!(claim(&store, &settled), "beyond horizon");
    assert_eq!(claim(&store, &about(1, 30, 1, at(30))), "fresh");
}

/// A captured delivery whose memory is gone, told of a transfer that was settled and
/// reversed: it is no second settlement.
#[test]
fn what_may_have_been_forgotten_reopens_nothing() {
    let store = MemoryStore::new().capacity(3);
    assert_eq!(claim(&store, &about(1, 10, 1, at(10))), "fresh");
    for (d, e) in [(2, 2), (4, 3)] {
        assert_eq!(claim(&store, &about(2, d, e, at(i64::from(d)))), "fresh");
    }
    assert_eq!(claim(&store, &keys(20, 20)), "fresh");
    // The first one is forgotten, and the mark stands at 10.
    assert_eq!(claim(&store, &about(1, 10, 1, at(10))), "beyond horizon");
    assert_eq!(claim(&store, &about(2, 10, 2, at(10))), "done");
    // What is later than the mark was not handled as anything.
    assert_eq!(claim(&store, &about(2, 11, 2, at(11))), "fresh");
}

#[test]
fn what_makes_room_for_older_news_supersedes_it() {
    let store = MemoryStore::new().capacity(1);
    assert_eq!(claim(&store, &about(1, 20, 2, at(20))), "fresh");
    assert_eq!(claim(&store, &about(1, 10, 1, at(10))), "superseded");
}

/// As in the other stores: `tests/servers`.
#[test]
fn a_lease_has_lapsed_at_its_exact_end() {
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
        panic!("it has lapsed")
    };
    assert_eq!(complete(&store, late), Lease::Lost);
    // The successor's lease begins there.
    assert!(matches!(
        claim(just_before(2 * lease)),
        Ok(Claim::InProgress)
    ));
    assert_eq!(complete(&store, next), Lease::Held);
    assert!(matches!(claim(2 * lease), Ok(Claim::AlreadyHandled)));

    // One of no length has lapsed as soon as it is there.
    let store = MemoryStore::new().lease(Duration::ZERO);
    for _ in 0..2 {
        let claim = store.claim_at(&keys(1, 1), start);
        assert!(matches!(claim, Ok(Claim::Acquired(_))));
    }
}

/// What is in flight holds its place before the end of its lease, and not at it.
#[test]
fn a_lapsed_lease_makes_room_at_its_exact_end() {
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
fn a_lease_without_end_never_runs_out() {
    let store = MemoryStore::new()
        .lease(Duration::MAX)
        .retention(Duration::MAX);
    let _token = take(&store, &keys(1, 1));
    assert_eq!(claim(&store, &keys(1, 1)), "in flight");
}

/// Memory is bounded by the capacity, whatever comes.
#[test]
fn it_is_bounded() {
    // As many as there are unless set, and as much as is documented.
    let store = MemoryStore::new();
    let used = allocation_counter::measure(|| {
        for d in 1..120_000 {
            assert_eq!(claim(&store, &keys(d, d)), "fresh");
            // Sightings of the same are not piled up.
            assert_eq!(claim(&store, &keys(d, d)), "done");
        }
    });
    assert!(used.bytes_max < 120_000_000, "{used:?}");
}

#[test]
fn one_of_many_threads_wins() {
    let store = MemoryStore::new();
    let wins: Vec<_> = (0..200).map(|_| AtomicUsize::new(0)).collect();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for (number, wins) in wins.iter().enumerate() {
                    let number = u32::try_from(number).unwrap();
                    if claim(&store, &keys(number, number)) == "fresh" {
                        wins.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert!(wins.iter().all(|wins| wins.load(Ordering::Relaxed) == 1));
}
