//! The payments: the events of each, and the required credit.
//!
//! The expected result is computed here before anything is sent, and
//! without the crate.

use crate::random::Random;

pub(crate) const PAYMENTS: usize = 2_000;
const ORDERS: usize = 300;
const PAYOUTS: usize = 300;
const INVOICES: usize = 400;

#[derive(Debug)]
pub(crate) struct Coin {
    pub(crate) alpha: &'static str,
    pub(crate) id: u32,
    pub(crate) scale: usize,
    /// Amounts are multiples of it, so that they have trailing zeros.
    step: u64,
}

/// The currency of invoices and of every second order.
pub(crate) static USD: Coin = Coin {
    alpha: "USD",
    id: 9001,
    scale: 2,
    step: 1,
};

pub(crate) static COINS: [Coin; 3] = [
    Coin {
        alpha: "ETH",
        id: 1002,
        scale: 18,
        step: 1_000_000_000_000_000,
    },
    Coin {
        alpha: "USDT",
        id: 2005,
        scale: 6,
        step: 10_000,
    },
    Coin {
        alpha: "BTC",
        id: 1000,
        scale: 8,
        step: 10,
    },
];

impl Coin {
    /// With all fraction digits, as B2BINPAY writes it.
    pub(crate) fn text(&self, units: u64) -> String {
        let digits = format!("{units:0width$}", width = self.scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - self.scale);
        format!("{whole}.{fraction}")
    }

    /// Without trailing zeros, like a merchant or a database.
    pub(crate) fn short(&self, units: u64) -> String {
        let text = self.text(units);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Deposit,
    /// Priced in USD, and paid in any cryptocurrency.
    Invoice,
    Order,
    Payout,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Invoice => "invoice",
            Self::Order => "order",
            Self::Payout => "payout",
        }
    }
}

/// A report of the gateway about a payment.
#[derive(Debug, Clone)]
pub(crate) enum Report {
    /// CityPay.io: the order's new status, and the transactions so far.
    Order(&'static str, Vec<u64>),
    NoTransfer,
    Transfer(Transfer),
}

/// A transfer in one of its states.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transfer {
    pub(crate) id: usize,
    /// In the smallest units of the payment's own currency.
    pub(crate) units: u64,
    pub(crate) status: i32,
    pub(crate) confirmations: u64,
}

#[derive(Debug)]
pub(crate) struct Payment {
    pub(crate) number: usize,
    pub(crate) reference: String,
    pub(crate) kind: Kind,
    /// The scenario, for error messages.
    pub(crate) scenario: &'static str,
    /// The expected amount, in the smallest units.
    pub(crate) units: u64,
    pub(crate) coin: &'static Coin,
    /// The currency of the actual transfers.
    pub(crate) paid_in: &'static Coin,
    /// An order of another merchant's account.
    pub(crate) is_foreign: bool,
    /// An attacker intercepts its last report, and posts a changed copy of it
    /// before the gateway retries.
    pub(crate) is_intercepted: bool,
    /// In the order of the events, which is not that of the deliveries.
    pub(crate) reports: Vec<Report>,
    /// The report that must not be sent before the previous one was accepted:
    /// a transfer that was never reported before its reversal is not credited.
    pub(crate) waits: Option<usize>,
    /// The sum that has to be credited at the end.
    pub(crate) credited: u64,
}

