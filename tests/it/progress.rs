//! The tables at `Progress`, pair by pair, and states of real callbacks.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use payhook::b2binpay::{
    ExpectedAmount, PayoutStatus, TrackingIds, TransferStatus, prove_by_deposit,
    prove_by_source_address,
};
use payhook::citypay::{Account, DepositCallback, DepositStatus, OrderCallback, OrderStatus};
use payhook::{
    AddressRanges, Callback, Progress, State, Status, Unverified, Verified, VerifyError, b2binpay,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{TIME, body, signed, verify, with_transfer, without_transfer};

use Progress::{Advance, Conflict, Duplicate, LateMoney, Regression, Stale};

const TRANSFERS: [(&str, &str); 8] = [
    ("created", "transfer 0"),
    ("unconfirmed", "transfer 1"),
    ("confirmed", "transfer 2"),
    ("failed", "transfer -1"),
    ("blocked", "transfer -2"),
    ("canceled", "transfer -3"),
    ("unknown", "transfer 7"),
    ("other", "transfer -2147483648"),
];
const DEPOSITS: [(&str, &str); 6] = [
    ("created", "deposit 2"),
    ("paid", "deposit 3"),
    ("canceled", "deposit 4"),
    ("unresolved", "deposit 5"),
    ("unknown", "deposit 7"),
    ("other", "deposit 1"),
];
const PAYOUTS: [(&str, &str); 5] = [
    ("waiting", "payout 1"),
    ("approved", "payout 2"),
    ("canceled", "payout 3"),
    ("unknown", "payout 7"),
    ("other", "payout 4"),
];
const ORDERS: [(&str, &str); 9] = [
    ("in progress", "order IN_PROGRESS"),
    ("underpaid", "order UNDERPAID"),
    ("paid/unconfirmed", "order PAID_UNCONFIRMED"),
    ("confirmed", "order CONFIRMED"),
    ("overpaid", "order OVERPAID"),
    ("expired", "order EXPIRED"),
    ("canceled", "order CANCELED"),
    ("unknown", "order FROZEN"),
    ("other", "order Held%20back"),
];
const CITYPAY_DEPOSITS: [(&str, &str); 4] = [
    ("pending", "citypay-deposit Pending"),
    ("confirmed", "citypay-deposit Confirmed"),
    ("unknown", "citypay-deposit Frozen"),
    ("other", "citypay-deposit -"),
];
const EITHER_OPERATION: [(&str, &str); 9] = [
    ("deposit created", "deposit 2"),
    ("deposit paid", "deposit 3"),
    ("deposit canceled", "deposit 4"),
    ("deposit unresolved", "deposit 5"),
    ("deposit unknown", "deposit 7"),
    ("payout waiting", "payout 1"),
    ("payout approved", "payout 2"),
    ("payout canceled", "payout 3"),
    ("payout unknown", "payout 7"),
];

/// A letter for each step: its word in the docs, and what it comes to without
/// both times or with the same, with a later one, with an earlier one.
const STEPS: [(char, &str, [Progress; 3]); 9] = [
    ('a', "advance", [Advance, Advance, Advance]),
    ('b', "back", [Stale, Regression, Stale]),
    ('x', "conflict", [Conflict, Conflict, Conflict]),
    ('w', "either way", [Advance, Advance, Stale]),
    ('e', "end", [Advance, Advance, Conflict]),
    ('L', "late money", [LateMoney, LateMoney, LateMoney]),
    ('=', "same", [Duplicate, Duplicate, Duplicate]),
    ('s', "seen", [LateMoney, LateMoney, Stale]),
    ('.', "stale", [Stale, Stale, Stale]),
];

type Named = (&'static str, &'static str);

struct Table {
    heading: &'static str,
    known: &'static [Named],
    next: &'static [Named],
    /// A row for each known status, a letter for each new one.
    steps: &'static [&'static str],
}

