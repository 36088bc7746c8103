//! What a callback is named by, for a guard: the table at [`IdempotencyKeys`].

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::keys::{IdempotencyKey, IdempotencyKeys};
use crate::amount::{Amount, without_zeros};
use crate::b2binpay::{Operation, ProvenTransfer, TransferCallback};
use crate::callback::{Callback, Proven};
use crate::citypay::{
    DepositCallback, DepositStatus, OrderAnswer, OrderCallback, OrderStatus, ProvenOrder, Token,
};
use crate::event::Event;
use crate::outcome::Outcome;
use crate::timestamp::Timestamp;
use crate::verified::Evidence;

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
            (told, _) => names.named_alike("citypay", |hash| hash.bytes("body", told.raw())),
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
                    // How many zeros the gateway writes behind it is not documented.
                    let amount = proven.amount().map(Amount::as_str);
                    hash.option("amount", amount.map(without_zeros));
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
        match told.mac().filter(|_| self.signed) {
            Some(mac) => {
                let time = proven.time().and_then(Timestamp::utc);
                let delivery = |hash: &mut Hash| hash.bytes("mac", mac.as_bytes());
                self.keys("b2binpay", time, delivery, effect)
            }
            None => self.named_alike("b2binpay", effect),
        }
    }

    fn order(&self, told: &OrderCallback, proven: &ProvenOrder) -> IdempotencyKeys {
        let Some(answer) = proven.answer() else {
            return self.named_alike("citypay", |hash| {
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
        // to be heard, though the answer has been before. Anybody can make up
        // such a claim, so it has no time: a guard forgets it first.
        let claim = Some(told).filter(|_| proven.is_behind());
        let claimed = |hash: &mut Hash| {
            let status = claim.and_then(|told| told.status.as_ref());
            hash.option("claim", status.map(OrderStatus::as_str));
            let transaction = claim.and_then(|told| told.transaction_id.as_deref());
            hash.option("claimed transaction", transaction);
        };
        self.keys(
            "citypay",
            latest(answer).filter(|_| claim.is_none()),
            |hash| {
                hash.text("token", answer.token.as_str());
                hash.text("status", answer.status.as_str());
                hash.text("outcome", outcome.as_str());
                claimed(hash);
                hash.transactions(answer);
            },
            |hash| {
                hash.text("kind", "order");
                hash.text("token", answer.token.as_str());
                hash.text("outcome", outcome.as_str());
                claimed(hash);
                if outcome != Outcome::Settled {
                    hash.text("status", answer.status.as_str());
                    hash.transactions(answer);
                }
            },
        )
    }

    fn deposit(&self, told: &DepositCallback) -> IdempotencyKeys {
        self.named_alike("citypay", |hash| {
            hash.text("kind", "deposit");
            hash.text(
                "token",
                told.deposit_token.as_ref().map_or("", Token::as_str),
            );
            match (&told.transaction_id, &told.created_at) {
                (Some(id), _) => hash.text("transaction", id),
                (None, Some(time)) => {
                    hash.option("amount", told.received_amount.as_ref().map(Amount::as_str));
                    hash.text("time", time.as_str());
                }
                // Two payments of the same amount may look like this.
                (None, None) => hash.bytes("body", told.raw()),
            }
            hash.option("status", told.status.as_ref().map(DepositStatus::as_str));
            hash.text("outcome", self.outcome.as_str());
        })
    }

    /// Delivery and effect by the same: nothing about the delivery is harder to
    /// make up than the effect. By its bytes, one effect could be spelled
    /// without end, and each spelling would have to be remembered.
    fn named_alike(&self, gateway: &str, effect: impl Fn(&mut Hash)) -> IdempotencyKeys {
        self.keys(gateway, None, &effect, &effect)
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
        IdempotencyKeys::new(d.finish(), e.finish(), time)
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
    answer
        .transactions()
        .filter_map(|transaction| transaction.created_at.as_ref())
        .chain(&answer.created_at)
        .chain(&answer.created_at_milliseconds)
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
        for transaction in answer.transactions() {
            self.text("transaction", "");
            self.option("id", transaction.id.as_deref());
            self.option("hash", transaction.hash.as_deref());
            self.option("received", transaction.received().map(Amount::as_str));
        }
    }

    fn finish(self) -> IdempotencyKey {
        IdempotencyKey::from_bytes(self.0.finalize().into())
    }
}
