//! [`IdempotencyKeys`]: which callbacks are the same delivery, and which the same
//! event.

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

/// A deposit of 1 with reference `order-1`, signed after `change`.
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
    Event,
    Both,
    Neither,
}

fn compare(one: &Callback, other: &Callback) -> Same {
    let (one, other) = (keys(one), keys(other));
    match (
        one.delivery() == other.delivery(),
        one.event() == other.event(),
    ) {
        (true, true) => Same::Both,
        (true, false) => Same::Delivery,
        (false, true) => Same::Event,
        (false, false) => Same::Neither,
    }
}

#[test]
fn a_resend_with_a_new_timestamp_is_the_same_event() {
    for status in [-3, -2, -1, 0, 1, 2, 9] {
        let one = deposit(TIME, status, |_| ());
        assert_eq!(compare(&one, &deposit(TIME, status, |_| ())), Same::Both);
        assert_eq!(compare(&one, &deposit(LATER, status, |_| ())), Same::Event);
    }
}

#[test]
fn each_confirmation_is_a_new_event_until_it_is_confirmed() {
    let confirmations = |time, status, count: i32| {
        deposit(time, status, |body| {
            body["included"][1]["attributes"]["confirmations"] = json!(count);
        })
    };
    let pending = compare(&confirmations(TIME, 1, 1), &confirmations(LATER, 1, 2));
    assert_eq!(pending, Same::Neither);
    let settled = compare(&confirmations(TIME, 2, 3), &confirmations(LATER, 2, 12));
    assert_eq!(settled, Same::Event);
    let confirmed = compare(&confirmations(TIME, 1, 2), &confirmations(LATER, 2, 3));
    assert_eq!(confirmed, Same::Neither);
}

/// The gateway does not document how many zeros it writes.
#[test]
fn an_amount_in_another_spelling_is_the_same_event() {
    let spelled = |amount: &str, time: &str| -> Callback {
        let mut body = with_transfer("deposit", "order-1", amount);
        body["meta"]["time"] = json!(time);
        let message = format!("2{amount}order-1{time}");
        let callback = verify(&signed(body, &message), TrackingIds::Prefixed);
        callback.unwrap().into()
    };
    for (one, other) in [("0.5", "0.50"), ("10", "10.00"), ("0", "0.0")] {
        let compared = compare(&spelled(one, TIME), &spelled(other, LATER));
        assert_eq!(compared, Same::Event, "{one} {other}");
    }
    for (one, other) in [("0.5", "0.05"), ("10", "100"), ("1", "10")] {
        let compared = compare(&spelled(one, TIME), &spelled(other, LATER));
        assert_eq!(compared, Same::Neither, "{one} {other}");
    }
}

#[test]
fn a_currency_in_another_case_is_the_same_event() {
    let named = |alpha: Value, time: &str| {
        deposit(time, 2, move |body| {
            body["included"][0]["attributes"]["alpha"] = alpha.clone();
        })
    };
    let one = named(json!("ETH"), TIME);
    for other in ["ETH", "eth", "Eth"] {
        let compared = compare(&one, &named(json!(other), LATER));
        assert_eq!(compared, Same::Event, "{other}");
    }
    // Without a tracking id it is the gateway's id of the deposit.
    for other in [json!("ETH-ARBITRUM"), json!("ETC"), Value::Null] {
        let compared = compare(&one, &named(other.clone(), LATER));
        assert_eq!(compared, Same::Neither, "{other}");
    }
    let unnamed = compare(&named(Value::Null, TIME), &named(Value::Null, LATER));
    assert_eq!(unnamed, Same::Event);
}

/// All callbacks of one transfer have the same subject, so that older ones are
/// detected.
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
    // An order is one subject, whichever of its transactions a callback names.
    let second = order(|reported, answer| {
        reported["status"] = json!("OVERPAID");
        answer["status"]["code"] = json!("OVERPAID");
        let mut second = answer["transactions"][0].clone();
        second["id"] = json!(9002);
        answer["transactions"].as_array_mut().unwrap().push(second);
    });
    assert_eq!(subject(&order(|_, _| ())), subject(&second));
    assert_ne!(subject(&one), subject(&second));
}

