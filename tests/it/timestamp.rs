//! Timestamps in every format that was observed, and in no other.

use chrono::{FixedOffset, NaiveDate};
use payhook::Timestamp;
use proptest::prelude::*;

fn timestamp(text: &str) -> Timestamp {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn instants() {
    for (text, expected) in [
        ("2026-03-02T09:16:02Z", "2026-03-02T09:16:02+00:00"),
        (
            "2026-03-02T09:16:02.5+04:00",
            "2026-03-02T05:16:02.500+00:00",
        ),
        (
            "2026-03-02T09:16:02.551870Z",
            "2026-03-02T09:16:02.551870+00:00",
        ),
        (
            "2026-03-02T09:16:02.123456789-00:30",
            "2026-03-02T09:46:02.123456789+00:00",
        ),
        ("1772442962551", "2026-03-02T09:16:02.551+00:00"),
    ] {
        let timestamp = timestamp(text);
        assert_eq!(timestamp.utc().unwrap().to_rfc3339(), expected);
        assert_eq!((timestamp.as_str(), timestamp.local()), (text, None));
    }
    assert_eq!(
        timestamp("2026-03-02T09:16:02.100Z"),
        timestamp("2026-03-02T13:16:02.1+04:00")
    );
}

#[test]
fn local_times_need_a_zone() {
    let tbilisi = FixedOffset::east_opt(4 * 3600).unwrap();
    let date = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
    for (text, expected) in [
        ("2026-03-02 09:10", date.and_hms_opt(9, 10, 0)),
        ("2026-03-02 09:10:11", date.and_hms_opt(9, 10, 11)),
        (
            "2026-03-02T09:10:11.250",
            date.and_hms_milli_opt(9, 10, 11, 250),
        ),
    ] {
        let timestamp = timestamp(text);
        assert_eq!((timestamp.local(), timestamp.utc()), (expected, None));
        let instant = timestamp.in_zone(tbilisi).unwrap();
        assert_eq!(
            instant.naive_utc(),
            expected.unwrap() - chrono::TimeDelta::hours(4)
        );
    }
    assert_ne!(
        timestamp("2026-03-02T09:10:00"),
        timestamp("2026-03-02T09:10:00Z")
    );
    // An instant is independent of the time zone.
    assert_eq!(
        timestamp("2026-03-02T09:16:02Z").in_zone(tbilisi),
        timestamp("2026-03-02T09:16:02Z").utc()
    );
}

#[test]
fn refused() {
    for text in [
        "",
        "soon",
        "2026-03-02",
        "2026-03-02 9:10",
        "2026-03-02 09:10Z",
        "2026-13-02 09:10",
        "2026-02-30T00:00:00Z",
        "1772442962",
        "123456789012345",
        "-1772442962551",
        "2026-03-02  09:10",
        "2026-03-02 09:10:  5",
        "2026-03-02 09:10:5",
        "2026-03-02 09:10:11.",
        "2026-03-02 09:10:11.1234567890",
        "2026-03-02 24:10",
        "2026-03-02 09:10:11 UTC",
        "20260302T091602Z",
        "2026-03-02T09:16:02+00:60",
        "2026-03-02T09:16:02+24:00",
        "2026-03-02T09:16:02.Z",
        "\u{662}026-03-02 09:10",
    ] {
        assert!(text.parse::<Timestamp>().is_err(), "{text:?}");
    }
}

#[test]
fn displayed_as_sent() {
    let timestamp = timestamp("2026-03-02 09:10");
    assert_eq!(
        format!("{timestamp:>18}|{timestamp:?}"),
        "  2026-03-02 09:10|Timestamp(2026-03-02 09:10)"
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,40}|[0-9TZ:+. -]{0,40}") {
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            prop_assert_eq!(timestamp.to_string(), text);
            prop_assert!(timestamp.utc().is_some() != timestamp.local().is_some());
        }
    }
}
