//! [`Endpoint`]: the whole flow, from posted bytes to an HTTP status and a
//! balance.

mod blocking;

use std::borrow::Cow;
use std::net::IpAddr;

use crate::fetch::BoxError;
use crate::gateway::{Asks, Body, Gateway};
use crate::ledger::{Ledger, PaymentKey};
use crate::payment::event::{Event, Reading, Source};
use crate::payment::{Payment, Review, ReviewReason};
use crate::read::DEFAULT_BODY_LIMIT;
use crate::receiver::{Disposition, Reply};

/// One endpoint of the merchant's: bytes in, an HTTP status out, and each
/// payment's balance kept in a [`Ledger`] (PAYMENTS, section 3).
///
/// It opens no socket and needs no runtime. Hand it the body's bytes untouched
/// and answer with the [`Reply`]'s status and an empty body.
///
/// ```
/// use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
/// use payhook::payment::Expected;
/// use payhook::{Endpoint, MemoryLedger};
///
/// let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
/// let ledger = MemoryLedger::new();
/// ledger.expect(Expected::deposit("order-9001", "ETH", "0.412".parse()?)?);
/// let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
/// let endpoint = Endpoint::new(gateway, ledger.clone());
///
/// let body = include_bytes!("../examples/bodies/b2binpay-deposit-confirmed.json");
/// let reply = endpoint.receive_blocking(body, None);
/// assert_eq!(reply.status(), 200);
/// assert!(reply.change().is_some_and(|change| change.newly_paid()));
///
/// // The gateway sends it again: nothing changes.
/// let reply = endpoint.receive_blocking(body, None);
/// assert_eq!(reply.status(), 200);
/// assert!(reply.change().is_some_and(|change| change.credited().is_none()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Endpoint<G, L> {
    gateway: G,
    ledger: L,
    namespace: Cow<'static, str>,
    body_limit: usize,
}

impl<G: Gateway, L: Ledger> Endpoint<G, L> {
    /// An endpoint for one gateway, with the merchant's payments behind it.
    #[must_use]
    pub fn new(gateway: G, ledger: L) -> Self {
        Self {
            gateway,
            ledger,
            namespace: Cow::Borrowed(""),
            body_limit: DEFAULT_BODY_LIMIT,
        }
    }

    /// Keeps the names of deliveries and transfers apart from those of other
    /// endpoints on the same ledger: for a sandbox beside production, whose ids
    /// may be the same.
    #[must_use]
    pub fn namespace(self, namespace: impl Into<Cow<'static, str>>) -> Self {
        Self {
            namespace: namespace.into(),
            ..self
        }
    }

    /// Reads bodies of at most this many bytes; [`DEFAULT_BODY_LIMIT`] unless
    /// set. A server should stop reading there, too.
    #[must_use]
    pub fn body_limit(self, bytes: usize) -> Self {
        Self {
            body_limit: bytes,
            ..self
        }
    }

    /// The merchant's payments.
    #[must_use]
    pub fn ledger(&self) -> &L {
        &self.ledger
    }

    /// Verifies one body, asks the gateway where that is needed, and applies it
    /// to its payment: in one transaction, under the payment's lock.
    ///
    /// `peer` is the socket's peer, or what a proxy of the merchant's own
    /// forwards; it matters only where addresses are evidence.
    pub async fn receive(&self, body: &[u8], peer: Option<IpAddr>) -> Reply {
        Reply::of(self.process(body, peer).await)
    }

    /// [`receive`](Self::receive) for synchronous code: it blocks the thread.
    pub fn receive_blocking(&self, body: &[u8], peer: Option<IpAddr>) -> Reply {
        blocking::block_on(self.receive(body, peer))
    }

    #[cfg(feature = "http")]
    pub(crate) fn limit(&self) -> usize {
        self.body_limit
    }

    async fn process(
        &self,
        bytes: &[u8],
        peer: Option<IpAddr>,
    ) -> Result<Disposition, Disposition> {
        let post = Body {
            bytes,
            limit: self.body_limit,
            peer,
        };
        let callback = self.gateway.read(post)?;
        let key = {
            let (reference, part) = self.gateway.names(&callback);
            PaymentKey::new(G::NAME, reference, part)
        };
        let callback = self.look_up(callback, &key).await?;
        let mut event = self.gateway.event(&callback);
        if let Reading::Undivided { .. } = event.reading {
            let is_only_one = self.is_only_reading(&event, &key).await?;
            event.reading = Reading::Undivided { is_only_one };
        }
        self.apply(&event, &key).await
    }

