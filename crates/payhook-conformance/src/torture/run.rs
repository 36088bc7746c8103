//! Running a script: the gateway's retries, and a check of the ledger after every
//! step.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use chrono::{DateTime, TimeDelta, Utc};

use super::judge::State;
use super::report::Row;
use super::script::{self, Act, Bystander, Case, Make, Trial};
use super::shop::{Books, InjectedFault, Payment, Shop};
use super::torturer::{Torture, TortureError};
use crate::Gateway;
use crate::random::Random;
use payhook::payment::ExpectedKind;

/// One run of the suite.
pub(super) struct Run<'a, S> {
    torture: &'a Torture,
    shop: &'a S,
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
    pub(super) rows: Vec<Row>,
}

impl<'a, S: Shop> Run<'a, S> {
    pub(super) fn new(torture: &'a Torture, shop: &'a S, now: DateTime<Utc>) -> Self {
        Self {
            torture,
            shop,
            random: Random::new(torture.seed, "torture"),
            now,
            first_id: first_id(torture.seed, now),
            payments: 0,
            moments: 0,
            turns: 0,
            rows: Vec::new(),
        }
    }

    pub(super) async fn trial<G>(
        &mut self,
        name: Gateway,
        gateway: &G,
        trial: Trial<G>,
    ) -> Result<(), TortureError> {
        let mut row = Row::new(name, trial.name);
        let cases = trial.cases.iter();
        let mut cases = cases
            .filter(|case| self.torture.takes(case.kind))
            .peekable();
        if cases.peek().is_none() {
            return Ok(());
        }
        for case in cases {
            self.case(&mut row, gateway, case).await?;
        }
        self.rows.push(row);
        Ok(())
    }

    async fn case<G>(
        &mut self,
        row: &mut Row,
        gateway: &G,
        case: &Case<G>,
    ) -> Result<(), TortureError> {
        let mut state = self.begin(row.gateway, gateway, case);
        self.open(&state.payment).await?;
        if case.bystander.is_some() {
            self.open(&state.bystander).await?;
        }
        for step in &case.steps {
            let is_possible = match step.act {
                Act::Inject(fault) => self.shop.inject(fault).await,
                Act::Everywhere => self.shop.replicas(row.gateway) > 1,
                Act::Restart => self.shop.restart().await,
                _ => true,
            };
            if !is_possible {
                row.is_tried = false;
                return Ok(());
            }
            if step.came > state.came {
                state.came = step.came;
                state.credits = state.credits.saturating_add(step.payments);
            }
            self.act(row, &mut state, &step.act).await;
            let books = self.books(&state.payment).await?;
            state.judge(step, books);
        }
        let mut acts = case.steps.iter().map(|step| &step.act);
        if acts.any(|act| matches!(act, Act::Inject(_))) {
            self.shop.inject(InjectedFault::None).await;
        }
        state.judge_end(case);
        if case.has_to_be_credited() {
            row.due = row.due.saturating_add(1);
        }
        if let Some(bystander) = case.bystander {
            let books = self.books(&state.bystander).await?;
            state.judge_bystander(&books, bystander);
        }
        row.came = row.came.saturating_add(case.payments());
        row.credits = row.credits.saturating_add(state.books.credits);
        row.broken
            .extend(state.report(row.gateway, row.name, case.name));
        Ok(())
    }

