//! [`Draft`]: what a body says where something is signed, taken as it stands,
//! also where the strict reader refuses it. For a diagnosis, and never proof.

use std::borrow::Cow;

use super::callback::{Subject, choose};
use super::message::Message;
use super::status::OperationType;
use super::wire::{Attributes, Document, OperationAttributes, Resource, TransferAttributes};
use crate::read::{mirror, verbatim};
use crate::wire::{Raw, Shape};

pub(crate) struct Draft<'a> {
    pub(crate) is_deposit: bool,
    /// Whether it has an attribute that API v2 does not send.
    pub(crate) is_v3: bool,
    pub(crate) status: Cow<'a, str>,
    pub(crate) tracking_id: Raw<'a>,
    pub(crate) transfers: Vec<DraftTransfer<'a>>,
    subject: Subject,
    /// The scales of the currencies in the body.
    pub(crate) scales: Vec<u32>,
    pub(crate) time: Cow<'a, str>,
    /// Absent where it is empty too.
    pub(crate) sign: Option<Raw<'a>>,
}

pub(crate) struct DraftTransfer<'a> {
    /// Its place in `included`.
    pub(crate) index: usize,
    pub(crate) id: Cow<'a, str>,
    pub(crate) status: Cow<'a, str>,
    pub(crate) amount: Raw<'a>,
    op_type: Option<OperationType>,
}

impl<'a> Draft<'a> {
    /// `None` if it is no JSON, or has no `data`.
    pub(crate) fn read(body: &'a str) -> Option<Self> {
        let document: Document<'a> = mirror(body).ok()?;
        let data = &document.data;
        if data.shape == Shape::Mismatch || data.shape.is_nothing() {
            return None;
        }
        let is_deposit = text_of(data.kind) != "payout";
        let resources = document.included.items.iter().enumerate();
        let transfers: Vec<_> = resources
            .filter_map(|(index, resource)| match &resource.attributes {
                Attributes::Transfer(a) => Some(DraftTransfer::read(index, resource, a)),
                Attributes::Currency(_) | Attributes::Other(_) => None,
            })
            .collect();
        let named = text_of(data.relationships.transfer.data.id);
        let subject = choose(
            &transfers,
            (!named.is_empty()).then_some(|transfer: &DraftTransfer<'_>| transfer.id == named),
            |transfer| {
                let op_type = transfer.op_type;
                op_type.is_some_and(|op_type| op_type.fits(is_deposit))
            },
        );
        let scales = document.included.items.iter();
        Some(Self {
            is_deposit,
            is_v3: !is_deposit || is_v3(&data.attributes),
            status: text_of(data.attributes.status),
            tracking_id: data.attributes.tracking_id,
            transfers,
            subject,
            scales: scales
                .filter_map(|resource| match &resource.attributes {
                    Attributes::Currency(a) => text_of(a.exp).parse().ok(),
                    Attributes::Other(_) | Attributes::Transfer(_) => None,
                })
                .collect(),
            time: text_of(document.meta.time),
            sign: document.meta.sign.filled(),
        })
    }

    /// The transfer that the body is about, if it says which.
    pub(crate) fn transfer(&self) -> Option<&DraftTransfer<'a>> {
        match self.subject {
            Subject::Transfer(index) => self.transfers.get(index),
            Subject::None | Subject::Missing | Subject::Ambiguous => None,
        }
    }

    /// What the body would have signed with these values.
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
    fn read(index: usize, resource: &Resource<'a>, a: &TransferAttributes<'a>) -> Self {
        let op_type = text_of(a.op_type).parse().ok();
        Self {
            index,
            id: text_of(resource.id),
            status: text_of(a.status),
            amount: a.amount,
            op_type: op_type.map(OperationType::from_code),
        }
    }

    /// The path of one of its attributes.
    pub(crate) fn at(&self, attribute: &str) -> String {
        format!("included[{}].attributes.{attribute}", self.index)
    }
}

/// API v2 sends the first five of a deposit's attributes, v3 the rest too.
fn is_v3(attributes: &OperationAttributes<'_>) -> bool {
    let a = attributes;
    let of_v3 = [
        a.status,
        a.label,
        a.inaccuracy,
        a.source_amount_requested,
        a.target_amount_requested,
        a.payment_page,
        a.time_limit,
    ];
    of_v3.iter().any(|raw| !raw.0.is_empty())
}

/// As a signature takes it: a string's characters, a number's digits, nothing
/// for `null`; any other JSON as it stands.
pub(crate) fn text_of(raw: Raw<'_>) -> Cow<'_, str> {
    match raw.present() {
        Some(raw) => verbatim(raw).unwrap_or(Cow::Borrowed(raw.0)),
        None => Cow::Borrowed(""),
    }
}
