//! Ledgers with one mistake each, and the tests that detect it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use payhook::Event;
use payhook::payment::{Change, Expected, ExpectedKind, History, Payment};
use payhook::testing::citypay::OrderEndpoint;
use payhook::{Amount, BoxError, Ledger, MemoryLedger, ledger::PaymentKey};
use payhook_conformance::Gateway;
use payhook_conformance::stress::{
    InProcessTarget, LedgerAccess, LedgerState, Report, Rule, Suite, Target, TestPayment,
};

use super::{citypay_gateway, gateway, key, rules, violated_tests};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mistake {
    /// It credits the whole amount credited so far again.
    AddsLevels,
    /// It drops held amounts.
    DropsTheRest,
    /// It fulfils the payment at each callback about a paid payment.
    FulfillsAgain,
    /// It binds no transfer to a payment.
    NeverBinds,
    /// It stores no history.
    NoMemory,
    None,
    /// It locks nothing between reading and writing the balance.
    NoLock,
    /// It considers the payment paid after the first part.
    PaidByPart,
    /// It keeps the history in the memory of one process.
    PerProcess,
    /// It trusts the unsigned converted amount of an invoice, which is the merchant's
    /// choice.
    Trusts,
    /// It stores no history, and sets the balance to the reported amount.
    SetsBalances,
}

/// Shared by all processes.
#[derive(Default)]
struct Database {
    ledger: MemoryLedger,
    rows: Mutex<HashMap<String, (TestPayment, LedgerState)>>,
}

struct Transaction {
    memory: Option<<MemoryLedger as Ledger>::Transaction>,
    /// The payment as it was found.
    balance: Amount,
}

struct FaultyLedger {
    mistake: Mistake,
    database: Arc<Database>,
    /// Lost when the process ends.
    own: MemoryLedger,
}

impl FaultyLedger {
    fn ledger(&self) -> &MemoryLedger {
        match self.mistake {
            Mistake::PerProcess => &self.own,
            _ => &self.database.ledger,
        }
    }

    fn expected(&self, reference: &str) -> Option<Expected> {
        let rows = self.database.rows.lock().unwrap();
        let (payment, _) = rows.get(reference)?;
        let expected = payment.expected().unwrap();
        Some(match self.mistake {
            Mistake::Trusts => expected.trust_reported_conversion(),
            _ => expected,
        })
    }

    fn begin(
        &self,
        key: &PaymentKey,
        memory: Option<<MemoryLedger as Ledger>::Transaction>,
    ) -> Transaction {
        let rows = self.database.rows.lock().unwrap();
        let balance = rows[&key.reference].1.credited.clone();
        Transaction { memory, balance }
    }

    fn credit(&self, key: &PaymentKey, payment: &Payment, change: &Change, balance: &Amount) {
        let mut rows = self.database.rows.lock().unwrap();
        let Some((opened, state)) = rows.get_mut(&key.reference) else {
            return;
        };
        let credit = match self.mistake {
            Mistake::AddsLevels => Some(payment.credited()).filter(|sum| !sum.is_zero()),
            Mistake::SetsBalances => {
                state.credited = payment.received();
                state.credits = usize::from(!state.credited.is_zero());
                None
            }
            _ => change.credited().cloned(),
        };
        if let Some(credit) = credit {
            let balance = match self.mistake {
                Mistake::NoLock => balance,
                _ => &state.credited,
            };
            state.credited = balance.checked_add(&credit).unwrap();
            state.credits += 1;
        }
        let is_whole = state.credited >= opened.amount;
        state.is_paid |= is_whole || (self.mistake == Mistake::PaidByPart && state.credits > 0);
        let fulfilled = state.fulfilled.unwrap_or_default();
        let now = match self.mistake {
            Mistake::FulfillsAgain => is_whole,
            _ => state.is_paid && fulfilled == 0,
        };
        state.fulfilled = Some(fulfilled + usize::from(now));
    }
}

impl LedgerAccess for FaultyLedger {
    async fn register(&self, payment: &TestPayment) -> Result<(), BoxError> {
        self.database.ledger.expect(payment.expected()?);
        let row = (payment.clone(), LedgerState::default());
        let mut rows = self.database.rows.lock().unwrap();
        assert!(rows.insert(payment.reference.clone(), row).is_none());
        Ok(())
    }

