//! The test with a simulated life in `docs/testing.md`, as it is there.

include!("readme/life_test.rs");

#[test]
fn the_page_has_it() {
    let page = include_str!("../../../../docs/testing.md");
    let block = format!(
        "```rust,ignore\n{}```\n",
        include_str!("readme/life_test.rs")
    );
    assert!(page.contains(&block));
}
