//! Orders by the endpoint's answer, and deposits that nothing proves.

use payhook::citypay::{Account, DepositCallback, OrderCallback};
use payhook::{
    AddressRanges, Callback, Difference, Expected, Fact, Outcome, Reason, Unverified, Verdict,
    Verified,
};
use serde_json::{Value, json};

use super::{No, Proven, Reported, amount, at, compared, verdict};
use crate::support::body;

use Verdict::{Exact, NeedsReview, NotFinal, NotPaid, WrongCurrency, WrongKind, WrongReference};

pub(super) const TOKEN: &str = "tok_4f9c1b7e";

fn json_of(name: &str) -> Value {
    serde_json::from_slice(&body(name)).unwrap()
}

fn parse(order: &Value) -> Unverified<OrderCallback> {
    Unverified::parse(order.to_string().as_bytes()).unwrap()
}

/// An order as the endpoint answers, after `change`.
pub(super) fn order(name: &str, change: impl Fn(&mut Value)) -> Verified<Callback> {
    let mut answer = json_of(&format!("citypay-order-{name}.answer.json"));
    change(&mut answer["data"]);
    let order = parse(&json_of(&format!("citypay-order-{name}.json")));
    let account = Account::new("5120").unwrap();
    let proven = account.prove_order(order, TOKEN, answer.to_string().as_bytes());
    proven.unwrap().into_callback()
}

fn transaction(coins: &Value, fiat: &Value, milliseconds: i64) -> Value {
    json!({"amount": {"base": coins}, "amountFiat": {"base": fiat}, "createdAtMiliseconds": milliseconds})
}

fn expected(currency: &str, sum: &str) -> Expected {
    Expected::order(TOKEN, currency).amount(amount(sum))
}

#[test]
fn outcomes() {
    let review = |outcome| NeedsReview(Reason::Outcome(outcome));
    let under = || Verdict::Under {
        by: amount("0.00051781"),
    };
    for (name, expected_verdict) in [
        ("confirmed", Exact),
        ("answer-ahead", Exact),
        ("answer-behind", NotFinal(Outcome::Pending)),
        ("created", NotFinal(Outcome::Pending)),
        ("unconfirmed", NotFinal(Outcome::Pending)),
        ("underpaid", under()),
        // Nobody documents its confirmations.
        ("overpaid", review(Outcome::Overpaid)),
        // It has a transaction.
        ("canceled", review(Outcome::Canceled)),
    ] {
        let callback = order(name, |_| ());
        assert_eq!(
            verdict(&expected("BTC", "0.00065270"), &callback),
            expected_verdict,
            "{name}"
        );
    }
    let overpaid = expected("BTC", "0.00065270").reconcile(&order("overpaid", |_| ()));
    assert_eq!(
        overpaid.difference(),
        Some(&Difference::Over(amount("0.0001659")))
    );
    for (status, expected_verdict) in [
        ("EXPIRED", NotPaid(Outcome::Expired)),
        ("CANCELED", NotPaid(Outcome::Canceled)),
        ("FROZEN", review(Outcome::Unknown)),
    ] {
        let callback = order("canceled", |answer| {
            answer["status"] = json!(status);
            answer["transactions"] = json!([]);
        });
        let found = expected("BTC", "1").reconcile(&callback);
        assert_eq!(
            (found.verdict(), found.received()),
            (&expected_verdict, None),
            "{status}"
        );
    }
}