const TABLES: [Table; 8] = [
    Table {
        heading: "B2BINPAY, transfers",
        known: TRANSFERS.split_at(7).0,
        next: &TRANSFERS,
        steps: &[
            "=aaaaaxx", "b=aeeexx", "bb=xxxxx", "bsL=xxxx", "bsLx=xxx", "bsLxx=xx", "xxxxxx=x",
        ],
    },
    Table {
        heading: "B2BINPAY, deposits without a transfer",
        known: DEPOSITS.split_at(5).0,
        next: &DEPOSITS,
        steps: &["=aaaxx", "b=xaxx", "bL=Lxx", "bwx=xx", "xxxx=x"],
    },
    Table {
        heading: "B2BINPAY, payouts without a transfer",
        known: PAYOUTS.split_at(4).0,
        next: &PAYOUTS,
        steps: &["=aaxx", "b=xxx", "bx=xx", "xxx=x"],
    },
    Table {
        heading: "B2BINPAY, from a deposit or payout to its transfer",
        known: &EITHER_OPERATION,
        next: TRANSFERS.split_at(7).0,
        steps: &[
            "aaaaaax", "bbaxxxx", "xLLaaax", "bbaxxxx", "xxxxxxx", "aaaaaax", "aaaaaax", "xLLaaax",
            "xxxxxxx",
        ],
    },
    Table {
        heading: "B2BINPAY, from a transfer to its deposit",
        known: TRANSFERS.split_at(7).0,
        next: DEPOSITS.split_at(5).0,
        steps: &[
            ".axax", ".axax", ".=xax", ".L=Lx", ".L=Lx", ".L=Lx", "xxxxx",
        ],
    },
    Table {
        heading: "B2BINPAY, from a transfer to its payout",
        known: TRANSFERS.split_at(7).0,
        next: PAYOUTS.split_at(4).0,
        steps: &["b.xx", "b.xx", "b.xx", "b.=x", "b.=x", "b.=x", "xxxx"],
    },
    Table {
        heading: "CityPay.io, orders",
        known: ORDERS.split_at(8).0,
        next: &ORDERS,
        steps: &[
            "=aaaaaaxx",
            ".=waaxxxx",
            ".w=aaxxxx",
            "bbb=axxxx",
            "bbbw=xxxx",
            "bLLLL=xxx",
            "bLLLLx=xx",
            "xxxxxxx=x",
        ],
    },
    Table {
        heading: "CityPay.io, deposits",
        known: CITYPAY_DEPOSITS.split_at(3).0,
        next: &CITYPAY_DEPOSITS,
        steps: &["=axx", "b=xx", "xx=x"],
    },
];

fn step(letter: char) -> (&'static str, [Progress; 3]) {
    let (_, word, answers) = STEPS.iter().find(|step| step.0 == letter).unwrap();
    (word, *answers)
}

fn state(text: &str) -> State {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

/// The same at this minute.
fn at(text: &str, minute: u32) -> State {
    state(&format!("{text} time=2026-03-02T09:{minute:02}:00Z"))
}

/// Every way in which the two times can lie, with what it comes to.
fn check(known: &str, next: &str, [untimed, later, earlier]: [Progress; 3]) {
    let assert = |known: State, next: State, expected: Progress| {
        assert_eq!(known.progress(&next), expected, "{known} -> {next}");
    };
    assert(state(known), state(next), untimed);
    let has_time = |text: &str| !text.starts_with("citypay-deposit");
    if has_time(known) {
        assert(at(known, 16), state(next), untimed);
    }
    if has_time(next) {
        assert(state(known), at(next, 16), untimed);
    }
    if has_time(known) && has_time(next) {
        assert(at(known, 16), at(next, 16), untimed);
        assert(at(known, 16), at(next, 17), later);
        assert(at(known, 17), at(next, 16), earlier);
    }
}

fn all() -> Vec<&'static str> {
    let scales: [&[Named]; 5] = [&TRANSFERS, &DEPOSITS, &PAYOUTS, &ORDERS, &CITYPAY_DEPOSITS];
    scales.concat().iter().map(|(_, text)| *text).collect()
}

