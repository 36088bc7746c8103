//! [`Gateway`]: B2BINPAY for an endpoint.

use std::borrow::Cow;
use std::convert::Infallible;

use super::api::prove_by_api;
use super::callback::Callback;
use super::event;
use super::lookup::{Api, ApiDocument, LookupPolicy};
use super::verifier::{Verifier, is_legitimately_unsigned};
use crate::error::VerifyError;
use crate::event::Event;
use crate::fetch::{BoxError, Fetch};
use crate::gateway::{Body, LookupNeed, Rejection};
use crate::verified::{Sealed, Unverified, Verified};

/// B2BINPAY, or Coinsbuy, for an [`Endpoint`](crate::Endpoint).
///
/// ```
/// use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
/// use payhook::{Endpoint, MemoryLedger};
///
/// let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
/// let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
/// let endpoint = Endpoint::new(gateway, MemoryLedger::new());
/// # let _ = endpoint;
/// # Ok::<(), payhook::error::ConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Gateway<F = Infallible> {
    verifier: Verifier,
    api: Option<Api<F>>,
    policy: LookupPolicy,
    holds_on_failure: bool,
}

impl Gateway {
    /// Creates a gateway that verifies callbacks by their signatures only.
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        Self {
            verifier,
            api: None,
            policy: LookupPolicy::default(),
            holds_on_failure: false,
        }
    }
}

impl<F> Gateway<F> {
    /// Queries the gateway's API as well. It proves kind, currency, reference, amounts
    /// and status beyond what a signature covers, so it releases money that no
    /// signature proves, and it is the only proof of unsigned callbacks.
    ///
    /// `base_url` is `https://api.b2binpay.com`, Coinsbuy's, or a sandbox's. `fetch`
    /// sends the requests and has to add the merchant's bearer token.
    ///
    /// ```
    /// use payhook::b2binpay::{Gateway, Key, LookupPolicy, TrackingIds, Verifier};
    /// use payhook::{BoxError, Fetch};
    ///
    /// struct Client; // your HTTP client, with the bearer token of your API account
    ///
    /// impl Fetch for Client {
    ///     async fn get(&self, url: &str) -> Result<Vec<u8>, BoxError> {
    ///         Err(format!("not connected: {url}").into())
    ///     }
    /// }
    ///
    /// let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
    /// let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed))
    ///     .with_api("https://api.b2binpay.com", Client)
    ///     .lookup_policy(LookupPolicy::Always)
    ///     .hold_on_lookup_failure();
    /// # let _ = gateway;
    /// # Ok::<(), payhook::error::ConfigError>(())
    /// ```
    #[must_use]
    pub fn with_api<G>(self, base_url: &str, fetch: G) -> Gateway<G> {
        self.with_optional_api(Some(base_url), fetch)
    }

    pub(crate) fn with_optional_api<G>(self, base_url: Option<&str>, fetch: G) -> Gateway<G> {
        Gateway {
            verifier: self.verifier,
            api: base_url.map(|base_url| Api::new(base_url, fetch)),
            policy: self.policy,
            holds_on_failure: self.holds_on_failure,
        }
    }

    /// Sets the callbacks that cause a lookup. Without an API there are no lookups.
    #[must_use]
    pub fn lookup_policy(mut self, policy: LookupPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// If the API does not respond or returns an error, applies a callback as if there
    /// were no lookup: money that the API could have released is held for manual
    /// review, and an unsigned callback is refused with 401. Without this, the callback
    /// is answered with 503, and the gateway retries.
    #[must_use]
    pub fn hold_on_lookup_failure(mut self) -> Self {
        self.holds_on_failure = true;
        self
    }
}

/// A callback of B2BINPAY that an endpoint is processing.
#[doc(hidden)]
#[derive(Debug)]
pub struct PendingCallback(Stage);

#[derive(Debug)]
enum Stage {
    Verified(Box<Verified<Callback>>),
    /// Before a lookup.
    Unsigned(Box<Unverified<Callback>>),
}

impl PendingCallback {
    fn body(&self) -> &Callback {
        match &self.0 {
            Stage::Verified(callback) => callback.reported(),
            Stage::Unsigned(callback) => callback.unverified(),
        }
    }
}

impl<F> Sealed for Gateway<F> {}

impl<F: Fetch> crate::gateway::Gateway for Gateway<F> {
    const NAME: &'static str = event::NAME;

