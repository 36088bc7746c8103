//! The test with a simulated lifecycle in `docs/testing.md`, unchanged.

include!("readme/simulator_test.rs");

#[test]
fn the_test_is_in_the_docs() {
    let page = include_str!("../../../../docs/testing.md");
    let block = format!(
        "```rust,ignore\n{}```\n",
        include_str!("readme/simulator_test.rs")
    );
    assert!(page.contains(&block));
}
