//! Invariants after every step, checked against an independent account of the actual
//! transfers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use payhook::b2binpay::{self, Key, LookupPolicy, TrackingIds, Verifier};
use payhook::payment::{Change, Expected, ExpectedKind, History, Payment};
use payhook::{
    Amount, BoxError, Disposition, Endpoint, Fetch, Ledger, MemoryLedger, Reply, citypay,
    delegate_ledger, ledger::PaymentKey,
};
use rust_decimal::Decimal;

use super::wire::{stamp, written};
use super::world::{CUSTOMER, Ids, Random, Record, SECRET, Step, World};

pub(super) type Violation = String;

/// The sums of a reference, over all of its transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sums {
    received: Decimal,
    credited: Decimal,
    held: Decimal,
    rejected: Decimal,
}

fn decimal(amount: &Amount) -> Decimal {
    amount.to_decimal().unwrap()
}

fn hundredths(value: i64) -> Decimal {
    Decimal::new(value, 2)
}

/// A ledger that checks every history that it stores.
struct CheckedLedger {
    ledger: MemoryLedger,
    violation: Mutex<Option<Violation>>,
}

impl Ledger for CheckedLedger {
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
        let history = payment.history();
        let text = history.to_string();
        if text.parse::<History>().as_ref() != Ok(&history) {
            *self.violation.lock().unwrap() =
                Some(format!("the history does not round-trip: {text}"));
        }
        if text.len() >= 64 * 1024 {
            *self.violation.lock().unwrap() = Some(format!("{} bytes of history", text.len()));
        }
        self.ledger.save(transaction, key, payment, change).await
    }
}

struct Recorded<'a>(Option<&'a str>);

impl Fetch for Recorded<'_> {
    async fn get(&self, _: &str) -> Result<Vec<u8>, BoxError> {
        Ok(self.0.ok_or("the lookup failed")?.as_bytes().to_vec())
    }
}

/// A merchant with the payments of the world.
struct Shop<'w> {
    world: &'w World,
    verifier: Verifier,
    ledger: CheckedLedger,
}

/// The result of a step.
#[derive(Debug, Default, PartialEq)]
struct StepResult {
    status: u16,
    credited: Decimal,
    newly_paid: bool,
    reviews: Vec<&'static str>,
}

impl StepResult {
    fn add(&mut self, change: &Change) {
        self.credited += change.credited().map(decimal).unwrap_or_default();
        self.newly_paid |= change.newly_paid();
        let reviews = change.reviews().iter();
        self.reviews
            .extend(reviews.map(|review| code(review.reason().as_str())));
    }
}

fn change_of(reply: &Reply) -> Option<&Change> {
    match reply.disposition() {
        Disposition::Applied { change, .. } | Disposition::Unmatched { change, .. } => Some(change),
        _ => None,
    }
}

/// The code as a `'static` string.
fn code(code: &str) -> &'static str {
    [
        "conflicting_delivery",
        "contradicted",
        "elsewhere",
        "equal_part",
        "late",
        "overpaid",
        "reversed",
        "restored",
        "too_many",
        "unmatched",
        "unproven",
        "unresolved",
        "wrong_currency",
        "wrong_kind",
    ]
    .into_iter()
    .find(|known| *known == code)
    .unwrap_or_else(|| panic!("an unknown reason {code}"))
}

impl Record {
    fn expected(&self) -> Expected {
        let kind = ExpectedKind::from_name(self.kind).unwrap();
        let amount = self
            .amount
            .map(|amount| written(amount, 2).parse().unwrap());
        let mut expected =
            Expected::of_kind(kind, self.reference.clone(), self.currency, amount).unwrap();
        if self.tolerance > 0 {
            let tolerance = written(self.tolerance, 2).parse().unwrap();
            expected = expected.tolerance(tolerance).unwrap();
        }
        if let Some(decimals) = self.decimals {
            expected = expected.decimals(decimals);
        }
        if let Some(deadline) = self.deadline {
            expected = expected.deadline(stamp(deadline).parse().unwrap());
        }
        if self.trusts {
            expected = expected.trust_reported_conversion();
        }
        if self.requires_lookup {
            expected = expected.require_lookup();
        }
        expected
    }
}

impl<'w> Shop<'w> {
    fn new(world: &'w World) -> Self {
        let ids = match world.ids {
            Ids::Prefixed => TrackingIds::Prefixed,
            Ids::Unused => TrackingIds::Unused,
            Ids::Unrestricted => TrackingIds::Unrestricted,
        };
        let ledger = MemoryLedger::new();
        for record in &world.records {
            ledger.expect(record.expected());
        }
        Self {
            world,
            verifier: Verifier::new(Key::callback_secret(SECRET).unwrap(), ids),
            ledger: CheckedLedger {
                ledger,
                violation: Mutex::default(),
            },
        }
    }

