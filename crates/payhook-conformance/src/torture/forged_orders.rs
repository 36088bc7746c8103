//! Tests with CityPay.io's callbacks: forgeries.

use super::script::{Bystander, Make};
use super::script_orders::{
    Asked, CONFIRMED, CREATED, Case, Desk, NOTIFY, PENDING, Step, Trial, delivered, goes, orders,
};
use payhook::testing::Json;
use payhook::testing::citypay::deposit;

/// Changed in a callback that was delivered before.
fn altered_after(name: &'static str, altered: Make<Asked>) -> Case {
    orders(
        name,
        [Step::deliver(100, CONFIRMED), Step::alter(100, altered)],
    )
}

pub(super) fn trials() -> Vec<Trial> {
    vec![unauthenticated_notifications(), changed()]
}

/// Anyone can send them.
fn unauthenticated_notifications() -> Trial {
    let notified = |name, before: Make<Asked>| {
        orders(name, [Step::deliver(0, before), Step::forge(0, NOTIFY)])
    };
    Trial::new(
        "unauthenticated notifications",
        [
            notified("not paid", CREATED),
            notified("paid, not confirmed", PENDING),
            notified("canceled", |d| goes(d, &d.unpaid().canceled())),
            notified("unknown to the endpoint", |d| {
                d.is_not();
                d.unpaid().created().callback().to_vec()
            }),
            orders(
                "paid in part",
                [
                    Step::deliver(20, |d| goes(d, &d.paid(&[20]).underpaid())),
                    Step::forge(20, NOTIFY),
                ],
            ),
            notified("another customer's", |d| {
                let foreign = format!("{}9", d.gateway.customer_id);
                let answer = d.order().answer(&foreign);
                d.answer(&answer);
                NOTIFY(d)
            }),
            orders(
                "an unknown token",
                [
                    Step::deliver(0, CREATED),
                    Step::forge(0, |d| {
                        let token = format!("{}-unknown", d.payment.reference);
                        d.order().callback().set("order_token", token).to_vec()
                    }),
                ],
            ),
            orders(
                "no token",
                [
                    Step::deliver(0, CREATED),
                    Step::forge(0, |d| {
                        d.order()
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
                    Step::forge(0, |d| {
                        let body = deposit()
                            .token(d.payment.reference.as_str())
                            .received(d.percent(100))
                            .at(d.start);
                        body.callback().to_vec()
                    }),
                ],
            ),
        ],
    )
}

/// The callback's fields except its token.
fn changed() -> Trial {
    fn set(d: &Desk<'_>, path: &str, value: impl Into<Json>) -> Vec<u8> {
        d.order().callback().set(path, value).to_vec()
    }
    Trial::new(
        "fields changed",
        [
            altered_after("status", |d| d.order().overpaid().callback().to_vec()),
            altered_after("amount", |d| {
                let much = d.percent(10_000);
                set(d, "received_amount_in_coins", much)
            }),
            altered_after("transaction", |d| set(d, "transaction_id", "ff".repeat(32))),
            altered_after("order id", |d| set(d, "order_id", d.id.saturating_add(9))),
            altered_after("coin", |d| set(d, "crypto_currency", "DOGE")),
            altered_after("client_order_id", |d| {
                let other = d.bystander.reference.as_str();
                set(d, "client_order_id", other)
            })
            .beside(Bystander::Another),
            delivered(
                "amount, in the first that is delivered",
                &[
                    (0, PENDING),
                    (100, |d| {
                        d.is(&d.order());
                        let much = d.percent(10_000);
                        set(d, "received_amount_in_coins", much)
                    }),
                ],
            ),
        ],
    )
}