    async fn ledger_state(&self, reference: &str) -> Result<LedgerState, BoxError> {
        let (_, state) = self.database.rows.lock().unwrap()[reference].clone();
        let state = state.clone();
        let held = match self.mistake {
            Mistake::DropsTheRest => Amount::default(),
            Mistake::None => {
                let payment = self.database.ledger.payment(reference);
                payment.ok_or("not expected")?.held()
            }
            // The state does not include it.
            _ => return Ok(state),
        };
        Ok(state.held(held))
    }
}

impl Ledger for FaultyLedger {
    type Transaction = Transaction;

    async fn find(&self, key: &PaymentKey) -> Result<Option<(Transaction, Payment)>, BoxError> {
        let Some(expected) = self.expected(&key.reference) else {
            return Ok(None);
        };
        match self.mistake {
            Mistake::NoMemory | Mistake::SetsBalances => {
                let payment = Payment::new(expected, History::default());
                return Ok(Some((self.begin(key, None), payment)));
            }
            Mistake::NoLock => {
                let payment = self.ledger().peek(key).await?;
                return Ok(payment.map(|payment| (self.begin(key, None), payment)));
            }
            Mistake::PerProcess => self.own.expect(expected),
            Mistake::Trusts => self.database.ledger.expect(expected),
            _ => {}
        }
        let found = self.ledger().find(key).await?;
        Ok(found.map(|(memory, payment)| (self.begin(key, Some(memory)), payment)))
    }

    async fn owner(
        &self,
        transaction: &mut Transaction,
        name: &str,
    ) -> Result<Option<String>, BoxError> {
        match &mut transaction.memory {
            Some(transaction) => self.ledger().owner(transaction, name).await,
            None => Ok(None),
        }
    }

    async fn bind(
        &self,
        transaction: &mut Transaction,
        name: &str,
        owner: &str,
    ) -> Result<String, BoxError> {
        match &mut transaction.memory {
            Some(transaction) if self.mistake != Mistake::NeverBinds => {
                self.ledger().bind(transaction, name, owner).await
            }
            _ => Ok(owner.to_owned()),
        }
    }

    async fn save(
        &self,
        transaction: Transaction,
        key: &PaymentKey,
        payment: &Payment,
        change: &Change,
    ) -> Result<(), BoxError> {
        let Transaction { memory, balance } = transaction;
        let memory = match self.mistake {
            Mistake::NoLock => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let found = self.ledger().find(key).await?;
                found.map(|(memory, _)| memory)
            }
            _ => memory,
        };
        if let Some(transaction) = memory {
            self.ledger()
                .save(transaction, key, payment, change)
                .await?;
        }
        self.credit(key, payment, change, &balance);
        Ok(())
    }

    async fn unmatched(&self, _: &Event<'_>) -> Result<(), BoxError> {
        Ok(())
    }
}

fn shop(mistake: Mistake) -> InProcessTarget<FaultyLedger> {
    let database = Arc::new(Database::default());
    let build = move || FaultyLedger {
        mistake,
        database: Arc::clone(&database),
        own: MemoryLedger::new(),
    };
    InProcessTarget::new(build).b2binpay(gateway())
}

fn report_of(mistake: Mistake) -> Report {
    let endpoint = OrderEndpoint::new();
    let shop = shop(mistake).citypay(citypay_gateway(&endpoint));
    let suite = Suite::new(7).b2binpay(key()).citypay("5120", endpoint);
    suite.run_blocking(&shop).unwrap()
}

/// The same ledger passes without a mistake.
#[test]
fn the_ledger_itself_is_right() {
    let report = report_of(Mistake::None);
    assert!(report.is_clean(), "{report}");
}

