//! Escapes and errors: a string has the characters that serde_json reads.

use proptest::prelude::*;

use super::Scan;
use crate::span::Shape;

/// The characters of a JSON string; `None` if it stays escaped, or is no JSON.
fn characters(json: &str) -> Option<String> {
    let mut read = Scan::new(json);
    let span = read.text();
    let stays = span.end() <= json.len() && json.contains('\\');
    let text = read.characters(span).to_owned();
    read.end()?;
    (!stays).then_some(text)
}

fn agrees(json: &str) {
    assert_eq!(characters(json), serde_json::from_str(json).ok(), "{json}");
}

#[test]
fn every_escape() {
    for json in [
        r#""""#,
        r#""plain""#,
        r#""\"\\\/\b\f\n\r\t""#,
        r#""\u0000\u001f\u0041\u00e9\u20aC\uFFFF""#,
        r#""\\u0041 \\n""#,
        r#""\ud83d\ude00 a \uD83D\uDE00""#,
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\ud800x""#,
        r#""\ud800\u0041""#,
        r#""\ud800\ud800\udc00""#,
        r#""\udc00\ud800""#,
        r#""\ud800\n""#,
        r#""a\ud83d\ude00\ud83d""#,
        r#""\u+041""#,
        r#""\u 041""#,
        r#""\u00""#,
        r#""\x""#,
        r#""\""#,
    ] {
        agrees(json);
    }
}

#[test]
fn nothing_is_read_after_an_error() {
    let mut read = Scan::new(r#"{"a" 1, "b": 2}"#);
    assert_eq!(read.enter(b'{'), Shape::Sound);
    read.next_key();
    assert_eq!((read.peek(), read.left()), (None, 0));
    assert_eq!(read.next_key(), None);
    assert!(!read.next(b'}'));
    assert_eq!(read.end(), None);
}

proptest! {
    #[test]
    fn any_escapes(parts in prop::collection::vec(
        prop_oneof![
            r#"[^"\\\x00-\x1f]{0,4}"#,
            r#"\\["\\/bfnrt]"#,
            r"\\u[0-9a-fA-F]{4}",
            r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}",
        ],
        0..8,
    )) {
        agrees(&format!("\"{}\"", parts.concat()));
    }
}
