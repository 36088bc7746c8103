//! Lifecycles as the gateways report them: with retries, duplicates and late callbacks,
//! and reproducible.

mod shop;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta};
use payhook::b2binpay::{DepositStatus, Key, Operation, TrackingIds, TransferStatus, Verifier};
use payhook::citypay::{DepositCallback, OrderCallback, OrderDetails, OrderStatus};
use payhook::testing::b2binpay::CurrencyBuilder;
use payhook::testing::citypay::OrderEndpoint;
use payhook::{Amount, Unverified, VerifyError, b2binpay};
use payhook_conformance::Gateway;
use payhook_conformance::simulator::{
    Delivery, DeliveryCause, FinalState, Payment, Scenario, SimulationError, Simulator, Timeline,
};

use crate::SECRET;

const CUSTOMER: &str = "5120";

fn v3() -> Key {
    Key::callback_secret(SECRET).unwrap()
}

fn v2() -> Key {
    Key::v2_credentials("login", "password").unwrap()
}

fn verifier(key: Key) -> Verifier {
    Verifier::new(key, TrackingIds::Prefixed)
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn is_order(scenario: Scenario) -> bool {
    scenario.as_str().starts_with("order.")
}

fn is_b2binpay(scenario: Scenario) -> bool {
    scenario.gateway() == Gateway::B2binpay
}

fn scenarios(of: fn(Scenario) -> bool) -> impl Iterator<Item = Scenario> {
    Scenario::ALL
        .iter()
        .copied()
        .filter(move |scenario| of(*scenario))
}

fn due(seed: u64) -> (&'static str, &'static str, u32) {
    match seed % 3 {
        0 => ("0.3", "ETH", 18),
        1 => ("125", "USDT", 6),
        _ => ("0.00065270", "BTC", 8),
    }
}

fn payment(scenario: Scenario, seed: u64) -> Payment {
    let (amount, currency, _) = due(seed);
    Payment::new(&format!("{scenario}-{seed}"))
        .amount(amount)
        .currency(currency)
}

fn simulator(seed: u64, key: Key) -> Simulator {
    Simulator::new(seed)
        .key(key)
        .citypay(CUSTOMER, OrderEndpoint::new())
}

/// All deliveries, each answered with the result of `answer`.
fn run(timeline: &mut Timeline, mut answer: impl FnMut(&Delivery) -> Option<u16>) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    while let Some(delivery) = timeline.next_delivery() {
        if let Some(status) = answer(&delivery) {
            timeline.answered(status);
        }
        deliveries.push(delivery);
    }
    deliveries
}

fn accepted(timeline: &mut Timeline) -> Vec<Delivery> {
    run(timeline, |_| Some(200))
}

#[test]
fn callbacks_are_retried_until_accepted() {
    for failures in 0..5 {
        for scenario in Scenario::ALL.iter().copied() {
            let mut timeline = simulator(3, v3()).start(scenario, &payment(scenario, 3));
            let deliveries = run(&mut timeline, |delivery| {
                let fails = delivery.attempt() <= failures;
                Some(if fails { 500 } else { 200 })
            });
            let mut attempts = BTreeMap::<u32, Vec<u32>>::new();
            for delivery in deliveries
                .iter()
                .filter(|it| it.cause() != DeliveryCause::Duplicate)
            {
                let is_first = delivery.attempt() == 1;
                assert_eq!(is_first, delivery.cause() != DeliveryCause::Retry);
                let all = attempts.entry(delivery.callback()).or_default();
                all.push(delivery.attempt());
            }
            let wanted: Vec<_> = (1..=failures + 1).collect();
            assert!(
                attempts.values().all(|all| *all == wanted),
                "{scenario}: {attempts:?}"
            );
            assert_eq!(timeline.given_up(), 0);
        }
    }
}

