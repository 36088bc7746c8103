//! A marked secret is passed to every command, and is in no output.

use crate::support::{Folder, Listener, Ran, body, command, ran, run_on};

const MARKED: &str = "MARKED-7f3a-secret";

fn with_secret(args: &[&str]) -> Ran {
    let mut command = command(args);
    command
        .env("MARKED", MARKED)
        .env("BLANK", format!("{MARKED} "))
        .env("RUST_BACKTRACE", "full");
    ran(&mut command)
}

#[test]
fn a_marked_secret_is_in_no_output() {
    let folder = Folder::new("secrets");
    let file = folder.file("secret", format!("{MARKED}\n"));
    let with_space = folder.file("with-space", format!(" {MARKED}\n"));
    let listener = Listener::start(2, &["--secret-file", &file]);
    let url = listener.url.clone();
    let keys: [&[&str]; 7] = [
        &["--secret-env", "MARKED"],
        &["--secret-env", "BLANK"],
        &["--secret-file", &file],
        &["--secret-file", &with_space],
        &["--login-env", "MARKED", "--password-env", "MARKED"],
        // The secret itself instead of its name.
        &["--secret-env", MARKED],
        &["--secret-file", MARKED],
    ];
    let genuine = body("b2binpay-deposit-confirmed");
    let unsigned = body("b2binpay-refused-unsigned");
    let broken = body("b2binpay-refused-not-json");
    let to: &[&str] = &["trigger", "b2binpay", "deposit.confirmed", "--to", &url];
    let print: &[&str] = &["trigger", "b2binpay", "deposit.confirmed", "--print"];
    let commands: [&[&str]; 11] = [
        &["diagnose", &genuine],
        &["diagnose", &unsigned],
        &["diagnose", &broken],
        &["inspect", &genuine],
        &["inspect", &unsigned],
        &["verify", &genuine],
        &["verify", &unsigned],
        &["verify", &broken],
        &["listen", "--bind", "192.0.2.1"],
        to,
        print,
    ];
    let mut runs = 0;
    for keys in keys {
        for command in commands {
            for json in [false, true] {
                let mut args = if json { vec!["--json"] } else { vec![] };
                args.extend(command);
                args.extend(keys);
                let ran = with_secret(&args);
                for shown in [&ran.out, &ran.err] {
                    assert!(!shown.contains("7f3a"), "{args:?}: {shown}");
                }
                runs += 1;
            }
        }
    }
    assert_eq!(runs, 154);
    drop(listener);
}

/// The commands that keep running: the bodies they post are signed with it.
#[test]
fn a_marked_secret_is_in_no_output_of_running_commands() {
    let mut listener = Listener::start(100_000, &["--answer", "200"]);
    listener.discard_output();
    let url = listener.url.clone();
    let check = r#"echo '{"credited": "0", "credits": 0, "paid": false}'"#;
    let commands: [&[&str]; 3] = [
        &[
            "simulate",
            "b2binpay",
            "all",
            "--verbose",
            "--check",
            check,
            "--to",
            &url,
        ],
        &[
            "stress",
            "--check",
            check,
            "--max-seconds",
            "2",
            "--to",
            &url,
        ],
        &[
            "trigger",
            "b2binpay",
            "payout.confirmed",
            "--times",
            "3",
            "--to",
            &url,
        ],
    ];
    for command in commands {
        for more in [&[][..], &["--json"]] {
            let mut args = command.to_vec();
            args.extend(["--secret-env", "MARKED"]);
            args.extend(more);
            let ran = with_secret(&args);
            let shown = format!("{}{}", ran.out, ran.err);
            assert!(!shown.contains("7f3a"), "{args:?}: {shown}");
            assert!(shown.len() > 20, "{args:?} said nothing: {shown}");
        }
    }
}

