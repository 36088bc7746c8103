//! `check` against servers with one fault each, and against correct ones.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
use payhook::citypay::{self, Account};
use payhook::payment::Expected;
use payhook::{BoxError, Disposition, Endpoint, Fetch, MemoryLedger};
use serde_json::Value;

use crate::support::{SECRET, run};

struct Request {
    method: String,
    content_type: String,
    body: Vec<u8>,
}

impl Request {
    fn is_signed(&self) -> bool {
        String::from_utf8_lossy(&self.body).contains("\"sign\":")
    }
}

/// A server on a free port until the test's process ends. It responds with the text
/// after `HTTP/1.1 `; the text after an empty line is the body.
fn server(answer: impl Fn(&Request) -> String + Send + 'static) -> String {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/callbacks", socket.local_addr().unwrap());
    thread::spawn(move || {
        for stream in socket.incoming() {
            let mut stream = stream.unwrap();
            if let Some(request) = read(&stream) {
                let answer = answer(&request);
                let (head, body) = answer.split_once("\n\n").unwrap_or((&answer, ""));
                let head = head.replace('\n', "\r\n");
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
                );
            }
        }
    });
    url
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream);
    let mut first = String::new();
    lines.read_line(&mut first).ok()?;
    let (mut length, mut content_type) = (0, String::new());
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        match &*name.to_ascii_lowercase() {
            "content-length" => length = value.parse().ok()?,
            "content-type" => value.clone_into(&mut content_type),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    let method = first.split(' ').next()?.to_owned();
    Some(Request {
        method,
        content_type,
        body,
    })
}

/// Runs the check; returns the exit status and `severity code: probes` of each finding.
fn check(url: &str, more: &[&str]) -> (i32, Vec<String>) {
    let mut args = vec!["--json", "check", url];
    args.extend(more);
    let ran = run(&args);
    let json = ran.json();
    assert_eq!(json["ok"], ran.code == 0, "{json}");
    let findings = json["findings"].as_array().unwrap();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let lines = findings.iter().map(|finding| {
        for key in ["title", "received", "meaning", "action"] {
            assert!(!text(finding, key).is_empty(), "{finding}");
        }
        let probes = finding["probes"].as_array().unwrap().iter();
        let probes: Vec<_> = probes.map(|probe| probe.as_str().unwrap()).collect();
        format!(
            "{} {}: {}",
            text(finding, "severity"),
            text(finding, "finding"),
            probes.join(" ")
        )
    });
    (ran.code, lines.collect())
}

const POSTS: &str = "test_key unsigned content_type large";

/// Like payhook's response.
fn refuses(request: &Request) -> String {
    if request.method == "POST" {
        "401 no"
    } else {
        "405 no"
    }
    .to_owned()
}

fn only_posts(answer: &'static str) -> impl Fn(&Request) -> String + Send {
    move |request| match &*request.method {
        "POST" => answer.to_owned(),
        _ => "405 no".to_owned(),
    }
}

#[test]
fn a_correct_endpoint_is_clean_and_credits_nothing() {
    let ledger = MemoryLedger::new();
    // Even if the merchant expects the probe's payment.
    ledger.expect(Expected::top_up("payhook-check-probe", "ETH").unwrap());
    let key = Key::callback_secret(SECRET).unwrap();
    let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
    let endpoint = Endpoint::new(gateway, ledger.clone());
    let bodies: Arc<Mutex<Vec<(String, usize)>>> = Arc::default();
    let seen = Arc::clone(&bodies);
    let url = server(move |request| {
        let length = request.body.len();
        seen.lock()
            .unwrap()
            .push((request.content_type.clone(), length));
        if request.method != "POST" {
            return "405 no".to_owned();
        }
        let reply = endpoint.receive_blocking(&request.body, None);
        assert_eq!(reply.change(), None);
        format!("{} by payhook", reply.status())
    });
    assert_eq!(check(&url, &[]), (0, vec![]));
    let bodies = std::mem::take(&mut *bodies.lock().unwrap());
    let types: BTreeSet<_> = bodies.iter().map(|(media_type, _)| &**media_type).collect();
    assert_eq!(
        types,
        BTreeSet::from(["", "application/json", "application/vnd.api+json"])
    );
    assert_eq!(bodies.iter().map(|(_, length)| length).max(), Some(&65_536));
    assert_eq!(bodies.len(), 5);
    let ran = run(&["check", &url]);
    assert!(ran.out.contains("nothing found"), "{}", ran.out);
    // An endpoint with another secret answers in the same way.
    let note =
        "this does not show whether the endpoint has the right secret: `payhook trigger` does\n";
    assert!(ran.out.contains(note), "{}", ran.out);

    // Callbacks of CityPay.io are not signed.
    let citypay = ["--gateway", "citypay"];
    let refused = "problem body_refused: order content_type large".to_owned();
    assert_eq!(check(&url, &citypay), (1, vec![refused]));
    let ran = run(&[&["check", &url], &citypay[..]].concat());
    assert!(ran.out.contains("refused before its order is looked up"));
    assert!(!ran.out.contains("signature"), "{}", ran.out);
}

