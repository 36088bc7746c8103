//! The README's test with a simulated life, as it is there.

include!("readme/life_test.rs");

#[test]
fn the_readme_has_it() {
    let readme = include_str!("../../../../README.md");
    let block = format!(
        "```rust,ignore\n{}```\n",
        include_str!("readme/life_test.rs")
    );
    assert!(readme.contains(&block));
}
