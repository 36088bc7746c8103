//! What the torture is written in: trials of cases of steps.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::shop::{Payment, Trouble};
use crate::text::without_zeros;
use payhook::Amount;
use payhook::payment::ExpectedKind;

/// How often a race is tried.
pub(super) const ROUNDS: usize = 8;

/// Long enough for another delivery to come meanwhile.
pub(super) const SLOW: Trouble = Trouble::Slow(Duration::from_millis(30));

/// A row of the table: several cases of one thing.
pub(super) struct Trial<G> {
    pub(super) name: &'static str,
    pub(super) cases: Vec<Case<G>>,
}

/// One payment, and what is posted about it.
pub(super) struct Case<G> {
    /// What sets it apart in its trial.
    pub(super) name: &'static str,
    pub(super) kind: ExpectedKind,
    pub(super) steps: Vec<Step<G>>,
    /// Whether a right shop may leave all of it to a person although exactly
    /// what is due came in.
    pub(super) is_policy: bool,
    /// Another payment that the shop expects, and that is never made.
    pub(super) bystander: Option<Bystander>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bystander {
    /// Any other payment of the same amount.
    Another,
    /// One whose reference is the payment's own behind a zero.
    BehindZero,
    /// One under whose reference the payment's own money is reported, too.
    Second,
}

pub(super) struct Step<G> {
    pub(super) act: Act<G>,
    /// How much of what is due has come in for good, in percent, and can be
    /// known from here on.
    pub(super) came: u64,
    /// In how many payments, where it is more than before.
    pub(super) payments: usize,
    /// Whether what is posted is as genuine as a shop can tell.
    pub(super) is_proven: bool,
    /// What came in before is taken back.
    pub(super) is_reversal: bool,
}

/// Makes a body.
pub(super) type Make<G> = fn(&Desk<'_, G>) -> Vec<u8>;

pub(super) enum Act<G> {
    /// The last thing that the gateway posted, byte for byte.
    Again,
    /// The same at the other gateway's address.
    Astray,
    /// The shop is in trouble from now on.
    Disturb(Trouble),
    /// The last thing that the gateway posted, once at each replica.
    Everywhere,
    /// A stranger posts this, once. It has the time of the gateway's last post.
    Forge(Make<G>),
    /// The shop's processes end and start again.
    Restart,
    /// The gateway posts this until it is answered with 200, each time with
    /// another time.
    Deliver(Make<G>),
    /// Two different ones at once.
    DeliverBoth([Make<G>; 2]),
    /// The same twice at once; of the same time, so the same bytes, or of two.
    DeliverTwo { make: Make<G>, is_same: bool },
}

/// What a body is made from.
#[derive(Debug, Clone)]
pub(super) struct Desk<'a, G> {
    pub(super) gateway: &'a G,
    pub(super) payment: &'a Payment,
    pub(super) bystander: &'a Payment,
    /// What is due, in ten-thousandths of a coin: a multiple of 100.
    pub(super) due: u64,
    /// The gateway's id of the payment; with a digit behind it also other ids.
    pub(super) id: u64,
    /// When it was begun, a little before the first delivery.
    pub(super) start: DateTime<Utc>,
    pub(super) time: DateTime<Utc>,
    /// How often the gateway tried to deliver it before.
    pub(super) attempt: usize,
}

impl<G> Desk<'_, G> {
    /// So many percent of what is due, as a merchant writes it.
    pub(super) fn percent(&self, percent: u64) -> String {
        share(self.due, percent)
    }
}

/// So many percent of ten-thousandths of a coin.
pub(super) fn share(due: u64, percent: u64) -> String {
    let units = due.saturating_mul(percent) / 100;
    let text = format!("{}.{:04}", units / 10_000, units % 10_000);
    without_zeros(&text).to_owned()
}

/// What [`share`] writes as an amount.
pub(super) fn amount(due: u64, percent: u64) -> Amount {
    share(due, percent).parse().unwrap_or_default()
}

impl<G> Step<G> {
    fn new(came: u64, act: Act<G>) -> Self {
        Self {
            is_proven: !matches!(act, Act::Forge(_) | Act::Astray),
            payments: if matches!(act, Act::DeliverBoth(_)) {
                2
            } else {
                1
            },
            is_reversal: false,
            act,
            came,
        }
    }

    pub(super) fn again(came: u64) -> Self {
        Self::new(came, Act::Again)
    }

    pub(super) fn astray(came: u64) -> Self {
        Self::new(came, Act::Astray)
    }

    pub(super) fn disturb(trouble: Trouble) -> Self {
        Self::new(0, Act::Disturb(trouble))
    }

    pub(super) fn everywhere() -> Self {
        Self::new(0, Act::Everywhere)
    }

    pub(super) fn restart() -> Self {
        Self::new(0, Act::Restart)
    }

    /// What came in before is taken back: nothing of it has to stay credited.
    pub(super) fn reverse(came: u64, make: Make<G>) -> Self {
        Self {
            is_reversal: true,
            ..Self::deliver(came, make)
        }
    }

    /// Not covered by any proof.
    pub(super) fn forge(came: u64, make: Make<G>) -> Self {
        Self::new(came, Act::Forge(make))
    }

    /// Changed where no proof reaches, so that it passes for proven.
    pub(super) fn alter(came: u64, make: Make<G>) -> Self {
        Self {
            is_proven: true,
            ..Self::forge(came, make)
        }
    }

    pub(super) fn deliver(came: u64, make: Make<G>) -> Self {
        Self::new(came, Act::Deliver(make))
    }

    pub(super) fn deliver_both(came: u64, makes: [Make<G>; 2]) -> Self {
        Self::new(came, Act::DeliverBoth(makes))
    }

    pub(super) fn deliver_two(came: u64, is_same: bool, make: Make<G>) -> Self {
        Self::new(came, Act::DeliverTwo { make, is_same })
    }
}

impl<G> Case<G> {
    pub(super) fn new(
        kind: ExpectedKind,
        name: &'static str,
        steps: impl IntoIterator<Item = Step<G>>,
    ) -> Self {
        Self {
            name,
            kind,
            steps: steps.into_iter().collect(),
            is_policy: false,
            bystander: None,
        }
    }

    pub(super) fn policy(self) -> Self {
        Self {
            is_policy: true,
            ..self
        }
    }

    pub(super) fn beside(self, bystander: Bystander) -> Self {
        Self {
            bystander: Some(bystander),
            ..self
        }
    }

    /// Whether it has to be credited in the end: at some moment exactly what is
    /// due had come.
    pub(super) fn has_to_be_credited(&self) -> bool {
        let is_exact = self.steps.iter().any(|step| step.came == 100);
        is_exact && !self.is_policy && !self.is_reversed()
    }

    /// Whether money that came was taken back, if only for a while.
    pub(super) fn is_reversed(&self) -> bool {
        self.steps.iter().any(|step| step.is_reversal)
    }

    /// How many payments came in for good.
    pub(super) fn payments(&self) -> usize {
        let mut came = 0;
        let mut payments = 0_usize;
        for step in &self.steps {
            if step.came > came {
                came = step.came;
                payments = payments.saturating_add(step.payments);
            }
        }
        payments
    }
}

impl<G> Trial<G> {
    pub(super) fn new(name: &'static str, cases: impl IntoIterator<Item = Case<G>>) -> Self {
        Self {
            name,
            cases: cases.into_iter().collect(),
        }
    }
}