#[test]
fn all_transactions_of_an_order_count() {
    let two = order("confirmed", |answer| {
        answer["transactions"] = json!([
            transaction(&json!(0.5), &json!("30.00"), 1_772_442_840_000),
            transaction(&json!("1e-8"), &json!(0.6), 1_772_442_900_000),
        ]);
    });
    let found = expected("btc", "0.50000001").reconcile(&two);
    assert_eq!((found.verdict(), found.amount()), (&Exact, Proven));
    // The answer lists what came before, too.
    let found = expected("BTC", "0.5")
        .already_received(amount("0.5"))
        .reconcile(&two);
    assert_eq!(
        *found.verdict(),
        Verdict::Over {
            by: amount("0.00000001")
        }
    );
    assert_eq!(
        (found.received(), found.total()),
        (Some(Fact::Proven(&amount("0.50000001"))), found.received())
    );
    assert_eq!(verdict(&expected("USD", "30.6"), &two), Exact);
    assert_eq!(
        verdict(&expected("BTC", "0.5").tolerance(amount("0.001")), &two),
        Exact
    );
    for deadline in ["2026-03-02T09:15:00Z", "2026-03-02T09:14:00Z"] {
        let found = expected("BTC", "1").deadline(at(deadline)).reconcile(&two);
        let by = at("2026-03-02T09:15:00Z") - at(deadline);
        let is_late = by > chrono::TimeDelta::zero();
        assert_eq!(
            matches!(found.verdict(), Verdict::Late { by: found } if *found == by),
            is_late
        );
        assert_eq!(
            (found.time(), found.difference()),
            (Proven, Some(&Difference::Under(amount("0.49999999"))))
        );
    }
}

#[test]
fn a_transaction_without_an_amount_or_none_at_all_needs_review() {
    let none = Reason::Outcome(Outcome::NeedsReview);
    for (transactions, reason) in [
        (json!([]), none),
        (json!([{"id": 1}]), Reason::Amount),
        (
            json!([transaction(&json!(1), &json!("30"), 0), {"id": 1}]),
            Reason::Amount,
        ),
        (
            json!([transaction(&json!(0), &json!("0.00"), 0)]),
            Reason::Amount,
        ),
    ] {
        let callback = order("confirmed", |answer| {
            answer["transactions"] = transactions.clone();
        });
        for expected in [
            Expected::order(TOKEN, "BTC"),
            expected("BTC", "1"),
            expected("USD", "30"),
        ] {
            assert_eq!(
                verdict(&expected, &callback),
                NeedsReview(reason),
                "{transactions}"
            );
        }
    }
}

#[test]
fn the_order_is_underpaid_or_not_by_both_sides() {
    let underpaid = order("underpaid", |_| ());
    let review = NeedsReview(Reason::Outcome(Outcome::Underpaid));
    assert_eq!(verdict(&Expected::order(TOKEN, "BTC"), &underpaid), review);
    assert_eq!(verdict(&expected("BTC", "0.00013489"), &underpaid), review);
    assert_eq!(verdict(&expected("BTC", "0.0001"), &underpaid), review);
    // No tolerance makes up for the gateway's word.
    let tolerant = expected("BTC", "0.0002").tolerance(amount("1"));
    assert_eq!(
        verdict(&tolerant, &underpaid),
        Verdict::Under {
            by: amount("0.00006511")
        }
    );
    let late = tolerant.deadline(at("2026-03-02T09:00:00Z"));
    assert_eq!(verdict(&late, &underpaid).to_string(), "late by PT840S");
}

#[test]
fn in_coins_or_in_fiat() {
    let confirmed = order("confirmed", |_| ());
    assert_eq!(verdict(&expected("usd", "60"), &confirmed), Exact);
    assert_eq!(
        verdict(&expected("USD", "59.50"), &confirmed),
        Verdict::Over { by: amount("0.5") }
    );
    let found = expected("ETH", "60").reconcile(&confirmed);
    assert_eq!(
        (found.verdict(), found.currency(), found.received()),
        (&WrongCurrency, Proven, None)
    );
    let nothing: [&dyn Fn(&mut Value); 3] = [
        &|answer| {
            answer["coin"] = json!(null);
            answer["coinBaseName"] = json!(null);
        },
        &|answer| answer["currency"] = json!(null),
        &|answer| {
            answer["currency"]["abbreviation"] = json!("");
            answer["currency"]["currency"] = json!("");
        },
    ];
    for change in nothing {
        let found = expected("ETH", "60").reconcile(&order("confirmed", change));
        assert_eq!(
            (found.verdict(), found.currency()),
            (&NeedsReview(Reason::Currency), No)
        );
    }
    let coinless = order("confirmed", nothing[0]);
    assert_eq!(verdict(&expected("USD", "60"), &coinless), Exact);
}

