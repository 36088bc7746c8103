//! Tests with CityPay.io's callbacks: orders that need several callbacks to settle,
//! and late responses.

use super::script::{Bystander, Make};
use super::script_orders::{
    CONFIRMED, CREATED, Case, CityPaySetup, Step, Trial, delivered, goes, orders,
};

/// Underpaid, which is reported.
const MOST: Make<CityPaySetup> = |cx| goes(cx, &cx.paid(&[60]).underpaid());
/// Topped up.
const WHOLE: Make<CityPaySetup> = |cx| goes(cx, &cx.paid(&[60, 40]));

pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::new(
            "parts, each repeated",
            [delivered(
                "order",
                &[(60, MOST), (60, MOST), (100, WHOLE), (100, WHOLE)],
            )
            .policy()],
        ),
        Trial::new(
            "confirmed, then underpaid",
            [
                delivered("paid in parts", &[(60, MOST), (100, WHOLE), (100, MOST)]).policy(),
                delivered(
                    "the endpoint falls behind",
                    &[(100, WHOLE), (100, MOST), (100, WHOLE)],
                ),
            ],
        ),
        Trial::new(
            "dust after it is paid",
            [delivered(
                "order",
                &[
                    (100, CONFIRMED),
                    (101, |cx| goes(cx, &cx.paid(&[100, 1]).overpaid())),
                    (101, |cx| goes(cx, &cx.paid(&[100, 1]).overpaid())),
                ],
            )],
        ),
        Trial::new(
            "paid late",
            [delivered(
                "after it expired",
                &[
                    (0, CREATED),
                    (0, |cx| goes(cx, &cx.unpaid().expired())),
                    (100, |cx| {
                        cx.is(&cx.order().expired());
                        cx.order().paid_unconfirmed().callback().to_vec()
                    }),
                ],
            )
            .policy()],
        ),
        Trial::new("again after a restart", repeated_after(Step::restart)),
        Trial::new("again at every replica", repeated_after(Step::everywhere)),
        Trial::new(
            "one transaction under two tokens",
            [delivered(
                "order",
                &[
                    (100, CONFIRMED),
                    (100, |cx| {
                        let token = cx.bystander.reference.as_str();
                        let order = cx.order().token(token).client_order_id(token);
                        let answer = order.answer(&cx.gateway.customer_id);
                        cx.gateway.endpoint.tell(token, &answer);
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
        Step::deliver(60, MOST),
        something(),
        Step::deliver(100, WHOLE),
        something(),
        Step::again(100),
    ];
    [orders("order", paid), orders("in parts", parts).policy()]
}
