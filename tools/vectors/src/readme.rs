//! The tables of the README: for each rule the names of its cases.

use std::collections::BTreeMap;
use std::error::Error;

use serde_json::Value;

/// The names of a rule's accepting and refusing cases.
#[derive(Default)]
struct Sides {
    accepting: Vec<String>,
    refusing: Vec<String>,
}

/// The README with the names of the cases in these files. The rules of the cases of
/// `given.jsonl` are in a file of their own.
///
/// # Errors
///
/// If a file is not JSON, or a rule of the tables has no case.
pub(crate) fn with_names(
    readme: &str,
    files: &[&str],
    given_rules: &str,
) -> Result<String, Box<dyn Error>> {
    let rules = sides(files, &serde_json::from_str(given_rules)?)?;
    let mut text = String::new();
    for line in readme.lines() {
        if let Some([rule, words, source, accepting, refusing]) = cells(line) {
            let sides = rules
                .get(rule)
                .ok_or_else(|| format!("{rule} has no case"))?;
            let accepting = cell(accepting, &sides.accepting);
            let refusing = cell(refusing, &sides.refusing);
            let cells = [&format!("`{rule}`"), words, source, &accepting, &refusing];
            text.extend(["| ", &cells.join(" | "), " |"]);
        } else {
            text += line;
        }
        text.push('\n');
    }
    Ok(text)
}

fn sides(files: &[&str], given_rules: &Value) -> Result<BTreeMap<String, Sides>, Box<dyn Error>> {
    let mut rules: BTreeMap<String, Sides> = BTreeMap::new();
    for line in files.iter().flat_map(|file| file.lines()) {
        let case: Value = serde_json::from_str(line)?;
        let get = |key: &str| case.get(key).unwrap_or(&Value::Null);
        let name = get("name").as_str().ok_or("a case has no name")?;
        let own = given_rules.get(name).unwrap_or_else(|| get("rules"));
        let (accepts, refuses) = accepts_and_refuses(get("expect"));
        for rule in own
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            let sides = rules.entry(rule.to_owned()).or_default();
            if accepts {
                sides.accepting.push(name.to_owned());
            }
            if refuses {
                sides.refusing.push(name.to_owned());
            }
        }
    }
    Ok(rules)
}

/// Whether a case is accepting, and whether it is refusing. An ambiguous signed text is
/// both if it is tried with several amounts.
fn accepts_and_refuses(expect: &Value) -> (bool, bool) {
    let is_refused = ["verified", "parsed", "proven"]
        .iter()
        .any(|key| expect.get(key) == Some(&Value::Bool(false)));
    let tries = expect.get("resolves").and_then(Value::as_array);
    let fits: Vec<_> = tries
        .into_iter()
        .flatten()
        .filter_map(|attempt| attempt.get(2)?.as_bool())
        .collect();
    let accepts = !is_refused && (fits.is_empty() || fits.contains(&true));
    (accepts, is_refused || fits.contains(&false))
}

/// The cells of a rule's row: rule, description, source, accepting and refusing cases.
fn cells(line: &str) -> Option<[&str; 5]> {
    let inner = line.strip_prefix("| `")?.strip_suffix(" |")?;
    let cells: Vec<_> = inner.split(" | ").collect();
    let [rule, words, source, accepting, refusing] = cells.try_into().ok()?;
    Some([rule.strip_suffix('`')?, words, source, accepting, refusing])
}

/// Two names, and the number of the others. A cell without cases keeps its reason.
fn cell(stored: &str, names: &[String]) -> String {
    if names.is_empty() {
        return stored.to_owned();
    }
    let (shown, rest) = names.split_at(names.len().min(2));
    let shown: Vec<_> = shown.iter().map(|name| format!("`{name}`")).collect();
    let shown = shown.join(", ");
    match rest.len() {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
