//! Tests with CityPay.io's callbacks.

use super::script::{ROUNDS, SLOW};
use super::script_orders::{
    CONFIRMED, CREATED, Context, NOTIFY, PENDING, Step, Trial, delivered, goes, orders,
};
use super::shop::InjectedFault;
use super::{lives_orders, spelled_orders};
use payhook::testing::citypay::OrderBuilder;

pub(super) fn trials() -> Vec<Trial> {
    let mut trials = repeated();
    trials.extend(asked_back());
    trials.extend(ended());
    trials.push(spelled_orders::trial());
    trials.extend(lives_orders::trials());
    trials.extend(troubled());
    trials
}

/// Single, repeated, late and concurrent deliveries.
fn repeated() -> Vec<Trial> {
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
        Trial::new(
            "a plain payment",
            [delivered(
                "order",
                &[(0, CREATED), (0, PENDING), (100, CONFIRMED)],
            )],
        ),
        Trial::new("the same bytes five times", [orders("order", again)]),
        Trial::new(
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
        Trial::new(
            "the same bytes, two at once",
            std::iter::repeat_with(pair).take(ROUNDS),
        ),
    ]
}

/// The endpoint disagrees with the callback.
fn asked_back() -> Vec<Trial> {
    vec![
        Trial::new(
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
        Trial::new(
            "the endpoint is ahead",
            [
                delivered(
                    "of paid",
                    &[
                        (100, |cx| {
                            cx.is(&cx.order());
                            cx.order().paid_unconfirmed().callback().to_vec()
                        }),
                        (100, NOTIFY),
                    ],
                ),
                delivered(
                    "of created",
                    &[
                        (100, |cx| {
                            cx.is(&cx.order());
                            cx.unpaid().created().callback().to_vec()
                        }),
                        (100, NOTIFY),
                    ],
                ),
            ],
        ),
        Trial::new(
            "the endpoint fails, then answers",
            [
                delivered(
                    "out of reach",
                    &[
                        (0, PENDING),
                        (100, |cx| {
                            let body = CONFIRMED(cx);
                            cx.gateway.endpoint.unreachable(cx.attempt < 2);
                            body
                        }),
                    ],
                ),
                delivered(
                    "no such order",
                    &[(100, |cx| {
                        if cx.attempt < 2 {
                            cx.is_not();
                        } else {
                            cx.is(&cx.order());
                        }
                        NOTIFY(cx)
                    })],
                ),
            ],
        ),
    ]
}

/// Callbacks that settle nothing, or not exactly the amount due.
fn ended() -> Vec<Trial> {
    vec![
        Trial::new(
            "canceled, expired, unknown",
            [
                delivered(
                    "canceled",
                    &[(0, CREATED), (0, |cx| goes(cx, &cx.unpaid().canceled()))],
                ),
                delivered(
                    "expired",
                    &[(0, CREATED), (0, |cx| goes(cx, &cx.unpaid().expired()))],
                ),
                delivered(
                    "FROZEN",
                    &[
                        (0, PENDING),
                        (0, |cx| goes(cx, &cx.unpaid().status("FROZEN"))),
                    ],
                ),
            ],
        ),
        Trial::new(
            "underpaid, overpaid, in parts",
            [
                delivered(
                    "a part",
                    &[(20, |cx| goes(cx, &cx.paid(&[20]).underpaid()))],
                ),
                delivered(
                    "a part and the rest",
                    &[
                        (40, |cx| goes(cx, &cx.paid(&[40]).underpaid())),
                        (100, |cx| goes(cx, &cx.paid(&[40, 60]))),
                    ],
                )
                .policy(),
                delivered(
                    "all and some more",
                    &[(125, |cx| goes(cx, &cx.paid(&[125]).overpaid()))],
                ),
            ],
        ),
    ]
}

/// Faults are injected into the server.
fn troubled() -> Vec<Trial> {
    vec![
        Trial::new(
            "the shop fails twice",
            [orders(
                "order",
                [
                    Step::inject(InjectedFault::Fails(2)),
                    Step::deliver(100, CONFIRMED),
                ],
            )],
        ),
        Trial::new(
            "a slow shop, posted to again",
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
        cx.is(before);
    } else {
        cx.is(&cx.order());
    }
    NOTIFY(cx)
}

/// Deliveries to the other gateway's URL, if there are both.
pub(super) fn astray() -> Trial {
    Trial::new(
        "at the other gateway's address",
        [orders(
            "order",
            [Step::deliver(100, CONFIRMED), Step::astray(100)],
        )],
    )
}