    fn take(&self, step: &Step) -> StepResult {
        let mut result = StepResult::default();
        match step {
            Step::Decision { record, accepts } => {
                let reference = &self.world.records[*record].reference;
                let ledger = &self.ledger.ledger;
                let held = self.sums(*record).held.to_string().parse().unwrap();
                let changes = if *accepts {
                    ledger.accept_held(reference, &held)
                } else {
                    ledger.reject_held(reference, &held)
                }
                .unwrap();
                result.status = 200;
                for change in &changes {
                    result.add(change);
                }
            }
            Step::Delivery {
                body, api, answer, ..
            } => {
                let reply = self.deliver(body, api.as_deref(), answer.as_deref());
                result.status = reply.status();
                if let Some(change) = change_of(&reply) {
                    result.add(change);
                }
            }
        }
        result
    }

    fn deliver(&self, body: &str, api: Option<&str>, answer: Option<&str>) -> Reply {
        let body = body.as_bytes();
        if self.world.is_citypay {
            let account = citypay::Account::new(CUSTOMER).unwrap();
            let gateway = citypay::Gateway::new(account, Recorded(answer));
            return Endpoint::new(gateway, &self.ledger).receive_blocking(body, None);
        }
        let gateway = b2binpay::Gateway::new(self.verifier.clone());
        let Some(api) = api else {
            return Endpoint::new(gateway, &self.ledger).receive_blocking(body, None);
        };
        let gateway = gateway
            .with_api("https://api", Recorded(Some(api)))
            .lookup_policy(LookupPolicy::Always)
            .hold_on_lookup_failure();
        Endpoint::new(gateway, &self.ledger).receive_blocking(body, None)
    }

    fn payments(&self, record: usize) -> Vec<Payment> {
        let reference = &self.world.records[record].reference;
        self.ledger.ledger.payments(reference)
    }

    fn sums(&self, record: usize) -> Sums {
        let mut sums = Sums::default();
        for payment in self.payments(record) {
            sums.received += decimal(&payment.received());
            sums.credited += decimal(&payment.credited());
            sums.held += decimal(&payment.held());
            sums.rejected += decimal(&payment.rejected());
        }
        sums
    }

    fn all_sums(&self) -> Vec<Sums> {
        (0..self.world.records.len())
            .map(|record| self.sums(record))
            .collect()
    }
}

/// The actual transfers, as far as they were reported to the merchant.
#[derive(Default)]
struct Account {
    /// For each transfer, the latest time and status that was delivered unchanged.
    known: BTreeMap<usize, (i64, i64)>,
    /// Transfers that settled: by their signed text, in any division.
    signed: BTreeSet<usize>,
    /// Transfers that the API listed as settled.
    listed: BTreeSet<usize>,
    transactions: BTreeSet<usize>,
    /// Transfers that did not settle according to a signed text.
    ended: BTreeSet<usize>,
    accepted: Vec<Decimal>,
    newly_paid: Vec<u32>,
    reviewed: BTreeSet<&'static str>,
}

/// The order of finality among callbacks of one time (rule 2).
fn finality(status: i64) -> u8 {
    match status {
        0 => 1,
        1 => 2,
        2 => 3,
        -1 => 4,
        -3 => 5,
        -2 => 6,
        _ => 0,
    }
}

impl Account {
    fn record(&mut self, step: &Step, result: &StepResult) {
        self.reviewed.extend(&result.reviews);
        let Step::Delivery { facts, .. } = step else {
            return;
        };
        self.listed.extend(&facts.listed);
        self.transactions.extend(&facts.transactions);
        let Some((transfer, time, status)) = facts.text else {
            return;
        };
        if status == 2 {
            self.signed.insert(transfer);
        } else {
            self.ended.insert(transfer);
        }
        if !facts.is_forged {
            let known = self.known.entry(transfer).or_insert((time, status));
            if (time, finality(status)) > (known.0, finality(known.1)) {
                *known = (time, status);
            }
        }
    }

    /// The received amount of a record, if nothing was forged.
    fn received(&self, world: &World, index: usize) -> Decimal {
        let record = &world.records[index];
        if world.is_citypay {
            let sum = self.transactions.iter().map(|at| world.transactions[*at]);
            return hundredths(sum.sum());
        }
        let settled = self.known.iter().filter(|(_, (_, status))| *status == 2);
        let sum = settled
            .map(|(at, _)| &world.transfers[*at])
            .filter(|transfer| transfer.record == index)
            .filter(|transfer| record.kind == "invoice" || transfer.coin == record.currency)
            .map(|transfer| worth(record, transfer));
        hundredths(sum.sum())
    }

