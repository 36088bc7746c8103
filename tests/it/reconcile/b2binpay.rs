//! Signed deposits and payouts whose text has one reading.

use payhook::b2binpay::{TrackingIds, prove_by_deposit, prove_by_source_address};
use payhook::{
    AddressRanges, Amount, Callback, Difference, Expected, Fact, Outcome, Reason, Verdict,
    Verified, VerifyError,
};
use serde_json::{Value, json};

use super::{No, Proven, Reported, amount, at, compared, verdict};
use crate::support::{
    TIME, body, parse, signed, verifier, verify, with_transfer, without_transfer,
};

use Verdict::{Exact, NeedsReview, NotFinal, NotPaid, WrongCurrency, WrongKind, WrongReference};

pub(super) fn proven(body: &Value) -> Verified<Callback> {
    verify(body, TrackingIds::Prefixed).unwrap().into_callback()
}

/// A confirmed deposit of `amount` ETH under `order-1`.
pub(super) fn deposit(amount: &str, change: impl Fn(&mut Value)) -> Verified<Callback> {
    let mut body = with_transfer("deposit", "order-1", amount);
    change(&mut body);
    let status = body["included"][1]["attributes"]["status"].to_string();
    proven(&signed(body, &format!("{status}{amount}order-1{TIME}")))
}

fn expected() -> Expected {
    Expected::deposit("order-1", "ETH")
}

/// As a difference is written below: `=`, `+` or `-` with an amount.
fn difference(found: Option<&Difference>) -> String {
    match found {
        None => "none".to_owned(),
        Some(Difference::Exact) => "=".to_owned(),
        Some(Difference::Over(by)) => format!("+{by}"),
        Some(Difference::Under(by)) => format!("-{by}"),
    }
}

#[test]
fn amounts() {
    let digits = "9".repeat(99);
    let (largest, less) = (format!("{digits}9"), format!("{digits}8"));
    for (received, asked, tolerance, before, verdict, apart, total) in [
        ("0.41", "0.41", None, None, "exact", "=", "0.41"),
        ("0.410000", "0.41", None, None, "exact", "=", "0.410000"),
        ("0.41", "41e-2", None, None, "exact", "=", "0.41"),
        ("0.40", "0.41", None, None, "under by 0.01", "-0.01", "0.40"),
        ("0.42", "0.41", None, None, "over by 0.01", "+0.01", "0.42"),
        // Within the tolerance, at its edge, and beyond.
        ("0.40", "0.41", Some("0.1"), None, "exact", "-0.01", "0.40"),
        ("0.40", "0.41", Some("0.01"), None, "exact", "-0.01", "0.40"),
        ("0.42", "0.41", Some("1e-2"), None, "exact", "+0.01", "0.42"),
        (
            "0.40",
            "0.41",
            Some("0.0099"),
            None,
            "under by 0.01",
            "-0.01",
            "0.40",
        ),
        (
            "0.42",
            "0.41",
            Some("0"),
            None,
            "over by 0.01",
            "+0.01",
            "0.42",
        ),
        // In several transfers.
        ("0.11", "0.41", None, Some("0.3"), "exact", "=", "0.41"),
        (
            "0.11",
            "0.41",
            None,
            Some("0"),
            "under by 0.30",
            "-0.30",
            "0.11",
        ),
        (
            "0.11",
            "0.41",
            Some("0.1"),
            Some("0.41"),
            "over by 0.11",
            "+0.11",
            "0.52",
        ),
        // Where a float sees no difference, nor 96 bits hold it.
        (
            "0.30000000000000004",
            "0.3",
            None,
            None,
            "over by 0.00000000000000004",
            "+0.00000000000000004",
            "0.30000000000000004",
        ),
        (&largest, &largest, None, None, "exact", "=", &largest),
        (&less, &largest, None, None, "under by 1", "-1", &less),
        // Nothing is expected of an amount of zero, and anything is more.
        ("0.01", "0", None, None, "over by 0.01", "+0.01", "0.01"),
    ] {
        let mut expected = expected().amount(amount(asked));
        if let Some(tolerance) = tolerance {
            expected = expected.tolerance(amount(tolerance));
        }
        if let Some(before) = before {
            expected = expected.already_received(amount(before));
        }
        let callback = deposit(received, |_| ());
        let found = expected.reconcile(&callback);
        let case = format!("{received} of {asked}, {tolerance:?}, {before:?}");
        assert_eq!(found.verdict().to_string(), verdict, "{case}");
        assert_eq!(difference(found.difference()), apart, "{case}");
        let text = |fact: Option<Fact<&Amount>>| fact.unwrap().proven().unwrap().to_string();
        assert_eq!(
            (text(found.received()), text(found.total())),
            (received.to_owned(), total.to_owned()),
            "{case}"
        );
        assert_eq!(found.amount(), Proven, "{case}");
    }
}

