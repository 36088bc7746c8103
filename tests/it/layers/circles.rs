//! The files of a crate that use each other in a circle, found in their text.
//!
//! A file uses another one if it names something that the other one defines: in a `use`
//! declaration, by a path, or by a name that it imported. A re-export defines nothing, and
//! declaring a module is no use of it. Methods are not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Names = BTreeSet<String>;

/// The names in the code of a file.
#[derive(Default)]
struct File {
    path: String,
    defined: Names,
    /// The path of each imported name.
    imports: BTreeMap<String, Vec<String>>,
    /// The paths in the code, of one name or more.
    paths: BTreeSet<Vec<String>>,
}

/// Describes each circle between these files, which are given by their paths in the
/// folder `src` and their texts.
pub(super) fn circles(sources: &[(String, String)]) -> Vec<String> {
    let files: BTreeMap<_, _> = sources
        .iter()
        .map(|(path, text)| (module(path), read(path, text)))
        .collect();
    let targets: BTreeMap<_, _> = files
        .keys()
        .map(|file| (&**file, used(&files, file)))
        .collect();
    let reached: BTreeMap<_, _> = files
        .keys()
        .map(|file| (&**file, reach(&targets, file)))
        .collect();
    let mut found = Vec::new();
    for (file, all) in &reached {
        let circle: Vec<_> = all
            .iter()
            .filter(|other| reached[&***other].contains(*file))
            .collect();
        if circle.first().is_some_and(|first| first == file) {
            let mut lines = vec!["a circle:".to_owned()];
            for user in &circle {
                for (other, names) in targets[&***user]
                    .iter()
                    .filter(|(other, _)| circle.contains(other))
                {
                    let names: Vec<_> = names.iter().map(String::as_str).collect();
                    let (user, other) = (&files[&***user].path, &files[other].path);
                    lines.push(format!("{user} uses {other}: {}", names.join(", ")));
                }
            }
            found.push(lines.join("\n  "));
        }
    }
    found
}

/// `crate::b2binpay::wire` of `b2binpay/wire.rs`.
fn module(path: &str) -> String {
    let path = Path::new(path).with_extension("");
    let names = path.iter().map(|name| name.to_str().unwrap());
    let names = names.filter(|name| !["lib", "main"].contains(name));
    ["crate"]
        .into_iter()
        .chain(names)
        .collect::<Vec<_>>()
        .join("::")
}

/// The files that `user` uses, with the names that it uses of each.
fn used(files: &BTreeMap<String, File>, user: &str) -> BTreeMap<String, Names> {
    let mut targets: BTreeMap<_, Names> = BTreeMap::new();
    for path in &files[user].paths {
        if let Some((other, name)) =
            definition(files, user, path).filter(|(other, _)| other != user)
        {
            targets.entry(other).or_default().insert(name);
        }
    }
    targets
}

/// The module of the file that defines what `path` names in `module`, and its name.
fn definition(
    files: &BTreeMap<String, File>,
    module: &str,
    path: &[String],
) -> Option<(String, String)> {
    let (name, rest) = path.split_first()?;
    match &**name {
        "crate" => return definition(files, "crate", rest),
        "self" => return definition(files, module, rest),
        "super" => return definition(files, module.rsplit_once("::")?.0, rest),
        _ => {}
    }
    let file = files.get(module)?;
    let child = format!("{module}::{name}");
    if file.defined.contains(name) {
        return Some((module.to_owned(), name.clone()));
    }
    if !rest.is_empty() && files.contains_key(&child) {
        return definition(files, &child, rest);
    }
    let import = file.imports.get(name).filter(|import| import.len() > 1)?;
    definition(files, module, &[import, rest].concat())
}

/// The files that a file uses, directly or indirectly.
fn reach(targets: &BTreeMap<&str, BTreeMap<String, Names>>, file: &str) -> Names {
    let (mut reached, mut left) = (Names::new(), vec![file]);
    while let Some(file) = left.pop() {
        left.extend(
            targets[file]
                .keys()
                .filter(|other| reached.insert((*other).clone()))
                .map(String::as_str),
        );
    }
    reached
}

