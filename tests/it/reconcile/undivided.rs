//! Texts that only the merchant's record divides.

use payhook::b2binpay::TrackingIds;
use payhook::{Callback, Expected, Fact, Outcome, Reason, Verdict, Verified};
use serde_json::Value;

use super::{No, Proven, Reported, amount, compared, verdict};
use crate::support::{TIME, signed, verify, with_transfer, without_transfer};

use Verdict::{Exact, NeedsReview, NotFinal, NotPaid, WrongKind, WrongReference};

fn proven(body: &Value) -> Verified<Callback> {
    verify(body, TrackingIds::Unrestricted)
        .unwrap()
        .into_callback()
}

/// A confirmed deposit whose signed text is `2`, `text` and the time, shown as
/// this amount under this id.
pub(super) fn shown(text: &str, amount: &str, tracking_id: &str) -> Verified<Callback> {
    proven(&signed(
        with_transfer("deposit", tracking_id, amount),
        &format!("2{text}{TIME}"),
    ))
}

fn expected(tracking_id: &str) -> Expected {
    Expected::deposit(tracking_id, "ETH")
}

#[test]
fn what_is_expected_divides_the_text() {
    let callback = shown("10.5017", "10.50", "17");
    for (expected, expected_verdict) in [
        // By the amount alone, as the gateway writes it.
        (expected("17").amount(amount("10.50")), Exact),
        (expected("17").amount(amount("10.5")), WrongReference),
        (expected("17").amount(amount("10.51")), WrongReference),
        // By the scale, another amount is told from another reference.
        (expected("17").scale(2), Exact),
        (expected("17").amount(amount("10.5")).scale(2), Exact),
        (
            expected("17").amount(amount("10.51")).scale(2),
            Verdict::Under { by: amount("0.01") },
        ),
        (
            expected("17").amount(amount("10")).scale(2),
            Verdict::Over { by: amount("0.5") },
        ),
        (expected("17").scale(3), WrongReference),
        (expected("18").scale(2), WrongReference),
        // The rest of what is expected.
        (
            expected("17")
                .amount(amount("12.50"))
                .already_received(amount("2")),
            Exact,
        ),
        (
            expected("17")
                .amount(amount("12"))
                .already_received(amount("1.5"))
                .scale(2),
            Exact,
        ),
        // Nothing that divides.
        (expected("17"), NeedsReview(Reason::Undivided)),
        (
            expected("17").amount(amount("10")),
            NeedsReview(Reason::Undivided),
        ),
        (
            expected("17").amount(amount("105e-1")),
            NeedsReview(Reason::Undivided),
        ),
        (
            expected("17").amount(amount("-10.50")),
            NeedsReview(Reason::Undivided),
        ),
        (
            expected("17").amount(amount("10.50")).scale(0),
            NeedsReview(Reason::Undivided),
        ),
        (
            expected("17")
                .amount(amount("10.50"))
                .already_received(amount("10.50")),
            NeedsReview(Reason::Undivided),
        ),
        (
            expected("17")
                .amount(amount("10.50"))
                .already_received(amount("11.50")),
            NeedsReview(Reason::Undivided),
        ),
        // An empty id names no payment, whatever it divides.
        (
            expected("").amount(amount("10.5017")),
            NeedsReview(Reason::Reference),
        ),
        (Expected::payout("17", "ETH").scale(2), WrongKind),
        (
            Expected::deposit("17", "BTC").scale(2),
            Verdict::WrongCurrency,
        ),
    ] {
        assert_eq!(
            verdict(&expected, &callback),
            expected_verdict,
            "{expected:?}"
        );
    }
}