#[test]
fn any_amount_but_zero_is_exact_where_none_is_expected() {
    let found = expected()
        .already_received(amount("1"))
        .reconcile(&deposit("0.5", |_| ()));
    assert_eq!(
        (found.verdict(), found.difference(), found.amount()),
        (&Exact, None, No)
    );
    assert_eq!(found.total(), Some(Fact::Proven(&amount("1.5"))));
    let zero = deposit("0.00", |_| ());
    for expected in [
        expected(),
        expected().amount(amount("0")),
        expected().amount(amount("1")).tolerance(amount("2")),
        expected().amount(amount("1")).already_received(amount("1")),
    ] {
        assert_eq!(
            verdict(&expected, &zero),
            NeedsReview(Reason::Amount),
            "{expected:?}"
        );
    }
}

#[test]
fn no_payment_fits_an_amount_below_zero_or_beyond_all_sums() {
    let callback = deposit("0.5", |_| ());
    let below = || amount("-0.5");
    for expected in [
        expected().amount(below()),
        expected().amount(amount("0.5")).tolerance(below()),
        expected().already_received(below()),
        expected().amount(amount("1")).already_received(below()),
    ] {
        assert_eq!(
            verdict(&expected, &callback),
            NeedsReview(Reason::Expectation),
            "{expected:?}"
        );
    }
    // As many nines as a sum can have.
    let add = |left: &Amount, right: &Amount| left.checked_add(right).unwrap();
    let nines = "9".repeat(100);
    let mut most = add(&amount(&format!("{nines}e100")), &amount(&nines));
    for _ in 0..20 {
        let twice = add(&most, &most);
        let fourfold = add(&twice, &twice);
        most = add(&add(&fourfold, &fourfold), &twice);
    }
    most = add(&most, &amount(&"9".repeat(20)));
    let before = expected().already_received(most);
    assert_eq!(verdict(&before, &callback), Exact);
    let found = before.reconcile(&deposit("1.5", |_| ()));
    assert_eq!(*found.verdict(), NeedsReview(Reason::Amount));
    assert_eq!(found.received(), Some(Fact::Proven(&amount("1.5"))));
    assert_eq!(found.total(), None);
}

#[test]
fn what_is_proven_and_what_reported() {
    let callback = deposit("0.5", |_| ());
    assert_eq!(
        compared(&expected(), &callback),
        [Proven, Reported, Reported, No, No]
    );
    let full = expected().amount(amount("0.5")).deadline(at(TIME));
    assert_eq!(
        compared(&full, &callback),
        [Proven, Reported, Reported, Proven, Proven]
    );
    let other = Expected::deposit("order-2", "ETH");
    assert_eq!(compared(&other, &callback), [Proven, No, No, No, No]);
    let payout = Expected::payout("order-1", "ETH");
    assert_eq!(compared(&payout, &callback), [Proven, Reported, No, No, No]);
    let bitcoin = Expected::deposit("order-1", "BTC").amount(amount("0.5"));
    let found = bitcoin.reconcile(&callback);
    assert_eq!(
        compared(&bitcoin, &callback),
        [Proven, Reported, Reported, No, No]
    );
    // Not in the expected currency, so nothing to compare.
    assert_eq!(
        (found.received(), found.total(), found.difference()),
        (None, None, None)
    );
    assert_eq!(found.outcome(), Fact::Proven(Outcome::Settled));
}

#[test]
fn another_reference_is_another_payment() {
    let callback = deposit("0.5", |_| ());
    for id in ["order-2", "order-", "order-11", "ORDER-1", " order-1"] {
        let expected = Expected::deposit(id, "ETH").amount(amount("0.5"));
        assert_eq!(verdict(&expected, &callback), WrongReference, "{id}");
    }
    let nameless = Expected::deposit("", "ETH");
    assert_eq!(
        verdict(&nameless, &callback),
        NeedsReview(Reason::Reference)
    );
    // Where no ids are used, the signature names no payment either.
    let body = signed(with_transfer("deposit", "", "0.5"), &format!("20.5{TIME}"));
    let callback = verify(&body, TrackingIds::Unused).unwrap().into_callback();
    assert_eq!(
        verdict(&nameless, &callback),
        NeedsReview(Reason::Reference)
    );
    assert_eq!(compared(&nameless, &callback), [No; 5]);
    assert_eq!(verdict(&expected(), &callback), WrongReference);
}

