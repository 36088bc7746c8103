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
use crate::guard::AsyncGuard;
use crate::handler::{AsyncHandler, HandlerError};
use crate::receiver::{AsyncProve, Receiver, Reply};

/// The versions whose types are in this API.
pub use {
    ::http::{Request, Response},
    http_body::Body,
};

pub use proxies::Proxies;
pub use reply::Empty;
#[cfg(feature = "tower")]
pub use service::{CallbackService, ResponseFuture};
/// The version whose trait is in this API.
#[cfg(feature = "tower")]
pub use tower_service::Service;

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
