//! [`Suite::run`]: the tests of the suite, in their order.

use std::time::SystemTime;

use super::forged_orders;
use super::forged_transfers;
use super::orders;
use super::report::Report;
use super::runner::Runner;
use super::suite::{Suite, SuiteError};
use super::target::Target;
use super::transfers;
use crate::Gateway;

impl Suite {
    /// Runs the suite. It needs a Tokio runtime with time enabled.
    ///
    /// # Errors
    ///
    /// [`SuiteError`] if a payment cannot be registered or the ledger cannot be
    /// read. A broken rule is not an error: it is in the report.
    pub async fn run<S: Target>(&self, target: &S) -> Result<Report, SuiteError> {
        let now = self.now.unwrap_or_else(|| SystemTime::now().into());
        let mut runner = Runner::new(self, target, now);
        let has_both = self.b2binpay.is_some() && self.citypay.is_some();
        if let Some(setup) = &self.b2binpay {
            let mut tests = transfers::tests();
            tests.extend(forged_transfers::tests());
            if has_both {
                tests.push(transfers::misrouted());
            }
            for test in tests {
                runner.test(Gateway::B2binpay, setup, test).await?;
            }
        }
        if let Some(setup) = &self.citypay {
            let mut tests = orders::tests();
            tests.extend(forged_orders::tests());
            if has_both {
                tests.push(orders::misrouted());
            }
            for test in tests {
                runner.test(Gateway::CityPay, setup, test).await?;
            }
        }
        Ok(runner.report())
    }

    /// Runs the suite in its own runtime, for a plain `#[test]`.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), and if no runtime can be created.
    ///
    /// # Panics
    ///
    /// Inside a Tokio runtime: use [`run`](Self::run) there.
    pub fn run_blocking<S: Target>(&self, target: &S) -> Result<Report, SuiteError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| SuiteError::Runtime { source })?;
        runtime.block_on(self.run(target))
    }
}
