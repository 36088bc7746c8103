//! `payhook resend`: posts saved callbacks again, byte for byte.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::body::{open, unreadable};
use crate::error::{CliError, Exit};
use crate::post::{PostArgs, Target, wait};
use crate::saved::{self, Saved};
use crate::screen::{BAD, GOOD, STRONG, Screen, styled};

#[derive(Debug, clap::Args)]
pub(crate) struct Resend {
    /// Files that `listen --save` wrote, or the directory; `-` for standard input.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    to: PostArgs,
}

pub(crate) fn run(args: &Resend, screen: Screen) -> Result<Exit, CliError> {
    let target = args.to.target()?;
    let files = saved::files(&args.files)?;
    wait(async {
        let mut exit = Exit::Success;
        for file in &files {
            for saved in read(file)? {
                if post(&saved, file, &target, screen).await? != 200 {
                    exit = Exit::Negative;
                }
            }
        }
        Ok(exit)
    })
}

/// Each line is a callback. All are read before the first is posted.
fn read(file: &Path) -> Result<Vec<Saved>, CliError> {
    let malformed = |number: usize, why: &str| CliError {
        exit: Exit::Malformed,
        ..CliError::new(format!("`{}`, line {number}{why}", file.display()))
    };
    let mut found = Vec::new();
    let lines = BufReader::new(open(file)?).split(b'\n');
    for (line, number) in lines.zip(1_usize..) {
        let line = line.map_err(|error| unreadable(file, &error))?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let saved = Saved::parse(&line).map_err(|why| malformed(number, &why))?;
        found.push(saved);
    }
    if found.is_empty() {
        return Err(malformed(1, ": no saved callback"));
    }
    Ok(found)
}

async fn post(
    saved: &Saved,
    file: &Path,
    target: &Target,
    screen: Screen,
) -> Result<u16, CliError> {
    let body = saved.body();
    let body = body.map_err(|why| CliError {
        exit: Exit::Malformed,
        ..CliError::new(format!("`{}`{why}", file.display()))
    })?;
    let answer = target
        .pass(saved.url(), &saved.headers(), body.into())
        .await?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let to = target.name_under(saved.url());
    let style = if answer.status == 200 { GOOD } else { BAD };
    let text = format!(
        "{} to {}: {} in {} ms",
        styled(STRONG, &crate::screen::plain(&name)),
        crate::screen::plain(&to),
        styled(style, &answer.status.to_string()),
        answer.took.as_millis(),
    );
    let json = json!({
        "file": name,
        "to": to,
        "status": answer.status,
        "seconds": answer.took.as_secs_f64(),
    });
    screen.show(&text, &json)?;
    Ok(answer.status)
}
