//! Tests with B2BINPAY's callbacks: genuine ones.

use super::script::{Build, ROUNDS, SLOW};
use super::target::InjectedFault;
use super::transfer_script::{
    B2binpaySetup, CONFIRMED, CREATED, Case, PENDING, Step, Test, deposits, payouts,
};
use super::{transfer_sequences, transfer_variants};

/// A payment that ends without money.
fn ends(name: &'static str, end: Build<B2binpaySetup>) -> Case {
    deposits(name, [Step::deliver(0, PENDING), Step::deliver(0, end)])
}

pub(super) fn tests() -> Vec<Test> {
    let mut tests = repeated();
    tests.push(growing());
    tests.extend(ended());
    tests.extend([amounts(), transfer_variants::test()]);
    tests.extend(transfer_sequences::tests());
    tests.push(transfer_sequences::invoices());
    tests.extend(faults());
    tests
}

/// Single, repeated, late and concurrent deliveries.
fn repeated() -> Vec<Test> {
    let plain = || {
        [
            Step::deliver(0, CREATED),
            Step::deliver(0, PENDING),
            Step::deliver(100, CONFIRMED),
        ]
    };
    let pair = |is_same| {
        let case = move || {
            let steps = [
                Step::deliver(0, PENDING),
                Step::deliver_two(100, is_same, CONFIRMED),
            ];
            deposits("deposit", steps)
        };
        std::iter::repeat_with(case).take(ROUNDS)
    };
    let again = || {
        [Step::deliver(100, CONFIRMED)]
            .into_iter()
            .chain((0..4).map(|_| Step::again(100)))
    };
    let resent = || (0..4).map(|_| Step::deliver(100, CONFIRMED));
    let late = || {
        [
            Step::deliver(100, CONFIRMED),
            // Signed later: to a server it may look like a reversal.
            Step::reverse(100, PENDING),
            Step::reverse(100, CREATED),
        ]
    };
    vec![
        Test::new(
            "a plain payment",
            [deposits("deposit", plain()), payouts("payout", plain())],
        ),
        Test::new(
            "the same bytes five times",
            [deposits("deposit", again()), payouts("payout", again())],
        ),
        Test::new(
            "resent with new times",
            [deposits("deposit", resent()), payouts("payout", resent())],
        ),
        Test::new(
            "older callbacks afterwards",
            [
                deposits("deposit, with later times", late()),
                payouts("payout, with later times", late()),
                deposits(
                    "with their own times",
                    [
                        Step::deliver(100, CONFIRMED),
                        Step::deliver(100, |cx| {
                            cx.sign(&cx.transfer().unconfirmed(1).at(cx.start))
                        }),
                    ],
                ),
            ],
        ),
        Test::new("the same bytes, two at once", pair(true)),
        Test::new("the same status, two at once", pair(false)),
    ]
}

/// Callbacks that settle nothing.
fn ended() -> Vec<Test> {
    vec![
        Test::new(
            "failed, blocked, canceled",
            [
                ends("failed", |cx| cx.sign(&cx.transfer().failed())),
                ends("blocked", |cx| cx.sign(&cx.transfer().blocked())),
                ends("canceled", |cx| cx.sign(&cx.transfer().canceled())),
                payouts(
                    "failed payout",
                    [Step::deliver(0, |cx| cx.sign(&cx.transfer().failed()))],
                ),
            ],
        ),
        Test::new(
            "no transfer",
            [
                ends("expired", |cx| cx.sign(&cx.transfer().no_transfer())),
                ends("unresolved", |cx| {
                    cx.sign(&cx.transfer().no_transfer().operation_status(5))
                }),
                payouts(
                    "rejected payout",
                    [Step::deliver(0, |cx| cx.sign(&cx.transfer().no_transfer()))],
                ),
            ],
        ),
        Test::new(
            "a status of another scale",
            [
                ends("no transfer, deposit status 2", |cx| {
                    cx.sign(&cx.transfer().no_transfer().operation_status(2))
                }),
                ends("no transfer, deposit status 3", |cx| {
                    cx.sign(&cx.transfer().no_transfer().operation_status(3))
                }),
                ends("created transfer, deposit status 3", |cx| {
                    cx.sign(&cx.transfer().created().operation_status(3))
                }),
                payouts(
                    "no transfer, payout status 2",
                    [Step::deliver(0, |cx| {
                        cx.sign(&cx.transfer().no_transfer().operation_status(2))
                    })],
                ),
            ],
        ),
        Test::new(
            "unknown statuses",
            [
                ends("transfer status 7", |cx| {
                    cx.sign(&cx.transfer().transfer_status(7).operation_status(2))
                }),
                ends("transfer status -9, deposit status 3", |cx| {
                    cx.sign(&cx.transfer().transfer_status(-9).operation_status(3))
                }),
                ends("no transfer, deposit status 7", |cx| {
                    cx.sign(&cx.transfer().no_transfer().operation_status(7))
                }),
            ],
        ),
    ]
}

