//! Tests with CityPay.io's callbacks.

use super::lives_orders;
use super::script::{self, Make, ROUNDS, SLOW};
use super::shop::Trouble;
use super::spelled_orders;
use chrono::TimeDelta;
use payhook::citypay::OrderDetails;
use payhook::payment::ExpectedKind;
use payhook::testing::Body;
use payhook::testing::citypay::{OrderBuilder, OrderEndpoint, order, refusal};

/// The gateway: the merchant's customer id, and the order endpoint that the server
/// queries.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) customer_id: String,
    pub(super) endpoint: OrderEndpoint,
}

pub(super) type Case = script::Case<Asked>;
pub(super) type Desk<'a> = script::Desk<'a, Asked>;
pub(super) type Step = script::Step<Asked>;
pub(super) type Trial = script::Trial<Asked>;

impl Desk<'_> {
    /// The payment's order, confirmed.
    pub(super) fn order(&self) -> OrderBuilder {
        self.paid(&[100])
    }

    /// The payment's order, paid in transactions of these percentages.
    pub(super) fn paid(&self, parts: &[u64]) -> OrderBuilder {
        parts
            .iter()
            .zip(1..)
            .fold(self.unpaid(), |order, (part, number)| {
                let id = self.id.saturating_mul(10).saturating_add(number);
                let at = self.start.checked_add_signed(TimeDelta::minutes(4));
                order.received_at(
                    &self.percent(*part),
                    at.unwrap_or(self.start),
                    &id.to_string(),
                    &format!("{id:064x}"),
                )
            })
    }

    /// The payment's order, without a transaction.
    pub(super) fn unpaid(&self) -> OrderBuilder {
        order()
            .token(self.payment.reference.as_str())
            .client_order_id(self.payment.reference.as_str())
            .order_id(self.id)
            .amount(&self.percent(100))
            .crypto_currency(self.payment.currency)
            .at(self.start)
    }

    /// Sets the endpoint's response for the payment's token.
    pub(super) fn answer(&self, answer: &Body<OrderDetails>) {
        self.gateway.endpoint.unreachable(false);
        self.gateway.endpoint.tell(&self.payment.reference, answer);
    }

    /// Sets the order that the endpoint returns.
    pub(super) fn is(&self, order: &OrderBuilder) {
        self.answer(&order.answer(&self.gateway.customer_id));
    }

    /// Makes the endpoint return that there is no such order.
    pub(super) fn is_not(&self) {
        self.answer(&refusal(404, "Order not found"));
    }
}

/// The endpoint and the callback agree.
pub(super) fn goes(d: &Desk<'_>, order: &OrderBuilder) -> Vec<u8> {
    d.is(order);
    order.callback().to_vec()
}

pub(super) const CREATED: Make<Asked> = |d| goes(d, &d.unpaid().created());
pub(super) const PENDING: Make<Asked> = |d| goes(d, &d.order().paid_unconfirmed());
pub(super) const CONFIRMED: Make<Asked> = |d| goes(d, &d.order());
/// Regardless of the endpoint's response.
pub(super) const NOTIFY: Make<Asked> = |d| d.order().callback().to_vec();

pub(super) fn orders(name: &'static str, steps: impl IntoIterator<Item = Step>) -> Case {
    Case::new(ExpectedKind::Order, name, steps)
}

pub(super) fn delivered(name: &'static str, makes: &[(u64, Make<Asked>)]) -> Case {
    orders(
        name,
        makes.iter().map(|(came, make)| Step::deliver(*came, *make)),
    )
}

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
                        (100, |d| d.order().paid_unconfirmed().callback().to_vec()),
                        (100, |d| d.unpaid().created().callback().to_vec()),
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
                        (100, |d| lagging(d, &d.order().paid_unconfirmed())),
                    ],
                ),
                delivered(
                    "not paid",
                    &[(0, CREATED), (100, |d| lagging(d, &d.unpaid().created()))],
                ),
            ],
        ),
        Trial::new(
            "the endpoint is ahead",
            [
                delivered(
                    "of paid",
                    &[
                        (100, |d| {
                            d.is(&d.order());
                            d.order().paid_unconfirmed().callback().to_vec()
                        }),
                        (100, NOTIFY),
                    ],
                ),
                delivered(
                    "of created",
                    &[
                        (100, |d| {
                            d.is(&d.order());
                            d.unpaid().created().callback().to_vec()
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
                        (100, |d| {
                            let body = CONFIRMED(d);
                            d.gateway.endpoint.unreachable(d.attempt < 2);
                            body
                        }),
                    ],
                ),
                delivered(
                    "no such order",
                    &[(100, |d| {
                        if d.attempt < 2 {
                            d.is_not();
                        } else {
                            d.is(&d.order());
                        }
                        NOTIFY(d)
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
                    &[(0, CREATED), (0, |d| goes(d, &d.unpaid().canceled()))],
                ),
                delivered(
                    "expired",
                    &[(0, CREATED), (0, |d| goes(d, &d.unpaid().expired()))],
                ),
                delivered(
                    "FROZEN",
                    &[(0, PENDING), (0, |d| goes(d, &d.unpaid().status("FROZEN")))],
                ),
            ],
        ),
        Trial::new(
            "underpaid, overpaid, in parts",
            [
                delivered("a part", &[(20, |d| goes(d, &d.paid(&[20]).underpaid()))]),
                delivered(
                    "a part and the rest",
                    &[
                        (40, |d| goes(d, &d.paid(&[40]).underpaid())),
                        (100, |d| goes(d, &d.paid(&[40, 60]))),
                    ],
                )
                .policy(),
                delivered(
                    "all and some more",
                    &[(125, |d| goes(d, &d.paid(&[125]).overpaid()))],
                ),
            ],
        ),
    ]
}

/// The server itself is disturbed.
fn troubled() -> Vec<Trial> {
    vec![
        Trial::new(
            "the shop fails twice",
            [orders(
                "order",
                [
                    Step::disturb(Trouble::Fails(2)),
                    Step::deliver(100, CONFIRMED),
                ],
            )],
        ),
        Trial::new(
            "a slow shop, posted to again",
            [orders(
                "order",
                [Step::disturb(SLOW), Step::deliver_two(100, true, CONFIRMED)],
            )],
        ),
    ]
}

/// For two attempts the endpoint still returns its previous response.
fn lagging(d: &Desk<'_>, before: &OrderBuilder) -> Vec<u8> {
    if d.attempt < 2 {
        d.is(before);
    } else {
        d.is(&d.order());
    }
    NOTIFY(d)
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