    /// The maximum amount that may be credited without manual review; `None` if the
    /// merchant chose to trust unsigned fields.
    fn limit(&self, world: &World, index: usize) -> Option<Decimal> {
        let record = &world.records[index];
        if world.is_citypay {
            return Some(self.received(world, index));
        }
        let trusts_ids = record.is_top_up() && !record.requires_lookup;
        if record.trusts || trusts_ids {
            return None;
        }
        let needs_api =
            record.kind == "invoice" || record.requires_lookup || world.ids == Ids::Unused;
        // By rule 9, a transfer that ended under a changed id allows another one of the
        // same amount: the callback of its end is genuine.
        let has_ended = |at: &&usize| {
            let known = &self.ended;
            known.contains(at) && world.transfers[**at].record == index
        };
        let ended: i64 = self
            .ended
            .iter()
            .filter(has_ended)
            .map(|at| worth(record, &world.transfers[*at]))
            .sum();
        let shown: BTreeSet<usize> = if needs_api {
            self.listed.clone()
        } else {
            &self.signed | &self.listed
        };
        let sum = shown
            .into_iter()
            .map(|at| &world.transfers[at])
            .filter(|transfer| transfer.record == index)
            .map(|transfer| worth(record, transfer));
        Some(hundredths(sum.sum::<i64>() + ended))
    }
}

fn worth(record: &Record, transfer: &super::world::Transfer) -> i64 {
    if record.kind == "invoice" {
        transfer.value
    } else {
        transfer.amount
    }
}

/// All statuses and review reasons of a lifecycle, to check the generator.
pub(super) fn observations(world: &World) -> Vec<String> {
    let shop = Shop::new(world);
    let mut seen = Vec::new();
    for step in &world.steps {
        let result = shop.take(step);
        seen.extend(result.reviews.iter().map(|&reason| reason.to_owned()));
        for record in 0..world.records.len() {
            let payments = shop.payments(record);
            seen.extend(payments.iter().map(|payment| payment.status().to_string()));
        }
    }
    seen
}

/// Whether every stored history is bounded.
pub(super) fn history_bound(world: &World) -> Result<(), Violation> {
    let shop = Shop::new(world);
    for step in &world.steps {
        shop.take(step);
        if let Some(violation) = shop.ledger.violation.lock().unwrap().take() {
            return Err(violation.chars().take(200).collect());
        }
    }
    Ok(())
}

pub(super) fn check(world: &World) -> Result<(), Violation> {
    let mut random = Random::new(world.seed);
    let shop = Shop::new(world);
    let mut account = Account {
        accepted: vec![Decimal::ZERO; world.records.len()],
        newly_paid: vec![0; world.records.len()],
        ..Account::default()
    };
    for (index, step) in world.steps.iter().enumerate() {
        let at = |what: String| format!("step {index}: {what}");
        let before = shop.all_sums();
        let result = shop.take(step);
        let after = shop.all_sums();
        account.record(step, &result);
        if let Some(violation) = shop.ledger.violation.lock().unwrap().take() {
            return Err(at(violation));
        }
        credits_are_reported(&before, &after, &result).map_err(at)?;
        if let Step::Decision { record, accepts } = step
            && *accepts
        {
            account.accepted[*record] += result.credited;
        }
        for (record, after) in after.iter().enumerate() {
            let is_forged = !world.is_genuine();
            sums_agree(world, record, after).map_err(at)?;
            if let Some(limit) = account.limit(world, record) {
                let limit = limit + account.accepted[record];
                if after.credited > limit {
                    return Err(at(format!(
                        "{} is credited, but only {limit} settled",
                        after.credited
                    )));
                }
            }
            let received = account.received(world, record);
            if !is_forged && after.received != received {
                return Err(at(format!("received {}, not {received}", after.received)));
            }
            let is_reported = account.reviewed.iter().any(|reason| {
                matches!(
                    *reason,
                    "conflicting_delivery"
                        | "wrong_kind"
                        | "wrong_currency"
                        | "unmatched"
                        | "too_many"
                )
            });
            // Another transfer's failure, reported as this one's, cannot be
            // distinguished.
            let mut own = world.transfers.iter();
            let may_fail = own.any(|transfer| {
                transfer.record == record && transfer.events.iter().any(|event| event.1 != 2)
            });
            let is_invoice = world.records[record].kind == "invoice";
            let is_exempt = may_fail || world.ids != Ids::Prefixed || is_invoice;
            if !is_exempt && after.received < received && !is_reported {
                return Err(at(format!(
                    "received {}, not {received}, and nothing is reported",
                    after.received
                )));
            }
        }
        count_paid(&shop, step, &result, &mut account.newly_paid).map_err(at)?;
        if random.percent(40) {
            let earlier = random.below(index + 1);
            repeat(&shop, &world.steps[index], true).map_err(at)?;
            repeat(&shop, &world.steps[earlier], false)
                .map_err(|what| at(format!("step {earlier} again: {what}")))?;
        }
    }
    sums_do_not_depend_on_the_order(world, &mut random)
}

