use std::sync::Mutex;

use payhook::b2binpay::{Key, TrackingIds, Verifier};
use payhook::testing::b2binpay::deposit;
use payhook::{Amount, Callback, Expected, Fact, Handler, HandlerError, Receiver, Verdict, Verified};

/// Your own code; here a shop that waits for 0.3 ETH under `order-1`.
#[derive(Default)]
struct Shop {
    credited: Mutex<Amount>,
}

impl Handler for Shop {
    type Error = HandlerError;

    fn handle(&self, callback: Verified<Callback>) -> Result<(), HandlerError> {
        let mut credited = self.credited.lock().unwrap();
        let expected = Expected::deposit("order-1", "ETH")
            .amount("0.3".parse()?)
            .scale(18)
            .already_received(credited.clone());
        let found = expected.reconcile(&callback);
        if let Verdict::Exact | Verdict::Under { .. } = found.verdict()
            && let Some(total) = found.total().and_then(Fact::proven)
        {
            *credited = total.clone(); // with what came before: set it, don't add it
        }
        Ok(())
    }
}

#[test]
fn a_deposit_is_credited_once() -> Result<(), Box<dyn std::error::Error>> {
    let key = Key::callback_secret("my test secret")?;
    let receiver = Receiver::b2binpay(Verifier::new(key.clone(), TrackingIds::Prefixed));
    let shop = Shop::default();
    let payment = deposit().tracking_id("order-1").amount("0.3").currency("ETH");

    // As the gateway would send it: on its way, then confirmed, and that again.
    let on_its_way = payment.clone().unconfirmed(1).sign(&key);
    let confirmed = payment.confirmed().sign(&key);
    for body in [&on_its_way, &confirmed, &confirmed] {
        assert_eq!(receiver.receive(body, None, &shop).status(), 200);
    }
    assert_eq!(*shop.credited.lock().unwrap(), "0.3".parse()?);

    // What is changed after it was signed is refused.
    let forged = confirmed.set("included[1].attributes.amount", "300");
    assert_eq!(receiver.receive(&forged, None, &shop).status(), 401);
    Ok(())
}