#[test]
fn every_pair() {
    let mut seen = BTreeSet::new();
    for table in TABLES {
        assert_eq!(table.known.len(), table.steps.len(), "{}", table.heading);
        for ((_, known), steps) in table.known.iter().zip(table.steps) {
            assert_eq!(table.next.len(), steps.len(), "{} {steps}", table.heading);
            for ((_, next), letter) in table.next.iter().zip(steps.chars()) {
                check(known, next, step(letter).1);
                assert!(seen.insert((*known, *next)), "{known} {next} twice");
            }
        }
    }
    // Other gateways, other kinds, other unknown values.
    for known in all() {
        for next in all() {
            if !seen.contains(&(known, next)) {
                let expected = if known == next { Duplicate } else { Conflict };
                check(known, next, [expected; 3]);
            }
        }
    }
    assert_eq!(all().len().pow(2), 1024);
}

/// The tables of the documentation, by the heading above them.
fn documented() -> BTreeMap<&'static str, Vec<Vec<&'static str>>> {
    let mut tables: BTreeMap<_, Vec<Vec<_>>> = BTreeMap::new();
    let mut heading = "";
    for line in include_str!("../../src/progress.rs").lines() {
        if let Some(text) = line.strip_prefix("/// # ") {
            heading = text;
        } else if let Some(row) = line.strip_prefix("/// |")
            && !row.starts_with("---")
        {
            let cells = row.strip_suffix('|').unwrap().split('|').map(str::trim);
            tables.entry(heading).or_default().push(cells.collect());
        }
    }
    tables
}

#[test]
fn the_docs_have_the_tables_that_are_tested() {
    let mut documented = documented();
    for table in TABLES {
        let names = |named: &[Named]| named.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        let mut expected = vec![[vec![""], names(table.next)].concat()];
        for (name, steps) in names(table.known).into_iter().zip(table.steps) {
            let words = steps.chars().map(|letter| step(letter).0).collect();
            expected.push([vec![name], words].concat());
        }
        assert_eq!(documented.remove(table.heading), Some(expected));
    }
    let mut legend = vec![vec![
        "step",
        "no times, or the same",
        "made later",
        "made earlier",
    ]];
    for (_, word, answers) in &STEPS {
        legend.push([vec![*word], answers.iter().map(Progress::as_str).collect()].concat());
    }
    assert_eq!(documented.remove("The words in the tables"), Some(legend));
    assert!(documented.is_empty(), "{documented:?}");
}

#[test]
fn what_each_answer_asks_for() {
    for (progress, word, stores, review) in [
        (Advance, "advance", true, false),
        (Conflict, "conflict", false, true),
        (Duplicate, "duplicate", false, false),
        (LateMoney, "late money", true, true),
        (Regression, "regression", false, true),
        (Stale, "stale", false, false),
    ] {
        assert_eq!(progress.as_str(), word);
        assert_eq!(format!("{progress:>12}"), format!("{word:>12}"));
        assert_eq!(progress.should_store(), stores, "{word}");
        assert_eq!(progress.needs_review(), review, "{word}");
    }
}

#[test]
fn money_that_is_there_is_never_overwritten() {
    let settled = [
        "transfer 2",
        "deposit 3",
        "deposit 5",
        "order CONFIRMED",
        "order OVERPAID",
        "citypay-deposit Confirmed",
    ];
    for known in settled {
        for next in all() {
            if state(known).progress(&state(next)).should_store() {
                assert!(settled.contains(&next), "{known} -> {next}");
            }
        }
    }
}

