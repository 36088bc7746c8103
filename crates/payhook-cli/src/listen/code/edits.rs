//! The edits that turn one JSON text into another, as paths of the builders.

use std::collections::BTreeMap;

use payhook::testing::Json;
use serde_json::value::RawValue;

/// The deepest place at which single values are edited, in levels.
const DEPTH: usize = 32;

/// The maximum number of edits in a readable test.
const EDITS: usize = 80;

pub(crate) enum Edit {
    Remove(String),
    Set(String, String),
}

/// `None` if there are too many. The signature is left out.
pub(crate) fn edits(from: &str, to: &str) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    compare("", from, to, DEPTH, &mut edits);
    (edits.len() <= EDITS).then_some(edits)
}

type Object<'a> = BTreeMap<String, &'a RawValue>;

fn compare(path: &str, from: &str, to: &str, depth: usize, edits: &mut Vec<Edit>) {
    if from == to || path == "meta.sign" || edits.len() > EDITS {
        return;
    }
    if let Some(depth) = depth.checked_sub(1) {
        let objects = (serde_json::from_str(from), serde_json::from_str(to));
        if let (Ok(from), Ok(to)) = objects
            && compare_objects(path, &from, &to, depth, edits)
        {
            return;
        }
        let lists = (serde_json::from_str(from), serde_json::from_str(to));
        if let (Ok::<Vec<_>, _>(from), Ok::<Vec<_>, _>(to)) = lists {
            return compare_lists(path, &from, &to, depth, edits);
        }
    }
    edits.push(Edit::Set(path.to_owned(), to.to_owned()));
}

/// `false` if a key cannot be part of a path, or they are different resources.
fn compare_objects(
    path: &str,
    from: &Object<'_>,
    to: &Object<'_>,
    depth: usize,
    edits: &mut Vec<Edit>,
) -> bool {
    let is_odd = |key: &String| key.is_empty() || key.contains(['.', '[']);
    if from.keys().chain(to.keys()).any(is_odd) {
        return false;
    }
    let kind = |object: &Object<'_>| object.get("type").map(|kind| kind.get().to_owned());
    if kind(from) != kind(to) && !path.is_empty() {
        return false;
    }
    let place = |key: &str| match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    for key in from.keys().filter(|key| !to.contains_key(*key)) {
        edits.push(Edit::Remove(place(key)));
    }
    for (key, value) in to {
        match from.get(key) {
            Some(own) => compare(&place(key), own.get(), value.get(), depth, edits),
            None => edits.push(Edit::Set(place(key), value.get().to_owned())),
        }
    }
    true
}

fn compare_lists(
    path: &str,
    from: &[&RawValue],
    to: &[&RawValue],
    depth: usize,
    edits: &mut Vec<Edit>,
) {
    for index in (to.len()..from.len()).rev() {
        edits.push(Edit::Remove(format!("{path}[{index}]")));
    }
    for (index, value) in to.iter().enumerate() {
        let place = format!("{path}[{index}]");
        match from.get(index) {
            Some(own) => compare(&place, own.get(), value.get(), depth, edits),
            None => edits.push(Edit::Set(place, value.get().to_owned())),
        }
    }
}

/// A value as an argument of `set`, in Rust and as it is.
pub(crate) fn literal(json: &str) -> (String, Json) {
    if let Ok(text) = serde_json::from_str::<String>(json) {
        return (format!("{text:?}"), text.into());
    }
    let is_integer = json.parse::<i32>().is_ok_and(|it| it.to_string() == json);
    let code = match json {
        "null" => "None::<&str>".to_owned(),
        "true" | "false" => json.to_owned(),
        _ if is_integer => json.to_owned(),
        _ => format!("Json::raw({json:?})"),
    };
    (code, Json::raw(json))
}
