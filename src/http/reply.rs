//! Converts a [`Reply`] into a response.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, HeaderValue};
use http::{Response, StatusCode};

use crate::endpoint::Reply;

impl Reply {
    /// Converts the reply into a response with an empty body, `content-length: 0` and
    /// `cache-control: no-store`: a refused sender learns nothing but the status. A
    /// 405 has `allow: POST`. Feature `http`.
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
    pub fn to_response(&self) -> Response<String> {
        response(StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
    }
}

pub(super) fn response(status: StatusCode) -> Response<String> {
    let mut response = Response::new(String::new());
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
