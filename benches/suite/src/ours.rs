//! payhook, beside the floor and what a merchant would write by hand.

use std::convert::Infallible;
use std::hint::black_box;

use payhook::b2binpay::{Key, TrackingIds, TransferCallback, Verifier};
use payhook::citypay::{Account, OrderCallback};
use payhook::{
    Callback, HandlerFn, NoGuard, OrderLookup, Receiver, TokenUse, Unverified, Verified, handler_fn,
};

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
        refused("tampered", tampered, 1),
        refused(
            "large, tampered",
            bodies::of_size(30_000).replace("0.412", "0.413"),
            1,
        ),
        refused("unsigned", unsigned, 0),
        garbage("random bytes", bodies::noise(1_900)),
        garbage("random text", bodies::text_noise(1_900)),
        garbage(
            "random object",
            format!("{{\"{}\":0}}", bodies::text_noise(1_900)),
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
    Verifier::new(key(SECRET), TrackingIds::Prefixed)
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
fn transfer(name: &str, body: impl Into<Vec<u8>>) -> Group {
    let body = kept(body);
    let verifier = verifier();
    let guarded = Receiver::b2binpay(verifier.clone());
    let receiver = guarded.clone().guard(NoGuard);
    let mac = keyed_mac();
    floor::group(name, body, 1)
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
fn refused(name: &str, body: impl Into<Vec<u8>>, macs: usize) -> Group {
    let body = kept(body);
    let verifier = verifier();
    let receiver = Receiver::b2binpay(verifier.clone());
    floor::group(name, body, macs)
        .with("verify", move || !is_proven(&verifier, body))
        .with("receive", move || {
            black_box(receiver.receive(black_box(body), None, &nothing())).status() == 401
        })
}

/// No callback at all.
fn garbage(name: &str, body: impl Into<Vec<u8>>) -> Group {
    let body = kept(body);
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
    let body = kept(bodies::of_size(kilobytes * 1_024));
    let verifier = verifier();
    floor::group(format!("{kilobytes} KB"), body, 1)
        .with("verify", move || is_proven(&verifier, body))
}

/// One callback and several keys, of which the last one fits.
fn keys(count: usize) -> Group {
    let body = DEPOSIT.as_bytes();
    let others = (1..count).map(|number| key(&format!("old secret {number}")));
    let mut keys = others.chain([key(SECRET)]);
    let first = Verifier::new(keys.next().expect("one at least"), TrackingIds::Prefixed);
    let verifier = keys.fold(first, Verifier::also);
    let name = format!("{count} key{}", if count == 1 { "" } else { "s" });
    floor::group(name, body, 1).with_macs(count, "verify", move || is_proven(&verifier, body))
}
