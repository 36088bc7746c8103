//! Stored histories: any text is refused, or round-trips.
//!
//! A parsed history is used: a payment with it has a status and accepts a callback.

use payhook::b2binpay::{Key, TrackingIds, Verifier};
use payhook::payment::{Expected, History, Payment};
use payhook::{Amount, Unverified};

const BODY: &[u8] = include_bytes!("../../../examples/bodies/b2binpay-deposit-confirmed.json");

pub(crate) fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    // The same with the version in front of it.
    for text in [text, &format!("1;{text}")] {
        if let Ok(history) = text.parse::<History>() {
            survives(&history);
            used(history, text);
        }
    }
}

fn survives(history: &History) {
    let written = history.to_string();
    assert!(
        written.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
        "{written}"
    );
    assert_eq!(
        written.parse::<History>().as_ref(),
        Ok(history),
        "{written}"
    );
}

fn used(history: History, text: &str) {
    let amount: Amount = "0.412".parse().unwrap();
    let expected = Expected::deposit("order-9001", "ETH", amount).unwrap();
    let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1").unwrap();
    let verifier = Verifier::new(key, TrackingIds::Prefixed);
    let callback = verifier.verify(Unverified::parse(BODY).unwrap()).unwrap();

    let mut payment = Payment::new(expected, history);
    payment.apply(&callback.event());
    let again = payment.apply(&callback.event());
    assert_eq!(again.credited(), None, "{text}");
    let _ = (payment.status(), payment.held_parts(), payment.rejected());
    survives(&payment.history());
    payment.reject_held();
    payment.accept_held();
    survives(&payment.history());
}
