//! The README's first test is this one.

#[test]
fn the_readme_has_it() {
    let readme = include_str!("../../../README.md");
    assert!(readme.contains(include_str!("first_test.rs")));
}
