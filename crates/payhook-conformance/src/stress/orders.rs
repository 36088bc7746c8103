//! Tests with CityPay.io's callbacks.

use super::order_script::{
    CONFIRMED, CREATED, Context, NOTIFY, PENDING, Step, Test, delivered, in_sync, orders,
};
use super::script::{ROUNDS, SLOW};
use super::target::InjectedFault;
use super::{order_sequences, order_variants};
use payhook::testing::citypay::OrderBuilder;

pub(super) fn tests() -> Vec<Test> {
    let mut tests = repeated();
    tests.extend(endpoint_differs());
    tests.extend(ended());
    tests.push(order_variants::test());
    tests.extend(order_sequences::tests());
    tests.extend(faults());
    tests
}

/// Single, repeated, late and concurrent deliveries.
fn repeated() -> Vec<Test> {
    let again = [Step::deliver(100, CONFIRMED)];
    let again = again.into_iter().chain((0..4).map(|_| Step::again(100)));
    let pair = || {
        let steps = [
            Step::deliver(0, PENDING),
            Step::deliver_two(100, true, CONFIRMED),
        ];
        orders("order", steps)
    };
    vec![
        Test::new(
            "a plain payment",
            [delivered(
                "order",
                &[(0, CREATED), (0, PENDING), (100, CONFIRMED)],
            )],
        ),
        Test::new("the same bytes five times", [orders("order", again)]),
        Test::new(
            "older callbacks afterwards",
            [
                delivered(
                    "the endpoint knows better",
                    &[
                        (100, CONFIRMED),
                        (100, |cx| cx.order().paid_unconfirmed().callback().to_vec()),
                        (100, |cx| cx.unpaid().created().callback().to_vec()),
                    ],
                ),
                delivered(
                    "the endpoint, too",
                    &[(100, CONFIRMED), (100, PENDING), (100, CREATED)],
                ),
            ],
        ),
        Test::new(
            "the same bytes, two at once",
            std::iter::repeat_with(pair).take(ROUNDS),
        ),
    ]
}

/// The endpoint disagrees with the callback.
fn endpoint_differs() -> Vec<Test> {
    vec![
        Test::new(
            "the endpoint lags, then catches up",
            [
                delivered(
                    "paid, not confirmed",
                    &[
                        (0, PENDING),
                        (100, |cx| lagging(cx, &cx.order().paid_unconfirmed())),
                    ],
                ),
                delivered(
                    "not paid",
                    &[
                        (0, CREATED),
                        (100, |cx| lagging(cx, &cx.unpaid().created())),
                    ],
                ),
            ],
        ),
        Test::new(
            "the endpoint is ahead",
            [
                delivered(
                    "of paid",
                    &[
                        (100, |cx| {
                            cx.set_order(&cx.order());
                            cx.order().paid_unconfirmed().callback().to_vec()
                        }),
                        (100, NOTIFY),
                    ],
                ),
                delivered(
                    "of created",
                    &[
                        (100, |cx| {
                            cx.set_order(&cx.order());
                            cx.unpaid().created().callback().to_vec()
                        }),
                        (100, NOTIFY),
                    ],
                ),
            ],
        ),
        Test::new(
            "the endpoint fails, then answers",
            [
                delivered(
                    "out of reach",
                    &[
                        (0, PENDING),
                        (100, |cx| {
                            let body = CONFIRMED(cx);
                            cx.gateway.endpoint.set_unreachable(cx.attempt < 2);
                            body
                        }),
                    ],
                ),
                delivered(
                    "no such order",
                    &[(100, |cx| {
                        if cx.attempt < 2 {
                            cx.set_no_order();
                        } else {
                            cx.set_order(&cx.order());
                        }
                        NOTIFY(cx)
                    })],
                ),
            ],
        ),
    ]
}

/// Callbacks that settle nothing, or not exactly the amount due.
fn ended() -> Vec<Test> {
    vec![
        Test::new(
            "canceled, expired, unknown",
            [
                delivered(
                    "canceled",
                    &[(0, CREATED), (0, |cx| in_sync(cx, &cx.unpaid().canceled()))],
                ),
                delivered(
                    "expired",
                    &[(0, CREATED), (0, |cx| in_sync(cx, &cx.unpaid().expired()))],
                ),
                delivered(
                    "FROZEN",
                    &[
                        (0, PENDING),
                        (0, |cx| in_sync(cx, &cx.unpaid().status("FROZEN"))),
                    ],
                ),
            ],
        ),
        Test::new(
            "underpaid, overpaid, in parts",
            [
                delivered(
                    "a part",
                    &[(20, |cx| in_sync(cx, &cx.paid(&[20]).underpaid()))],
                ),
                delivered(
                    "a part and the rest",
                    &[
                        (40, |cx| in_sync(cx, &cx.paid(&[40]).underpaid())),
                        (100, |cx| in_sync(cx, &cx.paid(&[40, 60]))),
                    ],
                )
                .policy(),
                delivered(
                    "all and some more",
                    &[(125, |cx| in_sync(cx, &cx.paid(&[125]).overpaid()))],
                ),
            ],
        ),
    ]
}

/// Faults are injected into the server.
fn faults() -> Vec<Test> {
    vec![
        Test::new(
            "the server fails twice",
            [orders(
                "order",
                [
                    Step::inject(InjectedFault::Fails(2)),
                    Step::deliver(100, CONFIRMED),
                ],
            )],
        ),
        Test::new(
            "a slow server, retried",
            [orders(
                "order",
                [Step::inject(SLOW), Step::deliver_two(100, true, CONFIRMED)],
            )],
        ),
    ]
}

/// For two attempts the endpoint still returns its previous response.
fn lagging(cx: &Context<'_>, before: &OrderBuilder) -> Vec<u8> {
    if cx.attempt < 2 {
        cx.set_order(before);
    } else {
        cx.set_order(&cx.order());
    }
    NOTIFY(cx)
}

/// Deliveries to the other gateway's URL, if there are both.
pub(super) fn misrouted() -> Test {
    Test::new(
        "at the other gateway's URL",
        [orders(
            "order",
            [Step::deliver(100, CONFIRMED), Step::misrouted(100)],
        )],
    )
}
