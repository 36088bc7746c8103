//! How a script is run: the gateway's patience, and a look at the books after
//! every step.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use chrono::{DateTime, TimeDelta, Utc};

use super::report::{Broken, Row, Rule};
use super::script::{self, Act, Bystander, Case, Desk, Make, Step, Trial};
use super::shop::{Books, Payment, Shop, Trouble};
use super::torturer::{Torture, TortureError};
use crate::amount::Amount;
use crate::event::{Gateway, Kind};
use crate::testing::random::Random;

/// One torture of one shop.
pub(super) struct Run<'a, S> {
    torture: &'a Torture,
    shop: &'a S,
    random: Random,
    /// When it was begun.
    now: DateTime<Utc>,
    /// How many payments were made up.
    payments: u64,
    /// How many moments have passed: each delivery has one of its own.
    moments: i64,
    pub(super) rows: Vec<Row>,
}

/// The payments of a case, and what was told of them.
struct State<'a, G> {
    gateway: &'a G,
    payment: Payment,
    bystander: Payment,
    due: u64,
    id: u64,
    start: DateTime<Utc>,
    /// When and what was posted last by the gateway.
    told: Option<(DateTime<Utc>, Vec<u8>)>,
    /// What is known to have come in, in percent and in payments.
    came: u64,
    credits: usize,
    books: Books,
    broken: Vec<(Rule, String)>,
}

impl<'a, S: Shop> Run<'a, S> {
    pub(super) fn new(torture: &'a Torture, shop: &'a S, now: DateTime<Utc>) -> Self {
        Self {
            torture,
            shop,
            random: Random::new(torture.seed),
            now,
            payments: 0,
            moments: 0,
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
        for case in trial.cases {
            self.case(&mut row, gateway, &case).await?;
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
            if let Act::Disturb(trouble) = step.act
                && !self.shop.disturb(trouble).await
            {
                row.is_tried = false;
                return Ok(());
            }
            if step.came > state.came {
                state.came = step.came;
                state.credits = state.credits.saturating_add(1);
            }
            self.act(row, &mut state, &step.act).await;
            let books = self.books(&state.payment).await?;
            state.judge(step, books);
        }
        let mut acts = case.steps.iter().map(|step| &step.act);
        if acts.any(|act| matches!(act, Act::Disturb(_))) {
            self.shop.disturb(Trouble::None).await;
        }
        if case.has_to_be_credited() {
            state.judge_end();
            row.due = row.due.saturating_add(1);
        }
        if case.bystander.is_some() {
            let books = self.books(&state.bystander).await?;
            state.judge_bystander(&books);
        }
        row.came = row.came.saturating_add(case.payments());
        row.credits = row.credits.saturating_add(state.books.credits);
        row.broken
            .extend(state.report(row.gateway, row.name, case.name));
        Ok(())
    }

    fn begin<'g, G>(&mut self, name: Gateway, gateway: &'g G, case: &Case<G>) -> State<'g, G> {
        // From 1 to 400 coins, in hundredths.
        let due = self.random.below(39_901).saturating_add(100);
        let due = due.saturating_mul(100);
        let coins: &[(&'static str, u32)] = match case.kind {
            Kind::Order => &[("BTC", 8)],
            Kind::Deposit | Kind::Payout => &[("ETH", 18), ("USDT", 6), ("LTC", 8)],
        };
        let count = u64::try_from(coins.len()).unwrap_or(u64::MAX);
        let drawn = usize::try_from(self.random.below(count)).unwrap_or_default();
        let (currency, scale) = coins.get(drawn).copied().unwrap_or(("ETH", 18));
        let payment = |reference| Payment {
            gateway: name,
            kind: case.kind,
            reference,
            amount: script::amount(due, 100),
            currency,
            scale,
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
            id: 700_000_u64.saturating_add(self.payments),
            start: self.moment(),
            told: None,
            came: 0,
            credits: 0,
            books: Books::default(),
            broken: Vec::new(),
        }
    }

    fn reference(&mut self) -> String {
        self.payments = self.payments.saturating_add(1);
        self.torture.reference(self.now, self.payments)
    }

