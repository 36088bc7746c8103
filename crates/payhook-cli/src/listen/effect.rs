//! [`Payments`]: the change that each callback makes to its payment.
//!
//! The merchant's payments are registered elsewhere. So the first callback of a
//! reference determines what is expected here, and all callbacks of that reference are
//! applied to one payment, in the order in which they arrive.

use std::collections::{HashMap, VecDeque};

use payhook::b2binpay::Operation;
use payhook::event::PaymentKind;
use payhook::payment::{Expected, History, Payment};
use payhook::{Amount, Callback};
use serde_json::{Value, json};

/// Payments by gateway and reference, at most a given number of them.
pub(crate) struct Payments {
    known: Bounded<Payment>,
    /// The reference of each transfer.
    transfers: Bounded<String>,
}

/// A gateway, and a reference or the id of a transfer.
type Key = (&'static str, String);

/// A map that forgets what was added first.
struct Bounded<T> {
    entries: HashMap<Key, T>,
    order: VecDeque<Key>,
    limit: usize,
}

impl<T> Bounded<T> {
    fn new(limit: usize) -> Self {
        Self {
            entries: HashMap::new(),
            order: VecDeque::new(),
            limit,
        }
    }

    fn add(&mut self, key: Key, value: T) {
        if self.entries.contains_key(&key) {
            return;
        }
        if self.order.len() >= self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.entries.insert(key, value);
    }
}

impl Payments {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            known: Bounded::new(limit),
            transfers: Bounded::new(limit),
        }
    }

    /// Applies a callback to its payment, and describes the change. Of a transfer that
    /// belongs to another reference, `other_reference` is that reference.
    pub(crate) fn apply(&mut self, callback: &Callback) -> Value {
        let event = callback.event();
        let key = (event.gateway(), event.reference().value().to_owned());
        if let Some(part) = event.part() {
            let transfer = (event.gateway(), part.to_owned());
            match self.transfers.entries.get(&transfer) {
                Some(other) if *other != key.1 => {
                    let why = format!(
                        "its transfer arrived before for `{other}`, so that a ledger holds it for \
                         manual review"
                    );
                    return json!({ "none": why, "other_reference": other });
                }
                _ => self.transfers.add(transfer, key.1.clone()),
            }
        }
        let is_first = !self.known.entries.contains_key(&key);
        if is_first {
            let Some(expected) = expected(callback) else {
                let why = "it contains no amount and currency of which an expected payment \
                           could be made";
                return json!({ "none": why });
            };
            self.known
                .add(key.clone(), Payment::new(expected, History::default()));
        }
        let Some(payment) = self.known.entries.get_mut(&key) else {
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
                "amount": expected.amount().map(Amount::without_trailing_zeros),
            },
            "is_first": is_first,
            "is_changed": change.is_changed(),
            "credited_now": change.credited().map(Amount::without_trailing_zeros),
            "newly_paid": change.newly_paid(),
            "reviews": reviews,
            "status": payment.status().as_str(),
            "received": payment.received().without_trailing_zeros(),
            "credited": payment.credited().without_trailing_zeros(),
            "held": payment.held().without_trailing_zeros(),
        })
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
            let reported = callback.reported();
            let transfer = reported.transfer()?;
            let currency = reported.currency()?.alpha()?;
            let received = transfer.amount();
            match reported.operation() {
                Operation::Deposit(deposit) => {
                    // An invoice is requested in another currency than it is paid in.
                    let is_same = reported.currency_id() == transfer.currency_id();
                    let requested = deposit.target_amount_requested();
                    let requested =
                        requested.filter(|_| is_same && reported.currency_id().is_some());
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
            let reported = callback.reported();
            let currency = reported.fiat_currency()?;
            let amount = reported.received_amount_in_fiat()?;
            Expected::order(reference, currency, amount).ok()
        }
        _ if event.kind().value() == PaymentKind::Deposit => {
            let currency = event.currency()?;
            Expected::top_up(reference, currency.value()).ok()
        }
        _ => None,
    }
}