impl Payment {
    pub(crate) fn path(&self) -> &'static str {
        match self.kind {
            Kind::Deposit | Kind::Invoice | Kind::Payout => B2BINPAY,
            Kind::Order => CITYPAY,
        }
    }

    /// The gateway's number of the deposit or payout.
    pub(crate) fn id(&self) -> usize {
        30_000 + self.number
    }

    fn new(number: usize, random: &mut Random) -> Self {
        let kind = match number {
            0..ORDERS => Kind::Order,
            n if n < ORDERS + PAYOUTS => Kind::Payout,
            n if n < ORDERS + PAYOUTS + INVOICES => Kind::Invoice,
            _ => Kind::Deposit,
        };
        let (coin, paid_in) = match kind {
            Kind::Order if number.is_multiple_of(2) => (&USD, &COINS[2]),
            Kind::Order => (&COINS[2], &COINS[2]),
            Kind::Invoice => (&USD, &COINS[random.below(3)]),
            Kind::Deposit | Kind::Payout => {
                let coin = &COINS[random.below(2)];
                (coin, coin)
            }
        };
        let mut payment = Self {
            number,
            reference: format!("{}-{number:04}", kind.as_str()),
            kind,
            scenario: "",
            // An even number of steps, which allows two equal parts.
            units: 2 * random.between(1, 4_500) * coin.step,
            coin,
            paid_in,
            is_foreign: false,
            is_intercepted: random.percent(10),
            reports: Vec::new(),
            waits: None,
            credited: 0,
        };
        match kind {
            Kind::Deposit | Kind::Invoice => payment.plan_deposit(random),
            Kind::Order => payment.plan_order(random),
            Kind::Payout => payment.plan_payout(random),
        }
        payment
    }

    /// In the currency of the transfers; converted for an invoice, at a fixed rate.
    pub(crate) fn paid(&self, units: u64) -> String {
        self.paid_in
            .text(units / self.coin.step * self.paid_in.step)
    }

    /// Whether two transfers have the same amount.
    pub(crate) fn has_equal_parts(&self) -> bool {
        let transfers = || {
            self.reports.iter().filter_map(|report| match report {
                Report::Transfer(transfer) => Some(transfer),
                _ => None,
            })
        };
        transfers().any(|one| transfers().any(|two| one.id != two.id && one.units == two.units))
    }

    fn report(&mut self, transfer: usize, units: u64, status: i32, confirmations: u64) {
        self.reports.push(Report::Transfer(Transfer {
            id: 50_000 + 2 * self.number + transfer,
            units,
            status,
            confirmations,
        }));
    }

    /// A transfer with one or two reports before its final status.
    fn transfer(&mut self, transfer: usize, units: u64, end: Option<i32>, random: &mut Random) {
        if random.percent(40) {
            self.report(transfer, units, 0, 0);
        }
        self.report(transfer, units, 1, random.between(1, 3));
        match end {
            Some(2) => self.report(transfer, units, 2, 12),
            Some(end) => self.report(transfer, units, end, 1),
            None => {}
        }
    }

    fn plan_deposit(&mut self, random: &mut Random) {
        let units = self.units;
        let chance = match (self.kind, random.below(100)) {
            // An invoice can be paid in any cryptocurrency.
            (Kind::Invoice, 89..92) => 0,
            (_, chance) => chance,
        };
        match chance {
            0..38 => {
                self.scenario = "confirmed";
                self.transfer(0, units, Some(2), random);
                self.credited = units;
            }
            38..50 => {
                self.scenario = "paid in two parts";
                let steps = units / self.coin.step;
                let first = if random.percent(30) {
                    steps / 2
                } else {
                    random.between(1, steps - 1)
                };
                let first = first * self.coin.step;
                self.transfer(0, first, Some(2), random);
                self.transfer(1, units - first, Some(2), random);
                self.credited = units;
            }
            50..53 => {
                self.scenario = "paid in part";
                self.transfer(0, units / 2, Some(2), random);
                self.credited = units / 2;
            }
            53..62 => {
                self.scenario = "reversed";
                self.transfer(0, units, Some(2), random);
                self.report(0, units, *random.pick(&[-1, -2, -3]), 1);
                self.waits = Some(self.reports.len() - 1);
                self.credited = units;
            }
            62..67 => {
                self.scenario = "reversed and restored";
                self.transfer(0, units, Some(2), random);
                self.report(0, units, -2, 1);
                self.report(0, units, 2, 12);
                self.credited = units;
            }
            67..70 => {
                self.scenario = "blocked, then confirmed";
                self.transfer(0, units, Some(-2), random);
                self.report(0, units, 2, 12);
                self.credited = units;
            }
            70..73 => {
                self.scenario = "twice as much";
                self.transfer(0, 2 * units, Some(2), random);
                self.credited = units;
            }
            73..77 => {
                self.scenario = "paid twice";
                self.transfer(0, units, Some(2), random);
                self.transfer(1, units, Some(2), random);
                self.credited = units;
            }
            77..82 => {
                self.scenario = "never confirmed";
                self.transfer(0, units, None, random);
            }
            82..86 => {
                self.scenario = "failed";
                self.transfer(0, units, Some(-1), random);
            }
            86..89 => {
                self.scenario = "blocked";
                self.transfer(0, units, Some(*random.pick(&[-2, -3])), random);
            }
            89..92 => {
                self.scenario = "paid in another coin";
                self.paid_in = &COINS[2];
                self.transfer(0, units, Some(2), random);
            }
            _ => {
                self.scenario = "expired";
                self.reports.push(Report::NoTransfer);
            }
        }
    }

    fn plan_payout(&mut self, random: &mut Random) {
        let units = self.units;
        match random.below(100) {
            0..60 => {
                self.scenario = "confirmed";
                self.transfer(0, units, Some(2), random);
                self.credited = units;
            }
            60..70 => {
                self.scenario = "reversed";
                self.transfer(0, units, Some(2), random);
                self.report(0, units, -1, 1);
                self.waits = Some(self.reports.len() - 1);
                self.credited = units;
            }
            70..80 => {
                self.scenario = "never confirmed";
                self.transfer(0, units, None, random);
            }
            80..90 => {
                self.scenario = "failed";
                self.transfer(0, units, Some(*random.pick(&[-1, -2, -3])), random);
            }
            _ => {
                self.scenario = "rejected";
                self.reports.push(Report::NoTransfer);
            }
        }
    }

    fn plan_order(&mut self, random: &mut Random) {
        let (whole, half) = (self.units, self.units / 2);
        let report = |status, transactions: &[u64]| Report::Order(status, transactions.to_vec());
        self.reports = vec![report("IN_PROGRESS", &[])];
        let chance = random.below(100);
        self.scenario = match chance {
            0..45 => "confirmed",
            45..60 => "paid in two parts",
            60..68 => "never confirmed",
            68..75 => "canceled",
            75..80 => "never paid",
            80..86 => "underpaid",
            86..93 => "overpaid",
            _ => "another merchant's",
        };
        self.is_foreign = chance >= 93;
        self.reports.extend(match chance {
            45..60 => vec![
                report("PAID_UNCONFIRMED", &[half]),
                report("UNDERPAID", &[half]),
                report("CONFIRMED", &[half, whole - half]),
            ],
            60..68 => vec![report("PAID_UNCONFIRMED", &[whole])],
            68..75 => vec![report("CANCELED", &[])],
            75..80 => vec![],
            80..86 => vec![
                report("PAID_UNCONFIRMED", &[half]),
                report("UNDERPAID", &[half]),
            ],
            86..93 => vec![
                report("PAID_UNCONFIRMED", &[2 * whole]),
                report("OVERPAID", &[2 * whole]),
            ],
            _ => vec![
                report("PAID_UNCONFIRMED", &[whole]),
                report("CONFIRMED", &[whole]),
            ],
        });
        // The surplus is held.
        let is_credited = matches!(
            self.scenario,
            "confirmed" | "paid in two parts" | "overpaid"
        );
        self.credited = if is_credited { whole } else { 0 };
    }
}