#[test]
fn what_is_proven_and_what_reported() {
    let full = expected("BTC", "0.0006527")
        .deadline(at("2026-03-02T10:10:00Z"))
        .scale(99);
    assert_eq!(compared(&full, &order("confirmed", |_| ())), [Proven; 5]);
    let zoneless = order("confirmed", |answer| {
        answer["transactions"][0]["createdAtMiliseconds"] = json!(null);
    });
    // Without a zone it is UTC.
    assert_eq!(verdict(&full, &zoneless), Exact);
    assert_eq!(compared(&full, &zoneless), [Proven; 5]);
    let timeless = order("confirmed", |answer| {
        answer["transactions"][0]["createdAtMiliseconds"] = json!(null);
        answer["transactions"][0]["createdAt"] = json!(null);
    });
    assert_eq!(verdict(&full, &timeless), NeedsReview(Reason::Time));
    assert_eq!(
        compared(&full, &timeless),
        [Proven, Proven, Proven, Proven, No]
    );
    let other = Expected::order("tok_4f9c1b7f", "BTC");
    assert_eq!(verdict(&other, &order("confirmed", |_| ())), WrongReference);
    assert_eq!(
        compared(&other, &order("confirmed", |_| ())),
        [Proven, No, No, No, No]
    );

    let ranges = AddressRanges::parse(["203.0.113.1"]).unwrap();
    let account = Account::new("5120").unwrap().source_addresses(ranges);
    let told = json_of("citypay-order-confirmed.json");
    let by_record = account
        .prove_order_by_record(parse(&told), TOKEN)
        .unwrap()
        .into_callback();
    assert_eq!(
        verdict(&full, &by_record),
        NeedsReview(Reason::Outcome(Outcome::NeedsReview))
    );
    assert_eq!(compared(&full, &by_record), [Proven, Reported, No, No, No]);
    let by_address = |told: &Value| {
        let peer = "203.0.113.1".parse().unwrap();
        account
            .prove_order_by_source_address(parse(told), peer)
            .unwrap()
            .into_callback()
    };
    assert_eq!(
        verdict(&full, &by_address(&told)),
        NeedsReview(Reason::Reference)
    );
    assert_eq!(
        compared(&full, &by_address(&told)),
        [Reported, No, No, No, No]
    );
    assert_eq!(verdict(&other, &by_address(&told)), WrongReference);
    let mut nameless = told;
    nameless["order_token"] = json!(null);
    assert_eq!(
        verdict(&full, &by_address(&nameless)),
        NeedsReview(Reason::Reference)
    );
    assert_eq!(compared(&full, &by_address(&nameless)), [No; 5]);
}

