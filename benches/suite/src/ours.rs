//! payhook, beside the floor and what a merchant would write by hand.

use std::convert::Infallible;
use std::hint::black_box;

use payhook::b2binpay::{Key, TrackingIds, TransferCallback, Verifier};
use payhook::citypay::{Account, OrderCallback};
use payhook::{
    Callback, HandlerFn, NoGuard, OrderLookup, Receiver, TokenUse, Unverified, Verified, handler_fn,
};

use crate::bodies::{self, DEPOSIT, SECRET, example, keyed_mac};
use crate::floor::{check, scan};
use crate::{Group, by_hand};

const CUSTOMER: u32 = 5120;
const TOKEN: &str = "tok_4f9c1b7e";

pub(crate) fn groups() -> Vec<Group> {
    let full = example!("b2binpay-deposit-full");
    let payout = example!("b2binpay-payout-confirmed");
    let tampered = example!("b2binpay-refused-tampered");
    let unsigned = example!("b2binpay-refused-unsigned");
    let mut groups = vec![
        transfer("deposit", DEPOSIT.to_owned()),
        transfer("small deposit", bodies::small()),
        transfer("typical deposit", bodies::typical()),
        transfer("full deposit", full.to_owned()),
        transfer("large deposit", bodies::of_size(30_000)),
        transfer("payout, two transfers", payout.to_owned()),
        order(
            example!("citypay-order-confirmed"),
            example!("citypay-order-confirmed.answer"),
        ),
        refused("tampered", tampered.to_owned(), 1),
        refused(
            "large, tampered",
            bodies::of_size(30_000).replace("0.412", "0.413"),
            1,
        ),
        refused("unsigned", unsigned.to_owned(), 0),
        garbage("random bytes", bodies::noise(1_900)),
        garbage("random text", bodies::text_noise(1_900).into_bytes()),
        garbage(
            "random object",
            format!("{{\"{}\":0}}", bodies::text_noise(1_900)).into_bytes(),
        ),
    ];
    groups.extend([1, 2, 4, 8, 16, 32, 64].map(sized));
    groups.extend([1, 2, 4, 8].map(keys));
    groups
}

type Nothing = HandlerFn<fn(Verified<Callback>) -> Result<(), Infallible>>;

fn nothing() -> Nothing {
    handler_fn(|_| Ok(()))
}

fn key(secret: &str) -> Key {
    Key::callback_secret(secret).expect("a secret")
}

fn verifier() -> Verifier {
    Verifier::new(key(SECRET), TrackingIds::Lettered)
}

fn is_proven(verifier: &Verifier, body: &[u8]) -> bool {
    Unverified::<TransferCallback>::parse(black_box(body))
        .is_ok_and(|callback| black_box(verifier.verify(callback)).is_ok())
}

fn is_readable(body: &[u8]) -> bool {
    black_box(Unverified::<TransferCallback>::parse(black_box(body))).is_ok()
}

/// `verify` is proven and fully typed; `receive` hands it over without asking a
/// guard, and `receive again` is a repetition that the memory guard stops.
fn transfer(name: &str, body: String) -> Group {
    let body: &[u8] = body.leak().as_bytes();
    let check = check();
    let verifier = verifier();
    let guarded = Receiver::b2binpay(verifier.clone());
    let receiver = guarded.clone().guard(NoGuard);
    let mac = keyed_mac();
    Group::new(name, body.len(), 1)
        .with("floor", move || scan(body) && check())
        .with_macs(0, "parse", || is_readable(body))
        .with("verify", move || is_proven(&verifier, body))
        .with("receive", move || {
            black_box(receiver.receive(black_box(body), None, &nothing())).status() == 200
        })
        .with("receive again", move || {
            black_box(guarded.receive(black_box(body), None, &nothing())).status() == 200
        })
        .with("by hand", move || {
            black_box(by_hand::transfer(black_box(body), &mac)).is_some()
        })
}

/// A look-up that has the answer at hand.
struct Recorded(&'static [u8]);

impl OrderLookup for Recorded {
    type Error = Infallible;

    fn is_issued(&self, token: TokenUse<'_>) -> Result<bool, Infallible> {
        Ok(matches!(token, TokenUse::Order(TOKEN)))
    }

    fn fetch(&self, _: &str) -> Result<Vec<u8>, Infallible> {
        Ok(self.0.to_vec())
    }
}

fn order(body: &'static str, answer: &'static str) -> Group {
    let (body, answer) = (body.as_bytes(), answer.as_bytes());
    let account = Account::new(&CUSTOMER.to_string()).expect("an id");
    let receiver = Receiver::citypay(account.clone(), Recorded(answer)).guard(NoGuard);
    Group::new("order and its answer", body.len() + answer.len(), 0)
        .with("floor", || scan(body) && scan(answer))
        .with("parse the order", || {
            black_box(Unverified::<OrderCallback>::parse(black_box(body))).is_ok()
        })
        .with("verify", move || {
            let order = Unverified::<OrderCallback>::parse(black_box(body)).expect("readable");
            black_box(account.prove_order(order, TOKEN, black_box(answer))).is_ok()
        })
        .with("receive", move || {
            black_box(receiver.receive(black_box(body), None, &nothing())).status() == 200
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

/// Readable, but not proven.
fn refused(name: &str, body: String, macs: usize) -> Group {
    let body: &[u8] = body.leak().as_bytes();
    let check = check();
    let verifier = verifier();
    let receiver = Receiver::b2binpay(verifier.clone());
    Group::new(name, body.len(), macs)
        .with("floor", move || scan(body) && (macs == 0 || check()))
        .with("verify", move || !is_proven(&verifier, body))
        .with("receive", move || {
            black_box(receiver.receive(black_box(body), None, &nothing())).status() == 401
        })
}

/// No callback at all.
fn garbage(name: &str, body: Vec<u8>) -> Group {
    let body = &*body.leak();
    let receiver = Receiver::b2binpay(verifier());
    Group::new(name, body.len(), 0)
        .with("floor", || {
            // JSON or not.
            black_box(scan(body));
            true
        })
        .with("parse", || !is_readable(body))
        .with("receive", move || {
            let status = black_box(receiver.receive(black_box(body), None, &nothing())).status();
            matches!(status, 400 | 422)
        })
}

/// One callback, growing to the limit.
fn sized(kilobytes: usize) -> Group {
    let body = bodies::of_size(kilobytes * 1_024);
    let body: &[u8] = body.leak().as_bytes();
    let (check, verifier) = (check(), verifier());
    Group::new(format!("{kilobytes} KB"), body.len(), 1)
        .with("floor", move || scan(body) && check())
        .with("verify", move || is_proven(&verifier, body))
}

/// One callback and several keys, of which the last one fits.
fn keys(count: usize) -> Group {
    let body = DEPOSIT.as_bytes();
    let others = (1..count).map(|number| key(&format!("old secret {number}")));
    let mut keys = others.chain([key(SECRET)]);
    let first = Verifier::new(keys.next().expect("one at least"), TrackingIds::Lettered);
    let verifier = keys.fold(first, Verifier::also);
    let check = check();
    Group::new(
        format!("{count} key{}", if count == 1 { "" } else { "s" }),
        body.len(),
        count,
    )
    .with_macs(1, "floor", move || scan(body) && check())
    .with("verify", move || is_proven(&verifier, body))
}
