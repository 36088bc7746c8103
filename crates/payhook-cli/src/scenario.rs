//! `payhook scenario`: the callbacks to trigger, and the lifecycles to simulate.

use std::fmt::Write as _;

use clap::ValueEnum;
use payhook::testing::b2binpay::CallbackBuilder;
use payhook::testing::citypay::{DepositBuilder, OrderBuilder};
use payhook_conformance::simulator::Scenario as Lifecycle;
use serde_json::{Value, json};

use crate::body::GatewayName;
use crate::error::{CliError, Exit};
use crate::screen::{STRONG, Screen, styled};

pub(crate) type MakeTransfer = fn(CallbackBuilder) -> CallbackBuilder;
pub(crate) type MakeDeposit = fn(DepositBuilder) -> DepositBuilder;
pub(crate) type MakeOrder = fn(OrderBuilder) -> OrderBuilder;

/// A callback to trigger: its name, its summary and its builder.
pub(crate) enum Scenario {
    CityPayDeposit(&'static str, &'static str, MakeDeposit),
    Order(&'static str, &'static str, MakeOrder),
    Transfer(&'static str, &'static str, MakeTransfer),
}

use Scenario::{CityPayDeposit, Order, Transfer};

pub(crate) const SCENARIOS: [Scenario; 25] = [
    Transfer(
        "deposit.created",
        "the transfer is known, but not yet in the blockchain",
        CallbackBuilder::created,
    ),
    Transfer(
        "deposit.unconfirmed",
        "the transfer has one confirmation",
        |it| it.unconfirmed(1),
    ),
    Transfer(
        "deposit.confirmed",
        "the transfer is final",
        CallbackBuilder::confirmed,
    ),
    Transfer(
        "deposit.failed",
        "the transfer failed in the blockchain",
        CallbackBuilder::failed,
    ),
    Transfer(
        "deposit.blocked",
        "an AML provider blocked the transfer",
        CallbackBuilder::blocked,
    ),
    Transfer(
        "deposit.canceled",
        "the transfer was canceled or is below the minimum",
        CallbackBuilder::canceled,
    ),
    Transfer(
        "deposit.no_transfer",
        "the deposit expired unpaid",
        CallbackBuilder::no_transfer,
    ),
    Transfer(
        "deposit.no_transfer.unsigned",
        "the same from API v2, which is unsigned",
        |it| it.v2().no_transfer(),
    ),
    Transfer(
        "payout.created",
        "the transfer is known, but not yet in the blockchain",
        CallbackBuilder::created,
    ),
    Transfer(
        "payout.unconfirmed",
        "the transfer has one confirmation",
        |it| it.unconfirmed(1),
    ),
    Transfer(
        "payout.confirmed",
        "the transfer is final",
        CallbackBuilder::confirmed,
    ),
    Transfer(
        "payout.failed",
        "the transfer failed in the blockchain",
        CallbackBuilder::failed,
    ),
    Transfer(
        "payout.blocked",
        "an AML provider blocked the transfer",
        CallbackBuilder::blocked,
    ),
    Transfer(
        "payout.canceled",
        "the transfer was canceled",
        CallbackBuilder::canceled,
    ),
    Transfer(
        "payout.no_transfer",
        "the payout was not approved",
        CallbackBuilder::no_transfer,
    ),
    Transfer(
        "payout.no_transfer.unsigned",
        "the same from API v2, which is unsigned",
        |it| it.v2().no_transfer(),
    ),
    Order(
        "order.created",
        "the payer chose a currency",
        OrderBuilder::created,
    ),
    Order(
        "order.paid_unconfirmed",
        "paid, not yet confirmed",
        OrderBuilder::paid_unconfirmed,
    ),
    Order(
        "order.confirmed",
        "paid and confirmed",
        OrderBuilder::confirmed,
    ),
    Order("order.underpaid", "partially paid", OrderBuilder::underpaid),
    Order("order.overpaid", "overpaid", OrderBuilder::overpaid),
    Order(
        "order.expired",
        "expired: the gateway posts no callback, only its order endpoint reports it",
        OrderBuilder::expired,
    ),
    Order("order.canceled", "canceled", OrderBuilder::canceled),
    CityPayDeposit(
        "customer-deposit.pending",
        "with fewer than five confirmations",
        DepositBuilder::pending,
    ),
    CityPayDeposit(
        "customer-deposit.confirmed",
        "with five confirmations or more",
        DepositBuilder::confirmed,
    ),
];

impl Scenario {
    pub(crate) fn gateway(&self) -> GatewayName {
        match self {
            CityPayDeposit(..) | Order(..) => GatewayName::CityPay,
            Transfer(..) => GatewayName::B2binpay,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            CityPayDeposit(name, ..) | Order(name, ..) | Transfer(name, ..) => name,
        }
    }

    fn summary(&self) -> &'static str {
        match self {
            CityPayDeposit(_, summary, _) | Order(_, summary, _) | Transfer(_, summary, _) => {
                summary
            }
        }
    }
}

pub(crate) fn run(screen: Screen) -> Result<Exit, CliError> {
    let triggered = SCENARIOS
        .iter()
        .map(|it| (it.gateway(), it.name(), it.summary()));
    let lifecycles = [GatewayName::B2binpay, GatewayName::CityPay]
        .into_iter()
        .flat_map(|name| {
            let own = Lifecycle::ALL
                .iter()
                .filter(move |lifecycle| lifecycle.gateway() == name.into());
            own.map(move |lifecycle| (name, lifecycle.as_str(), lifecycle.summary()))
        });
    let mut text = String::new();
    let trigger = list("payhook trigger", triggered, &mut text);
    text.push('\n');
    let simulate = list("payhook simulate", lifecycles, &mut text);
    screen.show(&text, &json!({"trigger": trigger, "simulate": simulate}))?;
    Ok(Exit::Success)
}

fn list(
    head: &str,
    scenarios: impl Iterator<Item = (GatewayName, &'static str, &'static str)>,
    text: &mut String,
) -> Vec<Value> {
    let _ = writeln!(text, "{}", styled(STRONG, head));
    let mut list = Vec::new();
    for (gateway, name, summary) in scenarios {
        let gateway = gateway.to_possible_value();
        let gateway = gateway.map_or_else(String::new, |value| value.get_name().to_owned());
        let _ = writeln!(text, "  {gateway:8}  {name:28}  {summary}");
        list.push(json!({"gateway": gateway, "scenario": name, "summary": summary}));
    }
    list
}
