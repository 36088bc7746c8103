//! HTTP requests and responses, with bodies of every kind.

mod proxies;

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http_body::{Frame, SizeHint};
use payhook::citypay::{self, Account};
use payhook::http::{Body, Request};
use payhook::{
    BoxError, Disposition, Fault, ParseError, Reply, address::AddressRanges, b2binpay,
    verified::DEFAULT_BODY_LIMIT,
};

use crate::endpoint::{Client, Handled, Recorder, endpoint, signed_only};
use crate::handler::block_on;
use crate::support::body;

type Step = Option<Result<Frame<Bytes>, io::Error>>;

/// A body that arrives in given steps; `None` makes the reader wait.
#[derive(Default)]
struct Steps {
    steps: VecDeque<Step>,
    hint: SizeHint,
}

impl Steps {
    fn pieces(body: &[u8], size: usize) -> Self {
        let pieces = body.chunks(size).map(Bytes::copy_from_slice);
        Self {
            steps: pieces.map(|piece| Some(Ok(Frame::data(piece)))).collect(),
            hint: SizeHint::default(),
        }
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push_back(step);
        self
    }
}

impl Body for Steps {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.steps.pop_front() {
            Some(Some(step)) => Poll::Ready(Some(step)),
            Some(None) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

/// A body that must not be read.
struct Untouched(SizeHint);

impl Body for Untouched {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        panic!("read");
    }

    fn size_hint(&self) -> SizeHint {
        self.0
    }
}

/// A body that never ends, whatever its size hint is.
struct Endless(SizeHint);

const FRAME: usize = 8 * 1024;

impl Body for Endless {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![b'x'; FRAME])))))
    }

    fn size_hint(&self) -> SizeHint {
        self.0
    }
}

/// A body of one piece, with any type of data.
struct Once<D>(Option<D>);
impl<D: Buf + Unpin> Body for Once<D> {
    type Data = D;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<D>, io::Error>>> {
        Poll::Ready(self.0.take().map(|data| Ok(Frame::data(data))))
    }
}

fn hint(lower: u64, upper: Option<u64>) -> SizeHint {
    let mut hint = SizeHint::new();
    hint.set_lower(lower);
    if let Some(upper) = upper {
        hint.set_upper(upper);
    }
    hint
}

type Signed = Handled<b2binpay::Gateway>;

fn receiver() -> Signed {
    signed_only(&Recorder::default())
}

fn confirmed() -> Vec<u8> {
    body("b2binpay-deposit-confirmed.json")
}

/// The reply, and the number of calls of the handler.
fn received<B>(receiver: &Signed, request: Request<B>) -> (Reply, usize)
where
    B: Body<Error: Into<BoxError>>,
{
    let reply = block_on(receiver.receive_http(request, None));
    (reply, receiver.target().handler().take().len())
}

fn refused<B>(receiver: &Signed, request: Request<B>) -> (u16, String)
where
    B: Body<Error: Into<BoxError>>,
{
    let (reply, calls) = received(receiver, request);
    assert_eq!(calls, 0);
    assert_eq!(reply.disposition().fault(), Some(Fault::Sender));
    assert!(reply.disposition().hint().is_some());
    (reply.status(), reply.disposition().to_string())
}

#[test]
fn a_body_can_arrive_in_pieces() {
    let body = confirmed();
    for size in [1, 7, 1000, body.len()] {
        let trailers = Some(Ok(Frame::trailers(http::HeaderMap::new())));
        let mut steps = Steps::pieces(&body, size).then(trailers);
        // Between the pieces: a wait, and an empty piece.
        steps.steps.insert(1, None);
        steps.steps.insert(1, Some(Ok(Frame::data(Bytes::new()))));
        steps.steps.push_front(None);
        let (reply, calls) = received(&receiver(), Request::post("/").body(steps).unwrap());
        assert_eq!(
            reply.disposition().to_string(),
            "handled: settled",
            "{size}"
        );
        assert_eq!((reply.status(), calls), (200, 1));
    }
    // Data that consists of several pieces.
    let (one, other) = body.split_at(100);
    let data = Bytes::copy_from_slice(one).chain(Bytes::copy_from_slice(other));
    let request = Request::post("/").body(Once(Some(data))).unwrap();
    assert_eq!(received(&receiver(), request).0.status(), 200);
}

#[test]
fn the_peer_is_passed_on() {
    let ranges = AddressRanges::parse(["203.0.113.1"]).unwrap();
    let account = Account::new("5120").unwrap().source_addresses(ranges);
    let gateway = citypay::Gateway::new(account, Client::new(Err("must not be requested")));
    let endpoint = endpoint(gateway, &Recorder::default());
    let reported = String::from_utf8(body("citypay-deposit-confirmed.json")).unwrap();
    for (peer, status) in [
        (Some("203.0.113.1"), 200),
        (Some("203.0.113.2"), 401),
        (None, 401),
    ] {
        let peer = peer.map(|peer| peer.parse().unwrap());
        let request = Request::post("/").body(reported.clone()).unwrap();
        let reply = block_on(endpoint.receive_http(request, peer));
        assert_eq!(reply.status(), status);
    }
}