fn read(path: &str, text: &str) -> File {
    let tokens = tokens(text);
    let token = |at: usize| tokens.get(at).map_or("", String::as_str);
    let before = |at: usize, back: usize| at.checked_sub(back).map_or("", token);
    let mut file = File {
        path: path.to_owned(),
        ..File::default()
    };
    // For each open brace, whether it is that of a macro's call.
    let mut braces = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (this, next) = (token(at), token(at + 1));
        let is_item = braces.iter().all(|is_macro| *is_macro);
        at += 1;
        match this {
            "{" => braces.push(before(at - 1, 1) == "!"),
            "}" => drop(braces.pop()),
            "use" if is_name(next) || next == "{" => {
                let is_exported = [before(at - 1, 1), before(at - 1, 4)].contains(&"pub");
                let mut leaves = Vec::new();
                at = tree(&tokens, at, &[], &mut leaves);
                for (name, path) in leaves {
                    if !is_exported {
                        file.paths.insert(path.clone());
                    }
                    file.imports.insert(name, path);
                }
            }
            "mod" if is_item && token(at + 1) == "{" => {
                file.defined.insert(next.to_owned());
                at = after_block(&tokens, at + 1);
            }
            "struct" | "enum" | "trait" | "type" | "fn" | "const" | "static" | "index" | "for"
                if is_item && is_name(next) && (this != "for" || braces.last() == Some(&true)) =>
            {
                // `for` names the view of an index in `fields!`.
                file.defined.insert(next.to_owned());
                at += 1;
            }
            "macro_rules" => drop(file.defined.insert(token(at + 1).to_owned())),
            name if is_name(name) && !["::", "."].contains(&before(at - 1, 1)) => {
                let mut path = vec![name.to_owned()];
                while token(at) == "::" && is_name(token(at + 1)) {
                    path.push(token(at + 1).to_owned());
                    at += 2;
                }
                // Most names in lower case alone are those of variables.
                let is_variable = path.len() == 1 && name.starts_with(char::is_lowercase);
                if !is_variable || ["(", "!"].contains(&token(at)) {
                    file.paths.insert(path);
                }
            }
            _ => {}
        }
    }
    file
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Reads the tree of a `use` declaration from `at`: each imported name with its path.
/// Returns where it ends.
fn tree(
    tokens: &[String],
    mut at: usize,
    base: &[String],
    leaves: &mut Vec<(String, Vec<String>)>,
) -> usize {
    let mut path = base.to_vec();
    loop {
        match &*tokens[at] {
            "::" => at += 1,
            "{" => {
                while tokens[at] != "}" {
                    at = tree(tokens, at + 1, &path, leaves);
                }
                return at + 1;
            }
            "as" => {
                leaves.push((tokens[at + 1].clone(), path));
                return at + 2;
            }
            name if is_name(name) => {
                if name != "self" || path.is_empty() {
                    path.push(name.to_owned());
                }
                at += 1;
            }
            "*" => return at + 1,
            _ => {
                // `,`, `}` or `;`
                if path.len() > base.len() || tokens[at - 1] == "self" {
                    leaves.extend(path.last().cloned().map(|name| (name, path)));
                }
                return at;
            }
        }
    }
}

/// The end of the block that begins at `at`.
fn after_block(tokens: &[String], mut at: usize) -> usize {
    let mut depth = 0;
    loop {
        match &*tokens[at] {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
}

/// The names and the punctuation of a text, without comments, literals and lifetimes.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut left = text;
    while let Some(first) = left.chars().next() {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let quoted = |start: usize| {
            let text = &left[start..];
            let mut is_escaped = false;
            let end = text.find(|c: char| {
                let is_end = c == first && !is_escaped;
                is_escaped = c == '\\' && !is_escaped;
                is_end
            });
            start + end.unwrap() + 1
        };
        let length = match first {
            '/' if left.starts_with("//") => left.find('\n').unwrap_or(left.len()),
            '"' => quoted(1),
            'r' if left[1..].trim_start_matches('#').starts_with('"') => {
                let start = left.find('"').unwrap();
                let end = format!("\"{}", &left[1..start]);
                start + 1 + left[start + 1..].find(&end).unwrap() + end.len()
            }
            '\'' if left[1..].starts_with('\\') => quoted(1),
            '\'' if left.chars().nth(2) == Some('\'') => left.char_indices().nth(3).unwrap().0,
            '\'' => 1 + left[1..].find(|c| !is_part(c)).unwrap(),
            _ if is_part(first) => {
                let end = left.find(|c| !is_part(c)).unwrap_or(left.len());
                tokens.push(left[..end].to_owned());
                end
            }
            _ => {
                let length = ["::", ".."]
                    .iter()
                    .find(|pair| left.starts_with(**pair))
                    .map_or(first.len_utf8(), |_| 2);
                if !first.is_whitespace() {
                    tokens.push(left[..length].to_owned());
                }
                length
            }
        };
        left = &left[length..];
    }
    tokens
}
