//! An endpoint as a service.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::ready;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use payhook::citypay::{self, Account};
use payhook::http::{Body, Request, Response, Service, TrustedProxies};
use payhook::{BoxError, Reply, address::AddressRanges};

use crate::endpoint::{Client, Recorder, endpoint, orders, signed_only};
use crate::handler::block_on;
use crate::support::{SECRET, body};

/// The bounds of axum for the service of a route.
fn is_route<S>(service: S) -> S
where
    S: Service<Request<String>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Response: Into<Response<String>>,
    S::Future: Send + 'static,
{
    fn is_body<B: Body<Data = bytes::Bytes, Error: Into<BoxError>> + Send + 'static>() {}
    is_body::<String>();
    service
}

fn confirmed() -> String {
    String::from_utf8(body("b2binpay-deposit-confirmed.json")).unwrap()
}

fn answer<S>(service: &mut S, request: Request<String>) -> u16
where
    S: Service<Request<String>, Response = Response<String>, Error: Debug>,
{
    let ready = service.poll_ready(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(ready, Poll::Ready(Ok(()))));
    let response = block_on(service.call(request)).unwrap();
    response.status().as_u16()
}

#[test]
fn clones_share_their_state() {
    let seen = Recorder::default();
    let log = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&log);
    let service = is_route(
        signed_only(&seen)
            .into_service()
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
    assert_eq!(seen.take().len(), 1);
    assert_eq!(
        *log.lock().unwrap(),
        [
            "handled: settled",
            "already handled",
            "malformed: invalid JSON at line 1, column 0",
            "not a POST"
        ]
    );
}

/// A task that panicked gives no reply, and is answered with 500.
#[test]
fn a_lost_task_is_answered_with_500_and_no_body() {
    let endpoint = signed_only(&Recorder::default());
    let mut service = endpoint
        .into_service()
        .spawn(|_| ready(Err::<Reply, ()>(())));
    let request = Request::post("/").body(confirmed()).unwrap();
    let response = block_on(service.call(request)).unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(response.headers()["content-length"], "0");
    assert_eq!(response.headers()["cache-control"], "no-store");
}

/// A panic only fails its own task. Its claim is not released, but expires with its
/// lease.
#[test]
fn a_handler_that_panics_is_answered_with_500() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use payhook::b2binpay::{Gateway, TrackingIds};
    use payhook::{Callback, Endpoint, endpoint::Idempotent, handler_fn, idempotency::MemoryStore};

    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for (lease, next) in [
        (60, "another delivery is being handled"),
        (0, "handled: settled"),
    ] {
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        let calls = Arc::new(AtomicUsize::new(0));
        let panics = handler_fn(move |_: Callback| {
            let calls = Arc::clone(&calls);
            async move {
                tokio::task::yield_now().await;
                assert!(calls.fetch_add(1, Ordering::Relaxed) > 0, "the first time");
                Ok::<_, Infallible>(())
            }
        });
        let store = MemoryStore::new().lease(Duration::from_secs(lease));
        let gateway = Gateway::new(crate::support::verifier(TrackingIds::Prefixed));
        let mut service = Endpoint::new(gateway, Idempotent::new(panics, store))
            .into_service()
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

/// The body is awaited in the future, not in `call`; a dropped future has no effect.
#[test]
fn nothing_happens_until_it_is_polled() {
    let seen = Recorder::default();
    let mut service = signed_only(&seen).into_service();
    drop(service.call(Request::post("/").body(confirmed()).unwrap()));
    assert!(seen.take().is_empty());
    let mut future = pin!(service.call(Request::post("/").body(confirmed()).unwrap()));
    let mut context = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_ready());
    assert_eq!(seen.take().len(), 1);
}

#[test]
fn the_peer_is_taken_from_the_socket_or_the_proxies() {
    #[derive(Clone)]
    struct Peer(IpAddr);

    let gateway = AddressRanges::parse(["203.0.113.1"]).unwrap();
    let proxies = || AddressRanges::parse(["10.0.0.0/8"]).unwrap();
    let plain = || {
        let account = Account::new("5120")
            .unwrap()
            .source_addresses(gateway.clone());
        let gateway = citypay::Gateway::new(account, Client::new(Err("must not be requested")));
        endpoint(gateway, &Recorder::default()).into_service()
    };
    let direct = || plain().socket_peer(|all| all.get::<Peer>().map(|peer| peer.0));
    let behind = || direct().trust_proxies(TrustedProxies::x_forwarded_for(proxies()));
    let reported = String::from_utf8(body("citypay-deposit-confirmed.json")).unwrap();
    for (service, peer, forwarded, status) in [
        // The peer's address is not set, or missing.
        (plain(), Some("203.0.113.1"), "203.0.113.1", 401),
        (
            plain().trust_proxies(TrustedProxies::x_forwarded_for(proxies())),
            Some("10.0.0.1"),
            "203.0.113.1",
            401,
        ),
        (direct(), None, "203.0.113.1", 401),
        (behind(), None, "203.0.113.1", 401),
        // Without trusted proxies the header may be forged.
        (direct(), Some("203.0.113.1"), "198.51.100.7", 200),
        (direct(), Some("10.0.0.1"), "203.0.113.1", 401),
        (behind(), Some("203.0.113.1"), "198.51.100.7", 200),
        (behind(), Some("198.51.100.7"), "203.0.113.1", 401),
        // The header of a trusted proxy.
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
            direct().trust_proxies(TrustedProxies::forwarded(proxies())),
            Some("10.0.0.1"),
            "203.0.113.1",
            401,
        ),
    ] {
        let request = Request::post("/").header("x-forwarded-for", forwarded);
        let mut request = request.body(reported.clone()).unwrap();
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

/// An endpoint with lookups is a route as well.
#[test]
fn of_citypay() {
    let client = Client::new(Ok(body("citypay-order-confirmed.answer.json")));
    let mut service = is_route(orders(&client, &Recorder::default()).into_service());
    let posted = String::from_utf8(body("citypay-order-confirmed.json")).unwrap();
    let request = Request::post("/").body(posted).unwrap();
    assert_eq!(answer(&mut service, request), 200);
}

#[test]
fn debug_shows_no_secret() {
    use payhook::b2binpay::{Gateway, TrackingIds};
    use payhook::{Endpoint, MemoryLedger};

    let proxies = TrustedProxies::forwarded(AddressRanges::parse(["10.0.0.1"]).unwrap());
    let gateway = Gateway::new(crate::support::verifier(TrackingIds::Prefixed));
    let endpoint = Endpoint::new(gateway, MemoryLedger::new());
    let service = endpoint.into_service().trust_proxies(proxies);
    let shown = format!("{service:?}");
    assert!(
        shown.starts_with("CallbackService { endpoint: Endpoint {"),
        "{shown}"
    );
    assert!(
        shown.contains("10.0.0.1") && !shown.contains(SECRET),
        "{shown}"
    );
}
