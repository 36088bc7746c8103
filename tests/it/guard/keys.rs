//! [`IdempotencyKeys`]: what is the same delivery, and what the same news.

use payhook::b2binpay::TrackingIds;
use payhook::citypay::Account;
use payhook::{
    AddressRanges, Callback, IdempotencyKey, IdempotencyKeys, Unverified, Verified,
    citypay::DepositCallback, citypay::OrderCallback,
};
use serde_json::{Value, json};

use crate::support::{
    TIME, body, signed, verify, with_transfer, with_transfer_id, without_transfer,
};

const LATER: &str = "2026-03-02T10:00:00.000000Z";
const TOKEN: &str = "tok_4f9c1b7e";

/// A deposit of 1 under `order-1`, signed after `change`.
fn deposit(time: &str, status: i32, change: impl Fn(&mut Value)) -> Verified<Callback> {
    let mut body = with_transfer("deposit", "order-1", "1");
    body["meta"]["time"] = json!(time);
    body["included"][1]["attributes"]["status"] = json!(status);
    change(&mut body);
    let message = format!("{status}1order-1{time}");
    let callback = verify(&signed(body, &message), TrackingIds::Prefixed);
    callback.unwrap().into_callback()
}

fn keys(callback: &Verified<Callback>) -> IdempotencyKeys {
    callback.idempotency_keys("")
}

#[derive(Debug, PartialEq, Eq)]
enum Same {
    Delivery,
    Effect,
    Both,
    Neither,
}

fn compare(one: &Verified<Callback>, other: &Verified<Callback>) -> Same {
    let (one, other) = (keys(one), keys(other));
    match (
        one.delivery() == other.delivery(),
        one.effect() == other.effect(),
    ) {
        (true, true) => Same::Both,
        (true, false) => Same::Delivery,
        (false, true) => Same::Effect,
        (false, false) => Same::Neither,
    }
}

#[test]
fn resent_with_a_new_time_stamp_is_the_same_news() {
    for status in [-3, -2, -1, 0, 1, 2, 9] {
        let one = deposit(TIME, status, |_| ());
        assert_eq!(compare(&one, &deposit(TIME, status, |_| ())), Same::Both);
        assert_eq!(compare(&one, &deposit(LATER, status, |_| ())), Same::Effect);
    }
}

#[test]
fn one_more_confirmation_is_news_until_it_is_confirmed() {
    let confirmations = |time, status, count: i32| {
        deposit(time, status, |body| {
            body["included"][1]["attributes"]["confirmations"] = json!(count);
        })
    };
    let pending = compare(&confirmations(TIME, 1, 1), &confirmations(LATER, 1, 2));
    assert_eq!(pending, Same::Neither);
    let settled = compare(&confirmations(TIME, 2, 3), &confirmations(LATER, 2, 12));
    assert_eq!(settled, Same::Effect);
    let confirmed = compare(&confirmations(TIME, 1, 2), &confirmations(LATER, 2, 3));
    assert_eq!(confirmed, Same::Neither);
}

/// How many zeros the gateway writes is not documented.
#[test]
fn an_amount_in_another_spelling_is_the_same_news() {
    let spelled = |amount: &str, time: &str| {
        let mut body = with_transfer("deposit", "order-1", amount);
        body["meta"]["time"] = json!(time);
        let message = format!("2{amount}order-1{time}");
        let callback = verify(&signed(body, &message), TrackingIds::Prefixed);
        callback.unwrap().into_callback()
    };
    for (one, other) in [("0.5", "0.50"), ("10", "10.00"), ("0", "0.0")] {
        let compared = compare(&spelled(one, TIME), &spelled(other, LATER));
        assert_eq!(compared, Same::Effect, "{one} {other}");
    }
    for (one, other) in [("0.5", "0.05"), ("10", "100"), ("1", "10")] {
        let compared = compare(&spelled(one, TIME), &spelled(other, LATER));
        assert_eq!(compared, Same::Neither, "{one} {other}");
    }
}

