//! A client and a server over plain sockets: the test sees, and sets, every byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// The response to one request.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}{}", self.head, self.text()))
    }
}

/// Sends a request with these lines in its head, and reads the response to its end.
/// `host` is added unless it is one of them.
pub(crate) fn send(url: &str, line: &str, headers: &[&str], body: &[u8]) -> Response {
    let at = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(at).unwrap();
    let timeout = Some(Duration::from_secs(20));
    stream.set_read_timeout(timeout).unwrap();
    let mut head = format!("{line} HTTP/1.1\r\nconnection: close\r\n");
    if !headers
        .iter()
        .any(|it| it.to_lowercase().starts_with("host:"))
    {
        head.extend(["host: ", at, "\r\n"]);
    }
    for header in headers {
        head.extend([header, "\r\n"]);
    }
    let length = format!("content-length: {}\r\n\r\n", body.len());
    head.push_str(&length);
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    Response {
        status: head[9..12].parse().unwrap(),
        head,
        body: bytes[end + 4..].to_vec(),
    }
}

pub(crate) fn get(url: &str, path: &str) -> Response {
    send(url, &format!("GET {path}"), &[], b"")
}

pub(crate) fn post(url: &str, path: &str, body: &[u8]) -> Response {
    send(url, &format!("POST {path}"), &[], body)
}

/// Starts to watch the page's events; the head of the response is read.
pub(crate) fn watch(url: &str) -> (u16, BufReader<TcpStream>) {
    let at = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(at).unwrap();
    let timeout = Some(Duration::from_secs(20));
    stream.set_read_timeout(timeout).unwrap();
    let request = format!("GET /_payhook/events HTTP/1.1\r\nhost: {at}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut status = String::new();
    reader.read_line(&mut status).unwrap();
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0);
    }
    (status[9..12].parse().unwrap(), reader)
}

/// The next event's name and data.
pub(crate) fn event(reader: &mut BufReader<TcpStream>) -> (String, Value) {
    let mut name = String::new();
    loop {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the stream ended");
        let line = line.trim_end();
        if let Some(value) = line.strip_prefix("event: ") {
            value.clone_into(&mut name);
        }
        if let Some(data) = line.strip_prefix("data: ") {
            return (name, serde_json::from_str(data).unwrap());
        }
    }
}

/// The list as it is now.
pub(crate) fn list(url: &str) -> Value {
    let (status, mut reader) = watch(url);
    assert_eq!(status, 200);
    let (name, list) = event(&mut reader);
    assert_eq!(name, "list");
    list
}

/// A request that a [`Handler`] got.
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// The merchant's handler: it responds to each request with the next of the given
/// responses, and then with the last one.
pub(crate) struct Handler {
    pub(crate) url: String,
    pub(crate) requests: Receiver<Request>,
}

impl Handler {
    pub(crate) fn start(responses: &[&str]) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let responses: Vec<_> = responses.iter().map(|&it| it.to_owned()).collect();
        let (sender, requests) = channel();
        thread::spawn(move || {
            for (number, stream) in socket.incoming().enumerate() {
                let mut stream = BufReader::new(stream.unwrap());
                let (mut head, mut length) = (String::new(), 0);
                while !head.ends_with("\r\n\r\n") {
                    let mut line = String::new();
                    if stream.read_line(&mut line).unwrap() == 0 {
                        break;
                    }
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    head.push_str(&line);
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                let response = &responses[number.min(responses.len() - 1)];
                let response = format!("HTTP/1.1 {response}");
                stream.get_mut().write_all(response.as_bytes()).unwrap();
                if sender.send(Request { head, body }).is_err() {
                    break;
                }
            }
        });
        Self { url, requests }
    }

    pub(crate) fn next(&self) -> Request {
        self.requests.recv_timeout(Duration::from_secs(20)).unwrap()
    }
}

pub(crate) const OK: &str = "200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
