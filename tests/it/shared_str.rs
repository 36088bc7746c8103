//! Slices of one body.

use payhook::{Unverified, b2binpay::Callback};

use crate::support::body;

/// Every text points into the one copy that `raw()` shows; an escaped one, which
/// does not occur in it, is a separate copy.
#[test]
fn slices_share_the_body() {
    let bytes = body("b2binpay-deposit-confirmed.json");
    let callback = Unverified::<Callback>::parse(&bytes)
        .unwrap()
        .into_unverified();
    let inside = |text: &str| {
        let range = callback.raw().as_ptr_range();
        range.contains(&text.as_ptr())
    };
    assert!(inside(callback.tracking_id()) && inside(callback.id()));
    assert!(inside(callback.transfer().unwrap().amount().as_str()));

    let escaped = String::from_utf8(bytes)
        .unwrap()
        .replace("order-9001", "order\\u002d9001");
    let callback = Unverified::<Callback>::parse(escaped.as_bytes())
        .unwrap()
        .into_unverified();
    assert_eq!(callback.tracking_id(), "order-9001");
    assert!(
        !callback
            .raw()
            .as_ptr_range()
            .contains(&callback.tracking_id().as_ptr())
    );
}