#[test]
fn money_after_the_end_is_never_swallowed() {
    let over = [
        "transfer -1",
        "transfer -2",
        "transfer -3",
        "deposit 4",
        "payout 3",
        "order EXPIRED",
        "order CANCELED",
    ];
    let money = [
        "transfer 1",
        "transfer 2",
        "deposit 3",
        "deposit 5",
        "order UNDERPAID",
        "order PAID_UNCONFIRMED",
        "order CONFIRMED",
        "order OVERPAID",
    ];
    for known in over {
        for next in money {
            let progress = state(known).progress(&state(next));
            assert!(progress.needs_review(), "{known} -> {next}");
            let one_payment = known.starts_with("order") == next.starts_with("order")
                && !(known.starts_with("payout") && next.starts_with("deposit"));
            assert_eq!(progress == LateMoney, one_payment, "{known} -> {next}");
        }
    }
}

/// With signed times, two callbacks about a transfer leave the same behind in
/// either order, but where the gateway takes back what it called final.
#[test]
fn the_order_of_arrival_does_not_matter() {
    let stored = |first: &State, second: &State| {
        let progress = first.progress(second);
        let last = if progress.should_store() {
            second
        } else {
            first
        };
        (last.status().clone(), progress.needs_review())
    };
    for (name, earlier) in TRANSFERS {
        for (other, later) in TRANSFERS {
            let (earlier, later) = (at(earlier, 16), at(later, 17));
            let (straight, review) = stored(&earlier, &later);
            let (reversed, reversed_review) = stored(&later, &earlier);
            if straight != reversed {
                assert!(review && reversed_review, "{name} {other}");
                assert!(earlier.status() == &straight && later.status() == &reversed);
            }
        }
    }
}

#[test]
fn confirmations() {
    for (known, next, expected) in [
        ("", "", [Duplicate; 3]),
        ("", " confirmations=0", [Advance; 3]),
        (" confirmations=2", "", [Duplicate; 3]),
        (" confirmations=2", " confirmations=2", [Duplicate; 3]),
        (" confirmations=2", " confirmations=3", [Advance; 3]),
        (
            " confirmations=3",
            " confirmations=2",
            [Stale, Regression, Stale],
        ),
    ] {
        for (_, status) in TRANSFERS {
            check(
                &format!("{status}{known}"),
                &format!("{status}{next}"),
                expected,
            );
        }
    }
    // They never outweigh a status.
    check(
        "transfer 2 confirmations=3",
        "transfer 1 confirmations=900",
        [Stale, Regression, Stale],
    );
    check(
        "transfer 1 confirmations=900",
        "transfer 2 confirmations=3",
        [Advance; 3],
    );
    check("transfer 2 confirmations=3", "deposit 3", [Duplicate; 3]);
}

#[test]
fn text_and_back() {
    let word = "Ž".repeat(40);
    let extremes = [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC];
    for status in [
        Status::Order(OrderStatus::from("")),
        Status::Order(OrderStatus::from("-")),
        Status::Order(OrderStatus::from("a b\n%20=ж\0")),
        Status::Order(OrderStatus::from(word.as_str())),
        Status::CityPayDeposit(DepositStatus::from(word.as_str())),
        Status::Payout(PayoutStatus::from_code(i32::MIN)),
        Status::Transfer(TransferStatus::from_code(i32::MAX)),
        Status::Deposit(b2binpay::DepositStatus::from_code(i32::MIN)),
    ] {
        for time in extremes {
            let state = State::from(status.clone()).asked_at(time);
            let text = state.to_string();
            assert!(text.is_ascii() && text.len() <= 255, "{text}");
            assert!(!text.contains(|c: char| c.is_control()), "{text}");
            assert_eq!(text.parse(), Ok(state), "{text}");
        }
    }
    for text in all() {
        assert_eq!(state(text).to_string(), text);
    }
    let text = "transfer 1 confirmations=4294967295 time=2026-03-02T09:16:02.551870Z";
    assert_eq!(state(text).confirmations(), Some(u32::MAX));
    assert_eq!(state(text).time(), Some(TIME.parse().unwrap()));
    assert_eq!(state(text).to_string(), text);
    let text = "order PAID_UNCONFIRMED time=2026-03-02T09:16:02Z behind";
    assert!(state(text).is_behind());
    assert_eq!(state(text).to_string(), text);
    assert_eq!(format!("{:>12}|", state("payout 2")), "    payout 2|");
    assert_eq!(state("payout 2").status().to_string(), "payout approved");
    assert_eq!(
        state("citypay-deposit Pending").status().to_string(),
        "deposit Pending"
    );
}

