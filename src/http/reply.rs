//! Converts a [`Reply`] into a response.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, HeaderValue};
use http::{Response, StatusCode};
use http_body::{Body, Frame, SizeHint};

use crate::endpoint::Reply;

/// The empty body of every response: a refused sender learns nothing but the status.
///
/// ```
/// use payhook::http::{Body, Empty};
///
/// assert!(Empty.is_end_stream());
/// assert_eq!(Empty.size_hint().exact(), Some(0));
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Empty;

impl Body for Empty {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(0)
    }
}

impl Reply {
    /// Converts the reply into a response with `content-length: 0` and
    /// `cache-control: no-store`. A 405 has `allow: POST`. Feature `http`.
    ///
    /// ```
    /// # use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
    /// # use payhook::{Endpoint, MemoryLedger};
    /// # let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
    /// # let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
    /// # let endpoint = Endpoint::new(gateway, MemoryLedger::new());
    /// let reply = endpoint.receive_blocking(b"{}", None);
    /// let response = reply.to_response();
    /// assert_eq!(response.status(), 400);
    /// assert_eq!(response.headers()["cache-control"], "no-store");
    /// # Ok::<(), payhook::error::ConfigError>(())
    /// ```
    #[must_use]
    pub fn to_response(&self) -> Response<Empty> {
        response(StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
    }
}

pub(super) fn response(status: StatusCode) -> Response<Empty> {
    let mut response = Response::new(Empty);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // A cache may store a 405 unless this header forbids it.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

impl From<Reply> for Response<Empty> {
    fn from(reply: Reply) -> Self {
        reply.to_response()
    }
}
