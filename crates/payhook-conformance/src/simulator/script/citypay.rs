//! The lifecycles of CityPay.io's orders and deposits.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::{Content, Endpoint, Report, Script, Terms, later, rest, sum};
use crate::random::Random;
use crate::simulator::{FinalState, Scenario, SimulationError};
use payhook::Amount;
use payhook::testing::Json;
use payhook::testing::citypay::{OrderBuilder, OrderEndpoint, deposit, error_response, order};

pub(in crate::simulator) fn script(
    scenario: Scenario,
    terms: &Terms<'_>,
    (customer_id, endpoint): &(String, OrderEndpoint),
    random: &mut Random,
) -> Result<Script, SimulationError> {
    let mut endpoint = Endpoint {
        simulated: endpoint.clone(),
        token: terms.payment.reference.clone(),
        answers: VecDeque::new(),
    };
    let (reports, final_state) = if scenario == Scenario::CustomerDepositConfirmed {
        let unknown = error_response(404, "Order not found");
        endpoint.answers.push_back((terms.start, unknown));
        let reports = customer_deposit(terms, random);
        (reports.into(), FinalState::for_review(&terms.amount))
    } else {
        let mut writer = Writer::new(terms, random);
        let final_state = writer.write(scenario)?;
        (
            writer.finish(scenario, customer_id, &mut endpoint),
            final_state,
        )
    };
    Ok(Script {
        reports,
        endpoint: Some(endpoint),
        final_state,
    })
}

/// The state of an order from a certain time on.
struct Stage {
    at: DateTime<Utc>,
    order: OrderBuilder,
    /// The status that is sent; `None` if only the endpoint reports it.
    posted: Option<&'static str>,
}

struct Writer<'a> {
    terms: &'a Terms<'a>,
    random: &'a mut Random,
    /// Including the payments received so far.
    order: OrderBuilder,
    stages: Vec<Stage>,
}

impl<'a> Writer<'a> {
    fn new(terms: &'a Terms<'a>, random: &'a mut Random) -> Self {
        let payment = terms.payment;
        let order = order()
            .token(payment.reference.as_str())
            .order_id(Json::raw(random.id()))
            .client_order_id(format!("INV-{}", random.id()))
            .amount(terms.amount.as_str())
            .crypto_currency(payment.currency.alpha())
            .at(terms.start);
        Self {
            terms,
            random,
            order,
            stages: Vec::new(),
        }
    }

    fn write(&mut self, scenario: Scenario) -> Result<FinalState, SimulationError> {
        let terms = self.terms;
        let amount = &terms.amount;
        self.stage(terms.start, "IN_PROGRESS");
        let moved = later(terms.start, self.random.minutes(3, 15));
        Ok(match scenario {
            Scenario::OrderCanceled => {
                self.stage(moved, "CANCELED");
                FinalState::default()
            }
            Scenario::OrderExpired => {
                self.expire();
                FinalState::default()
            }
            Scenario::OrderLate => {
                self.expire();
                let late = later(terms.deadline, self.random.minutes(1, 120));
                self.pay(late, amount);
                // It stays expired, which no callback reports.
                self.stages.push(Stage {
                    at: late,
                    order: self.order.clone().expired(),
                    posted: Some("PAID_UNCONFIRMED"),
                });
                FinalState::for_review(amount)
            }
            Scenario::OrderOverpaid => {
                let surplus = terms.surplus(self.random)?;
                self.pay(moved, &sum(amount, &surplus)?);
                self.stage(moved, "PAID_UNCONFIRMED");
                self.end(moved, "OVERPAID");
                FinalState {
                    for_review: surplus,
                    ..FinalState::credited(amount)
                }
            }
            Scenario::OrderUnderpaid => {
                let part = terms.part(self.random)?;
                self.pay(moved, &part);
                self.stage(moved, "PAID_UNCONFIRMED");
                let noticed = later(moved, self.random.minutes(6, 15));
                self.stage(noticed, "UNDERPAID");
                let moved = later(noticed, self.random.minutes(6, 25));
                self.pay(moved, &rest(amount, &part)?);
                self.stage(moved, "PAID_UNCONFIRMED");
                self.end(moved, "CONFIRMED");
                FinalState::credited(amount)
            }
            // Confirmed, however the endpoint behaves.
            _ => {
                self.pay(moved, amount);
                self.stage(moved, "PAID_UNCONFIRMED");
                self.end(moved, "CONFIRMED");
                FinalState::credited(amount)
            }
        })
    }

    fn pay(&mut self, at: DateTime<Utc>, amount: &Amount) {
        let (id, hash) = (self.random.id(), self.random.hash());
        let order = self.order.clone();
        self.order = order.received_at(amount.as_str(), at, &id, &hash);
    }

    fn stage(&mut self, at: DateTime<Utc>, status: &'static str) {
        self.stages.push(Stage {
            at,
            order: self.order.clone().status(status),
            posted: Some(status),
        });
    }

    /// Its state some blocks later.
    fn end(&mut self, moved: DateTime<Utc>, status: &'static str) {
        let at = later(moved, self.random.minutes(6, 30));
        self.stage(at, status);
    }

    fn expire(&mut self) {
        self.stages.push(Stage {
            at: self.terms.deadline,
            order: self.order.clone().expired(),
            posted: None,
        });
    }

    /// The callbacks of the stages; the endpoint is updated meanwhile.
    fn finish(self, scenario: Scenario, customer_id: &str, endpoint: &mut Endpoint) -> Vec<Report> {
        let answers = &mut endpoint.answers;
        let mut reports = Vec::new();
        let mut stages = self.stages.iter().peekable();
        while let Some(stage) = stages.next() {
            // The merchant created the order, so the endpoint knows it at once.
            let lag = (scenario == Scenario::OrderLagging && !answers.is_empty())
                .then(|| self.random.seconds(30, 240));
            let known = lag.map_or(stage.at, |lag| later(stage.at, lag));
            answers.push_back((known, stage.order.answer(customer_id)));
            let Some(status) = stage.posted else { continue };
            // If the endpoint is ahead, a stage is reported when the next one is
            // reached.
            let next = stages.peek().map_or_else(
                || later(stage.at, self.random.minutes(6, 30)),
                |next| next.at,
            );
            let happens = if scenario == Scenario::OrderAhead {
                next
            } else {
                stage.at
            };
            reports.push(Report {
                at: later(happens, self.random.seconds(1, 10)),
                label: status.to_owned(),
                transfer: 0,
                content: Content::Unsigned(stage.order.clone().status(status).callback().to_vec()),
            });
        }
        reports
    }
}

/// Its token was assigned by the merchant and is not an order.
fn customer_deposit(terms: &Terms<'_>, random: &mut Random) -> [Report; 2] {
    let payment = terms.payment;
    let moved = later(terms.start, random.minutes(1, 20));
    let paid = deposit()
        .token(payment.reference.as_str())
        .transaction_id(random.hash())
        .received(terms.amount.as_str())
        .at(moved);
    let confirmed = later(moved, random.minutes(5, 40));
    let stages = [
        (moved, "Pending", paid.clone().pending()),
        (confirmed, "Confirmed", paid.confirmed()),
    ];
    stages.map(|(at, label, paid)| {
        let callback = paid.callback();
        let callback = callback.set("crypto_currency", payment.currency.alpha());
        Report {
            at: later(at, random.seconds(1, 10)),
            label: label.to_owned(),
            transfer: 0,
            content: Content::Unsigned(callback.to_vec()),
        }
    })
}
