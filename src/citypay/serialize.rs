//! An answer back into the order endpoint's JSON: the same values, canonical
//! spelling.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::answer::OrderAnswer;
use super::status::OrderStatus;

impl Serialize for OrderAnswer {
    /// In the envelope with `success`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("success", &true)?;
        map.serialize_entry("data", &Data(self))?;
        map.serialize_entry("message", &None::<()>)?;
        map.end()
    }
}

struct Data<'a>(&'a OrderAnswer);

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let a = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("companyName", &a.company_name)?;
        map.serialize_entry("id", &a.id)?;
        map.serialize_entry("customerId", &a.customer_id)?;
        map.serialize_entry("token", &a.token)?;
        map.serialize_entry("coin", &a.coin)?;
        map.serialize_entry("coinBaseName", &a.coin_base_name)?;
        map.serialize_entry("coins", &a.coins)?;
        map.serialize_entry("exchangeRate", &a.exchange_rate)?;
        map.serialize_entry("amountFiat", &a.amount_fiat)?;
        map.serialize_entry("amount", &a.amount)?;
        map.serialize_entry("currency", &a.currency)?;
        map.serialize_entry("dueDate", &a.due_date)?;
        map.serialize_entry("createdAt", &a.created_at)?;
        map.serialize_entry("createdAtMiliseconds", &a.created_at_milliseconds)?;
        map.serialize_entry("type", &a.kind)?;
        map.serialize_entry("expiresAt", &a.stated_expiry)?;
        map.serialize_entry("expirationTime", &a.expiration_time)?;
        map.serialize_entry("email", &a.email)?;
        map.serialize_entry("address", &a.address)?;
        map.serialize_entry("qrCode", &a.qr_code)?;
        map.serialize_entry("status", &StatusCode { code: &a.status })?;
        map.serialize_entry("urls", &a.urls)?;
        map.serialize_entry("transactions", a.listing.all())?;
        map.end()
    }
}

#[derive(Serialize)]
struct StatusCode<'a> {
    code: &'a OrderStatus,
}
