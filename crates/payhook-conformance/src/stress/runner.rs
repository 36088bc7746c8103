//! Running a script: the gateway's retries, and a check of the ledger after every
//! step.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use chrono::{DateTime, TimeDelta, Utc};

use super::check::CaseState;
use super::report::{Report, TestResult};
use super::script::{self, Act, Build, Bystander, Case, Test};
use super::suite::{Suite, SuiteError};
use super::target::{InjectedFault, LedgerState, Target, TestPayment};
use crate::Gateway;
use crate::random::Random;
use payhook::payment::ExpectedKind;

/// One run of the suite.
pub(super) struct Runner<'a, S> {
    suite: &'a Suite,
    target: &'a S,
    random: Random,
    /// The start time.
    now: DateTime<Utc>,
    /// The gateway's ids of this run's payments follow this one.
    first_id: u64,
    /// The number of payments created so far.
    payments: u64,
    /// The number of time steps so far: each delivery has its own.
    moments: i64,
    /// The number of bodies sent to one of the replicas.
    turns: usize,
    /// The results of the tests so far.
    results: Vec<TestResult>,
}

impl<'a, S: Target> Runner<'a, S> {
    pub(super) fn new(suite: &'a Suite, target: &'a S, now: DateTime<Utc>) -> Self {
        Self {
            suite,
            target,
            random: Random::new(suite.seed, "stress"),
            now,
            first_id: first_id(suite.seed, now),
            payments: 0,
            moments: 0,
            turns: 0,
            results: Vec::new(),
        }
    }

    /// The report of the tests so far.
    pub(super) fn report(&self) -> Report {
        Report {
            seed: self.suite.seed,
            results: self.results.clone(),
        }
    }

    pub(super) async fn test<G>(
        &mut self,
        name: Gateway,
        gateway: &G,
        test: Test<G>,
    ) -> Result<(), SuiteError> {
        let mut result = TestResult::new(name, test.name);
        let cases = test.cases.iter();
        let mut cases = cases
            .filter(|case| self.suite.includes(case.kind))
            .peekable();
        if cases.peek().is_none() {
            return Ok(());
        }
        for case in cases {
            self.case(&mut result, gateway, case).await?;
        }
        self.results.push(result);
        Ok(())
    }

    async fn case<G>(
        &mut self,
        result: &mut TestResult,
        gateway: &G,
        case: &Case<G>,
    ) -> Result<(), SuiteError> {
        let mut run = self.begin(result.gateway, gateway, case);
        self.register(result.name, &run.payment).await?;
        if case.bystander.is_some() {
            self.register(result.name, &run.bystander).await?;
        }
        for step in &case.steps {
            let is_possible = match step.act {
                Act::Inject(fault) => self.target.inject(fault).await,
                Act::EveryReplica => self.target.replicas(result.gateway) > 1,
                Act::Restart => self.target.restart().await,
                _ => true,
            };
            if !is_possible {
                result.is_tested = false;
                return Ok(());
            }
            if step.received > run.received {
                run.received = step.received;
                run.credits = run.credits.saturating_add(step.payments);
            }
            self.act(result, &mut run, &step.act).await;
            let ledger = self.ledger_state(result.name, &run.payment).await?;
            run.check(step, ledger);
        }
        let mut acts = case.steps.iter().map(|step| &step.act);
        if acts.any(|act| matches!(act, Act::Inject(_))) {
            self.target.inject(InjectedFault::None).await;
        }
        run.check_end(case);
        if case.has_to_be_credited() {
            result.min_credits = result.min_credits.saturating_add(1);
        }
        if let Some(bystander) = case.bystander {
            let ledger = self.ledger_state(result.name, &run.bystander).await?;
            run.check_bystander(&ledger, bystander);
        }
        result.max_credits = result.max_credits.saturating_add(case.payments());
        result.credits = result.credits.saturating_add(run.ledger.credits);
        result
            .violations
            .extend(run.report(result.gateway, result.name, case.name));
        Ok(())
    }

