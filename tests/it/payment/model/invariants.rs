//! What has to hold after every step, against an independent account of what
//! really happened.

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

/// Sums of a reference, over all of its transfers.
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

/// A ledger that looks at every text it is given to store.
struct Watched {
    ledger: MemoryLedger,
    broken: Mutex<Option<Violation>>,
}

impl Ledger for Watched {
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
            *self.broken.lock().unwrap() = Some(format!("the history does not survive: {text}"));
        }
        if text.len() >= 64 * 1024 {
            *self.broken.lock().unwrap() = Some(format!("{} bytes of history", text.len()));
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

/// One merchant with the world's payments.
struct Shop<'w> {
    world: &'w World,
    verifier: Verifier,
    ledger: Watched,
}

/// What a step came to.
#[derive(Debug, Default, PartialEq)]
struct Told {
    status: u16,
    credited: Decimal,
    newly_paid: bool,
    reviews: Vec<&'static str>,
}

impl Told {
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

/// A code without a borrow of the review.
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
            Ids::Lettered => TrackingIds::Prefixed,
            Ids::AlwaysEmpty => TrackingIds::Unused,
            Ids::Any => TrackingIds::Unrestricted,
        };
        let ledger = MemoryLedger::new();
        for record in &world.records {
            ledger.expect(record.expected());
        }
        Self {
            world,
            verifier: Verifier::new(Key::callback_secret(SECRET).unwrap(), ids),
            ledger: Watched {
                ledger,
                broken: Mutex::default(),
            },
        }
    }

    fn take(&self, step: &Step) -> Told {
        let mut told = Told::default();
        match step {
            Step::Decision { record, accepts } => {
                let reference = &self.world.records[*record].reference;
                let changes = if *accepts {
                    self.ledger.ledger.accept_held(reference)
                } else {
                    self.ledger.ledger.reject_held(reference)
                };
                told.status = 200;
                for change in &changes {
                    told.add(change);
                }
            }
            Step::Delivery {
                body, api, answer, ..
            } => {
                let reply = self.deliver(body, api.as_deref(), answer.as_deref());
                told.status = reply.status();
                if let Some(change) = change_of(&reply) {
                    told.add(change);
                }
            }
        }
        told
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

/// What really happened, as far as it was shown to the merchant.
#[derive(Default)]
struct Account {
    /// Of each transfer the latest time and status that was delivered unaltered.
    known: BTreeMap<usize, (i64, i64)>,
    /// Transfers that settled: by their signed text, in whatever form it came.
    signed: BTreeSet<usize>,
    /// Transfers that the API listed as settled.
    listed: BTreeSet<usize>,
    transactions: BTreeSet<usize>,
    /// Transfers of which a signed text says that they are not settled.
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
    fn hear(&mut self, step: &Step, told: &Told) {
        self.reviewed.extend(&told.reviews);
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

    /// What was received of a record, if nobody altered anything.
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

    /// The most that may be credited without a person; `None` if the merchant
    /// chose to trust what no signature covers.
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
            record.kind == "invoice" || record.requires_lookup || world.ids == Ids::AlwaysEmpty;
        // What ended under a rewritten id frees its equal, by the letter of rule 9:
        // the callback of its end is the true one.
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

/// Everything that the life reaches, for a look at the generator.
pub(super) fn observations(world: &World) -> Vec<String> {
    let shop = Shop::new(world);
    let mut seen = Vec::new();
    for step in &world.steps {
        let told = shop.take(step);
        seen.extend(told.reviews.iter().map(|&reason| reason.to_owned()));
        for record in 0..world.records.len() {
            let payments = shop.payments(record);
            seen.extend(payments.iter().map(|payment| payment.status().to_string()));
        }
    }
    seen
}

/// Whether every text that is stored is bounded.
pub(super) fn history_bound(world: &World) -> Result<(), Violation> {
    let shop = Shop::new(world);
    for step in &world.steps {
        shop.take(step);
        if let Some(broken) = shop.ledger.broken.lock().unwrap().take() {
            return Err(broken.chars().take(200).collect());
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
        let told = shop.take(step);
        let after = shop.all_sums();
        account.hear(step, &told);
        if let Some(broken) = shop.ledger.broken.lock().unwrap().take() {
            return Err(at(broken));
        }
        credits_are_told(&before, &after, &told).map_err(at)?;
        if let Step::Decision { record, accepts } = step
            && *accepts
        {
            account.accepted[*record] += told.credited;
        }
        for (record, after) in after.iter().enumerate() {
            let is_forged = !world.is_honest();
            sums_agree(world, record, after).map_err(at)?;
            if let Some(limit) = account.limit(world, record) {
                let limit = limit + account.accepted[record];
                if after.credited > limit {
                    return Err(at(format!(
                        "{} is credited of {limit} that settled",
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
            // Another transfer's failure, shown as this one's, can't be told apart.
            let mut own = world.transfers.iter();
            let may_fail = own.any(|transfer| {
                transfer.record == record && transfer.events.iter().any(|event| event.1 != 2)
            });
            let is_invoice = world.records[record].kind == "invoice";
            let is_exempt = may_fail || world.ids != Ids::Lettered || is_invoice;
            if !is_exempt && after.received < received && !is_reported {
                return Err(at(format!(
                    "received {}, not {received}, and nothing is reported",
                    after.received
                )));
            }
        }
        count_paid(&shop, step, &told, &mut account.newly_paid).map_err(at)?;
        if random.percent(40) {
            let earlier = random.below(index + 1);
            repeat(&shop, &world.steps[index], true).map_err(at)?;
            repeat(&shop, &world.steps[earlier], false)
                .map_err(|what| at(format!("step {earlier} again: {what}")))?;
        }
    }
    order_does_not_matter(world, &mut random)
}

/// What was credited is what the merchant was told to credit.
fn credits_are_told(before: &[Sums], after: &[Sums], told: &Told) -> Result<(), Violation> {
    let sum = |sums: &[Sums]| sums.iter().map(|sums| sums.credited).sum::<Decimal>();
    let booked = sum(after) - sum(before);
    if booked == told.credited {
        Ok(())
    } else {
        Err(format!(
            "told to credit {}, and booked {booked}",
            told.credited
        ))
    }
}

fn sums_agree(world: &World, record: usize, sums: &Sums) -> Result<(), Violation> {
    let standing = sums.received - sums.held - sums.rejected;
    // An attacker shows one transfer's failure as another's.
    let may_fail = |event: &(i64, i64)| !world.is_honest() && event.1 != 2;
    let is_reversed = world
        .transfers
        .iter()
        .any(|transfer| transfer.is_reversed() || transfer.events.iter().any(may_fail));
    let is_sound = if is_reversed {
        Decimal::ZERO <= standing && standing <= sums.credited
    } else {
        standing == sums.credited
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
    told: &Told,
    newly_paid: &mut [u32],
) -> Result<(), Violation> {
    if !told.newly_paid {
        return Ok(());
    }
    // A step is about one payment; under attack it may be another's.
    let record = match step {
        Step::Decision { record, .. } => *record,
        Step::Delivery { facts, .. } => facts.record,
    };
    if shop.world.records.len() > 1 && !shop.world.is_honest() {
        return Ok(());
    }
    newly_paid[record] += 1;
    if newly_paid[record] > 1 {
        return Err("newly paid twice".to_owned());
    }
    Ok(())
}

/// The same delivery changes nothing. Later, the gateway is not asked again: its
/// answer may be news.
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
    let mut told = Told::default();
    if let Some(change) = change_of(&reply) {
        told.add(change);
    }
    // Where the reading was not settled, another copy may have taken the
    // delivery's name meanwhile.
    let is_settled = with_api || shop.world.ids == Ids::Lettered;
    told.reviews.retain(|reason| match *reason {
        "unmatched" | "too_many" => false,
        "conflicting_delivery" => is_settled,
        _ => true,
    });
    if told != Told::default() || shop.all_sums() != before {
        return Err(format!(
            "repeated, it says {told:?}: {before:?} {:?}",
            shop.all_sums()
        ));
    }
    Ok(())
}

/// Any order of the same deliveries ends in the same sums.
fn order_does_not_matter(world: &World, random: &mut Random) -> Result<(), Violation> {
    if !world.is_honest() {
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
