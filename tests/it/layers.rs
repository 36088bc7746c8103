//! The layers of `docs/architecture.md`: a module uses its own layer and those in front
//! of it, and only a gateway's own folder names the gateway.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const LAYERS: &[&[&str]] = &[
    &[
        "amount",
        "timestamp",
        "text",
        "address",
        "constant_time",
        "digest",
    ],
    &[
        "scan",
        "wire",
        "read",
        "fields",
        "open_enum",
        "recognize",
        "error",
    ],
    &["fact", "verified", "event", "gateway", "outcome", "fetch"],
    &["b2binpay", "citypay"],
    &["callback", "config"],
    &["payment"],
    &["ledger", "handler", "idempotency"],
    &["endpoint"],
    &["http", "diagnose", "testing", "guide", "lib"],
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

/// The module that a file belongs to, with the code of the file: no comments.
fn files(folder: &Path) -> Vec<(String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
            continue;
        }
        let name = path.strip_prefix(&src).unwrap().with_extension("");
        let module = name.iter().next().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        found.push((module, code.collect::<Vec<_>>().join("\n")));
    }
    found
}

fn all() -> Vec<(String, String)> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
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
fn every_layer_is_in_the_architecture() {
    let page = include_str!("../../docs/architecture.md");
    for module in LAYERS.concat() {
        assert!(module == "lib" || page.contains(module), "{module}");
    }
}
