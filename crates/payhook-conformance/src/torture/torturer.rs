//! [`Torture`]: which callbacks the shop is tried with, and how often.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};

use super::forged_orders;
use super::forged_transfers;
use super::orders::{self, Asked};
use super::report::Report;
use super::run::Run;
use super::shop::Shop;
use super::transfers::{self, Signed};
use crate::Gateway;
use payhook::BoxError;
use payhook::b2binpay::Key;
use payhook::payment::ExpectedKind;
use payhook::testing::citypay::OrderEndpoint;

/// The torture; see the [module](super) for an example.
///
/// What is posted is the same for the same seed, but for its times and
/// references, which are new in every run.
#[derive(Clone)]
pub struct Torture {
    pub(super) seed: u64,
    pub(super) attempts: usize,
    pub(super) pause: Duration,
    signed: Option<Signed>,
    asked: Option<Asked>,
    kinds: Option<Vec<ExpectedKind>>,
    now: Option<DateTime<Utc>>,
    references: Option<Arc<References>>,
}

/// What keeps a shop from being tortured.
///
/// See [`Torture::run`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TortureError {
    /// Its books can't be read.
    #[error("the shop's books can't be read")]
    #[non_exhaustive]
    Books {
        /// What [`Record::books`](super::Record::books) failed with.
        source: BoxError,
    },
    /// It can't be told to expect a payment.
    #[error("the shop opens no payment")]
    #[non_exhaustive]
    Open {
        /// What [`Record::open`](super::Record::open) failed with.
        source: BoxError,
    },
    /// [`run_blocking`](Torture::run_blocking) can't make a runtime.
    #[error("no runtime can be made")]
    #[non_exhaustive]
    Runtime {
        /// What Tokio failed with.
        source: std::io::Error,
    },
}

type References = dyn Fn(u64) -> String + Send + Sync;

impl Torture {
    /// Of nothing yet: [`b2binpay`](Self::b2binpay), [`citypay`](Self::citypay)
    /// or both say what with.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            attempts: 8,
            pause: Duration::from_millis(1),
            signed: None,
            asked: None,
            kinds: None,
            now: None,
            references: None,
        }
    }

    /// With B2BINPAY's callbacks, signed with a key that the shop verifies with.
    #[must_use]
    pub fn b2binpay(self, key: Key) -> Self {
        Self {
            signed: Some(Signed { key }),
            ..self
        }
    }

    /// With CityPay.io's callbacks: the merchant's customer id, and the endpoint
    /// that the shop asks for its orders.
    #[must_use]
    pub fn citypay(self, customer_id: &str, endpoint: OrderEndpoint) -> Self {
        Self {
            asked: Some(Asked {
                customer_id: customer_id.to_owned(),
                endpoint,
            }),
            ..self
        }
    }

    /// With payments of these kinds only, for a merchant that takes no others:
    /// [`Deposit`](ExpectedKind::Deposit), [`Invoice`](ExpectedKind::Invoice) and
    /// [`Payout`](ExpectedKind::Payout) of B2BINPAY, [`Order`](ExpectedKind::Order)
    /// of CityPay.io. Unless set, with all of them.
    ///
    /// ```
    /// use payhook::payment::ExpectedKind;
    /// use payhook_conformance::torture::Torture;
    ///
    /// let deposits_only = Torture::new(7).kinds([ExpectedKind::Deposit]);
    /// # let _ = deposits_only;
    /// ```
    #[must_use]
    pub fn kinds(self, kinds: impl IntoIterator<Item = ExpectedKind>) -> Self {
        Self {
            kinds: Some(kinds.into_iter().collect()),
            ..self
        }
    }

    pub(super) fn takes(&self, kind: ExpectedKind) -> bool {
        self.kinds
            .as_ref()
            .is_none_or(|kinds| kinds.contains(&kind))
    }

    /// As if it were this time: callbacks are made in the ten minutes before.
    /// The system's clock says it unless set.
    #[must_use]
    pub fn at(self, now: DateTime<Utc>) -> Self {
        Self {
            now: Some(now),
            ..self
        }
    }

    /// How often the gateway sends what is not answered with 200, at least once,
    /// and how long it waits in between: 8 times and a millisecond unless set.
    #[must_use]
    pub fn patience(self, attempts: usize, pause: Duration) -> Self {
        Self {
            attempts: attempts.max(1),
            pause,
            ..self
        }
    }

    /// The reference of the first payment, the second and so on, for a shop that
    /// takes only some: never the same twice. Unless set they begin with
    /// `torture-` and are new in every run.
    #[must_use]
    pub fn references<F>(self, reference: F) -> Self
    where
        F: Fn(u64) -> String + Send + Sync + 'static,
    {
        Self {
            references: Some(Arc::new(reference)),
            ..self
        }
    }

    pub(super) fn reference(&self, now: DateTime<Utc>, number: u64) -> String {
        match &self.references {
            Some(references) => references(number),
            None => format!("torture-{:x}-{number}", now.timestamp_micros()),
        }
    }

    /// Tortures the shop. It wants a Tokio runtime with time.
    ///
    /// # Errors
    ///
    /// [`TortureError`] if the shop opens no payment or its books can't be read.
    /// A broken rule is no error: the report has it.
    pub async fn run<S: Shop>(&self, shop: &S) -> Result<Report, TortureError> {
        let now = self.now.unwrap_or_else(|| SystemTime::now().into());
        let mut run = Run::new(self, shop, now);
        let has_both = self.signed.is_some() && self.asked.is_some();
        if let Some(signed) = &self.signed {
            let mut trials = transfers::trials();
            trials.extend(forged_transfers::trials());
            if has_both {
                trials.push(transfers::astray());
            }
            for trial in trials {
                run.trial(Gateway::B2binpay, signed, trial).await?;
            }
        }
        if let Some(asked) = &self.asked {
            let mut trials = orders::trials();
            trials.extend(forged_orders::trials());
            if has_both {
                trials.push(orders::astray());
            }
            for trial in trials {
                run.trial(Gateway::CityPay, asked, trial).await?;
            }
        }
        Ok(Report {
            seed: self.seed,
            rows: run.rows,
        })
    }

    /// [`run`](Self::run) in a runtime of its own, for a plain `#[test]`.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), and if no runtime can be made.
    ///
    /// # Panics
    ///
    /// Inside a Tokio runtime: there it is [`run`](Self::run).
    pub fn run_blocking<S: Shop>(&self, shop: &S) -> Result<Report, TortureError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| TortureError::Runtime { source })?;
        runtime.block_on(self.run(shop))
    }
}

/// Without the key and the references.
impl fmt::Debug for Torture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Torture")
            .field("seed", &self.seed)
            .field("attempts", &self.attempts)
            .field("pause", &self.pause)
            .finish_non_exhaustive()
    }
}
