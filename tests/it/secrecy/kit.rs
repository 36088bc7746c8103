//! The test kit: it signs with the merchant's key, and posts under real tokens.

use std::panic::catch_unwind;

use payhook::b2binpay::{Callback, Key};
use payhook::testing::Json;
use payhook::testing::b2binpay::{CurrencyBuilder, Included, deposit, payout, resign, transfer};
use payhook::testing::citypay::{self, OrderEndpoint};

use super::*;
use crate::support::mac;

fn keys() -> [Key; 2] {
    [
        Key::callback_secret(SECRET).unwrap(),
        Key::v2_credentials(LOGIN, PASSWORD).unwrap(),
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
    let body = signed.sign_message(&keys()[0], &text);
    sheet.mark(&mac(SECRET.as_bytes(), text.as_bytes()));
    look! { sheet,
        payhook::testing::Body<Callback>: &body;
        payhook::testing::Json: &Json::parse(str::from_utf8(&body).unwrap()).unwrap();
        payhook::testing::b2binpay::CallbackBuilder: &signed;
    }
    for key in &keys() {
        builders(sheet, key);
    }
}

fn builders(sheet: &mut Sheet, key: &Key) {
    let broken = resign(SECRET.as_bytes(), key).unwrap_err();
    let nowhere = payout()
        .set("data.nowhere.at.all", PASSWORD)
        .try_sign(key)
        .unwrap_err();
    let unreadable = payout().set("data.type", SECRET).try_sign(key).unwrap_err();
    let extra = Included::Transfer(transfer());
    look! { sheet,
        payhook::testing::BuildError: &broken;
        payhook::testing::BuildError: &nowhere;
        payhook::testing::BuildError: &unreadable;
        payhook::testing::b2binpay::CallbackBuilder: &payout().include(extra.clone());
        payhook::testing::b2binpay::CurrencyBuilder: &CurrencyBuilder::new("ETH");
        payhook::testing::b2binpay::Included: &extra;
        payhook::testing::b2binpay::TransferBuilder: &transfer();
    }
    let panic = catch_unwind(|| payout().set("data.type", SECRET).sign(key)).unwrap_err();
    let panic = panic.downcast_ref::<String>().unwrap();
    sheet.look("payhook::testing::BuildError", Way::Shown, panic);

    let order = citypay::order().token(TOKEN).confirmed();
    let endpoint = OrderEndpoint::new();
    endpoint.set_answer(TOKEN, &order.answer("5120"));
    look! { sheet,
        payhook::testing::Body<payhook::citypay::OrderCallback>: &order.callback();
        payhook::testing::Body<payhook::citypay::OrderDetails>: &order.answer("5120");
        payhook::testing::citypay::OrderBuilder: &order;
        payhook::testing::citypay::DepositBuilder: &citypay::deposit().token(TOKEN);
        payhook::testing::citypay::OrderEndpoint: &endpoint;
    }
    endpoint.set_unreachable(true);
    assert_eq!(endpoint.answer(TOKEN), None);
}
