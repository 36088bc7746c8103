//! The torture finds every mistake in a shop that makes it, and none in a right
//! one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use payhook::b2binpay::{Key, TrackingIds, Verifier};
use payhook::citypay::Account;
use payhook::testing::citypay::OrderEndpoint;
use payhook::testing::torture::{Books, InProcess, Ledger, Payment, Torture};
use payhook::{
    AsyncHandler, Callback, Fact, Handler, HandlerError, Outcome, Proven, Receiver, Verdict,
    Verified,
};

use crate::support::SECRET;

fn key() -> Key {
    Key::callback_secret(SECRET).unwrap()
}

fn verifier() -> Verifier {
    Verifier::new(key(), TrackingIds::Lettered)
}

/// A right shop.
#[derive(Default)]
struct Shop(Mutex<HashMap<String, (Payment, Books)>>);

impl Shop {
    fn book(&self, callback: &Verified<Callback>) -> Result<(), HandlerError> {
        if let Proven::Order(order) = callback.proven()
            && order.is_behind()
        {
            return Err("the order endpoint is behind the callback".into());
        }
        let event = callback.event();
        let mut orders = self.0.lock().unwrap();
        let reference = event.reference().and_then(Fact::proven);
        let Some((payment, books)) = reference.and_then(|it| orders.get_mut(it)) else {
            return Ok(());
        };
        let expected = payment.expected().already_received(books.credited.clone());
        let found = expected.reconcile(callback);
        let is_part = found.outcome().value() == Outcome::Settled;
        match found.verdict() {
            Verdict::Exact => {}
            Verdict::Under { .. } if is_part => {}
            _ => return Ok(()),
        }
        if let Some(total) = found.total().and_then(Fact::proven)
            && *total > books.credited
        {
            *books = Books::new(total.clone(), books.credits + 1, *total >= payment.amount)
                .currency(payment.currency)
                .kind(payment.kind);
        }
        Ok(())
    }
}

impl Ledger for Shop {
    async fn open(&self, payment: &Payment) -> Result<(), HandlerError> {
        let order = (payment.clone(), Books::default());
        let mut orders = self.0.lock().unwrap();
        assert!(orders.insert(payment.reference.clone(), order).is_none());
        Ok(())
    }

    async fn books(&self, reference: &str) -> Result<Books, HandlerError> {
        Ok(self.0.lock().unwrap()[reference].1.clone())
    }
}

impl Handler for Shop {
    type Error = HandlerError;

    fn handle(&self, callback: Verified<Callback>) -> Result<(), HandlerError> {
        self.book(&callback)
    }
}

impl AsyncHandler for Shop {
    type Error = HandlerError;

    async fn handle(&self, callback: Verified<Callback>) -> Result<(), HandlerError> {
        self.book(&callback)
    }
}

#[test]
fn a_right_shop_passes() {
    let endpoint = OrderEndpoint::new();
    let shop = Arc::new(Shop::default());
    let account = Account::new("5120").unwrap();
    let shop = InProcess::new(Arc::clone(&shop), shop)
        .receiver_async(Receiver::b2binpay(verifier()))
        .receiver_async(Receiver::citypay(account, endpoint.clone()));
    let torture = Torture::new(7).b2binpay(key()).citypay("5120", endpoint);
    let report = torture.run_blocking(&shop).unwrap();
    println!("{report}");
    assert!(report.is_clean(), "{report}");
}
