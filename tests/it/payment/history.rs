//! The stored form of a payment's history.

use std::fmt::Write;

use payhook::Unverified;
use payhook::b2binpay::TrackingIds;
use payhook::citypay::{Account, OrderCallback};
use payhook::payment::{Change, Expected, History, HistoryError, Payment, PaymentStatus};
use serde_json::{Value, json};

use crate::sampling::count;
use crate::support::{body, signed, verify, with_transfer, with_transfer_id};

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
fn hostile_ids_round_trip() {
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

/// The length of a history at its bounds (rule 17): 256 deliveries, the first copies in
/// another currency, the second ones received up to 64, and more copies.
fn length_after_a_flood(
    expected: Expected,
    id: impl Fn(usize, usize) -> String,
    paid: &str,
) -> usize {
    let mut payment = Payment::new(expected, History::default());
    for delivery in 0..257 {
        let (minute, second) = (delivery / 60, delivery % 60);
        let time = format!("2026-03-02T09:{minute:02}:{second:02}.551870Z");
        for (copy, currency) in ["DOGE", "ETH", "ETH"].into_iter().enumerate() {
            let body = with_transfer("deposit", "order-1", "12.345678901234567890");
            let mut body = with_transfer_id(body, &id(delivery, copy));
            body["included"][0]["attributes"]["alpha"] = json!(currency);
            body["included"][1]["attributes"]["amount_target"] = json!(paid);
            body["data"]["attributes"]["target_paid"] = json!(paid);
            body["meta"]["time"] = json!(time);
            let body = signed(body, &format!("212.345678901234567890order-1{time}"));
            payment.apply(&verify(&body, TrackingIds::Prefixed).unwrap().event());
        }
    }
    assert_eq!(payment.held_parts().len(), 64);
    payment.reject_held();
    let history = payment.history();
    let written = history.to_string();
    assert_eq!(written.parse(), Ok(history));
    written.len()
}

/// No signature covers an id.
#[test]
fn exhaustive_a_history_stays_bounded_whatever_the_ids_are() {
    let ids: [fn(usize, usize) -> String; 3] = [
        |delivery, copy| format!("{delivery:037}{copy:03}"),
        |delivery, copy| format!("{}{delivery:03}{copy}", "é".repeat(18)),
        |delivery, copy| format!("{}{delivery:03}{copy}", "%,".repeat(18)),
    ];
    for id in ids.into_iter().take(count(1, 3)) {
        let amount = "20".parse().unwrap();
        let expected = Expected::deposit("order-1", "ETH", amount).unwrap();
        let length = length_after_a_flood(expected, id, "1");
        assert!(length < 64 * 1024, "{length} bytes with {}", id(0, 0));
    }
}

/// Applies the order endpoint's response with this status and these transactions.
fn apply_order(payment: &mut Payment, status: &str, transactions: Value) -> Change {
    let order = body("citypay-order-confirmed.json");
    let answer = body("citypay-order-confirmed.answer.json");
    let mut answer: Value = serde_json::from_slice(&answer).unwrap();
    answer["data"]["status"]["code"] = json!(status);
    answer["data"]["transactions"] = transactions;
    let order = Unverified::<OrderCallback>::parse(&order).unwrap();
    let account = Account::new("5120").unwrap();
    let order = account.prove_order(order, "tok_4f9c1b7e", answer.to_string().as_bytes());
    payment.apply(&order.unwrap().event())
}

fn expected_order() -> Payment {
    let expected = Expected::order("tok_4f9c1b7e", "USD", "20".parse().unwrap()).unwrap();
    Payment::new(expected, History::default())
}

#[test]
fn a_history_stays_bounded_whatever_the_ids_of_an_order_are() {
    let mut payment = expected_order();
    for id in ["a", "é"] {
        let listed = (0..64).map(|number| {
            let (id, hash) = (id.repeat(500 + number), id.repeat(600 + number));
            json!({"id": id, "hash": hash, "amountFiat": {"base": "0.50"}})
        });
        apply_order(&mut payment, "CONFIRMED", listed.collect());
        let written = payment.history().to_string();
        assert!(written.len() < 64 * 1024, "{} bytes", written.len());
    }
    assert_eq!(payment.received(), "32".parse().unwrap());
}

/// A delivery beyond the bound is not recorded, but what it changes is.
#[test]
fn every_change_of_a_history_must_be_saved() {
    let mut payment = expected_order();
    let listed = |total: &str| {
        let amount = json!({"base": "20", "total": total});
        json!([{"id": 1, "amountFiat": amount, "createdAt": "2026-03-02 09:14:00"}])
    };
    let statuses = ["UNDERPAID"].repeat(260);
    let statuses = statuses.into_iter().chain(["CONFIRMED", "UNDERPAID"]);
    for (number, status) in statuses.enumerate() {
        let before = payment.history();
        let total = if number == 261 { 20 } else { 100 + number };
        let change = apply_order(&mut payment, status, listed(&total.to_string()));
        let is_same = payment.history() == before;
        assert!(change.must_save() || is_same, "response {number}");
    }
    assert_eq!(payment.credited(), "20".parse().unwrap());
}

/// No signature covers the amount that an invoice is compared by.
#[test]
fn exhaustive_a_history_stays_bounded_whatever_the_converted_amounts_are() {
    let amount = "20".parse().unwrap();
    let expected = Expected::invoice("order-1", "USD", amount).unwrap();
    let paid = format!("0.{}1", "0".repeat(count(30, 98)));
    let id = |delivery, copy| format!("{delivery:037}{copy:03}");
    let length = length_after_a_flood(expected, id, &paid);
    assert!(length < 64 * 1024, "{length} bytes");
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
fn invalid_histories_are_refused() {
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

/// A text must not allocate more memory than its own length justifies.
#[test]
fn long_lists_are_refused() {
    let mut text = String::from("1;100000,");
    for _ in 0..100_000 {
        write!(text, "{}", ",".repeat(14)).unwrap();
    }
    text.push_str(",,,,,,,,");
    assert_eq!(text.parse::<History>(), Err(HistoryError::Damaged));
}
