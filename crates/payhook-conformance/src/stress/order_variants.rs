//! Tests with CityPay.io's callbacks: undocumented spellings of the gateway.

use super::order_script::{
    Case, CityPaySetup, Context, NOTIFY, PENDING, Step, Test, in_sync, orders,
};
use super::script::Build;
use payhook::testing::Json;

/// Another spelling of a confirmed order.
fn variant(name: &'static str, build: Build<CityPaySetup>) -> Case {
    orders(name, [Step::deliver(0, PENDING), Step::deliver(100, build)])
}

pub(super) fn test() -> Test {
    fn set(cx: &Context<'_>, path: &str, value: impl Into<Json>) -> Vec<u8> {
        cx.set_order(&cx.order());
        cx.order().callback().set(path, value).to_vec()
    }
    Test::new(
        "format variants",
        [
            variant("as documented", |cx| {
                in_sync(
                    cx,
                    &cx.order()
                        .status("Confirmed")
                        .action("receive confirmation"),
                )
            }),
            variant("the type with an underscore", |cx| {
                set(cx, "type", "order_callback")
            }),
            variant("the type in capitals", |cx| {
                set(cx, "type", "ORDER CALLBACK")
            }),
            variant("the status as an object", |cx| {
                let status = r#"{"code":"CONFIRMED","label":"Confirmed"}"#;
                set(cx, "status", Json::raw(status))
            }),
            variant("the status elsewhere", |cx| {
                cx.set_order(&cx.order());
                let body = cx.order().callback().remove("status");
                body.set("order_status", "CONFIRMED").to_vec()
            }),
            variant("amounts as texts", |cx| {
                let amount = cx.percent(100);
                set(cx, "received_amount_in_coins", amount)
            }),
            variant("amounts with an exponent", |cx| {
                let amount = Json::raw(format!("{}e-4", cx.due));
                cx.set_order(&cx.order());
                let answer = cx.order().answer(&cx.gateway.customer_id);
                let base = "data.transactions[0].amount.base";
                let answer = answer
                    .set(base, amount.clone())
                    .set("data.transactions[0].amount.total", amount.clone());
                cx.set_response(&answer);
                cx.order()
                    .callback()
                    .set("received_amount_in_coins", amount)
                    .to_vec()
            }),
            variant("fields null", |cx| {
                cx.set_order(&cx.order());
                let null = ["order_id", "client_order_id", "action", "created_at"];
                let body = null.iter().fold(cx.order().callback(), |body, field| {
                    body.set(field, Json::default())
                });
                body.to_vec()
            }),
            variant("fields missing", |cx| {
                cx.set_order(&cx.order());
                let missing = ["order_id", "client_order_id", "action", "created_at"];
                let body = cx.order().callback();
                missing
                    .iter()
                    .fold(body, |body, field| body.remove(field))
                    .to_vec()
            }),
            variant("fields empty", |cx| {
                cx.set_order(&cx.order());
                let empty = ["exchange_rate", "created_at", "transaction_id"];
                let body = cx.order().callback();
                empty
                    .iter()
                    .fold(body, |body, field| body.set(field, ""))
                    .to_vec()
            }),
            variant("milliseconds", |cx| {
                let stamp = cx.start.timestamp_millis();
                set(cx, "created_at", stamp)
            }),
            variant("unknown fields", |cx| set(cx, "brand_new", true)),
            variant("the answer's other envelope", |cx| {
                let answer = cx.order().answer(&cx.gateway.customer_id);
                let answer = answer.remove("success").remove("message").set("status", 1);
                cx.set_response(&answer);
                NOTIFY(cx)
            }),
        ],
    )
}
