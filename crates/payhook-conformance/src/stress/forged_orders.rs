//! Tests with CityPay.io's callbacks: forgeries.

use super::order_script::{
    CONFIRMED, CREATED, Case, CityPaySetup, Context, NOTIFY, PENDING, Step, Test, delivered,
    in_sync, orders,
};
use super::script::{Build, Bystander};
use payhook::testing::Json;
use payhook::testing::citypay::deposit;

/// Changed in a callback that was delivered before.
fn altered_after(name: &'static str, altered: Build<CityPaySetup>) -> Case {
    orders(
        name,
        [Step::deliver(100, CONFIRMED), Step::alter(100, altered)],
    )
}

pub(super) fn tests() -> Vec<Test> {
    vec![unauthenticated_notifications(), changed()]
}

/// Anyone can send them.
fn unauthenticated_notifications() -> Test {
    let notified = |name, before: Build<CityPaySetup>| {
        orders(name, [Step::deliver(0, before), Step::forge(0, NOTIFY)])
    };
    Test::new(
        "unauthenticated notifications",
        [
            notified("not paid", CREATED),
            notified("paid, not confirmed", PENDING),
            notified("canceled", |cx| in_sync(cx, &cx.unpaid().canceled())),
            notified("unknown to the endpoint", |cx| {
                cx.set_no_order();
                cx.unpaid().created().callback().to_vec()
            }),
            orders(
                "paid in part",
                [
                    Step::deliver(20, |cx| in_sync(cx, &cx.paid(&[20]).underpaid())),
                    Step::forge(20, NOTIFY),
                ],
            ),
            notified("another customer's", |cx| {
                let foreign = format!("{}9", cx.gateway.customer_id);
                let answer = cx.order().answer(&foreign);
                cx.set_response(&answer);
                NOTIFY(cx)
            }),
            orders(
                "an unknown token",
                [
                    Step::deliver(0, CREATED),
                    Step::forge(0, |cx| {
                        let token = format!("{}-unknown", cx.payment.reference);
                        cx.order().callback().set("order_token", token).to_vec()
                    }),
                ],
            ),
            orders(
                "no token",
                [
                    Step::deliver(0, CREATED),
                    Step::forge(0, |cx| {
                        cx.order()
                            .callback()
                            .set("order_token", Json::default())
                            .to_vec()
                    }),
                ],
            ),
            orders(
                "as a deposit",
                [
                    Step::deliver(0, CREATED),
                    Step::forge(0, |cx| {
                        let body = deposit()
                            .token(cx.payment.reference.as_str())
                            .received(cx.percent(100))
                            .at(cx.start);
                        body.callback().to_vec()
                    }),
                ],
            ),
        ],
    )
}

/// The callback's fields except its token.
fn changed() -> Test {
    fn set(cx: &Context<'_>, path: &str, value: impl Into<Json>) -> Vec<u8> {
        cx.order().callback().set(path, value).to_vec()
    }
    Test::new(
        "fields changed",
        [
            altered_after("status", |cx| cx.order().overpaid().callback().to_vec()),
            altered_after("amount", |cx| {
                let much = cx.percent(10_000);
                set(cx, "received_amount_in_coins", much)
            }),
            altered_after("transaction", |cx| {
                set(cx, "transaction_id", "ff".repeat(32))
            }),
            altered_after("order id", |cx| {
                set(cx, "order_id", cx.id.saturating_add(9))
            }),
            altered_after("coin", |cx| set(cx, "crypto_currency", "DOGE")),
            altered_after("client_order_id", |cx| {
                let other = cx.bystander.reference.as_str();
                set(cx, "client_order_id", other)
            })
            .beside(Bystander::Another),
            delivered(
                "amount, in the first that is delivered",
                &[
                    (0, PENDING),
                    (100, |cx| {
                        cx.set_order(&cx.order());
                        let much = cx.percent(10_000);
                        set(cx, "received_amount_in_coins", much)
                    }),
                ],
            ),
        ],
    )
}
