//! Shops with several mistakes, or with a mistake before the ledger is used.

use std::collections::HashMap;
use std::sync::Mutex;

use payhook::payment::ExpectedKind;
use payhook::testing::b2binpay::resign;
use payhook::testing::citypay::OrderEndpoint;
use payhook::{Amount, BoxError};
use payhook_conformance::Gateway;
use payhook_conformance::stress::{
    InjectedFault, LedgerAccess, LedgerState, Rule, Target, TestPayment,
};
use serde_json::Value;

use super::{Correct, b2binpay, both, correct, gateway, key, rules, untested, violated_tests};

/// Everything is correct, except that the signature is not verified.
struct Unsigned(Correct);

impl LedgerAccess for Unsigned {
    async fn register(&self, payment: &TestPayment) -> Result<(), BoxError> {
        self.0.register(payment).await
    }

    async fn ledger_state(&self, reference: &str) -> Result<LedgerState, BoxError> {
        self.0.ledger_state(reference).await
    }
}

impl Target for Unsigned {
    async fn post(&self, gateway: Gateway, replica: usize, body: &[u8]) -> Result<u16, BoxError> {
        match resign(body, &key()) {
            Ok(signed) => self.0.post(gateway, replica, &signed).await,
            Err(_) => self.0.post(gateway, replica, body).await,
        }
    }
}

#[test]
fn without_a_signature_it_credits_unproven() {
    let shop = Unsigned(correct().b2binpay(gateway()));
    let report = b2binpay().run_blocking(&shop).unwrap();
    assert_eq!(rules(&report), [Rule::CreditedUnproven].into(), "{report}");
    let expected = [
        "signed fields changed",
        "invalid signatures",
        "transfers pasted in",
    ];
    assert_eq!(violated_tests(&report), expected, "{report}");
    let expected = [
        "again after a restart",
        "again at every replica",
        "the server fails twice",
        "a slow server, retried",
    ];
    assert_eq!(untested(&report), expected);
}

/// It answers 200 in any case.
struct AlwaysOk<S>(S);

impl<S: Target> LedgerAccess for AlwaysOk<S> {
    async fn register(&self, payment: &TestPayment) -> Result<(), BoxError> {
        self.0.register(payment).await
    }

    async fn ledger_state(&self, reference: &str) -> Result<LedgerState, BoxError> {
        self.0.ledger_state(reference).await
    }
}

impl<S: Target> Target for AlwaysOk<S> {
    async fn post(&self, gateway: Gateway, replica: usize, body: &[u8]) -> Result<u16, BoxError> {
        self.0.post(gateway, replica, body).await?;
        Ok(200)
    }

    async fn inject(&self, fault: InjectedFault) -> bool {
        self.0.inject(fault).await
    }
}

#[test]
fn with_200_for_everything_it_loses() {
    let (shop, suite) = both(7);
    let report = suite.run_blocking(&AlwaysOk(shop)).unwrap();
    assert_eq!(rules(&report), [Rule::Lost].into(), "{report}");
    let expected = [
        "the server fails twice",
        "the endpoint lags, then catches up",
        "the endpoint fails, then answers",
        "the server fails twice",
    ];
    assert_eq!(violated_tests(&report), expected);
}

/// It considers every transfer to be in the expected currency.
struct AnyCurrency {
    shop: Correct,
    expected: Mutex<HashMap<String, &'static str>>,
}

impl LedgerAccess for AnyCurrency {
    async fn register(&self, payment: &TestPayment) -> Result<(), BoxError> {
        {
            let mut expected = self.expected.lock().unwrap();
            expected.insert(payment.reference.clone(), payment.currency);
        }
        self.shop.register(payment).await
    }

    async fn ledger_state(&self, reference: &str) -> Result<LedgerState, BoxError> {
        self.shop.ledger_state(reference).await
    }
}

impl Target for AnyCurrency {
    async fn post(&self, gateway: Gateway, replica: usize, body: &[u8]) -> Result<u16, BoxError> {
        let mut body: Value = serde_json::from_slice(body)?;
        let reference = body["data"]["attributes"]["tracking_id"].as_str();
        let expected = reference.and_then(|reference| {
            let expected = self.expected.lock().unwrap();
            expected.get(reference).copied()
        });
        if let Some(expected) = expected
            && let Some(currency) = body["included"].get_mut(0)
        {
            currency["attributes"]["alpha"] = expected.into();
        }
        self.shop
            .post(gateway, replica, body.to_string().as_bytes())
            .await
    }
}

