//! Tests with CityPay.io's callbacks: undocumented spellings of the gateway.

use super::script::Make;
use super::script_orders::{
    Case, CityPaySetup, Context, NOTIFY, PENDING, Step, Trial, goes, orders,
};
use payhook::testing::Json;

/// Another spelling of a confirmed order.
fn spelled(name: &'static str, make: Make<CityPaySetup>) -> Case {
    orders(name, [Step::deliver(0, PENDING), Step::deliver(100, make)])
}

pub(super) fn trial() -> Trial {
    fn set(cx: &Context<'_>, path: &str, value: impl Into<Json>) -> Vec<u8> {
        cx.is(&cx.order());
        cx.order().callback().set(path, value).to_vec()
    }
    Trial::new(
        "mixed spellings",
        [
            spelled("as documented", |cx| {
                goes(
                    cx,
                    &cx.order()
                        .status("Confirmed")
                        .action("receive confirmation"),
                )
            }),
            spelled("the type with an underscore", |cx| {
                set(cx, "type", "order_callback")
            }),
            spelled("the type in capitals", |cx| {
                set(cx, "type", "ORDER CALLBACK")
            }),
            spelled("the status as an object", |cx| {
                let status = r#"{"code":"CONFIRMED","label":"Confirmed"}"#;
                set(cx, "status", Json::raw(status))
            }),
            spelled("the status elsewhere", |cx| {
                cx.is(&cx.order());
                let body = cx.order().callback().remove("status");
                body.set("order_status", "CONFIRMED").to_vec()
            }),
            spelled("amounts as texts", |cx| {
                let amount = cx.percent(100);
                set(cx, "received_amount_in_coins", amount)
            }),
            spelled("amounts with an exponent", |cx| {
                let amount = Json::raw(format!("{}e-4", cx.due));
                cx.is(&cx.order());
                let answer = cx.order().answer(&cx.gateway.customer_id);
                let base = "data.transactions[0].amount.base";
                let answer = answer
                    .set(base, amount.clone())
                    .set("data.transactions[0].amount.total", amount.clone());
                cx.answer(&answer);
                cx.order()
                    .callback()
                    .set("received_amount_in_coins", amount)
                    .to_vec()
            }),
            spelled("fields null", |cx| {
                cx.is(&cx.order());
                let null = ["order_id", "client_order_id", "action", "created_at"];
                let body = null.iter().fold(cx.order().callback(), |body, field| {
                    body.set(field, Json::default())
                });
                body.to_vec()
            }),
            spelled("fields missing", |cx| {
                cx.is(&cx.order());
                let missing = ["order_id", "client_order_id", "action", "created_at"];
                let body = cx.order().callback();
                missing
                    .iter()
                    .fold(body, |body, field| body.remove(field))
                    .to_vec()
            }),
            spelled("fields empty", |cx| {
                cx.is(&cx.order());
                let empty = ["exchange_rate", "created_at", "transaction_id"];
                let body = cx.order().callback();
                empty
                    .iter()
                    .fold(body, |body, field| body.set(field, ""))
                    .to_vec()
            }),
            spelled("milliseconds", |cx| {
                let stamp = cx.start.timestamp_millis();
                set(cx, "created_at", stamp)
            }),
            spelled("unknown fields", |cx| set(cx, "brand_new", true)),
            spelled("the answer's other envelope", |cx| {
                let answer = cx.order().answer(&cx.gateway.customer_id);
                let answer = answer.remove("success").remove("message").set("status", 1);
                cx.answer(&answer);
                NOTIFY(cx)
            }),
        ],
    )
}
