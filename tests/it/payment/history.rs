//! The stored form of a payment's history.

use std::fmt::Write;

use payhook::payment::{Expected, History, HistoryError, Payment, PaymentStatus};

use crate::support::{signed, verify, with_transfer, with_transfer_id};
use payhook::b2binpay::TrackingIds;
use serde_json::json;

/// A payment that received a transfer with each of these ids.
fn received(ids: &[&str]) -> Payment {
    let amount = "1.50".parse().unwrap();
    let expected = Expected::deposit("order-1", "ETH", amount).unwrap();
    let mut payment = Payment::new(expected, History::default());
    for (index, id) in ids.iter().enumerate() {
        let time = format!("2026-03-02T09:{index:02}:02.551870Z");
        let mut body = with_transfer_id(with_transfer("deposit", "order-1", "1.50"), id);
        body["meta"]["time"] = json!(time);
        let body = signed(body, &format!("21.50order-1{time}"));
        payment.apply(&verify(&body, TrackingIds::Prefixed).unwrap().event());
    }
    payment
}

#[test]
fn hostile_ids_survive() {
    let ids = [
        "a,b",
        "1,,",
        "%2C",
        "100%",
        "é€😀",
        "\u{202e}abc",
        " ",
        "\"\\",
        "1;",
    ];
    let payment = received(&ids);
    let written = payment.history().to_string();
    assert!(
        written.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
        "{written}"
    );
    let read: History = written.parse().unwrap();
    assert_eq!(read, payment.history());
    let payment = Payment::new(payment.expected().clone(), read);
    assert_eq!(payment.status(), PaymentStatus::Overpaid);
    let held: Vec<String> = payment
        .held_parts()
        .into_iter()
        .map(|part| part.id)
        .collect();
    assert_eq!(held, ids.get(1..).unwrap());
}

#[test]
fn a_payment_of_one_transfer_takes_less_than_300_bytes() {
    let written = received(&["55021"]).history().to_string();
    assert!(written.len() < 300, "{} bytes: {written}", written.len());
}

#[test]
fn a_changed_history_never_panics() {
    let payment = received(&["55021", "55022", "a,b"]);
    let written = payment.history().to_string();
    let mut refused = 0;
    for (place, _) in written.char_indices() {
        let (before, after) = written.split_at(place);
        for changed in [
            before.to_owned(),
            format!("{before}{}", &after[1..]),
            format!("{before},{after}"),
            format!("{before}x{}", &after[1..]),
            format!("{before}9{after}"),
        ] {
            match changed.parse::<History>() {
                Ok(history) => {
                    let again: History = history.to_string().parse().unwrap();
                    assert_eq!(again, history, "{changed}");
                    let _ = Payment::new(payment.expected().clone(), history).held_parts();
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > written.len(), "{refused}");
}

#[test]
fn what_is_no_history_is_refused() {
    let damaged = [
        "1;",
        "1;,",
        "1;{}",
        "1;18446744073709551615,",
        "1;99999999999999999999,",
        "1;-1,",
        "1;,,,,,,,,,,",
        "1;2,,,,,,,,,",
    ];
    for text in damaged {
        assert_eq!(
            text.parse::<History>(),
            Err(HistoryError::Damaged),
            "{text}"
        );
    }
    for text in ["2;,,,,,,,,,", "x", "{}", ";", " 1;,,,,,,,,,"] {
        assert_eq!(
            text.parse::<History>(),
            Err(HistoryError::Version),
            "{text}"
        );
    }
    assert_eq!("1;,,,,,,,,,".parse(), Ok(History::default()));
}

/// A text cannot ask for more memory than its own length explains.
#[test]
fn long_lists_are_refused() {
    let mut text = String::from("1;100000,");
    for _ in 0..100_000 {
        write!(text, "{}", ",".repeat(14)).unwrap();
    }
    text.push_str(",,,,,,,,");
    assert_eq!(text.parse::<History>(), Err(HistoryError::Damaged));
}
