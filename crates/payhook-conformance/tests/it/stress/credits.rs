//! The check of wrong ledger states: a correct shop whose state is misread.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use payhook::payment::ExpectedKind;
use payhook::{Amount, BoxError};
use payhook_conformance::Gateway;
use payhook_conformance::stress::{
    InjectedFault, LedgerAccess, LedgerState, Report, Rule, Target, TestPayment,
};

use super::{Correct, b2binpay, both, rules, violated_tests};

struct Misread<F> {
    shop: Correct,
    misread: F,
}

impl<F: Fn(&str, LedgerState) -> LedgerState + Send + Sync> LedgerAccess for Misread<F> {
    async fn register(&self, payment: &TestPayment) -> Result<(), BoxError> {
        self.shop.register(payment).await
    }

    async fn ledger_state(&self, reference: &str) -> Result<LedgerState, BoxError> {
        let state = self.shop.ledger_state(reference).await?;
        Ok((self.misread)(reference, state))
    }
}

impl<F: Fn(&str, LedgerState) -> LedgerState + Send + Sync> Target for Misread<F> {
    async fn post(&self, gateway: Gateway, replica: usize, body: &[u8]) -> Result<u16, BoxError> {
        self.shop.post(gateway, replica, body).await
    }

    async fn restart(&self) -> bool {
        self.shop.restart().await
    }

    async fn inject(&self, fault: InjectedFault) -> bool {
        self.shop.inject(fault).await
    }
}

fn misread(misread: impl Fn(&str, LedgerState) -> LedgerState + Send + Sync) -> Report {
    let (shop, _) = both(7);
    let shop = Misread { shop, misread };
    b2binpay().run_blocking(&shop).unwrap()
}

/// The rows with any credit.
fn credited_tests() -> Vec<&'static str> {
    let report = misread(|_, state| state);
    assert!(report.is_clean(), "{report}");
    let rows = report.results.iter().filter(|row| row.credits > 0);
    rows.map(|row| row.name).collect()
}

fn one() -> Amount {
    "1".parse().unwrap()
}

fn is_credited(state: &LedgerState) -> bool {
    state.credits > 0
}

#[test]
fn every_field_of_the_state_is_judged() {
    let every_replica = credited_tests();
    let breaks_everywhere = |report: Report, rule: Rule, found: &str| {
        assert_eq!(rules(&report), [rule].into(), "{report}");
        assert_eq!(violated_tests(&report), every_replica);
        assert_eq!(report.violations().next().unwrap().found, found);
    };

    // One credit too many, or one currency unit.
    let more = misread(|_, mut state| {
        state.credits += usize::from(is_credited(&state));
        state
    });
    let found = "received 65.47 LTC, credited 65.47 LTC in 2 entries";
    breaks_everywhere(more, Rule::CreditedTwice, found);
    let more = misread(|_, mut state| {
        if is_credited(&state) {
            state.credited = state.credited.checked_add(&one()).unwrap();
        }
        state
    });
    // A single credit does not count as a second one.
    let both = [Rule::CreditedTwice, Rule::CreditedUnproven];
    assert_eq!(rules(&more), both.into(), "{more}");
    assert_eq!(violated_tests(&more), every_replica);
    let broken = more.violations().next().unwrap();
    assert_eq!(broken.rule, Rule::CreditedUnproven);
    assert_eq!(broken.found, "received 65.47 LTC, credited 66.47 LTC");

    // Before anything was received, although the body is proven.
    let early = misread(|_, mut state| {
        state.credits = state.credits.max(1);
        state
    });
    // Under a second reference it is the credit of the first.
    let both = [Rule::CreditedTwice, Rule::CreditedUnproven];
    assert_eq!(rules(&early), both.into(), "{early}");
    assert!(violated_tests(&early).contains(&"no transfer"));
    let found = &early.violations().next().unwrap().found;
    assert_eq!(found, "received 0 LTC, credited 0 LTC");

    // It is too much, for any payment.
    let early = misread(|_, state| match state.credits {
        0 => LedgerState::new(one(), 1, true),
        _ => state,
    });
    let found = &early.violations().next().unwrap().found;
    assert_eq!(found, "received 0 LTC, credited 1 LTC");

    // Another kind or another currency; upper and lower case are equal.
    let other = misread(|_, state| state.kind(ExpectedKind::Order));
    let found = "received 65.47 LTC, credited 65.47 LTC as an order";
    breaks_everywhere(other, Rule::CreditedUnproven, found);
    let other = misread(|_, state| state.currency("DOGE"));
    let found = "received 65.47 LTC, credited 65.47 DOGE";
    breaks_everywhere(other, Rule::CreditedUnproven, found);
    let small = misread(|_, mut state| {
        state.currency = state.currency.map(|it| it.to_lowercase());
        state
    });
    assert!(small.is_clean(), "{small}");

    // Fulfilled twice.
    let again = misread(|_, state| {
        let is_paid = state.is_paid;
        state.fulfilled(if is_paid { 2 } else { 0 })
    });
    assert_eq!(rules(&again), [Rule::FulfilledTwice].into(), "{again}");
    let found = "received 65.47 LTC, credited 65.47 LTC; fulfilled 2 times";
    assert_eq!(again.violations().next().unwrap().found, found);
}

