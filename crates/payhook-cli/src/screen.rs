//! [`Screen`]: text for people, in colour on a terminal, or one JSON object per line for scripts.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write as _};

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::CliError;

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const STRONG: Style = Style::new().bold();

/// Whether the output is still read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The pipe is closed, which is not an error.
    Gone,
    There,
}

#[derive(Clone, Copy)]
pub(crate) struct Screen {
    is_json: bool,
}

impl Screen {
    pub(crate) fn new(is_json: bool) -> Self {
        Self { is_json }
    }

    /// Shows text for people, or one line of JSON for scripts. Fails if the output
    /// cannot be written.
    pub(crate) fn show(self, text: &str, json: &Value) -> Result<Reader, CliError> {
        if self.is_json {
            return verbatim(&escaped(&json.to_string()));
        }
        styled_text(&harmless(text.trim_end(), |c| matches!(c, '\n' | '\u{1b}')))
    }

    /// Shows text verbatim, or JSON for scripts.
    pub(crate) fn show_verbatim(self, text: &str, json: &Value) -> Result<Reader, CliError> {
        if self.is_json {
            self.show(text, json)
        } else {
            verbatim(text)
        }
    }

    /// Shows one JSON object per line in either mode.
    #[allow(clippy::unused_self, reason = "as the screen's other ways to show")]
    pub(crate) fn show_json(self, json: &impl Serialize) -> Result<Reader, CliError> {
        let json = serde_json::to_string(json);
        let json = json.map_err(|error| CliError::of("cannot write the output", &error))?;
        verbatim(&escaped(&json))
    }

    pub(crate) fn error(self, error: &CliError) {
        let what = plain(&error.message);
        let mut text = format!("{}: {what}", styled(BAD, "error"));
        if let Some(hint) = error.hint {
            let _ = write!(text, "\n{}: {hint}", styled(STRONG, "hint"));
        }
        let json = json!({"verified": null, "error": error.message, "hint": error.hint});
        if !self.is_json || self.show("", &json).is_err() {
            // An error of standard error cannot be reported anywhere.
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }
}

/// Text with colours on a terminal.
pub(crate) fn styled_text(text: &str) -> Result<Reader, CliError> {
    let mut out = anstream::stdout().lock();
    written(writeln!(out, "{text}").and_then(|()| out.flush()))
}

/// `anstream` would remove text that looks like a part of an escape sequence.
pub(crate) fn verbatim(text: &str) -> Result<Reader, CliError> {
    let mut out = io::stdout().lock();
    written(writeln!(out, "{text}").and_then(|()| out.flush()))
}

fn written(result: io::Result<()>) -> Result<Reader, CliError> {
    match result {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(CliError::of("cannot write the output", &error)),
    }
}

/// JSON on one line, with escapes for every character that could affect a terminal:
/// JSON itself requires them below the space only.
fn escaped(json: &str) -> String {
    let mut escaped = String::new();
    for c in json.chars() {
        if is_harmful(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Characters that move the cursor, end a line, change the text direction or are
/// invisible: Unicode's controls (`Cc`), line and paragraph separators (`Zl`, `Zp`),
/// format characters (`Cf`), and whatever else is `Default_Ignorable`.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{890}'..='\u{891}'
                | '\u{8e2}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{110bd}'
                | '\u{110cd}'
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

pub(crate) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Untrusted text, with harmful characters escaped.
pub(crate) fn plain(text: &str) -> String {
    harmless(text, |_| false)
}

/// Escapes harmful characters, except for the allowed ones.
pub(crate) fn harmless(text: &str, is_wanted: impl Fn(char) -> bool) -> String {
    text.chars().fold(String::new(), |mut plain, c| {
        if is_harmful(c) && !is_wanted(c) {
            plain.extend(c.escape_unicode());
        } else {
            plain.push(c);
        }
        plain
    })
}
