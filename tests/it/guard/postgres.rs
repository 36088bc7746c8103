//! The tables in the README are the ones of `PgGuard::SCHEMA`. With a real
//! PostgreSQL: `tests/servers`.

#[test]
fn the_readme_has_the_statements_of_the_schema() {
    let schema = include_str!("../../../src/guard/postgres.sql").lines();
    let statements: Vec<_> = schema.filter(|line| !line.starts_with("--")).collect();
    let readme = include_str!("../../../README.md");
    let block = format!("```sql\n{}\n```", statements.join("\n").trim());
    assert!(readme.contains(&block), "README.md lacks:\n{block}");
}

/// With a clock that stands still: `tests/servers`.
#[test]
fn a_lease_has_lapsed_at_its_exact_end() {
    let claim = include_str!("../../../src/guard/postgres_claim.sql");
    let condition = "known.done_at IS NULL AND known.lease_until <= clock_timestamp()";
    assert!(claim.contains(condition), "{claim}");
}