/// Faults are injected into the server.
fn faults() -> Vec<Test> {
    vec![
        Test::new(
            "the server fails twice",
            [
                deposits(
                    "deposit",
                    [
                        Step::inject(InjectedFault::Fails(2)),
                        Step::deliver(100, CONFIRMED),
                    ],
                ),
                payouts(
                    "payout",
                    [
                        Step::inject(InjectedFault::Fails(2)),
                        Step::deliver(100, CONFIRMED),
                    ],
                ),
            ],
        ),
        Test::new(
            "a slow server, retried",
            [
                deposits(
                    "the same bytes",
                    [Step::inject(SLOW), Step::deliver_two(100, true, CONFIRMED)],
                ),
                deposits(
                    "another time",
                    [Step::inject(SLOW), Step::deliver_two(100, false, CONFIRMED)],
                ),
            ],
        ),
    ]
}

/// Deliveries to the other gateway's URL, if there are both.
pub(super) fn misrouted() -> Test {
    let steps = || [Step::deliver(100, CONFIRMED), Step::misrouted(100)];
    Test::new(
        "at the other gateway's URL",
        [deposits("deposit", steps()), payouts("payout", steps())],
    )
}

fn growing() -> Test {
    let case = |name, builds: &[(u64, Build<B2binpaySetup>)]| {
        deposits(
            name,
            builds
                .iter()
                .map(|(received, build)| Step::deliver(*received, *build)),
        )
    };
    Test::new(
        "growing confirmations",
        [
            case(
                "pending",
                &[
                    (0, |cx| cx.sign(&cx.transfer().unconfirmed(1))),
                    (0, |cx| cx.sign(&cx.transfer().unconfirmed(2))),
                    (0, |cx| cx.sign(&cx.transfer().unconfirmed(2))),
                    (100, CONFIRMED),
                ],
            ),
            case(
                "confirmed",
                &[
                    (100, |cx| cx.sign(&cx.transfer().confirmations(20))),
                    (100, |cx| cx.sign(&cx.transfer().confirmations(21))),
                    (100, |cx| cx.sign(&cx.transfer().confirmations(40))),
                ],
            ),
            case(
                "user confirmation, then confirmation",
                &[
                    (0, |cx| {
                        let one = cx.transfer().unconfirmed(1);
                        cx.sign(&one.set("data.attributes.confirmations_needed", 1))
                    }),
                    (100, |cx| {
                        cx.sign(&cx.transfer().set("data.attributes.confirmations_needed", 1))
                    }),
                ],
            ),
            case(
                "confirmation, then user confirmation",
                &[
                    (100, |cx| {
                        cx.sign(
                            &cx.transfer()
                                .set("data.attributes.confirmations_needed", 60),
                        )
                    }),
                    (100, |cx| {
                        let many = cx.transfer().confirmations(60);
                        cx.sign(&many.set("data.attributes.confirmations_needed", 60))
                    }),
                ],
            ),
        ],
    )
}

/// Whether a part or a surplus is credited is the merchant's choice.
fn amounts() -> Test {
    Test::new(
        "underpaid, overpaid, in parts",
        [
            deposits("a part", [Step::deliver(40, |cx| cx.sign(&cx.part(40)))]),
            deposits(
                "a part and the rest",
                [
                    Step::deliver(40, |cx| cx.sign(&cx.part(40))),
                    Step::deliver(100, |cx| cx.sign(&cx.part(60).operation_status(3))),
                ],
            )
            .policy(),
            deposits(
                "all and some more",
                [Step::deliver(125, |cx| cx.sign(&cx.part(125)))],
            ),
            deposits(
                "all, twice",
                [
                    Step::deliver(100, CONFIRMED),
                    Step::deliver(200, |cx| cx.sign(&cx.part(100).operation_status(5))),
                ],
            ),
        ],
    )
}