/// A merchant who asks for its own count of confirmations hears twice of one
/// transfer; the deposit's status has moved on in between.
#[test]
fn the_users_confirmation_and_the_gateways_are_one_settlement() {
    let with_status = |time, status: i32| {
        deposit(time, 2, |body| {
            body["data"]["attributes"]["status"] = json!(status);
        })
    };
    let settled = compare(&with_status(TIME, 2), &with_status(LATER, 3));
    assert_eq!(settled, Same::Effect);
    // What a person had to look at is not what settles.
    let resolved = compare(&with_status(TIME, 5), &with_status(LATER, 3));
    assert_eq!(resolved, Same::Neither);
}

#[test]
fn what_is_not_signed_changes_no_delivery() {
    let one = deposit(TIME, 2, |_| ());
    let transfer = deposit(TIME, 2, |body| {
        *body = with_transfer_id(body.take(), "55022");
    });
    assert_eq!(compare(&one, &transfer), Same::Delivery);
    let currency = deposit(TIME, 2, |body| {
        body["included"][0]["attributes"]["alpha"] = json!("BTC");
    });
    assert_eq!(compare(&one, &currency), Same::Delivery);
    let txid = deposit(TIME, 2, |body| {
        body["included"][1]["attributes"]["txid"] = json!("0xcd");
    });
    assert_eq!(compare(&one, &txid), Same::Both);
}

/// Shown in another currency, a callback that was captured before it arrived is
/// for a person; the genuine one after it must not be its duplicate.
#[test]
fn a_forged_currency_does_not_swallow_the_payment() {
    let currency = |time, alpha: &'static str| {
        deposit(time, 2, move |body| {
            body["included"][0]["attributes"]["alpha"] = json!(alpha);
        })
    };
    let swallowed = compare(&currency(TIME, "DOGE"), &currency(LATER, "ETH"));
    assert_eq!(swallowed, Same::Neither);
}

#[test]
fn an_orders_time_is_its_latest() {
    let at = |stamp: Value, created: Value, transaction: Value| {
        let callback = order(|_, answer| {
            answer["createdAt"] = stamp.clone();
            answer["createdAtMiliseconds"] = created.clone();
            answer["transactions"][0]["createdAtMiliseconds"] = transaction.clone();
            answer["transactions"][0]["createdAt"] = Value::Null;
        });
        keys(&callback).time().map(|time| time.timestamp())
    };
    let time = |created, transaction| at(Value::Null, created, transaction);
    assert_eq!(
        time(json!(1_772_000_000_000_u64), json!(1_772_900_000_000_u64)),
        Some(1_772_900_000)
    );
    assert_eq!(
        time(json!(1_772_000_000_000_u64), Value::Null),
        Some(1_772_000_000)
    );
    // Without a zone it is read as UTC.
    let local = at(json!("2026-03-02 09:10"), Value::Null, Value::Null);
    assert_eq!(local, Some(1_772_442_600));
}

/// Ids may be missing; what came in still tells two of them apart.
#[test]
fn every_part_of_a_transaction_is_news() {
    let underpaid = |change: &'static dyn Fn(&mut Value)| {
        order(move |told, answer| {
            told["status"] = json!("UNDERPAID");
            answer["status"]["code"] = json!("UNDERPAID");
            told["transaction_id"] = Value::Null;
            change(&mut answer["transactions"][0]);
        })
    };
    let one = underpaid(&|_| ());
    assert_eq!(compare(&one, &underpaid(&|_| ())), Same::Both);
    let changes: [&'static dyn Fn(&mut Value); 3] = [
        &|it| it["id"] = json!("1"),
        &|it| it["hash"] = json!("another"),
        &|it| it["amount"]["base"] = json!("0.5"),
    ];
    for change in changes {
        assert_eq!(compare(&one, &underpaid(change)), Same::Neither);
    }
}

#[test]
fn endpoints_have_their_own_names() {
    let callback = deposit(TIME, 2, |_| ());
    let (one, other) = (
        callback.idempotency_keys(""),
        callback.idempotency_keys("shop"),
    );
    assert_ne!(one.delivery(), other.delivery());
    assert_ne!(one.effect(), other.effect());
    assert_ne!(one.delivery(), one.effect());
}

