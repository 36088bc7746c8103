//! The suite's building blocks: tests, which consist of cases, which consist of
//! steps.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::target::{InjectedFault, TestPayment};
use payhook::Amount;
use payhook::payment::ExpectedKind;

/// The number of repetitions of a race.
pub(super) const ROUNDS: usize = 8;

/// Long enough for another delivery to arrive meanwhile.
pub(super) const SLOW: InjectedFault = InjectedFault::Slow(Duration::from_millis(30));

/// A row of the table: several related cases.
pub(super) struct Test<G> {
    pub(super) name: &'static str,
    pub(super) cases: Vec<Case<G>>,
}

/// One payment with its deliveries.
pub(super) struct Case<G> {
    /// The name of the case in its test.
    pub(super) name: &'static str,
    pub(super) kind: ExpectedKind,
    pub(super) steps: Vec<Step<G>>,
    /// Whether a correct server may hold all of it for manual review although exactly
    /// the amount due was received.
    pub(super) is_policy: bool,
    /// Another expected payment, which is never made.
    pub(super) bystander: Option<Bystander>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bystander {
    /// Any other payment of the same amount.
    Another,
    /// One whose reference is the payment's own, prefixed with a zero.
    BehindZero,
    /// One under whose reference the payment's own money is reported as well.
    Second,
}

pub(super) struct Step<G> {
    pub(super) act: Act<G>,
    /// The finally received percentage of the amount due that is known from here on.
    pub(super) received: u64,
    /// The number of payments, if it increases.
    pub(super) payments: usize,
    /// Whether the delivery is indistinguishable from a genuine one.
    pub(super) is_proven: bool,
    /// Earlier money is reversed.
    pub(super) is_reversal: bool,
}

/// Builds a body.
pub(super) type Build<G> = fn(&Context<'_, G>) -> Vec<u8>;

pub(super) enum Act<G> {
    /// Repeats the gateway's last delivery, byte for byte.
    Again,
    /// Repeats it at the other gateway's URL.
    Misrouted,
    /// Injects a fault into the server.
    Inject(InjectedFault),
    /// Repeats the gateway's last delivery, once at each replica.
    EveryReplica,
    /// An attacker sends this once, with the time of the gateway's last delivery.
    Forge(Build<G>),
    /// Restarts the server's processes.
    Restart,
    /// The gateway sends this until it is answered with 200, each time with a new
    /// time.
    Deliver(Build<G>),
    /// Two different deliveries concurrently.
    DeliverBoth([Build<G>; 2]),
    /// The same delivery twice concurrently; with the same time, so the same bytes,
    /// or with two times.
    DeliverTwo { build: Build<G>, is_same: bool },
}

/// The values for building a body.
#[derive(Debug, Clone)]
pub(super) struct Context<'a, G> {
    pub(super) gateway: &'a G,
    pub(super) payment: &'a TestPayment,
    pub(super) bystander: &'a TestPayment,
    /// The amount due, in ten-thousandths of a currency unit: a multiple of 100.
    pub(super) due: u64,
    /// The gateway's id of the payment; with an appended digit also other ids.
    pub(super) id: u64,
    /// The start time, shortly before the first delivery.
    pub(super) start: DateTime<Utc>,
    pub(super) time: DateTime<Utc>,
    /// The number of previous delivery attempts.
    pub(super) attempt: usize,
}

impl<G> Context<'_, G> {
    /// This percentage of the amount due, in a merchant's form.
    pub(super) fn percent(&self, percent: u64) -> String {
        amount(self.due, percent).to_string()
    }
}

/// This percentage of an amount in ten-thousandths of a currency unit, without
/// insignificant zeros.
pub(super) fn amount(due: u64, percent: u64) -> Amount {
    let units = due.saturating_mul(percent) / 100;
    let padded = format!("{}.{:04}", units / 10_000, units % 10_000);
    let padded = padded.parse::<Amount>().unwrap_or_default();
    let short = padded.without_trailing_zeros();
    short.parse().unwrap_or_default()
}

impl<G> Step<G> {
    fn new(received: u64, act: Act<G>) -> Self {
        Self {
            is_proven: !matches!(act, Act::Forge(_) | Act::Misrouted),
            payments: if matches!(act, Act::DeliverBoth(_)) {
                2
            } else {
                1
            },
            is_reversal: false,
            act,
            received,
        }
    }

    pub(super) fn again(received: u64) -> Self {
        Self::new(received, Act::Again)
    }

    pub(super) fn misrouted(received: u64) -> Self {
        Self::new(received, Act::Misrouted)
    }

    pub(super) fn inject(fault: InjectedFault) -> Self {
        Self::new(0, Act::Inject(fault))
    }

    pub(super) fn every_replica() -> Self {
        Self::new(0, Act::EveryReplica)
    }

    pub(super) fn restart() -> Self {
        Self::new(0, Act::Restart)
    }

    /// Earlier money is reversed: it need not stay credited.
    pub(super) fn reverse(received: u64, build: Build<G>) -> Self {
        Self {
            is_reversal: true,
            ..Self::deliver(received, build)
        }
    }

    /// Not covered by any evidence.
    pub(super) fn forge(received: u64, build: Build<G>) -> Self {
        Self::new(received, Act::Forge(build))
    }

    /// Changed only in fields without proof, so that it still verifies.
    pub(super) fn alter(received: u64, build: Build<G>) -> Self {
        Self {
            is_proven: true,
            ..Self::forge(received, build)
        }
    }

    pub(super) fn deliver(received: u64, build: Build<G>) -> Self {
        Self::new(received, Act::Deliver(build))
    }

    pub(super) fn deliver_both(received: u64, builds: [Build<G>; 2]) -> Self {
        Self::new(received, Act::DeliverBoth(builds))
    }

    pub(super) fn deliver_two(received: u64, is_same: bool, build: Build<G>) -> Self {
        Self::new(received, Act::DeliverTwo { build, is_same })
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

    /// Whether it has to be credited in the end: at some time exactly the amount due
    /// was received.
    pub(super) fn has_to_be_credited(&self) -> bool {
        let is_exact = self.steps.iter().any(|step| step.received == 100);
        is_exact && !self.is_policy && !self.is_reversed()
    }

    /// Whether received money was reversed, even temporarily.
    pub(super) fn is_reversed(&self) -> bool {
        self.steps.iter().any(|step| step.is_reversal)
    }

    /// The number of finally received payments.
    pub(super) fn payments(&self) -> usize {
        let mut received = 0;
        let mut payments = 0_usize;
        for step in &self.steps {
            if step.received > received {
                received = step.received;
                payments = payments.saturating_add(step.payments);
            }
        }
        payments
    }
}

impl<G> Test<G> {
    pub(super) fn new(name: &'static str, cases: impl IntoIterator<Item = Case<G>>) -> Self {
        Self {
            name,
            cases: cases.into_iter().collect(),
        }
    }
}
