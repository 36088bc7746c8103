//! `payhook replay`: replays recorded payment lifecycles through an in-memory ledger.

mod tally;

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use payhook::MemoryLedger;
use payhook::b2binpay::{Key, TrackingIds};
use payhook_conformance::lifecycles::{Changed, RecordedLifecycle, Sums};
use serde::Serialize;
use serde_json::json;

use crate::body::{open, unreadable};
use crate::error::{CliError, Exit};
use crate::keys::KeyArgs;
use crate::post::wait;
use crate::saved::{self, Saved};
use crate::screen::Screen;

use tally::Tally;

/// The maximum length of a line, in bytes.
const LIMIT: u64 = 16 * 1024 * 1024;

const FORMAT: &str = r#"Each line of a file is one payment lifecycle, a JSON object with
  name           a name for the output; the line number unless set
  gateway        "b2binpay" or "citypay"
  keys           [{"scheme": "callback_secret", "secret": …}]
                 or [{"scheme": "login_password", "login": …, "password": …}];
                 the keys of the options unless set
  tracking_ids   "prefixed" (unless set), "unused", "unrestricted" or {"length": 36}
  customer_id    CityPay.io: your own
  expected       your payments: [{"kind", "reference", "currency", "amount", …}],
                 with kind deposit, invoice, top_up, payout or order
  steps          in order: {"body": the request body, "api" or "answer": the
                 gateway's response to the lookup},
                 or {"do": "accept" or "reject", "reference"}: a manual decision
                 on held money
A step's "want" is compared with the actual result. It needs all three fields
{"status", "change", "payments"}, as they are printed.

Exit status: 0 no lifecycle differs from its "want", 1 one does or a line cannot be
replayed, 2 usage error, 3 malformed input."#;

#[derive(Debug, clap::Args)]
#[command(after_long_help = FORMAT)]
pub(crate) struct Replay {
    /// Recorded payment lifecycles, one JSON object per line; `-` for standard input.
    /// Also files that `listen --save` wrote, or their directory.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    keys: KeyArgs,

    /// The form of your own tracking ids, for saved callbacks: `prefixed`, `uuid`,
    /// `length=N`, `unused` or `unrestricted`.
    #[arg(long, value_name = "FORM", default_value = "prefixed")]
    tracking_ids: TrackingIds,
}

/// The changes of one step, in the vocabulary of the file.
#[derive(Serialize)]
struct Line<'a> {
    lifecycle: &'a str,
    step: usize,
    status: u16,
    change: &'a BTreeMap<String, Changed>,
    payments: &'a BTreeMap<String, Sums>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    differences: &'a [String],
}

struct Player {
    keys: Vec<Key>,
    has_several_files: bool,
    screen: Screen,
    tally: Tally,
    /// Saved callbacks, which are replayed together.
    saved: Vec<Saved>,
    tracking_ids: TrackingIds,
    /// The error that prevents writing the output.
    unwritten: Option<CliError>,
}

pub(crate) fn run(args: &Replay, screen: Screen) -> Result<Exit, CliError> {
    let files = saved::files(&args.files)?;
    let mut player = Player {
        keys: args.keys.keys()?,
        has_several_files: files.len() > 1,
        screen,
        tally: Tally::default(),
        saved: Vec::new(),
        tracking_ids: args.tracking_ids,
        unwritten: None,
    };
    let mut exit = Exit::Success;
    wait(async {
        for file in &files {
            if let Err(error) = player.play_file(file).await {
                screen.error(&error);
                exit = error.exit;
            }
        }
        player.play_saved().await;
        Ok(())
    })?;
    if let Some(error) = player.unwritten {
        return Err(error);
    }
    screen.show(&player.tally.text(), &player.tally.json())?;
    Ok(match exit {
        Exit::Success if !player.tally.is_as_expected() => Exit::Negative,
        exit => exit,
    })
}

impl Player {
    async fn play_file(&mut self, file: &Path) -> Result<(), CliError> {
        let mut lines = BufReader::new(open(file)?);
        let mut number = 0_u64;
        let mut is_empty = true;
        loop {
            let line = next_line(&mut lines).map_err(|error| unreadable(file, &error))?;
            let Some(line) = line else { break };
            number = number.saturating_add(1);
            let played = match line {
                Text::Line(line) => {
                    let line = without_mark(&line, number).trim_ascii_end();
                    if line.is_empty() {
                        continue;
                    }
                    if Saved::is_in(line) {
                        is_empty = false;
                        self.keep(line, file, number);
                        continue;
                    }
                    let played = self.play_line(line, file, number).await;
                    played.map_err(|what| (what, is_body(line)))
                }
                Text::TooLong => Err((format!(": longer than {LIMIT} bytes"), false)),
            };
            is_empty = false;
            match played {
                Ok(compared) => self.tally.count(compared),
                Err((what, is_body)) => {
                    self.tally.count_not_replayed();
                    let what = format!("`{}`, line {number}{what}", file.display());
                    let error = CliError::new(what);
                    self.screen.error(&if is_body {
                        error.hint("this is the body of one callback: use `payhook verify`")
                    } else {
                        error
                    });
                }
            }
        }
        if is_empty {
            return Err(CliError {
                exit: Exit::Malformed,
                ..CliError::new(format!("`{}` contains no lifecycles", file.display()))
            });
        }
        Ok(())
    }