#[test]
fn a_correct_endpoint_of_citypay_is_clean() {
    let gateway = citypay::Gateway::new(Account::new("5120").unwrap(), NoLookup);
    let endpoint = Endpoint::new(gateway, MemoryLedger::new());
    let url = server(move |request| match &*request.method {
        "POST" => {
            let reply = endpoint.receive_blocking(&request.body, None);
            assert!(matches!(reply.disposition(), Disposition::Rejected(_)));
            format!("{} by payhook", reply.status())
        }
        _ => "405 no".to_owned(),
    });
    assert_eq!(check(&url, &["--gateway", "citypay"]), (0, vec![]));
}

/// Fails on any lookup: no order of the merchant is probed.
struct NoLookup;

impl Fetch for NoLookup {
    async fn get(&self, _: &str) -> Result<Vec<u8>, BoxError> {
        panic!("looked up");
    }
}

#[test]
fn each_fault_has_its_finding() {
    const PAGE: &str = "<!DOCTYPE html><title>Sign in</title>";
    let html = |head: &str, page: &str| -> &'static str {
        format!("{head}\ncontent-type: text/html\n\n{page}").leak()
    };
    for (answer, finding) in [
        ("200 fine", "danger forgery_accepted"),
        ("204 fine", "danger forgery_accepted"),
        (
            "301 moved\nlocation: /callbacks/",
            "problem redirect_to_get",
        ),
        (
            "302 found\nlocation: https://shop.example/login?token=MARK",
            "problem redirect_to_get",
        ),
        (
            "308 moved\nlocation: https://shop.example/callbacks",
            "problem redirect",
        ),
        (
            "401 no\nwww-authenticate: Basic realm=staging",
            "problem login",
        ),
        (html("403 no", PAGE), "problem login"),
        (html("200 fine", PAGE), "problem web_page"),
        (
            html("403 no", "<title>Just a moment...</title>"),
            "problem challenge",
        ),
        ("403 no\ncf-mitigated: challenge", "problem challenge"),
        ("403 no", "note forbidden"),
        ("404 no", "problem not_found"),
        (html("404 no", PAGE), "problem not_found"),
        ("405 no", "problem post_refused"),
        ("413 no", "problem small_refused"),
        ("415 no", "problem content_type"),
        ("400 no", "problem body_refused"),
        ("429 no", "problem rate_limit"),
        ("500 no", "problem server_error"),
        (html("502 no", PAGE), "problem bad_gateway"),
        ("504 no", "problem gateway_timeout"),
    ] {
        let url = server(only_posts(answer));
        let (code, findings) = check(&url, &[]);
        let mut expected = vec![format!("{finding}: {POSTS}")];
        if finding.ends_with("small_refused") {
            expected = vec![
                "problem small_refused: test_key unsigned content_type".to_owned(),
                "note large_refused: large".to_owned(),
            ];
        }
        assert_eq!(findings, expected, "{answer}");
        assert_eq!(code, i32::from(!finding.starts_with("note")), "{answer}");
        let ran = run(&["check", &url]);
        assert!(
            !ran.out.contains("MARK") && ran.out.contains("to do: "),
            "{}",
            ran.out
        );
    }
}

