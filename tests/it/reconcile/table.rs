//! The table at `Verdict`, as it is documented: each row in its place, with a
//! callback that it applies to and, where that can be, rows below it as well.

use payhook::b2binpay::{TrackingIds, prove_by_source_address};
use payhook::{AddressRanges, Callback, Expected, Verdict, Verified, VerifyError};
use serde_json::{Value, json};

use super::b2binpay::deposit;
use super::citypay::{TOKEN, order};
use super::undivided::shown;
use super::{amount, at};
use crate::support::{TIME, signed, verify, with_transfer, without_transfer};

/// What one transfer's `status` makes of the deposit.
fn with_status(status: i32) -> Verified<Callback> {
    deposit("0.5", |body| {
        body["included"][1]["attributes"]["status"] = json!(status);
    })
}

/// Not signed, and sent from an address of the gateway's.
fn reported(kind: &str, status: i32) -> Verified<Callback> {
    let body = without_transfer(kind, "order-1", status);
    let Err(VerifyError::Unsigned(callback)) = verify(&body, TrackingIds::Prefixed) else {
        panic!("signed");
    };
    let ranges = AddressRanges::parse(["203.0.113.1"]).unwrap();
    let peer = "203.0.113.1".parse().unwrap();
    let proven = prove_by_source_address(*callback, peer, &ranges).unwrap();
    proven.into_callback()
}

fn answered(status: &str, transactions: &Value) -> Verified<Callback> {
    // Of money that was told of, an end would merely lag behind.
    let told = if status == "CONFIRMED" {
        "confirmed"
    } else {
        "canceled"
    };
    order(told, |answer| {
        answer["status"] = json!(status);
        answer["transactions"] = transactions.clone();
    })
}

fn eth(reference: &str) -> Expected {
    Expected::deposit(reference, "ETH")
}

/// What is measured after all that is asked for first.
fn hopeless(expected: Expected) -> Expected {
    expected
        .amount(amount("-1"))
        .scale(3)
        .deadline(at("2020-01-01T00:00:00Z"))
}

