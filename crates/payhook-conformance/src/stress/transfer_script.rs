//! The steps of scripts about transfers.

use super::script::{self, Build};
use payhook::b2binpay::{Callback, Key};
use payhook::payment::ExpectedKind;
use payhook::testing::Body;
use payhook::testing::b2binpay::{CallbackBuilder, deposit, payout};

/// The gateway's key and settings for its callbacks.
#[derive(Debug, Clone)]
pub(super) struct B2binpaySetup {
    pub(super) key: Key,
}

pub(super) type Case = script::Case<B2binpaySetup>;
pub(super) type Context<'a> = script::Context<'a, B2binpaySetup>;
pub(super) type Step = script::Step<B2binpaySetup>;
pub(super) type Test = script::Test<B2binpaySetup>;

impl Context<'_> {
    /// The payment's callback, confirmed.
    pub(super) fn transfer(&self) -> CallbackBuilder {
        let builder = match self.payment.kind {
            ExpectedKind::Payout => payout(),
            _ => deposit(),
        };
        builder
            // Independent of the key: API v2 omits a status that is signed.
            .v3()
            .id(&self.id.to_string())
            .tracking_id(self.payment.reference.as_str())
            .amount(&self.percent(100))
            .requested(&self.percent(100))
            .currency(self.payment.currency)
            .transfer_id(&format!("{}0", self.id))
            .txid(&self.txid(0))
            .at(self.time)
    }

    /// A confirmed part of the amount due, in its own transfer.
    pub(super) fn part(&self, percent: u64) -> CallbackBuilder {
        self.transfer()
            .amount(&self.percent(percent))
            .transfer_id(&format!("{}{percent}", self.id))
            .txid(&self.txid(percent))
    }

    /// The transaction hash of one of the payment's transfers.
    pub(super) fn txid(&self, number: u64) -> String {
        let id = self.id.saturating_mul(1_000).saturating_add(number);
        format!("0x{id:064x}")
    }

    pub(super) fn signed(&self, builder: &CallbackBuilder) -> Body<Callback> {
        builder.sign(&self.gateway.key)
    }

    pub(super) fn sign(&self, builder: &CallbackBuilder) -> Vec<u8> {
        self.signed(builder).to_vec()
    }
}

pub(super) const CREATED: Build<B2binpaySetup> = |cx| cx.sign(&cx.transfer().created());
pub(super) const PENDING: Build<B2binpaySetup> = |cx| cx.sign(&cx.transfer().unconfirmed(1));
pub(super) const CONFIRMED: Build<B2binpaySetup> = |cx| cx.sign(&cx.transfer());

pub(super) fn deposits(name: &'static str, steps: impl IntoIterator<Item = Step>) -> Case {
    Case::new(ExpectedKind::Deposit, name, steps)
}

pub(super) fn payouts(name: &'static str, steps: impl IntoIterator<Item = Step>) -> Case {
    Case::new(ExpectedKind::Payout, name, steps)
}
