//! [`CallbackRecord`]: an entry of the gateway's list of callbacks.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;

use super::callback::TransferCallback;
use super::kind::CallbackType;
use crate::error::ParseError;
use crate::fields::fields;
use crate::open_enum::open_enum;
use crate::read::{self, At, DEFAULT_BODY_LIMIT};
use crate::timestamp::Timestamp;
use crate::verified::Unverified;

/// The size limit of a record: a payload and the fields around it.
const LIMIT: usize = 2 * DEFAULT_BODY_LIMIT;

open_enum! {
    /// The state of a delivery.
    ///
    /// See [`CallbackRecord`] for an example.
    pub enum DeliveryStatus: str {
        /// An error response was received.
        Failed = "failed",
        /// Sent, awaiting a response.
        InProgress = "in_progress",
        /// Created, not sent.
        New = "new",
        /// Answered with HTTP 200.
        Sent = "sent",
    }
}

fields! {
    index RecordFields {
        raw attempts = "attempts";
        raw callback_type = "type";
        raw id = "id";
        raw payload = "payload";
        raw response = "response";
        raw status = "status";
        raw time_sent = "time_sent";
        raw transfer_id = "transfer_id";
        raw url = "url";
    }
}

/// The gateway's record of one callback, as shown to the merchant.
///
/// The dashboard is its only source; there is no documented export. Fill one in
/// manually, or [`parse`](Self::parse) it from JSON with these field names
/// (`callback_type` as `type`). Compare with it when a callback is missing, and
/// verify its payload like a body.
///
/// ```
/// use payhook::b2binpay::{CallbackRecord, CallbackType, DeliveryStatus};
///
/// let record = CallbackRecord::parse(br#"{
///     "id": 90411,
///     "time_sent": "2026-03-02T09:16:02Z",
///     "type": "User confirmation",
///     "url": "https://shop.example/cb",
///     "status": "In progress",
///     "attempts": 2,
///     "transfer_id": "55021",
///     "payload": {"data": {"type": "deposit", "id": "30417", "attributes": {"tracking_id": "order-9001"}}},
///     "response": null
/// }"#)?;
/// assert_eq!(record.callback_type, Some(CallbackType::UserConfirmation));
/// assert_eq!(record.status, Some(DeliveryStatus::InProgress));
/// assert!(!record.is_delivered());
///
/// let callback = record.callback().expect("there is a payload")?;
/// assert_eq!(callback.unverified().tracking_id(), "order-9001");
/// # Ok::<(), payhook::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallbackRecord {
    /// The record's id.
    pub id: String,
    /// The time of the last delivery.
    pub time_sent: Option<Timestamp>,
    /// The reason for the callback.
    pub callback_type: Option<CallbackType>,
    /// The callback URL.
    pub url: Option<String>,
    /// The state of the delivery.
    pub status: Option<DeliveryStatus>,
    /// The number of deliveries.
    pub attempts: Option<u32>,
    /// The id of the transfer that it is about; `None` for *No transfer*.
    pub transfer_id: Option<String>,
    /// The JSON exactly as sent.
    pub payload: Option<String>,
    /// The response of the merchant's server, if there was one.
    pub response: Option<String>,
}

impl CallbackRecord {
    /// Creates a record with only an id.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            time_sent: None,
            callback_type: None,
            url: None,
            status: None,
            attempts: None,
            transfer_id: None,
            payload: None,
            response: None,
        }
    }

    /// Parses a record of at most 128 KiB from JSON. The payload may be an object or
    /// a string, and the labels in the dashboard's spelling or in snake case.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if it is not a JSON object, has no id, or a field has the wrong
    /// type.
    pub fn parse(json: &[u8]) -> Result<Self, ParseError> {
        let (body, record): (_, RecordFields) = read::scan(read::text_of(json, LIMIT)?)?;
        let body = body.without_blanks();
        let (source, at) = (body.source(), At::Root);
        at.sound(record.shape)?;
        let own = |text: Option<&str>| text.map(str::to_owned);
        Ok(Self {
            id: source.required(at.key("id"), record.id, read::id)?.into(),
            time_sent: source.strict(at.key("time_sent"), record.time_sent, read::time)?,
            callback_type: source
                .strict(at.key("type"), record.callback_type, read::word)?
                .map(CallbackType::from),
            url: own(source.strict(at.key("url"), record.url, read::text)?),
            status: source
                .strict(at.key("status"), record.status, read::word)?
                .map(DeliveryStatus::from),
            attempts: source.strict(at.key("attempts"), record.attempts, read::count)?,
            transfer_id: own(source.strict(at.key("transfer_id"), record.transfer_id, read::id)?),
            payload: own(source.strict(at.key("payload"), record.payload, read::text_or_json)?),
            response: own(source.strict(
                at.key("response"),
                record.response,
                read::text_or_json,
            )?),
        })
    }

    /// Returns whether the merchant's server responded with 200; `false` if that is
    /// unknown.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        self.status == Some(DeliveryStatus::Sent)
    }

    /// Parses the callback in the payload, to be verified like any other; `None`
    /// without a payload.
    #[must_use]
    pub fn callback(&self) -> Option<Result<Unverified<TransferCallback>, ParseError>> {
        let payload = self.payload.as_ref()?;
        Some(Unverified::parse_within(payload.as_bytes(), LIMIT))
    }
}

impl fmt::Debug for CallbackRecord {
    /// Omits the payload, which contains its signature, and the response.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackRecord")
            .field("id", &self.id)
            .field("time_sent", &self.time_sent)
            .field("callback_type", &self.callback_type)
            .field("url", &self.url)
            .field("status", &self.status)
            .field("attempts", &self.attempts)
            .field("transfer_id", &self.transfer_id)
            .finish_non_exhaustive()
    }
}

/// A payload that is plain JSON, except for strings and `null`, which have their own
/// meaning.
fn as_it_stands(payload: &str) -> Option<&RawValue> {
    let json: &RawValue = serde_json::from_str(payload).ok()?;
    (json.get() == payload && !payload.starts_with(['"', 'n'])).then_some(json)
}

impl Serialize for CallbackRecord {
    /// The payload is written as JSON if it parses back to the same payload, else as
    /// a string.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("time_sent", &self.time_sent)?;
        map.serialize_entry("type", &self.callback_type)?;
        map.serialize_entry("url", &self.url)?;
        map.serialize_entry("status", &self.status)?;
        map.serialize_entry("attempts", &self.attempts)?;
        map.serialize_entry("transfer_id", &self.transfer_id)?;
        match self.payload.as_deref().and_then(as_it_stands) {
            Some(json) => map.serialize_entry("payload", json)?,
            None => map.serialize_entry("payload", &self.payload)?,
        }
        map.serialize_entry("response", &self.response)?;
        map.end()
    }
}
