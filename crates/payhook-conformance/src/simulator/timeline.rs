//! [`Timeline`]: the simulated lifecycle of one payment.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::script::{Content, Endpoint, Report, Script, later};
use super::{Delivery, DeliveryCause, FinalState, Scenario, SimulationError};
use crate::random::Random;
use payhook::payment::Expected;

/// The lifecycle of one payment: the gateway's deliveries one by one, in the order in
/// which they arrive. Created by [`Simulator::start`](super::Simulator::start).
///
/// Report the response to each with [`answered`](Self::answered). A delivery without
/// a reported response counts as unanswered when the next one is requested, and is
/// retried as well.
///
/// See [`Simulator`](super::Simulator) for an example.
pub struct Timeline {
    scenario: Scenario,
    expected: Expected,
    /// Events in their order.
    reports: Vec<Arc<Report>>,
    final_state: FinalState,
    deadline: DateTime<Utc>,
    now: DateTime<Utc>,
    random: Random,
    /// Ordered by the time of arrival, and by a unique number.
    queue: BTreeMap<(DateTime<Utc>, u32), QueuedCallback>,
    scheduled: u32,
    open: Option<QueuedCallback>,
    given_up: u32,
    rules: GatewayBehavior,
    endpoint: Option<Endpoint>,
}

/// The gateway's behaviour.
pub(super) struct GatewayBehavior {
    pub(super) attempts: u32,
    pub(super) is_out_of_order: bool,
    /// Retries have a new time instead of the same bytes.
    pub(super) rerenders: bool,
}

/// A callback in transit.
#[derive(Clone)]
struct QueuedCallback {
    report: Arc<Report>,
    callback: u32,
    attempt: u32,
    cause: DeliveryCause,
    body: Vec<u8>,
}

impl Timeline {
    pub(super) fn new(
        (scenario, expected): (Scenario, Expected),
        (start, deadline): (DateTime<Utc>, DateTime<Utc>),
        script: Script,
        rules: GatewayBehavior,
        random: Random,
    ) -> Result<Self, SimulationError> {
        let mut timeline = Self {
            scenario,
            expected,
            reports: script.reports.into_iter().map(Arc::new).collect(),
            final_state: script.final_state,
            deadline,
            now: start,
            random,
            queue: BTreeMap::new(),
            scheduled: 0,
            open: None,
            given_up: 0,
            rules,
            endpoint: script.endpoint,
        };
        timeline.update_endpoint();
        timeline.plan()?;
        Ok(timeline)
    }

    /// All deliveries if everything is answered with 200.
    fn plan(&mut self) -> Result<(), SimulationError> {
        let mut callback = 0_u32;
        let mut posts = Vec::new();
        for report in self.reports.clone() {
            callback = callback.saturating_add(1);
            posts.push((report.at, DeliveryCause::StatusChange, callback, report));
        }
        for report in self.reports.clone() {
            if self.random.percent(10) {
                callback = callback.saturating_add(1);
                let at = later(report.at, self.random.minutes(1, 90));
                let report = self.rerendered(&report, at);
                posts.push((at, DeliveryCause::ManualResend, callback, report));
            }
        }
        for (at, cause, callback, report) in posts {
            let post = QueuedCallback {
                body: report.content.body(at)?,
                report,
                callback,
                attempt: 1,
                cause,
            };
            if self.random.percent(10) {
                let copy = QueuedCallback {
                    cause: DeliveryCause::Duplicate,
                    ..post.clone()
                };
                let at = later(at, self.random.seconds(1, 30));
                self.send(at, copy);
            }
            self.send(at, post);
        }
        Ok(())
    }

    /// The content when the gateway renders this callback again: the transfer's
    /// latest status.
    fn rerendered(&self, report: &Arc<Report>, at: DateTime<Utc>) -> Arc<Report> {
        let since = self.reports.iter().rev();
        let mut since = since.filter(|it| it.transfer == report.transfer && it.at <= at);
        let latest = since
            .next()
            .filter(|_| matches!(report.content, Content::Signed(..)));
        Arc::clone(latest.unwrap_or(report))
    }

