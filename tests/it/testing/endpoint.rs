//! The stand-in for the order endpoint knows what it was told, and nothing else.

use payhook::citypay::Environment;
use payhook::testing::citypay::{OrderEndpoint, order};
use payhook::{AsyncOrderLookup, Fetch, OrderLookup, TokenUse};

#[test]
fn what_was_told_counts_as_issued() {
    let endpoint = OrderEndpoint::new();
    endpoint.tell("tok-1", &order().token("tok-1").answer("5120"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for (token, is_known) in [("tok-1", true), ("tok-2", false)] {
        for token in [TokenUse::Order(token), TokenUse::Deposit(token)] {
            assert_eq!(OrderLookup::is_issued(&endpoint, token), Ok(is_known));
            let asked = AsyncOrderLookup::is_issued(&endpoint, token);
            assert_eq!(runtime.block_on(asked), Ok(is_known));
        }
    }
    assert_eq!(format!("{endpoint:?}"), "OrderEndpoint { orders: 1, .. }");
}

#[test]
fn the_address_names_the_token() {
    let endpoint = OrderEndpoint::new();
    let answer = order().token("a/b ü").answer("5120");
    endpoint.tell("a/b ü", &answer);
    let url = Environment::Production.order_url("a/b ü").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let got = runtime.block_on(endpoint.get(&url)).unwrap();
    assert_eq!(got, answer.as_bytes());
    endpoint.unreachable(true);
    let error = runtime.block_on(endpoint.get(&url)).unwrap_err();
    assert_eq!(error.to_string(), "the order endpoint can't be reached");
}
