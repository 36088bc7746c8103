//! [`Screen`]: text for people, in colour where there is a terminal, or a JSON
//! object a line for machines.

use std::fmt::Write as _;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
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
        if self.is_json {
            return verbatim(&escaped(&json.to_string()));
        }
        let mut out = anstream::stdout().lock();
        // Who reads no further has had enough.
        let _ = writeln!(out, "{}", text.trim_end());
        let _ = out.flush();
    }

    /// Text that has to stay as it is, or the same for machines.
    pub(crate) fn show_verbatim(self, text: &str, json: &Value) {
        if self.is_json {
            self.show(text, json);
        } else {
            verbatim(text);
        }
    }

    /// A JSON object a line, whether it is for people or for machines.
    pub(crate) fn show_json(self, json: &impl Serialize) {
        if let Ok(json) = serde_json::to_string(json) {
            verbatim(&escaped(&json));
        }
    }

    pub(crate) fn trouble(self, trouble: &Trouble) {
        let what = plain(&trouble.what);
        let mut text = format!("{}: {what}", styled(BAD, "error"));
        if let Some(hint) = trouble.hint {
            let _ = write!(text, "\n{}: {hint}", styled(STRONG, "hint"));
        }
        if self.is_json {
            let json = json!({"verified": null, "error": trouble.what, "hint": trouble.hint});
            self.show("", &json);
        } else {
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }
}

/// `anstream` would leave out what it takes for a part of an escape.
fn verbatim(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// JSON, with escapes for all that could do something to a terminal: JSON itself
/// asks for them up to the blank only.
fn escaped(json: &str) -> String {
    let mut escaped = String::new();
    for c in json.chars() {
        if is_harmful(c) {
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// What would move the cursor or turn the text round. All of it is below
/// U+10000.
fn is_harmful(c: char) -> bool {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns
}

pub(crate) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// What somebody posted, without what is harmful to a terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars().fold(String::new(), |mut plain, c| {
        if is_harmful(c) {
            plain.extend(c.escape_default());
        } else {
            plain.push(c);
        }
        plain
    })
}