#[test]
fn attempts_are_bounded() {
    for (attempts, times) in [(0, 1), (1, 1), (4, 4)] {
        for scenario in Scenario::ALL.iter().copied() {
            // A callback without a response is not accepted either.
            for answer in [Some(503), Some(201), None] {
                let simulator = simulator(1, v3()).attempts(attempts);
                let mut timeline = simulator.start(scenario, &payment(scenario, 1));
                let deliveries = run(&mut timeline, |_| answer);
                let own = deliveries
                    .iter()
                    .filter(|it| it.cause() != DeliveryCause::Duplicate);
                let callbacks: BTreeSet<_> = own.clone().map(Delivery::callback).collect();
                assert_eq!(own.count(), callbacks.len() * times, "{scenario}");
                assert_eq!(timeline.given_up(), u32::try_from(callbacks.len()).unwrap());
                assert!(timeline.next_delivery().is_none());
            }
        }
    }
}

#[test]
fn pauses_grow() {
    let scenario = Scenario::DepositExpired;
    let mut timeline = simulator(1, v3()).start(scenario, &payment(scenario, 1));
    let deliveries = run(&mut timeline, |_| Some(500));
    let own: Vec<_> = deliveries.iter().filter(|it| it.callback() == 1).collect();
    let pauses: Vec<_> = own
        .windows(2)
        .filter(|pair| pair[1].cause() == DeliveryCause::Retry)
        .map(|pair| (pair[1].at() - pair[0].at()).num_minutes())
        .collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 128]);
}

#[test]
fn the_same_seed_gives_the_same_deliveries() {
    let answer = |delivery: &Delivery| Some(if delivery.attempt() < 3 { 500 } else { 200 });
    let reported = |seed: u64, start: i64| {
        let start = DateTime::from_timestamp(start, 0).unwrap();
        let simulator = simulator(seed, v3()).starting_at(start).out_of_order(true);
        let lifecycles = Scenario::ALL.iter().map(|scenario| {
            let payment = payment(*scenario, 0);
            let mut timeline = simulator.start(*scenario, &payment);
            run(&mut timeline, answer)
                .iter()
                .map(|it| (it.to_string(), it.body().to_vec()))
                .collect::<Vec<_>>()
        });
        lifecycles.collect::<Vec<_>>()
    };
    let first = reported(7, 1_772_442_600);
    assert_eq!(first, reported(7, 1_772_442_600));
    for (index, scenario) in Scenario::ALL.iter().enumerate() {
        assert_ne!(
            first[index],
            reported(8, 1_772_442_600)[index],
            "{scenario}"
        );
        assert_ne!(
            first[index],
            reported(7, 1_772_442_601)[index],
            "{scenario}"
        );
    }

    // Independent of the lifecycles started before.
    let simulator = simulator(7, v3());
    let mut alone = simulator.start(Scenario::PayoutFailed, &Payment::new("a"));
    let _ = simulator.start(Scenario::PayoutFailed, &Payment::new("b"));
    let mut after = simulator.start(Scenario::PayoutFailed, &Payment::new("a"));
    let bodies = |timeline: &mut Timeline| -> Vec<_> {
        let reported = accepted(timeline);
        reported.iter().map(|it| it.body().to_vec()).collect()
    };
    assert_eq!(bodies(&mut alone), bodies(&mut after));
}

fn parsed(delivery: &Delivery) -> b2binpay::Callback {
    Unverified::parse(delivery.body())
        .unwrap()
        .into_unverified()
}

