//! [`PaymentArgs`]: the attributes of the triggered callback.

use std::time::SystemTime;

use payhook::chrono::{DateTime, Utc};
use payhook::citypay::{OrderCallback, OrderDetails};
use payhook::testing::b2binpay::{self, CallbackBuilder, CurrencyBuilder};
use payhook::testing::citypay::{self, DepositBuilder};
use payhook::testing::{Body, Json};
use serde_json::Value;

use super::ids::Ids;
use crate::error::CliError;
use crate::scenario::{MakeDeposit, MakeOrder, MakeTransfer};

/// The attributes of the callback, by name or by path.
#[derive(Debug, clap::Args)]
pub(crate) struct PaymentArgs {
    /// Your own reference: B2BINPAY's tracking id, CityPay.io's token [default: an
    /// example].
    #[arg(long, visible_aliases = ["tracking-id", "token"], value_name = "TEXT")]
    reference: Option<String>,

    /// The amount, in whole currency units.
    #[arg(long, value_name = "AMOUNT")]
    amount: Option<String>,

    /// The currency's ticker, such as ETH.
    #[arg(long, value_name = "TICKER")]
    currency: Option<String>,

    /// The currency's number of decimals.
    #[arg(long, value_name = "DIGITS")]
    decimals: Option<u32>,

    /// The number of confirmations of the transfer.
    #[arg(long, value_name = "COUNT")]
    confirmations: Option<u32>,

    /// The gateway's id of the transfer, from which the transaction hash follows
    /// [default: one for each reference].
    #[arg(long, value_name = "ID")]
    transfer_id: Option<String>,

    /// The gateway's id of the deposit, payout or order [default: one for each
    /// reference].
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    /// The time of the callback [default: now].
    #[arg(long, value_name = "RFC3339")]
    at: Option<DateTime<Utc>>,

    /// Set the value at a path before signing; a JSON value, or else a string: `--set
    /// included[1].attributes.risk=99`.
    #[arg(long, value_name = "PATH=VALUE", value_parser = edit)]
    set: Vec<(String, String)>,

    /// Remove the value at a path before signing.
    #[arg(long, value_name = "PATH")]
    remove: Vec<String>,
}

fn edit(text: &str) -> Result<(String, String), &'static str> {
    let (path, value) = text.split_once('=').ok_or("expected PATH=VALUE")?;
    Ok((path.to_owned(), value.to_owned()))
}

/// A JSON value, or else a string.
fn value(text: &str) -> Json {
    Json::parse(text).unwrap_or_else(|_| Json::from(text))
}

impl PaymentArgs {
    fn time(&self) -> DateTime<Utc> {
        self.at.unwrap_or_else(|| SystemTime::now().into())
    }

    /// The ids of the payment in a scenario, whose reference is the example unless one
    /// is given.
    fn ids<'a>(&'a self, kind: &'a str, example: &'a str) -> Ids<'a> {
        let reference = self.reference.as_deref().unwrap_or(example);
        Ids::new(kind, reference, self.transfer_id.as_deref())
    }

    /// A deposit or payout of B2BINPAY, in the scenario of this name.
    pub(super) fn transfer(&self, name: &str, change: MakeTransfer) -> CallbackBuilder {
        let (base, ids) = if name.starts_with("deposit") {
            (b2binpay::deposit(), self.ids("deposit", "order-9001"))
        } else {
            (b2binpay::payout(), self.ids("payout", "wd-77"))
        };
        let mut base = base
            .id(&ids.operation())
            .tracking_id(ids.reference)
            .transfer_id(&ids.transfer());
        // A transfer that is only created has no hash yet.
        if !name.ends_with(".created") {
            base = base.txid(&format!("0x{}", ids.hash()));
        }
        let mut builder = change(base).at(self.time());
        if let Some(amount) = &self.amount {
            builder = builder.amount(amount);
        }
        if let Some(ticker) = &self.currency {
            let currency = CurrencyBuilder::new(ticker);
            builder = builder.currency(match self.decimals {
                Some(decimals) => currency.decimals(decimals),
                None => currency,
            });
        }
        if let Some(confirmations) = self.confirmations {
            builder = builder.confirmations(confirmations);
        }
        if let Some(id) = &self.transfer_id {
            builder = builder.transfer_id(id);
        }
        if let Some(id) = &self.id {
            builder = builder.id(id);
        }
        builder
    }

    /// Before signing.
    pub(super) fn edit(&self, mut builder: CallbackBuilder) -> CallbackBuilder {
        for (path, text) in &self.set {
            builder = builder.set(path, value(text));
        }
        for path in &self.remove {
            builder = builder.remove(path);
        }
        builder
    }

    /// A deposit of CityPay.io.
    pub(super) fn deposit(&self, change: MakeDeposit) -> DepositBuilder {
        let ids = self.ids("customer deposit", "dep_user_42");
        let base = citypay::deposit()
            .token(ids.reference)
            .transaction_id(ids.hash());
        let mut deposit = change(base).at(self.time());
        if let Some(amount) = &self.amount {
            deposit = deposit.received(amount.as_str());
        }
        deposit
    }

    /// The callback of an order of CityPay.io, and the order endpoint's response.
    pub(super) fn order(
        &self,
        change: MakeOrder,
        customer_id: &str,
    ) -> Result<(Body<OrderCallback>, Body<OrderDetails>), CliError> {
        let ids = self.ids("order", "tok_4f9c1b7e");
        let base = citypay::order()
            .token(ids.reference)
            .order_id(value(&ids.operation()));
        let mut order = change(base).at(self.time());
        if let Some(amount) = &self.amount {
            order = order.amount(amount);
        }
        if let Some(ticker) = &self.currency {
            order = order.crypto_currency(ticker);
        }
        if let Some(id) = &self.id {
            order = order.order_id(value(id));
        }
        let (callback, answer) = (order.callback(), order.answer(customer_id));
        let posted: Value = serde_json::from_slice(&callback).unwrap_or_default();
        if posted.get("transaction_id").is_none_or(Value::is_null) {
            return Ok((callback, answer));
        }
        let hash = ids.hash();
        let url = format!("https://explorer.example/tx/{hash}");
        let transaction = [
            ("id", value(&ids.transfer())),
            ("hash", hash.as_str().into()),
            ("hashUrl", url.into()),
        ];
        let answer = transaction
            .into_iter()
            .try_fold(answer, |answer, (key, value)| {
                answer.try_set(&format!("data.transactions[0].{key}"), value)
            });
        let callback = callback.try_set("transaction_id", hash.as_str());
        let wrong = |error| CliError::of("cannot build the order", &error);
        Ok((callback.map_err(wrong)?, answer.map_err(wrong)?))
    }

    pub(super) fn edited<C>(&self, mut body: Body<C>) -> Result<Vec<u8>, CliError> {
        for (path, text) in &self.set {
            body = body.try_set(path, value(text)).map_err(CliError::new)?;
        }
        for path in &self.remove {
            body = body.try_remove(path).map_err(CliError::new)?;
        }
        Ok(body.to_vec())
    }
}
