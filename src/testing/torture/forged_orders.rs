//! What CityPay.io's callbacks are tortured with: what others make of them.

use super::orders::{
    Asked, CONFIRMED, CREATED, Case, Desk, PENDING, RUNG, Step, Trial, goes, orders, told,
};
use super::script::{Bystander, Make};
use super::transfers::bytes;
use crate::testing::citypay::deposit;
use crate::testing::json::Json;

/// Changed in a callback that was told before.
fn told_before(name: &'static str, altered: Make<Asked>) -> Case {
    orders(
        name,
        [Step::tell(100, CONFIRMED), Step::alter(100, altered)],
    )
}

pub(super) fn trials() -> Vec<Trial> {
    vec![rung_by_strangers(), changed()]
}

/// Anybody can ring.
fn rung_by_strangers() -> Trial {
    let rung =
        |name, before: Make<Asked>| orders(name, [Step::tell(0, before), Step::forge(0, RUNG)]);
    Trial::new(
        "rung by strangers",
        [
            rung("not paid", CREATED),
            rung("paid, not confirmed", PENDING),
            rung("canceled", |d| goes(d, &d.order().canceled())),
            rung("unknown to the endpoint", |d| {
                d.is_not();
                bytes(&d.order().created().callback())
            }),
            orders(
                "paid in part",
                [
                    Step::tell(20, |d| goes(d, &d.order().underpaid())),
                    Step::forge(20, RUNG),
                ],
            ),
            rung("another customer's", |d| {
                let foreign = format!("{}9", d.gateway.customer_id);
                let answer = d.order().answer(&foreign);
                d.answer(&answer);
                RUNG(d)
            }),
            orders(
                "a token of nobody",
                [
                    Step::tell(0, CREATED),
                    Step::forge(0, |d| {
                        let token = format!("{}-of-nobody", d.payment.reference);
                        bytes(&d.order().callback().set("order_token", token))
                    }),
                ],
            ),
            orders(
                "no token",
                [
                    Step::tell(0, CREATED),
                    Step::forge(0, |d| {
                        bytes(&d.order().callback().set("order_token", Json::default()))
                    }),
                ],
            ),
            orders(
                "as a deposit",
                [
                    Step::tell(0, CREATED),
                    Step::forge(0, |d| {
                        let body = deposit()
                            .token(d.payment.reference.as_str())
                            .received(d.percent(100))
                            .at(d.start);
                        bytes(&body.callback())
                    }),
                ],
            ),
        ],
    )
}

/// What the callback says beside its token.
fn changed() -> Trial {
    fn set(d: &Desk<'_>, path: &str, value: impl Into<Json>) -> Vec<u8> {
        bytes(&d.order().callback().set(path, value))
    }
    Trial::new(
        "fields changed",
        [
            told_before("status", |d| bytes(&d.order().overpaid().callback())),
            told_before("amount", |d| {
                let much = d.percent(10_000);
                set(d, "received_amount_in_coins", much)
            }),
            told_before("transaction", |d| set(d, "transaction_id", "ff".repeat(32))),
            told_before("order id", |d| set(d, "order_id", d.id.saturating_add(9))),
            told_before("coin", |d| set(d, "crypto_currency", "DOGE")),
            told_before("client_order_id", |d| {
                let other = d.bystander.reference.as_str();
                set(d, "client_order_id", other)
            })
            .beside(Bystander::Another),
            told(
                "amount, in the first that is told",
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
