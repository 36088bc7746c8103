//! Lives of payments, each step compared with what it must change.

use payhook::MemoryLedger;
use payhook::testing::lives::Life;

use crate::handler::block_on;

const LIVES: &str = include_str!("../../vectors/payments.jsonl");
/// What the model test and a reading of the rules found.
const OWN: &str = include_str!("../../vectors/payments-own.jsonl");

#[test]
fn every_life_is_as_expected_in_memory() {
    assert_as_expected(LIVES, 106);
}

#[test]
fn every_life_of_our_own_is_as_expected_in_memory() {
    assert_as_expected(OWN, 20);
}

fn assert_as_expected(lives: &str, least: usize) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in lives.lines() {
        let life: Life = serde_json::from_str(line).unwrap();
        count += 1;
        let played = block_on(life.play(&MemoryLedger::new())).unwrap();
        for (index, step) in played.iter().enumerate() {
            for difference in &step.differences {
                wrong.push(format!("{} step {index}: {difference}", life.name()));
            }
        }
    }
    assert!(count >= least, "{count} lives");
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
