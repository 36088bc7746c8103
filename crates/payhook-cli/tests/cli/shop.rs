//! `trigger`, `simulate` and `stress` against the example shop, over loopback.
//!
//! Ignored unless asked for: cargo builds no binary of another package for a test.
//! `.ci/run` builds the shop first and runs them with `--ignored`.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Ran, SECRET, run};

const UNBUILT: &str = "build it first: cargo build --profile test -p shop";

/// `examples/shop` in memory: it listens for the gateways on one port of this machine
/// and for its staff on another, and queries CityPay.io's order endpoint on a third.
fn program(port: u16, staff: u16, endpoint: u16) -> Command {
    let built = Path::new(env!("CARGO_BIN_EXE_payhook")).parent().unwrap();
    let path = built.join("shop");
    assert!(path.exists(), "{UNBUILT}");
    let mut program = Command::new(path);
    program
        .env("LISTEN", format!("127.0.0.1:{port}"))
        .env("STAFF_LISTEN", format!("127.0.0.1:{staff}"))
        .env("CITYPAY_API", format!("http://127.0.0.1:{endpoint}"))
        .env("PAYHOOK_B2BINPAY_CALLBACK_SECRET", SECRET)
        .env("PAYHOOK_B2BINPAY_TRACKING_IDS", "prefixed")
        .env("PAYHOOK_CITYPAY_CUSTOMER_ID", "5120")
        .env("RUST_LOG", "off")
        .env_remove("DATABASE_URL");
    program
}

struct Shop {
    child: Child,
    url: String,
    staff: String,
    endpoint: String,
}

