//! [`CallbackService`]: an endpoint, or a receiver, as a route of its own.

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
use crate::endpoint::Endpoint;
use crate::gateway::Gateway;
use crate::guard::AsyncGuard;
use crate::handler::{AsyncHandler, HandlerError};
use crate::ledger::Ledger;
use crate::receiver::{AsyncProve, Receiver, Reply};
use crate::verified::Sealed;

type SocketPeer = dyn Fn(&Extensions) -> Option<IpAddr> + Send + Sync;
type OnReply = dyn Fn(&Reply) + Send + Sync;
type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Spawn = dyn Fn(BoxFuture<Reply>) -> BoxFuture<Option<Reply>> + Send + Sync;

/// What a [`CallbackService`] hands its requests to: an [`Endpoint`], or a
/// [`Receiver`] with its handler. Sealed. See [`CallbackService`].
pub trait Receive: Sealed + Send + Sync + 'static {
    /// The reply to a request whose body is still to be read.
    #[doc(hidden)]
    fn receive_request<B>(
        &self,
        request: Request<B>,
        peer: Option<IpAddr>,
    ) -> impl Future<Output = Reply> + Send
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<HandlerError>;
}

impl<G: Gateway, L: Ledger> Sealed for Endpoint<G, L> {}

impl<G, L> Receive for Endpoint<G, L>
where
    G: Gateway + 'static,
    L: Ledger + 'static,
{
    async fn receive_request<B>(&self, request: Request<B>, peer: Option<IpAddr>) -> Reply
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<HandlerError>,
    {
        self.receive_http(request, peer).await
    }
}

/// A receiver, and where its callbacks go.
///
/// See [`CallbackService::new`], which makes it.
pub struct WithHandler<G, D, H> {
    receiver: Arc<Receiver<G, D>>,
    handler: H,
}

impl<G: fmt::Debug, D: fmt::Debug, H> fmt::Debug for WithHandler<G, D, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.receiver.fmt(f)
    }
}

impl<G, D, H> Sealed for WithHandler<G, D, H> {}

impl<G, D, H> Receive for WithHandler<G, D, H>
where
    G: AsyncProve + Send + Sync + 'static,
    D: AsyncGuard + Send + Sync + 'static,
    H: AsyncHandler<Callback> + Send + Sync + 'static,
{
    async fn receive_request<B>(&self, request: Request<B>, peer: Option<IpAddr>) -> Reply
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<HandlerError>,
    {
        let receiver = &self.receiver;
        receiver.receive_http(request, peer, &self.handler).await
    }
}

/// An endpoint as a `tower` service: a route of its own in axum and whatever else
/// takes one. It never fails, is always ready, and costs little to clone. Feature
/// `tower`.
///
/// ```
/// use std::net::SocketAddr;
///
/// use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
/// use payhook::http::{Proxies, Request, Service};
/// use payhook::payment::Expected;
/// use payhook::{AddressRanges, Endpoint, MemoryLedger};
///
/// # async fn route() -> Result<(), Box<dyn std::error::Error>> {
/// let ledger = MemoryLedger::new();
/// ledger.expect(Expected::deposit("order-9001", "ETH", "0.412".parse()?)?);
/// let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
/// let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
///
/// let mut service = Endpoint::new(gateway, ledger).into_service()
///     // Where the server puts the socket's peer; for axum's
///     // `into_make_service_with_connect_info::<SocketAddr>()` it is
///     // `extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip())`.
///     .socket_peer(|extensions| extensions.get::<SocketAddr>().map(SocketAddr::ip))
///     .behind(Proxies::x_forwarded_for(AddressRanges::parse(["10.0.0.0/8"])?))
///     .on_reply(|reply| println!("{}", reply.disposition()));
///
/// // axum: `Router::new().route_service("/callbacks/b2binpay", service)`.
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
/// A server drops the future when the sender hangs up. An endpoint's transaction
/// is then rolled back. A receiver's handler stops where it is: its claim is left
/// to its lease, and the next delivery is handled again.
/// [`spawn`](Self::spawn) lets no sender stop a handler half-way.
pub struct CallbackService<R> {
    receiver: Arc<R>,
    socket_peer: Arc<SocketPeer>,
    proxies: Option<Arc<Proxies>>,
    on_reply: Arc<OnReply>,
    spawn: Option<Arc<Spawn>>,
}

impl<G: Gateway, L: Ledger> Endpoint<G, L> {
    /// The endpoint as a `tower` service, which is a route of its own. The peer
    /// is unknown until [`socket_peer`](CallbackService::socket_peer) sets it.
    /// Feature `tower`.
    ///
    /// See [`CallbackService`] for an example.
    #[must_use]
    pub fn into_service(self) -> CallbackService<Self> {
        CallbackService::of(self)
    }
}

impl<G, D, H> CallbackService<WithHandler<G, D, H>> {
    /// A receiver, or an `Arc` of one that others use as well, and where its
    /// callbacks go. The peer is unknown until [`socket_peer`](Self::socket_peer)
    /// sets it.
    #[must_use]
    pub fn new(receiver: impl Into<Arc<Receiver<G, D>>>, handler: H) -> Self {
        Self::of(WithHandler {
            receiver: receiver.into(),
            handler,
        })
    }
}

impl<R> CallbackService<R> {
    fn of(receiver: R) -> Self {
        Self {
            receiver: Arc::new(receiver),
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
    /// # use payhook::http::CallbackService;
    /// # fn with_tasks<R>(service: CallbackService<R>) {
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

impl<R> Clone for CallbackService<R> {
    fn clone(&self) -> Self {
        Self {
            receiver: Arc::clone(&self.receiver),
            socket_peer: Arc::clone(&self.socket_peer),
            proxies: self.proxies.clone(),
            on_reply: Arc::clone(&self.on_reply),
            spawn: self.spawn.clone(),
        }
    }
}

impl<R: fmt::Debug> fmt::Debug for CallbackService<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackService")
            .field("receiver", &self.receiver)
            .field("proxies", &self.proxies)
            .finish_non_exhaustive()
    }
}

impl<B, R> Service<Request<B>> for CallbackService<R>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<HandlerError>,
    R: Receive,
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
            let reply = service.receiver.receive_request(request, peer).await;
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
