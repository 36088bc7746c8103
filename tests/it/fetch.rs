//! `reqwest::Client` as a client for lookups, against a server on this machine.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use payhook::reqwest::{Client, redirect::Policy};
use payhook::{BoxError, Fetch};

const LIMIT: usize = 1024 * 1024;

/// Answers one request; returns the URL to fetch.
fn server(answer: impl FnOnce(&mut TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
            request.extend(byte);
        }
        assert!(request.starts_with(b"GET /order/tok_secret HTTP/1.1\r\n"));
        answer(&mut stream);
    });
    format!("http://{address}/order/tok_secret")
}

fn get(url: &str) -> Result<Vec<u8>, BoxError> {
    get_with(&Client::new(), url)
}

fn get_with(client: &Client, url: &str) -> Result<Vec<u8>, BoxError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(Fetch::get(client, url))
}

/// The error with all its sources.
fn error(url: &str) -> String {
    let error = get(url).unwrap_err();
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    assert!(!text.contains("tok_secret"), "{text}");
    text
}

fn sized(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Only if the client follows no redirects: otherwise it reads the target.
#[test]
fn a_redirect_is_an_error() {
    let url = server(|stream| {
        let head = "HTTP/1.1 301 Moved Permanently\r\nlocation: /\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
    });
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    let error = get_with(&client, &url).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the gateway redirects (301 Moved Permanently)"
    );
}

#[test]
fn the_body_is_unchanged_with_any_status() {
    for status in ["200 OK", "404 Not Found", "500 Internal Server Error"] {
        let body = b"{\"errors\": [\xff]}\n";
        let url = server(move |stream| stream.write_all(&sized(status, body)).unwrap());
        assert_eq!(get(&url).unwrap(), body);
    }
}

#[test]
fn long_responses_are_refused() {
    let url = server(|stream| {
        stream
            .write_all(&sized("200 OK", &vec![b'x'; LIMIT]))
            .unwrap();
    });
    assert_eq!(get(&url).unwrap().len(), LIMIT);
    let announced = server(|stream| {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
    });
    // Never ends: the client must close the connection.
    let endless = server(|stream| {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let mut written = stream.write_all(head.as_bytes());
        let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 0x10000], b"\r\n"].concat();
        while written.is_ok() {
            written = stream.write_all(&chunk);
        }
    });
    for url in [announced, endless] {
        let error = error(&url);
        assert!(
            error.starts_with("response is longer than 1048576 bytes"),
            "{error}"
        );
    }
}

#[test]
fn errors_omit_the_address() {
    // The server no longer listens.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    error(&format!("http://{address}/order/tok_secret"));
    error("no-scheme/tok_secret");
    // The response is cut off.
    error(&server(|_| ()));
    error(&server(|stream| {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx";
        stream.write_all(head.as_bytes()).unwrap();
    }));
}

#[test]
fn endless_responses_are_aborted() {
    let url = server(|stream| {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n";
        let mut written = stream.write_all(head.as_bytes());
        while written.is_ok() {
            thread::sleep(Duration::from_millis(500));
            written = stream.write_all(b"x");
        }
    });
    let started = Instant::now();
    error(&url);
    let waited = started.elapsed();
    assert!(
        waited >= Duration::from_secs(9) && waited < Duration::from_secs(30),
        "{waited:?}"
    );
}