#[test]
fn a_shop_without_memory_credits_twice() {
    let report = report_of(Mistake::NoMemory);
    assert_eq!(rules(&report), [Rule::CreditedTwice].into(), "{report}");
    let expected = [
        "the same bytes five times",
        "resent with new times",
        "the same bytes, two at once",
        "the same status, two at once",
        "growing confirmations",
        "format variants",
        "parts, each repeated",
        "dust after it is paid",
        "confirmed, then reversed",
        "again after a restart",
        "one transfer under two references",
        "a slow server, retried",
        "unsigned fields changed",
        "changed, then sent again",
        "resent, and changed in transit",
        "the same bytes five times",
        "older callbacks afterwards",
        "the same bytes, two at once",
        "the endpoint is ahead",
        "parts, each repeated",
        "confirmed, then underpaid",
        "dust after it is paid",
        "again after a restart",
        "one transaction under two tokens",
        "a slow server, retried",
        "fields changed",
    ];
    assert_eq!(violated_tests(&report), expected, "{report}");
}

#[test]
fn a_shop_that_sets_balances_regresses() {
    let report = report_of(Mistake::SetsBalances);
    let all = [Rule::CreditedTwice, Rule::Lost, Rule::Regressed];
    assert_eq!(rules(&report), all.into(), "{report}");
    let expected = [
        "older callbacks afterwards",
        "underpaid, overpaid, in parts",
        "parts, each repeated",
        "two parts at once",
        "dust after it is paid",
        "again after a restart",
        "one transfer under two references",
        "an invoice paid in other coins",
        "unsigned fields changed",
        "replayed as another kind",
        "older callbacks afterwards",
        "confirmed, then underpaid",
        "one transaction under two tokens",
    ];
    assert_eq!(violated_tests(&report), expected, "{report}");
}

#[test]
fn a_shop_that_adds_totals_credits_twice() {
    let report = report_of(Mistake::AddsLevels);
    assert_eq!(rules(&report), [Rule::CreditedTwice].into(), "{report}");
    let expected = [
        "resent with new times",
        "older callbacks afterwards",
        "the same status, two at once",
        "growing confirmations",
        "underpaid, overpaid, in parts",
        "parts, each repeated",
        "two parts at once",
        "dust after it is paid",
        "confirmed, then reversed",
        "again after a restart",
        "a slow server, retried",
        "unsigned fields changed",
        "changed, then sent again",
        "resent, and changed in transit",
        "replayed as another kind",
        "older callbacks afterwards",
        "confirmed, then underpaid",
        "dust after it is paid",
    ];
    assert_eq!(violated_tests(&report), expected, "{report}");
}

#[test]
fn a_history_in_memory_is_lost_on_restart() {
    let report = report_of(Mistake::PerProcess);
    assert_eq!(rules(&report), [Rule::CreditedTwice].into(), "{report}");
    let expected = ["again after a restart", "again after a restart"];
    assert_eq!(violated_tests(&report), expected, "{report}");
}

#[test]
fn a_history_in_memory_is_not_shared_by_replicas() {
    let shop = shop(Mistake::PerProcess).replicas(2);
    let report = Suite::new(7).b2binpay(key()).run_blocking(&shop).unwrap();
    assert_eq!(rules(&report), [Rule::CreditedTwice].into(), "{report}");
    let expected = [
        "the same bytes five times",
        "resent with new times",
        "the same bytes, two at once",
        "the same status, two at once",
        "growing confirmations",
        "format variants",
        "parts, each repeated",
        "again after a restart",
        "again at every replica",
        "one transfer under two references",
        "a slow server, retried",
        "unsigned fields changed",
        "changed, then sent again",
        "resent, and changed in transit",
    ];
    assert_eq!(violated_tests(&report), expected, "{report}");
}

#[test]
fn without_a_lock_it_credits_twice_and_loses() {
    let report = report_of(Mistake::NoLock);
    let both = [Rule::CreditedTwice, Rule::Lost];
    assert_eq!(rules(&report), both.into(), "{report}");
    let expected = [
        "the same bytes, two at once",
        "the same status, two at once",
        "two parts at once",
        "one transfer under two references",
        "a slow server, retried",
        "the same bytes, two at once",
        "one transaction under two tokens",
        "a slow server, retried",
    ];
    assert_eq!(violated_tests(&report), expected, "{report}");
}

