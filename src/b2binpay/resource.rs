//! What `included` holds: transfers, currencies, and whatever else turns up.

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
    /// A movement of money in the blockchain.
    ///
    /// Amounts are in whole coins of the transfer's currency unless the name says
    /// `target`, which is the wallet's currency. Of all fields a signature covers
    /// `status` and `amount` only, and only of the one transfer that the callback
    /// is about. It serializes as its attributes.
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
        /// What it was made for.
        lenient op_type: OperationType = "op_type" as code;
        /// Its status.
        required status: TransferStatus = "status" as signed_code;
        /// Without fees.
        required amount: Amount = "amount" as plain_amount;
        /// `amount` in the wallet's currency.
        lenient amount_target: Amount = "amount_target" as amount;
        /// What reaches the wallet.
        lenient amount_cleared: Amount = "amount_cleared" as received_amount;
        /// From the transfer's currency to the wallet's.
        lenient rate_target: Amount = "rate_target" as amount;
        /// The gateway's commission.
        lenient commission: Amount = "commission" as amount;
        /// The commission in the wallet's currency.
        lenient commission_target: Amount = "commission_target" as amount;
        /// The blockchain's fee.
        lenient fee: Amount = "fee" as amount;
        /// The blockchain's transaction id; none, or empty, before the broadcast.
        lenient txid: &'a str = "txid" as text;
        /// A note for the user.
        lenient user_message: &'a str = "user_message" as text;
        /// When it was first seen.
        lenient created_at: Timestamp = "created_at" as time;
        /// When it last changed.
        lenient updated_at: Timestamp = "updated_at" as time;
        /// Confirmations so far.
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

    /// A currency, as the gateway describes it. Never signed: a captured payment of
    /// 100 DOGE can be shown with the description of BTC. It serializes as its
    /// attributes.
    ///
    /// ```
    /// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
    /// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
    /// # let body = include_bytes!("../../examples/bodies/b2binpay-deposit-confirmed.json");
    /// # let callback = verifier.verify(Unverified::parse(body)?)?;
    /// // For a screen. What is credited is in the currency of your own record.
    /// let currency = callback.reported().currency().ok_or("no currency, or several")?;
    /// assert_eq!(currency.alpha(), Some("ETH"));
    /// assert_eq!(currency.blockchain_name(), Some("Ethereum"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    index CurrencyFields for Currency<'a>
    with resource: &'a Resource<Included>, also id, parent_id
    {
        /// The same as the id, from a field of its own.
        lenient iso: &'a str = "iso" as id;
        /// `Ethereum`.
        lenient name: &'a str = "name" as text;
        /// The full name: `ETH`; of a token, with its chain: `USDT-ETH`.
        lenient alpha: &'a str = "alpha" as text;
        /// A token's ticker without its chain: `USDT` (GATEWAYS 1.1).
        lenient alias: &'a str = "alias" as text;
        /// Fraction digits of its amounts.
        lenient exp: u32 = "exp" as count;
        /// Confirmations until a transfer counts as confirmed.
        lenient confirmation_blocks: u32 = "confirmation_blocks" as count;
        /// The smallest transfer, in whole coins.
        lenient minimal_transfer_amount: Amount = "minimal_transfer_amount" as amount;
        /// The gateway's own measure of a block's delay; its unit is not documented.
        lenient block_delay: i64 = "block_delay" as integer;
        /// `Ethereum`; empty for tokens.
        lenient blockchain_name: &'a str = "blockchain_name" as text;
        /// Free text.
        lenient tags: &'a str = "tags" as text;
    }
}

impl<'a> Transfer<'a> {
    /// The gateway's id.
    #[must_use]
    pub fn id(&self) -> &'a str {
        own_id(self.source, self.resource).unwrap_or_default()
    }

    /// `status` as it is written in the body: what is signed.
    pub(crate) fn signed_status(&self) -> &'a str {
        let status = self
            .source
            .lenient(self.fields.status, read::text_or_number);
        status.unwrap_or_default()
    }

    /// `amount` as it is written in the body: what is signed.
    pub(crate) fn signed_amount(&self) -> &'a str {
        let amount = self
            .source
            .lenient(self.fields.amount, read::text_or_number);
        amount.unwrap_or_default()
    }

    /// The id of its currency, to be found among the callback's currencies.
    #[must_use]
    pub fn currency_id(&self) -> Option<&'a str> {
        related::id(self.source, &self.resource.relationships.currency)
    }

    /// The id of the wallet.
    #[must_use]
    pub fn wallet_id(&self) -> Option<&'a str> {
        related::id(self.source, &self.resource.relationships.wallet)
    }

    /// The id of the parent transfer.
    #[must_use]
    pub fn parent_id(&self) -> Option<&'a str> {
        related::id(self.source, &self.resource.relationships.parent)
    }

    /// Whether its operation type is the one for this operation.
    pub(crate) fn fits(&self, operation: Operation<'_>) -> bool {
        let own = operation.is_deposit();
        self.op_type().is_some_and(|op_type| op_type.fits(own))
    }

    /// `status`, `amount` and the id are strict, all else is incidental.
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
    /// The gateway's id.
    #[must_use]
    pub fn id(&self) -> &'a str {
        own_id(self.source, self.resource).unwrap_or_default()
    }

    /// The id of a token's chain: its coin's currency.
    #[must_use]
    pub fn parent_id(&self) -> Option<&'a str> {
        related::id(self.source, &self.resource.relationships.parent)
    }

    /// Whether the currency goes by this name: its full name (`USDT-ETH`), its
    /// ticker (`USDT`) or the gateway's id (`2015`), in any case of its letters.
    /// Another chain under a full name is another currency.
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

/// A resource of a type that this version does not know.
///
/// See [`RawJson`] for an example.
#[derive(Clone, Copy)]
pub struct OtherResource<'a> {
    source: Source<'a>,
    resource: &'a Resource<Included>,
    attributes: Verbatim,
}

impl<'a> OtherResource<'a> {
    /// The JSON:API type; empty if there is none.
    #[must_use]
    pub fn kind(&self) -> &'a str {
        let kind = self.source.lenient(self.resource.kind, read::text);
        kind.unwrap_or_default()
    }

    /// The id, if it can be read.
    #[must_use]
    pub fn id(&self) -> Option<&'a str> {
        own_id(self.source, self.resource)
    }

    /// The attributes as they were sent.
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

    /// The transfer at this place.
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

    /// Refuses what can't be read, and returns what is left out: `named` is the
    /// transfer that the callback says it is about, and another one that can't be read
    /// is an oddity, and no reason to lose the payment.
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
                // Without an id it can't be referred to.
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

    /// What [`check`](Self::check) left out, and the odd fields of the rest.
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

/// Marks what [`Resources::check`] left out.
pub(super) fn leave_out(list: &mut List<Resource<Included>>, left_out: Vec<usize>) {
    for index in left_out {
        if let Some(resource) = list.items.get_mut(index) {
            resource.is_left_out = true;
        }
    }
}

/// A key twice is an error wherever it stands.
fn is_twice(error: &ParseError) -> bool {
    matches!(
        error,
        ParseError::Field {
            reason: FieldError::DuplicateKey,
            ..
        }
    )
}
