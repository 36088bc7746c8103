//! [`Simulator`]: payment lifecycles without a gateway.

mod delivery;
mod error;
mod final_state;
mod payment;
mod scenario;
mod script;
mod timeline;

use chrono::{DateTime, Utc};

use crate::Gateway;
use crate::random::Random;
use payhook::b2binpay::Key;
use payhook::testing::citypay::OrderEndpoint;

pub use delivery::{Delivery, DeliveryCause};
pub use error::SimulationError;
pub use final_state::FinalState;
pub use payment::Payment;
pub use scenario::{Scenario, ScenarioError};
pub use timeline::Timeline;

use script::Terms;
use timeline::GatewayBehavior;

/// Simulates payment lifecycles as the gateways would report them: callbacks are
/// sent, retried until they are answered with 200, resent manually, and duplicated in
/// transit.
///
/// It has no clock, no network and no runtime: the test sends the deliveries of a
/// [`Timeline`] to an [`Endpoint`](payhook::Endpoint) or over HTTP, and reports the
/// responses. The same seed, start, payment and responses give the same bytes, in
/// whichever order the lifecycles are started.
///
/// ```
/// use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
/// use payhook::{Endpoint, MemoryLedger};
/// use payhook_conformance::simulator::{Payment, Scenario, Simulator};
///
/// let key = Key::callback_secret("my test secret")?;
/// let simulator = Simulator::new(7).key(key.clone());
/// let payment = Payment::new("order-1").amount("0.3").currency("ETH");
/// let mut timeline = simulator.start(Scenario::DepositConfirmed, &payment);
///
/// // The code under test.
/// let ledger = MemoryLedger::new();
/// ledger.expect(timeline.expected().clone());
/// let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
/// let endpoint = Endpoint::new(gateway, ledger.clone());
///
/// while let Some(delivery) = timeline.next_delivery() {
///     // Over HTTP: report the status, or nothing if there is no response.
///     let reply = endpoint.receive_blocking(delivery.body(), None);
///     println!("{delivery}: {}", reply.disposition());
///     timeline.answered(reply.status());
/// }
/// let paid = ledger.payment("order-1").ok_or("not expected")?;
/// assert_eq!(paid.credited(), timeline.final_state().credited);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// For CityPay.io it keeps an [`OrderEndpoint`] up to date: in step with the
/// callbacks, or behind or ahead of them, depending on the [`Scenario`]. It is always
/// ahead of a retried callback.
///
/// ```
/// use payhook::citypay::{Account, Gateway};
/// use payhook::testing::citypay::OrderEndpoint;
/// use payhook::{Endpoint, MemoryLedger};
/// use payhook_conformance::simulator::{Payment, Scenario, Simulator};
///
/// let orders = OrderEndpoint::new();
/// let simulator = Simulator::new(7).citypay("5120", orders.clone());
/// let payment = Payment::new("tok-1").amount("0.001").currency("BTC");
/// let mut timeline = simulator.start(Scenario::OrderLagging, &payment);
///
/// let ledger = MemoryLedger::new();
/// ledger.expect(timeline.expected().clone());
/// let gateway = Gateway::new(Account::new("5120")?, orders);
/// let endpoint = Endpoint::new(gateway, ledger);
/// let mut was_behind = false;
/// while let Some(delivery) = timeline.next_delivery() {
///     let reply = endpoint.receive_blocking(delivery.body(), None);
///     was_behind |= reply.status() == 503;
///     timeline.answered(reply.status());
/// }
/// assert!(was_behind && timeline.given_up() == 0);
/// # Ok::<(), payhook::error::ConfigError>(())
/// ```
///
/// # What is made up
///
/// The gateways document neither when nor how often they retry, nor whether a retry
/// has a new time: here retries follow after a minute, two, four and so on up to two
/// hours, and each lifecycle retries either the same bytes, or new ones with the
/// transfer's latest status. API v2 does not sign callbacks without a transfer, nor
/// does the simulator with a v2 key.
#[derive(Debug, Clone)]
pub struct Simulator {
    seed: u64,
    start: DateTime<Utc>,
    key: Option<Key>,
    citypay: Option<(String, OrderEndpoint)>,
    attempts: u32,
    is_out_of_order: bool,
}

impl Simulator {
    /// Creates a simulator; the seed determines all random choices.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            // 2026-03-02T09:10:00Z
            start: DateTime::from_timestamp_nanos(1_772_442_600_000_000_000),
            key: None,
            citypay: None,
            attempts: 10,
            is_out_of_order: false,
        }
    }

    /// Sets the start time of the payments; all times are relative to it. The default
    /// is March 2, 2026, 09:10 UTC; if the code under test checks the clock, set it
    /// to some hours ago.
    #[must_use]
    pub fn starting_at(self, start: DateTime<Utc>) -> Self {
        Self { start, ..self }
    }

    /// Sets B2BINPAY's signing key. A v2 key produces v2 bodies.
    #[must_use]
    pub fn key(self, key: Key) -> Self {
        Self {
            key: Some(key),
            ..self
        }
    }

    /// Sets the merchant's customer id at CityPay.io, and the order endpoint that is
    /// kept up to date.
    #[must_use]
    pub fn citypay(self, customer_id: &str, endpoint: OrderEndpoint) -> Self {
        Self {
            citypay: Some((customer_id.to_owned(), endpoint)),
            ..self
        }
    }

    /// Sets the maximum number of attempts for a callback: ten by default, at least
    /// one.
    #[must_use]
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// Sets whether deliveries are reordered in transit, by up to twenty minutes.
    /// Otherwise only retries and manual resends arrive late.
    #[must_use]
    pub fn out_of_order(self, is_out_of_order: bool) -> Self {
        Self {
            is_out_of_order,
            ..self
        }
    }

    /// Starts a payment's lifecycle. The order endpoint knows its order from now on.
    ///
    /// # Panics
    ///
    /// If [`try_start`](Self::try_start) fails.
    #[must_use]
    #[track_caller]
    pub fn start(&self, scenario: Scenario, payment: &Payment) -> Timeline {
        or_panic(self.try_start(scenario, payment))
    }

    /// [`start`](Self::start) that returns an error.
    ///
    /// # Errors
    ///
    /// [`SimulationError`] if a requirement of the scenario is missing, or the amount
    /// does not match it.
    pub fn try_start(
        &self,
        scenario: Scenario,
        payment: &Payment,
    ) -> Result<Timeline, SimulationError> {
        let name = format!("{scenario} {}", payment.reference);
        let mut random = Random::new(self.seed, &name);
        let terms = Terms::new(payment, self.start)?;
        let script = if scenario.gateway() == Gateway::B2binpay {
            let key = self.key.as_ref().ok_or(SimulationError::NoKey)?;
            script::b2binpay::script(scenario, &terms, key, &mut random)?
        } else {
            let citypay = self.citypay.as_ref().ok_or(SimulationError::NoCityPay)?;
            script::citypay::script(scenario, &terms, citypay, &mut random)?
        };
        let rules = GatewayBehavior {
            attempts: self.attempts,
            is_out_of_order: self.is_out_of_order,
            rerenders: random.percent(50),
        };
        let times = (terms.start, terms.deadline);
        let expected = terms.expected(scenario.kind())?;
        Timeline::new((scenario, expected), times, script, rules, random)
    }
}

/// A test that requests an impossible lifecycle is wrong and has to fail.
#[track_caller]
#[allow(clippy::panic, reason = "documented where it is called")]
fn or_panic<T, E: std::error::Error>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => match error.source() {
            Some(source) => panic!("{error}: {source}"),
            None => panic!("{error}"),
        },
    }
}
