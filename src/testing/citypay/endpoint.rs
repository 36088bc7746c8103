//! [`OrderEndpoint`]: stands in for the gateway's order endpoint.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::refusal;
use crate::citypay::OrderAnswer;
use crate::fetch::{BoxError, Fetch};
use crate::receiver::{AsyncOrderLookup, OrderLookup, TokenUse};
use crate::testing::body::Body;

/// What the order endpoint says at the moment, without a network: a look-up for
/// a test's [`Receiver`](crate::Receiver). Its clones are the same endpoint.
///
/// Every token that it was told of counts as issued by the merchant.
///
/// ```
/// use payhook::citypay::Account;
/// use payhook::testing::citypay::{OrderEndpoint, order};
/// use payhook::{Callback, HandlerError, Receiver, Verified, handler_fn};
///
/// let endpoint = OrderEndpoint::new();
/// let receiver = Receiver::citypay(Account::new("5120")?, endpoint.clone());
/// let shop = handler_fn(|_: Verified<Callback>| Ok::<(), HandlerError>(()));
///
/// let paid = order().token("tok-1").confirmed();
/// endpoint.tell("tok-1", &paid.answer("5120"));
/// let reply = receiver.receive(&paid.callback(), None, &shop);
/// assert_eq!(reply.disposition().to_string(), "handled: settled");
///
/// endpoint.unreachable(true);
/// let canceled = order().token("tok-1").canceled().callback();
/// assert_eq!(receiver.receive(&canceled, None, &shop).status(), 503);
/// # Ok::<(), payhook::KeyError>(())
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

/// The endpoint was made [unreachable](OrderEndpoint::unreachable).
///
/// See [`OrderEndpoint`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the order endpoint can't be reached")]
#[non_exhaustive]
pub struct Unreachable;

impl OrderEndpoint {
    /// One that knows no order.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on it answers so about this token.
    pub fn tell(&self, token: &str, answer: &Body<OrderAnswer>) {
        let answer = answer.as_bytes().to_vec();
        self.with(|state| state.answers.insert(token.to_owned(), answer));
    }

    /// From now on it can't be reached, or can be again.
    pub fn unreachable(&self, is_unreachable: bool) {
        self.with(|state| state.is_unreachable = is_unreachable);
    }

    /// What it says about a token; of one that it was not told of, that there is
    /// no such order.
    ///
    /// # Errors
    ///
    /// [`Unreachable`] while it is made so.
    pub fn answer(&self, token: &str) -> Result<Vec<u8>, Unreachable> {
        self.with(|state| {
            if state.is_unreachable {
                return Err(Unreachable);
            }
            let known = state.answers.get(token).cloned();
            Ok(known.unwrap_or_else(|| refusal(404, "Order not found").as_bytes().to_vec()))
        })
    }

    fn knows(&self, token: TokenUse<'_>) -> bool {
        let (TokenUse::Deposit(token) | TokenUse::Order(token)) = token;
        self.with(|state| state.answers.contains_key(token))
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl OrderLookup for OrderEndpoint {
    type Error = Unreachable;

    fn is_issued(&self, token: TokenUse<'_>) -> Result<bool, Unreachable> {
        Ok(self.knows(token))
    }

    fn fetch(&self, token: &str) -> Result<Vec<u8>, Unreachable> {
        self.answer(token)
    }
}

impl AsyncOrderLookup for OrderEndpoint {
    type Error = Unreachable;

    async fn is_issued(&self, token: TokenUse<'_>) -> Result<bool, Unreachable> {
        Ok(self.knows(token))
    }

    async fn fetch(&self, token: &str) -> Result<Vec<u8>, Unreachable> {
        self.answer(token)
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

/// By the last segment of the address: the order's token.
impl Fetch for OrderEndpoint {
    async fn get(&self, url: &str) -> Result<Vec<u8>, BoxError> {
        let token = url.rsplit('/').next().unwrap_or_default();
        let token = percent_encoding::percent_decode_str(token).decode_utf8()?;
        Ok(self.answer(&token)?)
    }
}