#[test]
fn every_body_has_the_gateways_form() {
    for (scenario, seed) in Scenario::ALL
        .iter()
        .flat_map(|it| (0..20).map(move |seed| (*it, seed)))
    {
        for key in [v2(), v3()] {
            let scheme = key.scheme();
            let mut timeline =
                simulator(seed, key.clone()).start(scenario, &payment(scenario, seed));
            let mut before = timeline.now();
            for delivery in accepted(&mut timeline) {
                assert_eq!(delivery.gateway(), scenario.gateway());
                assert!(delivery.at() >= before);
                before = delivery.at();
                if scenario == Scenario::CustomerDepositConfirmed {
                    let reported = Unverified::<DepositCallback>::parse(delivery.body()).unwrap();
                    assert_eq!(
                        reported.unverified().status().as_ref().unwrap().as_str(),
                        delivery.label()
                    );
                } else if is_order(scenario) {
                    let reported = Unverified::<OrderCallback>::parse(delivery.body()).unwrap();
                    let status = reported.unverified().status().unwrap();
                    assert_eq!(status.as_str(), delivery.label());
                    assert_ne!(status, OrderStatus::Expired);
                } else {
                    let reported =
                        Unverified::<b2binpay::Callback>::parse(delivery.body()).unwrap();
                    let is_unsigned = reported.unverified().transfer().is_none()
                        && scheme == payhook::verified::SignatureScheme::LoginPassword;
                    let verified = verifier(key.clone()).verify(reported);
                    match verified {
                        Ok(verified) => {
                            assert!(!is_unsigned);
                            let time = verified.proven().time().unwrap().utc().unwrap();
                            assert!(time <= delivery.at());
                            // Only a duplicate has old bytes.
                            assert!(delivery.at() - time < TimeDelta::seconds(31));
                        }
                        Err(error) => {
                            assert!(is_unsigned && matches!(error, VerifyError::Unsigned));
                        }
                    }
                }
            }
            assert!(timeline.now() >= before);
        }
    }
}

/// Computed from the bodies alone: the received amounts are those of the final state.
#[test]
fn endings_are_the_sums_of_the_bodies() {
    let mut transfers = BTreeMap::new();
    for scenario in scenarios(is_b2binpay) {
        for seed in 0..40 {
            let mut timeline = simulator(seed, v3()).start(scenario, &payment(scenario, seed));
            let mut moved = BTreeMap::new();
            let mut is_unresolved = false;
            for delivery in accepted(&mut timeline) {
                let reported = parsed(&delivery);
                let Some(transfer) = reported.transfer() else {
                    continue;
                };
                if transfer.status() == TransferStatus::Confirmed {
                    let txid = transfer.txid().unwrap();
                    assert_eq!(txid.len(), 64);
                    let known = transfers.insert(txid.to_owned(), transfer.id().to_string());
                    assert!(known.is_none_or(|known| transfer.id() == known));
                    moved.insert(transfer.id().to_string(), transfer.amount().clone());
                    is_unresolved |= matches!(&reported.operation(), Operation::Deposit(deposit)
                        if deposit.status() == Some(DepositStatus::Unresolved));
                }
            }
            let sum = moved
                .values()
                .fold(Amount::default(), |sum, it| sum.checked_add(it).unwrap());
            let FinalState {
                credited,
                for_review,
                ..
            } = timeline.final_state();
            assert_eq!(
                sum,
                credited.checked_add(for_review).unwrap(),
                "{scenario} {seed}"
            );
            assert_eq!(is_unresolved, !for_review.is_zero(), "{scenario} {seed}");
            match scenario {
                Scenario::DepositUnderpaid => assert_eq!(moved.len(), 2),
                Scenario::DepositOverpaid => assert!(sum > amount(due(seed).0)),
                _ => assert!(moved.len() < 2),
            }
        }
    }
}

/// A correct shop holds the second of two equal parts.
#[test]
fn parts_differ() {
    let coins = |decimals| CurrencyBuilder::new("POINT").decimals(decimals);
    for (due, currency) in [("0.3", coins(18)), ("4", coins(0)), ("0.5", coins(1))] {
        let payment = Payment::new("order-1").amount(due).currency(currency);
        for seed in 0..150 {
            let mut timeline = simulator(seed, v3()).start(Scenario::DepositUnderpaid, &payment);
            let parts: BTreeMap<_, _> = accepted(&mut timeline)
                .iter()
                .map(|delivery| {
                    let callback = parsed(delivery);
                    let transfer = callback.transfer().unwrap();
                    (transfer.id().to_string(), transfer.amount().clone())
                })
                .collect();
            let parts: Vec<_> = parts.into_values().collect();
            assert_eq!(parts.len(), 2, "{due} {seed}");
            assert_ne!(parts[0], parts[1], "{due} {seed}");
        }
    }
}

