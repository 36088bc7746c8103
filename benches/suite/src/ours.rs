//! payhook, compared with the floor and with hand-written code.

use std::hint::black_box;

use payhook::b2binpay::{self, Callback, Key, TrackingIds, Verifier};
use payhook::citypay::{self, Account, OrderCallback};
use payhook::payment::{Expected, History, Payment};
use payhook::{BoxError, Endpoint, Fetch, MemoryLedger, Unverified};

use crate::bodies::{self, DEPOSIT, SECRET, example, kept, keyed_mac};
use crate::floor::{self, scan};
use crate::{Group, by_hand};

const CUSTOMER: u32 = 5120;
const TOKEN: &str = "tok_4f9c1b7e";

pub(crate) fn groups() -> Vec<Group> {
    let full = example!("b2binpay-deposit-full");
    let payout = example!("b2binpay-payout-confirmed");
    let tampered = example!("b2binpay-refused-tampered");
    let unsigned = example!("b2binpay-refused-unsigned");
    let mut groups = vec![
        transfer("deposit", DEPOSIT),
        transfer("small deposit", bodies::small()),
        transfer("typical deposit", bodies::typical()),
        transfer("full deposit", full),
        transfer("large deposit", bodies::of_size(30_000)),
        transfer("payout, two transfers", payout),
        order(
            example!("citypay-order-confirmed"),
            example!("citypay-order-confirmed.answer"),
        ),
        refused("tampered", tampered, true),
        refused(
            "large, tampered",
            bodies::of_size(30_000).replace("0.412", "0.413"),
            true,
        ),
        refused("unsigned", unsigned, false),
        garbage("random bytes", bodies::noise(1_900)),
        garbage("random text", bodies::text_noise(1_900)),
        garbage(
            "random object",
            format!("{{\"{}\":0}}", bodies::text_noise(1_900)),
        ),
    ];
    groups.extend([1, 2, 4, 8, 16, 32, 64].map(sized));
    groups.extend([1, 2, 4, 8].map(keys));
    groups.extend([0, 10, 64].map(history));
    groups
}

fn key(secret: &str) -> Key {
    Key::callback_secret(secret).expect("a secret")
}

fn verifier() -> Verifier {
    Verifier::new(key(SECRET), TrackingIds::Prefixed)
}

fn is_proven(verifier: &Verifier, body: &[u8]) -> bool {
    Unverified::<Callback>::parse(black_box(body))
        .is_ok_and(|callback| black_box(verifier.verify(callback)).is_ok())
}

fn is_readable(body: &[u8]) -> bool {
    black_box(Unverified::<Callback>::parse(black_box(body))).is_ok()
}

/// The expected payments of the example bodies.
fn expected() -> [Expected; 3] {
    let amount = |text: &str| text.parse().expect("an amount");
    [
        Expected::deposit("order-9001", "ETH", amount("0.412")),
        Expected::payout("wd-77", "USDT", amount("125")),
        Expected::order(TOKEN, "USD", amount("60.00")),
    ]
    .map(|expected| expected.expect("a price"))
}

fn ledger() -> MemoryLedger {
    let ledger = MemoryLedger::new();
    for expected in expected() {
        ledger.expect(expected);
    }
    ledger
}

fn gateway() -> b2binpay::Gateway {
    b2binpay::Gateway::new(verifier())
}

/// `verify` proves a typed callback and reads the fields that most handlers need.
/// `receive` credits, with a new ledger in each call; `receive again` receives a
/// duplicate.
fn transfer(name: &str, body: impl Into<Vec<u8>>) -> Group {
    let body = kept(body);
    let verifier = verifier();
    let (gateway, expected) = (gateway(), expected());
    let repeated = Endpoint::new(gateway.clone(), ledger());
    let mac = keyed_mac();
    floor::group(name, body, true)
        .with("parse", || is_readable(body))
        .with("verify", {
            let verifier = verifier.clone();
            move || is_proven(&verifier, body)
        })
        .with("verify, read seven fields", move || {
            let callback = Unverified::<Callback>::parse(black_box(body));
            let callback = callback.map(|callback| verifier.verify(callback));
            let Ok(Ok(callback)) = callback else {
                return false;
            };
            let (reported, proven) = (callback.reported(), callback.proven());
            black_box((proven.tracking_id(), proven.amount(), proven.time()));
            black_box(
                reported
                    .currency()
                    .map(|currency| (currency.alpha(), currency.id())),
            );
            let transfer = reported
                .transfer()
                .map(|transfer| (transfer.id(), transfer.txid()));
            black_box(transfer).is_some()
        })
        .with("receive", move || {
            let ledger = MemoryLedger::new();
            for expected in &expected {
                ledger.expect(expected.clone());
            }
            let endpoint = Endpoint::new(gateway.clone(), ledger);
            let reply = black_box(endpoint.receive_blocking(black_box(body), None));
            reply.change().is_some_and(|change| change.newly_paid())
        })
        .with("receive again", move || {
            let reply = black_box(repeated.receive_blocking(black_box(body), None));
            reply.status() == 200
        })
        .with("by hand", move || {
            black_box(by_hand::transfer(black_box(body), &mac)).is_some()
        })
}

