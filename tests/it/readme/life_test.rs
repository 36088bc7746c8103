use payhook::testing::{Payment, Scenario, Simulator};

#[test]
fn parts_add_up() -> Result<(), Box<dyn std::error::Error>> {
    let key = Key::callback_secret("my test secret")?;
    let receiver = Receiver::b2binpay(Verifier::new(key.clone(), TrackingIds::Prefixed));
    let shop = Shop::default();

    let payment = Payment::new("order-1").amount("0.3").currency("ETH");
    let mut life = Simulator::new(7).key(key).live(Scenario::DepositUnderpaid, &payment);
    while let Some(delivery) = life.next_delivery() {
        let reply = receiver.receive(delivery.body(), None, &shop);
        life.answered(reply.status());
    }
    assert_eq!(*shop.credited.lock().unwrap(), life.ending().credited);
    Ok(())
}
