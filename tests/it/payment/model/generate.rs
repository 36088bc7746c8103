//! Random lifecycles: the actual transfers, the callbacks about them, and their
//! forgeries.

use super::wire::{self, Callback, written};
use super::world::{Facts, Ids, Random, Record, Step, Transfer, World};

const AMOUNTS: [i64; 6] = [1, 25, 50, 100, 150, 210];
const COINS: [&str; 3] = ["ETH", "BTC", "DOGE"];

pub(super) fn world(seed: u64) -> World {
    let mut random = Random::new(seed);
    if random.percent(15) {
        orders(seed, &mut random)
    } else {
        transfers(seed, &mut random)
    }
}

fn record(random: &mut Random, kind: &'static str, index: usize, ids: Ids) -> Record {
    let own_id = (30_417 + index).to_string();
    let tracking_id = match ids {
        Ids::Prefixed => format!("order-{index}"),
        Ids::Unused => String::new(),
        // One is a suffix of the other.
        Ids::Unrestricted => ["5001", "001", "1"][index].to_owned(),
    };
    let reference = if ids == Ids::Unused {
        own_id.clone()
    } else {
        tracking_id.clone()
    };
    let is_priced = kind != "top_up";
    Record {
        kind,
        reference,
        currency: if kind == "invoice" || kind == "order" {
            "USD"
        } else {
            "ETH"
        },
        amount: is_priced.then(|| random.pick(&[25, 100, 200, 300])),
        tolerance: if is_priced {
            random.pick(&[0, 0, 1, 10])
        } else {
            0
        },
        deadline: random
            .percent(20)
            .then(|| i64::try_from(random.below(200)).unwrap()),
        // The record is correct: rule 18 guarantees nothing otherwise.
        decimals: (ids == Ids::Unrestricted).then_some(2),
        trusts: kind == "invoice" && random.percent(40),
        requires_lookup: kind != "order" && random.percent(25),
        own_id,
        tracking_id,
    }
}

/// The possible events of a transfer, from its creation on.
fn events(random: &mut Random, clock: &mut i64) -> Vec<(i64, i64)> {
    let stories: [&[i64]; 10] = [
        &[2],
        &[2],
        &[1, 2],
        &[0, 1, 2],
        &[1, 2, 2],
        &[2, -2],
        &[2, -2, 2],
        &[1, -1],
        &[-1, 2],
        &[0, -3],
    ];
    let mut at = *clock;
    *clock += 1;
    let story = random.pick(&stories);
    story
        .iter()
        .map(|status| {
            let event = (at, *status);
            // All events have different times.
            at += 40 + 40 * i64::try_from(random.below(3)).unwrap();
            event
        })
        .collect()
}

fn transfers(seed: u64, random: &mut Random) -> World {
    let ids = random.pick(&[
        Ids::Prefixed,
        Ids::Prefixed,
        Ids::Prefixed,
        Ids::Unrestricted,
        Ids::Unused,
    ]);
    let count = 1 + random.below(2);
    let kinds = ["deposit", "deposit", "invoice", "top_up", "payout"];
    let records: Vec<Record> = (0..count)
        .map(|index| {
            let kind = random.pick(&kinds);
            record(random, kind, index, ids)
        })
        .collect();
    let mut clock = 1;
    let transfers: Vec<Transfer> = (0..=random.below(4))
        .map(|index| {
            let record = random.below(records.len());
            let kind = records[record].kind;
            let any_coin = kind == "invoice" || random.percent(10);
            let fitting = if kind == "payout" { 2 } else { 1 };
            Transfer {
                id: format!("T{}", index + 1),
                record,
                amount: random.pick(&AMOUNTS),
                value: random.pick(&AMOUNTS),
                coin: if any_coin { random.pick(&COINS) } else { "ETH" },
                op_type: if random.percent(8) {
                    random.pick(&[25, 49, 11])
                } else {
                    fitting
                },
                events: events(random, &mut clock),
            }
        })
        .collect();
    let mut world = World {
        is_citypay: false,
        ids,
        records,
        transfers,
        transactions: Vec::new(),
        steps: Vec::new(),
        seed,
    };
    let is_attacked = random.percent(60);
    let mut steps = Vec::new();
    for (index, transfer) in world.transfers.iter().enumerate() {
        for event in &transfer.events {
            if random.percent(10) {
                continue;
            }
            for _ in 0..=random.below(2) {
                steps.push(delivery(random, &world, index, *event, false));
            }
            if is_attacked {
                for _ in 0..random.below(3) {
                    steps.push(delivery(random, &world, index, *event, true));
                }
            }
        }
    }
    for index in 0..world.records.len() {
        if random.percent(25) {
            steps.push(closing(random, &world, index));
        }
        if random.percent(30) {
            let accepts = random.percent(50);
            steps.push(Step::Decision {
                record: index,
                accepts,
            });
        }
    }
    if random.percent(70) {
        random.shuffle(&mut steps);
    }
    world.steps = steps;
    world
}

