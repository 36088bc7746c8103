//! Tests with B2BINPAY's callbacks: undocumented spellings of the gateway.

use super::script::Build;
use super::transfer_script::{B2binpaySetup, Case, Step, Test};
use payhook::payment::ExpectedKind;
use payhook::testing::Json;
use payhook::testing::b2binpay::{CurrencyBuilder, transfer};

/// Another spelling of a confirmed transfer.
fn variant(name: &'static str, build: Build<B2binpaySetup>) -> Case {
    let steps = [Step::deliver(100, build), Step::again(100)];
    Case::new(ExpectedKind::Deposit, name, steps)
}

pub(super) fn test() -> Test {
    Test::new(
        "format variants",
        [
            variant("ids as numbers", |cx| {
                let (id, transfer) = (cx.id, format!("{}0", cx.id));
                let body = cx
                    .transfer()
                    .set("data.id", id)
                    .set("included[1].id", Json::raw(transfer.as_str()))
                    .set("data.relationships.transfer.data.id", Json::raw(transfer));
                cx.sign(&body)
            }),
            variant("the amount as a number", |cx| {
                let decimals = cx.payment.decimals;
                let amount = cx
                    .payment
                    .amount
                    .with_decimals(decimals)
                    .unwrap_or_default();
                let amount = Json::raw(amount.to_string());
                cx.sign(&cx.transfer().set("included[1].attributes.amount", amount))
            }),
            variant("fields missing", |cx| {
                let missing = ["address", "destination", "target_paid"];
                let body = missing.iter().fold(cx.transfer(), |body, field| {
                    body.remove(&format!("data.attributes.{field}"))
                });
                cx.sign(&body.remove("included[1].attributes.txid"))
            }),
            variant("fields null", |cx| {
                let null = ["address", "destination", "target_paid", "status"];
                let body = null.iter().fold(cx.transfer(), |body, field| {
                    body.set(&format!("data.attributes.{field}"), Json::default())
                });
                cx.sign(&body.set("included[1].attributes.confirmations", Json::default()))
            }),
            variant("the fields of v2", |cx| cx.sign(&cx.transfer().v2())),
            variant("the transfer first", |cx| {
                let currency = CurrencyBuilder::from(cx.payment.currency);
                cx.sign(&cx.transfer().include(currency).remove("included[0]"))
            }),
            variant("the transfer not named", |cx| {
                cx.sign(&cx.transfer().without_relationship())
            }),
            Case::new(
                ExpectedKind::Payout,
                "a fee's transfer first",
                [Step::deliver(100, |cx| {
                    let fee = transfer().op_type(9).amount("13.4").currency("TRX");
                    let body = cx.transfer().include_first(fee);
                    cx.sign(&body.include(CurrencyBuilder::new("TRX")))
                })],
            ),
            variant("unknown resources and fields", |cx| {
                let receipt = Json::raw(r#"{"type":"receipt"}"#);
                let body = cx
                    .transfer()
                    .include_first(receipt)
                    .set("data.attributes.brand_new", true)
                    .set("included[2].attributes.brand_new", Json::default())
                    .set("jsonapi", Json::raw(r#"{"version":"1.1"}"#));
                cx.sign(&body)
            }),
            variant("escaped texts", |cx| {
                let units = cx.payment.reference.encode_utf16();
                let units: Vec<_> = units.map(|unit| format!("\\u{unit:04x}")).collect();
                let id = Json::raw(format!("\"{}\"", units.concat()));
                cx.sign(&cx.transfer().set("data.attributes.tracking_id", id))
            }),
        ],
    )
}
