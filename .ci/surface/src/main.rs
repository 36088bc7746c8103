//! Prints the public items of a file in rustdoc's JSON format.
//!
//! Auto traits, which `tests/it/traits.rs` checks for each type, and blanket impls are
//! omitted. A derived impl is one line, without its methods.

use std::collections::HashSet;
use std::error::Error;
use std::fs;

use public_api::Builder;
use rustdoc_types::FORMAT_VERSION;
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("no file given")?;
    let json: Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
    let format = &json["format_version"];
    if *format != FORMAT_VERSION {
        eprintln!(
            "This toolchain's rustdoc writes JSON of format {format}, and {FORMAT_VERSION} is read \
             here.\nIn .ci/surface/Cargo.toml, set `rustdoc-types` to 0.{format} and `public-api` \
             to the version that requires it;\nthen run `.ci/public-api --write`."
        );
        std::process::exit(1);
    }
    let listed = |without_derived| -> Result<Vec<String>, public_api::Error> {
        let surface = Builder::from_rustdoc_json(&path)
            .omit_blanket_impls(true)
            .omit_auto_trait_impls(true)
            .omit_auto_derived_impls(without_derived)
            .build()?;
        Ok(surface.items().map(ToString::to_string).collect())
    };
    let written: HashSet<String> = listed(true)?.into_iter().collect();
    let mut is_derived = false;
    for item in listed(false)? {
        let is_impl = item.starts_with("impl");
        if is_impl {
            is_derived = !written.contains(&item);
        }
        let is_kept = if is_derived {
            // Of what is derived, only that it is. `fmt` is written for `Display`, too.
            is_impl && !item.contains("::StructuralPartialEq ")
                || written.contains(&item) && !item.contains("::fmt(&self, ")
        } else {
            // The guide is prose that only rustdoc sees.
            !item.starts_with("pub mod payhook::guide")
        };
        if is_kept {
            println!("{item}");
        }
    }
    Ok(())
}
