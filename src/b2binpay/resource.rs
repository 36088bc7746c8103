//! The resources in `included`: transfers, currencies and unknown types.

use std::fmt;

use super::operation::Operation;
use super::related;
use super::status::{OperationType, RiskStatus, TransferStatus};
use super::wire::{Included, Resource};
use crate::amount::Amount;
use crate::error::{FieldError, ParseError};
use crate::fields::fields;
use crate::read::{self, At, FieldWarning, RawJson, Source};
use crate::timestamp::Timestamp;
use crate::wire::{List, Verbatim};

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
    /// # let body = include_bytes!("../../examples/bodies/b2binpay-deposit-confirmed.json");
    /// # let callback = verifier.verify(Unverified::parse(body)?)?;
    /// use payhook::b2binpay::RiskStatus;
    ///
    /// let transfer = callback.reported().transfer().ok_or("nothing has come")?;
    /// assert_eq!(transfer.amount(), "0.412".parse()?);
    /// assert_eq!(transfer.amount_cleared(), Some("0.410352".parse()?)); // less the commission
    /// assert_eq!(transfer.risk_status(), Some(RiskStatus::Green));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    index TransferFields for Transfer<'a>
    with resource: &'a Resource<Included>, also id, currency_id, wallet_id, parent_id
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
    /// # let body = include_bytes!("../../examples/bodies/b2binpay-deposit-confirmed.json");
    /// # let callback = verifier.verify(Unverified::parse(body)?)?;
    /// // For display only. Credit in the currency of your own record.
    /// let currency = callback.reported().currency().ok_or("no currency, or several")?;
    /// assert_eq!(currency.alpha(), Some("ETH"));
    /// assert_eq!(currency.blockchain_name(), Some("Ethereum"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    index CurrencyFields for Currency<'a>
    with resource: &'a Resource<Included>, also id, parent_id
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
    fn check(&self, at: At<'_>) -> Result<(), ParseError> {
        let source = self.source;
        source.required(at.key("id"), self.resource.id, read::id)?;
        related::check(at, &self.resource.relationships)?;
        let at = at.key("attributes");
        at.sound(self.fields.shape)?;
        self.check_fields(at)
    }
}

impl<'a> Currency<'a> {
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
    /// # let body = include_bytes!("../../examples/bodies/b2binpay-deposit-confirmed.json");
    /// # let callback = verifier.verify(Unverified::parse(body)?)?;
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
}

/// A resource of a type that is unknown to this version.
///
/// See [`RawJson`] for an example.
#[derive(Clone, Copy)]
pub struct OtherResource<'a> {
    source: Source<'a>,
    resource: &'a Resource<Included>,
    attributes: Verbatim,
}

impl<'a> OtherResource<'a> {
    /// Returns the JSON:API type; empty if there is none.
    #[must_use]
    pub fn kind(&self) -> &'a str {
        let kind = self.source.lenient(self.resource.kind, read::text);
        kind.unwrap_or_default()
    }

    /// Returns the id, if it is valid.
    #[must_use]
    pub fn id(&self) -> Option<&'a str> {
        own_id(self.source, self.resource)
    }

    /// Returns the attributes as sent.
    #[must_use]
    pub fn attributes(&self) -> Option<RawJson> {
        self.source.lenient(self.attributes.0, read::json)
    }
}

impl PartialEq for OtherResource<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.kind(), self.id(), self.attributes())
            == (other.kind(), other.id(), other.attributes())
    }
}

impl Eq for OtherResource<'_> {}

impl fmt::Debug for OtherResource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtherResource")
            .field("kind", &self.kind())
            .field("id", &self.id())
            .field("attributes", &self.attributes())
            .finish()
    }
}

fn own_id<'a>(source: Source<'a>, resource: &Resource<Included>) -> Option<&'a str> {
    source.lenient(resource.id, read::id)
}

/// The transfers, currencies and other resources of `included`, in its order.
#[derive(Clone, Copy)]
pub(super) struct Resources<'a> {
    source: Source<'a>,
    list: &'a List<Resource<Included>>,
}

impl<'a> Resources<'a> {
    pub(super) fn new(source: Source<'a>, list: &'a List<Resource<Included>>) -> Self {
        Self { source, list }
    }

    fn all(self) -> impl Iterator<Item = (usize, &'a Resource<Included>)> + Clone {
        let all = self.list.items.iter().enumerate();
        all.filter(|(_, resource)| !resource.is_left_out && !resource.shape.is_nothing())
    }

