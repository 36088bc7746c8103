//! Requests to the server over a socket.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use payhook::MemoryLedger;
use payhook::payment::{Expected, Payment};

#[allow(dead_code, reason = "the test has a main function of its own")]
#[path = "../src/main.rs"]
mod actix_server;

/// The status and the body of the response.
fn request(server: SocketAddr, method: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(server).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} /callbacks/b2binpay HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n"
    )
    .unwrap();
    // A server may close the connection before everything is sent.
    let _ = stream.write_all(body);
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

fn body(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../bodies");
    fs::read(format!("{folder}/b2binpay-{name}.json")).unwrap()
}

/// The payment of `order-9001` after `requests` were sent.
fn payment(requests: impl FnOnce(SocketAddr)) -> Payment {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let ledger = MemoryLedger::new();
    ledger.expect(Expected::deposit("order-9001", "ETH", "0.412".parse().unwrap()).unwrap());
    let endpoint = actix_server::endpoint("cbs_7Qm2vX9tR4kL8pN1", ledger.clone()).unwrap();
    let (send, receive) = std::sync::mpsc::channel();
    let running = thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = actix_server::server(listener, endpoint).unwrap();
            send.send(server.handle()).unwrap();
            server.await.unwrap();
        });
    });
    let handle = receive.recv().unwrap();
    requests(address);
    actix_web::rt::System::new().block_on(handle.stop(true));
    running.join().unwrap();
    ledger.payment("order-9001").unwrap()
}

#[test]
fn it_returns_the_endpoints_status_and_credits_once() {
    let paid = payment(|address| {
        let empty = |status| (status, String::new());
        let post = |body: &[u8]| request(address, "POST", body);
        assert_eq!(post(&body("deposit-confirmed")), empty(200));
        assert_eq!(post(&body("deposit-confirmed")), empty(200));
        assert_eq!(post(&body("refused-tampered")), empty(401));
        assert_eq!(post(&body("refused-unsigned")), empty(401));
        assert_eq!(post(&body("refused-not-json")), empty(400));
        // actix-web's own extractor refuses this one.
        assert_eq!(post(&body("refused-too-large")).0, 413);
        assert_eq!(post(&vec![b' '; 1 << 24]).0, 413);
        assert_eq!(request(address, "GET", b""), empty(405));
    });
    assert_eq!(paid.status().to_string(), "paid");
    assert_eq!(paid.credited(), "0.412".parse().unwrap());
}

#[test]
fn refused_callbacks_credit_nothing() {
    let open = payment(|address| {
        assert_eq!(request(address, "POST", &body("refused-tampered")).0, 401);
    });
    assert_eq!(open.status().to_string(), "open");
    assert!(open.credited().is_zero());
}
