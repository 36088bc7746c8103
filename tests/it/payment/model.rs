//! The model test of the payment rules: random lifecycles of payments, some of them
//! under attack, and invariants after every step.
//!
//! `PAYHOOK_MODEL_LIFECYCLES` sets the number of lifecycles. A counterexample is reduced
//! step by step and printed as a line of `payments.jsonl`.

mod generate;
mod invariants;
mod wire;
mod world;

use crate::sampling::count;
use invariants::{Violation, check};
use world::World;

/// The default number of lifecycles.
const LIFECYCLES: u64 = 500;

fn lifecycles() -> u64 {
    std::env::var("PAYHOOK_MODEL_LIFECYCLES").map_or(LIFECYCLES, |text| text.parse().unwrap())
}

#[test]
fn exhaustive_invariants_hold_in_random_lifecycles() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for first in 0..threads {
            scope.spawn(move || {
                for seed in (0..lifecycles()).skip(first).step_by(threads) {
                    simulate(seed);
                }
            });
        }
    });
}

fn simulate(seed: u64) {
    let world = generate::world(seed);
    if let Err(violation) = check(&world) {
        let (world, violation) = shrink(world, violation);
        panic!("lifecycle {seed}: {violation}\n{}", world.line(seed));
    }
}

/// The model must be able to detect a fault, so its lifecycles must be varied enough.
#[test]
fn exhaustive_random_lifecycles_reach_every_status_and_every_reason() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..count(500, 2_000) {
        let world = generate::world(seed);
        seen.extend(invariants::observations(&world));
    }
    for expected in [
        "closed",
        "held",
        "open",
        "overpaid",
        "paid",
        "partial",
        "pending",
        "settled",
        "conflicting_delivery",
        "contradicted",
        "equal_part",
        "late",
        "reversed",
        "restored",
        "unproven",
        "unresolved",
        "wrong_currency",
        "wrong_kind",
    ] {
        assert!(
            seen.contains(expected),
            "no lifecycle reaches {expected}: {seen:?}"
        );
    }
}

/// Rule 17, with an attacker who changes the ids and the currency of each transfer.
#[test]
fn exhaustive_a_history_stays_bounded_whatever_is_rewritten() {
    let world = generate::flood(count(75, 300));
    if let Err(violation) = invariants::history_bound(&world) {
        panic!("{violation}");
    }
}

/// Removes steps as long as some invariant is violated.
fn shrink(mut world: World, mut violation: Violation) -> (World, Violation) {
    let mut index = 0;
    while index < world.steps.len() {
        let mut smaller = world.clone();
        smaller.steps.remove(index);
        match check(&smaller) {
            Err(found) => {
                world = smaller;
                violation = found;
                index = 0;
            }
            Ok(()) => index += 1,
        }
    }
    (world, violation)
}