/// Every delivery three times, with ids that are longer than the gateway's own.
pub(super) fn flood(transfers: usize) -> World {
    let mut random = Random::new(17);
    let mut record = record(&mut random, "deposit", 0, Ids::Prefixed);
    record.currency = "ETH";
    let mut world = World {
        is_citypay: false,
        ids: Ids::Prefixed,
        records: vec![record],
        transfers: Vec::new(),
        transactions: Vec::new(),
        steps: Vec::new(),
        seed: 17,
    };
    for index in 0..transfers {
        let number = i64::try_from(index).unwrap();
        world.transfers.push(Transfer {
            id: format!("{index:0>36}"),
            record: 0,
            amount: 100 + number,
            value: 100,
            coin: "DOGE",
            op_type: 25,
            events: vec![(number, 2)],
        });
    }
    for index in 0..transfers {
        let event = world.transfers[index].events[0];
        for (copy, coin) in ["DOGE", "ETH", "ETH"].into_iter().enumerate() {
            world.transfers[index].coin = coin;
            world.transfers[index].id = match copy {
                // Longer than any id of the gateway.
                2 => "x".repeat(100) + &index.to_string(),
                _ => format!("{copy}{index:0>99}"),
            };
            let step = delivery(&mut random, &world, index, event, false);
            world.steps.push(step);
        }
    }
    world
}

fn own_status(random: &mut Random, is_payout: bool) -> i64 {
    if is_payout {
        2
    } else {
        random.pick(&[2, 2, 2, 3, 5])
    }
}

fn delivery(
    random: &mut Random,
    world: &World,
    index: usize,
    (time, status): (i64, i64),
    is_forged: bool,
) -> Step {
    let transfer = &world.transfers[index];
    let record = &world.records[transfer.record];
    let amount = written(transfer.amount, 2);
    let paid: i64 = world
        .transfers
        .iter()
        .filter(|other| other.record == transfer.record && other.status_at(time) == Some(2))
        .map(|other| other.value)
        .sum();
    // The actual transfers are always the same, so that copies are equal.
    let mut truth = Random::new(u64::try_from(time).unwrap());
    let mut callback = Callback {
        signed: format!("{status}{amount}{}", record.tracking_id),
        time,
        status,
        amount,
        tracking_id: record.tracking_id.clone(),
        is_payout: record.is_payout(),
        own_id: record.own_id.clone(),
        own_status: own_status(&mut truth, record.is_payout()),
        target_paid: (!record.is_payout()).then(|| written(paid, 2)),
        id: transfer.id.clone(),
        coin: transfer.coin,
        op_type: transfer.op_type,
        amount_target: Some(written(transfer.value, 2)),
    };
    if is_forged {
        forge(random, world, &mut callback);
    }
    let listed_record = world.records.iter().position(|other| {
        other.own_id == callback.own_id && other.is_payout() == callback.is_payout
    });
    let (api, listed) = match listed_record {
        Some(listed_record) if random.percent(45) => api(random, world, listed_record, time),
        _ => (None, Vec::new()),
    };
    Step::Delivery {
        body: callback.body(),
        api,
        answer: None,
        facts: Facts {
            text: Some((index, time, status)),
            is_forged,
            listed,
            transactions: Vec::new(),
            record: transfer.record,
        },
    }
}

/// The API's response: current, outdated, or none.
fn api(
    random: &mut Random,
    world: &World,
    listed_record: usize,
    time: i64,
) -> (Option<String>, Vec<usize>) {
    let now = match random.below(4) {
        0 => return (Some("<html>503</html>".to_owned()), Vec::new()),
        1 => time - 40,
        2 => time,
        _ => 10_000,
    };
    let record = &world.records[listed_record];
    let own: Vec<(usize, &Transfer)> = world
        .transfers
        .iter()
        .enumerate()
        .filter(|(_, transfer)| transfer.record == listed_record)
        .collect();
    let settled = own
        .iter()
        .filter(|(_, transfer)| transfer.status_at(now) == Some(2));
    let listed = settled.map(|(index, _)| *index).collect();
    let transfers: Vec<&Transfer> = own.iter().map(|(_, transfer)| *transfer).collect();
    (Some(wire::document(record, &transfers, now, 2, 2)), listed)
}

