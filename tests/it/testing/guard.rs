//! [`GuardConformance`] passes what keeps to the rules, and finds each flaw.

mod flaws;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use payhook::testing::{BrokenRule, GuardConformance};
use payhook::{AsyncGuard, GuardFull, MemoryGuard, NoGuard};

use flaws::{
    BindsNothing, Counts, Flaw, Flawed, ForgetsTheLate, HandsOnToAll, Horizon, KeepsTheReleased,
    LooksFirst, Once, RenewsForTheDead, Unfenced,
};

const LEASE: Duration = Duration::from_millis(100);
const MINUTE: Duration = Duration::from_secs(60);

/// In a thread of its own: it sleeps most of the time.
fn found<G: AsyncGuard + Send + Sync + 'static>(
    suite: GuardConformance<G>,
) -> JoinHandle<Option<String>> {
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

fn passes<G: AsyncGuard + Send + Sync + 'static>(suite: GuardConformance<G>) {
    assert_eq!(found(suite).join().unwrap(), None);
}

fn suite<G: AsyncGuard + Send + Sync + 'static>(guard: G) -> GuardConformance<G> {
    GuardConformance::new([guard], LEASE).race(8, 20)
}

fn memory() -> MemoryGuard {
    MemoryGuard::new().lease(LEASE)
}

fn flawed<F: Flaw>(flaw: F) -> Flawed<F> {
    let guard = memory();
    Flawed { guard, flaw }
}

/// Which rule was being tried, and what the guard said.
#[test]
fn a_guard_that_fails_has_no_flaw() {
    let full = suite(memory().capacity(0));
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let ran = runtime.build().unwrap().block_on(full.run());
    let Err(BrokenRule::Failed { rule, source, .. }) = ran else {
        panic!("it has no room for anything");
    };
    assert!(!rule.is_empty());
    assert!(source.downcast_ref::<GuardFull>().is_some(), "{source}");
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
        let guard = Arc::new(flawed(Counts::default()));
        passes(suite(Arc::clone(&guard)).race(3, keys));
        guard.flaw.effects()
    };
    assert_eq!(effects(40) - effects(20), 24);
}

#[test]
fn every_flaw_is_found() {
    let unbounded = suite(memory()).horizon(MINUTE);
    let forever = suite(memory().lease(MINUTE));
    let by_age = suite(flawed(Horizon::new(MINUTE, false))).horizon(MINUTE);
    for (found, expected) in [
        (
            found(suite(NoGuard)),
            "what is claimed is in flight, for its holder too: Fresh",
        ),
        (
            found(suite(flawed(BindsNothing))),
            "a delivery in flight is altered with another effect: Fresh",
        ),
        (
            found(suite(flawed(KeepsTheReleased))),
            "what was released is fresh, for everybody: InFlight",
        ),
        (
            found(forever),
            "a claim whose holder died is fresh after its lease: InFlight",
        ),
        (
            found(suite(flawed(RenewsForTheDead::default()))),
            "a claim whose holder was killed is fresh after its lease: InFlight",
        ),
        (
            found(suite(flawed(Unfenced))),
            "a late holder neither completes nor releases its successor's claim: Held",
        ),
        (
            found(suite(flawed(ForgetsTheLate::new(LEASE)))),
            "a late holder whose claim nobody took completes it: Lost",
        ),
        (
            found(unbounded),
            "what is unknown and older than the horizon is beyond it: Fresh",
        ),
        (
            found(by_age),
            "what is done is done, however old it says it is: BeyondHorizon",
        ),
        (
            found(suite(flawed(LooksFirst::new(false)))),
            "of all that race for a claim one wins: 8",
        ),
        (
            found(suite(flawed(LooksFirst::new(true)))),
            "of all deliveries of the same news that race one wins: 8",
        ),
        (
            found(suite(flawed(HandsOnToAll::new(Once::Lapsed)))),
            "of all that race for a claim whose lease has run out one wins: 8",
        ),
        (
            found(suite(flawed(HandsOnToAll::new(Once::Released)))),
            "what is released in a race is won by one, again and again: ",
        ),
    ] {
        let found = found.join().unwrap();
        let found = found.unwrap_or_else(|| panic!("passes: {expected}"));
        assert!(found.starts_with(expected), "{found}, not {expected}");
    }
}