/// The ledger's credits are those that were reported to the merchant.
fn credits_are_reported(
    before: &[Sums],
    after: &[Sums],
    result: &StepResult,
) -> Result<(), Violation> {
    let sum = |sums: &[Sums]| sums.iter().map(|sums| sums.credited).sum::<Decimal>();
    let credited = sum(after) - sum(before);
    if credited == result.credited {
        Ok(())
    } else {
        Err(format!(
            "reported a credit of {}, but credited {credited}",
            result.credited
        ))
    }
}

fn sums_agree(world: &World, record: usize, sums: &Sums) -> Result<(), Violation> {
    let net = sums.received - sums.held - sums.rejected;
    // An attacker can report one transfer's failure as another's.
    let may_fail = |event: &(i64, i64)| !world.is_genuine() && event.1 != 2;
    let is_reversed = world
        .transfers
        .iter()
        .any(|transfer| transfer.is_reversed() || transfer.events.iter().any(may_fail));
    let is_sound = if is_reversed {
        Decimal::ZERO <= net && net <= sums.credited
    } else {
        net == sums.credited
    };
    if is_sound && sums.held >= Decimal::ZERO && sums.received >= Decimal::ZERO {
        Ok(())
    } else {
        Err(format!(
            "the sums of payment {record} do not agree: {sums:?}"
        ))
    }
}

fn count_paid(
    shop: &Shop<'_>,
    step: &Step,
    result: &StepResult,
    newly_paid: &mut [u32],
) -> Result<(), Violation> {
    if !result.newly_paid {
        return Ok(());
    }
    // A step is about one payment; under attack it may be about another one.
    let record = match step {
        Step::Decision { record, .. } => *record,
        Step::Delivery { facts, .. } => facts.record,
    };
    if shop.world.records.len() > 1 && !shop.world.is_genuine() {
        return Ok(());
    }
    newly_paid[record] += 1;
    if newly_paid[record] > 1 {
        return Err("newly paid twice".to_owned());
    }
    Ok(())
}

/// The same delivery changes nothing. An earlier one is repeated without the lookup,
/// whose response may have changed.
fn repeat(shop: &Shop<'_>, step: &Step, with_api: bool) -> Result<(), Violation> {
    let Step::Delivery {
        body, api, answer, ..
    } = step
    else {
        return Ok(());
    };
    if shop.world.is_citypay && !with_api {
        return Ok(());
    }
    let before = shop.all_sums();
    let api = api.as_deref().filter(|_| with_api);
    let reply = shop.deliver(body, api, answer.as_deref());
    let mut result = StepResult::default();
    if let Some(change) = change_of(&reply) {
        result.add(change);
    }
    // If the reading was ambiguous, a different copy may have been recorded as this
    // delivery meanwhile.
    let is_settled = with_api || shop.world.ids == Ids::Prefixed;
    result.reviews.retain(|reason| match *reason {
        "unmatched" | "too_many" => false,
        "conflicting_delivery" => is_settled,
        _ => true,
    });
    if result != StepResult::default() || shop.all_sums() != before {
        return Err(format!(
            "repeated, the result is {result:?}: {before:?} {:?}",
            shop.all_sums()
        ));
    }
    Ok(())
}

/// Any order of the same deliveries gives the same sums.
fn sums_do_not_depend_on_the_order(world: &World, random: &mut Random) -> Result<(), Violation> {
    if !world.is_genuine() {
        return Ok(());
    }
    let mut deliveries: Vec<&Step> = world
        .steps
        .iter()
        .filter(|step| matches!(step, Step::Delivery { .. }))
        .collect();
    let mut ends = Vec::new();
    for _ in 0..2 {
        let shop = Shop::new(world);
        for step in &deliveries {
            shop.take(step);
        }
        ends.push(shop.all_sums());
        random.shuffle(&mut deliveries);
    }
    let is_reversed = world
        .transfers
        .iter()
        .any(super::world::Transfer::is_reversed);
    for (one, other) in ends[0].iter().zip(&ends[1]) {
        let same_received = one.received == other.received;
        let same_rest = one.credited + one.held == other.credited + other.held;
        if !same_received || (!same_rest && !is_reversed) {
            return Err(format!("in another order: {one:?}, then {other:?}"));
        }
    }
    Ok(())
}
