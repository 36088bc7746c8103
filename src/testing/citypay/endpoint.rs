//! [`OrderEndpoint`]: a substitute for the gateway's order endpoint.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use percent_encoding::percent_decode_str;

use super::error_response;
use crate::citypay::OrderDetails;
use crate::fetch::{BoxError, Fetch};
use crate::testing::body::Body;

/// A simulated order endpoint, without a network: a [`Fetch`] for the gateway of a
/// test's [`Endpoint`](crate::Endpoint). Clones share their state.
///
/// ```
/// use payhook::citypay::{Account, Gateway};
/// use payhook::payment::Expected;
/// use payhook::testing::citypay::{OrderEndpoint, order};
/// use payhook::{Endpoint, MemoryLedger};
///
/// let orders = OrderEndpoint::new();
/// let ledger = MemoryLedger::new();
/// ledger.expect(Expected::order("tok-1", "EUR", "25.00".parse()?)?);
/// let endpoint = Endpoint::new(Gateway::new(Account::new("5120")?, orders.clone()), ledger);
///
/// let paid = order().token("tok-1").confirmed();
/// orders.set_answer("tok-1", &paid.answer("5120"));
/// let reply = endpoint.receive_blocking(&paid.callback(), None);
/// assert_eq!(reply.status(), 200);
///
/// orders.set_unreachable(true);
/// let canceled = order().token("tok-1").canceled().callback();
/// assert_eq!(endpoint.receive_blocking(&canceled, None).status(), 503);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct OrderEndpoint {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    answers: HashMap<String, Vec<u8>>,
    is_unreachable: bool,
}

impl OrderEndpoint {
    /// Creates an endpoint without orders.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the response for this token.
    pub fn set_answer(&self, token: &str, answer: &Body<OrderDetails>) {
        let answer = answer.as_bytes().to_vec();
        self.with(|state| state.answers.insert(token.to_owned(), answer));
    }

    /// Makes the endpoint unreachable, or reachable again.
    pub fn set_unreachable(&self, is_unreachable: bool) {
        self.with(|state| state.is_unreachable = is_unreachable);
    }

    /// Returns the response for a token; for an unknown token, the error that there
    /// is no such order. `None` while it is unreachable.
    #[must_use]
    pub fn answer(&self, token: &str) -> Option<Vec<u8>> {
        self.with(|state| {
            if state.is_unreachable {
                return None;
            }
            let known = state.answers.get(token).cloned();
            Some(
                known.unwrap_or_else(|| error_response(404, "Order not found").as_bytes().to_vec()),
            )
        })
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Fetch for OrderEndpoint {
    async fn get(&self, url: &str) -> Result<Vec<u8>, BoxError> {
        let (_, token) = url.rsplit_once("/order/").ok_or("no order's address")?;
        let token = percent_decode_str(token.trim_end_matches('/')).decode_utf8()?;
        let answer = self.answer(&token);
        answer.ok_or_else(|| "order endpoint is unreachable".into())
    }
}

impl fmt::Debug for OrderEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let orders = self.with(|state| state.answers.len());
        f.debug_struct("OrderEndpoint")
            .field("orders", &orders)
            .finish_non_exhaustive()
    }
}
