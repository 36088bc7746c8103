//! A [`Ledger`] as an endpoint's target: verify, look up, lock, apply, bind, save,
//! commit.

use super::observer::Observer;
use super::{Disposition, Received, Target};
use crate::error::VerifyError;
use crate::event::{Event, Reading, Source};
use crate::gateway::{Gateway, LookupNeed};
use crate::ledger::{Ledger, PaymentKey};
use crate::payment::{Change, Payment, Review, ReviewReason};

impl<L: Ledger> Target for L {
    async fn process<G: Gateway>(
        &self,
        received: Received<'_, G>,
        callback: G::Callback,
    ) -> Result<Disposition, Disposition> {
        let processor = PaymentProcessor {
            ledger: self,
            namespace: received.namespace,
            key: received.key,
            observer: received.observer,
        };
        let callback = match received.gateway.lookup_need(&callback) {
            LookupNeed::Never => callback,
            LookupNeed::Always { may_fail } => received.look_up(callback, may_fail).await?,
            LookupNeed::WhenHeld { may_fail } => {
                let event = processor.read(&received, &callback).await?;
                match processor.apply(&event).await? {
                    // Dropped, and rolled back, before the lookup.
                    Some(applied) if applied.leaves_held() => {}
                    applied => return processor.save(&event, applied).await,
                }
                received.look_up(callback, may_fail).await?
            }
            need @ (LookupNeed::OnceKnown | LookupNeed::KnownOnly) => {
                if processor.peek(processor.key).await?.is_none() {
                    return Err(Disposition::Rejected(VerifyError::NotIssued));
                }
                if need == LookupNeed::OnceKnown {
                    received.look_up(callback, false).await?
                } else {
                    callback
                }
            }
        };
        let event = processor.read(&received, &callback).await?;
        let applied = processor.apply(&event).await?;
        processor.save(&event, applied).await
    }
}

/// The ledger, and the payment that a callback refers to.
struct PaymentProcessor<'e, L> {
    ledger: &'e L,
    namespace: &'e str,
    key: &'e PaymentKey,
    observer: &'e Observer<'e>,
}

/// A locked payment to which an event was applied. Nothing is stored yet.
struct Applied<T> {
    transaction: T,
    payment: Payment,
    change: Change,
}

impl<T> Applied<T> {
    fn leaves_held(&self) -> bool {
        !self.change.reviews().is_empty() || self.payment.has_held()
    }
}

impl<L: Ledger> PaymentProcessor<'_, L> {
    async fn read<'c, G: Gateway>(
        &self,
        received: &Received<'_, G>,
        callback: &'c G::Callback,
    ) -> Result<Event<'c>, Disposition> {
        let mut event = received.gateway.event(callback);
        received.observer.verified(&event);
        if let Reading::Ambiguous { .. } = event.reading {
            let is_only_one = self.is_only_reading(&event).await?;
            event.reading = Reading::Ambiguous { is_only_one };
        }
        Ok(event)
    }

    async fn peek(&self, key: &PaymentKey) -> Result<Option<Payment>, Disposition> {
        let payment = self.ledger.peek(key).await;
        payment.map_err(Disposition::LedgerFailed)
    }

    /// Whether no other payment of the merchant allows a different split of the
    /// signed message (PAYMENTS, rule 18).
    async fn is_only_reading(&self, event: &Event<'_>) -> Result<bool, Disposition> {
        for reading in &event.other_readings {
            let other = PaymentKey::new(event.gateway, reading.reference, &*self.key.part);
            let payment = self.peek(&other).await?;
            if payment.is_some_and(|payment| payment.expected().allows_reading(reading)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Locks the payment, applies the event and binds its names. Returns `None` if no
    /// such payment is expected.
    async fn apply(
        &self,
        event: &Event<'_>,
    ) -> Result<Option<Applied<L::Transaction>>, Disposition> {
        let (failed, key) = (Disposition::LedgerFailed, self.key);
        let Some((mut transaction, mut payment)) = self.ledger.find(key).await.map_err(failed)?
        else {
            return Ok(None);
        };
        let held = self.observer.asks_for_held().then(|| payment.held());
        let delivery = || self.name(&Payment::delivery_name(event));
        let second_copy = || format!("{}:second", delivery());
        let (mut owner, mut second) = (None, None);
        if payment.asks_for_delivery(event) {
            let name = delivery();
            let known = self.ledger.owner(&mut transaction, &name).await;
            owner = known.map_err(failed)?;
        }
        if owner.is_some() {
            let name = second_copy();
            let known = self.ledger.owner(&mut transaction, &name).await;
            second = known.map_err(failed)?;
        }
        let mut step = payment.begin(event, owner.as_deref(), second.as_deref());
        for part in step.claims() {
            let name = self.name(&format!("part:{}:{part}", event.gateway));
            let bound = self.ledger.bind(&mut transaction, &name, &key.reference);
            step.bound(&part, &bound.await.map_err(failed)?);
        }
        let (change, bindings) = step.finish();
        if let Some(held) = held {
            self.observer.held(&held, payment.held());
        }
        let first = bindings.first.map(|owner| (delivery(), owner));
        // An existing name belongs to a second copy that was received earlier.
        let new = bindings.second.filter(|_| second.is_none());
        let new = new.map(|owner| (second_copy(), owner));
        for (name, owner) in first.into_iter().chain(new) {
            let bound = self.ledger.bind(&mut transaction, &name, &owner);
            if bound.await.map_err(failed)? != owner {
                return Err(Disposition::LedgerFailed(
                    "another copy of this delivery was applied concurrently".into(),
                ));
            }
        }
        Ok(Some(Applied {
            transaction,
            payment,
            change,
        }))
    }

    async fn save(
        &self,
        event: &Event<'_>,
        applied: Option<Applied<L::Transaction>>,
    ) -> Result<Disposition, Disposition> {
        let Some(Applied {
            transaction,
            payment,
            change,
        }) = applied
        else {
            return self.unmatched(event).await;
        };
        if change.must_save() {
            let saved = self.ledger.save(transaction, self.key, &payment, &change);
            saved.await.map_err(Disposition::LedgerFailed)?;
        }
        Ok(Disposition::Applied { change })
    }

    async fn unmatched(&self, event: &Event<'_>) -> Result<Disposition, Disposition> {
        let is_confirmed = event
            .lookup
            .as_ref()
            .is_some_and(|lookup| lookup.reference == event.reference);
        let is_read = is_confirmed || !matches!(event.reading, Reading::Ambiguous { .. });
        if !is_read {
            // An attacker may have chosen this reading.
            return Err(Disposition::UnknownReference);
        }
        if matches!(
            event.source,
            Source::Snapshot | Source::Unproven | Source::Trusted
        ) {
            return Err(Disposition::Rejected(VerifyError::NotIssued));
        }
        let noted = self.ledger.unmatched(event).await;
        noted.map_err(Disposition::LedgerFailed)?;
        let review = Review::new(ReviewReason::Unmatched);
        Ok(Disposition::Unmatched {
            change: Change::unmatched(review),
        })
    }

    fn name(&self, name: &str) -> String {
        if self.namespace.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.namespace)
        }
    }
}