/// Changes fields that are not signed.
fn forge(random: &mut Random, world: &World, callback: &mut Callback) {
    if world.ids == Ids::Unrestricted && random.percent(40) {
        divide(random, callback);
    }
    for _ in 0..=random.below(3) {
        match random.below(8) {
            0 => callback.is_payout = !callback.is_payout,
            1 => {
                let other = &world.records[random.below(world.records.len())];
                callback.own_id.clone_from(&other.own_id);
            }
            2 | 3 => callback.id = random.pick(&["T1", "T2", "T3", "T8", "T9"]).to_owned(),
            4 => callback.op_type = random.pick(&[1, 2, 25, 49]),
            5 => callback.coin = random.pick(&COINS),
            6 => callback.own_status = random.pick(&[2, 3, 4, 5]),
            _ => {
                let amounts = [None, Some("100.00"), Some("0"), Some("-5"), Some("1e20")];
                callback.amount_target = random.pick(&amounts).map(str::to_owned);
                callback.target_paid = random.pick(&amounts).map(str::to_owned);
            }
        }
    }
}

/// Another division of the signed text into amount and tracking id.
fn divide(random: &mut Random, callback: &mut Callback) {
    let status = callback.status.to_string();
    let rest = callback.signed[status.len()..].to_owned();
    let point = rest.find('.').unwrap();
    let cut = point + 2 + random.below(rest.len() - point - 1);
    rest[..cut].clone_into(&mut callback.amount);
    rest[cut..].clone_into(&mut callback.tracking_id);
}

fn closing(random: &mut Random, world: &World, index: usize) -> Step {
    let record = &world.records[index];
    let time = i64::try_from(random.below(300)).unwrap();
    let status = if record.is_payout() {
        3
    } else {
        random.pick(&[4, 5])
    };
    let is_signed = random.percent(80);
    let api = random
        .percent(40)
        .then(|| wire::document(record, &[], time, status, 2));
    Step::Delivery {
        body: wire::closing(record, time, status, is_signed),
        api,
        answer: None,
        facts: Facts {
            record: index,
            ..Facts::default()
        },
    }
}

fn orders(seed: u64, random: &mut Random) -> World {
    let mut record = record(random, "order", 0, Ids::Prefixed);
    "tok-1".clone_into(&mut record.reference);
    record.deadline = None;
    let transactions: Vec<i64> = (0..=random.below(4))
        .map(|_| random.pick(&AMOUNTS))
        .collect();
    let statuses = [
        "IN_PROGRESS",
        "PAID_UNCONFIRMED",
        "UNDERPAID",
        "CONFIRMED",
        "CONFIRMED",
        "OVERPAID",
        "EXPIRED",
        "CANCELED",
    ];
    let mut steps = Vec::new();
    for _ in 0..2 + random.below(5) {
        let status = random.pick(&statuses);
        let count = random.below(transactions.len() + 1);
        let mut listed: Vec<(usize, i64)> = transactions
            .iter()
            .copied()
            .enumerate()
            .take(count)
            .collect();
        if random.percent(20) && !listed.is_empty() {
            listed.push(listed[0]);
        }
        let is_twice = listed.len() > count;
        let has_totals = !is_twice && random.percent(50);
        let is_settled = !matches!(status, "IN_PROGRESS" | "PAID_UNCONFIRMED");
        let facts = Facts {
            transactions: if is_settled {
                (0..count).collect()
            } else {
                Vec::new()
            },
            ..Facts::default()
        };
        let answer = wire::answer(&record.reference, status, &listed, has_totals);
        let step = Step::Delivery {
            body: wire::order(&record.reference, status),
            api: None,
            answer: Some(answer),
            facts,
        };
        steps.push(step.clone());
        if random.percent(30) {
            steps.push(step);
        }
    }
    if random.percent(30) {
        let accepts = random.percent(50);
        steps.push(Step::Decision { record: 0, accepts });
    }
    random.shuffle(&mut steps);
    World {
        is_citypay: true,
        ids: Ids::Prefixed,
        records: vec![record],
        transfers: Vec::new(),
        transactions,
        steps,
        seed,
    }
}
