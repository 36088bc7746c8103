//! [`IdempotencyKeys`]: the two names of a callback, made from what is proven.

use std::fmt;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::amount::Amount;
use crate::b2binpay::{Operation, ProvenTransfer, TransferCallback};
use crate::callback::{Callback, Proven};
use crate::citypay::{
    DepositCallback, DepositStatus, OrderAnswer, OrderCallback, OrderStatus, ProvenOrder, Token,
};
use crate::event::Event;
use crate::outcome::Outcome;
use crate::timestamp::Timestamp;
use crate::verified::{Evidence, Verified};

/// The name of a delivery or of an effect: 32 bytes of SHA-256. It gives
/// nothing away of what it is made from; it is shown as 64 hexadecimal digits.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Lettered);
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
/// # let verifier = Verifier::new(v3, TrackingIds::Lettered).also(v2);
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
/// | B2BINPAY, signed, with a transfer | the verified MAC | status, amount, tracking id; *kind*, *currency*, *transfer id*, *outcome* |
/// | the same, undivided | the verified MAC | the undivided text; *kind*, *currency*, *transfer id*, *outcome* |
/// | B2BINPAY, signed, no transfer | the verified MAC | tracking id; *kind*, *id*, *status* |
/// | B2BINPAY, by the gateway's API | id, tracking id, status | the same |
/// | B2BINPAY, by address | *the body* | *kind*, *id*, *tracking id*, *status* |
/// | CityPay.io, order by the endpoint | token, status, transactions; *status*, if the endpoint is behind it | token and outcome, whether there are transactions; unless it is settled, all the others |
/// | CityPay.io, deposit or order without an answer | *the body* | *token*, *transaction id* or else *amount and time*, *status* |
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
/// [`Receiver`](crate::Receiver) does.
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

impl Event<'_> {
    /// For who looks at the event anyway.
    pub(crate) fn idempotency_keys(&self, endpoint: &str) -> IdempotencyKeys {
        let names = Names {
            outcome: self.outcome().value(),
            signed: matches!(self.evidence(), Evidence::Signature { .. }),
            endpoint,
        };
        let (told, proven) = (self.original().reported(), self.original().proven());
        match (told, proven) {
            (Callback::Transfer(told), Proven::Transfer(proven)) => names.transfer(told, proven),
            (Callback::Order(told), Proven::Order(proven)) => names.order(told, proven),
            (Callback::Deposit(told), _) => names.deposit(told),
            // The variants always agree; if they did not, the body is its name.
            (told, _) => names.body(told.raw(), |_| {}),
        }
    }
}

struct Names<'a> {
    outcome: Outcome,
    signed: bool,
    endpoint: &'a str,
}

