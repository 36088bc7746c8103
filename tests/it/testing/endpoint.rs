//! The simulated order endpoint returns the orders that were set, and no others.

use payhook::Fetch;
use payhook::citypay::{Account, OrderDetails};
use payhook::testing::citypay::{OrderEndpoint, order};

use crate::handler::block_on;

#[test]
fn it_returns_the_orders_that_were_set() {
    let endpoint = OrderEndpoint::new();
    // A token that must be percent-encoded in a URL.
    for token in ["tok-1", "tok/2 ü"] {
        endpoint.set_answer(token, &order().token(token).answer("5120"));
    }
    let get = |token: &str| {
        let account = Account::new("5120").unwrap().sandbox();
        let url = account.order_url(token).unwrap();
        block_on(endpoint.get(&url))
    };
    for token in ["tok-1", "tok/2 ü"] {
        let answer = OrderDetails::parse(&get(token).unwrap()).unwrap();
        assert_eq!(answer.token().as_str(), token);
    }
    let unknown = OrderDetails::parse(&get("tok-3").unwrap()).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "gateway returned an error for the lookup (404)"
    );
    endpoint.set_unreachable(true);
    let error = get("tok-1").unwrap_err();
    assert_eq!(error.to_string(), "order endpoint is unreachable");
    assert_eq!(format!("{endpoint:?}"), "OrderEndpoint { orders: 2, .. }");
}
