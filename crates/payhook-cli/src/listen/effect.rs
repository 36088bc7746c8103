//! [`Payments`]: the change that each callback makes to its payment.
//!
//! The merchant's payments are registered elsewhere. So the first callback of a
//! reference determines what is expected here, and all callbacks of that reference are
//! applied to one payment, in the order in which they arrive.

use std::collections::{HashMap, VecDeque};

use payhook::Callback;
use payhook::b2binpay::Operation;
use payhook::event::Kind;
use payhook::payment::{Expected, History, Payment};
use serde_json::{Value, json};

use super::record::short;

/// Payments by gateway and reference, at most a given number of them.
pub(crate) struct Payments {
    known: HashMap<Key, Payment>,
    order: VecDeque<Key>,
    limit: usize,
}

type Key = (&'static str, String);

impl Payments {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            known: HashMap::new(),
            order: VecDeque::new(),
            limit,
        }
    }

    /// Applies a callback to its payment, and describes the change.
    pub(crate) fn apply(&mut self, callback: &Callback) -> Value {
        let event = callback.event();
        let key = (event.gateway(), event.reference().value().to_owned());
        let is_first = !self.known.contains_key(&key);
        if is_first {
            let Some(expected) = expected(callback) else {
                let why = "it contains no amount and currency of which an expected payment \
                           could be made";
                return json!({ "none": why });
            };
            self.add(key.clone(), Payment::new(expected, History::default()));
        }
        let Some(payment) = self.known.get_mut(&key) else {
            return Value::Null;
        };
        let change = payment.apply(&event);
        let expected = payment.expected();
        let reviews: Vec<_> = change.reviews().iter().map(ToString::to_string).collect();
        json!({
            "expected": {
                "kind": expected.kind().as_str(),
                "reference": expected.reference(),
                "currency": expected.currency(),
                "amount": expected.amount().map(short),
            },
            "is_first": is_first,
            "is_changed": change.is_changed(),
            "credited_now": change.credited().map(short),
            "newly_paid": change.newly_paid(),
            "reviews": reviews,
            "status": payment.status().as_str(),
            "received": short(&payment.received()),
            "credited": short(&payment.credited()),
            "held": short(&payment.held()),
        })
    }

    fn add(&mut self, key: Key, payment: Payment) {
        if self.order.len() >= self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.known.insert(key, payment);
    }
}

/// The payment that the callback alone suggests: the requested amount, or else the
/// received one.
pub(crate) fn expected(callback: &Callback) -> Option<Expected> {
    let event = callback.event();
    let fact = event.reference();
    let reference = fact.value();
    match callback {
        Callback::Transfer(callback) => {
            let told = callback.reported();
            let transfer = told.transfer()?;
            let currency = told.currency()?.alpha()?;
            let received = transfer.amount();
            match told.operation() {
                Operation::Deposit(deposit) => {
                    // An invoice is requested in another currency than it is paid in.
                    let is_same = told.currency_id() == transfer.currency_id();
                    let requested = deposit.target_amount_requested();
                    let requested = requested.filter(|_| is_same && told.currency_id().is_some());
                    let requested = requested.filter(|amount| !amount.is_zero());
                    let amount = requested.unwrap_or(received);
                    Expected::deposit(reference, currency, amount).ok()
                }
                Operation::Payout(payout) => {
                    let amount = payout.amount().unwrap_or(received);
                    Expected::payout(reference, currency, amount).ok()
                }
                _ => None,
            }
        }
        Callback::Order(callback) => {
            let told = callback.reported();
            let currency = told.fiat_currency()?;
            let amount = told.received_amount_in_fiat()?;
            Expected::order(reference, currency, amount).ok()
        }
        _ if event.kind().value() == Kind::Deposit => {
            let currency = event.currency()?;
            Some(Expected::top_up(reference, currency.value()))
        }
        _ => None,
    }
}
