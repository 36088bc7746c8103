//! A receiver as a service.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::ready;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
#[cfg(feature = "testing")]
use std::time::Duration;

use payhook::b2binpay::TrackingIds;
use payhook::citypay::Account;
use payhook::http::{Body, CallbackService, Empty, Proxies, Request, Response, Service};
use payhook::{
    AddressRanges, AsyncHandler, AsyncOrderLookup, B2binpay, Callback, HandlerError, MemoryGuard,
    Receiver, Reply, TokenUse, Verified, handler_fn,
};

use crate::handler::block_on;
use crate::support::{SECRET, body, verifier, without_transfer};

/// What axum asks of a route's service.
fn is_route<S>(service: S) -> S
where
    S: Service<Request<String>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Response: Into<Response<Empty>>,
    S::Future: Send + 'static,
{
    fn is_body<B: Body<Data = bytes::Bytes, Error: Into<HandlerError>> + Send + 'static>() {}
    is_body::<Empty>();
    service
}

fn receiver() -> Receiver<B2binpay> {
    Receiver::b2binpay(verifier(TrackingIds::Prefixed))
}

#[derive(Default)]
struct Shop(AtomicUsize);

impl AsyncHandler for Shop {
    type Error = Infallible;

    async fn handle(&self, _: Verified<Callback>) -> Result<(), Infallible> {
        ready(()).await;
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

fn confirmed() -> String {
    String::from_utf8(body("b2binpay-deposit-confirmed.json")).unwrap()
}

fn answer<S>(service: &mut S, request: Request<String>) -> u16
where
    S: Service<Request<String>, Response = Response<Empty>, Error: Debug>,
{
    let ready = service.poll_ready(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(ready, Poll::Ready(Ok(()))));
    let response = block_on(service.call(request)).unwrap();
    response.status().as_u16()
}

#[test]
fn clones_share_all_there_is() {
    let shop = Arc::new(Shop::default());
    let log = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&log);
    let shared = Arc::new(receiver());
    let service = is_route(
        CallbackService::new(Arc::clone(&shared), Arc::clone(&shop))
            .on_reply(move |reply| lines.lock().unwrap().push(reply.disposition().to_string())),
    );
    let mut clones = [service.clone(), service];
    for (clone, request, status) in [
        (0, Request::post("/").body(confirmed()), 200),
        (1, Request::post("/").body(confirmed()), 200),
        (1, Request::post("/").body(String::new()), 400),
        (0, Request::get("/").body(String::new()), 405),
    ] {
        assert_eq!(answer(&mut clones[clone], request.unwrap()), status);
    }
    assert_eq!(shop.0.load(Ordering::Relaxed), 1);
    assert_eq!(
        *log.lock().unwrap(),
        [
            "handled: settled",
            "handled before",
            "unreadable: the body is not one JSON document: it breaks at line 1, column 0",
            "not a POST"
        ]
    );
    // The receiver outside of it has the same memory.
    let reply = block_on(shared.receive_async(confirmed().as_bytes(), None, &shop));
    assert_eq!(reply.disposition().to_string(), "handled before");
}

/// A task that panicked leaves no reply, and is answered like every other.
#[test]
fn a_lost_task_is_answered_with_500_and_no_body() {
    let mut service = CallbackService::new(receiver(), Arc::new(Shop::default()))
        .spawn(|_| ready(Err::<Reply, ()>(())));
    let request = Request::post("/").body(confirmed()).unwrap();
    let response = block_on(service.call(request)).unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(response.headers()["content-length"], "0");
    assert_eq!(response.headers()["cache-control"], "no-store");
}

/// A panic fails its own task. Nobody gives its claim back: that is left to the
/// lease.
#[cfg(feature = "testing")]
#[test]
fn a_handler_that_panics_is_answered_with_500() {
    struct Panics(AtomicUsize);

    impl AsyncHandler for Panics {
        type Error = Infallible;

        async fn handle(&self, _: Verified<Callback>) -> Result<(), Infallible> {
            tokio::task::yield_now().await;
            assert!(self.0.fetch_add(1, Ordering::Relaxed) > 0, "the first time");
            Ok(())
        }
    }

    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for (lease, next) in [
        (60, "being handled by another delivery"),
        (0, "handled: settled"),
    ] {
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        let guard = MemoryGuard::new().lease(Duration::from_secs(lease));
        let mut service =
            CallbackService::new(receiver().guard(guard), Panics(AtomicUsize::new(0)))
                .on_reply(move |reply| lines.lock().unwrap().push(reply.disposition().to_string()))
                .spawn(tokio::spawn);
        let mut post = || {
            let request = Request::post("/").body(confirmed()).unwrap();
            runtime.block_on(service.call(request)).unwrap().status()
        };
        assert_eq!(post(), 500);
        assert_eq!(post(), if lease > 0 { 503 } else { 200 });
        assert_eq!(*log.lock().unwrap(), [next]);
    }
}

/// The body is awaited with the future, not in `call`, and a future that is
/// dropped has done nothing.
#[test]
fn nothing_happens_until_it_is_polled() {
    let shop = Arc::new(Shop::default());
    let mut service = CallbackService::new(receiver(), Arc::clone(&shop));
    drop(service.call(Request::post("/").body(confirmed()).unwrap()));
    assert_eq!(shop.0.load(Ordering::Relaxed), 0);
    let mut future = pin!(service.call(Request::post("/").body(confirmed()).unwrap()));
    let mut context = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_ready());
    assert_eq!(shop.0.load(Ordering::Relaxed), 1);
}

