//! [`Screen`]: text for people, in colour where there is a terminal, or a JSON
//! object a line for machines.

use std::fmt::Write as _;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use crate::trouble::Trouble;

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const STRONG: Style = Style::new().bold();

#[derive(Clone, Copy)]
pub(crate) struct Screen {
    is_json: bool,
}

impl Screen {
    pub(crate) fn new(is_json: bool) -> Self {
        Self { is_json }
    }

    /// Text for people, or the same for machines.
    pub(crate) fn show(self, text: &str, json: &Value) {
        let mut out = anstream::stdout().lock();
        // Who reads no further has had enough.
        let _ = if self.is_json {
            writeln!(out, "{json}")
        } else {
            writeln!(out, "{}", text.trim_end())
        };
        let _ = out.flush();
    }

    pub(crate) fn trouble(self, trouble: &Trouble) {
        let what = plain(&trouble.what);
        let mut text = format!("{}: {what}", styled(BAD, "error"));
        if let Some(hint) = trouble.hint {
            let _ = write!(text, "\n{}: {hint}", styled(STRONG, "hint"));
        }
        if self.is_json {
            self.show("", &json!({"error": trouble.what, "hint": trouble.hint}));
        } else {
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }
}

pub(crate) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// What somebody posted, without what would move the cursor or turn the text
/// round.
pub(crate) fn plain(text: &str) -> String {
    text.chars().fold(String::new(), |mut plain, c| {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            plain.extend(c.escape_default());
        } else {
            plain.push(c);
        }
        plain
    })
}
