//! Which scripts the conformance suite runs.

use std::time::SystemTime;

use super::forged_orders;
use super::forged_transfers;
use super::orders;
use super::report::Report;
use super::run::Run;
use super::shop::Shop;
use super::torturer::{Torture, TortureError};
use super::transfers;
use crate::Gateway;

impl Torture {
    /// Runs the suite. It needs a Tokio runtime with time enabled.
    ///
    /// # Errors
    ///
    /// [`TortureError`] if a payment cannot be registered or the ledger cannot be
    /// read. A broken rule is not an error: it is in the report.
    pub async fn run<S: Shop>(&self, shop: &S) -> Result<Report, TortureError> {
        let now = self.now.unwrap_or_else(|| SystemTime::now().into());
        let mut run = Run::new(self, shop, now);
        let has_both = self.b2binpay.is_some() && self.citypay.is_some();
        if let Some(setup) = &self.b2binpay {
            let mut trials = transfers::trials();
            trials.extend(forged_transfers::trials());
            if has_both {
                trials.push(transfers::astray());
            }
            for trial in trials {
                run.trial(Gateway::B2binpay, setup, trial).await?;
            }
        }
        if let Some(setup) = &self.citypay {
            let mut trials = orders::trials();
            trials.extend(forged_orders::trials());
            if has_both {
                trials.push(orders::astray());
            }
            for trial in trials {
                run.trial(Gateway::CityPay, setup, trial).await?;
            }
        }
        Ok(Report {
            seed: self.seed,
            rows: run.rows,
        })
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
    pub fn run_blocking<S: Shop>(&self, shop: &S) -> Result<Report, TortureError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| TortureError::Runtime { source })?;
        runtime.block_on(self.run(shop))
    }
}