impl Shop {
    fn start() -> Self {
        let [port, staff, endpoint] = [free_port(), free_port(), free_port()];
        let child = program(port, staff, endpoint)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let shop = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
            staff: format!("http://127.0.0.1:{staff}"),
            endpoint: endpoint.to_string(),
        };
        for _ in 0..200 {
            let is_up = |port| TcpStream::connect(("127.0.0.1", port)).is_ok();
            if is_up(port) && is_up(staff) {
                return shop;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("the shop does not start");
    }

    fn open(&self) -> String {
        let json = "content-type: application/json";
        format!(
            r#"curl -sf {}/orders -H '{json}' -d "$PAYHOOK_PAYMENT""#,
            self.staff
        )
    }

    fn check(&self) -> String {
        format!(r#"curl -sf "{}/orders/$PAYHOOK_REFERENCE""#, self.staff)
    }

    fn run(&self, args: &[&str]) -> Ran {
        let (open, check) = (self.open(), self.check());
        let mut all = args.to_vec();
        all.extend(["--open", &open, "--check", &check]);
        run(&all)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}

/// Every scenario ends with the expected state of the shop's ledger.
#[test]
#[ignore = "needs the built example shop: `.ci/run all` builds it and runs this"]
fn simulated_lifecycles_end_in_the_expected_state() {
    let shop = Shop::start();
    let to = format!("{}/callbacks/b2binpay", shop.url);
    let ran = shop.run(&[
        "simulate",
        "b2binpay",
        "all",
        "--to",
        &to,
        "--secret-env",
        "SECRET",
        "--seed",
        "3",
        "--reference",
        "sim",
    ]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(
        ran.out,
        "scenario                    payments   sent  again    200    4xx    5xx   none  given up ledger
deposit.blocked                    1      6      2      6      0      0      0         0  correct
deposit.confirmed                  1      5      2      5      0      0      0         0  correct
deposit.expired                    1      2      1      2      0      0      0         0  correct
deposit.failed                     1      5      1      5      0      0      0         0  correct
deposit.late                       1      4      0      4      0      0      0         0  correct
deposit.overpaid                   1     10      2     10      0      0      0         0  correct
deposit.underpaid                  1      5      0      5      0      0      0         0  correct
payout.blocked                     1      2      1      2      0      0      0         0  correct
payout.confirmed                   1      1      0      1      0      0      0         0  correct
payout.failed                      1      1      0      1      0      0      0         0  correct
payout.rejected                    1      1      0      1      0      0      0         0  correct
"
    );
    let to = format!("{}/callbacks/citypay", shop.url);
    let ran = shop.run(&[
        "simulate",
        "citypay",
        "order.lagging",
        "--to",
        &to,
        "--currency",
        "BTC",
        "--endpoint-port",
        &shop.endpoint,
        "--payments",
        "2",
        "--json",
    ]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let row = &ran.json()["scenarios"][0];
    assert_eq!(row["ledger_correct"], 2, "{row}");
    assert!(
        row["failed"].as_u64() > Some(0),
        "the endpoint never lagged: {row}"
    );
}

#[test]
#[ignore = "needs the built example shop: `.ci/run all` builds it and runs this"]
fn the_shop_passes_the_stress_test() {
    let shop = Shop::start();
    let (b2binpay, citypay) = (
        format!("{}/callbacks/b2binpay", shop.url),
        format!("{}/callbacks/citypay", shop.url),
    );
    let ran = shop.run(&[
        "stress",
        "--to",
        &b2binpay,
        "--citypay",
        &citypay,
        "--endpoint-port",
        &shop.endpoint,
        "--secret-env",
        "SECRET",
    ]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(lines.len(), 59, "{}", ran.out);
    assert!(lines[0].ends_with("sent   200   4xx  else  credited  expected  result"));
    let results = |result: &str| lines.iter().filter(|line| line.ends_with(result)).count();
    // No faults can be injected, it is one process, and it is not restarted.
    assert_eq!(
        (results("  ok"), results("  not tested")),
        (49, 8),
        "{}",
        ran.out
    );
    assert_eq!(
        lines[58],
        "every received payment is credited once or held for manual review, and nothing else is credited"
    );
}

/// A shop that breaks rules is reported with exit status 1: here the state of another
/// shop's ledger is read.
#[test]
#[ignore = "needs the built example shop: `.ci/run all` builds it and runs this"]
fn a_shop_that_breaks_rules_is_detected() {
    let (shop, other) = (Shop::start(), Shop::start());
    let to = format!("{}/callbacks/b2binpay", shop.url);
    let check = other.check();
    let open_both = format!("{} && {}", shop.open(), other.open());
    let args = [
        "--json",
        "stress",
        "--to",
        &to,
        "--secret-env",
        "SECRET",
        "--open",
        &open_both,
        "--check",
        &check,
    ];
    let ran = run(&args);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let output = ran.json();
    assert_eq!(output["ok"], false);
    let violations = output["violations"].as_array().unwrap();
    assert!(
        violations
            .iter()
            .all(|violation| violation["rule"] == "lost"),
        "{output}"
    );
    assert!(violations.len() > 10, "{output}");
}

#[test]
#[ignore = "needs the built example shop: `.ci/run all` builds it and runs this"]
fn triggered_payments_are_credited_once() {
    let shop = Shop::start();
    let to = format!("{}/callbacks/b2binpay", shop.url);
    let opened = Command::new("sh")
        .args(["-c", &shop.open()])
        .env("PAYHOOK_PAYMENT", r#"{"reference": "order-1", "kind": "deposit", "currency": "ETH", "amount": "0.3", "decimals": 18}"#)
        .status();
    assert!(opened.unwrap().success());
    for scenario in [
        "deposit.unconfirmed",
        "deposit.confirmed",
        "deposit.confirmed",
    ] {
        let ran = run(&[
            "trigger",
            "b2binpay",
            scenario,
            "--to",
            &to,
            "--secret-env",
            "SECRET",
            "--reference",
            "order-1",
            "--amount",
            "0.3",
            "--times",
            "2",
        ]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    }
    let state = Command::new("sh")
        .args(["-c", &shop.check()])
        .env("PAYHOOK_REFERENCE", "order-1")
        .output();
    let state: Value = serde_json::from_slice(&state.unwrap().stdout).unwrap();
    assert_eq!(
        (&state["credits"], &state["paid"]),
        (&1.into(), &true.into())
    );
    assert_eq!(state["credited"], "0.300000000000000000");
}