/// The kind is not signed: only the merchant's record tells.
#[test]
fn a_captured_payout_shown_as_a_deposit_is_of_the_wrong_kind() {
    let genuine: Value = serde_json::from_slice(&body("b2binpay-payout-confirmed.json")).unwrap();
    let recorded = Expected::payout("wd-77", "USDT")
        .amount(amount("125"))
        .scale(6);
    assert_eq!(verdict(&recorded, &proven(&genuine)), Exact);
    let mut shown = genuine;
    shown["data"]["type"] = json!("deposit");
    let transfers = shown["included"].as_array_mut().unwrap();
    for transfer in transfers
        .iter_mut()
        .filter(|entry| entry["attributes"]["op_type"] == 2)
    {
        transfer["attributes"]["op_type"] = json!(1);
    }
    let replayed = proven(&shown);
    assert_eq!(replayed.event().outcome(), Fact::Proven(Outcome::Settled));
    let found = recorded.reconcile(&replayed);
    assert_eq!((found.verdict(), found.kind()), (&WrongKind, Reported));
    assert_eq!(found.difference(), None);
    // And the other way round.
    let found = Expected::payout("order-1", "ETH").reconcile(&deposit("0.5", |_| ()));
    assert_eq!(*found.verdict(), WrongKind);
}

#[test]
fn a_hundred_doge_shown_as_a_hundred_bitcoins_are_in_the_wrong_currency() {
    let shown = deposit("100.00000000", |body| {
        body["included"][0]["attributes"]["alpha"] = json!("BTC");
    });
    let recorded = Expected::deposit("order-1", "DOGE")
        .amount(amount("100"))
        .scale(8);
    assert_eq!(verdict(&recorded, &shown), WrongCurrency);
    let genuine = deposit("100.00000000", |body| {
        body["included"][0]["attributes"]["alpha"] = json!("Doge");
    });
    assert_eq!(verdict(&recorded, &genuine), Exact);
    // Where the record itself says bitcoins, only other fraction digits tell. So
    // an id stands for one currency, and the comparison says that it is no proof.
    let found = Expected::deposit("order-1", "BTC")
        .scale(8)
        .reconcile(&shown);
    assert_eq!((found.verdict(), found.currency()), (&Exact, Reported));
    let ether = deposit("100.000000000000000000", |body| {
        body["included"][0]["attributes"]["alpha"] = json!("BTC");
    });
    let found = Expected::deposit("order-1", "BTC")
        .scale(8)
        .reconcile(&ether);
    assert_eq!(*found.verdict(), NeedsReview(Reason::Scale));
}

#[test]
fn without_a_currency_it_needs_review() {
    let nothing: [&dyn Fn(&mut Value); 4] = [
        &|body| body["included"][0]["attributes"]["alpha"] = json!(null),
        &|body| body["included"][0]["attributes"]["alpha"] = json!(""),
        &|body| body["included"][0]["id"] = json!("1003"),
        &|body| body["included"][0] = json!({"type": "fee"}),
    ];
    for change in nothing {
        let callback = deposit("0.5", change);
        let found = expected().amount(amount("0.4")).reconcile(&callback);
        assert_eq!(*found.verdict(), NeedsReview(Reason::Currency));
        assert_eq!(found.currency(), No);
        // What came is proven all the same.
        assert_eq!(difference(found.difference()), "+0.1");
        let pending = deposit("0.5", |body| {
            change(body);
            body["included"][1]["attributes"]["status"] = json!(1);
        });
        assert_eq!(verdict(&expected(), &pending), NotFinal(Outcome::Pending));
    }
}

/// The one thing about the currency that is signed.
#[test]
fn another_number_of_fraction_digits_needs_review() {
    for (received, scale, expected_verdict) in [
        ("0.500000", 6, Exact),
        ("0.500000", 8, NeedsReview(Reason::Scale)),
        ("0.5", 18, NeedsReview(Reason::Scale)),
        ("5", 0, Exact),
        ("5.0", 0, NeedsReview(Reason::Scale)),
    ] {
        let found = expected()
            .scale(scale)
            .reconcile(&deposit(received, |_| ()));
        assert_eq!(*found.verdict(), expected_verdict, "{received} {scale}");
    }
    let bitcoin = Expected::deposit("order-1", "BTC").scale(8);
    assert_eq!(verdict(&bitcoin, &deposit("0.5", |_| ())), WrongCurrency);
}

