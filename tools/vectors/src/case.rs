//! A case of the vectors, and builders for the tables.

use payhook::b2binpay::Key;
use payhook::testing::Json;
use payhook::testing::b2binpay::{CallbackBuilder, deposit, payout};

/// The callback secret that signs most of the cases.
pub(crate) const SECRET: &str = "cbs_7Qm2vX9tR4kL8pN1";
/// The time in the bodies.
pub(crate) const TIME: &str = "2026-03-02T09:16:02.551870Z";
/// The secret before a rotation.
pub(crate) const OTHER: &str = "cbs_the_one_before_this";
pub(crate) const LOGIN: &str = "merchant-api-key";
pub(crate) const PASSWORD: &str = "p@ss:w0rd/ünï";

/// The signed amount of the transfer in [`paid`].
pub(crate) const ETHER: &str = "0.412000000000000000";

/// The transfer's fields without rules.
pub(crate) const EXTRAS: &str = "commission fee user_message created_at updated_at risk risk_status \
                      amount_cleared rate_target risk_personal risk_personal_status \
                      amount_target commission_target";

/// A line of a file.
pub(crate) struct Case {
    name: String,
    fields: Vec<(&'static str, Json)>,
}

/// The expected values of a body that verifies.
pub(crate) struct Expect(Vec<(&'static str, Json)>);

pub(crate) fn key() -> Key {
    secret(SECRET)
}

pub(crate) fn secret(secret: &str) -> Key {
    Key::callback_secret(secret).expect("a valid table")
}

/// A configured key in its JSON form.
pub(crate) fn callback_secret(secret: &str) -> Json {
    object(&[
        ("scheme", "callback_secret".into()),
        ("secret", secret.into()),
    ])
}

pub(crate) fn login_password(login: &str, password: &str) -> Json {
    object(&[
        ("scheme", "login_password".into()),
        ("login", login.into()),
        ("password", password.into()),
    ])
}

/// A case of B2BINPAY with one key and prefixed ids.
pub(crate) fn b2binpay(name: &str, rules: &[&str], body: impl AsRef<[u8]>, expect: Expect) -> Case {
    let keys = list([callback_secret(SECRET)]);
    let fields = vec![
        ("gateway", "b2binpay".into()),
        ("rules", list(rules.iter().copied())),
        ("keys", keys),
        ("tracking_ids", "lettered".into()),
        ("body", text(body)),
        ("expect", expect.into()),
    ];
    Case {
        name: name.to_owned(),
        fields,
    }
}

/// A case of CityPay.io; `expect` is JSON.
pub(crate) fn citypay(name: &str, rules: &[&str], body: impl AsRef<[u8]>, expect: &str) -> Case {
    let fields = vec![
        ("gateway", "citypay".into()),
        ("rules", list(rules.iter().copied())),
        ("keys", list::<Json>([])),
        ("body", text(body)),
        ("expect", json(expect)),
    ];
    Case {
        name: name.to_owned(),
        fields,
    }
}

impl Case {
    pub(crate) fn with(mut self, key: &'static str, value: Json) -> Self {
        if let Some((_, own)) = self.fields.iter_mut().find(|(own, _)| *own == key) {
            *own = value;
        } else {
            // The expectation is the last field.
            let last = self.fields.len() - 1;
            self.fields.insert(last, (key, value));
        }
        self
    }

    /// Another declaration of the merchant's tracking ids.
    pub(crate) fn ids(self, declaration: &str) -> Self {
        self.with("tracking_ids", declaration.into())
    }

    /// Tracking ids of this length in characters.
    pub(crate) fn ids_of_length(self, length: usize) -> Self {
        let length = Json::raw(length.to_string());
        self.with("tracking_ids", object(&[("length", length)]))
    }

    pub(crate) fn keys<const N: usize>(self, keys: [Json; N]) -> Self {
        self.with("keys", list(keys))
    }

    /// The merchant queried the order endpoint for the token that it issued.
    pub(crate) fn asked(self, issued: &str, answer: impl AsRef<[u8]>) -> Self {
        self.with("customer_id", "5120".into())
            .with("issued", issued.into())
            .with("answer", text(answer))
    }

    pub(crate) fn line(&self) -> String {
        let name = [("name", Json::from(self.name.as_str()))];
        let fields: Vec<_> = name.into_iter().chain(self.fields.clone()).collect();
        object(&fields).to_string()
    }
}

pub(crate) fn refused(error: &str) -> Expect {
    Expect(vec![("verified", false.into()), ("error", error.into())])
}

/// The proven values of a body with a transfer.
pub(crate) fn proven(kind: &str, status: i32, amount: &str, tracking_id: &str) -> Expect {
    let signed = format!("{status}{amount}{tracking_id}{TIME}");
    values(kind, status.into(), amount.into(), tracking_id).and("signed_message", signed)
}

/// The proven values of a body without a transfer: `signed` is the text before the id.
pub(crate) fn no_transfer(kind: &str, signed: &str, tracking_id: &str) -> Expect {
    let signed = format!("{signed}{tracking_id}{TIME}");
    values(kind, Json::default(), Json::default(), tracking_id).and("signed_message", signed)
}

pub(crate) fn values(kind: &str, status: Json, amount: Json, tracking_id: &str) -> Expect {
    Expect(vec![
        ("verified", true.into()),
        ("kind", kind.into()),
        ("status", status),
        ("amount", amount),
        ("tracking_id", tracking_id.into()),
        ("scheme", "callback_secret".into()),
    ])
}

/// The proven values of `paid().sign(&key())`.
pub(crate) fn as_paid() -> Expect {
    proven("deposit", 2, ETHER, "order-9001")
}

/// An ambiguous text: the signed text before the time, and `id, amount, whether they
/// fit` for values that a merchant could expect.
pub(crate) fn ambiguous_text(signed: &str, resolves: &[(&str, &str, bool)]) -> Expect {
    let resolves = resolves
        .iter()
        .map(|(id, amount, fits)| list([Json::from(*id), (*amount).into(), (*fits).into()]));
    Expect(vec![
        ("verified", true.into()),
        ("split", "undetermined".into()),
        ("signed_message", format!("{signed}{TIME}").into()),
        ("scheme", "callback_secret".into()),
        ("resolves", list(resolves)),
    ])
}

impl From<Expect> for Json {
    fn from(expect: Expect) -> Self {
        object(&expect.0)
    }
}

impl Expect {
    pub(crate) fn and(mut self, key: &'static str, value: impl Into<Json>) -> Self {
        self.0.retain(|(own, _)| *own != key);
        self.0.push((key, value.into()));
        self
    }
}

/// A confirmed deposit of `order-9001` without fields that no rule covers: other tests
/// change every byte of these bodies.
pub(crate) fn paid() -> CallbackBuilder {
    without_extras(expired_draft(deposit()), true).operation_status(2)
}

/// The same without a transfer: expired.
pub(crate) fn expired() -> CallbackBuilder {
    without_extras(expired_draft(deposit().no_transfer()), false)
}

/// A pending payout of `wd-77`.
pub(crate) fn sent() -> CallbackBuilder {
    without_extras(rejected_draft(payout()), true)
}

/// The same without a transfer: rejected.
pub(crate) fn rejected() -> CallbackBuilder {
    without_extras(rejected_draft(payout().no_transfer()), false)
}

pub(crate) fn expired_draft(builder: CallbackBuilder) -> CallbackBuilder {
    let extras = "address created_at target_paid destination source_amount_requested \
                  target_amount_requested time_limit inaccuracy";
    remove(builder, "data.attributes", extras)
}

pub(crate) fn rejected_draft(builder: CallbackBuilder) -> CallbackBuilder {
    let extras = "amount address target_deposit target_wallet label confirmations_needed \
                  fee_amount is_fee_included rate_requested callback_url force_blockchain exp \
                  tag_type tag destination";
    remove(builder, "data.attributes", extras)
}

pub(crate) fn without_extras(builder: CallbackBuilder, has_transfer: bool) -> CallbackBuilder {
    let builder = remove(builder, "data.relationships", "wallet");
    let extras = "blockchain_name name alias minimal_transfer_amount block_delay tags";
    let builder = remove(builder, "included[0].attributes", extras);
    if !has_transfer {
        return builder;
    }
    let builder = remove(builder, "included[1].relationships", "wallet parent");
    remove(builder, "included[1].attributes", EXTRAS)
}

pub(crate) fn remove(builder: CallbackBuilder, at: &str, keys: &str) -> CallbackBuilder {
    keys.split_whitespace().fold(builder, |builder, key| {
        builder.remove(&format!("{at}.{key}"))
    })
}

/// The transfer's amount exactly as given, independent of the currency's decimals.
pub(crate) fn amount(builder: CallbackBuilder, amount: impl Into<Json>) -> CallbackBuilder {
    builder.set("included[1].attributes.amount", amount)
}

pub(crate) fn status(builder: CallbackBuilder, status: impl Into<Json>) -> CallbackBuilder {
    builder.set("included[1].attributes.status", status)
}

/// With the usual time at the end of the text.
pub(crate) fn timed(text: &str) -> String {
    format!("{text}{TIME}")
}

pub(crate) fn json(text: &str) -> Json {
    Json::parse(text).expect("a valid table")
}

pub(crate) fn text(bytes: impl AsRef<[u8]>) -> Json {
    std::str::from_utf8(bytes.as_ref())
        .expect("a valid table")
        .into()
}

pub(crate) fn list<T: Into<Json>>(entries: impl IntoIterator<Item = T>) -> Json {
    let entries = entries.into_iter().map(|entry| entry.into().to_string());
    Json::raw(format!("[{}]", entries.collect::<Vec<_>>().join(",")))
}

pub(crate) fn object(fields: &[(&str, Json)]) -> Json {
    let fields = fields
        .iter()
        .map(|(key, value)| format!("{}:{value}", Json::from(*key)));
    Json::raw(format!("{{{}}}", fields.collect::<Vec<_>>().join(",")))
}