    /// A little before now, and a little later than the last one.
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
                if let Some((_, body)) = &state.told {
                    row.count(self.post(gateway, body).await);
                }
            }
            Act::Disturb(_) => {}
            Act::Forge(make) => {
                let time = state.told.as_ref().map(|(time, _)| *time);
                let time = time.unwrap_or_else(|| self.moment());
                let body = make(&state.desk(time, 0));
                row.count(self.post(gateway, &body).await);
            }
            Act::Tell(make) => self.tell(row, state, *make, 0).await,
            Act::TellTwo { make, is_same } => {
                let time = self.moment();
                let first = make(&state.desk(time, 0));
                let second = if *is_same {
                    first.clone()
                } else {
                    make(&state.desk(self.moment(), 0))
                };
                let statuses = both(self.post(gateway, &first), self.post(gateway, &second)).await;
                state.told = Some((time, first));
                for status in <[_; 2]>::from(statuses) {
                    row.count(status);
                    if status != Some(200) {
                        self.tell(row, state, *make, 1).await;
                    }
                }
            }
        }
    }

    /// Until it is answered with 200, or the gateway has had enough.
    async fn tell<G>(
        &mut self,
        row: &mut Row,
        state: &mut State<'_, G>,
        make: Make<G>,
        tried: usize,
    ) {
        for attempt in tried..self.torture.attempts {
            let time = self.moment();
            let body = make(&state.desk(time, attempt));
            let status = self.post(row.gateway, &body).await;
            state.told = Some((time, body));
            row.count(status);
            if status == Some(200) {
                return;
            }
            if attempt > 0 && !self.torture.pause.is_zero() {
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

    async fn post(&self, gateway: Gateway, body: &[u8]) -> Option<u16> {
        self.shop.post(gateway, body).await.ok()
    }
}

impl<G> State<'_, G> {
    fn desk(&self, time: DateTime<Utc>, attempt: usize) -> Desk<'_, G> {
        Desk {
            gateway: self.gateway,
            payment: &self.payment,
            bystander: &self.bystander,
            due: self.due,
            id: self.id,
            start: self.start,
            time,
            attempt,
        }
    }

    /// Compares the books with those before the step, and with what came in.
    fn judge(&mut self, step: &Step<G>, books: Books) {
        let came = script::amount(self.due, self.came);
        let is_more = books.credited > self.books.credited || books.credits > self.books.credits;
        let is_too_much = books.credited > came || books.credits > self.credits;
        if is_more && is_too_much {
            let rule = if step.is_proven && self.came > 0 {
                Rule::CreditedTwice
            } else {
                Rule::CreditedUnproven
            };
            self.breaks(rule, &books);
        }
        let currency = books.currency.as_deref();
        let is_other = currency.is_some_and(|it| !it.eq_ignore_ascii_case(self.payment.currency))
            || books.kind.is_some_and(|kind| kind != self.payment.kind);
        if is_other && books.credits > 0 {
            self.breaks(Rule::CreditedUnproven, &books);
        }
        if books.credited < self.books.credited || (self.books.is_paid && !books.is_paid) {
            self.breaks(Rule::Regressed, &books);
        }
        self.books = books;
    }

    fn judge_end(&mut self) {
        if self.books.credited < script::amount(self.due, 100) {
            self.breaks(Rule::Lost, &self.books.clone());
        }
    }

    fn judge_bystander(&mut self, books: &Books) {
        if books.credits > 0 || !books.credited.is_zero() {
            let found = format!(
                "credited {} under another reference",
                money(&books.credited, self.bystander.currency)
            );
            self.broken.push((Rule::CreditedUnproven, found));
        }
    }

    /// Once for each rule.
    fn breaks(&mut self, rule: Rule, books: &Books) {
        if self.broken.iter().any(|(known, _)| *known == rule) {
            return;
        }
        let came = script::amount(self.due, self.came);
        let came = money(&came, self.payment.currency);
        let currency = books.currency.as_deref().unwrap_or(self.payment.currency);
        let credited = money(&books.credited, currency);
        let mut found = format!("{came} came in, {credited} is credited");
        if books.credits > 1 {
            found = format!("{found} in {} parts", books.credits);
        }
        if let Some(kind) = books.kind.filter(|kind| *kind != self.payment.kind) {
            found = format!("{found} as a {kind}");
        }
        if rule == Rule::Regressed && !books.is_paid {
            found = format!("{found}, and it is not paid any more");
        }
        self.broken.push((rule, found));
    }

    fn report(
        self,
        gateway: Gateway,
        row: &'static str,
        case: &'static str,
    ) -> impl Iterator<Item = Broken> {
        let reference = self.payment.reference;
        self.broken.into_iter().map(move |(rule, found)| Broken {
            rule,
            gateway,
            row,
            case,
            reference: reference.clone(),
            found,
        })
    }
}

/// Without zeros at the end.
fn money(amount: &Amount, currency: &str) -> String {
    let text = amount.as_str();
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    };
    format!("{text} {currency}")
}

/// Waits for both, which are under way at once.
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