impl Names<'_> {
    fn transfer(&self, told: &TransferCallback, proven: &ProvenTransfer) -> IdempotencyKeys {
        let effect = |hash: &mut Hash| {
            hash.text("kind", told.operation.as_str());
            let reference = proven.tracking_id().unwrap_or(&told.tracking_id);
            match (proven.undivided(), proven.transfer_status()) {
                (Some(text), _) => hash.text("undivided", text),
                (None, Some(status)) => {
                    hash.text("reference", reference);
                    hash.code("status", Some(status.code().into()));
                    hash.option("amount", proven.amount().map(Amount::as_str));
                }
                (None, None) => {
                    hash.text("reference", reference);
                    hash.text("id", proven.deposit_id().unwrap_or(&told.id));
                    let status = operation_status(told, proven);
                    hash.code("operation status", status.map(i64::from));
                }
            }
            hash.text("outcome", self.outcome.as_str());
            if let Some(transfer) = told.transfer() {
                hash.text("transfer", &transfer.id);
                let currency = told.currency();
                hash.option("currency", currency.and_then(|it| it.alpha.as_deref()));
                if self.outcome == Outcome::Pending {
                    hash.code("confirmations", transfer.confirmations.map(i64::from));
                }
            }
        };
        if let Some(mac) = told.mac().filter(|_| self.signed) {
            let time = proven.time().and_then(Timestamp::utc);
            let delivery = |hash: &mut Hash| hash.bytes("mac", mac.as_bytes());
            return self.keys("b2binpay", time, delivery, effect);
        }
        match proven.deposit_id() {
            Some(_) => self.keys("b2binpay", None, effect, effect),
            None => self.keys(
                "b2binpay",
                None,
                |hash| hash.bytes("body", told.raw()),
                effect,
            ),
        }
    }

    fn order(&self, told: &OrderCallback, proven: &ProvenOrder) -> IdempotencyKeys {
        let Some(answer) = proven.answer() else {
            return self.body(told.raw(), |hash| {
                hash.text("kind", "order");
                hash.text("token", told.order_token.as_ref().map_or("", Token::as_str));
                hash.option("transaction", told.transaction_id.as_deref());
                hash.option(
                    "amount",
                    told.received_amount_in_coins.as_ref().map(Amount::as_str),
                );
                hash.option("status", told.status.as_ref().map(OrderStatus::as_str));
            });
        };
        let outcome = self.outcome;
        // The endpoint does not know yet what the callback tells of: that has
        // to be heard, though the answer has been before.
        let claim = told.status.as_ref().filter(|_| proven.is_behind());
        let claim = claim.map(OrderStatus::as_str);
        self.keys(
            "citypay",
            latest(answer),
            |hash| {
                hash.text("token", answer.token.as_str());
                hash.text("status", answer.status.as_str());
                hash.text("outcome", outcome.as_str());
                hash.option("claim", claim);
                hash.transactions(answer);
            },
            |hash| {
                hash.text("kind", "order");
                hash.text("token", answer.token.as_str());
                hash.text("outcome", outcome.as_str());
                hash.option("claim", claim);
                if outcome == Outcome::Settled {
                    let paid = !answer.transactions.is_empty();
                    hash.option("paid", paid.then_some("yes"));
                } else {
                    hash.text("status", answer.status.as_str());
                    hash.transactions(answer);
                }
            },
        )
    }

    fn deposit(&self, told: &DepositCallback) -> IdempotencyKeys {
        self.body(told.raw(), |hash| {
            hash.text("kind", "deposit");
            hash.text(
                "token",
                told.deposit_token.as_ref().map_or("", Token::as_str),
            );
            if let Some(id) = &told.transaction_id {
                hash.text("transaction", id);
            } else {
                hash.option("amount", told.received_amount.as_ref().map(Amount::as_str));
                hash.option("time", told.created_at.as_ref().map(Timestamp::as_str));
            }
            hash.option("status", told.status.as_ref().map(DepositStatus::as_str));
            hash.text("outcome", self.outcome.as_str());
        })
    }

    /// CityPay.io, with nothing proven that could name it.
    fn body(&self, raw: &[u8], effect: impl FnOnce(&mut Hash)) -> IdempotencyKeys {
        self.keys("citypay", None, |hash| hash.bytes("body", raw), effect)
    }

    fn keys(
        &self,
        gateway: &str,
        time: Option<DateTime<Utc>>,
        delivery: impl FnOnce(&mut Hash),
        effect: impl FnOnce(&mut Hash),
    ) -> IdempotencyKeys {
        let name = |what: &str| {
            let mut hash = Hash(Sha256::new());
            hash.text("payhook", what);
            hash.text("gateway", gateway);
            hash.text("endpoint", self.endpoint);
            hash
        };
        let (mut d, mut e) = (name("delivery"), name("effect"));
        delivery(&mut d);
        effect(&mut e);
        IdempotencyKeys {
            delivery: d.finish(),
            effect: e.finish(),
            time,
        }
    }
}

/// The gateway's API where it was asked, else the body.
fn operation_status(told: &TransferCallback, proven: &ProvenTransfer) -> Option<i32> {
    let reported = match &told.operation {
        Operation::Deposit(deposit) => deposit.status.map(|status| status.code()),
        Operation::Payout(payout) => payout.status.map(|status| status.code()),
    };
    let fetched = proven.deposit_status().map(|status| status.code());
    fetched.or(reported)
}

/// When the order last changed, as far as its answer says.
fn latest(answer: &OrderAnswer) -> Option<DateTime<Utc>> {
    let transactions = answer.transactions.iter();
    transactions
        .filter_map(|transaction| transaction.created_at.as_ref())
        .chain(&answer.created_at)
        .filter_map(instant)
        .max()
}

fn instant(stamp: &Timestamp) -> Option<DateTime<Utc>> {
    stamp.utc().or_else(|| Some(stamp.local()?.and_utc()))
}

/// Labelled parts, each with its length, so that no two lists of parts make the
/// same bytes.
struct Hash(Sha256);

impl Hash {
    fn bytes(&mut self, label: &str, value: &[u8]) {
        for part in [label.as_bytes(), value] {
            // Lossless: no part is longer than a body.
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            self.0.update(length.to_be_bytes());
            self.0.update(part);
        }
    }

    fn text(&mut self, label: &str, value: &str) {
        self.bytes(label, value.as_bytes());
    }

    /// Nothing at all where there is no value.
    fn option(&mut self, label: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(label, value);
        }
    }

    fn code(&mut self, label: &str, code: Option<i64>) {
        if let Some(code) = code {
            self.bytes(label, &code.to_be_bytes());
        }
    }

    fn transactions(&mut self, answer: &OrderAnswer) {
        for transaction in &answer.transactions {
            self.text("transaction", "");
            self.option("id", transaction.id.as_deref());
            self.option("hash", transaction.hash.as_deref());
            self.option("received", transaction.received().map(Amount::as_str));
        }
    }

    fn finish(self) -> IdempotencyKey {
        IdempotencyKey(self.0.finalize().into())
    }
}
