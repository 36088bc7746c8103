//! The senders: the gateways, which retry until they are answered with 200, and
//! attackers with captured bodies.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::Error;
use crate::forger::{self, Capture};
use crate::gateway::{self, Endpoint};
use crate::payments::{Act, Payment};
use crate::random::Random;
use crate::replicas::Replica;
use crate::table::{Row, Sort, Tally};

/// The number of concurrent requests.
pub(crate) const CONCURRENCY: usize = 64;

/// How long a refused connection occupies its permit: otherwise all planned
/// deliveries would be sent while a replica is down.
const REFUSED: Duration = Duration::from_millis(100);

/// The maximum number of deliveries of the same report.
const ATTEMPTS: usize = 100;

/// The state that all deliveries share.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) seed: u64,
    pub(crate) client: reqwest::Client,
    pub(crate) payments: Arc<Vec<Payment>>,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) replicas: [Arc<Replica>; 2],
    pub(crate) tally: Tally,
    pub(crate) known: Vec<Mutex<Observed>>,
    pub(crate) broken: Mutex<Vec<String>>,
    pub(crate) posts: AtomicUsize,
    turns: Semaphore,
    start: Instant,
}

impl Driver {
    pub(crate) fn new(
        seed: u64,
        client: reqwest::Client,
        payments: Arc<Vec<Payment>>,
        endpoint: Arc<Endpoint>,
        replicas: [Arc<Replica>; 2],
    ) -> Self {
        let known = payments.iter().map(|_| Mutex::default()).collect();
        Self {
            seed,
            client,
            payments,
            endpoint,
            replicas,
            tally: Tally::default(),
            known,
            broken: Mutex::default(),
            posts: AtomicUsize::new(0),
            turns: Semaphore::new(CONCURRENCY),
            start: Instant::now(),
        }
    }

    /// Sends all planned deliveries, in their order except for
    /// retries.
    pub(crate) async fn deliver(self: &Arc<Self>, plan: Vec<(usize, Act)>) -> Result<(), Error> {
        let mut tasks = JoinSet::new();
        for (place, (number, act)) in plan.into_iter().enumerate() {
            let driver = Arc::clone(self);
            let stream = 1_000_000 + u64::try_from(place)?;
            let random = Random::new(self.seed, stream);
            tasks.spawn(async move { driver.perform(number, act, random).await });
        }
        while let Some(done) = tasks.join_next().await {
            done?;
        }
        Ok(())
    }

    async fn perform(&self, number: usize, act: Act, mut random: Random) {
        match act {
            Act::Forge => {
                let capture = self.capture(number, &mut random).await;
                self.forge(number, &capture, &mut random).await;
            }
            Act::Replay => self.replay(number, &mut random).await,
            Act::Send(report) | Act::SendAndCopy(report) | Act::SendTwice(report) => {
                self.send(number, report, act, &mut random).await;
            }
        }
    }

