//! The page of `listen`: its content, and the requests that it refuses.

use std::fs;
use std::net::UdpSocket;
use std::process::Command;

use serde_json::Value;

use crate::support::{Listener, body, run};
use crate::web::{event, get, list, post, send, watch};

/// Characters that a browser, a terminal or a reader would misinterpret.
const HOSTILE: &str =
    "<img src=x onerror=alert(1)></td><script>alert(2)</script>\u{202e}\u{1b}[2J'\"&";

fn genuine() -> Vec<u8> {
    fs::read(body("b2binpay-deposit-confirmed")).unwrap()
}

fn details(url: &str, id: u64) -> Value {
    get(url, &format!("/_payhook/callbacks/{id}")).json()
}

/// The token of the page.
fn token(url: &str) -> String {
    let html = get(url, "/_payhook").text();
    let rest = html.split("name=\"token\" content=\"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn each_callback_is_listed_as_it_arrives() {
    let listener = Listener::start(1000, &["--secret-env", "SECRET"]);
    let (_, mut events) = watch(&listener.url);
    let (name, first) = event(&mut events);
    assert_eq!(
        (name.as_str(), &first["rows"]),
        ("list", &Value::Array(vec![]))
    );
    post(&listener.url, "/callbacks/b2binpay?x=1", &genuine());
    let (name, added) = event(&mut events);
    assert_eq!(
        (name.as_str(), &added["row"]["status"]),
        ("callback", &"new".into())
    );
    let row = event(&mut events).1["row"].clone();
    for (column, value) in [
        ("id", "1"),
        ("type", "\"confirmation\""),
        ("url", "\"/callbacks/b2binpay?x=1\""),
        ("status", "\"sent\""),
        ("attempts", "1"),
        ("transfer_id", "\"55021\""),
        ("amount", "\"0.412 ETH\""),
        ("verdict", "\"verified\""),
        ("gateway", "\"b2binpay\""),
        ("reference", "\"order-9001\""),
    ] {
        assert_eq!(row[column].to_string(), value, "{column}");
    }
    assert_eq!(list(&listener.url)["rows"][0], row);
}

/// The gateway is shown by a filter.
#[test]
fn each_value_of_a_row_has_a_column() {
    let listener = Listener::start(1000, &["--secret-env", "SECRET"]);
    post(&listener.url, "/", &genuine());
    let html = get(&listener.url, "/_payhook").text();
    let columns = html.split("const COLUMNS = [").nth(1).unwrap();
    let columns = columns.split("]];").next().unwrap();
    let row = list(&listener.url)["rows"][0].clone();
    let names = row.as_object().unwrap().keys();
    for name in names.filter(|name| *name != "gateway") {
        assert!(columns.contains(&format!("[\"{name}\", ")), "{name}");
    }
}

#[test]
fn the_details_have_every_tab() {
    let listener = Listener::start(1000, &["--secret-env", "SECRET"]);
    let url = &listener.url;
    let secret = [
        "authorization: Bearer s3cr3t",
        "cookie: id=s3cr3t",
        "x-kind: one",
    ];
    send(url, "POST /", &secret, &genuine());
    let shown = details(url, 1);
    assert!(!shown.to_string().contains("s3cr3t"), "{shown}");
    let headers = shown["headers"].as_array().unwrap();
    assert!(headers.contains(&serde_json::json!(["authorization", null])));
    assert!(headers.contains(&serde_json::json!(["x-kind", "one"])));
    let exact = shown["payload"]["exact"].as_str().unwrap();
    assert_eq!(exact.as_bytes(), genuine());
    let pretty = shown["payload"]["pretty"].as_str().unwrap();
    assert!(pretty.starts_with("{\n  \"data\": {\n"), "{pretty}");
    assert!(pretty.contains("\"amount\": \"0.412000000000000000\""));
    let proof = shown["proof"]["rows"].as_array().unwrap();
    assert!(proof.contains(&serde_json::json!(["reference", "order-9001", "proven"])));
    assert!(proof.contains(&serde_json::json!(["currency", "ETH", "reported"])));
    assert!(proof.contains(&serde_json::json!([
        "callback type",
        "confirmation",
        "inferred"
    ])));
    assert_eq!(shown["diagnosis"], Value::Null);
    let payment = |id, name: &str| details(url, id)["payment"][name].clone();
    assert_eq!(payment(1, "credited_now"), "0.412");
    assert_eq!(payment(1, "status"), "paid");
    // A duplicate, and a forged one.
    post(url, "/", &genuine());
    assert_eq!(payment(2, "credited_now"), Value::Null);
    assert_eq!(payment(2, "credited"), "0.412");
    let forged = String::from_utf8(genuine())
        .unwrap()
        .replace("0.412", "9.412");
    assert_eq!(post(url, "/", forged.as_bytes()).status, 401);
    let shown = details(url, 3);
    assert_eq!(shown["row"]["verdict"], "not verified");
    assert_eq!(shown["row"]["status"], "failed");
    assert_eq!(shown["payment"]["none"], "it does not verify");
    assert!(!shown["diagnosis"]["causes"].as_array().unwrap().is_empty());
    // The same transfer with another reference.
    let args = [
        "trigger",
        "b2binpay",
        "deposit.confirmed",
        "--reference",
        "order-2",
        "--transfer-id",
        "55021",
    ];
    run(&[&args[..], &["--secret-env", "SECRET", "--to", url]].concat());
    let none = details(url, 4)["payment"]["none"].to_string();
    assert!(none.contains("arrived before for `order-9001`"), "{none}");
    assert_eq!(get(url, "/_payhook/callbacks/1/body").body, genuine());
    assert_eq!(get(url, "/_payhook/callbacks/5").status, 404);
}

/// Markup, terminal controls and reversed text in every displayed field.
#[test]
fn hostile_text_stays_text() {
    let listener = Listener::start(1000, &["--secret-env", "SECRET"]);
    let url = &listener.url;
    let trigger = [
        "trigger",
        "b2binpay",
        "deposit.confirmed",
        "--print",
        "--secret-env",
        "SECRET",
    ];
    let sets = [
        "data.id",
        "data.attributes.label",
        "included[0].attributes.alpha",
        "included[1].id",
    ];
    let sets = sets.map(|path| format!("{path}={HOSTILE}"));
    let mut args = [&trigger[..], &["--reference", HOSTILE]].concat();
    for set in &sets {
        args.extend(["--set", set]);
    }
    let signed = run(&args).out;
    let header = "x-header: <img src=x onerror=alert(3)>";
    let line = "POST /%3Cimg/onerror=alert(4)%3E?'x'=(1)";
    for body in [
        signed.as_bytes(),
        HOSTILE.as_bytes(),
        b"\xff\xfe<script>",
        &vec![b'['; 65_536],
    ] {
        send(url, line, &[header], body);
    }
    for id in 1..=4 {
        let shown = details(url, id);
        let text = shown.to_string();
        assert!(!text.contains('\u{202e}'), "{text}");
        assert!(!text.contains("\\u001b"), "{text}");
        assert_eq!(shown["row"]["url"], "/%3Cimg/onerror=alert(4)%3E?'x'=(1)");
    }
    // Nothing in the script parses text as markup or as code.
    let html = get(url, "/_payhook").text();
    for sink in [
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "Function(",
        "srcdoc",
        "DOMParser",
    ] {
        assert!(!html.contains(sink), "{sink}");
    }
    // Nothing is fetched from other sites.
    assert!(!html.contains("http://") && !html.contains("https://"));
}

#[test]
fn a_deep_body_is_indented_within_bounds() {
    let listener = Listener::start(1000, &[]);
    let deep = format!("{}{}", "[".repeat(32_000), "]".repeat(32_000));
    post(&listener.url, "/", deep.as_bytes());
    let pretty = details(&listener.url, 1)["payload"]["pretty"].to_string();
    assert!(pretty.len() < 6_000_000, "{}", pretty.len());
}

#[test]
fn the_page_forbids_other_content() {
    let listener = Listener::start(1000, &[]);
    let [one, other] = [0, 1].map(|_| get(&listener.url, "/_payhook"));
    let policy = |head: &str| {
        let line = head
            .lines()
            .find(|it| it.starts_with("content-security-policy: "));
        line.unwrap().to_owned()
    };
    let first = policy(&one.head);
    assert!(
        first.contains("default-src 'none'; script-src 'nonce-"),
        "{first}"
    );
    assert!(!first.contains("unsafe"), "{first}");
    assert_ne!(first, policy(&other.head), "a nonce is for one response");
    for line in [
        "cache-control: no-store",
        "referrer-policy: no-referrer",
        "x-content-type-options: nosniff",
        "x-frame-options: DENY",
        "cross-origin-resource-policy: same-origin",
    ] {
        for path in ["/_payhook", "/_payhook/callbacks/9", "/_payhook/no/such"] {
            assert!(
                get(&listener.url, path).head.contains(line),
                "{path}: {line}"
            );
        }
    }
    assert_eq!(get(&listener.url, "/_payhook/no/such").status, 404);
}

/// A site's name can resolve to this machine, and a site's page can ask this one.
#[test]
fn another_sites_page_can_neither_read_nor_resend() {
    let listener = Listener::start(1000, &[]);
    let url = &listener.url;
    post(url, "/", &genuine());
    let own = url.strip_prefix("http://").unwrap();
    let port = own.rsplit(':').next().unwrap();
    let token = format!("x-payhook-token: {}", token(url));
    let own_host = format!("host: {own}");
    let refused: [Vec<String>; 14] = [
        vec!["host: evil.example".to_owned()],
        vec![format!("host: evil.example:{port}")],
        vec![format!("host: localhost.evil.example:{port}")],
        vec![format!("host: 127.0.0.1.evil.example:{port}")],
        vec![format!("host: evil.example@localhost:{port}")],
        vec!["host: localhost".to_owned()],
        vec!["host: 127.0.0.1:1".to_owned()],
        vec![own_host.clone(), own_host.clone()],
        vec![own_host.clone(), "origin: http://evil.example".to_owned()],
        vec![own_host.clone(), format!("origin: http://localhost:{port}")],
        vec![own_host.clone(), "origin: null".to_owned()],
        vec![own_host.clone(), "sec-fetch-site: cross-site".to_owned()],
        vec![own_host.clone(), "sec-fetch-site: same-site".to_owned()],
        vec![own_host.clone(), "x-forwarded-for: 198.51.100.7".to_owned()],
    ];
    for headers in &refused {
        let headers: Vec<_> = headers.iter().map(String::as_str).collect();
        for path in [
            "/_payhook",
            "/_payhook/events",
            "/_payhook/callbacks/1",
            "/_payhook/callbacks/1/body",
        ] {
            let response = send(url, &format!("GET {path}"), &headers, b"");
            assert_eq!(response.status, 403, "{path} {headers:?}");
            assert!(
                !response.text().contains("order-9001"),
                "{path} {headers:?}"
            );
        }
        let with_token = [&headers[..], &[&token]].concat();
        let response = send(url, "POST /_payhook/callbacks/1/resend", &with_token, b"");
        assert_eq!(response.status, 403, "{headers:?}");
    }
    let origin = format!("origin: {url}");
    let resend = |line: &str, headers: &[&str]| send(url, line, headers, b"").status;
    let line = "POST /_payhook/callbacks/1/resend";
    assert_eq!(resend(line, &[]), 403);
    assert_eq!(resend(line, &[&origin]), 403);
    assert_eq!(resend(line, &["x-payhook-token: 0"]), 403);
    assert_eq!(resend(line, &[&token, &token]), 403);
    assert_eq!(resend(line.replace("POST", "GET").as_str(), &[&token]), 405);
    assert_eq!(list(url)["rows"].as_array().unwrap().len(), 1);
    for host in [format!("host: localhost:{port}"), own_host] {
        let origin = format!("origin: http://{}", &host["host: ".len()..]);
        let site = "sec-fetch-site: same-origin";
        assert_eq!(resend(line, &[&host, &origin, site, &token]), 200);
    }
    let rows = list(url)["rows"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 3);
    assert_eq!(rows[2]["type"], "manual");
    assert_eq!(get(url, "/_payhook/callbacks/3/body").body, genuine());
}

#[test]
fn the_page_is_local_even_if_callbacks_are_remote() {
    let listener = Listener::start(1000, &["--bind", "0.0.0.0", "--remote"]);
    let port = listener.url.rsplit(':').next().unwrap();
    let local = format!("http://127.0.0.1:{port}");
    assert_eq!(get(&local, "/_payhook").status, 200);
    // The address of this machine in its network, if it has one.
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    if socket.connect("192.0.2.1:9").is_err() {
        return;
    }
    let outer = format!("http://{}:{port}", socket.local_addr().unwrap().ip());
    assert_eq!(post(&outer, "/", &genuine()).status, 200);
    let host = format!("host: 127.0.0.1:{port}");
    let response = send(&outer, "GET /_payhook", &[&host], b"");
    assert_eq!(response.status, 403);
    assert_eq!(response.text(), "this page is for this machine only\n");
}

#[test]
fn without_the_page_its_path_receives_callbacks() {
    let listener = Listener::start(2, &["--no-page"]);
    assert_eq!(get(&listener.url, "/_payhook").status, 405);
    assert_eq!(
        post(&listener.url, "/_payhook/events", &genuine()).status,
        200
    );
    let seen = listener.seen();
    assert_eq!(seen[1]["path"], "/_payhook/events");
}

#[test]
fn the_oldest_callbacks_are_dropped_and_counted() {
    let listener = Listener::start(1000, &["--keep", "3"]);
    let (_, mut events) = watch(&listener.url);
    event(&mut events);
    for number in 1..=10 {
        post(&listener.url, &format!("/{number}"), b"{}");
    }
    let kept = list(&listener.url);
    assert_eq!((&kept["dropped"], &kept["keep"]), (&7.into(), &3.into()));
    let paths: Vec<_> = kept["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["url"].clone())
        .collect();
    assert_eq!(paths, ["/8", "/9", "/10"]);
    let last = (0..20).map(|_| event(&mut events).1).last().unwrap();
    assert_eq!((&last["dropped"], &last["oldest"]), (&7.into(), &8.into()));
    assert_eq!(get(&listener.url, "/_payhook/callbacks/7").status, 404);
}

#[test]
fn thousands_of_callbacks_are_bounded() {
    let mut listener = Listener::start(100_000, &["--keep", "100"]);
    listener.discard_output();
    let large = vec![b'<'; 65_536];
    for _ in 0..2_000 {
        post(&listener.url, "/", &large);
    }
    let kept = list(&listener.url);
    assert_eq!(kept["rows"].as_array().unwrap().len(), 100);
    assert_eq!(kept["dropped"], 1_900);
}

#[test]
fn the_number_of_watching_pages_is_limited() {
    let listener = Listener::start(1000, &[]);
    let mut pages: Vec<_> = (0..16).map(|_| watch(&listener.url)).collect();
    assert!(pages.iter().all(|(status, _)| *status == 200));
    assert_eq!(watch(&listener.url).0, 503);
    pages.clear();
    // A disconnected watcher makes room once its closed connection is noticed.
    let has_room = (0..100).any(|_| {
        post(&listener.url, "/", b"{}");
        watch(&listener.url).0 == 200
    });
    assert!(has_room);
}

/// The copied command runs in a shell, and sends the same bytes.
#[test]
fn the_copied_command_posts_the_same_bytes() {
    let listener = Listener::start(1000, &[]);
    let url = &listener.url;
    let bodies: [&[u8]; 4] = [
        &genuine(),
        b"@/etc/passwd '$(id)' `id` \\ \"\n\n",
        b"\xff\x00\xfe'",
        b"a\r\n\x1b[2J",
    ];
    for (id, body) in (1_u64..).step_by(2).zip(bodies) {
        send(
            url,
            "POST /it's?a=$(id)",
            &["content-type: text/x-it's"],
            body,
        );
        let command = details(url, id)["curl"].as_str().unwrap().to_owned();
        let output = Command::new("sh").args(["-c", &command]).output().unwrap();
        assert!(output.status.success(), "{command}");
        let again = details(url, id + 1);
        assert_eq!(again["url"], "/it's?a=$(id)");
        let header = serde_json::json!(["content-type", "text/x-it's"]);
        assert!(again["headers"].as_array().unwrap().contains(&header));
        let path = format!("/_payhook/callbacks/{}/body", id + 1);
        assert_eq!(get(url, &path).body, body, "{command}");
    }
}

/// `copied.rs` is also a test of this package: it compiles and passes.
#[test]
fn the_copied_tests_are_those_of_this_package() {
    let listener = Listener::start(1000, &["--secret-env", "SECRET"]);
    let mut copied = String::new();
    let names = [
        "b2binpay-deposit-confirmed",
        "b2binpay-payout-rejected",
        "b2binpay-payout-confirmed",
        "b2binpay-deposit-expired",
        "citypay-order-confirmed",
        "citypay-deposit-pending",
    ];
    for (id, name) in (1..).zip(names) {
        let body = fs::read(body(name)).unwrap();
        post(&listener.url, "/", &body);
        let test = details(&listener.url, id)["test"]
            .as_str()
            .unwrap()
            .to_owned();
        // Each import appears once in a file.
        let indented = test
            .lines()
            .map(|line| format!("    {line}\n").trim_end_matches(' ').to_owned());
        let module = indented.collect::<String>().replace("    \n", "\n");
        copied.extend([&format!("mod test_{id} {{\n"), &module, "}\n"]);
    }
    let path = format!("{}/tests/cli/copied.rs", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("PAYHOOK_WRITE_COPIED").is_some() {
        fs::write(&path, &copied).unwrap();
    }
    let known = fs::read_to_string(path).unwrap();
    assert_eq!(known, copied, "PAYHOOK_WRITE_COPIED=1 writes it again");
}
