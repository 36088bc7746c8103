//! Every public item has an example, or a link to one.

use std::fs;
use std::path::{Path, PathBuf};

/// Items without either.
const EXCEPT: [&str; 8] = [
    // Hidden, and only used by sealed traits.
    "b2binpay/gateway.rs: PendingCallback",
    "citypay/gateway.rs: PendingCallback",
    "endpoint.rs: Received",
    "gateway.rs: Body",
    "gateway.rs: LookupNeed",
    "gateway.rs: Rejection",
    // Not nameable outside of the crate.
    "open_enum.rs: UnknownCode",
    "open_enum.rs: UnknownWord",
];

#[test]
fn every_public_item_has_an_example_or_a_link_to_one() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut bare = Vec::new();
    for file in files(src.clone()) {
        let name = file.strip_prefix(&src).unwrap().to_string_lossy();
        if name.ends_with(".rs") {
            let items = without_example(&file);
            bare.extend(items.map(|item| format!("{name}: {item}").replace('\\', "/")));
        }
    }
    bare.sort();
    assert_eq!(bare, EXCEPT);
}

/// rustdoc compiles all examples as one program, in which such a path is wrong. It then
/// compiles each one alone, which takes ten times as long.
#[test]
fn no_example_includes_a_file_by_its_relative_path() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in files(src) {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        let mut comments = text.lines().map(str::trim_start);
        let including = comments.find(|it| {
            let is_comment = it.starts_with("//");
            is_comment && (it.contains("include_bytes!(") || it.contains("include_str!("))
        });
        assert_eq!(including, None, "in {}", file.display());
    }
}

fn files(path: PathBuf) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path];
    }
    let entries = fs::read_dir(path).unwrap();
    entries.flat_map(|it| files(it.unwrap().path())).collect()
}

/// By the text alone: public items begin at the margin, or are in `open_enum!`.
fn without_example(file: &Path) -> impl Iterator<Item = String> {
    let (mut doc, mut bare) = (String::new(), Vec::new());
    for line in fs::read_to_string(file).unwrap().lines() {
        if line.trim_start().starts_with("///") {
            doc.push_str(&line.to_lowercase());
        } else if line.starts_with("#[doc = include_str!") {
            doc.push_str("```");
        } else if line.is_empty() {
            doc.clear();
        } else if let Some(item) = public(line) {
            if line.starts_with("pub mod ") && line.ends_with(';') {
                doc = inner_doc(file, item);
            }
            // The docs of a topical module begin with the name of its main item.
            let ways = ["```", "see [", "see the [", "//! [`"];
            if !ways.iter().any(|way| doc.contains(way)) {
                bare.push(item.to_owned());
            }
        }
    }
    bare.into_iter()
}

fn public(line: &str) -> Option<&str> {
    let kinds = ["struct", "enum", "trait", "mod", "fn"].map(|kind| format!("pub {kind} "));
    let mut rests = kinds.iter().filter_map(|kind| line.strip_prefix(kind));
    let rest = rests.next().or(line.strip_prefix("    pub enum "))?;
    rest.split(|c: char| !c.is_alphanumeric()).next()
}

/// The docs of a module, in its own file.
fn inner_doc(parent: &Path, module: &str) -> String {
    let folder = parent.with_extension("").to_string_lossy().into_owned();
    let file = Path::new(folder.trim_end_matches("lib")).join(format!("{module}.rs"));
    let text = fs::read_to_string(file).unwrap().to_lowercase();
    text.split("\n\n").next().unwrap().to_owned()
}
