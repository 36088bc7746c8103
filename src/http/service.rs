//! [`CallbackService`]: an endpoint as a `tower` service.

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

use super::TrustedProxies;
use super::reply::response;
use crate::endpoint::{Endpoint, Reply, Target};
use crate::fetch::BoxError;
use crate::gateway::Gateway;

type SocketPeer = dyn Fn(&Extensions) -> Option<IpAddr> + Send + Sync;
type OnReply = dyn Fn(&Reply) + Send + Sync;
type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Spawn = dyn Fn(BoxFuture<Reply>) -> BoxFuture<Option<Reply>> + Send + Sync;

/// An endpoint as a `tower` service, which can be a route of axum or another
/// framework. It never fails, is always ready, and is cheap to clone. Feature
/// `tower`.
///
/// ```
/// use std::net::SocketAddr;
///
/// use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
/// use payhook::http::{Request, Service, TrustedProxies};
/// use payhook::payment::Expected;
/// use payhook::{Endpoint, MemoryLedger, address::AddressRanges};
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
///     .trust_proxies(TrustedProxies::x_forwarded_for(AddressRanges::parse(["10.0.0.0/8"])?))
///     .on_reply(|reply| println!("{}", reply.disposition()));
///
/// // axum: `Router::new().route_service("/callbacks/b2binpay", service)`.
/// let body = std::fs::read_to_string("examples/bodies/b2binpay-deposit-confirmed.json")?;
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
/// A server drops the future when the sender closes the connection. A ledger's
/// transaction is then rolled back. A handler stops where it is: its claim stays
/// until its lease expires, and the next delivery is handled again.
/// [`spawn`](Self::spawn) prevents this.
pub struct CallbackService<G, T> {
    endpoint: Arc<Endpoint<G, T>>,
    socket_peer: Arc<SocketPeer>,
    proxies: Option<Arc<TrustedProxies>>,
    on_reply: Arc<OnReply>,
    spawn: Option<Arc<Spawn>>,
}

impl<G: Gateway, T: Target> Endpoint<G, T> {
    /// Converts the endpoint into a `tower` service. The peer is unknown until
    /// [`socket_peer`](CallbackService::socket_peer) sets it. Feature `tower`.
    ///
    /// See [`CallbackService`] for an example.
    #[must_use]
    pub fn into_service(self) -> CallbackService<G, T> {
        CallbackService {
            endpoint: Arc::new(self),
            socket_peer: Arc::new(|_| None),
            proxies: None,
            on_reply: Arc::new(|_| ()),
            spawn: None,
        }
    }
}

impl<G, T> CallbackService<G, T> {
    /// Sets how to find the address of the socket's peer. Needed only if addresses
    /// are evidence.
    #[must_use]
    pub fn socket_peer<F>(mut self, find: F) -> Self
    where
        F: Fn(&Extensions) -> Option<IpAddr> + Send + Sync + 'static,
    {
        self.socket_peer = Arc::new(find);
        self
    }

    /// Trusts the forwarding headers set by these proxies. The [socket's
    /// peer](Self::socket_peer) determines whether the request came from one of them.
    #[must_use]
    pub fn trust_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = Some(Arc::new(proxies));
        self
    }

    /// Calls a closure with each reply before it is sent, for logging. The response
    /// waits for it, so it must not block.
    #[must_use]
    pub fn on_reply<F>(mut self, see: F) -> Self
    where
        F: Fn(&Reply) + Send + Sync + 'static,
    {
        self.on_reply = Arc::new(see);
        self
    }

    /// Handles each callback in its own task, such as one of `tokio::spawn`, which
    /// continues when the sender closes the connection. If a handler panics there,
    /// the response is 500, and no reply is logged.
    ///
    /// Use it with an [`Idempotent`](crate::endpoint::Idempotent) handler whose effect is in a
    /// different system than its store: an attacker who can trigger a callback of
    /// CityPay.io and close the connection at the right moment could otherwise have
    /// it handled twice.
    ///
    /// ```
    /// # use payhook::http::CallbackService;
    /// # fn with_tasks<G: payhook::Gateway, T: payhook::endpoint::Target>(service: CallbackService<G, T>) {
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

impl<G, T> Clone for CallbackService<G, T> {
    fn clone(&self) -> Self {
        Self {
            endpoint: Arc::clone(&self.endpoint),
            socket_peer: Arc::clone(&self.socket_peer),
            proxies: self.proxies.clone(),
            on_reply: Arc::clone(&self.on_reply),
            spawn: self.spawn.clone(),
        }
    }
}

impl<G: fmt::Debug, T: fmt::Debug> fmt::Debug for CallbackService<G, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackService")
            .field("endpoint", &self.endpoint)
            .field("proxies", &self.proxies)
            .finish_non_exhaustive()
    }
}

impl<B, G, T> Service<Request<B>> for CallbackService<G, T>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
    G: Gateway + 'static,
    T: Target + 'static,
{
    type Response = Response<String>;
    type Error = Infallible;
    type Future = BoxFuture<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let peer = self.peer(&request);
        let service = self.clone();
        let spawn = self.spawn.clone();
        let task = Box::pin(async move {
            let reply = service.endpoint.receive_http(request, peer).await;
            (service.on_reply)(&reply);
            reply
        });
        Box::pin(async move {
            let reply = match spawn {
                Some(spawn) => spawn(task).await,
                None => Some(task.await),
            };
            Ok(match reply {
                Some(reply) => reply.to_response(),
                // The task panicked.
                None => response(StatusCode::INTERNAL_SERVER_ERROR),
            })
        })
    }
}
