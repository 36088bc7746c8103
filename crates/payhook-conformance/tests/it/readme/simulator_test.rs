use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
use payhook::payment::Expected;
use payhook::{Endpoint, MemoryLedger};
use payhook_conformance::simulator::{Payment, Scenario, Simulator};

#[test]
fn parts_add_up() -> Result<(), Box<dyn std::error::Error>> {
    let key = Key::callback_secret("my test secret")?;
    let ledger = MemoryLedger::new();
    ledger.expect(Expected::deposit("order-1", "ETH", "0.3".parse()?)?);
    let gateway = Gateway::new(Verifier::new(key.clone(), TrackingIds::Prefixed));
    let endpoint = Endpoint::new(gateway, ledger.clone());

    let payment = Payment::new("order-1").amount("0.3").currency("ETH");
    let mut timeline = Simulator::new(7).key(key).start(Scenario::DepositUnderpaid, &payment);
    while let Some(delivery) = timeline.next_delivery() {
        let reply = endpoint.receive_blocking(delivery.body(), None);
        timeline.answered(reply.status());
    }
    let paid = ledger.payment("order-1").ok_or("not expected")?;
    assert_eq!(paid.credited(), timeline.final_state().credited);
    Ok(())
}