/// What is found, and where.
type Row = (&'static str, Vec<(Expected, Verified<Callback>)>);

fn cases() -> Vec<Row> {
    let bitcoin = || Expected::order(TOKEN, "BTC").amount(amount("0.00065270"));
    let half = || deposit("0.5", |_| ());
    let without_currency = || {
        deposit("0.5", |body| {
            body["included"][0] = json!({"type": "fee"});
        })
    };
    let nameless = signed(with_transfer("deposit", "", "0.5"), &format!("20.5{TIME}"));
    let nameless = verify(&nameless, TrackingIds::Unused).unwrap();
    let overpaid = order("overpaid", |_| ());
    vec![
        (
            "a callback of the other gateway, or of another sort than the expected one's",
            vec![
                (Expected::order("", "DOGE"), with_status(-3)),
                (eth(""), overpaid.clone()),
            ],
        ),
        (
            "an empty expected reference; no reference in the callback",
            vec![
                (hopeless(eth("")), half()),
                (hopeless(eth("")), nameless.into_callback()),
            ],
        ),
        (
            "an undivided text, and nothing expected that could divide it",
            vec![(eth("17"), shown("10.5017", "10.50", "17"))],
        ),
        (
            "another reference; an undivided text that is not made of what is expected",
            vec![
                (
                    hopeless(Expected::payout("order-2", "BTC")),
                    with_status(-3),
                ),
                (eth("18").scale(2), shown("10.5017", "10.50", "17")),
            ],
        ),
        (
            "the right reference, merely reported",
            vec![(
                hopeless(Expected::payout("order-1", "BTC")),
                reported("deposit", 4),
            )],
        ),
        (
            "a deposit where a payout is expected, or the other way round",
            vec![(
                hopeless(Expected::payout("order-1", "BTC")),
                with_status(-3),
            )],
        ),
        (
            "another currency",
            vec![(
                hopeless(Expected::deposit("order-1", "BTC")),
                with_status(-3),
            )],
        ),
        (
            "outcome pending",
            vec![(hopeless(eth("order-1")), with_status(1))],
        ),
        (
            "outcome blocked, canceled, expired or failed",
            vec![
                (hopeless(eth("order-1")), with_status(-1)),
                (hopeless(eth("order-1")), with_status(-2)),
                (hopeless(eth("order-1")), with_status(-3)),
                (bitcoin(), answered("EXPIRED", &json!([]))),
            ],
        ),
        (
            "… of an order that has transactions; of a payout, merely reported",
            vec![(bitcoin(), order("canceled", |_| ()))],
        ),
        (
            "outcome needs review, overpaid or unknown; settled, merely reported",
            vec![
                (bitcoin(), overpaid),
                (bitcoin(), answered("FROZEN", &json!([]))),
                (hopeless(eth("order-1")), with_status(7)),
            ],
        ),
        (
            "outcome underpaid, where the expected amount is not missed, or there is none",
            vec![
                (Expected::order(TOKEN, "BTC"), order("underpaid", |_| ())),
                (
                    Expected::order(TOKEN, "BTC").amount(amount("0.00013489")),
                    order("underpaid", |_| ()),
                ),
            ],
        ),
        (
            "no currency in the callback",
            vec![(hopeless(eth("order-1")), without_currency())],
        ),
        (
            "a signed amount with another number of fraction digits than expected",
            vec![(hopeless(eth("order-1")), half())],
        ),
        (
            "an expected amount, tolerance or amount already received below zero",
            vec![
                (hopeless(eth("order-1")).scale(1), half()),
                (eth("order-1").tolerance(amount("-1")), half()),
                (
                    eth("order-1").already_received(amount("-1")),
                    deposit("0.0", |_| ()),
                ),
            ],
        ),
        (
            "no amount or zero; a transaction of the order without one",
            vec![
                (
                    eth("order-1").deadline(at("2020-01-01T00:00:00Z")),
                    deposit("0.0", |_| ()),
                ),
                (bitcoin(), answered("CONFIRMED", &json!([{"id": 1}]))),
            ],
        ),
        (
            "a deadline, and no time to compare it with",
            vec![(
                bitcoin().deadline(at("2020-01-01T00:00:00Z")),
                answered(
                    "CONFIRMED",
                    &json!([{"amount": {"base": 7}, "amountFiat": {"base": "7"}}]),
                ),
            )],
        ),
        (
            "made after the deadline",
            vec![(
                eth("order-1")
                    .amount(amount("9"))
                    .deadline(at("2020-01-01T00:00:00Z")),
                deposit("0.5", |body| {
                    body["included"][1]["attributes"]["created_at"] = json!(TIME);
                }),
            )],
        ),
        (
            "more than expected, beyond the tolerance",
            vec![(
                eth("order-1")
                    .amount(amount("0.3"))
                    .tolerance(amount("0.1")),
                half(),
            )],
        ),
        (
            "less than expected, beyond the tolerance; underpaid",
            vec![
                (
                    eth("order-1")
                        .amount(amount("0.7"))
                        .tolerance(amount("0.1")),
                    half(),
                ),
                (bitcoin(), order("underpaid", |_| ())),
            ],
        ),
        (
            "all else",
            vec![
                (eth("order-1"), half()),
                (
                    eth("order-1")
                        .amount(amount("0.4"))
                        .tolerance(amount("0.1")),
                    half(),
                ),
                (bitcoin(), order("confirmed", |_| ())),
            ],
        ),
    ]
}

/// The rows of the documentation.
fn documented() -> Vec<(&'static str, &'static str)> {
    let lines = include_str!("../../../src/reconcile/verdict.rs").lines();
    let rows = lines.filter_map(|line| line.strip_prefix("/// | ")?.strip_suffix(" |"));
    rows.map(|row| row.split_once(" | ").unwrap())
        .skip_while(|row| row.0 != "what is found")
        .skip(1)
        .collect()
}

#[test]
fn the_first_row_that_applies() {
    let (documented, cases) = (documented(), cases());
    let tested: Vec<_> = cases.iter().map(|(found, _)| *found).collect();
    let found: Vec<_> = documented.iter().map(|(found, _)| *found).collect();
    assert_eq!(found, tested);
    for ((found, verdict), (_, cases)) in documented.iter().zip(&cases) {
        for (expected, callback) in cases {
            let word = match expected.reconcile(callback).verdict() {
                Verdict::NeedsReview(reason) => format!("needs review: {}", reason.as_str()),
                other => other.as_str().to_owned(),
            };
            assert_eq!(word, *verdict, "{found}: {expected:?}");
        }
    }
}
