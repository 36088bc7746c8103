//! Who posts: the gateways, until they are answered with 200, and those who
//! captured something.

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

/// Posts at the same time.
pub(crate) const CONCURRENCY: usize = 64;

/// How long a gateway waits for a connection that is refused, and holds its
/// turn: else all that is planned would be sent while a replica is down.
const REFUSED: Duration = Duration::from_millis(100);

/// After so many deliveries of the same news the gateway gives up.
const ATTEMPTS: usize = 100;

/// Everything that all deliveries share.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) seed: u64,
    pub(crate) client: reqwest::Client,
    pub(crate) payments: Arc<Vec<Payment>>,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) replicas: [Arc<Replica>; 2],
    pub(crate) tally: Tally,
    pub(crate) known: Vec<Mutex<Seen>>,
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

    /// Everything that is planned, in its order but for what has to be sent
    /// again.
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
            Act::Tell(news) | Act::TellAndCopy(news) | Act::TellTwice(news) => {
                self.tell(number, news, act, &mut random).await;
            }
        }
    }

    /// Every delivery is signed with its own time; it is repeated until it is
    /// taken. The second one of a pair is not.
    async fn tell(&self, number: usize, news: usize, act: Act, random: &mut Random) {
        let payment = &self.payments[number];
        if payment.waits == Some(news) {
            while !self.known[number]
                .lock()
                .unwrap()
                .told
                .contains(&(news - 1))
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        if payment.is_intercepted && news + 1 == payment.news.len() {
            let body = Arc::new(gateway::body(payment, news));
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
            let first = self.post_news(number, news, replica, None);
            let status = match act {
                _ if attempt > 0 => first.await,
                Act::TellAndCopy(_) => {
                    let body = Arc::new(gateway::body(payment, news));
                    let first = self.post_news(number, news, replica, Some(Arc::clone(&body)));
                    let copy = self.post_news(number, news, 1 - replica, Some(body));
                    tokio::join!(first, copy).0
                }
                Act::TellTwice(_) => {
                    let second = self.post_news(number, news, 1 - replica, None);
                    tokio::join!(first, second).0
                }
                _ => first.await,
            };
            match status {
                Some(200) if payment.is_foreign => {
                    self.breaks(number, "another merchant's order is accepted");
                    return;
                }
                Some(200) => return,
                Some(400..500) if payment.is_foreign => return,
                Some(status @ 400..500) => {
                    self.breaks(
                        number,
                        &format!("a genuine callback is refused with {status}"),
                    );
                    return;
                }
                _ => {}
            }
        }
        self.breaks(
            number,
            &format!("a genuine callback is never taken, {ATTEMPTS} times"),
        );
    }

    async fn post_news(
        &self,
        number: usize,
        news: usize,
        replica: usize,
        body: Option<Arc<Vec<u8>>>,
    ) -> Option<u16> {
        let payment = &self.payments[number];
        let _turn = self.turns.acquire().await.unwrap();
        self.endpoint.advance(number, news);
        let body = body.unwrap_or_else(|| Arc::new(gateway::body(payment, news)));
        let url = self.replicas[replica].url(payment.path());
        let status = self.post(&url, body.to_vec()).await;
        let is_taken = status == Some(200);
        let mut seen = self.known[number].lock().unwrap();
        let is_known = is_taken && !seen.told.insert(news);
        seen.captures.push(Capture { body, is_taken });
        self.note(
            &mut seen,
            replica,
            status,
            &format!("{:?}", payment.news[news]),
        );
        self.tally.count(Sort::Told, status, is_known);
        status
    }

    /// The same bytes again.
    async fn replay(&self, number: usize, random: &mut Random) {
        let capture = self.capture(number, random).await;
        let (path, body) = (self.payments[number].path(), &capture.body);
        let sort = (Sort::Replayed, capture.is_taken);
        self.insist(number, path, body, sort, "replayed", random)
            .await;
    }

    async fn forge(&self, number: usize, capture: &Capture, random: &mut Random) {
        let forgery = forger::forge(&self.payments[number], capture, random);
        let before = if capture.is_taken { "" } else { "not " };
        let what = format!("{}, in a body that was {before}taken before", forgery.what);
        let (path, sort) = (forgery.path, (forgery.sort, capture.is_taken));
        let status = self
            .insist(number, path, &forgery.body, sort, &what, random)
            .await;
        if forgery.sort == Sort::Forged && status == Some(200) {
            self.breaks(number, &format!("accepted with {what}"));
        }
    }

    /// Posts until there is any answer.
    async fn insist(
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

    /// Something of this payment that was posted before.
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

    /// The answer's status; `None` if there is no answer.
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

    /// As many genuine bodies to the route that only reads them.
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

    fn note(&self, seen: &mut Seen, replica: usize, status: Option<u16>, what: &str) {
        let at = self.start.elapsed().as_millis();
        let answer = status.map_or("no answer".to_owned(), |status| status.to_string());
        writeln!(
            seen.history,
            "    {at:>6} ms  replica {replica}: {answer}  {what}"
        )
        .unwrap();
    }

    fn breaks(&self, number: usize, what: &str) {
        let reference = &self.payments[number].reference;
        self.broken
            .lock()
            .unwrap()
            .push(format!("{reference}: {what}"));
    }
}

/// What the payment's callbacks came to so far.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) captures: Vec<Capture>,
    /// The news that were answered with 200.
    pub(crate) told: HashSet<usize>,
    pub(crate) history: String,
}
