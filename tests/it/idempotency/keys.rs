//! [`IdempotencyKeys`]: what is the same delivery, and what the same news.

use payhook::b2binpay::TrackingIds;
use payhook::citypay::Account;
use payhook::{
    Callback, Unverified,
    address::AddressRanges,
    citypay::{DepositCallback, OrderCallback},
    idempotency::{IdempotencyKey, IdempotencyKeys},
};
use serde_json::{Value, json};

use crate::support::{
    TIME, body, signed, verify, with_transfer, with_transfer_id, without_transfer,
};

const LATER: &str = "2026-03-02T10:00:00.000000Z";
const TOKEN: &str = "tok_4f9c1b7e";

/// A deposit of 1 under `order-1`, signed after `change`.
fn deposit(time: &str, status: i32, change: impl Fn(&mut Value)) -> Callback {
    let mut body = with_transfer("deposit", "order-1", "1");
    body["meta"]["time"] = json!(time);
    body["included"][1]["attributes"]["status"] = json!(status);
    change(&mut body);
    let message = format!("{status}1order-1{time}");
    let callback = verify(&signed(body, &message), TrackingIds::Prefixed);
    callback.unwrap().into()
}

fn keys(callback: &Callback) -> IdempotencyKeys {
    callback.idempotency_keys("")
}

#[derive(Debug, PartialEq, Eq)]
enum Same {
    Delivery,
    Effect,
    Both,
    Neither,
}

