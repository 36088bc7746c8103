//! Tests with B2BINPAY's callbacks: undocumented spellings of the gateway.

use super::script::Make;
use super::script_transfers::{Case, Signed, Step, Trial};
use payhook::payment::ExpectedKind;
use payhook::testing::Json;
use payhook::testing::b2binpay::{CurrencyBuilder, transfer};

/// Another spelling of a confirmed transfer.
fn spelled(name: &'static str, make: Make<Signed>) -> Case {
    let steps = [Step::deliver(100, make), Step::again(100)];
    Case::new(ExpectedKind::Deposit, name, steps)
}

pub(super) fn trial() -> Trial {
    Trial::new(
        "mixed spellings",
        [
            spelled("ids as numbers", |d| {
                let (id, transfer) = (d.id, format!("{}0", d.id));
                let body = d
                    .transfer()
                    .set("data.id", id)
                    .set("included[1].id", Json::raw(transfer.as_str()))
                    .set("data.relationships.transfer.data.id", Json::raw(transfer));
                d.sign(&body)
            }),
            spelled("the amount as a number", |d| {
                let scale = d.payment.decimals;
                let amount = d.payment.amount.with_scale(scale).unwrap_or_default();
                let amount = Json::raw(amount.to_string());
                d.sign(&d.transfer().set("included[1].attributes.amount", amount))
            }),
            spelled("fields missing", |d| {
                let missing = ["address", "destination", "target_paid"];
                let body = missing.iter().fold(d.transfer(), |body, field| {
                    body.remove(&format!("data.attributes.{field}"))
                });
                d.sign(&body.remove("included[1].attributes.txid"))
            }),
            spelled("fields null", |d| {
                let null = ["address", "destination", "target_paid", "status"];
                let body = null.iter().fold(d.transfer(), |body, field| {
                    body.set(&format!("data.attributes.{field}"), Json::default())
                });
                d.sign(&body.set("included[1].attributes.confirmations", Json::default()))
            }),
            spelled("the fields of v2", |d| d.sign(&d.transfer().v2())),
            spelled("the transfer first", |d| {
                let currency = CurrencyBuilder::from(d.payment.currency);
                d.sign(&d.transfer().include(currency).remove("included[0]"))
            }),
            spelled("the transfer not named", |d| {
                d.sign(&d.transfer().unnamed())
            }),
            Case::new(
                ExpectedKind::Payout,
                "a fee's transfer first",
                [Step::deliver(100, |d| {
                    let fee = transfer().op_type(9).amount("13.4").currency("TRX");
                    let body = d.transfer().include_first(fee);
                    d.sign(&body.include(CurrencyBuilder::new("TRX")))
                })],
            ),
            spelled("unknown resources and fields", |d| {
                let receipt = Json::raw(r#"{"type":"receipt"}"#);
                let body = d
                    .transfer()
                    .include_first(receipt)
                    .set("data.attributes.brand_new", true)
                    .set("included[2].attributes.brand_new", Json::default())
                    .set("jsonapi", Json::raw(r#"{"version":"1.1"}"#));
                d.sign(&body)
            }),
            spelled("escaped texts", |d| {
                let units = d.payment.reference.encode_utf16();
                let units: Vec<_> = units.map(|unit| format!("\\u{unit:04x}")).collect();
                let id = Json::raw(format!("\"{}\"", units.concat()));
                d.sign(&d.transfer().set("data.attributes.tracking_id", id))
            }),
        ],
    )
}
