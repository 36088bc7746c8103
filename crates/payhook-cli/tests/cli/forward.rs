//! `listen --forward-to` and `--save`, `resend`, `replay` of saved callbacks, and
//! `trigger --file`.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Folder, Listener, body, library, run, run_on};
use crate::web::{Handler, OK, get, list, post, send};

const BUSY: &str = "503 Busy\r\ncontent-length: 5\r\nx-reason: busy\r\nset-cookie: a=s3cr3t\r\nconnection: close\r\n\r\nlater";

/// Bytes that are neither text nor in a known format.
const BYTES: &[u8] = b"{\"a\": \xff\xfe\x00 <b>'\r\n";

fn genuine() -> Vec<u8> {
    fs::read(body("b2binpay-deposit-confirmed")).unwrap()
}

fn saved(folder: &Folder, name: &str) -> (String, Vec<PathBuf>) {
    let directory = folder.path(name);
    let mut files: Vec<_> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    (directory, files)
}

#[test]
fn bytes_and_headers_are_passed_on_unmodified() {
    let handler = Handler::start(&[BUSY]);
    let to = format!("{}/hook?key=1", handler.url);
    let listener = Listener::start(1, &["--forward-to", &to]);
    let headers = [
        "content-type: application/vnd.api+json; x=\"Y\"",
        "authorization: Basic eA==",
        "connection: close, x-hop",
        "x-hop: 1",
        "te: trailers",
        "x-kept: one",
        "x-kept: two",
    ];
    let response = send(&listener.url, "POST /in", &headers, BYTES);
    let request = handler.next();
    assert_eq!(request.body, BYTES);
    let head = request.head.to_lowercase();
    assert!(head.starts_with("post /hook?key=1 http/1.1\r\n"), "{head}");
    for line in [headers[0], headers[1], "x-kept: one", "x-kept: two"] {
        assert!(
            head.contains(&format!("{}\r\n", line.to_lowercase())),
            "{head}"
        );
    }
    assert!(!head.contains("x-hop") && !head.contains("te: "), "{head}");
    let host = to
        .strip_prefix("http://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    assert!(head.contains(&format!("host: {host}\r\n")), "{head}");
    // The gateway gets the handler's response.
    assert_eq!((response.status, response.text().as_str()), (503, "later"));
    assert!(
        response.head.contains("x-reason: busy"),
        "{}",
        response.head
    );
    let seen = listener.seen();
    assert_eq!(seen[0]["status"], 503);
    assert_eq!(seen[0]["handler"]["status"], 503);
    assert_eq!(seen[0]["handler"]["attempts"], 1);
}

#[test]
fn retries_are_made_and_counted() {
    let handler = Handler::start(&[BUSY, BUSY, OK]);
    let more = ["--forward-to", &handler.url, "--retries", "5"];
    let listener = Listener::start(1000, &more);
    assert_eq!(post(&listener.url, "/a/b?c=d", &genuine()).status, 200);
    for _ in 0..3 {
        let request = handler.next();
        assert_eq!(request.body, genuine());
        // A URL without a path keeps the path of the request.
        assert!(
            request.head.starts_with("POST /a/b?c=d "),
            "{}",
            request.head
        );
    }
    assert!(handler.requests.try_recv().is_err());
    let row = list(&listener.url)["rows"][0].clone();
    assert_eq!(
        (&row["attempts"], &row["status"]),
        (&3.into(), &"sent".into())
    );
    let shown = get(&listener.url, "/_payhook/callbacks/1").json();
    let statuses: Vec<_> = shown["response"]["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["status"].clone())
        .collect();
    assert_eq!(statuses, [503, 503, 200]);
}

#[test]
fn the_page_resends_to_the_handler() {
    let handler = Handler::start(&[BUSY, OK]);
    let listener = Listener::start(1000, &["--forward-to", &handler.url]);
    let url = &listener.url;
    assert_eq!(post(url, "/", BYTES).status, 503);
    handler.next();
    let shown = get(url, "/_payhook/callbacks/1").json();
    assert_eq!(shown["row"]["status"], "failed");
    let answer = &shown["response"]["answer"];
    assert_eq!(answer["body"]["exact"], "later");
    assert!(!answer.to_string().contains("s3cr3t"), "{answer}");
    let html = get(url, "/_payhook").text();
    let token = html.split("name=\"token\" content=\"").nth(1).unwrap();
    let token = format!("x-payhook-token: {}", token.split('"').next().unwrap());
    let response = send(url, "POST /_payhook/callbacks/1/resend", &[&token], b"");
    assert_eq!(response.json()["status"], 200);
    assert_eq!(handler.next().body, BYTES);
    let rows = list(url)["rows"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert_eq!(
        (&rows[0]["attempts"], &rows[0]["status"]),
        (&2.into(), &"sent".into())
    );
}

#[test]
fn a_handler_that_is_unreachable_is_502() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    let listener = Listener::start(1, &["--forward-to", &to]);
    assert_eq!(post(&listener.url, "/", &genuine()).status, 502);
    let seen = listener.seen();
    let error = seen[0]["handler"]["error"].as_str().unwrap();
    assert!(error.starts_with("no response: "), "{error}");
    // The gateway gets the configured status.
    let listener = Listener::start(1, &["--forward-to", &to, "--answer", "200"]);
    assert_eq!(post(&listener.url, "/", &genuine()).status, 200);
    // A handler that does not respond does not delay the response.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = format!("http://{}/", silent.local_addr().unwrap());
    let listener = Listener::start(1, &["--forward-to", &to, "--timeout", "1"]);
    assert_eq!(post(&listener.url, "/", &genuine()).status, 504);
}

/// The handler's response can have any content.
#[test]
fn an_endless_response_is_truncated() {
    let large = format!(
        "200 OK\r\nconnection: close\r\n\r\n{}",
        "<script>".repeat(100_000)
    );
    let handler = Handler::start(&[&large]);
    let listener = Listener::start(1000, &["--forward-to", &handler.url]);
    let response = post(&listener.url, "/", &genuine());
    assert_eq!(response.body.len(), 65_536);
    let shown = get(&listener.url, "/_payhook/callbacks/1").json();
    assert_eq!(shown["response"]["answer"]["is_cut"], true);
}

#[test]
fn the_handler_is_on_this_machine_unless_allowed() {
    for (to, error) in [
        (
            "http://example.com/",
            "error: this URL is on another machine\nhint: only local addresses (127.0.0.0/8, ::1, localhost) are allowed without --remote-target\n",
        ),
        (
            "file:///etc/passwd",
            "error: expected a URL that begins with http:// or https://\n",
        ),
    ] {
        let ran = run(&["listen", "--port", "0", "--remote", "--forward-to", to]);
        assert_eq!((ran.code, ran.err.as_str()), (2, error));
    }
    let ran = run(&["listen", "--port", "0", "--retries", "1"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
}

#[test]
fn saved_callbacks_keep_every_byte() {
    let folder = Folder::new("saved");
    let to = folder.path("new/one");
    // Callbacks that the page does not keep are saved as well.
    let args = ["--secret-env", "SECRET", "--save", &to, "--keep", "1"];
    let listener = Listener::start(3, &args);
    let secret = ["authorization: Bearer s3cr3t", "content-type: a/b"];
    let bodies = [
        genuine(),
        BYTES.to_vec(),
        format!(" {}\n", "\u{1}".repeat(65_000)).into_bytes(),
    ];
    for body in &bodies {
        send(&listener.url, "POST /hook", &secret, body);
    }
    listener.seen();
    let (directory, files) = saved(&folder, "new/one");
    assert_eq!(files.len(), 3);
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        assert!(!text.contains("s3cr3t") && !text.contains(crate::support::SECRET));
        assert_eq!(text.lines().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
    let saved: Value = serde_json::from_slice(&fs::read(&files[0]).unwrap()).unwrap();
    assert_eq!(saved["payload"].as_str().unwrap().as_bytes(), genuine());
    assert_eq!(saved["transfer_id"], "55021");
    assert_eq!(saved["attempts"], 1);
    assert_eq!(saved["status"], "sent");

    let handler = Handler::start(&[OK, BUSY, OK]);
    let ran = run(&["resend", &directory, "--to", &handler.url]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    for body in &bodies {
        let request = handler.next();
        assert_eq!(&request.body, body);
        assert!(request.head.starts_with("POST /hook "), "{}", request.head);
        assert!(
            request.head.contains("content-type: a/b\r\n"),
            "{}",
            request.head
        );
        assert!(!request.head.contains("authorization"), "{}", request.head);
    }
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(lines.len(), 3);
    // The path is that of the original request.
    let to = format!(" to {}/hook: 503 in ", handler.url.trim_end_matches('/'));
    assert!(lines[1].contains(&to), "{}", lines[1]);
    // A single file with one object.
    let file = files[0].to_str().unwrap();
    let ran = run(&["--json", "resend", file, "--to", &handler.url]);
    assert_eq!((ran.code, &ran.json()["status"]), (0, &200.into()));
    let ran = run(&["resend", file, "--to", "http://192.0.2.1/"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
}

#[test]
fn unsaved_callbacks_are_not_resent() {
    let folder = Folder::new("unsaved");
    let handler = Handler::start(&[OK]);
    for (text, error) in [
        ("", ", line 1: no saved callback\n"),
        (
            "{}",
            ", line 1: not a saved callback: missing field `id` at line 1 column 2\n",
        ),
        (
            "[",
            ", line 1: not a saved callback: EOF while parsing a list at line 1 column 1\n",
        ),
    ] {
        let file = folder.file("a.json", text);
        let ran = run(&["resend", &file, "--to", &handler.url]);
        assert_eq!((ran.code, ran.err), (3, format!("error: `{file}`{error}")));
    }
    assert!(handler.requests.try_recv().is_err());
    let ran = run(&["listen", "--port", "0", "--save", &folder.file("file", "")]);
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert!(ran.err.starts_with("error: cannot write `"), "{}", ran.err);
}

#[test]
fn saved_callbacks_are_replayed_through_one_ledger() {
    let folder = Folder::new("replayed");
    let to = folder.path("all");
    let listener = Listener::start(4, &["--secret-env", "SECRET", "--save", &to]);
    let forged = String::from_utf8(genuine())
        .unwrap()
        .replace("0.412", "9.412");
    let order = fs::read(body("citypay-order-confirmed")).unwrap();
    for body in [forged.as_bytes(), &genuine(), &genuine(), &order] {
        post(&listener.url, "/", body);
    }
    listener.seen();
    let (directory, files) = saved(&folder, "all");
    let ran = run(&["replay", &directory, "--secret-env", "SECRET"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let lines: Vec<Value> = ran
        .out
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    assert_eq!(lines[0]["assumed"][0]["reference"], "order-9001");
    assert_eq!(lines[0]["assumed"][0]["amount"], "0.412");
    let step = |index: usize| &lines[index];
    assert_eq!(step(2)["change"]["order-9001"]["credited"], "0.412");
    assert_eq!(step(3)["change"], serde_json::json!({}));
    assert_eq!(
        (&step(1)["status"], &step(1)["change"]),
        (&401.into(), &serde_json::json!({}))
    );
    assert_eq!(step(3)["payments"]["order-9001"]["status"], "paid");
    assert_eq!(step(4)["lifecycle"], "saved citypay");
    assert!(
        ran.out
            .ends_with("2 lifecycles replayed, without expected changes\n"),
        "{}",
        ran.out
    );
    // Lines of saved callbacks and of lifecycles can be in one file.
    let recorded = fs::read_to_string(library("tests/vectors/payments-own.jsonl")).unwrap();
    let lifecycle = recorded.lines().next().unwrap();
    let mixed = format!("{}{lifecycle}\n", fs::read_to_string(&files[1]).unwrap());
    let ran = run_on(mixed.as_bytes(), &["replay", "-", "--secret-env", "SECRET"]);
    assert!(
        ran.out
            .ends_with("1 of 1 lifecycles as expected, 1 replayed without expected changes\n"),
        "{}{}",
        ran.out,
        ran.err
    );
}

#[test]
fn a_given_body_is_signed_and_otherwise_unmodified() {
    let folder = Folder::new("given");
    let text = String::from_utf8(genuine()).unwrap();
    let sign = text
        .split("\"sign\":")
        .nth(1)
        .unwrap()
        .split('"')
        .nth(1)
        .unwrap();
    // Unusual whitespace, an escape and a new amount without a valid signature.
    let changed = text
        .replacen(':', " :\n\t", 3)
        .replace("0.412", "7.412")
        .replace("order-9001", "order-\\u0039");
    let file = folder.file("body.json", &changed);
    let print = [
        "trigger",
        "b2binpay",
        "--file",
        &file,
        "--print",
        "--secret-env",
        "SECRET",
    ];
    let ran = run(&print);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let printed = ran.out.strip_suffix('\n').unwrap();
    let new = printed
        .split("\"sign\":")
        .nth(1)
        .unwrap()
        .split('"')
        .nth(1)
        .unwrap();
    assert_ne!(new, sign);
    assert_eq!(printed.replace(new, sign), changed.trim_end_matches('\n'));
    let ran = run_on(
        printed.as_bytes(),
        &["verify", "-", "--secret-env", "SECRET"],
    );
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);

    let handler = Handler::start(&[OK]);
    let post = [
        "trigger",
        "b2binpay",
        "--file",
        &file,
        "--secret-env",
        "SECRET",
        "--to",
        &handler.url,
    ];
    let ran = run(&post);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let received = handler.next().body;
    assert_eq!(
        String::from_utf8(received).unwrap().trim_end(),
        printed.trim_end()
    );
    // CityPay.io signs nothing.
    let order = body("citypay-order-confirmed");
    let ran = run(&["trigger", "citypay", "--file", &order, "--to", &handler.url]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out
            .contains("(not signed: CityPay.io has no signatures)"),
        "{}",
        ran.out
    );
    assert_eq!(handler.next().body, fs::read(order).unwrap());

    for (text, error) in [
        ("{}", "error: cannot sign the body: "),
        (
            r#"{"data":{"type":"deposit","id":"1","attributes":{"tracking_id":"a"}}}"#,
            "error: cannot sign the body: ",
        ),
        ("\u{feff}x", "error: cannot sign the body: "),
    ] {
        let file = folder.file("wrong.json", text);
        let args = [
            "trigger",
            "b2binpay",
            "--print",
            "--secret-env",
            "SECRET",
            "--file",
            &file,
        ];
        let ran = run(&args);
        assert_eq!(ran.code, 3, "{text}: {}", ran.err);
        assert!(ran.err.starts_with(error), "{}", ran.err);
    }
    let both = [
        "trigger",
        "b2binpay",
        "deposit.confirmed",
        "--file",
        &file,
        "--print",
    ];
    assert_eq!(run(&both).code, 2);
    assert_eq!(run(&["trigger", "b2binpay", "--print"]).code, 2);
}
