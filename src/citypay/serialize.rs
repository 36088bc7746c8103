//! Serializes a response into the order endpoint's JSON with the same values in
//! canonical form.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::answer::OrderDetails;
use super::status::OrderStatus;

impl Serialize for OrderDetails {
    /// In the envelope with `success`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("success", &true)?;
        map.serialize_entry("data", &Data(self))?;
        map.serialize_entry("message", &None::<()>)?;
        map.end()
    }
}

struct Data<'a>(&'a OrderDetails);

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let a = self.0;
        let mut map = serializer.serialize_map(None)?;
        a.serialize_fields(&mut map)?;
        map.serialize_entry("token", &a.token())?;
        map.serialize_entry("status", &StatusCode { code: a.status() })?;
        map.serialize_entry("transactions", &a.listed().collect::<Vec<_>>())?;
        map.end()
    }
}

#[derive(Serialize)]
struct StatusCode {
    code: OrderStatus,
}