#[test]
fn outcomes_with_a_transfer() {
    let review = |outcome| NeedsReview(Reason::Outcome(outcome));
    for (transfer, own, op_type, expected_verdict) in [
        (2, 2, 1, Exact),
        (2, 3, 14, Exact),
        (2, 4, 1, review(Outcome::NeedsReview)),
        (2, 5, 1, review(Outcome::NeedsReview)),
        (2, 2, 9, review(Outcome::NeedsReview)),
        (1, 2, 1, NotFinal(Outcome::Pending)),
        (0, 2, 1, NotFinal(Outcome::Pending)),
        (-1, 2, 1, NotPaid(Outcome::Failed)),
        (-2, 2, 1, NotPaid(Outcome::Blocked)),
        (-3, 2, 1, NotPaid(Outcome::Canceled)),
        (7, 2, 1, review(Outcome::Unknown)),
    ] {
        let callback = deposit("0.5", |body| {
            body["data"]["attributes"]["status"] = json!(own);
            body["included"][1]["attributes"]["status"] = json!(transfer);
            body["included"][1]["attributes"]["op_type"] = json!(op_type);
        });
        // Neither a deadline nor the amount is looked at before it is there.
        let expected = expected().amount(amount("0.5"));
        let found = expected.reconcile(&callback);
        assert_eq!(
            *found.verdict(),
            expected_verdict,
            "{transfer} {own} {op_type}"
        );
        let missed = expected
            .amount(amount("9"))
            .deadline(at("2020-01-01T00:00:00Z"));
        if expected_verdict != Exact {
            assert_eq!(
                verdict(&missed, &callback),
                expected_verdict,
                "{transfer} {own} {op_type}"
            );
        }
        let is_paid = !matches!(expected_verdict, NotPaid(_));
        assert_eq!(found.received().is_some(), is_paid);
        assert_eq!(found.difference().is_some(), is_paid);
    }
    // A payout that failed, for certain.
    let mut body = with_transfer("payout", "wd-1", "0.5");
    body["included"][1]["attributes"]["status"] = json!(-1);
    let failed = proven(&signed(body, &format!("-10.5wd-1{TIME}")));
    assert_eq!(
        verdict(&Expected::payout("wd-1", "ETH"), &failed),
        NotPaid(Outcome::Failed)
    );
}

#[test]
fn outcomes_without_a_transfer() {
    let review = |outcome| NeedsReview(Reason::Outcome(outcome));
    for (kind, own, expected_verdict) in [
        ("deposit", 2, NotFinal(Outcome::Pending)),
        ("deposit", 3, review(Outcome::NeedsReview)),
        ("deposit", 4, NotPaid(Outcome::Canceled)),
        ("deposit", 5, review(Outcome::NeedsReview)),
        ("deposit", 6, review(Outcome::Unknown)),
        ("payout", 1, NotFinal(Outcome::Pending)),
        ("payout", 2, NotFinal(Outcome::Pending)),
        // Not signed, and money may be given back for it: ask the gateway.
        ("payout", 3, review(Outcome::Canceled)),
        ("payout", 4, review(Outcome::Unknown)),
    ] {
        let front = if kind == "deposit" {
            own.to_string()
        } else {
            String::new()
        };
        let body = signed(
            without_transfer(kind, "order-1", own),
            &format!("{front}order-1{TIME}"),
        );
        let expected = match kind {
            "deposit" => expected(),
            _ => Expected::payout("order-1", "ETH"),
        };
        let found = expected.amount(amount("0.5")).reconcile(&proven(&body));
        assert_eq!(*found.verdict(), expected_verdict, "{kind} {own}");
        assert_eq!((found.reference(), found.received()), (Proven, None));
        assert!(!found.outcome().is_proven());
    }
}