/// Status and `target_paid` do not change before a transfer is confirmed.
#[test]
fn a_deposits_own_status_follows_its_transfers() {
    let mut overpaid_in = BTreeSet::new();
    for scenario in scenarios(|it| it.as_str().starts_with("deposit.")) {
        let is_late = scenario == Scenario::DepositLate;
        for seed in 0..40 {
            let due = amount(due(seed).0);
            let mut timeline = simulator(seed, v3()).start(scenario, &payment(scenario, seed));
            let mut confirmed = BTreeMap::new();
            for delivery in accepted(&mut timeline) {
                let reported = parsed(&delivery);
                let Operation::Deposit(deposit) = &reported.operation() else {
                    panic!("a deposit")
                };
                if delivery.cause() != DeliveryCause::StatusChange {
                    continue;
                }
                if let Some(transfer) = reported.transfer()
                    && transfer.status() == TransferStatus::Confirmed
                {
                    confirmed.insert(transfer.id().to_string(), transfer.amount().clone());
                }
                let amounts = confirmed.values();
                let paid = amounts.fold(Amount::default(), |sum, it| sum.checked_add(it).unwrap());
                let status = match paid.cmp(&due) {
                    Ordering::Less if reported.transfer().is_none() => DepositStatus::Canceled,
                    Ordering::Less if is_late => DepositStatus::Canceled,
                    Ordering::Less => DepositStatus::Created,
                    Ordering::Equal if !is_late => DepositStatus::Paid,
                    Ordering::Equal | Ordering::Greater => DepositStatus::Unresolved,
                };
                assert_eq!(
                    deposit.status(),
                    Some(status),
                    "{scenario} {seed} {delivery}"
                );
                let reported = deposit.target_paid();
                assert_eq!(reported, Some(paid), "{scenario} {seed} {delivery}");
            }
            if scenario == Scenario::DepositOverpaid {
                overpaid_in.insert(confirmed.len());
            }
        }
    }
    // Immediately, or by another payment.
    assert_eq!(overpaid_in, BTreeSet::from([1, 2]));
}

/// API v2 omits it for deposits.
#[test]
fn confirmation_callbacks_can_be_requested() {
    for (key, with_deposits) in [(v2(), false), (v3(), true)] {
        let asked = |scenario: Scenario| {
            (0..20).any(|seed| {
                let simulator = simulator(seed, key.clone());
                let mut timeline = simulator.start(scenario, &payment(scenario, seed));
                accepted(&mut timeline)
                    .iter()
                    .any(|it| match parsed(it).operation() {
                        Operation::Deposit(deposit) => deposit.confirmations_needed().is_some(),
                        Operation::Payout(payout) => payout.confirmations_needed().is_some(),
                        _ => false,
                    })
            })
        };
        assert_eq!(asked(Scenario::DepositConfirmed), with_deposits);
        assert!(asked(Scenario::PayoutConfirmed));
    }
}

#[test]
fn confirmations_grow() {
    let (mut asked_for, mut beyond, mut created, mut steps) = (0, 0, 0, BTreeSet::new());
    for seed in 0..60 {
        let scenario = Scenario::DepositConfirmed;
        let blocks = [3, 19, 3][usize::try_from(seed % 3).unwrap()];
        let mut timeline = simulator(seed, v3()).start(scenario, &payment(scenario, seed));
        let mut last = None;
        let mut reported = 0;
        for delivery in accepted(&mut timeline) {
            if delivery.cause() != DeliveryCause::StatusChange {
                continue;
            }
            let callback = parsed(&delivery);
            let transfer = callback.transfer().unwrap();
            let count = transfer.confirmations().unwrap();
            let label = match transfer.status() {
                TransferStatus::Created => "created".to_owned(),
                TransferStatus::Unconfirmed => format!("unconfirmed {count}/{blocks}"),
                _ => format!("confirmed {count}/{blocks}"),
            };
            assert_eq!(delivery.label(), label);
            let is_confirmed = transfer.status() == TransferStatus::Confirmed;
            assert_eq!(is_confirmed, count >= blocks);
            assert!(last.is_none_or(|last| count > last));
            last = Some(count);
            let Operation::Deposit(deposit) = &callback.operation() else {
                panic!("a deposit")
            };
            if let Some(needed) = deposit.confirmations_needed() {
                asked_for += u32::from(count == needed);
                assert!([0, blocks, needed].contains(&count));
            } else {
                reported += u32::from(!is_confirmed && count > 0);
            }
            beyond += u32::from(count > blocks);
            created += u32::from(transfer.status() == TransferStatus::Created);
        }
        assert!(last >= Some(blocks));
        steps.insert(reported);
    }
    assert!(asked_for > 0 && beyond > 0 && created > 0);
    assert_eq!(steps, BTreeSet::from([0, 2, 3]));
}

