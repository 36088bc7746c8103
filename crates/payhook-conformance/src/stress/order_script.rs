//! The steps of scripts about orders.

use super::script::{self, Build};
use chrono::TimeDelta;
use payhook::citypay::OrderDetails;
use payhook::payment::ExpectedKind;
use payhook::testing::Body;
use payhook::testing::citypay::{OrderBuilder, OrderEndpoint, error_response, order};

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
pub(super) type Test = script::Test<CityPaySetup>;

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
    pub(super) fn set_response(&self, response: &Body<OrderDetails>) {
        self.gateway.endpoint.set_unreachable(false);
        self.gateway
            .endpoint
            .set_answer(&self.payment.reference, response);
    }

    /// Sets the order that the endpoint returns.
    pub(super) fn set_order(&self, order: &OrderBuilder) {
        self.set_response(&order.answer(&self.gateway.customer_id));
    }

    /// Makes the endpoint return that there is no such order.
    pub(super) fn set_no_order(&self) {
        self.set_response(&error_response(404, "Order not found"));
    }
}

/// The endpoint and the callback agree.
pub(super) fn in_sync(cx: &Context<'_>, order: &OrderBuilder) -> Vec<u8> {
    cx.set_order(order);
    order.callback().to_vec()
}

pub(super) const CREATED: Build<CityPaySetup> = |cx| in_sync(cx, &cx.unpaid().created());
pub(super) const PENDING: Build<CityPaySetup> = |cx| in_sync(cx, &cx.order().paid_unconfirmed());
pub(super) const CONFIRMED: Build<CityPaySetup> = |cx| in_sync(cx, &cx.order());
/// Regardless of the endpoint's response.
pub(super) const NOTIFY: Build<CityPaySetup> = |cx| cx.order().callback().to_vec();

pub(super) fn orders(name: &'static str, steps: impl IntoIterator<Item = Step>) -> Case {
    Case::new(ExpectedKind::Order, name, steps)
}

pub(super) fn delivered(name: &'static str, builds: &[(u64, Build<CityPaySetup>)]) -> Case {
    orders(
        name,
        builds
            .iter()
            .map(|(received, build)| Step::deliver(*received, *build)),
    )
}
