//! `examples/actix_server.rs`, posted to over a socket:
//!
//! ```text
//! cargo test --features example-actix --test actix
//! ```
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use actix_server::Shop;
use payhook::{AddressRanges, B2binpay, Receiver};

#[allow(dead_code, reason = "the test has a main function of its own")]
#[path = "../examples/actix_server.rs"]
mod actix_server;

/// Where a sender says that he comes from.
const FORWARDED: &str = "203.0.113.1";

/// The status and the answer's body.
fn ask(server: SocketAddr, method: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(server).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} /callbacks/b2binpay HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\
         X-Forwarded-For: {FORWARDED}\r\nContent-Length: {length}\r\n\r\n"
    )
    .unwrap();
    // A server may stop reading, and close, before all is sent.
    let _ = stream.write_all(body);
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

fn body(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/bodies");
    fs::read(format!("{folder}/b2binpay-{name}.json")).unwrap()
}

fn receiver() -> Receiver<B2binpay> {
    actix_server::receiver("cbs_7Qm2vX9tR4kL8pN1").unwrap()
}

/// What was settled while `visit` was there.
fn settled(receiver: Receiver<B2binpay>, visit: impl FnOnce(SocketAddr)) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let shop = Arc::new(Shop::default());
    let server_shop = Arc::clone(&shop);
    let (send, receive) = std::sync::mpsc::channel();
    let running = thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = actix_server::server(listener, receiver, server_shop).unwrap();
            send.send(server.handle()).unwrap();
            server.await.unwrap();
        });
    });
    let handle = receive.recv().unwrap();
    visit(address);
    actix_web::rt::System::new().block_on(handle.stop(true));
    running.join().unwrap();
    std::mem::take(&mut shop.settled.lock().unwrap())
}

#[test]
fn it_answers_as_the_receiver_does_and_hands_over_once() {
    let settled = settled(receiver(), |address| {
        let empty = |status| (status, String::new());
        let post = |body: &[u8]| ask(address, "POST", body);
        assert_eq!(post(&body("deposit-confirmed")), empty(200));
        assert_eq!(post(&body("deposit-confirmed")), empty(200));
        assert_eq!(post(&body("refused-tampered")), empty(401));
        assert_eq!(post(&body("refused-not-json")), empty(400));
        // actix-web's own extractor answers this one.
        assert_eq!(post(&body("refused-too-large")).0, 413);
        assert_eq!(post(&vec![b' '; 1 << 24]).0, 413);
        assert_eq!(ask(address, "GET", b""), empty(405));
    });
    assert_eq!(settled, ["order-9001"]);
}

/// It is the socket's peer that counts, whatever a header says.
#[test]
fn the_sender_does_not_choose_his_address() {
    for (from, status) in [(FORWARDED, 401), ("127.0.0.1", 200)] {
        let gateway = AddressRanges::parse([from]).unwrap();
        settled(receiver().accept_unsigned_from(gateway), |address| {
            let answer = ask(address, "POST", &body("refused-unsigned"));
            assert_eq!(answer, (status, String::new()), "{from}");
        });
    }
}