pub(crate) const B2BINPAY: &str = "/callbacks/b2binpay";
pub(crate) const CITYPAY: &str = "/callbacks/citypay";

pub(crate) fn payments(seed: u64) -> Vec<Payment> {
    let mut random = Random::new(seed, 1);
    (0..PAYMENTS)
        .map(|number| Payment::new(number, &mut random))
        .collect()
}

/// A planned delivery.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// A captured body, tampered with or replayed as another kind.
    Forge,
    /// A captured body, unchanged.
    Replay,
    /// The gateway sends this report.
    Send(usize),
    /// The same, with a copy of the bytes to the other replica.
    SendAndCopy(usize),
    /// Two callbacks of the same report, one to each replica.
    SendTwice(usize),
}

/// Ten deliveries for each payment, shuffled: a forgery, a replay, and eight of
/// the gateway's own.
pub(crate) fn plan(payments: &[Payment], seed: u64) -> Vec<(usize, Act)> {
    let mut random = Random::new(seed, 2);
    let mut plan = Vec::new();
    // Sent once, and after all others: if it is lost, no later report replaces it.
    let mut reported_last = vec![false; payments.len()];
    for (number, payment) in payments.iter().enumerate() {
        let last = payment.reports.len() - 1;
        plan.extend([(number, Act::Forge), (number, Act::Replay)]);
        plan.extend((0..=last).map(|report| (number, Act::Send(report))));
        reported_last[number] = last > 0 && random.percent(40);
        let end = if reported_last[number] {
            last
        } else {
            last + 1
        };
        let mut left = 7 - last;
        while left > 0 {
            let report = random.below(end);
            let act = match random.below(3) {
                0 if left > 1 => Act::SendTwice(report),
                1 if left > 1 => Act::SendAndCopy(report),
                _ => Act::Send(report),
            };
            left -= if matches!(act, Act::Send(_)) { 1 } else { 2 };
            plan.push((number, act));
        }
    }
    random.shuffle(&mut plan);
    let mut latest = vec![0; payments.len()];
    for (place, (number, _)) in plan.iter().enumerate() {
        latest[*number] = place;
    }
    for place in 0..plan.len() {
        let (number, act) = plan[place];
        let is_last =
            matches!(act, Act::Send(report) if report + 1 == payments[number].reports.len());
        if is_last && reported_last[number] {
            plan.swap(place, latest[number]);
        }
    }
    plan
}
