//! Callbacks as B2BINPAY and Coinsbuy would post them.
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
//! The signature is made by the code that says for the verifier which text is
//! signed; `tests/vectors` has bodies of an independent signer.

mod currency;
mod render;
mod sign;
mod transfer;

pub use currency::Currency;
pub use sign::sign_again;
pub use transfer::{TransferBuilder, transfer};

use chrono::{DateTime, Utc};

use super::json::Json;
use crate::b2binpay::TransferStatus;

/// A callback in the making; see the [module](self) for an example.
///
/// Unless set otherwise it is *confirmed*, of 0.412 ETH under `order-9001` or
/// 125 USDT under `wd-77`, and of March 2, 2026. Everything that has no method
/// of its own is [`set`](Self::set) by its path.
#[derive(Debug, Clone)]
pub struct CallbackBuilder {
    is_deposit: bool,
    id: String,
    tracking_id: Json,
    amount: String,
    requested: Option<String>,
    currency: Currency,
    operation_status: Option<i32>,
    transfer: Option<TransferBuilder>,
    is_named: bool,
    before: Vec<Included>,
    after: Vec<Included>,
    time: DateTime<Utc>,
    layout: Option<Layout>,
    edits: Vec<(String, Option<Json>)>,
}

/// Which fields there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    V2,
    V3,
}

/// What can be in `included` beside the callback's own currency and transfer.
///
/// See [`TransferBuilder`] for an example.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Included {
    /// Another currency.
    Currency(Currency),
    /// Whatever else.
    Other(Json),
    /// Another transfer.
    Transfer(TransferBuilder),
}

/// A confirmed deposit.
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
        currency: Currency::new("ETH"),
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

/// A confirmed payout.
///
/// See the [module](self) for an example.
#[must_use]
pub fn payout() -> CallbackBuilder {
    CallbackBuilder {
        is_deposit: false,
        id: "8815".to_owned(),
        tracking_id: "wd-77".into(),
        amount: "125".to_owned(),
        currency: Currency::new("USDT"),
        transfer: Some(TransferBuilder::subject().id("55030")),
        ..deposit()
    }
}

impl CallbackBuilder {
    /// The gateway's id of the deposit or payout, which nothing signs.
    #[must_use]
    pub fn id(self, id: &str) -> Self {
        Self {
            id: id.to_owned(),
            ..self
        }
    }

    /// The merchant's own reference: a text, or what old integrations have
    /// there: `17`, `None::<&str>`.
    #[must_use]
    pub fn tracking_id(self, id: impl Into<Json>) -> Self {
        Self {
            tracking_id: id.into(),
            ..self
        }
    }

    /// What was moved, in whole coins. It is written with all the fraction
    /// digits of the currency, as the gateway writes it; to have it otherwise,
    /// [`set`](Self::set) `included[1].attributes.amount`.
    #[must_use]
    pub fn amount(self, amount: &str) -> Self {
        Self {
            amount: amount.to_owned(),
            ..self
        }
    }

    /// What a deposit asked for; the amount unless set. A deposit that is
    /// confirmed with less stays *created*, one with more is *unresolved*.
    #[must_use]
    pub fn requested(self, amount: &str) -> Self {
        Self {
            requested: Some(amount.to_owned()),
            ..self
        }
    }

    /// By its ticker, or a [`Currency`] with another scale.
    #[must_use]
    pub fn currency(self, currency: impl Into<Currency>) -> Self {
        Self {
            currency: currency.into(),
            ..self
        }
    }

    /// The transfer is known and not in the blockchain yet.
    #[must_use]
    pub fn created(self) -> Self {
        self.transfer_status(TransferStatus::Created.code())
    }

    /// The transfer has this many confirmations, and that is not enough.
    #[must_use]
    pub fn unconfirmed(self, confirmations: u32) -> Self {
        self.transfer_status(TransferStatus::Unconfirmed.code())
            .confirmations(confirmations)
    }

    /// The transfer is final.
    #[must_use]
    pub fn confirmed(self) -> Self {
        self.transfer_status(TransferStatus::Confirmed.code())
    }