    pub(super) fn transfers(self) -> impl Iterator<Item = (usize, Transfer<'a>)> + Clone {
        self.all()
            .filter_map(move |(index, resource)| Some((index, self.transfer_of(resource)?)))
    }

    pub(super) fn currencies(self) -> impl Iterator<Item = Currency<'a>> + Clone {
        self.all()
            .filter_map(move |(_, resource)| self.currency_of(resource))
    }

    pub(super) fn others(self) -> impl Iterator<Item = OtherResource<'a>> + Clone {
        self.all()
            .filter_map(move |(_, resource)| self.other_of(resource))
    }

    /// The transfer at this index.
    pub(super) fn transfer(self, index: usize) -> Option<Transfer<'a>> {
        self.transfer_of(self.list.items.get(index)?)
    }

    fn transfer_of(self, resource: &'a Resource<Included>) -> Option<Transfer<'a>> {
        let Included::Transfer(fields) = &resource.attributes else {
            return None;
        };
        Some(Transfer {
            source: self.source,
            resource,
            fields,
        })
    }

    fn currency_of(self, resource: &'a Resource<Included>) -> Option<Currency<'a>> {
        let Included::Currency(fields) = &resource.attributes else {
            return None;
        };
        Some(Currency {
            source: self.source,
            resource,
            fields,
        })
    }

    fn other_of(self, resource: &'a Resource<Included>) -> Option<OtherResource<'a>> {
        let Included::Other(attributes) = resource.attributes else {
            return None;
        };
        Some(OtherResource {
            source: self.source,
            resource,
            attributes,
        })
    }

    /// Refuses invalid resources, and returns those that are left out: `named` is the
    /// transfer that the callback refers to; another invalid one is only an warning
    /// and does not make the payment fail.
    pub(super) fn check(self, named: Option<&str>) -> Result<Vec<usize>, ParseError> {
        let mut left_out = Vec::new();
        for (index, resource) in self.all() {
            let at = At::Root.entry("included", index);
            at.sound(resource.shape)?;
            if let Some(transfer) = self.transfer_of(resource) {
                let own = own_id(self.source, resource);
                let is_another = named.is_some_and(|named| own != Some(named));
                match transfer.check(at) {
                    Err(error) if is_another && !is_twice(&error) => left_out.push(index),
                    checked => checked?,
                }
            } else if let Some(currency) = self.currency_of(resource) {
                // Without an id, it cannot be referred to.
                if own_id(self.source, resource).is_none() {
                    left_out.push(index);
                    continue;
                }
                related::check(at, &resource.relationships)?;
                let at = at.key("attributes");
                at.usable(currency.fields.shape)?;
                currency.check_fields(at)?;
            }
        }
        Ok(left_out)
    }

    /// The resources that [`check`](Self::check) left out, and the invalid fields of
    /// the rest.
    pub(super) fn note(self, notes: &mut Vec<FieldWarning>) {
        for (index, resource) in self.list.items.iter().enumerate() {
            let at = At::Root.entry("included", index);
            if let Some(transfer) = self.transfer_of(resource) {
                related::note(self.source, at, &resource.relationships, notes);
                transfer.note_fields(at.key("attributes"), notes);
                if let Err(error) = transfer.check(at) {
                    notes.extend(FieldWarning::of(error));
                }
            } else if let Some(currency) = self.currency_of(resource) {
                let id = self.source.required(at.key("id"), resource.id, read::id);
                if let Err(error) = id {
                    notes.extend(FieldWarning::of(error));
                    continue;
                }
                related::note(self.source, at, &resource.relationships, notes);
                let at = at.key("attributes");
                at.note_shape(currency.fields.shape, notes);
                currency.note_fields(at, notes);
            } else if let Some(other) = self.other_of(resource) {
                let (source, id) = (self.source, resource.id);
                source.note(at.key("type"), resource.kind, read::text, notes);
                source.note(at.key("id"), id, read::id, notes);
                source.note(at.key("attributes"), other.attributes.0, read::json, notes);
            }
        }
    }
}

/// Marks the resources that [`Resources::check`] left out.
pub(super) fn leave_out(list: &mut List<Resource<Included>>, left_out: Vec<usize>) {
    for index in left_out {
        if let Some(resource) = list.items.get_mut(index) {
            resource.is_left_out = true;
        }
    }
}

/// A duplicate key is always an error.
fn is_twice(error: &ParseError) -> bool {
    matches!(
        error,
        ParseError::Field {
            reason: FieldError::DuplicateKey,
            ..
        }
    )
}
