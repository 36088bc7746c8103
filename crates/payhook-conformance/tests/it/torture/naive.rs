//! Shops with several mistakes, or with a mistake before the ledger is used.

use std::collections::HashMap;
use std::sync::Mutex;

use payhook::payment::ExpectedKind;
use payhook::testing::b2binpay::sign_again;
use payhook::testing::citypay::OrderEndpoint;
use payhook::{Amount, BoxError};
use payhook_conformance::Gateway;
use payhook_conformance::torture::{Books, InjectedFault, Payment, Record, Rule, Shop};
use serde_json::Value;

use super::{Correct, b2binpay, both, broken_rows, correct, gateway, key, rules, untested_rows};

/// Everything is correct, except that the signature is not verified.
struct Unsigned(Correct);

impl Record for Unsigned {
    async fn open(&self, payment: &Payment) -> Result<(), BoxError> {
        self.0.open(payment).await
    }

    async fn books(&self, reference: &str) -> Result<Books, BoxError> {
        self.0.books(reference).await
    }
}

impl Shop for Unsigned {
    async fn post(&self, gateway: Gateway, replica: usize, body: &[u8]) -> Result<u16, BoxError> {
        match sign_again(body, &key()) {
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
    assert_eq!(broken_rows(&report), expected, "{report}");
    let expected = [
        "again after a restart",
        "again at every replica",
        "the shop fails twice",
        "a slow shop, posted to again",
    ];
    assert_eq!(untested_rows(&report), expected);
}

/// It answers 200 in any case.
struct AlwaysOk<S>(S);

impl<S: Shop> Record for AlwaysOk<S> {
    async fn open(&self, payment: &Payment) -> Result<(), BoxError> {
        self.0.open(payment).await
    }

    async fn books(&self, reference: &str) -> Result<Books, BoxError> {
        self.0.books(reference).await
    }
}

impl<S: Shop> Shop for AlwaysOk<S> {
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
    let (shop, torture) = both(7);
    let report = torture.run_blocking(&AlwaysOk(shop)).unwrap();
    assert_eq!(rules(&report), [Rule::Lost].into(), "{report}");
    let expected = [
        "the shop fails twice",
        "the endpoint lags, then catches up",
        "the endpoint fails, then answers",
        "the shop fails twice",
    ];
    assert_eq!(broken_rows(&report), expected);
}

/// Several real-world mistakes in one shop.
#[derive(Default)]
struct Naive {
    rows: Mutex<HashMap<String, Books>>,
    fails: Mutex<usize>,
}

impl Record for Naive {
    async fn open(&self, payment: &Payment) -> Result<(), BoxError> {
        let mut rows = self.rows.lock().unwrap();
        rows.insert(payment.reference.clone(), Books::default());
        Ok(())
    }

    async fn books(&self, reference: &str) -> Result<Books, BoxError> {
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

impl Shop for Naive {
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
        if let Some(books) = self.rows.lock().unwrap().get_mut(reference) {
            if is_paid {
                let sum = books.credited.checked_add(&amount).unwrap();
                books.credits += 1;
                books.credited = sum;
                books.kind = Some(kind);
                books.currency = currency.map(str::to_owned);
            }
            books.is_paid = is_paid;
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
    let torture = b2binpay().citypay("5120", OrderEndpoint::new());
    let report = torture.run_blocking(&Naive::default()).unwrap();
    let all = [
        Rule::CreditedTwice,
        Rule::CreditedUnproven,
        Rule::Lost,
        Rule::Regressed,
    ];
    assert_eq!(rules(&report), all.into(), "{report}");
    let rows = report.rows.iter();
    let correct = rows.filter(|row| row.broken.is_empty());
    let correct: Vec<_> = correct.map(|row| row.name).collect();
    // It adds under a lock.
    assert_eq!(correct, ["two parts at once"], "{report}");
}