#[test]
fn faults_of_some_bodies_only() {
    let url = server(|request| match &*request.content_type {
        "application/vnd.api+json" => "415 no".to_owned(),
        _ => refuses(request),
    });
    let expected = "problem content_type: test_key unsigned large".to_owned();
    assert_eq!(check(&url, &[]), (1, vec![expected]));

    let url = server(|request| {
        let is_large = request.body.len() > 16 * 1024;
        if is_large {
            "413 no".to_owned()
        } else {
            refuses(request)
        }
    });
    assert_eq!(
        check(&url, &[]),
        (0, vec!["note large_refused: large".to_owned()])
    );

    // A proxy truncates it.
    let url = server(|request| {
        let is_large = request.body.len() > 16 * 1024;
        if is_large {
            "400 no".to_owned()
        } else {
            refuses(request)
        }
    });
    assert_eq!(
        check(&url, &[]),
        (1, vec!["problem body_refused: large".to_owned()])
    );

    // The most serious finding is first, though it is found second.
    let url = server(|request| {
        let answer = if request.is_signed() {
            "500 no"
        } else {
            "200 fine"
        };
        answer.to_owned()
    });
    let expected = [
        "danger forgery_accepted: unsigned",
        "problem server_error: test_key content_type large",
        "note get_accepted: get",
    ];
    assert_eq!(check(&url, &[]), (1, expected.map(str::to_owned).to_vec()));
}

#[test]
fn an_endpoint_that_accepts_an_unknown_order() {
    let url = server(only_posts("200 fine"));
    let expected = "problem unknown_order_accepted: order content_type large".to_owned();
    assert_eq!(check(&url, &["--gateway", "citypay"]), (1, vec![expected]));
}

/// The response is correct, but late.
#[test]
fn a_slow_response() {
    let url = server(|request| {
        if request.body.len() > 16 * 1024 {
            thread::sleep(Duration::from_millis(5_200));
        }
        refuses(request)
    });
    assert_eq!(
        check(&url, &[]),
        (1, vec!["problem slow: large".to_owned()])
    );
}

/// Without a response, one probe is enough.
#[test]
fn no_response() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = format!("http://{free}/callbacks");
    assert_eq!(
        check(&refused, &[]),
        (1, vec!["problem refused: test_key".to_owned()])
    );

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let started = Instant::now();
    let expected = vec!["problem timeout: test_key".to_owned()];
    assert_eq!(check(&url, &["--timeout", "1"]), (1, expected));
    assert!(started.elapsed() < Duration::from_secs(8));

    for (bytes, finding) in [
        (&b""[..], "closed"),
        // A TLS alert.
        (b"\x15\x03\x03\x00\x02\x02\x46", "not_http"),
    ] {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", socket.local_addr().unwrap());
        thread::spawn(move || {
            let mut stream = socket.accept().unwrap().0;
            let _ = read(&stream);
            let _ = stream.write_all(bytes);
        });
        let (code, findings) = check(&url, &[]);
        assert_eq!(
            (code, findings),
            (1, vec![format!("problem {finding}: test_key")])
        );
    }

    // Plain HTTP where TLS is expected.
    let plain = server(refuses).replace("http://", "https://");
    assert_eq!(
        check(&plain, &[]),
        (1, vec!["problem tls: test_key".to_owned()])
    );
}

/// A response that never ends is read up to a limit, and not followed elsewhere.
#[test]
fn an_endless_response_and_hostile_headers() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", socket.local_addr().unwrap());
    thread::spawn(move || {
        for stream in socket.incoming() {
            let mut stream = stream.unwrap();
            let _ = read(&stream);
            let _ = stream.write_all(b"HTTP/1.1 401 no\r\n\r\n");
            while stream.write_all(&[b'x'; 4096]).is_ok() {}
        }
    });
    assert_eq!(check(&url, &[]), (0, vec![]));

    let url = server(only_posts("302 found\nlocation: /\u{202e}%1b[31m"));
    let ran = run(&["check", &url]);
    assert!(
        !ran.out.contains('\u{202e}') && !ran.out.contains("\u{1b}[31m"),
        "{}",
        ran.out
    );
}

#[test]
fn another_machine_only_on_request() {
    let ran = run(&["check", "http://192.0.2.1/"]);
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("--remote"), "{}", ran.err);
    assert_eq!(run(&["check", "ftp://localhost/"]).code, 2);
    assert_eq!(run(&["check", "http://user:MARK@[::"]).code, 2);
    let ran = run(&["check", "http://no-such-host.invalid/", "--remote"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(
        ran.out.contains("the host name has no address"),
        "{}",
        ran.out
    );
}