    /// The transfer failed in the blockchain.
    #[must_use]
    pub fn failed(self) -> Self {
        self.transfer_status(TransferStatus::Failed.code())
    }

    /// The transfer was blocked by an AML provider.
    #[must_use]
    pub fn blocked(self) -> Self {
        self.transfer_status(TransferStatus::Blocked.code())
    }

    /// The transfer was canceled, or its amount is too small.
    #[must_use]
    pub fn canceled(self) -> Self {
        self.transfer_status(TransferStatus::Canceled.code())
    }

    /// The transfer's status by its code: any code can be sent.
    #[must_use]
    pub fn transfer_status(self, code: i32) -> Self {
        self.with_transfer(|transfer| TransferBuilder {
            confirmations: None,
            ..transfer.status(code)
        })
    }

    /// How many blocks are on top of the transfer.
    #[must_use]
    pub fn confirmations(self, confirmations: u32) -> Self {
        self.with_transfer(|transfer| transfer.confirmations(confirmations))
    }

    /// The gateway's id of the transfer, which nothing signs.
    #[must_use]
    pub fn transfer_id(self, id: &str) -> Self {
        self.with_transfer(|transfer| transfer.id(id))
    }

    /// What sort of movement the transfer is: 1 for a deposit, 2 for a payout.
    #[must_use]
    pub fn op_type(self, code: i32) -> Self {
        self.with_transfer(|transfer| transfer.op_type(code))
    }

    /// The blockchain's id of the transfer.
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

    /// *No transfer*: the deposit expired unpaid, or the payout was not
    /// approved. API v2 sends these [unsigned](Self::unsigned), and a deposit of
    /// its own has no status that could be signed.
    #[must_use]
    pub fn no_transfer(self) -> Self {
        Self {
            transfer: None,
            ..self
        }
    }

    /// The body names no transfer, as older ones.
    #[must_use]
    pub fn unnamed(self) -> Self {
        Self {
            is_named: false,
            ..self
        }
    }

    /// The deposit's or payout's own status by its code, on its own scale; as
    /// the transfer has it unless set.
    #[must_use]
    pub fn operation_status(self, code: i32) -> Self {
        Self {
            operation_status: Some(code),
            ..self
        }
    }

    /// When the gateway made the callback: `meta.time`, which is signed. What
    /// it tells of happened in the seven minutes before.
    #[must_use]
    pub fn at(self, time: DateTime<Utc>) -> Self {
        Self { time, ..self }
    }

    /// Another resource behind the others in `included`.
    #[must_use]
    pub fn include(mut self, resource: impl Into<Included>) -> Self {
        self.after.push(resource.into());
        self
    }

    /// Another resource in front of the others in `included`.
    #[must_use]
    pub fn include_first(mut self, resource: impl Into<Included>) -> Self {
        self.before.insert(0, resource.into());
        self
    }

    /// With the fewer fields of API v2. Without this or [`v3`](Self::v3) it is
    /// as the key that signs has it.
    #[must_use]
    pub fn v2(self) -> Self {
        Self {
            layout: Some(Layout::V2),
            ..self
        }
    }

    /// With all fields of API v3.
    #[must_use]
    pub fn v3(self) -> Self {
        Self {
            layout: Some(Layout::V3),
            ..self
        }
    }

    /// Another value at a path, before it is signed: `data.id`,
    /// `included[1].attributes.risk`. If its last step is a key that is not
    /// there, it is added, and so is an entry at the end of a list. It is done in
    /// the order of the calls.
    ///
    /// ```
    /// use payhook::b2binpay::Key;
    /// use payhook::testing::{Json, b2binpay::deposit};
    ///
    /// let key = Key::callback_secret("my test secret")?;
    /// // As some builds send it: numbers for texts, one as long as it likes.
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

    /// Takes away a key with its value, or a list's entry, before it is signed.
    #[must_use]
    pub fn remove(mut self, path: &str) -> Self {
        self.edits.push((path.to_owned(), None));
        self
    }
}

impl From<Currency> for Included {
    fn from(currency: Currency) -> Self {
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
