//! Every life of the repository's vectors, on a database.

use payhook::testing::lives::Life;

use crate::support::Database;

const LIVES: &str = include_str!("../../../../tests/vectors/payments.jsonl");

#[tokio::test(flavor = "multi_thread")]
async fn every_life_is_as_expected_in_postgresql() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in LIVES.lines() {
        let life: Life = serde_json::from_str(line).unwrap();
        count += 1;
        let ledger = Database::new().await.shop().await;
        let played = life.play(&ledger).await.unwrap();
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
