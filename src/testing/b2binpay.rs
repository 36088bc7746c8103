//! Callbacks as B2BINPAY and Coinsbuy would send them.
//!
//! ```
//! use payhook::b2binpay::Key;
//! use payhook::testing::b2binpay::{deposit, payout};
//!
//! let key = Key::callback_secret("my test secret")?;
//! let paid = deposit().tracking_id("order-1").amount("0.3").currency("ETH").confirmed().sign(&key);
//! let on_its_way = deposit().tracking_id("order-1").amount("0.3").currency("ETH").unconfirmed(1).sign(&key);
//! let refused = payout().tracking_id("wd-1").amount("125").currency("USDT").no_transfer().sign(&key);
//! # for body in [paid, on_its_way, refused] { body.unverified()?; }
//! # Ok::<(), payhook::Error>(())
//! ```
//!
//! The signature uses the verifier's own definition of the signed message;
//! `tests/vectors` has bodies of an independent signer.

mod currency;
mod layout;
mod moments;
mod render;
mod sign;
mod transfer;

pub use currency::CurrencyBuilder;
pub use sign::resign;
pub use transfer::{TransferBuilder, transfer};

use chrono::{DateTime, Utc};

use super::json::Json;
use crate::b2binpay::TransferStatus;
use layout::Layout;

/// A builder for B2BINPAY callbacks; see the [module](self) for an example.
///
/// The default is *confirmed*, with 0.412 ETH for `order-9001` or 125 USDT for
/// `wd-77`, on March 2, 2026. [`set`](Self::set) sets fields without their own
/// method, by path.
///
/// All callbacks have the same signed time: give each later one, and each part of an
/// equal amount, its own with [`at`](Self::at). Otherwise a status counts only if it
/// is more final, and an equal part has the signature of the first
/// (`conflicting_delivery`).
#[derive(Debug, Clone)]
pub struct CallbackBuilder {
    is_deposit: bool,
    id: String,
    tracking_id: Json,
    amount: String,
    requested: Option<String>,
    currency: CurrencyBuilder,
    operation_status: Option<i32>,
    transfer: Option<TransferBuilder>,
    is_named: bool,
    before: Vec<Included>,
    after: Vec<Included>,
    time: DateTime<Utc>,
    layout: Option<Layout>,
    edits: Vec<(String, Option<Json>)>,
}

/// A resource in `included` in addition to the callback's own currency and transfer.
///
/// See [`TransferBuilder`] for an example.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Included {
    /// Another currency.
    Currency(CurrencyBuilder),
    /// Any other resource.
    Other(Json),
    /// Another transfer.
    Transfer(TransferBuilder),
}

/// Creates a confirmed deposit.
///
/// See the [module](self) for an example.
#[must_use]
pub fn deposit() -> CallbackBuilder {
    CallbackBuilder {
        is_deposit: true,
        id: "30417".to_owned(),
        tracking_id: "order-9001".into(),
        amount: "0.412".to_owned(),
        requested: None,
        currency: CurrencyBuilder::new("ETH"),
        operation_status: None,
        transfer: Some(TransferBuilder::subject()),
        is_named: true,
        before: Vec::new(),
        after: Vec::new(),
        // 2026-03-02T09:16:02.551870Z
        time: DateTime::from_timestamp_nanos(1_772_442_962_551_870_000),
        layout: None,
        edits: Vec::new(),
    }
}

/// Creates a confirmed payout.
///
/// See the [module](self) for an example.
#[must_use]
pub fn payout() -> CallbackBuilder {
    CallbackBuilder {
        is_deposit: false,
        id: "8815".to_owned(),
        tracking_id: "wd-77".into(),
        amount: "125".to_owned(),
        currency: CurrencyBuilder::new("USDT"),
        transfer: Some(TransferBuilder::subject().id("55030")),
        ..deposit()
    }
}

