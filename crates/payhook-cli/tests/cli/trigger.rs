//! `trigger`: the ids of the payments that it posts.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::run;

fn printed(gateway: &str, scenario: &str, more: &[&str]) -> Value {
    let args = ["trigger", gateway, scenario, "--print", "--secret-env"];
    let ran = run(&[&args[..], &["SECRET"], more].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.json()
}

/// The ids of the operation and of the transfer, and the transaction hash.
fn transfer(scenario: &str, more: &[&str]) -> [String; 3] {
    let body = printed("b2binpay", scenario, more);
    let transfer = &body["included"][1];
    assert_eq!(
        transfer["id"],
        body["data"]["relationships"]["transfer"]["data"]["id"]
    );
    [
        &body["data"]["id"],
        &transfer["id"],
        &transfer["attributes"]["txid"],
    ]
    .map(|id| id.as_str().unwrap_or_default().to_owned())
}

#[test]
fn each_reference_has_a_transfer_of_its_own() {
    let one = transfer("deposit.confirmed", &["--reference", "order-1"]);
    let others = [
        transfer("deposit.confirmed", &[]),
        transfer("deposit.confirmed", &["--reference", "order-2"]),
        transfer("payout.confirmed", &["--reference", "order-1"]),
        transfer("payout.confirmed", &[]),
    ];
    for index in 0..3 {
        let ids: BTreeSet<_> = others.iter().chain([&one]).map(|it| &it[index]).collect();
        assert_eq!(ids.len(), 5, "{ids:?}");
    }
    // None is an id of the example bodies.
    let all = others.iter().chain([&one]).flatten();
    assert!(
        all.clone().all(|id| !id.contains("ab12ab") && id.len() > 9),
        "{others:?}"
    );
    let [_, id, hash] = &one;
    assert!(id.len() == 10 && id.parse::<u64>().is_ok(), "{id}");
    assert!(hash.len() == 66 && hash.starts_with("0x"), "{hash}");

    // The same payment later, with another amount, and by default.
    for scenario in [
        "deposit.unconfirmed",
        "deposit.confirmed",
        "deposit.failed",
        "deposit.blocked",
        "deposit.canceled",
    ] {
        let again = transfer(scenario, &["--reference", "order-1", "--amount", "7"]);
        assert_eq!(again, one, "{scenario}");
    }
    let example = transfer("deposit.confirmed", &["--reference", "order-9001"]);
    assert_eq!(example, others[0]);

    // A hash is known as soon as the transfer is in the blockchain.
    let created = transfer("deposit.created", &["--reference", "order-1"]);
    assert_eq!(created[1], one[1]);
    assert_eq!(created[2], "");
    let expired = printed(
        "b2binpay",
        "deposit.no_transfer",
        &["--reference", "order-1"],
    );
    assert_eq!(expired["data"]["id"], one[0].as_str());
    assert_eq!(expired["included"].as_array().unwrap().len(), 1);
}

/// A second part of the same payment.
#[test]
fn a_given_transfer_id_has_a_hash_of_its_own() {
    let one = transfer("deposit.confirmed", &["--reference", "order-1"]);
    let args = ["--reference", "order-1", "--transfer-id", "8"];
    let other = transfer("deposit.confirmed", &args);
    assert_eq!((&other[0], other[1].as_str()), (&one[0], "8"));
    assert_ne!(other[2], one[2]);
    assert_eq!(transfer("deposit.confirmed", &args), other);

    let deposit = |more: &[&str]| printed("citypay", "customer-deposit.confirmed", more);
    let [one, other] = [&[][..], &["--transfer-id", "8"]].map(deposit);
    assert_eq!(one["deposit_token"], other["deposit_token"]);
    assert_ne!(one["transaction_id"], other["transaction_id"]);
}

#[test]
fn each_token_has_a_transaction_of_its_own() {
    for (scenario, has_transaction) in [
        ("order.paid_unconfirmed", true),
        ("order.confirmed", true),
        ("order.underpaid", true),
        ("order.overpaid", true),
        ("customer-deposit.pending", true),
        ("customer-deposit.confirmed", true),
        ("order.created", false),
        ("order.canceled", false),
    ] {
        let id = |token| {
            let body = printed("citypay", scenario, &["--token", token]);
            body["transaction_id"].as_str().map(str::to_owned)
        };
        assert_eq!(id("one"), id("one"), "{scenario}");
        assert_eq!(id("one") != id("other"), has_transaction, "{scenario}");
        assert_eq!(id("one").is_some(), has_transaction, "{scenario}");
    }
    let order =
        |token| printed("citypay", "order.created", &["--token", token])["order_id"].clone();
    assert!(order("one").is_u64());
    assert_ne!(order("one"), order("other"));
}

/// As the usage says: posted or printed, with no other option required.
#[test]
fn a_body_is_posted_or_printed() {
    let trigger = ["trigger", "citypay", "order.confirmed"];
    let usage = "Usage: payhook trigger <--to <URL>|--print> <GATEWAY> <SCENARIO>";
    let to = ["--to", "http://127.0.0.1:9/"];
    for more in [&[][..], &[&to[..], &["--print"]].concat()] {
        let ran = run(&[&trigger[..], more].concat());
        assert_eq!(ran.code, 2, "{more:?}: {}", ran.out);
        assert!(ran.err.contains(usage), "{}", ran.err);
    }
    let help = run(&["trigger", "--help"]).out;
    let usage = "Usage: payhook trigger [OPTIONS] <--to <URL>|--print> <GATEWAY> [SCENARIO]";
    assert!(help.contains(usage), "{help}");
    let print = ["--print", "--timeout", "3", "--remote", "--times", "2"];
    for more in [&["--print"][..], &print] {
        let ran = run(&[&trigger[..], more].concat());
        assert_eq!(ran.code, 0, "{more:?}: {}", ran.err);
        assert_eq!(ran.json()["order_token"], "tok_4f9c1b7e");
    }
}