    fn begin<'g, G>(&mut self, name: Gateway, gateway: &'g G, case: &Case<G>) -> CaseState<'g, G> {
        // From 1 to 400 currency units, in hundredths.
        let due = u64::from(self.random.between(100, 40_000)).saturating_mul(100);
        let coins: &[(&'static str, u32)] = match case.kind {
            ExpectedKind::Invoice => &[("USD", 2)],
            ExpectedKind::Order => &[("BTC", 8)],
            _ => &[("ETH", 18), ("USDT", 6), ("LTC", 8)],
        };
        let (currency, decimals) = self.random.pick(coins).copied().unwrap_or(("ETH", 18));
        let payment = |reference| TestPayment {
            gateway: name,
            kind: case.kind,
            reference,
            amount: script::amount(due, 100),
            currency,
            decimals,
        };
        let reference = self.reference();
        let other = match case.bystander {
            Some(Bystander::BehindZero) => format!("0{reference}"),
            _ => self.reference(),
        };
        CaseState {
            gateway,
            payment: payment(reference),
            bystander: payment(other),
            due,
            id: self.first_id.saturating_add(self.payments),
            start: self.moment(),
            last: None,
            received: 0,
            credits: 0,
            was_reversed: false,
            ledger: LedgerState::default(),
            violations: Vec::new(),
        }
    }

    fn reference(&mut self) -> String {
        self.payments = self.payments.saturating_add(1);
        self.suite.reference(self.now, self.payments)
    }

    /// A time shortly before now, and shortly after the previous one.
    fn moment(&mut self) -> DateTime<Utc> {
        self.moments = self.moments.saturating_add(1);
        let ago = TimeDelta::milliseconds(self.moments.saturating_sub(600_000));
        self.now.checked_add_signed(ago).unwrap_or(self.now)
    }

    async fn act<G>(&mut self, result: &mut TestResult, run: &mut CaseState<'_, G>, act: &Act<G>) {
        let gateway = result.gateway;
        match act {
            Act::Again | Act::Misrouted => {
                let gateway = match (act, gateway) {
                    (Act::Misrouted, Gateway::B2binpay) => Gateway::CityPay,
                    (Act::Misrouted, Gateway::CityPay) => Gateway::B2binpay,
                    _ => gateway,
                };
                if let Some((_, body)) = &run.last {
                    result.count(self.post(gateway, body).await);
                }
            }
            Act::Inject(_) | Act::Restart => {}
            Act::EveryReplica => {
                let Some((_, body)) = &run.last else { return };
                for replica in 0..self.target.replicas(gateway) {
                    let posted = self.target.post(gateway, replica, body).await;
                    result.count(posted.ok());
                }
            }
            Act::Forge(build) => {
                let time = run.last.as_ref().map(|(time, _)| *time);
                let time = time.unwrap_or_else(|| self.moment());
                let body = build(&run.context(time, 0));
                result.count(self.post(gateway, &body).await);
            }
            Act::Deliver(build) => self.deliver(result, run, *build, 0).await,
            Act::DeliverBoth(builds) => self.deliver_two(result, run, *builds, false).await,
            Act::DeliverTwo { build, is_same } => {
                self.deliver_two(result, run, [*build; 2], *is_same).await;
            }
        }
    }

    /// Sends both concurrently, and retries each until it is answered with 200.
    async fn deliver_two<G>(
        &mut self,
        result: &mut TestResult,
        run: &mut CaseState<'_, G>,
        [one, other]: [Build<G>; 2],
        is_same: bool,
    ) {
        let time = self.moment();
        let first = one(&run.context(time, 0));
        let second = if is_same {
            first.clone()
        } else {
            other(&run.context(self.moment(), 0))
        };
        let turns = [self.turn(result.gateway), self.turn(result.gateway)];
        let [here, there] = turns;
        let statuses = both(
            self.target.post(result.gateway, here, &first),
            self.target.post(result.gateway, there, &second),
        )
        .await;
        run.last = Some((time, first));
        for (status, build) in [(statuses.0, one), (statuses.1, other)] {
            let status = status.ok();
            result.count_genuine(status);
            if status != Some(200) {
                self.deliver(result, run, build, 1).await;
            }
        }
    }

    /// Retries until it is answered with 200, or the gateway gives up.
    async fn deliver<G>(
        &mut self,
        result: &mut TestResult,
        run: &mut CaseState<'_, G>,
        build: Build<G>,
        tried: usize,
    ) {
        for attempt in tried..self.suite.attempts {
            let time = self.moment();
            let body = build(&run.context(time, attempt));
            let status = self.post(result.gateway, &body).await;
            run.last = Some((time, body));
            result.count_genuine(status);
            if status == Some(200) {
                return;
            }
            if !self.suite.pause.is_zero() {
                tokio::time::sleep(self.suite.pause).await;
            }
        }
    }

    async fn register(&self, test: &'static str, payment: &TestPayment) -> Result<(), SuiteError> {
        let opened = self.target.register(payment).await;
        opened.map_err(|source| SuiteError::Register {
            test,
            reference: payment.reference.clone(),
            report: self.report(),
            source,
        })
    }

    async fn ledger_state(
        &self,
        test: &'static str,
        payment: &TestPayment,
    ) -> Result<LedgerState, SuiteError> {
        let state = self.target.ledger_state(&payment.reference).await;
        state.map_err(|source| SuiteError::State {
            test,
            reference: payment.reference.clone(),
            report: self.report(),
            source,
        })
    }

    async fn post(&mut self, gateway: Gateway, body: &[u8]) -> Option<u16> {
        let replica = self.turn(gateway);
        self.target.post(gateway, replica, body).await.ok()
    }

    /// The next replica in turn.
    fn turn(&mut self, gateway: Gateway) -> usize {
        let turn = self.turns;
        self.turns = self.turns.wrapping_add(1);
        turn.checked_rem(self.target.replicas(gateway))
            .unwrap_or_default()
    }
}

/// Twelve digits, different in each run. With the digits that the scripts append,
/// JSON numbers keep every id exactly.
fn first_id(seed: u64, now: DateTime<Utc>) -> u64 {
    let mut random = Random::new(seed, &format!("ids {}", now.timestamp_micros()));
    u64::from(random.between(100_000_000, 899_999_999)).saturating_mul(1_000)
}

/// Waits for both, which run concurrently.
async fn both<T>(first: impl Future<Output = T>, second: impl Future<Output = T>) -> (T, T) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut one, mut two) = (None, None);
    poll_fn(|context| {
        if one.is_none()
            && let Poll::Ready(value) = first.as_mut().poll(context)
        {
            one = Some(value);
        }
        if two.is_none()
            && let Poll::Ready(value) = second.as_mut().poll(context)
        {
            two = Some(value);
        }
        match (one.take(), two.take()) {
            (Some(one), Some(two)) => Poll::Ready((one, two)),
            (left, right) => {
                (one, two) = (left, right);
                Poll::Pending
            }
        }
    })
    .await
}