    type Callback = PendingCallback;

    fn parse(&self, request: Body<'_>) -> Result<PendingCallback, Rejection> {
        let body = Unverified::<Callback>::parse_within(request.bytes, request.limit)?;
        let reported = body.unverified();
        let api = self.api.as_ref();
        let may_ask = || api.is_some_and(|api| api.url(reported).is_some());
        Ok(PendingCallback(
            if is_legitimately_unsigned(reported) && may_ask() {
                Stage::Unsigned(Box::new(body))
            } else {
                Stage::Verified(Box::new(self.verifier.verify(body)?))
            },
        ))
    }

    fn lookup_need(&self, callback: &PendingCallback) -> LookupNeed {
        let Some(api) = &self.api else {
            return LookupNeed::Never;
        };
        let body = callback.body();
        if api.url(body).is_none() {
            return LookupNeed::Never;
        }
        let may_fail = self.holds_on_failure;
        if matches!(callback.0, Stage::Unsigned(_)) {
            return LookupNeed::Always { may_fail };
        }
        match self.policy {
            LookupPolicy::Unsigned => LookupNeed::Never,
            LookupPolicy::WhenHeld => LookupNeed::WhenHeld { may_fail },
            LookupPolicy::Always => LookupNeed::Always { may_fail },
        }
    }

    async fn look_up(&self, callback: &PendingCallback) -> Result<Vec<u8>, BoxError> {
        let api = self.api.as_ref().ok_or("no API is configured")?;
        let url = api.url(callback.body()).ok_or("the id is not numeric")?;
        api.fetch.get(&url).await
    }

    fn verify_with_response(
        &self,
        callback: PendingCallback,
        answer: &[u8],
        may_fail: bool,
    ) -> Result<PendingCallback, Rejection> {
        let signed = match callback.0 {
            Stage::Unsigned(body) => {
                let verified = match prove_by_api(*body, answer) {
                    Err(VerifyError::AnswerRefused { .. } | VerifyError::AnswerUnreadable(_))
                        if may_fail =>
                    {
                        return Err(VerifyError::Unsigned.into());
                    }
                    verified => verified?,
                };
                return Ok(PendingCallback(Stage::Verified(Box::new(verified))));
            }
            Stage::Verified(signed) => signed,
        };
        match ApiDocument::read(answer, signed.reported()) {
            Ok(document) => {
                let verified = signed.with_document(document);
                Ok(PendingCallback(Stage::Verified(Box::new(verified))))
            }
            Err(_) if may_fail => Ok(PendingCallback(Stage::Verified(signed))),
            // For a signed callback, a response about something else counts as no
            // response.
            Err(error @ VerifyError::AnswerMismatch { .. }) => Err(Rejection::LookupFailed(error)),
            Err(error) => Err(error.into()),
        }
    }

    fn without_response(&self, callback: PendingCallback) -> Result<PendingCallback, Rejection> {
        match callback.0 {
            Stage::Verified(_) => Ok(callback),
            // Nothing else proves it.
            Stage::Unsigned(_) => Err(VerifyError::Unsigned.into()),
        }
    }

    fn identify<'c>(&self, callback: &'c PendingCallback) -> (&'c str, Cow<'c, str>) {
        let body = callback.body();
        let uses_gateway_ids = self.verifier.tracking_ids().are_unused();
        let reference = event::reference(body.tracking_id(), body.id(), uses_gateway_ids);
        (
            reference,
            body.transfer().map(event::part_id).unwrap_or_default(),
        )
    }

    fn event<'c>(&self, callback: &'c PendingCallback) -> Event<'c> {
        match &callback.0 {
            Stage::Verified(callback) => callback.event(),
            // An endpoint performs the lookup first.
            Stage::Unsigned(body) => {
                event::of_nothing(body.unverified(), self.verifier.tracking_ids())
            }
        }
    }

    fn into_verified(callback: PendingCallback) -> Option<crate::Callback> {
        match callback.0 {
            Stage::Verified(callback) => Some((*callback).into()),
            Stage::Unsigned(_) => None,
        }
    }
}
