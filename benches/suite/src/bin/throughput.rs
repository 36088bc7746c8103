//! How many callbacks a second are received by one receiver on all cores, each
//! of them new to its memory guard.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use payhook::b2binpay::{Key, TrackingIds, Verifier};
use payhook::{Callback, Receiver, Verified, handler_fn};
use payhook_suite::{SECRET, deposit_number};

/// For each thread; together they fit into a memory guard.
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

/// In callbacks a second.
fn round(bodies: &[Vec<String>]) -> f64 {
    let key = Key::callback_secret(SECRET).expect("a secret");
    let receiver = Receiver::b2binpay(Verifier::new(key, TrackingIds::Prefixed));
    let handled = AtomicUsize::new(0);
    let shop = handler_fn(|_: Verified<Callback>| {
        handled.fetch_add(1, Ordering::Relaxed);
        Ok::<(), Infallible>(())
    });
    let start = Instant::now();
    let (receiver, shop) = (&receiver, &shop);
    std::thread::scope(|scope| {
        for bodies in bodies {
            scope.spawn(move || {
                for body in bodies {
                    assert_eq!(receiver.receive(body.as_bytes(), None, &shop).status(), 200);
                }
            });
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    let all = bodies.iter().map(Vec::len).sum::<usize>();
    assert_eq!(handled.into_inner(), all, "each of them is new");
    all as f64 / seconds
}