/// Waiting and approval are not reported.
#[test]
fn payouts_are_reported_as_documented() {
    let mut labels = BTreeSet::new();
    for seed in 0..40 {
        for scenario in scenarios(|it| it.as_str().starts_with("payout.")) {
            let mut timeline = simulator(seed, v3()).start(scenario, &payment(scenario, seed));
            for delivery in accepted(&mut timeline) {
                let reported = parsed(&delivery);
                let Operation::Payout(payout) = &reported.operation() else {
                    panic!("a payout")
                };
                let is_asked_for = payout.confirmations_needed().is_some();
                let is_unconfirmed = delivery.label().starts_with("unconfirmed");
                assert!(!is_unconfirmed || is_asked_for);
                let word = delivery.label().split(' ').next().unwrap();
                labels.insert(word.to_owned());
            }
        }
    }
    let labels: Vec<_> = labels.iter().map(String::as_str).collect();
    let all = [
        "blocked",
        "canceled",
        "confirmed",
        "failed",
        "rejected",
        "unconfirmed",
    ];
    assert_eq!(labels, all);
}

#[test]
fn callbacks_are_duplicated_resent_and_reordered() {
    let (mut causes, mut new_times) = (BTreeSet::new(), BTreeSet::new());
    let mut late = [0, 0];
    let scenario = Scenario::DepositConfirmed;
    for seed in 0..60 {
        for is_out_of_order in [false, true] {
            let simulator = simulator(seed, v3()).out_of_order(is_out_of_order);
            let mut timeline = simulator.start(scenario, &payment(scenario, seed));
            let deliveries = run(&mut timeline, |delivery| {
                Some(if delivery.attempt() == 1 { 500 } else { 200 })
            });
            let of = |number: u32, cause: fn(DeliveryCause) -> bool| {
                let mut own = deliveries.iter();
                own.find(|it| it.callback() == number && cause(it.cause()))
                    .unwrap()
            };
            let mut has_new_time = BTreeSet::new();
            for delivery in &deliveries {
                causes.insert(delivery.cause().as_str());
                let first = of(delivery.callback(), |it| {
                    matches!(
                        it,
                        DeliveryCause::StatusChange | DeliveryCause::ManualResend
                    )
                });
                match delivery.cause() {
                    DeliveryCause::Duplicate => assert_eq!(delivery.body(), first.body()),
                    DeliveryCause::Retry => {
                        has_new_time.insert(delivery.body() != first.body());
                    }
                    DeliveryCause::ManualResend => {
                        let mut updates = deliveries
                            .iter()
                            .filter(|it| it.cause() == DeliveryCause::StatusChange);
                        assert!(updates.clone().all(|it| it.body() != delivery.body()));
                        assert!(updates.any(|it| it.label() == delivery.label()));
                    }
                    _ => {}
                }
                let mut before = deliveries.iter().take_while(|it| it.at() < delivery.at());
                late[usize::from(is_out_of_order)] += usize::from(
                    delivery.cause() == DeliveryCause::StatusChange
                        && delivery.label().starts_with("unconfirmed")
                        && before.any(|it| it.label().starts_with("confirmed")),
                );
            }
            assert_eq!(has_new_time.len(), 1);
            new_times.extend(has_new_time);
        }
    }
    assert_eq!(
        causes,
        BTreeSet::from(["duplicate", "manual resend", "retry", "status change"])
    );
    assert_eq!(new_times.len(), 2);
    assert_eq!(late[0], 0);
    assert!(late[1] > 0);
}

