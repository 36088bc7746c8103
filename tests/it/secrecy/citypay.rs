//! CityPay.io: tokens, which decide whose money it is.

use payhook::citypay::{Account, DepositCallback, OrderAnswer, OrderCallback, Posted};
use payhook::{
    Callback, Expected, NoGuard, OrderLookup, Receiver, State, TokenUse, Unverified, Verified,
};

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

impl OrderLookup for Orders {
    type Error = &'static str;

    fn is_issued(&self, token: TokenUse<'_>) -> Result<bool, Self::Error> {
        let (TokenUse::Order(token) | TokenUse::Deposit(token)) = token else {
            return Err("neither");
        };
        Ok(token == TOKEN)
    }

    fn fetch(&self, _: &str) -> Result<Vec<u8>, Self::Error> {
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
        let receiver = Receiver::citypay(account.clone(), Orders(answer.to_owned()));
        look! { sheet, payhook::Receiver<payhook::CityPay<Orders>>: &receiver; }
        let receiver = receiver.guard(NoGuard);
        for body in [&order, &deposit, &order[1..]] {
            for reply in replies(&receiver, body) {
                look! { sheet,
                    payhook::Reply: &reply;
                    payhook::Disposition: reply.disposition();
                }
            }
        }
    }
}

fn orders(sheet: &mut Sheet, order: &str, answer: &str) {
    let account = Account::new("5120").unwrap();
    let unverified = Unverified::<OrderCallback>::parse(order.as_bytes()).unwrap();
    let callback = unverified.unverified();
    let read = OrderAnswer::parse(answer.as_bytes()).unwrap();
    look! { sheet,
        payhook::citypay::Account: &account;
        payhook::citypay::Posted: &Posted::parse(order.as_bytes()).unwrap();
        payhook::Unverified<OrderCallback>: &unverified;
        payhook::Callback: &Callback::Order(callback.clone());
        payhook::citypay::OrderCallback: callback;
        payhook::citypay::Token: callback.order_token.as_ref().unwrap();
        payhook::citypay::OrderAnswer: &read;
        payhook::citypay::OrderTransaction: read.transactions().next().unwrap();
        payhook::citypay::AnswerCurrency: read.currency.as_ref().unwrap();
        payhook::TokenUse<'_>: &TokenUse::Order(TOKEN);
        payhook::TokenUse<'_>: &TokenUse::Deposit(TOKEN);
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
    about(
        sheet,
        &verified.into_callback(),
        &Expected::order(TOKEN, "BTC"),
    );
}

fn deposits(sheet: &mut Sheet, deposit: &str) {
    let account = Account::new("5120").unwrap();
    let unverified = Unverified::<DepositCallback>::parse(deposit.as_bytes()).unwrap();
    let callback = unverified.unverified();
    look! { sheet,
        payhook::citypay::Posted: &Posted::parse(deposit.as_bytes()).unwrap();
        payhook::Unverified<DepositCallback>: &unverified;
        payhook::Callback: &Callback::Deposit(callback.clone());
        payhook::citypay::DepositCallback: callback;
    }
    let verified = account.prove_deposit_by_record(unverified, TOKEN).unwrap();
    look! { sheet,
        payhook::Verified<DepositCallback>: &verified;
        payhook::citypay::ProvenDeposit: verified.proven();
    }
    about(
        sheet,
        &verified.into_callback(),
        &Expected::customer_deposit(TOKEN, "BTC"),
    );
}

/// All that is made of a proven callback.
fn about(sheet: &mut Sheet, callback: &Verified<Callback>, expected: &Expected) {
    let keys = callback.idempotency_keys(TOKEN);
    let found = expected.reconcile(callback);
    look! { sheet,
        payhook::Verified<Callback>: callback;
        payhook::VerifiedCallback: &callback.clone().into_kind();
        payhook::Proven: callback.proven();
        payhook::Event<'_>: &callback.event();
        payhook::Evidence: callback.evidence();
        payhook::IdempotencyKeys: &keys;
        payhook::Expected: expected;
        payhook::Reconciliation: &found;
        payhook::Verdict: found.verdict();
    }
    if let Some(state) = State::of(callback) {
        look! { sheet, payhook::State: &state; }
    }
}
