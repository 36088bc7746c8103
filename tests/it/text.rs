//! Slices of one body.

use std::collections::HashMap;

use payhook::{Text, Unverified, b2binpay::TransferCallback};

use crate::support::body;

#[test]
fn compares_orders_and_hashes_as_a_str() {
    let text = Text::from("order-1");
    assert_eq!(
        (text.as_str(), &*text, text.to_string()),
        ("order-1", "order-1", "order-1".to_owned())
    );
    assert_eq!(text, Text::from("order-1".to_owned()));
    let (a, b) = (Text::from("a"), Text::from("b"));
    assert!(a < b && a != b && a != "b" && a != *"b" && a == *"a");
    assert_eq!(AsRef::<str>::as_ref(&a), "a");
    assert_eq!(format!("{text:?} {text:>9}"), "\"order-1\"   order-1");
    let orders: HashMap<Text, u8> = [(text, 1)].into();
    assert_eq!(orders.get("order-1"), Some(&1));
}

/// Every text points into the one copy that `raw()` shows; an escaped one, which
/// stands nowhere in it, is a copy of its own.
#[test]
fn slices_share_the_body() {
    let bytes = body("b2binpay-deposit-confirmed.json");
    let callback = Unverified::<TransferCallback>::parse(&bytes)
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
    let callback = Unverified::<TransferCallback>::parse(escaped.as_bytes())
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