/// The store's rows outlive this version: the names may never change.
#[test]
fn the_names_are_stable() {
    let keys = keys(&deposit(TIME, 2, |_| ()));
    assert_eq!(
        keys.delivery().to_string(),
        "887a24531b8afcc29de76438c0535e56265bc1c5ed506d447a7a02215c153b3d"
    );
    assert_eq!(
        keys.effect().to_string(),
        "6ca52c20b9daf77b9fce1671b77e96749cbfce639c5ff533e1fa914a0621ad4b"
    );
    assert_eq!(
        keys.time().unwrap().to_rfc3339(),
        "2026-03-02T09:16:02.551870+00:00"
    );
    // Byte for byte, as it came: a `Value` writes its numbers as the build has it.
    let answer = body("citypay-order-confirmed.answer.json");
    let order = prove_order(&body("citypay-order-confirmed.json"), &answer).idempotency_keys("");
    assert_eq!(
        order.delivery().to_string(),
        "a3bda2742bcdb829d2d3ccfb6c6e69dfcc2febcc0a43719379aa47cf0ab3d2aa"
    );
    assert_eq!(
        order.effect().to_string(),
        "0054c2d9cc7008b48296c7e3b933db1a44a31a957c6fde427099755782874952"
    );
    assert_eq!(IdempotencyKey::from_bytes([7; 32]).as_bytes(), &[7; 32]);
    assert_eq!(
        format!("{:?}", keys.effect()),
        format!("IdempotencyKey({})", keys.effect())
    );
}

#[test]
fn undivided_it_is_the_text_that_names_it() {
    let callback = |amount: &str, id: &str, time: &str| {
        let mut body = with_transfer("deposit", id, amount);
        body["meta"]["time"] = json!(time);
        let body = signed(body, &format!("210.5017{time}"));
        verify(&body, TrackingIds::Unrestricted)
            .unwrap()
            .into_callback()
    };
    let one = callback("10.50", "17", TIME);
    assert_eq!(compare(&one, &callback("10.501", "7", TIME)), Same::Both);
    assert_eq!(compare(&one, &callback("10.501", "7", LATER)), Same::Effect);
}

#[test]
fn without_a_transfer_the_operation_names_it() {
    let expired = |time: &str, status: i32, id: &str| {
        let mut body = without_transfer("deposit", "order-1", status);
        body["data"]["id"] = json!(id);
        body["meta"]["time"] = json!(time);
        let body = signed(body, &format!("{status}order-1{time}"));
        verify(&body, TrackingIds::Prefixed)
            .unwrap()
            .into_callback()
    };
    let one = expired(TIME, 4, "1");
    assert_eq!(compare(&one, &expired(LATER, 4, "1")), Same::Effect);
    assert_eq!(compare(&one, &expired(LATER, 5, "1")), Same::Neither);
    assert_eq!(compare(&one, &expired(LATER, 4, "2")), Same::Neither);
    // Both are for a person, and two things to look at.
    let paid = expired(TIME, 3, "1");
    assert_eq!(compare(&paid, &expired(LATER, 5, "1")), Same::Neither);
    assert_eq!(compare(&one, &deposit(LATER, 2, |_| ())), Same::Neither);
}

#[test]
fn by_the_api_the_deposit_names_it() {
    let fetched = |told: i32, answer: i32| {
        let told = without_transfer("deposit", "order-1", told).to_string();
        let answer = without_transfer("deposit", "order-1", answer).to_string();
        let callback = Unverified::parse(told.as_bytes()).unwrap();
        let proven = payhook::b2binpay::prove_by_deposit(callback, answer.as_bytes());
        proven.unwrap().into_callback()
    };
    assert_eq!(compare(&fetched(4, 4), &fetched(2, 4)), Same::Both);
    assert_eq!(compare(&fetched(4, 4), &fetched(4, 2)), Same::Neither);
    assert_eq!(keys(&fetched(4, 4)).time(), None);
}

