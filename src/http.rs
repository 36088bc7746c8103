//! HTTP requests and responses, for every server that uses the `http` crate's types:
//! hyper, axum and frameworks built on them. Feature `http`.
//!
//! [`Endpoint::receive_http`] reads the body itself, up to the endpoint's limit. Its
//! [`Reply`] can be logged and then converted into the response. Behind proxies,
//! [`TrustedProxies`] determines the client's address.
//!
//! ```
//! use std::net::IpAddr;
//!
//! use payhook::http::{Body, Request, Response};
//! use payhook::{BoxError, Endpoint, Gateway, Ledger};
//!
//! // What a route does. Whatever the framework's body is, it will do.
//! async fn callback<B: Body<Error: Into<BoxError>>>(
//!     endpoint: &Endpoint<impl Gateway, impl Ledger>,
//!     request: Request<B>,
//!     peer: Option<IpAddr>,
//! ) -> Response<String> {
//!     let reply = endpoint.receive_http(request, peer).await;
//!     println!("{}", reply.disposition());
//!     reply.to_response()
//! }
//! ```
//!
//! With the feature `tower`, `Endpoint::into_service` builds a complete route.

mod body;
mod forwarded;
mod proxies;
mod reply;
#[cfg(feature = "tower")]
mod service;

use std::net::IpAddr;

use crate::endpoint::{Endpoint, Reply, Target};
use crate::fetch::BoxError;
use crate::gateway::Gateway;

/// The versions whose types are in this API.
pub use {
    ::http::{Request, Response},
    http_body::Body,
};

pub use proxies::TrustedProxies;
#[cfg(feature = "tower")]
pub use service::CallbackService;
/// The version whose trait is in this API.
#[cfg(feature = "tower")]
pub use tower_service::Service;

impl<G: Gateway, T: Target> Endpoint<G, T> {
    /// Reads a request's body and passes it to [`receive`](Self::receive). Feature
    /// `http`.
    ///
    /// The body is read up to the endpoint's limit; a body whose announced length
    /// exceeds it is not read at all. The server has to limit the time. Only a POST
    /// is a callback; other methods are answered with 405.
    ///
    /// ```
    /// use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
    /// use payhook::http::Request;
    /// use payhook::{Endpoint, MemoryLedger};
    ///
    /// # async fn route() -> Result<(), Box<dyn std::error::Error>> {
    /// let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
    /// let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
    /// let endpoint = Endpoint::new(gateway, MemoryLedger::new());
    ///
    /// let request = Request::get("/callbacks/b2binpay").body(String::new())?;
    /// let reply = endpoint.receive_http(request, None).await;
    /// assert_eq!(reply.to_response().status(), 405);
    /// # Ok(())
    /// # }
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # let std::task::Poll::Ready(done) = std::pin::pin!(route()).poll(&mut context) else { panic!() };
    /// # done?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn receive_http<B>(&self, request: Request<B>, peer: Option<IpAddr>) -> Reply
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        let body = body::read(request, self.limit());
        self.receive_read(body, peer).await
    }
}
