//! The payments: what happens to each, and what has to be credited for it.
//!
//! What is expected is worked out here alone, before anything is sent, and
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
    /// Amounts are multiples of it, so that they have zeros at the end.
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

    /// As a merchant or a database writes it.
    pub(crate) fn short(&self, units: u64) -> String {
        let text = self.text(units);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Deposit,
    /// Priced in USD, and paid in any coin.
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

/// What the gateway has to say at one point of a payment's life.
#[derive(Debug, Clone)]
pub(crate) enum News {
    /// CityPay.io: the order's new status, and the transactions so far.
    Order(&'static str, Vec<u64>),
    NoTransfer,
    Transfer(Transfer),
}

/// A transfer in one of its states.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transfer {
    pub(crate) id: usize,
    /// In the smallest units of what the payment is priced in.
    pub(crate) units: u64,
    pub(crate) status: i32,
    pub(crate) confirmations: u64,
}

#[derive(Debug)]
pub(crate) struct Payment {
    pub(crate) number: usize,
    pub(crate) reference: String,
    pub(crate) kind: Kind,
    /// What it is an example of, for whoever looks for a mistake.
    pub(crate) life: &'static str,
    /// What the shop waits for, in the smallest units.
    pub(crate) units: u64,
    pub(crate) coin: &'static Coin,
    /// What is really paid in.
    pub(crate) paid_in: &'static Coin,
    /// An order of another merchant's account.
    pub(crate) is_foreign: bool,
    /// Somebody on the way holds its last news back, and posts a change of it
    /// before the gateway sends again.
    pub(crate) is_intercepted: bool,
    /// In the order in which it happens, which is not the one of the deliveries.
    pub(crate) news: Vec<News>,
    /// The news that must not be told before the one in front of it was taken:
    /// what never came in before it was taken back is not credited.
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
            life: "",
            // An even number of steps, to be paid in two equal parts as well.
            units: 2 * random.between(1, 4_500) * coin.step,
            coin,
            paid_in,
            is_foreign: false,
            is_intercepted: random.percent(10),
            news: Vec::new(),
            waits: None,
            credited: 0,
        };
        match kind {
            Kind::Deposit | Kind::Invoice => payment.live_as_deposit(random),
            Kind::Order => payment.live_as_order(random),
            Kind::Payout => payment.live_as_payout(random),
        }
        payment
    }

    /// In what it is paid in. Converted for an invoice, at one rate.
    pub(crate) fn paid(&self, units: u64) -> String {
        self.paid_in
            .text(units / self.coin.step * self.paid_in.step)
    }

    /// Two transfers of one amount.
    pub(crate) fn has_equal_parts(&self) -> bool {
        let transfers = || {
            self.news.iter().filter_map(|news| match news {
                News::Transfer(transfer) => Some(transfer),
                _ => None,
            })
        };
        transfers().any(|one| transfers().any(|two| one.id != two.id && one.units == two.units))
    }

    fn tell(&mut self, transfer: usize, units: u64, status: i32, confirmations: u64) {
        self.news.push(News::Transfer(Transfer {
            id: 50_000 + 2 * self.number + transfer,
            units,
            status,
            confirmations,
        }));
    }

    /// A transfer with one or two confirmations told on its way to its end.
    fn transfer(&mut self, transfer: usize, units: u64, end: Option<i32>, random: &mut Random) {
        if random.percent(40) {
            self.tell(transfer, units, 0, 0);
        }
        self.tell(transfer, units, 1, random.between(1, 3));
        match end {
            Some(2) => self.tell(transfer, units, 2, 12),
            Some(end) => self.tell(transfer, units, end, 1),
            None => {}
        }
    }

    fn live_as_deposit(&mut self, random: &mut Random) {
        let units = self.units;
        let chance = match (self.kind, random.below(100)) {
            // Any coin pays an invoice.
            (Kind::Invoice, 89..92) => 0,
            (_, chance) => chance,
        };
        match chance {
            0..38 => {
                self.life = "confirmed";
                self.transfer(0, units, Some(2), random);
                self.credited = units;
            }
            38..50 => {
                self.life = "paid in two parts";
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
                self.life = "paid in part";
                self.transfer(0, units / 2, Some(2), random);
                self.credited = units / 2;
            }
            53..62 => {
                self.life = "taken back";
                self.transfer(0, units, Some(2), random);
                self.tell(0, units, *random.pick(&[-1, -2, -3]), 1);
                self.waits = Some(self.news.len() - 1);
                self.credited = units;
            }
            62..67 => {
                self.life = "taken back and restored";
                self.transfer(0, units, Some(2), random);
                self.tell(0, units, -2, 1);
                self.tell(0, units, 2, 12);
                self.credited = units;
            }
            67..70 => {
                self.life = "blocked, then confirmed";
                self.transfer(0, units, Some(-2), random);
                self.tell(0, units, 2, 12);
                self.credited = units;
            }
            70..73 => {
                self.life = "twice as much";
                self.transfer(0, 2 * units, Some(2), random);
                self.credited = units;
            }
            73..77 => {
                self.life = "paid twice";
                self.transfer(0, units, Some(2), random);
                self.transfer(1, units, Some(2), random);
                self.credited = units;
            }
            77..82 => {
                self.life = "never confirmed";
                self.transfer(0, units, None, random);
            }
            82..86 => {
                self.life = "failed";
                self.transfer(0, units, Some(-1), random);
            }
            86..89 => {
                self.life = "blocked";
                self.transfer(0, units, Some(*random.pick(&[-2, -3])), random);
            }
            89..92 => {
                self.life = "paid in another coin";
                self.paid_in = &COINS[2];
                self.transfer(0, units, Some(2), random);
            }
            _ => {
                self.life = "expired";
                self.news.push(News::NoTransfer);
            }
        }
    }

    fn live_as_payout(&mut self, random: &mut Random) {
        let units = self.units;
        match random.below(100) {
            0..60 => {
                self.life = "confirmed";
                self.transfer(0, units, Some(2), random);
                self.credited = units;
            }
            60..70 => {
                self.life = "taken back";
                self.transfer(0, units, Some(2), random);
                self.tell(0, units, -1, 1);
                self.waits = Some(self.news.len() - 1);
                self.credited = units;
            }
            70..80 => {
                self.life = "never confirmed";
                self.transfer(0, units, None, random);
            }
            80..90 => {
                self.life = "failed";
                self.transfer(0, units, Some(*random.pick(&[-1, -2, -3])), random);
            }
            _ => {
                self.life = "rejected";
                self.news.push(News::NoTransfer);
            }
        }
    }

    fn live_as_order(&mut self, random: &mut Random) {
        let (whole, half) = (self.units, self.units / 2);
        let news = |status, transactions: &[u64]| News::Order(status, transactions.to_vec());
        self.news = vec![news("IN_PROGRESS", &[])];
        let chance = random.below(100);
        self.life = match chance {
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
        self.news.extend(match chance {
            45..60 => vec![
                news("PAID_UNCONFIRMED", &[half]),
                news("UNDERPAID", &[half]),
                news("CONFIRMED", &[half, whole - half]),
            ],
            60..68 => vec![news("PAID_UNCONFIRMED", &[whole])],
            68..75 => vec![news("CANCELED", &[])],
            75..80 => vec![],
            80..86 => vec![
                news("PAID_UNCONFIRMED", &[half]),
                news("UNDERPAID", &[half]),
            ],
            86..93 => vec![
                news("PAID_UNCONFIRMED", &[2 * whole]),
                news("OVERPAID", &[2 * whole]),
            ],
            _ => vec![
                news("PAID_UNCONFIRMED", &[whole]),
                news("CONFIRMED", &[whole]),
            ],
        });
        // What is over is held.
        let is_credited = matches!(self.life, "confirmed" | "paid in two parts" | "overpaid");
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

/// What is sent at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// A body that somebody captured, tampered with or replayed as another kind.
    Forge,
    /// A body that somebody captured, as it is.
    Replay,
    /// The gateway tells this piece of news.
    Tell(usize),
    /// The same, and the same bytes once more to the other replica.
    TellAndCopy(usize),
    /// Two callbacks of the same news, one to each replica.
    TellTwice(usize),
}

/// Ten deliveries for each payment, shuffled: a forgery, a replay, and eight of
/// the gateway's own.
pub(crate) fn plan(payments: &[Payment], seed: u64) -> Vec<(usize, Act)> {
    let mut random = Random::new(seed, 2);
    let mut plan = Vec::new();
    // Told once, and after all else: if it is lost, nothing makes up for it.
    let mut last_words = vec![false; payments.len()];
    for (number, payment) in payments.iter().enumerate() {
        let last = payment.news.len() - 1;
        plan.extend([(number, Act::Forge), (number, Act::Replay)]);
        plan.extend((0..=last).map(|news| (number, Act::Tell(news))));
        last_words[number] = last > 0 && random.percent(40);
        let end = if last_words[number] { last } else { last + 1 };
        let mut left = 7 - last;
        while left > 0 {
            let news = random.below(end);
            let act = match random.below(3) {
                0 if left > 1 => Act::TellTwice(news),
                1 if left > 1 => Act::TellAndCopy(news),
                _ => Act::Tell(news),
            };
            left -= if matches!(act, Act::Tell(_)) { 1 } else { 2 };
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
        let is_last = matches!(act, Act::Tell(news) if news + 1 == payments[number].news.len());
        if is_last && last_words[number] {
            plan.swap(place, latest[number]);
        }
    }
    plan
}
