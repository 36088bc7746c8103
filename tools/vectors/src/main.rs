//! Writes the test vectors `b2binpay.jsonl` and `citypay.jsonl` of `tests/vectors`, and the
//! names of the cases in the tables of its README:
//!
//! ```sh
//! cargo run -p vectors            # writes the files
//! cargo run -p vectors -- --check # only compares: fails if a file differs
//! ```
#![allow(
    clippy::expect_used,
    clippy::too_many_lines,
    reason = "a case that cannot be built is an error of its table, and a table is as long as it is"
)]

mod answers;
mod bodies;
mod case;
mod codes;
mod forms;
mod order_stages;
mod order_values;
mod orders;
mod readme;
mod real_orders;
mod shapes;
mod signed_text;
mod transfers;

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use case::Case;

/// A file of `tests/vectors`.
fn path(file: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors")).join(file)
}

fn read(file: &str) -> Result<String, Box<dyn Error>> {
    let path = path(file);
    fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// The name and the contents of each file that the tool writes.
fn files() -> Result<[(&'static str, String); 3], Box<dyn Error>> {
    let b2binpay = lines(&[
        signed_text::cases(),
        forms::cases(),
        shapes::cases(),
        transfers::cases(),
        bodies::cases(),
        codes::cases(),
    ]);
    let citypay = lines(&[
        orders::cases(),
        order_values::cases(),
        answers::cases(),
        order_stages::cases(),
        real_orders::cases(),
    ]);
    let given = read("given.jsonl")?;
    let readme = readme::with_names(
        &read("README.md")?,
        &[&given, &b2binpay, &citypay],
        &read("given.rules.json")?,
    )?;
    Ok([
        ("b2binpay.jsonl", b2binpay),
        ("citypay.jsonl", citypay),
        ("README.md", readme),
    ])
}

fn lines(tables: &[Vec<Case>]) -> String {
    let cases = tables.iter().flatten();
    cases.map(|case| case.line() + "\n").collect()
}

/// Fails at the first line in which a stored file differs from what the tool writes.
fn check() -> Result<(), Box<dyn Error>> {
    for (file, written) in files()? {
        let stored = read(file)?;
        if stored == written {
            continue;
        }
        let same = stored.lines().zip(written.lines());
        let line = 1 + same
            .take_while(|(stored, written)| stored == written)
            .count();
        return Err(
            format!("tests/vectors/{file}, line {line}: run `cargo run -p vectors`").into(),
        );
    }
    Ok(())
}

fn write() -> Result<(), Box<dyn Error>> {
    for (file, written) in files()? {
        fs::write(path(file), written)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [] => write(),
        [flag] if flag == "--check" => check(),
        _ => Err("usage: vectors [--check]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_files_are_up_to_date() {
        super::check().unwrap();
    }
}
