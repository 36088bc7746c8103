//! The test kit: it signs with the merchant's key, and posts under real tokens.

use std::panic::catch_unwind;
use std::sync::Mutex;
use std::time::Duration;

use payhook::b2binpay::{Key, TrackingIds, TransferCallback, Verifier};
use payhook::testing::b2binpay::{Currency, Included, deposit, payout, sign_again, transfer};
use payhook::testing::citypay::{self, OrderEndpoint};
use payhook::testing::torture::{self, Books, InProcess, Ledger, Torture};
use payhook::testing::{BuildError, GuardConformance, Json, Payment, Scenario, Simulator};
use payhook::{
    Callback, HandlerError, MemoryGuard, OrderLookup, Receiver, TokenUse, Verified, handler_fn,
};

use serde_json::Value;

use super::*;
use crate::support::mac;

fn keys() -> [Key; 2] {
    [
        Key::callback_secret(SECRET).unwrap(),
        Key::login_password(LOGIN, PASSWORD).unwrap(),
    ]
}

pub(super) fn drive(sheet: &mut Sheet) {
    let signed = deposit()
        .tracking_id("order-1")
        .at(chrono::DateTime::UNIX_EPOCH);
    let text = format!(
        "{}order-1{}",
        "20.412000000000000000", "1970-01-01T00:00:00.000000Z"
    );
    let body = signed.sign_text(&keys()[0], &text);
    sheet.mark(&mac(SECRET.as_bytes(), text.as_bytes()));
    look! { sheet,
        payhook::testing::Body<TransferCallback>: &body;
        payhook::testing::Json: &Json::parse(str::from_utf8(&body).unwrap()).unwrap();
        payhook::testing::b2binpay::CallbackBuilder: &signed;
    }
    for key in &keys() {
        builders(sheet, key);
        simulated(sheet, key);
        tortured(sheet, key);
    }
}

fn builders(sheet: &mut Sheet, key: &Key) {
    let broken = sign_again(SECRET.as_bytes(), key).unwrap_err();
    let nowhere = payout()
        .set("data.nowhere.at.all", PASSWORD)
        .try_sign(key)
        .unwrap_err();
    let BuildError::Path(path) = &nowhere else {
        panic!("{nowhere}");
    };
    let unreadable = payout().set("data.type", SECRET).try_sign(key).unwrap_err();
    let extra = Included::Transfer(transfer());
    look! { sheet,
        payhook::testing::BuildError: &broken;
        payhook::testing::BuildError: &nowhere;
        payhook::testing::BuildError: &unreadable;
        payhook::testing::PathError: path;
        payhook::testing::b2binpay::CallbackBuilder: &payout().include(extra.clone());
        payhook::testing::b2binpay::Currency: &Currency::new("ETH");
        payhook::testing::b2binpay::Included: &extra;
        payhook::testing::b2binpay::TransferBuilder: &transfer();
    }
    let panic = catch_unwind(|| payout().set("data.type", SECRET).sign(key)).unwrap_err();
    let panic = panic.downcast_ref::<String>().unwrap();
    sheet.look("payhook::testing::BuildError", Way::Shown, panic);

    let order = citypay::order().token(TOKEN).confirmed();
    let endpoint = OrderEndpoint::new();
    endpoint.tell(TOKEN, &order.answer("5120"));
    look! { sheet,
        payhook::testing::Body<payhook::citypay::OrderCallback>: &order.callback();
        payhook::testing::Body<payhook::citypay::OrderAnswer>: &order.answer("5120");
        payhook::testing::citypay::OrderBuilder: &order;
        payhook::testing::citypay::DepositBuilder: &citypay::deposit().token(TOKEN);
        payhook::testing::citypay::OrderEndpoint: &endpoint;
    }
    endpoint.unreachable(true);
    let error = OrderLookup::is_issued(&endpoint, TokenUse::Order(TOKEN))
        .and_then(|_| OrderLookup::fetch(&endpoint, TOKEN));
    look! { sheet, payhook::testing::citypay::Unreachable: &error.unwrap_err(); }
}

fn simulated(sheet: &mut Sheet, key: &Key) {
    let endpoint = OrderEndpoint::new();
    let simulator = Simulator::new(1).key(key.clone()).citypay("5120", endpoint);
    look! { sheet, payhook::testing::Simulator: &simulator; }
    for scenario in Scenario::ALL {
        let payment = Payment::new(TOKEN);
        let mut life = simulator.live(*scenario, &payment);
        let delivery = life.next_delivery().unwrap();
        let body: Value = serde_json::from_slice(delivery.body()).unwrap();
        if let Some(digits) = body["meta"]["sign"].as_str() {
            let mut mac = [0; 32];
            base16ct::lower::decode(digits, &mut mac).unwrap();
            sheet.mark(&mac);
        }
        look! { sheet,
            payhook::testing::Delivery: &delivery;
            payhook::testing::Life: &life;
        }
        let error = Simulator::new(1).try_live(*scenario, &payment).unwrap_err();
        look! { sheet, payhook::testing::SimulationError: &error; }
    }
    look! { sheet, payhook::testing::Payment: &Payment::new(TOKEN); }
}

/// Credits everything, whatever comes.
#[derive(Default)]
struct Wrong(Mutex<Vec<torture::Payment>>);

impl Ledger for Wrong {
    async fn open(&self, payment: &torture::Payment) -> Result<(), HandlerError> {
        self.0.lock().unwrap().push(payment.clone());
        Ok(())
    }

    async fn books(&self, _: &str) -> Result<Books, HandlerError> {
        Ok(Books::new("1".parse().unwrap(), 7, true))
    }
}

fn tortured(sheet: &mut Sheet, key: &Key) {
    let handler = handler_fn(|_: Verified<Callback>| Ok::<(), HandlerError>(()));
    let verifier = Verifier::new(key.clone(), TrackingIds::Prefixed);
    let ledger = Wrong::default();
    let shop = InProcess::new(handler, &ledger).receiver(Receiver::b2binpay(verifier));
    let torture = Torture::new(7)
        .b2binpay(key.clone())
        .references(|number| format!("{TOKEN}{number}"));
    let report = torture.run_blocking(&shop).unwrap();
    let torture = torture.citypay("5120", OrderEndpoint::new());
    let guards = GuardConformance::new([MemoryGuard::new()], Duration::from_secs(1));
    let shown = format!("{shop:?}{shop:#?}");
    sheet.look("payhook::testing::torture::InProcess", Way::Shown, &shown);
    look! { sheet,
        payhook::testing::torture::Torture: &torture;
        payhook::testing::GuardConformance<MemoryGuard>: &guards;
        payhook::testing::torture::Payment: &ledger.0.lock().unwrap()[0];
        payhook::testing::torture::Report: &report;
        payhook::testing::torture::Row: &report.rows[0];
        payhook::testing::torture::Broken: report.broken().next().unwrap();
    }
}
