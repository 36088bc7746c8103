//! JSON grammar: the crate accepts exactly what serde_json accepts.

use std::fs;
use std::path::Path;

use payhook::b2binpay::Callback;
use payhook::{ParseError, Unverified};

use crate::fuzz::json::agrees;
use crate::sampling::{count, stride};

const ACCEPTED: &[&str] = &[
    "null",
    " \t\r\n{} \n",
    "{ }",
    "[ ]",
    "[null,true,false]",
    r#"{"":""}"#,
    r#"{"a":{"b":[{},[],{"c":[[]]}]}, "d" : 1}"#,
    r#"{"a":1,"a":2}"#,
    "[0,-0,0.0,-0.10,1e5,1E+5,1e-5,1.5e400,12345678901234567890123456789]",
    r#"["\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00","é","😀"]"#,
    // Half of a surrogate pair is not text, but valid JSON.
    r#"["\ud800","\udc00\ud800","\ud800x"]"#,
    r#"{"\ud800":1}"#,
    "\"\u{7f}\u{2028}\u{feff}\u{ffff}\"",
];

const REFUSED: &[&str] = &[
    "",
    " ",
    "\u{feff}{}",
    "{} {}",
    "{}x",
    "nul",
    "nulll",
    "True",
    "undefined",
    "NaN",
    "-Infinity",
    "'a'",
    "{",
    "}",
    "[",
    "]",
    "[}",
    "{]",
    "[1,]",
    "[,1]",
    "[,]",
    "[1,,2]",
    "[1 2]",
    "[1:2]",
    r#"{"a"}"#,
    r#"{"a":}"#,
    r#"{"a":1,}"#,
    r#"{,"a":1}"#,
    r#"{"a":1"b":2}"#,
    r#"{"a":1 "b":2}"#,
    r#"{"a",1}"#,
    r#"{"a"::1}"#,
    r#"{"a":1;}"#,
    "{a:1}",
    "{1:1}",
    "{null:1}",
    "{[]:1}",
    "[01]",
    "[-01]",
    "[00]",
    "[-]",
    "[+1]",
    "[.5]",
    "[5.]",
    "[5.e1]",
    "[1e]",
    "[1e+]",
    "[1e1.5]",
    "[0x1]",
    "[1_0]",
    "[1a]",
    "[--1]",
    r#"["a]"#,
    r#"["\x"]"#,
    r#"["\"]"#,
    r#"["\u12"]"#,
    r#"["\u12g4"]"#,
    r#"["\U1234"]"#,
    "[\"\n\"]",
    "[\"\t\"]",
    "[\"\0\"]",
    "[\"\u{1f}\"]",
    "[\u{a0}1]",
    "[\u{b}1]",
    "// no comment\n{}",
];

#[test]
fn the_grammar() {
    for text in ACCEPTED {
        assert!(agrees(text.as_bytes()), "{text}");
    }
    for text in REFUSED {
        assert!(!agrees(text.as_bytes()), "{text}");
    }
}

/// Each text as a value that is skipped, and as one that is read.
#[test]
fn the_grammar_inside_of_a_body() {
    for (texts, is_json) in [(ACCEPTED, true), (REFUSED, false)] {
        for text in texts {
            for (head, tail) in [
                (r#"{"unknown":"#, "}"),
                (r#"{"unknown":[["#, "]]}"),
                (r#"{"data":"#, "}"),
                (
                    r#"{"data":{"type":"deposit","attributes":{"status":"#,
                    "}}}",
                ),
                (r#"{"included":["#, "]}"),
                (
                    r#"{"data":{"attributes":{"status":"#,
                    r#"},"type":"deposit"}}"#,
                ),
                (r#"{"status":"#, ",\"amount\":1}"),
                (r#"{"transactions":["#, "]}"),
            ] {
                let body = format!("{head}{text}{tail}");
                let inside = agrees(body.as_bytes());
                assert!(!is_json || inside, "{body}");
            }
        }
    }
}

#[test]
fn any_depth() {
    for depth in [1, 63, 64, 65, 127, 128, 129, 200, 30_000] {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[{"a":["#, "]}]")] {
            let closed = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert!(agrees(closed.as_bytes()));
            assert!(agrees(format!(r#"{{"unknown":{closed}}}"#).as_bytes()));
            for (from, to) in [("]", "}"), ("}", "]")] {
                // The outermost and the innermost bracket, closed by a wrong one.
                for wrong in [
                    format!("{}{to}", &closed[..closed.len() - 1]),
                    closed.replacen(from, to, 1),
                ] {
                    assert_eq!(agrees(wrong.as_bytes()), wrong == closed);
                }
            }
            assert!(!agrees(&closed.as_bytes()[..closed.len() - 1]));
            assert!(!agrees(format!("{closed}{close}").as_bytes()));
        }
    }
}

/// Strings are scanned in pieces of eight characters: every position in a piece.
#[test]
fn the_end_of_a_string() {
    for before in 0..20 {
        for after in 0..20 {
            for odd in [
                "", "\"", "\\", "\\\"", "\\\\", "\\u0041", "\u{1f}", " ", "é", "\u{80}",
            ] {
                let text = format!("{}{odd}{}", "x".repeat(before), "y".repeat(after));
                agrees(format!("\"{text}\"").as_bytes());
                agrees(format!("{{\"{text}\":1}}").as_bytes());
                agrees(format!("{{\"data\":{{\"id\":\"{text}\"}}}}").as_bytes());
            }
        }
    }
}

/// One character of a body is removed, doubled or replaced.
#[test]
fn exhaustive_bodies_with_one_character_wrong() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/bodies");
    let mut refused = 0;
    for name in [
        "b2binpay-deposit-confirmed.json",
        "citypay-deposit-confirmed.json",
        "citypay-order-confirmed.json",
        "citypay-order-confirmed.answer.json",
    ] {
        let body = fs::read(folder.join(name)).unwrap();
        for at in (0..body.len()).step_by(stride(11)) {
            let (head, tail) = body.split_at(at);
            let mut changed = |new: &[u8], tail: &[u8]| {
                refused += u32::from(!agrees(&[head, new, tail].concat()));
            };
            changed(&[], &tail[1..]);
            changed(&tail[..1], tail);
            for byte in *b"\"\\{}[],:0-.eu \n\x01\xff" {
                changed(&[byte], &tail[1..]);
            }
        }
    }
    assert!(refused > count(900, 10_000), "{refused}");
}

#[test]
fn the_position_of_an_error() {
    for (body, line, column) in [
        ("  x", 1, 3),
        ("{} {}", 1, 4),
        (r#"{"a" 1}"#, 1, 6),
        (r#"{"a":1 "b":2}"#, 1, 8),
        (r#"{"a":"b"#, 1, 7),
        ("{\n \"a\": [1,\n2,]}", 3, 3),
    ] {
        let error = Unverified::<Callback>::parse(body.as_bytes()).unwrap_err();
        assert_eq!(error, ParseError::NotJson { line, column }, "{body}");
    }
}