fn rank(status: &OrderStatus) -> u8 {
    match status {
        OrderStatus::InProgress => 0,
        OrderStatus::PaidUnconfirmed | OrderStatus::Underpaid => 1,
        _ => 2,
    }
}

#[test]
fn the_endpoint_follows_the_scenario() {
    for scenario in scenarios(is_order) {
        for seed in 0..20 {
            let endpoint = OrderEndpoint::new();
            let simulator = Simulator::new(seed).citypay(CUSTOMER, endpoint.clone());
            let payment = payment(scenario, seed);
            let token = format!("{scenario}-{seed}");
            let mut timeline = simulator.start(scenario, &payment);
            let status = || {
                let answer = endpoint.answer(&token).unwrap();
                OrderDetails::parse(&answer).unwrap().status()
            };
            assert_eq!(status(), OrderStatus::InProgress);
            let mut ranks = Vec::new();
            let reported = accepted(&mut simulator.start(scenario, &payment));
            assert!(!reported.is_empty());
            // Repeated, with the endpoint's state at each time.
            let mut again = Simulator::new(seed)
                .citypay(CUSTOMER, endpoint.clone())
                .start(scenario, &payment);
            while let Some(delivery) = again.next_delivery() {
                again.answered(200);
                if delivery.cause() == DeliveryCause::StatusChange {
                    let claimed = OrderStatus::from(delivery.label());
                    ranks.push((rank(&status()), rank(&claimed)));
                }
            }
            let wanted: &[_] = match scenario {
                Scenario::OrderAhead => &[(1, 0), (2, 1), (2, 2)],
                Scenario::OrderLagging => &[(0, 0), (0, 1), (1, 2)],
                Scenario::OrderConfirmed | Scenario::OrderOverpaid => &[(0, 0), (1, 1), (2, 2)],
                Scenario::OrderUnderpaid => &[(0, 0), (1, 1), (1, 1), (1, 1), (2, 2)],
                Scenario::OrderCanceled => &[(0, 0), (2, 2)],
                Scenario::OrderExpired => &[(0, 0)],
                Scenario::OrderLate => &[(0, 0), (2, 1)],
                _ => panic!("no order"),
            };
            assert_eq!(ranks, wanted, "{scenario} {seed}");
            accepted(&mut timeline);
            let end = match scenario {
                Scenario::OrderCanceled => OrderStatus::Canceled,
                Scenario::OrderExpired | Scenario::OrderLate => OrderStatus::Expired,
                Scenario::OrderOverpaid => OrderStatus::Overpaid,
                _ => OrderStatus::Confirmed,
            };
            assert_eq!(status(), end);
            let answer = OrderDetails::parse(&endpoint.answer(&token).unwrap()).unwrap();
            let mut times = answer.transactions().map(|it| it.created_at());
            let is_late = times.any(|it| it.unwrap().utc().unwrap() > timeline.deadline());
            assert_eq!(is_late, scenario == Scenario::OrderLate);
            assert!(answer.totals_agree() && answer.totals_agree_fiat());
            let sum = answer.received().unwrap();
            let final_state = timeline.final_state();
            assert_eq!(
                sum,
                final_state
                    .credited
                    .checked_add(&final_state.for_review)
                    .unwrap()
            );
        }
    }
}

