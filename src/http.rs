//! Requests in, responses out, for every server that speaks the `http` crate's
//! types: hyper, axum and what else is built on them. Feature `http`.
//!
//! [`Receiver::receive_http`] reads the body itself, and no further than the
//! receiver's limit. Its [`Reply`] becomes the response, after the merchant's
//! log has seen it. Behind proxies, [`Proxies`] says where a request comes from.
//!
//! ```
//! use std::net::IpAddr;
//!
//! use payhook::http::{Body, Empty, Request, Response};
//! use payhook::{AsyncHandler, B2binpay, HandlerError, Receiver};
//!
//! // What a route does. Whatever the framework's body is, it will do.
//! async fn callback<B, H>(
//!     receiver: &Receiver<B2binpay>,
//!     request: Request<B>,
//!     peer: Option<IpAddr>,
//!     shop: &H,
//! ) -> Response<Empty>
//! where
//!     B: Body<Error: Into<HandlerError>>,
//!     H: AsyncHandler,
//! {
//!     let reply = receiver.receive_http(request, peer, shop).await;
//!     println!("{}", reply.disposition());
//!     reply.into()
//! }
//! ```
//!
//! With the feature `tower`, `CallbackService` is a whole route.

mod body;
mod forwarded;
mod proxies;
mod reply;
#[cfg(feature = "tower")]
mod service;

use std::net::IpAddr;

use crate::callback::Callback;
use crate::endpoint::Endpoint;
use crate::gateway::Gateway;
use crate::guard::AsyncGuard;
use crate::handler::{AsyncHandler, HandlerError};
use crate::ledger::Ledger;
use crate::receiver::{AsyncProve, Receiver, Reply};

/// The versions whose types are in this API.
pub use {
    ::http::{Request, Response},
    http_body::Body,
};

pub use proxies::Proxies;
pub use reply::Empty;
#[cfg(feature = "tower")]
pub use service::{CallbackService, Receive, ResponseFuture, WithHandler};
/// The version whose trait is in this API.
#[cfg(feature = "tower")]
pub use tower_service::Service;

impl<G: Gateway, L: Ledger> Endpoint<G, L> {
    /// [`receive`](Self::receive) for a request whose body is still to be read.
    /// Feature `http`.
    ///
    /// The body is read no further than the endpoint's limit, and one that is
    /// announced as longer is not read at all. How long a sender may take is for
    /// the server to limit. Only a POST is a callback; all else is answered with
    /// 405.
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
        B::Error: Into<HandlerError>,
    {
        match body::read(request, self.limit()).await {
            Ok(body) => self.receive(&body, peer).await,
            Err(refused) => Reply::of(Err(refused)),
        }
    }
}

impl<G, D> Receiver<G, D> {
    /// [`receive_async`](Self::receive_async) for a request whose body is still
    /// to be read. Feature `http`.
    ///
    /// A body that is announced as too large is not read at all, and one that
    /// turns out to be is read no further than the limit: it costs the limit and
    /// one frame of memory. (Under a limit beyond [`DEFAULT_BODY_LIMIT`], a body
    /// that grows beyond that is there twice for moments.) There is no clock in
    /// here: how long a sender may take is the server's to say.
    ///
    /// Only a POST is a callback; all else is answered with 405. The request's
    /// address, headers and content type matter to nobody: what counts is
    /// proven.
    ///
    /// ```
    /// use payhook::b2binpay::{Key, TrackingIds, Verifier};
    /// use payhook::http::{Request, Response, Empty};
    /// use payhook::{Callback, HandlerError, Receiver, Verified, handler_fn};
    ///
    /// # async fn route() -> Result<(), Box<dyn std::error::Error>> {
    /// let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
    /// let receiver = Receiver::b2binpay(Verifier::new(key, TrackingIds::Prefixed));
    /// let shop = handler_fn(async |_: Verified<Callback>| Ok::<(), HandlerError>(()));
    ///
    /// // The server's; a `String` is a body, too.
    /// let body = include_str!("../examples/bodies/b2binpay-deposit-confirmed.json");
    /// let request = Request::post("/callbacks/b2binpay").body(body.to_owned())?;
    ///
    /// let reply = receiver.receive_http(request, None, &shop).await;
    /// assert_eq!(reply.disposition().to_string(), "handled: settled");
    /// let response: Response<Empty> = reply.into();
    /// assert_eq!(response.status(), 200);
    /// # Ok(())
    /// # }
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # let std::task::Poll::Ready(done) = std::pin::pin!(route()).poll(&mut context) else { panic!() };
    /// # done?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`DEFAULT_BODY_LIMIT`]: crate::DEFAULT_BODY_LIMIT
    pub async fn receive_http<B, H>(
        &self,
        request: Request<B>,
        peer: Option<IpAddr>,
        handler: &H,
    ) -> Reply
    where
        B: Body,
        B::Error: Into<HandlerError>,
        G: AsyncProve,
        D: AsyncGuard,
        H: AsyncHandler<Callback>,
    {
        let body = body::read(request, self.limit());
        self.receive_read(body, peer, handler).await
    }
}
