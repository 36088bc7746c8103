//! [`Gateway`]: B2BINPAY for an endpoint.

use std::borrow::Cow;
use std::convert::Infallible;

use super::api::prove_by_api;
use super::callback::TransferCallback;
use super::event;
use super::lookup::{Api, ApiDocument, LookupPolicy, OnLookupFailure};
use super::verifier::{Verifier, is_legitimately_unsigned};
use crate::error::VerifyError;
use crate::event::{Event, OwnStatus};
use crate::fetch::{BoxError, Fetch};
use crate::gateway::{Asks, Body, Refusal};
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
}

impl Gateway {
    /// Creates a gateway that verifies callbacks by their signatures only.
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        Self {
            verifier,
            api: None,
        }
    }
}

impl<F> Gateway<F> {
    /// Queries the gateway's API as well: it releases money that no signature proves,
    /// and is the only proof of unsigned callbacks.
    #[must_use]
    pub fn with_api<G>(self, api: Api<G>) -> Gateway<G> {
        self.with_optional_api(Some(api))
    }

    pub(crate) fn with_optional_api<G>(self, api: Option<Api<G>>) -> Gateway<G> {
        Gateway {
            verifier: self.verifier,
            api,
        }
    }
}

/// A callback of B2BINPAY that an endpoint is processing.
#[doc(hidden)]
#[derive(Debug)]
pub struct Callback(Told);

#[derive(Debug)]
enum Told {
    Verified(Box<Verified<TransferCallback>>),
    /// Before a lookup.
    Unsigned(Box<Unverified<TransferCallback>>),
}

impl Callback {
    fn body(&self) -> &TransferCallback {
        match &self.0 {
            Told::Verified(callback) => callback.reported(),
            Told::Unsigned(callback) => callback.unverified(),
        }
    }
}

impl<F> Sealed for Gateway<F> {}

impl<F: Fetch> crate::gateway::Gateway for Gateway<F> {
    const NAME: &'static str = event::NAME;

    type Callback = Callback;

    fn read(&self, post: Body<'_>) -> Result<Callback, Refusal> {
        let body = Unverified::<TransferCallback>::parse_within(post.bytes, post.limit)?;
        let told = body.unverified();
        let api = self.api.as_ref();
        let may_ask = || api.is_some_and(|api| api.url(told).is_some());
        Ok(Callback(if is_legitimately_unsigned(told) && may_ask() {
            Told::Unsigned(Box::new(body))
        } else {
            Told::Verified(Box::new(self.verifier.verify(body)?))
        }))
    }

    fn asks(&self, callback: &Callback) -> Asks {
        let Some(api) = &self.api else {
            return Asks::Never;
        };
        let body = callback.body();
        if api.url(body).is_none() {
            return Asks::Never;
        }
        if matches!(callback.0, Told::Unsigned(_)) {
            return Asks::Always { may_fail: false };
        }
        let may_fail = api.on_failure == OnLookupFailure::Hold;
        match api.policy {
            LookupPolicy::Unsigned => Asks::Never,
            LookupPolicy::WhenHeld => Asks::WhenHeld { may_fail },
            LookupPolicy::Always => {
                let settles = match body.transfer() {
                    Some(transfer) => transfer.status().is_settled(),
                    None => event::own_status(body.operation()) != OwnStatus::Other,
                };
                if settles {
                    Asks::Always { may_fail }
                } else {
                    Asks::Never
                }
            }
        }
    }

    async fn ask(&self, callback: &Callback) -> Result<Vec<u8>, BoxError> {
        let api = self.api.as_ref().ok_or("no API is configured")?;
        let url = api.url(callback.body()).ok_or("the id is not numeric")?;
        api.fetch.get(&url).await
    }

    fn hear(&self, callback: Callback, answer: &[u8], may_fail: bool) -> Result<Callback, Refusal> {
        let signed = match callback.0 {
            Told::Unsigned(body) => {
                let verified = prove_by_api(*body, answer)?;
                return Ok(Callback(Told::Verified(Box::new(verified))));
            }
            Told::Verified(signed) => signed,
        };
        match ApiDocument::read(answer, signed.reported()) {
            Ok(document) => {
                let verified = signed.with_document(document);
                Ok(Callback(Told::Verified(Box::new(verified))))
            }
            Err(_) if may_fail => Ok(Callback(Told::Verified(signed))),
            // For a signed callback, a response about something else counts as no
            // response.
            Err(error @ VerifyError::AnswerMismatch { .. }) => Err(Refusal::LookupFailed(error)),
            Err(error) => Err(error.into()),
        }
    }

    fn names<'c>(&self, callback: &'c Callback) -> (&'c str, Cow<'c, str>) {
        let body = callback.body();
        let uses_gateway_ids = self.verifier.tracking_ids().are_unused();
        let reference = event::reference(body.tracking_id(), body.id(), uses_gateway_ids);
        (
            reference,
            body.transfer().map(event::part_id).unwrap_or_default(),
        )
    }

    fn event<'c>(&self, callback: &'c Callback) -> Event<'c> {
        match &callback.0 {
            Told::Verified(callback) => callback.event(),
            // An endpoint performs the lookup first.
            Told::Unsigned(body) => {
                event::of_nothing(body.unverified(), self.verifier.tracking_ids())
            }
        }
    }

    fn into_verified(callback: Callback) -> Option<crate::Callback> {
        match callback.0 {
            Told::Verified(callback) => Some((*callback).into()),
            Told::Unsigned(_) => None,
        }
    }
}
