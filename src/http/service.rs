//! [`CallbackService`]: a receiver as a route of its own.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Extensions, Request, Response, StatusCode};
use http_body::Body;
use tower_service::Service;

use super::reply::response;
use super::{Empty, Proxies};
use crate::callback::Callback;
use crate::guard::AsyncGuard;
use crate::handler::{AsyncHandler, HandlerError};
use crate::receiver::{AsyncProve, Receiver, Reply};

type SocketPeer = dyn Fn(&Extensions) -> Option<IpAddr> + Send + Sync;
type OnReply = dyn Fn(&Reply) + Send + Sync;
type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Spawn = dyn Fn(BoxFuture<Reply>) -> BoxFuture<Option<Reply>> + Send + Sync;

/// A receiver and a handler as a `tower` service: a route of its own in axum and
/// whatever else takes one. It never fails, is always ready, and costs little to
/// clone. Feature `tower`.
///
/// ```
/// use std::net::SocketAddr;
///
/// use payhook::b2binpay::{Key, TrackingIds, Verifier};
/// use payhook::http::{CallbackService, Proxies, Request, Service};
/// use payhook::{AddressRanges, Callback, HandlerError, Receiver, Verified, handler_fn};
///
/// # async fn route() -> Result<(), Box<dyn std::error::Error>> {
/// let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
/// let receiver = Receiver::b2binpay(Verifier::new(key, TrackingIds::Prefixed));
/// let shop = handler_fn(async |_: Verified<Callback>| Ok::<(), HandlerError>(()));
///
/// let mut service = CallbackService::new(receiver, shop)
///     // Where the server puts the socket's peer; for axum's
///     // `into_make_service_with_connect_info::<SocketAddr>()` it is
///     // `extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip())`.
///     .socket_peer(|extensions| extensions.get::<SocketAddr>().map(SocketAddr::ip))
///     .behind(Proxies::x_forwarded_for(AddressRanges::parse(["10.0.0.0/8"])?))
///     .on_reply(|reply| println!("{}", reply.disposition()));
///
/// // axum: `Router::new().route("/callbacks/b2binpay", post_service(service))`.
/// let body = include_str!("../../examples/bodies/b2binpay-deposit-confirmed.json");
/// let response = service.call(Request::post("/").body(body.to_owned())?).await?;
/// assert_eq!(response.status(), 200);
/// # Ok(())
/// # }
/// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// # let std::task::Poll::Ready(done) = std::pin::pin!(route()).poll(&mut context) else { panic!() };
/// # done?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A server drops the future when the sender hangs up, and with it a handler
/// that is under way: its claim is left to its lease, and the next delivery is
/// handled again. [`spawn`](Self::spawn) lets no sender stop a handler half-way.
pub struct CallbackService<G, D, H> {
    receiver: Arc<Receiver<G, D>>,
    handler: Arc<H>,
    socket_peer: Arc<SocketPeer>,
    proxies: Option<Arc<Proxies>>,
    on_reply: Arc<OnReply>,
    spawn: Option<Arc<Spawn>>,
}

impl<G, D, H> CallbackService<G, D, H> {
    /// A receiver, or an `Arc` of one that others use as well, and where its
    /// callbacks go. The peer is unknown until [`socket_peer`](Self::socket_peer)
    /// says where it stands.
    #[must_use]
    pub fn new(receiver: impl Into<Arc<Receiver<G, D>>>, handler: H) -> Self {
        Self {
            receiver: receiver.into(),
            handler: Arc::new(handler),
            socket_peer: Arc::new(|_| None),
            proxies: None,
            on_reply: Arc::new(|_| ()),
            spawn: None,
        }
    }

    /// Where the server puts the address of the socket's peer. Needed only where
    /// addresses are evidence.
    #[must_use]
    pub fn socket_peer<F>(self, find: F) -> Self
    where
        F: Fn(&Extensions) -> Option<IpAddr> + Send + Sync + 'static,
    {
        Self {
            socket_peer: Arc::new(find),
            ..self
        }
    }

    /// Takes these proxies' word for whom they were called by. It is still the
    /// [socket's peer](Self::socket_peer) that says whether one of them called.
    #[must_use]
    pub fn behind(self, proxies: Proxies) -> Self {
        Self {
            proxies: Some(Arc::new(proxies)),
            ..self
        }
    }

