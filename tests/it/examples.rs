//! Every public item has an example, or says where one is.

use std::fs;
use std::path::Path;

/// Items with neither.
const EXCEPT: [&str; 5] = [
    // A list of pages.
    "lib.rs: guide",
    // Nobody outside can name them.
    "open_enum.rs: UnknownCode",
    "open_enum.rs: UnknownWord",
    "receiver/gateway.rs: Named",
    "receiver/gateway.rs: Post",
];

#[test]
fn every_public_item_has_an_example_or_a_link_to_one() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut bare = Vec::new();
    visit(&src, &mut |file| {
        let name = file.strip_prefix(&src).unwrap().to_str().unwrap();
        let name = name.replace('\\', "/");
        bare.extend(without_example(file).map(|item| format!("{name}: {item}")));
    });
    bare.sort();
    assert_eq!(bare, EXCEPT);
}

/// All files of the library.
fn visit(folder: &Path, file: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("bin") {
            visit(&path, file);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            file(&path);
        }
    }
}

/// By the text alone: what is public stands at the margin, or in `open_enum!`.
fn without_example(file: &Path) -> impl Iterator<Item = String> {
    let (mut doc, mut bare) = (String::new(), Vec::new());
    for line in fs::read_to_string(file).unwrap().lines() {
        if line.trim_start().starts_with("///") {
            doc.push_str(line);
        } else if line.starts_with("#[doc = include_str!") {
            doc.push_str("```");
        } else if line.is_empty() {
            doc.clear();
        } else if let Some(name) = public(line) {
            if line.starts_with("pub mod ") && line.ends_with(';') {
                doc = inner_doc(file, name);
            }
            let lower = doc.to_lowercase();
            if !["```", "see [", "see the ["]
                .iter()
                .any(|way| lower.contains(way))
            {
                bare.push(name.to_owned());
            }
            doc.clear();
        }
    }
    bare.into_iter()
}

fn public(line: &str) -> Option<&str> {
    let line = line.strip_prefix("    pub enum ").or_else(|| {
        let mut words = line.strip_prefix("pub ")?.splitn(2, ' ');
        let kind = words
            .next()
            .filter(|kind| ["struct", "enum", "trait", "mod", "fn"].contains(kind));
        kind.and(words.next())
    })?;
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
}

/// What a module says of itself, in its own file.
fn inner_doc(parent: &Path, module: &str) -> String {
    let folder = if parent.ends_with("lib.rs") {
        parent.with_file_name("")
    } else {
        parent.with_extension("")
    };
    let text = fs::read_to_string(folder.join(module).with_extension("rs")).unwrap();
    text.lines()
        .take_while(|line| line.starts_with("//!"))
        .collect()
}
