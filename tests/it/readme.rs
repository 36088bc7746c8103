//! The README's code that needs a feature, as it stands there.

/// A test of the merchant's own.
#[cfg(feature = "testing")]
mod tests {
    include!("readme/first_test.rs");
}

#[cfg(all(feature = "redis", feature = "tower"))]
#[allow(dead_code, clippy::print_stdout, reason = "it has to compile")]
mod route {
    include!("readme/route.rs");
}

#[cfg(feature = "postgres")]
#[allow(dead_code, reason = "it has to compile")]
mod claim {
    include!("readme/claim.rs");
}

#[test]
fn the_readme_has_it() {
    let readme = include_str!("../../README.md");
    for (name, code) in [
        ("first_test.rs", include_str!("readme/first_test.rs")),
        ("route.rs", include_str!("readme/route.rs")),
        ("claim.rs", include_str!("readme/claim.rs")),
    ] {
        let block = format!("```rust,ignore\n{code}```\n");
        assert!(readme.contains(&block), "{name}");
    }
}
