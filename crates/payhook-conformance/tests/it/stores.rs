//! [`StoreConformance`] passes what keeps to the rules, and finds each flaw.

mod flaws;

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use payhook::idempotency::{IdempotencyStore, MemoryStore};
use payhook_conformance::stores::{BrokenRule, StoreConformance};

use flaws::{
    BindsNothing, Counts, Flaw, Flawed, ForgetsTheLate, HandsOnToAll, Horizon, KeepsTheFirstTime,
    KeepsTheReleased, KnowsNoSubjects, LooksFirst, NoTimeIsTheNewest, NoTimeIsTheOldest, Once,
    RemembersNothing, RenewsForTheDead, ReopensForReplays, TakesTheLate, Unfenced,
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

fn flawed<F: Flaw>(flaw: F) -> Flawed<F> {
    let store = memory();
    Flawed { store, flaw }
}

/// Which rule was being tried, and what the store said.
#[test]
fn a_store_that_fails_has_no_flaw() {
    let full = suite(memory().capacity(1));
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let ran = runtime.build().unwrap().block_on(full.run());
    let Err(BrokenRule::Failed { rule, source, .. }) = ran else {
        panic!("it has no room for two deliveries of the same event: {ran:?}");
    };
    assert_eq!(rule, "the same effect in another delivery is in progress");
    assert!(source.to_string().starts_with("store is full"), "{source}");
}

#[test]
fn what_keeps_to_the_rules_passes() {
    passes(suite(memory()));
    let refuses = flawed(Horizon::new(MINUTE, true));
    passes(suite(refuses).horizon(MINUTE));
}

/// For twenty keys more: twenty, and a tenth of it twice.
#[test]
fn so_many_keys_are_raced_for() {
    let effects = |keys| {
        let store = Arc::new(flawed(Counts::default()));
        passes(suite(Arc::clone(&store)).race(3, keys));
        store.flaw.effects()
    };
    assert_eq!(effects(40) - effects(20), 24);
}

#[test]
fn every_flaw_is_found() {
    let unbounded = suite(memory()).horizon(MINUTE);
    let forever = suite(memory().lease(MINUTE));
    let binding = suite(flawed(Horizon::binding(MINUTE))).horizon(MINUTE);
    let by_age = suite(flawed(Horizon::new(MINUTE, false))).horizon(MINUTE);
    for (found, expected) in [
        (
            found(suite(RemembersNothing)),
            "a claimed effect is in progress, also for its holder: Acquired",
        ),
        (
            found(suite(flawed(BindsNothing))),
            "a delivery in progress with another effect is conflicting: Acquired",
        ),
        (
            found(suite(flawed(KeepsTheReleased))),
            "a released effect is acquired by anyone: InProgress",
        ),
        (
            found(suite(flawed(KnowsNoSubjects))),
            "a transfer that settles again after a reversal is acquired: AlreadyHandled",
        ),
        (
            found(suite(flawed(ReopensForReplays::default()))),
            "each of these deliveries is already handled when it is repeated: Acquired",
        ),
        (
            found(suite(flawed(TakesTheLate))),
            "an event older than the last handled one is superseded: Acquired",
        ),
        (
            found(suite(flawed(KeepsTheFirstTime::default()))),
            "an event older than the last handled one is superseded: Acquired",
        ),
        (
            found(suite(flawed(NoTimeIsTheOldest))),
            "an event without a time is acquired once: Acquired",
        ),
        (
            found(suite(flawed(NoTimeIsTheNewest(Mutex::new(1 << 40))))),
            "an event without a time is acquired once: Acquired",
        ),
        (
            found(forever),
            "an effect whose holder died is acquired after the lease: InProgress",
        ),
        (
            found(suite(flawed(RenewsForTheDead::default()))),
            "an effect whose holder was killed is acquired after the lease: InProgress",
        ),
        (
            found(suite(flawed(Unfenced))),
            "a late holder neither completes nor releases its successor's claim: Held",
        ),
        (
            found(suite(flawed(ForgetsTheLate::new(LEASE)))),
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
            "a handled effect stays handled, however old the delivery is: TooOld",
        ),
        (
            found(suite(flawed(LooksFirst::new(false)))),
            "exactly one of several concurrent claims wins: 8",
        ),
        (
            found(suite(flawed(LooksFirst::new(true)))),
            "exactly one of several concurrent deliveries of the same event wins: 8",
        ),
        (
            found(suite(flawed(HandsOnToAll::new(Once::Lapsed)))),
            "exactly one of several concurrent claims wins after a lease has expired: 8",
        ),
        (
            found(suite(flawed(HandsOnToAll::new(Once::Released)))),
            "a repeatedly released claim is won by exactly one task each time: ",
        ),
    ] {
        let found = found.join().unwrap();
        let found = found.unwrap_or_else(|| panic!("passes: {expected}"));
        assert!(found.starts_with(expected), "{found}, not {expected}");
    }
}