#[test]
fn only_a_post_is_a_callback() {
    for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "post"] {
        let request = Request::builder().method(method);
        let request = request.body(Untouched(SizeHint::default())).unwrap();
        assert_eq!(
            refused(&receiver(), request),
            (405, "not a POST".into()),
            "{method}"
        );
    }
}

#[test]
fn an_incomplete_body_is_not_handled() {
    let body = confirmed();
    for (after, before) in [(0, body.len()), (100, 100), (body.len(), 0)] {
        let steps = Steps::pieces(&body[..after], 64)
            .then(Some(Err(io::Error::other("connection reset"))))
            .then(Some(Ok(Frame::data(Bytes::copy_from_slice(
                &body[body.len() - before..],
            )))));
        assert_eq!(
            refused(&receiver(), Request::post("/").body(steps).unwrap()),
            (400, "incomplete body: connection reset".into())
        );
    }
}

#[test]
fn a_body_announced_as_too_large_is_not_read() {
    let known = |length: u64| {
        (
            413,
            format!("malformed: body is {length} bytes long, the limit is 65536"),
        )
    };
    let unknown = (
        413,
        "malformed: body exceeds the limit of 65536 bytes".to_owned(),
    );
    for (header, hint, expected) in [
        (Some("65537"), hint(0, None), known(65_537)),
        (
            Some("9000000000000000000"),
            hint(0, None),
            known(9_000_000_000_000_000_000),
        ),
        (None, SizeHint::with_exact(65_537), known(65_537)),
        (Some("1"), SizeHint::with_exact(65_537), known(65_537)),
        (None, hint(65_537, None), unknown.clone()),
        (Some("1"), hint(65_537, Some(70_000)), unknown),
    ] {
        let request = Request::post("/");
        let request = header.into_iter().fold(request, |request, length| {
            request.header("content-length", length)
        });
        assert_eq!(
            refused(&receiver(), request.body(Untouched(hint)).unwrap()),
            expected
        );
    }
}

#[test]
fn the_limit_holds_while_reading() {
    let body = confirmed();
    for size in [1, 100, body.len()] {
        for (limit, status) in [(body.len(), 200), (body.len() - 1, 413), (0, 413)] {
            let receiver = receiver().body_limit(limit);
            let request = Request::post("/").body(Steps::pieces(&body, size)).unwrap();
            let (reply, calls) = received(&receiver, request);
            assert_eq!(
                (reply.status(), calls),
                (status, usize::from(status == 200))
            );
            if status == 413 {
                let Disposition::Malformed(error) = reply.into_disposition() else {
                    panic!("another disposition");
                };
                assert_eq!(error, ParseError::OverLimit { limit });
            }
        }
    }
    // A lower bound equal to the limit is not beyond it.
    let length = body.len().try_into().unwrap();
    for upper in [None, Some(length)] {
        let mut steps = Steps::pieces(&body, 100);
        steps.hint = hint(length, upper);
        let request = Request::post("/").body(steps).unwrap();
        let (reply, _) = received(&receiver().body_limit(body.len()), request);
        assert_eq!(reply.status(), 200);
    }
    // Without a limit nothing is reserved.
    let mut steps = Steps::pieces(&body, 100);
    steps.hint = hint(0, Some(u64::MAX));
    let request = Request::post("/").header("content-length", "9000000000000000000");
    let (reply, _) = received(
        &receiver().body_limit(usize::MAX),
        request.body(steps).unwrap(),
    );
    assert_eq!(reply.status(), 200);
}

