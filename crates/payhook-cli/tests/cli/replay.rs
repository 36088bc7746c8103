//! `replay`: recorded payment lifecycles.

use serde_json::{Value, json};

use crate::support::{Folder, Ran, SECRET, body, library, run, run_on};

/// A deposit that is confirmed twice.
fn lifecycle() -> Value {
    let body = std::fs::read_to_string(body("b2binpay-deposit-confirmed")).unwrap();
    json!({
        "name": "paid once",
        "gateway": "b2binpay",
        "keys": [{"scheme": "callback_secret", "secret": SECRET}],
        "expected": [
            {"kind": "deposit", "reference": "order-9001", "currency": "ETH", "amount": "0.412"},
        ],
        "steps": [
            {"body": body},
            {"body": body, "restart": true, "want": {"status": 200, "change": {}, "payments": paid()}},
        ],
    })
}

fn paid() -> Value {
    json!({"order-9001": {"status": "paid", "received": "0.412", "credited": "0.412", "held": "0"}})
}

fn lines(lifecycles: &[Value]) -> String {
    lifecycles
        .iter()
        .flat_map(|lifecycle| [lifecycle.to_string(), "\n".to_owned()])
        .collect()
}

fn replay(input: &str) -> Ran {
    run_on(input.as_bytes(), &["replay", "-"])
}

/// The printed steps, and the last line.
fn steps(ran: &Ran) -> (Vec<Value>, &str) {
    let (steps, last) = ran
        .out
        .trim_end()
        .rsplit_once('\n')
        .unwrap_or(("", &ran.out));
    let steps = steps
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    (steps.collect(), last.trim_end())
}