/// A merchant who requests a callback at a certain number of confirmations gets two for
/// one transfer; the deposit's status has changed in between.
#[test]
fn the_users_confirmation_and_the_gateways_are_one_settlement() {
    let with_status = |time, status: i32| {
        deposit(time, 2, |body| {
            body["data"]["attributes"]["status"] = json!(status);
        })
    };
    let settled = compare(&with_status(TIME, 2), &with_status(LATER, 3));
    assert_eq!(settled, Same::Event);
    // A callback that needed manual review is not the one that settles.
    let resolved = compare(&with_status(TIME, 5), &with_status(LATER, 3));
    assert_eq!(resolved, Same::Neither);
}

#[test]
fn unsigned_fields_do_not_change_the_delivery() {
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

/// A callback that was captured in transit and changed to another currency needs manual
/// review; the genuine one after it must not be its duplicate.
#[test]
fn a_forged_currency_does_not_use_up_the_payment() {
    let currency = |time, alpha: &'static str| {
        deposit(time, 2, move |body| {
            body["included"][0]["attributes"]["alpha"] = json!(alpha);
        })
    };
    let forged_and_genuine = compare(&currency(TIME, "DOGE"), &currency(LATER, "ETH"));
    assert_eq!(forged_and_genuine, Same::Neither);
}

/// The creation time is not the payment time: an old order that is paid today must not
/// be older than the store's horizon.
#[test]
fn the_time_of_an_order_is_that_of_its_latest_transaction() {
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
    // Without a time zone it is read as UTC.
    assert_eq!(at(&[json!("2026-03-02 09:10")]), Some(1_772_442_600));
}

