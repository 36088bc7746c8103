//! Lives of payments, each step compared with what it must change.

use payhook::MemoryLedger;
use payhook::testing::lives::Life;

use crate::handler::block_on;

const LIVES: &str = include_str!("../../vectors/payments.jsonl");

#[test]
fn every_life_is_as_expected_in_memory() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in LIVES.lines() {
        let life: Life = serde_json::from_str(line).unwrap();
        count += 1;
        let played = block_on(life.play(&MemoryLedger::new())).unwrap();
        for (index, step) in played.iter().enumerate() {
            for difference in &step.differences {
                wrong.push(format!("{} step {index}: {difference}", life.name()));
            }
        }
    }
    assert!(count >= 106, "{count} lives");
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