/// Independent of the announced length and the actual length.
#[test]
fn a_body_costs_no_more_memory_than_the_limit_and_a_frame() {
    // Memory of the reply itself and for the bookkeeping of a frame.
    let little = 512;
    let receiver = receiver();
    let max = |limit, header: Option<&str>, body: Endless| {
        let receiver = receiver.clone().body_limit(limit);
        let request = Request::post("/");
        let request = header.into_iter().fold(request, |request, length| {
            request.header("content-length", length)
        });
        let request = request.body(body).unwrap();
        let used = allocation_counter::measure(|| {
            let reply = block_on(receiver.receive_http(request, None));
            assert_eq!(reply.status(), 413);
        });
        usize::try_from(used.bytes_max).unwrap()
    };
    for limit in [0, 1, 1000, FRAME, 20_000, 64 * 1024] {
        for hint in [hint(0, None), hint(0, Some(u64::MAX))] {
            for header in [
                None,
                Some("0"),
                Some("many"),
                Some("99999999999999999999999"),
            ] {
                let max = max(limit, header, Endless(hint));
                assert!(max <= limit + FRAME + little, "{max} bytes for {limit}");
            }
        }
        // An announced length allocates nothing.
        assert!(max(limit, Some("1000000000"), Endless(hint(0, None))) <= little);
        assert!(max(limit, None, Endless(hint(1 << 60, None))) <= little);
    }
    // Beyond that, and beyond its announced length, it is copied while it grows.
    for (limit, hint) in [
        (1_000_000, hint(0, None)),
        // Doubled once more it would be far beyond the limit.
        (600_000, hint(0, None)),
        (60_000, hint(0, Some(10))),
    ] {
        let max = max(limit, None, Endless(hint));
        assert!(max <= 2 * limit + FRAME + little, "{max} bytes");
    }
}

#[test]
fn a_body_of_the_announced_length_is_never_copied() {
    let receiver = receiver();
    let body = b"\xff".repeat(20_000);
    let used = allocation_counter::measure(|| {
        let mut steps = Steps::pieces(&body, 1_000);
        steps.hint = hint(20_000, Some(20_000));
        let request = Request::post("/").body(steps).unwrap();
        let reply = block_on(receiver.receive_http(request, None));
        assert_eq!(reply.status(), 400);
    });
    // The pieces themselves are dropped as they are read.
    assert!(used.bytes_max < 20_000 * 5 / 2, "{}", used.bytes_max);
}

/// A body that is read but not proven: `DEFAULT_BODY_LIMIT` documents the memory.
#[test]
fn an_unproven_body_costs_a_bounded_amount_of_memory() {
    let front = r#"{"data":{"type":"deposit","id":1,"attributes":{"status":2}},"meta":{"sign":"0","time":"2026-03-02T09:16:02Z"},"included":["#;
    for limit in [2_000, DEFAULT_BODY_LIMIT] {
        let receiver = receiver().body_limit(limit);
        for (front, unit, back, statuses) in [
            ("", "[", "", [400, 400]),
            // At most a thousand are accepted.
            (front, "{},", "{}]}", [401, 400]),
            (
                front,
                r#"{"type":"transfer","id":1,"attributes":{"amount":1,"status":2,"fee":0}},"#,
                "{}]}",
                [401, 401],
            ),
        ] {
            let count = (limit - front.len() - back.len()) / unit.len();
            let body = format!("{front}{}{back}", unit.repeat(count));
            let used = allocation_counter::measure(|| {
                let steps = Steps::pieces(body.as_bytes(), 1_000);
                let request = Request::post("/").body(steps).unwrap();
                let reply = block_on(receiver.receive_http(request, None));
                let status = statuses[usize::from(limit == DEFAULT_BODY_LIMIT)];
                assert_eq!(reply.status(), status, "{}", reply.disposition());
            });
            let max = usize::try_from(used.bytes_max).unwrap();
            assert!(max < 1_500_000, "{max} bytes for {limit}");
        }
    }
}

#[test]
fn responses() {
    let gone = Steps::default().then(Some(Err(io::Error::other("gone"))));
    for (method, steps, status) in [
        ("POST", Steps::pieces(&confirmed(), 1000), 200),
        ("POST", gone, 400),
        ("POST", Steps::pieces(b"{}", 1), 400),
        (
            "POST",
            Steps::pieces(&body("b2binpay-refused-tampered.json"), 99),
            401,
        ),
        ("GET", Steps::default(), 405),
        ("POST", Steps::pieces(&vec![b' '; 65_537], 1000), 413),
        (
            "POST",
            Steps::pieces(&body("b2binpay-refused-unknown-type.json"), 99),
            422,
        ),
    ] {
        let request = Request::builder().method(method).body(steps).unwrap();
        let (reply, _) = received(&receiver(), request);
        let response = reply.to_response();
        assert_eq!(response.status(), status);
        let mut headers: Vec<_> = response
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        headers.sort();
        let allow: &[_] = if status == 405 { &["allow: POST"] } else { &[] };
        assert_eq!(
            headers,
            [allow, &["cache-control: no-store", "content-length: 0"]].concat()
        );
        assert!(response.body().is_end_stream());
        assert_eq!(response.body().size_hint().exact(), Some(0));
    }
}

/// A server can only spawn a future that is `Send`.
#[test]
fn the_future_is_send() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let receiver = receiver();
    let request = Request::post("/")
        .body(Steps::pieces(&confirmed(), 9))
        .unwrap();
    let reply = block_on(is_send(receiver.receive_http(request, None)));
    assert_eq!(reply.status(), 200);
}
