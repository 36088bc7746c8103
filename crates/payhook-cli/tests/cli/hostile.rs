//! Hostile input, typos and broken pipes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Folder, Listener, body, command, run, run_on};

/// A recorded deposit with an additional field at the start of its attributes.
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

/// A client that sends half a request does not keep the listener from ending.
#[test]
fn a_stuck_connection_does_not_delay_the_end() {
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

/// A connection is closed if it sends half a head, none, or one byte by byte, and if it
/// is kept open without another request.
#[test]
fn a_slow_head_is_disconnected() {
    let listener = Listener::start(2, &[]);
    let at = listener.url.strip_prefix("http://").unwrap().to_owned();
    let whole = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
    let slow = ["", "POST / HTTP/1.1\r\nhost: x\r\nx-half: ", whole].map(|sent| {
        let at = at.clone();
        std::thread::spawn(move || {
            let mut stream = TcpStream::connect(at).unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            let started = Instant::now();
            stream.write_all(sent.as_bytes()).unwrap();
            let mut answer = Vec::new();
            // The end of the stream, not a timeout.
            stream.read_to_end(&mut answer).unwrap();
            (started.elapsed(), String::from_utf8(answer).unwrap())
        })
    });
    let drips = {
        let at = at.clone();
        std::thread::spawn(move || {
            let mut stream = TcpStream::connect(at).unwrap();
            let started = Instant::now();
            stream.write_all(b"POST / HTTP/1.1\r\nx: ").unwrap();
            while stream.write_all(b"x").is_ok() && started.elapsed() < Duration::from_secs(20) {
                std::thread::sleep(Duration::from_millis(100));
            }
            started.elapsed()
        })
    };
    for (number, client) in slow.into_iter().enumerate() {
        let (elapsed, answer) = client.join().unwrap();
        let seconds = elapsed.as_secs();
        assert!((2..12).contains(&seconds), "{number}: {elapsed:?}");
        let is_answered = answer.starts_with("HTTP/1.1 400");
        assert_eq!(is_answered, number == 2, "{answer}");
    }
    assert!(drips.join().unwrap() < Duration::from_secs(12));
    // Other clients are answered.
    let answer = post(&listener.url, "{}");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(listener.seen().len(), 2);
}

/// Characters that are invisible, end a line in some programs or reverse the text.
const HARMFUL: [char; 22] = [
    '\u{7f}',
    '\u{85}',
    '\u{9b}',
    '\u{ad}',
    '\u{34f}',
    '\u{61c}',
    '\u{180e}',
    '\u{200b}',
    '\u{200d}',
    '\u{200f}',
    '\u{2028}',
    '\u{2029}',
    '\u{202e}',
    '\u{2060}',
    '\u{2066}',
    '\u{206f}',
    '\u{3164}',
    '\u{fe0f}',
    '\u{feff}',
    '\u{fff9}',
    '\u{1d173}',
    '\u{e0041}',
];

#[test]
fn invisible_characters_are_escaped_in_every_output() {
    let harmful: String = HARMFUL.iter().collect();
    let reference = format!("order-{harmful}-1");
    let trigger = ["trigger", "b2binpay", "deposit.confirmed", "--print"];
    let more = ["--secret-env", "SECRET", "--reference", reference.as_str()];
    let signed = run(&[&trigger[..], &more].concat()).out;
    let order = std::fs::read_to_string(body("citypay-order-confirmed")).unwrap();
    let order = order.replace(
        "INV-2031",
        &format!("INV{}", &harmful['\u{7f}'.len_utf8()..]),
    );
    // Control characters are not read in ids.
    let order = order.replace(['\u{85}', '\u{9b}'], "");
    let listener = Listener::start(2, &["--secret-env", "SECRET"]);
    let url = listener.url.clone();
    for (input, key) in [(&signed, "reference"), (&order, "client order id")] {
        for command in ["inspect", "verify", "diagnose"] {
            let secret = ["--secret-env", "SECRET"];
            let args = [&[command, "-"][..], &secret].concat();
            let people = run_on(input.as_bytes(), &args);
            let machines = run_on(input.as_bytes(), &[&["--json"][..], &args].concat());
            for shown in [&people.out, &people.err, &machines.out, &machines.err] {
                assert!(!shown.contains(HARMFUL), "{args:?}: {shown:?}");
            }
            if machines.code < 2 {
                assert_eq!(machines.out.lines().count(), 1);
                machines.json();
            }
            if command == "inspect" {
                assert!(people.out.contains("\\u{2028}"), "{}", people.out);
                assert!(people.out.contains("\\u{61c}"), "{}", people.out);
                assert!(machines.out.contains("\\udb40\\udc41"), "{}", machines.out);
                let json = machines.json();
                let facts = if json["verified"] == true {
                    "facts"
                } else {
                    "facts_if_verified"
                };
                let value = json[facts][key]["value"].as_str().unwrap();
                assert!(
                    value.contains('\u{2028}'),
                    "the value is the same: {value:?}"
                );
            }
        }
        post(&url, input);
    }
    // `serde_json` accepts it, other parsers do not.
    let lines = listener.lines();
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert!(!line.contains(HARMFUL), "{line:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let genuine = body("b2binpay-deposit-confirmed");
    let mut listener = Listener::start(1_000, &["--answer", "200"]);
    listener.discard_output();
    let check = r#"echo '{"credited": "0", "credits": 0, "paid": false}'"#;
    let (secret, to) = (["--secret-env", "SECRET"], ["--to", listener.url.as_str()]);
    let trigger = ["trigger", "b2binpay", "deposit.confirmed"];
    let simulate = ["simulate", "b2binpay", "deposit.failed"];
    let stress = ["stress", "--check", check, "--max-seconds", "60"];
    let commands: [Vec<&str>; 13] = [
        vec!["--help"],
        vec!["--version"],
        vec!["help", "verify"],
        vec!["completions", "bash"],
        vec!["scenario"],
        [&["inspect", genuine.as_str()][..], &secret].concat(),
        [&["verify", genuine.as_str()][..], &secret].concat(),
        [&["diagnose", genuine.as_str()][..], &secret].concat(),
        [&trigger[..], &secret, &["--print"]].concat(),
        [&trigger[..], &secret, &to].concat(),
        [&simulate[..], &secret, &to].concat(),
        [&stress[..], &secret, &to].concat(),
        vec!["listen", "--port", "0"],
    ];
    for args in commands {
        for json in [&[][..], &["--json"]] {
            let args = [json, &args[..]].concat();
            let full = std::fs::File::options().write(true).open("/dev/full");
            let output = command(&args)
                .stdout(full.unwrap())
                .stderr(Stdio::piped())
                .spawn()
                .and_then(std::process::Child::wait_with_output)
                .unwrap();
            let error = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(4), "{args:?}: {error}");
            let expected = "error: cannot write the output: ";
            assert!(error.starts_with(expected), "{args:?}: {error}");
        }
    }
}

#[test]
fn a_body_is_printed_verbatim() {
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
fn a_closed_pipe_is_not_an_error() {
    let genuine = body("b2binpay-deposit-confirmed");
    let commands: [&[&str]; 5] = [
        &["completions", "bash"],
        &["--help"],
        &["scenario"],
        &["--json", "inspect", &genuine],
        &["verify", &genuine, "--secret-env", "SECRET"],
    ];
    for args in commands {
        let mut child = command(args);
        let mut child = child
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{args:?}");
        assert_eq!(output.status.code(), Some(0), "{args:?}");
    }
}

/// A listener whose output is not read any more ends with the next callback.
#[test]
fn a_listener_ends_with_its_reader() {
    let mut child = command(&["--json", "listen", "--port", "0"]);
    let mut child = child
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    drop(lines);
    let first: serde_json::Value = serde_json::from_str(&first).unwrap();
    post(first["listening"].as_str().unwrap(), "{}");
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_secret_file_is_bounded() {
    let body = body("b2binpay-deposit-confirmed");
    let ran = run(&["verify", &body, "--secret-file", "/dev/zero"]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (
            4,
            "error: the file of --secret-file is too long for a secret\n"
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
fn a_hanging_hook_is_aborted() {
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
        (4, "error: it took longer than --max-seconds\n")
    );
    assert!(started.elapsed() < Duration::from_secs(8));
}

/// An invalid number is sent as a string; the body is always valid JSON.
#[test]
fn invalid_values_make_valid_json() {
    for (option, value) in [("--amount", "abc"), ("--amount", ".5"), ("--id", "007")] {
        for scenario in ["order.confirmed", "order.overpaid"] {
            let ran = run(&["trigger", "citypay", scenario, "--print", option, value]);
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

/// Neither the currency nor the kind is signed, so the ledger's state can include them.
#[test]
fn the_kind_in_the_ledgers_state_is_checked() {
    let listener = Listener::start(1_000, &[]);
    let ran = run(&[
        "stress",
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

/// A shop that takes no payouts.
#[test]
fn a_kind_that_is_not_taken_is_named() {
    let mut listener = Listener::start(1_000, &["--answer", "401"]);
    listener.discard_output();
    let args = [
        "stress",
        "--to",
        &listener.url,
        "--secret-env",
        "SECRET",
        "--open",
        r#"case "$PAYHOOK_PAYMENT" in *'"kind":"payout"'*) exit 3;; esac"#,
        "--check",
        r#"echo '{"credited": "0", "credits": 0, "paid": false}'"#,
    ];
    let ran = run(&args);
    assert_eq!(ran.code, 4);
    let start = "error: the stress test was aborted: the payment `stress-";
    let error = ran.err.strip_prefix(start).unwrap();
    let (_, error) = error.split_once('`').unwrap();
    assert_eq!(
        error,
        " of the test \"a plain payment\" was not registered: the command of --open failed: exit \
         status: 3, for the kind `payout`\n\
         hint: for a server that does not take every kind of payment, name those that it takes, \
         as in --only deposit\n"
    );
    // The kinds were chosen: the hint would not help.
    let only = ["--only", "payout"];
    let ran = run(&[&args[..], &only].concat());
    assert_eq!(ran.code, 4);
    assert!(!ran.err.contains("hint: "), "{}", ran.err);
}

/// A server with another secret, and one that forgets its payments.
#[test]
fn a_server_that_cannot_be_tested_is_explained() {
    let mut listener = Listener::start(100_000, &["--answer", "401"]);
    listener.discard_output();
    let folder = Folder::new("forgets");
    let restarted = folder.file("restarted", "");
    let args = ["stress", "--to", &listener.url, "--secret-env", "SECRET"];
    let stress = |more: &[&str]| {
        let check = format!(
            r#"test -s {restarted} && exit 22; echo '{{"credited": "0", "credits": 0, "paid": false}}'"#
        );
        let only = ["--only", "payout", "--check", &check];
        run(&[&args[..], &only, more].concat())
    };
    let ran = stress(&[]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let end: Vec<_> = ran.out.lines().rev().take(3).collect();
    assert_eq!(
        end[..2],
        [
            "hint: is `--secret-env` its secret?",
            "B2BINPAY: the server refuses every genuine callback with 401: does it have the key of \
             the test?",
        ],
        "{}",
        ran.out
    );
    assert!(end[2].starts_with("B2BINPAY  "), "{}", ran.out);

    let ran = stress(&["--restart", &format!("echo again >> {restarted}")]);
    assert_eq!(ran.code, 4, "{}{}", ran.out, ran.err);
    let last = ran.out.lines().last().unwrap();
    assert!(
        last.starts_with("B2BINPAY  paid in another currency"),
        "{last}"
    );
    let start = "error: the stress test was aborted: cannot read the ledger's state of `stress-";
    let error = ran.err.strip_prefix(start).unwrap();
    let (_, error) = error.split_once('`').unwrap();
    assert_eq!(
        error,
        " in the test \"again after a restart\": the command of --check failed: exit status: 22\n"
    );
}

/// Only the selected kinds of payments are tested. Each URL is a replica, and the
/// merchant's own command restarts them.
#[test]
fn the_stress_test_is_limited_to_the_selected_kinds() {
    let folder = Folder::new("restart");
    let restarted = folder.file("restarted", "");
    let mut replicas = [Listener::start(100_000, &[]), Listener::start(100_000, &[])];
    let [one, other] = [0, 1].map(|index| replicas[index].url.clone());
    for replica in &mut replicas {
        replica.discard_output();
    }
    let restart = format!("echo again >> {restarted}");
    let check = r#"echo '{"credited": "0", "credits": 0, "paid": false, "held": "0"}'"#;
    let rows_of = |more: &[&str]| {
        let args = ["--json", "stress", "--to", &one, "--secret-env", "SECRET"];
        let ran = run(&[&args[..], &["--check", check], more].concat());
        assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
        ran.json()["results"].as_array().unwrap().clone()
    };
    let is_tested = |rows: &[serde_json::Value], name: &str| {
        let mut rows = rows.iter();
        rows.find(|row| row["test"] == name)
            .map(|row| row["tested"] == true)
    };
    let (restarts, everywhere) = ("again after a restart", "again at every replica");
    let invoice = "an invoice paid in other coins";

    let rows = rows_of(&["--only", "invoice,payout"]);
    assert_eq!(is_tested(&rows, restarts), Some(false), "{rows:?}");
    assert_eq!(is_tested(&rows, everywhere), Some(false), "{rows:?}");
    assert_eq!(is_tested(&rows, invoice), Some(true), "{rows:?}");
    assert_eq!(is_tested(&rows, "two parts at once"), None, "{rows:?}");
    assert_eq!(std::fs::read_to_string(&restarted).unwrap(), "");

    let more = ["--only", "payout", "--to", &other, "--restart", &restart];
    let rows = rows_of(&more);
    assert_eq!(is_tested(&rows, restarts), Some(true), "{rows:?}");
    assert_eq!(is_tested(&rows, everywhere), Some(true), "{rows:?}");
    assert_eq!(is_tested(&rows, invoice), None, "{rows:?}");
    assert_eq!(std::fs::read_to_string(&restarted).unwrap(), "again\n");
}