#[test]
fn a_transfer_that_is_not_bound_is_credited_twice() {
    let report = report_of(Mistake::NeverBinds);
    assert_eq!(rules(&report), [Rule::CreditedTwice].into(), "{report}");
    let expected = [
        "one transfer under two references",
        "one transaction under two tokens",
    ];
    assert_eq!(violated_tests(&report), expected, "{report}");
}

#[test]
fn a_payment_is_fulfilled_twice() {
    let report = report_of(Mistake::FulfillsAgain);
    assert_eq!(rules(&report), [Rule::FulfilledTwice].into(), "{report}");
    let expected = [
        "resent with new times",
        "older callbacks afterwards",
        "the same status, two at once",
        "growing confirmations",
        "underpaid, overpaid, in parts",
        "parts, each repeated",
        "dust after it is paid",
        "confirmed, then reversed",
        "again after a restart",
        "a slow server, retried",
        "unsigned fields changed",
        "changed, then sent again",
        "resent, and changed in transit",
        "replayed as another kind",
        "older callbacks afterwards",
        "confirmed, then underpaid",
        "dust after it is paid",
    ];
    assert_eq!(violated_tests(&report), expected, "{report}");
}

#[test]
fn uncredited_money_has_to_be_held() {
    let report = report_of(Mistake::DropsTheRest);
    assert_eq!(rules(&report), [Rule::Lost].into(), "{report}");
    let expected = [
        "underpaid, overpaid, in parts",
        "dust after it is paid",
        "paid late",
        "an invoice paid in other coins",
        "underpaid, overpaid, in parts",
        "dust after it is paid",
        "paid late",
        "unauthenticated notifications",
    ];
    assert_eq!(violated_tests(&report), expected, "{report}");
}

#[test]
fn a_part_is_not_paid() {
    let report = report_of(Mistake::PaidByPart);
    assert_eq!(rules(&report), [Rule::CreditedUnproven].into(), "{report}");
    let expected = [
        "underpaid, overpaid, in parts",
        "parts, each repeated",
        "again after a restart",
        "signed fields changed",
    ];
    assert_eq!(violated_tests(&report), expected, "{report}");
}

fn invoices(shop: &impl Target) -> Report {
    let suite = Suite::new(7).b2binpay(key());
    let suite = suite.kinds([ExpectedKind::Invoice]);
    suite.run_blocking(shop).unwrap()
}

#[test]
fn an_invoice_is_credited_in_its_own_currency() {
    let report = invoices(&shop(Mistake::Trusts));
    assert!(report.is_clean(), "{report}");
    let [row] = &report.results[..] else {
        panic!("{report}")
    };
    assert_eq!((row.credits, row.max_credits), (5, 5));
}

/// It confuses the amount in a cryptocurrency with the amount in the invoice's
/// currency.
struct Counts(InProcessTarget<FaultyLedger>);

impl LedgerAccess for Counts {
    async fn register(&self, payment: &TestPayment) -> Result<(), BoxError> {
        self.0.register(payment).await
    }

    async fn ledger_state(&self, reference: &str) -> Result<LedgerState, BoxError> {
        self.0.ledger_state(reference).await
    }
}

impl Target for Counts {
    async fn post(&self, gateway: Gateway, replica: usize, body: &[u8]) -> Result<u16, BoxError> {
        let mut body: serde_json::Value = serde_json::from_slice(body)?;
        let coins = body["included"][1]["attributes"]["amount"].clone();
        body["included"][1]["attributes"]["amount_target"] = coins.clone();
        body["data"]["attributes"]["target_paid"] = coins;
        self.0
            .post(gateway, replica, body.to_string().as_bytes())
            .await
    }
}

#[test]
fn cryptocurrency_is_not_credited_as_dollars() {
    let report = invoices(&Counts(shop(Mistake::Trusts)));
    let broken: Vec<_> = report
        .violations()
        .map(|broken| (broken.rule, broken.case))
        .collect();
    let expected = [
        (Rule::Lost, "in full, in an expensive coin"),
        (Rule::CreditedUnproven, "as many coins as the price"),
        (Rule::CreditedUnproven, "more coins than the price"),
        (Rule::Lost, "in two coins"),
    ];
    assert_eq!(broken, expected, "{report}");
}
