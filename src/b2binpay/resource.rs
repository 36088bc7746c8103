//! [`Transfer`] and [`Currency`]: resources that accompany an operation.

use super::operation::Operation;
use super::related;
use super::status::{OperationType, RiskStatus, TransferStatus};
use super::wire::Resource;
use crate::amount::Amount;
use crate::error::{FieldWarning, ParseError};
use crate::fields::fields;
use crate::read::{self, At, Source};
use crate::timestamp::Timestamp;

fields! {
    /// A transfer of money on the blockchain.
    ///
    /// Amounts are in units of the transfer's currency; those named `target` are in
    /// the wallet's currency. A signature covers only `status` and `amount`, and only
    /// for the one transfer that the callback is about. It serializes as its
    /// attributes.
    ///
    /// ```
    /// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
    /// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
    /// # let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
    /// # let callback = verifier.verify(Unverified::parse(&body)?)?;
    /// use payhook::b2binpay::RiskStatus;
    ///
    /// let transfer = callback.reported().transfer().ok_or("no transfer")?;
    /// assert_eq!(transfer.amount(), "0.412".parse()?);
    /// assert_eq!(transfer.amount_cleared(), Some("0.410352".parse()?)); // less the commission
    /// assert_eq!(transfer.risk_status(), Some(RiskStatus::Green));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    index TransferFields for Transfer<'a>
    with resource: &'a Resource, also id, currency_id, wallet_id, parent_id
    {
        /// The id of the deposit or payout that it belongs to.
        lenient op_id: &'a str = "op_id" as id;
        /// The purpose of the transfer.
        lenient op_type: OperationType = "op_type" as code;
        /// The status.
        required status: TransferStatus = "status" as signed_code;
        /// The amount without fees.
        required amount: Amount = "amount" as plain_amount;
        /// `amount` in the wallet's currency.
        lenient amount_target: Amount = "amount_target" as amount;
        /// The amount that reaches the wallet.
        lenient amount_cleared: Amount = "amount_cleared" as received_amount;
        /// The exchange rate from the transfer's currency to the wallet's.
        lenient rate_target: Amount = "rate_target" as amount;
        /// The gateway's commission.
        lenient commission: Amount = "commission" as amount;
        /// The commission in the wallet's currency.
        lenient commission_target: Amount = "commission_target" as amount;
        /// The blockchain fee.
        lenient fee: Amount = "fee" as amount;
        /// The blockchain transaction id; missing or empty before the broadcast.
        lenient txid: &'a str = "txid" as text;
        /// A note for the user.
        lenient user_message: &'a str = "user_message" as text;
        /// The time when it was first seen.
        lenient created_at: Timestamp = "created_at" as time;
        /// The time of its last change.
        lenient updated_at: Timestamp = "updated_at" as time;
        /// The number of confirmations so far.
        lenient confirmations: u32 = "confirmations" as count;
        /// AML risk, 0 to 100.
        lenient risk: u8 = "risk" as percentage;
        /// The result of the AML check.
        lenient risk_status: RiskStatus = "risk_status" as code;
        /// Risk by the merchant's own AML settings, 0 to 100.
        lenient risk_personal: u8 = "risk_personal" as percentage;
        /// The result by the merchant's own AML settings.
        lenient risk_personal_status: RiskStatus = "risk_personal_status" as code;
    }

    /// A currency, as the gateway describes it. It is never signed: a captured
    /// payment of 100 DOGE can be replayed with the description of BTC. It serializes
    /// as its attributes.
    ///
    /// ```
    /// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
    /// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
    /// # let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
    /// # let callback = verifier.verify(Unverified::parse(&body)?)?;
    /// // For display only. Credit in the currency of your own record.
    /// let currency = callback.reported().currency().ok_or("no currency, or several")?;
    /// assert_eq!(currency.alpha(), Some("ETH"));
    /// assert_eq!(currency.blockchain_name(), Some("Ethereum"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    index CurrencyFields for Currency<'a>
    with resource: &'a Resource, also id, parent_id
    {
        /// The same value as the id, from a separate field.
        lenient iso: &'a str = "iso" as id;
        /// `Ethereum`.
        lenient name: &'a str = "name" as text;
        /// The full name: `ETH`; for a token, with its blockchain: `USDT-ETH`.
        lenient alpha: &'a str = "alpha" as text;
        /// A token's ticker without its blockchain: `USDT` (GATEWAYS 1.1).
        lenient alias: &'a str = "alias" as text;
        /// The number of decimals of its amounts.
        lenient exp: u32 = "exp" as count;
        /// The number of confirmations until a transfer counts as confirmed.
        lenient confirmation_blocks: u32 = "confirmation_blocks" as count;
        /// The smallest transfer, in currency units.
        lenient minimal_transfer_amount: Amount = "minimal_transfer_amount" as amount;
        /// The block delay; its unit is not documented.
        lenient block_delay: i64 = "block_delay" as integer;
        /// `Ethereum`; empty for tokens.
        lenient blockchain_name: &'a str = "blockchain_name" as text;
        /// Free text.
        lenient tags: &'a str = "tags" as text;
    }
}