#[test]
fn without_a_comparison_of_currencies_it_credits_cheap_money() {
    let shop = AnyCurrency {
        shop: correct().b2binpay(gateway()),
        expected: Mutex::default(),
    };
    let report = b2binpay().run_blocking(&shop).unwrap();
    let violations = report.violations();
    let violations = violations.filter(|violation| violation.test == "paid in another currency");
    let violations: Vec<_> = violations
        .map(|violation| (violation.rule, violation.case))
        .collect();
    let expected = [
        (Rule::CreditedUnproven, "deposit"),
        (Rule::CreditedUnproven, "payout"),
        (Rule::CreditedUnproven, "before it is paid"),
    ];
    assert_eq!(violations, expected, "{report}");
}

/// Several real-world mistakes in one shop.
#[derive(Default)]
struct Naive {
    rows: Mutex<HashMap<String, LedgerState>>,
    fails: Mutex<usize>,
}

impl LedgerAccess for Naive {
    async fn register(&self, payment: &TestPayment) -> Result<(), BoxError> {
        let mut rows = self.rows.lock().unwrap();
        rows.insert(payment.reference.clone(), LedgerState::default());
        Ok(())
    }

    async fn ledger_state(&self, reference: &str) -> Result<LedgerState, BoxError> {
        Ok(self.rows.lock().unwrap()[reference].clone())
    }
}

impl Naive {
    /// The reference, whether it is paid, the amount, the currency and the kind.
    fn read(body: &Value) -> Option<(&str, bool, Amount, Option<&str>, ExpectedKind)> {
        let amount = |value: &Value| value.to_string().trim_matches('"').parse().ok();
        if body["type"].is_string() {
            let reference = body["client_order_id"].as_str()?;
            let is_paid = body["status"].as_str()? != "IN_PROGRESS";
            let amount = amount(&body["received_amount_in_coins"]).unwrap_or_default();
            return Some((reference, is_paid, amount, None, ExpectedKind::Order));
        }
        let attributes = &body["data"]["attributes"];
        let reference = attributes["tracking_id"].as_str()?;
        let transfer = &body["included"][1]["attributes"];
        // It uses any status field.
        let status = transfer["status"]
            .as_i64()
            .or(attributes["status"].as_i64())?;
        let amount = transfer["amount"]
            .as_str()
            .or(attributes["target_paid"].as_str());
        let amount = amount.unwrap_or("0").parse().ok()?;
        let currency = body["included"][0]["attributes"]["alpha"].as_str();
        let kind = if body["data"]["type"] == "payout" {
            ExpectedKind::Payout
        } else {
            ExpectedKind::Deposit
        };
        Some((reference, status >= 1, amount, currency, kind))
    }
}

impl Target for Naive {
    async fn post(&self, _: Gateway, _: usize, body: &[u8]) -> Result<u16, BoxError> {
        let body: Value = serde_json::from_slice(body)?;
        let fails = std::mem::take(&mut *self.fails.lock().unwrap());
        let Some((reference, is_paid, amount, currency, kind)) = Self::read(&body) else {
            return Ok(200);
        };
        if fails > 0 {
            return Ok(200);
        }
        tokio::task::yield_now().await;
        if let Some(state) = self.rows.lock().unwrap().get_mut(reference) {
            if is_paid {
                let sum = state.credited.checked_add(&amount).unwrap();
                state.credits += 1;
                state.credited = sum;
                state.kind = Some(kind);
                state.currency = currency.map(str::to_owned);
            }
            state.is_paid = is_paid;
        }
        Ok(200)
    }

    fn replicas(&self, _: Gateway) -> usize {
        2
    }

    async fn restart(&self) -> bool {
        true
    }

    async fn inject(&self, fault: InjectedFault) -> bool {
        if let InjectedFault::Fails(calls) = fault {
            *self.fails.lock().unwrap() = calls;
        }
        true
    }
}

#[test]
fn a_naive_shop_breaks_every_rule() {
    let suite = b2binpay().citypay("5120", OrderEndpoint::new());
    let report = suite.run_blocking(&Naive::default()).unwrap();
    let all = [
        Rule::CreditedTwice,
        Rule::CreditedUnproven,
        Rule::Lost,
        Rule::Regressed,
    ];
    assert_eq!(rules(&report), all.into(), "{report}");
    let rows = report.results.iter();
    let correct = rows.filter(|row| row.violations.is_empty());
    let correct: Vec<_> = correct.map(|row| row.name).collect();
    // It adds under a lock.
    assert_eq!(correct, ["two parts at once"], "{report}");
}
