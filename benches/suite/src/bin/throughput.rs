//! The number of callbacks per second that one endpoint receives on all cores, each for
//! its own payment in one `MemoryLedger`.

use std::time::Instant;

use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
use payhook::payment::Expected;
use payhook::{Endpoint, MemoryLedger};
use payhook_suite::{SECRET, deposit_number};

/// Per thread.
const CALLBACKS: usize = 40_000;

fn main() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.min(2);
    let bodies: Vec<Vec<String>> = (0..threads)
        .map(|thread| (0..CALLBACKS).map(move |number| deposit_number(thread * CALLBACKS + number)))
        .map(Iterator::collect)
        .collect();

    let mut rates: Vec<f64> = (0..5).map(|_| round(&bodies)).collect();
    rates.sort_by(f64::total_cmp);
    println!("{:.0}", rates[rates.len() / 2]);
}

/// In callbacks per second.
fn round(bodies: &[Vec<String>]) -> f64 {
    let key = Key::callback_secret(SECRET).expect("a secret");
    let gateway = Gateway::new(Verifier::new(key, TrackingIds::Prefixed));
    let ledger = MemoryLedger::new();
    let all = bodies.iter().map(Vec::len).sum::<usize>();
    for number in 0..all {
        let amount = "0.412".parse().expect("an amount");
        let expected = Expected::deposit(format!("order-{number}"), "ETH", amount);
        ledger.expect(expected.expect("a price"));
    }
    let endpoint = Endpoint::new(gateway, ledger);
    let start = Instant::now();
    let endpoint = &endpoint;
    std::thread::scope(|scope| {
        for bodies in bodies {
            scope.spawn(move || {
                for body in bodies {
                    let reply = endpoint.receive_blocking(body.as_bytes(), None);
                    let is_paid = reply.change().is_some_and(|change| change.newly_paid());
                    assert!(is_paid, "each callback pays its own payment");
                }
            });
        }
    });
    all as f64 / start.elapsed().as_secs_f64()
}
