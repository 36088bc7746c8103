//! [`StoreConformance`] accepts a correct store, and detects each fault.

mod faults;

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use payhook::idempotency::{IdempotencyStore, MemoryStore};
use payhook_conformance::stores::{BrokenRule, StoreConformance};

use faults::{
    BindsNothing, Counts, Fault, FaultyStore, ForgetsTheLate, HandsOnToAll, Horizon,
    KeepsTheFirstTime, KeepsTheReleased, KnowsNoSubjects, LooksFirst, NoTimeIsTheNewest,
    NoTimeIsTheOldest, Once, RemembersNothing, RenewsForTheDead, ReopensForReplays, TakesTheLate,
    Unfenced,
};

const LEASE: Duration = Duration::from_millis(100);
const MINUTE: Duration = Duration::from_secs(60);

/// In a thread of its own: it sleeps most of the time.
fn found<S: IdempotencyStore + 'static>(suite: StoreConformance<S>) -> JoinHandle<Option<String>> {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        match runtime.block_on(suite.run()) {
            Ok(()) => None,
            Err(BrokenRule::Answer { rule, found, .. }) => Some(format!("{rule}: {found}")),
            Err(other) => panic!("{other}"),
        }
    })
}

fn passes<S: IdempotencyStore + 'static>(suite: StoreConformance<S>) {
    assert_eq!(found(suite).join().unwrap(), None);
}

fn suite<S: IdempotencyStore + 'static>(store: S) -> StoreConformance<S> {
    StoreConformance::new([store], LEASE).race(8, 20)
}

fn memory() -> MemoryStore {
    MemoryStore::new().lease(LEASE)
}

fn faulty<F: Fault>(fault: F) -> FaultyStore<F> {
    let store = memory();
    FaultyStore { store, fault }
}

/// Which rule was being tried, and what the store said.
#[test]
fn a_store_that_fails_has_no_fault() {
    let full = suite(memory().capacity(1));
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let ran = runtime.build().unwrap().block_on(full.run());
    let Err(BrokenRule::Failed { rule, source, .. }) = ran else {
        panic!("it has no room for two deliveries of the same event: {ran:?}");
    };
    assert_eq!(rule, "the same event in another delivery is in progress");
    assert!(source.to_string().starts_with("store is full"), "{source}");
}

#[test]
fn what_keeps_to_the_rules_passes() {
    passes(suite(memory()));
    let refuses = faulty(Horizon::new(MINUTE, true));
    passes(suite(refuses).horizon(MINUTE));
}

/// For twenty keys more: twenty, and a tenth of it twice.
#[test]
fn so_many_keys_are_raced_for() {
    let events = |keys| {
        let store = Arc::new(faulty(Counts::default()));
        passes(suite(Arc::clone(&store)).race(3, keys));
        store.fault.events()
    };
    assert_eq!(events(40) - events(20), 24);
}

#[test]
fn every_fault_is_found() {
    let unbounded = suite(memory()).horizon(MINUTE);
    let forever = suite(memory().lease(MINUTE));
    let binding = suite(faulty(Horizon::binding(MINUTE))).horizon(MINUTE);
    let by_age = suite(faulty(Horizon::new(MINUTE, false))).horizon(MINUTE);
    for (found, expected) in [
        (
            found(suite(RemembersNothing)),
            "a claimed event is in progress, also for its holder: Acquired",
        ),
        (
            found(suite(faulty(BindsNothing))),
            "a delivery in progress with another event is conflicting: Acquired",
        ),
        (
            found(suite(faulty(KeepsTheReleased))),
            "a released event is acquired by anyone: InProgress",
        ),
        (
            found(suite(faulty(KnowsNoSubjects))),
            "a transfer that settles again after a reversal is acquired: AlreadyHandled",
        ),
        (
            found(suite(faulty(ReopensForReplays::default()))),
            "each of these deliveries is already handled when it is repeated: Acquired",
        ),
        (
            found(suite(faulty(TakesTheLate))),
            "an event older than the last handled one is superseded: Acquired",
        ),
        (
            found(suite(faulty(KeepsTheFirstTime::default()))),
            "an event older than the last handled one is superseded: Acquired",
        ),
        (
            found(suite(faulty(NoTimeIsTheOldest))),
            "an event without a time is acquired once: Acquired",
        ),
        (
            found(suite(faulty(NoTimeIsTheNewest(Mutex::new(1 << 40))))),
            "an event without a time is acquired once: Acquired",
        ),
        (
            found(forever),
            "an event whose holder died is acquired after the lease: InProgress",
        ),
        (
            found(suite(faulty(RenewsForTheDead::default()))),
            "an event whose holder was killed is acquired after the lease: InProgress",
        ),
        (
            found(suite(faulty(Unfenced))),
            "a late holder neither completes nor releases its successor's claim: Held",
        ),
        (
            found(suite(faulty(ForgetsTheLate::new(LEASE)))),
            "a late holder completes its claim if no one else took it: Lost",
        ),
        (
            found(unbounded),
            "an unknown delivery older than the horizon is too old: Acquired",
        ),
        (
            found(binding),
            "a delivery that is too old is not bound: AlreadyHandled",
        ),
        (
            found(by_age),
            "a handled event stays handled, however old the delivery is: TooOld",
        ),
        (
            found(suite(faulty(LooksFirst::new(false)))),
            "exactly one of several concurrent claims wins: 8",
        ),
        (
            found(suite(faulty(LooksFirst::new(true)))),
            "exactly one of several concurrent deliveries of the same event wins: 8",
        ),
        (
            found(suite(faulty(HandsOnToAll::new(Once::Lapsed)))),
            "exactly one of several concurrent claims wins after a lease has expired: 8",
        ),
        (
            found(suite(faulty(HandsOnToAll::new(Once::Released)))),
            "a repeatedly released claim is won by exactly one task each time: ",
        ),
    ] {
        let found = found.join().unwrap();
        let found = found.unwrap_or_else(|| panic!("passes: {expected}"));
        assert!(found.starts_with(expected), "{found}, not {expected}");
    }
}