    /// Asks the gateway, before any lock is taken.
    async fn look_up(
        &self,
        callback: G::Callback,
        key: &PaymentKey,
    ) -> Result<G::Callback, Disposition> {
        let may_fail = match self.gateway.asks(&callback) {
            Asks::Always { may_fail } => may_fail,
            Asks::OnceKnown | Asks::KnownOnly if self.peek(key).await?.is_none() => {
                return Err(crate::error::VerifyError::NotIssued.into());
            }
            Asks::Never | Asks::KnownOnly => return Ok(callback),
            Asks::OnceKnown => false,
            Asks::WhenHeld { may_fail } => {
                let Some(mut payment) = self.peek(key).await? else {
                    return Ok(callback);
                };
                let change = payment.apply(&self.gateway.event(&callback));
                if change.reviews().is_empty() && payment.held_parts().is_empty() {
                    return Ok(callback);
                }
                may_fail
            }
        };
        let answer = match self.gateway.ask(&callback).await {
            Ok(answer) => answer,
            Err(_) if may_fail => return Ok(callback),
            Err(error) => return Err(Disposition::LookupFailed(error.into())),
        };
        self.gateway.hear(callback, &answer, may_fail)
    }

    async fn peek(&self, key: &PaymentKey) -> Result<Option<Payment>, Disposition> {
        let payment = self.ledger.peek(key).await;
        payment.map_err(|error| Disposition::LedgerFailed(error.into()))
    }

    /// Whether no other payment of the merchant allows another division of the
    /// signed text (PAYMENTS, rule 18).
    async fn is_only_reading(
        &self,
        event: &Event<'_>,
        key: &PaymentKey,
    ) -> Result<bool, Disposition> {
        for (reference, amount) in &event.other_readings {
            let other = PaymentKey::new(G::NAME, *reference, &*key.part);
            let payment = self.peek(&other).await?;
            if payment.is_some_and(|payment| payment.expected().allows_reading(amount)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn apply(&self, event: &Event<'_>, key: &PaymentKey) -> Result<Disposition, Disposition> {
        let failed = |error: BoxError| Disposition::LedgerFailed(error.into());
        let Some((mut transaction, mut payment)) = self.ledger.find(key).await.map_err(failed)?
        else {
            return self.unmatched(event).await;
        };
        let delivery = self.name(&Payment::delivery_name(event.delivery));
        let owner = if payment.asks_for_delivery(event) {
            let owner = self.ledger.owner(&mut transaction, &delivery);
            owner.await.map_err(failed)?
        } else {
            None
        };
        let second_copy = format!("{delivery}:second");
        let second = match owner {
            Some(_) => {
                let second = self.ledger.owner(&mut transaction, &second_copy);
                second.await.map_err(failed)?
            }
            None => None,
        };
        let mut step = payment.begin(event, owner.as_deref(), second.as_deref());
        for part in step.claims() {
            let name = self.name(&format!("part:{}:{part}", G::NAME));
            let bound = self.ledger.bind(&mut transaction, &name, &key.reference);
            step.bound(&part, &bound.await.map_err(failed)?);
        }
        let (change, taken) = step.finish();
        for (name, owner, is_needed) in [
            (&delivery, taken.first, true),
            // One that was there before is a second copy that came earlier.
            (&second_copy, taken.second, second.is_none()),
        ] {
            let Some(owner) = owner.filter(|_| is_needed) else {
                continue;
            };
            let bound = self.ledger.bind(&mut transaction, name, &owner);
            if bound.await.map_err(failed)? != owner {
                return Err(Disposition::LedgerFailed(
                    "another copy of this delivery was applied meanwhile".into(),
                ));
            }
        }
        if change.must_save() {
            let saved = self.ledger.save(transaction, key, &payment, &change);
            saved.await.map_err(failed)?;
        }
        Ok(Disposition::Applied { change })
    }

    async fn unmatched(&self, event: &Event<'_>) -> Result<Disposition, Disposition> {
        let is_confirmed = event
            .lookup
            .as_ref()
            .is_some_and(|lookup| lookup.reference == event.reference);
        let is_read = is_confirmed || !matches!(event.reading, Reading::Undivided { .. });
        if !is_read {
            // The reading may be a forger's.
            return Err(Disposition::UnknownReference);
        }
        if matches!(
            event.source,
            Source::Snapshot | Source::Unproven | Source::Trusted
        ) {
            return Err(crate::error::VerifyError::NotIssued.into());
        }
        let noted = self.ledger.unmatched(event).await;
        noted.map_err(|error| Disposition::LedgerFailed(error.into()))?;
        let review = Review::new(ReviewReason::Unmatched);
        Ok(Disposition::Unmatched {
            change: crate::payment::Change::unmatched(review),
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
