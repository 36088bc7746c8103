//! What `included` holds: transfers, currencies, and whatever else turns up.

use serde::Serialize;

use super::related::Related;
use super::status::{OperationType, RiskStatus, TransferStatus};
use super::wire::{Attributes, CurrencyAttributes, Resource, TransferAttributes};
use crate::amount::Amount;
use crate::error::{Flaw, ParseError};
use crate::read::{self, At, RawJson, Reader, lenient};
use crate::text::Text;
use crate::timestamp::Timestamp;
use crate::wire::Raw;

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
/// assert_eq!(transfer.amount, "0.412".parse()?);
/// assert_eq!(transfer.amount_cleared, Some("0.410352".parse()?)); // less the commission
/// assert_eq!(transfer.risk_status, Some(RiskStatus::Green));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Transfer {
    /// The gateway's id.
    #[serde(skip)]
    pub id: Text,
    /// The id of the deposit or payout that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op_id: Option<Text>,
    /// What it was made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op_type: Option<OperationType>,
    /// Without fees.
    pub amount: Amount,
    /// `amount` in the wallet's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_target: Option<Amount>,
    /// What reaches the wallet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_cleared: Option<Amount>,
    /// From the transfer's currency to the wallet's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_target: Option<Amount>,
    /// The gateway's commission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commission: Option<Amount>,
    /// The commission in the wallet's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commission_target: Option<Amount>,
    /// The blockchain's fee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee: Option<Amount>,
    /// The blockchain's transaction id; none, or empty, before the broadcast.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub txid: Option<Text>,
    /// Its status.
    pub status: TransferStatus,
    /// A note for the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_message: Option<Text>,
    /// When it was first seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Confirmations so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmations: Option<u32>,
    /// AML risk, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<u8>,
    /// The result of the AML check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_status: Option<RiskStatus>,
    /// Risk by the merchant's own AML settings, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_personal: Option<u8>,
    /// The result by the merchant's own AML settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_personal_status: Option<RiskStatus>,
    /// The id of its currency, to be found among the callback's currencies.
    #[serde(skip)]
    pub currency_id: Option<Text>,
    /// The id of the wallet.
    #[serde(skip)]
    pub wallet_id: Option<Text>,
    /// The id of the parent transfer.
    #[serde(skip)]
    pub parent_id: Option<Text>,
    /// `status` as it is written in the body: what is signed.
    #[serde(skip)]
    pub(crate) signed_status: Text,
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
/// assert_eq!(currency.alpha.as_deref(), Some("ETH"));
/// assert_eq!(currency.blockchain_name.as_deref(), Some("Ethereum"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Currency {
    /// The gateway's id.
    #[serde(skip)]
    pub id: Text,
    /// The same, from a field of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iso: Option<Text>,
    /// `Ethereum`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// The full name: `ETH`; of a token, with its chain: `USDT-ETH`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpha: Option<Text>,
    /// A token's ticker without its chain: `USDT` (GATEWAYS 1.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<Text>,
    /// Fraction digits of its amounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<u32>,
    /// Confirmations until a transfer counts as confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmation_blocks: Option<u32>,
    /// The smallest transfer, in whole coins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimal_transfer_amount: Option<Amount>,
    /// The gateway's own measure of a block's delay; its unit is not documented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_delay: Option<i64>,
    /// `Ethereum`; empty for tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blockchain_name: Option<Text>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Text>,
    /// The id of a token's chain: its coin's currency.
    #[serde(skip)]
    pub parent_id: Option<Text>,
}

impl Currency {
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
        let names = [self.alpha.as_ref(), self.alias.as_ref(), Some(&self.id)];
        let mut names = names.into_iter().flatten();
        names.any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// A resource of a type that this version does not know.
///
/// See [`RawJson`] for an example.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtherResource {
    /// The JSON:API type; empty if there is none.
    pub kind: Text,
    /// The id, if it can be read.
    pub id: Option<Text>,
    /// The attributes as they were sent.
    pub attributes: Option<RawJson>,
}

/// The transfers, currencies and other resources of `included`, in its order.
pub(crate) struct Included {
    pub(crate) transfers: Vec<Transfer>,
    pub(crate) currencies: Vec<Currency>,
    pub(crate) others: Vec<OtherResource>,
}

