//! Moments in every form that has been seen, and in none besides.

use chrono::{FixedOffset, NaiveDate};
use payhook::Timestamp;
use proptest::prelude::*;

fn stamp(text: &str) -> Timestamp {
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
        let stamp = stamp(text);
        assert_eq!(stamp.utc().unwrap().to_rfc3339(), expected);
        assert_eq!((stamp.as_str(), stamp.local()), (text, None));
    }
    assert_eq!(
        stamp("2026-03-02T09:16:02.100Z"),
        stamp("2026-03-02T13:16:02.1+04:00")
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
        let stamp = stamp(text);
        assert_eq!((stamp.local(), stamp.utc()), (expected, None));
        let instant = stamp.in_zone(tbilisi).unwrap();
        assert_eq!(
            instant.naive_utc(),
            expected.unwrap() - chrono::TimeDelta::hours(4)
        );
    }
    assert_ne!(stamp("2026-03-02T09:10:00"), stamp("2026-03-02T09:10:00Z"));
    // An instant stays what it is, whatever the zone.
    assert_eq!(
        stamp("2026-03-02T09:16:02Z").in_zone(tbilisi),
        stamp("2026-03-02T09:16:02Z").utc()
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
fn shown_as_it_was_sent() {
    let stamp = stamp("2026-03-02 09:10");
    assert_eq!(
        format!("{stamp:>18}|{stamp:?}"),
        "  2026-03-02 09:10|Timestamp(2026-03-02 09:10)"
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,40}|[0-9TZ:+. -]{0,40}") {
        if let Ok(stamp) = text.parse::<Timestamp>() {
            prop_assert_eq!(stamp.to_string(), text);
            prop_assert!(stamp.utc().is_some() != stamp.local().is_some());
        }
    }
}