    fn send(&mut self, at: DateTime<Utc>, post: QueuedCallback) {
        let arrives = if self.rules.is_out_of_order {
            later(at, self.random.minutes(0, 20))
        } else {
            at
        };
        self.scheduled = self.scheduled.saturating_add(1);
        self.queue.insert((arrives, self.scheduled), post);
    }

    /// Returns the next delivery to the merchant's endpoint; `None` at the end. The
    /// simulated time and the order endpoint advance to it.
    pub fn next_delivery(&mut self) -> Option<Delivery> {
        self.retry();
        let Some(((at, _), post)) = self.queue.pop_first() else {
            let answers = self.endpoint.as_ref().map(|it| &it.answers);
            if let Some((end, _)) = answers.and_then(VecDeque::back) {
                self.now = self.now.max(*end);
            }
            self.update_endpoint();
            return None;
        };
        self.now = self.now.max(at);
        self.update_endpoint();
        let delivery = Delivery {
            gateway: self.scenario.gateway(),
            body: post.body.clone(),
            at: self.now,
            callback: post.callback,
            attempt: post.attempt,
            cause: post.cause,
            label: post.report.label.clone(),
        };
        self.open = Some(post);
        Some(delivery)
    }

    /// Reports the merchant's response to the last delivery. With any status except
    /// 200 it is retried later, up to the maximum number of attempts.
    pub fn answered(&mut self, status: u16) {
        if status == 200 {
            self.open = None;
        } else {
            self.retry();
        }
    }

    fn retry(&mut self) {
        let Some(mut post) = self.open.take() else {
            return;
        };
        // The gateway does not know about a duplicate made in transit.
        if post.cause == DeliveryCause::Duplicate {
            return;
        }
        if post.attempt >= self.rules.attempts {
            self.given_up = self.given_up.saturating_add(1);
            return;
        }
        // A minute, two, four and so on, up to two hours.
        let minutes = 1_i64 << post.attempt.saturating_sub(1).min(7);
        let pause = TimeDelta::minutes(minutes) + self.random.seconds(0, 30);
        let at = later(self.now, pause);
        let report = self.rerendered(&post.report, at);
        if self.rules.rerenders
            && let Ok(body) = report.content.body(at)
        {
            (post.body, post.report) = (body, report);
        }
        post.attempt = post.attempt.saturating_add(1);
        post.cause = DeliveryCause::Retry;
        self.send(at, post);
    }

    /// The order endpoint learns everything up to now.
    fn update_endpoint(&mut self) {
        let Some(Endpoint {
            simulated,
            token,
            answers,
        }) = &mut self.endpoint
        else {
            return;
        };
        while let Some((from, answer)) = answers.front()
            && *from <= self.now
        {
            simulated.set_answer(token, answer);
            answers.pop_front();
        }
    }

    /// Returns the expected payment, with its [deadline](Self::deadline).
    #[must_use]
    pub fn expected(&self) -> &Expected {
        &self.expected
    }

    /// Returns the required state of the merchant's ledger at the end.
    #[must_use]
    pub fn final_state(&self) -> &FinalState {
        &self.final_state
    }

    /// Returns the scenario.
    #[must_use]
    pub fn scenario(&self) -> Scenario {
        self.scenario
    }

    /// Returns the simulated time: the arrival of the last delivery, initially the
    /// start.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Returns the payment's deadline: an hour from the start. Only late payments are
    /// made after it.
    #[must_use]
    pub fn deadline(&self) -> DateTime<Utc> {
        self.deadline
    }

    /// Returns the number of callbacks that the gateway gave up, since no attempt was
    /// answered with 200. Their content may be lost to the merchant.
    #[must_use]
    pub fn given_up(&self) -> u32 {
        self.given_up
    }
}

/// Omits the bodies.
impl fmt::Debug for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeline")
            .field("scenario", &self.scenario)
            .field("now", &self.now)
            .field("final_state", &self.final_state)
            .field("given_up", &self.given_up)
            .finish_non_exhaustive()
    }
}
