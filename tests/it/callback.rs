//! [`Callback`] returns the values of the kind that it contains.

use payhook::b2binpay::TrackingIds;
use payhook::citypay::{Account, DepositCallback, OrderCallback};
use payhook::{Callback, Unverified};
use serde_json::json;

use crate::support::{TIME, signed, verify, with_transfer};

#[test]
fn bytes_and_anomalies() {
    let account = Account::new("5120").unwrap();
    let order = json!({"type": "order", "order_token": "t", "created_at": "?"}).to_string();
    let order = Unverified::<OrderCallback>::parse(order.as_bytes()).unwrap();
    let deposit = json!({"type": "deposit", "deposit_token": "t", "created_at": "?"}).to_string();
    let deposit = Unverified::<DepositCallback>::parse(deposit.as_bytes()).unwrap();
    let mut transfer = with_transfer("deposit", "order-1", "1");
    transfer["included"][1]["attributes"]["risk"] = json!(-1);
    let transfer = signed(transfer, &format!("21order-1{TIME}"));

    let values = |callback: &Callback| {
        let warnings = callback.warnings().into_iter();
        let paths = warnings.map(|warning| warning.path().to_owned());
        (callback.raw().to_vec(), paths.collect::<Vec<_>>())
    };
    let expected = |raw: &[u8], path: &str| (raw.to_vec(), vec![path.to_owned()]);
    let raw = order.unverified().raw().to_vec();
    let order = account.prove_order_by_record(order, "t").unwrap();
    assert_eq!(values(&order.into()), expected(&raw, "created_at"));
    let raw = deposit.unverified().raw().to_vec();
    let deposit = account.prove_deposit_by_record(deposit, "t").unwrap();
    assert_eq!(values(&deposit.into()), expected(&raw, "created_at"));
    let callback = verify(&transfer, TrackingIds::Prefixed).unwrap();
    assert_eq!(
        values(&callback.into()),
        expected(
            transfer.to_string().as_bytes(),
            "included[1].attributes.risk"
        )
    );
}
