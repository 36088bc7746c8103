//! Every life comes to its end at an honest shop, whatever fails on the way.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv4Addr};

use chrono::{DateTime, Utc};
use payhook::b2binpay::{Key, TransferStatus};
use payhook::citypay::{Account, OrderStatus};
use payhook::testing::citypay::OrderEndpoint;
use payhook::{
    AddressRanges, Amount, B2binpay, Callback, CityPay, Expected, HandlerError, Receiver,
    Unverified, Verdict, Verified, handler_fn,
};
use payhook_conformance::simulator::{Life, Scenario, Simulator};

use super::{
    CUSTOMER, amount, due, is_b2binpay, parsed, payment, run, simulator, v2, v3, verifier,
};

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

/// Chance, without the crate's own.
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

/// A small shop that waits for one payment.
struct Shop {
    scenario: Scenario,
    reference: String,
    due: (&'static str, &'static str, u32),
    deadline: DateTime<Utc>,
    /// The handler fails before it credits.
    fails: Cell<bool>,
    credited: RefCell<Amount>,
    reviews: Cell<u32>,
}

impl Shop {
    fn new(life: &Life, seed: u64) -> Self {
        Self {
            scenario: life.scenario(),
            reference: format!("{}-{seed}", life.scenario()),
            due: due(seed),
            deadline: life.deadline(),
            fails: Cell::new(false),
            credited: RefCell::default(),
            reviews: Cell::new(0),
        }
    }

    fn expected(&self) -> Expected {
        let (reference, (due, currency, scale)) = (self.reference.as_str(), self.due);
        let name = self.scenario.as_str();
        let expected = match name.split_once('.').unwrap().0 {
            "deposit" => Expected::deposit(reference, currency).scale(scale),
            "payout" => Expected::payout(reference, currency).scale(scale),
            "order" => Expected::order(reference, currency),
            _ => Expected::customer_deposit(reference, currency),
        };
        expected
            .amount(amount(due))
            .already_received(self.credited.borrow().clone())
    }

    fn handle(&self, callback: &Verified<Callback>) -> Result<(), HandlerError> {
        if self.fails.get() {
            return Err("the database is down".into());
        }
        let mut expected = self.expected();
        // Its stamps have no zone.
        if self.scenario != Scenario::CustomerDepositConfirmed {
            expected = expected.deadline(self.deadline);
        }
        let found = expected.reconcile(callback);
        let is_part = self.scenario.as_str().starts_with("deposit.");
        match found.verdict() {
            Verdict::Under { .. } if is_part => self.credit(found.total().unwrap().value()),
            Verdict::Exact => self.credit(found.total().unwrap().value()),
            // An order that is being topped up.
            Verdict::Under { .. } | Verdict::NotFinal(_) | Verdict::NotPaid(_) => {}
            _ => self.reviews.set(self.reviews.get() + 1),
        }
        Ok(())
    }

    /// An order's total is all of it, whatever was credited.
    fn credit(&self, total: &Amount) {
        self.credited.replace(total.clone());
    }
}

enum Endpoint {
    B2binpay(Receiver<B2binpay>),
    CityPay(Receiver<CityPay<OrderEndpoint>>),
}

