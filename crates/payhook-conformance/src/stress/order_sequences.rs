//! Tests with CityPay.io's callbacks: orders that need several callbacks to settle,
//! and late responses.

use super::order_script::{
    CONFIRMED, CREATED, Case, CityPaySetup, Step, Test, delivered, in_sync, orders,
};
use super::script::{Build, Bystander};

/// Underpaid, which is reported.
const FIRST_PART: Build<CityPaySetup> = |cx| in_sync(cx, &cx.paid(&[60]).underpaid());
/// Topped up.
const BOTH_PARTS: Build<CityPaySetup> = |cx| in_sync(cx, &cx.paid(&[60, 40]));

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(
            "parts, each repeated",
            [delivered(
                "order",
                &[
                    (60, FIRST_PART),
                    (60, FIRST_PART),
                    (100, BOTH_PARTS),
                    (100, BOTH_PARTS),
                ],
            )
            .policy()],
        ),
        Test::new(
            "confirmed, then underpaid",
            [
                delivered(
                    "paid in parts",
                    &[(60, FIRST_PART), (100, BOTH_PARTS), (100, FIRST_PART)],
                )
                .policy(),
                delivered(
                    "the endpoint falls behind",
                    &[(100, BOTH_PARTS), (100, FIRST_PART), (100, BOTH_PARTS)],
                ),
            ],
        ),
        Test::new(
            "dust after it is paid",
            [delivered(
                "order",
                &[
                    (100, CONFIRMED),
                    (101, |cx| in_sync(cx, &cx.paid(&[100, 1]).overpaid())),
                    (101, |cx| in_sync(cx, &cx.paid(&[100, 1]).overpaid())),
                ],
            )],
        ),
        Test::new(
            "paid late",
            [delivered(
                "after it expired",
                &[
                    (0, CREATED),
                    (0, |cx| in_sync(cx, &cx.unpaid().expired())),
                    (100, |cx| {
                        cx.set_order(&cx.order().expired());
                        cx.order().paid_unconfirmed().callback().to_vec()
                    }),
                ],
            )
            .policy()],
        ),
        Test::new("again after a restart", repeated_after(Step::restart)),
        Test::new(
            "again at every replica",
            repeated_after(Step::every_replica),
        ),
        Test::new(
            "one transaction under two tokens",
            [delivered(
                "order",
                &[
                    (100, CONFIRMED),
                    (100, |cx| {
                        let token = cx.bystander.reference.as_str();
                        let order = cx.order().token(token).client_order_id(token);
                        let answer = order.answer(&cx.gateway.customer_id);
                        cx.gateway.endpoint.set_answer(token, &answer);
                        order.callback().to_vec()
                    }),
                ],
            )
            .beside(Bystander::Second)],
        ),
    ]
}

/// Repeated after an event that in-memory data of a process does not survive.
fn repeated_after(something: fn() -> Step) -> [Case; 2] {
    let paid = [Step::deliver(100, CONFIRMED), something(), Step::again(100)];
    let parts = [
        Step::deliver(60, FIRST_PART),
        something(),
        Step::deliver(100, BOTH_PARTS),
        something(),
        Step::again(100),
    ];
    [orders("order", paid), orders("in parts", parts).policy()]
}
