//! `trigger` sends to `listen`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;

use crate::support::{Listener, Ran, run};

#[test]
fn listen_receives_a_triggered_callback() {
    let scenarios = run(&["--json", "scenario"]).json();
    let scenarios = scenarios["trigger"].as_array().unwrap().clone();
    assert!(scenarios.len() >= 25, "{}", scenarios.len());
    let listener = Listener::start(scenarios.len(), &["--secret-env", "SECRET"]);
    let url = format!("{}/callbacks", listener.url);
    for scenario in &scenarios {
        let text = |key: &str| scenario[key].as_str().unwrap();
        let (gateway, name) = (text("gateway"), text("scenario"));
        let ran = run(&[
            "trigger",
            gateway,
            name,
            "--to",
            &url,
            "--secret-env",
            "SECRET",
        ]);
        // Unsigned fields cannot be proven; all other values are as expected.
        let expected = i32::from(name.ends_with("unsigned"));
        assert_eq!(
            ran.code, expected,
            "{gateway} {name}: {}{}",
            ran.out, ran.err
        );
    }
    let seen = listener.seen();
    assert_eq!(seen.len(), scenarios.len());
    for (callback, scenario) in seen.iter().zip(&scenarios) {
        assert_eq!(callback["path"], "/callbacks");
        let is_signed = scenario["gateway"] == "b2binpay";
        let is_unsigned = scenario["scenario"].as_str().unwrap().ends_with("unsigned");
        let verified = &callback["callback"]["verified"];
        match (is_signed, is_unsigned) {
            (true, false) => assert_eq!(*verified, true, "{scenario}"),
            (true, true) => assert_eq!(*verified, false, "{scenario}"),
            (false, _) => assert!(verified.is_null(), "{scenario}"),
        }
    }
}

