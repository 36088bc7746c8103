//! The judgement of wrong ledger states: a correct shop whose state is misread.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use payhook::payment::ExpectedKind;
use payhook::{Amount, BoxError};
use payhook_conformance::Gateway;
use payhook_conformance::torture::{Books, InjectedFault, Payment, Record, Report, Rule, Shop};

use super::{Correct, b2binpay, both, broken_rows, rules};

struct Misread<F> {
    shop: Correct,
    misread: F,
}

impl<F: Fn(&str, Books) -> Books + Send + Sync> Record for Misread<F> {
    async fn open(&self, payment: &Payment) -> Result<(), BoxError> {
        self.shop.open(payment).await
    }

    async fn books(&self, reference: &str) -> Result<Books, BoxError> {
        let books = self.shop.books(reference).await?;
        Ok((self.misread)(reference, books))
    }
}

impl<F: Fn(&str, Books) -> Books + Send + Sync> Shop for Misread<F> {
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

fn misread(misread: impl Fn(&str, Books) -> Books + Send + Sync) -> Report {
    let (shop, _) = both(7);
    let shop = Misread { shop, misread };
    b2binpay().run_blocking(&shop).unwrap()
}

/// The rows with any credit.
fn credited_rows() -> Vec<&'static str> {
    let report = misread(|_, books| books);
    assert!(report.is_clean(), "{report}");
    let rows = report.rows.iter().filter(|row| row.credits > 0);
    rows.map(|row| row.name).collect()
}

fn one() -> Amount {
    "1".parse().unwrap()
}

fn is_credited(books: &Books) -> bool {
    books.credits > 0
}

#[test]
fn every_field_of_the_state_is_judged() {
    let everywhere = credited_rows();
    let breaks_everywhere = |report: Report, rule: Rule, found: &str| {
        assert_eq!(rules(&report), [rule].into(), "{report}");
        assert_eq!(broken_rows(&report), everywhere);
        assert_eq!(report.broken().next().unwrap().found, found);
    };

    // One credit too many, or one currency unit.
    let more = misread(|_, mut books| {
        books.credits += usize::from(is_credited(&books));
        books
    });
    let found = "received 184.03 LTC, credited 184.03 LTC in 2 entries";
    breaks_everywhere(more, Rule::CreditedTwice, found);
    let more = misread(|_, mut books| {
        if is_credited(&books) {
            books.credited = books.credited.checked_add(&one()).unwrap();
        }
        books
    });
    // A single credit does not count as a second one.
    let both = [Rule::CreditedTwice, Rule::CreditedUnproven];
    assert_eq!(rules(&more), both.into(), "{more}");
    assert_eq!(broken_rows(&more), everywhere);
    let broken = more.broken().next().unwrap();
    assert_eq!(broken.rule, Rule::CreditedUnproven);
    assert_eq!(broken.found, "received 184.03 LTC, credited 185.03 LTC");

    // Before anything was received, although the body is proven.
    let early = misread(|_, mut books| {
        books.credits = books.credits.max(1);
        books
    });
    // Under a second reference it is the credit of the first.
    let both = [Rule::CreditedTwice, Rule::CreditedUnproven];
    assert_eq!(rules(&early), both.into(), "{early}");
    assert!(broken_rows(&early).contains(&"no transfer"));
    let found = &early.broken().next().unwrap().found;
    assert_eq!(found, "received 0 LTC, credited 0 LTC");

    // It is too much, for any payment.
    let early = misread(|_, books| match books.credits {
        0 => Books::new(one(), 1, true),
        _ => books,
    });
    let found = &early.broken().next().unwrap().found;
    assert_eq!(found, "received 0 LTC, credited 1 LTC");

    // Another kind or another currency; upper and lower case are equal.
    let other = misread(|_, books| books.kind(ExpectedKind::Order));
    let found = "received 184.03 LTC, credited 184.03 LTC as an order";
    breaks_everywhere(other, Rule::CreditedUnproven, found);
    let other = misread(|_, books| books.currency("DOGE"));
    let found = "received 184.03 LTC, credited 184.03 DOGE";
    breaks_everywhere(other, Rule::CreditedUnproven, found);
    let small = misread(|_, mut books| {
        books.currency = books.currency.map(|it| it.to_lowercase());
        books
    });
    assert!(small.is_clean(), "{small}");

    // Fulfilled twice.
    let again = misread(|_, books| {
        let is_paid = books.is_paid;
        books.fulfilled(if is_paid { 2 } else { 0 })
    });
    assert_eq!(rules(&again), [Rule::FulfilledTwice].into(), "{again}");
    let found = "received 184.03 LTC, credited 184.03 LTC; fulfilled 2 times";
    assert_eq!(again.broken().next().unwrap().found, found);
}

