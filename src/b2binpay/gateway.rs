//! [`Gateway`]: B2BINPAY for an endpoint.

use super::callback::TransferCallback;
use super::event;
use super::lookup::{Api, ApiDocument, LookupPolicy, OnLookupFailure};
use super::verifier::Verifier;
use crate::error::VerifyError;
use crate::fetch::{BoxError, Fetch, NoFetch};
use crate::gateway::{Asks, Body};
use crate::payment::Event;
use crate::payment::event::OwnStatus;
use crate::receiver::Disposition;
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
/// # Ok::<(), payhook::KeyError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Gateway<F = NoFetch> {
    verifier: Verifier,
    api: Option<Api<F>>,
}

impl Gateway {
    /// Verifies callbacks by their signatures alone.
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        Self {
            verifier,
            api: None,
        }
    }
}

impl<F> Gateway<F> {
    /// Asks the gateway's API as well: it releases what no signature proves,
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

/// A callback of B2BINPAY on its way through an endpoint.
#[doc(hidden)]
#[derive(Debug)]
pub struct Callback {
    told: Told,
    document: Option<ApiDocument>,
}

#[derive(Debug)]
enum Told {
    Signed(Box<Verified<TransferCallback>>),
    Unsigned(Box<Unverified<TransferCallback>>),
}

impl Callback {
    fn body(&self) -> &TransferCallback {
        match &self.told {
            Told::Signed(callback) => callback.reported(),
            Told::Unsigned(callback) => callback.unverified(),
        }
    }
}

impl<F> Sealed for Gateway<F> {}

impl<F: Fetch> crate::gateway::Gateway for Gateway<F> {
    const NAME: &'static str = event::NAME;

    type Callback = Callback;

    fn read(&self, post: Body<'_>) -> Result<Callback, Disposition> {
        let body = Unverified::<TransferCallback>::parse_within(post.bytes, post.limit)?;
        let told = match self.verifier.verify(body) {
            Ok(callback) => Told::Signed(Box::new(callback)),
            Err(VerifyError::Unsigned(callback)) => {
                let may_ask = self
                    .api
                    .as_ref()
                    .and_then(|api| api.url(callback.unverified()));
                if may_ask.is_none() {
                    return Err(VerifyError::Unsigned(callback).into());
                }
                Told::Unsigned(callback)
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Callback {
            told,
            document: None,
        })
    }

    fn asks(&self, callback: &Callback) -> Asks {
        let Some(api) = &self.api else {
            return Asks::Never;
        };
        let body = callback.body();
        if api.url(body).is_none() {
            return Asks::Never;
        }
        if matches!(callback.told, Told::Unsigned(_)) {
            return Asks::Always { may_fail: false };
        }
        let may_fail = api.on_failure == OnLookupFailure::Hold;
        match api.policy {
            LookupPolicy::Unsigned => Asks::Never,
            LookupPolicy::WhenHeld => Asks::WhenHeld { may_fail },
            LookupPolicy::Always => {
                let settles = match body.transfer() {
                    Some(transfer) => transfer.status.is_settled(),
                    None => event::own_status(&body.operation) != OwnStatus::Other,
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

    fn hear(
        &self,
        callback: Callback,
        answer: &[u8],
        may_fail: bool,
    ) -> Result<Callback, Disposition> {
        let document = match ApiDocument::read(answer, callback.body()) {
            Ok(document) => document,
            Err(_) if may_fail => return Ok(callback),
            // Of a signed callback, an answer about something else is none.
            Err(error @ VerifyError::AnswerMismatch { .. })
                if matches!(callback.told, Told::Signed(_)) =>
            {
                return Err(Disposition::LookupFailed(error.into()));
            }
            Err(error) => return Err(error.into()),
        };
        if let Told::Unsigned(body) = &callback.told
            && document.tracking_id != body.unverified().tracking_id
        {
            let path = "data.attributes.tracking_id";
            return Err(VerifyError::AnswerMismatch { path }.into());
        }
        Ok(Callback {
            document: Some(document),
            ..callback
        })
    }

    fn names<'c>(&self, callback: &'c Callback) -> (&'c str, &'c str) {
        let body = callback.body();
        let ids = self.verifier.tracking_ids();
        let part = body.transfer().map_or("", |transfer| transfer.id.as_str());
        (event::reference(&body.tracking_id, &body.id, ids), part)
    }

    fn event<'c>(&self, callback: &'c Callback) -> Event<'c> {
        let ids = self.verifier.tracking_ids();
        match (&callback.told, &callback.document) {
            (Told::Signed(signed), document) => event::of_signed(signed, ids, document.as_ref()),
            (Told::Unsigned(body), Some(document)) => {
                event::of_unsigned(body.unverified(), ids, document)
            }
            // An endpoint asks before it gets here.
            (Told::Unsigned(body), None) => event::of_nothing(body.unverified(), ids),
        }
    }
}