#[test]
fn a_promoted_word_is_read_in_any_spelling() {
    assert_eq!(
        state("order Paid%2FUnconfirmed"),
        state("order PAID_UNCONFIRMED")
    );
}

/// Cut, an unknown word must not turn into one that is known.
#[test]
fn a_long_word_stays_unknown() {
    let word = format!("CONFIRMED{}of sorts", " ".repeat(90));
    let long = State::from(Status::Order(OrderStatus::from(word.as_str())));
    let Status::Order(status) = long.status() else {
        panic!("{long}");
    };
    assert!(!status.is_known() && status.as_str().len() == 64);
    assert!(!long.status().is_known());
    assert_eq!(state("order CONFIRMED").progress(&long), Conflict);
    assert_eq!(state(&long.to_string()), long);
}

#[test]
fn garbage_is_refused() {
    let long = format!("order {}", "a".repeat(65));
    for text in [
        "",
        " ",
        "transfer",
        "transfer ",
        "transfer +2",
        "transfer 02",
        "transfer 2 ",
        " transfer 2",
        "transfer  2",
        "transfer 2\n",
        "Transfer 2",
        "transfer 2147483648",
        "transfer confirmed",
        "transfer 2 confirmations=",
        "transfer 2 confirmations=-1",
        "transfer 2 confirmations=+1",
        "transfer 2 confirmations=1 confirmations=1",
        "transfer 2 time=2026-03-02T09:16:02Z confirmations=1",
        "transfer 2 time=2026-03-02",
        "transfer 2 time=2026-03-02T09:16:02+00:00",
        "transfer 2 time=2026-03-02T13:16:02+04:00",
        "transfer 2 behind",
        "transfer 2 final",
        "deposit 2 confirmations=1",
        "payout 1 behind",
        "order",
        "order ",
        "order CONFIRMED behind behind",
        "order CONFIRMED confirmations=1",
        "order %ff",
        "order %",
        "order %2f",
        "order %43ONFIRMED",
        "order Paid/Unconfirmed",
        "order Held back",
        "citypay-deposit Pending time=2026-03-02T09:16:02Z",
        "swap 2",
        &long,
    ] {
        assert!(text.parse::<State>().is_err(), "{text:?}");
    }
    assert_eq!(
        "".parse::<State>().unwrap_err().to_string(),
        "expected a state such as `transfer 2 confirmations=3 time=2026-03-02T09:16:02Z`"
    );
}

proptest! {
    #[test]
    fn reading_never_panics(text in any::<String>()) {
        let _ = text.parse::<State>();
    }

    #[test]
    fn what_is_read_is_what_is_written(
        text in "(transfer|deposit|payout|order|citypay-deposit) \
                 (-?[0-9]{1,11}|[A-Za-z0-9_%-]{0,12})\
                 ( confirmations=[0-9]{1,11})?\
                 ( time=[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{3})?Z)?\
                 ( behind)?",
    ) {
        if let Ok(state) = text.parse::<State>() {
            let written = state.to_string();
            prop_assert_eq!(written.parse(), Ok(state.clone()));
            prop_assert!(written == text || matches!(state.status(), Status::Order(_) | Status::CityPayDeposit(_)));
        }
    }

    #[test]
    fn any_word_goes_there_and_back(word in any::<String>()) {
        let state = State::from(Status::Order(OrderStatus::from(word.as_str())));
        let text = state.to_string();
        prop_assert!(text.is_ascii() && text.len() <= 255);
        prop_assert_eq!(text.parse(), Ok(state));
    }

    #[test]
    fn any_code_goes_there_and_back(code in any::<i32>(), count in any::<u32>()) {
        let text = format!("transfer {code} confirmations={count}");
        prop_assert_eq!(state(&text).to_string(), text);
    }
}

