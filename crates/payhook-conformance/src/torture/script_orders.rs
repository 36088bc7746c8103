//! The steps of scripts about orders.

use super::script::{self, Make};
use chrono::TimeDelta;
use payhook::citypay::OrderDetails;
use payhook::payment::ExpectedKind;
use payhook::testing::Body;
use payhook::testing::citypay::{OrderBuilder, OrderEndpoint, order, refusal};

/// The gateway: the merchant's customer id, and the order endpoint that the server
/// queries.
#[derive(Debug, Clone)]
pub(super) struct CityPaySetup {
    pub(super) customer_id: String,
    pub(super) endpoint: OrderEndpoint,
}

pub(super) type Case = script::Case<CityPaySetup>;
pub(super) type Context<'a> = script::Context<'a, CityPaySetup>;
pub(super) type Step = script::Step<CityPaySetup>;
pub(super) type Trial = script::Trial<CityPaySetup>;

impl Context<'_> {
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
pub(super) fn goes(cx: &Context<'_>, order: &OrderBuilder) -> Vec<u8> {
    cx.is(order);
    order.callback().to_vec()
}

pub(super) const CREATED: Make<CityPaySetup> = |cx| goes(cx, &cx.unpaid().created());
pub(super) const PENDING: Make<CityPaySetup> = |cx| goes(cx, &cx.order().paid_unconfirmed());
pub(super) const CONFIRMED: Make<CityPaySetup> = |cx| goes(cx, &cx.order());
/// Regardless of the endpoint's response.
pub(super) const NOTIFY: Make<CityPaySetup> = |cx| cx.order().callback().to_vec();

pub(super) fn orders(name: &'static str, steps: impl IntoIterator<Item = Step>) -> Case {
    Case::new(ExpectedKind::Order, name, steps)
}

pub(super) fn delivered(name: &'static str, makes: &[(u64, Make<CityPaySetup>)]) -> Case {
    orders(
        name,
        makes.iter().map(|(came, make)| Step::deliver(*came, *make)),
    )
}