    /// Whether the lifecycle is as expected, if it has expected changes. The error goes on
    /// after the line's number.
    async fn play_line(
        &mut self,
        line: &[u8],
        file: &Path,
        number: u64,
    ) -> Result<Option<bool>, String> {
        let recorded: RecordedLifecycle =
            serde_json::from_slice(line).map_err(|error| place(&error))?;
        let recorded = recorded.default_keys(self.keys.iter().cloned());
        let name = match recorded.name() {
            "" if self.has_several_files => format!("{} line {number}", file.display()),
            "" => format!("line {number}"),
            name => name.to_owned(),
        };
        self.play(&recorded, &name).await
    }

    /// Keeps a saved callback for the end.
    fn keep(&mut self, line: &[u8], file: &Path, number: u64) {
        match Saved::parse(line) {
            Ok(saved) => self.saved.push(saved),
            Err(why) => {
                self.tally.count_not_replayed();
                let what = format!("`{}`, line {number}{why}", file.display());
                self.screen.error(&CliError::new(what));
            }
        }
    }

    /// Plays all saved callbacks through one ledger for each gateway.
    async fn play_saved(&mut self) {
        let lifecycles = match saved::lifecycles(&self.saved, &self.keys, self.tracking_ids) {
            Ok(lifecycles) => lifecycles,
            Err(why) => {
                self.tally.count_not_replayed();
                return self.screen.error(&CliError::new(format!("callback{why}")));
            }
        };
        for (name, expected, lifecycle) in lifecycles {
            let assumed = json!({"lifecycle": name, "assumed": expected});
            if let Err(error) = self.screen.show_json(&assumed) {
                self.unwritten.get_or_insert(error);
            }
            let played = match serde_json::from_str::<RecordedLifecycle>(&lifecycle) {
                Ok(lifecycle) => {
                    let lifecycle = lifecycle.default_keys(self.keys.iter().cloned());
                    self.play(&lifecycle, &name).await
                }
                Err(error) => Err(format!(": {error}")),
            };
            match played {
                Ok(compared) => self.tally.count(compared),
                Err(why) => {
                    self.tally.count_not_replayed();
                    self.screen.error(&CliError::new(format!("{name}{why}")));
                }
            }
        }
    }

    async fn play(
        &mut self,
        lifecycle: &RecordedLifecycle,
        name: &str,
    ) -> Result<Option<bool>, String> {
        let replayed = lifecycle.replay(&MemoryLedger::new()).await;
        let replayed = replayed.map_err(|error| format!(": {error}"))?;
        let mut is_as_expected = true;
        for (step, replayed) in replayed.iter().enumerate() {
            is_as_expected &= replayed.differences.is_empty();
            let shown = self.screen.show_json(&Line {
                lifecycle: name,
                step,
                status: replayed.outcome.status,
                change: &replayed.outcome.change,
                payments: &replayed.outcome.payments,
                differences: &replayed.differences,
            });
            if let Err(error) = shown {
                self.unwritten.get_or_insert(error);
            }
        }
        Ok(lifecycle.has_expected_changes().then_some(is_as_expected))
    }
}

/// An error of a document that is a single line.
fn place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(what) => format!(", column {}: {what}", error.column()),
        None => format!(": {text}"),
    }
}

/// Whether the line is the body of one callback.
fn is_body(line: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Names {
        data: Option<serde::de::IgnoredAny>,
        r#type: Option<serde::de::IgnoredAny>,
        gateway: Option<serde::de::IgnoredAny>,
    }

    let names = serde_json::from_slice::<Names>(line);
    names.is_ok_and(|it| it.gateway.is_none() && (it.data.is_some() || it.r#type.is_some()))
}

enum Text {
    Line(Vec<u8>),
    TooLong,
}

/// The next line, with the newline at its end. Of one that is too long the rest
/// is skipped, and nothing is kept.
fn next_line(lines: &mut impl BufRead) -> io::Result<Option<Text>> {
    let mut line = Vec::new();
    let length = lines.take(LIMIT).read_until(b'\n', &mut line)?;
    if length == 0 {
        return Ok(None);
    }
    let is_cut = u64::try_from(length).is_ok_and(|length| length >= LIMIT);
    if is_cut && !line.ends_with(b"\n") && !lines.fill_buf()?.is_empty() {
        lines.skip_until(b'\n')?;
        return Ok(Some(Text::TooLong));
    }
    Ok(Some(Text::Line(line)))
}

/// Without a byte order mark, which an editor may have added.
fn without_mark(line: &[u8], number: u64) -> &[u8] {
    match line.strip_prefix(b"\xef\xbb\xbf") {
        Some(line) if number == 1 => line,
        _ => line,
    }
}
