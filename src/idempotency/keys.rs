//! [`IdempotencyKeys`]: the identity of a callback.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::amount::Amount;
use crate::callback::Callback;
use crate::digest::Labelled;
use crate::event::{Event, Source};

/// The name of a delivery, of a subject or of an event: 32 bytes of SHA-256. It does
/// not reveal its input; it is displayed as 64 hexadecimal digits.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
/// # let callback: payhook::Callback = verifier.verify(Unverified::parse(&body)?)?.into();
/// use payhook::idempotency::IdempotencyKey;
///
/// let keys = callback.idempotency_keys("");
/// let column: [u8; 32] = *keys.event().as_bytes();
/// assert_eq!(IdempotencyKey::from_bytes(column), *keys.event());
/// assert_eq!(keys.event().to_string().len(), 64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey([u8; 32]);

impl IdempotencyKey {
    /// Creates a key from its stored bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes, for storage.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hex = [0; 64];
        let hex = base16ct::lower::encode_str(&self.0, &mut hex);
        f.write_str(hex.map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdempotencyKey({self})")
    }
}

/// The keys by which an [`IdempotencyStore`](super::IdempotencyStore) identifies a
/// callback.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let v3 = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
/// # let v2 = Key::v2_credentials("merchant-api-key", "p@ss:w0rd/ünï")?;
/// # let verifier = Verifier::new(v3, TrackingIds::Prefixed).add_key(v2);
/// # let first = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
/// # let again = std::fs::read("examples/bodies/b2binpay-deposit-confirmed-v2.json")?;
/// use payhook::Callback;
///
/// // The same payment, reported by API v3 and by v2, with different signatures.
/// let first: Callback = verifier.verify(Unverified::parse(&first)?)?.into();
/// let again: Callback = verifier.verify(Unverified::parse(&again)?)?.into();
/// let (first, again) = (first.idempotency_keys(""), again.idempotency_keys(""));
/// assert_ne!(first.delivery(), again.delivery());
/// assert_eq!(first.event(), again.event());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Each key is derived from the gateway, the endpoint's namespace, and
///
/// | key | derived from | so that |
/// |---|---|---|
/// | [`delivery`](Self::delivery) | the verified signature; without one, the proven values of the gateway's response | rewritten unsigned fields do not create another delivery |
/// | [`subject`](Self::subject) | kind, reference, the transfer's id | a later event of a transfer is compared with earlier ones |
/// | [`event`](Self::event) | the subject, the event, and for each part its amount (normalized), its currency (ignoring case) and, while it is pending, its confirmations | the same event has the same key in another delivery |
///
/// The merchant's own system for credits can use the *event* key as its idempotency key.
///
/// After a change of [`TrackingIds`](crate::b2binpay::TrackingIds) or of the
/// endpoint's namespace, every payment is new to a store: only the merchant's own
/// records then prevent crediting old payments again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotencyKeys {
    delivery: IdempotencyKey,
    subject: IdempotencyKey,
    event: IdempotencyKey,
    time: Option<DateTime<Utc>>,
    is_proven: bool,
}

impl IdempotencyKeys {
    /// Creates proven keys from other keys: to implement or test a store.
    #[must_use]
    pub fn new(
        delivery: IdempotencyKey,
        subject: IdempotencyKey,
        event: IdempotencyKey,
        time: Option<DateTime<Utc>>,
    ) -> Self {
        Self {
            delivery,
            subject,
            event,
            time,
            is_proven: true,
        }
    }

    /// The same keys for an unproven callback.
    #[must_use]
    pub fn unproven(self) -> Self {
        Self {
            is_proven: false,
            ..self
        }
    }

    /// Returns the name of this delivery.
    #[must_use]
    pub fn delivery(&self) -> &IdempotencyKey {
        &self.delivery
    }

    /// Returns the name of the event's subject: one transfer, or one order.
    #[must_use]
    pub fn subject(&self) -> &IdempotencyKey {
        &self.subject
    }

    /// Returns the name of the event.
    #[must_use]
    pub fn event(&self) -> &IdempotencyKey {
        &self.event
    }

    /// Returns the time of the event, if it is proven: B2BINPAY's signed time, or the
    /// latest transaction of an order. An order without a transaction has none: its
    /// time of creation is not the time of payment.
    #[must_use]
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.time
    }

    /// Returns whether there is any proof besides the sender's claim. Unproven
    /// callbacks can be invented without limit, so they must not displace proven
    /// ones.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.is_proven
    }

    pub(crate) fn of(event: &Event<'_>, endpoint: &str) -> Self {
        let label = |what| {
            let mut label = Labelled::new(what);
            label
                .part(endpoint.as_bytes())
                .part(event.gateway.as_bytes());
            label
        };
        let mut subject = label("subject");
        subject
            .part(event.kind.as_str().as_bytes())
            .part(event.reference.as_bytes());
        // All callbacks of an order are about the whole order.
        if event.source != Source::Snapshot {
            let part = event.parts.first();
            subject.option(part.map(|part| part.id.as_bytes()));
        }
        let subject = subject.whole();
        let mut name = label("event");
        name.part(&subject)
            .part(event.outcome.value().as_str().as_bytes());
        if event.source == Source::Unproven && event.parts.is_empty() {
            // Nothing else distinguishes its events.
            name.part(&event.delivery);
        }
        if event.parts.is_empty() {
            name.part(event.status.as_str().as_bytes());
        }
        // Independent of the order in which the gateway lists them.
        let mut parts: Vec<_> = event.parts.iter().collect();
        parts.sort_by(|one, other| one.id.cmp(&other.id));
        for part in parts {
            name.part(part.id.as_bytes()).part(&[part.outcome.code()]);
            for money in &part.amounts {
                let amount = money.amount.as_ref();
                // The number of zeros that the gateway writes is not documented.
                let amount = amount.map(Amount::without_trailing_zeros);
                name.option(amount.map(str::as_bytes));
                name.option_ignoring_case(money.name());
            }
            let confirmations = part.confirmations.filter(|_| part.outcome.is_pending());
            name.option(
                confirmations
                    .map(u32::to_be_bytes)
                    .as_ref()
                    .map(<[u8; 4]>::as_slice),
            );
        }
        let time = match event.source {
            Source::Snapshot => event.parts.iter().filter_map(|part| part.time).max(),
            _ => event.time,
        };
        Self {
            delivery: IdempotencyKey(label("delivery").part(&event.delivery).whole()),
            subject: IdempotencyKey(subject),
            event: IdempotencyKey(name.whole()),
            time,
            is_proven: event.source != Source::Unproven,
        }
    }
}

impl Callback {
    /// Returns the keys by which an idempotency store identifies this callback.
    ///
    /// `endpoint` is a namespace that separates unrelated callbacks, such as those of
    /// two shops in one database; use `""` for a single one. Endpoints that share a
    /// signing key must share the namespace: a callback that is captured at one could
    /// be replayed at the other.
    #[must_use]
    pub fn idempotency_keys(&self, endpoint: &str) -> IdempotencyKeys {
        IdempotencyKeys::of(&self.event(), endpoint)
    }
}
