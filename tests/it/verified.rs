//! The debug output of a callback separates proven from reported values.

use payhook::b2binpay::TrackingIds;

use crate::support::{TIME, parse, signed, verifier, with_transfer};

#[test]
fn labelled() {
    let body = signed(
        with_transfer("deposit", "order-1", "1"),
        &format!("21order-1{TIME}"),
    );
    let unverified = parse(body.to_string().as_bytes());
    assert!(format!("{unverified:?}").starts_with("Unverified(Callback {"));
    let verified = verifier(TrackingIds::Prefixed).verify(unverified).unwrap();
    let shown = format!("{verified:?}");
    let labels = [
        "Verified { proven: ProvenTransfer {",
        "}, evidence: Signature {",
        "}, reported: Callback {",
    ];
    let places = labels.map(|label| shown.find(label));
    assert_eq!(places[0], Some(0));
    assert!(places.is_sorted() && !places.contains(&None), "{shown}");
}
