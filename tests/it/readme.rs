//! The README's code that needs a feature, unchanged.

/// A merchant's own test.
#[cfg(feature = "testing")]
mod tests {
    include!("readme/first_test.rs");
}

#[test]
fn the_readme_has_it() {
    let readme = include_str!("../../README.md");
    let code = include_str!("readme/first_test.rs");
    assert!(readme.contains(&format!("```rust,ignore\n{code}```\n")));
}