/// A lookup that returns a stored response.
#[derive(Clone)]
struct Recorded(&'static [u8]);

impl Fetch for Recorded {
    async fn get(&self, _: &str) -> Result<Vec<u8>, BoxError> {
        Ok(self.0.to_vec())
    }
}

fn order(body: &'static str, answer: &'static str) -> Group {
    let (body, answer) = (body.as_bytes(), answer.as_bytes());
    let account = Account::new(&CUSTOMER.to_string()).expect("an id");
    let gateway = citypay::Gateway::new(account.clone(), Recorded(answer));
    let endpoint = Endpoint::new(gateway, ledger());
    Group::new("order and its answer", body.len() + answer.len())
        .with("floor", || scan(body) && scan(answer))
        .with("parse the order", || {
            black_box(Unverified::<OrderCallback>::parse(black_box(body))).is_ok()
        })
        .with("verify", move || {
            let order = Unverified::<OrderCallback>::parse(black_box(body)).expect("readable");
            black_box(account.prove_order(order, TOKEN, black_box(answer))).is_ok()
        })
        .with("receive again", move || {
            black_box(endpoint.receive_blocking(black_box(body), None)).status() == 200
        })
        .with("by hand", || {
            black_box(by_hand::order(
                black_box(body),
                black_box(answer),
                TOKEN,
                CUSTOMER,
            ))
            .is_some()
        })
}

/// Valid, but not proven.
fn refused(name: &str, body: impl Into<Vec<u8>>, is_signed: bool) -> Group {
    let body = kept(body);
    let verifier = verifier();
    let endpoint = Endpoint::new(gateway(), ledger());
    floor::group(name, body, is_signed)
        .with("verify", move || !is_proven(&verifier, body))
        .with("receive", move || {
            black_box(endpoint.receive_blocking(black_box(body), None)).status() == 401
        })
}

/// Not a callback.
fn garbage(name: &str, body: impl Into<Vec<u8>>) -> Group {
    let body = kept(body);
    let endpoint = Endpoint::new(gateway(), ledger());
    Group::new(name, body.len())
        .with("floor", || {
            // JSON or other bytes.
            black_box(scan(body));
            true
        })
        .with("parse", || !is_readable(body))
        .with("receive", move || {
            let status = black_box(endpoint.receive_blocking(black_box(body), None)).status();
            matches!(status, 400 | 422)
        })
}

/// One callback, up to the size limit.
fn sized(kilobytes: usize) -> Group {
    let body = kept(bodies::of_size(kilobytes * 1_024));
    let verifier = verifier();
    floor::group(format!("{kilobytes} KB"), body, true)
        .with("verify", move || is_proven(&verifier, body))
}

/// One callback and several keys, of which the last one matches.
fn keys(count: usize) -> Group {
    let body = DEPOSIT.as_bytes();
    let others = (1..count).map(|number| key(&format!("old secret {number}")));
    let mut keys = others.chain([key(SECRET)]);
    let first = Verifier::new(keys.next().expect("one at least"), TrackingIds::Prefixed);
    let verifier = keys.fold(first, Verifier::add_key);
    let name = format!("{count} key{}", if count == 1 { "" } else { "s" });
    floor::group(name, body, true).with("verify", move || is_proven(&verifier, body))
}

/// A payment with a number of parts: its stored history is parsed, the next callback is
/// applied (a later one about the first part, or the first one), and the result is
/// rendered. The floor is that of the callback.
fn history(parts: usize) -> Group {
    let expected = Expected::deposit("order-9001", "ETH", "1".parse().expect("an amount"));
    let expected = expected.expect("a price");
    let verifier = verifier();
    let callback = move |part: usize, second: usize| {
        let body = bodies::part(part, second);
        let callback = Unverified::<Callback>::parse(body.as_bytes()).expect("readable");
        (kept(body), verifier.verify(callback).expect("genuine"))
    };
    let mut payment = Payment::new(expected.clone(), History::default());
    for part in 1..=parts {
        let (_, callback) = callback(part, part);
        let change = payment.apply(&callback.event());
        assert!(change.credited().is_some(), "part {part}");
    }
    let stored: &'static str = payment.history().to_string().leak();
    let (body, next) = callback(1, parts + 1);

    let parsed: History = stored.parse().expect("readable");
    let before = Payment::new(expected.clone(), parsed.clone());
    floor::group(format!("history of {parts} parts"), body, true)
        .with("parse", move || {
            black_box(black_box(stored).parse::<History>()).is_ok()
        })
        .with("render", move || {
            !black_box(black_box(&parsed).to_string()).is_empty()
        })
        .with("parse, apply, render", move || {
            let Ok(history) = black_box(stored).parse() else {
                return false;
            };
            let mut payment = Payment::new(before.expected().clone(), history);
            let change = payment.apply(black_box(&next.event()));
            let is_credited = change.credited().is_some();
            change.must_save()
                && is_credited == (parts == 0)
                && !black_box(payment.history().to_string()).is_empty()
        })
}
