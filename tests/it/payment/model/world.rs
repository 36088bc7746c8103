//! A merchant's payments, and the actual transfers that the callbacks report.

use serde_json::{Value, json};

/// Reproducible pseudorandom numbers (SplitMix64).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    pub(super) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            items.swap(index, self.below(index + 1));
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ids {
    Prefixed,
    Unused,
    Unrestricted,
}

/// A payment of the merchant. Amounts are in hundredths, times in seconds.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) kind: &'static str,
    pub(super) reference: String,
    pub(super) currency: &'static str,
    pub(super) amount: Option<i64>,
    pub(super) tolerance: i64,
    pub(super) deadline: Option<i64>,
    pub(super) decimals: Option<u32>,
    pub(super) trusts: bool,
    pub(super) requires_lookup: bool,
    /// The gateway's own id of the deposit or payout.
    pub(super) own_id: String,
    pub(super) tracking_id: String,
}

impl Record {
    pub(super) fn is_payout(&self) -> bool {
        self.kind == "payout"
    }

    pub(super) fn is_top_up(&self) -> bool {
        self.kind == "top_up"
    }
}

/// An actual transfer with its events.
#[derive(Debug, Clone)]
pub(super) struct Transfer {
    pub(super) id: String,
    pub(super) record: usize,
    pub(super) amount: i64,
    /// In the wallet's currency, for invoices.
    pub(super) value: i64,
    pub(super) coin: &'static str,
    pub(super) op_type: i64,
    /// Times and statuses, in order of time.
    pub(super) events: Vec<(i64, i64)>,
}

impl Transfer {
    /// The status at a certain time, as known to the gateway's API.
    pub(super) fn status_at(&self, time: i64) -> Option<i64> {
        let known = self.events.iter().rev().find(|(at, _)| *at <= time);
        known.map(|(_, status)| *status)
    }

    /// Whether credited money of this transfer can be reversed.
    pub(super) fn is_reversed(&self) -> bool {
        let settled = self.events.iter().position(|(_, status)| *status == 2);
        settled.is_some_and(|at| self.events[at..].iter().any(|(_, status)| *status != 2))
    }
}

/// The facts that a step reports, to check the result.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// The transfer whose signed text it carries, with time and status.
    pub(super) text: Option<(usize, i64, i64)>,
    /// Unsigned fields were changed, or the text was divided differently.
    pub(super) is_forged: bool,
    /// Transfers that the API lists as settled.
    pub(super) listed: Vec<usize>,
    /// The order's transactions that the response lists as settled.
    pub(super) transactions: Vec<usize>,
    pub(super) record: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Delivery {
        body: String,
        api: Option<String>,
        answer: Option<String>,
        facts: Facts,
    },
    Decision {
        record: usize,
        accepts: bool,
    },
}

#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) is_citypay: bool,
    pub(super) ids: Ids,
    pub(super) records: Vec<Record>,
    pub(super) transfers: Vec<Transfer>,
    /// Base amounts of an order's transactions.
    pub(super) transactions: Vec<i64>,
    pub(super) steps: Vec<Step>,
    /// Determines the order of permuted deliveries.
    pub(super) seed: u64,
}

pub(super) const SECRET: &str = "cbs_7Qm2vX9tR4kL8pN1";
pub(super) const CUSTOMER: &str = "5120";

impl World {
    pub(super) fn is_genuine(&self) -> bool {
        self.steps.iter().all(|step| match step {
            Step::Delivery { facts, .. } => !facts.is_forged,
            Step::Decision { .. } => true,
        })
    }

    /// A line in the format of `payments.jsonl`.
    pub(super) fn line(&self, seed: u64) -> Value {
        let ids = match self.ids {
            Ids::Prefixed => "prefixed",
            Ids::Unused => "unused",
            Ids::Unrestricted => "unrestricted",
        };
        let expected: Vec<Value> = self.records.iter().map(Record::line).collect();
        let steps: Vec<Value> = self.steps.iter().map(|step| self.step_line(step)).collect();
        let mut lifecycle = json!({
            "name": format!("model_{seed}"),
            "gateway": if self.is_citypay { "citypay" } else { "b2binpay" },
            "keys": [{"scheme": "callback_secret", "secret": SECRET}],
            "tracking_ids": ids,
            "expected": expected,
            "steps": steps,
        });
        if self.is_citypay {
            lifecycle["customer_id"] = json!(CUSTOMER);
        }
        lifecycle
    }

    fn step_line(&self, step: &Step) -> Value {
        match step {
            Step::Decision { record, accepts } => json!({
                "do": if *accepts { "accept" } else { "reject" },
                "reference": self.records[*record].reference,
            }),
            Step::Delivery {
                body, api, answer, ..
            } => {
                let mut line = json!({"body": body});
                if let Some(api) = api {
                    line["api"] = json!(api);
                }
                if self.is_citypay {
                    line["answer"] = json!(answer);
                }
                line
            }
        }
    }
}

impl Record {
    fn line(&self) -> Value {
        let mut line = json!({
            "kind": self.kind,
            "reference": self.reference,
            "currency": self.currency,
        });
        if let Some(amount) = self.amount {
            line["amount"] = json!(super::wire::written(amount, 2));
        }
        if self.tolerance > 0 {
            line["tolerance"] = json!(super::wire::written(self.tolerance, 2));
        }
        if let Some(deadline) = self.deadline {
            line["deadline"] = json!(super::wire::stamp(deadline));
        }
        if let Some(decimals) = self.decimals {
            line["decimals"] = json!(decimals);
        }
        if self.trusts {
            line["trust_reported_conversion"] = json!(true);
        }
        if self.requires_lookup {
            line["require_lookup"] = json!(true);
        }
        line
    }
}