#[test]
fn each_step_is_a_line() {
    let ran = replay(&lines(&[lifecycle()]));
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let (steps, last) = steps(&ran);
    let credited = json!({"credited": "0.412", "newly_paid": true, "review": []});
    let expected = [
        json!({"lifecycle": "paid once", "step": 0, "status": 200, "change": {"order-9001": credited}, "payments": paid()}),
        json!({"lifecycle": "paid once", "step": 1, "status": 200, "change": {}, "payments": paid()}),
    ];
    assert_eq!(steps, expected);
    assert_eq!(last, "1 of 1 lifecycles as expected");
    assert!(ran.out.starts_with(r#"{"lifecycle":"paid once","step":0,"#));
}

#[test]
fn every_difference_is_named() {
    let mut other = lifecycle();
    // Equal by value.
    let mut sums = paid();
    sums["order-9001"]["received"] = "0.41200".into();
    other["steps"][0]["want"] = json!({
        "status": 200,
        "change": {"order-9001": {"credited": "0.4120", "newly_paid": true, "review": []}},
        "payments": sums,
    });
    other["steps"][1]["want"] = json!({
        "status": 401,
        "change": {"order-9001": {"credited": "0.412", "review": ["overpaid"]}},
        "payments": {"order-9001": {"status": "overpaid", "received": "1", "credited": "0.412", "held": "0"}, "order-2": {"status": null, "received": "0", "credited": "0", "held": "0"}},
    });
    let ran = replay(&lines(&[other, lifecycle()]));
    assert_eq!((ran.code, ran.err.as_str()), (1, ""));
    let (steps, last) = steps(&ran);
    assert_eq!(last, "1 of 2 lifecycles as expected");
    assert_eq!(steps[0].get("differences"), None);
    assert_eq!(
        steps[1]["differences"],
        json!([
            "status: want 401, found 200",
            "order-9001 credited: want 0.412, found none",
            "order-9001 review: want [\"overpaid\"], found []",
            "order-2: want a payment, found none",
            "order-9001 status: want overpaid, found paid",
            "order-9001 received: want 1, found 0.412",
        ])
    );
}

#[test]
fn with_json_the_summary_is_an_object() {
    let folder = Folder::new("replay-json");
    let file = folder.file("lifecycles", lines(&[lifecycle()]));
    let ran = run(&["--json", "replay", &file, &file]);
    let (_, last) = steps(&ran);
    let last: Value = serde_json::from_str(last).unwrap();
    assert_eq!(
        last,
        json!({
            "summary": "2 of 2 lifecycles as expected", "lifecycles": 2, "as_expected": 2,
            "without_expected_changes": 0,
        })
    );
}

/// There is nothing that it could differ from.
#[test]
fn without_expected_changes_nothing_is_compared() {
    let mut other = lifecycle();
    other["steps"][1].as_object_mut().unwrap().remove("want");
    let mut different = lifecycle();
    different["steps"][1]["want"]["status"] = 401.into();
    for (lifecycles, code, summary) in [
        (
            vec![&other],
            0,
            "1 lifecycle replayed, without expected changes",
        ),
        (
            vec![&other; 2],
            0,
            "2 lifecycles replayed, without expected changes",
        ),
        (
            vec![&lifecycle(), &other],
            0,
            "1 of 1 lifecycles as expected, 1 replayed without expected changes",
        ),
        (
            vec![&lifecycle(), &other, &different],
            1,
            "1 of 2 lifecycles as expected, 1 replayed without expected changes",
        ),
    ] {
        let lifecycles: Vec<_> = lifecycles.into_iter().cloned().collect();
        let ran = replay(&lines(&lifecycles));
        assert_eq!((ran.code, ran.err.as_str()), (code, ""));
        assert_eq!(steps(&ran).1, summary);
    }
}

/// A file of recorded callbacks need not contain the secret.
#[test]
fn keys_come_from_the_environment_as_well() {
    let mut captured = lifecycle();
    captured.as_object_mut().unwrap().remove("keys");
    captured.as_object_mut().unwrap().remove("name");
    let input = format!("\n{}", lines(&[captured]));
    let ran = run_on(input.as_bytes(), &["replay", "-", "--secret-env", "SECRET"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let (steps, _) = steps(&ran);
    assert_eq!(steps[0]["status"], 200);
    assert_eq!(steps[0]["lifecycle"], "line 2");
    let ran = replay(&input);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (1, "error: `-`, line 2: no `keys` to verify with\n")
    );
}

/// CityPay.io has no keys; ids and documents may be in their recorded form.
#[test]
fn an_order_of_citypay() {
    let read = |name| std::fs::read_to_string(body(name)).unwrap();
    let answer: Value = serde_json::from_str(&read("citypay-order-confirmed.answer")).unwrap();
    let order = &answer["data"];
    let mut lifecycle = json!({
        "gateway": "citypay",
        "customer_id": 5120,
        "unknown": {"as": "it is"},
        "expected": [
            {"kind": "order", "reference": order["token"], "currency": "USD", "amount": "100", "note": 1},
        ],
        "steps": [
            {"body": read("citypay-order-confirmed"), "answer": answer},
            {"body": read("citypay-order-confirmed"), "answer": null},
        ],
    });
    for id in [json!(5120), json!("5120")] {
        lifecycle["customer_id"] = id;
        let ran = replay(&lines(&[lifecycle.clone()]));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        let (steps, _) = steps(&ran);
        assert_eq!(steps[0]["status"], 200, "{}", ran.out);
        assert_eq!(steps[1]["status"], 503, "{}", ran.out);
    }
    lifecycle.as_object_mut().unwrap().remove("customer_id");
    let ran = replay(&lines(&[lifecycle]));
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("line 1: no `customer_id`"), "{}", ran.err);
}

#[test]
fn a_manual_decision() {
    let mut lifecycle = lifecycle();
    // More is received than is due.
    lifecycle["expected"][0]["amount"] = "0.4".into();
    lifecycle["steps"][1] = json!({"do": "accept", "reference": "order-9001"});
    let ran = replay(&lines(&[lifecycle]));
    let (steps, _) = steps(&ran);
    assert_eq!(steps[0]["payments"]["order-9001"]["held"], "0.012");
    assert_eq!(steps[1]["status"], 200);
    assert_eq!(steps[1]["change"]["order-9001"]["credited"], "0.012");
}

#[test]
fn an_invalid_line_does_not_stop_the_others() {
    let change = |pointer: &str, value: Value| {
        let mut lifecycle = lifecycle();
        *lifecycle.pointer_mut(pointer).unwrap() = value;
        lifecycle.to_string()
    };
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (line, error) in [
        ("{", "column 1: EOF while parsing an object"),
        ("null", "expected the JSON object of a payment lifecycle"),
        (&deep, "recursion limit exceeded"),
        ("\u{1b}[31m", "expected value"),
        (r#"{"steps": []}"#, "missing field `gateway`"),
        (r#"{"gateway": "b2binpay"}"#, "missing field `steps`"),
        (
            &change("/gateway", "paypal".into()),
            "unknown variant `paypal`",
        ),
        (
            &change("/steps/0", json!({})),
            "a step has neither `body` nor `do`",
        ),
        (
            &change("/steps/0", json!({"do": "accept"})),
            "a decision has no `reference`",
        ),
        (
            &change("/steps/0", json!({"do": "accept", "body": ""})),
            "a step has both `body` and `do`",
        ),
        (&change("/keys", json!("secret-7Qm2")), "`keys` is a list"),
        (
            &change("/keys/0/secret", json!("secret-7Qm2 ")),
            "callback secret has leading or trailing whitespace",
        ),
        (
            &change("/keys/0/secret", json!(["secret-7Qm2"])),
            "`keys` is a list",
        ),
        (
            &change("/expected/0/amount", "much".into()),
            "the expected payment `order-9001`: expected a decimal number",
        ),
        (
            &change("/expected/0/kind", "gift".into()),
            "the expected payment `order-9001`: unknown payment kind `gift`",
        ),
    ] {
        let ran = replay(&format!("{line}\r\n\r\n{}", lifecycle()));
        assert_eq!(ran.code, 1, "{line}");
        assert!(ran.err.starts_with("error: `-`, line 1"), "{}", ran.err);
        assert!(ran.err.contains(error), "{}", ran.err);
        assert!(!ran.err.contains("7Qm2"), "{}", ran.err);
        assert!(!ran.err.contains('\u{1b}'), "{}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        let (steps, last) = steps(&ran);
        assert_eq!(steps.len(), 2);
        assert_eq!(last, "1 of 2 lifecycles as expected");
    }
}

/// A lifecycle is expected, and a body is given.
#[test]
fn the_body_of_one_callback_is_recognized() {
    for name in ["b2binpay-deposit-confirmed", "citypay-order-confirmed"] {
        let ran = run(&["replay", &body(name)]);
        assert_eq!(ran.code, 1, "{}", ran.out);
        let hint = "hint: this is the body of one callback: use `payhook verify`\n";
        assert!(ran.err.ends_with(hint), "{}", ran.err);
    }
}

#[test]
fn binary_data_and_an_endless_line() {
    let mut input = b"\xff\xfe{}\n".to_vec();
    input.resize(input.len() + 17 * 1024 * 1024, b'x');
    input.extend(format!("\n\u{feff}\n\n{}", lifecycle()).bytes());
    let ran = run_on(&input, &["replay", "-"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("line 2: longer than 16777216 bytes"),
        "{}",
        ran.err
    );
    assert_eq!(steps(&ran).1, "1 of 4 lifecycles as expected");
}

#[test]
fn files_that_cannot_be_read() {
    let folder = Folder::new("replay");
    let good = folder.file("good", format!("\u{feff}{}", lifecycle()));
    let empty = folder.file("empty", "\n \n");
    let ran = run(&["replay", "no-such-file", &empty, &good]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.err.contains("cannot read `no-such-file`"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("contains no lifecycles"), "{}", ran.err);
    assert_eq!(steps(&ran).1, "1 of 1 lifecycles as expected");
    assert_eq!(run(&["replay"]).code, 2);
    assert_eq!(run(&["replay", "-", "-"]).code, 2);
}

/// The lifecycles of the library's conformance vectors.
#[test]
fn the_vectors_are_as_expected() {
    let vectors = library("tests/vectors/payments.jsonl");
    let lifecycles = std::fs::read_to_string(&vectors).unwrap().lines().count();
    assert!(lifecycles > 0);
    let ran = run(&["replay", &vectors]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(
        steps(&ran).1,
        format!("{lifecycles} of {lifecycles} lifecycles as expected")
    );
}
