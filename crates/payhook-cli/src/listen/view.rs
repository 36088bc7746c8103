//! The details of one callback, in the form that the page shows. Harmful characters
//! are escaped; the page itself sets text only.

use axum::http::HeaderMap;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::code;
use super::examine::{Examined, Examiner, Verdict};
use super::record::{Attempt, Record, shown_time};
use crate::saved::shown_headers;
use crate::screen::{harmless, plain};

/// The deepest indentation, in levels: a body can have thousands of levels.
const INDENTS: usize = 24;

pub(crate) fn details(by: &Examiner, record: &Record, origin: &str) -> Value {
    let examined = match record.refusal {
        Some(why) => Examined::refused(axum::http::StatusCode::BAD_REQUEST, why),
        None => by.examine(&record.body, record.gateway),
    };
    json!({
        "row": record.row(),
        "url": plain(&record.path),
        "method": plain(&record.method),
        "headers": headers(&record.headers),
        "payload": payload(&record.body),
        "response": response(record),
        "proof": proof(&examined),
        "diagnosis": diagnosis(&examined),
        "payment": payment(record, &examined),
        "curl": code::curl(record, origin),
        "test": code::test(record, examined.callback.as_deref()),
    })
}

fn headers(headers: &HeaderMap) -> Value {
    let headers = shown_headers(headers).into_iter();
    headers
        .map(|(name, value)| json!([plain(&name), value.as_deref().map(plain)]))
        .collect()
}

fn payload(body: &[u8]) -> Value {
    let is_wanted = |c| matches!(c, '\n' | '\t');
    let text = str::from_utf8(body).ok();
    let pretty = text.filter(|_| serde_json::from_slice::<IgnoredAny>(body).is_ok());
    json!({
        "length": body.len(),
        "is_text": text.is_some(),
        "pretty": pretty.map(|text| harmless(&indented(text), is_wanted)),
        "exact": text.map_or_else(
            || body.escape_ascii().to_string(),
            |text| harmless(text, is_wanted),
        ),
    })
}

fn response(record: &Record) -> Value {
    let attempts: Vec<_> = record.log.iter().map(attempt).collect();
    let answer = record.answer.as_ref().map(|answer| {
        json!({
            "status": answer.status,
            "headers": headers(&answer.headers),
            "body": payload(&answer.body),
            "is_cut": answer.is_cut,
        })
    });
    json!({ "attempts": attempts, "answer": answer })
}

fn attempt(attempt: &Attempt) -> Value {
    json!({
        "time": shown_time(attempt.time),
        "status": attempt.result.as_ref().ok(),
        "error": attempt.result.as_ref().err().map(|it| plain(it)),
        "milliseconds": attempt.took.as_millis().to_string(),
    })
}

fn proof(examined: &Examined) -> Value {
    let head = match examined.verdict {
        Verdict::Verified => {
            let by = examined.shown.json.get("by").and_then(Value::as_str);
            format!("Verified {}.", plain(by.unwrap_or_default()))
        }
        Verdict::NotChecked => {
            "Not checked: no evidence was available. This is what it would prove.".to_owned()
        }
        Verdict::NotVerified => {
            "It does not verify: nothing is proven. This is what it claims.".to_owned()
        }
        Verdict::Malformed => "It is not a callback: nothing is proven.".to_owned(),
    };
    let facts = examined.facts();
    let rows: Vec<_> = facts
        .iter()
        .flat_map(super::super::facts::Facts::rows)
        .map(|(name, value, mark)| json!([name, plain(value), mark]))
        .collect();
    json!({ "head": head, "rows": rows })
}

fn diagnosis(examined: &Examined) -> Value {
    let Some((error, hint)) = &examined.refusal else {
        return Value::Null;
    };
    let causes = examined.shown.json.get("causes").and_then(Value::as_array);
    let causes: Vec<_> = causes.into_iter().flatten().map(shown_cause).collect();
    json!({ "error": plain(error), "hint": hint, "causes": causes })
}

fn shown_cause(cause: &Value) -> Value {
    let text = |name: &str| cause.get(name).and_then(Value::as_str).map(plain);
    json!({
        "what": text("what"),
        "hint": text("hint"),
        "key": text("key"),
        "certain": cause.get("certain"),
    })
}

fn payment(record: &Record, examined: &Examined) -> Value {
    let mut payment = record.effect.clone();
    escape(&mut payment);
    if let Value::Object(fields) = &mut payment {
        let is_assumed = examined.verdict == Verdict::NotChecked;
        fields.insert("is_assumed".to_owned(), is_assumed.into());
    }
    payment
}

fn escape(value: &mut Value) {
    match value {
        Value::String(text) => *text = plain(text),
        Value::Array(list) => list.iter_mut().for_each(escape),
        Value::Object(fields) => fields.values_mut().for_each(escape),
        _ => (),
    }
}

/// JSON on many lines. All its values stay as they were sent.
fn indented(json: &str) -> String {
    let mut out = String::new();
    let (mut depth, mut is_string, mut is_escaped) = (0_usize, false, false);
    let mut rest = json.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        (0..depth.min(INDENTS)).for_each(|_| out.push_str("  "));
    };
    while let Some(c) = rest.next() {
        if is_string {
            out.push(c);
            is_string = is_escaped || c != '"';
            is_escaped = c == '\\' && !is_escaped;
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                depth = depth.saturating_add(1);
                while rest.next_if(char::is_ascii_whitespace).is_some() {}
                match rest.next_if(|c| matches!(c, '}' | ']')) {
                    Some(end) => {
                        depth = depth.saturating_sub(1);
                        out.push(end);
                    }
                    None => line(&mut out, depth),
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            '"' => {
                is_string = true;
                out.push(c);
            }
            c if c.is_ascii_whitespace() => (),
            c => out.push(c),
        }
    }
    out
}