fn compare(one: &Callback, other: &Callback) -> Same {
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
    let spelled = |amount: &str, time: &str| -> Callback {
        let mut body = with_transfer("deposit", "order-1", amount);
        body["meta"]["time"] = json!(time);
        let message = format!("2{amount}order-1{time}");
        let callback = verify(&signed(body, &message), TrackingIds::Prefixed);
        callback.unwrap().into()
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

#[test]
fn a_currency_in_another_case_is_the_same_news() {
    let named = |alpha: Value, time: &str| {
        deposit(time, 2, move |body| {
            body["included"][0]["attributes"]["alpha"] = alpha.clone();
        })
    };
    let one = named(json!("ETH"), TIME);
    for other in ["ETH", "eth", "Eth"] {
        let compared = compare(&one, &named(json!(other), LATER));
        assert_eq!(compared, Same::Effect, "{other}");
    }
    // Unnamed, it is the gateway's id of it.
    for other in [json!("ETH-ARBITRUM"), json!("ETC"), Value::Null] {
        let compared = compare(&one, &named(other.clone(), LATER));
        assert_eq!(compared, Same::Neither, "{other}");
    }
    let unnamed = compare(&named(Value::Null, TIME), &named(Value::Null, LATER));
    assert_eq!(unnamed, Same::Effect);
}

/// Of one transfer, whatever becomes of it: so later news is told from earlier.
#[test]
fn a_transfer_is_one_subject() {
    let subject = |callback: &Callback| *keys(callback).subject();
    let one = deposit(TIME, 2, |_| ());
    for other in [
        deposit(LATER, 1, |_| ()),
        deposit(LATER, -2, |_| ()),
        deposit(LATER, 2, |body| {
            body["included"][0]["attributes"]["alpha"] = json!("BTC");
            body["data"]["attributes"]["status"] = json!(5);
        }),
    ] {
        assert_eq!(subject(&one), subject(&other));
    }
    for other in [
        deposit(TIME, 2, |body| {
            *body = with_transfer_id(body.take(), "55022");
        }),
        deposit(TIME, 2, |body| {
            body["data"]["type"] = json!("payout");
            body["included"][1]["attributes"]["op_type"] = json!(2);
        }),
        verify(
            &signed(
                with_transfer("deposit", "order-2", "1"),
                &format!("21order-2{TIME}"),
            ),
            TrackingIds::Prefixed,
        )
        .unwrap()
        .into(),
    ] {
        assert_ne!(subject(&one), subject(&other));
    }
    // An order is one, whichever of its transactions a callback names.
    let second = order(|told, answer| {
        told["status"] = json!("OVERPAID");
        answer["status"]["code"] = json!("OVERPAID");
        let mut second = answer["transactions"][0].clone();
        second["id"] = json!(9002);
        answer["transactions"].as_array_mut().unwrap().push(second);
    });
    assert_eq!(subject(&order(|_, _| ())), subject(&second));
    assert_ne!(subject(&one), subject(&second));
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

/// When it was created is not when it was paid: an old order that is paid today
/// must not be older than what a store remembers.
#[test]
fn an_orders_time_is_its_latest_transactions() {
    let at = |times: &[Value]| {
        let callback = order(|_, answer| {
            answer["createdAt"] = json!("2026-03-02 09:10");
            answer["createdAtMiliseconds"] = json!(1_772_442_600_000_u64);
            let one = answer["transactions"][0].take();
            let transactions = times.iter().enumerate().map(|(number, time)| {
                let mut each = one.clone();
                each["id"] = json!(9001 + number);
                each["hash"] = json!(format!("hash of {number}"));
                each["createdAt"] = Value::Null;
                match time {
                    Value::String(_) => each["createdAt"] = time.clone(),
                    _ => each["createdAtMiliseconds"] = time.clone(),
                }
                if time.is_string() {
                    each["createdAtMiliseconds"] = Value::Null;
                }
                each
            });
            answer["transactions"] = transactions.collect();
        });
        keys(&callback).time().map(|time| time.timestamp())
    };
    let (early, late) = (json!(1_772_900_000_000_u64), json!(1_772_900_060_000_u64));
    assert_eq!(at(&[early.clone(), late.clone()]), Some(1_772_900_060));
    assert_eq!(at(&[late.clone(), early.clone()]), Some(1_772_900_060));
    assert_eq!(at(&[early, Value::Null]), Some(1_772_900_000));
    assert_eq!(at(&[Value::Null]), None);
    assert_eq!(at(&[]), None);
    // Without a zone it is read as UTC.
    assert_eq!(at(&[json!("2026-03-02 09:10")]), Some(1_772_442_600));
}

/// Ids may be missing; what came in still tells two of them apart.
#[test]
fn every_part_of_a_transaction_is_news() {
    let underpaid = |change: &dyn Fn(&mut Value)| {
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
        &|it| it["amount"]["base"] = json!("0.5"),
        &|it| it["amountFiat"]["base"] = json!("50.00"),
    ];
    for change in changes {
        assert_eq!(compare(&one, &underpaid(change)), Same::Neither);
    }
    // It is named by its id, without one by its hash, and without either by its
    // time and amount.
    let named = |id: Value, hash: &'static str, created: u64| {
        underpaid(&move |it| {
            it["id"] = id.clone();
            it["hash"] = if hash.is_empty() {
                Value::Null
            } else {
                json!(hash)
            };
            it["createdAtMiliseconds"] = json!(created);
            it["createdAt"] = Value::Null;
        })
    };
    let (id, time) = (json!(9001), 1_772_442_840_000);
    let by_id = compare(&named(id.clone(), "a", time), &named(id, "b", time + 1000));
    assert_eq!(by_id, Same::Both);
    let by_hash = |hash, time| named(Value::Null, hash, time);
    let one = by_hash("a", time);
    assert_eq!(compare(&one, &by_hash("a", time + 1000)), Same::Both);
    assert_eq!(compare(&one, &by_hash("b", time)), Same::Neither);
    let one = by_hash("", time);
    assert_eq!(compare(&one, &by_hash("", time)), Same::Both);
    assert_eq!(compare(&one, &by_hash("", time + 1000)), Same::Neither);
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
    assert_ne!(one.subject(), other.subject());
    assert_ne!(one.delivery(), one.effect());
    assert_ne!(one.subject(), one.effect());
}

/// The store's rows outlive this version: the names may never change.
#[test]
fn the_names_are_stable() {
    let keys = keys(&deposit(TIME, 2, |_| ()));
    // Byte for byte, as it came: a `Value` writes its numbers as the build has it.
    let answer = body("citypay-order-confirmed.answer.json");
    let order = prove_order(&body("citypay-order-confirmed.json"), &answer).idempotency_keys("");
    let names = |keys: &IdempotencyKeys| {
        let names = [keys.delivery(), keys.subject(), keys.effect()];
        names.map(ToString::to_string)
    };
    assert_eq!(
        names(&keys),
        [
            "7bbc38a948bcbc3a2521a9f99be9a5c780387beb555f6e3ab58352b9db598d6b",
            "bb38449dc392364a4a3a409546e60971ade59b9bffd54455b8ee140c19894ce2",
            "710b93649e0cad532bd0ee84a7a32602a7dfe341d9c459bf5a3b9da1de1e2232",
        ]
    );
    assert_eq!(
        names(&order),
        [
            "6f7cf4e1ea5091860c47e95fbd6cdbc672652cc3f69fe4d5f36436e9a83bcf5a",
            "c078d07010dc30beccf76381e57424558c9c80a5af7e0f67a24f63d136c1113e",
            "38842352ba2c4a192b530261bcde9fbf8a971c6b22012a1ac4d6f8a463aa3677",
        ]
    );
    assert_eq!(
        keys.time().unwrap().to_rfc3339(),
        "2026-03-02T09:16:02.551870+00:00"
    );
    assert_eq!(
        order.time().unwrap().to_rfc3339(),
        "2026-03-02T09:14:00+00:00"
    );
    assert_eq!(IdempotencyKey::from_bytes([7; 32]).as_bytes(), &[7; 32]);
    assert_eq!(
        format!("{:?}", keys.effect()),
        format!("IdempotencyKey({})", keys.effect())
    );
}

/// The delivery is what is signed; in another division it is the same one, and
/// says something else. Which of the two is true, the store does not know.
#[test]
fn undivided_it_is_the_signature_that_names_it() {
    let callback = |amount: &str, id: &str, time: &str| -> Callback {
        let mut body = with_transfer("deposit", id, amount);
        body["meta"]["time"] = json!(time);
        let body = signed(body, &format!("210.5017{time}"));
        verify(&body, TrackingIds::Unrestricted).unwrap().into()
    };
    let one = callback("10.50", "17", TIME);
    assert_eq!(
        compare(&one, &callback("10.501", "7", TIME)),
        Same::Delivery
    );
    assert_eq!(compare(&one, &callback("10.50", "17", LATER)), Same::Effect);
    let other = callback("10.501", "7", LATER);
    assert_eq!(compare(&one, &other), Same::Neither);
}

#[test]
fn without_a_transfer_the_reference_names_it() {
    let expired = |time: &str, status: i32, reference: &str| -> Callback {
        let mut body = without_transfer("deposit", reference, status);
        body["meta"]["time"] = json!(time);
        let body = signed(body, &format!("{status}{reference}{time}"));
        verify(&body, TrackingIds::Prefixed).unwrap().into()
    };
    let one = expired(TIME, 4, "order-1");
    assert_eq!(compare(&one, &expired(LATER, 4, "order-1")), Same::Effect);
    assert_eq!(compare(&one, &expired(LATER, 5, "order-1")), Same::Neither);
    assert_eq!(compare(&one, &expired(LATER, 4, "order-2")), Same::Neither);
    assert_eq!(compare(&one, &deposit(LATER, 2, |_| ())), Same::Neither);
    // Paid or unresolved: two things for a person to know.
    let paid = expired(TIME, 3, "order-1");
    assert_eq!(compare(&paid, &expired(LATER, 5, "order-1")), Same::Neither);
}

#[test]
fn by_the_api_the_deposit_names_it() {
    let fetched = |told: i32, answer: i32| -> Callback {
        let told = without_transfer("deposit", "order-1", told).to_string();
        let answer = without_transfer("deposit", "order-1", answer).to_string();
        let callback = Unverified::parse(told.as_bytes()).unwrap();
        let proven = payhook::b2binpay::prove_by_api(callback, answer.as_bytes());
        proven.unwrap().into()
    };
    assert_eq!(compare(&fetched(4, 4), &fetched(2, 4)), Same::Both);
    assert_eq!(compare(&fetched(4, 4), &fetched(4, 2)), Same::Neither);
    assert_eq!(keys(&fetched(4, 4)).time(), None);
}

fn order(change: impl Fn(&mut Value, &mut Value)) -> Callback {
    let read = |name| serde_json::from_slice::<Value>(&body(name)).unwrap();
    let mut told = read("citypay-order-confirmed.json");
    let mut answer = read("citypay-order-confirmed.answer.json");
    change(&mut told, &mut answer["data"]);
    prove_order(told.to_string().as_bytes(), answer.to_string().as_bytes())
}

fn prove_order(told: &[u8], answer: &[u8]) -> Callback {
    let told = Unverified::<OrderCallback>::parse(told).unwrap();
    let account = Account::new("5120").unwrap();
    let proven = account.prove_order(told, TOKEN, answer);
    proven.unwrap().into()
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
    assert!(keys(&confirmed).is_proven());
}

/// Without an answer an order is what its sender says, and settles nothing.
#[test]
fn without_an_answer_news_and_delivery_are_one() {
    let parsed = |change: fn(&mut Value)| {
        let mut told = serde_json::from_slice(&body("citypay-order-confirmed.json")).unwrap();
        change(&mut told);
        Unverified::<OrderCallback>::parse(told.to_string().as_bytes()).unwrap()
    };
    let by_address = |change: fn(&mut Value)| -> Callback {
        let ranges = AddressRanges::parse(["203.0.113.1"]).unwrap();
        let account = Account::new("5120").unwrap().source_addresses(ranges);
        let peer = "203.0.113.1".parse().unwrap();
        let proven = account.prove_order_by_source_address(parsed(change), peer);
        proven.unwrap().into()
    };
    let told = |change: fn(&mut Value)| -> Callback {
        let account = Account::new("5120").unwrap();
        let proven = account.prove_order_by_record(parsed(change), TOKEN);
        proven.unwrap().into()
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
    // Nobody checked the token.
    let one = by_address(|_| ());
    let other = by_address(|told| told["order_token"] = json!("tok_other"));
    assert_eq!(compare(&one, &other), Same::Neither);
    for unproven in [&confirmed, &one] {
        assert!(!keys(unproven).is_proven());
        assert_eq!(keys(unproven).time(), None);
    }
}

/// Each payment of an order is news: a handler is told what happened, and not
/// whether the order was paid before.
#[test]
fn one_more_transaction_is_news() {
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
    assert_eq!(settled, Same::Neither);
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

#[test]
fn a_citypay_deposit_is_named_by_its_transaction() {
    let deposit = |change: &dyn Fn(&mut Value)| -> Callback {
        let told = body("citypay-deposit-confirmed.json");
        let mut told: Value = serde_json::from_slice(&told).unwrap();
        change(&mut told);
        let account = Account::new("5120").unwrap();
        let callback = Unverified::<DepositCallback>::parse(told.to_string().as_bytes()).unwrap();
        let token = callback.unverified().deposit_token().clone().unwrap();
        let proven = account.prove_deposit_by_record(callback, token.as_str());
        proven.unwrap().into()
    };
    let one = deposit(&|_| ());
    assert_eq!(compare(&one, &deposit(&|_| ())), Same::Both);
    let other_rate = deposit(&|d| d["exchange_rate"] = json!("1"));
    assert_eq!(compare(&one, &other_rate), Same::Both);
    let pending = deposit(&|d| d["status"] = json!("Pending"));
    assert_eq!(compare(&one, &pending), Same::Neither);
    let other = deposit(&|d| d["transaction_id"] = json!("another"));
    assert_eq!(compare(&one, &other), Same::Neither);
    let amount = |amount: &'static str| deposit(&move |d| d["received_amount"] = json!(amount));
    assert_eq!(compare(&amount("1"), &amount("2")), Same::Neither);
    let currency = |name: &'static str| deposit(&move |d| d["crypto_currency"] = json!(name));
    assert_eq!(compare(&currency("BTC"), &currency("btc")), Same::Both);
    assert_eq!(compare(&currency("BTC"), &currency("ETH")), Same::Delivery);
    // Made up without end, for all that anybody knows.
    assert!(!keys(&one).is_proven());
    assert_eq!(keys(&one).time(), None);
    // Without an id it is the bytes.
    let unnamed = |amount: &'static str| {
        deposit(&move |d| {
            d["transaction_id"] = Value::Null;
            d["received_amount"] = json!(amount);
        })
    };
    assert_eq!(compare(&unnamed("1"), &unnamed("1")), Same::Both);
    assert_eq!(compare(&unnamed("1"), &unnamed("2")), Same::Neither);
    // Two payments may be alike in all but some other field.
    let nameless = |rate: &'static str| {
        deposit(&move |d| {
            d["transaction_id"] = Value::Null;
            d["exchange_rate"] = json!(rate);
        })
    };
    assert_eq!(compare(&nameless("1"), &nameless("1")), Same::Both);
    assert_eq!(compare(&nameless("1"), &nameless("2")), Same::Neither);
}

/// A sender's address that the merchant chose to trust is evidence.
#[test]
fn a_deposit_by_a_trusted_address_is_proven() {
    let ranges = AddressRanges::parse(["203.0.113.1"]).unwrap();
    let account = Account::new("5120").unwrap();
    let callback = |account: Account| -> Callback {
        let told = Unverified::parse(&body("citypay-deposit-confirmed.json")).unwrap();
        let peer = "203.0.113.1".parse().unwrap();
        let proven = account.prove_deposit_by_source_address(told, peer);
        proven.unwrap().into()
    };
    let trusting = account
        .clone()
        .danger_settle_deposits_by_source_address(ranges.clone());
    assert!(keys(&callback(trusting)).is_proven());
    assert!(!keys(&callback(account.source_addresses(ranges))).is_proven());
}

/// As a store's own tests make them.
#[test]
fn made_up_keys_are_what_they_are_made_of() {
    let key = |number| IdempotencyKey::from_bytes([number; 32]);
    let time = keys(&deposit(TIME, 2, |_| ())).time();
    let keys = IdempotencyKeys::new(key(1), key(2), key(3), time);
    assert_eq!((keys.delivery(), keys.subject()), (&key(1), &key(2)));
    assert_eq!((keys.effect(), keys.time()), (&key(3), time));
    assert!(keys.is_proven());
    assert!(!keys.unproven().is_proven());
    assert_eq!(keys.unproven().effect(), &key(3));
}

/// The zeros of an exponent count.
#[test]
fn amounts_that_differ_in_their_exponent_are_two_events() {
    let answer = String::from_utf8(body("citypay-order-confirmed.answer.json")).unwrap();
    let order = |amount: &str| -> Callback {
        let amounts = format!(r#""amountFiat":{{"base":{amount},"total":{amount},"#);
        let changed = answer.replace(r#""amountFiat":{"base":"60.00","total":"60.00","#, &amounts);
        assert_ne!(changed, answer);
        prove_order(&body("citypay-order-confirmed.json"), changed.as_bytes())
    };
    let ten = compare(&order("1.5e1"), &order("1.5e10"));
    assert_eq!(ten, Same::Neither);
    assert_eq!(compare(&order("1.50"), &order("1.5")), Same::Both);
}
