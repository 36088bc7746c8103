//! [`Suite`]: the configuration of the stress test.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::order_script::CityPaySetup;
use super::report::Report;
use super::transfer_script::B2binpaySetup;
use payhook::BoxError;
use payhook::b2binpay::Key;
use payhook::payment::ExpectedKind;
use payhook::testing::citypay::OrderEndpoint;

/// The stress test; see the [module](super) for an example.
///
/// The same seed sends the same callbacks, except for times, references and the
/// gateways' ids. These are new in every run, so that a server that keeps its data can
/// be tested again, and the same with the same [time](Self::at).
#[derive(Clone)]
pub struct Suite {
    pub(super) seed: u64,
    pub(super) attempts: usize,
    pub(super) pause: Duration,
    pub(super) b2binpay: Option<B2binpaySetup>,
    pub(super) citypay: Option<CityPaySetup>,
    kinds: Option<Vec<ExpectedKind>>,
    pub(super) now: Option<DateTime<Utc>>,
    references: Option<Arc<References>>,
}

/// An error that aborts the suite.
///
/// See [`Suite::run`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SuiteError {
    /// The server's ledger cannot be read.
    #[error("cannot read the ledger's state of `{reference}` in the test \"{test}\"")]
    #[non_exhaustive]
    State {
        /// The name of the test.
        test: &'static str,
        /// The payment's reference.
        reference: String,
        /// The results of the tests before.
        report: Report,
        /// The error of [`LedgerAccess::ledger_state`](super::LedgerAccess::ledger_state).
        source: BoxError,
    },
    /// A payment cannot be registered.
    #[error("the payment `{reference}` of the test \"{test}\" was not registered")]
    #[non_exhaustive]
    Register {
        /// The name of the test.
        test: &'static str,
        /// The payment's reference.
        reference: String,
        /// The results of the tests before.
        report: Report,
        /// The error of [`LedgerAccess::register`](super::LedgerAccess::register).
        source: BoxError,
    },
    /// [`run_blocking`](Suite::run_blocking) cannot create a runtime.
    #[error("cannot create a runtime")]
    #[non_exhaustive]
    Runtime {
        /// Tokio's error.
        source: std::io::Error,
    },
}

type References = dyn Fn(u64) -> String + Send + Sync;

impl Suite {
    /// Creates an empty suite: add gateways with [`b2binpay`](Self::b2binpay),
    /// [`citypay`](Self::citypay) or both.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            attempts: 8,
            pause: Duration::from_millis(1),
            b2binpay: None,
            citypay: None,
            kinds: None,
            now: None,
            references: None,
        }
    }

    /// Adds B2BINPAY's callbacks, signed with a key that the server accepts.
    #[must_use]
    pub fn b2binpay(self, key: Key) -> Self {
        Self {
            b2binpay: Some(B2binpaySetup { key }),
            ..self
        }
    }

    /// Adds CityPay.io's callbacks, with the merchant's customer id and the order
    /// endpoint that the server queries.
    #[must_use]
    pub fn citypay(self, customer_id: &str, endpoint: OrderEndpoint) -> Self {
        Self {
            citypay: Some(CityPaySetup {
                customer_id: customer_id.to_owned(),
                endpoint,
            }),
            ..self
        }
    }

    /// Limits the payments to these kinds, for a merchant that accepts no others:
    /// [`Deposit`](ExpectedKind::Deposit), [`Invoice`](ExpectedKind::Invoice) and
    /// [`Payout`](ExpectedKind::Payout) of B2BINPAY, [`Order`](ExpectedKind::Order)
    /// of CityPay.io. The default is all of them.
    ///
    /// ```
    /// use payhook::payment::ExpectedKind;
    /// use payhook_conformance::stress::Suite;
    ///
    /// let deposits_only = Suite::new(7).kinds([ExpectedKind::Deposit]);
    /// # let _ = deposits_only;
    /// ```
    #[must_use]
    pub fn kinds(self, kinds: impl IntoIterator<Item = ExpectedKind>) -> Self {
        Self {
            kinds: Some(kinds.into_iter().collect()),
            ..self
        }
    }

    pub(super) fn includes(&self, kind: ExpectedKind) -> bool {
        self.kinds
            .as_ref()
            .is_none_or(|kinds| kinds.contains(&kind))
    }

    /// Sets the current time: callbacks are dated in the ten minutes before. The
    /// references and the gateways' ids follow from it. With a fixed time, a run can be
    /// repeated exactly, against a server with an empty ledger. The default is the
    /// system's clock.
    #[must_use]
    pub fn at(self, now: DateTime<Utc>) -> Self {
        Self {
            now: Some(now),
            ..self
        }
    }

    /// Sets how often the gateway sends a callback that is not answered with 200 (at
    /// least once), and the wait in between: 8 times and a millisecond by default.
    #[must_use]
    pub fn patience(self, attempts: usize, pause: Duration) -> Self {
        Self {
            attempts: attempts.max(1),
            pause,
            ..self
        }
    }

    /// Sets the references of the first payment, the second and so on, for a server
    /// that accepts only certain ones; they must be unique. By default they begin
    /// with `stress-` and are new in every run.
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
            None => format!("stress-{:x}-{number}", now.timestamp_micros()),
        }
    }
}

/// Omits the key and the references.
impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite")
            .field("seed", &self.seed)
            .field("attempts", &self.attempts)
            .field("pause", &self.pause)
            .finish_non_exhaustive()
    }
}
