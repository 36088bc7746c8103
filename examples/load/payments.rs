//! The payments: what happens to each, and what has to be credited for it.
//!
//! What is expected stands here and nowhere else; it is made before anything is
//! sent, and without the crate.

use crate::random::Random;

pub(crate) const PAYMENTS: usize = 2_000;
const ORDERS: usize = 300;
const PAYOUTS: usize = 300;

#[derive(Debug)]
pub(crate) struct Coin {
    pub(crate) alpha: &'static str,
    pub(crate) id: u32,
    pub(crate) scale: usize,
    /// Amounts are multiples of it, so that they have zeros at the end.
    step: u64,
}

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
    Order,
    Payout,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Order => "order",
            Self::Payout => "payout",
        }
    }
}

/// Something that the gateway tells the merchant.
#[derive(Debug, Clone)]
pub(crate) enum News {
    /// CityPay.io: the order's new status.
    Order(&'static str),
    NoTransfer,
    Transfer {
        id: usize,
        units: u64,
        status: i32,
        confirmations: u64,
    },
}

#[derive(Debug)]
pub(crate) struct Payment {
    pub(crate) reference: String,
    pub(crate) kind: Kind,
    /// What it is an example of, for who looks for a mistake.
    pub(crate) life: &'static str,
    /// What the shop waits for, in the coin's smallest units.
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
    /// The credits that there have to be at the end.
    pub(crate) credits: Vec<u64>,
}

impl Payment {
    pub(crate) fn path(&self) -> &'static str {
        match self.kind {
            Kind::Deposit | Kind::Payout => B2BINPAY,
            Kind::Order => CITYPAY,
        }
    }

    fn new(number: usize, random: &mut Random) -> Self {
        let kind = if number < ORDERS {
            Kind::Order
        } else if number < ORDERS + PAYOUTS {
            Kind::Payout
        } else {
            Kind::Deposit
        };
        let coin = match kind {
            Kind::Order => &COINS[2],
            Kind::Deposit | Kind::Payout => &COINS[random.below(2)],
        };
        let mut payment = Self {
            reference: format!("{}-{number:04}", kind.as_str()),
            kind,
            life: "",
            // At least two steps, to be paid in two transfers.
            units: random.between(2, 9_000) * coin.step,
            coin,
            paid_in: coin,
            is_foreign: false,
            is_intercepted: random.percent(10),
            news: Vec::new(),
            credits: Vec::new(),
        };
        match kind {
            Kind::Deposit => payment.live_as_deposit(number, random),
            Kind::Order => payment.live_as_order(random),
            Kind::Payout => payment.live_as_payout(number, random),
        }
        payment
    }

    /// A transfer with one or two confirmations told on its way to its end.
    fn transfer(&mut self, id: usize, units: u64, end: Option<i32>, random: &mut Random) {
        let mut tell = |status, confirmations| {
            self.news.push(News::Transfer {
                id,
                units,
                status,
                confirmations,
            });
        };
        if random.percent(50) {
            tell(0, 0);
        }
        for confirmations in 1..=random.between(1, 2) {
            tell(1, confirmations);
        }
        match end {
            Some(2) => tell(2, 12),
            Some(end) => tell(end, 1),
            None => {}
        }
    }

    fn live_as_deposit(&mut self, number: usize, random: &mut Random) {
        let (id, units) = (50_000 + 2 * number, self.units);
        match random.below(100) {
            0..58 => {
                self.life = "confirmed";
                self.transfer(id, units, Some(2), random);
                self.credits = vec![units];
            }
            58..72 => {
                self.life = "paid in two transfers";
                let first = random.between(1, units / self.coin.step - 1) * self.coin.step;
                for (id, part) in [(id, first), (id + 1, units - first)] {
                    self.transfer(id, part, Some(2), random);
                    self.credits.push(part);
                }
            }
            72..75 => {
                self.life = "paid in part";
                let part = units / self.coin.step / 2 * self.coin.step;
                self.transfer(id, part, Some(2), random);
                self.credits = vec![part];
            }
            75..83 => {
                self.life = "never confirmed";
                self.transfer(id, units, None, random);
            }
            83..88 => {
                self.life = "failed";
                self.transfer(id, units, Some(-1), random);
            }
            88..93 => {
                self.life = "blocked";
                self.transfer(id, units, Some(*random.pick(&[-2, -3])), random);
            }
            93..96 => {
                self.life = "paid in another coin";
                self.paid_in = &COINS[2];
                self.transfer(id, units / self.coin.step * COINS[2].step, Some(2), random);
            }
            _ => {
                self.life = "expired";
                self.news.push(News::NoTransfer);
            }
        }
    }

    fn live_as_payout(&mut self, number: usize, random: &mut Random) {
        let (id, units) = (50_000 + 2 * number, self.units);
        match random.below(100) {
            0..70 => {
                self.life = "confirmed";
                self.transfer(id, units, Some(2), random);
                self.credits = vec![units];
            }
            70..80 => {
                self.life = "never confirmed";
                self.transfer(id, units, None, random);
            }
            80..90 => {
                self.life = "failed";
                self.transfer(id, units, Some(*random.pick(&[-1, -2, -3])), random);
            }
            _ => {
                self.life = "rejected";
                self.news.push(News::NoTransfer);
            }
        }
    }

    fn live_as_order(&mut self, random: &mut Random) {
        let (life, end): (_, &[_]) = match random.below(100) {
            0..65 => ("confirmed", &["PAID_UNCONFIRMED", "CONFIRMED"]),
            65..75 => ("never confirmed", &["PAID_UNCONFIRMED"]),
            75..82 => ("canceled", &["CANCELED"]),
            82..87 => ("never paid", &[]),
            87..91 => ("underpaid", &["PAID_UNCONFIRMED", "UNDERPAID"]),
            91..95 => ("overpaid", &["PAID_UNCONFIRMED", "OVERPAID"]),
            _ => {
                self.is_foreign = true;
                ("another merchant's", &["PAID_UNCONFIRMED", "CONFIRMED"])
            }
        };
        self.life = life;
        self.news = vec![News::Order("IN_PROGRESS")];
        self.news
            .extend(end.iter().map(|status| News::Order(status)));
        if life == "confirmed" {
            self.credits = vec![self.units];
        }
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
