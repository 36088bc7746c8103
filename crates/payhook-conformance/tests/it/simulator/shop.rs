//! Every lifecycle ends in the required state at a correct shop, with failures on the
//! way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use payhook::b2binpay::{self, Key, TransferStatus};
use payhook::citypay::{self, Account, OrderStatus};
use payhook::payment::{Change, Payment};
use payhook::testing::citypay::OrderEndpoint;
use payhook::{
    Amount, BoxError, Endpoint, Ledger, MemoryLedger, delegate_ledger, ledger::PaymentKey,
};
use payhook_conformance::simulator::{Scenario, Simulator, Timeline};

use super::{CUSTOMER, is_b2binpay, parsed, payment, run, simulator, v2, v3, verifier};

/// Random numbers, independent of the crate's own.
struct Dice(u64);

impl Dice {
    fn percent(&mut self, chance: u64) -> bool {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % 100 < chance
    }
}

/// A ledger whose database fails at random.
#[derive(Clone, Default)]
struct FaultyLedger {
    ledger: MemoryLedger,
    fails: Arc<AtomicBool>,
}

impl Ledger for FaultyLedger {
    type Transaction = <MemoryLedger as Ledger>::Transaction;

    delegate_ledger! {
        this => this.ledger;
        find, peek, owner, bind, unmatched
    }

    async fn save(
        &self,
        transaction: Self::Transaction,
        key: &PaymentKey,
        payment: &Payment,
        change: &Change,
    ) -> Result<(), BoxError> {
        if self.fails.load(Ordering::Relaxed) {
            return Err("the database is down".into());
        }
        self.ledger.save(transaction, key, payment, change).await
    }
}

enum AnyEndpoint {
    B2binpay(Endpoint<b2binpay::Gateway, FaultyLedger>),
    CityPay(Endpoint<citypay::Gateway<OrderEndpoint>, FaultyLedger>),
}

/// API v2 does not sign callbacks without a transfer: the endpoint would need the API.
fn is_signed(scenario: Scenario, key: &Key) -> bool {
    let without = [
        Scenario::DepositExpired,
        Scenario::DepositLate,
        Scenario::PayoutRejected,
    ];
    key.scheme() == v3().scheme() || !without.contains(&scenario)
}

/// Runs the lifecycle at a shop where a third of the responses fail or get lost.
fn simulate(scenario: Scenario, seed: u64, key: &Key, is_out_of_order: bool) {
    let orders = OrderEndpoint::new();
    let simulator = Simulator::new(seed)
        .key(key.clone())
        .citypay(CUSTOMER, orders.clone())
        .out_of_order(is_out_of_order);
    let mut timeline = simulator.start(scenario, &payment(scenario, seed));
    let shop = FaultyLedger::default();
    shop.ledger.expect(timeline.expected().clone());
    let any = if is_b2binpay(scenario) {
        let gateway = b2binpay::Gateway::new(verifier(key.clone()));
        AnyEndpoint::B2binpay(Endpoint::new(gateway, shop.clone()))
    } else {
        let account = Account::new(CUSTOMER).unwrap();
        let gateway = citypay::Gateway::new(account, orders.clone());
        AnyEndpoint::CityPay(Endpoint::new(gateway, shop.clone()))
    };
    let mut dice = Dice(seed);
    let mut log = Vec::new();
    run(&mut timeline, |delivery| {
        let is_bad = delivery.attempt() < 5;
        shop.fails
            .store(is_bad && dice.percent(30), Ordering::Relaxed);
        orders.set_unreachable(is_bad && dice.percent(10));
        let reply = match &any {
            AnyEndpoint::B2binpay(endpoint) => endpoint.receive_blocking(delivery.body(), None),
            AnyEndpoint::CityPay(endpoint) => endpoint.receive_blocking(delivery.body(), None),
        };
        log.push(format!("{delivery}: {}", reply.disposition()));
        assert!(
            matches!(reply.status(), 200 | 503),
            "{scenario} {seed}: {log:#?}"
        );
        let is_lost = is_bad && dice.percent(10);
        (!is_lost).then(|| reply.status())
    });
    has_required_state(
        &timeline,
        &shop.ledger,
        &format!("{scenario} {seed}: {log:#?}"),
    );
}

fn has_required_state(timeline: &Timeline, ledger: &MemoryLedger, at: &str) {
    assert_eq!(timeline.given_up(), 0, "{at}");
    let payments = ledger.payments(timeline.expected().reference());
    let sum = |of: fn(&Payment) -> Amount| {
        let amounts = payments.iter().map(of);
        amounts.fold(Amount::default(), |sum, it| sum.checked_add(&it).unwrap())
    };
    assert_eq!(
        sum(Payment::credited),
        timeline.final_state().credited,
        "{at}"
    );
    assert_eq!(
        sum(Payment::held),
        timeline.final_state().for_review,
        "{at}"
    );
    assert!(ledger.unmatched_references().is_empty(), "{at}");
}

#[test]
fn every_lifecycle_ends_in_the_required_state() {
    for scenario in Scenario::ALL.iter().copied() {
        for seed in 0..60 {
            let key = if seed % 4 == 3 { v2() } else { v3() };
            if is_signed(scenario, &key) {
                simulate(scenario, seed, &key, seed % 2 == 1);
            }
        }
    }
}

/// Incorrect shops end in a wrong state.
#[test]
fn incorrect_shops_are_detected() {
    let scenario = Scenario::DepositConfirmed;
    let is_overcredited = (0..20).any(|seed| {
        let mut timeline = simulator(seed, v3()).start(scenario, &payment(scenario, seed));
        let mut credited = Amount::default();
        run(&mut timeline, |delivery| {
            let reported = parsed(delivery);
            let transfer = reported.transfer().unwrap();
            if transfer.status() == TransferStatus::Confirmed {
                credited = credited.checked_add(&transfer.amount()).unwrap();
            }
            Some(200)
        });
        credited != timeline.final_state().credited
    });
    assert!(is_overcredited);

    // A shop that accepts the response of an endpoint that lags.
    let scenario = Scenario::OrderLagging;
    let is_missed = (0..20).any(|seed| {
        let endpoint = OrderEndpoint::new();
        let simulator = Simulator::new(seed).citypay(CUSTOMER, endpoint.clone());
        let mut timeline = simulator.start(scenario, &payment(scenario, seed));
        let token = format!("{scenario}-{seed}");
        let mut is_settled = false;
        run(&mut timeline, |_| {
            let answer = endpoint.answer(&token).unwrap();
            let answer = citypay::OrderDetails::parse(&answer).unwrap();
            is_settled |= answer.status() == OrderStatus::Confirmed;
            Some(200)
        });
        !is_settled
    });
    assert!(is_missed);
}
