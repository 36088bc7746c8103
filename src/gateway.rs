//! [`Gateway`]: the interface between an endpoint and a payment gateway.

use std::borrow::Cow;
use std::future::Future;
use std::net::IpAddr;

use crate::error::{ParseError, VerifyError};
use crate::event::Event;
use crate::fetch::BoxError;
use crate::verified::Sealed;

/// A payment gateway with the merchant's keys or account:
/// [`b2binpay::Gateway`](crate::b2binpay::Gateway) or
/// [`citypay::Gateway`](crate::citypay::Gateway). Sealed.
///
/// See [`Endpoint`](crate::Endpoint), which is built from one.
pub trait Gateway: Sealed + Send + Sync {
    /// `b2binpay` or `citypay`.
    const NAME: &'static str;

    /// A parsed callback, verified as far as possible without a lookup.
    #[doc(hidden)]
    type Callback: Send + Sync;

    /// Parses and verifies a body.
    #[doc(hidden)]
    fn parse(&self, request: Body<'_>) -> Result<Self::Callback, Rejection>;

    /// Whether the callback needs a lookup.
    #[doc(hidden)]
    fn lookup_need(&self, callback: &Self::Callback) -> LookupNeed;

    /// Performs the lookup.
    #[doc(hidden)]
    fn look_up(
        &self,
        callback: &Self::Callback,
    ) -> impl Future<Output = Result<Vec<u8>, BoxError>> + Send;

    /// Verifies the callback by the gateway's response. A useless response counts as
    /// none if the lookup `may_fail`.
    #[doc(hidden)]
    fn verify_with_response(
        &self,
        callback: Self::Callback,
        answer: &[u8],
        may_fail: bool,
    ) -> Result<Self::Callback, Rejection>;

    /// Continues after a failed lookup that may fail, as if there were none.
    #[doc(hidden)]
    fn without_response(&self, callback: Self::Callback) -> Result<Self::Callback, Rejection> {
        Ok(callback)
    }

    /// The merchant's reference and the gateway's id of the part, of bounded length.
    #[doc(hidden)]
    fn identify<'c>(&self, callback: &'c Self::Callback) -> (&'c str, Cow<'c, str>);

    /// The gateway-independent view of the callback.
    #[doc(hidden)]
    fn event<'c>(&self, callback: &'c Self::Callback) -> Event<'c>;

    /// The callback for a handler; `None` if it is not verified yet.
    #[doc(hidden)]
    fn into_verified(callback: Self::Callback) -> Option<crate::Callback>;
}

/// A received body, its size limit, and its sender.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Body<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) limit: usize,
    pub(crate) peer: Option<IpAddr>,
}

/// Whether a callback needs a lookup, and what happens if it fails.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookupNeed {
    /// No lookup is needed.
    Never,
    /// Only if the callback alone would leave something held.
    WhenHeld { may_fail: bool },
    /// Always; `may_fail` if the callback is useful without it.
    Always { may_fail: bool },
    /// Always, but only once the reference is known to be the merchant's own: an
    /// unauthenticated request must not trigger lookups.
    OnceKnown,
    /// No lookup is possible, and an unknown reference is refused.
    KnownOnly,
}

/// The reason for refusing a callback.
#[doc(hidden)]
#[derive(Debug)]
pub enum Rejection {
    Malformed(ParseError),
    Rejected(VerifyError),
    /// The gateway's response does not concern the callback.
    LookupFailed(VerifyError),
    /// The gateway's answer is older than the callback.
    LookupStale,
}

impl From<ParseError> for Rejection {
    fn from(error: ParseError) -> Self {
        Self::Malformed(error)
    }
}

impl From<VerifyError> for Rejection {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::AnswerRefused { .. } | VerifyError::AnswerUnreadable(_) => {
                Self::LookupFailed(error)
            }
            _ => Self::Rejected(error),
        }
    }
}
