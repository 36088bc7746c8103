//! Rendering of a builder's body.

use super::layout::Layout;
use super::moments::Moments;
use super::transfer::Around;
use super::{CallbackBuilder, Included};
use crate::amount::Amount;
use crate::b2binpay::{DepositStatus, PayoutStatus, TransferStatus};
use crate::testing::error::BuildError;
use crate::testing::json::Json;

impl CallbackBuilder {
    /// The body with the requested changes.
    pub(super) fn edited(&self, mut draft: Json) -> Result<Json, BuildError> {
        for (path, value) in &self.edits {
            match value {
                Some(value) => draft.set(path, value.clone())?,
                None => draft.remove(path)?,
            }
        }
        Ok(draft)
    }

    /// The body before them, without `meta`.
    pub(super) fn draft(&self, layout: Layout) -> Result<Json, BuildError> {
        let mut json = Json::template(if self.is_deposit {
            include_str!("deposit.json")
        } else {
            include_str!("payout.json")
        });
        let moments = Moments::before(self.time);
        json.fill("data.id", self.id.as_str().into())?;
        json.fill("data.relationships.currency.data.id", self.currency.id())?;
        self.describe(&mut json, &moments, layout)?;
        if let Some(transfer) = self.transfer.as_ref().filter(|_| self.is_named) {
            let at = "data.relationships.transfer.data";
            json.fill(&format!("{at}.type"), "transfer".into())?;
            json.fill(&format!("{at}.id"), transfer.id.as_str().into())?;
        }
        let around = Around {
            is_deposit: self.is_deposit,
            operation_id: &self.id,
            amount: &self.amount,
            currency: &self.currency,
            moments: &moments,
            layout,
        };
        let own = [
            Some(Included::Currency(self.currency.clone())),
            self.transfer.clone().map(Included::Transfer),
        ];
        let own = own.iter().flatten();
        let included = self.before.iter().chain(own).chain(&self.after);
        for (index, resource) in included.enumerate() {
            let resource = match resource {
                Included::Currency(currency) => currency.resource(layout)?,
                Included::Other(json) => json.clone(),
                Included::Transfer(transfer) => transfer.resource(&around)?,
            };
            json.fill(&format!("included[{index}]"), resource)?;
        }
        Ok(json)
    }

    /// The operation's own attributes.
    fn describe(
        &self,
        json: &mut Json,
        moments: &Moments,
        layout: Layout,
    ) -> Result<(), BuildError> {
        let mut set = |key: &str, value: Json| json.fill(&format!("data.attributes.{key}"), value);
        let amount = self.currency.format_amount(&self.amount);
        set("tracking_id", self.tracking_id.clone())?;
        set("status", self.status().into())?;
        if self.is_deposit {
            let requested = self.currency.format_amount(self.due());
            let paid = if self.transfer.is_some() {
                amount
            } else {
                self.currency.format_amount("0")
            };
            set("created_at", moments.created.as_str().into())?;
            set("target_paid", paid.into())?;
            set("source_amount_requested", requested.as_str().into())?;
            set("target_amount_requested", requested.into())?;
            set("inaccuracy", self.currency.format_amount("0").into())?;
            if layout == Layout::V2 {
                for key in [
                    "status",
                    "source_amount_requested",
                    "target_amount_requested",
                    "time_limit",
                    "inaccuracy",
                ] {
                    json.remove(&format!("data.attributes.{key}"))?;
                }
            }
        } else {
            set("amount", amount.into())?;
            set("fee_amount", self.currency.format_amount("1.2").into())?;
            set("rate_requested", self.currency.format_amount("1").into())?;
            set("exp", self.currency.exp().into())?;
        }
        Ok(())
    }

    fn status(&self) -> i32 {
        let is_confirmed = self
            .transfer
            .as_ref()
            .is_some_and(|transfer| transfer.status == TransferStatus::Confirmed.code());
        self.operation_status.unwrap_or(match &self.transfer {
            None if self.is_deposit => DepositStatus::Canceled.code(),
            None => PayoutStatus::Canceled.code(),
            Some(_) if !self.is_deposit => PayoutStatus::Approved.code(),
            Some(_) if is_confirmed => self.settled().code(),
            Some(_) => DepositStatus::Created.code(),
        })
    }

    /// The requested amount.
    fn due(&self) -> &str {
        self.requested.as_deref().unwrap_or(&self.amount)
    }

    /// A deposit's status once its transfer is confirmed.
    fn settled(&self) -> DepositStatus {
        match (self.amount.parse::<Amount>(), self.due().parse()) {
            (Ok(paid), Ok(requested)) if paid < requested => DepositStatus::Created,
            (Ok(paid), Ok(requested)) if paid > requested => DepositStatus::Unresolved,
            _ => DepositStatus::Paid,
        }
    }
}
