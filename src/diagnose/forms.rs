//! Other forms of amounts, tracking ids and times.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use percent_encoding::percent_decode_str;

use super::cause::Cause;
use super::encoding::{html, mojibake};
use crate::amount::Amount;
use crate::b2binpay::text_of;
use crate::read::{Raw, is_number};
use crate::timestamp::Timestamp;

/// The maximum length of a value that is tried in other forms, in bytes: real ones
/// have less than a hundred, and each takes some dozen MACs.
const MAX_LENGTH: usize = 1024;

/// A value in a form that may have been signed.
pub(super) struct Form {
    pub(super) text: String,
    /// `None` for the unchanged value.
    pub(super) mistake: Option<Cause>,
}

/// The unchanged value, then each other form once.
fn forms(
    given: &str,
    others: impl FnOnce() -> Vec<String>,
    mistake: fn(Box<str>) -> Cause,
) -> Vec<Form> {
    let mut forms = vec![Form {
        text: given.to_owned(),
        mistake: None,
    }];
    if given.len() > MAX_LENGTH {
        return forms;
    }
    for text in others() {
        if forms.iter().all(|form| form.text != text) {
            let mistake = Some(mistake(text.as_str().into()));
            forms.push(Form { text, mistake });
        }
    }
    forms
}

/// With the fraction digits of currencies, or formatted as floats.
pub(super) fn amounts(raw: Raw<'_>, scales: &[u32]) -> Vec<Form> {
    let given = text_of(raw);
    let others = || amount_texts(&given, scales).unwrap_or_default();
    forms(&given, others, |signed| Cause::Amount { signed })
}

fn amount_texts(given: &str, scales: &[u32]) -> Option<Vec<String>> {
    let amount: Amount = without_grouping(given).parse().ok()?;
    // A sum has no exponent.
    let plain = amount.checked_add(&Amount::default())?;
    let short = plain.without_trailing_zeros().to_owned();
    let value: Amount = short.parse().ok()?;
    let scales = scales.iter().take(4).chain(&[18, 8, 6, 2]);
    let mut texts: Vec<String> = scales
        .filter_map(|scale| value.with_decimals(*scale))
        .map(|amount| amount.to_string())
        .collect();
    texts.extend(scientific(&short));
    if !short.contains('.') {
        texts.push(format!("{short}.0"));
    }
    texts.extend([plain.to_string(), short]);
    Some(texts)
}

/// `1,000.50`, `1 000,50` and `+1000.50` as `1000.50`; `.5` as `0.5`.
fn without_grouping(given: &str) -> String {
    let mut text = given.replace([' ', '_', '+', '\u{a0}'], "");
    text = if text.contains('.') {
        text.replace(',', "")
    } else {
        text.replace(',', ".")
    };
    if text.starts_with('.') {
        text.insert(0, '0');
    }
    text
}

/// `0.00000001` as `1e-8` and as `1e-08`, as printed by JavaScript and Python.
fn scientific(short: &str) -> Vec<String> {
    let Some(fraction) = short.strip_prefix("0.") else {
        return Vec::new();
    };
    let digits = fraction.trim_start_matches('0');
    let exponent = fraction.len() - digits.len() + 1;
    match digits.split_at_checked(1) {
        Some((first, rest)) if exponent > 4 => {
            let point = if rest.is_empty() { "" } else { "." };
            [
                format!("{first}{point}{rest}e-{exponent}"),
                format!("{first}{point}{rest}e-{exponent:02}"),
            ]
            .into()
        }
        _ => Vec::new(),
    }
}

/// With another type, another case, additional spaces, or one escape too many or too
/// few.
pub(super) fn tracking_ids(raw: Raw<'_>) -> Vec<Form> {
    let given = text_of(raw);
    let others = || match raw.present() {
        None => ["null", "None", "undefined", "0", " "]
            .map(String::from)
            .into(),
        Some(raw) => id_texts(raw, &given),
    };
    forms(&given, others, |signed| Cause::TrackingId { signed })
}

