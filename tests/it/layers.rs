//! The layers of `docs/architecture.md`: a module uses its own layer and those in front
//! of it, and only a gateway's own folder names the gateway. No files use each other in a
//! circle.

mod circles;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const LAYERS: &[&[&str]] = &[
    &[
        "amount",
        "timestamp",
        "shared_str",
        "address",
        "constant_time",
        "digest",
    ],
    &[
        "scan",
        "span",
        "wire",
        "read",
        "fields",
        "open_enum",
        "recognize",
        "error",
    ],
    &["fact", "verified", "event", "gateway", "outcome", "fetch"],
    &["b2binpay", "citypay"],
    &["callback", "config", "testing"],
    &["payment"],
    &["ledger", "handler", "idempotency"],
    &["endpoint"],
    &["http", "diagnose", "guide", "lib"],
];

/// These list all gateways; `diagnose` is about one, and `recognize` about other products.
const NAME_GATEWAYS: &[&str] = &[
    "b2binpay",
    "citypay",
    "callback",
    "config",
    "diagnose",
    "recognize",
    "testing",
    "guide",
    "lib",
];

/// `VerifyError` names B2BINPAY's declarations of tracking ids.
const EXCEPT: &[(&str, &str)] = &[("error", "b2binpay"), ("error", "citypay")];

/// The files of a folder `src`: their paths in it, and their texts.
fn sources(src: &Path) -> Vec<(String, String)> {
    let (mut found, mut left) = (Vec::new(), vec![src.to_owned()]);
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(
                fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(src).unwrap().to_str().unwrap();
            found.push((name.to_owned(), fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

/// The modules of the library that its files belong to, with their code: no comments.
fn all() -> Vec<(String, String)> {
    let sources = sources(&root().join("src")).into_iter();
    let files = sources.map(|(path, text)| {
        let module = path.split(['/', '.']).next().unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        (module.to_owned(), code.collect::<Vec<_>>().join("\n"))
    });
    files.collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The modules that follow each `crate::`.
fn uses(code: &str) -> BTreeSet<&str> {
    let paths = code.split("crate::").skip(1);
    paths
        .map(|path| path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap())
        // Types and macros at the root.
        .filter(|name| name.starts_with(char::is_lowercase) && *name != "delegate_ledger")
        .collect()
}

fn layer(module: &str) -> usize {
    let of = LAYERS.iter().position(|layer| layer.contains(&module));
    of.unwrap_or_else(|| panic!("`{module}` is in no layer"))
}

#[test]
fn no_module_uses_a_layer_behind_its_own() {
    for (module, code) in all() {
        for used in uses(&code) {
            let is_known = EXCEPT.contains(&(&*module, used));
            assert!(
                is_known || layer(used) <= layer(&module),
                "{module} uses {used}"
            );
        }
    }
}

#[test]
fn no_shared_module_names_a_gateway() {
    for (module, code) in all() {
        if NAME_GATEWAYS.contains(&&*module) {
            continue;
        }
        for gateway in ["b2binpay", "citypay"] {
            let is_known = EXCEPT.contains(&(&*module, gateway));
            let code = code.to_lowercase();
            assert!(
                is_known || !code.contains(gateway),
                "{module} names {gateway}"
            );
        }
    }
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let members = fs::read_dir(root().join("crates")).unwrap();
    let members = members.map(|member| member.unwrap().path().join("src"));
    for src in members.chain([root().join("src"), root().join("tools/vectors/src")]) {
        let circles = circles::circles(&sources(&src));
        assert!(
            circles.is_empty(),
            "{}:\n{}",
            src.display(),
            circles.join("\n")
        );
    }
}

#[test]
fn a_circle_is_found() {
    let circle = |sources: &[(&str, &str)]| {
        let sources = sources
            .iter()
            .map(|(path, text)| (path.to_string(), text.to_string()));
        circles::circles(&sources.collect::<Vec<_>>())
    };
    // Through a re-export, and through a path; `c.rs` only uses the others.
    let found = circle(&[
        (
            "lib.rs",
            "mod a; mod b; pub use a::{A, nothing as no}; mod c;",
        ),
        (
            "a.rs",
            "//! `B`.\npub struct A(crate::b::Inner); mod deep; pub fn nothing() {}",
        ),
        (
            "a/deep.rs",
            "use super::super::c::{self, C}; pub const DEEP: &str = \"crate::b\";",
        ),
        ("b.rs", "use crate::A; pub(crate) struct Inner(Option<A>);"),
        (
            "c.rs",
            "use crate::{b::*, no}; pub struct C; fn c() { no(); crate::b::Inner; }",
        ),
    ]);
    assert_eq!(
        found,
        ["a circle:\n  a.rs uses b.rs: Inner\n  b.rs uses a.rs: A"]
    );
    // A parent defines what its child uses, and uses its child.
    let parent = "mod child; pub enum Kind { One } fn f(of: child::Of) {}";
    let child = |text| circle(&[("parent.rs", parent), ("parent/child.rs", text)]);
    assert_eq!(child("pub struct Of(super::Kind);").len(), 1);
    assert_eq!(child("use super::{Kind}; pub struct Of(Kind);").len(), 1);
    assert!(
        child("/// See [`super::Kind`].\npub struct Of(char); const C: Of = Of('\"');").is_empty()
    );
}

#[test]
fn every_layer_is_in_the_architecture() {
    let page = include_str!("../../docs/architecture.md");
    for module in LAYERS.concat() {
        assert!(module == "lib" || page.contains(module), "{module}");
    }
}