#[test]
fn deposits_settle_only_where_the_merchant_chose_so() {
    let ranges = || AddressRanges::parse(["203.0.113.1"]).unwrap();
    let peer = "203.0.113.1".parse().unwrap();
    let account = Account::new("5120").unwrap();
    let careful = account.clone().source_addresses(ranges());
    let trusting = account.danger_settle_deposits_by_source_address(ranges());
    let parse =
        |told: &Value| Unverified::<DepositCallback>::parse(told.to_string().as_bytes()).unwrap();
    let by_address = |account: &Account, told: &Value| {
        account
            .prove_deposit_by_source_address(parse(told), peer)
            .unwrap()
            .into_callback()
    };
    let mut told = json!({
        "type": "deposit", "deposit_token": "dep_user_42", "received_amount": 250.5, "status": "Confirmed",
        "crypto_currency": "BTC", "crated_at": "2026-03-02T09:14:00Z",
    });
    let expected = || Expected::customer_deposit("dep_user_42", "btc");
    let full = expected()
        .amount(amount("250.5"))
        .deadline(at("2026-03-02T09:14:00Z"));

    let found = full.reconcile(&by_address(&trusting, &told));
    assert_eq!(*found.verdict(), Exact);
    assert_eq!(found.received(), Some(Fact::Reported(&amount("250.5"))));
    assert_eq!(
        compared(&full, &by_address(&trusting, &told)),
        [Reported; 5]
    );
    assert_eq!(found.outcome(), Fact::Reported(Outcome::Settled));
    let rest = expected()
        .amount(amount("300"))
        .already_received(amount("49.5"));
    assert_eq!(verdict(&rest, &by_address(&trusting, &told)), Exact);
    let other = Expected::customer_deposit("dep_user_43", "BTC");
    assert_eq!(
        verdict(&other, &by_address(&trusting, &told)),
        WrongReference
    );
    let other = Expected::customer_deposit("dep_user_42", "3");
    assert_eq!(
        verdict(&other, &by_address(&trusting, &told)),
        WrongCurrency
    );

    assert_eq!(
        verdict(&full, &by_address(&careful, &told)),
        NeedsReview(Reason::Reference)
    );
    let by_record = trusting
        .prove_deposit_by_record(parse(&told), "dep_user_42")
        .unwrap()
        .into_callback();
    assert_eq!(
        verdict(&full, &by_record),
        NeedsReview(Reason::Outcome(Outcome::NeedsReview))
    );
    assert_eq!(
        compared(&full, &by_record),
        [Proven, Reported, Reported, Reported, No]
    );

    told["status"] = json!("Pending");
    assert_eq!(
        verdict(&full, &by_address(&trusting, &told)),
        NotFinal(Outcome::Pending)
    );
    told["status"] = json!("Confirmed");
    told["crated_at"] = json!("2026-03-02 09:14");
    assert_eq!(
        verdict(&full, &by_address(&trusting, &told)),
        NeedsReview(Reason::Time)
    );
    told["crypto_currency"] = json!("");
    assert_eq!(
        verdict(&full, &by_address(&trusting, &told)),
        NeedsReview(Reason::Currency)
    );
    // A token of the one is no tracking id of the other.
    told["deposit_token"] = json!("order-1");
    let b2binpay = Expected::deposit("order-1", "BTC");
    assert_eq!(verdict(&b2binpay, &by_address(&trusting, &told)), WrongKind);
    assert_eq!(
        verdict(
            &Expected::order("order-1", "BTC"),
            &by_address(&trusting, &told)
        ),
        WrongKind
    );
}

/// What an order received is the sum of the bases, each transaction once.
#[test]
fn totals_are_the_orders_and_not_added_up() {
    let four = |total: Value, numbers: [u32; 4]| {
        order("confirmed", move |answer| {
            let listed = numbers.map(|number| {
                json!({
                    "id": number, "hash": format!("{number:064x}"),
                    "amount": {"base": "0.0001", "total": null},
                    "amountFiat": {"base": "0.60", "total": total},
                    "createdAtMiliseconds": 1_772_442_840_000_u64,
                })
            });
            answer["transactions"] = json!(listed);
        })
    };
    let review = NeedsReview(Reason::Outcome(Outcome::NeedsReview));
    let by = amount("0.40");
    for (total, numbers, expected_verdict) in [
        ("2.40", [1, 2, 3, 4], Verdict::Over { by }),
        // Two are listed twice.
        ("1.20", [1, 1, 2, 2], Verdict::Under { by: amount("0.80") }),
        ("0.60", [1, 2, 3, 4], review.clone()),
        ("2.40", [1, 1, 2, 2], review.clone()),
    ] {
        let callback = four(json!(total), numbers);
        let found = expected("USD", "2.00").reconcile(&callback);
        assert_eq!(*found.verdict(), expected_verdict, "{total} {numbers:?}");
        let is_known = expected_verdict != review;
        assert_eq!(found.received().unwrap().is_proven(), is_known);
        assert_eq!(callback.event().outcome().is_proven(), is_known);
        // The coins have no totals to contradict, and are compared alone.
        let coins = expected("btc", "0.0003").reconcile(&callback);
        assert!(coins.received().unwrap().is_proven());
    }
}

