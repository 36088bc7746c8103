//! CityPay.io: tokens, which decide whose money it is.

use payhook::citypay::{self, Account, DepositCallback, Gateway, OrderCallback, OrderDetails};
use payhook::{BoxError, Callback, Fetch, Unverified};

use super::*;
use crate::support::body;

/// One of the example's bodies about the marked token.
fn marked(file: &str) -> String {
    let text = String::from_utf8(body(file)).unwrap();
    assert!(text.contains("tok_4f9c1b7e") || text.contains("dep_user_42"));
    text.replace("tok_4f9c1b7e", TOKEN)
        .replace("dep_user_42", TOKEN)
}

/// Answers with these bytes.
#[derive(Clone)]
struct Orders(String);

impl Fetch for Orders {
    async fn get(&self, _: &str) -> Result<Vec<u8>, BoxError> {
        Ok(self.0.clone().into_bytes())
    }
}

impl std::fmt::Debug for Orders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Orders")
    }
}

pub(super) fn drive(sheet: &mut Sheet) {
    let order = marked("citypay-order-confirmed.json");
    let answer = marked("citypay-order-confirmed.answer.json");
    let deposit = marked("citypay-deposit-confirmed.json");
    orders(sheet, &order, &answer);
    deposits(sheet, &deposit);
    let account = Account::new("5120").unwrap();
    let refused = answer.replace("5120", "5121");
    let broken = answer.replace("CONFIRMED", TOKEN);
    for answer in [&answer, &refused, &broken, &order, &answer[1..]] {
        let gateway = || Gateway::new(account.clone(), Orders(answer.to_owned()));
        for body in [&order, &deposit, &order[1..]] {
            for reply in replies(gateway, body) {
                look! { sheet,
                    payhook::Reply: &reply;
                    payhook::Disposition: reply.disposition();
                    payhook::endpoint::Receipt: reply.receipt().unwrap();
                }
            }
        }
    }
}

fn orders(sheet: &mut Sheet, order: &str, answer: &str) {
    let account = Account::new("5120").unwrap();
    let unverified = Unverified::<OrderCallback>::parse(order.as_bytes()).unwrap();
    let callback = unverified.unverified();
    let read = OrderDetails::parse(answer.as_bytes()).unwrap();
    look! { sheet,
        payhook::citypay::Account: &account;
        payhook::citypay::Callback: &citypay::Callback::parse(order.as_bytes()).unwrap();
        payhook::Unverified<OrderCallback>: &unverified;
        payhook::citypay::OrderCallback: callback;
        payhook::citypay::Token: &callback.order_token().unwrap();
        payhook::citypay::OrderDetails: &read;
        payhook::citypay::OrderTransaction: &read.transactions().next().unwrap();
        payhook::citypay::FiatCurrency: &read.currency().unwrap();
    }
    let other = answer.replace(TOKEN, "tok_other");
    for (issued, answer) in [
        (TOKEN, &*other),
        ("tok_other", answer),
        (TOKEN, order),
        (TOKEN, ""),
    ] {
        let error = account.prove_order(unverified.clone(), issued, answer.as_bytes());
        look! { sheet, payhook::VerifyError: &error.unwrap_err(); }
    }
    let verified = account
        .prove_order(unverified, TOKEN, answer.as_bytes())
        .unwrap();
    look! { sheet,
        payhook::Verified<OrderCallback>: &verified;
        payhook::citypay::ProvenOrder: verified.proven();
    }
    about(sheet, &verified.into());
}

fn deposits(sheet: &mut Sheet, deposit: &str) {
    let account = Account::new("5120").unwrap();
    let unverified = Unverified::<DepositCallback>::parse(deposit.as_bytes()).unwrap();
    let callback = unverified.unverified();
    look! { sheet,
        payhook::citypay::Callback: &citypay::Callback::parse(deposit.as_bytes()).unwrap();
        payhook::Unverified<DepositCallback>: &unverified;
        payhook::citypay::DepositCallback: callback;
    }
    let verified = account.prove_deposit_by_record(unverified, TOKEN).unwrap();
    look! { sheet,
        payhook::Verified<DepositCallback>: &verified;
        payhook::citypay::ProvenDeposit: verified.proven();
    }
    about(sheet, &verified.into());
}

/// Every value that is made from a verified callback.
fn about(sheet: &mut Sheet, callback: &Callback) {
    look! { sheet,
        payhook::Callback: callback;
        payhook::Event<'_>: &callback.event();
        payhook::Evidence: callback.event().evidence();
        payhook::idempotency::IdempotencyKeys: &callback.idempotency_keys(TOKEN);
    }
}