fn id_texts(raw: Raw<'_>, given: &str) -> Vec<String> {
    let mut texts = Vec::new();
    if matches!(given, "null" | "None" | "NULL" | "nil" | "undefined") {
        texts.push(String::new());
    }
    let whole = amount_texts(given, &[]).and_then(|mut forms| forms.pop());
    if let Some(whole) = whole {
        // A number has no leading zeros, unlike the id.
        let zeros = if is_number(raw) { 8 } else { 0 };
        texts.extend((1..=zeros).map(|zeros| format!("{}{whole}", "0".repeat(zeros))));
        texts.extend([format!("{whole}.0"), whole]);
    }
    let quoted = |text: &str| serde_json::from_str(&format!("\"{text}\"")).ok();
    texts.extend(quoted(given).into_iter().chain(html(given)));
    texts.extend(mojibake(given));
    if given.contains(['%', '+']) {
        let bytes = given.replace('+', " ");
        let decoded = percent_decode_str(&bytes).decode_utf8();
        texts.extend(decoded.map(Into::into));
    }
    let escaped = ascii(given);
    texts.extend([
        given.trim().to_owned(),
        format!("{given} "),
        format!(" {given}"),
        format!("{given}\n"),
        format!("{given}\r\n"),
        format!("{given}\t"),
        format!("{given}  "),
        given.to_lowercase(),
        given.to_uppercase(),
        raw.text.trim_matches('"').to_owned(),
        given.replace('/', "\\/"),
        escaped.replace('/', "\\/"),
        escaped,
        html_escaped(given),
    ]);
    texts
}

/// As ASCII-only JSON: `\u00e9`.
fn ascii(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut units = [0; 2];
    for character in text.chars() {
        match character {
            '"' | '\\' => escaped.extend(['\\', character]),
            _ if character.is_ascii() => escaped.push(character),
            _ => {
                for unit in character.encode_utf16(&mut units) {
                    // Writing to a `String` cannot fail.
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
        }
    }
    escaped
}

fn html_escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#039;")
}

/// With more or fewer fraction digits, another offset, or none. A time without an
/// offset counts as UTC.
pub(super) fn times(given: &str) -> Vec<Form> {
    let others = || {
        let time = Timestamp::from_text(given.trim().into()).ok();
        let seconds = || DateTime::from_timestamp(given.trim().parse().ok()?, 0);
        let instant = time.and_then(|time| {
            let local = time.local().map(|local| local.and_utc());
            time.utc().or(local)
        });
        let instant = instant.or_else(seconds);
        instant.map(time_texts).unwrap_or_default()
    };
    forms(given, others, |signed| Cause::Time { signed })
}

/// Before it was cut to milliseconds, as by JavaScript's `Date`: with every number of
/// microseconds.
pub(super) fn uncut_times(given: &str) -> impl Iterator<Item = String> {
    let digit = |c: char| c.is_ascii_digit();
    let cut = given
        .split_once('.')
        .and_then(|(time, rest)| Some((time, rest.split_at_checked(3)?)))
        .filter(|(_, (digits, zone))| digits.chars().all(digit) && !zone.starts_with(digit));
    cut.into_iter().flat_map(|(time, (digits, zone))| {
        (1..1000).map(move |microseconds| format!("{time}.{digits}{microseconds:03}{zone}"))
    })
}

fn time_texts(time: DateTime<Utc>) -> Vec<String> {
    let micros = time.to_rfc3339_opts(SecondsFormat::Micros, true);
    let bare = micros.trim_end_matches('Z');
    let short = match bare.split_once('.') {
        Some(_) => bare.trim_end_matches('0').trim_end_matches('.'),
        None => bare,
    };
    let mut texts = Vec::new();
    for zulu in [true, false] {
        for digits in [
            SecondsFormat::Micros,
            SecondsFormat::Millis,
            SecondsFormat::Secs,
        ] {
            texts.push(time.to_rfc3339_opts(digits, zulu));
        }
        texts.push(format!("{short}{}", if zulu { "Z" } else { "+00:00" }));
    }
    let spaced = bare.replace('T', " ");
    texts.extend([
        bare.to_owned(),
        format!("{spaced}Z"),
        format!("{spaced}+00:00"),
        spaced,
    ]);
    texts
}