    fn begin<'g, G>(&mut self, name: Gateway, gateway: &'g G, case: &Case<G>) -> State<'g, G> {
        // From 1 to 400 currency units, in hundredths.
        let due = u64::from(self.random.between(100, 40_000)).saturating_mul(100);
        let coins: &[(&'static str, u32)] = match case.kind {
            ExpectedKind::Invoice => &[("USD", 2)],
            ExpectedKind::Order => &[("BTC", 8)],
            _ => &[("ETH", 18), ("USDT", 6), ("LTC", 8)],
        };
        let (currency, decimals) = self.random.pick(coins).copied().unwrap_or(("ETH", 18));
        let payment = |reference| Payment {
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
        State {
            gateway,
            payment: payment(reference),
            bystander: payment(other),
            due,
            id: self.first_id.saturating_add(self.payments),
            start: self.moment(),
            last: None,
            came: 0,
            credits: 0,
            was_reversed: false,
            books: Books::default(),
            broken: Vec::new(),
        }
    }

    fn reference(&mut self) -> String {
        self.payments = self.payments.saturating_add(1);
        self.torture.reference(self.now, self.payments)
    }

    /// A time shortly before now, and shortly after the previous one.
    fn moment(&mut self) -> DateTime<Utc> {
        self.moments = self.moments.saturating_add(1);
        let ago = TimeDelta::milliseconds(self.moments.saturating_sub(600_000));
        self.now.checked_add_signed(ago).unwrap_or(self.now)
    }

    async fn act<G>(&mut self, row: &mut Row, state: &mut State<'_, G>, act: &Act<G>) {
        let gateway = row.gateway;
        match act {
            Act::Again | Act::Astray => {
                let gateway = match (act, gateway) {
                    (Act::Astray, Gateway::B2binpay) => Gateway::CityPay,
                    (Act::Astray, Gateway::CityPay) => Gateway::B2binpay,
                    _ => gateway,
                };
                if let Some((_, body)) = &state.last {
                    row.count(self.post(gateway, body).await);
                }
            }
            Act::Inject(_) | Act::Restart => {}
            Act::Everywhere => {
                let Some((_, body)) = &state.last else { return };
                for replica in 0..self.shop.replicas(gateway) {
                    let posted = self.shop.post(gateway, replica, body).await;
                    row.count(posted.ok());
                }
            }
            Act::Forge(make) => {
                let time = state.last.as_ref().map(|(time, _)| *time);
                let time = time.unwrap_or_else(|| self.moment());
                let body = make(&state.context(time, 0));
                row.count(self.post(gateway, &body).await);
            }
            Act::Deliver(make) => self.deliver(row, state, *make, 0).await,
            Act::DeliverBoth(makes) => self.deliver_two(row, state, *makes, false).await,
            Act::DeliverTwo { make, is_same } => {
                self.deliver_two(row, state, [*make; 2], *is_same).await;
            }
        }
    }

    /// Sends both concurrently, and retries each until it is answered with 200.
    async fn deliver_two<G>(
        &mut self,
        row: &mut Row,
        state: &mut State<'_, G>,
        [one, other]: [Make<G>; 2],
        is_same: bool,
    ) {
        let time = self.moment();
        let first = one(&state.context(time, 0));
        let second = if is_same {
            first.clone()
        } else {
            other(&state.context(self.moment(), 0))
        };
        let turns = [self.turn(row.gateway), self.turn(row.gateway)];
        let [here, there] = turns;
        let statuses = both(
            self.shop.post(row.gateway, here, &first),
            self.shop.post(row.gateway, there, &second),
        )
        .await;
        state.last = Some((time, first));
        for (status, make) in [(statuses.0, one), (statuses.1, other)] {
            let status = status.ok();
            row.count(status);
            if status != Some(200) {
                self.deliver(row, state, make, 1).await;
            }
        }
    }

    /// Retries until it is answered with 200, or the gateway gives up.
    async fn deliver<G>(
        &mut self,
        row: &mut Row,
        state: &mut State<'_, G>,
        make: Make<G>,
        tried: usize,
    ) {
        for attempt in tried..self.torture.attempts {
            let time = self.moment();
            let body = make(&state.context(time, attempt));
            let status = self.post(row.gateway, &body).await;
            state.last = Some((time, body));
            row.count(status);
            if status == Some(200) {
                return;
            }
            if !self.torture.pause.is_zero() {
                tokio::time::sleep(self.torture.pause).await;
            }
        }
    }

    async fn open(&self, payment: &Payment) -> Result<(), TortureError> {
        let opened = self.shop.open(payment).await;
        opened.map_err(|source| TortureError::Open { source })
    }

    async fn books(&self, payment: &Payment) -> Result<Books, TortureError> {
        let books = self.shop.books(&payment.reference).await;
        books.map_err(|source| TortureError::Books { source })
    }

    async fn post(&mut self, gateway: Gateway, body: &[u8]) -> Option<u16> {
        let replica = self.turn(gateway);
        self.shop.post(gateway, replica, body).await.ok()
    }

    /// The next replica in turn.
    fn turn(&mut self, gateway: Gateway) -> usize {
        let turn = self.turns;
        self.turns = self.turns.wrapping_add(1);
        turn.checked_rem(self.shop.replicas(gateway))
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
