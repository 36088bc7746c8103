//! What is expected against what came: the table at `Verdict`.

use chrono::{DateTime, TimeDelta, Utc};
use payhook::{Amount, Callback, Compared, Expected, Outcome, Reason, Verdict, Verified};

mod b2binpay;
mod citypay;
mod table;
mod undivided;

use Compared::{No, Proven, Reported};

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn verdict(expected: &Expected, callback: &Verified<Callback>) -> Verdict {
    expected.reconcile(callback).verdict().clone()
}

/// Reference, kind, currency, amount and time.
fn compared(expected: &Expected, callback: &Verified<Callback>) -> [Compared; 5] {
    let found = expected.reconcile(callback);
    [
        found.reference(),
        found.kind(),
        found.currency(),
        found.amount(),
        found.time(),
    ]
}

#[test]
fn verdicts_are_readable() {
    for (verdict, word, text) in [
        (Verdict::Exact, "exact", "exact"),
        (
            Verdict::Late {
                by: TimeDelta::seconds(90),
            },
            "late",
            "late by PT90S",
        ),
        (
            Verdict::NotFinal(Outcome::Pending),
            "not final",
            "not final: pending",
        ),
        (
            Verdict::NotPaid(Outcome::Blocked),
            "not paid",
            "not paid: blocked",
        ),
        (Verdict::Over { by: amount("0.10") }, "over", "over by 0.10"),
        (
            Verdict::Under { by: amount("0.10") },
            "under",
            "under by 0.10",
        ),
        (Verdict::WrongCurrency, "wrong currency", "wrong currency"),
        (Verdict::WrongKind, "wrong kind", "wrong kind"),
        (
            Verdict::WrongReference,
            "wrong reference",
            "wrong reference",
        ),
    ] {
        assert_eq!((verdict.as_str(), &*verdict.to_string()), (word, text));
    }
    for (reason, word, text) in [
        (Reason::Amount, "amount", "the amount is zero or not known"),
        (
            Reason::Currency,
            "currency",
            "the callback names no currency",
        ),
        (
            Reason::Expectation,
            "expectation",
            "an expected amount is below zero",
        ),
        (
            Reason::Outcome(Outcome::Overpaid),
            "outcome",
            "the outcome is `overpaid`",
        ),
        (
            Reason::Reference,
            "reference",
            "the reference is not proven",
        ),
        (
            Reason::Scale,
            "scale",
            "the amount has not the expected number of fraction digits",
        ),
        (Reason::Time, "time", "when it was made is not known"),
        (
            Reason::Undivided,
            "undivided",
            "nothing that is expected divides the signed text",
        ),
    ] {
        assert_eq!((reason.as_str(), &*reason.to_string()), (word, text));
        let verdict = Verdict::NeedsReview(reason);
        assert_eq!(verdict.as_str(), "needs review");
        assert_eq!(verdict.to_string(), format!("needs review: {text}"));
    }
    assert_eq!(
        format!("{:>6}|{:<6}|", Verdict::Exact, Verdict::Exact),
        " exact|exact |"
    );
    assert_eq!(
        [No, Proven, Reported].map(|compared| compared.to_string()),
        ["not compared", "proven", "reported"]
    );
}

#[test]
fn tokens_are_not_shown() {
    for expected in [
        Expected::order("tok_4f9c1b7e", "BTC"),
        Expected::customer_deposit("tok_4f9c1b7e", "BTC"),
    ] {
        let shown = format!("{:?}", expected.amount(amount("1")));
        assert!(!shown.contains("4f9c1b7e"), "{shown}");
        assert!(shown.contains("reference: Token(..), currency: \"BTC\", amount: Some(Amount(1))"));
    }
    let shown = format!("{:?}", Expected::deposit("order-1", "ETH"));
    assert!(
        shown.contains("awaited: Deposit, reference: \"order-1\""),
        "{shown}"
    );
}