/// More is credited later without another credit, or the credit disappears.
#[test]
fn the_state_is_compared_with_the_previous_one() {
    let seen = Mutex::new(BTreeSet::new());
    let is_first = |reference: &str, books: &Books| {
        is_credited(books) && seen.lock().unwrap().insert(reference.to_owned())
    };
    let grown = misread(|reference, mut books| {
        if !is_first(reference, &books) && is_credited(&books) {
            books.credited = books.credited.checked_add(&one()).unwrap();
        }
        books
    });
    let again = ["the same bytes five times", "resent with new times"];
    assert_eq!(broken_rows(&grown)[..2], again, "{grown}");

    seen.lock().unwrap().clear();
    let forgotten = misread(|reference, mut books| {
        if !is_first(reference, &books) {
            (books.credited, books.credits) = (Amount::default(), 0);
        }
        books
    });
    assert_eq!(rules(&forgotten), [Rule::Lost, Rule::Regressed].into());
    let found: BTreeMap<_, _> = forgotten
        .broken()
        .filter(|broken| broken.row == "the same bytes five times")
        .map(|broken| (broken.rule, broken.found.as_str()))
        .collect();
    assert_eq!(
        found,
        BTreeMap::from([
            (
                Rule::Lost,
                "received 315.28 USDT, credited 0 USDT, held 0 USDT"
            ),
            (Rule::Regressed, "received 315.28 USDT, credited 0 USDT"),
        ])
    );
}

/// A shop may hold everything for manual review, or report the held amount.
#[test]
fn both_parts_are_credited_or_held() {
    let in_part = |says_held: bool| {
        misread(move |_, mut books| {
            if books.credits > 1 {
                let half = Amount::from_sum("0.01").unwrap();
                let rest = books.credited.checked_sub(&half).unwrap();
                books.credited = half;
                books.held = says_held.then_some(rest);
            } else if !says_held {
                books.held = None;
            }
            books
        })
    };
    let lost = in_part(false);
    assert!(rules(&lost).contains(&Rule::Lost), "{lost}");
    let row = lost.rows.iter().find(|row| row.name == "two parts at once");
    let broken = &row.unwrap().broken;
    assert!(
        broken.iter().all(|broken| broken.rule == Rule::Lost),
        "{lost}"
    );
    assert_eq!(broken.len(), 8);
    let held = in_part(true);
    let row = held.rows.iter().find(|row| row.name == "two parts at once");
    assert!(row.unwrap().broken.is_empty(), "{held}");
}

#[test]
fn the_report_counts() {
    // One row, in one case.
    let (shop, _) = both(7);
    let misread = |reference: &str, mut books: Books| {
        books.credits += usize::from(reference == "r-1" && books.credits > 0);
        books
    };
    let torture = b2binpay().references(|number| format!("r-{number}"));
    let report = torture.run_blocking(&Misread { shop, misread }).unwrap();
    let text = report.to_string();
    assert!(text.contains("\na rule is broken in 1 place\n"), "{text}");
    assert!(!text.contains("1 times"), "{text}");
    // With one gateway there is no URL of the other one.
    assert!(!text.contains("at the other gateway's address"), "{text}");

    // Without deliveries nothing was tested.
    let (shop, torture) = both(7);
    let mut report = torture.run_blocking(&shop).unwrap();
    assert!(report.is_clean(), "{report}");
    for row in &mut report.rows {
        row.sent = 0;
    }
    assert!(!report.is_clean());
}

#[test]
fn setters_set_their_fields() {
    let books = Books::new("2".parse().unwrap(), 1, true)
        .currency("BTC")
        .kind(ExpectedKind::Payout)
        .held(one())
        .fulfilled(1);
    assert_eq!(books.currency.as_deref(), Some("BTC"));
    assert_eq!(books.kind, Some(ExpectedKind::Payout));
    assert_eq!((books.held, books.fulfilled), (Some(one()), Some(1)));
}

/// A payment under another reference, which has additional leading zeros.
#[test]
fn states_of_other_references_are_judged() {
    for (credited, credits) in [("1", 0), ("0", 1)] {
        let (shop, _) = both(7);
        let shop = Misread {
            shop,
            misread: |reference: &str, books: Books| {
                if reference.starts_with("088") {
                    Books::new(credited.parse().unwrap(), credits, false)
                } else {
                    books
                }
            },
        };
        let torture = b2binpay().references(|number| (88_000 + number).to_string());
        let report = torture.run_blocking(&shop).unwrap();
        let found: BTreeSet<_> = report
            .broken()
            .filter(|broken| broken.found.ends_with(" under another reference"))
            .map(|broken| (broken.rule, broken.row))
            .collect();
        let row = "an amount's digit in the tracking id";
        assert_eq!(found, [(Rule::CreditedUnproven, row)].into(), "{report}");
    }
}
