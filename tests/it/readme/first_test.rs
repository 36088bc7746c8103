use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
use payhook::payment::Expected;
use payhook::testing::b2binpay::deposit;
use payhook::{Endpoint, MemoryLedger};

#[test]
fn a_deposit_is_credited_once() -> Result<(), Box<dyn std::error::Error>> {
    let key = Key::callback_secret("my test secret")?;
    let ledger = MemoryLedger::new();
    ledger.expect(Expected::deposit("order-1", "ETH", "0.3".parse()?)?);
    let gateway = Gateway::new(Verifier::new(key.clone(), TrackingIds::Prefixed));
    let endpoint = Endpoint::new(gateway, ledger);

    // As the gateway would send it: pending, confirmed, and a duplicate.
    let payment = deposit().tracking_id("order-1").amount("0.3").currency("ETH");
    let on_its_way = payment.clone().unconfirmed(1).sign(&key);
    let confirmed = payment.confirmed().sign(&key);
    let mut credits = Vec::new();
    for body in [&on_its_way, &confirmed, &confirmed] {
        let reply = endpoint.receive_blocking(body, None);
        assert_eq!(reply.status(), 200);
        credits.extend(reply.change().and_then(|change| change.credited()).cloned());
    }
    assert_eq!(credits, ["0.3".parse()?]);

    // A body that is changed after signing is refused.
    let forged = confirmed.set("included[1].attributes.amount", "300");
    assert_eq!(endpoint.receive_blocking(&forged, None).status(), 401);
    Ok(())
}
