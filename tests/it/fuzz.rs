//! The checks of libFuzzer (see `.ci/fuzz`), on the inputs of its corpus in
//! `tests/corpus`.

use std::fs;
use std::path::PathBuf;

use crate::support::cases;

mod amount;
#[cfg(feature = "diagnose")]
mod diagnose;
#[cfg(feature = "http")]
mod forwarded;
mod history;
pub(crate) mod json;
mod oracle;
mod order;
mod parse;
#[cfg(feature = "testing")]
mod sign;
mod timestamp;
mod verify;

/// Checks every input of a target's corpus.
fn replay(target: &str, check: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(target);
    let name = folder.display();
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{name} is empty");
    for path in paths {
        // Displayed if the check fails.
        eprintln!("{}", path.display());
        check(&fs::read(&path).unwrap());
    }
}

/// The vectors are used as inputs as well.
#[test]
fn vectors() {
    for case in cases() {
        eprintln!("{}", case.name);
        parse::check(&case.body);
        verify::check(&case.body);
        #[cfg(feature = "diagnose")]
        // Unchanged, with a typo in the key, and with an unrelated key.
        for picked in [0, 3, 5] {
            diagnose::check(&[&[picked], case.body.as_slice()].concat());
        }
        if let Some(query) = case.query {
            parse::check(&query.answer);
            order::check(&[&case.body[..], &[0], &query.answer].concat());
        }
    }
}

macro_rules! replay {
    ($( $(#[$meta:meta])* $target:ident, )+) => {$(
        $(#[$meta])*
        #[test]
        fn $target() {
            replay(stringify!($target), self::$target::check);
        }
    )+};
}

replay! {
    amount,
    #[cfg(feature = "diagnose")]
    diagnose,
    #[cfg(feature = "http")]
    forwarded,
    history,
    json,
    order,
    parse,
    #[cfg(feature = "testing")]
    sign,
    timestamp,
    verify,
}
