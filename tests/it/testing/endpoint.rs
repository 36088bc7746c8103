//! The simulated order endpoint returns the orders that were set, and no others.

use payhook::Fetch;
use payhook::citypay::{Environment, OrderDetails};
use payhook::testing::citypay::{OrderEndpoint, Unreachable, order};

use crate::handler::block_on;

#[test]
fn it_returns_the_orders_that_were_set() {
    let endpoint = OrderEndpoint::new();
    // A token that must be percent-encoded in a URL.
    for token in ["tok-1", "tok/2 ü"] {
        endpoint.tell(token, &order().token(token).answer("5120"));
    }
    let get = |token: &str| {
        let url = Environment::Sandbox.order_url(token).unwrap();
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
    endpoint.unreachable(true);
    assert!(get("tok-1").unwrap_err().is::<Unreachable>());
    assert_eq!(format!("{endpoint:?}"), "OrderEndpoint { orders: 2, .. }");
}
