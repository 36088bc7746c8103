//! Every rule in the README's tables has cases, and every case has a rule.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::support::{Case, cases, vectors};

/// Names of the accepting and the refusing cases.
#[derive(Default)]
struct Sides {
    accepting: Vec<String>,
    refusing: Vec<String>,
}

fn sides() -> BTreeMap<String, Sides> {
    let mut rules: BTreeMap<String, Sides> = BTreeMap::new();
    for case in cases() {
        let (accepts, refuses) = (accepts(&case), refuses(&case));
        assert!(accepts || refuses, "{} expects nothing", case.name);
        for rule in case.rules {
            let sides = rules.entry(rule).or_default();
            if accepts {
                sides.accepting.push(case.name.clone());
            }
            if refuses {
                sides.refusing.push(case.name.clone());
            }
        }
    }
    rules
}

fn is_good(case: &Case) -> bool {
    let no = |key: &str| case.expect[key] == false;
    !(no("verified") || no("parsed") || no("proven"))
}

/// The result of resolving an ambiguous text, if any is expected.
fn fits(case: &Case) -> impl Iterator<Item = bool> {
    let tries = case.expect["resolves"].as_array().into_iter().flatten();
    tries.map(|attempt| attempt[2].as_bool().unwrap())
}

fn accepts(case: &Case) -> bool {
    is_good(case) && (fits(case).next().is_none() || fits(case).any(|fits| fits))
}

fn refuses(case: &Case) -> bool {
    !is_good(case) || fits(case).any(|fits| !fits)
}

/// The cells of a rule's row in the README: rule, description, source, accepting and
/// refusing cases.
fn cells(line: &str) -> Option<[&str; 5]> {
    let inner = line.strip_prefix("| `")?.strip_suffix(" |")?;
    let cells: Vec<_> = inner.split(" | ").collect();
    let mut cells: [&str; 5] = cells.try_into().ok()?;
    cells[0] = cells[0].strip_suffix('`')?;
    Some(cells)
}

#[test]
fn every_rule_has_an_accepting_and_a_refusing_case() {
    let text = fs::read_to_string(vectors("README.md")).unwrap();
    let table: Vec<_> = text.lines().filter_map(cells).collect();
    let explained: BTreeSet<_> = table.iter().map(|cells| cells[0].to_owned()).collect();
    assert_eq!(table.len(), explained.len(), "a rule is explained twice");
    let rules = sides();
    let used: BTreeSet<_> = rules.keys().cloned().collect();
    assert_eq!(explained, used);

    for [rule, _, source, accepting, refusing] in table {
        for source in source.split(", ") {
            let known = ["documented", "seen", "inferred", "chosen"];
            assert!(known.contains(&source), "{rule}: {source}");
        }
        let sides = &rules[rule];
        for (cell, names) in [(accepting, &sides.accepting), (refusing, &sides.refusing)] {
            let has_reason = cell
                .strip_prefix("none: ")
                .is_some_and(|why| why.len() > 10);
            assert_eq!(names.is_empty(), has_reason, "{rule}: {cell}");
        }
    }
}

#[test]
fn every_case_has_a_name_of_its_own_and_a_rule() {
    let mut names = BTreeSet::new();
    for case in cases() {
        assert!(!case.rules.is_empty(), "{} has no rule", case.name);
        assert!(
            names.insert(case.name.clone()),
            "{} is there twice",
            case.name
        );
    }
}