#[test]
fn a_coin_has_two_names() {
    for name in ["BTC", "btc", "Bitcoin", "BITCOIN"] {
        let callback = order("confirmed", |_| ());
        assert_eq!(verdict(&expected(name, "0.0006527"), &callback), Exact);
    }
    for name in ["BT", "Bitcoin Cash", "tBTC"] {
        let callback = order("confirmed", |_| ());
        assert_eq!(
            verdict(&expected(name, "0.0006527"), &callback),
            WrongCurrency
        );
    }
}

/// An order is compared in fiat: a coin of the same name doesn't stand in for it.
#[test]
fn a_coin_and_a_fiat_currency_of_the_same_name() {
    for [coin, base_name] in [["USD", "usd"], ["Dollar", "USD"], ["usd", "musd"]] {
        let callback = order("confirmed", |answer| {
            answer["coin"] = json!(coin);
            answer["coinBaseName"] = json!(base_name);
            // Coins and fiat differ, and so do their totals.
            answer["transactions"] = json!([{
                "id": 1,
                "amount": {"base": "61", "total": "62"},
                "amountFiat": {"base": "60.00", "total": "60.00"},
                "createdAtMiliseconds": 1_772_442_840_000_u64,
            }]);
        });
        let found = expected("USD", "60").reconcile(&callback);
        assert_eq!(*found.verdict(), Exact, "{coin}");
        assert_eq!(found.received(), Some(Fact::Proven(&amount("60"))));
        assert_eq!(
            verdict(&expected("USD", "61"), &callback),
            Verdict::Under { by: amount("1") }
        );
    }
}

/// The orders of `tests/vectors` that were recorded, as the merchant expects them.
#[test]
fn recorded_orders() {
    let cases = crate::support::cases();
    let reconcile = |name: &str, currency: &str, sum: &str| {
        let case = cases.iter().find(|case| case.name == name).unwrap();
        let asked = case.asked.as_ref().unwrap();
        let account = Account::new(&asked.customer_id).unwrap();
        let order = Unverified::parse(&case.body).unwrap();
        let proven = account.prove_order(order, &asked.issued, &asked.answer);
        let expected = Expected::order(&*asked.issued, currency).amount(amount(sum));
        expected.reconcile(&proven.unwrap().into_callback())
    };
    for (name, currency, sum, expected_verdict) in [
        (
            "real_order_created_by_the_page",
            "USD",
            "2.00",
            NotFinal(Outcome::Pending),
        ),
        (
            "real_coin_name_and_ticker_in_the_answer",
            "BTC",
            "0.0002174",
            Exact,
        ),
        ("real_order_in_fiat_single_payment", "USD", "2.00", Exact),
        (
            "real_order_paid_in_two_halves_confirmed",
            "USD",
            "2.00",
            Exact,
        ),
        (
            "real_status_number_beside_order_status",
            "USD",
            "2.00",
            Exact,
        ),
        (
            "real_order_paid_in_four_parts_as_documented",
            "USD",
            "2.00",
            NeedsReview(Reason::Outcome(Outcome::Overpaid)),
        ),
    ] {
        let found = reconcile(name, currency, sum);
        assert_eq!(*found.verdict(), expected_verdict, "{name}");
    }
    let four = reconcile("real_order_paid_in_four_parts_as_documented", "USD", "2.00");
    assert_eq!(four.received(), Some(Fact::Proven(&amount("2.40"))));
    assert_eq!(four.difference(), Some(&Difference::Over(amount("0.40"))));
}