/// Ids may be missing; the received amounts still distinguish two transactions.
#[test]
fn every_change_of_a_transaction_is_a_new_event() {
    let underpaid = |change: &dyn Fn(&mut Value)| {
        order(move |reported, answer| {
            reported["status"] = json!("UNDERPAID");
            answer["status"]["code"] = json!("UNDERPAID");
            reported["transaction_id"] = Value::Null;
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
    // A transaction is identified by its id, else by its hash, else by its time and
    // amount.
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
fn endpoints_have_their_own_keys() {
    let callback = deposit(TIME, 2, |_| ());
    let (one, other) = (
        callback.idempotency_keys(""),
        callback.idempotency_keys("shop"),
    );
    assert_ne!(one.delivery(), other.delivery());
    assert_ne!(one.event(), other.event());
    assert_ne!(one.subject(), other.subject());
    assert_ne!(one.delivery(), one.event());
    assert_ne!(one.subject(), one.event());
}

/// The store's rows outlive this version: the keys must never change.
#[test]
fn keys_are_stable() {
    let keys = keys(&deposit(TIME, 2, |_| ()));
    // The exact bytes: a `Value` would write numbers depending on the features of the
    // build.
    let answer = body("citypay-order-confirmed.answer.json");
    let order = prove_order(&body("citypay-order-confirmed.json"), &answer).idempotency_keys("");
    let names = |keys: &IdempotencyKeys| {
        let names = [keys.delivery(), keys.subject(), keys.event()];
        names.map(ToString::to_string)
    };
    assert_eq!(
        names(&keys),
        [
            "7bbc38a948bcbc3a2521a9f99be9a5c780387beb555f6e3ab58352b9db598d6b",
            "bb38449dc392364a4a3a409546e60971ade59b9bffd54455b8ee140c19894ce2",
            "f0dc52851ca7a267aaca1bf7b91f90abe28df3970477014353e05cf291eb8612",
        ]
    );
    assert_eq!(
        names(&order),
        [
            "6f7cf4e1ea5091860c47e95fbd6cdbc672652cc3f69fe4d5f36436e9a83bcf5a",
            "c078d07010dc30beccf76381e57424558c9c80a5af7e0f67a24f63d136c1113e",
            "962eca77bad8cb4af2323c58a900821c42ad9c052dbdc4d533a83ad204a16f6b",
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
        format!("{:?}", keys.event()),
        format!("IdempotencyKey({})", keys.event())
    );
}

/// The delivery is the signed text. Divided in another way it is the same delivery with
/// other values; the store cannot know which ones are true.
#[test]
fn an_ambiguous_text_is_identified_by_its_signature() {
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
    assert_eq!(compare(&one, &callback("10.50", "17", LATER)), Same::Event);
    let other = callback("10.501", "7", LATER);
    assert_eq!(compare(&one, &other), Same::Neither);
}

#[test]
fn without_a_transfer_the_reference_identifies_it() {
    let expired = |time: &str, status: i32, reference: &str| -> Callback {
        let mut body = without_transfer("deposit", reference, status);
        body["meta"]["time"] = json!(time);
        let body = signed(body, &format!("{status}{reference}{time}"));
        verify(&body, TrackingIds::Prefixed).unwrap().into()
    };
    let one = expired(TIME, 4, "order-1");
    assert_eq!(compare(&one, &expired(LATER, 4, "order-1")), Same::Event);
    assert_eq!(compare(&one, &expired(LATER, 5, "order-1")), Same::Neither);
    assert_eq!(compare(&one, &expired(LATER, 4, "order-2")), Same::Neither);
    assert_eq!(compare(&one, &deposit(LATER, 2, |_| ())), Same::Neither);
    // Paid and unresolved are two different events.
    let paid = expired(TIME, 3, "order-1");
    assert_eq!(compare(&paid, &expired(LATER, 5, "order-1")), Same::Neither);
}

#[test]
fn with_the_api_the_deposit_identifies_it() {
    let fetched = |reported: i32, answer: i32| -> Callback {
        let reported = without_transfer("deposit", "order-1", reported).to_string();
        let answer = without_transfer("deposit", "order-1", answer).to_string();
        let callback = Unverified::parse(reported.as_bytes()).unwrap();
        let proven = payhook::b2binpay::prove_by_api(callback, answer.as_bytes());
        proven.unwrap().into()
    };
    assert_eq!(compare(&fetched(4, 4), &fetched(2, 4)), Same::Both);
    assert_eq!(compare(&fetched(4, 4), &fetched(4, 2)), Same::Neither);
    assert_eq!(keys(&fetched(4, 4)).time(), None);
}

fn order(change: impl Fn(&mut Value, &mut Value)) -> Callback {
    let read = |name| serde_json::from_slice::<Value>(&body(name)).unwrap();
    let mut reported = read("citypay-order-confirmed.json");
    let mut answer = read("citypay-order-confirmed.answer.json");
    change(&mut reported, &mut answer["data"]);
    prove_order(
        reported.to_string().as_bytes(),
        answer.to_string().as_bytes(),
    )
}

fn prove_order(reported: &[u8], answer: &[u8]) -> Callback {
    let reported = Unverified::<OrderCallback>::parse(reported).unwrap();
    let account = Account::new("5120").unwrap();
    let proven = account.prove_order(reported, TOKEN, answer);
    proven.unwrap().into()
}

#[test]
fn the_response_identifies_an_order() {
    let confirmed = order(|_, _| ());
    let reworded = order(|reported, _| {
        reported["action"] = json!("receive new transaction");
        reported["created_at"] = json!("2026-03-02 12:00");
        reported["client_order_id"] = json!("another");
        reported["transaction_id"] = Value::Null;
    });
    assert_eq!(compare(&confirmed, &reworded), Same::Both);
    assert!(keys(&confirmed).time().is_some());
    assert!(keys(&confirmed).is_proven());
}

/// Without a response, an order is an unproven report, and settles nothing.
#[test]
fn without_a_response_event_and_delivery_are_the_same() {
    let parsed = |change: fn(&mut Value)| {
        let mut reported = serde_json::from_slice(&body("citypay-order-confirmed.json")).unwrap();
        change(&mut reported);
        Unverified::<OrderCallback>::parse(reported.to_string().as_bytes()).unwrap()
    };
    let by_address = |change: fn(&mut Value)| -> Callback {
        let ranges = AddressRanges::parse(["203.0.113.1"]).unwrap();
        let account = Account::new("5120").unwrap().source_addresses(ranges);
        let peer = "203.0.113.1".parse().unwrap();
        let proven = account.prove_order_by_source_address(parsed(change), peer);
        proven.unwrap().into()
    };
    let reported = |change: fn(&mut Value)| -> Callback {
        let account = Account::new("5120").unwrap();
        let proven = account.prove_order_by_record(parsed(change), TOKEN);
        proven.unwrap().into()
    };
    let confirmed = reported(|_| ());
    assert_eq!(compare(&confirmed, &reported(|_| ())), Same::Both);
    let reworded = reported(|reported| reported["client_order_id"] = json!("another"));
    assert_eq!(compare(&confirmed, &reworded), Same::Both);
    for other in [
        reported(|reported| reported["status"] = json!("OVERPAID")),
        reported(|reported| reported["transaction_id"] = json!("another")),
        reported(|reported| reported["received_amount_in_coins"] = json!("7")),
    ] {
        assert_eq!(compare(&confirmed, &other), Same::Neither);
    }
    // The endpoint's response is a new event after that.
    assert_eq!(compare(&confirmed, &order(|_, _| ())), Same::Neither);
    // The token was not checked.
    let one = by_address(|_| ());
    let other = by_address(|reported| reported["order_token"] = json!("tok_other"));
    assert_eq!(compare(&one, &other), Same::Neither);
    for unproven in [&confirmed, &one] {
        assert!(!keys(unproven).is_proven());
        assert_eq!(keys(unproven).time(), None);
    }
}

/// Each payment of an order is an event of its own: a handler gets the event, not
/// whether the order was paid before.
#[test]
fn another_transaction_is_a_new_event() {
    let more = |status: &str| {
        let status = status.to_owned();
        move |reported: &mut Value, answer: &mut Value| {
            reported["status"] = json!(status);
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
        move |reported: &mut Value, answer: &mut Value| {
            reported["status"] = json!(status);
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
fn a_citypay_deposit_is_identified_by_its_transaction() {
    let deposit = |change: &dyn Fn(&mut Value)| -> Callback {
        let reported = body("citypay-deposit-confirmed.json");
        let mut reported: Value = serde_json::from_slice(&reported).unwrap();
        change(&mut reported);
        let account = Account::new("5120").unwrap();
        let callback =
            Unverified::<DepositCallback>::parse(reported.to_string().as_bytes()).unwrap();
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
    // Forgeable in any number, since nothing is proven.
    assert!(!keys(&one).is_proven());
    assert_eq!(keys(&one).time(), None);
    // Without an id, the bytes identify it.
    let unnamed = |amount: &'static str| {
        deposit(&move |d| {
            d["transaction_id"] = Value::Null;
            d["received_amount"] = json!(amount);
        })
    };
    assert_eq!(compare(&unnamed("1"), &unnamed("1")), Same::Both);
    assert_eq!(compare(&unnamed("1"), &unnamed("2")), Same::Neither);
    // Two payments may differ in another field only.
    let nameless = |rate: &'static str| {
        deposit(&move |d| {
            d["transaction_id"] = Value::Null;
            d["exchange_rate"] = json!(rate);
        })
    };
    assert_eq!(compare(&nameless("1"), &nameless("1")), Same::Both);
    assert_eq!(compare(&nameless("1"), &nameless("2")), Same::Neither);
}

/// An address that the merchant trusts is evidence.
#[test]
fn a_deposit_by_a_trusted_address_is_proven() {
    let ranges = AddressRanges::parse(["203.0.113.1"]).unwrap();
    let account = Account::new("5120").unwrap();
    let callback = |account: Account| -> Callback {
        let reported = Unverified::parse(&body("citypay-deposit-confirmed.json")).unwrap();
        let peer = "203.0.113.1".parse().unwrap();
        let proven = account.prove_deposit_by_source_address(reported, peer);
        proven.unwrap().into()
    };
    let trusting = account
        .clone()
        .danger_settle_deposits_by_source_address(ranges.clone());
    assert!(keys(&callback(trusting)).is_proven());
    assert!(!keys(&callback(account.source_addresses(ranges))).is_proven());
}

/// Keys for a store's own tests.
#[test]
fn given_keys_are_returned() {
    let key = |number| IdempotencyKey::from_bytes([number; 32]);
    let time = keys(&deposit(TIME, 2, |_| ())).time();
    let keys = IdempotencyKeys::new(key(1), key(2), key(3), time);
    assert_eq!((keys.delivery(), keys.subject()), (&key(1), &key(2)));
    assert_eq!((keys.event(), keys.time()), (&key(3), time));
    assert!(keys.is_proven());
    assert!(!keys.unproven().is_proven());
    assert_eq!(keys.unproven().event(), &key(3));
}

/// The zeros of an exponent are significant.
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