#[test]
fn the_peer_is_the_sockets_or_the_proxies() {
    #[derive(Clone)]
    struct Peer(IpAddr);

    let gateway = AddressRanges::parse(["203.0.113.1"]).unwrap();
    let proxies = || AddressRanges::parse(["10.0.0.0/8"]).unwrap();
    let receiver = || {
        receiver()
            .accept_unsigned_from(gateway.clone())
            .guard(MemoryGuard::new())
    };
    let shop = || handler_fn(|_: Verified<Callback>| ready(Ok::<_, HandlerError>(())));
    let plain = || CallbackService::new(receiver(), shop());
    let direct = || plain().socket_peer(|all| all.get::<Peer>().map(|peer| peer.0));
    let behind = || direct().behind(Proxies::x_forwarded_for(proxies()));
    let told = without_transfer("payout", "wd-1", 3).to_string();
    for (service, peer, forwarded, status) in [
        // Nobody said where the peer stands, or it is not there.
        (plain(), Some("203.0.113.1"), "203.0.113.1", 401),
        (
            plain().behind(Proxies::x_forwarded_for(proxies())),
            Some("10.0.0.1"),
            "203.0.113.1",
            401,
        ),
        (direct(), None, "203.0.113.1", 401),
        (behind(), None, "203.0.113.1", 401),
        // No proxies: the header is a stranger's.
        (direct(), Some("203.0.113.1"), "198.51.100.7", 200),
        (direct(), Some("10.0.0.1"), "203.0.113.1", 401),
        (behind(), Some("203.0.113.1"), "198.51.100.7", 200),
        (behind(), Some("198.51.100.7"), "203.0.113.1", 401),
        // A proxy's word.
        (behind(), Some("10.0.0.1"), "203.0.113.1", 200),
        (
            behind(),
            Some("10.0.0.1"),
            "198.51.100.7, 203.0.113.1, 10.0.0.2",
            200,
        ),
        (behind(), Some("10.0.0.1"), "203.0.113.1, 198.51.100.7", 401),
        (behind(), Some("10.0.0.1"), "203.0.113.1, unknown", 401),
        (
            direct().behind(Proxies::forwarded(proxies())),
            Some("10.0.0.1"),
            "203.0.113.1",
            401,
        ),
    ] {
        let request = Request::post("/").header("x-forwarded-for", forwarded);
        let mut request = request.body(told.clone()).unwrap();
        if let Some(peer) = peer {
            request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        }
        assert_eq!(
            answer(&mut is_route(service), request),
            status,
            "{peer:?} {forwarded}"
        );
    }
}

/// With look-ups of one's own it is a route as well.
#[test]
fn citypay() {
    struct Orders;

    impl AsyncOrderLookup for Orders {
        type Error = std::io::Error;

        async fn is_issued(&self, _: TokenUse<'_>) -> Result<bool, Self::Error> {
            ready(Ok(true)).await
        }

        async fn fetch(&self, _: &str) -> Result<Vec<u8>, Self::Error> {
            ready(Ok(body("citypay-order-confirmed.answer.json"))).await
        }
    }

    let receiver = Receiver::citypay(Account::new("5120").unwrap(), Orders);
    let mut service = is_route(CallbackService::new(receiver, Shop::default()));
    let posted = String::from_utf8(body("citypay-order-confirmed.json")).unwrap();
    assert_eq!(
        answer(&mut service, Request::post("/").body(posted).unwrap()),
        200
    );
}

#[test]
fn it_shows_no_secret() {
    let proxies = Proxies::forwarded(AddressRanges::parse(["10.0.0.1"]).unwrap());
    let mut service = CallbackService::new(receiver(), Shop::default()).behind(proxies);
    let shown = format!("{service:?}");
    assert!(
        shown.starts_with("CallbackService { receiver: Receiver {"),
        "{shown}"
    );
    assert!(
        shown.contains("10.0.0.1") && !shown.contains(SECRET),
        "{shown}"
    );
    let future = service.call(Request::post("/").body(String::new()).unwrap());
    assert_eq!(format!("{future:?}"), "ResponseFuture");
}