/// Lives it through at a shop where a third of the answers fail or get lost.
fn live(scenario: Scenario, seed: u64, key: &Key, is_out_of_order: bool, account: Account) -> Shop {
    let endpoint = OrderEndpoint::new();
    let simulator = Simulator::new(seed)
        .key(key.clone())
        .citypay(CUSTOMER, endpoint.clone())
        .out_of_order(is_out_of_order);
    let receiver = if is_b2binpay(scenario) {
        let sources = AddressRanges::parse(["192.0.2.0/24"]).unwrap();
        let receiver = Receiver::b2binpay(verifier(key.clone()));
        Endpoint::B2binpay(receiver.accept_unsigned_from(sources))
    } else {
        Endpoint::CityPay(Receiver::citypay(account, endpoint.clone()))
    };
    let mut life = simulator.live(scenario, &payment(scenario, seed));
    let shop = Shop::new(&life, seed);
    let mut dice = Dice(seed);
    let handler = handler_fn(|callback: Verified<Callback>| shop.handle(&callback));
    let mut log = Vec::new();
    run(&mut life, |delivery| {
        let is_bad = delivery.attempt() < 5;
        shop.fails.set(is_bad && dice.percent(30));
        endpoint.unreachable(is_bad && dice.percent(10));
        let reply = match &receiver {
            Endpoint::B2binpay(receiver) => receiver.receive(delivery.body(), Some(PEER), &handler),
            Endpoint::CityPay(receiver) => receiver.receive(delivery.body(), Some(PEER), &handler),
        };
        log.push(format!("{delivery}: {}", reply.disposition()));
        assert!(
            matches!(reply.status(), 200 | 500 | 503),
            "{scenario} {seed}: {log:#?}"
        );
        let is_lost = is_bad && dice.percent(10);
        (!is_lost).then(|| reply.status())
    });
    let at = format!("{scenario} {seed}: {log:#?}");
    assert_eq!(life.given_up(), 0, "{at}");
    if scenario != Scenario::CustomerDepositConfirmed {
        assert_eq!(*shop.credited.borrow(), life.ending().credited, "{at}");
        assert!(
            life.ending().for_review.is_zero() || shop.reviews.get() > 0,
            "{at}"
        );
    }
    shop
}

#[test]
fn every_life_ends_as_it_has_to() {
    for scenario in Scenario::ALL.iter().copied() {
        for seed in 0..60 {
            let key = if seed % 4 == 3 { v2() } else { v3() };
            let account = Account::new(CUSTOMER).unwrap();
            live(scenario, seed, &key, seed % 2 == 1, account);
        }
    }
}

#[test]
fn customer_deposits_are_credited_where_the_merchant_chose_to() {
    let scenario = Scenario::CustomerDepositConfirmed;
    for seed in 0..20 {
        let account = Account::new(CUSTOMER).unwrap();
        let shop = live(scenario, seed, &v3(), false, account.clone());
        assert!(shop.credited.borrow().is_zero() && shop.reviews.get() > 0);
        let sources = AddressRanges::parse(["192.0.2.0/24"]).unwrap();
        let account = account.danger_settle_deposits_by_source_address(sources);
        let shop = live(scenario, seed, &v3(), false, account);
        assert_eq!(*shop.credited.borrow(), amount(due(seed).0));
        assert_eq!(shop.reviews.get(), 0);
    }
}

/// What the simulator is there for.
#[test]
fn careless_shops_are_found_out() {
    let scenario = Scenario::DepositConfirmed;
    let is_overcredited = (0..20).any(|seed| {
        let mut life = simulator(seed, v3()).live(scenario, &payment(scenario, seed));
        let mut credited = Amount::default();
        run(&mut life, |delivery| {
            let told = parsed(delivery);
            let transfer = told.transfer().unwrap();
            if transfer.status == TransferStatus::Confirmed {
                credited = credited.checked_add(&transfer.amount).unwrap();
            }
            Some(200)
        });
        credited != life.ending().credited
    });
    assert!(is_overcredited);

    // One that takes an endpoint that lags for the last word.
    let scenario = Scenario::OrderLagging;
    let is_missed = (0..20).any(|seed| {
        let endpoint = OrderEndpoint::new();
        let simulator = Simulator::new(seed).citypay(CUSTOMER, endpoint.clone());
        let account = Account::new(CUSTOMER).unwrap();
        let mut life = simulator.live(scenario, &payment(scenario, seed));
        let token = format!("{scenario}-{seed}");
        let mut is_settled = false;
        run(&mut life, |delivery| {
            let told = Unverified::parse(delivery.body()).unwrap();
            let answer = endpoint.answer(&token).unwrap();
            let order = account.prove_order(told, &token, &answer).unwrap();
            is_settled |= order.proven().status() == Some(&OrderStatus::Confirmed);
            Some(200)
        });
        !is_settled
    });
    assert!(is_missed);
}