#[test]
fn other_evidence_settles_nothing() {
    let canceled = || without_transfer("deposit", "order-1", 4);
    let unsigned = || match verify(&canceled(), TrackingIds::Prefixed) {
        Err(VerifyError::Unsigned(callback)) => *callback,
        other => panic!("{other:?}"),
    };
    let fetched = prove_by_deposit(unsigned(), canceled().to_string().as_bytes()).unwrap();
    let fetched = fetched.into_callback();
    assert_eq!(verdict(&expected(), &fetched), NotPaid(Outcome::Canceled));
    assert_eq!(
        compared(&expected(), &fetched),
        [Proven, Proven, Reported, No, No]
    );
    assert!(expected().reconcile(&fetched).outcome().is_proven());
    let payout = Expected::payout("order-1", "ETH");
    assert_eq!(verdict(&payout, &fetched), WrongKind);

    let ranges = AddressRanges::parse(["203.0.113.1"]).unwrap();
    let told = prove_by_source_address(unsigned(), "203.0.113.1".parse().unwrap(), &ranges);
    let told = told.unwrap().into_callback();
    assert_eq!(verdict(&expected(), &told), NeedsReview(Reason::Reference));
    assert_eq!(compared(&expected(), &told), [Reported, No, No, No, No]);
    let other = Expected::deposit("order-2", "ETH");
    assert_eq!(verdict(&other, &told), WrongReference);
}

#[test]
fn deadlines() {
    // The callback is of 09:16:02.551870.
    for (deadline, created, expected_verdict, time) in [
        ("2026-03-02T10:00:00Z", json!(null), "exact", Proven),
        // What the transfer says can't take away what is proven.
        (
            "2026-03-02T10:00:00Z",
            json!("2027-01-01T00:00:00Z"),
            "exact",
            Proven,
        ),
        (TIME, json!(null), "exact", Proven),
        (
            "2026-03-02T09:16:02.551869Z",
            json!(null),
            "needs review: when it was made is not known",
            No,
        ),
        (
            "2026-03-02T09:16:00Z",
            json!("2026-03-02T09:14:55.120443Z"),
            "exact",
            Reported,
        ),
        (
            "2026-03-02T09:14:55.120443Z",
            json!("2026-03-02T09:14:55.120443Z"),
            "exact",
            Reported,
        ),
        (
            "2026-03-02T09:14:54Z",
            json!("2026-03-02T09:14:55.5Z"),
            "late by PT1.5S",
            Reported,
        ),
        (
            "2026-03-02T09:14:54Z",
            json!("2026-03-02T09:14:55"),
            "needs review: when it was made is not known",
            No,
        ),
        (
            "2026-03-02T09:14:54Z",
            json!("yesterday"),
            "needs review: when it was made is not known",
            No,
        ),
    ] {
        let callback = deposit("0.5", |body| {
            body["included"][1]["attributes"]["created_at"] = created.clone();
        });
        let expected = expected().amount(amount("0.5")).deadline(at(deadline));
        let found = expected.reconcile(&callback);
        assert_eq!(
            found.verdict().to_string(),
            expected_verdict,
            "{deadline} {created}"
        );
        assert_eq!(found.time(), time, "{deadline} {created}");
        // Late or not, how much there is can be told.
        assert_eq!(found.difference(), Some(&Difference::Exact));
        let more = expected.amount(amount("0.6")).reconcile(&callback);
        assert_eq!(difference(more.difference()), "-0.1");
        let is_late = matches!(found.verdict(), Verdict::Late { .. });
        assert_eq!(matches!(more.verdict(), Verdict::Late { .. }), is_late);
    }
}

#[test]
fn real_bodies() {
    let expected = Expected::deposit("order-9001", "eth")
        .amount(amount("0.412"))
        .scale(18);
    for (name, shown) in [
        ("b2binpay-deposit-confirmed", "exact"),
        ("b2binpay-deposit-full", "exact"),
        ("b2binpay-deposit-unconfirmed", "not final: pending"),
        ("b2binpay-deposit-failed", "not paid: failed"),
        ("b2binpay-deposit-blocked", "not paid: blocked"),
        ("b2binpay-payout-confirmed", "wrong reference"),
    ] {
        let callback =
            verifier(TrackingIds::Prefixed).verify(parse(&body(&format!("{name}.json"))));
        let callback = callback.unwrap().into_callback();
        assert_eq!(verdict(&expected, &callback).to_string(), shown, "{name}");
    }
}

#[test]
fn the_other_gateways_callbacks_are_of_the_wrong_kind() {
    let callback = deposit("0.5", |_| ());
    for expected in [
        Expected::order("order-1", "ETH"),
        Expected::customer_deposit("order-1", "ETH"),
    ] {
        let found = expected.reconcile(&callback);
        assert_eq!(*found.verdict(), WrongKind);
        assert_eq!(compared(&expected, &callback), [No, Reported, No, No, No]);
        assert_eq!(
            (found.received(), found.outcome()),
            (None, Fact::Proven(Outcome::Settled))
        );
    }
}