impl<'a> Transfer<'a> {
    #[inline]
    pub(super) fn new(
        source: Source<'a>,
        resource: &'a Resource,
        fields: &'a TransferFields,
    ) -> Self {
        Self {
            source,
            fields,
            resource,
        }
    }

    /// Returns the gateway's id.
    #[must_use]
    pub fn id(&self) -> &'a str {
        own_id(self.source, self.resource).unwrap_or_default()
    }

    /// Returns `status` exactly as written in the body, which is the signed text.
    pub(crate) fn signed_status(&self) -> &'a str {
        let status = self
            .source
            .lenient(self.fields.status, read::text_or_number);
        status.unwrap_or_default()
    }

    /// Returns `amount` exactly as written in the body, which is the signed text.
    pub(crate) fn signed_amount(&self) -> &'a str {
        let amount = self
            .source
            .lenient(self.fields.amount, read::text_or_number);
        amount.unwrap_or_default()
    }

    /// Returns the id of its currency, to look up among the callback's currencies.
    #[must_use]
    pub fn currency_id(&self) -> Option<&'a str> {
        related::id(self.source, &self.resource.relationships.currency)
    }

    /// Returns the id of the wallet.
    #[must_use]
    pub fn wallet_id(&self) -> Option<&'a str> {
        related::id(self.source, &self.resource.relationships.wallet)
    }

    /// Returns the id of the parent transfer.
    #[must_use]
    pub fn parent_id(&self) -> Option<&'a str> {
        related::id(self.source, &self.resource.relationships.parent)
    }

    /// Whether its operation type matches this operation.
    pub(crate) fn fits(&self, operation: Operation<'_>) -> bool {
        let own = operation.is_deposit();
        self.op_type().is_some_and(|op_type| op_type.fits(own))
    }

    /// `status`, `amount` and the id are strict, all other fields are incidental.
    pub(super) fn check(&self, at: At<'_>) -> Result<(), ParseError> {
        let source = self.source;
        source.required(at.key("id"), self.resource.id, read::id)?;
        related::check(at, &self.resource.relationships)?;
        let at = at.key("attributes");
        at.sound(self.fields.shape)?;
        self.check_fields(at)
    }

    pub(super) fn note(&self, at: At<'_>, notes: &mut Vec<FieldWarning>) {
        related::note(self.source, at, &self.resource.relationships, notes);
        self.note_fields(at.key("attributes"), notes);
        if let Err(error) = self.check(at) {
            notes.extend(FieldWarning::of(error));
        }
    }
}

impl<'a> Currency<'a> {
    #[inline]
    pub(super) fn new(
        source: Source<'a>,
        resource: &'a Resource,
        fields: &'a CurrencyFields,
    ) -> Self {
        Self {
            source,
            fields,
            resource,
        }
    }

    /// Returns the gateway's id.
    #[must_use]
    pub fn id(&self) -> &'a str {
        own_id(self.source, self.resource).unwrap_or_default()
    }

    /// Returns the id of a token's blockchain: the currency of its native coin.
    #[must_use]
    pub fn parent_id(&self) -> Option<&'a str> {
        related::id(self.source, &self.resource.relationships.parent)
    }

    /// Returns whether the currency has this name: its full name (`USDT-ETH`), its
    /// ticker (`USDT`) or the gateway's id (`2015`), ignoring case. A full name with
    /// another blockchain is another currency.
    ///
    /// ```
    /// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
    /// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
    /// # let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
    /// # let callback = verifier.verify(Unverified::parse(&body)?)?;
    /// let currency = callback.reported().currency().ok_or("no currency, or several")?;
    /// assert!(currency.is_named("eth"));
    /// assert!(!currency.is_named("USDT-ETH"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        let names = [self.alpha(), self.alias(), Some(self.id())];
        let mut names = names.into_iter().flatten();
        names.any(|own| own.eq_ignore_ascii_case(name))
    }

    /// All fields are incidental.
    pub(super) fn check(&self, at: At<'_>) -> Result<(), ParseError> {
        related::check(at, &self.resource.relationships)?;
        let at = at.key("attributes");
        at.usable(self.fields.shape)?;
        self.check_fields(at)
    }

    pub(super) fn note(&self, at: At<'_>, notes: &mut Vec<FieldWarning>) {
        let id = self
            .source
            .required(at.key("id"), self.resource.id, read::id);
        if let Err(error) = id {
            notes.extend(FieldWarning::of(error));
            return;
        }
        related::note(self.source, at, &self.resource.relationships, notes);
        let at = at.key("attributes");
        at.note_shape(self.fields.shape, notes);
        self.note_fields(at, notes);
    }
}

pub(super) fn own_id<'a>(source: Source<'a>, resource: &Resource) -> Option<&'a str> {
    source.lenient(resource.id, read::id)
}