/// Neither the password in a malformed URL, nor the one in a URL in the wrong place.
#[test]
fn a_malformed_address_is_not_repeated() {
    let user = format!("merchant:{MARKED}");
    let addresses = [
        format!("http://{user}@[::1"),
        format!("http://{user}@127.0.0.1:99999/"),
        format!("http://{user}@"),
        format!("http://{user}@exa mple/"),
        format!("http://merchant:{MARKED}#1@127.0.0.1/"),
        format!("http://merchant:{MARKED}/1@127.0.0.1/"),
        format!("htp://{user}@127.0.0.1/"),
        format!("//{user}@127.0.0.1/"),
        format!("{user}@127.0.0.1"),
        format!("127.0.0.1:80/{user}@"),
        format!("http://{user}@192.0.2.1/"),
        format!("http://{user}@127.0.0.1:1/"),
    ];
    let trigger = ["trigger", "citypay", "order.confirmed"];
    let simulate = [
        "simulate",
        "citypay",
        "order.confirmed",
        "--endpoint-port",
        "0",
    ];
    let stress = ["stress", "--check", "true", "--endpoint-port", "0"];
    let stray = [&trigger[..], &["--to", "http://127.0.0.1:1/"]].concat();
    for address in &addresses {
        let (to, citypay) = (format!("--to={address}"), format!("--citypay={address}"));
        let (alias, times) = (
            format!("--b2binpay={address}"),
            format!("--times={address}"),
        );
        let runs: [Vec<&str>; 9] = [
            [&trigger[..], &["--to", address]].concat(),
            [&trigger[..], &[&to]].concat(),
            [&simulate[..], &[&to]].concat(),
            [&stress[..], &[&citypay]].concat(),
            [&stress[..], &[&alias, "--secret-env", "SECRET"]].concat(),
            [&stray[..], &[address]].concat(),
            [&stray[..], &["--times", address]].concat(),
            [&stray[..], &[&times]].concat(),
            vec![address],
        ];
        for args in runs {
            for json in [&[][..], &["--json"]] {
                let args = [json, &args[..]].concat();
                let ran = with_secret(&args);
                assert!([2, 4].contains(&ran.code), "{args:?}: {}", ran.code);
                let shown = format!("{}{}", ran.out, ran.err);
                assert!(!shown.contains("7f3a"), "{args:?}: {shown}");
                assert!(!shown.contains("merchant"), "{args:?}: {shown}");
                assert!(shown.len() > 20, "{args:?} said nothing: {shown}");
            }
        }
    }
    let ran = with_secret(&[&trigger[..], &["--to", &addresses[1]]].concat());
    assert_eq!(
        ran.err,
        "error: the URL of --to is invalid: invalid port number\n\
         hint: a URL begins with http:// or https://; `/`, `?`, `#` and `@` in its user or password must be percent-encoded\n"
    );
}

/// Secrets in a URL are not displayed, and neither are signatures.
#[test]
fn addresses_and_signatures_are_not_repeated() {
    let url = format!("http://127.0.0.1:1/hook?token={MARKED}");
    let ran = with_secret(&["trigger", "citypay", "order.confirmed", "--to", &url]);
    assert_eq!(ran.code, 4);
    assert!(!ran.err.contains("7f3a"), "{}", ran.err);
    let listener = Listener::start(1, &["--secret-env", "SECRET"]);
    let url = format!("{}/hook?token={MARKED}", listener.url);
    let printed = with_secret(&[
        "trigger",
        "b2binpay",
        "deposit.confirmed",
        "--secret-env",
        "SECRET",
        "--to",
        &url,
    ]);
    assert!(!printed.out.contains("7f3a"), "{}", printed.out);
    let seen = format!("{:?}", listener.seen());
    assert!(!seen.contains("7f3a"), "{seen}");

    let bytes = std::fs::read(body("b2binpay-deposit-confirmed")).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let (_, sign) = text.split_once(r#""sign":"#).unwrap();
    let sign = &sign[1..65];
    for command in ["diagnose", "inspect", "verify"] {
        for json in [&[][..], &["--json"]] {
            let mut args = json.to_vec();
            args.extend([command, "-", "--secret-env", "SECRET"]);
            let ran = run_on(&bytes, &args);
            assert!(
                !ran.out.contains(sign) && !ran.err.contains(sign),
                "{}",
                ran.out
            );
        }
    }
}
