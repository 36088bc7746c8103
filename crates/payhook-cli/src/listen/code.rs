//! A callback as a command and as a test, to copy.

use std::fmt::Write as _;

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use payhook::Callback;

use super::effect::expected as expected_of;
use super::record::Record;
use crate::post::end_to_end;
use crate::saved::shown_headers;
use crate::screen::harmless;

mod b2binpay;
mod citypay;
mod edits;

/// A command that posts the exact bytes again. Hidden headers are left out.
pub(crate) fn curl(record: &Record, origin: &str) -> String {
    let mut command = format!("curl {}", quoted(&format!("{origin}{}", record.path)));
    let headers: HeaderMap = end_to_end(&record.headers);
    for (name, value) in shown_headers(&headers) {
        let is_plain = |it: &String| it.chars().all(|c| matches!(c, ' '..='~'));
        if let Some(value) = value.filter(is_plain) {
            let _ = write!(command, " \\\n  -H {}", quoted(&format!("{name}: {value}")));
        }
    }
    let text = str::from_utf8(&record.body).ok();
    let is_wanted = |c| matches!(c, '\n' | '\t');
    match text.filter(|text| harmless(text, is_wanted) == **text) {
        Some(text) => {
            let _ = write!(command, " \\\n  --data-raw {}", quoted(text));
            command
        }
        None => format!(
            "printf %s {} | base64 -d | {command} \\\n  --data-binary @-",
            quoted(&STANDARD.encode(&record.body))
        ),
    }
}

/// For a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Rust code that builds the body with the builders of `payhook::testing`. `None` if it
/// cannot be built with them.
pub(crate) fn test(record: &Record, callback: Option<&Callback>) -> Option<String> {
    match callback? {
        Callback::Transfer(verified) => {
            let expected = expected_of(callback?);
            b2binpay::test(record, verified.reported(), expected.as_ref())
        }
        Callback::Order(verified) => citypay::order_test(record, verified.reported()),
        Callback::Deposit(verified) => citypay::deposit_test(record, verified.reported()),
        _ => None,
    }
}
