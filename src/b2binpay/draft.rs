//! [`Draft`]: the signed fields of a body in raw form, even if the strict parser refuses
//! them. Used for diagnosis only, never as proof.

use std::borrow::Cow;
use std::collections::HashMap;

use rust_decimal::Decimal;
use serde_json::value::RawValue;

use super::callback::{Subject, choose};
use super::message::Message;
use super::status::OperationType;
use crate::amount::Amount;
use crate::read::{Raw, verbatim};

pub(crate) struct Draft<'a> {
    pub(crate) is_deposit: bool,
    /// Whether it has an attribute that API v2 does not send.
    pub(crate) is_v3: bool,
    pub(crate) status: Cow<'a, str>,
    pub(crate) tracking_id: Raw<'a>,
    pub(crate) transfers: Vec<DraftTransfer<'a>>,
    subject: Subject,
    /// The decimals of the currencies in the body.
    pub(crate) scales: Vec<u32>,
    pub(crate) time: Cow<'a, str>,
    /// Absent if it is empty as well.
    pub(crate) sign: Option<Raw<'a>>,
}

pub(crate) struct DraftTransfer<'a> {
    /// Its index in `included`.
    pub(crate) index: usize,
    pub(crate) id: Cow<'a, str>,
    pub(crate) status: Cow<'a, str>,
    pub(crate) amount: Raw<'a>,
    op_type: Option<OperationType>,
    rate_target: Option<Amount>,
    amount_target: Option<Amount>,
    commission: Option<Amount>,
    amount_cleared: Option<Amount>,
}

impl<'a> Draft<'a> {
    /// Returns `None` if it is not JSON, or has no `data`.
    pub(crate) fn read(body: &'a str) -> Option<Self> {
        let document = Object::read(Raw::new(body))?;
        let data = Object::read(document.get("data"))?;
        let is_deposit = text_of(data.get("type")) != "payout";
        let resources: Vec<&'a RawValue> =
            serde_json::from_str(document.get("included").text).unwrap_or_default();
        let resources: Vec<_> = resources
            .into_iter()
            .map(|resource| Object::read(Raw::new(resource.get())).unwrap_or_default())
            .collect();
        let of_type = |kind: &'static str| {
            let resources = resources.iter().enumerate();
            resources.filter(move |(_, resource)| text_of(resource.get("type")) == kind)
        };
        let transfers: Vec<_> = of_type("transfer")
            .map(|(index, resource)| DraftTransfer::read(index, resource))
            .collect();
        let named = data.object("relationships").object("transfer");
        let named = text_of(named.object("data").get("id"));
        let subject = choose(
            &transfers.iter().enumerate(),
            (!named.is_empty()).then_some(|transfer: &&DraftTransfer<'_>| transfer.id == named),
            |transfer| {
                let own = transfer.op_type;
                own.is_some_and(|own| own.fits(is_deposit))
            },
        );
        let (attributes, meta) = (data.object("attributes"), document.object("meta"));
        Some(Self {
            is_deposit,
            is_v3: !is_deposit || is_v3(&attributes),
            status: text_of(attributes.get("status")),
            tracking_id: attributes.get("tracking_id"),
            subject,
            scales: of_type("currency")
                .map(|(_, resource)| text_of(resource.object("attributes").get("exp")))
                .filter_map(|scale| scale.parse().ok())
                .collect(),
            transfers,
            time: text_of(meta.get("time")),
            sign: meta.get("sign").filled(),
        })
    }