#[test]
fn impossible_lifecycles_are_errors() {
    let simulator = Simulator::new(1);
    let payment = Payment::new("order-1");
    let error = simulator.try_start(Scenario::PayoutFailed, &payment);
    let error = error.unwrap_err();
    assert!(matches!(error, SimulationError::NoKey));
    assert_eq!(
        error.to_string(),
        "there is no key to sign a scenario of B2BINPAY with"
    );
    let error = simulator.try_start(Scenario::OrderLate, &payment);
    let error = error.unwrap_err();
    assert!(matches!(error, SimulationError::NoCityPay));
    assert_eq!(
        error.to_string(),
        "there is no customer id and no order endpoint for a scenario of CityPay.io"
    );
    let simulator = simulator.key(v3());
    let smallest = CurrencyBuilder::new("POINT").decimals(0);
    for (amount, currency, is_whole_fine) in [
        ("1", smallest.clone(), true),
        ("0", smallest.clone(), false),
        ("0.5", smallest.clone(), false),
        ("-1", smallest.clone(), false),
        ("1e3", smallest.clone(), false),
        ("", smallest.clone(), false),
        (
            "99999999999999999999999999999",
            smallest.clone().decimals(0),
            true,
        ),
        ("0.1234567", "USDT".into(), false),
    ] {
        let payment = payment.clone().amount(amount).currency(currency);
        let whole = simulator.try_start(Scenario::DepositConfirmed, &payment);
        assert_eq!(whole.is_ok(), is_whole_fine, "{amount}");
        let error = simulator.try_start(Scenario::DepositUnderpaid, &payment);
        let error = error.unwrap_err();
        assert!(matches!(error, SimulationError::Amount), "{amount}");
        assert_eq!(
            error.to_string(),
            "the payment's amount can't be paid, or not in the parts of this scenario"
        );
    }
    // The smallest unit cannot be divided into parts, and two of them only into equal
    // ones.
    for amount in ["1", "2"] {
        let points = payment.clone().amount(amount).currency(smallest.clone());
        for seed in 0..40 {
            let simulator = Simulator::new(seed).key(v3());
            let started = simulator.try_start(Scenario::DepositUnderpaid, &points);
            assert!(started.is_err(), "{amount} {seed}");
        }
    }
}

#[test]
#[should_panic(expected = "there is no key to sign a scenario of B2BINPAY with")]
fn an_impossible_lifecycle_panics() {
    let _ = Simulator::new(1).start(Scenario::DepositLate, &Payment::new("order-1"));
}

#[test]
fn scenarios_are_parsed_by_name() {
    for scenario in Scenario::ALL {
        assert_eq!(scenario.as_str().parse(), Ok(*scenario));
        assert!(!scenario.summary().is_empty());
        let is_citypay = scenario.as_str().starts_with("order.")
            || scenario.as_str().starts_with("customer-deposit.");
        assert_eq!(is_citypay, scenario.gateway() == Gateway::CityPay);
    }
    assert!(Scenario::ALL.is_sorted_by_key(Scenario::as_str));
    let error = "deposit.paid".parse::<Scenario>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "`deposit.paid` is no scenario; there are customer-deposit.confirmed, deposit.blocked, \
         deposit.confirmed, deposit.expired, deposit.failed, deposit.late, deposit.overpaid, \
         deposit.underpaid, order.ahead, order.canceled, order.confirmed, order.expired, \
         order.lagging, order.late, order.overpaid, order.underpaid, payout.blocked, \
         payout.confirmed, payout.failed, payout.rejected"
    );
}

/// A test body may be signed with a real key.
#[test]
fn debug_shows_no_body() {
    let mut timeline = simulator(7, v3()).start(Scenario::PayoutRejected, &Payment::new("wd-1"));
    assert_eq!(
        format!("{timeline:?}"),
        "Timeline { scenario: PayoutRejected, now: 2026-03-02T09:10:00Z, final_state: FinalState { credited: \
         Amount(0), for_review: Amount(0) }, given_up: 0, .. }"
    );
    let delivery = timeline.next_delivery().unwrap();
    assert_eq!(
        format!("{delivery:?}"),
        "Delivery { gateway: B2binpay, at: 2026-03-02T09:25:00.784588Z, callback: 1, attempt: 1, \
         cause: StatusChange, label: \"rejected\", .. }"
    );
    assert_eq!(
        delivery.to_string(),
        "2026-03-02T09:25:00Z  1.1   status change  rejected"
    );
}

/// A lifecycle can be moved to another task.
#[test]
fn lifecycles_are_send() {
    fn check<T: Send + Sync>() {}
    check::<Timeline>();
    check::<Simulator>();
    check::<Delivery>();
}