#[test]
fn by_an_address_news_and_delivery_are_one() {
    let told = |status: i32, label: &str| {
        let mut body = without_transfer("payout", "wd-1", status);
        body["data"]["attributes"]["label"] = json!(label);
        let callback = Unverified::parse(body.to_string().as_bytes()).unwrap();
        let ranges = AddressRanges::parse(["203.0.113.1"]).unwrap();
        let peer = "203.0.113.1".parse().unwrap();
        let proven = payhook::b2binpay::prove_by_source_address(callback, peer, &ranges);
        proven.unwrap().into_callback()
    };
    assert_eq!(compare(&told(3, "a"), &told(3, "a")), Same::Both);
    assert_eq!(compare(&told(3, "a"), &told(3, "b")), Same::Both);
    assert_eq!(compare(&told(3, "a"), &told(1, "a")), Same::Neither);
}

fn order(change: impl Fn(&mut Value, &mut Value)) -> Verified<Callback> {
    let read = |name| serde_json::from_slice::<Value>(&body(name)).unwrap();
    let mut told = read("citypay-order-confirmed.json");
    let mut answer = read("citypay-order-confirmed.answer.json");
    change(&mut told, &mut answer["data"]);
    prove_order(told.to_string().as_bytes(), answer.to_string().as_bytes())
}

fn prove_order(told: &[u8], answer: &[u8]) -> Verified<Callback> {
    let told = Unverified::<OrderCallback>::parse(told).unwrap();
    let account = Account::new("5120").unwrap();
    let proven = account.prove_order(told, TOKEN, answer);
    proven.unwrap().into_callback()
}

#[test]
fn the_answer_names_an_order() {
    let confirmed = order(|_, _| ());
    let reworded = order(|told, _| {
        told["action"] = json!("receive new transaction");
        told["created_at"] = json!("2026-03-02 12:00");
        told["client_order_id"] = json!("another");
        told["transaction_id"] = Value::Null;
    });
    assert_eq!(compare(&confirmed, &reworded), Same::Both);
    assert!(keys(&confirmed).time().is_some());
}

/// Without an answer an order is what its sender says, and settles nothing.
#[test]
fn by_the_merchants_record_news_and_delivery_are_one() {
    let told = |change: fn(&mut Value)| {
        let mut told = serde_json::from_slice(&body("citypay-order-confirmed.json")).unwrap();
        change(&mut told);
        let told = Unverified::<OrderCallback>::parse(told.to_string().as_bytes()).unwrap();
        let account = Account::new("5120").unwrap();
        account
            .prove_order_by_record(told, TOKEN)
            .unwrap()
            .into_callback()
    };
    let confirmed = told(|_| ());
    assert_eq!(compare(&confirmed, &told(|_| ())), Same::Both);
    let reworded = told(|told| told["client_order_id"] = json!("another"));
    assert_eq!(compare(&confirmed, &reworded), Same::Both);
    for news in [
        told(|told| told["status"] = json!("OVERPAID")),
        told(|told| told["transaction_id"] = json!("another")),
        told(|told| told["received_amount_in_coins"] = json!("7")),
    ] {
        assert_eq!(compare(&confirmed, &news), Same::Neither);
    }
    // What the endpoint says is news after that.
    assert_eq!(compare(&confirmed, &order(|_, _| ())), Same::Neither);
}

#[test]
fn an_order_settles_once_and_everything_else_is_news() {
    let more = |status: &str| {
        let status = status.to_owned();
        move |told: &mut Value, answer: &mut Value| {
            told["status"] = json!(status);
            answer["status"]["code"] = json!(status);
            let mut second = answer["transactions"][0].clone();
            second["id"] = json!("9000002");
            second["hash"] = json!("another");
            let transactions = answer["transactions"].as_array_mut().unwrap();
            transactions.push(second);
            for transaction in transactions {
                transaction["amount"]["total"] = json!(null);
                transaction["amountFiat"]["total"] = json!(null);
            }
        }
    };
    let status = |status: &str| {
        let status = status.to_owned();
        move |told: &mut Value, answer: &mut Value| {
            told["status"] = json!(status);
            answer["status"]["code"] = json!(status);
        }
    };
    let settled = compare(&order(|_, _| ()), &order(more("CONFIRMED")));
    assert_eq!(settled, Same::Effect);
    // Without a transaction there is nothing to credit yet.
    let unpaid = order(|_, answer| answer["transactions"] = json!([]));
    assert_eq!(compare(&order(|_, _| ()), &unpaid), Same::Neither);
    for word in ["UNDERPAID", "OVERPAID", "PAID_UNCONFIRMED", "IN_PROGRESS"] {
        let one = order(status(word));
        assert_eq!(compare(&one, &order(status(word))), Same::Both, "{word}");
        assert_eq!(compare(&one, &order(more(word))), Same::Neither, "{word}");
        assert_eq!(compare(&one, &order(|_, _| ())), Same::Neither, "{word}");
    }
}