#[test]
fn what_is_proven_and_what_reported() {
    let callback = shown("10.5017", "10.50", "17");
    let divided = expected("17").amount(amount("10.6")).scale(2);
    assert_eq!(
        compared(&divided, &callback),
        [Proven, Reported, Reported, Proven, No]
    );
    let found = divided.reconcile(&callback);
    assert_eq!(found.outcome(), Fact::Proven(Outcome::Settled));
    assert_eq!(found.received(), Some(Fact::Proven(&amount("10.50"))));
    let found = expected("17").reconcile(&callback);
    assert_eq!(found.reference(), No);
    assert_eq!(
        (found.outcome(), found.received()),
        (Fact::Reported(Outcome::NeedsReview), None)
    );
    let other = expected("18").scale(2);
    assert_eq!(compared(&other, &callback), [Proven, No, No, No, No]);
    // One that was resolved before is compared by value.
    let body = signed(
        with_transfer("deposit", "17", "10.50"),
        &format!("210.5017{TIME}"),
    );
    let resolved = verify(&body, TrackingIds::Unrestricted).unwrap();
    let exactly = payhook::b2binpay::ExpectedAmount::WithScale(2);
    let resolved = resolved.resolve("17", &exactly).unwrap().into_callback();
    assert_eq!(
        verdict(&expected("17").amount(amount("10.5")), &resolved),
        Exact
    );
}

/// Signed for `0.010` under `5-order`, shown with a digit moved.
#[test]
fn a_digit_moved_from_the_id_to_the_amount() {
    let genuine = shown("0.0105-order", "0.010", "5-order");
    let moved = shown("0.0105-order", "0.0105", "-order");
    // Whose payment it is does not depend on how it is shown.
    for callback in [&genuine, &moved] {
        for expected in [
            expected("5-order").amount(amount("0.010")),
            expected("5-order").amount(amount("0.01")).scale(3),
        ] {
            let found = expected.reconcile(callback);
            assert_eq!(*found.verdict(), Exact);
            assert_eq!(found.received(), Some(Fact::Proven(&amount("0.010"))));
        }
        for expected in [
            expected("-order").scale(3),
            expected("-order").amount(amount("0.010")),
            expected("-order").amount(amount("0.0105")).scale(3),
        ] {
            assert_eq!(verdict(&expected, callback), WrongReference, "{expected:?}");
        }
    }
    let body = signed(
        with_transfer("deposit", "-order", "0.0105"),
        &format!("20.0105-order{TIME}"),
    );
    assert!(verify(&body, TrackingIds::Prefixed).is_err());
}

/// Signed for `10.50` under `17`, shown as more under no id.
#[test]
fn an_id_that_went_into_the_amount() {
    let moved = shown("10.5017", "10.5017", "");
    let record = expected("17").amount(amount("10.50")).scale(2);
    let found = record.reconcile(&moved);
    assert_eq!(*found.verdict(), Exact);
    assert_eq!(found.received(), Some(Fact::Proven(&amount("10.50"))));
    for expected in [
        expected("").amount(amount("10.5017")),
        expected("").scale(4),
    ] {
        assert_eq!(verdict(&expected, &moved), NeedsReview(Reason::Reference));
    }
}

#[test]
fn without_a_transfer_the_id_alone_divides() {
    let canceled = proven(&signed(
        without_transfer("deposit", "17", 4),
        &format!("417{TIME}"),
    ));
    for expected in [
        expected("17"),
        expected("17").scale(2),
        expected("17").amount(amount("10")),
    ] {
        let found = expected.reconcile(&canceled);
        assert_eq!(*found.verdict(), NotPaid(Outcome::Canceled), "{expected:?}");
        assert!(!found.outcome().is_proven());
    }
    assert_eq!(verdict(&expected("7"), &canceled), WrongReference);
    let waiting = proven(&signed(
        without_transfer("deposit", "17", 2),
        &format!("217{TIME}"),
    ));
    assert_eq!(
        verdict(&expected("17"), &waiting),
        NotFinal(Outcome::Pending)
    );
    // A confirmed transfer shown as the rejection of a payout.
    let rejected = proven(&signed(
        without_transfer("payout", "21007", 3),
        &format!("21007{TIME}"),
    ));
    assert_eq!(
        verdict(&Expected::payout("21007", "ETH"), &rejected),
        NeedsReview(Reason::Outcome(Outcome::Canceled))
    );
}