    /// Shows each reply before it is sent, for the merchant's log. It is in the
    /// way of the response: no place to wait.
    #[must_use]
    pub fn on_reply<F>(self, see: F) -> Self
    where
        F: Fn(&Reply) + Send + Sync + 'static,
    {
        Self {
            on_reply: Arc::new(see),
            ..self
        }
    }

    /// Handles each callback in a task of its own, such as `tokio::spawn` makes,
    /// which goes on when the sender hangs up. A handler that panics there is
    /// answered with 500, and no reply is shown.
    ///
    /// Take it wherever a handler waits for anything after it has credited, and
    /// the credit is not in the same transaction as the claim: a payer who rings
    /// for CityPay.io, and hangs up at the right moment, would be credited again.
    ///
    /// ```
    /// # use payhook::{AsyncGuard, AsyncHandler, AsyncProve, http::CallbackService};
    /// # fn with_tasks<G: AsyncProve, D: AsyncGuard, H: AsyncHandler>(service: CallbackService<G, D, H>) {
    /// # mod tokio { pub fn spawn<F: Future>(_: F) -> std::future::Ready<Result<F::Output, ()>> { unreachable!() } }
    /// let service = service.spawn(tokio::spawn);
    /// # let _ = service;
    /// # }
    /// ```
    #[must_use]
    pub fn spawn<S, J, E>(self, spawn: S) -> Self
    where
        S: Fn(Pin<Box<dyn Future<Output = Reply> + Send>>) -> J + Send + Sync + 'static,
        J: Future<Output = Result<Reply, E>> + Send + 'static,
    {
        let spawn = move |task: BoxFuture<Reply>| -> BoxFuture<Option<Reply>> {
            let task = spawn(task);
            Box::pin(async move { task.await.ok() })
        };
        Self {
            spawn: Some(Arc::new(spawn)),
            ..self
        }
    }

    fn peer<B>(&self, request: &Request<B>) -> Option<IpAddr> {
        let socket = (self.socket_peer)(request.extensions())?;
        match &self.proxies {
            Some(proxies) => proxies.client(socket, request.headers()),
            None => Some(socket),
        }
    }
}

impl<G, D, H> Clone for CallbackService<G, D, H> {
    fn clone(&self) -> Self {
        Self {
            receiver: Arc::clone(&self.receiver),
            handler: Arc::clone(&self.handler),
            socket_peer: Arc::clone(&self.socket_peer),
            proxies: self.proxies.clone(),
            on_reply: Arc::clone(&self.on_reply),
            spawn: self.spawn.clone(),
        }
    }
}

impl<G: fmt::Debug, D: fmt::Debug, H> fmt::Debug for CallbackService<G, D, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackService")
            .field("receiver", &self.receiver)
            .field("proxies", &self.proxies)
            .finish_non_exhaustive()
    }
}

impl<B, G, D, H> Service<Request<B>> for CallbackService<G, D, H>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<HandlerError>,
    G: AsyncProve + Send + Sync + 'static,
    D: AsyncGuard + Send + Sync + 'static,
    H: AsyncHandler<Callback> + Send + Sync + 'static,
{
    type Response = Response<Empty>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let peer = self.peer(&request);
        let service = self.clone();
        let spawn = self.spawn.clone();
        let task = Box::pin(async move {
            let receiver = &service.receiver;
            let reply = receiver
                .receive_http(request, peer, &*service.handler)
                .await;
            (service.on_reply)(&reply);
            reply
        });
        ResponseFuture(Box::pin(async move {
            let reply = match spawn {
                Some(spawn) => spawn(task).await,
                None => Some(task.await),
            };
            Ok(match reply {
                Some(reply) => reply.into(),
                // Its task panicked.
                None => response(StatusCode::INTERNAL_SERVER_ERROR),
            })
        }))
    }
}

/// The response of a [`CallbackService`], once it is there.
///
/// See [`CallbackService`] for an example.
pub struct ResponseFuture(BoxFuture<Result<Response<Empty>, Infallible>>);

impl Future for ResponseFuture {
    type Output = Result<Response<Empty>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
