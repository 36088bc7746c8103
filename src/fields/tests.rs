//! Tests of everything that one declaration adds.

#![allow(unreachable_pub, reason = "the macro makes public types")]

use crate::error::{FieldWarning, ParseError};
use crate::read::{At, Body, scan};

fields! {
    /// An object with a field of each kind.
    index SampleFields for Sample<'a> {
        /// Counted.
        lenient blocks: u32 = "block_count" as count;
        /// Named.
        strict id: &'a str = "id" as id;
    }
}

fn with<T>(json: &str, look: impl FnOnce(Sample<'_>) -> T) -> T {
    let (body, fields): (Body, SampleFields) = scan(json).expect("JSON");
    look(Sample {
        source: body.source(),
        fields: &fields,
    })
}

fn warnings(json: &str) -> Vec<FieldWarning> {
    let mut notes = Vec::new();
    with(json, |sample| sample.note_fields(At::Root, &mut notes));
    notes
}

fn check(json: &str) -> Result<(), ParseError> {
    with(json, |sample| sample.check_fields(At::Root))
}

const SOUND: &str = r#"{"block_count": "12", "id": "a\u0062c", "unknown": [1]}"#;

#[test]
fn a_line_is_an_accessor() {
    with(SOUND, |sample| {
        assert_eq!(sample.blocks(), Some(12));
        assert_eq!(sample.id(), Some("abc"));
    });
    with("{}", |sample| {
        assert_eq!((sample.blocks(), sample.id()), (None, None));
    });
}

#[test]
fn a_line_is_shown_and_written() {
    with(SOUND, |sample| {
        let shown = format!("{sample:?}");
        assert_eq!(shown, r#"Sample { blocks: Some(12), id: Some("abc") }"#);
        let written = serde_json::to_string(&sample).expect("JSON");
        assert_eq!(written, r#"{"block_count":12,"id":"abc"}"#);
    });
}

#[test]
fn a_line_is_compared() {
    with(SOUND, |sample| {
        let same = r#"{"id": "abc", "block_count": 12}"#;
        with(same, |other| assert!(sample == other));
        for other in [r#"{"id": "abc"}"#, r#"{"id": "x", "block_count": 12}"#] {
            with(other, |other| assert!(sample != other));
        }
    });
}

#[test]
fn an_odd_value_is_an_anomaly_or_an_error() {
    let odd = r#"{"block_count": -1, "id": 1.5}"#;
    let notes: Vec<String> = warnings(odd).iter().map(FieldWarning::to_string).collect();
    let range = "expected a number between 0 and 4294967295";
    assert_eq!(notes, [format!("`block_count`: {range}")]);
    let error = check(odd).expect_err("an id");
    assert_eq!(
        error.to_string(),
        "`id`: expected an id: a string or an integer"
    );
    assert_eq!((warnings(SOUND).len(), check(SOUND)), (0, Ok(())));
}

#[test]
fn a_key_twice_is_kept_for_the_one_who_knows_the_path() {
    let (_, fields): (Body, SampleFields) = scan(r#"{"id": 1, "id": 2}"#).expect("JSON");
    let error = At::Root.sound(fields.shape).expect_err("a key twice");
    assert_eq!(error.to_string(), "`id`: duplicate key");
}