impl Included {
    /// `named` is the transfer that the callback says it is about: another one
    /// that can't be read is an oddity, and no reason to lose the payment.
    pub(crate) fn read(
        reader: &mut Reader,
        resources: &[Resource<'_>],
        named: Option<&Text>,
    ) -> Result<Self, ParseError> {
        let mut included = Self::with_room_for(resources);
        for (index, resource) in resources.iter().enumerate() {
            let at = At::Root.entry("included", index);
            if resource.shape.is_nothing() {
                continue;
            }
            at.sound(resource.shape)?;
            match &resource.attributes {
                Attributes::Transfer(a) => match transfer(reader, at, resource, a) {
                    Ok(transfer) => included.transfers.push(transfer),
                    Err(error) if !is_twice(&error) && is_another(reader, resource, named) => {
                        reader.note_error(error);
                    }
                    Err(error) => return Err(error),
                },
                Attributes::Currency(a) => {
                    included
                        .currencies
                        .extend(currency(reader, at, resource, a)?);
                }
                Attributes::Other(a) => included.others.push(other(reader, at, resource, *a)),
            }
        }
        Ok(included)
    }

    /// A list that grows takes room for four at first; most have one.
    fn with_room_for(resources: &[Resource<'_>]) -> Self {
        let count = |is: fn(&Attributes<'_>) -> bool| {
            let resources = resources.iter();
            resources
                .filter(|resource| is(&resource.attributes))
                .count()
        };
        Self {
            transfers: Vec::with_capacity(count(|a| matches!(a, Attributes::Transfer(_)))),
            currencies: Vec::with_capacity(count(|a| matches!(a, Attributes::Currency(_)))),
            others: Vec::with_capacity(count(|a| matches!(a, Attributes::Other(_)))),
        }
    }
}

/// A key twice is an error wherever it stands.
fn is_twice(error: &ParseError) -> bool {
    matches!(
        error,
        ParseError::Field {
            flaw: Flaw::Duplicate,
            ..
        }
    )
}

/// Whether the callback is about another transfer than this one, for certain.
fn is_another(reader: &Reader, resource: &Resource<'_>, named: Option<&Text>) -> bool {
    let own = resource
        .id
        .present()
        .and_then(|raw| read::id(reader, raw).ok());
    named.is_some_and(|named| own.as_ref() != Some(named))
}

fn other(
    reader: &mut Reader,
    at: At<'_>,
    resource: &Resource<'_>,
    attributes: Raw<'_>,
) -> OtherResource {
    let kind = reader.lenient(at.key("type"), resource.kind, read::text);
    OtherResource {
        kind: kind.unwrap_or_else(|| Text::empty(&reader.body)),
        id: reader.lenient(at.key("id"), resource.id, read::id),
        attributes: reader.lenient(at.key("attributes"), attributes, read::json),
    }
}

/// `status`, `amount` and the id are strict, all else is incidental.
fn transfer(
    reader: &mut Reader,
    at: At<'_>,
    resource: &Resource<'_>,
    a: &TransferAttributes<'_>,
) -> Result<Transfer, ParseError> {
    let id = reader.required(at.key("id"), resource.id, read::id)?;
    let related = Related::read(reader, at, &resource.relationships)?;
    let at = at.key("attributes");
    at.sound(a.shape)?;
    let (status, signed_status) = signed_status(reader, at, a.status)?;
    Ok(Transfer {
        id,
        op_id: lenient!(reader, at, a.op_id, id),
        op_type: lenient!(reader, at, a.op_type, code).map(OperationType::from_code),
        amount: reader.required(at.key("amount"), a.amount, read::plain_amount)?,
        amount_target: lenient!(reader, at, a.amount_target, amount),
        amount_cleared: lenient!(reader, at, a.amount_cleared, received_amount),
        rate_target: lenient!(reader, at, a.rate_target, amount),
        commission: lenient!(reader, at, a.commission, amount),
        commission_target: lenient!(reader, at, a.commission_target, amount),
        fee: lenient!(reader, at, a.fee, amount),
        txid: lenient!(reader, at, a.txid, text),
        status,
        user_message: lenient!(reader, at, a.user_message, text),
        created_at: lenient!(reader, at, a.created_at, time),
        updated_at: lenient!(reader, at, a.updated_at, time),
        confirmations: lenient!(reader, at, a.confirmations, count),
        risk: lenient!(reader, at, a.risk, percentage),
        risk_status: lenient!(reader, at, a.risk_status, code).map(RiskStatus::from_code),
        risk_personal: lenient!(reader, at, a.risk_personal, percentage),
        risk_personal_status: lenient!(reader, at, a.risk_personal_status, code)
            .map(RiskStatus::from_code),
        currency_id: related.currency,
        wallet_id: related.wallet,
        parent_id: related.parent,
        signed_status,
    })
}

/// `-?[0-9]`, the only form in which a status can be signed and read back; and
/// never `-0`, which would be one code with two texts.
fn signed_status(
    reader: &Reader,
    at: At<'_>,
    status: Raw<'_>,
) -> Result<(TransferStatus, Text), ParseError> {
    let at = at.key("status");
    let text = reader.required(at, status, read::text_or_number)?;
    match one_digit(&text) {
        Some(code) => Ok((TransferStatus::from_code(code), text)),
        None => Err(at.error(Flaw::NotAStatus)),
    }
}

/// The code that a signed status text stands for.
pub(crate) fn one_digit(text: &str) -> Option<i32> {
    let digit = text.strip_prefix('-').unwrap_or(text);
    let sound = digit.len() == 1 && text != "-0";
    if sound { text.parse().ok() } else { None }
}

/// A currency without an id can't be referred to: it is noted and left out.
fn currency(
    reader: &mut Reader,
    at: At<'_>,
    resource: &Resource<'_>,
    a: &CurrencyAttributes<'_>,
) -> Result<Option<Currency>, ParseError> {
    let id = match reader.required(at.key("id"), resource.id, read::id) {
        Ok(id) => id,
        Err(error) => {
            reader.note_error(error);
            return Ok(None);
        }
    };
    let related = Related::read(reader, at, &resource.relationships)?;
    let at = at.key("attributes");
    reader.usable(at, a.shape)?;
    Ok(Some(Currency {
        id,
        iso: lenient!(reader, at, a.iso, id),
        name: lenient!(reader, at, a.name, text),
        alpha: lenient!(reader, at, a.alpha, text),
        alias: lenient!(reader, at, a.alias, text),
        exp: lenient!(reader, at, a.exp, count),
        confirmation_blocks: lenient!(reader, at, a.confirmation_blocks, count),
        minimal_transfer_amount: lenient!(reader, at, a.minimal_transfer_amount, amount),
        block_delay: lenient!(reader, at, a.block_delay, integer),
        blockchain_name: lenient!(reader, at, a.blockchain_name, text),
        tags: lenient!(reader, at, a.tags, text),
        parent_id: related.parent,
    }))
}
