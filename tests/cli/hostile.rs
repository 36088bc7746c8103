//! What a stranger, a slip or a broken pipe does to the command.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Listener, body, command, run, run_on};

/// A recorded deposit with this in front of its attributes.
fn deposit_with(field: &str) -> String {
    let body = std::fs::read_to_string(body("b2binpay-deposit-confirmed")).unwrap();
    body.replacen("\"attributes\":{", &format!("\"attributes\":{{{field},"), 1)
}

fn post(url: &str, body: &str) -> String {
    let at = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(at).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_deep_body_does_not_end_the_listener() {
    let nested = format!("\"new\":{}{}", "[".repeat(15_000), "]".repeat(15_000));
    let deep = deposit_with(&nested);
    let listener = Listener::start(2, &[]);
    for _ in 0..2 {
        let answer = post(&listener.url, &deep);
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    }
    assert_eq!(listener.seen().len(), 2);
    let ran = run_on(deep.as_bytes(), &["inspect", "-"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

/// Whoever sends half a request does not keep it from ending.
#[test]
fn a_stuck_connection_does_not_hold_up_the_end() {
    let listener = Listener::start(1, &[]);
    let at = listener.url.strip_prefix("http://").unwrap().to_owned();
    let mut stuck = TcpStream::connect(at).unwrap();
    write!(
        stuck,
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{{"
    )
    .unwrap();
    let started = Instant::now();
    post(&listener.url, "{}");
    assert_eq!(listener.seen().len(), 1);
    assert!(started.elapsed() < Duration::from_secs(8));
    drop(stuck);
}

#[test]
fn a_body_is_printed_as_it_was_signed() {
    let args = |reference| {
        let json = [
            "trigger",
            "b2binpay",
            "deposit.confirmed",
            "--print",
            "--secret-env",
            "SECRET",
            "--reference",
            reference,
        ];
        json.to_vec()
    };
    for reference in ["a\u{7f}b", "a\u{9b}31mb\u{202e}"] {
        let printed = run(&args(reference)).out;
        assert!(printed.contains(reference));
        let verify = ["verify", "-", "--secret-env", "SECRET"];
        assert_eq!(run_on(printed.as_bytes(), &verify).code, 0);
        let mut json = args(reference);
        json.insert(0, "--json");
        let ran = run(&json);
        assert!(!ran.out.contains(['\u{7f}', '\u{9b}', '\u{202e}']));
        assert!(ran.json()["body"].as_str().unwrap().contains(reference));
    }
}

#[test]
fn a_reader_may_leave() {
    let mut child = command(&["completions", "bash"]);
    let mut child = child
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_secret_is_no_film() {
    let body = body("b2binpay-deposit-confirmed");
    let ran = run(&["verify", &body, "--secret-file", "/dev/zero"]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (
            4,
            "error: the file of --secret-file is longer than any secret\n"
        )
    );
}

#[test]
fn standard_input_is_read_once() {
    let answer = std::fs::read(body("citypay-order-confirmed.answer")).unwrap();
    let args = ["verify", "-", "--answer", "-", "--customer-id", "5120"];
    let ran = run_on(&answer, &args);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (2, "error: standard input can be read only once\n")
    );
}

#[test]
fn a_hanging_command_is_not_waited_for() {
    let started = Instant::now();
    let ran = run(&[
        "simulate",
        "b2binpay",
        "deposit.confirmed",
        "--to",
        "http://127.0.0.1:9/",
        "--secret-env",
        "SECRET",
        "--open",
        "exec sleep 20",
        "--max-seconds",
        "1",
    ]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (4, "error: it takes longer than --max-seconds\n")
    );
    assert!(started.elapsed() < Duration::from_secs(8));
}

/// What can't be a number is sent as a text, and never as no JSON.
#[test]
fn odd_values_make_json() {
    for (option, odd) in [("--amount", "abc"), ("--amount", ".5"), ("--id", "007")] {
        for scenario in ["order.confirmed", "order.overpaid"] {
            let ran = run(&["trigger", "citypay", scenario, "--print", option, odd]);
            assert_eq!(ran.code, 0, "{}", ran.err);
            ran.json();
        }
    }
    for id in ["abc", "007"] {
        let unsigned = ["trigger", "b2binpay", "deposit.no_transfer.unsigned"];
        run(&[&unsigned[..], &["--print", "--id", id]].concat()).json();
        let signed = ["trigger", "b2binpay", "deposit.confirmed", "--print"];
        let ran = run(&[&signed[..], &["--secret-env", "SECRET", "--id", id]].concat());
        assert_eq!(ran.json()["data"]["id"], id, "{}", ran.err);
    }
}

/// Neither a currency nor a kind is signed: the shop's books are asked for them.
#[test]
fn the_books_may_name_the_kind() {
    let listener = Listener::start(1_000, &[]);
    let ran = run(&[
        "torture",
        "--to",
        &listener.url,
        "--secret-env",
        "SECRET",
        "--check",
        r#"echo '{"credited": "0", "credits": 0, "paid": false, "kind": "film"}'"#,
    ]);
    assert_eq!(ran.code, 4);
    assert!(ran.err.contains("unknown variant `film`"), "{}", ran.err);
}
