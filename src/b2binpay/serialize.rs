//! Serializes a callback into a JSON:API document with the same values in canonical
//! form.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::callback::Callback;
use super::included::OtherResource;
use super::resource::{Currency, Transfer};
use super::signature::Signature;

/// Writes an object from entries, without a `?` after each.
macro_rules! object {
    ($serializer:expr, { $( $key:literal: $value:expr, )+ }) => {{
        let mut map = $serializer.serialize_map(None)?;
        $( map.serialize_entry($key, $value)?; )+
        map.end()
    }};
}

impl Serialize for Callback {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        object!(serializer, {
            "data": &Data(self),
            "included": &Included(self),
            "meta": &Meta(self),
        })
    }
}

struct Data<'a>(&'a Callback);

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let callback = self.0;
        let relationships = [
            Link::new("currency", callback.currency_id()),
            Link::new("wallet", callback.wallet_id()),
            Link::new("transfer", callback.transfer_id()),
        ];
        object!(serializer, {
            "type": callback.operation().as_str(),
            "id": callback.id(),
            "attributes": &OperationAttributes(callback),
            "relationships": &Links(&relationships),
        })
    }
}

/// The operation's own attributes, and the common tracking id.
struct OperationAttributes<'a>(&'a Callback);

impl Serialize for OperationAttributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("tracking_id", self.0.tracking_id())?;
        self.0.operation().serialize_fields(&mut map)?;
        map.end()
    }
}

struct Included<'a>(&'a Callback);

impl Serialize for Included<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let callback = self.0;
        let mut list = serializer.serialize_seq(None)?;
        for currency in callback.currencies() {
            list.serialize_element(&CurrencyResource(currency))?;
        }
        for transfer in callback.transfers() {
            list.serialize_element(&TransferResource(transfer))?;
        }
        for resource in callback.other_resources() {
            list.serialize_element(&resource)?;
        }
        list.end()
    }
}

struct CurrencyResource<'a>(Currency<'a>);

impl Serialize for CurrencyResource<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let relationships = [Link::new("parent", self.0.parent_id()).of_type("currency")];
        object!(serializer, {
            "type": "currency",
            "id": self.0.id(),
            "attributes": &self.0,
            "relationships": &Links(&relationships),
        })
    }
}

struct TransferResource<'a>(Transfer<'a>);

impl Serialize for TransferResource<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let transfer = &self.0;
        let relationships = [
            Link::new("currency", transfer.currency_id()),
            Link::new("wallet", transfer.wallet_id()),
            Link::new("parent", transfer.parent_id()).of_type("transfer"),
        ];
        object!(serializer, {
            "type": "transfer",
            "id": transfer.id(),
            "attributes": transfer,
            "relationships": &Links(&relationships),
        })
    }
}

impl Serialize for OtherResource<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        object!(serializer, { "type": self.kind(), "id": &self.id(), "attributes": &self.attributes(), })
    }
}

struct Meta<'a>(&'a Callback);

impl Serialize for Meta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = self.0.time();
        match self.0.signature() {
            Signature::Present(text) => {
                object!(serializer, { "time": &time, "sign": text, })
            }
            // Whatever its value was, the copy must not read as unsigned.
            Signature::Malformed => object!(serializer, { "time": &time, "sign": &false, }),
            Signature::Absent => object!(serializer, { "time": &time, "sign": &(), }),
        }
    }
}

/// A relationship to one resource, or to none.
struct Link<'a> {
    name: &'static str,
    kind: &'static str,
    id: Option<&'a str>,
}

impl<'a> Link<'a> {
    fn new(name: &'static str, id: Option<&'a str>) -> Self {
        Self {
            name,
            kind: name,
            id,
        }
    }

    fn of_type(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }
}

struct Links<'a>(&'a [Link<'a>]);

impl Serialize for Links<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for link in self.0 {
            map.serialize_entry(link.name, &Relationship(link))?;
        }
        map.end()
    }
}

struct Relationship<'a>(&'a Link<'a>);

impl Serialize for Relationship<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let identifier = self.0.id.map(|id| Identifier {
            kind: self.0.kind,
            id,
        });
        object!(serializer, { "data": &identifier, })
    }
}

#[derive(serde::Serialize)]
struct Identifier<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
}