/// Else its first answer would be the last that is heard of the payment.
#[test]
fn a_callback_that_the_endpoint_lags_behind_is_news() {
    let unconfirmed = |status: &'static str| {
        order(move |told, answer| {
            told["status"] = json!(status);
            answer["status"]["code"] = json!("PAID_UNCONFIRMED");
        })
    };
    let (known, behind) = (unconfirmed("PAID_UNCONFIRMED"), unconfirmed("CONFIRMED"));
    assert_eq!(compare(&known, &behind), Same::Neither);
    assert_eq!(compare(&behind, &unconfirmed("CONFIRMED")), Same::Both);
    assert_eq!(compare(&known, &unconfirmed("IN_PROGRESS")), Same::Both);
    // Anybody may claim it: a guard makes room of it first.
    assert!(keys(&known).time().is_some());
    assert_eq!(keys(&behind).time(), None);
}

#[test]
fn a_payment_that_the_endpoint_does_not_have_is_news() {
    let underpaid = |transaction: Option<&str>| {
        order(|told, answer| {
            told["status"] = json!("UNDERPAID");
            answer["status"]["code"] = json!("UNDERPAID");
            if let Some(id) = transaction {
                told["transaction_id"] = json!(id);
                told["received_amount_in_coins"] = json!("0.0002");
            }
        })
    };
    let (known, unknown) = (underpaid(None), underpaid(Some("another")));
    assert_eq!(compare(&known, &unknown), Same::Neither);
    assert_eq!(compare(&unknown, &underpaid(Some("another"))), Same::Both);
    let third = underpaid(Some("a third"));
    assert_eq!(compare(&unknown, &third), Same::Neither);
}

#[test]
fn a_citypay_deposit_is_named_by_its_transaction() {
    let deposit = |change: &dyn Fn(&mut Value)| {
        let told = body("citypay-deposit-confirmed.json");
        let mut told: Value = serde_json::from_slice(&told).unwrap();
        change(&mut told);
        let account = Account::new("5120").unwrap();
        let callback = Unverified::<DepositCallback>::parse(told.to_string().as_bytes()).unwrap();
        let token = callback.unverified().deposit_token.clone().unwrap();
        let proven = account.prove_deposit_by_record(callback, token.as_str());
        proven.unwrap().into_callback()
    };
    let one = deposit(&|_| ());
    assert_eq!(compare(&one, &deposit(&|_| ())), Same::Both);
    let other_rate = deposit(&|d| d["exchange_rate"] = json!("1"));
    assert_eq!(compare(&one, &other_rate), Same::Both);
    let pending = deposit(&|d| d["status"] = json!("Pending"));
    assert_eq!(compare(&one, &pending), Same::Neither);
    let other = deposit(&|d| d["transaction_id"] = json!("another"));
    assert_eq!(compare(&one, &other), Same::Neither);
    // Without an id it is amount and time.
    let unnamed = |amount: &'static str| {
        deposit(&move |d| {
            d["transaction_id"] = Value::Null;
            d["received_amount"] = json!(amount);
        })
    };
    assert_eq!(compare(&unnamed("1"), &unnamed("1")), Same::Both);
    assert_eq!(compare(&unnamed("1"), &unnamed("2")), Same::Neither);
    // Without either, two payments may be alike in all but some other field.
    let nameless = |rate: &'static str| {
        deposit(&move |d| {
            d["transaction_id"] = Value::Null;
            d["crated_at"] = Value::Null;
            d["exchange_rate"] = json!(rate);
        })
    };
    assert_eq!(compare(&nameless("1"), &nameless("1")), Same::Both);
    assert_eq!(compare(&nameless("1"), &nameless("2")), Same::Neither);
}
