//! [`TransferBuilder`]: a transfer, as it appears in `included`.

use rust_decimal::Decimal;

use crate::amount::Amount;
use crate::b2binpay::{OperationType, RiskStatus, TransferStatus};
use crate::testing::error::BuildError;
use crate::testing::json::Json;

use super::currency::CurrencyBuilder;
use super::layout::Layout;
use super::moments::Moments;

/// A builder for a transfer in addition to the one that a callback is about, such as
/// a token's fee: see [`include`](super::CallbackBuilder::include).
///
/// ```
/// use payhook::b2binpay::Key;
/// use payhook::testing::b2binpay::{payout, transfer};
///
/// let key = Key::callback_secret("my test secret")?;
/// let fee = transfer().id("55029").op_type(9).amount("13.4").currency("TRX");
/// let body = payout().tracking_id("wd-1").amount("125").include_first(fee).sign(&key);
/// assert_eq!(body.unverified()?.unverified().transfers().count(), 2);
/// # Ok::<(), payhook::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct TransferBuilder {
    pub(super) id: String,
    pub(super) op_type: Option<i32>,
    pub(super) amount: Option<String>,
    pub(super) currency: Option<CurrencyBuilder>,
    pub(super) status: i32,
    pub(super) confirmations: Option<u32>,
    pub(super) txid: Option<String>,
}

/// Creates a confirmed transfer with the callback's own amount and currency, but
/// another id.
///
/// See [`TransferBuilder`] for an example.
#[must_use]
pub fn transfer() -> TransferBuilder {
    TransferBuilder {
        id: "55029".to_owned(),
        ..TransferBuilder::subject()
    }
}

/// The defaults that a transfer takes from its callback.
pub(super) struct Around<'a> {
    pub(super) is_deposit: bool,
    pub(super) operation_id: &'a str,
    pub(super) amount: &'a str,
    pub(super) currency: &'a CurrencyBuilder,
    pub(super) moments: &'a Moments,
    pub(super) layout: Layout,
}

impl TransferBuilder {
    /// The transfer that a callback is about.
    pub(super) fn subject() -> Self {
        Self {
            id: "55021".to_owned(),
            op_type: None,
            amount: None,
            currency: None,
            status: TransferStatus::Confirmed.code(),
            confirmations: None,
            txid: None,
        }
    }

    /// Sets the gateway's id, which is not signed.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.id = id.into();
        self
    }

    /// Sets the operation type; the default is 1 for a deposit and 2 for a payout.
    #[must_use]
    pub fn op_type(mut self, code: i32) -> Self {
        self.op_type = Some(code);
        self
    }

    /// Sets the amount, in currency units; it is written with all the fraction digits
    /// of its currency.
    #[must_use]
    pub fn amount(mut self, amount: &str) -> Self {
        self.amount = Some(amount.to_owned());
        self
    }

    /// Sets the currency by its ticker; the default is the callback's own. To appear
    /// in the body, the currency has to be
    /// [included](super::CallbackBuilder::include).
    #[must_use]
    pub fn currency(mut self, currency: impl Into<CurrencyBuilder>) -> Self {
        self.currency = Some(currency.into());
        self
    }

    /// Sets the status to any code; the default is 2, confirmed.
    #[must_use]
    pub fn status(mut self, code: i32) -> Self {
        self.status = code;
        self
    }

    /// Sets the number of confirmations; the default follows from the status.
    #[must_use]
    pub fn confirmations(mut self, confirmations: u32) -> Self {
        self.confirmations = Some(confirmations);
        self
    }

    /// Sets the blockchain transaction id.
    #[must_use]
    pub fn txid(mut self, txid: &str) -> Self {
        self.txid = Some(txid.to_owned());
        self
    }

    pub(super) fn resource(&self, around: &Around<'_>) -> Result<Json, BuildError> {
        let mut json = Json::template(include_str!("transfer.json"));
        let status = TransferStatus::from_code(self.status);
        let currency = self.currency.as_ref().unwrap_or(around.currency);
        let amount = currency.format_amount(self.amount.as_deref().unwrap_or(around.amount));
        let is_fee_free = self.op_type.is_some() || !around.is_deposit;
        let commission = if is_fee_free {
            None
        } else {
            commission(&amount, currency.exp())
        };
        let cleared = commission.as_ref().and_then(|commission| {
            let amount: Amount = amount.parse().ok()?;
            amount.checked_sub(commission)
        });
        let commission = commission.map_or_else(|| "0".to_owned(), |it| it.to_string());
        let cleared = cleared.map_or_else(|| amount.clone(), |cleared| cleared.to_string());

        json.fill("id", self.id.as_str().into())?;
        json.fill("relationships.currency.data.id", currency.id())?;
        let op_type = self.op_type.unwrap_or(if around.is_deposit {
            OperationType::Deposit.code()
        } else {
            OperationType::Payout.code()
        });
        let confirmations = self.confirmations.unwrap_or(match status {
            TransferStatus::Created | TransferStatus::Failed => 0,
            TransferStatus::Unconfirmed => 1,
            _ => currency.blocks(),
        });
        let mut set = |key: &str, value: Json| json.fill(&format!("attributes.{key}"), value);
        set("op_id", Json::id(around.operation_id))?;
        set("op_type", op_type.into())?;
        set("amount", amount.as_str().into())?;
        set("commission", currency.format_amount(&commission).into())?;
        set("fee", currency.format_amount("0").into())?;
        match (&self.txid, status) {
            (Some(txid), _) => set("txid", txid.as_str().into())?,
            // It was not broadcast yet.
            (None, TransferStatus::Created) => set("txid", Json::default())?,
            (None, _) => {}
        }
        set("status", self.status.into())?;
        set("created_at", around.moments.moved.as_str().into())?;
        set("updated_at", around.moments.updated.as_str().into())?;
        set("confirmations", confirmations.into())?;
        if status == TransferStatus::Blocked {
            set("risk", 87.into())?;
            set("risk_status", RiskStatus::Red.code().into())?;
        }
        set("amount_cleared", currency.format_amount(&cleared).into())?;
        set("rate_target", currency.format_amount("1").into())?;
        set("amount_target", amount.into())?;
        set(
            "commission_target",
            currency.format_amount(&commission).into(),
        )?;
        if around.layout == Layout::V2 {
            for key in [
                "rate_target",
                "risk_personal",
                "risk_personal_status",
                "amount_target",
                "commission_target",
            ] {
                json.remove(&format!("attributes.{key}"))?;
            }
        }
        Ok(json)
    }
}

/// 0.4 %, as an example.
fn commission(amount: &str, decimals: u32) -> Option<Amount> {
    let amount = amount.parse::<Amount>().ok()?.to_decimal()?;
    let commission = amount.checked_mul(Decimal::new(4, 3))?.round_dp(decimals);
    commission.to_string().parse().ok()
}