#[test]
fn every_attribute_can_be_overridden() {
    let listener = Listener::start(2, &["--secret-env", "SECRET"]);
    let ran = run(&[
        "trigger",
        "b2binpay",
        "payout.unconfirmed",
        "--to",
        &listener.url,
        "--secret-env",
        "SECRET",
        "--reference",
        "wd-1",
        "--amount",
        "1.5",
        "--currency",
        "XMR",
        "--decimals",
        "12",
        "--confirmations",
        "4",
        "--transfer-id",
        "7",
        "--id",
        "8",
        "--at",
        "2026-05-06T07:08:09Z",
        "--set",
        "included[1].attributes.risk=99",
        "--set",
        "data.attributes.label=by hand",
        "--remove",
        "data.attributes.address",
        "--times",
        "2",
    ]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let seen = listener.seen();
    for callback in &seen {
        let facts = &callback["callback"]["facts"];
        let value = |name: &str| facts[name]["value"].as_str().unwrap_or("").to_owned();
        assert_eq!(value("kind"), "payout");
        assert_eq!(value("reference"), "wd-1");
        assert_eq!(value("amount"), "1.500000000000");
        assert_eq!(value("currency"), "XMR");
        assert_eq!(value("confirmations"), "4 of 3");
        assert_eq!(value("transfer id"), "7");
        assert_eq!(value("operation id"), "8");
        assert_eq!(value("time"), "2026-05-06T07:08:09.000000Z");
    }
    let printed = run(&[
        "trigger",
        "b2binpay",
        "deposit.confirmed",
        "--print",
        "--secret-env",
        "SECRET",
        "--set",
        "included[1].attributes.risk=99",
        "--set",
        "data.attributes.label=by hand",
        "--remove",
        "data.attributes.address",
    ]);
    assert!(printed.out.contains(r#""risk":99,"#), "{}", printed.out);
    assert!(printed.out.contains(r#""label":"by hand""#));
    let attributes = printed.out.split("relationships").next().unwrap();
    assert!(attributes.contains(r#""attributes":{"created_at""#));
    let refused = run(&[
        "trigger",
        "citypay",
        "order.confirmed",
        "--print",
        "--set",
        "status.x.y=1",
    ]);
    assert_eq!(
        (refused.code, refused.err.as_str()),
        (4, "error: no value at `status.x.y`\n")
    );
}

#[test]
fn by_default_only_this_machine_is_posted_to() {
    for url in [
        "http://example.com/",
        "http://10.0.0.1/",
        "http://127.0.0.1.example.com/",
        "http://[::2]/",
        "http://0.0.0.0/",
        "http://localhost.example.com/",
        "http://user@example.com:80@127.0.0.1.evil/",
    ] {
        let ran = run(&["trigger", "citypay", "order.confirmed", "--to", url]);
        assert_eq!(ran.code, 2, "{url}");
        assert!(
            ran.err
                .starts_with("error: this URL is on another machine\n"),
            "{url}: {}",
            ran.err
        );
    }
    let ran = run(&[
        "trigger",
        "citypay",
        "order.confirmed",
        "--to",
        "file:///etc/passwd",
    ]);
    assert_eq!(
        ran.err,
        "error: expected a URL that begins with http:// or https://\n"
    );
    let ran = run(&["listen", "--bind", "0.0.0.0", "--port", "0"]);
    assert!(
        ran.err
            .starts_with("error: other machines can reach this address\n")
    );
}

/// A redirect could lead to another machine.
#[test]
fn redirects_are_not_followed() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://localhost:{}/", socket.local_addr().unwrap().port());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = socket.accept().unwrap();
        let mut request = [0; 64];
        let _ = stream.read(&mut request).unwrap();
        stream
            .write_all(b"HTTP/1.1 307 Elsewhere\r\nlocation: http://192.0.2.1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    });
    let ran = run(&["trigger", "citypay", "order.confirmed", "--to", &url]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains(": 307 in "), "{}{}", ran.out, ran.err);
    server.join().unwrap();
}

#[test]
fn listen_answers_with_the_given_status() {
    let listener = Listener::start(1, &["--answer", "503"]);
    let ran = run(&[
        "--json",
        "trigger",
        "citypay",
        "order.created",
        "--to",
        &listener.url,
    ]);
    assert_eq!(ran.json()["status"], 503);
    assert_eq!(ran.code, 1);
    assert_eq!(listener.seen()[0]["status"], 503);
}

/// A shop that queries the order endpoint gets a response while the order is posted.
#[test]
fn the_order_endpoint_serves_a_triggered_order() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let shop = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", shop.local_addr().unwrap());
    let answers = std::thread::spawn(move || {
        let (mut request, _) = shop.accept().unwrap();
        let mut head = [0; 64];
        let _ = request.read(&mut head).unwrap();
        let get = |path: &str| {
            let mut endpoint = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let get = format!("GET /order/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            endpoint.write_all(get.as_bytes()).unwrap();
            let mut answer = String::new();
            endpoint.read_to_string(&mut answer).unwrap();
            answer
        };
        let answers = [get("tok-1/"), get("tok-2")];
        request
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        answers
    });
    let port = port.to_string();
    let ran = run(&[
        "trigger",
        "citypay",
        "order.underpaid",
        "--to",
        &url,
        "--token",
        "tok-1",
        "--endpoint-port",
        &port,
        "--customer-id",
        "77",
    ]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let [known, unknown] = answers.join().unwrap();
    assert!(
        known.contains(r#""customerId":77,"token":"tok-1""#),
        "{known}"
    );
    assert!(known.contains(r#""code":"UNDERPAID""#), "{known}");
    // The transaction of this token, as the callback names it.
    let printed = run(&[
        "trigger",
        "citypay",
        "order.underpaid",
        "--print",
        "--token",
        "tok-1",
    ]);
    let hash = printed.json()["transaction_id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(known.contains(&format!(r#""hash":"{hash}""#)), "{known}");
    assert!(!known.contains(r#""id":9001"#), "{known}");
    assert!(unknown.contains(r#""status_code ":404"#), "{unknown}");
}

/// A ledger binds each transfer to the reference under which it came first.
#[test]
fn listen_says_that_a_transfer_came_for_another_reference() {
    let listener = Listener::start(4, &["--secret-env", "SECRET"]);
    for (reference, more) in [
        ("order-1", &["--transfer-id", "7"][..]),
        ("order-1", &["--transfer-id", "7"]),
        ("order-2", &["--transfer-id", "7"]),
        ("order-2", &[]),
    ] {
        let args = ["trigger", "b2binpay", "deposit.confirmed", "--to"];
        let key = ["--secret-env", "SECRET", "--reference", reference];
        let ran = run(&[&args[..], &[&listener.url], &key, more].concat());
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    }
    let seen = listener.seen();
    let others: Vec<_> = seen
        .iter()
        .map(|it| it["other_reference"].as_str())
        .collect();
    assert_eq!(others, [None, None, Some("order-1"), None]);
}

#[test]
fn listen_explains_why_a_callback_does_not_verify() {
    let listener = Listener::start(1, &["--secret-env", "SECRET"]);
    let args = [
        "trigger",
        "b2binpay",
        "deposit.confirmed",
        "--to",
        &listener.url,
        "--secret-env",
        "PATH",
    ];
    let ran = run(&args);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains(": 401 in "), "{}", ran.out);
    let seen = listener.seen();
    let first = seen[0]["callback"]["causes"][0]["what"].as_str().unwrap();
    assert_eq!(
        first,
        "the key belongs to a different wallet or environment, or was replaced"
    );
}

/// A typo in the URL must not look like a failing shop.
#[test]
fn an_unreachable_shop_is_an_error() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    let args = [
        "simulate",
        "b2binpay",
        "deposit.confirmed",
        "--to",
        &url,
        "--secret-env",
        "SECRET",
    ];
    let ran = run(&args);
    assert_eq!(ran.code, 4, "{}", ran.out);
    assert!(ran.err.starts_with("error: no response: "), "{}", ran.err);
}

/// The output of a hook does not fill the memory.
#[test]
fn an_endless_output_of_a_hook_is_cut_off() {
    let listener = Listener::start(1, &["--answer", "200"]);
    let args = [
        "simulate",
        "b2binpay",
        "payout.rejected",
        "--to",
        &listener.url,
        "--secret-env",
        "SECRET",
        "--check",
        "yes",
        "--max-seconds",
        "20",
    ];
    let ran = run(&args);
    assert_eq!(ran.code, 4, "{}", ran.out);
    assert!(ran.err.starts_with("error: "), "{}", ran.err);
}

#[test]
fn scenarios_are_listed_by_gateway() {
    let listed = run(&["--json", "scenario"]).json();
    let simulated = listed["simulate"].as_array().unwrap();
    let gateways: Vec<_> = simulated.iter().map(|it| &it["gateway"]).collect();
    let own = |it: &&Value| it["scenario"].as_str().unwrap().starts_with(['d', 'p']);
    let signed = simulated.iter().filter(own).count();
    assert!(gateways[..signed].iter().all(|it| **it == "b2binpay"));
    assert!(gateways[signed..].iter().all(|it| **it == "citypay"));
    assert_eq!(gateways.len(), 20);
    let text = run(&["scenario"]).out;
    for line in [
        "  b2binpay  deposit.failed                the transfer failed in the blockchain\n",
        "  citypay   customer-deposit.pending      with fewer than five confirmations\n",
        "  citypay   order.late                    paid after it had expired\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

/// Answers one complete request with 200; returns its head.
fn answer(shop: &TcpListener) -> String {
    let (stream, _) = shop.accept().unwrap();
    let mut request = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let mut line = String::new();
        request.read_line(&mut line).unwrap();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    request.read_exact(&mut vec![0; length]).unwrap();
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    request.get_mut().write_all(answer).unwrap();
    head
}

/// The head of the only request.
fn head_of(post: impl FnOnce(&str) -> Ran) -> (String, Ran) {
    let shop = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?key=private", shop.local_addr().unwrap());
    let server = std::thread::spawn(move || answer(&shop));
    let ran = post(&url);
    (server.join().unwrap(), ran)
}

#[test]
fn each_gateway_has_its_media_type() {
    for (gateway, scenario, media) in [
        ("b2binpay", "deposit.confirmed", "application/vnd.api+json"),
        ("citypay", "order.confirmed", "application/json"),
    ] {
        let trigger = [
            "trigger",
            gateway,
            scenario,
            "--secret-env",
            "SECRET",
            "--to",
        ];
        let (head, ran) = head_of(|url| run(&[&trigger[..], &[url]].concat()));
        let line = format!("content-type: {media}\r\n");
        assert!(head.to_lowercase().contains(&line), "{head}");
        assert!(head.starts_with("POST /hook?key=private "), "{head}");
        // A query, which may be a secret, is not repeated.
        let (to, took) = ran.out.split_once(": 200 in ").unwrap();
        assert!(took.ends_with(" ms\n"), "{took}");
        assert!(
            to.starts_with(&format!("{scenario} to http://127.0.0.1:")),
            "{to}"
        );
        assert!(to.ends_with("/hook"), "{to}");
    }
}

#[test]
fn a_get_is_not_a_callback() {
    let listener = Listener::start(1, &[]);
    let address = listener
        .url
        .trim_start_matches("http://")
        .trim_end_matches('/');
    let mut client = TcpStream::connect(address).unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
    assert_eq!(listener.seen()[0]["status"], 405);
}

/// A callback that the gateway gives up is only a loss if money was received.
#[test]
fn a_failing_shop_loses_received_money() {
    let mut listener = Listener::start(1000, &["--answer", "500"]);
    listener.discard_output();
    for (scenario, code) in [("deposit.failed", 0), ("deposit.confirmed", 1)] {
        let simulate = [
            "simulate",
            "b2binpay",
            scenario,
            "--secret-env",
            "SECRET",
            "--to",
        ];
        let ran = run(&[&simulate[..], &[&listener.url]].concat());
        assert_eq!(ran.code, code, "{scenario}: {}{}", ran.out, ran.err);
    }
}

/// It answers once, and then closes.
#[test]
fn a_shop_that_becomes_unreachable_is_reported() {
    let shop = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", shop.local_addr().unwrap());
    let answering = std::thread::spawn(move || answer(&shop));
    let simulate = ["--json", "simulate", "b2binpay", "deposit.underpaid"];
    let to = ["--secret-env", "SECRET", "--to", &url];
    let ran = run(&[simulate, to].concat());
    answering.join().unwrap();
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let row = &ran.json()["scenarios"][0];
    assert_eq!(row["accepted"], 1, "{row}");
    assert!(row["unanswered"].as_u64() > Some(1), "{row}");
}
