//! [`Simulator`]: lives of payments, without a gateway.

mod delivery;
mod ending;
mod life;
mod payment;
mod scenario;
mod script;

use chrono::{DateTime, Utc};

use crate::Gateway;
use crate::random::Random;
use payhook::b2binpay::Key;
use payhook::testing::BuildError;
use payhook::testing::citypay::OrderEndpoint;

pub use delivery::{Delivery, DeliveryCause};
pub use ending::Ending;
pub use life::Life;
pub use payment::Payment;
pub use scenario::{Scenario, ScenarioError};

use life::Rules;
use script::Terms;

/// Plays lives of payments as the gateways would report them: what happens is
/// posted, sent again until it is answered with 200, resent by hand, and
/// duplicated on its way.
///
/// It has no clock, no network and no runtime: the test posts the deliveries of a
/// [`Life`], to an [`Endpoint`](payhook::Endpoint) or over HTTP, and says what was
/// answered. The same seed, start, payment and answers make the same bytes, in
/// whichever order the lives are begun.
///
/// ```
/// use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
/// use payhook::{Endpoint, MemoryLedger};
/// use payhook_conformance::simulator::{Payment, Scenario, Simulator};
///
/// let key = Key::callback_secret("my test secret")?;
/// let simulator = Simulator::new(7).key(key.clone());
/// let payment = Payment::new("order-1").amount("0.3").currency("ETH");
/// let mut life = simulator.live(Scenario::DepositConfirmed, &payment);
///
/// // The shop that is tested.
/// let ledger = MemoryLedger::new();
/// ledger.expect(life.expected().clone());
/// let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
/// let endpoint = Endpoint::new(gateway, ledger.clone());
///
/// while let Some(delivery) = life.next_delivery() {
///     // Over HTTP: the status that comes back; if there is no answer, nothing.
///     let reply = endpoint.receive_blocking(delivery.body(), None);
///     println!("{delivery}: {}", reply.disposition());
///     life.answered(reply.status());
/// }
/// let paid = ledger.payment("order-1").ok_or("not expected")?;
/// assert_eq!(paid.credited(), life.ending().credited);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// For CityPay.io it keeps an [`OrderEndpoint`] up to date: with the callbacks, or
/// behind or ahead of them where the [`Scenario`] says so. A callback that is
/// sent again later finds it ahead in any case.
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
/// let mut life = simulator.live(Scenario::OrderLagging, &payment);
///
/// let ledger = MemoryLedger::new();
/// ledger.expect(life.expected().clone());
/// let gateway = Gateway::new(Account::new("5120")?, orders);
/// let endpoint = Endpoint::new(gateway, ledger);
/// let mut was_behind = false;
/// while let Some(delivery) = life.next_delivery() {
///     let reply = endpoint.receive_blocking(delivery.body(), None);
///     was_behind |= reply.status() == 503;
///     life.answered(reply.status());
/// }
/// assert!(was_behind && life.given_up() == 0);
/// # Ok::<(), payhook::error::ConfigError>(())
/// ```
///
/// # What is made up
///
/// The gateways publish neither when they send again, nor how often, nor whether
/// what is sent again has a new time: here it is after a minute, two, four and so
/// on up to two hours, and per life either the same bytes, or new ones that say
/// what has become of the transfer since. API v2
/// signs no callback without a transfer, and so does it here with a v2 key.
#[derive(Debug, Clone)]
pub struct Simulator {
    seed: u64,
    start: DateTime<Utc>,
    key: Option<Key>,
    citypay: Option<(String, OrderEndpoint)>,
    attempts: u32,
    is_out_of_order: bool,
}

/// Why a life can't begin.
///
/// ```
/// use payhook_conformance::simulator::{Payment, Scenario, SimulationError, Simulator};
///
/// let payment = Payment::new("order-1").amount("0.3").currency("ETH");
/// let life = Simulator::new(7).try_live(Scenario::DepositConfirmed, &payment);
/// assert!(matches!(life, Err(SimulationError::NoKey)));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// The amount is not above zero, has a sign or an exponent or more fraction
    /// digits than its currency, or can't be divided as the scenario needs it.
    #[error("the payment's amount can't be paid, or not in the parts of this scenario")]
    Amount,
    /// One of its bodies can't be made.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// CityPay.io's scenarios need [`Simulator::citypay`].
    #[error("there is no customer id and no order endpoint for a scenario of CityPay.io")]
    NoCityPay,
    /// B2BINPAY's scenarios need [`Simulator::key`].
    #[error("there is no key to sign a scenario of B2BINPAY with")]
    NoKey,
}

impl Simulator {
    /// The seed decides about all that is left to chance.
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

    /// When the payments are made known to the gateway: all time is counted from
    /// here. March 2, 2026, 09:10 UTC unless set; for a receiver that looks at
    /// the clock, some hours ago.
    #[must_use]
    pub fn starting_at(self, start: DateTime<Utc>) -> Self {
        Self { start, ..self }
    }

    /// What B2BINPAY signs with. A v2 key makes v2 bodies.
    #[must_use]
    pub fn key(self, key: Key) -> Self {
        Self {
            key: Some(key),
            ..self
        }
    }

    /// The merchant's customer id at CityPay.io, and the order endpoint that is
    /// kept up to date.
    #[must_use]
    pub fn citypay(self, customer_id: &str, endpoint: OrderEndpoint) -> Self {
        Self {
            citypay: Some((customer_id.to_owned(), endpoint)),
            ..self
        }
    }

    /// How often a callback is sent at most: ten times unless set, and once at
    /// least.
    #[must_use]
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// Whether deliveries overtake each other on their way, by up to twenty
    /// minutes. Without it, only what is sent again or by hand comes late.
    #[must_use]
    pub fn out_of_order(self, is_out_of_order: bool) -> Self {
        Self {
            is_out_of_order,
            ..self
        }
    }

    /// Begins a payment's life. The order endpoint knows its order from now on.
    ///
    /// # Panics
    ///
    /// Where [`try_live`](Self::try_live) fails.
    #[must_use]
    #[track_caller]
    pub fn live(&self, scenario: Scenario, payment: &Payment) -> Life {
        or_panic(self.try_live(scenario, payment))
    }

    /// [`live`](Self::live) for what may not be possible.
    ///
    /// # Errors
    ///
    /// [`SimulationError`] if what the scenario needs is not there, or the amount
    /// does not go with it.
    pub fn try_live(&self, scenario: Scenario, payment: &Payment) -> Result<Life, SimulationError> {
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
        let rules = Rules {
            attempts: self.attempts,
            is_out_of_order: self.is_out_of_order,
            is_rendered_again: random.percent(50),
        };
        let times = (terms.start, terms.deadline);
        let expected = terms.expected(scenario.kind())?;
        Life::new((scenario, expected), times, script, rules, random)
    }
}

/// A test that asks for what can't be made is wrong, and has to fail.
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
