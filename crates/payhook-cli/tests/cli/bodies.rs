//! `inspect`, `verify` and `diagnose`, on recorded bodies.

use serde_json::json;

use crate::support::{Folder, SECRET, body, command, ran, run, run_on};

#[test]
fn a_verified_body() {
    let ran = run(&[
        "verify",
        &body("b2binpay-payout-confirmed"),
        "--secret-env",
        "SECRET",
    ]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(
        ran.out,
        "verified by the signature of SECRET (callback_secret)
  outcome                 settled                                       proven
  kind                    payout                                        reported
  reference               wd-77                                         proven
  amount                  125.000000                                    proven
  currency                USDT-TRX                                      reported
  time                    2026-03-02T09:16:02.551870Z                   proven
  blockchain transaction  0xab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12  reported
  transfer status         confirmed (2)                                 proven
  transfer id             55030                                         reported
  operation type          payout (2)                                    reported
  confirmations           19 of 19                                      reported
  operation id            8815                                          reported
  callback type           confirmation                                  inferred
  other transfers         1                                             reported
"
    );
}

#[test]
fn json_output() {
    let ran = run(&[
        "--json",
        "verify",
        &body("b2binpay-payout-rejected"),
        "--secret-env",
        "SECRET",
    ]);
    let output = ran.json();
    assert_eq!(output["verified"], true);
    assert_eq!(
        output["facts"]["reference"],
        json!({"value": "wd-77", "mark": "proven"})
    );
    assert_eq!(
        output["facts"]["callback type"],
        json!({"value": "no_transfer or request_rejection", "mark": "inferred"})
    );
}

#[test]
fn exit_codes() {
    let folder = Folder::new("exit-codes");
    let secret = folder.file("secret", format!("{SECRET}\n"));
    let trailing_space = folder.file("trailing-space", format!("{SECRET} \n"));
    let good = body("b2binpay-deposit-confirmed");
    let cases: [(&[&str], i32); 16] = [
        (&["verify", &good, "--secret-file", &secret], 0),
        (
            &[
                "verify",
                &body("b2binpay-refused-tampered"),
                "--secret-file",
                &secret,
            ],
            1,
        ),
        (
            &[
                "verify",
                &body("b2binpay-refused-unsigned"),
                "--secret-file",
                &secret,
            ],
            1,
        ),
        (&["verify", &good, "--secret", SECRET], 2),
        (&["verify"], 2),
        (&["verify", &good, "--login-env", "SECRET"], 2),
        (&["trigger", "b2binpay", "deposit.confirmed"], 2),
        (
            &[
                "verify",
                &body("b2binpay-refused-not-json"),
                "--secret-file",
                &secret,
            ],
            3,
        ),
        (&["inspect", &body("b2binpay-refused-amount")], 3),
        (&["verify", "no-such-file", "--secret-file", &secret], 3),
        (&["verify", &good, "--secret-file", &trailing_space], 4),
        (&["verify", &good], 2),
        (&["diagnose", &good], 2),
        (
            &[
                "stress",
                "--to",
                "http://localhost:1/",
                "--secret-file",
                &secret,
            ],
            2,
        ),
        (
            &[
                "simulate",
                "b2binpay",
                "order.late",
                "--to",
                "http://localhost:1/",
                "--secret-file",
                &secret,
            ],
            2,
        ),
        (
            &[
                "simulate",
                "citypay",
                "order.late",
                "--to",
                "http://localhost:1/",
            ],
            2,
        ),
    ];
    for (args, code) in cases {
        assert_eq!(run(args).code, code, "{args:?}");
    }
}

#[test]
fn errors_have_hints() {
    let ran = run(&[
        "verify",
        &body("b2binpay-refused-tampered"),
        "--secret-env",
        "SECRET",
    ]);
    assert_eq!(
        ran.out,
        "not verified: signature does not match any configured key (1 tried)\n\
         hint: if every callback fails, the configured secret is wrong, or the body is parsed and serialized again before payhook sees it: API v3 signs with the callback secret shown in the dashboard (neither client_id nor client_secret), API v2 with login and password; sandbox and production have different secrets\n\
         hint: run `payhook diagnose` with the same arguments to find the reason\n"
    );
    let ran = run(&["verify", &body("b2binpay-refused-not-json")]);
    assert_eq!(
        ran.err,
        "error: body was re-encoded: as form data\n\
         hint: pass the request's bytes as received: the gateways post JSON, not forms\n"
    );
    let ran = run(&["--json", "verify", "nothing"]);
    assert_eq!(
        ran.json()["error"],
        "cannot read `nothing`: No such file or directory (os error 2)"
    );
}

#[test]
fn unchecked_values_are_not_marked_as_proven() {
    for name in [
        "b2binpay-deposit-confirmed",
        "b2binpay-refused-unsigned",
        "citypay-order-confirmed",
        "citypay-deposit-confirmed",
    ] {
        let ran = run(&["inspect", &body(name)]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.err);
        assert!(ran.out.starts_with("not checked: "), "{name}: {}", ran.out);
        assert!(!ran.out.contains("  proven"), "{name}: {}", ran.out);
    }
    // Refused: the output has the reason and the possible facts.
    let output = run(&[
        "--json",
        "inspect",
        &body("b2binpay-refused-tampered"),
        "--secret-env",
        "SECRET",
    ])
    .json();
    assert_eq!(output["verified"], false);
    assert_eq!(
        output["facts_if_verified"]["amount"]["mark"],
        "would be proven"
    );
}

#[test]
fn ambiguous_texts_are_shown_whole() {
    let file = body("b2binpay-refused-tracking-id");
    let output = run(&["--json", "inspect", &file]).json();
    assert_eq!(
        output["facts_if_verified"]["signed text"]["value"],
        "210.5017"
    );
    let any = run(&[
        "--json",
        "verify",
        &file,
        "--secret-env",
        "SECRET",
        "--tracking-ids",
        "unrestricted",
    ]);
    assert_eq!(
        any.json()["facts"]["outcome"],
        json!({"value": "needs review", "mark": "reported"})
    );
    let prefixed = run(&["verify", &file, "--secret-env", "SECRET"]);
    assert_eq!(prefixed.code, 1);
}

#[test]
fn orders_are_proven_by_their_responses() {
    let answer = body("citypay-order-confirmed.answer");
    let file = body("citypay-order-confirmed");
    let proof = |customer| {
        [
            "--json",
            "verify",
            &file,
            "--answer",
            &answer,
            "--customer-id",
            customer,
        ]
        .map(str::to_owned)
    };
    let verify = |customer| {
        let args = proof(customer);
        run(&args.each_ref().map(String::as_str))
    };
    let output = verify("5120");
    assert_eq!(output.code, 0);
    assert_eq!(
        output.json()["facts"]["order status"],
        json!({"value": "CONFIRMED", "mark": "proven"})
    );
    assert_eq!(verify("9").code, 1);
    let mut args: Vec<_> = proof("5120").into();
    args.extend(["--token".to_owned(), "another".to_owned()]);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    assert_eq!(run(&args).code, 1);
    let deposit = body("citypay-deposit-confirmed");
    let ran = run(&[
        "verify",
        &deposit,
        "--answer",
        &answer,
        "--customer-id",
        "5120",
    ]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (
            4,
            "error: a response proves an order, but this is a deposit\n"
        )
    );
}

#[test]
fn standard_input_and_two_keys() {
    let bytes = std::fs::read(body("b2binpay-deposit-confirmed-v2")).unwrap();
    let args = [
        "verify",
        "-",
        "--secret-env",
        "SECRET",
        "--login-env",
        "L",
        "--password-env",
        "P",
    ];
    let mut command = command(&args);
    command.env("L", "merchant-api-key").env("P", "wrong");
    assert_eq!(ran(&mut command).code, 3, "an empty input");
    let ran = run_on(&bytes, &["verify", "-", "--secret-env", "SECRET"]);
    assert_eq!(ran.code, 1);
}

/// A sender can include characters that move the cursor or reverse the text.
#[test]
fn control_characters_are_escaped() {
    let folder = Folder::new("terminal");
    let evil = "order-\u{1b}[2J\u{202e}1";
    let set = format!("data.attributes.tracking_id={evil}");
    let made = run(&[
        "trigger",
        "b2binpay",
        "deposit.confirmed",
        "--print",
        "--secret-env",
        "SECRET",
        "--set",
        &set,
    ]);
    let file = folder.file("body.json", made.out.trim_end());
    let ran = run(&["verify", &file, "--secret-env", "SECRET"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains(r"order-\u{1b}[2J\u{202e}1"), "{}", ran.out);
    assert!(!ran.out.contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn completions_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        let ran = run(&["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains("tracking-ids"), "{shell}");
    }
}

#[test]
fn diagnose_explains_the_cause() {
    let file = body("b2binpay-deposit-confirmed");
    let mut with_newline = command(&["diagnose", &file, "--secret-env", "SPOILT"]);
    let ran = ran(with_newline.env("SPOILT", format!("{SECRET}\n")));
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (
            1,
            "the body does not verify:
1. key `SPOILT`: the configured value has leading or trailing whitespace
   to do: trim the secret when reading it: files often end with a newline
"
        )
    );
    let ran = run(&["diagnose", &file, "--secret-env", "SECRET"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "the body verifies with key `SECRET`\n")
    );

    // No key would help.
    let unsigned = body("citypay-order-confirmed");
    let without = run(&["diagnose", &unsigned]);
    let with = run(&["diagnose", &unsigned, "--secret-env", "SECRET"]);
    assert_eq!((without.code, with.code), (1, 1), "{}", without.err);
    assert_eq!(without.out, with.out);
    let reason = "this is a callback from CityPay.io, which does not sign callbacks";
    assert!(without.out.contains(reason), "{}", without.out);

    let text = std::fs::read_to_string(&file).unwrap();
    let rounded = text.replace(r#""amount":"0.412000000000000000""#, r#""amount":0.412"#);
    assert_ne!(text, rounded);
    let args = ["--json", "diagnose", "-", "--secret-env", "SECRET"];
    let output = run_on(rounded.as_bytes(), &args).json();
    let first = &output["causes"][0];
    assert_eq!(first["path"], "included[1].attributes.amount");
    assert_eq!(
        first["what"],
        "`included[1].attributes.amount`: the amount was signed as `0.412000000000000000`"
    );
    assert_eq!(first["certain"], true);
}

/// The output names missing evidence, and unreadable bodies.
#[test]
fn missing_evidence_is_named() {
    let head = |name: &str| {
        let ran = run(&["inspect", &body(name)]);
        ran.out.lines().next().unwrap().to_owned()
    };
    for (name, condition) in [
        (
            "b2binpay-deposit-confirmed",
            "if its signature were correct",
        ),
        (
            "b2binpay-refused-unsigned",
            "it is not signed. If the gateway's API confirmed it",
        ),
        (
            "citypay-deposit-confirmed",
            "CityPay.io signs nothing. For a deposit token of yours",
        ),
        (
            "citypay-order-confirmed",
            "CityPay.io signs nothing. For an order of yours",
        ),
    ] {
        let expected = format!("not checked: {condition}, this would be:");
        assert_eq!(head(name), expected, "{name}");
    }
    let output = run(&["inspect", "--json", &body("citypay-deposit-confirmed")]).json();
    let facts = &output["facts_if_verified"];
    let reported = |value: &str| json!({"value": value, "mark": "reported"});
    assert_eq!(facts["status"], reported("Confirmed"));
    assert_eq!(facts["action"], reported("confirmation"));

    let good = std::fs::read_to_string(body("b2binpay-deposit-confirmed")).unwrap();
    let odd = good.replace(r#""risk":0"#, r#""risk":-1"#);
    let shown = |body: &str| run_on(body.as_bytes(), &["inspect", "-"]).out;
    let line = "`included[1].attributes.risk`: expected a number between 0 and 100";
    assert!(shown(&odd).contains(line));
    assert!(!shown(&good).contains("unreadable"));
    assert!(!shown(&good).contains("other transfers"));

    // Refused, with the possible facts: the same reason appears once.
    let refused = ["inspect", "--secret-env", "SECRET"];
    let ran = run(&[&refused[..], &[&body("b2binpay-refused-ambiguous")]].concat());
    assert_eq!(ran.out.matches("not verified").count(), 1, "{}", ran.out);
    let ran = run(&[&refused[..], &[&body("b2binpay-refused-tampered")]].concat());
    assert!(
        ran.out.contains("if its signature were correct"),
        "{}",
        ran.out
    );
}