/// A signed transfer, `minute` minutes past nine.
fn transfer(status: i32, confirmations: Value, minute: u32) -> Verified<Callback> {
    let time = format!("2026-03-02T09:{minute:02}:00Z");
    let mut body = with_transfer("deposit", "order-1", "1.5");
    body["included"][1]["attributes"]["status"] = json!(status);
    body["included"][1]["attributes"]["confirmations"] = confirmations;
    body["meta"]["time"] = json!(time);
    let body = signed(body, &format!("{status}1.5order-1{time}"));
    verify(&body, TrackingIds::Prefixed)
        .unwrap()
        .into_callback()
}

fn of(callback: &Verified<Callback>) -> State {
    State::of(callback).unwrap()
}

#[test]
fn signed_transfers() {
    let unconfirmed = of(&transfer(1, json!(1), 10));
    assert_eq!(
        unconfirmed.to_string(),
        "transfer 1 confirmations=1 time=2026-03-02T09:10:00Z"
    );
    let confirmed = of(&transfer(2, json!(3), 20));
    assert_eq!(unconfirmed.progress(&confirmed), Advance);
    assert_eq!(confirmed.progress(&confirmed), Duplicate);
    assert_eq!(confirmed.progress(&unconfirmed), Stale);
    assert_eq!(
        confirmed.progress(&of(&transfer(1, json!(1), 30))),
        Regression
    );
    assert_eq!(confirmed.progress(&of(&transfer(2, json!(9), 30))), Advance);
    assert_eq!(
        confirmed.progress(&of(&transfer(2, json!(null), 30))),
        Duplicate
    );
    assert_eq!(
        confirmed.progress(&of(&transfer(-2, json!(3), 30))),
        Conflict
    );
    let failed = of(&transfer(-1, json!(null), 20));
    assert_eq!(unconfirmed.progress(&failed), Advance);
    assert_eq!(failed.progress(&unconfirmed), Stale);
    assert_eq!(failed.progress(&of(&transfer(1, json!(0), 30))), LateMoney);
    assert_eq!(failed.progress(&confirmed), LateMoney);
}

/// The signed status counts, and not the deposit's own.
#[test]
fn a_transfer_speaks_for_its_deposit() {
    for (kind, own) in [("deposit", 4), ("deposit", 5), ("payout", 3), ("payout", 9)] {
        let mut body = with_transfer(kind, "order-1", "1.5");
        body["data"]["attributes"]["status"] = json!(own);
        let body = signed(body, &format!("21.5order-1{TIME}"));
        let callback = verify(&body, TrackingIds::Prefixed).unwrap();
        let state = of(&callback.into_callback());
        assert_eq!(*state.status(), Status::Transfer(TransferStatus::Confirmed));
        assert_eq!(state.confirmations(), Some(3));
        assert_eq!(state.time(), Some(TIME.parse().unwrap()));
    }
}

fn no_transfer(kind: &str, status: i32) -> Verified<Callback> {
    let front = if kind == "deposit" {
        status.to_string()
    } else {
        String::new()
    };
    let body = signed(
        without_transfer(kind, "order-1", status),
        &format!("{front}order-1{TIME}"),
    );
    verify(&body, TrackingIds::Prefixed)
        .unwrap()
        .into_callback()
}

#[test]
fn no_transfer_and_then_one() {
    let expired = of(&no_transfer("deposit", 4));
    assert_eq!(
        expired.to_string(),
        "deposit 4 time=2026-03-02T09:16:02.551870Z"
    );
    assert_eq!(expired.progress(&of(&transfer(2, json!(3), 20))), LateMoney);
    assert_eq!(of(&transfer(2, json!(3), 10)).progress(&expired), Conflict);
    let rejected = of(&no_transfer("payout", 3));
    assert_eq!(
        rejected.progress(&of(&transfer(1, json!(0), 20))),
        LateMoney
    );
    assert_eq!(rejected.progress(&expired), Conflict);
    assert_eq!(of(&no_transfer("payout", 1)).progress(&rejected), Advance);
}

