//! What CityPay.io's callbacks are tortured with.

use super::script::{self, Bystander, Make};
use super::shop::Trouble;
use super::transfers::{SLOW, bytes};
use crate::citypay::OrderAnswer;
use crate::event::Kind;
use crate::testing::body::Body;
use crate::testing::citypay::{OrderBuilder, OrderEndpoint, deposit, order, refusal};
use crate::testing::json::Json;

/// The gateway: the merchant's customer id, and the endpoint that the shop asks.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) customer_id: String,
    pub(super) endpoint: OrderEndpoint,
}

type Case = script::Case<Asked>;
type Desk<'a> = script::Desk<'a, Asked>;
type Step = script::Step<Asked>;
pub(super) type Trial = script::Trial<Asked>;

impl Desk<'_> {
    /// The payment's order, confirmed.
    fn order(&self) -> OrderBuilder {
        order()
            .token(self.payment.reference.as_str())
            .client_order_id(self.payment.reference.as_str())
            .order_id(self.id)
            .amount(&self.percent(100))
            .crypto_currency(self.payment.currency)
            .at(self.start)
    }

    /// From now on the endpoint answers so about the payment's token.
    fn answer(&self, answer: &Body<OrderAnswer>) {
        self.gateway.endpoint.unreachable(false);
        self.gateway.endpoint.tell(&self.payment.reference, answer);
    }

    /// From now on the order is so, says the endpoint.
    fn is(&self, order: &OrderBuilder) {
        self.answer(&order.answer(&self.gateway.customer_id));
    }

    /// From now on there is no such order, says the endpoint.
    fn is_not(&self) {
        self.answer(&refusal(404, "Order not found"));
    }
}

/// The order is so, and the gateway says so.
fn goes(d: &Desk<'_>, order: &OrderBuilder) -> Vec<u8> {
    d.is(order);
    bytes(&order.callback())
}

const CREATED: Make<Asked> = |d| goes(d, &d.order().created());
const PENDING: Make<Asked> = |d| goes(d, &d.order().paid_unconfirmed());
const CONFIRMED: Make<Asked> = |d| goes(d, &d.order());
/// Whatever the endpoint says.
const RUNG: Make<Asked> = |d| bytes(&d.order().callback());

const ROUNDS: usize = 8;

fn orders(name: &'static str, steps: impl IntoIterator<Item = Step>) -> Case {
    Case::new(Kind::Order, name, steps)
}

fn told(name: &'static str, makes: &[(u64, Make<Asked>)]) -> Case {
    orders(
        name,
        makes.iter().map(|(came, make)| Step::tell(*came, *make)),
    )
}

/// Another spelling of a confirmed order.
fn spelled(name: &'static str, make: Make<Asked>) -> Case {
    orders(name, [Step::tell(0, PENDING), Step::tell(100, make)])
}

/// Changed in a callback that was told before.
fn told_before(name: &'static str, altered: Make<Asked>) -> Case {
    orders(
        name,
        [Step::tell(100, CONFIRMED), Step::alter(100, altered)],
    )
}

