//! A callback's facts, and whether each is proven.

use std::fmt::{Display, Write as _};

use payhook::b2binpay::{self, CallbackType, ProvenTransfer};
use payhook::chrono::{DateTime, SecondsFormat, Utc};
use payhook::citypay::{OrderCallback, ProvenOrder};
use payhook::{Callback, Fact, error::FieldWarning};
use serde_json::{Map, Value, json};

use crate::screen::{FAINT, GOOD, plain, styled};

/// The facts of one callback, in the order in which they are shown.
pub(crate) struct Facts(Vec<Row>);

struct Row {
    name: &'static str,
    value: String,
    mark: Mark,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// Inferred by this crate from the body.
    Inferred,
    Proven,
    Reported,
    /// Proven if the evidence were correct, which was not checked.
    WouldBe,
}

impl Mark {
    fn as_str(self) -> &'static str {
        match self {
            Self::Inferred => "inferred",
            Self::Proven => "proven",
            Self::Reported => "reported",
            Self::WouldBe => "would be proven",
        }
    }
}

impl Facts {
    pub(crate) fn of(callback: &Callback) -> Self {
        let mut facts = Self(Vec::new());
        let event = callback.event();
        facts.fact("outcome", Some(event.outcome()));
        facts.fact("kind", Some(event.kind()));
        let reference = Some(event.reference());
        facts.fact("reference", reference.filter(|it| !it.value().is_empty()));
        facts.fact("amount", event.amount());
        facts.fact("currency", event.currency());
        let time = event.time();
        facts.fact("time", time.map(|time| time.map(shown_time)));
        facts.fact("blockchain transaction", event.transaction());
        match callback {
            Callback::Transfer(callback) => {
                facts.transfer(callback.reported(), callback.proven());
            }
            Callback::Order(callback) => facts.order(callback.reported(), callback.proven()),
            Callback::Deposit(callback) => {
                facts.reported("status", callback.reported().status().as_ref());
                facts.reported("action", callback.reported().action().as_ref());
            }
            _ => {}
        }
        facts.warnings(&callback.warnings());
        facts
    }

    /// The facts of a callback whose evidence was not checked.
    pub(crate) fn unchecked(mut self) -> Self {
        for row in &mut self.0 {
            if row.mark == Mark::Proven {
                row.mark = Mark::WouldBe;
            }
        }
        self
    }

    fn transfer(&mut self, reported: &b2binpay::Callback, proven: &ProvenTransfer) {
        self.add("signed text", proven.ambiguous_text(), Mark::Proven);
        let status = proven.transfer_status();
        self.add(
            "transfer status",
            status.map(|it| coded(it, it.code())),
            Mark::Proven,
        );
        if let Some(transfer) = reported.transfer() {
            if status.is_none() {
                self.reported(
                    "transfer status",
                    Some(coded(transfer.status(), transfer.status().code())),
                );
            }
            self.reported("transfer id", Some(&transfer.id()));
            self.reported(
                "operation type",
                transfer.op_type().map(|it| coded(it, it.code())),
            );
            let blocks = reported
                .currency()
                .and_then(|currency| currency.confirmation_blocks());
            let confirmations = transfer.confirmations().map(|count| match blocks {
                Some(blocks) => format!("{count} of {blocks}"),
                None => count.to_string(),
            });
            self.reported("confirmations", confirmations);
        }
        self.reported("operation id", Some(&reported.id()));
        let types = reported.callback_types().iter().map(CallbackType::as_str);
        let types: Vec<_> = types.collect();
        let types = (!types.is_empty()).then(|| types.join(" or "));
        self.add("callback type", types, Mark::Inferred);
        let others = reported.other_transfers().count();
        self.reported("other transfers", (others > 0).then_some(others));
    }

    fn order(&mut self, reported: &OrderCallback, proven: &ProvenOrder) {
        self.add("order status", proven.status(), Mark::Proven);
        self.reported("status as posted", reported.status().as_ref());
        self.reported("action", reported.action().as_ref());
        self.reported("order id", reported.order_id().as_ref());
        self.reported("client order id", reported.client_order_id().as_ref());
        self.reported("transaction id", reported.transaction_id().as_ref());
        let behind = proven.is_stale().then_some("behind the callback");
        self.add("the endpoint is", behind, Mark::Inferred);
    }

    fn warnings(&mut self, warnings: &[FieldWarning]) {
        for warning in warnings {
            let what = format!("`{}`: {}", warning.path(), warning.reason());
            self.add("unreadable", Some(what), Mark::Inferred);
        }
    }

    fn fact<T: Display>(&mut self, name: &'static str, fact: Option<Fact<T>>) {
        if let Some(fact) = fact {
            let mark = if fact.is_proven() {
                Mark::Proven
            } else {
                Mark::Reported
            };
            self.add(name, Some(fact.value()), mark);
        }
    }

    fn reported(&mut self, name: &'static str, value: Option<impl Display>) {
        self.add(name, value, Mark::Reported);
    }

    fn add(&mut self, name: &'static str, value: Option<impl Display>, mark: Mark) {
        if let Some(value) = value {
            let value = value.to_string();
            self.0.push(Row { name, value, mark });
        }
    }

    /// Aligned, each line indented.
    pub(crate) fn text(&self) -> String {
        let width = |of: fn(&Row) -> usize| self.0.iter().map(of).max().unwrap_or_default();
        let names = width(|row| row.name.len());
        let values = width(|row| plain(&row.value).chars().count()).min(44);
        self.0.iter().fold(String::new(), |mut text, row| {
            let style = match row.mark {
                Mark::Proven => GOOD,
                Mark::Inferred | Mark::Reported | Mark::WouldBe => FAINT,
            };
            let (name, value) = (row.name, plain(&row.value));
            let mark = styled(style, row.mark.as_str());
            let _ = writeln!(text, "  {name:names$}  {value:values$}  {mark}");
            text
        })
    }

    /// Name, value and mark, in order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&'static str, &str, &'static str)> {
        let rows = self.0.iter();
        rows.map(|row| (row.name, row.value.as_str(), row.mark.as_str()))
    }

    /// By name; repeated names become a list.
    pub(crate) fn json(&self) -> Value {
        let mut object = Map::new();
        for row in &self.0 {
            let fact = json!({"value": row.value, "mark": row.mark.as_str()});
            match object.get_mut(row.name) {
                None => {
                    object.insert(row.name.to_owned(), fact);
                }
                Some(Value::Array(list)) => list.push(fact),
                Some(first) => *first = json!([first.take(), fact]),
            }
        }
        Value::Object(object)
    }
}

/// In B2BINPAY's format.
fn shown_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// `confirmed (2)`.
fn coded(name: impl Display, code: i32) -> String {
    format!("{name} ({code})")
}