fn unsigned(body: &Value) -> Unverified<b2binpay::TransferCallback> {
    match verify(body, TrackingIds::Prefixed) {
        Err(VerifyError::Unsigned(callback)) => *callback,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_a_signature() {
    let expired = without_transfer("deposit", "order-1", 4);
    let ranges = AddressRanges::parse(["203.0.113.1"]).unwrap();
    let peer = "203.0.113.1".parse().unwrap();
    let by_address = prove_by_source_address(unsigned(&expired), peer, &ranges).unwrap();
    assert_eq!(of(&by_address.into_callback()), state("deposit 4"));

    // The answer counts, also where it has no status.
    for (answer, expected) in [(Some(5), Some("deposit 5")), (None, None)] {
        let mut fetched = expired.clone();
        fetched["data"]["attributes"]["status"] = json!(answer);
        let fetched = fetched.to_string();
        let by_api = prove_by_deposit(unsigned(&expired), fetched.as_bytes()).unwrap();
        let found = State::of(&by_api.into_callback());
        assert_eq!(found, expected.map(state));
    }

    let mut silent = without_transfer("payout", "order-1", 3);
    silent["data"]["attributes"]["status"] = json!(null);
    let silent = prove_by_source_address(unsigned(&silent), peer, &ranges).unwrap();
    assert_eq!(State::of(&silent.into_callback()), None);
}

#[test]
fn while_the_text_is_undivided_nothing_is_said() {
    let with = signed(
        with_transfer("deposit", "17", "1.5"),
        &format!("21.517{TIME}"),
    );
    let callback = verify(&with, TrackingIds::Unrestricted).unwrap();
    assert_eq!(State::of(&callback.clone().into_callback()), None);
    let resolved = callback.resolve("17", &ExpectedAmount::WithScale(1));
    let resolved = of(&resolved.unwrap().into_callback());
    assert_eq!(
        *resolved.status(),
        Status::Transfer(TransferStatus::Confirmed)
    );

    let without = signed(without_transfer("payout", "17", 3), &format!("17{TIME}"));
    let callback = verify(&without, TrackingIds::Unrestricted).unwrap();
    assert_eq!(State::of(&callback.into_callback()), None);
}

/// An order callback that says one thing, and the endpoint's answer to it.
fn order(told: &str, answered: &str) -> State {
    let told = json!({"type": "order", "order_token": "t", "status": told}).to_string();
    let answer = json!({
        "success": true,
        "data": {"token": "t", "customerId": "5120", "status": {"code": answered}},
    });
    let order = Unverified::<OrderCallback>::parse(told.as_bytes()).unwrap();
    let account = Account::new("5120").unwrap();
    let order = account.prove_order(order, "t", answer.to_string().as_bytes());
    of(&order.unwrap().into_callback())
}

#[test]
fn an_order_whose_answers_run_ahead() {
    let ahead = order("PAID_UNCONFIRMED", "CONFIRMED");
    assert_eq!(ahead, state("order CONFIRMED"));
    assert_eq!(state("order IN_PROGRESS").progress(&ahead), Advance);
    // Its own callback comes later, and is no news.
    assert_eq!(ahead.progress(&order("CONFIRMED", "CONFIRMED")), Duplicate);
}

#[test]
fn an_order_whose_answers_lag_behind() {
    let behind = order("CONFIRMED", "PAID_UNCONFIRMED");
    assert_eq!(behind, state("order PAID_UNCONFIRMED behind"));
    for (known, expected) in [
        ("IN_PROGRESS", Advance),
        ("PAID_UNCONFIRMED", Duplicate),
        ("CONFIRMED", Stale),
        ("OVERPAID", Stale),
        ("CANCELED", LateMoney),
        ("FROZEN", Conflict),
    ] {
        let known = state(&format!("order {known} time=2026-03-02T09:16:00Z"));
        assert_eq!(known.progress(&behind), expected, "{known}");
        let asked = behind
            .clone()
            .asked_at("2026-03-02T09:17:00Z".parse().unwrap());
        assert_eq!(known.progress(&asked), expected, "{known}");
    }
    // The callback tells of money, and the answer of none.
    for answered in ["CANCELED", "EXPIRED"] {
        for told in ["CONFIRMED", "OVERPAID"] {
            let behind = order(told, answered);
            assert!(behind.is_behind());
            for (_, known) in ORDERS {
                assert_eq!(state(known).progress(&behind), Conflict, "{known}");
            }
        }
    }
}

/// An answer that lags behind takes nothing back; that nothing came, in spite of
/// the callback, is a contradiction.
#[test]
fn every_pair_of_orders_whose_answers_lag_behind() {
    let mut tables = TABLES.iter();
    let table = tables
        .find(|table| table.heading == "CityPay.io, orders")
        .unwrap();
    for ((_, known), steps) in table.known.iter().zip(table.steps) {
        for ((_, next), letter) in table.next.iter().zip(steps.chars()) {
            let behind =
                |minute| state(&format!("{next} time=2026-03-02T09:{minute:02}:00Z behind"));
            let expected = match step(letter).1 {
                _ if ["order CANCELED", "order EXPIRED"].contains(next) => [Conflict; 3],
                answers => answers.map(|answer| if answer == Regression { Stale } else { answer }),
            };
            for (minute, expected) in [16, 17, 15].into_iter().zip(expected) {
                let (known, next) = (at(known, 16), behind(minute));
                assert_eq!(known.progress(&next), expected, "{known} -> {next}");
            }
        }
    }
}

#[test]
fn an_order_that_goes_back() {
    let time = |minute: u32| format!("2026-03-02T09:{minute:02}:00Z").parse().unwrap();
    let known = order("CONFIRMED", "CONFIRMED");
    let back = order("UNDERPAID", "UNDERPAID");
    assert_eq!(known.progress(&back), Stale);
    let known = known.asked_at(time(16));
    assert_eq!(known.progress(&back), Stale);
    assert_eq!(known.progress(&back.clone().asked_at(time(15))), Stale);
    assert_eq!(known.progress(&back.asked_at(time(17))), Regression);
}

#[test]
fn an_order_that_is_not_proven_says_nothing() {
    let account = Account::new("5120").unwrap();
    let order = Unverified::parse(&body("citypay-order-confirmed.json")).unwrap();
    let order = account.prove_order_by_record(order, "tok_4f9c1b7e");
    assert_eq!(State::of(&order.unwrap().into_callback()), None);
}

#[test]
fn an_order_that_the_merchant_saw_expire() {
    let expired = State::from(Status::Order(OrderStatus::Expired));
    let paid = order("CONFIRMED", "CONFIRMED");
    assert_eq!(expired.progress(&paid), LateMoney);
    let unasked = state("deposit 2");
    assert_eq!(unasked.clone().asked_at(TIME.parse().unwrap()), unasked);
}

#[test]
fn citypay_deposits() {
    let account = Account::new("5120").unwrap();
    let deposit = |status: Value| {
        let body = json!({"type": "deposit", "deposit_token": "d", "received_amount": 1, "status": status});
        let body = Unverified::<DepositCallback>::parse(body.to_string().as_bytes()).unwrap();
        let proven = account.prove_deposit_by_record(body, "d").unwrap();
        State::of(&proven.into_callback())
    };
    let pending = deposit(json!("Pending")).unwrap();
    let confirmed = deposit(json!("Confirmed")).unwrap();
    assert_eq!(pending, state("citypay-deposit Pending"));
    assert_eq!(pending.progress(&confirmed), Advance);
    assert_eq!(confirmed.progress(&pending), Stale);
    assert_eq!(deposit(json!(null)), None);
    assert!(!deposit(json!("x".repeat(900))).unwrap().status().is_known());
}