/// More is credited later without another credit, or the credit disappears.
#[test]
fn the_state_is_compared_with_the_previous_one() {
    let seen = Mutex::new(BTreeSet::new());
    let is_first = |reference: &str, state: &LedgerState| {
        is_credited(state) && seen.lock().unwrap().insert(reference.to_owned())
    };
    let grown = misread(|reference, mut state| {
        if !is_first(reference, &state) && is_credited(&state) {
            state.credited = state.credited.checked_add(&one()).unwrap();
        }
        state
    });
    let again = ["the same bytes five times", "resent with new times"];
    assert_eq!(violated_tests(&grown)[..2], again, "{grown}");

    seen.lock().unwrap().clear();
    let forgotten = misread(|reference, mut state| {
        if !is_first(reference, &state) {
            (state.credited, state.credits) = (Amount::default(), 0);
        }
        state
    });
    assert_eq!(rules(&forgotten), [Rule::Lost, Rule::Regressed].into());
    let found: BTreeMap<_, _> = forgotten
        .violations()
        .filter(|broken| broken.test == "the same bytes five times")
        .map(|broken| (broken.rule, broken.found.as_str()))
        .collect();
    assert_eq!(
        found,
        BTreeMap::from([
            (Rule::Lost, "received 65.88 LTC, credited 0 LTC, held 0 LTC"),
            (Rule::Regressed, "received 65.88 LTC, credited 0 LTC"),
        ])
    );
}

/// A shop may hold everything for manual review, or report the held amount.
#[test]
fn both_parts_are_credited_or_held() {
    let in_part = |says_held: bool| {
        misread(move |_, mut state| {
            if state.credits > 1 {
                let half = Amount::from_sum("0.01").unwrap();
                let rest = state.credited.checked_sub(&half).unwrap();
                state.credited = half;
                state.held = says_held.then_some(rest);
            } else if !says_held {
                state.held = None;
            }
            state
        })
    };
    let lost = in_part(false);
    assert!(rules(&lost).contains(&Rule::Lost), "{lost}");
    let row = lost
        .results
        .iter()
        .find(|row| row.name == "two parts at once");
    let broken = &row.unwrap().violations;
    assert!(
        broken.iter().all(|broken| broken.rule == Rule::Lost),
        "{lost}"
    );
    assert_eq!(broken.len(), 8);
    let held = in_part(true);
    let row = held
        .results
        .iter()
        .find(|row| row.name == "two parts at once");
    assert!(row.unwrap().violations.is_empty(), "{held}");
}

#[test]
fn the_report_counts() {
    // One row, in one case.
    let (shop, _) = both(7);
    let misread = |reference: &str, mut state: LedgerState| {
        state.credits += usize::from(reference == "r-1" && state.credits > 0);
        state
    };
    let suite = b2binpay().references(|number| format!("r-{number}"));
    let report = suite.run_blocking(&Misread { shop, misread }).unwrap();
    let text = report.to_string();
    assert!(text.contains("\na rule is broken in 1 place\n"), "{text}");
    assert!(!text.contains("1 times"), "{text}");
    // With one gateway there is no URL of the other one.
    assert!(!text.contains("at the other gateway's URL"), "{text}");

    // Without deliveries nothing was tested.
    let (shop, suite) = both(7);
    let mut report = suite.run_blocking(&shop).unwrap();
    assert!(report.is_clean(), "{report}");
    for row in &mut report.results {
        row.sent = 0;
    }
    assert!(!report.is_clean());
}

#[test]
fn setters_set_their_fields() {
    let state = LedgerState::new("2".parse().unwrap(), 1, true)
        .currency("BTC")
        .kind(ExpectedKind::Payout)
        .held(one())
        .fulfilled(1);
    assert_eq!(state.currency.as_deref(), Some("BTC"));
    assert_eq!(state.kind, Some(ExpectedKind::Payout));
    assert_eq!((state.held, state.fulfilled), (Some(one()), Some(1)));
}

/// A payment under another reference, which has additional leading zeros.
#[test]
fn states_of_other_references_are_judged() {
    for (credited, credits) in [("1", 0), ("0", 1)] {
        let (shop, _) = both(7);
        let shop = Misread {
            shop,
            misread: |reference: &str, state: LedgerState| {
                if reference.starts_with("088") {
                    LedgerState::new(credited.parse().unwrap(), credits, false)
                } else {
                    state
                }
            },
        };
        let suite = b2binpay().references(|number| (88_000 + number).to_string());
        let report = suite.run_blocking(&shop).unwrap();
        let found: BTreeSet<_> = report
            .violations()
            .filter(|broken| broken.found.ends_with(" under another reference"))
            .map(|broken| (broken.rule, broken.test))
            .collect();
        let row = "an amount's digit in the tracking id";
        assert_eq!(found, [(Rule::CreditedUnproven, row)].into(), "{report}");
    }
}