impl CallbackBuilder {
    /// Sets the gateway's id of the deposit or payout, which is not signed.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.id = id.into();
        self
    }

    /// Sets the merchant's own reference: a string, or a value of old integrations:
    /// `17`, `None::<&str>`.
    #[must_use]
    pub fn tracking_id(mut self, id: impl Into<Json>) -> Self {
        self.tracking_id = id.into();
        self
    }

    /// Sets the transferred amount, in currency units. It is written with all the
    /// fraction digits of the currency, as the gateway writes it; for another form,
    /// [`set`](Self::set) `included[1].attributes.amount`.
    #[must_use]
    pub fn amount(mut self, amount: &str) -> Self {
        self.amount = amount.into();
        self
    }

    /// Sets the requested amount of a deposit; the default is the transferred amount.
    /// A deposit that is confirmed with less stays *created*, one with more is
    /// *unresolved*.
    #[must_use]
    pub fn requested(mut self, amount: &str) -> Self {
        self.requested = Some(amount.to_owned());
        self
    }

    /// Sets the currency, by its ticker or as a [`CurrencyBuilder`] with other decimals.
    #[must_use]
    pub fn currency(mut self, currency: impl Into<CurrencyBuilder>) -> Self {
        self.currency = currency.into();
        self
    }

    /// Makes the transfer *created*: known, but not on the blockchain yet.
    #[must_use]
    pub fn created(self) -> Self {
        self.transfer_status(TransferStatus::Created.code())
    }

    /// Makes the transfer *unconfirmed*, with this many confirmations.
    #[must_use]
    pub fn unconfirmed(self, confirmations: u32) -> Self {
        self.transfer_status(TransferStatus::Unconfirmed.code())
            .confirmations(confirmations)
    }

    /// Makes the transfer *confirmed*.
    #[must_use]
    pub fn confirmed(self) -> Self {
        self.transfer_status(TransferStatus::Confirmed.code())
    }

    /// Makes the transfer *failed* on the blockchain.
    #[must_use]
    pub fn failed(self) -> Self {
        self.transfer_status(TransferStatus::Failed.code())
    }

    /// Makes the transfer *blocked* by an AML provider.
    #[must_use]
    pub fn blocked(self) -> Self {
        self.transfer_status(TransferStatus::Blocked.code())
    }

    /// Makes the transfer *canceled*: canceled, or too small.
    #[must_use]
    pub fn canceled(self) -> Self {
        self.transfer_status(TransferStatus::Canceled.code())
    }

    /// Sets the transfer's status to any code.
    #[must_use]
    pub fn transfer_status(self, code: i32) -> Self {
        self.with_transfer(|transfer| TransferBuilder {
            confirmations: None,
            ..transfer.status(code)
        })
    }

    /// Sets the number of confirmations of the transfer.
    #[must_use]
    pub fn confirmations(self, confirmations: u32) -> Self {
        self.with_transfer(|transfer| transfer.confirmations(confirmations))
    }

    /// Sets the gateway's id of the transfer, which is not signed. Another transfer of
    /// the same amount also needs [another time](Self::at): otherwise it has the same
    /// signature (`conflicting_delivery`).
    #[must_use]
    pub fn transfer_id(self, id: &str) -> Self {
        self.with_transfer(|transfer| transfer.id(id))
    }

    /// Sets the transfer's operation type: 1 for a deposit, 2 for a payout.
    #[must_use]
    pub fn op_type(self, code: i32) -> Self {
        self.with_transfer(|transfer| transfer.op_type(code))
    }

    /// Sets the blockchain transaction id.
    #[must_use]
    pub fn txid(self, txid: &str) -> Self {
        self.with_transfer(|transfer| transfer.txid(txid))
    }

    fn with_transfer(self, change: impl FnOnce(TransferBuilder) -> TransferBuilder) -> Self {
        let transfer = self.transfer.unwrap_or_else(TransferBuilder::subject);
        Self {
            transfer: Some(change(transfer)),
            ..self
        }
    }

    /// Removes the transfer (*No transfer*): the deposit expired unpaid, or the
    /// payout was not approved. API v2 sends these [unsigned](Self::unsigned), and
    /// its deposits have no status to sign.
    #[must_use]
    pub fn no_transfer(mut self) -> Self {
        self.transfer = None;
        self
    }

    /// Removes the reference to the transfer, as in older bodies.
    #[must_use]
    pub fn without_relationship(mut self) -> Self {
        self.is_named = false;
        self
    }

    /// Sets the deposit's or payout's own status code, on its own scale; the default
    /// follows from the transfer.
    #[must_use]
    pub fn operation_status(mut self, code: i32) -> Self {
        self.operation_status = Some(code);
        self
    }

    /// Sets the time of the callback: `meta.time`, which is signed. The reported
    /// events happened in the seven minutes before. The default is the same for all
    /// callbacks.
    #[must_use]
    pub fn at(mut self, time: DateTime<Utc>) -> Self {
        self.time = time;
        self
    }

    /// Appends a resource to `included`.
    #[must_use]
    pub fn include(mut self, resource: impl Into<Included>) -> Self {
        self.after.push(resource.into());
        self
    }

    /// Prepends a resource to `included`.
    #[must_use]
    pub fn include_first(mut self, resource: impl Into<Included>) -> Self {
        self.before.insert(0, resource.into());
        self
    }

    /// Uses the fields of API v2. Without this or [`v3`](Self::v3), the signing key
    /// determines the version.
    #[must_use]
    pub fn v2(mut self) -> Self {
        self.layout = Some(Layout::V2);
        self
    }

    /// Uses all fields of API v3.
    #[must_use]
    pub fn v3(mut self) -> Self {
        self.layout = Some(Layout::V3);
        self
    }

    /// Sets the value at a path before signing: `data.id`,
    /// `included[1].attributes.risk`. A missing key at the end of the path is added,
    /// and so is an entry at the end of an array. Calls are applied in order.
    ///
    /// ```
    /// use payhook::b2binpay::Key;
    /// use payhook::testing::{Json, b2binpay::deposit};
    ///
    /// let key = Key::callback_secret("my test secret")?;
    /// // As some builds send it: numbers instead of strings, one of them very long.
    /// let body = deposit()
    ///     .set("data.id", 30417)
    ///     .set("included[1].attributes.amount", Json::raw("0.4120"))
    ///     .remove("data.attributes.destination")
    ///     .sign(&key);
    /// assert!(body.as_str().contains(r#""amount":0.4120,"#));
    /// # Ok::<(), payhook::Error>(())
    /// ```
    #[must_use]
    pub fn set(mut self, path: &str, value: impl Into<Json>) -> Self {
        self.edits.push((path.to_owned(), Some(value.into())));
        self
    }

    /// Removes a key with its value, or an array's entry, before signing.
    #[must_use]
    pub fn remove(mut self, path: &str) -> Self {
        self.edits.push((path.to_owned(), None));
        self
    }
}

impl From<CurrencyBuilder> for Included {
    fn from(currency: CurrencyBuilder) -> Self {
        Self::Currency(currency)
    }
}

impl From<Json> for Included {
    fn from(json: Json) -> Self {
        Self::Other(json)
    }
}

impl From<TransferBuilder> for Included {
    fn from(transfer: TransferBuilder) -> Self {
        Self::Transfer(transfer)
    }
}
