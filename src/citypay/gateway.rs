//! [`Gateway`]: CityPay.io for an endpoint.

use std::borrow::Cow;

use super::account::Account;
use super::any_callback::Callback;
use super::callback::{DepositCallback, OrderCallback};
use super::event;
use crate::error::VerifyError;
use crate::event::Event;
use crate::fetch::{BoxError, Fetch};
use crate::gateway::{Body, LookupNeed, Rejection};
use crate::verified::{Evidence, Sealed, Unverified, Verified};

/// CityPay.io for an [`Endpoint`](crate::Endpoint).
///
/// Its callbacks are unauthenticated notifications: an order is proven by the order
/// endpoint, which is queried with the application's own HTTP client, and only for
/// tokens that the ledger or the handler knows. Deposits cannot be proven: a ledger
/// holds them for manual review, unless the
/// [account](Account::danger_settle_deposits_by_source_address) settles them by the
/// source address.
///
/// ```
/// use payhook::citypay::{Account, Gateway};
/// use payhook::{BoxError, Endpoint, Fetch, MemoryLedger};
///
/// struct Client; // your HTTP client
///
/// impl Fetch for Client {
///     async fn get(&self, url: &str) -> Result<Vec<u8>, BoxError> {
///         Err(format!("not connected: {url}").into())
///     }
/// }
///
/// let gateway = Gateway::new(Account::new("5120")?, Client);
/// let endpoint = Endpoint::new(gateway, MemoryLedger::new());
/// # let _ = endpoint;
/// # Ok::<(), payhook::error::ConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Gateway<F> {
    account: Account,
    fetch: F,
}

impl<F> Gateway<F> {
    /// Creates a gateway. `fetch` queries the order endpoint, which needs no
    /// credentials.
    #[must_use]
    pub fn new(account: Account, fetch: F) -> Self {
        Self { account, fetch }
    }
}

/// A callback of CityPay.io that an endpoint is processing.
#[doc(hidden)]
#[derive(Debug)]
pub struct PendingCallback(Stage);

#[derive(Debug)]
enum Stage {
    /// Before a lookup.
    Order(Box<Unverified<OrderCallback>>),
    Proven(Box<Verified<OrderCallback>>),
    Deposit(Box<Verified<DepositCallback>>),
}

impl<F> Sealed for Gateway<F> {}

impl<F: Fetch> crate::gateway::Gateway for Gateway<F> {
    const NAME: &'static str = event::NAME;

    type Callback = PendingCallback;

    fn parse(&self, request: Body<'_>) -> Result<PendingCallback, Rejection> {
        let stage = match Callback::parse_within(request.bytes, request.limit)? {
            Callback::Order(order) => {
                if order.unverified().order_token().is_none() {
                    return Err(VerifyError::MissingToken.into());
                }
                Stage::Order(Box::new(order))
            }
            Callback::Deposit(deposit) => {
                let Some(token) = deposit.unverified().deposit_token() else {
                    return Err(VerifyError::MissingToken.into());
                };
                let proven = if self.account.knows_sources() {
                    let peer = request.peer.ok_or(VerifyError::UnknownPeer)?;
                    self.account
                        .prove_deposit_by_source_address(deposit, peer)?
                } else {
                    let token = token.as_str();
                    self.account.prove_deposit_by_record(deposit, token)?
                };
                Stage::Deposit(Box::new(proven))
            }
        };
        Ok(PendingCallback(stage))
    }

    fn lookup_need(&self, callback: &PendingCallback) -> LookupNeed {
        match callback.0 {
            Stage::Order(_) => LookupNeed::OnceKnown,
            Stage::Proven(_) => LookupNeed::Never,
            Stage::Deposit(_) => LookupNeed::KnownOnly,
        }
    }

    async fn look_up(&self, callback: &PendingCallback) -> Result<Vec<u8>, BoxError> {
        let (token, _) = self.identify(callback);
        let url = self.account.order_url(token);
        let url = url.ok_or("no order can have this token")?;
        self.fetch.get(&url).await
    }

    fn verify_with_response(
        &self,
        callback: PendingCallback,
        answer: &[u8],
        _: bool,
    ) -> Result<PendingCallback, Rejection> {
        let Stage::Order(order) = callback.0 else {
            return Ok(callback);
        };
        let token = order.unverified().order_token();
        let token = token.ok_or(VerifyError::MissingToken)?;
        let proven = self.account.prove_order(*order, token.as_str(), answer)?;
        if proven.proven().is_stale() {
            // Once accepted, the callback may never be sent again.
            return Err(Rejection::LookupStale);
        }
        Ok(PendingCallback(Stage::Proven(Box::new(proven))))
    }

    fn identify<'c>(&self, callback: &'c PendingCallback) -> (&'c str, Cow<'c, str>) {
        match &callback.0 {
            Stage::Order(order) => (order.unverified().token(), Cow::default()),
            Stage::Proven(order) => (order.reported().token(), Cow::default()),
            Stage::Deposit(deposit) => {
                let reported = deposit.reported();
                let part = reported.transaction_id().map(event::part_id);
                (reported.token(), part.unwrap_or_default())
            }
        }
    }

    fn event<'c>(&self, callback: &'c PendingCallback) -> Event<'c> {
        match &callback.0 {
            // An endpoint performs the lookup first.
            Stage::Order(order) => event::of_nothing(order.unverified(), &Evidence::KnownReference),
            Stage::Proven(order) => order.event(),
            Stage::Deposit(deposit) => deposit.event(),
        }
    }

    fn into_verified(callback: PendingCallback) -> Option<crate::Callback> {
        match callback.0 {
            Stage::Order(_) => None,
            Stage::Proven(order) => Some((*order).into()),
            Stage::Deposit(deposit) => Some((*deposit).into()),
        }
    }
}
