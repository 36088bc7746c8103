//! Tests with CityPay.io's callbacks: undocumented spellings of the gateway.

use super::script::Make;
use super::script_orders::{Asked, Case, Desk, NOTIFY, PENDING, Step, Trial, goes, orders};
use payhook::testing::Json;

/// Another spelling of a confirmed order.
fn spelled(name: &'static str, make: Make<Asked>) -> Case {
    orders(name, [Step::deliver(0, PENDING), Step::deliver(100, make)])
}

pub(super) fn trial() -> Trial {
    fn set(d: &Desk<'_>, path: &str, value: impl Into<Json>) -> Vec<u8> {
        d.is(&d.order());
        d.order().callback().set(path, value).to_vec()
    }
    Trial::new(
        "mixed spellings",
        [
            spelled("as documented", |d| {
                goes(
                    d,
                    &d.order().status("Confirmed").action("receive confirmation"),
                )
            }),
            spelled("the type with an underscore", |d| {
                set(d, "type", "order_callback")
            }),
            spelled("the type in capitals", |d| set(d, "type", "ORDER CALLBACK")),
            spelled("the status as an object", |d| {
                let status = r#"{"code":"CONFIRMED","label":"Confirmed"}"#;
                set(d, "status", Json::raw(status))
            }),
            spelled("the status elsewhere", |d| {
                d.is(&d.order());
                let body = d.order().callback().remove("status");
                body.set("order_status", "CONFIRMED").to_vec()
            }),
            spelled("amounts as texts", |d| {
                let amount = d.percent(100);
                set(d, "received_amount_in_coins", amount)
            }),
            spelled("amounts with an exponent", |d| {
                let amount = Json::raw(format!("{}e-4", d.due));
                d.is(&d.order());
                let answer = d.order().answer(&d.gateway.customer_id);
                let base = "data.transactions[0].amount.base";
                let answer = answer
                    .set(base, amount.clone())
                    .set("data.transactions[0].amount.total", amount.clone());
                d.answer(&answer);
                d.order()
                    .callback()
                    .set("received_amount_in_coins", amount)
                    .to_vec()
            }),
            spelled("fields null", |d| {
                d.is(&d.order());
                let null = ["order_id", "client_order_id", "action", "created_at"];
                let body = null.iter().fold(d.order().callback(), |body, field| {
                    body.set(field, Json::default())
                });
                body.to_vec()
            }),
            spelled("fields missing", |d| {
                d.is(&d.order());
                let missing = ["order_id", "client_order_id", "action", "created_at"];
                let body = d.order().callback();
                missing
                    .iter()
                    .fold(body, |body, field| body.remove(field))
                    .to_vec()
            }),
            spelled("fields empty", |d| {
                d.is(&d.order());
                let empty = ["exchange_rate", "created_at", "transaction_id"];
                let body = d.order().callback();
                empty
                    .iter()
                    .fold(body, |body, field| body.set(field, ""))
                    .to_vec()
            }),
            spelled("milliseconds", |d| {
                let stamp = d.start.timestamp_millis();
                set(d, "created_at", stamp)
            }),
            spelled("unknown fields", |d| set(d, "brand_new", true)),
            spelled("the answer's other envelope", |d| {
                let answer = d.order().answer(&d.gateway.customer_id);
                let answer = answer.remove("success").remove("message").set("status", 1);
                d.answer(&answer);
                NOTIFY(d)
            }),
        ],
    )
}