pub(super) fn trials() -> Vec<Trial> {
    let again = [Step::tell(100, CONFIRMED)];
    let again = again.into_iter().chain((0..4).map(|_| Step::again(100)));
    let pair = || {
        let steps = [Step::tell(0, PENDING), Step::tell_two(100, true, CONFIRMED)];
        orders("order", steps)
    };
    vec![
        Trial::new(
            "the plain life",
            [told(
                "order",
                &[(0, CREATED), (0, PENDING), (100, CONFIRMED)],
            )],
        ),
        Trial::new("the same bytes five times", [orders("order", again)]),
        Trial::new(
            "late news after the last",
            [
                told(
                    "the endpoint knows better",
                    &[
                        (100, CONFIRMED),
                        (100, |d| bytes(&d.order().paid_unconfirmed().callback())),
                        (100, |d| bytes(&d.order().created().callback())),
                    ],
                ),
                told(
                    "the endpoint, too",
                    &[(100, CONFIRMED), (100, PENDING), (100, CREATED)],
                ),
            ],
        ),
        Trial::new(
            "the same bytes, two at once",
            std::iter::repeat_with(pair).take(ROUNDS),
        ),
        Trial::new(
            "the endpoint lags, then catches up",
            [
                told(
                    "paid, not confirmed",
                    &[
                        (0, PENDING),
                        (100, |d| lagging(d, &d.order().paid_unconfirmed())),
                    ],
                ),
                told(
                    "not paid",
                    &[(0, CREATED), (100, |d| lagging(d, &d.order().created()))],
                ),
            ],
        ),
        Trial::new(
            "the endpoint is ahead",
            [
                told(
                    "of paid",
                    &[
                        (100, |d| {
                            d.is(&d.order());
                            bytes(&d.order().paid_unconfirmed().callback())
                        }),
                        (100, RUNG),
                    ],
                ),
                told(
                    "of created",
                    &[
                        (100, |d| {
                            d.is(&d.order());
                            bytes(&d.order().created().callback())
                        }),
                        (100, RUNG),
                    ],
                ),
            ],
        ),
        Trial::new(
            "the endpoint fails, then answers",
            [
                told(
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
                told(
                    "no such order",
                    &[(100, |d| {
                        if d.attempt < 2 {
                            d.is_not();
                        } else {
                            d.is(&d.order());
                        }
                        RUNG(d)
                    })],
                ),
            ],
        ),
        Trial::new(
            "canceled, expired, unknown",
            [
                told(
                    "canceled",
                    &[(0, CREATED), (0, |d| goes(d, &d.order().canceled()))],
                ),
                told(
                    "expired",
                    &[(0, CREATED), (0, |d| goes(d, &d.order().expired()))],
                ),
                told(
                    "FROZEN",
                    &[(0, PENDING), (0, |d| goes(d, &d.order().status("FROZEN")))],
                ),
            ],
        ),
        Trial::new(
            "less, more, in parts",
            [
                told("a part", &[(20, |d| goes(d, &d.order().underpaid()))]),
                told(
                    "a part and the rest",
                    &[
                        (40, |d| {
                            goes(d, &d.order().underpaid().received(&d.percent(40)))
                        }),
                        (100, |d| {
                            let both = d.order().received(&d.percent(40));
                            goes(d, &both.received(&d.percent(60)))
                        }),
                    ],
                )
                .policy(),
                told(
                    "all and some more",
                    &[(125, |d| goes(d, &d.order().overpaid()))],
                ),
            ],
        ),
        spellings(),
        Trial::new(
            "the handler fails twice",
            [orders(
                "order",
                [Step::disturb(Trouble::Fails(2)), Step::tell(100, CONFIRMED)],
            )],
        ),
        Trial::new(
            "a slow handler, asked again",
            [orders(
                "order",
                [Step::disturb(SLOW), Step::tell_two(100, true, CONFIRMED)],
            )],
        ),
        rung_by_strangers(),
        changed(),
    ]
}

/// For two attempts the endpoint still says what it said before.
fn lagging(d: &Desk<'_>, before: &OrderBuilder) -> Vec<u8> {
    if d.attempt < 2 {
        d.is(before);
    } else {
        d.is(&d.order());
    }
    RUNG(d)
}

fn spellings() -> Trial {
    fn set(d: &Desk<'_>, path: &str, value: impl Into<Json>) -> Vec<u8> {
        d.is(&d.order());
        bytes(&d.order().callback().set(path, value))
    }
    Trial::new(
        "mixed spellings",
        [
            spelled("as in the documents", |d| {
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
                bytes(&body.set("order_status", "CONFIRMED"))
            }),
            spelled("amounts as texts", |d| {
                let amount = d.percent(100);
                set(d, "received_amount_in_coins", amount)
            }),
            spelled("amounts with an exponent", |d| {
                let amount = Json::raw(format!("{}e-4", d.due));
                d.is(&d.order());
                let answer = d.order().answer(&d.gateway.customer_id);
                let answer = answer.set("data.transactions[0].amount.total", amount.clone());
                d.answer(&answer);
                bytes(&d.order().callback().set("received_amount_in_coins", amount))
            }),
            spelled("fields null", |d| {
                d.is(&d.order());
                let null = ["order_id", "client_order_id", "action", "created_at"];
                let body = null.iter().fold(d.order().callback(), |body, field| {
                    body.set(field, Json::default())
                });
                bytes(&body)
            }),
            spelled("fields missing", |d| {
                d.is(&d.order());
                let missing = ["order_id", "client_order_id", "action", "created_at"];
                let body = d.order().callback();
                bytes(&missing.iter().fold(body, |body, field| body.remove(field)))
            }),
            spelled("fields empty", |d| {
                d.is(&d.order());
                let empty = ["exchange_rate", "created_at", "transaction_id"];
                let body = d.order().callback();
                bytes(&empty.iter().fold(body, |body, field| body.set(field, "")))
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
                RUNG(d)
            }),
        ],
    )
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

/// What goes to the other gateway's address, where there are both.
pub(super) fn astray() -> Trial {
    Trial::new(
        "at the other gateway's address",
        [orders(
            "order",
            [Step::tell(100, CONFIRMED), Step::astray(100)],
        )],
    )
}
