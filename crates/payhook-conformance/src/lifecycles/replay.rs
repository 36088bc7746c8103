//! [`RecordedLifecycle::replay`]: the steps of a lifecycle, through an endpoint.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use payhook::b2binpay::{self, LookupPolicy};
use payhook::ledger::PaymentKey;
use payhook::payment::{Change, Payment};
use payhook::{BoxError, Endpoint, Event, Fetch, Ledger, citypay, delegate_ledger};

use super::file::{Action, Decision, RecordedLifecycle};
use super::ledger::ReplayLedger;
use super::outcome::{Changes, StepOutcome, Sums};
use super::setup::Verification;

/// A replayed step.
///
/// See [`RecordedLifecycle::replay`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReplayedStep {
    /// The changes.
    pub outcome: StepOutcome,
    /// The differences from the file's `want`, in words. Empty if there are none, or
    /// if there is no `want`.
    pub differences: Vec<String>,
}

impl RecordedLifecycle {
    /// Replays the lifecycle on an empty ledger. See the [module](super) for an example.
    ///
    /// # Errors
    ///
    /// Errors in the file (an invalid key or amount), before the first step; and
    /// errors of the ledger.
    pub async fn replay<L: ReplayLedger>(&self, ledger: &L) -> Result<Vec<ReplayedStep>, BoxError> {
        let (verification, gateway) = (self.verification()?, self.gateway.as_str());
        for payment in &self.expected {
            let expected = payment.expected().map_err(|error| {
                format!("the expected payment `{}`: {error}", payment.reference)
            })?;
            ledger.expect(gateway, expected).await?;
        }
        let mut replayed = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let recorder = Recorder {
                ledger,
                changes: Mutex::default(),
            };
            let status = self.act(&step.action, &verification, &recorder).await?;
            let changes = recorder.changes.into_inner();
            let changes = changes.unwrap_or_else(PoisonError::into_inner);
            let mut payments = BTreeMap::new();
            for payment in &self.expected {
                let found = ledger.read(gateway, &payment.reference).await?;
                payments.insert(payment.reference.clone(), Sums::of(&found)?);
            }
            let outcome = StepOutcome {
                status,
                change: changes.merged(),
                payments,
            };
            let differences = step.want.as_ref().map(|want| want.differences(&outcome));
            replayed.push(ReplayedStep {
                outcome,
                differences: differences.unwrap_or_default(),
            });
        }
        Ok(replayed)
    }

    /// Delivers a callback or decides on held money, and returns the status.
    async fn act<L: ReplayLedger>(
        &self,
        action: &Action,
        verification: &Verification,
        recorder: &Recorder<'_, L>,
    ) -> Result<u16, BoxError> {
        let (body, api, answer) = match action {
            Action::Delivery { body, api, answer } => (body.as_bytes(), api, answer),
            Action::Decision {
                decision,
                reference,
            } => {
                let (ledger, accepts) = (recorder.ledger, *decision == Decision::Accept);
                let gateway = self.gateway.as_str();
                let payments = ledger.read(gateway, reference).await?;
                let held = Sums::of(&payments)?.held.parse()?;
                for change in ledger.decide(gateway, reference, &held, accepts).await? {
                    recorder.changes().add(reference, &change)?;
                }
                return Ok(200);
            }
        };
        let reply = match verification {
            Verification::B2binpay(verifier) => {
                let gateway = b2binpay::Gateway::new(verifier.as_ref().clone());
                match api {
                    None => Endpoint::new(gateway, recorder).receive(body, None).await,
                    Some(response) => {
                        let gateway = gateway
                            .with_api("https://api", Recorded(Some(response)))
                            .lookup_policy(LookupPolicy::Always)
                            .hold_on_lookup_failure();
                        Endpoint::new(gateway, recorder).receive(body, None).await
                    }
                }
            }
            Verification::CityPay(account) => {
                let fetch = Recorded(answer.as_deref());
                let gateway = citypay::Gateway::new(account.clone(), fetch);
                Endpoint::new(gateway, recorder).receive(body, None).await
            }
        };
        Ok(reply.status())
    }
}

/// Returns the recorded response for every lookup.
struct Recorded<'a>(Option<&'a str>);

impl Fetch for Recorded<'_> {
    async fn get(&self, _: &str) -> Result<Vec<u8>, BoxError> {
        let response = self.0.ok_or("the lookup failed")?;
        Ok(response.as_bytes().to_vec())
    }
}

/// A ledger, and the changes that were saved in it during one step.
struct Recorder<'l, L> {
    ledger: &'l L,
    changes: Mutex<Changes>,
}

impl<L> Recorder<'_, L> {
    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<L: Ledger> Ledger for Recorder<'_, L> {
    type Transaction = L::Transaction;

    delegate_ledger! {
        this => this.ledger;
        find, peek, owner, bind
    }

    async fn save(
        &self,
        transaction: L::Transaction,
        key: &PaymentKey,
        payment: &Payment,
        change: &Change,
    ) -> Result<(), BoxError> {
        self.ledger.save(transaction, key, payment, change).await?;
        self.changes().add(&key.reference, change)
    }

    async fn unmatched(&self, event: &Event<'_>) -> Result<(), BoxError> {
        self.ledger.unmatched(event).await?;
        self.changes().add_unmatched(event.reference().value());
        Ok(())
    }
}