    /// Every delivery is signed with its own time, and retried until it is
    /// accepted; the second one of a pair is not retried.
    async fn send(&self, number: usize, report: usize, act: Act, random: &mut Random) {
        let payment = &self.payments[number];
        if payment.waits == Some(report) {
            while !self.known[number]
                .lock()
                .unwrap()
                .accepted
                .contains(&(report - 1))
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        if payment.is_intercepted && report + 1 == payment.reports.len() {
            let body = Arc::new(gateway::body(payment, report));
            let capture = Capture {
                body,
                is_taken: false,
            };
            self.forge(number, &capture, random).await;
        }
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(random.milliseconds(50, 400)).await;
            }
            let replica = random.below(2);
            let first = self.post_report(number, report, replica, None);
            let status = match act {
                _ if attempt > 0 => first.await,
                Act::SendAndCopy(_) => {
                    let body = Arc::new(gateway::body(payment, report));
                    let first = self.post_report(number, report, replica, Some(Arc::clone(&body)));
                    let copy = self.post_report(number, report, 1 - replica, Some(body));
                    tokio::join!(first, copy).0
                }
                Act::SendTwice(_) => {
                    let second = self.post_report(number, report, 1 - replica, None);
                    tokio::join!(first, second).0
                }
                _ => first.await,
            };
            match status {
                Some(200) if payment.is_foreign => {
                    self.violates(number, "another merchant's order is accepted");
                    return;
                }
                Some(200) => return,
                Some(400..500) if payment.is_foreign => return,
                Some(status @ 400..500) => {
                    self.violates(
                        number,
                        &format!("a genuine callback is refused with {status}"),
                    );
                    return;
                }
                _ => {}
            }
        }
        self.violates(
            number,
            &format!("a genuine callback is not accepted in {ATTEMPTS} attempts"),
        );
    }

    async fn post_report(
        &self,
        number: usize,
        report: usize,
        replica: usize,
        body: Option<Arc<Vec<u8>>>,
    ) -> Option<u16> {
        let payment = &self.payments[number];
        let _turn = self.turns.acquire().await.unwrap();
        self.endpoint.advance(number, report);
        let body = body.unwrap_or_else(|| Arc::new(gateway::body(payment, report)));
        let url = self.replicas[replica].url(payment.path());
        let status = self.post(&url, body.to_vec()).await;
        let is_taken = status == Some(200);
        let mut seen = self.known[number].lock().unwrap();
        let is_known = is_taken && !seen.accepted.insert(report);
        seen.captures.push(Capture { body, is_taken });
        self.note(
            &mut seen,
            replica,
            status,
            &format!("{:?}", payment.reports[report]),
        );
        self.tally.count(Sort::Genuine, status, is_known);
        status
    }

    /// The same bytes again.
    async fn replay(&self, number: usize, random: &mut Random) {
        let capture = self.capture(number, random).await;
        let (path, body) = (self.payments[number].path(), &capture.body);
        let sort = (Sort::Replayed, capture.is_taken);
        self.post_until_answered(number, path, body, sort, "replayed", random)
            .await;
    }

    async fn forge(&self, number: usize, capture: &Capture, random: &mut Random) {
        let forgery = forger::forge(&self.payments[number], capture, random);
        let before = if capture.is_taken { "" } else { "not " };
        let what = format!(
            "{}, in a body that was {before}accepted before",
            forgery.what
        );
        let (path, sort) = (forgery.path, (forgery.sort, capture.is_taken));
        let status = self
            .post_until_answered(number, path, &forgery.body, sort, &what, random)
            .await;
        if forgery.sort == Sort::Forged && status == Some(200) {
            self.violates(number, &format!("accepted with {what}"));
        }
    }

    /// Posts until there is a response.
    async fn post_until_answered(
        &self,
        number: usize,
        path: &str,
        body: &[u8],
        (sort, is_known): (Sort, bool),
        what: &str,
        random: &mut Random,
    ) -> Option<u16> {
        for _ in 0..ATTEMPTS {
            let replica = random.below(2);
            let turn = self.turns.acquire().await.unwrap();
            let url = self.replicas[replica].url(path);
            let status = self.post(&url, body.to_vec()).await;
            drop(turn);
            self.note(
                &mut self.known[number].lock().unwrap(),
                replica,
                status,
                what,
            );
            self.tally.count(sort, status, is_known);
            if status.is_some() {
                return status;
            }
        }
        None
    }

    /// A body of this payment that was posted before.
    async fn capture(&self, number: usize, random: &mut Random) -> Capture {
        loop {
            {
                let seen = self.known[number].lock().unwrap();
                if !seen.captures.is_empty() {
                    return random.pick(&seen.captures).clone();
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The response's status; `None` if there is no response.
    async fn post(&self, url: &str, body: Vec<u8>) -> Option<u16> {
        self.posts.fetch_add(1, Ordering::Relaxed);
        let start = Instant::now();
        let request = self.client.post(url).body(body);
        let request = request.header("content-type", "application/vnd.api+json");
        let Ok(answer) = request.send().await else {
            tokio::time::sleep(REFUSED).await;
            return None;
        };
        self.tally.took(start.elapsed());
        Some(answer.status().as_u16())
    }

    /// Posts the same number of genuine bodies to the route that only reads them.
    pub(crate) async fn measure(self: &Arc<Self>, url: String, count: usize) -> Result<Row, Error> {
        let mut tasks = JoinSet::new();
        for place in 0..count {
            let (driver, url) = (Arc::clone(self), url.clone());
            tasks.spawn(async move {
                let payment = &driver.payments[place % driver.payments.len()];
                let _turn = driver.turns.acquire().await.unwrap();
                let body = gateway::body(payment, 0);
                driver.post(&url, body).await
            });
        }
        let mut row = Row::default();
        while let Some(done) = tasks.join_next().await {
            row.count(done?, false);
        }
        Ok(row)
    }

    fn note(&self, seen: &mut Observed, replica: usize, status: Option<u16>, what: &str) {
        let at = self.start.elapsed().as_millis();
        let answer = status.map_or("no response".to_owned(), |status| status.to_string());
        writeln!(
            seen.history,
            "    {at:>6} ms  replica {replica}: {answer}  {what}"
        )
        .unwrap();
    }

    fn violates(&self, number: usize, what: &str) {
        let reference = &self.payments[number].reference;
        self.broken
            .lock()
            .unwrap()
            .push(format!("{reference}: {what}"));
    }
}

/// The callbacks of a payment so far.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    pub(crate) captures: Vec<Capture>,
    /// The reports that were answered with 200.
    pub(crate) accepted: HashSet<usize>,
    pub(crate) history: String,
}
