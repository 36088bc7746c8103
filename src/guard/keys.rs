//! [`IdempotencyKeys`]: the two names of a callback.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::callback::Callback;
use crate::verified::Verified;

/// The name of a delivery or of an effect: 32 bytes of SHA-256. It gives
/// nothing away of what it is made from; it is shown as 64 hexadecimal digits.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../../examples/bodies/b2binpay-deposit-confirmed.json");
/// # let callback = verifier.verify(Unverified::parse(body)?)?.into_callback();
/// use payhook::IdempotencyKey;
///
/// let keys = callback.idempotency_keys("");
/// let column: [u8; 32] = *keys.effect().as_bytes();
/// assert_eq!(IdempotencyKey::from_bytes(column), *keys.effect());
/// assert_eq!(keys.effect().to_string().len(), 64);
/// # Ok::<(), payhook::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey([u8; 32]);

impl IdempotencyKey {
    /// A key from its bytes, as a guard has stored them.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be stored.
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

/// What a [`Guard`](super::Guard) knows a callback by.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let v3 = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
/// # let v2 = Key::login_password("merchant-api-key", "p@ss:w0rd/ünï")?;
/// # let verifier = Verifier::new(v3, TrackingIds::Prefixed).also(v2);
/// # let first = include_bytes!("../../examples/bodies/b2binpay-deposit-confirmed.json");
/// # let again = include_bytes!("../../examples/bodies/b2binpay-deposit-confirmed-v2.json");
/// // The same payment, told once in API v3 and once in v2: a signature each.
/// let first = verifier.verify(Unverified::parse(first)?)?.into_callback().idempotency_keys("");
/// let again = verifier.verify(Unverified::parse(again)?)?.into_callback().idempotency_keys("");
/// assert_ne!(first.delivery(), again.delivery());
/// assert_eq!(first.effect(), again.effect());
/// # Ok::<(), payhook::Error>(())
/// ```
///
/// Both keys are made of the gateway, the merchant's name for the endpoint, and
/// what the tables say. What stands in *italics* is not proven: a hint that
/// tells two payments of the same amount apart. A hint can be forged in a body
/// that was captured, which is why a guard binds each delivery to one effect.
///
/// | callback | the **delivery** is named by | the **effect** by |
/// |---|---|---|
/// | B2BINPAY, signed, with a transfer | the verified MAC | status, the amount in any spelling, tracking id; *kind*, *currency*, *transfer id*, *outcome* |
/// | the same, undivided | the verified MAC | the undivided text; *kind*, *currency*, *transfer id*, *outcome* |
/// | B2BINPAY, signed, no transfer | the verified MAC | tracking id; *kind*, *id*, *status* |
/// | B2BINPAY, by the gateway's API | id, tracking id, status | the same |
/// | B2BINPAY, by address | the same | *kind*, *id*, *tracking id*, *status* |
/// | CityPay.io, order by the endpoint | token, status, transactions; *status* and *transaction id*, if the endpoint is behind them | token and outcome; unless it is settled, all the others |
/// | CityPay.io, order without an answer | the same | *token*, *transaction id*, *amount*, *status* |
/// | CityPay.io, deposit | the same | *token*, *status*, *transaction id* or else *amount and time* or else *the body* |
///
/// What anybody can make up, callbacks without proof and claims that the order
/// endpoint does not know, has no [`time`](Self::time): a guard that is full
/// forgets it first.
///
/// While a transfer's outcome is pending, its reported confirmations are in the
/// effect: *one more confirmation* is news, *the same with a new time stamp* is
/// not. From there on they are not: a settled transfer has one effect, however
/// many callbacks tell of it.
///
/// An order settles once. What is paid on top shows as *overpaid*, which is
/// another effect.
///
/// A callback that was [resolved](Verified::resolve) has another effect than the
/// undivided one that it was. Ask for the keys before, as a
/// [`Receiver`](crate::Receiver) does. For the same reason every payment is
/// new to a guard once [`TrackingIds`](crate::b2binpay::TrackingIds) are declared
/// otherwise, or the endpoint is called by another name: what the gateway sends
/// again of old payments then, only your own ledger keeps from being credited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotencyKeys {
    delivery: IdempotencyKey,
    effect: IdempotencyKey,
    time: Option<DateTime<Utc>>,
}

impl IdempotencyKeys {
    /// Keys that were made elsewhere: for those who write or test a guard.
    #[must_use]
    pub fn new(
        delivery: IdempotencyKey,
        effect: IdempotencyKey,
        time: Option<DateTime<Utc>>,
    ) -> Self {
        Self {
            delivery,
            effect,
            time,
        }
    }

    /// What names this delivery, and nothing else. The same bytes again have
    /// the same key, whatever is changed in them that is not proven.
    #[must_use]
    pub fn delivery(&self) -> &IdempotencyKey {
        &self.delivery
    }

    /// What names the news that it brings. Sent again, resent by hand or told
    /// in another way, the same news has the same key.
    #[must_use]
    pub fn effect(&self) -> &IdempotencyKey {
        &self.effect
    }

    /// How old the delivery is, for a guard that forgets, as far as that is
    /// proven: B2BINPAY's signed time, or the latest time in an order endpoint's
    /// answer. A stamp without a zone is read as UTC.
    #[must_use]
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.time
    }
}

impl Verified<Callback> {
    /// The names that a guard knows this callback by.
    ///
    /// `endpoint` tells apart what has nothing to do with each other, such as
    /// two shops in one database; `""` will do for one. Endpoints that share a
    /// signing key must share the name: what is captured at one could be
    /// replayed at the other.
    #[must_use]
    pub fn idempotency_keys(&self, endpoint: &str) -> IdempotencyKeys {
        self.event().idempotency_keys(endpoint)
    }
}