    /// The transfer that the body is about, if that is unambiguous.
    pub(crate) fn transfer(&self) -> Option<&DraftTransfer<'a>> {
        match self.subject {
            Subject::Transfer(index) => self.transfers.get(index),
            Subject::None | Subject::Missing | Subject::Ambiguous => None,
        }
    }

    /// Whether the unsigned values of a transfer show that its amount was changed: the
    /// currency's decimals, the conversion, and the cleared amount of a deposit.
    pub(crate) fn contradicts_amount_of(&self, transfer: &DraftTransfer<'_>) -> bool {
        let Ok(amount) = text_of(transfer.amount).parse::<Amount>() else {
            return false;
        };
        let has_other_scale = !self.scales.is_empty() && !self.scales.contains(&amount.decimals());
        let has_other_clearing =
            || self.is_deposit && transfer.has_other_clearing(&amount) == Some(true);
        has_other_scale
            || transfer.has_other_conversion(&amount) == Some(true)
            || has_other_clearing()
    }

    /// The message that would be signed with these values.
    pub(crate) fn message<'m>(
        &'m self,
        transfer: Option<(&'m str, &'m str)>,
        tracking_id: &'m str,
        time: &'m str,
    ) -> Message<'m> {
        Message::shaped(transfer, self.is_deposit, &self.status, tracking_id, time)
    }
}

impl<'a> DraftTransfer<'a> {
    fn read(index: usize, resource: &Object<'a>) -> Self {
        let a = resource.object("attributes");
        let op_type = text_of(a.get("op_type")).parse().ok();
        let amount = |key| text_of(a.get(key)).parse().ok();
        Self {
            index,
            id: text_of(resource.get("id")),
            status: text_of(a.get("status")),
            amount: a.get("amount"),
            op_type: op_type.map(OperationType::from_code),
            rate_target: amount("rate_target"),
            amount_target: amount("amount_target"),
            commission: amount("commission"),
            amount_cleared: amount("amount_cleared"),
        }
    }

    /// Whether the conversion is that of another amount, up to rounding.
    fn has_other_conversion(&self, amount: &Amount) -> Option<bool> {
        let target = self.amount_target.as_ref()?.to_decimal()?;
        let rate = self.rate_target.as_ref()?.to_decimal()?;
        let converted = amount.to_decimal()?.checked_mul(rate)?;
        let rounding = (target / Decimal::ONE_HUNDRED).max(Decimal::new(1, target.scale()));
        Some(converted.checked_sub(target)?.abs() > rounding)
    }

    /// Whether the cleared amount and the commission are those of another amount.
    fn has_other_clearing(&self, amount: &Amount) -> Option<bool> {
        let cleared = self.amount_cleared.as_ref()?;
        Some(cleared.checked_add(self.commission.as_ref()?)? != *amount)
    }

    /// The path of one of the transfer's attributes.
    pub(crate) fn at(&self, attribute: &str) -> String {
        format!("included[{}].attributes.{attribute}", self.index)
    }
}

/// API v2 sends the first five of a deposit's attributes, v3 the rest too.
fn is_v3(attributes: &Object<'_>) -> bool {
    let of_v3 = [
        "status",
        "label",
        "inaccuracy",
        "source_amount_requested",
        "target_amount_requested",
        "payment_page",
        "time_limit",
    ];
    of_v3.iter().any(|key| attributes.0.contains_key(*key))
}

/// An object's raw values; empty for any other JSON.
#[derive(Default)]
struct Object<'a>(HashMap<String, &'a RawValue>);

impl<'a> Object<'a> {
    fn read(raw: Raw<'a>) -> Option<Self> {
        serde_json::from_str(raw.text).ok().map(Self)
    }

    /// Empty if there is none.
    fn get(&self, key: &str) -> Raw<'a> {
        let value = self.0.get(key);
        value.map_or(Raw::default(), |value| Raw::new(value.get()))
    }

    fn object(&self, key: &str) -> Self {
        Self::read(self.get(key)).unwrap_or_default()
    }
}

/// The value as it is signed: a string's characters, a number's digits, nothing for
/// `null`; any other JSON in raw form.
pub(crate) fn text_of(raw: Raw<'_>) -> Cow<'_, str> {
    let Some(raw) = raw.present() else {
        return Cow::Borrowed("");
    };
    if let Ok(text) = verbatim(raw) {
        return Cow::Borrowed(text);
    }
    let unescaped = serde_json::from_str(raw.text);
    unescaped.map_or(Cow::Borrowed(raw.text), Cow::Owned)
}
